"""What customers ask for, from the first word to the answer: opened, shown to be theirs, held, carried out, answered.

Nothing that a stranger can see depends on whether an address is known: a request by address writes the same row and the
same letter either way, and looks for nobody until the code from that letter came back.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection

from goodwill import people
from goodwill.access.addresses import changed_since
from goodwill.basics.clock import DAY, SECOND, Day, date_of, day_of, iso
from goodwill.basics.errors import BadInput, Conflict, GoodwillError, KeyDestroyed, NotFound, Refused
from goodwill.basics.ids import PersonId, from_opaque, new_reference, opaque
from goodwill.consent import Asked, Evidence
from goodwill.people.canonical import clean
from goodwill.protect import Box
from goodwill.purposes import Regime
from goodwill.reach import letters
from goodwill.reach import store as outbox
from goodwill.reach.letters import Letter, language_of
from goodwill.rights import codes, store
from goodwill.rights.request import (
    CONTACT_REST,
    EXECUTION,
    HANDS_OUT,
    HELD,
    LAPSE,
    Request,
    Right,
    State,
    Step,
    due,
)
from goodwill.shop.who import Who
from goodwill.storage.audit import Actor

if TYPE_CHECKING:
    from goodwill.shop.shop import Change, Shop

NO_CODE = "This code does not fit, or it has run out. Look for the newest letter, or ask for another code."
_TOO_MANY = 5  # requests that wait for codes at one address
_LONGEST = 2_000  # characters of one wish
_MOST = 20  # wishes in one request
_BY_STAFF = frozenset({Right.RECTIFY, Right.HUMAN_REVIEW})  # somebody looks at it first

Origin = Literal["form", "session", "staff", "api"]
Wanted = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What somebody gets who asked: the number, and the token of the page on which she sees how it goes.

    Attributes:
        token: opens the status page, and can stop the request; it shows nothing that is held about anybody.
    """

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class Status:
    """What the status page shows.

    Attributes:
        state: in words; due: the last day for an answer; days_left: until then, below 0 when it is overdue.
        extend_by: the last day on which more time can be announced; None where the law knows none.
        hold_until: nothing is carried out before; None where nothing is held.
        blockers: what it waits for, for staff.
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
    blockers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Content:
    """What is sealed with a request: where to, in which words, and what for."""

    address: str
    token: str
    wanted: Wanted
    person: int | None

    def sealed(self, box: Box, number: int) -> bytes:
        held = {"address": self.address, "token": self.token, "wanted": dict(self.wanted), "person": self.person}
        return box.seal(json.dumps(held), "request", number)


@dataclass(frozen=True, slots=True)
class Rights:
    """The requests of one shop's customers."""

    shop: "Shop"

    # ---- what a customer does --------------------------------------------------------------------------------------

    def open(
        self,
        right: str,
        *,
        address: str | None = None,
        who: Who | str | None = None,
        signed_in: bool = False,
        origin: Origin = "form",
        region: str | None = None,
        language: str | None = None,
        wanted: Wanted | None = None,
    ) -> Ticket:
        """Enter a request. A code goes to the address, unless she is signed in; what was asked twice is one request.

        Args:
            address: where the code goes, for somebody who is not signed in; whether she is known by it shows nowhere.
            who: somebody whom the shop knows, in place of an address; the code goes to the address on file.
            signed_in: she has just shown who she is.
            region: where she lives, such as ``IT`` or ``US-CA``; whose law counts. Else the shop's own.
            wanted: for a correction the fields and what is right; ``purpose`` for an objection; ``decision`` and
                ``words`` for a review.

        Raises:
            BadInput: there is no such right, the address is none, or too much is wanted.
            NotFound: ``who`` is not known, or has no address to answer to.
            Conflict: too many requests wait for codes at this address.
        """
        kind, wishes = _right(right), _checked(wanted or {})
        self._check_wishes(kind, wishes)
        with self.shop.change("request.open") as change:
            connection = change.connection
            person = None if who is None else self._known(connection, who)
            written_to = address if person is None else self._address_of(connection, person)
            canonical = people.canonical("email", written_to or "")
            if canonical is None:
                raise BadInput("That is no e-mail address to answer to; it looks like amina@example.com.")
            change.entry.detail["right"] = str(kind)
            ticket, request = self._entered(
                connection, kind, canonical, person=person, region=region, language=language, wanted=wishes,
                origin="session" if signed_in else origin, signed_in=signed_in,
            )  # fmt: skip
            if signed_in and person is not None:
                change.entry.person = person
        if signed_in and request is not None:
            self._go_on(request)
        return ticket

    def send_code(self, token: str) -> None:
        """Send another code for a request that waits for one; says nothing of whether it did."""
        with self.shop.database.reading() as connection:
            request = self._by_token(connection, "status", token)
        if request is not None:
            self.send_code_for(opaque(request.id))

    def send_code_for(self, number: str) -> None:
        """The same, by the request's number; for staff.

        Raises:
            NotFound: there is none.
        """
        with self.shop.change("request.send-code") as change:
            request, _, content = self._locked(change.connection, self._number(number))
            change.entry.detail["request"] = number
            now = self.shop.clock()
            rested = now - (request.code_sent_at or 0) >= codes.BETWEEN
            if request.state is State.UNVERIFIED and request.codes_sent < codes.MOST and rested:
                self._send_code(change.connection, request, content)

    def verify(self, token: str, code: str) -> Status:
        """Show with the code from the letter that the request is hers.

        Raises:
            Refused: the code does not fit, has run out, or was tried too often; it is the same answer each time.
        """
        with self.shop.database.reading() as connection:
            found = self._by_token(connection, "status", token)
        return self._verified(0 if found is None else found.id, code)

    def verify_code(self, request: str, code: str) -> Status:
        """The same, by the request's number: for staff to whom the code is read out.

        Raises:
            NotFound: there is no such request.
            Refused: as `verify`.
        """
        return self._verified(self._number(request), code)

    def _verified(self, number: int, code: str) -> Status:
        now = self.shop.clock()
        with self.shop.change("request.verify") as change:
            connection = change.connection
            fits = self._tried(connection, number, code, now)
            change.entry.detail |= {"request": opaque(number), "fits": fits}
            if fits:
                self._shown(change, number, "code sent to the address")
        if not fits:
            raise Refused(NO_CODE)
        self._go_on(number)
        return self._status(self._one(number))

    def status(self, token: str) -> Status:
        """How a request goes, by the token of its page.

        Raises:
            NotFound: no request has this token.
        """
        with self.shop.database.reading() as connection:
            request = self._by_token(connection, "status", token)
        if request is None:
            raise NotFound("There is no request with this link.")
        return self._status(request)

    def cancel(self, token: str, *, by: Literal["status", "cancel"] = "cancel") -> Status:
        """Stop a request, by the link that went to everywhere she is reached or by the token of its page.

        Stopping twice does no harm.

        Raises:
            NotFound: no request has this link.
            Conflict: it was answered already, or is being carried out right now.
        """
        with self.shop.acting(Actor("a link")).change("request.cancel") as change:
            found = self._by_token(change.connection, by, token)
            if found is None:
                raise NotFound("There is no request with this link.")
            request, _, content = self._locked(change.connection, found.id)
            if request.state is not State.CANCELLED:
                letter = letters.request_cancelled(right=request.right, page=self._page(content.token))
                self._close(change, request, content, Step.CANCEL, letter=letter, actor="a link", everywhere=True)
        return self._status(self._one(found.id))

    # ---- what staff do ---------------------------------------------------------------------------------------------

    def queue(self, *, closed: bool = False, limit: int = 200) -> list[Status]:
        """The requests that are open, the most urgent first; or those that were answered, the latest first."""
        with self.shop.database.reading() as connection:
            found = store.queue(connection, closed=closed, limit=limit)
        return [self._status(request) for request in found]

    def show(self, request: str) -> Status:
        """One request, by its number as it is shown.

        Raises:
            NotFound: there is none.
        """
        return self._status(self._one(self._number(request)))

    def of(self, who: Who | str) -> list[Status]:
        """Everything that somebody asked for, oldest first."""
        person = self.shop.known(who)
        with self.shop.database.reading() as connection:
            found = store.of_person(connection, [int(one) for one in people.merge.numbers(connection, person)])
        return [self._status(request) for request in found]

    def verify_by_hand(self, request: str, who: Who | str, how: str) -> Status:
        """Staff looked, and it is she: for whom the mailed code does not do.

        Args:
            how: what was looked at, such as ``passport shown in the shop``; never its number.

        Raises:
            BadInput: nothing is said of how.
            Refused: the address of the request is not hers: it is answered at an address on file or not at all.
        """
        _said(how, "how it was shown")
        number = self._number(request)
        with self.shop.change("request.verify", reason=how) as change:
            person = self._known(change.connection, who)
            _, _, content = self._locked(change.connection, number)
            if self.shop.find_in(change.connection, Who(email=content.address)) != person:
                raise Refused("The address of this request is not one of hers. Enter a new one under her own address.")
            change.entry.detail |= {"request": opaque(number), "fits": True}
            self._shown(change, number, f"by staff: {how}")
        self._go_on(number)
        return self.show(request)

    def pause(self, request: str, reason: str) -> Status:
        """Stop the clock while it is truly in doubt who asks; the letter says what is needed.

        Raises:
            Refused: the law that counts stops no clock, or it stands already.
        """
        _said(reason, "the reason")
        with self._changing(request, "request.pause", reason) as (change, now_is, content, regime):
            if not regime.pauses:
                raise Refused(f"{regime.name} stops no clock while it is in doubt who asks. Answer in time, or refuse.")
            if now_is.is_paused:
                raise Conflict("This is paused already.")
            self._set(change, now_is, "pause", {"paused_at": self.shop.clock(), "reason": reason}, reason)
            self._tell(
                change.connection, now_is, content,
                letters.request_paused(right=now_is.right, reason=reason, page=self._page(content.token)),
            )  # fmt: skip
        return self.show(request)

    def resume(self, request: str) -> Status:
        """Let the clock run again; the days on which it stood are added to the last day."""
        with self._changing(request, "request.resume", "") as (change, now_is, content, _):
            if not now_is.is_paused:
                raise Conflict("This is not paused.")
            days = now_is.paused_days + self._stood(now_is)
            later = replace(now_is, paused_at=None, paused_days=days)
            last = self._due(later)
            self._set(change, now_is, "resume", {"paused_at": None, "paused_days": days, "due_on": last}, "")
            letter = letters.request_resumed(
                right=now_is.right, due=date_of(last).isoformat(), page=self._page(content.token)
            )
            self._tell(change.connection, now_is, content, letter)
        return self.show(request)

    def extend(self, request: str, reason: str) -> Status:
        """Take the further time that the law gives, and say why, in time.

        Raises:
            Refused: the law gives none, it was taken, or it is too late to say so.
        """
        _said(reason, "the reason")
        with self._changing(request, "request.extend", reason) as (change, now_is, content, regime):
            last = regime.extension_said_by(date_of(now_is.received_on), now_is.region)
            if last is None:
                raise Refused(f"{regime.name} gives no further time.")
            if now_is.extended_at is not None:
                raise Refused("The further time was taken already; there is no more.")
            if self._today() > (last - date_of(0)).days + now_is.paused_days + self._stood(now_is):
                raise Refused(f"More time had to be announced by {last.isoformat()}. Answer now, or refuse.")
            now = self.shop.clock()
            new = self._due(replace(now_is, extended_at=now))
            self._set(change, now_is, "extend", {"extended_at": now, "due_on": new, "reason": reason}, reason)
            watches = regime.regulator_of(now_is.region)
            letter = letters.request_extended(
                right=now_is.right, reason=reason, due=date_of(new).isoformat(), regulator=watches.name,
                complaint=watches.complaint_url, page=self._page(content.token),
            )  # fmt: skip
            self._tell(change.connection, now_is, content, letter)
        return self.show(request)

    def clear_contact(self, request: str, reason: str) -> Status:
        """Let a copy go out although an address was changed lately: staff made sure that it is still she."""
        _said(reason, "the reason")
        with self._changing(request, "request.clear-contact", reason) as (change, now_is, _, _regime):
            self._set(change, now_is, "clear contact", {"contact_cleared": 1}, reason)
        return self.show(request)

    def refuse(self, request: str, reason: str) -> Status:
        """Say no, with the reason and the way to complain."""
        _said(reason, "the reason")
        with self._changing(request, "request.refuse", reason) as (change, now_is, content, regime):
            watches, page = regime.regulator_of(now_is.region), self._page(content.token)
            appeal = page if "appeal-route" in regime.duties else None
            letter = letters.request_refused(
                right=now_is.right, reason=reason, regulator=watches.name, complaint=watches.complaint_url,
                appeal=appeal, page=page,
            )  # fmt: skip
            self._close(change, now_is, content, Step.REFUSE, letter=letter, reason=reason)
        return self.show(request)

    def fulfil(self, request: str, *, note: str = "", by_hand: bool = False) -> Status:
        """Carry a request out and say so.

        Args:
            note: a sentence that stands in the letter: the answer of a review, for example.
            by_hand: staff did it already; only the answer is left.

        Raises:
            Refused: it was not shown who asks, it is held or paused, or an address was changed lately.
            Conflict: it was answered already, is being carried out by somebody else, or nothing here can carry it out.
        """
        return self._fulfil(self._number(request), note=note, by_hand=by_hand)

    def evidence(self, request: str) -> dict[str, Any]:
        """Everything that was done with a request, to be shown to whoever audits it; no address, code or token."""
        number = self._number(request)
        found, status = self._one(number), self.show(request)
        regime = self._regime(found)
        with self.shop.database.reading() as connection:
            steps, sent = store.steps(connection, number), outbox.about(connection, number)
        return {
            "request": status.id,
            "right": str(found.right),
            "state": status.state,
            "origin": found.origin,
            "person": found.person,
            "outcome": found.outcome,
            "reason": found.reason,
            "received": iso(found.received_at),
            "verified": None if found.verified_at is None else iso(found.verified_at),
            "verified_how": found.verified_how,
            "held_until": None if found.hold_until is None else iso(found.hold_until),
            "closed": None if found.closed_at is None else iso(found.closed_at),
            "due": status.due,
            "paused_days": found.paused_days,
            "extended": None if found.extended_at is None else iso(found.extended_at),
            "law": {
                "regime": regime.id, "name": regime.name, "region": found.region, "source": regime.source,
                "checked": regime.checked.isoformat(), "answer": str(regime.answer), "regulator": status.regulator,
                "complaint": status.complaint_url,
            },
            "steps": [
                {
                    "at": iso(step.at), "step": step.step, "by": step.actor, "reason": step.reason,
                    "detail": dict(step.detail),
                }
                for step in steps
            ],
            "letters": [
                {
                    "letter": row.name, "language": row.language, "at": iso(row.at), "state": row.state,
                    "done": None if row.done_at is None else iso(row.done_at),
                }
                for row in sent
            ],
        }  # fmt: skip

    # ---- what the clock does ---------------------------------------------------------------------------------------

    def advance(self) -> int:
        """Take every request on that waits for nothing but the time, and tell how many moved."""
        now = self.shop.clock()
        with self.shop.database.reading() as connection:
            waiting = store.to_move(connection, now=now, lapsed_before=now - LAPSE)
        return sum(self._lapsed(one.id) if one.state is State.UNVERIFIED else self._go_on(one.id) for one in waiting)

    def _lapsed(self, number: int) -> bool:
        with self.shop.change("request.lapse") as change:
            request, _, content = self._locked(change.connection, number)
            if request.state is not State.UNVERIFIED:
                return False
            self._close(change, request, content, Step.LAPSE)
        return True

    def _go_on(self, number: int) -> bool:
        """Begin a verified request whose hold is over, and carry it out if nobody has to look at it first."""
        request, now = self._one(number), self.shop.clock()
        begun = False
        if request.state is State.VERIFIED and not request.is_paused and (request.hold_until or 0) <= now:
            with self.shop.change("request.begin", about=_person(request)) as change:
                request, _, _ = self._locked(change.connection, number)
                self._set(change, request, "begin", {"state": request.after(Step.BEGIN, now=now)}, "")
            request, begun = self._one(number), True
        by_itself = request.state is State.IN_WORK and request.right not in _BY_STAFF
        if by_itself and not request.is_executing(now) and not self._blockers(request):
            self._fulfil(number, note="", by_hand=False)
            return True
        return begun

    # ---- entering --------------------------------------------------------------------------------------------------

    def _entered(
        self,
        connection: Connection,
        right: Right,
        address: str,
        *,
        person: PersonId | None,
        region: str | None,
        language: str | None,
        wanted: Wanted,
        origin: str,
        signed_in: bool,
    ) -> tuple[Ticket, int | None]:
        """A new request, or the one that she opened before; the number of one that can go on by itself."""
        shop, now, box = self.shop, self.shop.clock(), self._box()
        store.lock(connection)
        if signed_in and person is not None and (standing := store.same(connection, person, right, but=0)):
            _, _, held = self._locked(connection, standing.id)
            return Ticket(opaque(standing.id), held.token), None
        mark = box.mark("address", address)
        if not signed_in and store.waiting_for(connection, mark, since=now - DAY) >= _TOO_MANY:
            raise Conflict("Several requests wait for codes at this address. Look into the mailbox, or come tomorrow.")
        number, content = new_reference(), _Content(address, codes.new_token(), wanted, person)
        place = (region or shop.settings.place).strip().upper()
        law, today = shop.regimes.of(place), self._today()
        received = date_of(today)
        values = {
            "id": number, "right": right, "state": State.UNVERIFIED, "origin": origin, "regime": law.id,
            "region": place, "language": language_of(language, shop.settings.language), "received_at": now,
            "received_on": today, "due_on": (law.due(received, place) - date_of(0)).days, "paused_days": 0,
            "contact_cleared": 0, "reason": "", "code_tries": 0, "codes_sent": 0, "contact_mark": mark,
            "content": content.sealed(box, number),
            "status_mark": codes.token_mark(box, "status", content.token),
            "cancel_mark": codes.token_mark(box, "cancel", codes.new_token()),
        }  # fmt: skip
        store.add(connection, values)
        self._note(connection, number, "open", detail={"right": str(right), "origin": origin, "regime": law.id})
        request, _, content = self._locked(connection, number)
        if signed_in:
            self._known_to_be(connection, request, content, PersonId(person or 0), "signed in", hold=False)
            return Ticket(opaque(number), content.token), number
        self._send_code(connection, request, content)
        return Ticket(opaque(number), content.token), None

    def _send_code(self, connection: Connection, request: Request, content: _Content) -> None:
        now, code = self.shop.clock(), codes.new_code()
        values = {
            "code_mark": codes.code_mark(self._box(), request.id, code), "code_until": now + codes.LASTS,
            "code_tries": 0, "code_sent_at": now, "codes_sent": request.codes_sent + 1,
        }  # fmt: skip
        store.update_one(connection, request.id, values)
        letter = letters.request_code(
            right=request.right, code=codes.shown(code), minutes=codes.LASTS // (60 * SECOND),
            page=self._page(content.token),
        )  # fmt: skip
        # Sealed with the shop's key and not with hers: nobody looks here whether there is a person.
        self.shop.post.send(
            connection, letter=letter, address=content.address, language=request.language, about=request.id,
            until=now + codes.LASTS,
        )  # fmt: skip

    def _tried(self, connection: Connection, number: int, code: str, now: int) -> bool:
        """Whether a code fits; every try counts, whatever it was."""
        found = store.locked(connection, number)
        kept = None
        if found is not None:
            request, hidden = found
            usable = request.state is State.UNVERIFIED and hidden.code_tries < codes.TRIES
            kept = hidden.code_mark if usable and (hidden.code_until or 0) > now else None
            store.update_one(connection, number, {"code_tries": hidden.code_tries + 1})
        return codes.fits(self._box(), number, code, kept)

    def _shown(self, change: "Change", number: int, how: str) -> None:
        """It was shown that the address is hers; only now anybody is looked for."""
        connection = change.connection
        request, _, content = self._locked(connection, number)
        person = self.shop.find_in(connection, Who(email=content.address))
        if content.person is not None and person != people.merge.survivor(connection, PersonId(content.person)):
            raise Refused("This address is not hers any more. Ask again under the address on file.")
        change.entry.person = person
        if person is None:
            values = {"state": request.after(Step.VERIFY, now=self.shop.clock()), "verified_at": self.shop.clock()}
            self._set(change, request, "verify", {**values, "verified_how": how, "code_mark": None}, "")
            request, _, content = self._locked(connection, number)
            letter = letters.request_fulfilled(
                right=request.right, outcome="nothing-held", note=None, page=self._page(content.token)
            )
            self._close(change, request, content, Step.FIND_NOTHING, letter=letter, outcome="nothing-held")
            return
        self._known_to_be(connection, request, content, person, how, hold=True)

    def _known_to_be(
        self, connection: Connection, request: Request, content: _Content, person: PersonId, how: str, *, hold: bool
    ) -> None:
        now = self.shop.clock()
        hours = self.shop.settings.hold_hours if hold and request.right in HELD else 0
        cancel = codes.new_token()
        values = {
            "state": request.after(Step.VERIFY, now=now), "person": person, "verified_at": now, "verified_how": how,
            "hold_until": now + hours * 3_600 * SECOND, "code_mark": None, "code_until": None,
            "cancel_mark": codes.token_mark(self._box(), "cancel", cancel),
        }  # fmt: skip
        store.update_one(connection, request.id, values)
        self._note(connection, request.id, "verify", detail={"how": how, "hold_hours": hours})
        request, _, content = self._locked(connection, request.id)
        if standing := store.same(connection, person, request.right, but=request.id):
            values = {"state": request.after(Step.JOIN, now=now), "attached_to": standing.id, "closed_at": now}
            store.update_one(connection, request.id, {**values, **store.wiped()})
            self._note(connection, request.id, Step.JOIN, detail={"to": opaque(standing.id)})
            return
        letter = letters.request_started(
            right=request.right, due=date_of(request.due_on).isoformat(), hold_hours=hours,
            page=self._page(content.token), cancel=f"{self._page(cancel)}/cancel",
        )  # fmt: skip
        self._tell(connection, request, content, letter, everywhere=True)

    # ---- carrying out ----------------------------------------------------------------------------------------------

    def _fulfil(self, number: int, *, note: str, by_hand: bool) -> Status:
        """Take it, carry it out with the rooms that can, then close it: a crash in between is repeated, not lost."""
        with self.shop.change("request.take") as change:
            request, _, content = self._locked(change.connection, number)
            change.entry.person = _person(request)
            change.entry.detail["request"] = opaque(number)
            now = self.shop.clock()
            if request.is_executing(now):
                raise Conflict("Somebody is carrying this request out right now.")
            request.after(Step.FULFIL, now=now)
            if not by_hand and (blockers := self._blockers(request, change.connection)):
                raise Refused(" ".join(blockers))
            store.update_one(change.connection, number, {"executing_until": now + EXECUTION})
        try:
            outcome = "done" if by_hand else self._carried_out(request, content)
        except GoodwillError:
            with self.shop.database.transaction() as connection:
                store.update_one(connection, number, {"executing_until": None})
            raise
        with self.shop.change("request.fulfil") as change:
            request, _, content = self._locked(change.connection, number)
            change.entry.person = _person(request)
            letter = letters.request_fulfilled(
                right=request.right, outcome=outcome, note=note or None, page=self._page(content.token)
            )
            self._close(change, request, content, Step.FULFIL, letter=letter, outcome=outcome)
        return self._status(self._one(number))

    def _carried_out(self, request: Request, content: _Content) -> str:
        """Do it, and say how the letter words it."""
        shop, who = self.shop, Who(id=PersonId(request.person or 0))
        reason = f"request {opaque(request.id)}"
        match request.right:
            case Right.ERASE:
                if shop.find(who) is not None:  # or she was erased when a try before this one was cut off
                    shop.erasure.erase(who, reason=reason)
                return "erased"
            case Right.RESTRICT:
                shop.identity.restrict(who, reason)
            case Right.OBJECT:
                asked = Asked(how="request", by="the person", evidence=Evidence.PROVEN)
                if purpose := content.wanted.get("purpose"):
                    shop.grant(who, purpose, asked=asked, yes=False)
                else:
                    shop.identity.object_to_all(who, asked)
            case Right.RECTIFY:
                for field, value in content.wanted.items():
                    shop.identity.rectify(who, field, value, reason=reason)
            case Right.ACCESS | Right.PORT:
                return "ready"  # she fetches it signed in; nothing about her goes by mail
            case Right.HUMAN_REVIEW:
                pass  # the answer stands in the note
        return "done"

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

    # ---- closing and telling ---------------------------------------------------------------------------------------

    def _close(
        self,
        change: "Change",
        request: Request,
        content: _Content,
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
        if outcome is not None:
            values["outcome"] = outcome
        if reason:
            values["reason"] = reason
        store.update_one(change.connection, request.id, {**values, **store.wiped()})
        detail = {"outcome": outcome} if outcome else {}
        self._note(change.connection, request.id, step, reason=reason, detail=detail, actor=actor)

    def _tell(
        self, connection: Connection, request: Request, content: _Content, letter: Letter, *, everywhere: bool = False
    ) -> None:
        """Write to the address on file, or to every verified one."""
        person = None if request.person is None else people.merge.survivor(connection, PersonId(request.person))
        addresses = [content.address]
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

    # ---- small things ----------------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self, request: str, action: str, reason: str) -> Iterator[tuple["Change", Request, _Content, Regime]]:
        """One open request, locked and opened for as long as the block lasts, in a change of its own."""
        number = self._number(request)
        with self.shop.change(action, reason=reason) as change:
            now_is, _, content = self._locked(change.connection, number)
            change.entry.person = _person(now_is)
            change.entry.detail["request"] = opaque(number)
            if not now_is.is_open:
                raise Conflict(f"A request that is '{now_is.state}' is over; nothing more can be done with it.")
            if now_is.is_executing(self.shop.clock()):
                raise Conflict("This request is being carried out right now.")
            yield change, now_is, content, self._regime(now_is)

    def _set(self, change: "Change", request: Request, step: str, values: Mapping[str, Any], reason: str) -> None:
        change.entry.person = change.entry.person or _person(request)
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

    def _locked(self, connection: Connection, number: int) -> tuple[Request, store.Secrets, _Content]:
        found = store.locked(connection, number)
        if found is None:
            raise NotFound("There is no such request.")
        request, hidden = found
        if hidden.content is None:
            return request, hidden, _Content("", "", {}, None)
        return request, hidden, _Content(**json.loads(self._box().open(hidden.content, "request", number)))

    def _one(self, number: int) -> Request:
        with self.shop.database.reading() as connection:
            found = store.one(connection, number)
        if found is None:
            raise NotFound("There is no such request.")
        return found

    def _by_token(self, connection: Connection, use: str, token: str) -> Request | None:
        try:
            mark = codes.token_mark(self._box(), use, token)
        except UnicodeEncodeError:
            return None
        return store.by_mark(connection, use, mark)

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
            blockers=self._blockers(request) if request.right in HELD else (),
        )

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

    def _known(self, connection: Connection, who: Who | str) -> PersonId:
        person = self.shop.find_in(connection, who)
        if person is None:
            raise NotFound("Nobody of that name is known here. An id is written as in the shop's own files.")
        return person

    def _address_of(self, connection: Connection, person: PersonId) -> str:
        """The e-mail address on file: a verified one if there is one."""
        known = self.shop.post.reach(connection, person).addresses
        address = next((one.text for one in known if one.kind == "email"), None)
        if address is None:
            raise NotFound("No e-mail address is on file to answer to. Add one first, once it is shown to be hers.")
        return address

    def _check_wishes(self, right: Right, wanted: Wanted) -> None:
        if right is Right.RECTIFY and not wanted:
            raise BadInput("Say what is wrong: the field, and what is right.")
        if (purpose := wanted.get("purpose")) and right is Right.OBJECT:
            self.shop.register[purpose]

    def _box(self) -> Box:
        return self.shop.cipher.box("requests")

    def _page(self, token: str) -> str:
        return f"{self.shop.settings.reached_at}/privacy/requests/{token}"

    def _number(self, request: str) -> int:
        try:
            return from_opaque(request)
        except ValueError:
            raise NotFound(f"There is no request '{request[:40]}'. `goodwill requests list` shows them.") from None


def _right(word: str) -> Right:
    try:
        return Right(word)
    except ValueError:
        raise BadInput(f"'{word}' is nothing that can be asked for here. There are: {', '.join(Right)}.") from None


def _checked(wanted: Wanted) -> dict[str, str | None]:
    if len(wanted) > _MOST or any(len(key) + len(value or "") > _LONGEST for key, value in wanted.items()):
        raise BadInput(f"A request takes at most {_MOST} wishes of {_LONGEST} characters each.")
    return {clean(key, "a wish"): None if value is None else clean(value, key) for key, value in wanted.items()}


def _said(text: str, what: str) -> None:
    if not text.strip():
        raise BadInput(f"Say {what}: it stands in the letter and in the log.")


def _person(request: Request) -> PersonId | None:
    return None if request.person is None else PersonId(request.person)
