"""Orders: each becomes an event "ordered" with what it came to; and what was given back of them, "refunded"."""

import numpy as np
from sqlalchemy import Connection

from goodwill.collect import keys
from goodwill.collect.columns import BLANK, Numbers, Reason
from goodwill.collect.events import add_events
from goodwill.collect.groups import Group
from goodwill.collect.plans import PartPlan
from goodwill.collect.reconcile import Reconciled, Tally
from goodwill.collect.sales import Sale, Sales
from goodwill.collect.tables import Chunk
from goodwill.collect.unrolled import UnrolledRows
from goodwill.collect.views import Seen
from goodwill.collect.writing import Making, Prepared, Tools, Wrote, blank_rows, broken_rows, group_of
from goodwill.people.log import EventColumns
from goodwill.people.types import ORDERED, REFUNDED

_TWICE = Reason(
    "stands again in the file, with the same total, and counts once",
    "if these are two orders, give each a number of its own and import again",
)


class Orders:
    """Reads and writes orders."""

    what, event, keys_of = "total", ORDERED, staticmethod(keys.order_keys)
    empty = "write what the order came to, such as 0.00"

    def __init__(self, part: PartPlan, tools: Tools, making: Making, currency: str | None) -> None:
        self._part = part
        self._making = making
        self._sales = Sales(part, tools, making, currency)
        self._counted = keys.Counted()
        self._tally = Tally()

    def prepare(self, chunk: Chunk) -> Prepared:
        sale = self._sales.read(chunk)
        total = self._sales.money(chunk, self.what, sale)
        sale.faults.because(total == BLANK, self.what, "is empty", self.empty)
        # The same order again with the same content changes nothing; with other content nobody knows which is right.
        other = self._sales.other_totals(sale, total)
        sale.faults.mark(other, self._sales.contradiction(chunk, sale, self.what, "is another amount than"))
        other = self._sales.other_times(sale)
        sale.faults.mark(other, self._sales.contradiction(chunk, sale, "time", "is another time than"))
        good = np.flatnonzero(sale.faults.none)
        days, order_keys = self._sales.when.calendar.days(sale.at[good]), self.keys_of(sale.reference[good])
        self._count(chunk, sale, total, days, order_keys)
        skipped = blank_rows(self._part, chunk, ~sale.faults.none)
        sale.faults.which[skipped] = -1
        rejects = [*broken_rows(self._part, chunk), *sale.faults.rejects()]
        details = self._sales.details(chunk, good)

        def write(connection: Connection) -> Wrote:
            events = EventColumns(
                person=self._sales.persons(connection, sale, good),
                type=np.full(good.size, self.event, np.int64),
                at=sale.at[good],
                day=days,
                key=order_keys,
                amount=total[good],
                currency=self._sales.currencies_of(sale, good),
                reference=sale.reference[good],
                import_id=self._making.id,
                detail=details,
            )
            return add_events(connection, self._part, chunk, good, events)

        blank = int(np.count_nonzero(skipped))
        skips = {"blank rows": blank} if blank else {}
        return Prepared(chunk.rows + len(chunk.broken), rejects, write, skips, self._remarks(chunk, sale, good))

    def reconciled(self, connection: Connection) -> Reconciled:
        """The file's own totals beside what the shop holds of them."""
        return self._tally.reconciled(connection, self._part.name, self._part.kind.name)

    def _count(self, chunk: Chunk, sale: Sale, total: Numbers, days: Numbers, order_keys: Numbers) -> None:
        self._tally.add(sale.reference, total, self._sales.currencies, sale.currency, sale.faults.none)
        self._tally.look_for(days, order_keys)
        for why, rows in (chunk.passed_rows if isinstance(chunk, Seen | UnrolledRows) else {}).items():
            if rows.rows:
                currency, amount = self._sales.apart(rows, self.what)
                self._tally.pass_over(why, amount, self._sales.currencies, currency)

    def _remarks(self, chunk: Chunk, sale: Sale, rows: Numbers) -> list[Group]:
        """What to know of orders that are kept: equal ones, and amounts in another currency."""
        twice = self._counted.nth(sale.reference[rows], sale.seen[rows]) > 0
        found = group_of(self._part, chunk, rows[twice], "order", _TWICE)
        return [*found, *self._sales.foreign_money(chunk, sale, rows)]


class Refunds(Orders):
    """Reads and writes what was given back of orders: one sum an order, as the latest export says it."""

    what, event, keys_of = "refunded", REFUNDED, staticmethod(keys.refund_keys)
    empty = "write what was given back, or leave the row out"
