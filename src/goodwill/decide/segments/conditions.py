"""A rule made ready to be asked: each question about somebody's events becomes one bit, and the rest is logic.

The bits of a person are her pattern. The column engine works patterns out for many people at once, the row engine for
one; what follows from a pattern and from facts is said here, once. Where a fact is not known, nothing follows: the
answer is then neither yes nor no (Kleene's logic of three values).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from goodwill.access import Log
from goodwill.basics.clock import date_of, day_number
from goodwill.decide.segments.facts import BIRTHDAY, days_to_birthday, same
from goodwill.decide.segments.rule import (
    AllOf,
    AnyOf,
    Birthday,
    Deed,
    Did,
    Fact,
    First,
    Last,
    Never,
    Node,
    NoneOf,
    Range,
    Things,
    nodes,
)
from goodwill.people.types import TypeCode, event_type

Measure: TypeAlias = Literal["times", "visits", "spent", "last", "first"]
Chooses: TypeAlias = Callable[[Things], frozenset[int]]  # the products that some things are, by their numbers

_ONCE: Final = Range(at_least=1)
_NEVER: Final = Range(at_most=0)


@dataclass(frozen=True, slots=True)
class Sign:
    """One question about somebody's events, answered by yes or no.

    Attributes:
        products: None: any, or none at all.
        first: the earliest day that counts; None: all do. last: the latest; never after today.
        today: from which days are counted back.
    """

    type: TypeCode
    products: frozenset[int] | None
    first: int | None
    last: int
    measure: Measure
    wanted: Range
    today: int

    def shows(self, log: Log) -> bool:
        """The answer for one person's events."""
        mine = (log.type == self.type) & (log.day <= self.last)
        if self.first is not None:
            mine &= log.day >= self.first
        if self.products is not None:
            mine &= np.isin(log.product, list(self.products))
        days, amounts = log.day[mine], log.amount[mine]
        match self.measure:
            case "times":
                return self.wanted.holds(days.size)
            case "visits":
                return self.wanted.holds(np.unique(days).size)
            case "spent":
                return self.wanted.holds(int(amounts.sum()))
            case "last":
                return days.size > 0 and self.wanted.holds(self.today - int(days.max()))
            case "first":
                return days.size > 0 and self.wanted.holds(self.today - int(days.min()))

    @property
    def shows_on_nothing(self) -> bool:
        """The answer for somebody without any event."""
        return self.measure in ("times", "visits", "spent") and self.wanted.holds(0)


@dataclass(frozen=True, slots=True)
class Conditions:
    """A rule on one day, in one catalogue.

    Attributes:
        signs: what is asked about events; the first stands for bit 0 of a pattern.
        fields: the fields of the profile that it looks at.
    """

    rule: Node
    signs: tuple[Sign, ...]
    fields: frozenset[str]
    _today: date
    _number: Mapping[int, int]  # of a sign, by the identity of its condition

    def pattern(self, log: Log) -> int:
        """What one person's events show."""
        return sum(1 << n for n, sign in enumerate(self.signs) if sign.shows(log))

    @property
    def blank(self) -> int:
        """The pattern of somebody without any event."""
        return sum(1 << n for n, sign in enumerate(self.signs) if sign.shows_on_nothing)

    def holds(self, pattern: int, facts: Mapping[str, str]) -> bool | None:
        """Whether the rule holds for a pattern and some facts; None where a fact that decides is not known."""
        return self._holds(self.rule, pattern, facts)

    def undecided(self, patterns: Iterable[int]) -> NDArray[np.bool_]:
        """For which patterns facts decide."""
        return np.array([self._holds(self.rule, pattern, {}) is None for pattern in patterns], dtype=bool)

    def _holds(self, node: Node, pattern: int, facts: Mapping[str, str]) -> bool | None:
        match node:
            case AllOf():
                return _all(self._holds(part, pattern, facts) for part in node.of)
            case AnyOf():
                return _not(_all(_not(self._holds(part, pattern, facts)) for part in node.of))
            case NoneOf():
                return _all(_not(self._holds(part, pattern, facts)) for part in node.of)
            case Fact():
                known = facts.get(node.field)
                return None if known is None else same(known) in map(same, node.one_of)
            case Birthday():
                days = days_to_birthday(facts[BIRTHDAY], self._today) if BIRTHDAY in facts else None
                return None if days is None else days <= node.within_days
            case Did() | Never() | Last() | First():
                return bool(pattern >> self._number[id(node)] & 1)


def _all(answers: Iterable[bool | None]) -> bool | None:
    """No if one is; else not known if one is not; else yes."""
    found = list(answers)
    return False if False in found else None if None in found else True


def _not(answer: bool | None) -> bool | None:  # noqa: FBT001 - the value itself
    return None if answer is None else not answer


@dataclass
class _Signs:
    """The signs of a rule, each once."""

    today: int
    chooses: Chooses
    numbers: dict[Sign, int] = field(default_factory=dict)

    def number(self, node: Deed) -> int:
        sign = self._sign(node)
        return self.numbers.setdefault(sign, len(self.numbers))

    def _sign(self, node: Deed) -> Sign:
        first, last = self._between(node)
        products = None if node.things is None else self.chooses(node.things)
        measure, wanted = _measure(node)
        return Sign(event_type(node.what).code, products, first, last, measure, wanted, self.today)

    def _between(self, node: Deed) -> tuple[int | None, int]:
        if not isinstance(node, Did | Never):
            return None, self.today
        first = None if node.since is None else day_number(node.since)
        if node.within_days is not None:
            return self.today - node.within_days, self.today
        return first, self.today if node.until is None else min(self.today, day_number(node.until))


def _measure(node: Deed) -> tuple[Measure, Range]:
    match node:
        case Last():
            return "last", node.days_ago
        case First():
            return "first", node.days_ago
        case Never():
            return "times", _NEVER
        case Did(visits=Range() as wanted):
            return "visits", wanted
        case Did(spent=Range() as wanted):
            return "spent", wanted
        case Did():
            return "times", node.times or _ONCE


def conditions(rule: Node, *, today: int, chooses: Chooses) -> Conditions:
    """Make a rule ready for a day of the shop's calendar and its catalogue as it is now."""
    signs = _Signs(today, chooses)
    every = list(nodes(rule))
    number = {id(node): signs.number(node) for node in every if isinstance(node, Did | Never | Last | First)}
    named = {node.field for node in every if isinstance(node, Fact)}
    named |= {BIRTHDAY for node in every if isinstance(node, Birthday)}
    return Conditions(rule, tuple(signs.numbers), frozenset(named), date_of(today), number)
