"""Add to the ledger, and ask it."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, or_, select

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import BadInput, NotFound
from goodwill.basics.ids import PersonId, Position
from goodwill.consent.cells import cells_of
from goodwill.consent.relation import END_OF_TIME, answer_again, lasts, renew_answers
from goodwill.consent.tables import consent_now, consent_rows
from goodwill.purposes import Basis, Category, Entry, Purpose
from goodwill.storage.engine import LEDGER, driver, is_sqlite, one_at_a_time
from goodwill.storage.questions import Question


class State(StrEnum):
    """What a row says, after the W3C Data Privacy Vocabulary's consent states."""

    REQUESTED = "requested"
    GIVEN = "given"
    RENEWED = "renewed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    INVALIDATED = "invalidated"


_ANSWER = {State.GIVEN: 1, State.RENEWED: 1, State.REFUSED: 0, State.WITHDRAWN: 0}


class Evidence(StrEnum):
    """How well a row can be proved."""

    PROVEN = "proven"  # what was shown and how it was answered is on record; `Proof` says by what
    CLAIMED = "claimed"  # somebody says so
    NONE = "none"


class Proof(StrEnum):
    """What makes a row more than somebody's word. It says nothing of who answered: that is `Herself`."""

    SNAPSHOT = "snapshot"  # the signed token of exactly what was shown came with the answer
    SIGNED_IN = "signed-in"  # she was signed in here
    LINK = "link"  # a link of ours was pressed, which stood in a letter to her alone
    REQUEST = "request"  # she made a request by right, and showed that it is hers
    FILE = "file"  # another system's record: when, what was shown, and how
    EARLIER_ROW = "earlier-row"  # the row says again what an earlier one proves


class Herself(StrEnum):
    """How it is known that the person herself answers, and nobody in her name; not how well that can be proved later.

    Only her own word takes an address off the list of those who are left alone.
    """

    SIGNED_IN = "signed-in"  # in a session that began with a code from a letter to her
    CODE = "code"  # she typed the code from a letter to her


@dataclass(frozen=True, slots=True)
class Asked:
    """How somebody was asked: the channel, the notice and words shown, the language, who recorded the answer.

    Attributes:
        evidence: a claim unless there is a proof, and proven only by one.
        confirmed_at: when whoever reads the address confirmed it, as the system that asked says.
    """

    how: str
    notice: str | None = None
    words: str | None = None
    language: str | None = None
    by: str | None = None
    evidence: Evidence = Evidence.CLAIMED
    despite: str | None = None  # a signal that said no: the person clicked yes all the same
    regime: str | None = None  # the law that counted where she was asked
    proof: Proof | None = None
    confirmed_at: str | None = None

    def __post_init__(self) -> None:
        for name in _TEXTS:
            if not _can_be_kept(getattr(self, name) or ""):
                raise BadInput(
                    f"'{name}' of how somebody was asked holds a character that cannot be kept; leave it out."
                )
        if (self.evidence is Evidence.PROVEN) is not (self.proof is not None):
            raise BadInput(
                "An answer is proven by the snapshot of what was shown, or by the person's own act here, and by "
                "nothing else: shop.notices.answer takes the snapshot. Without one it is a claim; leave `evidence` out."
            )


_TEXTS = ("how", "notice", "words", "language", "by", "despite", "regime", "confirmed_at")


@dataclass(frozen=True, slots=True)
class Said:
    """One answer to be written down."""

    person: PersonId
    purpose: Purpose
    category: Category
    state: State
    said_at: int
    asked: Asked
    until: int | None = None
    refers: Position | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the ledger."""

    position: Position
    person: PersonId
    purpose: Purpose
    category: Category
    state: State
    said_at: Micros
    recorded_at: Micros
    until: Micros | None
    evidence: Evidence
    notice: str | None
    asked: str
    refers: Position | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a person gets back for an answer: the ledger's own numbers for it."""

    person: PersonId
    purpose: Purpose
    categories: tuple[Category, ...]
    state: State
    positions: tuple[Position, ...]
    said_at: Micros
    recorded_at: Micros
    until: Micros | None
    notice: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one purpose stands for one person, for one category.

    Attributes:
        reason: allowed · never-asked · requested (waits to be confirmed by mail; only `can` tells) · refused ·
            withdrawn · expired · objected · purpose-expired · unreadable.
        since: when that was said, if anything was.
        position: the row that says so; 0 if none does.
        until: when a yes ends by itself.
        evidence: how well that row can be proved; None if there is none.
    """

    category: Category
    allowed: bool
    reason: str
    since: Micros | None
    position: Position
    until: Micros | None
    evidence: Evidence | None = None

    @property
    def is_hearsay(self) -> bool:
        """Whether somebody said this for the person, and nothing proves that it is her word."""
        return self.evidence in (Evidence.CLAIMED, Evidence.NONE)


def last_position(connection: Connection) -> Position:
    """The number of the ledger's last row; 0 while it is empty."""
    return Position(_LAST.ask(connection)[0][0])


