"""Each guardrail by itself: what it keeps back, and that it keeps back nothing else."""

from typing import Any

import numpy as np
import pytest

from goodwill.access.view import Log, View
from goodwill.basics.clock import DAY, SECOND, Micros
from goodwill.basics.ids import PersonId, ProductId
from goodwill.decide.experiments import Assigned
from goodwill.decide.guardrails import (
    RULES,
    bars_for,
    interventions,
    resting,
    tells_of_sensitive,
)
from goodwill.decide.plan import USUAL_WAYS, Slot, Ways
from goodwill.decide.shelf import Shelf
from goodwill.decide.situation import Context, Situation, buys_by_night
from goodwill.decide.standing_in import AUC, stands_in
from goodwill.learn.affinity import Affinity
from goodwill.people.gentle import Gentle
from goodwill.people.types import BOUGHT
from goodwill.purposes import RECOMMENDATIONS
from goodwill.storage import AsOf

NOTHING = np.zeros(6, bool)
# Items 0 … 5 of products 1 … 6; 4 and 5 are sensitive, of two kinds. Kinds: food, food, drink, none, care, care.
SHELF = Shelf(
    "product",
    np.array([-1, 0, 1, 2, 3, 4, 5]),
    ("bread", "rolls", "juice", "string", "test", "patch"),
    np.array([-1, -1, -1, -1, 0, 1]),
    np.array([0, 0, 1, -1, 2, 2]),
)


def seen(**more: Any) -> Situation:
    values: dict[str, Any] = {
        "slot_name": "home", "slot": Slot(), "count": 10, "context": Context(), "person": PersonId(1), "view": None,
        "reason": "", "as_of": AsOf(0, 0, 0, 0), "at": Micros(20_000 * DAY), "day": 20_000, "offset": 0,
        "assigned": Assigned(), "ways": USUAL_WAYS, "new_in_ten": 1,
    }  # fmt: skip
    return Situation(**{**values, **more})


def barred(rule: str, situation: Situation, telling: Any = NOTHING) -> list[int]:
    mask = dict(bars_for(situation, SHELF, telling).masks)[rule]
    return [int(item) for item in np.flatnonzero(mask)]


def test_sensitive_things_are_barred_unless_their_like_is_being_looked_at():
    assert barred("sensitive", seen()) == [4, 5]
    looking = {"viewing": np.array([5]), "slot_name": "product-page"}
    assert barred("sensitive", seen(**looking)) == [4, 5], "a slot is discreet unless somebody said otherwise"
    assert barred("sensitive", seen(**looking, slot=Slot(discreet=False))) == [5], "the other kind stays barred"
    assert barred("sensitive", seen(viewing=np.array([1]), slot=Slot(discreet=False))) == [4, 5]


def test_what_she_wants_no_more_of_and_what_is_at_hand_is_barred():
    assert barred("unwanted", seen(gentle=Gentle(left_out=(ProductId(2), ProductId(99))))) == [1]
    assert barred("in-basket", seen(basket=np.array([1]), viewing=np.array([3]))) == [0, 2]


def test_a_barred_item_counts_for_the_first_rule_that_speaks():
    bars = bars_for(seen(gentle=Gentle(left_out=(ProductId(5),)), basket=np.array([2])), SHELF, NOTHING)
    assert bars.rule(4) == "sensitive"
    assert bars.rule(1) == "in-basket"
    assert bars.rule(0) == ""
    assert bars.counted(np.arange(6)) == {"sensitive": 2, "in-basket": 1}


def test_something_new_rests_after_it_was_shown_on_several_days():
    assert resting(seen(resting={2: 3, 3: 2}), SHELF).tolist() == [False, True, False, False, False, False]
    never = seen(resting={2: 30}, ways=Ways(rests_after=0).over(USUAL_WAYS))
    assert not resting(never, SHELF).any()


# ---- what gives a sensitive thing away -------------------------------------------------------------------------------


def model(pairs: Any) -> Affinity:
    size = len(pairs)
    return Affinity(np.eye(size), np.arange(size), np.arange(size), np.triu(np.array(pairs)), 1.0, 5)


