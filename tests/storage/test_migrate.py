"""Migrations go forward only, each one whole, and never touch what a newer goodwill made."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

import goodwill
from goodwill.basics.errors import Conflict
from goodwill.storage import Database, connect, metadata, migrate, revision
from goodwill.storage.migrate import newest

_SOURCE = Path(goodwill.__file__).parent
_ROOMS = [f"{file.parent.name}.{file.stem}" for name in ("tables", "store") for file in _SOURCE.glob(f"*/{name}.py")]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """A database without any table."""
    if request.param == "sqlite":
        opened = connect(tmp_path / "new.db")
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgresql")
    name = f"empty_{tmp_path.name.replace('-', '_')}".lower()[:60]
    server.ask("postgres", f"CREATE DATABASE {name}")
    opened = connect(server.url(name))
    yield opened
    opened.close()
    server.ask("postgres", f"DROP DATABASE {name}")


def tables_of(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_a_new_database_gets_all_tables(empty):
    assert revision(empty) is None
    migrate(empty)
    assert revision(empty) == newest()
    assert {"consent_rows", "consent_now", "people", "events", "totals", "reads"} < tables_of(empty)


def test_migrating_again_does_nothing(empty):
    migrate(empty)
    with empty.transaction() as connection:
        connection.execute(text("INSERT INTO people (id, created_at) VALUES (1, 1)"))
    before = tables_of(empty)
    migrate(empty)
    migrate(empty)
    assert tables_of(empty) == before
    with empty.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM people")).scalar_one() == 1


def test_two_that_start_at_once_migrate_one_after_the_other(empty):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate, [empty, empty]))
    assert revision(empty) == newest()


def test_a_migration_that_fails_leaves_nothing(empty):
    with empty.transaction() as connection:
        connection.execute(text("CREATE TABLE products (id INTEGER)"))  # in the way of the migration's own
    with pytest.raises(DBAPIError, match="products"):
        migrate(empty)
    assert tables_of(empty) <= {"products", "alembic_version"}
    assert revision(empty) is None


def test_a_database_of_a_newer_goodwill_is_refused(database):
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match=r"version 9999, which a newer goodwill made.*backup"):
        migrate(database)
    assert revision(database) == "9999"


def test_the_migrations_make_what_the_rooms_declare(database):
    for name in _ROOMS:
        import_module(f"goodwill.{name}")
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("table", ["consent_rows", "holds"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET person = 2", "DELETE FROM {0}"])
def test_a_log_only_grows(database, table, change):
    rows = {
        "consent_rows": "VALUES (1, 1, 'offers', 'purchases', 'given', 1, 1, 1, NULL, 'proven', NULL, '{}', NULL)",
        "holds": "VALUES (1, 1, 1, 'erasure', 1)",
    }
    with database.transaction() as connection:
        connection.exec_driver_sql(f"INSERT INTO {table} {rows[table]}")
    with pytest.raises(DBAPIError, match="only grows"), database.transaction() as connection:
        connection.exec_driver_sql(change.format(table))
    if database.is_sqlite:  # REPLACE removes the earlier row, and fires its trigger only where triggers may nest
        with pytest.raises(DBAPIError, match="only grows"), database.transaction() as connection:
            connection.exec_driver_sql(f"INSERT OR REPLACE INTO {table} {rows[table]}")
