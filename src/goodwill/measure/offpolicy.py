"""What another way of choosing would have brought, judged from decisions that were made with known chances.

Each logged decision counts as often as the other way would have made it: by the ratio of its chances there and here.
Where that rests on a few decisions, no figure is given but the reason why not; a figure that nobody should believe is
worse than none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import BadInput

Floats: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]

LEAST_DECISIONS: Final = 100.0  # that the weighted ones are worth
LEAST_REWARDS: Final = 10.0  # below, the mean of so rare a thing has no normal distribution
_FOLDS: Final = 5
_TIED: Final = 1e-6  # by which chances may miss 1 in all


@dataclass(frozen=True, slots=True)
class Logged:
    """Decisions and what came of them.

    Attributes:
        action: what was chosen, 0 … actions − 1; int64, shape (n,).
        reward: what it brought; float64, shape (n,).
        propensity: the chance with which it was chosen, above 0 and at most 1; float64, shape (n,).
        person: whose decision it was; decisions of one person say less than those of several; int64, shape (n,).
    """

    action: Whole
    reward: Floats
    propensity: Floats
    person: Whole

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.action, self.reward, self.propensity, self.person)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise BadInput("Actions, rewards, propensities and persons must be equally long lists of numbers.")
        if self.action.size and not (np.all(self.propensity > 0) and np.all(self.propensity <= 1)):
            raise BadInput("A propensity must be above 0 and at most 1: what had no chance was not chosen.")
        if not np.all(np.isfinite(self.reward)):
            raise BadInput("A reward is not a number.")


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean reward of a decision under the other way of choosing.

    Attributes:
        low, high: 95 % interval.
    """

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What another way of choosing would have brought.

    Attributes:
        ips: inverse propensity scores (Horvitz and Thompson 1952). snips: self-normalised (Swaminathan and Joachims
            2015). dr: doubly robust (Dudík, Langford and Li 2011). None where `refused` says why.
        decisions: how many there are; ess: how many they are worth, (Σw)² / Σw² (Kish 1965).
        rewards: how many the rewards are worth, whatever their sign: (Σ|wr|)² / Σ(wr)².
        largest: the share of all weight that the heaviest decision has.
        mean_weight: near 1 where propensities are true and everything the other way may choose was possible.
    """

    ips: Estimate | None
    snips: Estimate | None
    dr: Estimate | None
    decisions: int
    ess: float
    rewards: float
    largest: float
    mean_weight: float
    refused: str = ""


Model: TypeAlias = Callable[[Logged, int], Floats]


def evaluate(logged: Logged, target: Floats, *, model: Model | None = None) -> Evaluation:
    """Judge another way of choosing from logged decisions.

    Args:
        target: the chance of each action under the other way, in each decision: shape (n, actions), rows sum to 1.
        model: guesses the reward of every action, shape (n, actions); never from the decision it is asked of
            (default: `action_means`).

    Raises:
        BadInput: the chances are no chances, or an action is not among them.
    """
    _check(logged, target)
    n = logged.action.size
    at = np.arange(n)
    weight = target[at, logged.action] / logged.propensity if n else np.zeros(0)
    ess, rewards = _worth(weight), _worth(np.abs(weight * logged.reward))
    largest = float(weight.max() / weight.sum()) if weight.sum() > 0 else 0.0
    mean = float(weight.mean()) if n else 0.0
    if refused := _refused(ess, rewards):
        return Evaluation(None, None, None, n, ess, rewards, largest, mean, refused)
    guess = (model or action_means)(logged, target.shape[1])
    gained = weight * logged.reward
    corrected = (target * guess).sum(axis=1) + weight * (logged.reward - guess[at, logged.action])
    share = gained.sum() / weight.sum()
    return Evaluation(
        ips=_estimate(float(gained.mean()), gained - gained.mean(), logged.person, ess),
        snips=_estimate(float(share), (gained - share * weight) / weight.mean(), logged.person, ess),
        dr=_estimate(float(corrected.mean()), corrected - corrected.mean(), logged.person, ess),
        decisions=n, ess=ess, rewards=rewards, largest=largest, mean_weight=mean,
    )  # fmt: skip


def action_means(logged: Logged, actions: int) -> Floats:
    """Each action's mean reward, drawn towards the mean of all as if that had been seen ten times; cross-fitted.

    Decisions of one person are in one of five folds, and each is guessed from the four others.

    Returns:
        float64, shape (n, actions).
    """
    fold = logged.person % _FOLDS
    guess = np.zeros((logged.action.size, actions))
    for one in range(_FOLDS):
        others, mine = fold != one, fold == one
        mean = float(logged.reward[others].mean()) if others.any() else 0.0
        seen = np.bincount(logged.action[others], minlength=actions)
        brought = np.bincount(logged.action[others], weights=logged.reward[others], minlength=actions)
        guess[mine] = (brought + 10 * mean) / (seen + 10)
    return guess


def _check(logged: Logged, target: Floats) -> None:
    if target.ndim != 2 or target.shape[0] != logged.action.size:
        raise BadInput(f"The other way's chances must be {logged.action.size} rows, one for each decision.")
    if logged.action.size == 0:
        return
    if np.any(target < 0) or np.any(np.abs(target.sum(axis=1) - 1) > _TIED):
        raise BadInput("In each decision the chances of all actions must be 0 or more, and make 1 together.")
    if logged.action.min() < 0 or logged.action.max() >= target.shape[1]:
        raise BadInput(f"An action is not among the {target.shape[1]} that the other way may choose from.")


def _worth(weight: Floats) -> float:
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def _refused(ess: float, rewards: float) -> str:
    if ess < LEAST_DECISIONS:
        return (
            f"Weighted, the decisions are worth {ess:.0f} ones; at least {LEAST_DECISIONS:.0f} are needed. Let the two "
            "ways of choosing differ less, or explore more for a while."
        )
    if rewards < LEAST_REWARDS:
        return (
            f"Weighted, the rewards are worth {rewards:.0f} ones; at least {LEAST_REWARDS:.0f} are needed. Wait for "
            "more decisions."
        )
    return ""


def _estimate(value: float, influence: Floats, person: Whole, ess: float) -> Estimate:
    """The interval, from what each person's decisions moved the value by; Student's t, as if of `ess` decisions."""
    from scipy.stats import t

    _, place = np.unique(person, return_inverse=True)
    moved = np.bincount(place, weights=influence)
    people, n = moved.size, influence.size
    if people < 2:
        return Estimate(value, float("inf"), float("-inf"), float("inf"))
    error = float(np.sqrt((moved**2).sum() * people / (people - 1))) / n
    reach = float(t.ppf(0.975, min(ess, people) - 1)) * error
    return Estimate(value, error, value - reach, value + reach)
