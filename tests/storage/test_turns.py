"""Writers of one process are served in the order in which they came, and a turn is never lost."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pysqlite3
import pytest
from sqlalchemy import text

from goodwill.basics.errors import Busy
from goodwill.storage import Database, connect, engine
from goodwill.storage.turns import Turns


@pytest.fixture
def paper(tmp_path):
    """An SQLite file with a table to scribble on."""
    opened = connect(tmp_path / "shop.db")
    with opened.transaction() as connection:
        connection.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY, line INTEGER)"))
    yield opened
    opened.close()


def write(paper: Database, line: int, *, patience: float = 10) -> None:
    with paper.transaction(patience=patience) as connection:
        connection.execute(text("INSERT INTO notes (line) VALUES (:line)"), {"line": line})


def lines(paper: Database) -> list[int]:
    with paper.reading() as connection:
        return list(connection.execute(text("SELECT line FROM notes ORDER BY id")).scalars())


def test_whoever_came_first_is_served_first():
    turns, served = Turns(), []
    assert turns.take("first", 1)

    def queue(number: int) -> None:
        turns.take(number, 10)
        served.append(number)
        turns.give(number)

    waiting = []
    for number in range(20):
        waiting.append(threading.Thread(target=queue, args=(number,)))
        waiting[-1].start()
        while len(turns._waiting) <= number:
            time.sleep(0.001)
    turns.give("first")
    for one in waiting:
        one.join()
    assert served == list(range(20))


def test_patience_ends_and_the_turn_goes_to_the_next():
    turns = Turns()
    assert turns.take("first", 1)
    assert not turns.take("hasty", 0.01)
    turns.give("hasty")  # who has no turn ends none
    assert not turns.take("hasty", 0.01)
    turns.give("first")
    assert turns.take("second", 0.01)


def test_many_who_come_and_go_leave_the_turn_free():
    turns, at_once = Turns(), []

    def come_and_go(number: int) -> None:
        for _ in range(50):
            if turns.take(number, 0.001):
                at_once.append(number)
                assert at_once == [number]
                at_once.remove(number)
                turns.give(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come_and_go, range(8)))
    assert turns.take("last", 0.01)


def test_a_turn_ends_with_the_commit_and_not_with_the_block(paper):
    with paper.transaction() as connection:
        connection.execute(text("INSERT INTO notes (line) VALUES (1)"))
        connection.commit()
        write(paper, 2, patience=0.1)
        connection.execute(text("INSERT INTO notes (line) VALUES (3)"))
    assert lines(paper) == [1, 2, 3]


def test_a_failure_gives_the_turn_on(paper):
    for _ in range(3):
        with suppress(ZeroDivisionError), paper.transaction() as connection:
            connection.execute(text("INSERT INTO notes (line) VALUES (1)"))
            raise ZeroDivisionError
        write(paper, 2, patience=0.1)
    assert lines(paper) == [2, 2, 2]


def test_another_process_that_holds_the_file_costs_nobody_their_turn(paper):
    other = pysqlite3.connect(str(paper.file), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        with pytest.raises(Busy):
            write(paper, 1, patience=0.05)
    other.execute("ROLLBACK")
    other.close()
    write(paper, 2, patience=0.05)
    assert lines(paper) == [2]


def test_a_connection_that_is_lost_in_the_middle_loses_nobody_elses_turn(paper):
    with suppress(Exception), paper.transaction() as connection:
        connection.execute(text("INSERT INTO notes (line) VALUES (1)"))
        connection.invalidate()
    write(paper, 2, patience=0.05)
    assert lines(paper) == [2]


def test_reading_waits_for_no_turn(paper):
    with paper.transaction() as connection:
        connection.execute(text("INSERT INTO notes (line) VALUES (1)"))
        assert lines(paper) == []


def test_eight_who_wait_write_in_the_order_in_which_they_came(tmp_path, monkeypatch):
    made: list[Turns] = []

    class Watched(Turns):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(engine, "Turns", Watched)
    paper, waiting = connect(tmp_path / "shop.db"), []
    with paper.transaction() as connection:
        connection.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY, line INTEGER)"))
        for number in range(8):
            waiting.append(threading.Thread(target=write, args=(paper, number)))
            waiting[-1].start()
            while len(made[0]._waiting) <= number:
                time.sleep(0.001)
    for one in waiting:
        one.join()
    assert lines(paper) == list(range(8))
    paper.close()
