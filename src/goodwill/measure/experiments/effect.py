"""What a treatment changed: the difference of two arms with its interval, in the outcome's unit or as a percentage.

By intention to treat: whoever was assigned counts in her arm, whatever she did or allowed later.
"""

from dataclasses import dataclass
from math import inf
from typing import Any, Final, Literal, TypeAlias

from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level
from goodwill.measure.experiments.arm import LEAST, Arm, Floats, arm_of, columns
from goodwill.measure.experiments.lift import fieller, lift_error, told_from_zero
from goodwill.measure.experiments.lin import lin
from goodwill.measure.experiments.means import Means, adjusted
from goodwill.measure.experiments.moments import Moments
from goodwill.measure.experiments.quantiles import beyond, reach
from goodwill.measure.experiments.split import sample_ratio

Pre: TypeAlias = tuple[ArrayLike, ArrayLike]
Lift: TypeAlias = Literal["delta", "fieller"]
Planned: TypeAlias = tuple[float, float]

NO_CHANCE: Final = (
    "The outcome follows exactly from what was known before, so nothing is left to chance. Was one list given twice?"
)
_UNBOUNDED: Final = "The control's mean cannot be told from 0, so nothing bounds a percentage of it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Estimate):
    """The treated arm beside the control arm.

    Attributes:
        value: treated less control, in the unit of the outcome; where ``relative``, as a share of the control's mean
            (.07 is 7 % more).
        treated, control: the arms' means, moved to the same past where one is known.
        df: degrees of freedom of the t distribution.
        explained: the share of the variance that the past took away; None without a past.
        method: how it was worked out, in a sentence.
    """

    treated: float | None = None
    control: float | None = None
    relative: bool = False
    df: float | None = None
    explained: float | None = None
    method: str = ""


def difference(
    treated: ArrayLike,
    control: ArrayLike,
    pre: Pre | None = None,
    relative: bool = False,  # noqa: FBT001, FBT002  # as the docs have it
    level: float = LEVEL,
    *,
    method: Literal["cuped", "lin"] = "cuped",
    lift: Lift = "delta",
    planned: Planned | None = None,
) -> Difference:
    """What being assigned to the treatment changed for a customer on average.

    Without a past, Welch's t interval (1947); with one, CUPED or Lin's regression with robust errors.

    Args:
        treated, control: the outcome of each customer as assigned, in any unit; shape (n,), each arm its own n.
        pre: what was known before anybody was assigned, of the same customers in the same order: (of the treated, of
            the control), each of shape (n,) or (n, k). Best the same outcome in the time before.
        relative: as a share of the control's mean.
        method: "cuped" learns one θ for both arms, see `adjusted`; "lin" a line for each, see `lin`.
        lift: the interval of a share, by the "delta" method with the joint covariance of both means or by "fieller".
        planned: in which shares people were to be divided; where they were not (`sample_ratio`), it refuses.

    Returns:
        refused where an arm has fewer than two customers, where nobody's outcome differs from another's, where nothing
        is left to chance, where people were not divided as planned, or where a share of a mean of 0 or less is asked
        for. A share has infinite ends where the control's mean cannot be told from 0.

    Raises:
        BadInput: lengths differ, something is not a number, or there is no such method.
    """
    one_of(method, "cuped", "lin")
    rows = both_rows(treated, control, pre)
    arms = arm_of(rows[0]), arm_of(rows[1])
    if why := untold(*arms, planned):
        return Difference.refuse(why, n=arms[0].people + arms[1].people, level=check_level(level), relative=relative)
    means = lin(*rows) if method == "lin" else adjusted(*arms)
    return told(means, relative=relative, level=level, lift=lift)


def difference_sums(
    treated: Moments,
    control: Moments,
    *,
    relative: bool = False,
    level: float = LEVEL,
    lift: Lift = "delta",
    planned: Planned | None = None,
) -> Difference:
    """`difference` from exact sums alone, in minor units; with a past in the sums, by CUPED.

    Raises:
        BadInput: the sums of the two arms do not tell of the same things.
    """
    alike(treated, control)
    return compared(treated.arm, control.arm, relative=relative, level=level, lift=lift, planned=planned)


def alike(*arms: Moments) -> None:
    """Whether these sums tell of the same things.

    Raises:
        BadInput: they do not.
    """
    if len({len(arm.sums) for arm in arms}) > 1:
        raise BadInput("The sums of the arms do not tell of the same things; form all with the same past.")


