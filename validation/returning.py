"""What the programme returns with what is left of it after the window: worlds that go on after the shop looked."""

from functools import cache

import numpy as np

from goodwill import measure
from goodwill.basics.errors import CannotTell
from goodwill.learn.lifetime.worth import WEEKS_A_YEAR, discount_rate
from goodwill.measure.caused import DISCOUNT, ByArm, Seen, arms_of, caused
from goodwill.measure.figure import Grade
from goodwill.simulate.world import live
from validation import worlds
from validation.study import Claim, Found, Study
from validation.trials import COST, MARGIN

_YEAR = 52  # weeks before the launch, of the window, and after it: 156 in all
_PEOPLE, _DRAWS = 4_000, 2_000


def with_what_is_left(seed: int) -> Found:
    """The shop sees two years, of which the second has the programme, and tells of a third."""
    seen = _seen(seed)
    inside, after = seen.draws(_DRAWS, seed)
    if after is None:
        raise CannotTell(seen.why)
    low, high = _returned(inside, after, seen.treated)
    window, later = _truth()
    true = (MARGIN * (window + later) - COST) / COST
    left = after / seen.treated / 100
    return {
        "roi": low <= true <= high, "b2": bool(np.quantile(left, 0.025) <= later <= np.quantile(left, 0.975)),
        "left": float(left.mean()) / later,
    }  # fmt: skip


def too_short(seed: int) -> Found:
    """Half a year after the launch, before which nobody could leave."""
    return {"untold": not _seen(seed, before=13, window=26, churn_before=False).after}


def _seen(seed: int, before: int = _YEAR, window: int = _YEAR, *, churn_before: bool = True) -> Seen:
    crowd = worlds.crowd_of(seed, _PEOPLE, weeks_before=before, weeks_after=window, churn_before=churn_before)
    world = live(crowd)
    outside = (~world.programme).astype(np.int64)
    what = ByArm(
        start=worlds.day_of(world, before), until=worlds.day_of(world, before + window) - 1, currency="EUR",
        arm=lambda people: outside[people],
    )  # fmt: skip
    arms = arms_of(what.sums_of(worlds.bought(world), outside), what)
    return caused(arms, float(outside.mean()), what.days, exist=_PEOPLE)


def _returned(inside: worlds.Floats, after: worlds.Floats, people: int) -> tuple[float, float]:
    lines = [
        measure.Line.of_draws(name, grade, "EUR", MARGIN * drawn / 100, with_="customers")
        for name, grade, drawn in (("B1", Grade.A, inside), ("B2", Grade.C, after))
    ]
    roi = measure.roi(lines, [measure.Line.certain("K", Grade.A, "EUR", COST * people)], draws=_DRAWS).roi
    assert roi is not None
    low, high = roi.ends[0.95]
    return float(low), float(high)


@cache
def _truth() -> tuple[float, float]:
    """What the programme is worth a person in its first year, and in the year after that, discounted."""
    ahead = np.exp(-discount_rate(DISCOUNT, WEEKS_A_YEAR) * (np.arange(_YEAR) + 0.5))
    found = []
    for seed in worlds.CROWDS:
        crowd = worlds.crowd_of(seed, worlds.MANY // 2, weeks_before=_YEAR, weeks_after=2 * _YEAR, churn_before=True)
        more = worlds.spent_by_week(live(crowd, programme=True)) - worlds.spent_by_week(live(crowd, programme=False))
        found.append((more[_YEAR : 2 * _YEAR].sum(), more[2 * _YEAR :] @ ahead))
    window, later = np.mean(found, axis=0)
    return float(window), float(later)


_CAREFUL = (
    "Here all of the effect lasts, and B2 is rather too little: before any look it takes it that three fifths do "
    "on the mean, from which the window's halves lead away only where they are clear; who never bought in the "
    "two years is in no model; and for which share of their time the treated had the programme "
    "is one number for all. Fewer than one world in ten is refused."
)
STUDIES = (
    Study("what is left", "4,000 people; a year before the launch, of it, after", with_what_is_left, (
        Claim("roi", "the 95 % interval of the return holds the true one (B1, B2 and K)", 0.93, 0.97),
        Claim("b2", "that of B2 alone holds what the year after the window brings", 0.90, 0.97),
        Claim("left", "B2 beside its truth (to compare: it is meant to be careful)", 0.5, 1.1, percent=False),
    ), 360, 6, note=_CAREFUL),
    Study("too short a past", "4,000 people; 13 weeks in which nobody leaves, and 26 weeks of it", too_short, (
        Claim("untold", "B2 is refused: leaving cannot be told", 0.95, 1.0),
    ), 100, 4),
)  # fmt: skip
