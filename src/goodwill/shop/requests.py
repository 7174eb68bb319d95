"""The requests of a shop's customers as they are kept, shown and told: what opening, working and answering stand on."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from goodwill import people
from goodwill.access.addresses import changed_since
from goodwill.basics.clock import Day, date_of, day_of
from goodwill.basics.codes import Token, token_from
from goodwill.basics.errors import BadInput, Conflict, KeyDestroyed, NotFound
from goodwill.basics.ids import PersonId, from_opaque, opaque
from goodwill.protect import Box
from goodwill.purposes import Regime
from goodwill.reach.letters import Letter
from goodwill.rights import store
from goodwill.rights.request import CONTACT_REST, COPY_OPEN, HANDS_OUT, HELD, Request, Right, State, Step, due

if TYPE_CHECKING:
    from goodwill.shop.shop import Change, Shop

Wanted = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Status:
    """What the status page shows.

    Attributes:
        state: in words; due: the last day for an answer; days_left: until then, below 0 when it is overdue.
        extend_by: the last day on which more time can be announced; None where the law knows none.
        hold_until: nothing is carried out before; None where nothing is held.
        ready_until: until when a copy that is ready can be fetched; None where there is none, or no more.
        blockers: what it waits for, for staff.
        decision: the decision that a review is about; "" where none was named.
    """

    id: str
    right: Right
    state: str
    is_open: bool
    regime: str
    received_at: int
    due: str
    days_left: int
    extend_by: str | None
    hold_until: int | None
    outcome: str | None
    reason: str
    regulator: str
    complaint_url: str
    ready_until: int | None = None
    blockers: tuple[str, ...] = ()
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What is sealed with a request: where to, in which words, and what for."""

    address: str
    token: str
    wanted: Wanted
    person: int | None

    def sealed(self, box: Box, number: int) -> bytes:
        held = {"address": self.address, "token": self.token, "wanted": dict(self.wanted), "person": self.person}
        return box.seal(json.dumps(held), "request", number)


