"""What customers say of the shop: trust, transparency, perceived value, asked with several items on one scale.

A score is worth as much as its items agree (α, ω), and speaks for those who answered; weights carry it to those who did
not, as far as they are like others of their kind. All of a scale comes from the sums of answers and of their products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level, reach_of
from goodwill.measure.given import LARGEST, Floats, Truths, Whole, count, equally_long, numbers, truths, wholes
from goodwill.measure.share import Share, share
from goodwill.sums import Sums

RELIABLE: Final = 0.70  # ω, below which a score is not compared
_NOBODY = "Nobody answered all items."
_ONE = "Only one customer answered all items, and one does not tell how others would."
_SAME = "Everybody gave answers that add to the same, which does not tell how answers vary."
_TURNS = 60  # of Newton's; five to ten are usual
_FLAT = 1e-8  # slope at which the top is reached
_FLOOR = 0.005  # of an item's variance that is its own; below, one factor is not told apart from that item


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A scale of several items, answered by customers.

    Attributes:
        score: the mean of customers' scores, in percent of the maximum possible (POMP, 0 to 100; Cohen and others
            1999), with Student's t.
        alpha: Cronbach's, with Feldt's interval (Psychometrika 30, 1965); error: Duhachek and Iacobucci (2004).
        omega: McDonald's, of one factor by maximum likelihood, with a normal interval of ln(1 − ω).
        standardised: α of items of equal variance. average: mean correlation of two items. guttman: Guttman's λ6.
        item_rest: each item's correlation with the sum of the others; None for an item that all answered alike.
        n: customers who answered all items. incomplete: those who left one out, who are not counted.
    """

    score: Estimate
    alpha: Estimate
    omega: Estimate
    standardised: float | None
    average: float | None
    guttman: float | None
    item_rest: tuple[float | None, ...]
    n: int
    incomplete: int
    warnings: tuple[str, ...] = ()
    refused: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "score": self.score.to_dict(), "alpha": self.alpha.to_dict(), "omega": self.omega.to_dict(),
            "standardised": self.standardised, "average": self.average, "guttman": self.guttman,
            "item_rest": list(self.item_rest), "n": self.n, "incomplete": self.incomplete,
            "warnings": list(self.warnings), "refused": self.refused,
        }  # fmt: skip


def scale(
    answers: ArrayLike, low: int, high: int, level: float = LEVEL, *, reverse: Sequence[int] = (),
    left_out: int | None = None,
) -> Scale:  # fmt: skip
    """Score and reliability of a scale.

    Args:
        answers: whole numbers from ``low`` to ``high``, shape (customers, items).
        reverse: items (from 0) that are worded the other way round.
        left_out: what stands for an item that was not answered.

    Raises:
        BadInput: an answer lies outside, there is an item that does not exist, or there are fewer than two items.
    """
    return scale_of(scale_sums(answers, low, high, reverse=reverse, left_out=left_out), low, high, level)


def scale_sums(
    answers: ArrayLike, low: int, high: int, *, reverse: Sequence[int] = (), left_out: int | None = None
) -> Sums:
    """Answers as sums: of items, of products of two items, of customers; each one's part adds and can be subtracted."""
    table, complete = _complete(answers, low, high, reverse, left_out)
    whole_rows = table[complete]
    return Sums(
        customers=len(whole_rows), incomplete=int((~complete).sum()), items=whole_rows.sum(axis=0),
        products=whole_rows.T @ whole_rows,
    )  # fmt: skip


def scale_of(sums: Sums, low: int, high: int, level: float = LEVEL) -> Scale:
    """The scale of such sums, as `scale` gives it."""
    check_level(level)
    n, incomplete, items = sums.number("customers"), sums.number("incomplete"), sums.array("items")
    if n < 2:
        return _refused(_ONE if n else _NOBODY, n, incomplete, items.size, level)
    products, totals = sums.array("products").astype(object), items.astype(object)
    exact = n * products - np.outer(totals, totals)  # whole numbers without end: nothing is lost before the division
    covariance: Floats = exact.astype(np.float64) / (n * (n - 1))
    if not exact.sum():
        return _refused(_SAME, n, incomplete, items.size, level)
    correlation = _correlation(covariance)
    average = _average(correlation)
    omega = _omega(covariance, n, level)
    return Scale(
        score=_score(int(items.sum()), covariance, n, low, high, level),
        alpha=_alpha(covariance, n, level), omega=omega,
        standardised=None if average is None else _standardised(items.size, average), average=average,
        guttman=_guttman(correlation), item_rest=_item_rest(covariance), n=n, incomplete=incomplete,
        warnings=_warnings(incomplete, omega, covariance),
    )  # fmt: skip


