"""What a thing did to those whom it happened to, where nobody was drawn by lot: corrected, checked, and often refused.

Whoever opts in differs from whoever does not, so the plain difference between them says little about what opting in
does. The correction here holds only if everything that makes people differ was measured. That cannot be proved; it can
be shown to be wrong: by an outcome that the thing cannot have changed, by people who have no like on the other side, by
how little an unmeasured difference would have to be. Where one of these fails, the answer is "not identified".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
_NEWTON: Final = 25  # steps at most
_STEPS: Final = 12  # with one curve
_NEAR: Final = 1e-5  # a step so small ends it
_ALONE: Final = 1e9  # times the least is the largest that one column says beyond the others; beyond, one follows
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
        people, size = self.covariates.shape
        first, second = np.triu_indices(size)
        found = np.empty((1 + size + first.size, people))  # a term a row, as this is worked out
        found[0], found[1 : 1 + size] = 1.0, self.covariates.T
        plain = _standard(found[1 : 1 + size])
        np.multiply(plain[first], plain[second], out=found[1 + size :])
        _standard(found[1 + size :])
        return np.ascontiguousarray(found.T)

    def at(self, order: NDArray[np.int64]) -> "_Data":
        """The same people in another order."""
        return replace(
            self, outcome=self.outcome[order], exposed=self.exposed[order], covariates=self.covariates[order]
        )

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
    places = _Places.drawn(data.exposed, seed)
    data, corrected = data.at(places.order), corrected.at(places.order)
    controls = {name: control[places.order] for name, control in controls.items()}
    known = None if known is None else known[places.order]
    folds = _Folds.of(corrected.basis, data.exposed, places)
    chances, clipped = known, 0
    if chances is None:
        raw = folds.propensities()
        chances = np.clip(raw, CLIPPED, 1 - CLIPPED)
        clipped = int(np.count_nonzero(raw != chances))
    overlap = Overlap(
        float(np.mean((chances < _EDGE) | (chances > 1 - _EDGE))), clipped, float(chances.min()), float(chances.max())
    )
    worth = _worth(chances, data.exposed)
    least = _least_share(chances, data.exposed)
    if unlike := _unlike(overlap, least):
        return refuse(unlike, overlap, worth)
    value, error = folds.augmented(data.outcome, chances)
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    checked = {name: folds.interval(control, chances, level) for name, control in controls.items()}
    about = _sensitivity(data.outcome, data.exposed, corrected, folds.basis, level)
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


_Part: TypeAlias = tuple[bool, int]  # a side of a fold


@dataclass(frozen=True, eq=False)
class _Places:
    """A fold for each person, by lot, with both sides in each.

    Attributes:
        order: who stands where, so that each side of each fold, and each fold, stand together; shape (n,).
        parts: where each side of each fold stands. folds: where each fold does.
    """

    order: NDArray[np.int64]
    parts: Mapping[_Part, slice]
    folds: Sequence[slice]

    @classmethod
    def drawn(cls, exposed: Mask, seed: int) -> "_Places":
        random = np.random.default_rng(seed)
        sides = {side: random.permutation(np.flatnonzero(exposed == side)) for side in (True, False)}
        parts = [((side, one), sides[side][one::FOLDS]) for one in range(FOLDS) for side in (True, False)]
        ends = np.cumsum([some.size for _, some in parts]).tolist()
        starts = [0, *ends[:-1]]
        return cls(
            np.concatenate([some for _, some in parts]),
            {part: slice(start, end) for (part, _), start, end in zip(parts, starts, ends, strict=True)},
            [slice(start, end) for start, end in zip(starts[::2], ends[1::2], strict=True)],
        )


@dataclass(frozen=True, eq=False)
class _Folds:
    """Models of an outcome, on each side, without each fold.

    A linear model needs no more of its people than the products of what they have: those of all, less a fold's own.

    Attributes:
        basis: shape (n, k). exposed: of everybody, in the order of her place; shape (n,).
        learned: of each side and fold, what the people of all other folds say of the terms.
    """

    basis: Floats
    exposed: Mask
    places: _Places
    learned: Mapping[_Part, "_Terms"]

    @classmethod
    def of(cls, basis: Floats, exposed: Mask, places: _Places) -> "_Folds":
        inner = {part: basis[some].T @ basis[some] for part, some in places.parts.items()}
        return cls(basis, exposed, places, {part: _Terms.of(_of_others(inner, part)) for part in inner})

    def foretold(self, outcome: Floats) -> tuple[Floats, Floats]:
        """Everybody's outcome exposed, and not exposed, by models that were fitted without her fold."""
        middle = outcome.mean()
        beyond = outcome - middle
        sums = {
            part: np.append(self.basis[some].T @ beyond[some], beyond[some] @ beyond[some])
            for part, some in self.places.parts.items()
        }
        told = {True: np.empty(outcome.size), False: np.empty(outcome.size)}
        for (side, one), terms in self.learned.items():
            here = self.places.folds[one]
            told[side][here] = middle + self.basis[here] @ terms.ridge(_of_others(sums, (side, one)))
        return told[True], told[False]

    def augmented(self, outcome: Floats, chances: Floats) -> tuple[float, float]:
        """The mean of the influence values, and its standard error."""
        with_it, without = self.foretold(outcome)
        each = (
            with_it - without
            + np.where(self.exposed, (outcome - with_it) / chances, 0.0)
            - np.where(self.exposed, 0.0, (outcome - without) / (1 - chances))
        )  # fmt: skip
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(each.size))

    def interval(self, outcome: Floats, chances: Floats, level: float) -> tuple[float, float, float]:
        value, error = self.augmented(outcome, chances)
        reach = NormalDist().inv_cdf((1 + level) / 2) * error
        return value, value - reach, value + reach

    def propensities(self) -> Floats:
        """Everybody's chance of being exposed, by a model that was fitted without her fold."""
        of_all = _Logit.of(self.basis, self.exposed.astype(np.float64))
        return np.concatenate([_logistic(self.basis[here] @ of_all.without(here)) for here in self.places.folds])


