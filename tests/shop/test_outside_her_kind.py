"""Whoever buys one kind of thing is not shut in with it: a part of her list lies outside, or it is said why not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import FakeClock
from tests.copies import shop_of_a_kind
from tests.small_shop import ASKED

from goodwill import people
from goodwill.basics.clock import DAY, Micros
from goodwill.basics.ids import hash64
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import grant
from goodwill.decide.decision import Decision
from goodwill.decide.plan import Slot, Ways
from goodwill.people.columns import EventColumns
from goodwill.people.types import BOUGHT
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS
from goodwill.shop import Shop
from goodwill.storage import Database

ANVILS = [f"anvil{n}" for n in range(20)]
BOOKS = [f"book{n}" for n in range(6)]


@pytest.fixture
def smithy(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made, _ = shop_of_a_kind("smithy", _furnished, database, tmp_path / "home", clock, columns="database")
    made.learn()
    yield made
    made.close()


def _furnished(shop: Shop) -> dict[str, Any]:
    """Thirty smiths buy fifteen anvils each; every third of them and six readers buy books. Vulcan does not."""
    clock, today = shop.clock, int(shop.clock()) // DAY
    names = ["vulcan", *(f"smith{n}" for n in range(30)), *(f"reader{n}" for n in range(6))]
    with shop.database.transaction() as connection:
        ids = people.identify_many(connection, shop.cipher, "user_id", names, now=clock())
        things = [Product(name, name.capitalize(), category=name.rstrip("0123456789") + "s") for name in ANVILS + BOOKS]
        number = dict(zip(ANVILS + BOOKS, catalogue.upsert_many(connection, things).ids, strict=True))
        rows = []
        for turn, (name, person) in enumerate(ids.items()):
            bought = [] if name.startswith("reader") else [ANVILS[(turn + step) % 20] for step in range(15)]
            bought += BOOKS if name.startswith("reader") or (turn % 3 == 0 and name != "vulcan") else []
            rows += [(person, today - 7 * week, number[thing]) for week in range(1, 4) for thing in bought]
            for purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT):
                grant(connection, person, shop.register[purpose], asked=ASKED, now=Micros(clock() - DAY))
        who, days, products = (list(column) for column in zip(*rows, strict=True))
        columns = EventColumns(
            person=who, type=[BOUGHT] * len(rows), at=[day * DAY + DAY // 2 for day in days], day=days,
            product=products, quantity=[1000] * len(rows), amount=[900] * len(rows), currency="EUR",
            reference=[hash64(person, day) for person, day, _ in rows], key=[hash64("test", *row) for row in rows],
        )  # fmt: skip
        people.log.append(connection, columns)
    return dict(ids)


def books(made: Decision) -> list[str]:
    return [one.product for one in made.items if one.product in BOOKS]


def did(made: Decision) -> dict[str, int]:
    return {one.rule: one.count for one in made.interventions}


def test_a_fifth_of_her_list_is_of_other_kinds_though_all_she_buys_is_one(smithy: Shop):
    made = smithy.decide("vulcan", count=10)
    assert made.personalised
    assert len(books(made)) == 2
    assert 1 <= did(made)["outside"] <= 2, "what is new may be one of them"
    assert all(one.because for one in made.items)
    assert smithy.explaining.replay(made.id).same


def test_a_slot_may_want_more_of_it(smithy: Shop):
    smithy.planning.set_slot("wide", Slot(ways=Ways(outside=50)))
    made = smithy.decide("vulcan", slot="wide", count=10)
    assert len(books(made)) == 5
    assert len({one.product for one in made.items}) == 10
    assert smithy.explaining.replay(made.id).same


def test_where_nothing_else_can_be_had_the_decision_says_so(smithy: Shop):
    with smithy.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product(name, available=False) for name in BOOKS])
    made = smithy.decide("vulcan", count=10)
    assert books(made) == []
    assert did(made)["outside-unmet"] == 2


def test_a_list_in_her_proportions_is_drawn_from_all_she_buys(smithy: Shop):
    """Smith 2 buys six books beside fifteen anvils: of her likeliest things alone too few would be books."""
    smithy.planning.set_slot("even", Slot(ways=Ways(calibration=90, new_in_ten=0, outside=0)))
    smithy.planning.set_slot("plain", Slot(ways=Ways(new_in_ten=0, outside=0)))
    even, plain = (smithy.decide("smith2", slot=slot, count=7) for slot in ("even", "plain"))
    assert len(books(even)) == 2, "6 of 21 are 2 of 7"
    assert [one.item for one in even.items] != [one.item for one in plain.items]
    assert smithy.explaining.replay(even.id).same


def test_something_new_stays_while_anything_else_can_give_way(smithy: Shop):
    smithy.planning.set_slot("wide", Slot(ways=Ways(outside=40, new_in_ten=2)))
    made = smithy.decide("vulcan", slot="wide", count=10)
    assert sum(one.kind == "new" for one in made.items) >= 2
