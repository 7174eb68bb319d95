"""The owner's home: four numbers as sentences, what needs somebody, how the ways in and out do, and the last days.

Whoever is not signed in sees at the same address what runs here, and nothing of the shop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from litestar import Request, Response

from goodwill.basics.clock import date_of
from goodwill.basics.words import about, number, quantity
from goodwill.collect.report import why_not
from goodwill.measure.answer import Answer
from goodwill.measure.figure import Figure
from goodwill.shop.today import Need, OneDay, Today
from goodwill.staff import Act
from goodwill.staff.roles import MAY, Role
from goodwill.web.charts import Chart, small_bars
from goodwill.web.desk import Desk
from goodwill.web.forms import fields_of
from goodwill.web.jobs import Done, Job
from goodwill.web.office import Office
from goodwill.web.rooms import CONSENT, HOME, IMPORTS, WEBHOOKS
from goodwill.web.sessions import address_of
from goodwill.web.staff_pages import Reply, Visit, answer_of

MOST_NEEDS: Final = 5
_INCOME, _ALL = "holdout", "of all of them"  # the measure, and how its figure that is extra income ends
_EACH, _EVERY_WEEK = " of a customer ", "for who looks every week"  # what its days follow; whose range the home needs
_EARLY: Final = "too early to say"
_PATHS: Final = {"webhooks": WEBHOOKS, "imports": IMPORTS, "ledger": CONSENT}


@dataclass(frozen=True, slots=True)
class Income:
    """What the home says of extra income: a value, or the words that stand in its place; and why."""

    why: str
    value: str = ""
    words: str = ""


class Home(Office):
    """The home of one shop."""

    def home_page(self, visit: Visit) -> Reply:
        """How the shop does."""
        session = self._session(visit, "whole")
        role, today = session.account.role, Today(self.desk.shop)
        contact, steps = self.desk.contacts.now(), today.first_steps()
        # Two looks around one withdrawal would tell whose it was: who may see nobody is told tens.
        count = number if Act.READ in MAY[role] else about
        needs = [one for one in today.needs() if one.act in MAY[role]]
        return self._room(
            "home", HOME, visit, session, asked={}, month=f"{today.month:%B %Y}", contact=contact, count=count,
            why_not=[(many, why_not(why, many)) for why, many in contact.why_not.items()]
            if contact and count is number else [],
            sent=today.sent(), complaints=today.complaints(), income=self._income(),
            needs=[(one, _path(one, role)) for one in needs[:MOST_NEEDS]], more_needs=len(needs[MOST_NEEDS:]),
            health=today.health(), week=self._week(today.week()), may_import=Act.IMPORT in MAY[role],
            may_measure=Act.MEASURE in MAY[role],
            steps=[] if all(step.done for step in steps) else steps,
        )  # fmt: skip

    def _income(self) -> Income:
        """What suggestions brought, as the last closed period tells it; the home waits for no working out."""
        shop = self.desk.shop
        plan, period = shop.planning.plan(), shop.measures.period()
        if not plan.holdout.percent:
            why = "Nobody is left out, so nothing can tell. Leave a few out: goodwill experiment holdout 10"
            return Income(why, words="not measured")
        found: Done[Answer] | Job = self.desk.jobs.of(
            "income", (period.end, plan.upto), lambda: shop.measures.answer(_INCOME), patience=0,
            keep=True,
        )  # fmt: skip
        if isinstance(found, Job):
            return Income("Look again in a minute.", words="being worked out")
        return income_of(found.value, date_of(period.end), self.settings.currency)

    def _week(self, days: list[OneDay]) -> Chart:
        """The picture of the last days."""
        title = "Messages, rows from files and letters, day by day"
        sums = [sum(getattr(day, name) for day in days) for name, _ in _SERIES]
        if not any(sums):
            return Chart("week-chart", title, "Nothing came in and no letter left.", (), ())
        says = "In seven days {} were taken in, {} were kept, and {} left.".format(
            *(number(count, words) for count, (_, words) in zip(sums, _SERIES, strict=True))
        )
        spec = small_bars(
            [
                {"day": f"{day.day:%a %d}", "many": getattr(day, name), "what": words.capitalize()}
                for (name, words), many in zip(_SERIES, sums, strict=True)
                for day in days
                if many
            ],
            x="day", y="many", row="what",
        )  # fmt: skip
        picture, missing = self.desk.pictures.of(spec, name="week-chart", title=title, says=says)
        rows = tuple(
            (f"{day.day:%a %Y-%m-%d}", number(day.messages), number(day.rows), number(day.letters)) for day in days
        )
        columns = ("Day", "Messages taken in", "Rows from files", "Letters sent")
        return Chart("week-chart", title, says, columns, rows, (1, 2, 3), picture, missing)


_SERIES: Final = (("messages", "messages"), ("rows", "rows from files"), ("letters", "letters"))


def income_of(answer: Answer, until: date, currency: str) -> Income:
    """What the measure of those left out says: a value only where no range of it holds nothing at all.

    The home is looked at every day, so the range for who looks often has to be clear too: a confidence sequence, which
    there is from 200 customers of each arm on who bought. The return report, which is made once a period, asks less.
    """
    one = next((figure for figure in answer.others if figure.name.endswith(_ALL)), answer.headline)
    if one.value is None:
        early = one.refused.startswith("Too early") or "no period has closed since" in one.refused
        return Income(one.refused, words=_EARLY if early else "not measured")
    told, low, high = (quantity(end, one.unit, currency) for end in (one.value, one.low, one.high))
    days = answer.headline.name.partition(_EACH)[2] or f"up to {until}"
    why = f"Between {low} and {high}, {days} ({100 * one.level:g} %, evidence {one.grade.name})."
    if not _is_clear(one):
        return Income(f"{why} It may as well be nothing.", words=_EARLY)
    if not any(_is_clear(each) for each in answer.others if each.name.endswith(_EVERY_WEEK)):
        return Income(f"{why} That holds for who looks once; the home is looked at again and again.", words=_EARLY)
    return Income(why, value=told)


def _is_clear(figure: Figure) -> bool:
    """Whether it is more, or less, than nothing wherever in its range the truth lies."""
    return figure.interval is not None and (figure.interval[0] > 0 or figure.interval[1] < 0)


def _path(need: Need, role: Role) -> str:
    """Where somebody can look at it, if a page of the office shows it."""
    path = _PATHS.get(need.what, "")
    return path if path and need.act in MAY[role] else ""


Asked = Request[Any, Any, Any]

# ---- routes ----------------------------------------------------------------------------------------------------------


def at_home(desk: Desk, public: Callable[[], Response[bytes]]) -> Callable[[Asked], Awaitable[Response[bytes]]]:
    """The one address of both homes."""
    made = Home(desk)

    async def handle(request: Asked) -> Response[bytes]:
        headers = tuple(request.scope["headers"])
        if not desk.door.carries_session(headers):
            return public()
        query = fields_of(request.scope["query_string"])
        visit = Visit("GET", headers, {}, query, address_of(request.scope, headers, desk.shop.settings.proxies))
        reply = await asyncio.get_running_loop().run_in_executor(desk.threads, made.told, made.home_page, visit)
        return public() if reply.location else answer_of(reply)

    return handle