def _of_others(each: Mapping[_Part, Floats], part: _Part) -> Floats:
    """The sum of what there is of the same side in all other folds."""
    side, fold = part
    return np.asarray(np.sum([what for (hers, one), what in each.items() if hers == side and one != fold], axis=0))


@dataclass(frozen=True, eq=False)
class _Terms:
    """What some people's terms have in common, turned so that any penalty is applied at once.

    Attributes:
        people: how many. centre: the mean of each term but the constant, shape (k − 1,).
        values, vectors: of the products of what lies beyond the means (eigendecomposition).
    """

    people: float
    centre: Floats
    values: Floats
    vectors: Floats

    @classmethod
    def of(cls, inner: Floats) -> "_Terms":
        """From the products of all terms with each other, the constant first; shape (k, k)."""
        people, centre = float(inner[0, 0]), inner[0, 1:] / inner[0, 0]
        values, vectors = np.linalg.eigh(inner[1:, 1:] - people * np.outer(centre, centre))
        return cls(people, centre, np.maximum(values, 0.0), vectors)

    def ridge(self, across: Floats) -> Floats:
        """Coefficients with the penalty that generalised cross-validation likes best; the constant is not penalised.

        Args:
            across: products of the outcome with each term and with itself; shape (k + 1,).
        """
        mean = across[0] / self.people
        turned = self.vectors.T @ (across[1:-1] - self.people * mean * self.centre)
        total = across[-1] - self.people * mean**2
        shrunk = self.values[None, :] + _RIDGES[:, None]
        explained = (turned**2 * (2 / shrunk - self.values / shrunk**2)).sum(axis=1)
        freedom = 1 + (self.values / shrunk).sum(axis=1)
        score = (total - explained) / np.maximum(1 - freedom / self.people, 1e-9) ** 2
        best = self.vectors @ (turned / shrunk[int(np.argmin(score))])
        return np.concatenate([[mean - self.centre @ best], best])


@dataclass(frozen=True, eq=False)
class _Logit:
    """A logistic model with a small ridge penalty on all but the constant.

    Attributes:
        basis: shape (n, k). told: 0 or 1 of everybody. coefficients: where the likelihood is highest, shape (k,).
        weight: of everybody in the curve; shape (n,). curve: how fast the slopes fall there; shape (k, k).
    """

    basis: Floats
    told: Floats
    coefficients: Floats
    weight: Floats
    curve: Floats

    @classmethod
    def of(cls, basis: Floats, told: Floats) -> "_Logit":
        found = _newton(basis, told, np.zeros(basis.shape[1]))
        weight = _weight(_logistic(basis @ found))
        return cls(basis, told, found, weight, _curve(basis, weight))

    def without(self, some: slice) -> Floats:
        """The coefficients of everybody but some: few steps away, and the slopes there change little on the way."""
        theirs = self.basis[some]
        curve, found = self.curve - (theirs * self.weight[some, None]).T @ theirs, self.coefficients
        for _ in range(_STEPS):
            left = self.told - _logistic(self.basis @ found)
            left[some] = 0.0
            step = np.linalg.solve(curve, self.basis.T @ left - _penalty(found))
            found = found + step
            if np.max(np.abs(step)) < _NEAR:
                return found
        return _newton(np.delete(self.basis, some, axis=0), np.delete(self.told, some), self.coefficients)


