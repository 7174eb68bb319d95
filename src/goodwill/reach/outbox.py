"""The outbox: a letter is written in the transaction that it tells of, and sent by a job that never forgets one.

At least once: a letter about somebody's rights whose fate is not known is sent again, with the same Message-ID.
Marketing is not: twice is worse than never. Nor does it go to an address on the list of those who are left alone.
What cannot be delivered within five days is given up.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection

from goodwill.basics.clock import DAY, SECOND, Clock, Micros
from goodwill.basics.errors import BadInput, GoodwillError, KeyDestroyed
from goodwill.basics.errors import Refused as MayNot
from goodwill.basics.ids import PersonId, new_reference
from goodwill.people.suppress import suppressed
from goodwill.protect import Cipher, Sealed
from goodwill.reach import store
from goodwill.reach.letters import Kind, Letter, write
from goodwill.reach.mail import Mail, mail
from goodwill.reach.outcome import Later, Outcome, Refused, Sent, Unknown, Unreachable

GIVE_UP = 5 * DAY  # RFC 5321, 4.5.4.1: at least four to five days
LEASE = 600 * SECOND  # longer than any letter may take
_WAITS = (60, 300, 900, 3_600, 4 * 3_600, 8 * 3_600)  # seconds after the first, second … failed try
NOT_ALLOWED, ERASED = "not allowed any more", "the person was erased"  # given up as it should be
_MOST_UNKNOWN = 3  # times that a letter is sent again although it may have arrived


class Line(Protocol):
    """A connection over which letters go."""

    broken: bool

    def send(self, mail: Mail) -> Outcome: ...


class Channel(Protocol):
    """A way out of the house."""

    def line(self) -> AbstractContextManager[Line]: ...


Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one run did."""

    sent: int = 0
    later: int = 0
    unknown: int = 0
    given_up: int = 0
    reason: str = ""  # why the channel could not be reached, if it could not


@dataclass(frozen=True, slots=True)
class Sender:
    """What delivery needs to know of the shop.

    Attributes:
        still_wanted: whether somebody allows marketing by mail now, asked again right before it goes.
    """

    shop: str
    address: str
    cipher: Cipher
    clock: Clock
    still_wanted: Callable[[PersonId], bool]


def put(
    connection: Connection,
    cipher: Cipher,
    letter: Letter,
    *,
    to: str,
    language: str,
    now: Micros,
    person: PersonId | None = None,
    about: int | None = None,
    until: int | None = None,
) -> int:
    """Put a letter into the outbox; it is sent once the transaction is committed, and never if it is not.

    Args:
        person: whose key seals it, so that erasing her erases it; None: the shop's own.
        until: after which it would say nothing any more, such as when its code has run out.

    Raises:
        BadInput: it could not be put into words, or its address is none: said now and not at midnight.
        KeyDestroyed: the person was erased.
        Refused: it is marketing, and whoever reads mail at this address wants none.
    """
    if _is_left_alone(connection, cipher, letter.kind, to):
        raise MayNot("Nobody writes marketing to this address: it is on the list of those who are left alone.")
    written = write(letter, shop="x", language=language)
    number = new_reference()
    mail(written, sender="x@example.com", to=to, number=number, at=now, unsubscribe=letter.unsubscribe)
    content = json.dumps({"to": to, "context": dict(letter.context), "unsubscribe": letter.unsubscribe})
    if person is None:
        data, epoch = cipher.box("outbox").seal(content, "letter", number), None
    else:
        sealed = cipher.seal(person, str(number), content)
        data, epoch = sealed.data, sealed.epoch
    values = {
        "id": number, "person": person, "about": about, "name": letter.name, "kind": letter.kind, "language": language,
        "sealed": data, "epoch": epoch, "state": store.WAITING, "at": now, "due_at": now, "until": until, "tries": 0,
        "unknowns": 0,
    }  # fmt: skip
    store.add(connection, values)
    return number


