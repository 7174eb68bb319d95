"""Make the return report of a period, keep it, and tell it again to the last byte.

A report is kept with the state of the ledger of costs that it rests on: the same period and the same costs give the
same report, whatever anybody has allowed since; a cost that is written later gives a new one. So does another share
that is left out since: the figures are the same, and no day is named that will not come.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from goodwill import costs
from goodwill.basics.clock import date_of, day_of
from goodwill.basics.errors import CannotTell, TooFew
from goodwill.basics.words import number, quantity
from goodwill.measure import store
from goodwill.measure.answer import Column, Table
from goodwill.measure.figure import Figure
from goodwill.measure.period import Period
from goodwill.measure.store import Asked, KeptAnswer
from goodwill.shop.measures import NAMES
from goodwill.shop.measures.acquiring import begin, came
from goodwill.shop.measures.facts import read_together
from goodwill.shop.measures.leftout import changed_after, left_out
from goodwill.shop.measures.measure import sum_of
from goodwill.shop.measures.returning import NOT_MEASURED, Told, answer_of, by_arm, few_of, returned
from goodwill.shop.report import DID_NOT, NOT_KNOWN, WORKED, Report, range_of
from goodwill.storage import AsOf

if TYPE_CHECKING:
    from goodwill.shop.measures.measure import Options
    from goodwill.shop.shop import Shop

_NAME: Final = "report"
_SCORES: Final = (
    "nps", "trust", "ness", "cdpi", "abas", "ethical-equity", "repeat-purchase", "cac"
)  # told beside it, weight zero  # fmt: skip
_TREND: Final = 8  # reports before this one


@dataclass(frozen=True)
class Reporting:
    """The return reports of one shop."""

    shop: "Shop"

    def report(self, at: str | date | None = None) -> Report:
        """The report of the period that closed last, or last by a day.

        Raises:
            BadInput: that is no day, or has not come yet.
        """
        period = self.shop.measures.period(at)
        asked = self._asked(period)
        if (kept := self._kept(asked)) is not None:
            return kept
        made = self._made(period)
        return self._keep(asked, made) if made.tells else made

    def kept(self, at: str | date | None = None) -> Report | None:
        """The report of a period, if it was made and still stands; nothing is worked out."""
        return self._kept(self._asked(self.shop.measures.period(at)))

    def _kept(self, asked: Asked) -> Report | None:
        with self.shop.database.reading() as connection:
            kept = store.kept_answer(connection, asked)
        return None if kept is None else Report.read(json.loads(kept.answer))

    def _asked(self, period: Period) -> Asked:
        return Asked(period.end, period.every, _NAME, self._rests_on(period))

    def _rests_on(self, period: Period) -> str:
        """The state of what is written by hand, of which a report is one."""
        with self.shop.database.reading() as connection:
            ledger = costs.state(connection)
        state: dict[str, Any] = {"ledger": ledger, "margin": self.shop.settings.margin}
        if (later := changed_after(self.shop, period.end)) is not None:
            state["left_out"] = [later.since, later.percent]
        return json.dumps(state, sort_keys=True)

    def _keep(self, asked: Asked, made: Report) -> Report:
        document = json.dumps(made.to_dict(), ensure_ascii=False, allow_nan=False)
        new = KeptAnswer(asked, document, made.as_of or AsOf(0, 0, 0, 0), self.shop.clock())
        with self.shop.database.transaction() as connection:
            return Report.read(json.loads(store.keep_answer(connection, new).answer))

    # ---- making --------------------------------------------------------------------------------------------------

    def _made(self, period: Period) -> Report:
        options: Options = self.shop.measures.options("roi")
        try:
            self._read_together(period)
            told = returned(self.shop, period, options)
        except TooFew as few:
            return self._not_known(period, few_of(few))
        except CannotTell as why:
            return self._not_known(period, str(why))
        answer = answer_of(self.shop, period, options, told)
        trend = self._trend(period)
        head = answer.headline
        return self._dressed(
            period, since=str(date_of(told.since)), verdict=told.verdict, sentence=self._sentence(told),
            again=_again(told), scorecard=tuple(self._scores(period)), figures=(head, *answer.others),
            tables=(*answer.tables, *(() if trend is None else (trend,))), method=_method(told, options["margin"]),
            left_out=tuple(self._left_out(told)), coverage=_covers((head, *answer.others)), as_of=head.as_of,
            seed=head.seed, warnings=head.warnings,
        )  # fmt: skip

    def _read_together(self, period: Period) -> None:
        """Read people once for the return and for what customers cost."""
        held = left_out(self.shop, period.end)
        if held.since <= period.end:
            start = begin(period, self.shop.measures.options("cac"))
            wanted = (by_arm(self.shop, period, held), came(self.shop, period, start, held))
            read_together(self.shop, period, wanted)

    def _not_known(self, period: Period, why: str) -> Report:
        early = why.startswith("Too early")
        # Before anybody was left out there is nothing to stand beside; it would be worked out anew each time.
        scores = () if early and not period.latest else tuple(self._scores(period))
        return self._dressed(
            period, since=str(date_of(period.start)), verdict=NOT_KNOWN, again="", figures=(), tables=(),
            sentence=why if early else f"Not known: {why}", as_of=None, seed=None, warnings=(),
            coverage="Nobody was counted.",
            method=("What it would rest on: people whom chance leaves out, their sales beside those of all others.",
                    "What it would be held against: the costs in the ledger of the programme.",
                    "Nothing is told before both are there."),
            left_out=(), scorecard=scores,
        )  # fmt: skip

    def _dressed(self, period: Period, **told: Any) -> Report:
        settings, until = self.shop.settings, str(date_of(period.end))
        return Report(
            shop=settings.name, zone=settings.zone.key, currency=settings.currency, watermark=settings.watermark,
            until=until, made=str(date_of(day_of(self.shop.clock(), settings.zone))),
            query=f"goodwill report --at {until}", **told,
        )  # fmt: skip

    def _sentence(self, told: Told) -> str:
        """The verdict, for a shopkeeper; and that another window begins, where one does."""
        return f"{self._judged(told)} {told.changed}".rstrip()

    def _judged(self, told: Told) -> str:
        currency = self.shop.settings.currency
        low, high = told.sure.ends[0.95]
        money, least, most, loss = (
            quantity(one, currency, currency) for one in (told.sure.median, low, high, -told.sure.median)
        )
        between = f"between {least} and {most} in 95 of 100 cases"
        if told.verdict == WORKED:
            return f"It worked: it brought {money} more than it cost (the net value lies {between})."
        if told.verdict == DID_NOT:
            return f"It did not work: it cost {loss} more than it brought (the net value lies {between})."
        if told.seen.often is None:
            early = told.seen.early.removeprefix("Too early: ")
            when = "" if told.again is None else f" Look again in {told.again:,} days at the earliest: {_again(told)}."
            small = f" {told.small}" if told.small else ""
            return f"Too early to say: {early}{when}{small} The net value lies {between} for a single look."
        if not low <= 0 <= high:
            return f"Too early to say: the net value lies {between} for a single look. {self._often(told)}"
        if told.changed:
            return f"Too early to say: the net value lies {between}."
        if told.again is None:
            people = told.seen.treated + told.seen.held
            return (
                f"Too early to say, and with {people:,} people it may never show: the net value lies {between}. Leave "
                "more people out, or measure something larger."
            )
        return (
            f"Too early to say: look again in {told.again:,} days, on {_again(told)}. Until then the net value lies "
            f"{between}."
        )

    def _often(self, told: Told) -> str:
        """Why a single look is not enough here."""
        currency = self.shop.settings.currency
        low, high = (quantity(end, currency, currency) for end in told.again_and_again)
        return (
            "Whoever looks at every report sees luck sooner or later, so it has to be clear in a wider range too: "
            f"{low} to {high}."
        )

    def _left_out(self, told: Told) -> Iterator[str]:
        """What was not counted, and why."""
        for name, why in told.found.not_measured.items():
            yield f"{NOT_MEASURED}." if why == NOT_MEASURED else f"{name}: {why.rstrip('.')}."
        yield "Trust, recommendations and other indices are no money: what they bring is in B1 already."
        yield "Credit by last click or by paths: it tells who gets the praise, not what would have been sold anyway."

    def _scores(self, period: Period) -> Iterator[Figure]:
        for name in _SCORES:
            if name not in NAMES:
                continue
            found = self.shop.measures.answer(name, date_of(period.end)).headline
            if found.value is not None:
                yield found

    def _trend(self, period: Period) -> Table | None:
        """What the reports before this one said."""
        with self.shop.database.reading() as connection:
            kept = store.kept_before(connection, _NAME, period.every, period.end)
        reports = [Report.read(json.loads(one.answer)) for one in kept][-_TREND:]
        if not reports:
            return None
        currency = self.shop.settings.currency
        rows = tuple(
            (one.until, one.verdict, *(_told(figure, currency) for figure in one.figures[:2])) for one in reports
        )
        says = "What earlier reports said, each as it was told then."
        return Table("trend", says, (Column("until"), Column("verdict"), Column("return"), Column("net value")), rows)


def _told(figure: Figure, currency: str) -> str:
    if figure.value is None:
        return "not told"
    return f"{quantity(figure.value, figure.unit, currency)} ({range_of(figure, currency)})"


def _again(told: Told) -> str:
    return "" if told.again is None else str(date_of(told.until + told.again))


def _covers(figures: Sequence[Figure]) -> str:
    """Of whom the first figure is that is told at all."""
    told = next((one for one in figures if one.coverage.counted is not None), None)
    return "Of nobody." if told is None else f"Of {told.coverage}."


def _method(told: Told, margin: float) -> tuple[str, ...]:
    """Three lines."""
    seen = told.seen
    after = ""
    if seen.after:
        after = (
            f" B2 is what a model of their buying says of the {seen.days} days after it, at {100 * seen.decay:.0f} % "
            "of the effect."
        )
    measured = (
        f"{seen.held:,} people were left out by chance; B1 is what the {seen.treated:,} others spent more than they, "
        f"from {date_of(told.since)} to {date_of(told.until)}, times a margin of {margin:g} %. {seen.method}"
    )
    drawn = (
        f"Ten thousand draws of B1, B2 and cost give the ranges; the parts are the whole in each.{after} The verdict "
        f"stands on B1 less cost alone, in the range for who looks at every report too: a confidence sequence."
    )
    spent = f"{number(told.spent.rows, 'costs')}, {sum_of(told.spent)} together"
    return measured, drawn, f"Costs are those of the ledger for these days: {spent}."