def pomp(
    answers: ArrayLike, low: int, high: int, *, reverse: Sequence[int] = (), left_out: int | None = None
) -> Floats:
    """Each customer's score, 0 to 100: the mean of her items in percent of the maximum possible.

    Whoever left an item out has no score, so the result is as long as there are complete rows.
    """
    table, complete = _complete(answers, low, high, reverse, left_out)
    scores: Floats = 100 * (table[complete].mean(axis=1) - low) / (high - low)
    return scores


def feldt(alpha: float, n: int, items: int, level: float = LEVEL) -> tuple[float, float]:
    """Feldt's interval of α: (1 − α) / (1 − estimate) has an F distribution with n − 1 and (n − 1)(k − 1) degrees."""
    from scipy.special import fdtri

    tail, first = (1 - check_level(level)) / 2, n - 1
    second = first * (items - 1)
    upper, lower = (float(fdtri(first, second, end)) for end in (1 - tail, tail))
    return 1 - (1 - alpha) * upper, 1 - (1 - alpha) * lower


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Weights:
    """For each who was asked, how many she stands for: 0 where she did not answer.

    Attributes:
        weight: float64, shape (n,); they add to the number asked. Empty where ``refused``.
        response: answered of asked. effective_n: answers of equal weight that these are worth (Kish 1965).
    """

    weight: Floats
    response: Share
    effective_n: float
    warnings: tuple[str, ...] = ()
    refused: str = ""


def cell_weights(answered: ArrayLike, kind: ArrayLike, *, names: Sequence[str] | None = None) -> Weights:
    """Non-response weights: within each kind of customer, those who answered stand for those who did not.

    Args:
        answered: yes or no for each who was asked, shape (n,).
        kind: of what kind she is by what is known of all who were asked (orders, tenure), 0 … k − 1, shape (n,).

    It is right as far as whether somebody answers depends on her kind alone. A kind of which nobody answered is
    refused.
    """
    said, kinds = truths("answered", answered), wholes("kind", kind)
    asked = equally_long(answered=said, kind=kinds)
    there, place = np.unique(kinds, return_inverse=True)
    of, here = np.bincount(place), np.bincount(place[said], minlength=there.size)
    response = share(int(said.sum()), asked)
    if not said.any():
        return Weights(weight=np.zeros(0), response=response, effective_n=0.0, refused="Nobody answered.")
    silent = there[here == 0].tolist()
    if silent:
        told = ", ".join(f"'{names[one]}'" if names else str(one) for one in silent)
        why = f"Nobody answered of kind {told}. Join such kinds with others that are like them."
        return Weights(weight=np.zeros(0), response=response, effective_n=0.0, refused=why)
    weight = np.where(said, of[place] / np.maximum(here[place], 1), 0.0)
    worth = float(weight.sum() ** 2 / (weight**2).sum())
    return Weights(weight=weight, response=response, effective_n=worth, warnings=_uneven(worth, response))


def weighted_mean(score: ArrayLike, weight: ArrayLike, level: float = LEVEL) -> Estimate:
    """The mean of all who were asked, from those who answered and how many each stands for (Hájek 1971).

    Args:
        score: of those who answered, such as `pomp` gives, shape (n,). weight: 0 or more, shape (n,).
    """
    from scipy.special import stdtrit

    values, weights = numbers("score", score), numbers("weight", weight, least=0)
    equally_long(score=values, weight=weights)
    values, weights = values[weights > 0], weights[weights > 0]
    n = values.size
    if n < 2:
        return Estimate.refuse("Fewer than two answered, and one does not tell how others would.", n=n, level=level)
    part = weights / weights.sum()
    mean = float(part @ values)
    error = sqrt(n / (n - 1) * float(((part * (values - mean)) ** 2).sum()))
    if not error:
        return Estimate.refuse(
            "All who answered gave the same, which does not tell how answers vary.", n=n, level=level
        )
    reach = float(stdtrit(n - 1, (1 + check_level(level)) / 2)) * error
    return Estimate(value=mean, low=mean - reach, high=mean + reach, standard_error=error, n=n, level=level)


def _complete(
    answers: ArrayLike, low: int, high: int, reverse: Sequence[int], left_out: int | None
) -> tuple[Whole, Truths]:
    """The answers, all in one direction, and which rows are whole."""
    least, most = count("low", low, least=-1_000), count("high", high, least=low + 1, most=1_000)
    table = wholes("answers", answers, least=-LARGEST, axes=2)
    if table.shape[1] < 2:
        raise BadInput(f"A scale has two items or more; 'answers' has {table.shape[1]}.")
    there = np.ones(table.shape, bool) if left_out is None else np.not_equal(table, left_out)
    wholes("answers", np.where(there, table, least), least=least, most=most, axes=2)
    for item in reverse:
        if not 0 <= item < table.shape[1]:
            raise BadInput(f"'reverse' names item {item}; the items are 0 to {table.shape[1] - 1}.")
        table[:, item] = least + most - table[:, item]
    complete: Truths = np.asarray(there.all(axis=1), np.bool_)
    return table, complete


