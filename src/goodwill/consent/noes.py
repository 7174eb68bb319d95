"""What the ledger and the file of every "no" outside have in common: which rows belong there, and which are missing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, or_, select

from goodwill.basics.ids import PersonId
from goodwill.consent.ledger import Asked, Evidence, Said, State
from goodwill.consent.tables import consent_now, consent_rows
from goodwill.purposes import Category, Purpose
from goodwill.storage.noes import REACHED, No

HOW: Final = "said before; read back from outside the database"
_AT_ONCE = 10_000
_NAMES: Final = ("position", "person", "purpose", "category", "state", "said_at", "recorded_at", "refers")
_SAYS_NO: Final = or_(consent_rows.c.yes == 0, consent_rows.c.state == State.INVALIDATED.value)

Key = tuple[int, str, str, int]  # whose, about what, when: the same word in whatever ledger it stands


def key_of(line: No, person: int | None = None) -> Key:
    """What makes a "no" the same in two ledgers, whose numbers of rows may differ."""
    return (line.person if person is None else person, line.purpose, line.category, line.said_at)


def after(connection: Connection, position: int, *, log: str) -> list[No]:
    """Every row behind a position that says no, in order."""
    question = select(*(consent_rows.c[name] for name in _NAMES)).where(consent_rows.c.position > position, _SAYS_NO)
    return [_no(row, log) for row in connection.execute(question.order_by(consent_rows.c.position))]


def reached(connection: Connection, *, log: str) -> No | None:
    """The ledger's last row, as the line that says how far the file was compared; None while the ledger is empty."""
    question = select(*(consent_rows.c[name] for name in _NAMES)).order_by(consent_rows.c.position.desc()).limit(1)
    row = connection.execute(question).one_or_none()
    return None if row is None else _no(row, log, state=REACHED)


def last_answered(connection: Connection) -> int:
    """The last row that an answer by which decisions are made came from; also one that the ledger has lost."""
    return int(connection.execute(select(func.coalesce(func.max(consent_now.c.position), 0))).scalar_one())


def stands(connection: Connection, line: No) -> bool:
    """Whether the ledger has the row of a line at its place; then it has those of all lines before."""
    question = select(*(consent_rows.c[name] for name in _NAMES)).where(consent_rows.c.position == line.position)
    row = connection.execute(question).one_or_none()
    if row is None:
        return False
    same = (row.person, row.purpose, row.category, row.said_at, row.recorded_at)
    return same == (line.person, line.purpose, line.category, line.said_at, line.recorded_at)


def noes_in(lines: Iterable[No]) -> list[No]:
    """The words of a file that say no: without those that were taken back as never valid."""
    all_lines = list(lines)
    taken_back = {(one.refers, *key_of(one)[:3]) for one in all_lines if one.state == State.INVALIDATED}
    noes = [one for one in all_lines if one.state in _WORDS]
    found = [one for one in noes if (one.position, *key_of(one)[:3]) not in taken_back]
    cells = {(one.position, *key_of(one)[:3]) for one in noes}
    of_a_yes = [
        one for one in all_lines if one.state == State.INVALIDATED and (one.refers, *key_of(one)[:3]) not in cells
    ]
    return found + of_a_yes


_WORDS: Final = frozenset((State.REFUSED.value, State.WITHDRAWN.value))


def said_already(connection: Connection, persons: Iterable[int]) -> set[Key]:
    """Every "no" of some people in the ledger."""
    rows, found, wanted = consent_rows.c, set[Key](), sorted(set(persons))
    question = select(rows.person, rows.purpose, rows.category, rows.said_at).where(_SAYS_NO)
    for start in range(0, len(wanted), _AT_ONCE):
        few = wanted[start : start + _AT_ONCE]
        found.update(tuple(row) for row in connection.execute(question.where(rows.person.in_(few))))
    return found


def again(lines: Sequence[No], persons: Mapping[PersonId, PersonId], *, by: str) -> list[Said]:
    """The words of lines, to be written down anew as said when they were said: a later word of hers still wins.

    Args:
        persons: who each number is by now.
    """
    asked = Asked(how=HOW, by=by, evidence=Evidence.CLAIMED)
    return [
        Said(
            persons[PersonId(line.person)], Purpose(line.purpose), Category(line.category),
            State.REFUSED if line.state == State.REFUSED else State.WITHDRAWN, line.said_at, asked,
        )
        for line in lines
    ]  # fmt: skip


def _no(row: Any, log: str, *, state: str = "") -> No:
    told = {name: getattr(row, name) for name in _NAMES}
    return No(log=log, **(told | ({"state": state} if state else {})))
