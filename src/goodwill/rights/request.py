"""A request, the states it goes through, and which step leads from where to where; pure, so that all can be tried.

The rule above all others: there is no way to ``in work`` or ``fulfilled`` but through ``verified``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from goodwill.basics.clock import DAY, SECOND, date_of
from goodwill.basics.errors import Conflict, Refused
from goodwill.purposes import Regime
from goodwill.purposes.due import next_open, open_days

CODE_LASTS = 3_600 * SECOND
CODES_REST = 60 * SECOND  # between two codes for one request
MOST_CODES = 5  # for one request
LAPSE = 7 * DAY  # how long a request waits for its code
COPY_OPEN = 14 * DAY  # how long a copy can be fetched once it is ready
CONTACT_REST = 30 * DAY  # how long nothing is handed out after an address was changed
EXECUTION = 3_600 * SECOND  # how long one that is being carried out belongs to whoever carries it out


class Right(StrEnum):
    """What may be asked for (GDPR art. 15-22, and their like elsewhere)."""

    ACCESS = "access"
    PORT = "port"
    RECTIFY = "rectify"
    ERASE = "erase"
    RESTRICT = "restrict"
    OBJECT = "object"
    HUMAN_REVIEW = "human-review"


HANDS_OUT = frozenset({Right.ACCESS, Right.PORT})
HELD = HANDS_OUT | {Right.ERASE}  # what cannot be taken back waits a day, with a notice to everywhere she is reached


class State(StrEnum):
    """How far a request is."""

    UNVERIFIED = "identity unverified"
    VERIFIED = "verified"  # and waiting until the hold is over
    IN_WORK = "in work"
    FULFILLED = "fulfilled"
    REFUSED = "refused"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    ATTACHED = "attached"  # the same was asked for already, and that request goes on


OPEN = frozenset({State.UNVERIFIED, State.VERIFIED, State.IN_WORK})


class Step(StrEnum):
    """What can be done with a request."""

    VERIFY = "verify"
    BEGIN = "begin"
    FULFIL = "fulfil"
    REFUSE = "refuse"
    LAPSE = "lapse"
    CANCEL = "cancel"
    JOIN = "join"
    FIND_NOTHING = "find nothing"  # the address is shown to be hers, and nobody is known under it


# The only ways there are. Pausing and extending move the clock and never the state.
WAYS: Mapping[tuple[State, Step], State] = {
    (State.UNVERIFIED, Step.VERIFY): State.VERIFIED,
    (State.UNVERIFIED, Step.LAPSE): State.LAPSED,
    (State.UNVERIFIED, Step.REFUSE): State.REFUSED,
    (State.UNVERIFIED, Step.CANCEL): State.CANCELLED,
    (State.VERIFIED, Step.BEGIN): State.IN_WORK,
    (State.VERIFIED, Step.JOIN): State.ATTACHED,
    (State.VERIFIED, Step.FIND_NOTHING): State.FULFILLED,
    (State.VERIFIED, Step.REFUSE): State.REFUSED,
    (State.VERIFIED, Step.CANCEL): State.CANCELLED,
    (State.IN_WORK, Step.FULFIL): State.FULFILLED,
    (State.IN_WORK, Step.REFUSE): State.REFUSED,
    (State.IN_WORK, Step.CANCEL): State.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it stands.

    Attributes:
        person: whose it is; None until that was shown, and for ever where nobody is known under the address.
        origin: ``form``, ``session``, ``staff`` or ``api``.
        received_on, due_on: days on the shop's calendar.
        hold_until: nothing is carried out before.
        paused_at: since when the clock stands; paused_days: how long it stood before.
        contact_cleared: staff looked at an address that was changed lately, and let the request go on.
        executing_until: until when somebody is carrying it out.
        reason: of the last refusal, extension or pause, as staff worded it.
    """

    id: int
    right: Right
    state: State
    person: int | None
    origin: str
    regime: str
    region: str
    language: str
    received_at: int
    received_on: int
    due_on: int
    verified_at: int | None
    verified_how: str | None
    hold_until: int | None
    paused_at: int | None
    paused_days: int
    extended_at: int | None
    contact_cleared: bool
    executing_until: int | None
    closed_at: int | None
    outcome: str | None
    reason: str
    attached_to: int | None
    code_sent_at: int | None
    codes_sent: int

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def shown_state(self) -> str:
        """The state as people read it."""
        if self.is_open and self.is_paused:
            return "paused"
        if self.is_open and self.extended_at is not None and self.state is not State.UNVERIFIED:
            return f"{self.state}, extended"
        return str(self.state)

    def after(self, step: Step, *, now: int) -> State:
        """The state that a step leads to.

        Raises:
            Conflict: no way leads there from here, or somebody is carrying the request out right now.
            Refused: it may not be carried out yet, or the clock stands.
        """
        way = WAYS.get((self.state, step))
        if way is None:
            raise Conflict(f"A request that is '{self.state}' cannot be taken to '{step}'.")
        if self.is_executing(now) and step is not Step.FULFIL:
            raise Conflict("This request is being carried out right now.")
        if step in (Step.BEGIN, Step.FULFIL):
            self._check_may_be_carried_out(now)
        if step is Step.FIND_NOTHING and (self.verified_at is None or self.person is not None):
            raise Refused("Somebody is known under this address, or it was not shown to be hers.")
        return way

    def is_executing(self, now: int) -> bool:
        return self.executing_until is not None and now < self.executing_until

    def _check_may_be_carried_out(self, now: int) -> None:
        if self.verified_at is None or self.person is None:
            raise Refused("It was not shown who asks, so nothing is handed out, changed or erased.")
        if self.hold_until is not None and now < self.hold_until:
            raise Refused("This waits for a while, in case it was not she who asked.")
        if self.is_paused:
            raise Refused("This is paused because it is in doubt who asks. Resume it first.")


def due(regime: Regime, request: Request, *, stood: int) -> date:
    """The last day for an answer: by the law, later if it was extended, later by the days on which the clock stood."""
    received = date_of(request.received_on)
    last = (regime.latest if request.extended_at is not None else regime.due)(received, request.region)
    last += timedelta(days=stood)
    return next_open(last, open_days(request.region)) if regime.moves and stood else last
