"""A copy of the database in which something is tried: nobody waits for it, and nothing of it stays.

On SQLite a file of its own, without a name as soon as it is open, so that not even a kill leaves it; on PostgreSQL
temporary tables of the same names, which only one connection sees and no log holds. Where a copy would be too large,
the database itself is tried in, in one transaction that others wait for.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pysqlite3
from sqlalchemy import Connection, text

from goodwill.storage.engine import APART, Database, connect, driver

LARGEST: Final = 2 * 1024**3  # bytes that PostgreSQL is asked to copy; nobody can ask it how much room it has
_PREFIX: Final = "try-"
_ROOM: Final = 3  # times the file's size: the copy, and what is written into it
_LEFT: Final = 3_600.0  # seconds after which a copy is one that was killed while it was made


class _Over(Exception):
    """Ends a transaction without keeping it."""


@contextmanager
def apart(database: Database) -> Iterator[Connection]:
    """A transaction that is never kept, on a copy where there is room for one.

    Raises:
        Busy: as `Database.transaction`, where there is no room.
    """
    if database.file is not None and _fits(database.file):
        with _file_apart(database, database.file.parent) as connection:
            yield connection
    elif database.url is not None and _copies(database):
        with _tables_apart(database.url) as connection:
            yield connection
    else:
        with _taken_back(database) as connection:
            yield connection


@contextmanager
def _taken_back(database: Database) -> Iterator[Connection]:
    with suppress(_Over), database.transaction() as connection:
        yield connection
        raise _Over


# ---- SQLite --------------------------------------------------------------------------------------------------------


def _fits(file: Path) -> bool:
    size = sum(one.stat().st_size for one in (file, file.with_name(f"{file.name}-wal")) if one.exists())
    return shutil.disk_usage(file.parent).free > _ROOM * size


@contextmanager
def _file_apart(database: Database, beside: Path) -> Iterator[Connection]:
    sweep(database)
    folder = Path(mkdtemp(prefix=_PREFIX, dir=beside))  # its owner's alone
    try:
        file = folder / "copy.db"
        with database.reading() as connection, closing(pysqlite3.connect(file)) as target:
            target.execute("PRAGMA synchronous=OFF")
            driver(connection).backup(target)  # as of one moment, while others write
        with closing(connect(file)) as copy, _taken_back(copy) as connection:
            driver(connection)  # begins, so all its files are open and need no name any more
            shutil.rmtree(folder, ignore_errors=True)
            yield connection
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(database: Database) -> None:
    """Delete copies whose making was killed an hour ago or more."""
    for folder in database.file.parent.glob(f"{_PREFIX}*") if database.file is not None else ():
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _LEFT:
                shutil.rmtree(folder, ignore_errors=True)


# ---- PostgreSQL ----------------------------------------------------------------------------------------------------

_TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
_SIZE = f"SELECT coalesce(sum(pg_total_relation_size(format('%I.%I', schemaname, tablename))), 0) FROM ({_TABLES}) AS t"
_MAY = "SELECT has_database_privilege(current_database(), 'TEMPORARY')"


def _copies(database: Database) -> bool:
    with database.reading() as connection:
        may: bool = connection.execute(text(_MAY)).scalar_one()
        return may and int(connection.execute(text(_SIZE)).scalar_one()) < LARGEST


@contextmanager
def _tables_apart(url: str) -> Iterator[Connection]:
    # A connection of its own: one that was used before would go on with plans for the real tables.
    with closing(connect(url)) as private, _taken_back(private) as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", **{APART: True})
        connection.execute(text("SET temp_buffers = '64MB'"))
        for schema, name in connection.execute(text(_TABLES)).all():
            mine, real = f'pg_temp."{name}"', f'"{schema}"."{name}"'
            connection.execute(text(f"CREATE TEMPORARY TABLE {mine} (LIKE {real} INCLUDING ALL)"))
            connection.execute(text(f"INSERT INTO {mine} SELECT * FROM {real}"))
            _count_apart(connection, schema, name)
            connection.execute(text(f"ANALYZE {mine}"))
        yield connection


def _count_apart(connection: Connection, schema: str, table: str) -> None:
    """Let a copy give out numbers of its own, or every try would leave a gap in those of imports."""
    for column, counter in connection.execute(_COUNTERS, {"schema": schema, "table": table}).all():
        mine = f'pg_temp."{table}_{column}_apart"'
        connection.execute(text(f"CREATE TEMPORARY SEQUENCE {mine}"))
        connection.execute(text(f"SELECT setval('{mine}', last_value, is_called) FROM {counter}"))
        connection.execute(text(f'ALTER TABLE pg_temp."{table}" ALTER "{column}" SET DEFAULT nextval(\'{mine}\')'))


_COUNTERS = text(
    "SELECT column_name, pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name) "
    "FROM information_schema.columns WHERE table_schema = :schema AND table_name = :table "
    "AND starts_with(column_default, 'nextval(')"
)
