"""The audit log: a change and its line are committed together; a try that was refused leaves a line too."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.small_shop import ASKED, bakery

from goodwill.basics.errors import BadInput, NotFound
from goodwill.shop import Actor, Shop
from goodwill.storage import Database, audit

TILL = Actor("staff 1", "she asked at the till")


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made = bakery(database, tmp_path, clock)
    yield made.shop.acting(TILL)
    made.shop.close()


def lines(shop: Shop) -> list[audit.Line]:
    with shop.database.reading() as connection:
        return audit.lines(connection)


def test_a_change_leaves_one_line_that_says_who_what_about_whom_and_why(shop: Shop) -> None:
    shop.grant("amina", "recommendations", asked=ASKED, yes=False)
    (line,) = lines(shop)
    assert (line.position, line.actor, line.action, line.outcome) == (1, "staff 1", "consent.withdraw", "done")
    assert (line.person, line.reason) == (shop.known("amina"), "she asked at the till")
    # The last row of the ledger that came with it: a ledger that lost it is found out.
    assert line.detail == {"purpose": "recommendations", "ledger": shop.consents("amina")[-1].position}


def test_a_try_that_was_refused_leaves_a_line_and_changes_nothing(shop: Shop) -> None:
    with pytest.raises(BadInput):
        shop.grant("amina", "recommendations", ["contact"], asked=ASKED)
    (line,) = lines(shop)
    assert (line.action, line.outcome, line.person) == ("consent.grant", "BadInput", shop.known("amina"))


def test_lines_can_be_asked_for_by_person_and_go_on_from_a_position(shop: Shop) -> None:
    for name in ("amina", "bruno", "amina"):
        shop.grant(name, "recommendations", asked=ASKED)
    with shop.database.reading() as connection:
        assert [line.position for line in audit.lines(connection, person=shop.known("amina"))] == [1, 3]
        assert [line.position for line in audit.lines(connection, after=1, limit=1)] == [2]


def test_a_name_that_no_database_can_keep_is_refused(shop: Shop) -> None:
    with pytest.raises(BadInput, match="cannot be kept"), shop.database.transaction() as connection:
        audit.note(connection, Actor("a\0b"), audit.Entry("consent.grant"), now=1)


def test_what_fails_half_way_leaves_nothing_but_its_line(shop: Shop) -> None:
    with pytest.raises(NotFound), shop.change("person.note", about=shop.known("amina")) as change:
        audit.note(change.connection, TILL, audit.Entry("inner"), now=1)
        raise NotFound("made up")
    assert [(line.action, line.outcome) for line in lines(shop)] == [("person.note", "NotFound")]
