"""Would you recommend us? The share of promoters (9, 10) less that of detractors (0 to 6), from −100 to 100.

It describes those who answered. It is never turned into money: it does not foretell growth better than other scores
(Baehre and others, J. Acad. Mark. Sci. 50, 2022).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, reach_of
from goodwill.measure.given import Floats, Whole, count, equally_long, numbers, wholes
from goodwill.measure.share import Share, share
from goodwill.sums import Sums

_ADDED = np.array([0.75, 1.5, 0.75])  # answers that the adjusted interval adds
_SIGN = np.array([1.0, 0.0, -1.0])
_FEW = 20
_MOST_ANSWERED = 0.5  # of those asked; where fewer answer, who they are may decide the score
_NOBODY = "Nobody answered, so there is no score."
_ONE = "Only one customer answered, and one does not tell how others would."
_NOT_ASKED = "How many were asked was not given, so nothing is known about those who did not answer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Nps(Estimate):
    """A net promoter score, −100 to 100.

    Attributes:
        value: promoters less detractors, in percent. low, high: adjusted Wald; they lie around ``centre``.
        centre: the score with three answers added (¾, 1½, ¾), which draws it a little towards 0.
        plain: the same by the plain Wald interval, to compare with other tools; it may leave −100 … 100.
        shares: of promoters, passives and detractors, 0 to 1.
        effective_n: how many answers of equal weight they are worth.
        response: answered of asked; None where nobody said how many were asked.
    """

    centre: float | None = None
    plain: Estimate | None = None
    shares: tuple[float, float, float] = (0.0, 0.0, 0.0)
    effective_n: float = 0.0
    response: Share | None = None


def nps(promoters: int, passives: int, detractors: int, level: float = LEVEL, *, asked: int | None = None) -> Nps:
    """The score with the adjusted Wald interval, the best of those compared by Rocks (J. Usability Stud. 11, 2016).

    Args:
        promoters, passives, detractors: how many answered 9–10, 7–8, 0–6.
        asked: how many were asked.

    Raises:
        BadInput: a number is negative or not whole, or more answered than were asked.
    """
    given = {"promoters": promoters, "passives": passives, "detractors": detractors}
    counts: Floats = np.array([count(name, number) for name, number in given.items()], np.float64)
    n = int(counts.sum())
    response = _response(n, asked, level)
    if n < 2:
        return Nps.refuse(_ONE if n else _NOBODY, n=n, level=level, response=response)
    adjusted = (counts + _ADDED) / (n + 3)
    return _nps(counts / n, float(_SIGN @ adjusted), sqrt(_variance(adjusted) / (n + 3)),
                sqrt(_variance(counts / n) / n), n, n, level, response)  # fmt: skip


def nps_sums(score: ArrayLike) -> Sums:
    """Answers of 0 to 10 as sums: how many promoters, passives and detractors there are. Shape of ``score``: (n,)."""
    return Sums(answers=np.bincount(_kind(score), minlength=3))


def nps_of(sums: Sums, level: float = LEVEL, *, asked: int | None = None) -> Nps:
    """The score of such sums, as `nps` gives it."""
    promoters, passives, detractors = sums.array("answers").tolist()
    return nps(promoters, passives, detractors, level, asked=asked)


def weighted_nps(score: ArrayLike, weight: ArrayLike, level: float = LEVEL, *, asked: int | None = None) -> Nps:
    """The score of everybody who was asked, where each answer stands for those like it who did not answer.

    Args:
        score: answers of 0 to 10, shape (n,).
        weight: for each the inverse of the chance that she answers, above 0, shape (n,); `cell_weights` makes them.

    The variance is that of a ratio (Hájek), linearised; the interval is the adjusted one for as many answers as it is
    worth.
    """
    kind, weights = _kind(score), numbers("weight", weight, least=0)
    n = equally_long(score=kind, weight=weights)
    response = _response(n, asked, level)
    if n < 2 or not weights.sum():
        return Nps.refuse(_ONE if weights.sum() else _NOBODY, n=n, level=level, response=response)
    share_of_weight = weights / weights.sum()
    shares: Floats = np.bincount(kind, share_of_weight, minlength=3).astype(np.float64)
    off = _SIGN[kind] - float(_SIGN @ shares)
    variance = n / (n - 1) * float(((share_of_weight * off) ** 2).sum())
    kish = 1 / float((share_of_weight**2).sum())
    worth = min(float(n), _variance(shares) / variance) if variance > 0 else kish
    adjusted = (shares * worth + _ADDED) / (worth + 3)
    return _nps(shares, float(_SIGN @ adjusted), sqrt(_variance(adjusted) / (worth + 3)), sqrt(variance), n, kish,
                level, response)  # fmt: skip


def post_stratified_nps(
    answers: ArrayLike, people: ArrayLike, level: float = LEVEL, *, names: Sequence[str] | None = None
) -> Nps:
    """The score of all people, where it is known how many of each kind there are.

    Args:
        answers: promoters, passives and detractors of each kind of people, shape (kinds, 3).
        people: how many there are of each kind who could have been asked, shape (kinds,).
        names: of the kinds, for sentences.

    A kind of people of whom nobody answered is refused: join it with one that is like it.
    """
    table, sizes = wholes("answers", answers, axes=2), numbers("people", people, least=0)
    kinds = equally_long(answers=table, people=sizes)
    if table.shape[1] != 3:
        raise BadInput("'answers' needs three columns: promoters, passives and detractors of each kind of people.")
    each = table.sum(axis=1)
    n = int(each.sum())
    if (each > sizes).any():
        raise BadInput(f"In {_named(names, int(np.argmax(each > sizes)))} more answered than there are people.")
    response = share(n, int(sizes.sum()), level) if n else None
    if n < 2:
        return Nps.refuse(_ONE if n else _NOBODY, n=n, level=level, response=response)
    if silent := [_named(names, kind) for kind in range(kinds) if sizes[kind] and not each[kind]]:
        why = f"Nobody answered in {', '.join(silent)}. Join such kinds of people with others that are like them."
        return Nps.refuse(why, n=n, level=level, response=response)
    there = each > 0
    weight, table, each = (sizes / sizes.sum())[there], table[there], each[there]
    adjusted = (table + _ADDED) / (each + 3)[:, None]
    error = sqrt(float((weight**2 * _variances(adjusted) / (each + 3)).sum()))
    plain = sqrt(float((weight**2 * _variances(table / each[:, None]) / each).sum()))
    shares = weight @ (table / each[:, None])
    worth = 1 / float((weight**2 / each).sum())
    return _nps(shares, float(weight @ (adjusted @ _SIGN)), error, plain, n, worth, level, response)


def _kind(score: ArrayLike) -> Whole:
    """0 for a promoter, 1 for a passive, 2 for a detractor."""
    answers = wholes("score", score, most=10)
    return np.where(answers >= 9, 0, np.where(answers >= 7, 1, 2))


def _variance(shares: Floats) -> float:
    return float(_variances(shares[None, :])[0])


def _variances(shares: Floats) -> Floats:
    """Of one answer, as +1, 0 or −1; never below 0 by rounding."""
    variances: Floats = np.maximum(0.0, shares[:, 0] + shares[:, 2] - (shares[:, 0] - shares[:, 2]) ** 2)
    return variances


def _nps(
    shares: Floats, centre: float, error: float, plain: float, n: int, worth: float, level: float,
    response: Share | None,
) -> Nps:  # fmt: skip
    value, reach = 100 * float(_SIGN @ shares), 100 * reach_of(level)
    low, high = max(-100.0, 100 * centre - reach * error), min(100.0, 100 * centre + reach * error)
    # Drawn towards 0, the interval of two or three answers may end before the score itself.
    return Nps(
        value=value, low=min(low, value), high=max(high, value), standard_error=100 * error, n=n, level=level,
        centre=100 * centre, effective_n=worth, response=response, shares=(shares[0], shares[1], shares[2]),
        plain=Estimate(value=value, low=value - reach * plain, high=value + reach * plain,
                       standard_error=100 * plain, n=n, level=level),
        warnings=_warnings(n, response),
    )  # fmt: skip


def _response(n: int, asked: int | None, level: float) -> Share | None:
    if asked is None:
        return None
    if count("asked", asked) < n:
        raise BadInput(f"{n} answered, but only {asked} were asked. Give all who were asked, answered or not.")
    return share(n, asked, level) if asked else None


def _warnings(n: int, response: Share | None) -> tuple[str, ...]:
    said = []
    if n < _FEW:
        said.append(f"Only {n} customers answered.")
    if response is None:
        said.append(_NOT_ASKED)
    elif response.value < _MOST_ANSWERED:
        said.append(
            f"{100 * response.value:.0f} % of those asked answered. Those who answer are often happier, or angrier, "
            "than the others; the interval does not know of that."
        )
    return tuple(said)


def _named(names: Sequence[str] | None, kind: int) -> str:
    return f"'{names[kind]}'" if names else f"kind {kind + 1}"
