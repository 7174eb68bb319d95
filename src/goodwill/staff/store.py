"""The tables of who works here, and every question to them; a change names what must still be true when it is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from goodwill.storage.schema import Bytes, Whole, metadata

accounts = Table(
    "staff_accounts",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("known_by", Bytes, nullable=False, unique=True),  # keyed hash of the address
    Column("mailbox", Bytes, nullable=False),  # sealed: the address
    Column("name", Bytes, nullable=False),  # sealed
    Column("role", Text, nullable=False),
    Column("password", Text),  # argon2id; null: none was set yet, or signs in elsewhere
    Column("password_at", Whole),
    Column("invite", Text),  # SHA-256 of the one-time token with which a password is set
    Column("invite_until", Whole),
    Column("secret", Bytes),  # sealed: the second factor's, once a code of it was typed
    Column("next_secret", Bytes),  # sealed: one that was shown and not confirmed yet
    Column("step", Whole, nullable=False),  # of the last code that was taken; no code is taken twice
    Column("subject", Text, unique=True),  # SHA-256 of issuer and subject, once somebody signed in through one
    Column("created_at", Whole, nullable=False),
    Column("signed_in_at", Whole),
    Column("disabled_at", Whole),
    sqlite_autoincrement=True,  # the audit log names accounts by number for ever
)

recovery = Table(
    "staff_recovery",
    metadata,
    Column("account", Whole, ForeignKey("staff_accounts.id"), primary_key=True),
    Column("hash", Text, primary_key=True),  # SHA-256 of 120 random bits
)

sessions = Table(
    "staff_sessions",
    metadata,
    Column("hash", Text, primary_key=True),  # SHA-256 of 256 random bits
    Column("account", Whole, ForeignKey("staff_accounts.id"), nullable=False),
    Column("step", Text, nullable=False),  # whole, code (the second factor is awaited), enrol (it must be set up)
    Column("device", Text, nullable=False),  # as Firefox on Linux
    Column("created_at", Whole, nullable=False),
    Column("seen_at", Whole, nullable=False),
    Column("strong_at", Whole),  # when a code of the second factor was last given
)
Index("ix_staff_sessions_account", sessions.c.account)

tries = Table(
    "staff_tries",
    metadata,
    Column("key", Bytes, primary_key=True),  # keyed hash of an account's address, or of where a request came from
    Column("full_at", Whole, nullable=False),  # when nothing is left of what was tried (a leaking bucket)
    Column("told", SmallInteger, nullable=False),  # whether the audit log has heard of this lock-out
)

approvals = Table(
    "staff_approvals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 of the action and its exact parameters
    Column("words", Text, nullable=False),  # what it is, in a sentence with counts and no names
    Column("parameters", Bytes),  # sealed, for whoever is to approve; emptied once it is used, refused or late
    Column("reason", Text, nullable=False, info={"free": True}),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Whole, nullable=False),
    Column("until", Whole, nullable=False),
    Column("answer", Text),  # approved, refused
    Column("answered_by", Text),
    Column("answered_at", Whole),
    Column("used_at", Whole),
)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is kept: sealed."""

    id: int
    mailbox: bytes
    name: bytes
    role: str
    password: str | None
    password_at: int | None
    invite_until: int | None
    secret: bytes | None
    next_secret: bytes | None
    step: int
    created_at: int
    signed_in_at: int | None
    disabled_at: int | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it is kept, with what its account may do at this moment."""

    hash: str
    account: int
    step: str
    device: str
    created_at: int
    seen_at: int
    strong_at: int | None


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A question to a second person, as it is kept."""

    id: str
    action: str
    digest: str
    words: str
    parameters: bytes | None
    reason: str
    asked_by: str
    asked_at: int
    until: int
    answer: str | None
    answered_by: str | None
    answered_at: int | None
    used_at: int | None


# ---- accounts --------------------------------------------------------------------------------------------------------

_SHOWN = [accounts.c[name] for name in AccountRow.__slots__]


def add(connection: Connection, lookup: bytes, role: str, *, now: int) -> int:
    """Make an account without a name, whose sealing needs its number; `describe` follows."""
    row = insert(accounts).values(known_by=lookup, mailbox=b"", name=b"", role=role, step=0, created_at=now)
    return int(connection.execute(row.returning(accounts.c.id)).scalar_one())


def describe(connection: Connection, account: int, email: bytes, name: bytes) -> None:
    connection.execute(update(accounts).where(accounts.c.id == account).values(mailbox=email, name=name))


def all_accounts(connection: Connection) -> list[AccountRow]:
    """All accounts, oldest first."""
    return [AccountRow(*row) for row in connection.execute(select(*_SHOWN).order_by(accounts.c.id))]


def account(connection: Connection, number: int) -> AccountRow | None:
    row = connection.execute(select(*_SHOWN).where(accounts.c.id == number)).one_or_none()
    return None if row is None else AccountRow(*row)


