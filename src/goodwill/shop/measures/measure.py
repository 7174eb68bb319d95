"""What a measure is: its name, for which purpose it reads, what may be asked of it, and how it is worked out."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from goodwill.access import Contribution, Total
from goodwill.basics.clock import date_of
from goodwill.basics.errors import BadInput, CannotTell
from goodwill.basics.money import digits_of
from goodwill.basics.words import money, number
from goodwill.costs import Total as Spent
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import SMALL, Coverage, Figure, Grade, Plain, Reproduce
from goodwill.measure.period import Period
from goodwill.purposes import Purpose
from goodwill.sums import Sums

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

E = TypeVar("E", bound=Estimate)
Options: TypeAlias = Mapping[str, Any]
DAYS: Final = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
LENGTHS: Final = (7, 28, 91, 182, 364, 728)  # days: a week, four, a quarter, a half, one and two years of whole weeks
WEEKS: Final = (1, 4, 13, 26, 52, 104)  # the same in weeks


@dataclass(frozen=True, slots=True)
class Option:
    """Something that may be asked of a measure.

    Attributes:
        name: small letters; on the command line it stands behind two hyphens.
        default: its value where nothing is said; or what finds it in a shop.
        parse: its value from what was typed. Raises BadInput, whose sentence ends "not '…'".
        needed: whether it has to be given; on the command line it stands without its name, unless it is ``named``.
        metavar: how the command line calls its value.
    """

    name: str
    help: str
    default: "Plain | Callable[[Shop], Plain]"
    parse: Callable[[str], Plain]
    needed: bool = False
    named: bool = False
    metavar: str = "VALUE"

    @property
    def stands_alone(self) -> bool:
        """Whether it stands without its name on the command line."""
        return self.needed and not self.named

    def of(self, shop: "Shop", given: Plain) -> Plain:
        """The value: as given, or what stands where nothing is."""
        if given is not None:
            return self.parse(str(given).strip())
        if self.needed:
            raise BadInput(f"Say {'' if self.named else 'which '}{self.name}: {self.help}.")
        return self.default(shop) if callable(self.default) else self.default


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of the shop that can be asked for by its name.

    Attributes:
        says: what it is, in a sentence. purpose: for which people are read. unit: of its figure.
        work: gives the answer for a period that has closed.
        is_kept: whether its answer is kept. Where it also rests on what is written by hand (costs, the margin), what it
            knows of people is kept instead, see `facts`; so a cost counts as soon as it is written.
        apart_by: the option that names a purpose by whose word people are told apart. Of one period it is told by one
            such purpose alone: by two it would tell of those who said yes to one of them.
    """

    name: str
    says: str
    purpose: Purpose
    options: tuple[Option, ...]
    work: "Callable[[Shop, Period, Options], Answer]"
    unit: str = "share"
    is_kept: bool = True
    apart_by: str = ""


# ---- what options look like ------------------------------------------------------------------------------------------


def whole(name: str, least: int, most: int) -> Callable[[str], Plain]:
    """A whole number in a range."""

    def parse(text: str) -> Plain:
        if re.fullmatch(r"[0-9]{1,9}", text) and least <= int(text) <= most:
            return int(text)
        raise BadInput(f"'{name}' is a whole number from {least} to {most}, not '{text}'.")

    return parse


def step(name: str, *steps: int) -> Callable[[str], Plain]:
    """One of a few lengths of time.

    Two lengths that anybody may choose freely tell, by their difference, what one person did in between.
    """

    def parse(text: str) -> Plain:
        if text in map(str, steps):
            return int(text)
        raise BadInput(f"'{name}' is {_or(steps)}, not '{text}'.")

    return parse


def _or(steps: Sequence[int]) -> str:
    *most, last = map(str, steps)
    return f"{', '.join(most)} or {last}" if most else last


DAYS_SAID: Final = _or(LENGTHS)
WEEKS_SAID: Final = _or(WEEKS)


def percent(name: str) -> Callable[[str], Plain]:
    """A number of percent from 0 to 100, with or without its sign."""

    def parse(text: str) -> Plain:
        found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)\s*%?", text)
        if found and float(found[1]) <= 100:
            return float(found[1])
        raise BadInput(f"'{name}' is a number of percent from 0 to 100, such as 40, not '{text}'.")

    return parse


def name(what: str) -> Callable[[str], Plain]:
    """The name of something in the shop."""

    def parse(text: str) -> Plain:
        if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", text):
            return text
        raise BadInput(f"The name of {what} is 1 to 64 small letters, digits and hyphens, not '{text}'.")

    return parse


def day(name: str) -> Callable[[str], Plain]:
    """A day, such as 2026-11-22."""

    def parse(text: str) -> Plain:
        try:
            return str(date.fromisoformat(text))
        except ValueError:
            raise BadInput(f"'{name}' is a day such as 2026-11-22, not '{text}'.") from None

    return parse


