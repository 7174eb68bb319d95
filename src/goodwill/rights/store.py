"""The requests, and the log of what was done with each. Addresses and wishes lie sealed, and are wiped at the end."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Index, Table, Text, func, insert, select, update

from goodwill.rights.request import OPEN, Request, Right, State
from goodwill.storage.engine import HOLDS, REQUESTS, one_at_a_time
from goodwill.storage.schema import Bytes, Erase, Merge, Personal, Whole, metadata

requests = Table(
    "requests",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),  # random
    Column("right", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("person", Whole),
    Column("origin", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("received_at", Whole, nullable=False),
    Column("received_on", Whole, nullable=False),
    Column("due_on", Whole, nullable=False),
    Column("verified_at", Whole),
    Column("verified_how", Text, info={"free": True}),
    Column("hold_until", Whole),
    Column("paused_at", Whole),
    Column("paused_days", Whole, nullable=False),
    Column("extended_at", Whole),
    Column("contact_cleared", Whole, nullable=False),
    Column("executing_until", Whole),
    Column("closed_at", Whole),
    Column("outcome", Text),
    Column("reason", Text, nullable=False, info={"free": True}),
    Column("attached_to", Whole),
    Column("status_mark", Bytes, nullable=False),  # keyed hashes of the two links
    Column("cancel_mark", Bytes, nullable=False),
    Column("contact_mark", Bytes),  # of the address; wiped at the end
    Column("content", Bytes),  # address and wishes, sealed by the shop: nobody may be known yet; wiped at the end
    Column("code_mark", Bytes),
    Column("code_until", Whole),
    Column("code_tries", Whole, nullable=False),
    Column("code_sent_at", Whole),
    Column("codes_sent", Whole, nullable=False),
    info={
        "personal": Personal(
            person="person",
            under="what you asked us for",
            erase=Erase.KEPT,
            merge=Merge.STAYS,
            kept="as proof that it was answered, as long as the register says; address and wishes only till then",
            inner=(
                "status_mark", "cancel_mark", "contact_mark", "content", "code_mark", "code_until", "code_tries",
                "code_sent_at", "codes_sent", "contact_cleared", "executing_until",
            ),
        )
    },
)  # fmt: skip
Index("ux_requests_status_mark", requests.c.status_mark, unique=True)
Index("ux_requests_cancel_mark", requests.c.cancel_mark, unique=True)
Index("ix_requests_contact_mark", requests.c.contact_mark)
Index("ix_requests_person", requests.c.person)
Index("ix_requests_state_due_on", requests.c.state, requests.c.due_on)

request_steps = Table(
    "request_steps",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("request", Whole, nullable=False),
    Column("at", Whole, nullable=False),
    Column("step", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON: words and numbers of the program
    sqlite_autoincrement=True,
)
Index("ix_request_steps_request", request_steps.c.request, request_steps.c.id)

_FIELDS = tuple(Request.__dataclass_fields__)
_WIPED = {"contact_mark": None, "content": None, "code_mark": None, "code_until": None}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a request keeps hidden."""

    contact_mark: bytes | None
    content: bytes | None
    code_mark: bytes | None
    code_until: int | None
    code_tries: int


@dataclass(frozen=True, slots=True)
class Done:
    """One line of a request's log."""

    at: int
    step: str
    actor: str
    reason: str
    detail: Mapping[str, Any]


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(requests).values(**values))


def locked(connection: Connection, number: int) -> tuple[Request, Secrets] | None:
    """A request to be changed; whoever else wants to change one waits."""
    lock(connection)
    row = connection.execute(select(requests).where(requests.c.id == number)).first()
    return None if row is None else (_request(row), _secrets(row))


def lock(connection: Connection) -> None:
    """One at a time; what becomes of a request may hold or release whom it is about, and that lock comes first."""
    for one_of in (HOLDS, REQUESTS):
        one_at_a_time(connection, one_of)


def one(connection: Connection, number: int) -> Request | None:
    row = connection.execute(select(requests).where(requests.c.id == number)).first()
    return None if row is None else _request(row)


def by_mark(connection: Connection, use: str, mark: bytes) -> Request | None:
    """The request that a link leads to; ``use`` is ``status`` or ``cancel``."""
    row = connection.execute(select(requests).where(requests.c[f"{use}_mark"] == mark)).first()
    return None if row is None else _request(row)


def update_one(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(requests).where(requests.c.id == number).values(**values))


def wiped() -> dict[str, Any]:
    """What a request that ended keeps no longer."""
    return dict(_WIPED)


def waiting_for(connection: Connection, contact_mark: bytes, *, since: int) -> int:
    """How many unverified requests wait for codes sent to one address."""
    here = (
        requests.c.contact_mark == contact_mark,
        requests.c.state == State.UNVERIFIED,
        requests.c.received_at > since,
    )
    return int(connection.execute(select(func.count()).select_from(requests).where(*here)).scalar_one())


