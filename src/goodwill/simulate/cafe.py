"""An invented bakery-café: people with habits, their visits over some time, and what they allow.

Everybody has a favourite part of the day, a small usual basket, a rate of visits and some curiosity; a few stop coming.
All of that is kept aside as `truth`, so that a test can ask whether goodwill found it. Same seed, same bytes.
Four people live in every such world: Amina consents to everything, Bruno was never asked, Chiara withdrew, Dev is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import DAY, SECOND, Micros, date_of, day_number, micros
from goodwill.basics.errors import BadInput
from goodwill.purposes import Basis, Register, shipped
from goodwill.simulate.consents import GIVEN, WITHDRAWN, Asking, ConsentRule, Word
from goodwill.simulate.menu import (
    AFTERNOON,
    DAYPARTS,
    FIRST_NAMES,
    LAST_NAMES,
    MORNING,
    NOON,
    PRODUCTS,
    TASTES,
    TOWNS,
    Product,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
CAST = ("amina", "bruno", "chiara", "dev")
USUAL = 4  # nobody has more usual items
ZONE = ZoneInfo("Europe/Berlin")
CURRENCY = "EUR"
_LAST_DAY = date(2026, 10, 31)  # of the default world; a shop that is served passes yesterday
_HOURS = ((7, 11), (11, 14), (14, 18))  # by daypart
_WEEK = np.array([0.0, 1.0, 1.0, 1.1, 1.2, 1.8, 0.9])  # Monday, closed, to Sunday
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Person:
    """One invented customer; the address is at a domain that nobody can own."""

    id: str
    first_name: str
    last_name: str
    email: str
    town: str
    joined: date


@dataclass(frozen=True, eq=False)
class Lines:
    """What was sold, parallel arrays in the order of time: a line per product of an order.

    Attributes:
        order: number of the visit, rising from 1.
        person: index into the people.
        product: index into the menu.
        quantity: pieces.
        amount: minor units for all pieces.
        at: moment of the order, µs UTC.
    """

    order: Ints
    person: Ints
    product: Ints
    quantity: Ints
    amount: Ints
    at: Ints

    def __len__(self) -> int:
        return self.order.size


@dataclass(frozen=True, eq=False)
class Truth:
    """What the world knows about its people and the shop does not: for tests.

    Attributes:
        usual: each person's usual products, indices into the menu, strongest first, -1 for none, shape (n, 4).
        habit: chance that a usual product is taken at a visit that suits it, shape (n, 4), 0 where there is none.
        daypart: favourite part of the day, 0 morning, 1 noon, 2 afternoon, shape (n,).
        rate: visits a week while the person comes, shape (n,).
        curiosity: chance of trying something else at a visit, shape (n,).
        first, last: day numbers between which the person comes, shape (n,).
    """

    usual: Ints
    habit: Floats
    daypart: Ints
    rate: Floats
    curiosity: Floats
    first: Ints
    last: Ints

    def usual_of(self, person: int) -> tuple[Product, ...]:
        return tuple(PRODUCTS[index] for index in self.usual[person] if index >= 0)


@dataclass(frozen=True, eq=False)
class World:
    """An invented shop over some time, with its truth.

    Attributes:
        first, last: the first and the last day, as day numbers on the shop's calendar.
    """

    seed: int
    first: int
    last: int
    people: tuple[Person, ...]
    lines: Lines
    consents: tuple[Word, ...]
    rule: ConsentRule
    truth: Truth
    products: tuple[Product, ...] = PRODUCTS
    zone: ZoneInfo = ZONE
    currency: str = CURRENCY

    def index(self, person: str) -> int:
        """Where a person stands in every array of this world."""
        return next(place for place, someone in enumerate(self.people) if someone.id == person)

    @property
    def end(self) -> Micros:
        """The midnight after the last day."""
        return midnight(self.last + 1)


@dataclass(frozen=True)
class _Cast:
    """How one of the four lives: her index is her place."""

    first_name: str
    last_name: str
    daypart: int
    rate: float
    usual: tuple[str, ...]
    habit: tuple[float, ...] = (0.9, 0.75, 0.5, 0.4)


_LIVES = (
    _Cast("Amina", "Winter", MORNING, 2.5, ("Butter croissant", "Cappuccino", "Sourdough loaf")),
    _Cast("Bruno", "Sommer", NOON, 2.0, ("Tomato soup with bread", "Bottle of water", "Leek quiche")),
    _Cast("Chiara", "Fontana", AFTERNOON, 2.0, ("Slice of cheesecake", "Pot of black tea", "Slice of apple cake")),
    _Cast("Dev", "Anand", MORNING, 0.0, ()),
)


def cafe(
    people: int = 1000,
    seed: int = 84,
    days: int = 365,
    *,
    last_day: date = _LAST_DAY,
    rule: ConsentRule | None = None,
    register: Register | None = None,
) -> World:
    """An invented bakery-café: ``people`` customers over ``days`` days up to and including ``last_day``.

    Dev joins on the last day and has bought nothing yet. The bytes repeat for one seed and one version of numpy.

    Raises:
        BadInput: fewer people than the cast of four, or fewer days than two weeks.
    """
    if people < len(CAST) or days < 14:
        raise BadInput(f"A café needs at least {len(CAST)} people (the cast) and 14 days; got {people} and {days}.")
    last = day_number(last_day)
    first = last - days + 1
    truth = _truth(np.random.default_rng([seed, 1]), people, first, last)
    lines = _lines(np.random.default_rng([seed, 2]), truth, first, last)
    customers = _customers(np.random.default_rng([seed, 3]), truth)
    rule = rule or ConsentRule(seed)
    words = _consents(customers, rule, register or shipped(), midnight(last + 1))
    return World(seed, first, last, customers, lines, words, rule, truth)


def midnight(day: int) -> Micros:
    """The moment at which a day of the shop's calendar begins."""
    return micros(datetime.combine(date_of(day), time(), ZONE))


