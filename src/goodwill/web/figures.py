"""Figures of the shop and its return report over HTTP, as they were kept: with interval, coverage, grade and method."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from goodwill.shop.measures.measure import Measure
from goodwill.shop.report_pdf import printed
from goodwill.staff import Act
from goodwill.web import answers
from goodwill.web.desk import Call, Streamed, endpoint
from goodwill.web.messages import Mark
from goodwill.web.problems import NOT_FOUND
from goodwill.web.staff_messages import NothingRequest
from goodwill.web.store import Scope

_PDF: Final = "application/pdf"
_Number = Annotated[float | None, Meta(description="Null where `refused` says why, or nothing bounds it.")]


class MeasureOption(Struct, frozen=True):
    """Something that may be asked of a measure."""

    name: str
    help: str
    default: Annotated[str | float | int | None, Meta(description="Null where the shop's settings say it.")]


class MeasureShown(Struct, frozen=True):
    """A measure of the shop."""

    name: str
    says: str
    purpose: Annotated[str, Meta(description="For which people are read, as a total over many.")]
    unit: str
    options: list[MeasureOption]


class MeasuresAnswer(Struct, frozen=True):
    """All measures, by name."""

    measures: list[MeasureShown]
    watermark: Mark | UnsetType = UNSET


class FigureRequest(Struct, frozen=True):
    """Which figure. Options of the measure are further parameters, such as `horizon=12 months`."""

    name: Annotated[
        str,
        Meta(
            pattern="^[a-z][a-z-]{0,63}$",
            description="As the list of measures has it.",
            extra={"words": "small letters and hyphens, as the list of measures has it"},
        ),
    ]
    at: Annotated[str, Meta(max_length=10, description="A day; the period that closed by then. Else the last.")] = ""


class Counted(Struct, frozen=True):
    """Of how many people a figure tells, of how many that there are, and why not of the others."""

    counted: Annotated[int | None, Meta(description="Null where they are so few that it is not told.")]
    exist: int
    why: str
    share: float | None


class ReachedTo(Struct, frozen=True):
    """The last row of each log that was read, and the moment (microseconds since 1970)."""

    consent: int
    events: int
    holds: int
    at: int


class GivenBy(Struct, frozen=True):
    """What gives the figure again."""

    call: str
    arguments: dict[str, Any]


class FigureShown(Struct, frozen=True):
    """One number with all that somebody who doubts it would ask for."""

    name: str
    value: _Number
    unit: str
    low: _Number
    high: _Number
    unbounded: Annotated[list[str], Meta(description="Which ends nothing bounds.")]
    level: float
    n: int | None
    coverage: Counted
    grade: Annotated[str, Meta(description="A to D, from best to worst evidence.")]
    grade_means: str
    method: str
    as_of: ReachedTo | None
    seed: int | None
    warnings: list[str]
    refused: Annotated[str, Meta(description="Why there is no number; empty where there is one.")]
    suppressed: Annotated[bool, Meta(description="Whether it is withheld because it would tell of too few people.")]
    least: int
    reproduce: GivenBy


class ColumnShown(Struct, frozen=True):
    """A column; its unit is empty for words, dates and counts."""

    name: str
    unit: str


class TableShown(Struct, frozen=True):
    """Rows that belong together; null: withheld or not known."""

    name: str
    says: Annotated[str, Meta(description="What it shows, in a sentence.")]
    columns: list[ColumnShown]
    rows: list[list[Any]]


class FigureAnswer(Struct, frozen=True):
    """The figure that was asked for, what belongs beside it, and tables."""

    headline: FigureShown
    others: list[FigureShown]
    tables: list[TableShown]
    query: Annotated[str, Meta(description="The command that gives it again.")]
    watermark: Mark | UnsetType = UNSET


@endpoint("GET", "/api/v1/measures", Scope.READ, may=Act.MEASURE, tag="Measures")
def measures(call: Call[NothingRequest]) -> MeasuresAnswer:
    """List what can be measured of the shop, and what may be asked of each."""
    return MeasuresAnswer([_shown(one) for one in call.shop.measures.all()], answers.mark(call.shop))


def _shown(one: Measure) -> MeasureShown:
    options = [
        MeasureOption(option.name, option.help, None if callable(option.default) else _plain(option.default))
        for option in one.options
    ]
    return MeasureShown(one.name, one.says, str(one.purpose), one.unit, options)


def _plain(value: Any) -> str | float | int | None:
    return value if isinstance(value, str | float | int) else None


@endpoint(
    "GET", "/api/v1/measures/{name}", Scope.READ, may=Act.MEASURE, tag="Measures", problems=(NOT_FOUND,), within=120
)
def figure(call: Call[FigureRequest]) -> FigureAnswer:
    """Read a figure of the shop, of a period that has closed; asked again it is the same, whatever was said since.

    Options of the measure are further parameters: `/api/v1/measures/clv?horizon=12 months&margin=40`.
    """
    pairs = parse_qsl(call.letter.query.decode("latin-1"), keep_blank_values=True)
    options = {name: text for name, text in pairs if name != "at"}
    told = call.shop.measures.answer(call.ask.name, call.ask.at or None, **options)
    found = msgspec.convert(told.to_dict(), FigureAnswer)
    return msgspec.structs.replace(found, watermark=answers.mark(call.shop))


class ReportRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which return report, and in which form."""

    at: Annotated[str, Meta(max_length=10, description="A day; the period that closed by then. Else the last.")] = ""
    format: Literal["json", "pdf"] = "json"


class Told(Struct, frozen=True):
    """The figures of a report, the return first, and its tables."""

    headline: FigureShown
    others: list[FigureShown]
    tables: list[TableShown]
    query: str


class ReportAnswer(Struct, frozen=True):
    """The return report of a period, the same as on the command line, number by number."""

    shop: str
    zone: Annotated[str, Meta(description="In which its days are days.")]
    currency: str
    watermark: str
    since: Annotated[str, Meta(description="Its first day.")]
    until: Annotated[str, Meta(description="Its last day.")]
    made: Annotated[str, Meta(description="The day on which it was worked out.")]
    verdict: Literal["worked", "did not", "too early", "not known"]
    sentence: Annotated[str, Meta(description="The verdict for a screen.")]
    again: Annotated[str, Meta(description="The day to look again; empty where there is none.")]
    coverage: str
    seed: int | None
    query: Annotated[str, Meta(description="The command that gives it again.")]
    method: list[str]
    left_out: Annotated[list[str], Meta(description="What was not counted, and why.")]
    warnings: list[str]
    told: Annotated[Told | None, Meta(description="Null where nothing can be told; `sentence` says why.")]
    scorecard: Annotated[list[FigureShown], Meta(description="Figures beside it, of which none is money.")]
    as_of: ReachedTo | None


@endpoint(
    "GET", "/api/v1/report", Scope.READ, may=Act.MEASURE, tag="Measures", within=120, also=(_PDF,), gives=ReportAnswer
)
def report(call: Call[ReportRequest]) -> ReportAnswer | Streamed:
    """Read the return report: whether the programme worked, did not, or that it is too early; with every figure.

    It is that of the period that closed last, or last by `at`, and stays as it was told. `format=pdf` gives it on two
    pages of A4 at most.
    """
    found = call.shop.report(call.ask.at or None)
    if call.ask.format == "pdf":
        return Streamed(iter((printed(found),)), _PDF, f"return-{found.until}.pdf")
    return msgspec.convert(found.to_dict(), ReportAnswer)


ENDPOINTS = (measures, figure, report)