def one_of(name: str, *words: str) -> Callable[[str], Plain]:
    """One of some words."""

    def parse(text: str) -> Plain:
        if text in words:
            return text
        raise BadInput(f"'{name}' is {' or '.join(words)}, not '{text}'.")

    return parse


def length(name: str, most: int) -> Callable[[str], Plain]:
    """A length of time such as "12 months"; kept as it is written, in one way."""

    def parse(text: str) -> Plain:
        found = re.fullmatch(r"([0-9]{1,5})\s*(day|week|month|year)s?", text)
        if found and 1 <= int(found[1]) * DAYS[found[2]] <= most:
            return f"{int(found[1])} {found[2]}{'s' if int(found[1]) > 1 else ''}"
        raise BadInput(
            f"'{name}' is a length of time such as 12 months, up to {most / 365.25:.0f} years, not '{text}'."
        )

    return parse


def days_of(text: str) -> float:
    """The days of a length of time, as `length` keeps it."""
    many, unit = text.split()
    return int(many) * DAYS[unit.removesuffix("s")]


def margin_of(shop: "Shop") -> float:
    """What a margin is where nobody names one: as the settings have it; 0: not known."""
    return float(shop.settings.margin)


# ---- telling ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: a measure, of a period, with its options; and how figures of it are told.

    Attributes:
        options: all of them, by name.
    """

    measure: str
    period: Period
    options: Options

    @property
    def reproduce(self) -> Reproduce:
        told = {name: value for name, value in self.options.items() if value is not None}
        return Reproduce.by("shop.measure", name=self.measure, at=str(date_of(self.period.end)), **told)

    def figure(
        self, estimate: Estimate, total: Total, *, counted: int, name: str, unit: str, method: str, why: str,
        grade: Grade = Grade.C, seed: int | None = None,
    ) -> Figure:  # fmt: skip
        """An estimate as a figure.

        Args:
            counted: people behind it. why: who of those that exist is not among them.
        """
        if not counted and estimate.refused:  # nobody is behind it, so the reason is about nobody
            return Figure(
                name=name, value=None, unit=unit, n=None, coverage=coverage(total, None, why), grade=grade,
                method=method, reproduce=self.reproduce, as_of=total.as_of, refused=estimate.refused, suppressed=True,
            )  # fmt: skip
        return Figure.of(
            estimate, name=name, unit=unit, method=method, coverage=coverage(total, counted, why), grade=grade,
            reproduce=self.reproduce, as_of=total.as_of, seed=seed,
        )  # fmt: skip


def coverage(total: Total, counted: int | None, why: str) -> Coverage:
    """So many of all that are known."""
    return Coverage(counted, max(total.exist, counted or 0), "everybody" if counted == total.exist else why)


def sum_of(spent: Spent) -> str:
    """What was spent in all, in words."""
    return "no sum" if spent.money is None else money(spent.money)


def costs_table(spent: Spent, what: str, currency: str) -> Table:
    """What a sum of costs is made of, with every rate that was used."""
    rows = [(money(one), money(one), "as spent") for one in spent.by_currency if one.currency == currency]
    rows += [(money(one.amount), money(one.into), str(one.rate)) for one in spent.converted]
    says = f"{what}: {number(spent.rows, 'costs')}, {sum_of(spent)} together."
    return Table("costs", says, (Column("spent"), Column("counts as"), Column("by")), tuple(rows))


def total_of(shop: "Shop", what: Contribution) -> Total:
    """What all who allow it contribute, through the door.

    Raises:
        TooFew: fewer people allow it than its purpose asks for.
    """
    with shop.at_the_door() as door:
        return door.total(what)


def withhold_few(sums: Sums, *, instead: str) -> None:
    """Nothing is told where a figure, held against those of other lengths of time, would be about few people.

    Args:
        instead: what can be asked for always.

    Raises:
        CannotTell: 1 to 9 people are told apart by two lengths.
    """
    if any(is_of_few(sums.array(one)) for one in ("beyond", "only") if one in sums):
        raise CannotTell(
            f"Held against a figure of another length of time, this one would tell what fewer than {SMALL} people did. "
            f"Ask for {instead}, or for another length."
        )


def is_of_few(counts: ArrayLike) -> bool:
    """Whether any of some numbers of people is so small that it is not told, and not nobody."""
    many = np.asarray(counts)
    return bool(((many > 0) & (many < SMALL)).any())


def in_money(estimate: E, currency: str, times: float = 1.0) -> E:
    """An estimate in minor units, in the currency's own unit; and times something, such as a margin."""
    if estimate.value is None:
        return estimate
    scale = times / 10 ** digits_of(currency)
    ends = [None if end is None else end * scale for end in (estimate.value, estimate.low, estimate.high)]
    error = None if estimate.standard_error is None else estimate.standard_error * scale
    return replace(estimate, value=ends[0], low=ends[1], high=ends[2], standard_error=error)


def left_out(purpose: str, *, bought: str = "bought nothing by then") -> str:
    """Who is not counted, in words."""
    return f"the others did not allow '{purpose}', objected to it, are held, or {bought}"