def same(connection: Connection, person: int, right: Right, *, but: int) -> Request | None:
    """Another open, verified request of the same person for the same."""
    return next(iter(alike(connection, person, right, but=but)), None)


def alike(connection: Connection, person: int, right: Right, *, but: int) -> list[Request]:
    """All of them, oldest first."""
    here = (
        requests.c.person == person,
        requests.c.right == right,
        requests.c.id != but,
        requests.c.state.in_([State.VERIFIED, State.IN_WORK]),
    )
    return [_request(row) for row in connection.execute(select(requests).where(*here).order_by(requests.c.received_at))]


def of_person(connection: Connection, persons: list[int]) -> list[Request]:
    """Everything that somebody asked for, oldest first."""
    question = select(requests).where(requests.c.person.in_(persons)).order_by(requests.c.received_at, requests.c.id)
    return [_request(row) for row in connection.execute(question)]


def queue(connection: Connection, *, closed: bool, limit: int) -> list[Request]:
    """Open requests by their last day, the most urgent first; or closed ones, the latest first."""
    question = select(requests).limit(limit)
    if closed:
        question = question.where(requests.c.state.not_in(OPEN)).order_by(requests.c.closed_at.desc(), requests.c.id)
    else:
        question = question.where(requests.c.state.in_(OPEN)).order_by(requests.c.due_on, requests.c.id)
    return [_request(row) for row in connection.execute(question)]


def received(connection: Connection, rights: Collection[Right], *, since: int) -> int:
    """How many requests of some kinds came since a moment, those that were taken back left out."""
    here = requests.c
    question = select(func.count()).where(here.right.in_(rights), here.received_at >= since)
    return int(connection.execute(question.where(here.state != State.CANCELLED)).scalar_one())


def to_move(connection: Connection, *, now: int, lapsed_before: int) -> list[Request]:
    """Requests that wait for nobody but the clock: held ones whose time is over, unverified ones that are too old."""
    due = (requests.c.state == State.VERIFIED) & (requests.c.hold_until <= now) & requests.c.paused_at.is_(None)
    old = (requests.c.state == State.UNVERIFIED) & (requests.c.received_at <= lapsed_before)
    begun = (requests.c.state == State.IN_WORK) & requests.c.paused_at.is_(None)
    question = select(requests).where(due | old | begun).order_by(requests.c.due_on, requests.c.id)
    return [_request(row) for row in connection.execute(question)]


def rectified_since(connection: Connection, person: int, since: int) -> bool:
    """Whether a correction of somebody's data was carried out lately."""
    here = (
        requests.c.person == person,
        requests.c.right == Right.RECTIFY,
        requests.c.state == State.FULFILLED,
        requests.c.closed_at >= since,
    )
    return connection.execute(select(requests.c.id).where(*here).limit(1)).first() is not None


def count_named(connection: Connection, *, before: int) -> int:
    """How many requests that ended before a moment still say whose they were."""
    question = select(func.count()).select_from(requests).where(*_named_before(before))
    return int(connection.execute(question).scalar_one())


def unname(connection: Connection, *, before: int) -> int:
    """Let old requests say no longer whose they were, nor what staff wrote; what was asked for, and when, stays."""
    gone = {"person": None, "reason": "", "verified_how": None, **_WIPED}
    return connection.execute(update(requests).where(*_named_before(before)).values(**gone)).rowcount


def _named_before(moment: int) -> tuple[ColumnElement[bool], ...]:
    named = requests.c.person.is_not(None) | (requests.c.reason != "") | requests.c.verified_how.is_not(None)
    return requests.c.state.not_in(OPEN), requests.c.closed_at < moment, named


def note_step(
    connection: Connection, number: int, step: str, *, now: int, actor: str, reason: str, detail: Mapping[str, Any]
) -> None:
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True)
    values = {"request": number, "at": now, "step": step, "actor": actor, "reason": reason, "detail": text}
    connection.execute(insert(request_steps).values(**values))


def steps(connection: Connection, number: int) -> list[Done]:
    question = select(request_steps).where(request_steps.c.request == number).order_by(request_steps.c.id)
    return [
        Done(row.at, row.step, row.actor, row.reason, json.loads(row.detail)) for row in connection.execute(question)
    ]


def _request(row: Any) -> Request:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Request(
        **{
            **values,
            "right": Right(row.right),
            "state": State(row.state),
            "contact_cleared": bool(row.contact_cleared),
        }
    )


def _secrets(row: Any) -> Secrets:
    def plain(value: Any) -> bytes | None:
        return None if value is None else bytes(value)

    return Secrets(plain(row.contact_mark), plain(row.content), plain(row.code_mark), row.code_until, row.code_tries)
