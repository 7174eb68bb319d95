"""What the shop was once told of people for a period, kept for measures that also rest on what is written by hand.

A cost that is written down later changes the return at once. What is known of people stays what it was first, so that
nobody learns of one person by asking again: only the ledger may move.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goodwill.measure import store
from goodwill.measure.period import Period
from goodwill.measure.store import KeptAnswer
from goodwill.storage import AsOf

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

# What is kept, how far the data reached.
Work = Callable[[], tuple[Mapping[str, Any], AsOf]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was told first, in plain values, and how far the data then reached."""

    told: Mapping[str, Any]
    as_of: AsOf


def facts(shop: "Shop", period: Period, name: str, options: Mapping[str, Any], work: Work) -> Facts:
    """What was told of people of a period; worked out and kept where it was not yet."""
    asked = store.Asked(period.end, period.every, name, json.dumps(dict(options), sort_keys=True))
    with shop.database.reading() as connection:
        kept = store.kept_answer(connection, asked)
    if kept is None:
        told, as_of = work()
        new = KeptAnswer(asked, json.dumps(told, allow_nan=False), as_of, shop.clock())
        with shop.database.transaction() as connection:
            kept = store.keep_answer(connection, new)
    return Facts(json.loads(kept.answer), kept.as_of)