def test_a_thing_that_most_who_buy_a_sensitive_one_buy_and_few_others_gives_it_away():
    # Of 1,000 people 100 bought the test (2); 80 of these bought the vitamins (1), and 20 others; half bought bread.
    pairs = [[500, 50, 50], [0, 100, 80], [0, 0, 100]]
    hidden = np.array([False, False, True])
    assert tells_of_sensitive(model(pairs), hidden, 1_000).tolist() == [False, True, False]


def test_a_few_people_prove_nothing():
    hidden = np.array([False, True])
    assert not tells_of_sensitive(model([[15, 15], [0, 15]]), hidden, 1_000).any(), "fewer than twenty buyers"
    # 20 of whom 8 bought it, and 2 of 40 others: AUC .675, but its interval reaches down below .65.
    assert not tells_of_sensitive(model([[10, 8], [0, 20]]), hidden, 60).any()
    assert tells_of_sensitive(model([[1_000, 800], [0, 2_000]]), hidden, 6_000).tolist() == [True, False]


def test_what_nobody_hides_gives_nothing_away():
    assert not tells_of_sensitive(model([[500, 499], [0, 500]]), np.zeros(2, bool), 1_000).any()
    assert AUC == 0.65


@pytest.mark.parametrize(
    ("counts", "gives_away"),
    [((80, 100, 20, 900), True), ((50, 100, 450, 900), False), ((19, 19, 0, 900), False), ((8, 20, 2, 40), False)],
)
def test_a_rule_that_marks_those_who_bought_it_and_few_others_stands_in_for_it(counts, gives_away):
    assert stands_in(*counts) is gives_away


# ---- care ------------------------------------------------------------------------------------------------------------


def bought_at(*times: int) -> View:
    count = len(times)
    at = np.array(times, np.int64)
    log = Log(
        np.arange(count), np.full(count, BOUGHT), at, at // DAY, np.ones(count, np.int64), np.ones(count, np.int64),
        np.zeros(count, np.int64), np.arange(count),
    )  # fmt: skip
    return View(PersonId(1), RECOMMENDATIONS, AsOf(0, 0, 0, 0), frozenset(), frozenset(), log)


NOW = 20_000 * DAY
TWO_AT_NIGHT = 2 * 3_600 * SECOND


@pytest.mark.parametrize(
    ("days_ago", "into_day", "burst"),
    [
        ((10, 8, 6), TWO_AT_NIGHT, True),
        ((10, 6), TWO_AT_NIGHT, False),
        ((30, 20, 10), TWO_AT_NIGHT, False),
        ((100, 99, 98), TWO_AT_NIGHT, False),
        ((10, 8, 6), 12 * 3_600 * SECOND, False),
        ((10, 8, 6), 0, False),  # a file that knows no time of day
    ],
)
def test_three_orders_by_night_within_a_week_are_a_burst(days_ago, into_day, burst):
    view = bought_at(*(NOW - days * DAY + into_day for days in days_ago))
    assert buys_by_night(view, NOW) is burst
    assert seen(view=view, at=Micros(NOW)).careful is burst


def test_night_is_night_on_the_shops_own_clock():
    view = bought_at(*(NOW - days * DAY + 23 * 3_600 * SECOND for days in (10, 8, 6)))
    assert not buys_by_night(view, NOW)
    assert buys_by_night(view, NOW, offset=3 * 3_600 * SECOND)


def test_nothing_is_personal_for_whoever_switched_it_off_or_is_held_out():
    view = bought_at()
    assert seen(view=view).may_be_personal
    assert seen(view=view, gentle=Gentle(impersonal=True)).not_personal == "switched-off"
    assert seen(view=view, context=Context(personal=False)).not_personal == "switched-off"
    assert seen(view=view, assigned=Assigned("shop", "holdout", 0.05)).not_personal == "holdout"


# ---- lists -----------------------------------------------------------------------------------------------------------


def test_interventions_stand_in_the_order_in_which_rules_speak_and_each_once():
    found = interventions([("personal", 4), ("resting", 1), ("sensitive", 2), ("sensitive", 1)])
    assert [(one.rule, one.does, one.count) for one in found] == [
        ("sensitive", "denied", 3), ("resting", "limited", 1), ("personal", "disclosed", 4)
    ]  # fmt: skip
    order = list(RULES.values())
    assert order == sorted(order, key=["denied", "limited", "disclosed"].index), "deny, then limit, then disclose"
