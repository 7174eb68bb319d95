"""What a database keeps of rows that were deleted, and how it lets go of it.

SQLite overwrites deleted rows (``secure_delete``), but its write-ahead log holds the older pages until it is cut, which
waits for every reader. PostgreSQL keeps deleted rows in their place until a vacuum, which passes over what a
transaction that is still open might read; archives of its write-ahead log are the business of whoever keeps them.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import text

from goodwill.storage.engine import PATIENCE, Database

_OLDER = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_xmin IS NOT NULL AND xact_start <= :since"
)


def let_go(database: Database, tables: Collection[str], *, patience: float = PATIENCE) -> list[str]:
    """Let a database let go of deleted rows, and tell what is in the way; nothing when it is done.

    Args:
        tables: those that rows were deleted from.
        patience: seconds to wait for readers.
    """
    if database.is_sqlite:
        return [] if cut_log(database, patience=patience) else [f"{database.file}-wal: somebody is reading it"]
    return _vacuum(database, sorted(tables))


def cut_log(database: Database, *, patience: float = PATIENCE) -> bool:
    """Copy SQLite's write-ahead log into the file and cut it to nothing; False while somebody reads an old page."""
    with database.engine.connect() as connection:
        # Outside a transaction: a checkpoint cannot run inside one. The driver waits for readers as for any lock.
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA busy_timeout={int(patience * 1000)}")  # the pool sets it back
        busy: int = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
    return busy == 0


def _vacuum(database: Database, tables: list[str]) -> list[str]:
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        since = connection.execute(text("SELECT now()")).scalar_one()
        older = connection.execute(_OLDER, {"since": since}).scalar_one()
        for table in tables:
            connection.execute(text(f'VACUUM "{table}"'))
    return [f"{older} transactions that began before the rows were deleted are still open"] if older else []
