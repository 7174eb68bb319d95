"""Requests opened, and shown to be the person's own by a code to the address or by staff who looked.

Nothing that a stranger can see depends on whether an address is known: a request by address writes the same row and the
same letter either way, and looks for nobody until the code from that letter came back.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import DAY, SECOND, date_of
from goodwill.basics.codes import TRIES, new_code, new_token, spaced, typed
from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.basics.ids import PersonId, new_reference, opaque
from goodwill.people.canonical import clean
from goodwill.reach import letters
from goodwill.reach.letters import language_of
from goodwill.rights import store
from goodwill.rights.request import CODE_LASTS, CODES_REST, HELD, MOST_CODES, Request, Right, State, Step
from goodwill.shop.fulfilling import Fulfilling
from goodwill.shop.requests import Content, Status, Wanted, said
from goodwill.shop.who import Who

if TYPE_CHECKING:
    from goodwill.shop.shop import Change

NO_CODE = "This code does not fit, or it has run out. Look for the newest letter, or ask for another code."
_TOO_MANY = 5  # requests that wait for codes at one address
_LONGEST = 2_000  # characters of one wish
_MOST = 20  # wishes in one request
_DECISION = re.compile("[a-z2-7]{13}")

Origin = Literal["form", "session", "staff", "api"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What somebody gets who asked: the number, and the token of the page on which she sees how it goes.

    Attributes:
        token: opens the status page, and can stop the request; it shows nothing that is held about anybody.
    """

    id: str
    token: str


