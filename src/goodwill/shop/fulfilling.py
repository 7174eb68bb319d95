"""Requests carried out by the rooms that can, by themselves once nothing is left to wait for but the time."""

from dataclasses import dataclass

from goodwill.basics.clock import DAY, iso
from goodwill.basics.errors import BadInput, Conflict, GoodwillError, Refused
from goodwill.basics.ids import PersonId, opaque
from goodwill.consent import Asked, Evidence, Proof
from goodwill.reach import letters
from goodwill.rights import store
from goodwill.rights.request import COPY_OPEN, EXECUTION, LAPSE, Request, Right, State, Step
from goodwill.shop.requests import Content, Requests, Status, person_of
from goodwill.shop.who import Who

_BY_STAFF = frozenset({Right.RECTIFY, Right.HUMAN_REVIEW})  # somebody looks at it first


@dataclass(frozen=True)
class Fulfilling(Requests):
    """Carrying out what one shop's customers asked for."""

    def fulfil(self, request: str, *, note: str = "", by_hand: bool = False, changed: str = "") -> Status:
        """Carry a request out and say so.

        Args:
            note: a sentence that stands in the letter: the answer of a review, for example.
            by_hand: staff did it already; only the answer is left.
            changed: what changed because of a review; it stands in the letter, and beside the decision for her to read.

        Raises:
            Refused: it was not shown who asks, it is held or paused, or an address was changed lately.
            Conflict: it was answered already, is being carried out by somebody else, or nothing here can carry it out.
        """
        number = self._number(request)
        self._begin(number)
        if changed and self._one(number).right is not Right.HUMAN_REVIEW:
            raise BadInput("Only a human's look at a decision says what changed; put it into the note.")
        return self._fulfil(number, note=note, by_hand=by_hand, changed=changed)

    def advance(self) -> int:
        """Take every request on that waits for nothing but the time, and tell how many moved."""
        now = self.shop.clock()
        with self.shop.database.reading() as connection:
            waiting = store.to_move(connection, now=now, lapsed_before=now - LAPSE)
        return sum(self._lapsed(one.id) if one.state is State.UNVERIFIED else self._go_on(one.id) for one in waiting)

    # ---- what the clock does -----------------------------------------------------------------------------------------

    def _lapsed(self, number: int) -> bool:
        with self.shop.change("request.lapse") as change:
            request, _, content = self._locked(change.connection, number)
            if request.state is not State.UNVERIFIED:
                return False
            self._close(change, request, content, Step.LAPSE)
        return True

    def _go_on(self, number: int) -> bool:
        """Begin a verified request whose hold is over, and carry it out if nobody has to look at it first."""
        begun, request = self._begin(number), self._one(number)
        by_itself = request.state is State.IN_WORK and request.right not in _BY_STAFF
        if by_itself and not request.is_executing(self.shop.clock()) and not self._blockers(request):
            self._fulfil(number, note="", by_hand=False)
            return True
        return begun

    def _begin(self, number: int) -> bool:
        request, now = self._one(number), self.shop.clock()
        if request.state is not State.VERIFIED or request.is_paused or (request.hold_until or 0) > now:
            return False
        with self.shop.change("request.begin", about=person_of(request)) as change:
            request, _, _ = self._locked(change.connection, number)
            self._set(change, request, "begin", {"state": request.after(Step.BEGIN, now=now)}, "")
        return True

    # ---- carrying out ------------------------------------------------------------------------------------------------

    def _fulfil(self, number: int, *, note: str, by_hand: bool, changed: str = "") -> Status:
        """Take it, carry it out with the rooms that can, then close it: a crash in between is repeated, not lost."""
        with self.shop.change("request.take") as change:
            request, _, content = self._locked(change.connection, number)
            change.entry.person = person_of(request)
            change.entry.detail["request"] = opaque(number)
            now = self.shop.clock()
            if request.is_executing(now):
                raise Conflict("Somebody is carrying this request out right now.")
            self._check_shown_and_waited(request, now)
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
        with self.shop.change("request.fulfil", reason=changed) as change:
            request, _, content = self._locked(change.connection, number)
            change.entry.person = person_of(request)
            said = " ".join(filter(None, (note, changed))) or None
            letter = letters.request_fulfilled(
                right=request.right, outcome=outcome, note=said, page=self._page(content.token),
                days=COPY_OPEN // DAY,
            )  # fmt: skip
            self._close(change, request, content, Step.FULFIL, letter=letter, outcome=outcome, reason=changed)
        return self._status(self._one(number))

    def _check_shown_and_waited(self, request: Request, now: int) -> None:
        """Say what is missing, and what helps."""
        number = opaque(request.id)
        if request.state is State.UNVERIFIED:
            raise Refused(
                "It was not shown who asks, so nothing is handed out, changed or erased. The code from the letter does "
                f"that, or staff who looked: goodwill requests verify {number} PERSON --how '…'"
            )
        if request.state is State.VERIFIED and request.hold_until is not None and now < request.hold_until:
            raise Refused(
                f"This waits until {iso(request.hold_until)}, in case it was not she who asked. Then the job carries "
                "it out by itself."
            )

    def _carried_out(self, request: Request, content: Content) -> str:
        """Do it, and say how the letter words it."""
        shop, who = self.shop, Who(id=PersonId(request.person or 0))
        reason = f"request {opaque(request.id)}"
        match request.right:
            case Right.ERASE:
                if shop.find(who) is not None:  # or she was erased when a try before this one was cut off
                    shop.erasure.erase(who, reason=reason, chosen=False)
                return "erased"
            case Right.RESTRICT:
                shop.identity.restrict(who, reason)
            case Right.OBJECT:
                asked = Asked(how="request", by="the person", evidence=Evidence.PROVEN, proof=Proof.REQUEST)
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
