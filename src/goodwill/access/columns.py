"""The column engine: many people at once.

DuckDB reads the live SQLite file or PostgreSQL database in place, in a process of its own and through extensions that
come with the installation: no second copy and no download. Where an extension is missing the same expression runs on
the database itself.
"""

import json
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from goodwill.access.view import Numbers
from goodwill.basics.errors import GoodwillError, Overflow
from goodwill.storage import Database

if TYPE_CHECKING:
    from collections.abc import Callable

    from ibis import Table

_READER = Path(__file__).with_name("reader.py")


class Columns:
    """Runs Ibis expressions against one database.

    Args:
        engine: "duckdb", "database", or "auto": DuckDB where it and its extension for this database are installed.
        memory: DuckDB's memory limit.
    """

    def __init__(self, database: Database, *, engine: str = "auto", memory: str = "2GB", threads: int = 2) -> None:
        self.database = database
        self.engine = engine
        if engine == "auto":
            self.engine = "duckdb" if _extension(database) else "database"
        self._reader = _Reader(database, {"memory_limit": memory, "threads": threads})

    def run_together(
        self,
        expressions: "list[Table]",
        given: "Mapping[str, Table] | None" = None,
        numbers: Mapping[int, int] | None = None,
    ) -> list[dict[str, Numbers]]:
        """Several answers from one steady picture of the database, each its columns as arrays of int64.

        Args:
            given: tables by the name under which the expressions use them; each is worked out once.
            numbers: what each stand-in in all of these stands for this time. Ibis takes longer to write a question
                than most databases to answer it; so what is asked again and again is written once.

        Raises:
            Overflow: a sum left 64 bits.
        """
        names = [list(expression.schema().names) for expression in expressions]
        dialect = "duckdb"
        if self.engine != "duckdb":
            dialect = "sqlite" if self.database.is_sqlite else "postgres"
        questions = [_written(one, dialect, numbers or {}) for one in expressions]
        tables = {name: _written(table, dialect, numbers or {}) for name, table in (given or {}).items()}
        if self.engine == "duckdb":
            found = self._reader.ask(questions, tables)
        else:
            found = self._on_database(questions, [len(some) for some in names], tables)
        return [dict(zip(some, columns, strict=True)) for some, columns in zip(names, found, strict=True)]

    def check(self) -> None:
        """Try the engine: raises what keeps it from answering."""
        if self.engine == "duckdb":
            self._reader.ask(["SELECT CAST(count(*) AS BIGINT) AS n FROM holds"], {})

    def close(self) -> None:
        self._reader.close()

    def _on_database(self, questions: list[str], widths: list[int], given: Mapping[str, str]) -> list[list[Numbers]]:
        tables = ", ".join(f'"{name}" AS ({table})' for name, table in given.items())
        before = f"WITH {tables} " if given else ""
        answers = []
        with self.database.reading() as connection:
            for question, width in zip(questions, widths, strict=True):
                try:
                    rows = connection.execute(text((before + question).replace(":", "\\:"))).all()
                except DBAPIError as error:
                    if "overflow" in str(error.orig) or "out of range" in str(error.orig):
                        raise _overflow(error.orig) from error
                    raise
                table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, width)
                answers.append([np.ascontiguousarray(table[:, n]) for n in range(width)])
        return answers


class _Reader:
    """DuckDB in its own process (see `goodwill.access.reader`), started when first asked; one question at a time."""

    def __init__(self, database: Database, settings: dict[str, str | int]) -> None:
        self._database = database
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ending: Callable[[], object] | None = None

    def ask(self, questions: list[str], given: Mapping[str, str]) -> list[list[Numbers]]:
        """The columns of each answer. A reader that died is started again once."""
        message = {"given": given, "questions": questions}
        with self._lock:
            try:
                return self._asked(message)
            except (BrokenPipeError, EOFError):
                self._end()
                return self._asked(message)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _asked(self, message: object) -> list[list[Numbers]]:
        heard = self._say(message)
        sizes = _told(heard)
        return [[_column(heard, size) for size in columns] for columns in sizes]

    def _say(self, message: object) -> IO[bytes]:
        process = self._process or self._start()
        return _spoken(process, message)

    def _start(self) -> "subprocess.Popen[bytes]":
        # -I: nothing from the environment or the folder we stand in can change what this program imports.
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", str(_READER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._ending = weakref.finalize(self, _ended, self._process)
        _told(_spoken(self._process, self._where()))
        return self._process

    def _where(self) -> dict[str, object]:
        """What to attach; it goes through the pipe, not the command line, as it may hold a password."""
        on_file = self._database.is_sqlite
        return {
            "settings": self._settings,
            "extension": str(_extension(self._database)),
            "database": str(self._database.file) if on_file else self._database.url,
            "kind": "sqlite" if on_file else "postgres",
            "schema": "shop.main" if on_file else "shop.public",
        }

    def _end(self) -> None:
        self._process = None
        if self._ending is not None:
            self._ending()
            self._ending = None


def _ended(process: "subprocess.Popen[bytes]") -> None:
    """Let a reader go: it ends when it hears nothing more."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # it may have died before us
                stream.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _spoken(process: "subprocess.Popen[bytes]", message: object) -> IO[bytes]:
    """Say a line to the reader; where its answer will be heard."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()
    return process.stdout


def _told(heard: IO[bytes]) -> Any:
    """The line that the reader answers with."""
    line = heard.readline()
    if not line:
        raise EOFError
    answer = json.loads(line)
    if isinstance(answer, dict) and "overflow" in answer:
        raise _overflow(answer["overflow"])
    if isinstance(answer, dict) and "error" in answer:
        raise GoodwillError(f"The column engine could not answer: {answer['error']}. Try columns = 'database'.")
    return answer


def _column(heard: IO[bytes], size: int) -> Numbers:
    column = np.empty(size, np.int64)
    raw = column.view(np.uint8).data
    done = 0
    while done < len(raw):
        some = heard.readinto(raw[done:])  # type: ignore[attr-defined]  # a pipe's reader has it; IO does not say so
        if not some:
            raise EOFError
        done += some
    return column


def _overflow(error: object) -> Overflow:
    return Overflow(f"A sum left the range of 64 bits; nothing was changed ({error})")


def _written(expression: "Table", dialect: str, numbers: Mapping[int, int]) -> str:
    """The SQL of an expression, with numbers where their stand-ins are."""
    sql = _as_whole_numbers(expression.op(), dialect)
    return re.sub(r"\b\d+\b", lambda found: str(numbers.get(int(found[0]), found[0])), sql) if numbers else sql


@lru_cache(maxsize=256)
def _as_whole_numbers(asked: Any, dialect: str) -> str:
    """The SQL of an expression, with every column cast to a 64-bit integer: a wider sum fails rather than rounds.

    Args:
        asked: the expression's operation, which equals those that ask the same.
    """
    import ibis

    sql = str(ibis.to_sql(asked.to_expr(), dialect=dialect))
    names = ", ".join(f'CAST("{name}" AS BIGINT) AS "{name}"' for name in asked.schema.names)
    return f"SELECT {names} FROM ({sql}) AS answer"


def _extension(database: Database) -> Path | None:
    """The file of DuckDB's extension for this kind of database, if both are installed."""
    name = "sqlite_scanner" if database.is_sqlite else "postgres_scanner"
    package = find_spec(f"duckdb_extension_{name}")
    if find_spec("duckdb") is None or package is None or package.origin is None:
        return None
    found = sorted(Path(package.origin).parent.glob(f"extensions/*/{name}.duckdb_extension"))
    return found[-1] if found else None
