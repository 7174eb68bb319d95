"""What is kept of signing in: who was asked to show an address, and which browsers are signed in as whom."""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Index, Table, Text, delete, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from goodwill.basics.clock import SECOND
from goodwill.basics.codes import TRIES
from goodwill.basics.ids import PersonId
from goodwill.storage.schema import Bytes, Erase, Merge, Personal, Whole, metadata

MINUTE = 60 * SECOND
TRY_LASTS = 30 * MINUTE
MOST_LETTERS = 5  # to one address in the time that they last
IDLE = 30 * MINUTE
LONGEST = 12 * 60 * MINUTE
TOUCHED_EVERY = MINUTE

sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    Column("browser", Text, primary_key=True),  # hash of the mark that the asking browser got
    Column("link", Text, nullable=False),  # hash of the token in the letter's link
    Column("code", Bytes, nullable=False),  # keyed hash of the letter's code, bound to the browser
    Column("who", Bytes, nullable=False),  # keyed hash of the address, to count letters
    Column("address", Bytes),  # sealed for the shop; taken away when it was used
    Column("at", Whole, nullable=False),
    Column("tries", Whole, nullable=False),
    Column("used_at", Whole),
    Column("person", Whole),  # who it turned out to be
    info={
        "personal": Personal(
            person="person",
            under="when you signed in here",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="half an hour",
            inner=("browser", "link", "code", "who", "address", "tries"),
        )
    },
)
Index("ux_sign_in_tries_link", sign_in_tries.c.link, unique=True)
Index("ix_sign_in_tries_who", sign_in_tries.c.who, sign_in_tries.c.at)
Index("ix_sign_in_tries_at", sign_in_tries.c.at)

sign_in_sessions = Table(
    "sign_in_sessions",
    metadata,
    Column("token", Text, primary_key=True),  # hash of what the browser's cookie holds
    Column("person", Whole, nullable=False),
    Column("at", Whole, nullable=False),
    Column("seen_at", Whole, nullable=False),
    info={
        "personal": Personal(
            person="person",
            under="where you are signed in",
            erase=Erase.DELETED,
            merge=Merge.STAYS,
            kept="until you sign out, half an hour after you last did something, twelve hours at most",
            inner=("token",),
        )
    },
)
Index("ix_sign_in_sessions_person", sign_in_sessions.c.person)


@dataclass(frozen=True, slots=True)
class Try:
    """Somebody was asked to show that an address is hers, and may still do so."""

    browser: str
    code: bytes
    address: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in."""

    token: str
    person: PersonId
    at: int
    seen_at: int


def letters_to(connection: Connection, who: bytes, *, now: int) -> int:
    """How many letters an address was sent in the time that they last."""
    recent = (sign_in_tries.c.who == who, sign_in_tries.c.at > now - TRY_LASTS)
    return connection.execute(select(func.count()).select_from(sign_in_tries).where(*recent)).scalar_one()


def add_try(
    connection: Connection, *, browser: str, link: str, code: bytes, who: bytes, address: bytes, now: int
) -> None:
    connection.execute(
        insert(sign_in_tries).values(browser=browser, link=link, code=code, who=who, address=address, at=now, tries=0)
    )


def _open(now: int) -> tuple[ColumnElement[bool], ...]:
    tries = sign_in_tries.c
    return tries.used_at.is_(None), tries.at > now - TRY_LASTS, tries.tries < TRIES


def by_browser(connection: Connection, browser: str, *, now: int) -> Try | None:
    """What the browser with this mark asked for, if it may still be shown."""
    return _one(connection, sign_in_tries.c.browser == browser, now)


def by_link(connection: Connection, link: str, *, now: int) -> Try | None:
    """What a link belongs to, if it may still be shown."""
    return _one(connection, sign_in_tries.c.link == link, now)


def _one(connection: Connection, which: ColumnElement[bool], now: int) -> Try | None:
    columns = (sign_in_tries.c[name] for name in ("browser", "code", "address", "at"))
    row = connection.execute(select(*columns).where(which, *_open(now))).first()
    return None if row is None else Try(row.browser, bytes(row.code), bytes(row.address), row.at)


def count_try(connection: Connection, browser: str, *, now: int) -> bool:
    """Use up one of the tries to type a code, and tell whether there was one left."""
    one_more = update(sign_in_tries).where(sign_in_tries.c.browser == browser, *_open(now))
    return connection.execute(one_more.values(tries=sign_in_tries.c.tries + 1)).rowcount == 1


def use(connection: Connection, browser: str, *, now: int) -> bool:
    """Use a try up, for good; of two who come at once, one is told that it was theirs."""
    unused = update(sign_in_tries).where(sign_in_tries.c.browser == browser, sign_in_tries.c.used_at.is_(None))
    return connection.execute(unused.values(used_at=now, address=None)).rowcount == 1


def note_person(connection: Connection, browser: str, person: PersonId) -> None:
    """Write down who a used try turned out to be."""
    connection.execute(update(sign_in_tries).where(sign_in_tries.c.browser == browser).values(person=person))


def drop_old(connection: Connection, *, now: int) -> None:
    """Drop tries and sessions that open nothing any more."""
    connection.execute(delete(sign_in_tries).where(sign_in_tries.c.at <= now - TRY_LASTS))
    seen, at = sign_in_sessions.c.seen_at, sign_in_sessions.c.at
    connection.execute(delete(sign_in_sessions).where(or_(seen <= now - IDLE, at <= now - LONGEST)))


def add_session(connection: Connection, token: str, person: PersonId, *, now: int) -> None:
    connection.execute(insert(sign_in_sessions).values(token=token, person=person, at=now, seen_at=now))


def session(connection: Connection, token: str, *, now: int) -> Session | None:
    """The session behind a cookie's hash, if it is not over."""
    its = sign_in_sessions.c
    alive = (its.token == token, its.seen_at > now - IDLE, its.at > now - LONGEST)
    row = connection.execute(select(sign_in_sessions).where(*alive)).first()
    return None if row is None else Session(row.token, PersonId(row.person), row.at, row.seen_at)


def touch(connection: Connection, token: str, *, now: int) -> None:
    """Note that somebody is still there."""
    connection.execute(update(sign_in_sessions).where(sign_in_sessions.c.token == token).values(seen_at=now))


def end_session(connection: Connection, token: str) -> None:
    connection.execute(delete(sign_in_sessions).where(sign_in_sessions.c.token == token))
