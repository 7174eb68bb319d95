"""Experiments: intervals of what a programme caused, looks at any time, sizes of the arms, and what it returned."""

import numpy as np

from goodwill import measure
from goodwill.measure.figure import Grade
from goodwill.simulate.world import live
from validation import worlds
from validation.study import Claim, Found, Study

MARGIN, COST = 0.3, 1.0  # of a sale; a person in the programme
_LOOKS = 60
NOMINAL = (0.94, 0.96)


def drawn_by_lot(seed: int) -> Found:
    world = live(worlds.crowd_of(seed, 2_000))
    after, before = worlds.spent(world)
    arm, (worth, outside) = world.programme, worlds.programme()
    plain = measure.difference(after[arm], after[~arm])
    past = measure.difference(after[arm], after[~arm], pre=(before[arm], before[~arm]))
    lift = measure.difference(after[arm], after[~arm], pre=(before[arm], before[~arm]), relative=True)
    roi = _returned(past, int(arm.sum()))
    true_roi = (MARGIN * worth - COST) / COST
    return {
        "welch": plain.low <= worth <= plain.high, "cuped": past.low <= worth <= past.high,
        "error": past.value - worth, "standard error": past.standard_error,
        "lift": lift.low <= worth / outside <= lift.high,
        "narrower": past.standard_error**2 / plain.standard_error**2,
        "roi": roi[0] <= true_roi <= roi[1],
    }  # fmt: skip


def nothing_done(seed: int) -> Found:
    world = live(worlds.crowd_of(seed, 2_000, effect=0.0))
    after, before = worlds.spent(world)
    arm = world.programme
    past = measure.difference(after[arm], after[~arm], pre=(before[arm], before[~arm]))
    return {"found": past.p < 0.05, "roi above": _returned(past, int(arm.sum()))[0] > 0}


def _returned(found: "measure.Difference", people: int) -> tuple[float, float]:
    benefit = measure.Line.of_normal(
        "B1", Grade.A, "EUR", MARGIN * found.value * people, MARGIN * found.standard_error * people
    )
    cost = measure.Line.certain("K", Grade.A, "EUR", COST * people)
    roi = measure.roi([benefit], [cost], draws=2_000).roi
    assert roi is not None
    low, high = roi.ends[0.95]
    return float(low), float(high)


def looked_at(seed: int) -> Found:
    """Nothing is done, and somebody looks sixty times."""
    world = live(worlds.crowd_of(seed, 6_000, effect=0.0))
    after, arm = worlds.spent(world)[0], world.programme
    treated, control = after[arm], after[~arm]
    ends = [(treated.size * look // _LOOKS, control.size * look // _LOOKS) for look in range(1, _LOOKS + 1)]
    running = measure.confidence_sequence(treated, control, planned_n=after.size, looks=ends)
    if running.value is None:
        return {}
    return {"any time": not running.low <= 0 <= running.high, "naive": _naive(treated, control, ends)}


def _naive(treated: worlds.Floats, control: worlds.Floats, ends: list[tuple[int, int]]) -> bool:
    """Whether Welch's interval, looked at each time, once leaves 0 out."""
    z = []
    for arms in ends:
        means, errors = zip(
            *(_mean(some[:end]) for some, end in zip((treated, control), arms, strict=True)), strict=True
        )
        z.append(abs(means[0] - means[1]) / max(sum(errors) ** 0.5, 1e-9))
    return bool(max(z) > 1.96)


def _mean(values: worlds.Floats) -> tuple[float, float]:
    return float(values.mean()), float(values.var(ddof=1) / values.size)


def sizes(seed: int) -> Found:
    random = np.random.default_rng(seed)
    treated = random.binomial(200, 0.5, _LOOKS)
    fair = measure.sample_ratio(np.stack([treated, 200 - treated], axis=1), [0.5, 0.5])
    lost = random.binomial(treated, 0.9)
    wrong = measure.sample_ratio(np.stack([lost, 200 - treated], axis=1), [0.5, 0.5])
    return {"false alarm": fair.alarm, "noticed": wrong.alarm}


def one_unit(seed: int) -> Found:
    """Nothing happened to one of 20 units, whose months hang together."""
    noise = np.random.default_rng(seed).standard_normal((20, 18))
    found = measure.placebo(np.cumsum(0.5 * noise, axis=1), 0, 12, level=0.9)
    return {"found": found.p <= 0.1}


STUDIES = (
    Study("experiment", "2,000 people, half in the programme by lot, spend of 26 weeks", drawn_by_lot, (
        Claim("welch", "Welch's 95 % interval holds the true effect", *NOMINAL),
        Claim("cuped", "so does CUPED's, with the spend of 13 weeks before", *NOMINAL),
        Claim("lift", "so does Fieller's, of the relative lift", *NOMINAL),
        Claim("error", "error of CUPED's value, in standard errors", -0.05, 0.05, percent=False, over="standard error"),
        Claim("narrower", "CUPED's variance beside Welch's", 0.0, 0.9),
        Claim("roi", "the 95 % interval of the return holds the true one (B1 and K)", 0.93, 0.97),
    ), 2_000, 30),
    Study("no effect", "the same world, in which nothing that the shop does has any effect", nothing_done, (
        Claim("found", "an effect is found at 5 %", 0.03, 0.06),
        Claim("roi above", "the interval of the return lies above 0", 0.0, 0.03),
    ), 2_000, 20),
    Study("looks", "6,000 people, no effect, 60 looks", looked_at, (
        Claim("any time", "the confidence sequence once leaves 0 out", 0.0, 0.05),
        Claim("naive", "Welch's interval once does, if it is looked at each time (to compare)", 0.05, 1.0),
    ), 700, 20),
    Study("arm sizes", "12,000 people in 60 looks; and a tenth of one arm lost", sizes, (
        Claim("false alarm", "alarm where nothing is wrong (p < .001)", 0.0, 0.0013),
        Claim("noticed", "alarm where a tenth is lost", 0.5, 1.0),
    ), 10_000, 200),
    Study("one treated unit", "20 units, 18 months that hang together, nothing happened to any", one_unit, (
        Claim("found", "the placebo's p is .1 or less", 0.08, 0.12),
    ), 4_000, 200),
)  # fmt: skip
