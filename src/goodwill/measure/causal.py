"""What a thing did to those whom it happened to, where nobody was drawn by lot: corrected, checked, and often refused.

Whoever opts in differs from whoever does not, so the plain difference between them says little about what opting in
does. The correction here holds only if everything that makes people differ was measured. That cannot be proved; it can
be shown to be wrong: by an outcome that the thing cannot have changed, by people who have no like on the other side, by
how little an unmeasured difference would have to be. Where one of these fails, the answer is "not identified".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, check_level

Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

FOLDS: Final = 5
_EDGE: Final = 0.05  # a propensity outside [.05, .95] has hardly any like on the other side
CLIPPED: Final = 0.01  # and none is taken to be nearer to 0 or 1 than this
LEAST_EFFECTIVE: Final = 0.30  # of each side, by Kish's effective sample size; below, a few people carry all
_MOST_OUTSIDE: Final = 0.5  # of all people; beyond, the two sides are two kinds of people
LEAST: Final = 50  # people on each side
_RIDGES: Final = np.logspace(-3, 4, 15)
_NEWTON: Final = 25
_LIKE: Final = (1, 2, 3)  # times as strong as a measured confounder


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far both sides have their like on the other.

    Attributes:
        outside: the share of people whose propensity lies outside [.05, .95].
        clipped: how many propensities were moved to .01 or .99.
        lowest, highest: propensity of anybody.
    """

    outside: float
    clipped: int
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How strong an unmeasured difference would have to be (Cinelli and Hazlett, JRSS B 82, 2020).

    Attributes:
        linear: the effect by linear regression on the same terms, which all of this is about.
        robustness: share of what is left unexplained, of exposure and outcome both, that it would have to explain to
            bring the effect to 0. to_insignificance: … to an interval that holds 0.
        strongest: the measured covariate that, taken away, would move the effect most; of_exposure, of_outcome: the
            shares that it explains of what all others leave.
        if_as_strong: the effect if something unmeasured were 1, 2 or 3 times as strong as that.
    """

    linear: float
    robustness: float
    to_insignificance: float
    strongest: str
    of_exposure: float
    of_outcome: float
    if_as_strong: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """The average effect of being exposed, in the outcome's unit, over all people given.

    Attributes:
        value, low, high, standard_error: None where ``reason`` says why nothing can be said at all.
        naive: the plain difference of the two sides' means, to be seen beside it; it is no effect.
        effective_sample: people that the weighted ones are worth (Kish), on the side where they are fewest.
        identified: whether nothing showed the correction to be wrong; where it did, ``reason`` says what.
        controls: of each negative control, the "effect" on it, which cannot be; as (value, low, high).
        bounds: what the data bound without any assumption (Manski), for an outcome with limits.
    """

    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    level: float
    naive: float | None
    n: int
    exposed: int
    overlap: Overlap | None
    effective_sample: float
    identified: bool
    reason: str
    sensitivity: Sensitivity | None = None
    controls: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    bounds: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def refused(self) -> str:
        """Why there is no number; "" where there is one, be it identified or not."""
        return self.reason if self.value is None else ""

    def to_dict(self) -> Mapping[str, Any]:
        over, about = self.overlap, self.sensitivity
        return {
            "value": self.value, "low": self.low, "high": self.high, "standard_error": self.standard_error,
            "level": self.level, "naive": self.naive, "n": self.n, "exposed": self.exposed,
            "overlap": None if over is None else {
                "outside": over.outside, "clipped": over.clipped, "lowest": over.lowest, "highest": over.highest,
            },
            "effective_sample": self.effective_sample, "identified": self.identified, "reason": self.reason,
            "sensitivity": None if about is None else {
                "linear": about.linear, "robustness": about.robustness, "to_insignificance": about.to_insignificance,
                "strongest": about.strongest, "of_exposure": about.of_exposure, "of_outcome": about.of_outcome,
                "if_as_strong": list(about.if_as_strong),
            },
            "controls": {name: list(found) for name, found in self.controls.items()},
            "bounds": None if self.bounds is None else list(self.bounds), "warnings": list(self.warnings),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Data:
    outcome: Floats
    exposed: Mask
    covariates: Floats
    names: tuple[str, ...]

    @property
    def basis(self) -> Floats:
        """A constant, the covariates, their squares and products, each with mean 0 and standard deviation 1."""
        plain = _standard(self.covariates)
        places = np.triu_indices(plain.shape[1])
        found = _standard(np.hstack([plain, plain[:, places[0]] * plain[:, places[1]]]))
        return np.hstack([np.ones((found.shape[0], 1)), found])

    def terms_with(self, covariate: int) -> Mask:
        """The terms of the basis that a covariate is in."""
        size = self.covariates.shape[1]
        first, second = np.triu_indices(size)
        alone = np.arange(size) == covariate
        return np.concatenate([[False], alone, (first == covariate) | (second == covariate)])


def aipw(
    outcome: ArrayLike,
    exposed: ArrayLike,
    covariates: ArrayLike,
    propensity: ArrayLike | None = None,
    negative_control: "ArrayLike | Mapping[str, ArrayLike] | None" = None,
    *,
    names: Sequence[str] = (),
    reliability: Mapping[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    level: float = LEVEL,
    seed: int = 0,
) -> Effect:
    """The average effect by augmented inverse propensity weighting, cross-fitted.

    It is right if either who is exposed or what follows from the covariates is modelled right (Robins, Rotnitzky and
    Zhao 1994; Chernozhukov et al. 2018). Propensities come from a logistic, outcomes from a linear model with ridge
    penalty, on the covariates, their squares and products; each person is judged by models fitted without her.

    Args:
        outcome: shape (n,). exposed: true or false, shape (n,).
        covariates: all of before the exposure, shape (n, k).
        propensity: the known chances of being exposed, each above 0 and below 1, where they were set by somebody; they
            are taken as they are. Shape (n,).
        negative_control: an outcome that the exposure cannot have changed, such as purchases before it; or several by
            name, such as one for each placebo date.
        names: of the covariates.
        reliability: of covariates that are measured with error, such as a trust score's ω; they are calibrated by it.
        limits: the least and the largest value that the outcome can have, for bounds without assumptions.
        level: of the interval, which is normal.

    Raises:
        BadInput: lengths that differ, values that are no numbers, chances outside (0, 1), or no such covariate.
    """
    check_level(level)
    data = _read(outcome, exposed, covariates, names)
    corrected, remarks = _calibrated(data, reliability or {})
    controls = _controls(negative_control, data.outcome.size)
    known = None if propensity is None else _chances(propensity, data.outcome.size)
    return _effect(data, corrected, known, controls, limits, level, seed, remarks)


def _effect(
    data: _Data,
    corrected: _Data,
    known: Floats | None,
    controls: Mapping[str, Floats],
    limits: tuple[float, float] | None,
    level: float,
    seed: int,
    remarks: tuple[str, ...],
) -> Effect:
    n, exposed = data.outcome.size, int(np.count_nonzero(data.exposed))
    bounds = None if limits is None else _bounds(data, limits)

    def refuse(why: str, overlap: Overlap | None = None, worth: float = 0.0) -> Effect:
        naive = _naive(data) if 0 < exposed < n else None
        untold = (None, None, None, None)  # value, low, high, standard error
        return Effect(
            *untold,
            level,
            naive,
            n,
            exposed,
            overlap,
            worth,
            identified=False,
            reason=why,
            bounds=bounds,
            warnings=remarks,
        )

    if min(exposed, n - exposed) < LEAST:
        return refuse(f"On one side there are {min(exposed, n - exposed)} people; {LEAST} are needed on each.")
    basis, folds = corrected.basis, _folds(data.exposed, seed)
    chances, clipped = known, 0
    if chances is None:
        raw = _propensities(basis, data.exposed, folds)
        chances = np.clip(raw, CLIPPED, 1 - CLIPPED)
        clipped = int(np.count_nonzero(raw != chances))
    overlap = Overlap(
        float(np.mean((chances < _EDGE) | (chances > 1 - _EDGE))), clipped, float(chances.min()), float(chances.max())
    )
    worth = _worth(chances, data.exposed)
    least = _least_share(chances, data.exposed)
    if unlike := _unlike(overlap, least):
        return refuse(unlike, overlap, worth)
    value, error = _augmented(data.outcome, data.exposed, basis, chances, folds)
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    checked = {
        name: _interval(control, data.exposed, basis, chances, folds, level) for name, control in controls.items()
    }
    about = _sensitivity(data.outcome, data.exposed, corrected, level)
    reason = _against(checked, about, drawn=known is not None)
    if not reason and known is None:
        sure = max(0.0, abs(value) - reach) / (float(data.outcome.std()) or 1.0)
        spread = {name: float(control.std()) for name, control in controls.items()}
        reason = _unproven(checked, spread, sure, rises=value > 0)
    warned = (*remarks, *_noted(clipped, n, controls))
    return Effect(
        value, value - reach, value + reach, error, level, _naive(data), n, exposed, overlap, worth, not reason, reason,
        about, checked, bounds, warned,
    )  # fmt: skip


def _unlike(overlap: Overlap, least: float) -> str:
    """Why the two sides cannot be compared; "" where they can.

    Args:
        least: effective sample of the side where it is smaller, as a share of that side.
    """
    if overlap.outside > _MOST_OUTSIDE:
        why = (
            f"who is exposed can nearly be told from the covariates alone ({100 * overlap.outside:.0f} % of people "
            f"have a propensity outside [{_EDGE:g}, {1 - _EDGE:g}]; {100 * _MOST_OUTSIDE:.0f} % may)"
        )
    elif least < LEAST_EFFECTIVE:
        why = (
            f"a few people would stand for all others (effective sample {100 * least:.0f} % of that side; "
            f"{100 * LEAST_EFFECTIVE:.0f} % are needed)"
        )
    else:
        return ""
    return f"Too few of one side have their like on the other: {why}."


def _noted(clipped: int, n: int, controls: Mapping[str, Floats]) -> Iterator[str]:
    """What to keep in mind of it."""
    if clipped:
        yield f"{clipped} of {n} propensities were moved to {CLIPPED} or {1 - CLIPPED}: these people have no like."
    if not controls:
        yield "No negative control was given: nothing was tried that could show the correction to be wrong."


def _against(controls: Mapping[str, tuple[float, float, float]], about: Sensitivity | None, *, drawn: bool) -> str:
    """What shows that the correction cannot be believed; "" where nothing does."""
    failed = [name for name, (_, low, high) in controls.items() if not low <= 0 <= high]
    if failed:
        found = ", ".join(f"{name} {controls[name][0]:+.3g}" for name in failed)
        return f"Not identified from these data: an outcome that cannot have been changed shows an effect ({found})."
    if not drawn and about is not None and about.if_as_strong[0] * about.linear <= 0:
        return (
            f"Not identified from these data: something unmeasured as strong as '{about.strongest}' would explain it "
            f"all (robustness value {100 * about.robustness:.1f} %)."
        )
    return ""


def _unproven(
    controls: Mapping[str, tuple[float, float, float]], spread: Mapping[str, float], sure: float, *, rises: bool
) -> str:
    """What leaves open that there is no effect, though nothing speaks against it; "" where nothing does.

    A control that shows none says little where it is so uncertain that it may hide all that is sure of the effect.

    Args:
        spread: the standard deviation of each control.
        sure: the end of the effect's interval that is nearer to 0, in standard deviations of the outcome; 0 where the
            interval holds 0. rises: whether the effect found is above 0.
    """
    for name, (_, low, high) in controls.items():
        hidden = max(high if rises else -low, 0.0) / spread[name] if spread[name] else 0.0
        if spread[name] and hidden >= sure:
            return (
                f"Not identified from these data: '{name}', which cannot have been changed, is so uncertain that it "
                f"may hide an effect of {hidden:.2f} standard deviations; of the one found, {sure:.2f} are sure. More "
                "people would tell."
            )
    return ""


# ---- the estimate ----------------------------------------------------------------------------------------------------


def _augmented(
    outcome: Floats, exposed: Mask, basis: Floats, chances: Floats, folds: NDArray[np.int64]
) -> tuple[float, float]:
    """The mean of the influence values, and its standard error."""
    with_it, without = np.empty(outcome.size), np.empty(outcome.size)
    for fold in range(FOLDS):
        here, rest = folds == fold, folds != fold
        for side, said in ((True, with_it), (False, without)):
            learned = rest & (exposed == side)
            said[here] = basis[here] @ _ridge(basis[learned], outcome[learned])
    each = (
        with_it - without
        + np.where(exposed, (outcome - with_it) / chances, 0.0)
        - np.where(exposed, 0.0, (outcome - without) / (1 - chances))
    )  # fmt: skip
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(each.size))


def _interval(
    outcome: Floats, exposed: Mask, basis: Floats, chances: Floats, folds: NDArray[np.int64], level: float
) -> tuple[float, float, float]:
    value, error = _augmented(outcome, exposed, basis, chances, folds)
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    return value, value - reach, value + reach


def _ridge(basis: Floats, outcome: Floats) -> Floats:
    """Coefficients with the penalty that generalised cross-validation likes best; the constant is not penalised."""
    mean = outcome.mean()
    centre = basis[:, 1:].mean(axis=0)
    inner = basis[:, 1:] - centre
    values, vectors = np.linalg.eigh(inner.T @ inner)
    values = np.maximum(values, 0.0)
    turned = vectors.T @ (inner.T @ (outcome - mean))
    total = float(((outcome - mean) ** 2).sum())
    shrunk = values[None, :] + _RIDGES[:, None]
    explained = (turned**2 * (2 / shrunk - values / shrunk**2)).sum(axis=1)
    freedom = 1 + (values / shrunk).sum(axis=1)
    size = outcome.size
    score = (total - explained) / np.maximum(1 - freedom / size, 1e-9) ** 2
    best = vectors @ (turned / shrunk[int(np.argmin(score))])
    return np.concatenate([[mean - centre @ best], best])


def _propensities(basis: Floats, exposed: Mask, folds: NDArray[np.int64]) -> Floats:
    found = np.empty(exposed.size)
    for fold in range(FOLDS):
        here, rest = folds == fold, folds != fold
        found[here] = _logistic(basis[here] @ _logit(basis[rest], exposed[rest]))
    return found


def _logit(basis: Floats, exposed: Mask) -> Floats:
    """Coefficients of a logistic model with a small ridge penalty, by Newton's method."""
    told, coefficients = exposed.astype(np.float64), np.zeros(basis.shape[1])
    penalty = np.full(basis.shape[1], 1.0)
    penalty[0] = 0.0
    for _ in range(_NEWTON):
        chances = _logistic(basis @ coefficients)
        slope = basis.T @ (told - chances) - penalty * coefficients
        curve = (basis * np.maximum(chances * (1 - chances), 1e-9)[:, None]).T @ basis
        step = np.linalg.solve(curve + np.diag(penalty + 1e-9), slope)
        coefficients = coefficients + step
        if np.max(np.abs(step)) < 1e-5:
            break
    return coefficients


