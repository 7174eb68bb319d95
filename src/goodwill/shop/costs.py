"""What the shop spends, written by hand or with files, and what it comes to in the shop's own currency."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from goodwill import costs
from goodwill.basics.clock import Day, day_number, day_of
from goodwill.basics.errors import BadInput
from goodwill.costs import Cost, Entry, Rate, Total
from goodwill.costs.ledger import amount_of, believable, code_of, kind_of
from goodwill.staff.roles import Act

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop


def every(_: Cost) -> bool:
    """All costs."""
    return True


@dataclass(frozen=True)
class Costs:
    """The costs of one shop."""

    shop: "Shop"

    def add(
        self, kind: str, amount: str, *, currency: str = "", day: str = "", channel: str = "", programme: str = "",
        note: str = "",
    ) -> Entry:  # fmt: skip
        """Write a cost down.

        Args:
            amount: a decimal number, such as "120.00"; currency: the shop's own unless given; day: today unless given.

        Raises:
            BadInput: a value does not fit.
        """
        with self.shop.change("cost.add") as change:
            self.shop.staff.demand(Act.IMPORT)
            code = code_of(currency or self.shop.settings.currency)
            minor = amount_of(amount, code)
            cost = believable(Cost(self._day(day), kind_of(kind), minor, code, channel, programme, note))
            now = self.shop.clock()
            (number,) = costs.add(change.connection, [cost], at=now)
            change.entry.detail.update(number=number, amount=str(cost.money))
            return Entry(number, cost, now)

    def undo(self, number: int, reason: str = "") -> Entry:
        """Let a cost count no more.

        Raises:
            NotFound: there is none. Conflict: it was taken back before.
        """
        with self.shop.change("cost.undo", reason=reason) as change:
            self.shop.staff.demand(Act.IMPORT)
            change.entry.detail["number"] = number
            return costs.undo(change.connection, number, at=self.shop.clock(), reason=reason)

    def entries(self, *, since: Day | None = None, until: Day | None = None, undone: bool = False) -> list[Entry]:
        """The ledger, by day; what was taken back only where it is asked for."""
        with self.shop.database.reading() as connection:
            return costs.entries(connection, since=since, until=until, undone=undone)

    def total(self, *, since: Day | None = None, until: Day | None = None, of: Callable[[Cost], bool] = every) -> Total:
        """What some costs come to in the shop's currency, with every rate that was used.

        Args:
            since, until: first and last day. of: which of them.
        """
        currency = self.shop.settings.currency
        with self.shop.database.reading() as connection:
            found = costs.entries(connection, since=since, until=until)
            rates = costs.rates(connection, currency)
        return costs.total((one.cost for one in found if of(one.cost)), currency, rates)

    def add_rate(self, currency: str, rate: str, *, source: str, day: str = "", into: str = "") -> Rate:
        """Write down what one of a currency is worth in another (the shop's own unless given) on a day.

        Raises:
            BadInput: a value does not fit.
        """
        with self.shop.change("cost.rate") as change:
            self.shop.staff.demand(Act.IMPORT)
            made = Rate(
                self._day(day), code_of(currency), code_of(into or self.shop.settings.currency), rate.strip(), source
            )
            costs.add_rate(change.connection, made, at=self.shop.clock())
            change.entry.detail["rate"] = str(made)
            return made

    def rates(self) -> list[Rate]:
        """All rates, in the order in which they were written."""
        with self.shop.database.reading() as connection:
            return costs.rates(connection)

    def _day(self, text: str) -> Day:
        today = day_of(self.shop.clock(), self.shop.settings.zone)
        if not text:
            return today
        day = day_of_text(text)
        if day > today:
            raise BadInput(f"{text} has not come yet. Write a cost or a rate when its day has come.")
        return day


def day_of_text(text: str) -> Day:
    """The day that a date names.

    Raises:
        BadInput: it is none.
    """
    try:
        return day_number(date.fromisoformat(text.strip()))
    except ValueError:
        raise BadInput(f"'{text}' is no day. Write it like 2026-01-31.") from None
