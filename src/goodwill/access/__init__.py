"""The one door: the only reader of personal data.

Whoever wants to read names a purpose; the door hands over only people who allow it, and of them only the data
categories that the purpose lists and the person allowed. What it cannot read counts as "no". Every reading is logged.
"""

from goodwill.access.door import Door, SignedIn
from goodwill.access.view import (
    Aggregate,
    BySaid,
    ByWord,
    Contribution,
    Everything,
    Frame,
    Grouped,
    HadSaid,
    Log,
    Priced,
    Selection,
    Total,
    View,
    nobody,
)

__all__ = [
    "Aggregate", "BySaid", "ByWord", "Contribution", "Door", "Everything", "Frame", "Grouped", "HadSaid", "Log",
    "Priced", "Selection", "SignedIn", "Total", "View", "nobody",
]  # fmt: skip