def _logistic(score: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -35, 35))))


def _folds(exposed: Mask, seed: int) -> NDArray[np.int64]:
    """A fold for each person, by lot, with both sides in each."""
    random, found = np.random.default_rng(seed), np.empty(exposed.size, np.int64)
    for side in (True, False):
        places = random.permutation(np.flatnonzero(exposed == side))
        found[places] = np.arange(places.size) % FOLDS
    return found


def _worth(chances: Floats, exposed: Mask) -> float:
    return min(_kish(1 / chances[exposed]), _kish(1 / (1 - chances[~exposed])))


def _least_share(chances: Floats, exposed: Mask) -> float:
    sides = (1 / chances[exposed], 1 / (1 - chances[~exposed]))
    return min(_kish(weights) / weights.size for weights in sides)


def _kish(weights: Floats) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


def _naive(data: _Data) -> float:
    return float(data.outcome[data.exposed].mean() - data.outcome[~data.exposed].mean())


def _bounds(data: _Data, limits: tuple[float, float]) -> tuple[float, float]:
    """What the effect lies between whatever those not seen on each side would have had (Manski, AER 80, 1990)."""
    low, high = limits
    if not low < high or data.outcome.min() < low or data.outcome.max() > high:
        raise BadInput(f"Limits hold every outcome, the lower first; {limits} do not.")
    share = data.exposed.mean()
    hers = float(data.outcome[data.exposed].sum() / data.outcome.size)
    others = float(data.outcome[~data.exposed].sum() / data.outcome.size)
    return (
        hers + low * (1 - share) - others - high * share,
        hers + high * (1 - share) - others - low * share,
    )


