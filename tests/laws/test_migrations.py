"""The migrations make exactly the tables that the rooms declare, on both databases; logs only grow; no way back."""

from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from goodwill.basics.errors import Conflict
from goodwill.storage import connect, metadata, migrate, revision
from goodwill.storage.migrate import newest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "goodwill"

LOGS = {
    "consent_rows": "INSERT INTO consent_rows (position, person, purpose, category, state, yes, said_at, recorded_at,"
    " evidence, asked) VALUES (1, 1, 'recommendations', 'purchases', 'given', 1, 5, 5, 'proven', '{}')",
    "audit_rows": "INSERT INTO audit_rows (position, at, actor, action, person, reason, outcome, detail)"
    " VALUES (1, 5, 'key x', 'consent.grant', 1, '', 'done', '{}')",
    "holds": "INSERT INTO holds (id, person, held, reason, at) VALUES (1, 1, 1, 'erase', 5)",
}


def modules_with_tables() -> Iterator[str]:
    """Every module that declares a table in the common catalogue, so that a room cannot be forgotten here."""
    for path in sorted(SOURCE.rglob("*.py")):
        source = path.read_text("utf-8")
        if "from goodwill.storage.schema import" in source and "Table(" in source and "migrations" not in path.parts:
            yield ".".join(("goodwill", *path.relative_to(SOURCE).with_suffix("").parts))


@pytest.fixture(scope="module", autouse=True)
def all_tables():
    for name in modules_with_tables():
        import_module(name)


def test_the_rooms_with_tables_are_found():
    assert {"goodwill.people.tables", "goodwill.consent.tables", "goodwill.storage.kept"} <= set(modules_with_tables())


def test_migrated_tables_are_the_declared_ones(database):
    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert not differences, f"write a migration with scripts/make_migration.py: {differences}"


def test_a_difference_would_be_seen(database):
    with database.transaction() as connection:
        connection.execute(text("ALTER TABLE items ADD COLUMN colour TEXT"))
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata)


def test_migrating_again_changes_nothing(database):
    migrate(database)
    assert revision(database) == newest()


def test_an_older_goodwill_leaves_a_newer_database_alone(database):
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="9999"):
        migrate(database)
    assert revision(database) == "9999"


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("change", ["UPDATE {log} SET person = 2", "DELETE FROM {log}"], ids=["update", "delete"])
def test_a_log_only_grows(database, log, change):
    with database.transaction() as connection:
        connection.execute(text(LOGS[log]))
    with pytest.raises(DatabaseError, match=f"{log} only grows"), database.transaction() as connection:
        connection.execute(text(change.format(log=log)))
    with database.reading() as connection:
        assert connection.execute(text(f"SELECT person FROM {log}")).all() == [(1,)]


ONLY_ADD = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'only_add_' || tgrelid::regclass::text"


def test_no_log_can_be_emptied_at_once(postgresql):
    """TRUNCATE looks at no rows, so it fires no trigger that is for each row. SQLite has none."""
    with postgresql.database() as url, closing(connect(url)) as database:
        with database.reading() as connection:
            logs = connection.execute(text(ONLY_ADD)).scalars().all()
        assert set(logs) >= {*LOGS, "audit_rows"}
        for log in logs:
            with pytest.raises(DatabaseError, match=f"{log} only grows"), database.transaction() as connection:
                connection.execute(text(f"TRUNCATE {log} CASCADE"))


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path):
    database = connect(tmp_path / "shop.db")
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE totals (name TEXT)"))  # in the way of the first migration
    with pytest.raises(DatabaseError):
        migrate(database)
    with database.reading() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    database.close()
    assert tables == ["totals"]
