"""The office's page of the return report: what it brought and what it cost, as it was told first; and on paper."""

from functools import partial
from typing import Final

from litestar.handlers import HTTPRouteHandler

from goodwill.basics.errors import GoodwillError
from goodwill.shop import Shop
from goodwill.shop.reached import reached
from goodwill.shop.report import Report
from goodwill.shop.report_pdf import printed
from goodwill.staff import Act, Session
from goodwill.web.desk import Desk
from goodwill.web.drawn import table_charts
from goodwill.web.files import File, file_route
from goodwill.web.jobs import Done, Job
from goodwill.web.office import Office, address_with
from goodwill.web.problems import problem_of
from goodwill.web.reported import context_of
from goodwill.web.rooms import RETURN
from goodwill.web.staff_pages import Reply, Visit, route

_DOING: Final = "Working out the return report"


class ReturnPages(Office):
    """The pages of one shop's return reports."""

    def page(self, visit: Visit) -> Reply:
        """The report of a period that has closed."""
        session = self._admitted(visit, Act.MEASURE)
        try:
            found = self._asked(visit)
        except GoodwillError as error:
            if (status := problem_of(error).kind.status) >= 500:
                raise
            return self._told(visit, session, None, str(error), status)
        if isinstance(found, Job):
            return self._waits(visit, session, RETURN, found, _DOING)
        return self._told(visit, session, found.value)

    def paper(self, visit: Visit) -> File | Reply:
        """The same on two pages of paper."""
        session = self._admitted(visit, Act.MEASURE)
        found = self._asked(visit)
        if isinstance(found, Job):
            return self._waits(visit, session, RETURN, found, _DOING)
        return File(f"return-{found.value.until}.pdf", printed(found.value), "application/pdf")

    def _asked(self, visit: Visit) -> Done[Report] | Job:
        at = visit.query.get("at", "") or None
        period = self.desk.shop.measures.period(at)
        return self.desk.jobs.of(
            "return", period.end, partial(_reported, at=at), keep=True, state=reached(self.desk.shop)
        )  # fmt: skip

    def _told(
        self, visit: Visit, session: Session, report: Report | None, wrong: str = "", status: int = 200
    ) -> Reply:  # fmt: skip
        at, currency = visit.query.get("at", ""), self.settings.currency
        tables = () if report is None else report.tables
        return self._room(
            "return", RETURN, visit, session, status, asked={}, wrong=wrong, at=at,
            report=None if report is None else context_of(report),
            pictures=list(table_charts(tables, self.desk.pictures, currency)),
            paper=address_with(f"{RETURN}/paper", {"at": at} if at else {}),
        )  # fmt: skip


def _reported(shop: Shop, at: str | None) -> Report:
    return shop.reporting.report(at)


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The routes of the report."""
    made = ReturnPages(desk)
    return [route(made, RETURN, "GET", made.page), file_route(made, f"{RETURN}/paper", made.paper)]
