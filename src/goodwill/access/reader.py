"""The reader: a program of its own that lets DuckDB read the shop's database in place.

It must not share a process with anything that writes. DuckDB's extension brings its own copy of SQLite, and two copies
in one process undo each other's locks on the file, after which rows that were acknowledged can be lost
(https://sqlite.org/howtocorrupt.html, 2.2.1). In a process of its own it is one more careful reader.

It speaks through its standard streams. First it hears, as a line of JSON, what to attach; then, again and again, some
questions and the tables that they share; it answers with a line that says what follows and then the columns, each as
64-bit integers. It ends when its input does. It is run as a file and imports nothing of goodwill, so it is there in a
moment.
"""

import json
import sys
from typing import Any, BinaryIO

import duckdb  # noqa: TID253 - this file is a program of its own
import numpy as np


def attached(where: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """A connection to the shop's database, read-only, with no way to fetch or install anything."""
    settings = {
        **where["settings"],
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    connection.execute(f"LOAD {_quoted(where['extension'])}")
    connection.execute(f"ATTACH {_quoted(where['database'])} AS shop (TYPE {where['kind']}, READ_ONLY)")
    connection.execute(f"USE {where['schema']}")
    return connection


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def answers(
    connection: duckdb.DuckDBPyConnection, questions: list[str], given: dict[str, str]
) -> list[list[np.ndarray[Any, Any]]]:
    """The columns of each question's answer, from one steady picture of the database.

    Args:
        given: tables that the questions share, by name; they stand in this process's memory until the answers are out.
    """
    connection.execute("BEGIN TRANSACTION")
    try:
        for name, sql in given.items():
            connection.execute(f'CREATE TEMP TABLE "{name}" AS {sql}')
        return [[_whole(column) for column in connection.execute(sql).fetchnumpy().values()] for sql in questions]
    finally:
        connection.execute("ROLLBACK")


def _whole(column: Any) -> np.ndarray[Any, Any]:
    if isinstance(column, np.ma.MaskedArray):
        column = column.filled(0)
    return np.ascontiguousarray(column, dtype=np.int64)


def serve(heard: BinaryIO, said: BinaryIO) -> None:
    """Attach, then answer until there is nothing more to hear."""
    connection: duckdb.DuckDBPyConnection | None = None
    for line in heard:
        message = json.loads(line)
        try:
            if connection is None:
                connection = attached(message)
                _say(said, {"ready": duckdb.__version__})
                continue
            found = answers(connection, message["questions"], message["given"])
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            _say(said, {"overflow": str(error)})
        except duckdb.Error as error:
            _say(said, {"error": f"{type(error).__name__}: {error}"})
        else:
            said.write(json.dumps([[column.size for column in columns] for columns in found]).encode() + b"\n")
            said.writelines(column.data for columns in found for column in columns)
            said.flush()


def _say(said: BinaryIO, message: dict[str, str]) -> None:
    said.write(json.dumps(message).encode() + b"\n")
    said.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
