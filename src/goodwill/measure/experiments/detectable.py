"""Before an experiment starts: which change it could see at all, in money for a customer.

Most shops are too small to measure what they hope for in a month. It is better to know that before than to read,
afterwards, a number that chance has written.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, Final

from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level
from goodwill.measure.experiments.arm import Arm, arm_of, columns
from goodwill.measure.experiments.means import inverse
from goodwill.measure.experiments.moments import Moments
from goodwill.measure.experiments.quantiles import one_sided
from goodwill.measure.given import count, number

POWER: Final = 0.8
LARGEST_HOPE: Final = 0.5  # of what a customer brings now; hoping for more is no plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectable(Estimate):
    """The least change that an experiment would show.

    Attributes:
        value: in the unit of the outcome, for a customer; standard_error: of the difference that will be measured.
        mean: what a customer brings now. share: value ÷ mean; None where the mean is not above 0.
        power: the chance to see a change of that size.
        hoped: the change that is hoped for; half of the mean where nobody said.
        measurable: whether that would be seen. needed: how many customers it takes; None where it is refused.
        says: the verdict in a sentence.
    """

    mean: float | None = None
    share: float | None = None
    power: float = POWER
    hoped: float | None = None
    measurable: bool = False
    needed: int | None = None
    says: str = ""


def minimum_detectable_effect(
    mean: float,
    standard_deviation: float | tuple[float, float],
    customers: int,
    *,
    treated_share: float = 0.5,
    explained: float = 0.0,
    hoped: float | None = None,
    level: float = LEVEL,
    power: float = POWER,
) -> Detectable:
    """Which difference between two arms would be seen, and whether that is enough.

    (t at 1 − α/2 + t at the power) × standard error, as for a two-sided t test (Bloom, Evaluation Review 19, 1995).

    Args:
        mean: what a customer brings in such a window without the treatment; most bring 0, and count.
        standard_deviation: between customers; or (of the treated, of the control).
        customers: in both arms together. treated_share: of them in the treated arm.
        explained: the share of the variance that the time before explains (R², 0 to below 1).
        hoped: the change for a customer that would be worth it, above 0; without it, half of the mean.

    Raises:
        BadInput: a share is not between 0 and 1, or what is counted or hoped for is not above 0.
    """
    spread = standard_deviation if isinstance(standard_deviation, tuple) else (standard_deviation, standard_deviation)
    _check(mean, spread, customers, treated_share, explained, hoped, level, power)
    sizes = round(customers * treated_share), customers - round(customers * treated_share)
    if why := _unknowable(mean, spread, sizes, hoped):
        return Detectable.refuse(why, n=customers, level=level, power=power, mean=mean, hoped=hoped)
    error = sqrt((1 - explained) * sum(one**2 / size for one, size in zip(spread, sizes, strict=True)))
    df = customers - 2
    least = (one_sided((1 + level) / 2, df) + one_sided(power, df)) * error
    aim = LARGEST_HOPE * mean if hoped is None else hoped
    found: dict[str, Any] = {
        "value": least, "standard_error": error, "n": customers, "level": level, "mean": mean,
        "share": least / mean if mean > 0 else None, "power": power, "hoped": aim, "measurable": least <= aim,
        "needed": ceil(customers * (least / aim) ** 2),
    }  # fmt: skip
    return Detectable(**found, says=_verdict(**found))


def minimum_detectable_effect_from(
    past: ArrayLike, pre: ArrayLike | None = None, *, customers: int | None = None, **more: Any
) -> Detectable:
    """The same, from what customers did in a past window of the same length.

    Args:
        past: each customer's outcome then, 0 for whoever did nothing; shape (n,).
        pre: what was known of them before that window, shape (n,) or (n, k): how much it explains is used.
        customers: how many the experiment will have; without, as many as these.
        more: as for `minimum_detectable_effect`.
    """
    return _from_arm(arm_of(columns(past, pre, "past")), customers, more)


def minimum_detectable_effect_sums(past: Moments, *, customers: int | None = None, **more: Any) -> Detectable:
    """The same from exact sums: of the outcome in minor units, then of what was known before."""
    return _from_arm(past.arm, customers, more)


def _from_arm(arm: Arm, customers: int | None, more: dict[str, Any]) -> Detectable:
    if arm.people < 2:
        return Detectable.refuse("There are fewer than two past customers to learn from.", n=arm.people)
    spread = sqrt(float(arm.variance[0, 0]))
    known, rank = inverse(arm.scatter[1:, 1:])
    explained = 0.0
    if spread and rank and arm.people - 1 - rank > 0:
        by_past = float(arm.scatter[0, 1:] @ known @ arm.scatter[1:, 0] / arm.scatter[0, 0])
        explained = min(1 - 1e-9, max(0.0, 1 - (1 - by_past) * (arm.people - 1) / (arm.people - 1 - rank)))
    planned = arm.people if customers is None else customers
    return minimum_detectable_effect(float(arm.mean[0]), spread, planned, explained=explained, **more)


def _check(
    mean: float, spread: tuple[float, float], customers: int, treated_share: float, explained: float,
    hoped: float | None, level: float, power: float,
) -> None:  # fmt: skip
    number("mean", mean)
    for one in spread:
        number("standard_deviation", one, least=0)
    count("customers", customers)
    number("treated_share", treated_share, above=0)
    number("explained", explained, least=0)
    if treated_share >= 1 or explained >= 1:
        raise BadInput("The treated share and the explained one are below 1; 50 % is .5.")
    if hoped is not None:
        number("hoped", hoped, above=0)
    if check_level(power) + check_level(level) <= 1:
        raise BadInput("A power that low would see nothing; .8 is usual.")


def _unknowable(mean: float, spread: tuple[float, float], sizes: tuple[int, int], hoped: float | None) -> str:
    if min(sizes) < 2:
        return f"With {sum(sizes)} customers an arm would have fewer than two. Wait until there are more."
    if not any(spread):
        return "All customers have the same outcome, so nothing tells what could be seen. Take a longer window."
    if mean <= 0 and hoped is None:
        return "Customers bring nothing yet, so half of it says nothing. Say which change would be worth it."
    return ""


def _verdict(
    *, value: float, mean: float, share: float | None, n: int, hoped: float, needed: int, measurable: bool,
    power: float, **_: Any,
) -> str:  # fmt: skip
    beside = f" ({share:.0%} of the {mean:,.2f} that a customer brings)" if share is not None else ""
    seen = f"{n:,} customers show a change of {value:,.2f} for a customer{beside} in {power:.0%} of such experiments"
    if measurable:
        return f"{seen}; {hoped:,.2f} is looked for, so it can be measured."
    return (
        f"This cannot be measured in this window: {seen}, and {hoped:,.2f} is looked for. It takes about {needed:,} "
        f"customers, or a longer window, or an outcome that the time before explains better."
    )
