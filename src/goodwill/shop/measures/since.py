"""Two questions about one period, asked at two times: withheld where few people's word changed in between.

Each is worked out of those who allow it when it is first asked for. Where fewer than ten were counted in the one and
not in the other, the two would tell what these bought.
"""

import json
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill.access.settle import counted_otherwise
from goodwill.measure import store
from goodwill.measure.figure import SMALL
from goodwill.purposes import MEASUREMENT, STATISTICS, Category, Purpose
from goodwill.storage import AsOf

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

# What is told of those who consented to `measurement`; all else that is kept is told by `statistics`.
BY_CONSENT: Final = frozenset({"attribution", "churn", "clv", "mail", "nps"})
_PURCHASES: Final = Category("purchases")  # which every figure of people looks at


def withheld(
    shop: "Shop", connection: Connection, asked: store.Asked, purpose: Purpose, as_of: AsOf, *, apart_by: str = ""
) -> str:
    """Why an answer is not told beside those that were told of its period before; "" where it may be.

    Args:
        asked, purpose, as_of: the new answer: to what, of those who allow what, and how far its data reach.
        apart_by: the option that names a purpose by whose word people are told apart, where there is one.
    """
    told = [(other, then) for other, then in store.kept_of(connection, asked.every, asked.ends) if then.at]
    same = {then for other, then in told if _purpose_of(other) == purpose}
    if any(_few(shop, connection, purpose, _PURCHASES, then, as_of) for then in same):
        return _said(purpose)
    if not apart_by:
        return ""
    hers = json.loads(asked.options)[apart_by]
    for other, then in told:
        if other.name != asked.name:
            continue
        if (earlier := json.loads(other.options)[apart_by]) != hers:
            return (
                f"Of this period it was told by '{earlier}' before, and by another purpose it would tell of the few in "
                f"whom the two differ. Ask by '{earlier}', or ask first by '{hers}' when the next period has closed."
            )
        if _few(shop, connection, Purpose(hers), None, then, as_of):
            return _said(hers)
    return ""


def _few(
    shop: "Shop", connection: Connection, purpose: Purpose, category: Category | None, then: AsOf, now: AsOf
) -> bool:
    entry, zone = shop.register[purpose], shop.settings.zone
    return 0 < counted_otherwise(connection, entry, category, then, now, zone=zone, least=SMALL) < SMALL


def _said(purpose: str) -> str:
    return (
        f"Fewer than {SMALL} people's word about '{purpose}' changed since figures of this period were first told, and "
        "beside these this one would tell what they did. The next period tells it."
    )


def _purpose_of(asked: store.Asked) -> Purpose:
    return MEASUREMENT if asked.name in BY_CONSENT else STATISTICS
