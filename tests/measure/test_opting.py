"""What customers bought before and after some opted in: counted by hand, and the truth found where it was made."""

import numpy as np
import pytest
from tests.measure.shoppers import UNTIL, Line, frame_of

from goodwill.access import HadSaid
from goodwill.basics.clock import DAY, Micros
from goodwill.measure import aipw
from goodwill.measure.opting import CONTROL, BeforeAndAfter, compared_of
from goodwill.purposes import RECOMMENDATIONS

SAID = HadSaid((RECOMMENDATIONS,), (Micros(219 * DAY), Micros(310 * DAY)))
WHAT = BeforeAndAfter(until=UNTIL, currency="EUR", said=SAID, days=91)
START = WHAT.asked - 2 * CONTROL  # 163


def number(before, later, days=1):
    return int(SAID.number([np.array([before]), np.array([later])], np.array([days]))[0])


def compared(*people):
    lines, numbers = zip(*people, strict=True)
    return compared_of(WHAT.whole(frame_of(lines, np.array(numbers, np.int64))), WHAT)


def test_the_days_are_divided_without_a_gap():
    assert (WHAT.outcome, WHAT.asked, START) == (310, 219, 163)


def test_what_she_bought_before_between_and_after_is_told_apart():
    amina = [Line(100, 900), Line(149, 1_100), Line(170), Line(171), Line(200), Line(250, 9_999), Line(310, 700),
             Line(400, 300)]  # fmt: skip
    dev = [Line(162, 500)]
    found = compared((amina, number(0, 1, days=2)), (dev, number(0, 0)))
    order = np.argsort(found.exposed)
    assert found.exposed[order].tolist() == [False, True]
    assert found.outcome[order] == pytest.approx([0, 1_000], rel=0.01)
    near, far = (found.controls[name][order].tolist() for name in found.controls)
    assert (near, far) == ([0.0, 1.0], [0.0, 2.0])
    of = {name: values[order] for name, values in found.covariates.items()}
    assert of["weeks since the first purchase"].tolist() == [0.0, 9.0]
    assert of["weeks since the last purchase"].tolist() == [0.0, 2.0]
    assert of["days with a purchase"] == pytest.approx(np.log1p([1, 2]))
    assert of["amount"] == pytest.approx(np.log1p([500, 2_000]), abs=0.01)
    assert of["days of saying something"].tolist() == [1.0, 2.0]


def test_who_had_opted_in_before_or_was_no_customer_is_not_compared():
    bought = [Line(100), Line(320)]
    found = compared(
        (bought, number(1, 1)), (bought, number(1, 0)), ([Line(170)], number(0, 1)), (bought, number(0, 0))
    )
    assert found.already == 2
    assert found.exposed.tolist() == [False]
    assert found.covariates == {}, "one alone differs from nobody"


def invented(*, hidden, n=1_200):
    """Customers of whom those opt in who come often, as the past shows or as nothing does; the truth is 500."""
    dice, found = np.random.default_rng(3), []
    for _ in range(n):
        often = dice.gamma(2.0, 2.0)
        past = np.unique(dice.integers(START - 60, START, 1 + dice.poisson(often)))
        seen = often if hidden else past.size
        yes = dice.random() < 1 / (1 + np.exp(1.5 - 0.4 * seen))
        controls = dice.integers(START, WHAT.asked, dice.poisson(seen / 2))
        paid = int(200 * seen + 500 * yes + dice.gamma(4.0, 50.0))
        lines = [Line(int(day), 1_000) for day in (*past, *controls)]
        found.append(([*lines, Line(350, paid)], number(0, int(yes))))
    return found


def corrected(found):
    table = np.column_stack(list(found.covariates.values()))
    return aipw(
        found.outcome, found.exposed, table, names=tuple(found.covariates), negative_control=found.controls
    )  # fmt: skip


def test_where_the_past_shows_who_opts_in_the_truth_is_found_from_sums():
    people = invented(hidden=False)
    found = compared(*people)
    effect = corrected(found)
    assert effect.naive > 700
    assert effect.low < 500 < effect.high
    assert effect.identified
    exact = sum(lines[-1].amount for lines, _ in people)
    assert found.outcome.sum() == pytest.approx(exact, rel=0.002), "amounts are known in steps of 2 %"
    again = compared(*reversed(people))
    assert again.outcome.tobytes() == found.outcome.tobytes(), "in whatever order people come"


def test_where_nothing_shows_it_the_purchases_before_give_it_away():
    effect = corrected(compared(*invented(hidden=True)))
    assert not effect.identified
    assert "cannot have been changed shows an effect" in effect.reason