def compared(
    treated: Arm,
    control: Arm,
    *,
    relative: bool = False,
    level: float = LEVEL,
    lift: Lift = "delta",
    planned: Planned | None = None,
) -> Difference:
    """The difference of two arms that are known by their means and scatter."""
    if why := untold(treated, control, planned):
        return Difference.refuse(why, n=treated.people + control.people, level=check_level(level), relative=relative)
    return told(adjusted(treated, control), relative=relative, level=level, lift=lift)


def both_rows(treated: ArrayLike, control: ArrayLike, pre: Pre | None) -> tuple[Floats, Floats]:
    """Both arms in rows, see `columns`."""
    if pre is not None and len(pre) != 2:
        raise BadInput("What was known before is two lists: of the treated customers, and of the control's.")
    before = pre or (None, None)
    rows = columns(treated, before[0], "treated"), columns(control, before[1], "control")
    if rows[0].shape[1] != rows[1].shape[1]:
        raise BadInput(
            f"{rows[0].shape[1] - 1} things were known before of the treated customers and {rows[1].shape[1] - 1} of "
            "the control's; they must be the same ones."
        )
    return rows


def untold(treated: Arm, control: Arm, planned: Planned | None = None) -> str:
    """Why two arms cannot be compared; "" where they can."""
    for arm, name in ((treated, "treated"), (control, "control")):
        if arm.people < 2:
            return (
                f"The {name} arm has {'one customer' if arm.people else 'no customers'}; how far chance reaches shows "
                "only among several. Wait until more are assigned."
            )
    if planned is not None and (blocks := sample_ratio([treated.people, control.people], planned).blocks):
        return blocks
    if treated.scatter[0, 0] <= 0 and control.scatter[0, 0] <= 0:
        return (
            "In each arm all customers have the same outcome, so nothing tells how far chance reaches. Wait until more "
            "has happened, or measure something that differs between customers."
        )
    return ""


def told(means: Means, *, relative: bool, level: float, lift: Lift) -> Difference:
    """The difference of two means, or the lift, with its interval."""
    check_level(level)
    one_of(lift, "delta", "fieller")
    if not means.error:
        return Difference.refuse(
            NO_CHANCE,
            n=means.n, level=level, relative=relative,
        )  # fmt: skip
    return _lift(means, level, lift) if relative else _absolute(means, level)


def _absolute(means: Means, level: float) -> Difference:
    half = reach(level, means.df) * means.error
    return Difference(
        value=means.difference,
        low=means.difference - half,
        high=means.difference + half,
        standard_error=means.error,
        p=_p(means.difference / means.error, means.df),
        **_besides(means, level),
    )


def _lift(means: Means, level: float, lift: Lift) -> Difference:
    besides = {**_besides(means, level), "relative": True}
    if means.control <= LEAST:
        why = (
            f"The control's mean is {means.control:g}; of nothing, or less, there is no percentage. Look at the "
            "difference itself."
        )
        return Difference.refuse(why, **besides)
    value, t = means.treated / means.control - 1, reach(level, means.df)
    same = _p(means.difference / means.error, means.df)
    if not told_from_zero(means, t):
        besides["warnings"] += (_UNBOUNDED,)
        return Difference(value=value, low=-inf, high=inf, p=same, **besides)
    error = lift_error(means)
    if lift == "fieller" or not error:
        low, high = fieller(means, t)
        return Difference(value=value, low=low, high=high, standard_error=error, p=same, **besides)
    low, high, p = value - t * error, value + t * error, _p(value / error, means.df)
    return Difference(value=value, low=low, high=high, standard_error=error, p=p, **besides)


def _besides(means: Means, level: float) -> dict[str, Any]:
    return {
        "level": level, "n": means.n, "warnings": means.warnings, "treated": means.treated, "control": means.control,
        "df": means.df, "explained": means.explained, "method": means.method,
    }  # fmt: skip


def _p(t: float, df: float) -> float:
    return min(1.0, 2 * beyond(abs(t), df))


def one_of(given: str, *known: str) -> None:
    """Whether a word is one of these.

    Raises:
        BadInput: it is not.
    """
    if given not in known:
        raise BadInput(f"'{given}' is not known here; it is one of: {', '.join(known)}.")
