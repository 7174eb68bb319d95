"""A database that is held, full or away says so in time, with its name for whoever runs it and never its password."""

import socket
import time

import pytest
from sqlalchemy import text
from tests.laws.servers import free_port

from goodwill.basics.errors import Busy, Conflict
from goodwill.storage import Database, connect
from goodwill.storage.engine import LEDGER, driver, is_sqlite, one_at_a_time


def refused(address: str) -> Busy:
    """What is said when nobody can be reached there."""
    database = connect(address)
    try:
        with pytest.raises(Busy) as said, database.reading() as connection:
            connection.execute(text("SELECT 1"))
    finally:
        database.close()
    return said.value


def test_a_writer_waits_as_long_as_it_has_patience_and_is_told(database: Database):
    with database.transaction() as first:
        one_at_a_time(first, LEDGER)
        begun = time.perf_counter()
        with pytest.raises(Busy, match="busy with another change"), database.transaction(patience=0.3) as second:
            one_at_a_time(second, LEDGER)
        assert 0.2 < time.perf_counter() - begun < 9, "without patience of its own it would have waited ten seconds"


def test_patience_belongs_to_one_transaction_and_not_to_the_connection(database: Database):
    with database.transaction(patience=0.3) as connection:
        raw = connection.connection.driver_connection
        one_at_a_time(connection, LEDGER)
    with database.transaction() as connection:
        assert connection.connection.driver_connection is raw
        one_at_a_time(connection, LEDGER)
        question = "PRAGMA busy_timeout" if is_sqlite(connection) else "SHOW lock_timeout"
        assert connection.exec_driver_sql(question).scalar() == (10_000 if is_sqlite(connection) else "10s")


def test_a_server_that_is_not_there_is_named_with_its_database_and_without_its_password():
    port = free_port()
    error = refused(f"postgresql://shop:s3cret@127.0.0.1:{port}/cafe")
    assert isinstance(error, Conflict)
    assert error.sentence == "The database does not answer."
    assert str(error) == (
        f"The database does not answer. PostgreSQL at 127.0.0.1:{port}, database cafe: Connection refused."
    )


def test_a_server_that_takes_the_call_and_says_nothing_is_given_up_in_time():
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        begun = time.perf_counter()
        error = refused(f"postgresql://shop:s3cret@127.0.0.1:{mute.getsockname()[1]}/cafe")
        assert time.perf_counter() - begun < 5
    assert "cafe" in error.inside
    assert "s3cret" not in str(error)


def test_a_database_that_does_not_exist_is_named(postgresql):
    error = refused(postgresql.url("nowhere"))
    assert "database nowhere" in error.inside
    assert "does not exist" in error.inside


def test_a_server_that_lets_nobody_more_in_is_busy(postgresql):
    with postgresql.database() as url:
        name = url.partition("/?")[0].rpartition("/")[2].partition("?")[0]
        postgresql.ask("postgres", "DROP ROLE IF EXISTS crowded")
        postgresql.ask("postgres", "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
        error = refused(url.replace("goodwill@", "crowded@"))
        postgresql.ask("postgres", "DROP ROLE crowded")
    assert name in error.inside
    assert "too many connections" in error.inside


def by_sqlalchemy(connection):
    return connection.exec_driver_sql("SELECT 1")


def by_the_driver(connection):
    return driver(connection).execute("SELECT 1")


@pytest.mark.parametrize("ask", [by_sqlalchemy, by_the_driver])
def test_a_server_that_hangs_up_in_the_middle_is_told(postgresql, ask):
    with postgresql.database() as url:
        database = connect(url)
        with pytest.raises(Busy, match="does not answer"), database.transaction() as connection:
            own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            postgresql.ask("postgres", f"SELECT pg_terminate_backend({own})")
            ask(connection)
        with database.reading() as connection:  # and the next one calls again
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        database.close()


def test_what_is_wrong_with_a_question_is_not_taken_for_absence(database: Database):
    with pytest.raises(Exception, match="nowhere") as wrong, database.reading() as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))
    assert not isinstance(wrong.value, Busy)
