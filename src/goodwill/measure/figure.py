"""A figure as it is told: the number with all that somebody who doubts it would ask for.

Of how many people out of how many, how sure, on what evidence, by which method, of which state of the data, and what to
call to get it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from math import inf, isfinite, isnan
from typing import Any, Final, TypeAlias

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL, Estimate, check_level
from goodwill.storage import AsOf

SMALL: Final = 10  # of fewer people nothing is told, so that no figure is about one of them
NOTHING: Final = "Nothing was worked out."  # the method of a figure that is refused before it is begun

Plain: TypeAlias = "str | int | float | bool | tuple[Plain, ...] | None"


def told_of(many: int, what: str) -> str:
    """So many of something, or that they are few: so small a number might be one person's."""
    return f"{many:,} {what}" if many >= SMALL else f"Fewer than {SMALL} {what}"


class Grade(Enum):
    """How good the evidence is, from best to worst; each with what it means."""

    A = "A randomised comparison: everybody assigned was counted, the metric was set beforehand, the groups fit."
    B = "A comparison without chance, whose placebo, overlap and sensitivity checks passed."
    C = "Worked out by a model, or described, from what was measured; it does not show a cause."
    D = "A prior of experts, a statistic from elsewhere, or a comparison whose checks failed or could not be made."

    @classmethod
    def worst(cls, grades: Iterable["Grade"]) -> "Grade":
        """What a sum inherits from its parts.

        Raises:
            BadInput: there are none.
        """
        found = max(grades, key=lambda grade: grade.name, default=None)
        if found is None:
            raise BadInput("A sum of no figures has no grade. Give the grade of each part.")
        return found


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of whom the figure tells.

    Attributes:
        counted: people counted; None where they are so few that their number is not told.
        exist: people that there are.
        why: who is missing and why, or that nobody is; a sentence.
    """

    counted: int | None
    exist: int
    why: str

    def __post_init__(self) -> None:
        if not all(isinstance(number, int) for number in (self.counted or 0, self.exist)):
            raise BadInput(f"{self.counted!r} of {self.exist!r} people: give plain whole numbers.")
        if not 0 <= (self.counted or 0) <= self.exist:
            raise BadInput(f"{self.counted} of {self.exist} people were counted. Give all that there are as `exist`.")
        if not self.why.strip():
            raise BadInput("Say in `why` who was not counted and why, or that everybody was.")

    @property
    def share(self) -> float | None:
        """0 to 1; None where nobody exists, or the number is not told."""
        return self.counted / self.exist if self.counted is not None and self.exist else None

    def __str__(self) -> str:
        counted = "a few" if self.counted is None else f"{self.counted:,}"
        return f"{counted} of {self.exist:,} people ({self.why.rstrip('.')})"


@dataclass(frozen=True, slots=True)
class Reproduce:
    """What gives the figure again: a function or query, and its arguments, in order of their names."""

    call: str
    arguments: tuple[tuple[str, Plain], ...] = ()

    def __post_init__(self) -> None:
        for name, value in self.arguments:
            if not _is_plain(value):
                raise BadInput(
                    f"'{name}' is {value!r}; name text, plain numbers or tuples of them, which fit a document."
                )

    @classmethod
    def by(cls, call: str, /, **arguments: Plain) -> "Reproduce":
        return cls(call, tuple(sorted(arguments.items())))

    def to_dict(self) -> dict[str, Any]:
        return {"call": self.call, "arguments": dict(self.arguments)}

    def __str__(self) -> str:
        return f"{self.call}({', '.join(f'{name}={value!r}' for name, value in self.arguments)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of the report, frozen with its proof.

    Attributes:
        name, unit: what it is, and in what: "net promoter score", "points"; "margin", "EUR".
        value: None where ``refused`` says why. low, high: the interval at ``level``; ±∞ where nothing bounds it.
        n: observations; None where they are so few that their number is not told, or where nothing is.
        coverage: people counted of people that exist. grade: the evidence. method: how, in a sentence.
        reproduce: what gives it again. as_of: how far the data reached. seed: of chance, where any was used.
        least: of fewer people the figure is not told.
        suppressed: whether it is withheld for that reason; then neither n nor arguments are kept, which might tell it.

    Raises:
        BadInput: method, name, unit or coverage are missing, or it would tell of fewer people than ``least``.
    """

    name: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    level: float = LEVEL
    n: int | None
    coverage: Coverage
    grade: Grade
    method: str
    reproduce: Reproduce
    as_of: AsOf | None = None
    seed: int | None = None
    warnings: tuple[str, ...] = ()
    refused: str = ""
    least: int = SMALL
    suppressed: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        check_level(self.level)
        for what in ("name", "unit", "method"):
            if not getattr(self, what).strip():
                raise BadInput(f"A figure cannot be told without its {what}.")
        _checked(self.coverage)
        if (self.value is None) != bool(self.refused):
            raise BadInput(f"The figure '{self.name}' needs a value, or a reason why it has none.")
        if any(one is not None and isnan(one) for one in (self.value, self.low, self.high)):
            raise BadInput(f"The figure '{self.name}' is not a number. Say in `refused` why there is none.")
        if self.value is not None and (self.coverage.counted or 0) < self.least:
            raise BadInput(
                f"The figure '{self.name}' would tell of fewer than {self.least} people. Figure.of hides it."
            )

    @classmethod
    def of(
        cls, estimate: Estimate, *, name: str, unit: str, method: str, coverage: Coverage, grade: Grade,
        reproduce: Reproduce, as_of: AsOf | None = None, seed: int | None = None, least: int = SMALL,
    ) -> "Figure":  # fmt: skip
        """The figure of an estimate; withheld where it would tell of fewer than ``least`` people.

        Args:
            coverage: of the people behind the estimate.
            least: 0 for what is not about people, such as a cost.
        """
        told: dict[str, Any] = {
            "name": name, "unit": unit, "method": method, "grade": grade, "as_of": as_of, "seed": seed, "least": least,
            "level": estimate.level,
        }  # fmt: skip
        if (_checked(coverage).counted or 0) < least:
            why = f"Fewer than {least} people would be counted, so it is not told: no figure is about one person."
            hidden = Coverage(None, coverage.exist, coverage.why)
            return cls(value=None, n=None, refused=why, suppressed=True, coverage=hidden,
                       reproduce=Reproduce(reproduce.call), **told)  # fmt: skip
        if estimate.refused:  # a count beside it would tell, from one look to the next, who came and who went
            return cls(value=None, n=None, refused=estimate.refused, warnings=estimate.warnings,
                       coverage=Coverage(None, coverage.exist, coverage.why), reproduce=reproduce, **told)  # fmt: skip
        return cls(value=estimate.value, low=estimate.low, high=estimate.high, n=estimate.n, coverage=coverage,
                   warnings=estimate.warnings, refused=estimate.refused, reproduce=reproduce, **told)  # fmt: skip

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its two ends; None where there is none."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def to_dict(self) -> Mapping[str, Any]:
        """For programs: JSON-ready, its keys always in the same order; an end that nothing bounds is null and named."""
        ends = {"low": self.low, "high": self.high}
        return {
            "name": self.name, "value": _finite(self.value), "unit": self.unit,
            **{name: _finite(end) for name, end in ends.items()},
            "unbounded": [name for name, end in ends.items() if end is not None and not isfinite(end)],
            "level": self.level, "n": self.n,
            "coverage": {**asdict(self.coverage), "share": self.coverage.share},
            "grade": self.grade.name, "grade_means": self.grade.value, "method": self.method,
            "as_of": asdict(self.as_of) if self.as_of else None, "seed": self.seed, "warnings": list(self.warnings),
            "refused": self.refused, "suppressed": self.suppressed, "least": self.least,
            "reproduce": self.reproduce.to_dict(),
        }  # fmt: skip

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Figure":
        """The figure that `to_dict` gave such a document."""
        kept = {name: document[name] for name in _AS_TOLD}
        low, high = (_end(document, name, sign) for name, sign in (("low", -inf), ("high", inf)))
        told, call = document["coverage"], document["reproduce"]
        return cls(
            **kept, low=low, high=high, grade=Grade[document["grade"]], warnings=tuple(document["warnings"]),
            coverage=Coverage(told["counted"], told["exist"], told["why"]),
            reproduce=Reproduce.by(call["call"], **{name: _hard(one) for name, one in call["arguments"].items()}),
            as_of=AsOf(**document["as_of"]) if document["as_of"] else None,
        )  # fmt: skip

    def __str__(self) -> str:
        if self.refused:
            return f"{self.name}: {self.refused}"
        between = ""
        if self.interval:
            low, high = (f"{end:,.4g}" if isfinite(end) else "no bound" for end in self.interval)
            between = f" ({100 * self.level:g} %: {low} to {high})"
        return f"{self.name}: {self.value:,.4g} {self.unit}{between}, of {self.coverage}, grade {self.grade.name}"


# What stands in a figure's document as it is in the figure.
_AS_TOLD: Final = ("name", "value", "unit", "level", "n", "method", "seed", "refused", "suppressed", "least")


def _end(document: Mapping[str, Any], name: str, nowhere: float) -> float | None:
    end: float | None = nowhere if name in document["unbounded"] else document[name]
    return end


def _hard(value: Any) -> Plain:
    """A value of a document as figures have it: lists are tuples."""
    return tuple(map(_hard, value)) if isinstance(value, list) else value


def _checked(coverage: Coverage) -> Coverage:
    if not isinstance(coverage, Coverage):
        raise BadInput("A figure cannot be told without its coverage: people counted, people that exist, and why.")
    return coverage


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))


def _finite(number: float | None) -> float | None:
    return number if number is not None and isfinite(number) else None
