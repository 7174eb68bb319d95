"""The outbox of messages to other systems: put down with the change that they tell of, signed and sent by a job."""

import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Connection
from standardwebhooks import Webhook

from goodwill.basics.clock import SECOND, Clock, Micros, iso, moment
from goodwill.basics.ids import PersonId, new_reference, opaque
from goodwill.protect import Box
from goodwill.reach.outcome import Later, Outcome, Refused, Sent
from goodwill.reach.webhooks import store
from goodwill.reach.webhooks.store import Message, Target

CONSENT, ERASED, DECIDED, JOB = "consent.changed", "person.erased", "decision.made", "job.finished"
TOPICS: Final = (CONSENT, ERASED, DECIDED, JOB)
TEST: Final = "webhook.test"
LEASE: Final = 60 * SECOND
# As Standard Webhooks advises: seconds after the first, second … failed try.
_WAITS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_SECRET_BYTES: Final = 32


class Caller(Protocol):
    """A way to another machine."""

    def check(self, url: str) -> str: ...
    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome: ...


Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one run did."""

    sent: int = 0
    later: int = 0
    given_up: int = 0


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes it."""
    return f"whsec_{b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def put(
    connection: Connection,
    targets: Sequence[int],
    topic: str,
    data: Mapping[str, Any],
    *,
    now: Micros,
    person: PersonId | None = None,
) -> None:
    """Tell some targets of something, once the transaction is committed.

    Args:
        data: ids, states and words of ours alone.
        person: whom it is about; what waits goes with her.
    """
    put_all(connection, targets, topic, [(person, data)], now=now)


def put_all(
    connection: Connection,
    targets: Sequence[int],
    topic: str,
    told: Iterable[tuple[PersonId | None, Mapping[str, Any]]],
    *,
    now: Micros,
) -> None:
    """The same of many things at once: each with whom it is about."""
    at, rows = iso(now), list[Mapping[str, Any]]()
    for person, data in told if targets else ():
        body = json.dumps({"type": topic, "timestamp": at, "data": dict(data)}, separators=(",", ":"))
        rows += (
            {
                "id": new_reference(), "target": number, "topic": topic, "body": body, "person": person, "at": now,
                "state": store.WAITING, "tries": 0, "due_at": now,
            }
            for number in targets
        )  # fmt: skip
    if rows:
        store.add(connection, rows)


def deliver(transaction: Transaction, caller: Caller, box: Box, clock: Clock, *, limit: int = 500) -> Delivered:
    """Send what waits."""
    became: dict[str, int] = {}
    for _ in range(limit):
        now, lease = clock(), secrets.randbits(62)
        with transaction() as connection:
            message = store.claim(connection, lease, now=now, leased_until=now + LEASE)
            target = None if message is None else store.target(connection, message.target)
        if message is None:
            break
        outcome = _sent(message, target, caller, box, now)
        values = _after(message, outcome, now=clock())
        became[values["state"]] = became.get(values["state"], 0) + 1
        with transaction() as connection:
            store.note(connection, message.id, lease, values)
    return Delivered(*(became.get(state, 0) for state in (store.SENT, store.WAITING, store.GIVEN_UP)))


def _sent(message: Message, target: Target | None, caller: Caller, box: Box, now: int) -> Outcome:
    if target is None or target.closed_at is not None:
        return Refused("the target was closed")
    return caller.post(target.url, message.body.encode(), signed(message, secrets_of(target, box, now), now))


def secrets_of(target: Target, box: Box, now: int) -> list[str]:
    """The secrets that sign for a target now; two while one is being renewed, the newer first."""
    found = [box.open(target.secret, "target", target.id)]
    if target.old_secret is not None and (target.old_until or 0) > now:
        found.append(box.open(target.old_secret, "target", target.id))
    return found


def signed(message: Message, keys: Sequence[str], now: int) -> dict[str, str]:
    """The headers of a message; its id stays the same from try to try, its time is that of the try."""
    name, at = f"msg_{opaque(message.id)}", moment(now)
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(now // SECOND),
        "webhook-signature": " ".join(Webhook(key).sign(name, at, message.body) for key in keys),
    }


def _after(message: Message, outcome: Outcome, *, now: int) -> dict[str, Any]:
    match outcome:
        case Sent():
            return {"state": store.SENT, "reason": None, "done_at": now}
        case Later(reason) if message.tries < len(_WAITS):
            return {"state": store.WAITING, "reason": reason, "due_at": now + _WAITS[message.tries] * SECOND}
        case _:
            return {"state": store.GIVEN_UP, "reason": outcome.reason, "done_at": now}