# ---- habits ------------------------------------------------------------------------------------------------------


def _truth(rng: np.random.Generator, people: int, first: int, last: int) -> Truth:
    daypart = rng.choice(3, people, p=(0.45, 0.3, 0.25))
    rate = np.minimum(rng.lognormal(np.log(0.5), 0.8, people), 6.0)
    joined = np.where(rng.random(people) < 0.8, first, rng.integers(first, last, people))
    stays = np.where(rng.random(people) < 0.85, last, rng.integers(joined, last + 1))
    usual, habit = _usual(rng, daypart)
    truth = Truth(usual, habit, daypart, rate, rng.beta(1.5, 8.0, people), joined, stays)
    for place, life in enumerate(_LIVES):
        _settle_in(truth, place, life, first, last)
    return truth


def _settle_in(truth: Truth, place: int, life: _Cast, first: int, last: int) -> None:
    names = [product.name for product in PRODUCTS]
    count = len(life.usual)
    truth.usual[place] = [names.index(name) for name in life.usual] + [-1] * (USUAL - count)
    truth.habit[place] = [*life.habit[:count], *[0.0] * (USUAL - count)]
    truth.daypart[place], truth.rate[place], truth.curiosity[place] = life.daypart, life.rate, 0.1
    truth.first[place], truth.last[place] = (first if life.rate else last), last


def _usual(rng: np.random.Generator, daypart: Ints) -> tuple[Ints, Floats]:
    """One to four usual products each, drawn without replacement by taste and favourite daypart (Gumbel top-k)."""
    people = daypart.size
    tastes = rng.choice(len(TASTES), people, p=(0.3, 0.22, 0.2, 0.13, 0.15))
    chance = np.log(_liking()[tastes] * _suits()[daypart] * _all_year() + 1e-12)
    order = np.argsort(-(chance + rng.gumbel(size=chance.shape)), axis=1, kind="stable")[:, :USUAL]
    habit = -np.sort(-rng.beta(5.0, 3.0, order.shape), axis=1)
    none = np.arange(USUAL) >= rng.integers(1, USUAL + 1, people)[:, None]
    return np.where(none, -1, order).astype(np.int64), np.where(none, 0.0, habit)


