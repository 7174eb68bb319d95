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
from goodwill.measure.came import MONTHS, Came
from goodwill.measure.caused import BEFOREHAND, ByArm, Seen, _likely, arms_of, caused
from goodwill.measure.experiments.effect import compared
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
    assert treated.late.sums == (4, 100)
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
def seen_arms(customers):
    return arms_of(WHAT.whole(grouped(customers)), WHAT)


@pytest.fixture(scope="module")
def seen(seen_arms):
    return caused(seen_arms, 0.5, WHAT.days, exist=1_700)


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
        left.append((found.after[0][0], found.each))
    moved = np.cov(np.array(left).T) * 19 * 19 / 20
    ((_, variance, common),) = seen.after
    assert 0.5 < variance / moved[0, 0] < 2
    slope = common / seen.each_error**2
    assert 0.5 < slope / (moved[0, 1] / moved[1, 1]) < 2


def test_what_was_bought_before_the_window_does_not_thin_it_out(customers, seen):
    """Each clock starts with the first purchase in the window, in which the treated had the programme all along."""
    lately = [[line for line in lines if line.day >= WHAT.start] for lines in customers]
    found = caused(arms_of(WHAT.whole(grouped(lately)), WHAT), 0.5, WHAT.days, exist=1_700)
    assert found.after[0][0] == pytest.approx(seen.after[0][0])


def with_late(times, whose):
    """Nothing is clear in the first half of the window; in its second, one arm pays so many times as much."""
    people = [
        [
            replace(line, amount=line.amount * (times if line.day > 350 and by_parity(number) == whose else 1))
            for line in lines
        ]
        for number, lines in enumerate(shoppers(2_400, 0.0, 8), 1)
    ]
    return caused(arms_of(WHAT.whole(grouped(people)), WHAT), 0.5, WHAT.days, exist=2_400)


def test_of_a_gain_that_grew_inside_the_window_most_is_taken_to_last():
    found = with_late(4, whose=0)
    assert found.each > 0
    assert 0.8 < found.decay <= 1
    assert any(f"{100 * found.decay:.0f} % of it counts in B2" in one for one in found.warnings)


def test_of_a_loss_all_counts():
    found = with_late(4, whose=1)
    assert found.each < 0
    assert found.decay == 1
    assert any("Of a loss all counts" in one for one in found.warnings)


@pytest.mark.parametrize(
    ("late", "error", "left"),
    [(1.0, 0.01, 1.0), (0.5, 0.01, 0.5), (0.0, 0.01, 0.0), (-0.5, 0.01, 0.0), (3.0, 0.01, 1.0), (0.5, 1e6, 0.625)],
)
def test_what_lasts_is_what_the_halves_show_and_what_was_thought_before_where_they_show_nothing(
    seen_arms, late, error, left
):
    found = compared(seen_arms[0].window.arm, seen_arms[1].window.arm)
    halves = (replace(found, value=value, standard_error=error) for value in (1.0, late))
    chances = BEFOREHAND * _likely(*halves, replace(found, standard_error=error * 2**0.5))
    assert chances @ np.linspace(0, 1, 21) / chances.sum() == pytest.approx(left, abs=0.01)


def test_the_shares_that_may_last_are_drawn_as_often_as_their_chances_have_it(seen):
    half = replace(seen, lasting=((0.0, 0.25), (0.5, 0.25), (1.0, 0.5)), decay=0.625)
    _, after = half.draws(10_000, 5)
    assert np.count_nonzero(after == 0) == 2_500
    _, all_of_it = replace(seen, lasting=((1.0, 1.0),), decay=1.0).draws(10_000, 5)
    assert after.mean() == pytest.approx(0.625 * all_of_it.mean(), rel=0.05)


def test_an_older_answer_has_what_lasts_in_what_comes_after(seen):
    document = json.loads(json.dumps(seen.to_dict()))
    del document["lasting"]
    assert Seen.read(document).lasting == ((1.0, 1.0),)


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


def test_what_is_taken_for_granted_of_leaving_is_said():
    """All of these leave at one rate, so how much they differ in it has to be taken for granted."""
    dice, people = np.random.default_rng(17), []
    for number in range(1, 2_001):
        first, mean = int(dice.integers(0, 280)), 3_000 / dice.gamma(4)
        last = min(UNTIL, first + int(dice.exponential(200)))
        rate = dice.gamma(0.8, 1 / 12) * (1.5 if by_parity(number) == 0 else 1.0)
        days = [first, *(day for day in range(first + 1, last + 1) if dice.random() < rate)]
        people.append([Line(day, int(dice.gamma(5) * mean) + 1) for day in days])
    found = caused(arms_of(WHAT.whole(grouped(people)), WHAT), 0.5, WHAT.days, exist=2_000)
    assert found.after
    assert any("taken for granted in B2" in one for one in found.warnings)
