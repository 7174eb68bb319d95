"""The engine keeps its promises on both databases: whole transactions, steady readings, told conflicts."""

import re
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext

import pysqlite3
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.processes import ended

from goodwill.basics.errors import BadInput, Conflict
from goodwill.storage import Database, connect
from goodwill.storage import engine as room
from goodwill.storage.engine import EVENTS, LEDGER, driver, is_sqlite, one_at_a_time

notes = Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("line", Integer))


@pytest.fixture
def paper(database: Database) -> Database:
    """A database with a table to scribble on."""
    with database.transaction() as connection:
        notes.create(connection)
    return database


def lines(database: Database) -> list[int]:
    with database.reading() as connection:
        return list(connection.execute(select(notes.c.line).order_by(notes.c.line)).scalars())


def write(connection, *numbers):
    for number in numbers:
        connection.execute(insert(notes), {"line": number})


class Trouble(Exception):
    pass


@contextmanager
def in_vain(database):
    """A transaction that ends in trouble."""
    with pytest.raises(Trouble), database.transaction() as connection:  # the block is the test's
        yield connection
        raise Trouble


# ---- transactions --------------------------------------------------------------------------------------------------


def test_a_transaction_is_kept_whole_when_its_block_ends(paper):
    with paper.transaction() as connection:
        write(connection, 1, 2)
    assert lines(paper) == [1, 2]


def test_a_transaction_that_fails_leaves_nothing(paper):
    with in_vain(paper) as connection:
        write(connection, 1, 2)
    assert lines(paper) == []


def test_a_transaction_that_a_room_ended_early_still_ends(paper):
    with paper.transaction() as connection:
        write(connection, 1)
        connection.rollback()
        write(connection, 2)
    assert lines(paper) == [2]


def test_tables_made_in_a_failed_transaction_are_gone(database):
    with in_vain(database) as connection:
        notes.create(connection)
    with database.transaction() as connection:
        notes.create(connection)


def test_what_failed_within_a_transaction_is_never_lost_in_silence(paper):
    """A block that goes on after a failed statement: either all that succeeded is kept, or the block is told."""
    with (
        nullcontext() if paper.is_sqlite else pytest.raises(Conflict, match="none of it was kept"),
        paper.transaction() as connection,
    ):
        connection.execute(insert(notes), {"id": 7, "line": 1})
        with pytest.raises(IntegrityError):
            connection.execute(insert(notes), {"id": 7, "line": 2})
    assert lines(paper) == ([1] if paper.is_sqlite else [])


def test_a_savepoint_lets_a_block_go_on_after_a_failure(paper):
    with paper.transaction() as connection:
        connection.execute(insert(notes), {"id": 7, "line": 1})
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(insert(notes), {"id": 7, "line": 2})
        write(connection, 3)
    assert lines(paper) == [1, 3]


def test_what_the_driver_writes_belongs_to_the_transaction(paper):
    with in_vain(paper) as connection:
        driver(connection).execute("INSERT INTO notes (line) VALUES (1)")
    assert lines(paper) == []
    with paper.transaction() as connection:
        driver(connection).execute("INSERT INTO notes (line) VALUES (2)")
    assert lines(paper) == [2]


def test_nothing_is_written_outside_of_a_transaction(paper):
    with paper.engine.connect() as connection:
        if is_sqlite(connection):
            with pytest.raises(pysqlite3.OperationalError, match="readonly"):
                connection.connection.driver_connection.execute("INSERT INTO notes (line) VALUES (1)")
        else:
            connection.connection.driver_connection.execute("INSERT INTO notes (line) VALUES (1)")
    assert lines(paper) == []


_DIES = """
import os, sys
from sqlalchemy import text
from goodwill.storage import connect
database = connect(sys.argv[1])
with database.transaction() as connection:
    connection.execute(text("INSERT INTO notes (line) VALUES (1)"))
with database.transaction() as connection:
    connection.execute(text("INSERT INTO notes (line) VALUES (2)"))
    os._exit(137)
"""


def test_a_killed_process_leaves_what_was_committed_and_nothing_else(paper):
    where = paper.url or str(paper.file)
    code, complaint = ended(_DIES, where)
    assert code == 137, complaint
    assert lines(paper) == [1]


# ---- readings ------------------------------------------------------------------------------------------------------


def test_a_reading_refuses_to_write(paper):
    with pytest.raises(DBAPIError, match=r"readonly|read-only"), paper.reading() as connection:
        write(connection, 1)
    assert lines(paper) == []


def test_a_transaction_may_write_after_a_reading_on_the_same_connection(paper):
    with paper.reading() as connection:
        first = connection.connection.driver_connection
        connection.execute(select(notes)).all()
    with paper.transaction() as connection:
        assert connection.connection.driver_connection is first
        if not is_sqlite(connection):
            assert connection.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
            assert connection.execute(text("SHOW transaction_read_only")).scalar() == "off"
        write(connection, 1)
    assert lines(paper) == [1]