def _liking() -> Floats:
    """How much each taste likes each product, shape (tastes, products)."""
    return np.array([[4.0 if taste in product.tastes else 0.5 for product in PRODUCTS] for taste in TASTES])


def _suits() -> Floats:
    """How well each product suits each daypart, 0 to 1, shape (dayparts, products)."""
    return np.array([[product.weights[part] / 9 for product in PRODUCTS] for part in range(len(DAYPARTS))])


def _all_year() -> Floats:
    """Seasonal products seldom become a habit, shape (products,)."""
    return np.array([len(product.months) / 12 for product in PRODUCTS])


def _in_season() -> NDArray[np.bool_]:
    """Whether a product is made in a month (row 0 stays empty), shape (13, products)."""
    return np.array([[month in product.months for product in PRODUCTS] for month in range(13)])


def _saturdays() -> Floats:
    """How many times as gladly a product is taken on a Saturday, shape (products,)."""
    return np.array([product.saturday for product in PRODUCTS])


# ---- visits ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Visits:
    """Visits in the order of time, parallel arrays; at most one per person, day and daypart."""

    person: Ints
    day: Ints
    daypart: Ints
    at: Ints

    @property
    def saturday(self) -> NDArray[np.bool_]:
        return np.equal(_weekday(self.day), _SATURDAY)

    @property
    def month(self) -> Ints:
        return (self.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12) + 1


def _weekday(day: Ints) -> Ints:
    return (day + 3) % 7  # day 0, 1970-01-01, was a Thursday


def _visits(rng: np.random.Generator, truth: Truth, first: int, last: int) -> _Visits:
    """Days by weekday (Mondays closed), dayparts mostly the favourite one, minutes evenly within it."""
    person = np.repeat(np.arange(truth.rate.size), rng.poisson(truth.rate * (truth.last - truth.first + 1) / 7))
    open_days = np.concatenate([[0.0], np.cumsum(_WEEK[_weekday(np.arange(first, last + 1))])])
    low, high = open_days[truth.first[person] - first], open_days[truth.last[person] - first + 1]
    within = low + (high - low) * rng.random(person.size)
    day = first + np.searchsorted(open_days, within, side="right") - 1
    favourite = rng.random(person.size) < 0.8
    daypart = np.where(favourite, truth.daypart[person], rng.integers(0, 3, person.size))
    came = (high > low) & (_WEEK[_weekday(day)] > 0)
    _, once = np.unique(np.stack([person, day, daypart])[:, came], axis=1, return_index=True)
    kept = np.flatnonzero(came)[once]
    person, day, daypart = person[kept], day[kept], daypart[kept]
    opens, closes = np.array(_HOURS).T
    hour = opens[daypart] + (closes - opens)[daypart] * rng.random(kept.size)
    at = _moments(day, first, last) + np.floor(hour * 3600).astype(np.int64) * SECOND
    order = np.lexsort((person, at))
    return _Visits(person[order], day[order], daypart[order], at[order])


