"""Somebody leaves the shop's letters, or calls one spam: what was shown to her is worth less for it; over HTTP."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.conftest import FakeClock
from tests.small_shop import ASKED, Bakery, bakery

from goodwill.access import SignedIn
from goodwill.decide.plan import Offer, Rewards, Slot
from goodwill.learn.arms import UNIT
from goodwill.people.types import event_type
from goodwill.purposes import EMAIL_MARKETING, OFFERS
from goodwill.rights.ratchet import Less
from goodwill.shop import Shop, Who
from goodwill.web.application import application
from goodwill.web.keys import create_key

COST = 2000 * UNIT // 1000  # what leaving costs, and a complaint, where a reward of 1 is 10.00


class World:
    """A shop with one offer, and its callers."""

    def __init__(self, small: Bakery, clock: FakeClock, client: TestClient[Any]) -> None:
        self.small, self.shop, self.clock, self.client = small, small.shop, clock, client
        with self.shop.database.transaction() as connection:
            now = self.shop.clock()
            self.key = create_key(connection, "till", ["decide", "consent"], now=now).text
            self.collects = create_key(connection, "mail-service", ["collect"], now=now).text
            self.page = create_key(
                connection, "pages", ["collect"], now=now, public=True, origins=["https://shop.example"]
            ).text

    def shows(self, name: str) -> dict[str, Any]:
        body = {"person": {"user_id": name}, "slot": "deals", "count": 1}
        headers = {"Authorization": f"Bearer {self.key}"}
        answer: dict[str, Any] = (
            self.client.post("/api/v1/decide", json=body, headers=headers).raise_for_status().json()
        )
        assert [item["product"] for item in answer["items"]] == ["ten"]
        return answer

    def leaves(self, name: str, purpose: str = EMAIL_MARKETING) -> None:
        """As a mail program does it when its own button is pressed (RFC 8058)."""
        link = self.shop.links.to(self.small.person[name], Less.WITHDRAW, purpose)
        path = link.removeprefix(self.shop.settings.reached_at)
        assert self.client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200

    def tells(self, event: str, key: str | None = None, **message: Any) -> dict[str, Any]:
        headers = {"authorization": "Basic " + b64encode(f"{key or self.collects}:".encode()).decode()}
        body = {"event": event, "messageId": f"m-{event}-{self.clock()}", **message}
        told = self.client.post("/v1/track", content=json.dumps(body).encode(), headers=headers).json()
        found: dict[str, Any] = told["results"][0]
        return found

    def worth(self) -> int:
        """What came of the offer altogether, in 1/256 of a reward, once all time is over."""
        self.clock.turn(days=20)
        self.shop.settle()
        total = self.shop.caught_up("offers")
        assert total.sums.hash == self.shop.rebuilt("offers").hash
        always, one = total.sums.array("rx")[0][0], UNIT  # the first trait is the same for everybody: 1
        return int(always) // one

    def told(self, name: str) -> list[str]:
        own = self.shop.own(SignedIn(self.small.person[name], by="test"))
        return [event.detail or "" for event in own.events if event.type == "told"]


@pytest.fixture
def small(database: Any, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=furnish)
    yield made
    made.shop.close()


def furnish(shop: Shop) -> None:
    shop.learn()
    for name in ("amina", "c0", "c1"):
        for purpose in (OFFERS, EMAIL_MARKETING):
            shop.grant(name, purpose, asked=ASKED)
    shop.planning.set_slot("deals", Slot(kind="offers", count=1))
    shop.planning.set_rewards("deals", Rewards(days=7, one=1000))
    shop.planning.new_offer("ten", Offer("Ten off", "Ten percent off everything.", percent=10))
    shop.planning.approve("offer-ten")
    shop.planning.start_offer("ten")


@pytest.fixture
def world(small: Bakery, clock: FakeClock) -> Iterator[World]:
    with TestClient(application(small.shop)) as client:
        yield World(small, clock, client)


def test_leaving_by_the_link_in_a_letter_costs_what_was_shown_before(world: World):
    for name in ("amina", "c0"):
        world.shows(name)
    world.clock.turn(days=3)
    world.leaves("amina")
    world.leaves("amina")
    assert world.told("amina") == ['{"letters": "unsubscribe"}'], "pressed twice it is once"
    assert not world.shop.can("amina", EMAIL_MARKETING).allowed
    assert world.worth() == -COST, "hers alone"


def test_what_is_over_or_came_later_costs_nothing(world: World):
    world.shows("amina")
    world.clock.turn(days=8)
    world.leaves("amina")
    world.clock.turn(days=1)
    world.shows("amina")
    assert world.worth() == 0


def test_a_complaint_that_the_mail_service_tells_of_costs_once_and_stops_the_letters(world: World):
    world.shows("amina")
    world.clock.turn(seconds=60)
    assert world.tells("Email Marked as Spam", userId="amina")["status"] == "taken"
    assert world.tells("Unsubscribed", userId="amina")["status"] == "taken"
    assert world.told("amina") == ['{"letters": "complaint"}', '{"letters": "unsubscribe"}']
    assert not world.shop.can("amina", EMAIL_MARKETING).allowed
    (row,) = [row for row in world.shop.consents("amina") if row.state == "withdrawn" and row.category == "contact"]
    assert (row.purpose, row.evidence) == (EMAIL_MARKETING, "claimed")
    assert world.worth() == -COST, "the dearer of both, not both"


def test_who_is_meant_may_be_said_by_her_address(world: World):
    with world.shop.change("person.identify") as change:
        from goodwill import people

        people.identify(
            change.connection, world.shop.cipher, {"user_id": "c0", "email": "c0@example.org"}, now=world.shop.clock()
        )
    world.shows("c0")
    told = world.tells("Email Marked as Spam", userId="mail-17", context={"traits": {"email": "C0@example.org"}})
    assert told["status"] == "taken"
    assert not world.shop.can("c0", EMAIL_MARKETING).allowed
    assert world.shop.find(Who(user_id="mail-17")) is None, "nobody is made by it"


@pytest.mark.parametrize(("key", "message", "rule"), [
    ("page", {"userId": "amina"}, "unsigned-user"),
    ("page", {"anonymousId": "amina"}, "unsigned-user"),
    ("collects", {"userId": "nobody-knows"}, "nobody"),
    ("collects", {}, "no-id"),
])  # fmt: skip
def test_nobody_but_the_shops_own_server_says_it_and_only_of_whom_is_known(world: World, key, message, rule):
    assert world.tells("Unsubscribed", getattr(world, key), **message)["rule"] == rule
    assert world.shop.can("amina", EMAIL_MARKETING).allowed


@pytest.mark.parametrize("category", ["preferences", "engagement"])
def test_who_does_not_allow_that_it_is_learned_from_is_obeyed_and_counted_nowhere(world: World, category: str):
    world.shop.grant("c1", OFFERS, [category], asked=ASKED, yes=False)
    world.shows("c1")
    world.clock.turn(seconds=60)
    world.leaves("c1")
    assert world.tells("Email Marked as Spam", userId="c1")["status"] == "taken"
    assert world.told("c1") == []
    assert not world.shop.can("c1", EMAIL_MARKETING).allowed
    assert world.worth() == 0


def test_who_got_no_letters_leaves_none_and_another_purpose_is_no_letter(world: World):
    world.shows("amina")
    world.clock.turn(seconds=60)
    world.leaves("amina", OFFERS)
    world.shop.grant("dev", OFFERS, asked=ASKED)
    world.shop.grant("dev", EMAIL_MARKETING, asked=ASKED, yes=False)
    assert world.told("amina") == world.told("dev") == []


def test_a_no_said_over_the_api_is_leaving_too(world: World):
    world.shows("amina")
    world.clock.turn(seconds=60)
    body = {"person": {"user_id": "amina"}, "purpose": EMAIL_MARKETING, "yes": False, "asked": {"how": "phone"}}
    headers = {"Authorization": f"Bearer {world.key}"}
    world.client.post("/api/v1/consent", json=body, headers=headers).raise_for_status()
    assert world.worth() == -COST


def test_her_word_goes_with_her(world: World):
    world.shows("amina")
    world.clock.turn(seconds=60)
    world.leaves("amina")
    world.shop.grant("amina", OFFERS, asked=ASKED, yes=False)
    assert world.worth() == 0
    world.shop.erasure.erase("amina")
    with world.shop.database.reading() as connection:
        from goodwill.people.tables import events

        told = events.select().where(events.c.type == event_type("told").code)
        assert connection.execute(told).all() == []
