"""The owner's home: four numbers as sentences, what needs somebody, how the ways in and out do, and the last days.

Whoever is not signed in sees at the same address what runs here, and nothing of the shop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, Final

from litestar import Request, Response

from goodwill.basics.clock import date_of
from goodwill.basics.errors import CannotTell
from goodwill.basics.words import about, number, quantity
from goodwill.collect.report import why_not
from goodwill.measure.estimate import Estimate
from goodwill.measure.period import Period
from goodwill.shop import Shop
from goodwill.shop.measures.returning import Extra, extra
from goodwill.shop.today import Need, OneDay, Today
from goodwill.staff import Act
from goodwill.staff.roles import MAY, Role
from goodwill.web.aside import Broke, Ended
from goodwill.web.charts import Chart, small_bars
from goodwill.web.desk import Desk
from goodwill.web.forms import fields_of
from goodwill.web.jobs import Done, Job
from goodwill.web.office import Office
from goodwill.web.rooms import CONSENT, HOME, IMPORTS, WEBHOOKS
from goodwill.web.sessions import address_of
from goodwill.web.staff_pages import Reply, Visit, answer_of

MOST_NEEDS: Final = 5
_EARLY: Final = "too early to say"
_PATHS: Final = {"webhooks": WEBHOOKS, "imports": IMPORTS, "ledger": CONSENT}


def _extra(shop: Shop, period: Period) -> Extra | str:
    try:
        return extra(shop, period, shop.settings.margin)
    except CannotTell as why:
        return str(why)


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

        if not any(row.kind == "holdout" and row.body.percent for row in shop.planning.journal()):
            why = "Nobody is left out, so nothing can tell. Leave a few out: goodwill experiment holdout 10"
            return Income(why, words="not measured")

        try:
            found: Done[Extra | str] | Job = self.desk.jobs.of(
                "income", (period.end, plan.upto), partial(_extra, period=period), patience=0, keep=True
            )
        except (Ended, Broke):
            return Income("It is tried again when you load the page again.", words="could not be worked out")
        if isinstance(found, Job):
            return Income("Look again in a minute.", words="being worked out")
        report = shop.reporting.kept()
        return income_of(found.value, self.settings.currency, "" if report is None else report.verdict)

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


def income_of(found: Extra | str, currency: str, verdict: str = "") -> Income:
    """What those left out say: a value only where no range of it holds nothing at all.

    Both the home and the return report are looked at again and again, so one rule serves both, on the same facts: the
    range for who looks often has to be clear too. So no report says "worked" where the home cannot tell.

    Args:
        found: what was brought more, before cost; or why that cannot be told.
        verdict: of the report of the same days, costs taken off; "" where none was made.
    """
    if isinstance(found, str):
        return Income(found, words=_EARLY if found.startswith("Too early") else "not measured")
    value, low, high = (quantity(end, currency, currency) for end in (found.told.value, *_ends(found.told)))
    days = f"from {date_of(found.since)} to {date_of(found.until)}"
    why = f"Between {low} and {high}, {days} ({100 * found.told.level:g} %, evidence A)."
    after = f" With its cost taken off, the report says: {verdict}." if verdict else " Its cost is not taken off."
    if not _is_clear(_ends(found.told)):
        return Income(f"{why} It may as well be nothing.{after}", words=_EARLY)
    if not _is_clear(found.often):
        early = found.early.removeprefix("Too early: ")
        often = early[:1].upper() + early[1:] or "For who looks again and again it may as well be nothing."
        return Income(f"{why} That holds for who looks once. {often}{after}", words=_EARLY)
    return Income(f"{why}{after}", value=value)


def _ends(told: Estimate) -> tuple[float, float]:
    return (-inf if told.low is None else told.low, inf if told.high is None else told.high)


def _is_clear(ends: tuple[float, float] | None) -> bool:
    """Whether it is more, or less, than nothing wherever in its range the truth lies."""
    return ends is not None and (ends[0] > 0 or ends[1] < 0)


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
