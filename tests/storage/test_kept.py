"""Kept totals come back as they were put, and every reading of personal data is counted."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from goodwill.storage import AsOf, Kept
from goodwill.storage.kept import Read, keep, kept, note_read, reads_of

USUAL = Kept("usual", "model-improvement", AsOf(3, 5, 0, 1_700_000_000_000_000), 12, "v1;days=90", "ab" * 32, "u.npz")
FAR = AsOf(2**63 - 1, 2**63 - 1, 2**63 - 1, 2**63 - 1)


def test_a_kept_total_comes_back_as_it_was(database):
    affinity = replace(USUAL, name="affinity", as_of=FAR, people=2**62, file="ü/ä.npz")
    with database.transaction() as connection:
        keep(connection, USUAL)
        keep(connection, affinity)
    with database.reading() as connection:
        assert kept(connection) == [affinity, USUAL]
        assert kept(connection, "usual") == [USUAL]
        assert kept(connection, "nobody's") == []


def test_a_later_total_takes_the_place_of_the_earlier(database):
    later = Kept("usual", "measurement", AsOf(9, 8, 7, 6), 13, "v2", "cd" * 32, "v.npz")
    with database.transaction() as connection:
        keep(connection, USUAL)
        keep(connection, later)
        assert kept(connection) == [later]


def test_a_total_kept_in_a_failed_transaction_is_not_kept(database):
    with database.transaction() as connection:
        keep(connection, USUAL)
        connection.rollback()
    with database.reading() as connection:
        assert kept(connection) == []


def test_two_may_keep_the_same_total_at_once(database):
    def keep_it(people):
        with database.transaction() as connection:
            keep(connection, replace(USUAL, people=people))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep_it, range(16)))
    with database.reading() as connection:
        assert len(kept(connection)) == 1


READING: dict[str, Any] = {
    "day": 20_000,
    "person": 7,
    "purpose": "recommendations",
    "verb": "one",
    "categories": "purchases",
}


def test_the_same_reading_on_the_same_day_counts_up_one_line(database):
    for at in (100, 200, 300):
        with database.transaction() as connection:
            note_read(connection, **READING, people=1, at=at, position=at // 10)
    with database.reading() as connection:
        assert reads_of(connection, 7) == [Read(**READING, times=3, people=1, first_at=100, last_at=300, position=30)]


@pytest.mark.parametrize(
    "other",
    [{"day": 20_001}, {"person": 8}, {"purpose": "offers"}, {"verb": "own"}, {"categories": "browsing,purchases"}],
)
def test_another_reading_is_another_line(database, other):
    with database.transaction() as connection:
        note_read(connection, **READING, people=1, at=1, position=1)
        note_read(connection, **{**READING, **other}, people=1, at=2, position=2)
    with database.reading() as connection:
        lines = [line for person in (7, 8) for line in reads_of(connection, person)]
    assert [line.times for line in lines] == [1, 1]


def test_a_person_sees_her_own_lines_only_newest_day_first(database):
    with database.transaction() as connection:
        for day, person, verb in ((1, 7, "one"), (3, 7, "one"), (3, 7, "each"), (2, 0, "total"), (2, 8, "one")):
            note_read(connection, **{**READING, "day": day, "person": person, "verb": verb}, people=1, at=1, position=1)
        assert [(line.day, line.verb) for line in reads_of(connection, 7)] == [(3, "each"), (3, "one"), (1, "one")]


def test_readings_noted_at_once_are_all_counted(database):
    def note(at):
        with database.transaction() as connection:
            note_read(connection, **READING, people=1, at=at, position=1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(note, range(40)))
    with database.reading() as connection:
        (line,) = reads_of(connection, 7)
    assert line.times == 40
