"""People: what they say, how long they stay, and which channel is credited."""

import numpy as np

from goodwill import measure
from goodwill.simulate.world import live
from validation import worlds
from validation.study import Claim, Found, Study
from validation.trials import NOMINAL


def _promoters(scores: "np.ndarray") -> tuple[int, int, int]:
    return int((scores >= 9).sum()), int(((scores >= 7) & (scores < 9)).sum()), int((scores < 7).sum())


def recommending(seed: int) -> Found:
    everybody = worlds.everybody()
    told = everybody.recommend[everybody.asked]
    promoters, _, detractors = _promoters(told)
    true = 100 * (promoters - detractors) / told.size
    random = np.random.default_rng(seed)
    found: dict[str, float] = {}
    for size in (20, 50, 400):
        one = measure.nps(*_promoters(random.choice(told, size)))
        found[f"of {size}"] = one.low <= true <= one.high
    return found


def trusting(seed: int) -> Found:
    everybody = worlds.everybody()
    told = everybody.likert[everybody.asked]
    truth = _whole_scale()
    some = measure.scale(told[np.random.default_rng(seed).choice(len(told), 250)], 1, 7)
    pairs = {"alpha": some.alpha, "omega": some.omega, "score": some.score}
    return {name: one.low <= truth[name] <= one.high for name, one in pairs.items()}


def _whole_scale(kept: dict[str, float] = {}) -> dict[str, float]:  # noqa: B006 - worked out once
    if not kept:
        everybody = worlds.everybody()
        whole = measure.scale(everybody.likert[everybody.asked], 1, 7)
        kept.update(alpha=whole.alpha.value, omega=whole.omega.value, score=whole.score.value)
    return kept


def staying(seed: int) -> Found:
    """400 people of whom the shop sees the first 4 to 26 weeks."""
    lasted = worlds.weeks(live(worlds.crowd_of(seed, 400)))
    seen = np.random.default_rng(seed).integers(4, 27, lasted.size)
    duration, observed = np.minimum(lasted, seen), (lasted <= seen) & (lasted < 26)
    at = measure.survival(duration, observed).at(13)
    mean = measure.rmst(duration, observed, 26)
    share, stay = worlds.stays()
    return {"survival": at.low <= share <= at.high, "rmst": mean.low <= stay <= mean.high}


def crediting(seed: int) -> Found:
    found = measure.markov(*worlds.walks(live(worlds.crowd_of(seed, 2_000))), seed=seed).of("email")
    true = worlds.credited()
    total = found.orders.value / found.share
    return {"email": found.orders.low <= true * total <= found.orders.high}


STUDIES = (
    Study("recommending", "20, 50 and 400 people drawn from all who are asked", recommending, (
        Claim("of 20", "the adjusted Wald interval of 20 answers holds everybody's NPS", 0.94, 0.97),
        Claim("of 50", "of 50 answers", *NOMINAL),
        Claim("of 400", "of 400 answers", *NOMINAL),
    ), 4_000, 200),
    Study("trust scale", "250 people, four items of 1 to 7", trusting, (
        Claim("alpha", "Feldt's interval holds everybody's α", *NOMINAL),
        Claim("omega", "the interval of ω holds everybody's", *NOMINAL),
        Claim("score", "that of the score does", *NOMINAL),
    ), 2_000, 60),
    Study("staying", "400 people, of whom 4 to 26 weeks are seen", staying, (
        Claim("survival", "the Kaplan–Meier interval at 13 weeks holds the true share", *NOMINAL),
        Claim("rmst", "that of the mean stay in 26 weeks does", *NOMINAL),
    ), 2_000, 30),
    Study("crediting", "2,000 people's paths of messages", crediting, (
        Claim("email", "the bootstrap interval holds the e-mail's credit in a large crowd", 0.93, 0.97),
    ), 400, 5),
)  # fmt: skip