@dataclass(frozen=True)
class Opening(Fulfilling):
    """Opening the requests of one shop's customers; what is verified and need not wait is carried out at once."""

    def open(
        self,
        right: str,
        *,
        address: str | None = None,
        who: Who | str | None = None,
        signed_in: bool = False,
        shown: str = "",
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
            shown: how it was shown to another system of the shop that ``who`` asks; then no code is sent.
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
            how = "" if person is None else "signed in" if signed_in else shown
            canonical = self._answered_at(connection, person, address, must=not (how and kind is Right.HUMAN_REVIEW))
            change.entry.detail["right"] = str(kind)
            ticket, request = self._entered(
                connection, kind, canonical, person=person, region=region, language=language, wanted=wishes,
                origin="session" if signed_in else origin, how=how,
            )  # fmt: skip
            if how:
                change.entry.person = person
        if how and request is not None:
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
            rested = now - (request.code_sent_at or 0) >= CODES_REST
            if request.state is State.UNVERIFIED and request.codes_sent < MOST_CODES and rested:
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

    def verify_by_hand(self, request: str, who: Who | str, how: str) -> Status:
        """Staff looked, and it is she: for whom the mailed code does not do.

        Args:
            how: what was looked at, such as ``passport shown in the shop``; never its number.

        Raises:
            BadInput: nothing is said of how.
            Refused: the address of the request is not hers: it is answered at an address on file or not at all.
        """
        said(how, "how it was shown")
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

    # ---- entering ----------------------------------------------------------------------------------------------------

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
        how: str,
    ) -> tuple[Ticket, int | None]:
        """A new request, or the one that she opened before; the number of one that can go on by itself.

        Args:
            how: it is known that it is hers; "" where a code must show it.
        """
        shop, now, box = self.shop, self.shop.clock(), self._box()
        store.lock(connection)
        if how and person is not None and (standing := self._same(connection, person, right, wanted)):
            _, _, held = self._locked(connection, standing.id)
            return Ticket(opaque(standing.id), held.token), None
        mark = box.mark("address", address)
        if not how and store.waiting_for(connection, mark, since=now - DAY) >= _TOO_MANY:
            raise Conflict("Several requests wait for codes at this address. Look into the mailbox, or come tomorrow.")
        number, token = new_reference(), new_token()
        content = Content(address, token, wanted, person)
        place = (region or shop.settings.place).strip().upper()
        law, today = shop.regimes.of(place), self._today()
        received = date_of(today)
        values = {
            "id": number, "right": right, "state": State.UNVERIFIED, "origin": origin, "regime": law.id,
            "region": place, "language": language_of(language, shop.settings.language), "received_at": now,
            "received_on": today, "due_on": (law.due(received, place) - date_of(0)).days, "paused_days": 0,
            "contact_cleared": 0, "reason": "", "code_tries": 0, "codes_sent": 0, "contact_mark": mark,
            "content": content.sealed(box, number),
            "status_mark": self._mark("status", token),
            "cancel_mark": self._mark("cancel", new_token()),
        }  # fmt: skip
        store.add(connection, values)
        detail = {"right": str(right), "origin": origin, "regime": law.id, **_bound_to(right, wanted)}
        self._note(connection, number, "open", detail=detail)
        request, _, content = self._locked(connection, number)
        if how:
            self._known_to_be(connection, request, content, PersonId(person or 0), how)
            return Ticket(opaque(number), content.token), number
        self._send_code(connection, request, content)
        return Ticket(opaque(number), content.token), None

    def _check_wishes(self, right: Right, wanted: Wanted) -> None:
        if right is Right.RECTIFY and not wanted:
            raise BadInput("Say what is wrong: the field, and what is right.")
        if (purpose := wanted.get("purpose")) and right is Right.OBJECT:
            self.shop.register[purpose]

    def _known(self, connection: Connection, who: Who | str) -> PersonId:
        person = self.shop.find_in(connection, who)
        if person is None:
            raise NotFound("Nobody of that name is known here. An id is written as in the shop's own files.")
        return person

    def _same(
        self, connection: Connection, person: PersonId, right: Right, wanted: Wanted, *, but: int = 0
    ) -> Request | None:
        """What she asked for already and waits for; a look at another decision is another request."""
        if right is not Right.HUMAN_REVIEW:
            return store.same(connection, person, right, but=but)
        for one in store.alike(connection, person, right, but=but):
            _, _, held = self._locked(connection, one.id)
            if held.wanted.get("decision") == wanted.get("decision"):
                return one
        return None

    def _answered_at(self, connection: Connection, person: PersonId | None, address: str | None, *, must: bool) -> str:
        """The address that a request is answered at; "" where there is none and its page does."""
        if person is not None:
            try:
                address = self._address_of(connection, person)
            except NotFound:
                if must:
                    raise
                return ""
        canonical = people.canonical("email", address or "")
        if canonical is None:
            raise BadInput("That is no e-mail address to answer to; it looks like amina@example.com.")
        return canonical

    def _address_of(self, connection: Connection, person: PersonId) -> str:
        """The e-mail address on file: a verified one if there is one."""
        known = self.shop.post.reach(connection, person).addresses
        address = next((one.text for one in known if one.kind == "email"), None)
        if address is None:
            raise NotFound("No e-mail address is on file to answer to. Add one first, once it is shown to be hers.")
        return address

    # ---- showing that it is hers -------------------------------------------------------------------------------------

    def _send_code(self, connection: Connection, request: Request, content: Content) -> None:
        now, code = self.shop.clock(), new_code()
        values = {
            "code_mark": self._box().mark("code", request.id, code), "code_until": now + CODE_LASTS,
            "code_tries": 0, "code_sent_at": now, "codes_sent": request.codes_sent + 1,
        }  # fmt: skip
        store.update_one(connection, request.id, values)
        letter = letters.request_code(
            right=request.right, code=spaced(code), minutes=CODE_LASTS // (60 * SECOND),
            page=self._page(content.token),
        )  # fmt: skip
        # Sealed with the shop's key and not with hers: nobody looks here whether there is a person.
        self.shop.post.send(
            connection, letter=letter, address=content.address, language=request.language, about=request.id,
            until=now + CODE_LASTS,
        )  # fmt: skip

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

    def _tried(self, connection: Connection, number: int, code: str, now: int) -> bool:
        """Whether a code fits; every try counts, whatever it was."""
        found = store.locked(connection, number)
        kept = None
        if found is not None:
            request, hidden = found
            usable = request.state is State.UNVERIFIED and hidden.code_tries < TRIES
            kept = hidden.code_mark if usable and (hidden.code_until or 0) > now else None
            store.update_one(connection, number, {"code_tries": hidden.code_tries + 1})
        return self._box().fits(kept, "code", number, typed(code))

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
        self._known_to_be(connection, request, content, person, how)

    def _known_to_be(
        self, connection: Connection, request: Request, content: Content, person: PersonId, how: str
    ) -> None:
        """Hold what cannot be taken back, however she showed who she is: a session may be somebody else's."""
        now = self.shop.clock()
        hours = self.shop.settings.hold_hours if request.right in HELD else 0
        cancel = new_token()
        values = {
            "state": request.after(Step.VERIFY, now=now), "person": person, "verified_at": now, "verified_how": how,
            "hold_until": now + hours * 3_600 * SECOND, "code_mark": None, "code_until": None,
            "cancel_mark": self._mark("cancel", cancel),
        }  # fmt: skip
        store.update_one(connection, request.id, values)
        self._note(connection, request.id, "verify", detail={"how": how, "hold_hours": hours})
        request, _, content = self._locked(connection, request.id)
        if standing := self._same(connection, person, request.right, content.wanted, but=request.id):
            values = {"state": request.after(Step.JOIN, now=now), "attached_to": standing.id, "closed_at": now}
            store.update_one(connection, request.id, {**values, **store.wiped()})
            self._note(connection, request.id, Step.JOIN, detail={"to": opaque(standing.id)})
            return
        if request.right is Right.ERASE:
            people.pending.begin(connection, person, now=now)
        letter = letters.request_started(
            right=request.right, due=date_of(request.due_on).isoformat(), hold_hours=hours,
            page=self._page(content.token), cancel=f"{self._page(cancel)}/cancel",
        )  # fmt: skip
        self._tell(connection, request, content, letter, everywhere=True)


def _bound_to(right: Right, wanted: Wanted) -> dict[str, str]:
    """The decision that a review is about, to be kept when what was written is wiped: its id names nobody."""
    decision = wanted.get("decision") or ""
    return {"decision": decision} if right is Right.HUMAN_REVIEW and _DECISION.fullmatch(decision) else {}


def _right(word: str) -> Right:
    try:
        return Right(word)
    except ValueError:
        raise BadInput(f"'{word}' is nothing that can be asked for here. There are: {', '.join(Right)}.") from None


def _checked(wanted: Wanted) -> dict[str, str | None]:
    if len(wanted) > _MOST or any(len(key) + len(value or "") > _LONGEST for key, value in wanted.items()):
        raise BadInput(f"A request takes at most {_MOST} wishes of {_LONGEST} characters each.")
    return {clean(key, "a wish"): None if value is None else clean(value, key) for key, value in wanted.items()}
