"""The office's pages of figures: which there are, and each with its range, of whom, and how to see it again."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from goodwill.basics.cells import safe_cell
from goodwill.basics.clock import date_of
from goodwill.basics.errors import BadInput, GoodwillError
from goodwill.basics.words import quantity
from goodwill.measure.answer import Answer
from goodwill.measure.figure import Figure
from goodwill.shop import Shop
from goodwill.shop.measures import named
from goodwill.shop.measures.measure import Measure
from goodwill.shop.reached import reached
from goodwill.staff import Act, Session
from goodwill.staff.roles import MAY
from goodwill.web import office_judged
from goodwill.web.desk import Desk
from goodwill.web.drawn import drawn
from goodwill.web.files import File, file_route
from goodwill.web.jobs import Done, Job
from goodwill.web.office import Office, address_with
from goodwill.web.problems import problem_of
from goodwill.web.rooms import MEASURES
from goodwill.web.staff_pages import Reply, Visit, route

_OURS: Final = ("name", "at", "format", "table")


class MeasurePages(Office):
    """The pages of one shop's figures."""

    def list_page(self, visit: Visit) -> Reply:
        """All measures, with what was told last; nothing is worked out for the list."""
        session = self._admitted(visit, Act.MEASURE)
        shop = self.desk.shop
        period = shop.measures.period()
        rows = []
        for one in shop.measures.all():
            kept = None if _lacks(one, {}) else shop.measures.kept(one.name)
            short = "not asked for yet" if kept is None else self._in_short(kept.headline)
            rows.append((one.name, one.says, one.purpose, f"{MEASURES}/{one.name}", short))
        live = [(name, office_judged.SAYS[name], f"{MEASURES}/{name}") for name in office_judged.SAYS
               if office_judged.MAY[name] in MAY[session.account.role]]  # fmt: skip
        return self._room(
            "measures",
            MEASURES,
            visit,
            session,
            asked={},
            rows=rows,
            live=live,
            until=date_of(period.end),
            length=period.every,
        )

    def one_page(self, visit: Visit) -> Reply:
        """One figure with all that somebody who doubts it would ask for."""
        session = self._admitted(visit, Act.MEASURE)
        measure = named(visit.query["name"])
        path, at, options = f"{MEASURES}/{measure.name}", visit.query.get("at", ""), _options(visit, measure)
        trail = ((MEASURES, "Measures"), (path, measure.name))
        if _lacks(measure, options):
            return self._told(visit, session, measure, None)
        try:
            found = self._asked(measure, at, options)
        except GoodwillError as error:
            if (status := problem_of(error).kind.status) >= 500:
                raise
            return self._told(visit, session, measure, None, str(error), status)
        if isinstance(found, Job):
            return self._waits(visit, session, path, found, f"Working out: {measure.name}", trail=trail)
        return self._told(visit, session, measure, found.value)

    def _asked(self, measure: Measure, at: str, options: Mapping[str, str]) -> Done[Answer] | Job:
        shop = self.desk.shop
        kept = shop.measures.kept(measure.name, at or None, **options)
        if kept is not None:
            return Done(kept)
        key = (shop.measures.period(at or None).end, tuple(sorted(options.items())))
        # What is refused, or rests on costs, is not kept with the shop; it is held here until that has moved.
        return self.desk.jobs.of(
            measure.name, key, partial(_answer, name=measure.name, at=at, options=dict(options)),
            keep=True, state=reached(shop),
        )  # fmt: skip

    def _told(
        self, visit: Visit, session: Session, measure: Measure, answer: Answer | None, wrong: str = "",
        status: int = 200,
    ) -> Reply:  # fmt: skip
        path, options = f"{MEASURES}/{measure.name}", _options(visit, measure)
        asked = {name: text for name, text in (("at", visit.query.get("at", "")), *options.items()) if text}
        fields = [
            (option.name, option.help, options.get(option.name, ""), self._usual(option), option.needed)
            for option in measure.options
        ]
        return self._room(
            "measure", path, visit, session, status, asked={}, wrong=wrong, measure=measure, fields=fields,
            trail=((MEASURES, "Measures"), (path, measure.name)), at=visit.query.get("at", ""),
            told=None if answer is None else self._figure(answer.headline), answer=answer,
            others=[] if answer is None else [self._figure(one) for one in answer.others],
            pictures=[] if answer is None else list(drawn(answer, self.desk.pictures, self.settings.currency)),
            # Of the period that is shown, whenever it is asked for again.
            api=address_with(f"/api/v1/measures/{measure.name}", {**asked, "at": self._end(visit)}),
            download={
                form: address_with(f"{path}/download", {**asked, "format": form}) for form in ("csv", "json")
            },
            table_of=[
                address_with(f"{path}/download", {**asked, "format": "csv", "table": str(place)})
                for place in range(0 if answer is None else len(answer.tables))
            ],
        )  # fmt: skip

    def _end(self, visit: Visit) -> str:
        try:
            return str(date_of(self.desk.shop.measures.period(visit.query.get("at", "") or None).end))
        except GoodwillError:
            return visit.query.get("at", "")  # what was asked wrongly is told on the page

    def download(self, visit: Visit) -> File:
        """A figure as a file."""
        self._admitted(visit, Act.MEASURE)
        measure, at = named(visit.query["name"]), visit.query.get("at", "")
        answer = self.desk.shop.measures.answer(measure.name, at or None, **_options(visit, measure))
        if visit.query.get("format") == "json":
            text = json.dumps(answer.to_dict(), ensure_ascii=False, indent=1)
            return File(f"{measure.name}.json", text.encode(), "application/json")
        place = visit.query.get("table", "")
        if place and not (place.isdecimal() and int(place) < len(answer.tables)):
            raise BadInput("There is no such table of this figure.")
        rows = _table_rows(answer, int(place)) if place else _figure_rows(answer)
        name = f"{measure.name}-{answer.tables[int(place)].name.replace(' ', '-')}" if place else measure.name
        return File(f"{name}.csv", _csv(rows), "text/csv; charset=utf-8")

    # ---- in words ----------------------------------------------------------------------------------------------------

    def _usual(self, option: Any) -> str:
        usual = option.default(self.desk.shop) if callable(option.default) else option.default
        return "" if usual is None else str(usual)

    def _in_short(self, one: Figure) -> str:
        return one.refused or quantity(one.value, one.unit, self.settings.currency)

    def _figure(self, one: Figure) -> dict[str, Any]:
        currency = self.settings.currency
        low, high = (quantity(end, one.unit, currency) for end in one.interval or (None, None))
        return {
            "name": one.name, "refused": one.refused, "value": quantity(one.value, one.unit, currency),
            "interval": f"{low} to {high}" if one.interval else "", "level": f"{100 * one.level:g}",
            "coverage": "" if one.coverage.counted is None else str(one.coverage), "n": one.n,
            "grade": one.grade.name, "means": one.grade.value, "method": one.method, "warnings": one.warnings,
            "again": str(one.reproduce), "seed": one.seed, "as_of": one.as_of,
        }  # fmt: skip


