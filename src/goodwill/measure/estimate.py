"""An estimate with its interval, or the sentence that says why there is none; never a number that is no number."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite, isinf, isnan
from statistics import NormalDist
from typing import Any, Self

from goodwill.basics.errors import BadInput

LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What was found, as far as it can be known.

    Attributes:
        value: None where ``refused`` says why nothing can be said.
        low, high: the interval at ``level``; −∞ or ∞ where nothing bounds it.
        standard_error: of the value, in its unit. p: two-sided, that there is no effect; None where neither has sense.
        n: how many observations stand behind it.
        warnings: what to keep in mind, as sentences.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    p: float | None = None
    level: float = LEVEL
    n: int = 0
    warnings: tuple[str, ...] = ()
    refused: str = ""

    def __post_init__(self) -> None:
        numbers = (self.value, self.low, self.high, self.standard_error, self.p)
        if any(number is not None and isnan(number) for number in numbers):
            raise ValueError(f"An estimate is a number or refused with a reason: {self}")
        if (self.value is None) != bool(self.refused):
            raise ValueError("An estimate has a value, or a reason why it has none.")

    @classmethod
    def refuse(cls, why: str, *, n: int = 0, level: float = LEVEL, **more: Any) -> Self:
        """Nothing can be said, and why, in a sentence."""
        return cls(refused=why, n=n, level=level, **more)

    def to_dict(self) -> Mapping[str, Any]:
        """The same in plain values, for programs; an end that nothing bounds is null, and named in `unbounded`."""
        plain = document(self)
        open_ends = [name for name in ("low", "high") if isinstance(end := getattr(self, name), float) and isinf(end)]
        return {**plain, "unbounded": open_ends}


def document(result: Any) -> dict[str, Any]:
    """A result's fields in plain values; a number that nothing bounds is null."""
    return {one.name: _plain(getattr(result, one.name)) for one in fields(result)}


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # an array
        value = value.tolist()
    if isinstance(value, float):
        return value if isfinite(value) else None
    if hasattr(value, "to_dict"):  # an estimate beside this one
        return value.to_dict()
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def check_level(level: float) -> float:
    """A level of confidence, between 0 and 1.

    Raises:
        BadInput: it is not.
    """
    if not 0 < level < 1:
        raise BadInput(f"A level of confidence lies between 0 and 1, as .95 does; {level:g} does not.")
    return level


def reach_of(level: float) -> float:
    """How many standard errors an interval of this level goes to either side: 1.96 at .95 (normal distribution)."""
    return NormalDist().inv_cdf((1 + check_level(level)) / 2)
