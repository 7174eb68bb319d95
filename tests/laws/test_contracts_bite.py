"""Every import contract is broken once on purpose, in a scratch copy of the house, to show that it would notice."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"

# contract, file that somebody adds, the line in it
OFFENCES = [
    ("layers", "consent/offence.py", "import goodwill.people.tables"),
    ("layers", "basics/offence.py", "from goodwill.storage import Database"),
    ("layers", "purposes/offence.py", "from goodwill.catalogue import tables"),
    ("layers", "offence.py", "MODULE = 'a room that says nothing of where it stands'"),
    ("personal-tables", "decide/offence.py", "from goodwill.people.tables import events"),
    ("personal-tables", "web/offence.py", "from goodwill.people import tables"),
    ("web-framework", "decide/offence.py", "from litestar import get"),
    ("web-framework", "storage/offence.py", "import granian"),
    ("cryptography", "people/offence.py", "from cryptography.hazmat.primitives import hashes"),
    ("http-clients", "decide/offence.py", "import httpx"),
    ("http-clients", "collect/offence.py", "def fetch():\n    import requests"),
    ("columns", "decide/offence.py", "import duckdb"),
    ("columns", "people/offence.py", "import ibis"),
    ("columns", "learn/offence.py", "import duckdb"),
    ("drivers", "decide/offence.py", "import sqlite3"),
    ("drivers", "web/offence.py", "from psycopg import sql"),
    ("no-data-frames", "collect/offence.py", "import pandas as pd"),
]


def contracts() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]}


def lint(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """import-linter over the goodwill that lies in a folder, not the installed one."""
    chosen = [word for name in names for word in ("--contract", name)]
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-logo", "--no-cache", "--config", "pyproject.toml", *chosen],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with a copy of the source and the contracts."""
    shutil.copytree(ROOT / "src" / "goodwill", tmp_path / "goodwill", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_put_to_the_test():
    assert {contract for contract, _, _ in OFFENCES} == contracts()


def test_the_house_as_it_stands_keeps_every_contract(house):
    done = lint(house)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("contract", "file", "line"), OFFENCES, ids=[f"{c}-{f.split('/')[0]}" for c, f, _ in OFFENCES])
def test_a_contract_notices_an_offence(house, contract, file, line):
    place = house / "goodwill" / file
    place.write_text(f'"""Added on purpose."""\n\n{line}\n', encoding="utf-8")
    done = lint(house, contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "goodwill" in done.stdout
    assert "offence" in done.stdout
