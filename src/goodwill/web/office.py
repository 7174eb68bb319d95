"""The office's pages: what programs, pages and other systems send in, and what became of it. They name nobody.

They work without JavaScript. A page looks again by itself only for whoever asks it to, and stops after a while: what
moves under somebody's eyes must be hers to stop, and a forgotten screen must not keep a session open.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from litestar.handlers import HTTPRouteHandler

from goodwill.basics.clock import date_of, moment
from goodwill.basics.errors import BadInput, GoodwillError
from goodwill.basics.ids import opaque
from goodwill.collect.live.rules import status_of, words_of
from goodwill.shop.collecting import Collecting
from goodwill.staff import Act, Session
from goodwill.staff.roles import MAY
from goodwill.web.aside import Ended
from goodwill.web.desk import Desk
from goodwill.web.intake import names
from goodwill.web.jobs import Job
from goodwill.web.problems import ROLE, Problem, problem_of
from goodwill.web.rooms import HOME, INTAKE, KEYS, WEBHOOKS, name_of, rooms_for
from goodwill.web.staff_pages import CODE, Reply, StaffPages, Visit, route
from goodwill.web.store import closed

REPLAY: Final = "/office/webhooks/replay"
EVERY: Final = 10  # seconds between two looks
_WAITS: Final = 1  # second between two looks at work under way
_LOOKS: Final = 90  # then a quarter of an hour is over
_SHOWN: Final = 100
_DAYS: Final = (1, 7, 30, 90)
_STATES: Final = ("taken", "dropped", "refused")


class Office(StaffPages):
    """The office of one shop."""

    # ---- what comes in -----------------------------------------------------------------------------------------------

    def intake_page(self, visit: Visit) -> Reply:
        """What was taken, dropped and refused, and by which rule."""
        session = self._admitted(visit, Act.WATCH)
        days = _number(visit, "days", _DAYS, usual=7)
        state = visit.query.get("became", "")
        wanted = {state} if state in _STATES else set(_STATES)
        collecting, called = Collecting(self.desk.shop, closed), names(self.desk.shop)
        counted, sums = collecting.counted(days), Counter[str]()
        for each in counted:
            sums[status_of(each.rule)] += each.messages
        rows = [
            {
                "day": date_of(each.day), "by": called.get(each.sender, each.sender), "event": each.event,
                "state": status_of(each.rule),
                "because": words_of(each.rule), "rule": each.rule, "messages": each.messages,
            }
            for each in counted
            if status_of(each.rule) in wanted
        ]  # fmt: skip
        latest = [
            {
                "at": self._clock_time(at), "by": called.get(one.sender, one.sender), "event": one.event,
                "state": status_of(one.rule),
                "because": words_of(one.rule), "rule": one.rule,
            }
            for _, at, one in collecting.latest()
            if status_of(one.rule) in wanted
        ]  # fmt: skip
        asked = {"days": str(days), "became": state if state in _STATES else ""}
        return self._room(
            "intake", INTAKE, visit, session, asked=asked, days=days, state=asked["became"], all_days=_DAYS,
            states=_STATES, sums=sums, rows=rows, latest=latest[:_SHOWN],
        )  # fmt: skip

    # ---- webhooks ----------------------------------------------------------------------------------------------------

    def webhooks_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        """The sources, what they delivered, and what our own webhooks told whom."""
        session = self._admitted(visit, Act.WATCH)
        failed = visit.query.get("only") == "failed"
        webhooks, told = self.desk.shop.webhooks, self.desk.shop.told
        deliveries = [
            {
                "id": each.id, "source": f"{each.system} {each.name}", "topic": each.topic,
                "at": self._clock_time(each.at), "state": each.state, "because": each.because,
                "again": each.is_stuck and each.is_kept,
            }
            for each in webhooks.shown(failed=failed, limit=_SHOWN)
        ]  # fmt: skip
        targets = [one for one in told.targets() if one.closed_at is None]
        messages = [
            {
                "id": f"msg_{opaque(one.id)}", "target": one.target, "topic": one.topic, "at": self._clock_time(one.at),
                "state": one.state, "tries": one.tries, "because": one.reason or "",
            }
            for one in told.messages(limit=_SHOWN)
        ]  # fmt: skip
        again = visit.query.get("again", "")
        said = f"Delivery {again} is worked on once more." if again.isdigit() and len(again) < 20 else ""
        return self._room(
            "webhooks", WEBHOOKS, visit, session, status, asked={"only": "failed" if failed else ""}, failed=failed,
            sources=[(one, self._clock_time(one.source.last_at)) for one in webhooks.sources()], deliveries=deliveries,
            targets=targets, messages=messages, said=said, wrong=wrong,
            may_replay=Act.KEYS in MAY[session.account.role],
        )  # fmt: skip

    def replay(self, visit: Visit) -> Reply:
        """Work on a delivery once more."""
        self._check(visit)
        session = self._admitted(visit, Act.KEYS)
        if Act.KEYS not in session.acts:
            return Reply(location=CODE)
        number = visit.said("delivery")
        try:
            if not number.isdecimal() or len(number) > 18:
                raise BadInput("That is no number of a delivery.")
            self.desk.shop.acting(session.actor()).webhooks.replay(int(number))
        except GoodwillError as error:
            return self.webhooks_page(visit, str(error), problem_of(error).kind.status)
        return Reply(location=f"{WEBHOOKS}?again={number}")

    # ---- all rooms ---------------------------------------------------------------------------------------------------

    def _admitted(self, visit: Visit, act: Act) -> Session:
        session = self._session(visit, "whole")
        if act not in MAY[session.account.role]:
            self.desk.metrics.note_refusal(ROLE.slug)
            raise Problem(ROLE, f"This is for roles that may '{act}'; yours is '{session.account.role}'.")
        return session

    def _room(
        self, template: str, path: str, visit: Visit, session: Session, status: int = 200, *, asked: dict[str, str],
        trail: tuple[tuple[str, str], ...] = (), **values: Any,
    ) -> Reply:  # fmt: skip
        """A page of the office, with the way to the others; it looks again while somebody follows it.

        Args:
            trail: the way from the home to the page, addresses and words, where it is not simply its room.
        """
        left = min(_LOOKS, int(said)) if (said := visit.query.get("follow", "")).isdecimal() and len(said) < 5 else None
        kept = {name: value for name, value in asked.items() if value}
        account, now = session.account, self.desk.shop.clock()
        home = () if path == HOME else ((HOME, "Home"), *(trail or ((path, name_of(path)),)))
        page = self._page(
            f"office/{template}", visit, status, here=path, rooms=rooms_for(account.role), account=account, left=left,
            every=EVERY, stop=address_with(path, kept), follow=address_with(path, {**kept, "follow": str(_LOOKS)}),
            now=self._clock_time(now, seconds=True), zone=str(self.settings.zone), trail=home,
            may_search=Act.READ in MAY[account.role], today=self._clock_time(now), currency=self.settings.currency,
            **values,
        )  # fmt: skip
        if not left:
            return replace(page, scripts=True)
        again = (EVERY, address_with(path, {**kept, "follow": str(left - 1)}))
        return replace(page, scripts=True, again=again)

    def _waits(self, visit: Visit, session: Session, path: str, job: Job, doing: str, **more: Any) -> Reply:
        """How far some work is; the page looks again by itself until it is done."""
        kept = {name: value for name, value in visit.query.items() if name not in ("name", "follow")}
        again, before = address_with(path, kept), None if job.before is None else max(1, round(job.before))
        page = self._room(
            "job", path, visit, session, asked={}, doing=doing, seconds=max(1, round(job.seconds)), before=before,
            again=again, **more,
        )  # fmt: skip
        return replace(page, again=(_WAITS, again))

    def told(self, do: Callable[[Visit], Reply], visit: Visit) -> Reply:
        """What a page comes to; where the process that worked it out ended, a page that says so."""
        try:
            return super().told(do, visit)
        except Ended as error:
            return self._ended(visit, self._session(visit, "whole"), error)

    def _ended(self, visit: Visit, session: Session, error: Ended) -> Reply:
        asked = {name: value for name, value in visit.query.items() if name not in ("name", "follow")}
        room = "/".join(visit.path.split("/")[:3])  # such as /office/measures
        return self._room(
            "ended", visit.path, visit, session, problem_of(error).kind.status, asked={}, why=error.sentence,
            trail=((room, name_of(room)), (visit.path, "Not worked out")), again=address_with(visit.path, asked),
        )  # fmt: skip

    def keys_page(self, visit: Visit) -> Reply:
        """Which keys there are; for whoever has no script to show them."""
        session = self._session(visit, "whole")
        return self._room("keys", KEYS, visit, session, asked={})

    def _clock_time(self, when: int | None, *, seconds: bool = False) -> str:
        if when is None:
            return ""
        return f"{moment(when).astimezone(self.settings.zone):{'%H:%M:%S' if seconds else '%Y-%m-%d %H:%M:%S'}}"


def _number(visit: Visit, name: str, choices: tuple[int, ...], *, usual: int) -> int:
    return next((one for one in choices if visit.query.get(name) == str(one)), usual)


def address_with(path: str, query: Mapping[str, str]) -> str:
    """An address with what is asked of it."""
    return f"{path}?{urlencode(query)}" if query else path


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The routes of the office."""
    made = Office(desk)
    return [
        route(made, KEYS, "GET", made.keys_page),
        route(made, INTAKE, "GET", made.intake_page),
        route(made, WEBHOOKS, "GET", made.webhooks_page),
        route(made, REPLAY, "POST", made.replay),
    ]
