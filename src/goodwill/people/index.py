"""How far the database has followed the key store: in which epoch its ids are found, and how many erasures it knows of.

Ids are found by hashes that are locked anew in each epoch. In which one they are locked stands here, in the same
database and changed in the same transaction, so that no look-up ever meets hashes of another epoch.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    SmallInteger,
    Table,
    bindparam,
    cast,
    delete,
    insert,
    null,
    select,
    text,
    update,
)

from goodwill.basics.errors import BadInput, Busy, Conflict, KeyMissing
from goodwill.basics.ids import PersonId
from goodwill.people.bulk import copy, listed
from goodwill.people.canonical import canonical
from goodwill.people.tables import identities
from goodwill.protect import Cipher, KeyState, Sealed
from goodwill.storage.engine import KEYS, PEOPLE, driver, is_sqlite, one_at_a_time
from goodwill.storage.questions import Question
from goodwill.storage.schema import Whole, metadata

key_marks = Table(
    "key_marks",
    metadata,
    Column("only", SmallInteger, primary_key=True, autoincrement=False),  # one row, the number 1
    Column("epoch", Whole, nullable=False),  # 0: never followed, as in a database of the first version
    Column("tombstones", Whole, nullable=False),
)

_NOW = Question(lambda _: select(key_marks.c.epoch, key_marks.c.tombstones))
_NOBODY = null()
# The epoch and who was found stand in one answer, so that they are of one moment; the epoch's row names nobody.
_FIND = Question(
    lambda lists: select(key_marks.c.epoch, cast(_NOBODY, LargeBinary), cast(_NOBODY, BigInteger)).union_all(
        select(cast(_NOBODY, BigInteger), identities.c.lookup, identities.c.person).where(
            identities.c.kind == bindparam("kind"), identities.c.lookup.in_(lists.hashes("lookups"))
        )
    )
)
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Followed:
    """The epoch in which ids are found, and the number of destroyed keys that were acted upon."""

    epoch: int
    tombstones: int


def followed(connection: Connection) -> Followed | None:
    """How far the database has followed the key store; None where nobody ever wrote it down."""
    rows = _NOW.ask(connection)
    return Followed(*rows[0]) if rows else None


def epoch_of(connection: Connection, cipher: Cipher) -> int:
    """The epoch in which ids are found; fixed to the end of the transaction once it holds the lock of people."""
    now = followed(connection)
    return now.epoch if now is not None and now.epoch else cipher.keys.epoch


def lookups(connection: Connection, cipher: Cipher, kind: str, forms: Sequence[str]) -> list[bytes]:
    """What ids of one kind are found by in this database, given in their one form."""
    epoch = epoch_of(connection, cipher)
    try:
        return cipher.lookup_many(kind, forms, epoch=epoch)
    except KeyMissing:
        raise Busy("The keys are being renewed; try again in a moment.") from None


def find(connection: Connection, cipher: Cipher, kind: str, forms: Sequence[str]) -> dict[str, PersonId]:
    """The people behind ids of one kind, given in their one form, by one question: decisions wait for it.

    Whoever is not known is missing.
    """
    found: dict[str, PersonId] = {}
    epoch, left = cipher.keys.epoch, list(dict.fromkeys(forms))
    for _ in range(_TRIES):
        try:
            lookups = cipher.lookup_many(kind, left, epoch=epoch)
        except KeyMissing:
            break
        rows = _FIND.ask(connection, kind=kind, lookups=lookups)
        marked = next((mark for mark, lookup, _ in rows if lookup is None), None)
        known = {bytes(lookup): PersonId(person) for _, lookup, person in rows if lookup is not None}
        found |= {form: known[lookup] for form, lookup in zip(left, lookups, strict=True) if lookup in known}
        left = [form for form in left if form not in found]
        if not left or marked in (epoch, 0, None):
            return found
        epoch = marked  # an epoch began, or ended, in between
    raise Busy("The keys are being renewed; try again in a moment.")


def follow(connection: Connection, epoch: int, tombstones: int) -> None:
    """Write down how far the database has followed the key store."""
    connection.execute(delete(key_marks))
    connection.execute(insert(key_marks).values(only=1, epoch=epoch, tombstones=tombstones))


def note_tombstones(connection: Connection, tombstones: int) -> None:
    """Write down how many destroyed keys were acted upon."""
    connection.execute(update(key_marks).values(tombstones=tombstones))


def lock_anew(connection: Connection, cipher: Cipher, epoch: int) -> int:
    """Let every id be found in another epoch, and tell how many ids that were; nothing where they are found there.

    Whoever looks somebody up meanwhile waits, or looks again.
    """
    for lock in (PEOPLE, KEYS):
        one_at_a_time(connection, lock)
    now = followed(connection)
    if now is None:
        raise Conflict("Nobody wrote down in which epoch ids are found here. Open the shop anew, then try again.")
    if now.epoch >= epoch:
        return 0
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for kind, lookup in connection.execute(select(identities.c.kind, identities.c.lookup)):
        found[kind].append(bytes(lookup))
    rows = [
        (kind, was, becomes)
        for kind, these in found.items()
        for was, becomes in zip(these, cipher.look_up_anew(kind, these, now.epoch, epoch), strict=True)
    ]
    _replace(connection, rows)
    connection.execute(update(key_marks).values(epoch=epoch))
    return len(rows)


def build_anew(connection: Connection, cipher: Cipher, *, region: str | None) -> int:
    """Work every id's lookup out from the id itself, for a database that was left behind by the key store.

    One that was restored, or made by the first version. Ids of people whose keys are destroyed open no more; they go.
    """
    for lock in (PEOPLE, KEYS):
        one_at_a_time(connection, lock)
    rows = connection.execute(
        select(identities.c.kind, identities.c.lookup, identities.c.person, identities.c.sealed, identities.c.epoch)
    ).all()
    keys = cipher.keys
    persons = {PersonId(row.person) for row in rows}
    gone = {person for person in persons - keys.live(persons) if keys.state(person) is KeyState.DESTROYED}
    connection.execute(delete(identities).where(identities.c.person.in_(listed(connection, gone))))
    forms: defaultdict[str, dict[bytes, str]] = defaultdict(dict)
    for row in rows:
        if row.person not in gone:
            clear = cipher.open(row.person, row.kind, Sealed(row.epoch, row.sealed))
            forms[row.kind][bytes(row.lookup)] = _form(row.kind, clear, region)
    epoch, taken = keys.epoch, set[tuple[str, bytes]]()
    moves: list[tuple[str, bytes, bytes]] = []
    for kind, these in forms.items():
        for was, becomes in zip(these, cipher.lookup_many(kind, list(these.values()), epoch=epoch), strict=True):
            if (kind, becomes) not in taken:  # two that were written differently are one now: the first keeps it
                taken.add((kind, becomes))
                moves.append((kind, was, becomes))
    _replace(connection, moves)
    return len(moves)


def _form(kind: str, clear: str, region: str | None) -> str:
    try:
        return canonical(kind, clear, region=region) or clear
    except BadInput:
        return clear


# ---- writing -------------------------------------------------------------------------------------------------------


def _replace(connection: Connection, rows: Iterable[tuple[str, bytes, bytes]]) -> None:
    """Put new lookups in the places of old ones: each row is kind, old, new."""
    if is_sqlite(connection):
        driver(connection).executemany(
            "UPDATE identities SET lookup = ? WHERE kind = ? AND lookup = ?",
            ((becomes, kind, was) for kind, was, becomes in rows),
        )
        return
    connection.execute(
        text("CREATE TEMPORARY TABLE goodwill_lookups (kind text, was bytea, becomes bytea) ON COMMIT DROP")
    )
    copy(connection, "goodwill_lookups", ("kind", "was", "becomes"), ("text", "bytea", "bytea"), rows)
    connection.execute(
        text(
            "UPDATE identities SET lookup = new.becomes FROM goodwill_lookups AS new "
            "WHERE identities.kind = new.kind AND identities.lookup = new.was"
        )
    )
