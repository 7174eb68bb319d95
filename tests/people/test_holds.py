"""Mark, settle, erase: who is held counts in nothing, and history changes only when every total knows."""

import pytest
from sqlalchemy import literal, select

from goodwill.basics.errors import Conflict
from goodwill.people import holds
from goodwill.people.tables import holds as rows
from goodwill.storage import AsOf, Kept
from goodwill.storage.kept import keep

AMINA, BRUNO, CHIARA = 1, 2, 3
NOW = 1_795_338_000_000_000


def hold(database, persons, reason="erasure"):
    with database.transaction() as connection:
        return holds.hold(connection, persons, reason, now=NOW)


def release(database, persons, reason="erasure"):
    with database.transaction() as connection:
        return holds.release(connection, persons, reason, now=NOW)


def said(database):
    with database.reading() as connection:
        return [
            (row.id, row.person, row.held, row.reason) for row in connection.execute(select(rows).order_by(rows.c.id))
        ]


def settled(database, name, upto):
    with database.transaction() as connection:
        keep(connection, Kept(name, "model-improvement", AsOf(0, 0, upto, NOW), 10, "r", "h", "f"))


def check(database, *persons):
    concerned = select(literal(persons[0]).label("person"))
    with database.reading() as connection:
        holds.check_settled(connection, concerned.union_all(*(select(literal(person)) for person in persons[1:])))


def test_holds_and_releases_are_numbered_rows_that_only_grow(database):
    assert hold(database, [CHIARA, AMINA]) == 2
    assert release(database, [AMINA]) == 3
    assert said(database) == [(1, AMINA, 1, "erasure"), (2, CHIARA, 1, "erasure"), (3, AMINA, 0, "erasure")]
    with database.reading() as connection:
        assert holds.last_id(connection) == 3


def test_holding_twice_for_one_reason_adds_nothing_and_tells_the_same_number(database):
    assert hold(database, [CHIARA]) == hold(database, [CHIARA]) == 1
    assert len(said(database)) == 1


def test_releasing_who_is_not_held_adds_nothing(database):
    assert release(database, [BRUNO]) == 0
    hold(database, [BRUNO], "restriction")
    release(database, [BRUNO], "erasure")
    assert said(database) == [(1, BRUNO, 1, "restriction")]


def test_the_last_row_says_held_as_long_as_one_reason_is_left(database):
    hold(database, [CHIARA], "restriction")
    hold(database, [CHIARA], "undo of import 3")
    release(database, [CHIARA], "undo of import 3")
    assert said(database)[-1][1:] == (CHIARA, 1, "restriction")
    release(database, [CHIARA], "restriction")
    assert said(database)[-1][1:] == (CHIARA, 0, "restriction")


def test_history_stands_while_somebody_is_not_held(database):
    hold(database, [CHIARA])
    check(database, CHIARA)
    with pytest.raises(Conflict, match="1 of the people"):
        check(database, CHIARA, AMINA)
    release(database, [CHIARA])
    with pytest.raises(Conflict, match="not held"):
        check(database, CHIARA)


def test_history_stands_until_every_total_has_settled_and_the_message_names_those_behind(database):
    settled(database, "usual", 0)
    settled(database, "affinity", 0)
    needed = hold(database, [CHIARA])
    settled(database, "usual", needed)
    with pytest.raises(Conflict, match="affinity") as error:
        check(database, CHIARA)
    assert "usual" not in str(error.value)
    settled(database, "affinity", needed)
    check(database, CHIARA)


def test_a_hold_of_somebody_else_later_does_not_keep_history_standing(database):
    settled(database, "usual", hold(database, [CHIARA]))
    hold(database, [BRUNO])
    check(database, CHIARA)
    with pytest.raises(Conflict, match="usual"):
        check(database, CHIARA, BRUNO)


def test_many_are_held_at_once(database):
    assert hold(database, range(1, 12_001)) == 12_000
    assert release(database, range(1, 12_001)) == 24_000