@dataclass(frozen=True)
class Requests:
    """What is kept of one shop's requests."""

    shop: "Shop"

    def show(self, request: str) -> Status:
        """One request, by its number as it is shown.

        Raises:
            NotFound: there is none.
        """
        return self._status(self._one(self._number(request)))

    # ---- reading them ------------------------------------------------------------------------------------------------

    def _one(self, number: int) -> Request:
        with self.shop.database.reading() as connection:
            found = store.one(connection, number)
        if found is None:
            raise NotFound("There is no such request.")
        return found

    def _locked(self, connection: Connection, number: int) -> tuple[Request, store.Secrets, Content]:
        found = store.locked(connection, number)
        if found is None:
            raise NotFound("There is no such request.")
        request, hidden = found
        if hidden.content is None:
            return request, hidden, Content("", "", {}, None)
        return request, hidden, Content(**json.loads(self._box().open(hidden.content, "request", number)))

    def _by_token(self, connection: Connection, use: str, token: str) -> Request | None:
        known = token_from(token)
        return None if known is None else store.by_mark(connection, use, self._mark(use, known))

    def _number(self, request: str) -> int:
        try:
            return from_opaque(request)
        except ValueError:
            raise NotFound(f"There is no request '{request[:40]}'. `goodwill requests list` shows them.") from None

    def _status(self, request: Request) -> Status:
        regime, today = self._regime(request), self._today()
        watches = regime.regulator_of(request.region)
        last = self._due(request)
        said = regime.extension_said_by(date_of(request.received_on), request.region)
        return Status(
            id=opaque(request.id),
            right=request.right,
            state=request.shown_state,
            is_open=request.is_open,
            regime=regime.id,
            received_at=request.received_at,
            due=date_of(last).isoformat(),
            days_left=last - today,
            extend_by=None if said is None or request.extended_at is not None else said.isoformat(),
            hold_until=request.hold_until if request.state is State.VERIFIED else None,
            outcome=request.outcome,
            reason=request.reason,
            regulator=watches.name,
            complaint_url=watches.complaint_url,
            ready_until=self._ready_until(request),
            blockers=self._blockers(request) if request.right in HELD else (),
            decision=self._decision_of(request) if request.right is Right.HUMAN_REVIEW else "",
        )

    def _decision_of(self, request: Request) -> str:
        """The decision that a review is about; "" where none was named."""
        with self.shop.database.reading() as connection:
            opened = next((one for one in store.steps(connection, request.id) if one.step == "open"), None)
        return str(opened.detail.get("decision", "")) if opened is not None else ""

    def _ready_until(self, request: Request) -> int | None:
        """Until when the copy that was asked for can be fetched."""
        if request.right not in HANDS_OUT or request.outcome != "ready" or request.closed_at is None:
            return None
        until = request.closed_at + COPY_OPEN
        return until if self.shop.clock() < until else None

    def _due(self, request: Request) -> int:
        return (due(self._regime(request), request, stood=request.paused_days + self._stood(request)) - date_of(0)).days

    def _stood(self, request: Request) -> int:
        """The days for which the clock has been standing now."""
        return 0 if request.paused_at is None else self._today() - day_of(request.paused_at, self.shop.settings.zone)

    def _regime(self, request: Request) -> Regime:
        table = self.shop.regimes
        return table.rows.get(request.regime) or table.of(request.region)

    def _today(self) -> Day:
        return day_of(self.shop.clock(), self.shop.settings.zone)

    def _blockers(self, request: Request, connection: Connection | None = None) -> tuple[str, ...]:
        """What a request in work waits for, besides the clock."""
        if request.state is not State.IN_WORK or request.person is None:
            return ()
        if connection is None:
            with self.shop.database.reading() as own:
                return self._blockers(request, own)
        found = []
        if request.right in HANDS_OUT and not request.contact_cleared and self._is_new_contact(connection, request):
            found.append("An address was changed in the last 30 days; make sure that it is still she, then clear it.")
        return tuple(found)

    def _is_new_contact(self, connection: Connection, request: Request) -> bool:
        since = self.shop.clock() - CONTACT_REST
        person = people.merge.survivor(connection, PersonId(request.person or 0))
        if person is None:
            return False
        return changed_since(connection, person, since) or store.rectified_since(connection, person, since)

    # ---- changing them -----------------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self, request: str, action: str, reason: str) -> Iterator[tuple["Change", Request, Content, Regime]]:
        """One open request, locked and opened for as long as the block lasts, in a change of its own."""
        number = self._number(request)
        with self.shop.change(action, reason=reason) as change:
            now_is, _, content = self._locked(change.connection, number)
            change.entry.person = person_of(now_is)
            change.entry.detail["request"] = opaque(number)
            if not now_is.is_open:
                raise Conflict(f"A request that is '{now_is.state}' is over; nothing more can be done with it.")
            if now_is.is_executing(self.shop.clock()):
                raise Conflict("This request is being carried out right now.")
            yield change, now_is, content, self._regime(now_is)

    def _set(self, change: "Change", request: Request, step: str, values: Mapping[str, Any], reason: str) -> None:
        change.entry.person = change.entry.person or person_of(request)
        change.entry.detail["request"] = opaque(request.id)
        store.update_one(change.connection, request.id, values)
        self._note(change.connection, request.id, step, reason=reason)

    def _note(
        self,
        connection: Connection,
        number: int,
        step: str,
        *,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
        actor: str = "",
    ) -> None:
        store.note_step(
            connection, number, step, now=self.shop.clock(), actor=actor or self.shop.actor.name, reason=reason,
            detail=detail or {},
        )  # fmt: skip

    def _close(
        self,
        change: "Change",
        request: Request,
        content: Content,
        step: Step,
        *,
        letter: Letter | None = None,
        outcome: str | None = None,
        reason: str = "",
        actor: str = "",
        everywhere: bool = False,
    ) -> None:
        """Take a request to its end: say so, then wipe the address and what was wanted."""
        now = self.shop.clock()
        change.entry.detail["request"] = opaque(request.id)
        if letter is not None:
            self._tell(change.connection, request, content, letter, everywhere=everywhere)
        values = {"state": request.after(step, now=now), "closed_at": now, "executing_until": None, "paused_at": None}
        if request.right is Right.ERASE and (hers := self._still_here(change.connection, request)):
            people.pending.drop(change.connection, hers, now=now)
        if outcome is not None:
            values["outcome"] = outcome
        if reason:
            values["reason"] = reason
        store.update_one(change.connection, request.id, {**values, **store.wiped()})
        detail = {"outcome": outcome} if outcome else {}
        self._note(change.connection, request.id, step, reason=reason, detail=detail, actor=actor)

    def _still_here(self, connection: Connection, request: Request) -> PersonId | None:
        """Whose it is by now; None where that was not shown, or she is erased."""
        return None if request.person is None else people.merge.survivor(connection, PersonId(request.person))

    def _tell(
        self, connection: Connection, request: Request, content: Content, letter: Letter, *, everywhere: bool = False
    ) -> None:
        """Write to the address on file, or to every verified one; to one that nobody was shown to read, not a word.

        Whoever typed it in may be somebody else, and what staff worded is not for her.
        """
        if request.verified_at is None:
            return
        person = self._still_here(connection, request)
        addresses = [content.address] if content.address else []
        if person is not None:
            try:
                known = self.shop.post.reach(connection, person)
            except KeyDestroyed:
                person, known = None, None
            if known is not None:
                hers = [one for one in known.addresses if one.kind == "email"]
                addresses = [one.text for one in hers if people.canonical("email", one.text) == content.address]
                if everywhere:
                    addresses += [one.text for one in hers if one.verified_at is not None]
        for address in dict.fromkeys(addresses):
            self.shop.post.send(
                connection, letter=letter, person=person, address=address, language=request.language, about=request.id
            )

    # ---- small things ------------------------------------------------------------------------------------------------

    def _box(self) -> Box:
        return self.shop.cipher.box("requests")

    def _mark(self, use: str, token: Token) -> bytes:
        """What is kept of a token: bound to what it is for."""
        return self._box().mark("token", use, token)

    def _page(self, token: str) -> str:
        return f"{self.shop.settings.reached_at}/privacy/requests/{token}"


def said(text: str, what: str) -> None:
    if not text.strip():
        raise BadInput(f"Say {what}: it stands in the letter and in the log.")


def person_of(request: Request) -> PersonId | None:
    return None if request.person is None else PersonId(request.person)
