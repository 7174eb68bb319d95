"""What a holdout shows: exact sums of each arm, the planted effect found, and what is left of it drawn together."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import examples
from tests.measure.shoppers import UNTIL, Line, crowd, frame_of, total_of_parts, view_of

from goodwill.access.view import Grouped
from goodwill.basics.errors import CannotTell
from goodwill.measure.buying import Customers
from goodwill.measure.came import MONTHS, Came
from goodwill.measure.caused import HALF, ByArm, Seen, _exposed, _share_unknown, arms_of, caused
from goodwill.measure.experiments.sequence import width
from goodwill.measure.together import Together
from goodwill.purposes import shipped


def by_parity(persons):
    return persons % 2


WHAT = ByArm(start=300, until=UNTIL, currency="EUR", arm=by_parity)
NEW = Came(start=300, until=UNTIL, currency="EUR", arm=by_parity)
HELD = Came(start=300, until=UNTIL, currency="EUR", arm=by_parity, others=(91, 28))
each = pytest.mark.parametrize(
    "what", [WHAT, NEW, HELD, Together((WHAT, NEW))], ids=["by-arm", "came", "came-apart", "together"]
)


def grouped(people):
    return frame_of(people, by_parity(np.arange(1, len(people) + 1)))


@each
@given(people=crowd)
def test_many_at_once_are_the_sum_of_each(what, people):
    assert what.whole(grouped(people)) == total_of_parts(what, people)


@each
@given(people=crowd, who=st.integers(0, 5))
def test_a_total_without_chiara_is_the_total_that_never_had_her(what, people, who):
    chiara = people[who] if who < len(people) else []
    others = [*people[:who], *people[who + 1 :]]
    with_her = what.whole(frame_of([*others, chiara], by_parity(np.arange(1, len(others) + 2))))
    assert with_her - what.part(view_of(chiara, len(others) + 1)) == what.whole(grouped(others))


@each
def test_it_is_what_the_door_asks_for(what):
    assert isinstance(what, Grouped)
    assert what.categories <= frozenset(shipped()[what.purpose].categories)


def test_an_arm_counts_everybody_in_it_and_what_she_spent_before_early_and_late():
    start, middle = 300, 350
    amina = [Line(start - 1, 100), Line(start, 200), Line(middle - 1, 30), Line(middle, 4), Line(start - 200, 9)]
    dev = [Line(start + 5, 50)]
    treated, left_out = arms_of(WHAT.whole(grouped([dev, amina, [], []])), WHAT)
    assert (treated.people, left_out.people) == (2, 2)  # ids 2 and 4; 1 and 3
    assert treated.window.sums == (234, 100)  # amina: in the window, before it
    assert treated.early.sums == (230, 100)
    assert (treated.new, left_out.new) == (0, 1)
    assert treated.spent.sum() == 234
    assert left_out.window.sums == (50, 0)


def test_a_new_customer_counts_in_her_arm_and_months_only_while_they_were_watched():
    dev = [Line(310, 100), Line(345, 50)]  # watched for three whole months
    found = NEW.whole(grouped([dev, []]))
    assert found.array("new").tolist() == [0, 1]
    assert found.array("people").tolist() == [1, 1]
    assert found.array("watched").tolist() == [1, 1, 1] + [0] * (MONTHS - 3)
    assert found.array("amount").tolist()[:3] == [100, 50, 0]


# ---- a planted effect ------------------------------------------------------------------------------------------------


def shoppers(people, lift, seed):
    """Customers of a Pareto/NBD; in the window the treated buy more often."""
    random = np.random.default_rng(seed)
    some = []
    for number in range(people):
        rate, leaves = random.gamma(0.8, 1 / 12), random.gamma(0.7, 1 / 14)
        first = int(random.integers(0, 280))
        last = min(UNTIL, first + 7 * random.exponential(1 / max(leaves, 1e-9)))
        mean = 3_000 / random.gamma(4)
        lines = [Line(first, int(random.gamma(5) * mean) + 1)]
        for day in range(first + 1, int(last) + 1):
            more = 1 + lift if day >= 300 and (number + 1) % 2 == 0 else 1.0
            if random.random() < rate / 7 * more:
                lines.append(Line(day, int(random.gamma(5) * mean) + 1))
        some.append(lines)
    return some


@pytest.fixture(scope="module")
def customers():
    return shoppers(1_600, 1.0, 7)


@pytest.fixture(scope="module")
def seen(customers):
    return caused(arms_of(WHAT.whole(grouped(customers)), WHAT), 0.5, WHAT.days, exist=1_700)


def test_the_planted_effect_is_found_and_what_is_left_of_it_has_its_sign(seen):
    assert seen.low > 0
    assert seen.why == ""
    inside, after = seen.draws(10_000, 3)
    assert inside.mean() == pytest.approx(seen.each * seen.treated, rel=0.02)
    assert inside.std() == pytest.approx(seen.each_error * seen.treated, rel=0.05)
    assert after.mean() > 0
    assert np.corrcoef(inside, after)[0, 1] > 0  # means over the same customers
    assert (seen.treated, seen.held, seen.exist) == (800, 800, 1_700)


def test_what_comes_after_moves_with_who_is_there_as_it_says(customers, seen):
    """Held against leaving out a twentieth of the people at a time (jackknife), the model fitted anew each time."""
    left = []
    for group in range(20):
        some = [lines for number, lines in enumerate(customers) if number // 2 % 20 != group]
        found = caused(arms_of(WHAT.whole(grouped(some)), WHAT), 0.5, WHAT.days, exist=1_700)
        left.append((found.after[0][0] / found.decay, found.each))
    moved = np.cov(np.array(left).T) * 19 * 19 / 20
    ((_, variance, common),) = seen.after
    assert 0.5 < variance / seen.decay**2 / moved[0, 0] < 2
    slope = common / seen.decay / seen.each_error**2
    assert 0.5 < slope / (moved[0, 1] / moved[1, 1]) < 2


def test_the_time_before_the_programme_does_not_thin_it_out():
    years = Customers(*(np.array(part, np.float64) for part in ([1, 2], [3, 4], [10, 40], [5, 5])), np.array([1, 3]))
    assert _exposed(years, 20) == pytest.approx((10 + 3 * 20) / (10 + 3 * 40))
    assert _exposed(years, 100) == 1


@pytest.mark.parametrize(
    ("whose", "left", "words"), [(0, HALF, "half of the gain counts"), (1, 1.0, "all of the loss counts")]
)
def test_where_nobody_can_say_whether_an_effect_lasts_half_of_a_gain_and_all_of_a_loss_counts(whose, left, words):
    """Nothing is clear in the first half of the window; in its second, one arm pays four times as much."""
    people = [
        [
            replace(line, amount=line.amount * (4 if line.day > 350 and by_parity(number) == whose else 1))
            for line in lines
        ]
        for number, lines in enumerate(shoppers(1_600, 0.0, 7), 1)
    ]
    found = caused(arms_of(WHAT.whole(grouped(people)), WHAT), 0.5, WHAT.days, exist=1_600)
    assert (found.each > 0) == (whose == 0)
    assert found.decay == left
    assert found.after
    assert any(words in one for one in found.warnings)


def test_a_share_of_which_nothing_is_known_widens_the_range_as_an_even_one_does():
    dice = np.random.default_rng(3)
    worth, share = dice.normal(8, 3, 400_000), dice.random(400_000)
    mean, variance, common = _share_unknown((4.0, 9 / 4, 1.5))
    assert mean == pytest.approx((share * worth).mean(), rel=0.01)
    assert variance == pytest.approx((share * worth).var(), rel=0.01)
    assert common == 1.5


def test_draws_are_the_same_for_the_same_seed_and_survive_a_document(seen):
    again = Seen.read(json.loads(json.dumps(seen.to_dict(), allow_nan=False)))
    assert again == seen
    for one, other in zip(seen.draws(500, 1), again.draws(500, 1), strict=True):
        assert one.tolist() == other.tolist()
    assert seen.draws(500, 1)[0].tolist() != seen.draws(500, 2)[0].tolist()


def test_arms_that_do_not_fit_the_plan_are_no_comparison():
    with pytest.raises(CannotTell, match="divided"):
        caused(arms_of(WHAT.whole(grouped(shoppers(400, 0.0, 1))), WHAT), 0.1, WHAT.days, exist=400)


def test_where_nobody_is_in_an_arm_it_says_so():
    with pytest.raises(CannotTell, match="arm has"):
        caused(arms_of(WHAT.whole(grouped([])), WHAT), 0.5, WHAT.days, exist=0)


def test_where_the_model_cannot_tell_the_part_after_the_window_is_not_measured():
    few = [[Line(310 + n % 40, 100 + n)] for n in range(60)]
    found = caused(arms_of(WHAT.whole(grouped(few)), WHAT), 0.5, WHAT.days, exist=60)
    assert found.why
    assert found.draws(100, 0)[1] is None


@pytest.mark.longer
def test_without_an_effect_the_interval_holds_nothing_most_times():
    """95 % are meant, and three standard errors less are what chance makes of it at most."""
    held, worlds = 0, examples(30)
    for seed in range(worlds):
        random = np.random.default_rng(seed)
        spent = np.where(random.random(300) < 0.4, random.gamma(1.2, 2_000, 300), 0).astype(int)
        people = [[Line(250, int(random.integers(1, 3_000))), *([Line(320, int(one))] if one else [])] for one in spent]
        found = caused(arms_of(WHAT.whole(grouped(people)), WHAT), 0.5, WHAT.days, exist=300)
        held += found.low <= 0 <= found.high
    assert held >= 0.95 * worlds - 3 * (0.95 * 0.05 * worlds) ** 0.5


def test_the_range_for_who_looks_often_is_wider_and_holds_at_each_of_two_hundred_looks():
    random = np.random.default_rng(7)
    sums = np.cumsum(random.standard_normal((4_000, 200)), axis=1) / np.sqrt(np.arange(1, 201))
    assert np.mean(np.abs(sums).max(axis=1) > width(1_000, 1_000, 0.05)) <= 0.05
    assert np.mean(np.abs(sums).max(axis=1) > 1.96) > 0.3, "which a single look's range does not"
