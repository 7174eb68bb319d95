"""Four eyes are not got around by taking people one at a time: they are counted over a day, for the whole shop."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.staff.working import Member, cheaply, hired

from goodwill import people
from goodwill.access import SignedIn
from goodwill.app import create_shop
from goodwill.basics.errors import Refused
from goodwill.shop import Actor, Shop
from goodwill.staff.refusals import NotAllowed
from goodwill.storage import Database, audit

WHY = "they asked by letter, all of them"
SIX = [f"c{number}" for number in range(6)]


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    opened = cheaply(create_shop(tmp_path / "home", clock=clock, database=where, columns="database"))
    with opened.database.transaction() as connection:
        for name in SIX:
            ids = {"user_id": name, "email": f"{name}@example.org"}
            people.identify(connection, opened.cipher, ids, now=clock(), verified=True)
    yield opened
    opened.close()


def as_(shop: Shop, member: Member) -> Shop:
    session = shop.staff.session(member.token)
    assert session
    return shop.acting(session.actor())


def taken(acting: Shop, action: str, who: str, approval: str = "") -> None:
    if action == "erase":
        acting.erasure.erase(who, reason=WHY, approval=approval)
    elif acting.actor.name.startswith("key "):
        acting.copies.by_key(who, "json", by="key", approval=approval)
    else:
        acting.copies.one(who, "json", reason=WHY, approval=approval)


@pytest.mark.parametrize("action", ["export", "erase"])
@pytest.mark.parametrize("name", ["key k1", "command line"])
def test_the_fourth_person_in_a_day_needs_somebody_else(shop, clock, action, name):
    acting = shop.acting(Actor(name))
    for who in SIX[:3]:
        taken(acting, action, who)
    number = shop.known(SIX[3])
    with pytest.raises(NotAllowed, match=rf"goodwill approvals ask {action} id:{number} "):
        taken(acting, action, SIX[3])
    assert shop.find(SIX[3]) == number
    clock.turn(days=1, seconds=1)
    taken(acting, action, SIX[3])
    with shop.database.reading() as connection:
        assert [line.outcome for line in audit.latest(connection, 9, action=f"people.{action}-alone", actor=name)] == [
            "done", "NotAllowed", "done", "done", "done",
        ]  # fmt: skip


@pytest.mark.parametrize("action", ["export", "erase"])
def test_another_key_or_account_gains_nothing(shop, action):
    olga, odo = as_(shop, hired(shop, "owner")), as_(shop, hired(shop, "owner", "odo@shop.example"))
    for acting, who in zip((shop.acting(Actor("key k1")), shop.acting(Actor("key k2")), olga), SIX, strict=False):
        taken(acting, action, who)
    for acting in (shop.acting(Actor("key k3")), shop.acting(Actor("command line")), odo):
        with pytest.raises(NotAllowed, match="whoever of the shop does it"):
            taken(acting, action, SIX[3])
    if action == "export":
        taken(shop.acting(Actor("command line")), action, SIX[0])  # who was counted already is not counted again


def test_the_same_person_again_is_counted_once_and_export_and_erasure_apart(shop):
    acting = shop.acting(Actor("key k1"))
    for who in (SIX[0], SIX[0], SIX[0], SIX[0], SIX[1], SIX[2]):
        taken(acting, "export", who)
    for who in SIX[:3]:
        taken(acting, "erase", who)


def test_with_the_approval_of_somebody_else_one_more_is_done_by_staff_or_a_key(shop, clock):
    olga, rosa = hired(shop, "owner"), hired(shop, "reviewer")
    key = shop.acting(Actor("key k1"))
    for who in SIX[:3]:
        taken(key, "export", who)
    for acting in (as_(shop, olga), key):
        with pytest.raises(NotAllowed, match="second pair of eyes"):
            taken(acting, "export", SIX[3])
        asked = as_(shop, olga).staff.approvals.ask("export", {"people": [int(shop.known(SIX[3]))]}, reason=WHY)
        with pytest.raises(NotAllowed, match="waits"):
            taken(acting, "export", SIX[3], asked.id)
        as_(shop, rosa).staff.approvals.approve(asked.id)
        with pytest.raises(NotAllowed, match="something else"):
            taken(acting, "export", SIX[4], asked.id)
        taken(acting, "export", SIX[3], asked.id)
        with pytest.raises(NotAllowed, match="used"):
            taken(acting, "export", SIX[3], asked.id)


def test_what_customers_ask_for_themselves_is_not_counted(shop, clock):
    acting = shop.acting(Actor("command line"))
    asked = [acting.rights.open("erase", who=who, signed_in=True).id for who in SIX]
    with pytest.raises(Refused, match="waits until"):
        acting.rights.fulfil(asked[0])
    clock.turn(days=2)
    for one in asked:
        assert acting.rights.fulfil(one).outcome == "erased"


def test_the_shop_says_how_many_and_none_means_always_four_eyes(tmp_path, clock):
    made = create_shop(tmp_path / "home", clock=clock, alone_a_day=0)
    with made.database.transaction() as connection:
        people.identify(connection, made.cipher, {"user_id": "c0"}, now=clock())
    with pytest.raises(NotAllowed, match="more than 0 people"):
        taken(made.acting(Actor("command line")), "export", "c0")
    made.close()


def test_everybody_is_exported_a_line_each_once_somebody_else_approved_it(shop):
    olga, rosa = hired(shop, "owner"), hired(shop, "reviewer")
    shop.erasure.erase(SIX[5], reason=WHY)
    with shop.database.transaction() as connection:
        broken = {"name": ("contact", "two\nlines and \u2028 more")}
        people.set_profile(connection, shop.cipher, shop.known("c0"), broken, now=shop.clock())
    for acting in (as_(shop, olga), shop.acting(Actor("command line")), shop.acting(Actor("key k1"))):
        with pytest.raises(NotAllowed, match="goodwill approvals ask export ALL"):
            acting.copies.everybody(reason=WHY)
    some = as_(shop, olga).staff.approvals.ask("export", {"people": [1, 2]}, reason=WHY)
    asked = as_(shop, olga).staff.approvals.ask("export", {"people": "all"}, reason=WHY)
    for one in (some, asked):
        as_(shop, rosa).staff.approvals.approve(one.id)
    with pytest.raises(NotAllowed, match="something else"):
        as_(shop, olga).copies.everybody(reason=WHY, approval=some.id)
    lines = b"".join(as_(shop, olga).copies.everybody(reason=WHY, approval=asked.id)).split(b"\n")
    assert lines.pop() == b""
    whole = [json.loads(line) for line in lines]
    assert len(whole) == 5
    for name, one, line in zip(SIX, whole, lines, strict=False):
        assert f"{name}@example.org" in line.decode()
        alone = json.loads(b"".join(shop.copies.made(SignedIn(shop.known(name), "test"), "json")))
        assert one.keys() == alone.keys()
    with pytest.raises(NotAllowed, match="used"):
        as_(shop, olga).copies.everybody(reason=WHY, approval=asked.id)
    with shop.database.reading() as connection:
        told = audit.latest(connection, 50, actor=f"staff {olga.number}", action="person.export")
    assert len(told) == 5
