"""What changed from a day on, where nobody was left out: a line of weeks held against others and its own past.

A line in which something was changed rises or falls in the weeks that follow, and so do lines in which nothing was, and
so did it itself before. The same sum is done for all of these, and the change has to stand out among them
(randomisation inference). What else began on that day is in it all the same; only a control that it touches as well
takes it off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING, Final

import numpy as np

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level
from goodwill.measure.given import Floats
from goodwill.measure.one_unit import panel_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

YEAR: Final = 52  # weeks

_LINES: Final = 3  # from so many on the others can be held against each other
_ROUND: Final = 1e-9  # of two changes nearer than that none is larger
_DOUBLINGS: Final = 200  # of the distance at which an end is looked for
_HALVINGS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted(Estimate):
    """How far one line changed beyond what it usually does, and beyond the others.

    Attributes:
        value: a time's change beyond the usual, as a share of the line's mean before: .07 is 7 % more. low, high: the
            changes that the placebos do not speak against.
        p: the share of all changes looked at, the placebos' and its own, that stand out at least as far.
        level_before: the line's mean before, in the panel's unit.
        placebos: how many there are.
        among: the same share among the lines alone, in these very times; None where there are fewer than three.
        before: p of the placebo date just before: what moved then cannot have come of it. None where none could be
            tried.
        season: p of the same times a year before; None where they are not known.
        controls: how many other lines it is held against.
        changes: of the line at ``when`` and at each placebo date, the latest first, as shares of its mean before.
    """

    level_before: float = 0.0
    placebos: int = 0
    among: float | None = None
    before: float | None = None
    season: float | None = None
    controls: int = 0
    changes: tuple[float, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the placebo dates speak for it: nothing before, and no season where nothing else takes that off."""
        if self.refused or self.before is None or self.before <= 1 - self.level:
            return False
        if self.season is None:
            return self.controls > 0
        return self.season > 1 - self.level


def interrupted(
    panel: "ArrayLike | Mapping[str, ArrayLike]",
    treated_unit: int | str,
    when: int,
    times: int,
    *,
    a_year: int = YEAR,
    level: float = LEVEL,
) -> Interrupted:
    """The change of one line from a time on, judged by placebo dates and, where there are any, by other lines.

    Each line counts as a share of its own mean before ``when``; off it is taken the mean of the others in which nothing
    was changed. A change is the mean of ``times`` times less that of as many just before. It is worked out at ``when``
    and at every date before that lies a whole number of ``times`` away, so that no time counts twice on one side, and
    each is divided by how far the changes of its line scatter.

    Args:
        panel: one row a line, one column a time, shape (lines, n), amounts of 0 or more; or rows by name. One line
            alone is held against its own past.
        treated_unit: its row, or its name.
        when: the first time at which the thing was there, from 0. times: that are looked at from there on.
        a_year: times in a year, for the placebo date of the season.

    Returns:
        refused where there are too few placebos for p to come as low as 1 − level, and says how many are lacking.

    Raises:
        BadInput: no such line, a time at which nothing lies before or after, or values that are no amounts.
    """
    check_level(level)
    values, unit = panel_of(panel, treated_unit)
    _checked(values, when, times)
    empty = ~np.any(values[:, :when] > 0, axis=1)
    if empty[unit]:
        return Interrupted.refuse("The line has nothing before, so no share of it can be told.", n=when, level=level)
    values, unit = values[~empty], unit - int(empty[:unit].sum())
    if why := _lacking(len(values), when, times, level):
        return Interrupted.refuse(why, n=values.shape[1], level=level)
    level_before = float(values[unit, :when].mean())
    moved = _changes(values[:, : when + times], unit, when, times)
    if not np.any(moved[:, 1:].std(axis=1) > _ROUND):
        why = "Nothing changed on any placebo date, so nothing says what is usual; look at amounts as they came."
        return Interrupted.refuse(why, n=when + times, level=level)
    found = _standing_out(moved)
    low, high = _ends(moved, level)
    year, left = divmod(a_year, times)
    past = moved[:, 1:]
    return Interrupted(
        value=_beyond(moved), low=low, high=high, p=_share(found, 0), level=level, n=when + times,
        level_before=level_before, placebos=moved.size - 1, controls=len(values) - 1,
        among=float(np.mean(found[:, 0] >= found[0, 0] - _ROUND)) if len(moved) > 1 else None,
        before=_of_the_past(past, 0, level), season=None if left else _of_the_past(past, year - 1, level),
        changes=tuple(moved[0].tolist()),
        warnings=(*_warned(values, unit, when), *_left_out(np.flatnonzero(empty).tolist())),
    )  # fmt: skip


