"""The engine: SQLite with a version that cannot lose commits, or PostgreSQL; one transaction at a time, committed whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pysqlite3
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from goodwill.basics.errors import BadInput, Conflict

# 3.7.0-3.51.2 can corrupt a database when a checkpoint meets a commit (https://sqlite.org/wal.html, "WAL-reset").
SAFE_SQLITE = (3, 51, 3)

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an acknowledged row survives a power cut
    "PRAGMA secure_delete=ON",  # erased means overwritten
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
    "PRAGMA wal_autocheckpoint=16000",
    "PRAGMA cache_size=-65536",
    "PRAGMA mmap_size=1073741824",
    "PRAGMA temp_store=MEMORY",
)


@dataclass(frozen=True)
class Database:
    """An open database.

    Attributes:
        engine: SQLAlchemy's.
        file: the SQLite file, or None on PostgreSQL.
        url: the PostgreSQL address as libpq reads it, or None on SQLite.
    """

    engine: Engine
    file: Path | None
    url: str | None

    @property
    def is_sqlite(self) -> bool:
        return self.file is not None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One unit of work: committed when the block ends, undone when it raises. The edges call this; rooms do not.

        Raises:
            Conflict: another process held the database too long.
        """
        try:
            with self.engine.connect() as connection:
                connection.info["writes"] = True
                yield connection  # the first statement begins; until then nobody waits for us
                connection.commit()
        except OperationalError as error:
            if "locked" in str(error.orig) or "busy" in str(error.orig):
                raise Conflict("The database is busy with another change; try again in a moment.") from error
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A steady picture of the database that never waits for a writer; anything written in it is undone."""
        with self.engine.connect() as connection:
            connection.info["writes"] = False
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    def close(self) -> None:
        self.engine.dispose()


def connect(where: str | Path) -> Database:
    """Open a database by its URL (``sqlite:///…``, ``postgresql://…``) or a path to an SQLite file.

    Raises:
        BadInput: the address is of another kind, or the bundled SQLite is too old to be safe.
    """
    url = make_url(where) if isinstance(where, str) and "://" in where else URL.create("sqlite", database=str(where))
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    if url.get_backend_name() == "postgresql":
        return _postgresql(url)
    raise BadInput(f"goodwill keeps data in SQLite or PostgreSQL, not in '{url.get_backend_name()}'")


def _sqlite(url: URL) -> Database:
    if pysqlite3.sqlite_version_info < SAFE_SQLITE:
        raise BadInput(
            f"SQLite {pysqlite3.sqlite_version} can lose committed rows; goodwill needs 3.51.3 or later. "
            "Install the pysqlite3 wheel again: pip install --force-reinstall pysqlite3"
        )
    if not url.database or url.database == ":memory:":
        raise BadInput("goodwill needs a file for its SQLite database; one in memory would be gone on exit")
    file = Path(url.database).absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(file)),
        module=pysqlite3.dbapi2,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=32,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: pysqlite3.dbapi2.Connection, _: object) -> None:
        raw.isolation_level = None  # SQLAlchemy's BEGIN below, not the driver's late one
        for pragma in _PRAGMAS:
            raw.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer that starts as a reader and upgrades can fail half-way; so writers say so at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("writes", True) else "BEGIN")

    return Database(engine, file, None)


def _postgresql(url: URL) -> Database:
    url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, pool_size=8, max_overflow=32, pool_pre_ping=True)
    return Database(engine, None, url.set(drivername="postgresql").render_as_string(hide_password=False))


def is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


# Names of the locks that make row numbers follow the order of commits on PostgreSQL; SQLite has one writer anyway.
LEDGER, EVENTS, HOLDS = 8401, 8402, 8403


def one_at_a_time(connection: Connection, lock: int) -> None:
    """Hold a named lock to the end of the transaction, so that numbers given out under it follow commit order."""
    if not is_sqlite(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
