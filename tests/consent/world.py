"""The cast, three purposes of different bases, and a second ledger in plain Python to compare with."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import product

from sqlalchemy import Connection, select

from goodwill.basics.clock import Micros, day_number
from goodwill.basics.ids import PersonId, Position
from goodwill.consent import Asked, Said, State, allowed_categories, standing
from goodwill.consent.relation import allowing, fold
from goodwill.consent.tables import consent_now
from goodwill.purposes import FULFILMENT, RECOMMENDATIONS, STATISTICS, Category, Entry, Purpose, shipped

AMINA, BRUNO, CHIARA, DEV = (PersonId(number) for number in (1, 2, 3, 4))
CAST = (AMINA, BRUNO, CHIARA, DEV)

PURCHASES, BROWSING, FEEDBACK = (Category(name) for name in ("purchases", "browsing", "feedback"))
RECOMMEND, COUNT, DELIVER = (shipped()[purpose] for purpose in (RECOMMENDATIONS, STATISTICS, FULFILMENT))

NOW = Micros(1_795_338_000_000_000)  # Sunday, 22 November 2026, nine in the morning UTC
TODAY = day_number(date(2026, 11, 22))
ASKED = Asked("page", notice="notice-1", language="en")


def said(
    person: PersonId,
    state: State,
    at: int = NOW,
    *,
    until: int | None = None,
    entry: Entry = RECOMMEND,
    category: Category = PURCHASES,
) -> Said:
    return Said(person, entry.name, category, state, at, ASKED, until)


def allowed(connection: Connection, person: PersonId, entry: Entry = RECOMMEND, at: int = NOW) -> set[str]:
    """What a person allows, if everybody who can be asked says the same: the look-up, the lines and the relation."""
    quick = allowed_categories(connection, person, entry, at=at, day=TODAY)
    told = {line.category for line in standing(connection, person, entry, at=Micros(at), day=TODAY) if line.allowed}
    assert quick == told
    if entry is RECOMMEND:
        joined = {
            category
            for category in entry.categories
            if person in connection.execute(allowing(entry.name, category, at=at)).scalars().all()
        }
        assert joined == told
    return {str(category) for category in told}


def reasons(
    connection: Connection, person: PersonId, entry: Entry = RECOMMEND, at: int = NOW, day: int = TODAY
) -> set[str]:
    return {line.reason for line in standing(connection, person, entry, at=Micros(at), day=day)}


def kept_answers(connection: Connection) -> set[tuple[object, ...]]:
    return {tuple(row) for row in connection.execute(select(consent_now))}


def folded(connection: Connection, as_of: int) -> set[tuple[object, ...]]:
    columns = [column.name for column in consent_now.c]
    return {tuple(row._mapping[name] for name in columns) for row in connection.execute(fold(as_of=as_of))}


# ---- the same in plain Python --------------------------------------------------------------------------------------

_YES = {State.GIVEN: 1, State.RENEWED: 1, State.REFUSED: 0, State.WITHDRAWN: 0}


@dataclass(frozen=True)
class Line:
    position: int
    person: int
    purpose: str
    category: str
    state: State
    said_at: int
    recorded_at: int
    until: int | None
    refers: int | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        return self.purpose, self.category, self.person

    def allows(self, at: int) -> bool:
        return _YES[self.state] == 1 and (self.until is None or self.until > at)


@dataclass
class Book:
    """A ledger that is a list, read anew for every question."""

    lines: list[Line] = field(default_factory=list)

    def write(self, words: Iterable[Said], now: int) -> list[int]:
        last = self.lines[-1].recorded_at if self.lines else now
        recorded = now if now >= last else last + 1
        start = len(self.lines)
        for word in words:
            at = word.said_at if word.said_at < now else recorded
            position = len(self.lines) + 1
            self.lines.append(
                Line(
                    position,
                    word.person,
                    word.purpose,
                    word.category,
                    word.state,
                    at,
                    recorded,
                    word.until,
                    word.refers,
                )
            )
        return [line.position for line in self.lines[start:]]

    def taken_back(self, as_of: int) -> set[int]:
        return {line.refers for line in self.lines[:as_of] if line.refers is not None}

    def answers(self, as_of: int) -> dict[tuple[str, str, int], Line]:
        gone = self.taken_back(as_of)
        last: dict[tuple[str, str, int], Line] = {}
        for line in self.lines[:as_of]:
            if line.position in gone or line.state not in _YES:
                continue
            known = last.get(line.key)
            if known is None or _weight(line) > _weight(known):
                last[line.key] = line
        return last

    def rows(self, as_of: int) -> set[tuple[object, ...]]:
        return {
            (*key, _YES[line.state], line.position, line.said_at, line.until)
            for key, line in self.answers(as_of).items()
        }

    def allowing(self, purpose: Purpose, category: Category, at: int, as_of: int) -> set[int]:
        return {
            line.person
            for (of, what, _), line in self.answers(as_of).items()
            if (of, what) == (purpose, category) and _YES[line.state] == 1 and (line.until is None or line.until > at)
        }


def _weight(line: Line) -> tuple[int, bool, int]:
    return line.said_at, _YES[line.state] == 0, line.position


def asked_pairs() -> list[tuple[Entry, Category]]:
    return list(product([RECOMMEND], [PURCHASES, BROWSING])) + list(product([COUNT], [PURCHASES, FEEDBACK]))


def positions(numbers: Iterable[int]) -> list[Position]:
    return [Position(number) for number in numbers]
