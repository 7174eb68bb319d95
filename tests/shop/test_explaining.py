"""A decision can be made again byte for byte, and gives exact account of itself; never from what was taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.conftest import FakeClock
from tests.small_shop import ASKED, MORNING, Bakery, bakery

from goodwill import people
from goodwill.access import SignedIn
from goodwill.basics.errors import Conflict, Refused
from goodwill.basics.ids import hash64
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide import account as account_room
from goodwill.decide import record
from goodwill.decide.account import weighing_of
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.decide.plan import Arm, Slot, Ways
from goodwill.people.columns import EventColumns
from goodwill.people.types import BOUGHT
from goodwill.shop import Shop
from goodwill.storage import Database


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


@pytest.fixture
def shop(small: Bakery) -> Shop:
    return small.shop


def buys(small: Bakery, name: str, product: str, clock: FakeClock) -> None:
    day = clock() // 86_400_000_000
    with small.shop.database.transaction() as connection:
        number = catalogue.ids_of(connection, [product])[product]
        people.log.append(
            connection,
            EventColumns(
                person=[small.person[name]], type=[BOUGHT], at=[clock()], day=[day], product=[number], quantity=[1000],
                amount=[250], currency="EUR", reference=[hash64(name, product, clock())],
                key=[hash64("again", name, product, clock())], detail=[None],
            ),
        )  # fmt: skip


CASES: dict[str, dict[str, Any]] = {
    "amina": {},
    "four and a basket": {"count": 4, "context": Context(basket=("coffee",), viewing=("bread",))},
    "nothing new": {"count": 5, "context": Context(new=0)},
    "impersonal": {"context": Context(personal=False)},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("who", ["amina", "bruno", "chiara", "dev", "c3", None])
def test_every_decision_comes_out_the_same_byte_for_byte(shop: Shop, case: str, who: str | None):
    made = shop.decide(who, **CASES[case])
    again = shop.explaining.replay(made.id)
    assert (again.same, again.cannot, again.differs) == (True, "", ())
    assert again.made == again.written == record.encoded(made)


def test_it_comes_out_the_same_in_another_process_and_after_much_has_happened(small: Bakery, clock: FakeClock):
    from goodwill.app import open_shop

    shop = small.shop
    made = shop.decide("amina", count=6)
    clock.turn(days=1)
    shop.planning.set_slot("home", Slot(count=3, ways=Ways(new_in_ten=9)))
    shop.planning.hold_out(50)
    shop.planning.suspend("usual")
    shop.planning.care("amina", "health")
    for name in ("amina", "c1", "c2", "bruno"):
        buys(small, name, "juice" if name == "amina" else "wine", clock)
    shop.settle()
    assert shop.settle().hash[:12] != made.footing.models, "the models have moved on"
    assert shop.explaining.replay(made.id).same
    shop.learn()
    assert shop.explaining.replay(made.id).same
    with open_shop(
        shop.folder,
        clock=clock,
    ) as other:
        assert other.explaining.replay(made.id).same


def test_what_somebody_took_back_is_not_used_again_even_to_check_a_decision(small: Bakery, clock: FakeClock):
    shop = small.shop
    made = shop.decide("amina", count=5)
    shop.grant("c5", "model-improvement", asked=ASKED, yes=False)
    again = shop.explaining.replay(made.id)
    assert not again.same
    assert "taken her yes back" in again.cannot
    assert again.written == record.encoded(made)
    with pytest.raises(Refused):
        shop.explaining.account(made.id)
    clock.turn(seconds=1)
    shop.grant("c5", "model-improvement", asked=ASKED, yes=True)
    assert shop.explaining.replay(made.id).same, "she gave it again"


def test_of_what_she_took_back_herself_nothing_is_worked_out_for_anybody(small: Bakery):
    shop = small.shop
    made = shop.decide("amina", count=5)
    written = shop.explaining.for_auditor(made.id)["record"]
    shop.grant("amina", "recommendations", asked=ASKED, yes=False)
    before = shop.own(SignedIn(small.person["amina"], by="test")).reads
    again = shop.explaining.replay(made.id)
    assert (again.same, again.made) == (False, "")
    assert "taken back since" in again.cannot
    staff = shop.explaining.for_staff(made.id)
    assert (staff.account, staff.made) == (None, made)
    assert "taken back since" in staff.cannot
    document = shop.explaining.for_auditor(made.id)
    assert document["record"] == written, "as it was written"
    assert "account" not in document
    assert "taken back since" in document["replay"]["cannot"]
    with pytest.raises(Refused):
        shop.explaining.account(made.id)
    after = shop.own(SignedIn(small.person["amina"], by="test")).reads
    assert not [one for one in set(after) - set(before) if "replay" in one.purpose], "and nobody read her purchases"


def test_what_was_read_and_not_used_is_not_read_again_either(small: Bakery):
    shop = small.shop
    made = shop.decide("amina", count=3, context=Context(personal=False))
    assert made.person is not None
    assert made.used == ()
    assert shop.explaining.replay(made.id).same
    shop.grant("amina", "recommendations", ["purchases"], asked=ASKED, yes=False)
    assert "taken back since" in shop.explaining.replay(made.id).cannot


def test_a_changed_catalogue_is_told(shop: Shop):
    made = shop.decide("amina", count=5)
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("new", "Something new", category="food")])
    shop.learn()
    assert "catalogue has changed" in shop.explaining.replay(made.id).cannot


def test_a_record_that_was_tampered_with_is_noticed(small: Bakery, monkeypatch: pytest.MonkeyPatch):
    shop = small.shop
    made = shop.decide("amina", count=4)
    whole = record.encoded(made)
    spoilt = replace(made, items=(replace(made.items[0], score=0.9), *made.items[1:]))
    monkeypatch.setattr(record, "read_raw", lambda *_: (spoilt, record.encoded(spoilt)))
    again = shop.explaining.replay(made.id)
    assert (again.same, again.differs) == (False, ("items",))
    assert again.made == whole


# ---- the account -----------------------------------------------------------------------------------------------------


def test_contributions_add_up_exactly_and_what_counted_against_it_shows(shop: Shop):
    made = shop.decide("amina", count=6, context=Context(new=2))
    account = shop.explaining.account(made.id)
    assert [one.product for one in account.scales] == [choice.product for choice in made.items]
    for scales, choice in zip(account.scales, made.items, strict=True):
        assert scales.adds_up
        assert scales.score == choice.score
        assert all(one.weight < 0 for one in scales.against)
        positive = sum(one.weight for one in scales.weighed if one.weight > 0)
        if choice.kind == "new":
            assert sum(one.weight for one in scales.weighed) == pytest.approx(choice.score, abs=2e-9)
            for reason in choice.because:
                thing = next(one for one in scales.weighed if reason.text == f"you buy {one.what}")
                assert reason.share == pytest.approx(thing.weight / positive, abs=1e-8)


def test_the_counterfactual_is_true(small: Bakery, clock: FakeClock):
    shop = small.shop
    made = shop.decide("amina", count=5)
    account = shop.explaining.account(made.id)
    assert account.instead
    for one in account.instead:
        assert one.product in [choice.name for choice in made.items]
        assert one.orders >= 1
        assert one.seen not in (one.product, one.without)
    new = next(choice for choice in made.items if choice.kind == "new")
    told = next(one for one in account.instead if one.product == new.name)
    assert told.without.lower() in MORNING
    # A twin of hers who never bought that thing sees the other.
    twin = without(made, shop, told.without)
    assert new.item not in [choice.item for choice in twin.items]
    others = [choice.item for choice in twin.items if choice.item not in {one.item for one in made.items}]
    assert told.seen in others or (told.seen == "" and set(others) <= {told.without})


@pytest.mark.parametrize("strides", [(), (1, 4, 16)], ids=["one by one", "in strides"])
def test_the_counterfactual_is_the_nearest(
    small: Bakery, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, strides: tuple[int, ...]
):
    """By brute force: of a usual thing no smaller number of her latest orders makes the difference."""
    shop = small.shop
    if strides:
        monkeypatch.setattr(account_room, "steps", lambda count: sorted({*(n for n in strides if n < count), count}))
    for week in range(9):  # so that numbers between 3 and 17 orders make the difference
        for name, thing in (("amina", "cheese"), ("c2", "wine"), ("c4", "wine")):
            if week % 2 or name == "amina":
                buys(small, name, thing, clock)
        clock.turn(days=3)
    shop.learn()
    seen: list[int] = []
    for name in ("amina", *(f"c{n}" for n in range(4))):
        made = shop.decide(name, count=3, context=Context(new=0))
        told = {one.product: one for one in shop.explaining.account(made.id).instead}
        with shop.at_the_door() as door:
            weighing = weighing_of(shop.explaining.then(door, made))
            assert weighing is not None
            for choice in made.items[:3]:
                item = shop.shelf().names.index(choice.item)
                count = weighing.history.bought.tolist().count(item)
                gone = [
                    n
                    for n in range(1, count + 1)
                    if choice.item not in {one.item for one in weighing.then.again(weighing.without(item, n)).items}
                ]
                nearest = told[choice.name].orders if choice.name in told else None
                assert nearest == min(gone, default=None)
                seen += gone[:1]
    assert any(number not in (1, 2, 3, 5, 8, 13, 21) for number in seen), "some lie between the steps of before"


def without(made: Decision, shop: Shop, thing: str) -> Decision:
    from goodwill.decide.account import weighing_of

    with shop.at_the_door() as door:
        then = shop.explaining.then(door, made)
        weighing = weighing_of(then)
        assert weighing is not None
        return then.again(weighing.without(then.shelf.names.index(thing)))


def test_how_far_her_data_moved_the_model_is_the_largest_change_of_any_pair(shop: Shop):
    import numpy as np

    from goodwill.learn.moved import influence

    made = shop.decide("amina", count=5)
    told = shop.explaining.account(made.id).moved_at_most
    with shop.at_the_door() as door:
        models = shop.explaining.then(door, made).models
    assert models is not None
    exact = models.exact
    row = exact.known
    for some in (row[:3], row):
        pairs = exact.pairs.copy()
        for one in some:
            for other in some:
                if one <= other:
                    pairs[one, other] -= 1
        inverse = np.linalg.inv(
            _full(pairs)[np.ix_(exact.known, exact.known)] + exact.weight * np.eye(exact.known.size)
        )
        change = np.abs(inverse / np.diagonal(inverse) - exact.inverse / np.diagonal(exact.inverse))
        np.fill_diagonal(change, 0)
        assert influence(exact, some) == pytest.approx(change.max(), rel=1e-6)
    assert told is not None
    assert 0 < told < 1
    shop.grant("amina", "model-improvement", asked=ASKED, yes=False)
    again = shop.decide("amina", count=5)
    assert shop.explaining.account(again.id).moved_at_most is None, "she is not in it"


def _full(upper):
    import numpy as np

    return upper + np.triu(upper, 1).T


def test_nobody_weighs_anything_for_what_everyone_gets(shop: Shop):
    account = shop.explaining.account(shop.decide("bruno").id)
    assert (account.scales, account.instead, account.moved_at_most) == ((), (), None)


def test_the_auditor_gets_it_all_as_one_document(shop: Shop):
    made = shop.decide("amina", count=4)
    document = shop.explaining.for_auditor(made.id)
    assert msgspec.json.encode(document)
    assert document["replay"] == {"same": True, "cannot": "", "differs": []}
    assert {one["category"] for one in document["consents"]} == {"purchases", "browsing", "preferences", "feedback"}
    assert all(one["state"] == "given" for one in document["consents"])
    assert document["record"]["footing"]["models"] == made.footing.models
    assert len(document["account"]["scales"]) == 4


def test_an_arm_of_an_experiment_is_drawn_again_alike(shop: Shop):
    shop.planning.new_experiment("try", "Does it?", [Arm("a"), Arm("b", ways=Ways(new_in_ten=8))])
    shop.planning.approve("experiment-try")
    shop.planning.start("try")
    one_of = {shop.planning.assigned(f"c{n}", "home").arm: f"c{n}" for n in range(30)}
    made = [shop.decide(one_of[arm], count=4) for arm in ("a", "b")]
    shop.planning.stop("try")
    assert [one.arm for one in made] == ["a", "b"]
    assert all(shop.explaining.replay(one.id).same for one in made)


def test_going_back_beyond_a_change_of_history_is_refused_with_a_reason(shop: Shop, small: Bakery, clock: FakeClock):
    made = shop.decide("amina", count=4)
    buys(small, "c7", "wine", clock)
    shop.settle()
    assert shop.explaining.replay(made.id).same
    with shop.database.transaction() as connection:
        people.holds.hold(connection, [small.person["c7"]], "erasure", now=shop.clock())
        people.holds.release(connection, [small.person["c7"]], "erasure", now=shop.clock())
    with pytest.raises(Conflict, match="changed since"):
        shop.explaining.account(made.id)