def test_a_direct_use_of_the_engine_begins_as_a_writer_whatever_came_before(paper):
    with paper.reading() as connection:
        connection.execute(select(notes)).all()
    with paper.engine.begin() as connection:
        connection.execute(select(notes)).all()
        if is_sqlite(connection):
            other = pysqlite3.connect(str(paper.file), timeout=0, isolation_level=None)
            with pytest.raises(pysqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")  # so the first one holds the lock, though it only asked so far
            other.close()
        write(connection, 1)
    assert lines(paper) == [1]


def test_a_reading_is_a_steady_picture_that_waits_for_nobody(paper):
    with paper.transaction() as writing:
        write(writing, 1)
        with paper.reading() as connection:  # while the writer is at it
            count = select(func.count()).select_from(notes)
            assert connection.execute(count).scalar_one() == 0
            writing.commit()
            with paper.transaction() as another:
                write(another, 2)
            assert connection.execute(count).scalar_one() == 0
    assert lines(paper) == [1, 2]


def test_a_reading_that_fails_hands_its_connection_back(paper):
    for _ in range(50):  # more than the pool holds
        with pytest.raises(DBAPIError), paper.reading() as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
    assert paper.engine.pool.checkedout() == 0


# ---- several at once -----------------------------------------------------------------------------------------------


def test_writers_that_look_before_they_write_take_turns(paper):
    """Each reads the last line and adds the next; a late upgrade from reader to writer would fail or repeat one."""

    def add_one(_):
        with paper.transaction() as connection:
            one_at_a_time(connection, LEDGER)
            last = connection.execute(select(func.coalesce(func.max(notes.c.line), 0))).scalar_one()
            time.sleep(0.002)
            write(connection, last + 1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(24)))
    assert lines(paper) == list(range(1, 25))


def test_a_writer_who_waits_too_long_is_told_and_has_changed_nothing(paper):
    with paper.transaction() as first:
        one_at_a_time(first, LEDGER)
        write(first, 1)
        with pytest.raises(Conflict, match="try again"), paper.transaction(patience=0.05) as second:
            one_at_a_time(second, LEDGER)
    assert lines(paper) == [1]


def test_waiting_ends_by_itself_on_both_databases(paper):
    with paper.transaction() as connection:
        raw = driver(connection)
        if is_sqlite(connection):
            assert raw.execute("PRAGMA busy_timeout").fetchone()[0] == room.PATIENCE * 1000
        else:
            assert raw.execute("SHOW lock_timeout").fetchone()[0] == f"{room.PATIENCE}s"


def test_an_error_that_only_sounds_like_a_lock_is_not_a_conflict(paper):
    with pytest.raises(DBAPIError), paper.transaction() as connection:
        connection.execute(text("SELECT locked, busy FROM notes"))


def test_too_many_at_once_are_told_to_come_back(paper, monkeypatch):
    pool = paper.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.05)
    with ExitStack() as taken:
        for _ in range(40):
            taken.enter_context(paper.engine.connect())
        with pytest.raises(Conflict, match="Too many"), paper.transaction():
            pass


@pytest.fixture
def shared(postgresql):
    """Paper on PostgreSQL, where several write at once."""
    with postgresql.database() as url:
        opened = connect(url)
        with opened.transaction() as connection:
            notes.create(connection)
        yield opened
        opened.close()


def at_once(*jobs):
    """Run jobs in threads; tell what each gave back or raised."""

    def told(job):
        try:
            return job()
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(told, job) for job in jobs]]


def test_of_two_who_wait_for_each_other_one_is_told(shared):
    both = threading.Barrier(2)

    def lock(first, second, number):
        with shared.transaction() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
            one_at_a_time(connection, first)
            both.wait()
            one_at_a_time(connection, second)
            write(connection, number)

    results = at_once(lambda: lock(LEDGER, EVENTS, 1), lambda: lock(EVENTS, LEDGER, 2))
    assert sorted(type(result).__name__ for result in results) == ["Busy", "NoneType"]
    assert len(lines(shared)) == 1


def count(connection, level):
    connection.execute(text(f"SET TRANSACTION ISOLATION LEVEL {level}"))
    return connection.execute(select(func.count()).select_from(notes)).scalar_one()


def test_a_row_that_somebody_else_changed_meanwhile_is_a_conflict(shared):
    with shared.transaction() as connection:
        write(connection, 1, 2)
    ten_more = notes.update().values(line=notes.c.line + 10)
    with ExitStack() as first_ends:
        first_ends.enter_context(pytest.raises(Conflict))
        first = first_ends.enter_context(shared.transaction())
        count(first, "REPEATABLE READ")
        with shared.transaction() as second:
            second.execute(ten_more)
        first.execute(ten_more)
    assert lines(shared) == [11, 12]


def test_a_conflict_that_only_the_commit_shows_is_a_conflict_too(shared):
    with ExitStack() as first_ends:
        first_ends.enter_context(pytest.raises(Conflict))
        first = first_ends.enter_context(shared.transaction())
        write(first, 10 + count(first, "SERIALIZABLE"))
        with shared.transaction() as second:
            write(second, 20 + count(second, "SERIALIZABLE"))
    assert lines(shared) == [20]


