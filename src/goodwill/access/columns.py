"""The column engine: many people at once.

DuckDB reads the live SQLite file or PostgreSQL database in place, through extensions that come with the installation:
no second copy and no download. Where an extension is missing the same expression runs on the database itself.
"""

import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import text

from goodwill.access.view import Numbers
from goodwill.basics.errors import Overflow
from goodwill.storage import Database

if TYPE_CHECKING:
    import duckdb
    from ibis import Table


class Columns:
    """Runs Ibis expressions against one database.

    Args:
        engine: "duckdb", "database", or "auto": DuckDB where its extension for this database is installed.
        memory: DuckDB's memory limit.
    """

    def __init__(self, database: Database, *, engine: str = "auto", memory: str = "2GB", threads: int = 2) -> None:
        self.database = database
        self._settings: dict[str, str | int] = {"memory_limit": memory, "threads": threads}
        self._lock = threading.Lock()
        self._duck: duckdb.DuckDBPyConnection | None = None
        self.engine = engine
        if engine == "auto":
            self.engine = "duckdb" if _extension(database) else "database"

    def run(self, expression: "Table") -> dict[str, Numbers]:
        """The answer's columns, each an array of int64.

        Raises:
            Overflow: a sum left 64 bits.
        """
        return self.run_together([expression])[0]

    def run_together(self, expressions: "list[Table]") -> list[dict[str, Numbers]]:
        """Several answers from one steady picture of the database."""
        if self.engine == "duckdb":
            return self._on_duckdb(expressions)
        return self._on_database(expressions)

    def close(self) -> None:
        with self._lock:
            if self._duck is not None:
                self._duck.close()
                self._duck = None

    def _on_duckdb(self, expressions: "list[Table]") -> list[dict[str, Numbers]]:
        import duckdb

        cursor = self._attached().cursor()
        try:
            cursor.execute(f"USE {_SCHEMA[self.database.is_sqlite]}")
            cursor.execute("BEGIN TRANSACTION")
            answers = []
            for expression in expressions:
                names = list(expression.schema().names)
                cursor.execute(_as_whole_numbers(expression, "duckdb"))
                answers.append(
                    {name: _array(column) for name, column in zip(names, cursor.fetchnumpy().values(), strict=True)}
                )
            return answers
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise Overflow(f"A sum left the range of 64 bits; nothing was changed ({error})") from error
        finally:
            cursor.execute("ROLLBACK")
            cursor.close()

    def _on_database(self, expressions: "list[Table]") -> list[dict[str, Numbers]]:
        from sqlalchemy.exc import DBAPIError

        dialect = "sqlite" if self.database.is_sqlite else "postgres"
        answers = []
        with self.database.reading() as connection:
            for expression in expressions:
                names = list(expression.schema().names)
                try:
                    rows = connection.execute(text(_as_whole_numbers(expression, dialect).replace(":", "\\:"))).all()
                except DBAPIError as error:
                    if "overflow" in str(error.orig) or "out of range" in str(error.orig):
                        raise Overflow(
                            f"A sum left the range of 64 bits; nothing was changed ({error.orig})"
                        ) from error
                    raise
                table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, len(names))
                answers.append({name: np.ascontiguousarray(table[:, n]) for n, name in enumerate(names)})
        return answers

    def _attached(self) -> "duckdb.DuckDBPyConnection":
        with self._lock:
            if self._duck is None:
                self._duck = _attach(self.database, self._settings)
            return self._duck


_SCHEMA = {True: "shop.main", False: "shop.public"}


def _as_whole_numbers(expression: "Table", dialect: str) -> str:
    """The SQL of an expression, with every column cast to a 64-bit integer: a wider sum fails rather than rounds."""
    import ibis

    sql = str(ibis.to_sql(expression, dialect=dialect))
    names = ", ".join(f'CAST("{name}" AS BIGINT) AS "{name}"' for name in expression.schema().names)
    return f"SELECT {names} FROM ({sql}) AS answer"


def _array(column: Any) -> Numbers:
    if isinstance(column, np.ma.MaskedArray):
        column = column.filled(0)
    return np.ascontiguousarray(column, dtype=np.int64)


def _extension(database: Database) -> Path | None:
    """The file of DuckDB's extension for this kind of database, if its package is installed."""
    name = "sqlite_scanner" if database.is_sqlite else "postgres_scanner"
    package = find_spec(f"duckdb_extension_{name}")
    if package is None or package.origin is None:
        return None
    found = sorted(Path(package.origin).parent.glob(f"extensions/*/{name}.duckdb_extension"))
    return found[-1] if found else None


def _attach(database: Database, settings: Mapping[str, str | int]) -> "duckdb.DuckDBPyConnection":
    import duckdb

    # Loaded from the installed package itself: nothing is copied to the home folder, nothing is fetched.
    alone: dict[str, str | bool | int | float | list[str]] = {
        **settings,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=alone)
    connection.execute(f"LOAD '{_extension(database)}'")
    where = str(database.file) if database.is_sqlite else database.url or ""
    kind = "sqlite" if database.is_sqlite else "postgres"
    connection.execute(f"ATTACH '{where.replace(chr(39), chr(39) * 2)}' AS shop (TYPE {kind}, READ_ONLY)")
    return connection