def _newton(basis: Floats, told: Floats, coefficients: Floats) -> Floats:
    """From some coefficients to those of the highest likelihood, by Newton's method."""
    for _ in range(_NEWTON):
        chances = _logistic(basis @ coefficients)
        slope = basis.T @ (told - chances) - _penalty(coefficients)
        step = np.linalg.solve(_curve(basis, _weight(chances)), slope)
        coefficients = coefficients + step
        if np.max(np.abs(step)) < _NEAR:
            break
    return coefficients


def _penalty(coefficients: Floats) -> Floats:
    """How fast the penalty grows: half the square of each coefficient but the constant."""
    return np.concatenate([[0.0], coefficients[1:]])


def _weight(chances: Floats) -> Floats:
    """What each counts in the curve, by her chance."""
    return np.maximum(chances * (1 - chances), 1e-9)


def _curve(basis: Floats, weight: Floats) -> Floats:
    """How fast the slopes of the likelihood fall, with the penalty; shape (k, k)."""
    curve = (basis * weight[:, None]).T @ basis
    return np.asarray(curve + np.diag(np.append(1e-9, np.full(basis.shape[1] - 1, 1 + 1e-9))))


def _logistic(score: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -35, 35))))


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


def _sensitivity(outcome: Floats, exposed: Mask, data: _Data, basis: Floats, level: float) -> Sensitivity | None:
    """By the linear regression of the outcome on exposure and all terms; None where nothing is left to explain."""
    table = np.column_stack([basis, exposed, outcome])
    products, size = _Products.of(table), basis.shape[1]
    free = outcome.size - size - 1
    left = products.unexplained((size, size + 1), products.terms)
    least = 1e-12 * max(1.0, products.inner[-1, -1])
    if left[0, 0] <= 1e-9 * outcome.size or left[1, 1] <= least or free < 2 or not data.names:
        return None
    effect = float(left[0, 1] / left[0, 0])
    error = float(np.sqrt(max(0.0, left[1, 1] - effect * left[0, 1]) / free / left[0, 0]))
    if error <= 0:
        return None
    strengths = [products.strength(data.terms_with(n)) for n in range(len(data.names))]
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


@dataclass(frozen=True, eq=False)
class _Products:
    """Products of all terms, then exposure and outcome, with each other: all that linear regressions need.

    Attributes:
        inner: shape (k + 2, k + 2). alone: whether no column follows from others, so that each has its coefficient.
    """

    inner: Floats
    alone: bool

    @classmethod
    def of(cls, table: Floats) -> "_Products":
        inner = table.T @ table
        return cls(inner, bool(np.linalg.cond(inner[:-1, :-1]) < _ALONE))

    @property
    def terms(self) -> NDArray[np.int64]:
        return np.arange(self.inner.shape[0] - 2)

    def strength(self, hers: Mask) -> tuple[float, float]:
        """What a covariate's terms explain of what all others leave: of the exposure, and of the outcome beside it."""
        terms = self.terms
        d, y = terms.size, terms.size + 1
        others, all_and_d = terms[~hers], np.append(terms, d)
        return (
            _explained(self.unexplained((d,), others), self.unexplained((d,), terms)),
            _explained(self.unexplained((y,), np.append(others, d)), self.unexplained((y,), all_and_d)),
        )

    def unexplained(self, what: tuple[int, ...], by: NDArray[np.int64]) -> Floats:
        """Products of what a regression on some columns leaves of others (the Schur complement)."""
        places = np.array(what)
        across, inner = self.inner[np.ix_(by, places)], self.inner[np.ix_(by, by)]
        found = np.linalg.solve(inner, across) if self.alone else np.linalg.lstsq(inner, across)[0]
        return np.asarray(self.inner[np.ix_(places, places)] - across.T @ found)


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
    """Each row moved and scaled, where it stands, to mean 0 and standard deviation 1; shape (k, n)."""
    table -= table.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.einsum("ij,ij->i", table, table) / table.shape[1])
    table /= np.where(spread > 1e-12, spread, 1.0)[:, None]
    return table
