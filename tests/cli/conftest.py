"""A real café in a temporary home, made through the commands themselves; each test gets a copy of its own."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from goodwill import cli
from goodwill.app import SETTINGS_FILE
from goodwill.cli import main


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; anything else there makes this fail."""
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture(scope="session", autouse=True)
def _one_tree_of_commands() -> Iterator[None]:
    """A process runs one command and lays its tree of commands out once; these tests run hundreds in one process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "get_command", cache(get_command))
        yield


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOODWILL_HOME", "GOODWILL_DEBUG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def command(*words: object) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return command


@pytest.fixture(scope="session")
def cafe_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small café with the cast, up to yesterday."""
    folder = tmp_path_factory.mktemp("cafe") / "files"
    assert main(["simulate", "--people", "60", "--seed", "7", "--days", "120", "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, cafe_files: Path) -> Path:
    """The home of that café: files imported, models learned, logs signed."""
    home = tmp_path_factory.mktemp("home") / "cafe"
    assert main(["init", "--home", str(home), "--name", "Café Amina", "--zone", "Europe/Berlin", "--quiet"]) == 0
    files = [str(cafe_files / f"{name}.csv") for name in ("products", "customers", "consents", "order_lines")]
    assert main(["import", "--home", str(home), "--quiet", *files]) == 0
    assert main(["learn", "--home", str(home), "--quiet"]) == 0
    assert main(["consent", "checkpoint", "--home", str(home), "--quiet"]) == 0
    return home


IN_THE_DATABASE = '\ncolumns = "database"\n'


@pytest.fixture
def home(furnished: Path, tmp_path: Path) -> Path:
    """A copy of the café's home, to do with as a test likes.

    DuckDB, with which it was furnished, takes longer to start than most commands do: the copy adds up without it.
    """
    copy = Path(shutil.copytree(furnished, tmp_path / "cafe"))
    with (copy / SETTINGS_FILE).open("a", encoding="utf-8") as settings:
        settings.write(IN_THE_DATABASE)
    return copy


@pytest.fixture
def with_duckdb(home: Path) -> None:
    """The café adds up with DuckDB, as a new shop does."""
    settings = home / SETTINGS_FILE
    settings.write_text(settings.read_text("utf-8").replace(IN_THE_DATABASE, ""), "utf-8")


@pytest.fixture
def shop(run: Run, home: Path) -> Run:
    """Run a command in the café's home."""

    def command(*words: object) -> Ended:
        return run("--home", home, *words)

    return command
