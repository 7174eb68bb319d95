"""What the shop spends: a ledger of costs that only grows, and dated rates by which two currencies may be added.

No personal data: a cost has a day, a kind, perhaps a channel and a programme, and an amount in one currency. What was
written wrongly is taken back by a row of its own and written again; nothing is ever changed.
"""

from goodwill.costs.ledger import Converted, Cost, Entry, Kind, Rate, Total, believable, kind_of, rate_of, total
from goodwill.costs.store import add, add_rate, entries, entry, rates, standing, state, undo, undo_import

__all__ = [
    "Converted",
    "Cost",
    "Entry",
    "Kind",
    "Rate",
    "Total",
    "add",
    "add_rate",
    "believable",
    "entries",
    "entry",
    "kind_of",
    "rate_of",
    "rates",
    "standing",
    "state",
    "total",
    "undo",
    "undo_import",
]
