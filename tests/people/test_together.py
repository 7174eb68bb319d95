"""A whole file of customers is known as its rows would be, one after the other."""

import random

import pytest

from goodwill import people
from goodwill.people import canonical, identify
from goodwill.people.circle import circle_of, remembering
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


@pytest.mark.parametrize("seed", range(8))
def test_whoever_remembers_whom_she_met_meets_the_same_people(database, cipher, clock, seed):
    rows = [
        {kind: Id(text, canonical(kind, text)) for kind, text in ids.items()}
        for ids in invented(random.Random(seed), 60)
    ]
    with pytest.raises(TakenBackError), database.transaction() as connection:
        pieces = [identify_rows(connection, cipher, rows[n : n + 20], now=clock()) for n in (0, 20, 40)]
        raise TakenBackError
    with database.transaction() as connection, remembering(connection):
        again = [identify_rows(connection, cipher, rows[n : n + 20], now=clock()) for n in (0, 20, 40)]
    flat, flat_again = ([one for piece in some for one in piece] for some in (pieces, again))
    assert groups([one.person for one in flat]) == groups([one.person for one in flat_again])
    assert [one.new for one in flat] == [one.new for one in flat_again]


def test_one_who_was_met_is_not_looked_up_again(database, cipher, clock, monkeypatch):
    row = {"email": Id("amina@example.org", "amina@example.org")}
    asked = []
    with database.transaction() as connection:
        with remembering(connection):
            met = identify_rows(connection, cipher, [row, row], now=clock())
            monkeypatch.setattr(people.index, "lookups", lambda *_: asked.append("look-up"))
            assert identify_rows(connection, cipher, [dict(row)], now=clock())[0].person == met[0].person
        assert [one.new for one in met] == [True, False]
        assert asked == []
        assert circle_of(connection).persons == {}, "it remembers beyond its block"


def test_facts_of_somebody_who_was_made_just_now_are_written_and_compared(database, cipher, clock):
    row = {"user_id": Id("dev", "dev")}
    with database.transaction() as connection, remembering(connection):
        dev = identify_rows(connection, cipher, [row], now=clock())[0].person
        for city, changed in (("Bonn", 1), ("Bonn", 0), ("Bari", 1)):
            done = people.set_facts(connection, cipher, {(dev, "city"): ("profile", city)}, now=clock())
            assert done.changed == changed
    with database.transaction() as connection:
        assert people.set_facts(connection, cipher, {(dev, "city"): ("profile", "Bari")}, now=clock()).unchanged == 1


def test_a_row_without_an_id_is_about_nobody(database, cipher, clock):
    with database.transaction() as connection:
        assert identify_rows(connection, cipher, [{}], now=clock()) == [None]
        assert identify_rows(connection, cipher, [], now=clock()) == []
