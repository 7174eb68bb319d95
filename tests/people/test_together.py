"""A whole file of customers is known as its rows would be, one after the other."""

import random

import pytest

from goodwill.people import canonical, identify
from goodwill.people.together import Id, identify_rows

KINDS = ("user_id", "email", "phone")


def invented(chance, rows):
    """Rows that share few ids among many, so that they meet, cross and contradict each other."""
    values = {
        "user_id": [f"u{n}" for n in range(6)],
        "email": [f"e{n}@example.org" for n in range(6)] + ["E1@Example.org"],
        "phone": [f"+4930123456{n}" for n in range(4)],
    }
    some = [{kind: chance.choice(values[kind]) for kind in KINDS if chance.random() < 0.6} for _ in range(rows)]
    return [ids for ids in some if ids]


def groups(persons):
    """Which rows are about one person, whatever her number."""
    first = {}
    return [first.setdefault(person, place) for place, person in enumerate(persons)]


class TakenBackError(Exception):
    pass


@pytest.mark.parametrize("seed", range(8))
def test_many_rows_at_once_give_the_people_that_one_after_the_other_gives(database, cipher, clock, seed):
    chance = random.Random(seed)
    before, rows = invented(chance, 5), invented(chance, 40)
    with database.transaction() as connection:
        for ids in before:
            identify(connection, cipher, ids, now=clock())
    one_by_one = []
    with pytest.raises(TakenBackError), database.transaction() as connection:
        one_by_one = [identify(connection, cipher, ids, now=clock()) for ids in rows]
        raise TakenBackError
    named = [{kind: Id(text, canonical(kind, text)) for kind, text in ids.items()} for ids in rows]
    with database.transaction() as connection:
        met = identify_rows(connection, cipher, named, now=clock(), import_id=7)
        again = identify_rows(connection, cipher, named, now=clock(), import_id=8)
    together = [one.person for one in met]
    assert groups(together) == groups(one_by_one)
    known = set(one_by_one) & set(together)  # those who were there before have kept their numbers
    assert [one in known for one in one_by_one] == [one in known for one in together]
    assert [one.person for one in again] == together
    assert not any(one.new for one in again)


def test_a_row_without_an_id_is_about_nobody(database, cipher, clock):
    with database.transaction() as connection:
        assert identify_rows(connection, cipher, [{}], now=clock()) == [None]
        assert identify_rows(connection, cipher, [], now=clock()) == []