_LAST = Question(lambda _: select(func.coalesce(func.max(consent_rows.c.position), 0)))


def append(connection: Connection, said: Sequence[Said], *, now: Micros) -> list[Position]:
    """Write answers down, in order, and return their positions.

    A word said in the future is recorded as said now: nobody's clock can outvote a later "no".

    Raises:
        BadInput: a word takes rows back; `invalidate` does that.
    """
    if any(word.state is State.INVALIDATED or word.refers is not None for word in said):
        raise BadInput("Rows of the ledger are taken back with consent.invalidate, not added as answers.")
    return [row["position"] for row in _write(connection, said, now)]


def _write(connection: Connection, said: Sequence[Said], now: Micros) -> list[dict[str, Any]]:
    if not said:
        return []
    one_at_a_time(connection, LEDGER)
    before, latest = connection.execute(_LAST_ROW).one_or_none() or (0, now)
    # A clock that went back must not put a "no" of today before a "yes" of yesterday: the order of the rows decides.
    recorded = now if now >= latest else latest + 1
    how = {asked: _how(asked) for asked in {word.asked for word in said}}
    rows = [
        {
            "position": Position(position),
            "person": word.person,
            "purpose": word.purpose,
            "category": word.category,
            "state": word.state.value,
            "yes": _ANSWER.get(word.state),
            "said_at": word.said_at if word.said_at < now else recorded,
            "recorded_at": recorded,
            "until": word.until,
            "evidence": word.asked.evidence.value,
            "notice": word.asked.notice,
            "asked": how[word.asked],
            "refers": word.refers,
        }
        for position, word in enumerate(said, start=before + 1)
    ]
    _add(connection, rows)
    renew_answers(connection, after=before, upto=before + len(rows))
    _note(connection, rows)
    return rows


@dataclass(frozen=True, slots=True)
class Written:
    """What a unit of work has added to the ledger so far: its first and last row, and whether one says no."""

    first: Position
    last: Position
    says_no: bool


class Change(NamedTuple):
    """Whose answer to what changed, and the row that says how."""

    person: PersonId
    purpose: str
    state: str
    position: Position


def written(connection: Connection) -> Written | None:
    """What the unit of work under way has added to the ledger, for whoever commits it; None for nothing."""
    transaction, found = connection.info.get(_WRITTEN, (None, None))
    return found if transaction is connection.get_transaction() else None


def _note(connection: Connection, rows: list[dict[str, Any]]) -> None:
    before = written(connection)
    says_no = (before is not None and before.says_no) or any(
        row["yes"] == 0 or row["state"] == State.INVALIDATED.value for row in rows
    )
    first = before.first if before is not None else Position(rows[0]["position"])
    # With its transaction, for the connection outlives that.
    connection.info[_WRITTEN] = connection.get_transaction(), Written(first, Position(rows[-1]["position"]), says_no)


_WRITTEN = "goodwill: written to the ledger"

_LAST_ROW = (
    select(consent_rows.c.position, consent_rows.c.recorded_at).order_by(consent_rows.c.position.desc()).limit(1)
)
_ADD = insert(consent_rows)
_NAMES = [column.name for column in consent_rows.c]
_in_order = itemgetter(*_NAMES)
_MANY = 100  # rows from which the driver's own way is worth it


