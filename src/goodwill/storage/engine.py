"""The engine: SQLite in a version that cannot lose commits, or PostgreSQL; a transaction is committed whole."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pysqlite3
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import QueuePool

from goodwill.basics.errors import BadInput, Busy, Conflict
from goodwill.storage.turns import Turns

# 3.7.0-3.51.2 can corrupt a database when a checkpoint meets a commit (https://sqlite.org/wal.html, "WAL-reset").
SAFE_SQLITE = (3, 51, 3)

PATIENCE = 10  # seconds that a writer waits for another one, on both databases
_HELD = "The database is busy with another change; try again in a moment."
_TO_CONNECT = 4  # seconds that PostgreSQL may take to answer a call

_PRAGMAS = (
    f"PRAGMA busy_timeout={PATIENCE * 1000}",  # first, so that the next ones wait for their turn too
    "PRAGMA page_size=8192",  # of a new file: rows of many people are read an eighth faster than from pages of 4 KB
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an acknowledged row survives a power cut
    "PRAGMA secure_delete=ON",  # erased means overwritten
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",  # or INSERT OR REPLACE would remove rows of a log unseen by its trigger
    "PRAGMA wal_autocheckpoint=8000",  # pages: 64 MB
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
    url: str | None = field(repr=False)  # it holds the password

    @property
    def is_sqlite(self) -> bool:
        return self.file is not None

    @contextmanager
    def transaction(self, *, patience: float = PATIENCE) -> Iterator[Connection]:
        """One unit of work: committed when the block ends, undone when it raises. The edges call this; rooms do not.

        Its first statement begins it; until then nobody waits for it.

        Args:
            patience: seconds to wait for whoever else is writing.

        Raises:
            Busy: another change held the database too long, or the same rows, or the database does not answer.
            Conflict: a part of this change failed and the block went on. In each case nothing was changed.
        """
        with self._told(), self.engine.connect() as connection:
            if patience != PATIENCE:
                connection.execution_options(goodwill_patience=patience)
            yield connection
            if not self.is_sqlite and _raw(connection).info.transaction_status == _IN_ERROR:
                # PostgreSQL would take COMMIT for ROLLBACK here, and nobody would be told.
                raise Conflict("A part of this change failed, so none of it was kept. Look again and retry.")
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A steady picture of the database, from its first question on, that never waits for a writer.

        The database itself refuses to write anything in it.

        Raises:
            Busy: the database does not answer.
        """
        with self._told(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.execution_options(goodwill_reading=True)
            else:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    def ask(self, question: str, values: Mapping[str, object]) -> list[Any]:
        """The rows that answer one question, asked of the driver itself and outside of any transaction.

        Its answer is a picture of one moment, for a third of what a transaction costs.

        Args:
            question: with its values as ``:name``.

        Raises:
            Busy: the database does not answer.
        """
        with self._told(), self._asking() as raw:
            rows: list[Any] = raw.execute(_as_asked(question, sqlite=self.is_sqlite), values).fetchall()
            return rows

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        with self._for_questions.connect() as connection:
            yield _raw(connection)

    @cached_property
    def _for_questions(self) -> Engine:
        """The same connections, each question a transaction of its own."""
        return self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say `Busy` where the database or its driver says that somebody else is at it, or nothing at all."""
        try:
            yield
        except NoneFree as error:
            raise Busy("Too many are using the database at once; try again in a moment.") from error
        except Exception as error:
            if _is_conflict(getattr(error, "orig", error)):
                raise Busy(_HELD) from error
            if not self.is_sqlite and _is_away(error):
                raise Busy("The database does not answer.", f"{self._name()}: {_reason(error)}.") from error
            raise

    def _name(self) -> str:
        url = self.engine.url
        host = url.host or url.query.get("host") or "this machine"
        return f"PostgreSQL at {host}{f':{url.port}' if url.port else ''}, database {url.database or url.username}"

    def close(self) -> None:
        self.engine.dispose()


@cache
def _as_asked(question: str, *, sqlite: bool) -> str:
    return question if sqlite else re.sub(r"(?<!:):(\w+)", r"%(\1)s", question)


def connect(where: str | Path) -> Database:
    """Open a database by its URL (``sqlite:///…``, ``postgresql://…``) or a path to an SQLite file.

    Raises:
        BadInput: the address is of another kind, the file cannot be written, or the bundled SQLite is too old to be
            safe.
    """
    url = _url(where)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    if url.get_backend_name() in {"postgresql", "postgres"}:
        return _postgresql(url)
    raise BadInput(f"goodwill keeps data in SQLite or PostgreSQL, not in '{url.get_backend_name()}'")


def _url(where: str | Path) -> URL:
    if not (isinstance(where, str) and "://" in where):
        return URL.create("sqlite", database=str(where))
    try:
        return make_url(where)
    except (ArgumentError, ValueError):
        raise BadInput(  # the address is not repeated here: it may hold a password
            "The database's address cannot be read; it looks like sqlite:///shop.db or postgresql://name@host/shop"
        ) from None


def _sqlite(url: URL) -> Database:
    if pysqlite3.sqlite_version_info < SAFE_SQLITE:
        raise BadInput(
            f"SQLite {pysqlite3.sqlite_version} can lose committed rows; goodwill needs 3.51.3 or later. "
            "Install the pysqlite3 wheel again: pip install --force-reinstall pysqlite3"
        )
    if not url.database or url.database == ":memory:":
        raise BadInput("goodwill needs a file for its SQLite database; one in memory would be gone on exit")
    file = Path(url.database).absolute()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # One that is there is not touched: closing it would let go of the locks of whoever has it open in this process.
        if not (file.is_file() and os.access(file, os.R_OK | os.W_OK)):
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))  # its owner's alone, and so is its WAL
    except OSError as error:
        raise BadInput(f"The database file {file} cannot be opened for writing: {error.strerror}.") from error
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(file)),
        module=pysqlite3.dbapi2,
        poolclass=QueuePool,
        pool_use_lifo=True,  # the connection that wrote last: what it holds of the file is still true
        pool_size=8,
        max_overflow=32,
        pool_timeout=PATIENCE,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: pysqlite3.dbapi2.Connection, _: object) -> None:
        raw.isolation_level = None  # SQLAlchemy's BEGIN below, not the driver's late one
        for pragma in _PRAGMAS:
            raw.execute(pragma)
        raw.execute(_MAY_NOT_WRITE)

    @event.listens_for(engine, "reset")
    def close_again(raw: pysqlite3.dbapi2.Connection, _: object, __: object) -> None:
        raw.execute(_MAY_NOT_WRITE)
        raw.execute(_PRAGMAS[0])

    _one_writer(engine)
    return Database(engine, file, None)


def _one_writer(engine: Engine) -> None:
    """Begin as a reader or as the one writer, who calls the next as soon as it has committed or given up."""
    turns = Turns()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("goodwill_reading", False):
            connection.exec_driver_sql("BEGIN")
            return
        raw = _raw(connection)
        patience = connection.get_execution_options().get("goodwill_patience", PATIENCE)
        if patience != PATIENCE:
            raw.execute(f"PRAGMA busy_timeout={int(patience * 1000)}")
        if not turns.take(raw, patience):
            raise Busy(_HELD)
        # A writer that starts as a reader and upgrades can fail half-way; so writers say so at once.
        raw.execute(_MAY_WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    do_commit, do_rollback = engine.dialect.do_commit, engine.dialect.do_rollback

    def commit(lent: Any) -> None:
        do_commit(lent)
        turns.give(lent.driver_connection)

    def rollback(lent: Any) -> None:
        try:
            do_rollback(lent)
        finally:
            turns.give(lent.driver_connection)

    vars(engine.dialect).update(do_commit=commit, do_rollback=rollback)

    @event.listens_for(engine, "close")
    def closed(raw: Any, _: object) -> None:
        turns.give(raw)


_IN_ERROR = 3  # libpq's PQTRANS_INERROR

# Between transactions, and while reading, a connection to SQLite refuses to write: nothing is committed by the way.
_MAY_WRITE, _MAY_NOT_WRITE = "PRAGMA query_only=OFF", "PRAGMA query_only=ON"


def _postgresql(url: URL) -> Database:
    url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(
            url,
            pool_size=8,
            max_overflow=32,
            pool_timeout=PATIENCE,
            pool_pre_ping=True,
            connect_args={} if "connect_timeout" in url.query else {"connect_timeout": _TO_CONNECT},
        )
    except ModuleNotFoundError as error:
        raise BadInput(
            f"PostgreSQL needs {error.name}, which is not installed: pip install 'goodwill[postgresql]'"
        ) from error

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _: object) -> None:
        raw.execute(f"SET lock_timeout = '{PATIENCE}s'")
        raw.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if patience := connection.get_execution_options().get("goodwill_patience"):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(patience * 1000)}ms'")

    return Database(engine, None, url.set(drivername="postgresql").render_as_string(hide_password=False))


def _is_conflict(error: BaseException) -> bool:
    # SQLite: BUSY, LOCKED and their finer kinds. PostgreSQL: serialization failure, deadlock, lock not available.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {5, 6} or getattr(error, "sqlstate", None) in {
        "40001", "40P01", "55P03",
    }  # fmt: skip


def _is_away(error: Exception) -> bool:
    """Whether PostgreSQL could not be called, hung up, or let nobody in; each without its having done anything."""
    said = _said(error)
    if not hasattr(said, "sqlstate"):
        return False
    state = said.sqlstate or ""
    if isinstance(error, DBAPIError):
        hung_up = error.connection_invalidated or (error.statement is None and not state)
    else:  # the driver's own, where it was asked without SQLAlchemy
        hung_up = type(error).__name__ == "OperationalError" and not state
    return hung_up or state.startswith(("08", "28", "57P0")) or state in {"3D000", "53300"}


def _said(error: Exception) -> Any:
    """What the driver says."""
    return error.orig if isinstance(error, DBAPIError) else error


def _reason(error: Exception) -> str:
    """What libpq says, without the host and the user that it says it about (Connection refused, no such database)."""
    said = str(_said(error)).strip().splitlines() or [""]
    calls = [line.rpartition(" failed: ")[2] for line in said if " failed: " in line]
    return (calls or said)[-1 if calls else 0].removeprefix("FATAL:").strip().rstrip(".")


def driver(connection: Connection) -> Any:
    """The driver's own connection (pysqlite3 or psycopg), inside the transaction: for work in bulk."""
    if not connection.in_transaction():
        connection.begin()
    return _raw(connection)


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection


def is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


# Names of the locks that make row numbers follow the order of commits on PostgreSQL; SQLite has one writer anyway.
LEDGER, EVENTS, HOLDS, MIGRATIONS, PEOPLE = 8401, 8402, 8403, 8404, 8405
NOTICES = 8407
AUDIT = 8406  # taken last of all
CHECKPOINTS = 8411
REQUESTS, OUTBOX = 8408, 8409
STAFF = 8410
KEYS = 8413  # ids are being locked anew
SIGN_IN = 8412
WEBHOOKS = 8417
PLAN = 8418
BUDGETS = 8421  # what is promised by offers is set aside
SEGMENTS = 8420
COSTS = 8422
FIGURES = 8424

APART = "goodwill_apart"  # an option of connections whose writes nobody else ever sees: they need wait for nobody


def one_at_a_time(connection: Connection, lock: int) -> None:
    """Hold a named lock to the end of the transaction, so that numbers given out under it follow commit order."""
    if is_sqlite(connection):
        driver(connection)  # its transactions come one after the other; this one begins now
    elif not connection.get_execution_options().get(APART, False):
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
