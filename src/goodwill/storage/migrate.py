"""Migrations: forward only, each one transaction, from any earlier version to this one."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from goodwill.basics.errors import Conflict
from goodwill.storage.engine import MIGRATIONS, Database, one_at_a_time

_FOLDER = Path(__file__).with_name("migrations")


def migrate(database: Database) -> None:
    """Bring the tables up to this version; does nothing when they are.

    Raises:
        Conflict: the database was made by a newer goodwill.
    """
    with database.transaction() as connection:
        one_at_a_time(connection, MIGRATIONS)
        if _is_behind(revision_of(connection)):
            command.upgrade(_config(connection), "head")


def revision(database: Database) -> str | None:
    """The version that the tables have; None before the first migration."""
    with database.reading() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache  # reading every migration takes longer than all else that opening a shop does
def newest() -> str | None:
    """The version that this goodwill brings tables to."""
    return ScriptDirectory(str(_FOLDER)).get_current_head()


def _is_behind(current: str | None) -> bool:
    known = {script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions()}
    if current is not None and current not in known:
        raise Conflict(
            f"This database has version {current}, which a newer goodwill made. Install that version; "
            "going back is only possible by restoring a backup."
        )
    return current != newest()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