def _add(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if len(rows) < _MANY:
        connection.execute(_ADD, rows)
    elif is_sqlite(connection):
        places = ", ".join("?" * len(_NAMES))
        driver(connection).executemany(
            f"INSERT INTO {consent_rows.name} ({', '.join(_NAMES)}) VALUES ({places})", map(_in_order, rows)
        )
    else:
        with (
            driver(connection).cursor() as cursor,
            cursor.copy(f"COPY {consent_rows.name} ({', '.join(_NAMES)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(_in_order(row))


def _can_be_kept(text: str) -> bool:
    """PostgreSQL keeps no NUL, and no database half a character."""
    return "\0" not in text and text.encode("utf-8", "ignore").decode() == text


_HOW = ("how", "words", "language", "by", "despite", "regime", "proof", "confirmed_at")


def _how(asked: Asked) -> str:
    words = {key: getattr(asked, key) for key in _HOW if getattr(asked, key)}
    return json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def ends(entry: Entry, said_at: int) -> Micros | None:
    """When a yes to a purpose ends by itself, if it does."""
    return Micros(said_at + entry.consent_days * DAY) if entry.consent_days is not None else None


def grant(
    connection: Connection,
    person: PersonId,
    entry: Entry,
    categories: Iterable[Category] | None = None,
    *,
    asked: Asked,
    now: Micros,
    said_at: Micros | None = None,
) -> Receipt:
    """Record that a person allows a purpose, for some of its data categories or all; it ends after the register's time.

    Where a yes stands already it is renewed.

    Raises:
        BadInput: the purpose does not use such a category, or rests on something other than a person's choice.
    """
    said = Micros(min(said_at if said_at is not None else now, now))
    return _record(connection, person, entry, categories, State.GIVEN, asked, said, now, ends(entry, said))


def refuse(
    connection: Connection,
    person: PersonId,
    entry: Entry,
    categories: Iterable[Category] | None = None,
    *,
    asked: Asked,
    now: Micros,
    said_at: Micros | None = None,
) -> Receipt:
    """Record that a person was asked and said no."""
    said = Micros(min(said_at if said_at is not None else now, now))
    return _record(connection, person, entry, categories, State.REFUSED, asked, said, now, None)


def withdraw(
    connection: Connection,
    person: PersonId,
    entry: Entry,
    categories: Iterable[Category] | None = None,
    *,
    asked: Asked,
    now: Micros,
    said_at: Micros | None = None,
) -> Receipt:
    """Record that a person takes back consent, or objects; totals catch up by themselves."""
    said = Micros(min(said_at if said_at is not None else now, now))
    return _record(connection, person, entry, categories, State.WITHDRAWN, asked, said, now, None)


def _record(
    connection: Connection,
    person: PersonId,
    entry: Entry,
    categories: Iterable[Category] | None,
    state: State,
    asked: Asked,
    said_at: Micros,
    now: Micros,
    until: Micros | None,
) -> Receipt:
    chosen = tuple(dict.fromkeys(categories)) if categories is not None else entry.categories
    _check(entry, chosen)
    states = _renewed(connection, person, entry, chosen, said_at) if state is State.GIVEN else [state] * len(chosen)
    words = [
        Said(person, entry.name, category, one, said_at, asked, until)
        for category, one in zip(chosen, states, strict=True)
    ]
    rows = _write(connection, words, now)
    positions = tuple(row["position"] for row in rows)
    first = rows[0]
    told = State.RENEWED if set(states) == {State.RENEWED} else state
    return Receipt(
        person, entry.name, chosen, told, positions, first["said_at"], first["recorded_at"], until, asked.notice
    )


def _renewed(
    connection: Connection, person: PersonId, entry: Entry, chosen: tuple[Category, ...], said_at: int
) -> list[State]:
    """What a yes is called for each category: renewed where another stands at that moment, else given."""
    one_at_a_time(connection, LEDGER)  # nobody takes the standing one back between the look and the row
    cells = cells_of(connection, person)
    standing = [cells.get((entry.name, category)) for category in chosen]
    return [State.RENEWED if cell is not None and cell.stands(said_at) else State.GIVEN for cell in standing]


def _check(entry: Entry, chosen: tuple[Category, ...]) -> None:
    if entry.basis not in (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS):
        raise BadInput(f"'{entry.name}' rests on {entry.basis}, so there is no choice to record for it.")
    if not chosen:
        raise BadInput(f"Name at least one data category for '{entry.name}': {', '.join(entry.categories)}.")
    if unknown := [category for category in chosen if category not in entry.categories]:
        raise BadInput(
            f"'{entry.name}' does not use {', '.join(unknown)}; its data categories are {', '.join(entry.categories)}."
        )


def invalidate(connection: Connection, positions: Sequence[Position], *, asked: Asked, now: Micros) -> list[Position]:
    """Take rows back as never valid (an import that was undone): what they replaced counts again.

    Taking back is final, and a row that was taken back already stays so: nothing is added for it.

    Raises:
        NotFound: the ledger has no such row.
        BadInput: a row takes back another; say anew what was said instead.
    """
    one_at_a_time(connection, LEDGER)
    found = _rows_at(connection, positions)
    if missing := sorted(set(positions) - {row.position for row in found}):
        raise NotFound(f"The ledger has no row {missing[0]}; its last is {last_position(connection)}.")
    if final := [row.position for row in found if row.state == State.INVALIDATED]:
        raise BadInput(f"Row {final[0]} takes another back, which is final. Record the person's answer anew instead.")
    words = [
        Said(row.person, row.purpose, row.category, State.INVALIDATED, now, asked, refers=row.position)
        for row in found
        if not row.already
    ]
    rows = _write(connection, words, now)
    if rows:
        answer_again(connection, after=rows[0]["position"] - 1, upto=rows[-1]["position"])
    return [row["position"] for row in rows]


def _rows_at(connection: Connection, positions: Sequence[Position]) -> list[Any]:
    """What stands at some positions, in their order, and whether it was taken back already."""
    later, wanted = consent_rows.alias("later"), sorted(set(positions))
    already = select(later.c.refers).where(later.c.refers == consent_rows.c.position).exists().label("already")
    columns = (consent_rows.c[name] for name in ("position", "person", "purpose", "category", "state"))
    question = select(*columns, already).order_by(consent_rows.c.position)
    found: list[Any] = []
    for start in range(0, len(wanted), _AT_ONCE):
        few = wanted[start : start + _AT_ONCE]
        found += connection.execute(question.where(consent_rows.c.position.in_(few))).all()
    return found


_AT_ONCE = 10_000  # a question may carry some 32,000 values on SQLite, twice that on PostgreSQL


class _Answer(NamedTuple):
    """A cell of ``consent_now``, with its row's state and evidence."""

    category: str
    yes: int
    said_at: Any
    position: int
    until: Any
    state: str
    evidence: str


# By the driver itself: every decision asks.
_ANSWERS = Question(
    lambda lists: select(
        consent_now.c.person, consent_now.c.category, consent_now.c.yes, consent_now.c.said_at, consent_now.c.position,
        consent_now.c.until, consent_rows.c.state, consent_rows.c.evidence,
    )
    .join(consent_rows, consent_rows.c.position == consent_now.c.position)
    .where(
        consent_now.c.purpose == bindparam("purpose"),
        consent_now.c.category.in_(lists.texts("categories")),
        consent_now.c.person.in_(lists.numbers("persons")),
    )
)  # fmt: skip


def standing(connection: Connection, person: PersonId, entry: Entry, *, at: int, day: int) -> list[Standing]:
    """How a purpose stands for a person, a line per data category; no row and no other basis means no."""
    return standing_of(connection, [person], entry, at=at, day=day)[person]


def standing_of(
    connection: Connection, persons: Collection[PersonId], entry: Entry, *, at: int, day: int
) -> dict[PersonId, list[Standing]]:
    """The same for each of some people."""
    said: dict[PersonId, list[_Answer]] = {person: [] for person in persons}
    for person, *answer in _ANSWERS.ask(
        connection, persons=list(said), purpose=entry.name, categories=entry.categories
    ):
        said[person].append(_Answer(*answer))
    return {person: standing_by(answers, entry, at=at, day=day) for person, answers in said.items()}


def standing_by(answers: Iterable[Any], entry: Entry, *, at: int, day: int) -> list[Standing]:
    """The same by a person's present answers: each as a cell of ``consent_now``, with its row's state and evidence."""
    said = {row.category: row for row in answers}
    lines = []
    for category in entry.categories:
        row = said.get(category)
        allowed, reason = _verdict(entry, row, at=at, day=day)
        lines.append(
            Standing(
                category,
                allowed,
                reason,
                row.said_at if row else None,
                Position(row.position if row else 0),
                row.until if row else None,
                _graded(row.evidence) if row else None,
            )
        )
    return lines


def _graded(text: str) -> Evidence:
    """How well a row can be proved; what nobody can read proves nothing, and is no reason not to answer."""
    return Evidence(text) if text in _GRADES else Evidence.NONE


_GRADES = frozenset(map(str, Evidence))


def _verdict(entry: Entry, row: Any, *, at: int, day: int) -> tuple[bool, str]:
    if entry.is_off(day):
        return False, "purpose-expired"
    if entry.basis in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION):
        return True, "allowed"
    if row is None:
        return (True, "allowed") if entry.basis is Basis.LEGITIMATE_INTERESTS else (False, "never-asked")
    if row.yes != 1:
        refused = row.state in {State.REFUSED, State.WITHDRAWN}
        reason = "objected" if entry.basis is Basis.LEGITIMATE_INTERESTS else str(row.state)
        return False, reason if refused else "unreadable"
    if entry.basis is Basis.CONSENT and not lasts(row.until, at):
        return False, "expired"
    return True, "allowed"


def said_no_since(connection: Connection, purpose: Purpose, position: int, *, end: Micros | None) -> bool:
    """Whether anybody allows a purpose less after a row of the ledger: took it back, refused it, was taken back.

    Args:
        end: when the first yes ends by itself, as far as is known; a later word that ends before that counts as well.
    """
    rows = consent_rows.c
    sooner = rows.until.is_not(None) if end is None else rows.until < end
    less = or_(rows.yes.is_(None), rows.yes == 0, sooner)
    question = select(rows.position).where(rows.position > position, rows.purpose == purpose, less)
    return connection.execute(question.limit(1)).first() is not None


def next_end(connection: Connection, purpose: Purpose, at: int) -> Micros | None:
    """When the next consent for a purpose ends by itself; None if none does."""
    ends = select(func.min(consent_now.c.until)).where(
        consent_now.c.purpose == purpose, consent_now.c.yes == 1, consent_now.c.until.between(at + 1, END_OF_TIME)
    )
    found = connection.execute(ends).scalar()
    return None if found is None else Micros(int(found))


def allowed_categories(
    connection: Connection, person: PersonId, entry: Entry, *, at: int, day: int
) -> frozenset[Category]:
    """The data categories that a person allows for a purpose at a moment.

    None, where one is missing without which nothing can be done for the purpose.
    """
    return allowed_by(standing(connection, person, entry, at=at, day=day), entry)


def allowed_by(lines: Iterable[Standing], entry: Entry) -> frozenset[Category]:
    """The same by how the purpose stands."""
    allowed = frozenset(line.category for line in lines if line.allowed)
    return allowed if entry.basis is not Basis.CONSENT or entry.suffices(allowed) else frozenset()


def row_at(connection: Connection, position: int) -> Row:
    """One line of the ledger.

    Raises:
        NotFound: there is none of that number.
    """
    row = connection.execute(select(consent_rows).where(consent_rows.c.position == position)).one_or_none()
    if row is None:
        raise NotFound(f"The ledger has no row {position}; its last is {last_position(connection)}.")
    return _row(row)


def _row(row: Any) -> Row:
    return Row(row.position, row.person, Purpose(row.purpose), Category(row.category), State(row.state), row.said_at,
               row.recorded_at, row.until, Evidence(row.evidence), row.notice, row.asked, row.refers)  # fmt: skip


def history(
    connection: Connection, person: PersonId, *, purpose: Purpose | None = None, upto: int | None = None
) -> list[Row]:
    """A person's lines of the ledger, oldest first."""
    question = select(consent_rows).where(consent_rows.c.person == person).order_by(consent_rows.c.position)
    if purpose is not None:
        question = question.where(consent_rows.c.purpose == purpose)
    if upto is not None:
        question = question.where(consent_rows.c.position <= upto)
    return [_row(row) for row in connection.execute(question)]


def said_last(connection: Connection, first: Position, last: Position) -> list[Change]:
    """What some rows in a row changed: once for each person and purpose, as it was said last of them."""
    rows = consent_rows.c
    question = select(rows.person, rows.purpose, rows.state, rows.position).where(rows.position.between(first, last))
    found = connection.execute(question.order_by(rows.position))
    return list({(row.person, row.purpose): Change(*row) for row in found}.values())


def lines_at(connection: Connection, positions: Sequence[Position]) -> list[Row]:
    """The lines at some positions, in their order."""
    question = select(consent_rows).where(consent_rows.c.position.in_(positions)).order_by(consent_rows.c.position)
    return [_row(row) for row in connection.execute(question)]
