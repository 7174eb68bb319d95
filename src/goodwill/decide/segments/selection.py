"""A segment as the door asks for it: whether a rule fits a person, for one person and for many with one meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from goodwill.access import View
from goodwill.access.view import Facts, Numbers
from goodwill.decide.segments.conditions import Conditions, Sign
from goodwill.decide.segments.rule import Node
from goodwill.people.types import TypeCode
from goodwill.purposes import Category, Purpose
from goodwill.sums import Sums

if TYPE_CHECKING:
    import ibis
    import numpy as np
    from numpy.typing import NDArray


class Verdict(StrEnum):
    """What a rule says of a person."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    LEFT_OUT = "left-out"  # she did not allow what the rule would look at, so nothing was looked at
    UNKNOWN = "unknown"  # a fact is not known, or she counts in nothing for now


_OF = {True: Verdict.MATCHED, False: Verdict.UNMATCHED, None: Verdict.UNKNOWN}


@dataclass(frozen=True, eq=False)
class Chosen:
    """A rule with its purpose, ready to be asked.

    Attributes:
        categories: what the rule looks at, and what the purpose cannot do without; who does not allow all of them for
            the purpose is left out.
        types: of the events that it looks at; no others are read.
    """

    name: str
    purpose: Purpose
    categories: frozenset[Category]
    conditions: Conditions

    @property
    def rule(self) -> Node:
        return self.conditions.rule

    @property
    def types(self) -> tuple[TypeCode, ...]:
        return tuple(sorted({sign.type for sign in self.conditions.signs}))

    @property
    def fields(self) -> frozenset[str]:
        return self.conditions.fields

    def verdict(self, view: View) -> Verdict:
        """What the rule says of one person, from her view alone."""
        if view.purpose != self.purpose or not self.categories <= view.used:
            return Verdict.LEFT_OUT
        return _OF[self.conditions.holds(self.conditions.pattern(view.events), view.facts)]

    # ---- for the door ------------------------------------------------------------------------------------------------

    def part(self, view: View) -> Sums:
        """One person's part of the count."""
        found = self.verdict(view)
        return _sums(*(int(found is one) for one in (Verdict.MATCHED, Verdict.UNMATCHED, Verdict.UNKNOWN)))

    @property
    def blank(self) -> int:
        return self.conditions.blank

    def patterns(self, events: "ibis.Table") -> "ibis.Table":
        """The pattern of everybody who has an event, in the column engine's words."""
        signs = self.conditions.signs
        if (first := _earliest(signs)) is not None:
            events = events.filter(events.day >= first)
        measured = {f"sign_{n}": _measured(sign, events) for n, sign in enumerate(signs)}
        found = events.group_by("person").aggregate(**measured)
        bits = [_holds(sign, found[f"sign_{n}"]).ifelse(1 << n, 0) for n, sign in enumerate(signs)]
        return found.select("person", pattern=sum(bits[1:], bits[0]))

    def undecided(self, patterns: Numbers) -> "NDArray[np.bool_]":
        return self.conditions.undecided(map(int, patterns))

    def add_up(self, patterns: Numbers, counts: Numbers, facts: Sequence[tuple[int, Facts]]) -> Sums:
        """The count, from how many people have each pattern that decides, and the others with their facts."""
        said = [self.conditions.holds(int(pattern), {}) for pattern in patterns]
        tally = dict.fromkeys(_OF, 0)
        for answer, count in zip(said, counts, strict=True):
            tally[answer] += int(count)
        for pattern, hers in facts:
            tally[self.conditions.holds(pattern, hers)] += 1
        return _sums(tally[True], tally[False], tally[None])


def _sums(matched: int, unmatched: int, unknown: int) -> Sums:
    return Sums(matched=matched, unmatched=unmatched, unknown=unknown)


def _earliest(signs: Sequence[Sign]) -> int | None:
    """The first day on which anything counts; None where all days do."""
    days = [sign.first for sign in signs]
    return None if None in days else min(day for day in days if day is not None)


def _measured(sign: Sign, events: "ibis.Table") -> "ibis.Value":
    mine = (events.type == sign.type) & (events.day <= sign.last)
    if sign.first is not None:
        mine &= events.day >= sign.first
    if sign.products is not None:
        mine &= events.product.isin(sorted(sign.products) or [-1])  # no product has a number below 1
    match sign.measure:
        case "times":
            return events.count(where=mine)
        case "visits":
            return events.day.nunique(where=mine)
        case "spent":
            return events.amount.sum(where=mine).fill_null(0)
        case "last":
            return events.day.max(where=mine)
        case "first":
            return events.day.min(where=mine)


def _holds(sign: Sign, measured: "ibis.Value") -> "ibis.Value":
    """Whether a number is wanted; a day that is not there is not, because nothing compares with it."""
    least, most = sign.wanted.at_least, sign.wanted.at_most
    if sign.measure in ("last", "first"):  # so many days ago: the later the day, the fewer they are
        least, most = (None if most is None else sign.today - most), (None if least is None else sign.today - least)
    if least is None:
        return measured <= most
    return measured >= least if most is None else (measured >= least) & (measured <= most)