def _lacks(measure: Measure, options: Mapping[str, str]) -> bool:
    """Whether it cannot be asked before something is said."""
    return any(option.needed and option.name not in options for option in measure.options)


def _options(visit: Visit, measure: Measure) -> dict[str, str]:
    """What is asked of a measure; a field that was left empty asks nothing."""
    known = {option.name for option in measure.options}
    return {
        name: text
        for name, text in visit.query.items()
        if text.strip() and (name in known or name not in (*_OURS, "follow"))
    }


def _figure_rows(answer: Answer) -> Iterator[list[Any]]:
    yield ["name", "value", "unit", "low", "high", "level", "n", "counted", "exist", "grade", "method", "refused"]
    for one in (answer.headline, *answer.others):
        told = one.to_dict()
        yield [
            one.name, told["value"], one.unit, told["low"], told["high"], one.level, one.n, one.coverage.counted,
            one.coverage.exist, one.grade.name, one.method, one.refused,
        ]  # fmt: skip


def _table_rows(answer: Answer, place: int) -> Iterator[list[Any]]:
    table = answer.tables[place]
    yield [f"{one.name} ({one.unit})" if one.unit else one.name for one in table.columns]
    yield from (list(row) for row in table.rows)


def _csv(rows: Iterator[list[Any]]) -> bytes:
    """A file that a spreadsheet opens; a text that it would take for a formula stays a text."""
    file = io.StringIO()
    csv.writer(file).writerows(map(safe_cell, row) for row in rows)
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def _answer(shop: Shop, *, name: str, at: str, options: Mapping[str, str]) -> Answer:
    return shop.measures.answer(name, at or None, **options)


# ---- routes ----------------------------------------------------------------------------------------------------------


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The routes of figures."""
    made = MeasurePages(desk)
    return [
        route(made, MEASURES, "GET", made.list_page),
        route(made, f"{MEASURES}/{{name:str}}", "GET", made.one_page),
        file_route(made, f"{MEASURES}/{{name:str}}/download", made.download),
    ]