# ---- sensitivity -----------------------------------------------------------------------------------------------------


def _sensitivity(outcome: Floats, exposed: Mask, data: _Data, level: float) -> Sensitivity | None:
    """By the linear regression of the outcome on exposure and all terms; None where nothing is left to explain."""
    basis = data.basis
    table = np.column_stack([basis, exposed, outcome])
    inner, terms = table.T @ table, np.arange(basis.shape[1])
    d, y = terms.size, terms.size + 1
    free = outcome.size - terms.size - 1
    left = _unexplained(inner, (d, y), terms)
    if left[0, 0] <= 1e-9 * outcome.size or left[1, 1] <= 1e-12 * max(1.0, inner[y, y]) or free < 2 or not data.names:
        return None
    effect = float(left[0, 1] / left[0, 0])
    error = float(np.sqrt(max(0.0, left[1, 1] - effect * left[0, 1]) / free / left[0, 0]))
    if error <= 0:
        return None
    strengths = [_strength(inner, terms, data.terms_with(n)) for n in range(len(data.names))]
    shifted = [tuple(_shifted(effect, error, free, k, *one) for k in _LIKE) for one in strengths]
    found = int(np.argmax([abs(effect - one[0]) for one in shifted]))
    critical = NormalDist().inv_cdf((1 + level) / 2) / float(np.sqrt(free - 1))
    ratio = abs(effect / error) / float(np.sqrt(free))
    return Sensitivity(
        effect, _robustness(ratio), _robustness(max(0.0, ratio - critical)), data.names[found], *strengths[found],
        shifted[found],
    )  # fmt: skip


