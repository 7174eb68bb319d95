"""Who came back: the share of customers with a second day of purchase within a window after the first.

Only those count for the plain share who could be watched for the whole window; the others are not thrown away but told
beside it by the time to their second purchase.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate
from goodwill.measure.given import LARGEST, Truths, Whole, count, equally_long, truths, wholes
from goodwill.measure.share import proportion
from goodwill.measure.staying import LONGEST, Survival, churn_of, survival_of, survival_sums
from goodwill.sums import Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Again(Estimate):
    """The repeat purchase rate: of customers watched for the whole window, those who bought again within it (Wilson).

    Attributes:
        n: those who were watched for the whole window. customers: all.
        window: days after the first purchase.
        censored: the same of all customers, by the Kaplan–Meier curve of the time to the second purchase.
    """

    customers: int = 0
    window: int = 0
    censored: Estimate | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """How long each customer took to buy on a second day.

    Attributes:
        duration: days to it, or days watched where there was none yet; int64, shape (n,).
        observed: whether there was one. followed: days from the first purchase to the end of the data, shape (n,).
    """

    duration: Whole
    observed: Truths
    followed: Whole


def waiting(customer: ArrayLike, day: ArrayLike, until: int) -> Waiting:
    """The time to the second day of purchase, from purchases; several on one day are one.

    Args:
        customer: whose purchase it is, whole numbers, shape (n,). day: on which day, whole numbers, shape (n,).
        until: the last day that the data hold.

    Raises:
        BadInput: a purchase is later than ``until``.
    """
    who, when = wholes("customer", customer, least=-LARGEST), wholes("day", day, least=-LARGEST)
    equally_long(customer=who, day=when)
    if when.size and int(when.max()) > until:
        raise BadInput(f"A purchase is of day {int(when.max())}, but the data end with day {until}. Mend one of them.")
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    new_one = np.diff(who, prepend=who[:1] - 1) != 0
    kept = new_one | (np.diff(when, prepend=when[:1]) != 0)
    when, first = when[kept], np.flatnonzero(new_one[kept])
    second = np.diff(first, append=when.size) > 1
    followed = until - when[first]
    came = when[np.minimum(first + 1, when.size - 1)] - when[first]
    return Waiting(np.where(second, came, followed), second, followed)


def repeat_purchase(
    duration: ArrayLike, observed: ArrayLike, followed: ArrayLike, window: int, level: float = LEVEL
) -> Again:
    """The repeat purchase rate within a window.

    Args:
        duration, observed, followed: of each customer, as in `Waiting`; whole days, shape (n,).
        window: days, above 0.

    Raises:
        BadInput: the lists are not equally long or no such numbers, or somebody bought after she was last followed.
    """
    return repeat_purchase_of(repeat_sums(duration, observed, followed, window), level)


def repeat_sums(duration: ArrayLike, observed: ArrayLike, followed: ArrayLike, window: int) -> Sums:
    """The sums that it is worked out from; each customer's part adds and can be subtracted."""
    days, again, whole_time = wholes("duration", duration), truths("observed", observed), wholes("followed", followed)
    equally_long(duration=days, observed=again, followed=whole_time)
    most = count("window", window, least=1, most=LONGEST)
    if (days > whole_time).any():
        at = int(np.argmax(days > whole_time))
        raise BadInput(f"At place {at} the time to the second purchase is longer than the customer was followed.")
    full = whole_time >= most
    parts = survival_sums(days, again, most)
    return Sums({**parts, "full": int(full.sum()), "again": int((full & again & (days <= most)).sum())})


def repeat_purchase_of(sums: Sums, level: float = LEVEL) -> Again:
    """The repeat purchase rate of such sums."""
    window = len(sums.array("left")) - 1
    curve = survival_of(sums, level)
    full, again = sums.number("full"), sums.number("again")
    plain = proportion(again, full, level, nobody=_nobody_yet(curve, window))
    missing = curve.n - full
    said = f"{missing} of {curve.n} customers were not followed for all {window} days; only `censored` counts them."
    return Again(
        value=plain.value, low=plain.low, high=plain.high, standard_error=plain.standard_error, n=full, level=level,
        refused=plain.refused, customers=curve.n, window=window, censored=churn_of(curve, window),
        warnings=(said,) if missing else (),
    )  # fmt: skip


def _nobody_yet(curve: Survival, window: int) -> str:
    if not curve.n:
        return "There were no customers."
    return f"No customer was followed for {window} days yet. Choose a shorter window, or wait."
