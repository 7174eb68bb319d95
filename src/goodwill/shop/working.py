"""What staff do with an open request before it is answered: stop its clock, take more time, or say no."""

from dataclasses import dataclass, replace

from goodwill.basics.clock import date_of
from goodwill.basics.errors import Conflict, Refused
from goodwill.reach import letters
from goodwill.rights.request import Step
from goodwill.shop.requests import Requests, Status, said


@dataclass(frozen=True)
class Working(Requests):
    """Work on the requests of one shop's customers."""

    def pause(self, request: str, reason: str) -> Status:
        """Stop the clock while it is truly in doubt who asks; the letter says what is needed.

        Raises:
            Refused: the law that counts stops no clock, or it stands already.
        """
        said(reason, "the reason")
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
            Refused: it was not shown who asks, the law gives none, it was taken, or it is too late to say so.
        """
        said(reason, "the reason")
        with self._changing(request, "request.extend", reason) as (change, now_is, content, regime):
            if now_is.verified_at is None:
                raise Refused(
                    "It was not shown who asks, so nobody is there to be told that it takes longer. It lapses "
                    "by itself a week after it was opened, if the code does not come back."
                )
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
        said(reason, "the reason")
        with self._changing(request, "request.clear-contact", reason) as (change, now_is, _, _regime):
            self._set(change, now_is, "clear contact", {"contact_cleared": 1}, reason)
        return self.show(request)

    def refuse(self, request: str, reason: str) -> Status:
        """Say no, with the reason and the way to complain."""
        said(reason, "the reason")
        with self._changing(request, "request.refuse", reason) as (change, now_is, content, regime):
            watches, page = regime.regulator_of(now_is.region), self._page(content.token)
            appeal = page if "appeal-route" in regime.duties else None
            letter = letters.request_refused(
                right=now_is.right, reason=reason, regulator=watches.name, complaint=watches.complaint_url,
                appeal=appeal, page=page,
            )  # fmt: skip
            self._close(change, now_is, content, Step.REFUSE, letter=letter, reason=reason)
        return self.show(request)
