"""From one call everybody gets a good answer: what goes with the basket, what fits the hour, what is new to all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.small_shop import ASKED, EVENING, MORNING, Bakery, bakery

from goodwill import people
from goodwill.basics.clock import DAY, SECOND
from goodwill.basics.ids import hash64
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.decide.plan import Slot, Ways
from goodwill.people.columns import EventColumns
from goodwill.people.types import BOUGHT
from goodwill.shop import Shop
from goodwill.storage import Database

HOUR = 3_600 * SECOND
COFFEE = Context(basket=("coffee",))


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


@pytest.fixture
def shop(small: Bakery) -> Shop:
    return small.shop


def kinds(made: Decision) -> list[str]:
    return [choice.kind for choice in made.items]


def replayed(shop: Shop, made: Decision) -> bool:
    again = shop.explaining.replay(made.id)
    assert (again.cannot, again.differs) == ("", ())
    return again.same


# ---- what goes with the basket ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [None, "bruno", "chiara", "dev"])
def test_whoever_allows_nothing_or_has_no_history_gets_what_goes_with_the_basket(shop: Shop, who: str | None):
    made = shop.decide(who, count=2, context=COFFEE)
    assert not made.personalised
    assert made.used == ()
    assert kinds(made) == ["companion"] * 2
    assert {choice.product for choice in made.items} <= set(MORNING)
    assert "coffee" not in {choice.product for choice in made.items}
    for choice in made.items:
        assert [reason.text for reason in choice.because] == ["goes well with Coffee in your basket"]
        assert 0 < choice.covered < 1, "that it is bought often counted too, and is no thing in the basket"
    assert replayed(shop, made)


def test_what_is_looked_at_counts_like_what_is_held_and_is_told_as_that(shop: Shop):
    made = shop.decide(None, count=1, context=Context(viewing=("coffee",)))
    assert made.items[0].because[0].text == "goes well with Coffee, which you are looking at"


def test_nothing_of_an_anonymous_visitor_is_kept_as_hers(shop: Shop, small: Bakery):
    made = shop.decide("bruno", context=COFFEE)
    assert made.person is None
    assert shop.decisions("bruno") == []


def test_the_account_of_companions_adds_up_whoever_they_were_for(shop: Shop):
    for who in (None, "bruno", "amina"):
        made = shop.decide(who, count=5, context=COFFEE)
        account = shop.explaining.account(made.id)
        told = [choice.product for choice in made.items if choice.kind != "everyone"]
        assert [scales.product for scales in account.scales] == told
        assert all(scales.adds_up for scales in account.scales)
        companions = [scales for scales in account.scales if scales.kind == "companion"]
        assert companions
        assert {one.what for one in companions[0].weighed} == {"Coffee", "bought by many"}


def test_her_own_list_keeps_its_head_and_gives_its_last_usual_places_to_the_basket(shop: Shop):
    plain = shop.decide("c0", count=5)
    made = shop.decide("c0", count=5, context=Context(basket=("olives",)))
    assert made.personalised
    assert kinds(made).count("companion") == 1
    before = [one.item for one in plain.items if one.kind == "usual"]
    assert [one.item for one in made.items if one.kind == "usual"] == before[: kinds(made).count("usual")]
    assert replayed(shop, made)
    shop.planning.set_slot("cart", Slot(ways=Ways(companions_in_ten=0)))
    assert "companion" not in kinds(shop.decide("c0", slot="cart", count=3, context=Context(basket=("olives",))))


def test_a_sensitive_thing_has_no_companions_and_is_none(database: Database, tmp_path: Path, clock: FakeClock):
    made = bakery(database, tmp_path, clock, sensitive=("coffee",))
    shop = made.shop
    shop.learn()
    assert set(kinds(shop.decide(None, count=4, context=COFFEE))) == {"everyone"}
    held = shop.decide(None, count=10, context=Context(basket=("croissant",)))
    assert "coffee" not in {choice.product for choice in held.items}
    assert not any("Coffee" in reason.text for choice in held.items for reason in choice.because)
    shop.planning.set_slot("page", Slot(discreet=False))
    assert "companion" in kinds(shop.decide(None, slot="page", context=Context(viewing=("coffee",))))
    shop.close()


def test_a_pair_that_fewer_than_five_share_makes_no_companion(shop: Shop):
    """Truffles were only ever bought by Amina."""
    assert set(kinds(shop.decide(None, context=Context(basket=("B-8",))))) == {"everyone"}


def test_suspended_companions_leave_what_many_buy(shop: Shop):
    shop.planning.suspend("companions")
    assert set(kinds(shop.decide(None, count=3, context=COFFEE))) == {"everyone"}
    shop.planning.approve("companions")
    assert "companion" in kinds(shop.decide(None, count=3, context=COFFEE))


# ---- what fits the hour ----------------------------------------------------------------------------------------------


def test_at_the_hour_where_it_differs_visitors_get_what_is_bought_then(small: Bakery, clock: FakeClock):
    shop = small.shop
    come(small, clock)
    shop.learn()
    now = clock()
    evening = now // DAY * DAY + 18 * HOUR + 60 * SECOND
    clock.turn(seconds=(evening - now) // SECOND if evening > now else (evening + DAY - now) // SECOND)
    with shop.at_the_door() as door:
        models = shop.library.ready(door, shop.shelf(), shop.decide(None).as_of)
    assert models.moments.better.any()
    made = shop.decide(None, count=3)
    assert [choice.product for choice in made.items][:1] == ["olives"]
    assert made.items[0].because[0].text == "many people here buy it at this time of day"
    assert replayed(shop, made)
    shop.planning.suspend("moment")
    plain = shop.decide(None, count=3)
    assert {choice.because[0].text for choice in plain.items} == {"many people here buy it"}
    shop.planning.approve("moment")
    shop.grant("c1", "model-improvement", asked=ASKED, yes=False)
    assert shop.decide(None, count=3).footing.models != made.footing.models


def come(small: Bakery, clock: FakeClock) -> None:
    """Everybody comes every day for a month: at nine for coffee, at eighteen for olives."""
    shop = small.shop
    with shop.database.transaction() as connection:
        number = catalogue.ids_of(connection, ["coffee", "olives"])
        today = clock() // DAY
        lines = [
            (person, day * DAY + hour * HOUR + 60 * SECOND, day, number[thing])
            for name, person in small.person.items() if name.startswith("c") and name != "chiara"
            for day in range(today - 30, today) for hour, thing in ((9, "coffee"), (18, "olives"))
        ]  # fmt: skip
        people.log.append(
            connection,
            EventColumns(
                person=[line[0] for line in lines], type=[BOUGHT] * len(lines), at=[line[1] for line in lines],
                day=[line[2] for line in lines], product=[line[3] for line in lines], quantity=[1000] * len(lines),
                amount=[250] * len(lines), currency="EUR", reference=[hash64(line[0], line[1]) for line in lines],
                key=[hash64("come", *line) for line in lines], detail=[None] * len(lines),
            ),
        )  # fmt: skip


# ---- what nobody bought yet ------------------------------------------------------------------------------------------


def with_new_things(shop: Shop) -> None:
    """The bakery says more of its things, and has two that are new: a Danish of pastry, and a beer."""
    said = {**dict.fromkeys(MORNING[::2], "Pastry"), **dict.fromkeys(EVENING[2:], "Bar"), "juice": "Drinks",
            "coffee": "Drinks", "bread": "Loaves", "cheese": "Dairy"}  # fmt: skip
    with shop.database.transaction() as connection:
        things = [Product(external, tags=(word,)) for external, word in said.items()]
        things += [Product("danish", "Danish", category="food", tags=("Pastry",)),
                   Product("beer", "Beer", category="food", tags=("Bar",))]  # fmt: skip
        catalogue.upsert_many(connection, things)
    shop.learn()


def test_a_new_thing_comes_to_whom_it_suits_and_says_why(shop: Shop):
    with_new_things(shop)
    shop.planning.set_slot("home", Slot(ways=Ways(new_in_ten=4)))
    made = shop.decide("amina", count=5)
    cold = [choice for choice in made.items if choice.product in ("danish", "beer")]
    assert [choice.product for choice in cold] == ["danish"]
    assert cold[0].kind == "new"
    assert {reason.text for reason in cold[0].because} == {
        "like Croissant, which you buy: both are Pastry", "like Brioche, which you buy: both are Pastry",
    }  # fmt: skip
    assert made.used == ("purchases",)
    assert replayed(shop, made)
    account = shop.explaining.account(made.id)
    scales = next(one for one in account.scales if one.product == "danish")
    assert scales.adds_up
    assert {one.what for one in scales.weighed} == {"Croissant", "Brioche"}
    shop.planning.suspend("cold")
    assert "danish" not in {choice.product for choice in shop.decide("amina", count=5).items}
    assert replayed(shop, made), "the plan of then counts"


def test_with_one_place_for_something_new_it_goes_to_what_others_know(shop: Shop):
    with_new_things(shop)
    made = shop.decide("amina", count=5)
    assert kinds(made)[-1] == "new"
    assert made.items[-1].product != "danish"


def test_whoever_allows_nothing_gets_no_new_thing_chosen_for_them(shop: Shop):
    with_new_things(shop)
    for who in (None, "bruno"):
        assert "new" not in kinds(shop.decide(who, context=Context(new=3)))


def test_a_change_of_the_catalogues_words_is_learnt_anew_and_told_when_a_decision_is_replayed(shop: Shop):
    made = shop.decide("amina", count=5)
    with_new_things(shop)
    assert "catalogue has changed" in shop.explaining.replay(made.id).cannot
