"""Whether the shop holds what a file says in all: how many orders, and what they come to, each currency by itself."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection

from goodwill.basics.money import Money
from goodwill.collect.columns import BAD, Marks, Numbers
from goodwill.collect.keys import Counted
from goodwill.people.repeats import sums_at

REJECTED = "rejected rows"


@dataclass
class Sum:
    """How many, and what they come to.

    Attributes:
        amounts: minor units by currency.
    """

    count: int = 0
    amounts: dict[str, int] = field(default_factory=dict)

    def add(self, amounts: Numbers, codes: list[str], numbers: Numbers) -> None:
        """Add some amounts; one that nobody could read counts without its money."""
        self.count += int(amounts.size)
        for number in np.unique(numbers).tolist():
            these = amounts[(numbers == number) & (amounts > BAD)]
            if these.size:
                self.amounts[codes[number]] = self.amounts.get(codes[number], 0) + int(these.sum())

    def minus(self, other: "Sum") -> "Sum":
        codes = {*self.amounts, *other.amounts}
        amounts = {code: self.amounts.get(code, 0) - other.amounts.get(code, 0) for code in sorted(codes)}
        return Sum(self.count - other.count, {code: amount for code, amount in amounts.items() if amount})

    @property
    def said(self) -> str:
        """In words: "412 orders, 31,204.50 EUR"; two currencies are never added."""
        return ", ".join([f"{self.count:,}", self.money] if self.amounts else [f"{self.count:,}"])

    @property
    def money(self) -> str:
        return " and ".join(_money(amount, code) for code, amount in sorted(self.amounts.items()))


def _money(amount: int, code: str) -> str:
    text = str(Money(amount, code).amount)
    whole, point, coins = text.partition(".")
    return f"{int(whole):,}{point}{coins} {code}" if not whole.startswith("-0") else f"{text} {code}"


@dataclass(frozen=True)
class Reconciled:
    """A file's own totals beside what the shop holds of them.

    Attributes:
        what: orders, or refunds.
        says: the file. holds: the shop.
        left_out: what the file says and the shop holds on purpose not, by the reason.
    """

    file: str
    what: str
    says: Sum
    holds: Sum
    left_out: Mapping[str, Sum]

    @property
    def rest(self) -> Sum:
        """What is missing, or too much, and not explained by what was left out."""
        rest = self.says.minus(self.holds)
        for some in self.left_out.values():
            rest = rest.minus(some)
        return rest

    @property
    def agrees(self) -> bool:
        difference = self.says.minus(self.holds)
        return not difference.count and not difference.amounts

    def sentence(self, holds: str = "holds") -> str:
        """One line for the owner.

        Args:
            holds: "would hold", where it was only tried.
        """
        line = f"{self.file} says {self._words(self.says)}; goodwill {holds} {self._words(self.holds)}."
        if self.agrees:
            return line
        why = [f"{reason} ({some.said})" for reason, some in self.left_out.items()]
        rest = self.rest
        if rest.count or rest.amounts:
            otherwise = "told otherwise by an earlier import or a program, or about people who asked to be left alone"
            why.append(f"{otherwise} ({rest.said})")
        return f"{line} The difference: {'; '.join(why)}."

    def _words(self, some: Sum) -> str:
        what = self.what.removesuffix("s") if some.count == 1 else self.what
        return f"{some.count:,} {what}" + (f", {some.money}" if some.amounts else "")


class Tally:
    """The orders of a file, counted once each, while it is read."""

    def __init__(self) -> None:
        self.says = Sum()
        self.left_out: dict[str, Sum] = {}
        self._counted = Counted()
        self._day, self._key = array("q"), array("q")

    def add(self, reference: Numbers, amount: Numbers, codes: list[str], currency: Numbers, good: Marks) -> None:
        """Some rows: the first of each order counts.

        Args:
            codes: of currencies; `currency` has the place of each row's.
            good: the rows that are taken in; the others are rejected.
        """
        rows = np.flatnonzero(reference > BAD)
        rows = rows[self._counted.nth(reference[rows], np.ones(rows.size, bool)) == 0]
        self.says.add(amount[rows], codes, currency[rows])
        bad = rows[~good[rows]]
        if bad.size:
            self.left_out.setdefault(REJECTED, Sum()).add(amount[bad], codes, currency[bad])

    def pass_over(self, why: str, amount: Numbers, codes: list[str], currency: Numbers) -> None:
        """Some orders that the file has and that are left out whole."""
        if amount.size:
            self.says.add(amount, codes, currency)
            self.left_out.setdefault(why.removeprefix("rows of "), Sum()).add(amount, codes, currency)

    def look_for(self, days: Numbers, keys: Numbers) -> None:
        """Where the orders that are taken in stand in the log."""
        self._day.extend(days.tolist())
        self._key.extend(keys.tolist())

    def reconciled(self, connection: Connection, file: str, what: str) -> Reconciled:
        """The totals beside what stands in the log by now."""
        found = sums_at(connection, self._day, self._key)
        holds = Sum(
            sum(count for count, _ in found.values()), {code: amount for code, (_, amount) in found.items() if code}
        )
        return Reconciled(file, what, self.says, holds, self.left_out)