def account_of(connection: Connection, lookup: bytes) -> AccountRow | None:
    """The account of an address."""
    row = connection.execute(select(*_SHOWN).where(accounts.c.known_by == lookup)).one_or_none()
    return None if row is None else AccountRow(*row)


def account_by_subject(connection: Connection, subject: str) -> AccountRow | None:
    """The account that somebody known to an identity provider signed in to before."""
    row = connection.execute(select(*_SHOWN).where(accounts.c.subject == subject)).one_or_none()
    return None if row is None else AccountRow(*row)


def account_invited(connection: Connection, invite: str, *, now: int) -> AccountRow | None:
    """The account that a one-time token was made for."""
    fits = (accounts.c.invite == invite, accounts.c.invite_until > now, accounts.c.disabled_at.is_(None))
    row = connection.execute(select(*_SHOWN).where(*fits)).one_or_none()
    return None if row is None else AccountRow(*row)


def bind_subject(connection: Connection, number: int, subject: str) -> bool:
    """Say who this is to an identity provider; the first time counts."""
    free = update(accounts).where(accounts.c.id == number, accounts.c.subject.is_(None)).values(subject=subject)
    return connection.execute(free).rowcount == 1


def owners(connection: Connection) -> list[int]:
    """Accounts that own the shop and are not disabled."""
    return list(
        connection.execute(
            select(accounts.c.id).where(accounts.c.role == "owner", accounts.c.disabled_at.is_(None))
        ).scalars()
    )


def set_role(connection: Connection, number: int, role: str) -> None:
    connection.execute(update(accounts).where(accounts.c.id == number).values(role=role))


def set_disabled(connection: Connection, number: int, at: int | None) -> None:
    values = {"disabled_at": at} if at is None else {"disabled_at": at, "invite": None, "invite_until": None}
    connection.execute(update(accounts).where(accounts.c.id == number).values(**values))


def set_invite(connection: Connection, number: int, invite: str, until: int) -> None:
    """Give out a one-time token; a password that was set before opens nothing any more."""
    connection.execute(
        update(accounts).where(accounts.c.id == number).values(invite=invite, invite_until=until, password=None)
    )


def use_invite(connection: Connection, number: int, invite: str, password: str, *, now: int) -> bool:
    """Set a password with a one-time token; of two who try at once, one does."""
    fits = (accounts.c.id == number, accounts.c.invite == invite, accounts.c.invite_until > now)
    used = update(accounts).where(*fits, accounts.c.disabled_at.is_(None))
    return (
        connection.execute(used.values(password=password, password_at=now, invite=None, invite_until=None)).rowcount
        == 1
    )


def set_password(connection: Connection, number: int, password: str, *, before: str | None, now: int) -> bool:
    """Change a password, if it still is what it was."""
    same = update(accounts).where(accounts.c.id == number, accounts.c.password == before)
    return connection.execute(same.values(password=password, password_at=now)).rowcount == 1


def note_signed_in(connection: Connection, number: int, *, now: int) -> None:
    connection.execute(update(accounts).where(accounts.c.id == number).values(signed_in_at=now))


# ---- the second factor -----------------------------------------------------------------------------------------------


def set_next_secret(connection: Connection, number: int, sealed: bytes) -> None:
    connection.execute(update(accounts).where(accounts.c.id == number).values(next_secret=sealed))


def confirm_secret(connection: Connection, number: int, sealed: bytes, step: int) -> bool:
    """Let a secret that was shown count from now on, if it is still the one that was shown."""
    shown = update(accounts).where(accounts.c.id == number, accounts.c.next_secret == sealed)
    return connection.execute(shown.values(secret=sealed, next_secret=None, step=step)).rowcount == 1


def take_step(connection: Connection, number: int, step: int) -> bool:
    """Use up a code; False where it, or a later one, was used before."""
    later = update(accounts).where(accounts.c.id == number, accounts.c.step < step).values(step=step)
    return connection.execute(later).rowcount == 1


def drop_second_factor(connection: Connection, number: int) -> None:
    connection.execute(update(accounts).where(accounts.c.id == number).values(secret=None, next_secret=None))
    connection.execute(delete(recovery).where(recovery.c.account == number))


def keep_recovery(connection: Connection, number: int, hashes: Iterable[str]) -> None:
    """Put new recovery codes in place of the old."""
    connection.execute(delete(recovery).where(recovery.c.account == number))
    connection.execute(insert(recovery), [{"account": number, "hash": one} for one in hashes])


def use_recovery(connection: Connection, number: int, hash_: str) -> bool:
    """Use up a recovery code; False where there is none such."""
    gone = delete(recovery).where(recovery.c.account == number, recovery.c.hash == hash_)
    return connection.execute(gone).rowcount == 1


def recovery_left(connection: Connection, number: int) -> int:
    asked = select(func.count()).select_from(recovery).where(recovery.c.account == number)
    return int(connection.execute(asked).scalar_one())