# ---- opening -------------------------------------------------------------------------------------------------------

_WANTED = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: an acknowledged row survives a power cut
    "secure_delete": 1,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "busy_timeout": 10_000,
    "temp_store": 2,
}


@pytest.fixture
def file_database(tmp_path):
    opened = connect(tmp_path / "shop.db")
    yield opened
    opened.close()


def test_every_pooled_connection_has_its_pragmas_on(file_database):
    with ExitStack() as opened:
        connections = [opened.enter_context(file_database.engine.connect()) for _ in range(12)]
        raw = [connection.connection.driver_connection for connection in connections]
        assert len(set(map(id, raw))) == 12
        for each in raw:
            assert {name: each.execute(f"PRAGMA {name}").fetchone()[0] for name in _WANTED} == _WANTED
    with file_database.reading() as connection:  # and still after it went back and came again
        each = connection.connection.driver_connection
        assert {name: each.execute(f"PRAGMA {name}").fetchone()[0] for name in _WANTED} == _WANTED


def test_a_foreign_key_really_holds(database):
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(text("INSERT INTO profiles VALUES (404, 'name', 'contact', '', 1, 1, NULL)"))


def test_erased_bytes_are_overwritten(file_database):
    canary = "canary-7f3a-amina"
    with file_database.transaction() as connection:
        connection.execute(text("CREATE TABLE secrets (line TEXT)"))
        connection.execute(text("INSERT INTO secrets VALUES (:line)"), {"line": canary})
    with file_database.transaction() as connection:
        connection.execute(text("DELETE FROM secrets"))
    with file_database.engine.connect() as connection:
        busy, _, _ = connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    assert not any(canary.encode() in file.read_bytes() for file in file_database.file.parent.iterdir())


def test_the_sqlite_in_use_cannot_lose_commits(file_database):
    assert room.SAFE_SQLITE >= (3, 51, 3)
    with file_database.reading() as connection:
        version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
    assert tuple(int(part) for part in version.split(".")) >= room.SAFE_SQLITE


def test_an_sqlite_that_can_lose_commits_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "SAFE_SQLITE", (99, 0, 0))
    with pytest.raises(BadInput, match="can lose committed rows"):
        connect(tmp_path / "shop.db")


def test_a_new_database_file_is_its_owners_alone(file_database):
    with file_database.transaction() as connection:
        connection.execute(text("CREATE TABLE anything (id INTEGER)"))
        files = sorted(file_database.file.parent.iterdir())
        assert [file.name for file in files] == ["shop.db", "shop.db-shm", "shop.db-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_two_processes_may_open_a_new_file_at_once(tmp_path):
    opens = "import sys; from goodwill.storage import connect, migrate; migrate(connect(sys.argv[1]))"
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(lambda _: ended(opens, tmp_path / "shop.db"), range(3))) == [(0, "")] * 3


def test_a_file_may_be_named_by_path_or_url_with_folders_made(tmp_path):
    for number, where in enumerate(
        [tmp_path / "a b" / "ü?#%20.db", str(tmp_path / "plain.db"), f"sqlite:///{tmp_path}/by-url.db"]
    ):
        opened = connect(where)
        with opened.transaction() as connection:
            connection.execute(text("CREATE TABLE anything (id INTEGER)"))
        opened.close()
        assert opened.file is not None
        assert opened.file.exists()
        assert sum(1 for _ in tmp_path.rglob("*.db")) == number + 1


@pytest.mark.parametrize("where", ["sqlite://", "sqlite:///:memory:", ":memory:"])
def test_a_database_in_memory_is_refused(where):
    with pytest.raises(BadInput, match="in memory"):
        connect(where)


@pytest.mark.parametrize("where", ["mysql://shop@localhost/shop", "duckdb:///shop.db"])
def test_another_kind_of_database_is_refused_by_name(where):
    with pytest.raises(BadInput, match=re.escape(where.split(":")[0])):
        connect(where)


@pytest.mark.parametrize("where", ["postgresql://shop:s3cret@host:notaport/shop", "not a url://"])
def test_an_address_that_cannot_be_read_is_refused_without_its_password(where):
    with pytest.raises(BadInput, match="cannot be read") as refused:
        connect(where)
    assert "s3cret" not in str(refused.value)


def test_a_file_that_cannot_be_written_is_refused_by_name(tmp_path):
    (tmp_path / "taken").write_text("a file")
    for where in (tmp_path, tmp_path / "taken" / "shop.db"):
        with pytest.raises(BadInput, match=re.escape(str(where))):
            connect(where)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_address_keeps_its_password_to_itself(scheme):
    database = connect(f"{scheme}://shop:s3cret@localhost/shop")
    assert database.url == "postgresql://shop:s3cret@localhost/shop"
    assert not database.is_sqlite
    assert "s3cret" not in repr(database)
