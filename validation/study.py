"""A study: something that is tried in many worlds, and what has to hold over all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

Found = Mapping[str, float]  # of one world: 1 or 0 for what held or did not, or a number


@dataclass(frozen=True, slots=True)
class Claim:
    """What has to hold: the mean of something found in each world lies from ``low`` to ``high``.

    Attributes:
        name: of the number in `Found`; says: what it is, for the table.
        percent: whether it is told in percent.
        over: another number in `Found`, whose mean the mean is told in; a mean of ratios would not do where the two go
            together, as an estimate and its standard error do.
    """

    name: str
    says: str
    low: float
    high: float
    percent: bool = True
    over: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """Something tried in many worlds.

    Attributes:
        trial: from a seed to what was found in that world; a number that is missing was refused, and counts nowhere.
        worlds: in `make validate`; small: in the everyday tests.
        note: what to know of what was found, for the page.
    """

    name: str
    says: str
    trial: Callable[[int], Found]
    claims: tuple[Claim, ...]
    worlds: int
    small: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a study found of one claim.

    Attributes:
        error: of the mean, by chance over the worlds.
    """

    claim: Claim
    mean: float
    error: float
    worlds: int

    @property
    def holds(self) -> bool:
        return self.claim.low <= self.mean <= self.claim.high

    @property
    def may_hold(self) -> bool:
        """Whether three errors of chance lie between what was found and what has to hold; for few worlds."""
        reach = 3 * self.error
        return self.claim.low - reach <= self.mean <= self.claim.high + reach


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 1.0


def judged(study: Study, found: list[Found]) -> list[Result]:
    """What all worlds say of each claim."""
    results = []
    for claim in study.claims:
        values = [float(one[claim.name]) for one in found if claim.name in one]
        n = len(values)
        mean = sum(values) / n if n else 0.0
        spread = sqrt(sum((value - mean) ** 2 for value in values) / max(n - 1, 1))
        # A share of 0 or 1 has an error too: that of the rule of three.
        error = max(spread / sqrt(n), 1 / n) if n else 1.0
        unit = _mean([float(one[claim.over]) for one in found if claim.over in one]) if claim.over else 1.0
        results.append(Result(claim, mean / unit, error / unit, n))
    return results
