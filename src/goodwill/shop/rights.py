"""What customers ask for, from the first word to the answer: opened, shown to be theirs, held, worked on, carried out.

Each step has a module of its own (`opening`, `working`, `fulfilling`), on what is kept of requests (`requests`).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from goodwill import people
from goodwill.access.addresses import changed_since
from goodwill.basics.clock import iso
from goodwill.basics.errors import NotFound
from goodwill.basics.ids import PersonId
from goodwill.people import erasures
from goodwill.reach import letters
from goodwill.reach import store as outbox
from goodwill.rights import store
from goodwill.rights.request import State, Step
from goodwill.shop.certificate import Certificate, certificate_of
from goodwill.shop.opening import Opening, Ticket
from goodwill.shop.requests import Status
from goodwill.shop.who import Who
from goodwill.shop.working import Working
from goodwill.storage.audit import Actor

__all__ = ["Rights", "Status", "Ticket"]


@dataclass(frozen=True)
class Rights(Opening, Working):
    """The requests of one shop's customers: opening them, working on them, how they go."""

    def status(self, token: str) -> Status:
        """How a request goes, by the token of its page.

        Raises:
            NotFound: no request has this token.
        """
        with self.shop.database.reading() as connection:
            request = self._by_token(connection, "status", token)
        if request is None:
            raise NotFound("There is no request with this link.")
        status = self._status(request)
        return status if request.verified_at is not None else replace(status, reason="")  # worded by staff, for her

    def certificate(self, token: str) -> Certificate:
        """The certificate of an erasure that was asked for, by the token of the request's page; it names nobody.

        Raises:
            NotFound: no request has this token, nothing was erased on it, or that was so long ago that its number went.
        """
        with self.shop.database.reading() as connection:
            request = self._by_token(connection, "status", token)
            found = None
            if request is not None and request.outcome == "erased" and request.person is not None:
                found = erasures.of_number(connection, PersonId(request.person))
        if found is None:
            raise NotFound("There is no certificate with this link.")
        return certificate_of(self.shop, found)

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

    # ---- what staff see ----------------------------------------------------------------------------------------------

    def queue(self, *, closed: bool = False, limit: int = 200) -> list[Status]:
        """The requests that are open, the most urgent first; or those that were answered, the latest first."""
        with self.shop.database.reading() as connection:
            found = store.queue(connection, closed=closed, limit=limit)
        return [self._status(request) for request in found]

    def of(self, who: Who | str) -> list[Status]:
        """Everything that somebody asked for, oldest first."""
        person = self.shop.known(who)
        with self.shop.database.reading() as connection:
            found = store.of_person(connection, [int(one) for one in people.merge.numbers(connection, person)])
        return [self._status(request) for request in found]

    def reviews(self, person: PersonId) -> dict[str, list[Status]]:
        """What she asked a human to look at, by decision, oldest first."""
        found: dict[str, list[Status]] = {}
        for one in self.of(Who(id=person)):
            if one.decision and one.state not in (State.UNVERIFIED, State.LAPSED, State.ATTACHED):
                found.setdefault(one.decision, []).append(one)
        return found

    def copy_open_until(self, who: Who | str) -> int | None:
        """Until when she may fetch her own copy; None where no request for it was granted, or that was too long ago.

        A copy that was granted before an address was added or changed is not handed out to whoever came with it.
        """
        person = self.shop.known(who)
        with self.shop.database.reading() as connection:
            mine = store.of_person(connection, [int(one) for one in people.merge.numbers(connection, person)])
            open_ = [
                until
                for one in mine
                if (until := self._ready_until(one)) and not changed_since(connection, person, one.closed_at or 0)
            ]
        return max(open_, default=None)

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