def _robustness(ratio: float) -> float:
    square = ratio**2
    return float((np.sqrt(square**2 + 4 * square) - square) / 2)


def _strength(inner: Floats, terms: NDArray[np.int64], hers: Mask) -> tuple[float, float]:
    """What a covariate's terms explain of what all others leave: of the exposure, and of the outcome beside it.

    Args:
        inner: products of all terms, then exposure and outcome, with each other.
    """
    d, y = terms.size, terms.size + 1
    others, all_and_d = terms[~hers], np.append(terms, d)
    return (
        _explained(_unexplained(inner, (d,), others), _unexplained(inner, (d,), terms)),
        _explained(_unexplained(inner, (y,), np.append(others, d)), _unexplained(inner, (y,), all_and_d)),
    )


def _unexplained(inner: Floats, what: tuple[int, ...], by: NDArray[np.int64]) -> Floats:
    """Products of what a regression on some columns leaves of others (the Schur complement)."""
    places = np.array(what)
    across = inner[np.ix_(by, places)]
    return np.asarray(inner[np.ix_(places, places)] - across.T @ np.linalg.lstsq(inner[np.ix_(by, by)], across)[0])


def _explained(without: Floats, with_it: Floats) -> float:
    before = float(without[0, 0])
    return max(0.0, 1 - float(with_it[0, 0]) / before) if before > 0 else 0.0