def _score(total: int, covariance: Floats, n: int, low: int, high: int, level: float) -> Estimate:
    from scipy.special import stdtrit

    items = len(covariance)
    unit = 100 / (items * (high - low))
    value, error = unit * (total / n - items * low), unit * sqrt(float(covariance.sum()) / n)
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * error
    return Estimate(value=value, low=max(0.0, value - reach), high=min(100.0, value + reach), standard_error=error,
                    n=n, level=level)  # fmt: skip


def _alpha(covariance: Floats, n: int, level: float) -> Estimate:
    k, total, own = len(covariance), float(covariance.sum()), float(np.trace(covariance))
    value = k / (k - 1) * (1 - own / total)
    low, high = feldt(value, n, k, level)
    squared = covariance @ covariance
    around = total * (float(np.trace(squared)) + own**2) - 2 * own * float(squared.sum())
    error = sqrt(max(0.0, 2 * k**2 / ((k - 1) ** 2 * total**3) * around) / n)
    return Estimate(value=value, low=low, high=high, standard_error=error, n=n, level=level)


def _omega(covariance: Floats, n: int, level: float) -> Estimate:
    k = len(covariance)
    if k < 3:
        return Estimate.refuse("Two items do not tell one factor from another; ω needs three.", n=n, level=level)
    if not (np.diag(covariance) > 0).all():
        return Estimate.refuse("An item was answered alike by all; leave it out for ω.", n=n, level=level)
    if n <= k or np.linalg.matrix_rank(covariance) < k:
        return Estimate.refuse(
            "Items say the same as others, or too few answered, to find one factor.", n=n, level=level
        )
    loading, own = _one_factor(covariance)
    if loading is None or own is None:
        return Estimate.refuse("One factor does not fit: it would be a single item, or none.", n=n, level=level)
    common, alone = float(loading.sum()) ** 2, float(own.sum())
    value = common / (common + alone)
    error = _error_of_omega(loading, own, n)
    if error is None:
        return Estimate.refuse("The items have nearly nothing in common, so ω has no interval.", n=n, level=level)
    reach = min(reach_of(level) * error / (1 - value), 700.0)  # e^700 is about the largest number there is
    low, high = (1 - exp(log(1 - value) + sign * reach) for sign in (1, -1))
    return Estimate(value=value, low=max(0.0, low), high=high, standard_error=error, n=n, level=level)


def _one_factor(covariance: Floats) -> tuple[Floats, Floats] | tuple[None, None]:
    """Loadings and own variances of one factor, by maximum likelihood (Jöreskog, Psychometrika 32, 1967).

    The likelihood is a function of own variances alone; given them the loadings are an eigenvector. Each turn goes a
    step of Newton's on their logarithms, with Jöreskog's approximate second derivatives, halved until it helps.
    """
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    explained: Floats = np.diag(np.linalg.inv(correlation)).astype(np.float64)
    own: Floats = np.clip(0.5 / explained, 2 * _FLOOR, 1.0)
    for _ in range(_TURNS):
        loading, slope = _fitted(own, correlation)
        cornered = bool((slope[own <= _FLOOR] > 0).any())
        if cornered or not loading.any() or np.abs(own * slope).max() < _FLAT:
            break
        step, length = _newton(own, loading, slope), 1.0
        while length > 1e-6 and _unlikely(_moved(own, step, length), correlation) > _unlikely(own, correlation):
            length /= 2
        if length <= 1e-6:
            break  # nothing helps any more: the top, or a corner
        own = _moved(own, step, length)
    loading, slope = _fitted(own, correlation)
    if not loading.any() or own.min() <= _FLOOR or np.abs(own * slope).max() > 1e-4:
        return None, None
    loading = loading if loading.sum() >= 0 else -loading
    return loading * deviation, own * deviation**2


def _moved(own: Floats, step: Floats, length: float) -> Floats:
    moved: Floats = np.clip(own * np.exp(-length * np.clip(step, -2, 2)), _FLOOR, 1.0)
    return moved


def _newton(own: Floats, loading: Floats, slope: Floats) -> Floats:
    weight = loading / own
    rest = np.diag(1 / own) - np.outer(weight, weight) / float(loading @ weight)
    bend = np.outer(own, own) * rest**2 + 1e-9 * np.eye(len(own))
    step: Floats = np.linalg.solve(bend, own * slope).astype(np.float64)
    return step


