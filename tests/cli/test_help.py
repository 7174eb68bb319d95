"""Help: every command explains itself, and nothing heavy is loaded for it."""

import re
import subprocess
import sys
from typing import Any

import pytest
from tests.cli.conftest import Run
from typer.main import get_command

from goodwill.cli.shell import _ORDER, app

PROMISED = [
    "demo", "init", "serve", "worker", "mail show", "mail send", "doctor",
    "config show", "version", "import", "import list", "import undo", "intake show",
    "intake secret", "simulate",
    "webhooks add", "webhooks list", "webhooks revoke", "webhooks deliveries", "webhooks replay", "webhooks redact",
    "webhooks out add", "webhooks out list", "webhooks out rotate", "webhooks out remove", "webhooks out deliveries",
    "webhooks out send-test",
    "requests list", "requests show", "requests open",
    "requests verify", "requests pause", "requests resume", "requests extend", "requests clear-contact",
    "requests refuse", "requests fulfil",
    "people find", "people show", "people export", "people candidates", "people merge", "people unmerge",
    "people rectify", "people restrict", "people object", "people timeline", "people erase", "people erased",
    "retention plan", "retention run",
    "consent show", "consent grant", "consent withdraw", "consent complaint", "can",
    "consent checkpoint", "consent verify", "consent receipt", "consent verifier", "consent key", "consent export",
    "consent proof", "consent accept-loss",
    "consent expiring", "consent notices list", "consent notices show", "consent notices preview",
    "consent notices lint", "consent notices diff", "consent notices sign-off", "consent notices publish",
    "segment recipes", "segment new", "segment change", "segment list", "segment show", "segment count",
    "segment check", "segment try", "segment remove",
    "purposes", "recommend", "explain", "learn", "forget", "measure list", "measure minimisation", "measure offpolicy",
    "keys create", "keys list", "keys revoke",
    "staff add", "staff list", "staff role", "staff disable", "staff enable", "staff reset", "staff second-factor",
    "approvals ask", "approvals list", "approvals approve", "approvals refuse", "audit list", "audit verify",
    "audit export", "protect rotate-keys",
    "people care", "people personal", "people taste", "slot set", "slot list", "slot cost", "slot remove",
    "slot content add", "slot content list", "slot content remove", "slot rewards show", "slot rewards set",
    "offer new", "offer list", "offer show", "offer start", "offer stop", "offer give-back", "offer redeemed",
    "offer claimed",
    "experiment new", "experiment list", "experiment start", "experiment stop", "experiment holdout", "experiment arm",
    "experiment plan",
    "govern status", "govern approve", "govern suspend",
    "cost add", "cost list", "cost undo", "cost rate add", "cost rate list", "report",
]  # fmt: skip


@pytest.mark.parametrize("name", PROMISED)
def test_every_command_explains_itself_takes_the_shared_options_and_fits_a_narrow_terminal(run: Run, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ended = run(*name.split(), "--help")
    assert ended.code == 0
    assert ended.err == ""
    for option in ("--home", "--json", "--no-input", "--yes", "--quiet"):
        assert option in ended.out
    for jargon in ("<bool>", "<str>", "<int", "<list", "{purpose}", "{name}"):
        assert jargon not in ended.out
    assert "range" not in re.findall(r"\w+", ended.out)
    assert max(map(len, ended.out.splitlines())) <= 80


def test_no_command_exists_that_was_not_promised(run: Run):
    tops = {name.split()[0] for name in PROMISED}
    program: Any = get_command(app)
    assert set(program.commands) == tops
    assert set(_ORDER) == tops
    for group in (
        "mail",
        "intake",
        "webhooks",
        "requests",
        "people",
        "retention",
        "consent",
        "keys",
        "config",
        "staff",
        "approvals",
        "audit",
        "measure",
        "protect",
        "slot",
        "experiment",
        "offer",
        "govern",
        "cost",
    ):
        promised = {name.split()[1] for name in PROMISED if name.startswith(f"{group} ")}
        assert set(program.commands[group].commands) == promised


def test_without_a_command_the_program_and_its_groups_show_their_help(run: Run):
    assert "Exit codes" in run().out
    assert "find" in run("people").out
    assert "undo" in run("import").out


def test_help_for_import_shows_both_what_a_file_may_come_with_and_the_commands(run: Run):
    said = run("import", "--help").out
    for word in ("--map", "--dry-run", "--strict", "list", "undo"):
        assert word in said


def test_help_loads_nothing_heavy():
    heavy = {"numpy", "sqlalchemy", "msgspec", "litestar", "granian", "duckdb", "ibis", "scipy", "cryptography"}
    look = f"import sys, goodwill.cli; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_help_text_ends_its_first_sentence(run: Run):
    def texts(command: Any, name: str):
        yield name, command.help
        for word, inner in getattr(command, "commands", {}).items():
            yield from texts(inner, f"{name} {word}")

    for name, text in texts(get_command(app), "goodwill"):
        first = text.partition("\n\n")[0].strip()
        assert first.endswith("."), name
        assert first.count(". ") == 0, name


def test_the_version_is_asked_for_in_two_ways(run: Run):
    assert run("--version").out.startswith("goodwill 0.")
    assert run("version", "--json").document["goodwill"] == run("--version").out.split()[1]


def test_python_dash_m_is_the_same_program():
    done = subprocess.run([sys.executable, "-m", "goodwill", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("goodwill ")