def _shifted(effect: float, error: float, free: int, k: int, of_exposure: float, of_outcome: float) -> float:
    """The effect beside something unmeasured k times as strong, that takes away from it (ibid., §4.4)."""
    d, y = min(of_exposure, 0.99), min(of_outcome, 0.99)
    of_d = min(k * d / (1 - d), 0.999)
    with_one = min(k * d**2 / max((1 - k * d) * (1 - d), 1e-9), 0.999)
    of_y = min((k**0.5 + with_one**0.5) ** 2 / (1 - with_one) * y / (1 - y), 1.0)
    bias = error * float(np.sqrt(free * of_y * of_d / (1 - of_d)))
    return effect - (bias if effect > 0 else -bias)


# ---- what is given ---------------------------------------------------------------------------------------------------


def _read(outcome: ArrayLike, exposed: ArrayLike, covariates: ArrayLike, names: Sequence[str]) -> _Data:
    result = _numbers(outcome, "outcome", None)
    told = np.asarray(exposed)
    if told.shape != result.shape or not np.isin(told, (0, 1)).all():
        raise BadInput(f"`exposed` is true or false (1 or 0) for each of the {result.size} people.")
    table = np.asarray(covariates, np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[0] != result.size or not np.all(np.isfinite(table)):
        raise BadInput(f"`covariates` is a table of numbers with {result.size} rows, without gaps.")
    called = tuple(names) or tuple(f"covariate {n}" for n in range(table.shape[1]))
    if len(called) != table.shape[1]:
        raise BadInput(f"There are {table.shape[1]} covariates and {len(called)} names.")
    return _Data(result, told.astype(bool), table, called)


def _numbers(given: ArrayLike, name: str, size: int | None) -> Floats:
    try:
        found = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"`{name}` holds something that is no number.") from None
    if found.ndim != 1 or (size is not None and found.size != size) or not np.all(np.isfinite(found)):
        many = "" if size is None else f"{size} "
        raise BadInput(f"`{name}` is a list of {many}numbers, without gaps; not an array of shape {found.shape}.")
    return found