def _checked(values: Floats, when: int, times: int) -> None:
    if np.any(values < 0):
        raise BadInput("Amounts of a panel are 0 or more; take off what was given back elsewhere.")
    if times < 1 or not times <= when <= values.shape[1] - times:
        raise BadInput(
            f"With {values.shape[1]} times and {times} looked at, `when` is from {times} to {values.shape[1] - times}: "
            f"there have to be {times} before and {times} after; not {when}."
        )


def _lacking(lines: int, when: int, times: int, level: float) -> str:
    """How many placebos are lacking; "" where none is."""
    looked_at, dates, needed = _lines(lines), when // times, ceil(1 / (1 - level) - _ROUND)
    if looked_at * dates >= needed:
        return ""
    weeks = times * ceil(needed / looked_at)
    more = max(ceil(needed / dates), _LINES) - lines
    return (
        f"There are {looked_at * dates} changes to compare, this one and its placebos, and it takes {needed} for one "
        f"to stand out. It takes {weeks - when} weeks more before that day ({weeks}), or fewer weeks to look at since, "
        f"or {more} more to hold it against of what was left as it was."
    )


def _lines(lines: int) -> int:
    """How many lines can be judged: the others need one more each, to be held against."""
    return lines if lines > 2 else 1


def _changes(values: Floats, unit: int, when: int, times: int) -> Floats:
    """The changes of each line, the treated one first, at each date from ``when`` back; shape (lines, dates)."""
    index = values / values[:, :when].mean(axis=1, keepdims=True)
    others = np.delete(index, unit, axis=0)
    lines = [index[unit] - (others.mean(axis=0) if len(others) else 0.0)]
    if _lines(len(values)) > 1:
        rest = (others.sum(axis=0) - others) / (len(others) - 1)
        lines += list(others - rest)
    blocks = when // times + 1  # one of them after, the others before, counted back from the end
    cut = np.array(lines)[:, when + times - blocks * times :]
    means = cut.reshape(len(lines), blocks, times).mean(axis=2)
    return np.asarray(np.diff(means, axis=1)[:, ::-1], np.float64)


def _standing_out(moved: Floats) -> Floats:
    """How far each change lies from the mean of its line's, in their standard deviations; shape as given."""
    apart = np.abs(moved - moved.mean(axis=1, keepdims=True))
    spread = moved.std(axis=1, keepdims=True)
    found: Floats = np.divide(apart, spread, out=np.zeros_like(apart), where=spread > _ROUND)
    return found


def _share(found: Floats, date: int) -> float:
    return float(np.mean(found >= found[0, date] - _ROUND))


def _beyond(moved: Floats) -> float:
    """What the treated line changed beyond the mean of its placebo dates."""
    past = moved[0, 1:]
    return float(moved[0, 0] - (past.mean() if past.size else 0.0))


def _ends(moved: Floats, level: float) -> tuple[float, float]:
    """The changes that are not rejected: with one taken off, the line does not stand out."""

    def is_rejected(change: float) -> bool:
        without = moved.copy()
        without[0, 0] -= change
        return _share(_standing_out(without), 0) <= 1 - level + _ROUND

    middle, step = _beyond(moved), max(float(moved.std()), _ROUND)
    low, high = (_end(middle, sign * step, is_rejected) for sign in (-1, 1))
    return low, high


def _end(middle: float, step: float, is_rejected: Callable[[float], bool]) -> float:
    inside, outside = 0.0, step
    for _ in range(_DOUBLINGS):
        if is_rejected(middle + outside):
            break
        inside, outside = outside, 2 * outside
    else:
        return inf if step > 0 else -inf
    for _ in range(_HALVINGS):
        half = (inside + outside) / 2
        inside, outside = (inside, half) if is_rejected(middle + half) else (half, outside)
    return middle + outside


def _of_the_past(past: Floats, date: int, level: float) -> float | None:
    """P of a placebo date among the others; None where there is none, or too few for it to tell anything."""
    if date >= past.shape[1] or past.size < ceil(1 / (1 - level) - _ROUND):
        return None
    return _share(_standing_out(past), date)


def _left_out(empty: list[int]) -> tuple[str, ...]:
    if not empty:
        return ()
    return (f"Lines with nothing before are left out as controls; rows, from 0: {', '.join(map(str, empty))}.",)


def _warned(values: Floats, unit: int, when: int) -> tuple[str, ...]:
    others = np.delete(values[:, :when], unit, axis=0)
    if not len(others):
        return ("Nothing else is looked at, so whatever else began on that day is in it.",)
    return ("If people only changed from the others to this, the others fell by it and the change looks larger.",)
