"""The return report: one page or two that an accountant can take apart, frozen once it was told.

It says in a sentence whether the programme worked, did not, or that it is too early and when to look again; then the
figures with their ranges, what they rest on, and what nobody counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goodwill.basics.words import quantity
from goodwill.measure.answer import Answer, Table
from goodwill.measure.figure import Figure
from goodwill.storage import AsOf

WORKED, DID_NOT, TOO_EARLY, NOT_KNOWN = "worked", "did not", "too early", "not known"


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report.

    Attributes:
        shop, zone, currency, watermark: whose it is, and in what its times and amounts are.
        since, until: first and last day that it tells of. made: the day on which it was worked out.
        verdict: worked · did not · too early · not known. sentence: the same for a screen.
        again: the day to look again; "" where there is none.
        figures: the return first, then net value, extra margin, extra sales of a customer, chance that it pays.
        tables: the three lines, the parts, the tornado, the costs; trend where earlier reports were kept.
        method: in three lines. left_out: what was not counted, and why.
        scorecard: indices and rates beside it, of which none is money.
        coverage: of whom it tells. as_of: how far the data reached. seed: of chance.
        query: what gives it again.
    """

    shop: str
    zone: str
    currency: str
    watermark: str
    since: str
    until: str
    made: str
    verdict: str
    sentence: str
    again: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    method: tuple[str, ...]
    left_out: tuple[str, ...]
    scorecard: tuple[Figure, ...]
    coverage: str
    as_of: AsOf | None
    seed: int | None
    warnings: tuple[str, ...]
    query: str

    @property
    def tells(self) -> bool:
        """Whether it has a figure of people; one that has none may be made anew."""
        return self.verdict != NOT_KNOWN

    @property
    def stands_on(self) -> str:
        """How far the data reached, for whoever wants to see it again."""
        if self.as_of is None:
            return "No data was read."
        seed = "" if self.seed is None else f"; seed of chance {self.seed}"
        reached = self.as_of
        return f"Data as of consent row {reached.consent:,}, event {reached.events:,}, hold {reached.holds:,}{seed}."

    def table(self, name: str) -> Table | None:
        """One of its tables."""
        return next((one for one in self.tables if one.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """For programs; `read` gives it back."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        lists = {name: list(getattr(self, name)) for name in _LISTS}
        told = Answer(self.figures[0], self.figures[1:], self.tables) if self.figures else None
        return {
            **plain, **lists, "told": told and told.to_dict(),
            "scorecard": [dict(one.to_dict()) for one in self.scorecard],
            "as_of": None if self.as_of is None else {
                name: getattr(self.as_of, name) for name in ("consent", "events", "holds", "at")
            },
        }  # fmt: skip

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Report":
        """The report that `to_dict` gave such a document."""
        told = None if document["told"] is None else Answer.read(document["told"])
        plain: dict[str, Any] = {name: document[name] for name in _PLAIN}
        plain |= {name: tuple(document[name]) for name in _LISTS}
        return cls(
            **plain,
            figures=() if told is None else (told.headline, *told.others), tables=() if told is None else told.tables,
            scorecard=tuple(map(Figure.read, document["scorecard"])),
            as_of=None if document["as_of"] is None else AsOf(**document["as_of"]),
        )  # fmt: skip


_PLAIN = (
    "shop", "zone", "currency", "watermark", "since", "until", "made", "verdict", "sentence", "again", "coverage",
    "seed", "query",
)  # fmt: skip
_LISTS = ("method", "left_out", "warnings")


# ---- as people read it -----------------------------------------------------------------------------------------------


def value_of(one: Figure, currency: str) -> str:
    """A figure's number; why there is none, where there is none."""
    return one.refused if one.value is None else quantity(one.value, one.unit, currency)


def range_of(one: Figure, currency: str) -> str:
    """Where it lies, "" where nothing bounds it at all."""
    if one.interval is None:
        return ""
    low, high = (quantity(end, one.unit, currency) for end in one.interval)
    return f"{low} to {high}"


def cells_of(table: Table, currency: str) -> list[list[str]]:
    """A table's rows in words."""
    return [
        [quantity(value, column.unit, currency) for value, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