def _chances(given: ArrayLike, size: int) -> Floats:
    found = _numbers(given, "propensity", size)
    if not np.all((found > 0) & (found < 1)):
        raise BadInput("A propensity lies above 0 and below 1: where nobody could choose, nothing can be compared.")
    return found


def _controls(given: "ArrayLike | Mapping[str, ArrayLike] | None", size: int) -> Mapping[str, Floats]:
    if given is None:
        return {}
    several = given if isinstance(given, Mapping) else {"negative control": given}
    return {name: _numbers(control, name, size) for name, control in several.items()}


def _calibrated(data: _Data, reliability: Mapping[str, float]) -> tuple[_Data, tuple[str, ...]]:
    """The covariates, with those measured with error replaced by what they are expected to be.

    Regression calibration (Carroll et al. 2006, §4): E[x | w, z] by the covariances, where var(x) is ω·var(w).
    """
    if not reliability:
        return data, ()
    places = []
    for name, share in reliability.items():
        if name not in data.names:
            raise BadInput(f"There is no covariate '{name}'; covariates are: {', '.join(data.names)}.")
        if not 0 < share <= 1:
            raise BadInput(f"A reliability lies above 0 and at most at 1; that of '{name}' is {share:g}.")
        places.append(data.names.index(name))
    table = data.covariates
    seen = np.atleast_2d(np.cov(table, rowvar=False))
    true = seen.copy()
    for place, share in zip(places, reliability.values(), strict=True):
        true[place, place] *= share
    centred = table - table.mean(axis=0)
    found = table.copy()
    found[:, places] = table[:, places].mean(axis=0) + centred @ np.linalg.lstsq(seen, true[:, places], rcond=None)[0]
    said = f"{', '.join(reliability)}: calibrated for error of measurement; the interval takes ω as known."
    return _Data(data.outcome, data.exposed, found, data.names), (said,)


def _standard(table: Floats) -> Floats:
    spread = table.std(axis=0)
    return np.asarray((table - table.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0))