def deliver(transaction: Transaction, channel: Channel, sender: Sender, *, limit: int = 500) -> Delivered:
    """Send what waits, one letter after the other over one connection."""
    told: dict[str, int] = {}
    reason = ""
    with ExitStack() as stack:
        lines = _Lines(channel, stack)
        for letter in _claimed(transaction, sender, limit):
            ready = _made(letter.row, sender, transaction)
            outcome = lines.send(ready) if isinstance(ready, Mail) else ready
            values = _after(letter.row, outcome, now=sender.clock())
            told[values["state"]] = told.get(values["state"], 0) + 1
            with transaction() as connection:
                store.note(connection, letter.row.id, letter.lease, values)
            if isinstance(outcome, _NoLine):
                reason = outcome.reason
                break
    sent, later, unknown, given_up = (
        told.get(state, 0) for state in (store.SENT, store.WAITING, store.UNKNOWN, store.GIVEN_UP)
    )
    return Delivered(sent, later, unknown, given_up, reason)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A letter that is ours for a while; ``row`` is as it stood before."""

    row: store.Row
    lease: int


@dataclass(frozen=True, slots=True)
class _NoLine:
    """The channel could not be reached; the letter waits with all others."""

    reason: str


@dataclass(slots=True)
class _Lines:
    """The connection in use: opened for the first letter, and anew once it has broken."""

    channel: Channel
    stack: ExitStack
    line: Line | None = None

    def send(self, mail: Mail) -> "Outcome | _NoLine":
        if self.line is None or self.line.broken:
            self.stack.close()
            try:
                self.line = self.stack.enter_context(self.channel.line())
            except Unreachable as error:
                return _NoLine(str(error))
        return self.line.send(mail)


def _claimed(transaction: Transaction, sender: Sender, limit: int) -> Iterator[_Claimed]:
    for _ in range(limit):
        now, lease = sender.clock(), secrets.randbits(62)
        with transaction() as connection:
            row = store.claim(connection, lease, now=now, leased_until=now + LEASE)
        if row is None:
            return
        yield _Claimed(row, lease)


def _made(row: store.Row, sender: Sender, transaction: Transaction) -> Mail | Refused | Unknown:
    """The letter in its envelope, or why there is none."""
    now = sender.clock()
    if row.state == store.SENDING and row.kind == Kind.MARKETING:
        return Unknown("whoever was sending it did not come back")
    if row.until is not None and row.until <= now:
        return Refused("too late to say anything")
    try:
        content = json.loads(_opened(row, sender.cipher))
        if row.kind == Kind.MARKETING and not _is_wanted(row, content["to"], sender, transaction):
            return Refused(NOT_ALLOWED)
        context = {key: tuple(value) if isinstance(value, list) else value for key, value in content["context"].items()}
        words = write(
            Letter(row.name, Kind(row.kind), context, content["unsubscribe"]), shop=sender.shop, language=row.language
        )
        return mail(
            words, sender=sender.address, to=content["to"], number=row.id, at=row.at, unsubscribe=content["unsubscribe"]
        )
    except KeyDestroyed:
        return Refused(ERASED)
    except GoodwillError as error:
        return Refused(f"it cannot be written ({type(error).__name__})")


def _is_wanted(row: store.Row, address: str, sender: Sender, transaction: Transaction) -> bool:
    """Whether marketing may still go: somebody may have said no since it was put here."""
    if not row.person or not sender.still_wanted(PersonId(row.person)):
        return False
    with transaction() as connection:
        return not _is_left_alone(connection, sender.cipher, row.kind, address)


def _is_left_alone(connection: Connection, cipher: Cipher, kind: str, address: str) -> bool:
    """Whether a letter may not go to an address; those about rights and confirmations always may."""
    return kind == Kind.MARKETING and suppressed(connection, cipher, "email", address)


def _opened(row: store.Row, cipher: Cipher) -> str:
    if row.sealed is None:
        raise BadInput("What was in this letter is wiped already.")
    if row.person is None:
        return cipher.box("outbox").open(row.sealed, "letter", row.id)
    return cipher.open(PersonId(row.person), str(row.id), Sealed(row.epoch or 0, row.sealed))


def _after(row: store.Row, outcome: "Outcome | _NoLine", *, now: int) -> dict[str, Any]:
    """What stands in the outbox afterwards."""
    again = {"state": store.WAITING, "due_at": now + _wait(row.tries), "done_at": None}
    over = {"sealed": None, "epoch": None, "done_at": now}
    match outcome:
        case Sent():
            return {"state": store.SENT, "reason": None, **over}
        case Unknown(reason) if row.kind == Kind.MARKETING or row.unknowns + 1 >= _MOST_UNKNOWN:
            return {"state": store.UNKNOWN, "reason": reason, "unknowns": row.unknowns + 1, **over}
        case Unknown(reason):
            return {**again, "reason": reason, "unknowns": row.unknowns + 1}
        case Refused(reason):
            return {"state": store.GIVEN_UP, "reason": reason, **over}
        case Later(reason) | _NoLine(reason):
            if now - row.at >= GIVE_UP:
                return {"state": store.GIVEN_UP, "reason": reason, **over}
            return {**again, "reason": reason}


def _wait(tries: int) -> int:
    return _WAITS[min(tries, len(_WAITS) - 1)] * SECOND
