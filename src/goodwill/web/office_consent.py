"""The office's page on consent: how each notice is answered, and what somebody should look at."""

from functools import partial
from typing import Final

from litestar.handlers import HTTPRouteHandler

from goodwill.basics.words import number
from goodwill.shop.consented import SOON_DAYS, Overview, overview, reach
from goodwill.staff import Act
from goodwill.web.charts import Chart, shares
from goodwill.web.desk import Desk
from goodwill.web.jobs import Job
from goodwill.web.office import Office
from goodwill.web.rooms import CONSENT
from goodwill.web.staff_pages import Reply, Visit, route

_GRADES: Final = ("proven", "claimed", "none")


class ConsentPages(Office):
    """The page of one shop on consent."""

    def overview_page(self, visit: Visit) -> Reply:
        """How consent stood when today began; it is worked out once a day."""
        session = self._admitted(visit, Act.READ_CONSENT)
        shop = self.desk.shop
        upto = reach(shop)
        key = (upto.today, upto.position)
        found = self.desk.jobs.of("consent", key, partial(overview, upto=upto), keep=True)
        if isinstance(found, Job):
            return self._waits(visit, session, CONSENT, found, "Counting how consent stands")
        told = found.value
        purposes = sorted({purpose for counts in told.evidence.values() for purpose in counts})
        return self._room(
            "consent", CONSENT, visit, session, asked={}, told=told, picture=self._picture(told), soon=SOON_DAYS,
            purposes=purposes, grades=_GRADES,
        )  # fmt: skip

    def _picture(self, told: Overview) -> Chart:
        """The answers to each notice, as shares; the table below has their numbers."""
        title = "Answers to each notice"
        whole = [one for one in told.notices if one.answered and one.all is not None]
        rows = [
            {"notice": one.notice, "share": (count or 0) / one.answered, "answer": words, "order": order}
            for one in whole
            for order, (words, count) in enumerate(
                (("yes to all", one.all), ("yes to some", one.some), ("no to all", one.none))
            )
            if one.answered
        ]
        if not rows:
            return Chart("answers", title, "", (), ())
        last = whole[-1]
        says = (
            f"Of {number(last.answered or 0)} people who answered {last.notice}, {number(last.none or 0)} refused all."
        )
        picture, missing = self.desk.pictures.of(
            shares(rows, y="notice", x="share", part="answer"), name="answers", title=title, says=says
        )
        table = tuple(
            (str(row["notice"]), str(row["answer"]), f"{100 * float(str(row['share'])):.0f} %") for row in rows
        )
        return Chart("answers", title, says, ("Notice", "Answer", "Share"), table, (2,), picture, missing)


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The route of the page."""
    made = ConsentPages(desk)
    return [route(made, CONSENT, "GET", made.overview_page)]
