"""What people add to figures about buying: exact, the same from each and from all, and nothing of who has gone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.measure.shoppers import UNTIL, Line, crowd, frame_of, part_of, total_of_parts, view_of, whole_of

from goodwill.access import Contribution, HadSaid, Priced
from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import Overflow
from goodwill.learn.lifetime.rfm import reduce
from goodwill.measure.again import repeat_purchase, repeat_purchase_of, waiting
from goodwill.measure.bought import Bought, of_view
from goodwill.measure.buying import EDGES, CameBack, HowOften, InCohort, customers_of
from goodwill.measure.experiments.moments import LARGEST, Moments, of_group, parts
from goodwill.measure.experiments.moments import part as part_of_arm
from goodwill.measure.helping import ByPast
from goodwill.measure.joining import CLICKED, SENT, OfMails, OptedIn
from goodwill.measure.opting import BeforeAndAfter
from goodwill.measure.rates import rate_of, share_of
from goodwill.measure.spending import Came, Paid, Silence, Stayed, compound, per_order
from goodwill.measure.staying import silent_of, survival_of
from goodwill.measure.traits import HowOftenByTraits
from goodwill.measure.trials import InArm, tail_of, under
from goodwill.measure.weekly import ByWeek
from goodwill.people.types import BOUGHT, ORDERED, REFUNDED
from goodwill.purposes import EMAIL_MARKETING, RECOMMENDATIONS, shipped
from goodwill.sums import Cells, Running

CONTRIBUTIONS = [
    CameBack(until=UNTIL, currency="EUR", window=90),
    InCohort(until=UNTIL, currency="EUR", start=UNTIL - 7 * 28 + 1, period=28),
    HowOften(until=UNTIL, currency="EUR"),
    Paid(until=UNTIL, currency="EUR", since=UNTIL - 90),
    Came(until=UNTIL, currency="EUR", weeks=13),
    Stayed(until=UNTIL, currency="EUR", days=90),
    Silence(until=UNTIL, currency="EUR", rules=(30, 90, 180)),
    OfMails(until=UNTIL, currency="EUR", since=100, follow=7),
    InArm(until=UNTIL, currency="EUR", since=300, before=91, arms=2, arm_of=lambda persons: persons % 3),
    InArm(until=UNTIL, currency="EUR", since=300, before=0, arms=2, arm_of=lambda persons: persons % 3, most=900),
    OptedIn(until=UNTIL, currency="EUR", word=RECOMMENDATIONS, days=91),
    CameBack(until=UNTIL, currency="EUR", window=28, others=(91, 7)),
    Paid(until=UNTIL, currency="EUR", since=UNTIL - 90, others=(7, 28)),
    Came(until=UNTIL, currency="EUR", weeks=26, others=(13, 1, 4)),
    InArm(until=UNTIL, currency="EUR", since=310, before=91, arms=1, arm_of=lambda persons: persons % 2, others=(28,)),
    OptedIn(until=UNTIL, currency="EUR", word=RECOMMENDATIONS, days=182, others=(91, 7)),
    HowOftenByTraits(
        until=UNTIL, currency="EUR", since=150, arm=lambda persons: persons % 2,
        said=HadSaid((RECOMMENDATIONS, EMAIL_MARKETING), (Micros(150 * DAY),)),
    ),
    BeforeAndAfter(
        until=UNTIL, currency="EUR", days=91, said=HadSaid((RECOMMENDATIONS,), (Micros(219 * DAY), Micros(310 * DAY)))
    ),
    ByWeek(until=UNTIL, currency="EUR", weeks=20),
    ByWeek(until=UNTIL, currency="EUR", weeks=20, kind_of=np.array([1]), kinds=2),
    ByPast(
        until=UNTIL, currency="EUR", since=300, arm_of=lambda persons: persons % 4, fold_of=lambda persons: persons % 5
    ),
]  # fmt: skip
each = pytest.mark.parametrize("what", CONTRIBUTIONS, ids=[f"{n}-{what.name}" for n, what in enumerate(CONTRIBUTIONS)])


@each
@given(people=crowd)
def test_many_at_once_are_the_sum_of_each(what, people):
    if what.name == "of-mails":
        people = [_each_mail_once(some) for some in people]
    assert whole_of(what, people) == total_of_parts(what, people)


@each
@given(people=crowd, who=st.integers(0, 5))
def test_a_total_without_chiara_is_the_total_that_never_had_her(what, people, who):
    chiara = people[who] if who < len(people) else []
    others = [*people[:who], *people[who + 1 :]]
    total, never = whole_of(what, [*others, chiara]), whole_of(what, others)
    part = part_of(what, chiara, len(others) + 1)
    assert total - part == never
    if not any(isinstance(value, Cells) for value in total.values()):  # they are far too many to be laid out
        running = Running(total)
        running.subtract(part)
        assert running.hash == never.hash


@each
def test_it_is_what_the_door_asks_for(what):
    assert isinstance(what, Contribution)
    assert isinstance(what, Priced)
    assert what.categories <= frozenset(shipped()[what.purpose].categories)


def _each_mail_once(some):
    """The same without mails that carry one number twice: nobody sends them so."""
    seen, kept = set(), []
    for line in some:
        if line.type != SENT or line.order not in seen:
            kept.append(line)
        if line.type == SENT and line.order >= 0:
            seen.add(line.order)
    return kept


# ---- what counts as an order -----------------------------------------------------------------------------------------


def orders(*some):
    found = of_view(view_of(some), UNTIL)
    return list(zip(found.day.tolist(), found.amount.tolist(), found.foreign.tolist(), strict=True))


def test_lines_of_one_order_are_one_purchase_and_its_total_counts_where_it_is_known():
    lines = [Line(3, 200, order=1), Line(3, 300, order=1)]
    assert orders(*lines) == [(3, 500, False)]
    assert orders(*lines, Line(3, 450, order=1, type=ORDERED)) == [(3, 450, False)]


def test_lines_without_an_order_are_one_purchase_a_day():
    assert orders(Line(3, 200), Line(3, 300), Line(4, 100)) == [(3, 500, False), (4, 100, False)]


def test_what_was_given_back_is_taken_off_and_what_came_back_whole_was_not_bought():
    bought = Line(3, 500, order=1, type=ORDERED)
    assert orders(bought, Line(9, 200, order=1, type=REFUNDED)) == [(3, 300, False)]
    assert orders(bought, Line(9, 500, order=1, type=REFUNDED)) == []
    assert orders(bought, Line(9, 200, order=-1, type=REFUNDED)) == [(3, 500, False)], "of nobody knows what"


def test_an_order_in_another_currency_was_bought_and_its_amount_is_left_out():
    assert orders(Line(3, 500, order=1, foreign=1), Line(4, 100, order=2)) == [(3, 0, True), (4, 100, False)]


def test_what_comes_after_the_last_day_did_not_happen_yet():
    assert orders(Line(UNTIL + 1, 500, order=1), Line(UNTIL, 100, order=2)) == [(UNTIL, 100, False)]


# ---- the figures of raw rows -----------------------------------------------------------------------------------------


def shoppers(seed=4, people=200):
    chance = np.random.default_rng(seed)
    return [
        [Line(int(day), int(amount), order=n, type=ORDERED) for n, (day, amount) in enumerate(
            zip(np.unique(chance.integers(0, UNTIL + 1, chance.integers(1, 9))), chance.integers(1, 9_000, 9),
                strict=False))]
        for _ in range(people)
    ]  # fmt: skip


def test_the_repeat_purchase_rate_of_sums_is_that_of_the_purchases():
    people = shoppers()
    what = CONTRIBUTIONS[0]
    rows = [(n, line.day) for n, some in enumerate(people) for line in some]
    who, day = (np.array(column) for column in zip(*rows, strict=True))
    found = waiting(who, day, UNTIL)
    raw = repeat_purchase(found.duration, found.observed, found.followed, 90)
    assert repeat_purchase_of(what.whole(frame_of(people))) == raw


def test_cells_hold_what_models_of_value_are_fitted_to_and_amounts_within_one_percent():
    people = shoppers()
    what = HowOften(until=UNTIL, currency="EUR")
    sums = what.whole(frame_of(people))
    kinds = customers_of(sums, what)
    rows = [(n, line.day, line.amount) for n, some in enumerate(people) for line in some]
    who, day, amount = (np.array(column) for column in zip(*rows, strict=True))
    raw = reduce(who, day, UNTIL, amounts=amount, unit="day")
    assert kinds.many.sum() == raw.customers
    assert sorted(np.repeat(kinds.x, kinds.many)) == sorted(raw.x)
    assert abs(np.sort(np.repeat(kinds.T, kinds.many)) * 7 - np.sort(raw.T)).max() < 3.001
    exact = sums.number("spent")
    assert exact == round(float(raw.x @ raw.mean_amount))
    assert abs(kinds.spent / exact - 1) < 0.005
    means = np.sort(np.repeat(kinds.mean, kinds.many))
    assert abs(means / np.maximum(np.sort(raw.mean_amount), 1e-9) - 1)[means > 0].max() < 0.02


def test_small_amounts_are_told_apart_exactly():
    assert EDGES[:50].tolist() == list(range(1, 51))
    assert (EDGES[1:] / EDGES[:-1])[60:].max() <= 1.0201


def test_bought_lines_and_orders_together_are_counted_once():
    some = [Line(3, 200, order=1, type=BOUGHT), Line(3, 200, order=1, type=ORDERED)]
    assert HowOften(until=UNTIL, currency="EUR").part(view_of(some)).number("spent") == 0
    assert orders(*some) == [(3, 200, False)]


# ---- money, visits, silence ------------------------------------------------------------------------------------------

CAST = {
    "amina": [Line(390, 500, order=1), Line(395, 700, order=2), Line(396, 300, order=3)],
    "bruno": [Line(100, 900, order=4)],
    "chiara": [Line(350, 400, order=5), Line(392, 1_000, order=6)],
    "dev": [Line(399, 100, order=7), Line(399, 50, order=8, foreign=1)],
}


def total(what):
    return what.whole(frame_of(list(CAST.values())))


def test_revenue_and_order_value_are_those_of_the_window_by_hand():
    sums = total(Paid(until=UNTIL, currency="EUR", since=380))
    paid = of_group(sums, 0)
    assert (paid.people, paid.sums) == (3, (2_600, 5))
    assert sums.number("foreign") == 1
    assert compound(paid).value == 2_600
    assert compound(paid).standard_error == pytest.approx((1_500**2 + 1_000**2 + 100**2) ** 0.5)
    told = per_order(paid)
    assert told.value == pytest.approx(520)
    left = np.array([1_500 - 3 * 520, 1_000 - 520, 100 - 520])
    assert told.standard_error == pytest.approx((1.5 * (left**2).sum()) ** 0.5 / 5)


def test_a_mean_of_one_order_each_has_students_interval():
    from scipy import stats

    amounts = np.array([120, 480, 95, 800, 310])
    told = per_order(Moments.of_rows(amounts, np.ones(5, np.int64)))
    low, high = stats.t.interval(0.95, 4, amounts.mean(), stats.sem(amounts))
    assert (told.low, told.high) == (pytest.approx(low), pytest.approx(high))


def test_visits_count_the_days_after_the_first_in_whole_weeks():
    told = rate_of(total(Came(until=UNTIL, currency="EUR", weeks=13)))
    # Amina: one whole week before the end, in it days 395 and 396; Bruno: 13 weeks, none; Chiara: 7 weeks, day 392.
    assert (told.counted, told.exposure) == (3, 1 + 13 + 7)


def test_who_came_back_is_asked_of_those_who_were_there_before():
    curve = survival_of(total(Stayed(until=UNTIL, currency="EUR", days=30)))
    assert curve.n == 1, "Chiara alone bought from day 341 to 370"
    assert curve.at(30).value == 0
    assert silent_of(total(Silence(until=UNTIL, currency="EUR", rules=(5, 200))), (5, 200)).shares[1].hits == 1


def test_a_click_counts_for_the_mail_that_it_names_and_an_order_for_the_last_mail_before_it():
    people = [
        [Line(300, 0, order=11, type=SENT), Line(301, 0, order=11, type=CLICKED), Line(302, 0, order=11, type=CLICKED),
         Line(303, 500, order=1), Line(320, 500, order=2)],
        [Line(300, 0, order=12, type=SENT), Line(310, 0, order=13, type=CLICKED), Line(299, 500, order=3)],
    ]  # fmt: skip
    sums = OfMails(until=UNTIL, currency="EUR", since=200, follow=7).whole(frame_of(people))
    assert share_of(under(sums, "clicks_")).value == 0.5
    assert rate_of(under(sums, "orders_")).counted == 1


# ---- arms ------------------------------------------------------------------------------------------------------------


@given(
    rows=st.lists(
        st.tuples(st.integers(-LARGEST // 4, LARGEST // 4), st.integers(-5_000, LARGEST // 4), st.integers(0, 2)),
        max_size=8,
    )
)
def test_many_customers_of_an_arm_are_the_sum_of_each_whatever_their_size(rows):
    known = np.array([[a for a, _, _ in rows], [b for _, b, _ in rows]], np.int64).reshape(2, -1)
    group = np.array([g for _, _, g in rows], np.int64)
    found = parts(known, group, 3)
    for arm in range(3):
        mine = [part_of_arm(a, [b]) for a, b, g in rows if g == arm]
        if mine:
            assert of_group(found, arm) == Moments.of_sums(sum(mine[1:], mine[0]))


def test_a_sum_that_leaves_64_bits_is_refused_and_never_wraps():
    many = np.full((1, 3), LARGEST, np.int64)
    with pytest.raises(Overflow):
        parts(many, np.zeros(3, np.int64), 1)
    assert of_group(parts(many[:, :1], np.zeros(1, np.int64), 1), 0).products == (LARGEST**2,)


def test_an_arm_counts_everybody_also_who_bought_nothing_and_nobody_of_no_arm():
    people = [CAST["amina"], [], CAST["chiara"], CAST["dev"]]  # ids 1 to 4: arms 1, 2 (none), 0, 1
    what = InArm(until=UNTIL, currency="EUR", since=391, before=60, arms=2, arm_of=lambda persons: persons % 3)
    sums = whole_of(what, people)
    control, treated = (of_group(under(sums, "spent_"), arm) for arm in (0, 1))
    assert (control.people, control.sums) == (1, (1_000, 400))
    assert (treated.people, treated.sums) == (2, (1_100, 500))


def test_the_tail_is_cut_within_two_percent():
    people = [[Line(395, 100 + n, order=1)] for n in range(999)] + [[Line(395, 90_000, order=1)]]
    what = InArm(until=UNTIL, currency="EUR", since=391, before=0, arms=1, arm_of=lambda persons: 0 * persons)
    most = tail_of(whole_of(what, people))
    assert 1_098 <= most <= 1_098 * 1.02


def test_who_bought_twice_in_the_last_week_has_times_that_a_model_can_take():
    what = HowOften(until=7_000, currency="EUR")
    days, paid = np.array([6_998, 7_000]), np.array([1_000, 2_000])
    sums = what._sums(Bought(np.zeros(2, np.int64), days, paid, np.zeros(2, bool)))
    (x,), (t_x,), (T,) = (getattr(customers_of(sums, what), name) for name in ("x", "t_x", "T"))
    assert (x, t_x, T) == (1, pytest.approx(3 / 7), 0.5)


def test_the_clock_starts_when_her_first_day_ends_for_nobody_comes_back_on_it():
    what = HowOften(until=7_000, currency="EUR")
    day = np.array([6_990, 6_990, 6_997, 6_983])  # each in the middle of a week
    sums = what._sums(Bought(np.array([0, 0, 0, 1]), day, np.full(4, 1_000), np.zeros(4, bool)))
    kinds = customers_of(sums, what)
    found = {x: (t_x, T) for x, t_x, T in zip(kinds.x, kinds.t_x, kinds.T, strict=True)}
    assert found == {1: (pytest.approx(6.5 / 7), pytest.approx(10 / 7)), 0: (0, pytest.approx(17 / 7))}


# ---- weeks -----------------------------------------------------------------------------------------------------------


def test_a_week_counts_its_amounts_and_its_buyers_once():
    people = [
        [Line(UNTIL, 500), Line(UNTIL - 6, 300), Line(UNTIL - 7, 200), Line(UNTIL - 14, 900)],
        [Line(UNTIL - 1, 100), Line(UNTIL - 1, 50, foreign=1)],
    ]
    of_orders = whole_of(ByWeek(until=UNTIL, currency="EUR", weeks=2), people)
    assert of_orders.array("amount").tolist() == [[200, 800]], "an order with a foreign line has no amount"
    assert of_orders.array("people").tolist() == [[1, 1]]
    of_lines = whole_of(ByWeek(until=UNTIL, currency="EUR", weeks=2, kind_of=np.array([0])), people)
    assert of_lines.array("amount").tolist() == [[200, 900]]
    assert of_lines.array("people").tolist() == [[1, 2]]
    assert (of_lines.number("foreign"), of_lines.number("customers")) == (1, 2)
