"""What is learned of showing content and offers: many at once are the sum of each, and each can leave again."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.access import Contribution
from goodwill.access.view import COLUMNS, Frame, Log, View
from goodwill.basics.clock import DAY
from goodwill.decide.lessons import CONTENT_WORKS, LESSONS, OFFERS_WORK, Showing
from goodwill.decide.plan import COSTLY, Rewards
from goodwill.decide.reward import Place, Reckoning
from goodwill.decide.traits import COUNT, NAMES, VIEWED, traits
from goodwill.learn.arms import LARGEST, UNIT
from goodwill.people.gentle import CLICKED, SHOWN, TOLD, OfLetters, number_of, number_of_letters
from goodwill.people.types import BOUGHT
from goodwill.purposes import shipped
from goodwill.shop.words import catalogues
from goodwill.storage import AsOf
from goodwill.sums import Running

TODAY = 100
REWARDS = Rewards(days=10, margin=50, visit=300, click=40, one=1000)
ABOUT = np.array([False, True, False, True])
PLACES = (
    Place("deals", "ten", REWARDS, ABOUT, TODAY - 10),
    Place("deals", "five", Rewards(days=3, margin=100, one=100), np.zeros(0, bool), TODAY - 3),
)
WORDS = (*COSTLY, "fine")


def showing(what):
    made = what.contribution(PLACES)
    assert isinstance(made, Showing)
    return made


EVENT = st.one_of(
    st.tuples(st.just(SHOWN), st.just(-1), st.sampled_from([place.number for place in PLACES] + [5])),
    st.tuples(st.just(CLICKED), st.just(-1), st.sampled_from([place.number for place in PLACES])),
    st.tuples(st.just(TOLD), st.just(-1), st.sampled_from([number_of("deals", "ten", word) for word in WORDS])),
    st.tuples(st.sampled_from([BOUGHT, VIEWED]), st.integers(-1, 6), st.integers(1, 9)),
)
PERSON = st.lists(st.tuples(st.integers(70, TODAY), st.integers(0, 5), st.integers(0, 10**7), EVENT), max_size=12)
CROWD = st.lists(PERSON, max_size=5)


def log(person):
    rows = sorted(
        (day, day * DAY + minute, n, type_, product, amount if type_ == BOUGHT else 0, reference)
        for n, (day, minute, amount, (type_, product, reference)) in enumerate(person)
    )
    values = {name: [] for name in COLUMNS}
    for day, at, n, type_, product, amount, reference in rows:
        row = {"id": n, "type": type_, "at": at, "day": day, "product": product, "quantity": 1000, "amount": amount,
               "reference": reference}  # fmt: skip
        for name in COLUMNS:
            values[name].append(row[name])
    return Log(*(np.array(values[name], np.int64) for name in COLUMNS))


def view(person):
    return View(1, OFFERS_WORK.purpose, AsOf(0, 0, 0, 0), frozenset(), frozenset(), log(person))


def frame(people):
    logs = [log(person) for person in people]
    number = np.repeat(np.arange(len(logs)), [len(one) for one in logs]) if logs else np.zeros(0, np.int64)
    joined = (np.concatenate([getattr(one, name) for one in logs] or [np.zeros(0, np.int64)]) for name in COLUMNS)
    return Frame(len(logs), number.astype(np.int64), Log(*joined))


def traits_of(person, day, number=1):
    at, on, numbers = (np.array([value], np.int64) for value in (day * DAY, day, number))
    return traits(log(person), at, on, [ABOUT], numbers)[0].tolist()


def worth(person):
    """What came of the first place, shown on day 80, in 1/256."""
    place, at, day = (np.array([value], np.int64) for value in (0, 80 * DAY, 80))
    return int(Reckoning(PLACES).rewards(log(person), place, at, day)[0])


each = pytest.mark.parametrize("what", [OFFERS_WORK, CONTENT_WORKS], ids=lambda what: what.name)


@each
@given(people=CROWD)
def test_many_at_once_are_the_sum_of_each(what, people):
    made = showing(what)
    total = Running(made.whole(frame([])))
    for person in people:
        total.add(made.part(view(person)))
    assert made.whole(frame(people)).hash == total.hash


@each
@given(people=CROWD, who=st.integers(0, 4))
def test_a_total_without_chiara_is_the_total_that_never_had_her(what, people, who):
    made = showing(what)
    chiara = people[who] if who < len(people) else []
    others = [*people[:who], *people[who + 1 :]]
    total = Running(made.whole(frame([*others, chiara])))
    total.subtract(made.part(view(chiara)))
    assert total.hash == made.whole(frame(others)).hash


@each
def test_it_is_what_the_door_asks_for_under_a_purpose_that_lists_it(what):
    made = showing(what)
    assert isinstance(made, Contribution)
    assert made.categories <= frozenset(shipped()[made.purpose].categories)
    assert what in LESSONS
    for words in catalogues().values():
        assert words.has(f"totals.{what.name}")


@given(PERSON)
def test_rewards_are_whole_numbers_within_bounds_and_only_of_what_is_over(person):
    found = Reckoning(PLACES).of(log(person))
    assert found.features.shape == (found.place.size, COUNT)
    assert np.all(np.abs(found.reward) <= LARGEST * UNIT)
    assert np.all((found.features >= 0) & (found.features <= UNIT))
    shown = {(day, reference) for day, _, _, (type_, _, reference) in person if type_ == SHOWN}
    over = {(day, n) for n, place in enumerate(PLACES) for day, number in shown
            if number == place.number and day < place.closed}  # fmt: skip
    assert found.place.size == len(over), "once a day each"


@given(PERSON, st.integers(70, TODAY))
def test_what_comes_after_a_moment_is_no_trait_of_it(person, day):
    before = [row for row in person if row[0] < day]
    assert traits_of(person, day, PLACES[0].number) == traits_of(before, day, PLACES[0].number)


def test_a_reward_is_margin_and_visits_and_a_click_less_what_was_said():
    bought = [(81, 0, 1000, (BOUGHT, 1, 7)), (83, 0, 600, (BOUGHT, 2, 8)), (83, 1, 0, (VIEWED, 2, 1))]
    clicked = [(80, 5, 0, (CLICKED, -1, PLACES[0].number))]
    too_late = [(91, 0, 9000, (BOUGHT, 1, 9))]
    too_early = [(79, 0, 9000, (BOUGHT, 1, 9))]
    assert worth(bought + clicked + too_late + too_early) == (800 + 2 * 300 + 40) * UNIT // 1000

    def said(*some):
        return worth([(81, n, 0, (TOLD, -1, number_of("deals", "ten", word))) for n, word in enumerate(some)])

    assert said("less") == -200 * UNIT // 1000
    assert said("intrusive") == -1000 * UNIT // 1000
    assert said("intrusive", "fine") == 0, "her last word counts"
    assert said("fine", "complaint") == -2000 * UNIT // 1000


def test_leaving_the_letters_costs_what_was_shown_within_the_time_and_one_displeasure_counts_once():
    def worth_with(*some):
        return worth([(day, n, 0, (TOLD, -1, number)) for n, (day, number) in enumerate(some)])

    left, spam = map(number_of_letters, OfLetters)
    intrusive, fine = (number_of("deals", "ten", word) for word in ("intrusive", "fine"))
    assert worth_with((81, left)) == worth_with((81, left), (82, spam)) == -2000 * UNIT // 1000
    assert worth_with((79, left)) == worth_with((91, spam)) == 0, "before, and too late"
    assert worth_with((81, left), (82, intrusive)) == -2000 * UNIT // 1000, "the dearer"
    assert worth_with((81, spam), (82, fine)) == -2000 * UNIT // 1000, "fine is said of the offer, not of letters"
    assert worth_with((81, intrusive)) == -1000 * UNIT // 1000


def test_a_reward_without_end_is_cut_off():
    assert worth([(81, 0, 10**9, (BOUGHT, 1, 7))]) == LARGEST * UNIT


def test_traits_are_what_their_names_say():
    past = [(60, 0, 1, (BOUGHT, 1, 1)), (60, 1, 1, (BOUGHT, 2, 1)), (94, 0, 1, (BOUGHT, 2, 2)),
            (95, 0, 0, (VIEWED, 3, 1)), (96, 0, 0, (CLICKED, -1, PLACES[0].number))]  # fmt: skip
    found = dict(zip(NAMES, traits_of(past, TODAY, PLACES[0].number), strict=True))
    assert found == {
        "always": 256, "new": 0, "visits": 32, "recent": 256, "away": 0, "bought": 256, "share": 85, "lately": 0,
        "looked": 256, "clicked": 64,
    }  # fmt: skip
    assert dict(zip(NAMES, traits_of([], TODAY), strict=True)) == {**dict.fromkeys(NAMES, 0), "always": 256, "new": 256}
    assert traits_of(past, 125)[3:5] == [0, 256], "away for more than thirty days"


def test_what_is_counted_is_named_so_that_another_weight_begins_anew():
    marks = [OFFERS_WORK.mark(PLACES)]
    changes = ({"closed": 91}, {"rewards": Rewards()}, {"about": np.array([True])}, {"name": "other"})
    marks += [OFFERS_WORK.mark((dataclasses.replace(PLACES[0], **change), PLACES[1])) for change in changes]
    assert len({tuple(sorted(mark.items())) for mark in marks}) == len(marks)
