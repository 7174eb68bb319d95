"""Four eyes: one asks, another approves; once, in a day, for exactly what was asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.conftest import FakeClock
from tests.staff.working import Member, cheaply, hired

from goodwill.app import create_shop
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.shop import Shop
from goodwill.shop.approvals import said
from goodwill.staff.refusals import CodeNeeded, NotAllowed
from goodwill.storage import Database, audit

WHY = "we move to another system"
SOME = {"people": [3, 1, 2]}


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    opened = cheaply(create_shop(tmp_path / "home", clock=clock, database=where, columns="database"))
    yield opened
    opened.close()


def as_(shop: Shop, member: Member) -> Shop:
    session = shop.staff.session(member.token)
    assert session
    return shop.acting(session.actor())


def used(shop: Shop, name: str, action: str = "export", people: object = (1, 2, 3)) -> None:
    people = list(people) if isinstance(people, tuple) else people
    with shop.change("people.export-many") as change:
        shop.staff.approvals.use(change.connection, name, action, {"people": people})


def test_what_one_asks_and_another_approves_is_done_once(shop):
    olga, rosa = hired(shop, "owner"), hired(shop, "reviewer")
    asked = as_(shop, olga).staff.approvals.ask("export", SOME, reason=WHY)
    assert (asked.state, asked.words, asked.parameters) == (
        "waits",
        "export the own copies of 3 people",
        {"people": [1, 2, 3]},
    )
    with pytest.raises(NotAllowed, match="waits"):
        used(as_(shop, olga), asked.id)
    approved = as_(shop, rosa).staff.approvals.approve(asked.id)
    assert (approved.state, approved.answered_by) == ("approved", f"staff {rosa.number}")
    used(as_(shop, olga), asked.id)
    with pytest.raises(NotAllowed, match="used"):
        used(as_(shop, olga), asked.id)
    (over,) = shop.staff.approvals.list()
    assert (over.state, over.parameters) == ("used", None)
    with shop.database.reading() as connection:
        told = [(line.action, line.outcome) for line in audit.lines(connection)][-5:]
    assert told == [
        ("approval.ask", "done"), ("people.export-many", "NotAllowed"), ("approval.approve", "done"),
        ("people.export-many", "done"), ("people.export-many", "NotAllowed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "people"), [("erase", (1, 2, 3)), ("export", (1, 2)), ("export", (1, 2, 3, 4)), ("export", "all")]
)
def test_an_approval_holds_for_exactly_what_was_asked(shop, action, people):
    olga, rosa = hired(shop, "owner"), hired(shop, "reviewer")
    name = as_(shop, olga).staff.approvals.ask("export", SOME, reason=WHY).id
    as_(shop, rosa).staff.approvals.approve(name)
    with pytest.raises(NotAllowed, match="something else"):
        used(as_(shop, olga), name, action, people)
    used(as_(shop, olga), name)


def test_an_approval_is_for_whoever_asked(shop):
    olga, rosa, pia = hired(shop, "owner"), hired(shop, "reviewer"), hired(shop, "privacy-officer")
    name = as_(shop, olga).staff.approvals.ask("export", SOME, reason=WHY).id
    as_(shop, rosa).staff.approvals.approve(name)
    for other in (as_(shop, pia), shop):
        with pytest.raises(NotAllowed, match="somebody else"):
            used(other, name)


def test_nobody_approves_alone_or_without_a_fresh_code_or_the_role(shop, clock):
    olga, rosa, mia = hired(shop, "owner"), hired(shop, "reviewer"), hired(shop, "marketer")
    asking = as_(shop, olga).staff.approvals
    name = asking.ask("export", SOME, reason=WHY).id
    for who in (as_(shop, olga), as_(shop, mia), shop):
        with pytest.raises(NotAllowed):
            who.staff.approvals.approve(name)
    with pytest.raises(NotAllowed):
        as_(shop, mia).staff.approvals.ask("export", SOME, reason=WHY)
    clock.turn(seconds=601)
    with pytest.raises(CodeNeeded):
        as_(shop, rosa).staff.approvals.approve(name)
    assert shop.staff.approvals.get(name).state == "waits"


def test_an_approval_is_late_after_a_day(shop, clock):
    olga, rosa = hired(shop, "owner"), hired(shop, "reviewer")
    first, second = (as_(shop, olga).staff.approvals.ask("export", SOME, reason=WHY).id for _ in range(2))
    as_(shop, rosa).staff.approvals.approve(first)
    clock.turn(days=1)
    rosa.sign_in()
    olga.sign_in()
    with pytest.raises(NotAllowed, match="late"):
        used(as_(shop, olga), first)
    with pytest.raises(Conflict):
        as_(shop, rosa).staff.approvals.approve(second)
    shop.staff.tidy()
    assert [one.parameters for one in shop.staff.approvals.list()] == [None, None]


def test_what_was_refused_stays_refused(shop):
    olga, rosa = hired(shop, "owner"), hired(shop, "reviewer")
    name = as_(shop, olga).staff.approvals.ask("erase", SOME, reason=WHY).id
    as_(shop, rosa).staff.approvals.refuse(name)
    for again in (as_(shop, rosa).staff.approvals.approve, as_(shop, rosa).staff.approvals.refuse):
        with pytest.raises(Conflict):
            again(name)
    with pytest.raises(NotAllowed, match="refused"):
        used(as_(shop, olga), name, "erase")
    with pytest.raises(NotFound):
        as_(shop, rosa).staff.approvals.approve("nothere")


def test_what_is_kept_of_a_question_names_nobody(shop):
    olga = hired(shop, "owner")
    as_(shop, olga).staff.approvals.ask("export", {"people": [7123456, 7123457]}, reason=WHY)
    with shop.database.reading() as connection:
        kept = repr(connection.execute(text("SELECT * FROM staff_approvals")).all())
    assert "7123456" not in kept


@pytest.mark.parametrize(
    "reason", ["", "short", "because because", "test test test", "..........", "aaaaaaaaaaaa", "n/a n/a n/a"]
)
def test_a_reason_says_something(reason):
    with pytest.raises(BadInput):
        said(reason)


def test_a_reason_is_kept_in_one_line():
    assert said("she asked\non the \x1b[2J phone") == "she asked on the [2J phone"
