"""Who opts in: the corrected comparison where all that confounds was measured, and where trust was not."""

from goodwill import measure
from goodwill.simulate.world import live
from validation import worlds
from validation.study import Claim, Found, Study
from validation.trials import NOMINAL


def all_measured(seed: int) -> Found:
    found = _compared(seed, hidden_trust=False)
    if found.value is None:
        return {"told": 0.0}
    worth = worlds.consent()
    return {
        "told": 1.0, "aipw": found.low <= worth <= found.high, "error": found.value - worth,
        "standard error": found.standard_error, "ratio": (found.value - worth) / found.standard_error,
        "naive": abs(found.naive - worth) / worth, "identified": found.identified,
    }  # fmt: skip


def trust_hidden(seed: int) -> Found:
    return {"refused": not _compared(seed, hidden_trust=True).identified}


def _compared(seed: int, *, hidden_trust: bool) -> "measure.causal.Effect":
    world = live(worlds.crowd_of(seed, 4_000, hidden_trust=hidden_trust))
    after, before = worlds.spent(world)
    return measure.aipw(after, world.consent, world.crowd.covariates, negative_control=before, seed=seed)


_TOGETHER = (
    "The value itself is not off. Where a few who spend much and did not consent weigh most, it comes out low with a "
    "large standard error (the two correlate by −.5), so the mean of each error over its own standard error is not 0. "
    "It is so too with the true propensities, with 10 folds, with normalised weights and without any penalty."
)
STUDIES = (
    Study("all measured", "4,000 people; X and trust before the question are known", all_measured, (
        Claim("told", "a number is told", 0.99, 1.0),
        Claim("aipw", "AIPW's 95 % interval holds what a consent is worth", *NOMINAL),
        Claim("error", "error of its value, in standard errors", -0.05, 0.05, percent=False, over="standard error"),
        Claim("ratio", "mean of each error over its own standard error (to compare)", -0.2, 0.2, percent=False),
        Claim("naive", "error of the plain difference, of the truth (to compare)", 0.5, 9.0),
        Claim("identified", "called identified: nothing as strong as trust could explain it", 0.0, 1.0),
    ), 2_000, 8, note=_TOGETHER),
    Study("trust hidden", "the same people; trust is not known", trust_hidden, (
        Claim("refused", "called not identified", 0.95, 1.0),
    ), 600, 12),
)  # fmt: skip