def _loadings(own: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """The loadings that fit best to some own variances, and the eigenvalues that no factor explains."""
    root = np.sqrt(own)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    loading: Floats = root * vectors[:, -1] * sqrt(max(float(values[-1]) - 1, 0.0))
    return loading, values[:-1]


def _unlikely(own: Floats, correlation: Floats) -> float:
    """Twice the negative log-likelihood of a customer, up to a constant."""
    _, rest = _loadings(own, correlation)
    return float((rest - np.log(rest)).sum() - rest.size)


def _fitted(own: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """The loadings, and the slope of `_unlikely` in each own variance."""
    loading, _ = _loadings(own, correlation)
    implied = np.outer(loading, loading) + np.diag(own)
    slope: Floats = np.diag(implied - correlation) / own**2
    return loading, slope


def _error_of_omega(loading: Floats, own: Floats, n: int) -> float | None:
    """None where the information does not tell.

    By the delta method from the information matrix of loadings and own variances, for normal answers.
    """
    k = len(loading)
    inverse = np.linalg.inv(np.outer(loading, loading) + np.diag(own))
    unit = np.eye(k)
    turns = [np.outer(unit[j], loading) + np.outer(loading, unit[j]) for j in range(k)]
    moves = np.array([inverse @ turn for turn in [*turns, *(np.diag(unit[j]) for j in range(k))]])
    information = (n - 1) / 2 * np.einsum("aij,bji->ab", moves, moves)
    total, alone = float(loading.sum()), float(own.sum())
    slope = np.concatenate([np.full(k, 2 * total * alone), np.full(k, -(total**2))]) / (total**2 + alone) ** 2
    if np.linalg.matrix_rank(information, hermitian=True) < 2 * k:
        return None
    variance = float(slope @ np.linalg.solve(information, slope))
    return sqrt(variance) if variance > 0 else None


def _correlation(covariance: Floats) -> Floats | None:
    deviation = np.sqrt(np.diag(covariance))
    if not (deviation > 0).all():
        return None
    correlation: Floats = covariance / np.outer(deviation, deviation)
    return correlation


def _average(correlation: Floats | None) -> float | None:
    if correlation is None:
        return None
    k = len(correlation)
    return float(correlation.sum() - k) / (k * (k - 1))


def _standardised(k: int, average: float) -> float | None:
    total = 1 + (k - 1) * average
    return k * average / total if total > 1e-12 else None


def _guttman(correlation: Floats | None) -> float | None:
    """λ6: what of each item the others do not explain, taken from the whole."""
    if correlation is None or np.linalg.matrix_rank(correlation) < len(correlation):
        return None
    return 1 - float((1 / np.diag(np.linalg.inv(correlation))).sum()) / float(correlation.sum())


def _item_rest(covariance: Floats) -> tuple[float | None, ...]:
    own, with_all, total = np.diag(covariance), covariance.sum(axis=0), float(covariance.sum())
    rest = total - 2 * with_all + own
    scale_of_it = own * rest
    return tuple(
        float((together - mine) / sqrt(size)) if size > 1e-12 else None
        for together, mine, size in zip(with_all, own, scale_of_it, strict=True)
    )


def _refused(why: str, n: int, incomplete: int, items: int, level: float) -> Scale:
    nothing = Estimate.refuse(why, n=n, level=level)
    return Scale(score=nothing, alpha=nothing, omega=nothing, standardised=None, average=None, guttman=None,
                 item_rest=(None,) * items, n=n, incomplete=incomplete, refused=why)  # fmt: skip


def _warnings(incomplete: int, omega: Estimate, covariance: Floats) -> tuple[str, ...]:
    said = []
    if incomplete:
        said.append(f"{incomplete} customers left an item out and are not counted.")
    if omega.value is not None and omega.value < RELIABLE:
        said.append(f"ω is {omega.value:.2f}, below {RELIABLE:.2f}: the items agree too little to compare such scores.")
    if (covariance.sum(axis=0) < np.diag(covariance)).any():
        said.append("An item goes against the others. Is it worded the other way round? Then name it in 'reverse'.")
    return tuple(said)


def _uneven(worth: float, response: Share) -> tuple[str, ...]:
    said, answered = [], response.hits
    if response.value < 0.5:
        said.append(f"{100 * response.value:.0f} % answered; weights mend only what depends on the kinds.")
    if worth < answered / 2:
        said.append(f"The weights are so uneven that {answered} answers are worth {worth:.0f}.")
    return tuple(said)