# ---- sessions --------------------------------------------------------------------------------------------------------


def add_session(connection: Connection, row: SessionRow) -> None:
    connection.execute(insert(sessions).values({name: getattr(row, name) for name in SessionRow.__slots__}))


def session(connection: Connection, hash_: str) -> tuple[SessionRow, AccountRow] | None:
    """A session and its account as it is at this moment."""
    kept = [sessions.c[name] for name in SessionRow.__slots__]
    question = select(*kept, *_SHOWN).join(accounts, accounts.c.id == sessions.c.account)
    row = connection.execute(question.where(sessions.c.hash == hash_)).one_or_none()
    if row is None:
        return None
    return SessionRow(*row[: len(kept)]), AccountRow(*row[len(kept) :])


def sessions_of(connection: Connection, number: int) -> list[SessionRow]:
    """The sessions of an account, the latest first."""
    kept = [sessions.c[name] for name in SessionRow.__slots__]
    rows = connection.execute(
        select(*kept).where(sessions.c.account == number).order_by(sessions.c.created_at.desc(), sessions.c.hash)
    )
    return [SessionRow(*row) for row in rows]


def end_session(connection: Connection, hash_: str) -> bool:
    return connection.execute(delete(sessions).where(sessions.c.hash == hash_)).rowcount == 1


def end_sessions(connection: Connection, number: int, *, but: str = "") -> int:
    """End all sessions of an account, or all but one."""
    return connection.execute(delete(sessions).where(sessions.c.account == number, sessions.c.hash != but)).rowcount


def note_seen(connection: Connection, hash_: str, *, now: int) -> None:
    connection.execute(update(sessions).where(sessions.c.hash == hash_, sessions.c.seen_at < now).values(seen_at=now))


def drop_old_sessions(connection: Connection, *, made_before: int, seen_before: int) -> int:
    old = (sessions.c.created_at < made_before) | (sessions.c.seen_at < seen_before)
    return connection.execute(delete(sessions).where(old)).rowcount


# ---- tries -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tried:
    """How far a bucket of tries is filled."""

    full_at: int
    told: bool


def tried(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, Tried]:
    rows = connection.execute(select(tries).where(tries.c.key.in_(keys)))
    return {bytes(row.key): Tried(row.full_at, bool(row.told)) for row in rows}


def set_tried(connection: Connection, key: bytes, full_at: int, *, told: bool) -> None:
    connection.execute(delete(tries).where(tries.c.key == key))
    connection.execute(insert(tries).values(key=key, full_at=full_at, told=int(told)))


def forget_tries(connection: Connection, keys: Iterable[bytes]) -> None:
    connection.execute(delete(tries).where(tries.c.key.in_(list(keys))))


def drop_old_tries(connection: Connection, *, now: int) -> int:
    return connection.execute(delete(tries).where(tries.c.full_at < now)).rowcount


# ---- approvals -------------------------------------------------------------------------------------------------------

_ASKED = [approvals.c[name] for name in ApprovalRow.__slots__]


def add_approval(connection: Connection, row: ApprovalRow) -> None:
    connection.execute(insert(approvals).values({name: getattr(row, name) for name in ApprovalRow.__slots__}))


def approval(connection: Connection, name: str) -> ApprovalRow | None:
    row = connection.execute(select(*_ASKED).where(approvals.c.id == name)).one_or_none()
    return None if row is None else ApprovalRow(*row)


def all_approvals(connection: Connection) -> list[ApprovalRow]:
    """All that was ever asked, the latest first."""
    question = select(*_ASKED).order_by(approvals.c.asked_at.desc(), approvals.c.id)
    return [ApprovalRow(*row) for row in connection.execute(question)]


def answer_approval(connection: Connection, name: str, answer: str, by: str, *, now: int) -> bool:
    """Write the answer down, unless there is one already or it comes too late."""
    waits = (approvals.c.id == name, approvals.c.answer.is_(None), approvals.c.until > now)
    values = {"answer": answer, "answered_by": by, "answered_at": now}
    if answer == "refused":
        values["parameters"] = None
    return connection.execute(update(approvals).where(*waits).values(**values)).rowcount == 1


def use_approval(connection: Connection, name: str, digest: str, by: str, *, now: int) -> bool:
    """Use an approval up: once, in time, by whoever asked, for exactly what was approved."""
    fits = (
        approvals.c.id == name,
        approvals.c.digest == digest,
        approvals.c.asked_by == by,
        approvals.c.answer == "approved",
        approvals.c.used_at.is_(None),
        approvals.c.until > now,
    )
    return connection.execute(update(approvals).where(*fits).values(used_at=now, parameters=None)).rowcount == 1


def empty_old_approvals(connection: Connection, *, now: int) -> int:
    """Let go of the exact parameters of what nobody used in time."""
    late = (approvals.c.until <= now, approvals.c.parameters.is_not(None))
    return connection.execute(update(approvals).where(*late).values(parameters=None)).rowcount