def _moments(day: Ints, first: int, last: int) -> Ints:
    """The shop's zero o'clock of each day as it reads at noon, so that opening hours hold when the clocks change."""
    noons = [micros(datetime.combine(date_of(number), time(12), ZONE)) - DAY // 2 for number in range(first, last + 1)]
    return np.array(noons, dtype=np.int64)[day - first]


# ---- baskets -----------------------------------------------------------------------------------------------------


def _lines(rng: np.random.Generator, truth: Truth, first: int, last: int) -> Lines:
    visits = _visits(rng, truth, first, last)
    chosen = [_usual_lines(rng, truth, visits), _new_lines(rng, truth, visits)]
    visit, product = (np.concatenate(parts) for parts in zip(*chosen, strict=True))
    width = len(PRODUCTS)
    visit, product = np.divmod(np.unique(visit * width + product), width)
    quantity = 1 + (rng.random(product.size) < 0.12) + (rng.random(product.size) < 0.03)
    cents = np.array([item.cents for item in PRODUCTS], dtype=np.int64)
    number = np.cumsum(np.concatenate([[1], np.diff(visit) > 0])[: visit.size])
    return Lines(number, visits.person[visit], product, quantity, quantity * cents[product], visits.at[visit])


def _usual_lines(rng: np.random.Generator, truth: Truth, visits: _Visits) -> tuple[Ints, Ints]:
    """The usual items that come along at each visit: habit × how well daypart, season and Saturday suit them."""
    usual = truth.usual[visits.person]
    suits = np.sqrt(_suits())[visits.daypart[:, None], usual]
    suits *= _in_season()[visits.month[:, None], usual]
    suits *= np.where(visits.saturday[:, None], 1.0, 1 / np.sqrt(_saturdays())[usual])
    taken = (usual >= 0) & (rng.random(usual.shape) < truth.habit[visits.person] * np.minimum(suits, 1.0))
    visit, slot = np.nonzero(taken)
    return visit, usual[visit, slot]


def _new_lines(rng: np.random.Generator, truth: Truth, visits: _Visits) -> tuple[Ints, Ints]:
    """Something else out of curiosity, by what the hour and the season offer."""
    visit = np.flatnonzero(rng.random(visits.person.size) < truth.curiosity[visits.person])
    saturday = np.where(visits.saturday[visit][:, None], _saturdays(), 1.0)
    weight = _suits()[visits.daypart[visit]] * _in_season()[visits.month[visit]] * saturday
    upto = np.cumsum(weight, axis=1)
    drawn = rng.random(visit.size) * upto[:, -1]
    return visit, (upto <= drawn[:, None]).sum(axis=1)


# ---- names and consents ------------------------------------------------------------------------------------------


def _customers(rng: np.random.Generator, truth: Truth) -> tuple[Person, ...]:
    people = truth.first.size
    names = zip(rng.integers(0, len(FIRST_NAMES), people), rng.integers(0, len(LAST_NAMES), people), strict=True)
    towns = rng.integers(0, len(TOWNS), people)
    customers = []
    for place, (first, last) in enumerate(names):
        life = _LIVES[place] if place < len(_LIVES) else None
        given, family = (life.first_name, life.last_name) if life else (FIRST_NAMES[first], LAST_NAMES[last])
        known_as = CAST[place] if life else f"c{place:06d}"
        joined = date_of(int(truth.first[place]))
        customers.append(Person(known_as, given, family, f"{known_as}@example.org", TOWNS[towns[place]], joined))
    return tuple(customers)


def _consents(people: Sequence[Person], rule: ConsentRule, register: Register, end: Micros) -> tuple[Word, ...]:
    """The cast answers as it always does; everybody else by the rule, asked at nine on the day of joining."""
    nine = 9 * 3600 * SECOND
    asked = [Asking(one.id, Micros(midnight(day_number(one.joined)) + nine), end) for one in people]
    amina, _bruno, chiara, dev = asked[: len(CAST)]
    later = Micros(chiara.at + (chiara.end - chiara.at) * 3 // 4)
    words = [*_says(amina, GIVEN, amina.at, register), *_says(chiara, GIVEN, chiara.at, register)]
    words += [*_says(chiara, WITHDRAWN, later, register), *_says(dev, GIVEN, dev.at, register)]
    return (*words, *rule.invent(asked[len(CAST) :], register))


def _says(asking: Asking, state: str, at: Micros, register: Register) -> list[Word]:
    wanted = [entry for entry in register if entry.basis is Basis.CONSENT]
    return [Word(asking.person, entry.name, category, state, at) for entry in wanted for category in entry.categories]
