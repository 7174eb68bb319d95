"""How long what is known of somebody is needed, and what is needed no longer.

A piece of data stays as long as some purpose keeps its category: one that this person allows, or that needs no yes, and
that is neither off nor reserved (what a law asks for is kept for keeping). Each keeps it for its days, counted from the
day of the data or from the last day on which that purpose read her, whichever is later. After the last purpose ends
there is a time of grace. Days are the shop's calendar days, and a day counts to its end, so that nothing goes early.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, or_, select

from goodwill.basics.clock import DAY, Micros, date_of, day_number, day_of, micros
from goodwill.basics.ids import PersonId
from goodwill.consent.relation import lasts
from goodwill.consent.tables import consent_now, consent_rows
from goodwill.people import holds
from goodwill.people.bulk import listed
from goodwill.people.journal import KEPT as MERGES_KEPT
from goodwill.people.merge import survivors
from goodwill.people.tables import events, merges, moved, moved_events, people, profiles
from goodwill.people.tables import holds as rows_of_holds
from goodwill.people.types import codes_of
from goodwill.people.verdicts import OBEYED_FOR, TOLD
from goodwill.purposes import Basis, Category, Entry, Purpose, Register
from goodwill.storage.engine import EVENTS, HOLDS, LEDGER, PEOPLE, one_at_a_time
from goodwill.storage.kept import reads

REASON: Final = "retention"
GRACE: Final = "grace"
HELD: Final = "held"
NOTHING: Final = "nothing"  # keeps it
_AT_ONCE: Final = 1_000  # people looked at together
_BEFORE_ALL = -(10**8)  # a day before every day, whose moment still fits into 64 bits: everything stays


@dataclass(frozen=True, slots=True)
class Stay:
    """How long the data of one category of one person stay.

    Attributes:
        day: the first calendar day whose data stay.
        why: the purpose that keeps them longest; ``grace``, or ``held``.
    """

    day: int
    why: str


@dataclass(frozen=True, slots=True)
class Due:
    """Rows of one table and category: those that no purpose needs any longer, or those that stay, and why.

    Attributes:
        oldest, newest: the calendar days of the first and last of them.
    """

    table: str
    category: str
    why: str
    rows: int
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is, where the shop is."""

    at: Micros
    zone: ZoneInfo

    @property
    def today(self) -> int:
        return day_of(self.at, self.zone)

    def begins(self, day: int) -> int:
        """The moment at which a calendar day begins; of a day without midnight, its first."""
        if not _FIRST < day < _LAST:
            return day * DAY
        return micros(datetime.combine(date_of(day), time.min, tzinfo=self.zone))


_FIRST, _LAST = -719_000, 2_932_000  # about the years 1 and 9999


# ---- how long --------------------------------------------------------------------------------------------------------


def everybody(connection: Connection) -> Iterator[list[PersonId]]:
    """All people who are somebody, some at a time."""
    last = 0
    here = (people.c.erased_at.is_(None), people.c.merged_into.is_(None))
    while True:
        question = select(people.c.id).where(people.c.id > last, *here).order_by(people.c.id).limit(_AT_ONCE)
        some = [PersonId(person) for person in connection.execute(question).scalars()]
        if not some:
            return
        yield some
        last = some[-1]


def stays(
    connection: Connection, register: Register, persons: Sequence[PersonId], now: Moment
) -> Mapping[PersonId, Mapping[Category, Stay]]:
    """For each of some people and each data category, from which day on her data stay, and why."""
    answers, used = _answers(connection, persons), _last_used(connection, persons)
    held = _held(connection, persons)
    categories = {category for entry in register for category in entry.categories} | set(register.kinds)
    found = {}
    for person in persons:
        if person in held:
            found[person] = dict.fromkeys(categories, Stay(_BEFORE_ALL, HELD))
            continue
        found[person] = {
            category: min(
                _reasons(register, category, answers.get(person, {}), used.get(person, {}), now),
                key=lambda stay: (stay.day, stay.why),
            )
            for category in categories
        }
    return found


@dataclass(frozen=True, slots=True)
class _Answer:
    yes: bool
    state: str
    recorded_at: int
    until: int | None


_Answers = Mapping[tuple[Purpose, Category], _Answer]
_Used = Mapping[tuple[Purpose, Category], int]


def _reasons(register: Register, category: Category, answers: _Answers, used: _Used, now: Moment) -> Iterator[Stay]:
    """Everything that keeps data of a category; the one that reaches back furthest counts."""
    yield Stay(now.today - register.grace_days, GRACE)
    for entry in register:
        if category not in entry.categories or not entry.keeps_data:
            continue
        place = entry.name, category
        ended = _ended(entry, answers.get(place), now)
        if ended is None:
            yield _kept_by(entry, used.get(place), now)
        elif ended + register.grace_days >= now.today:
            # Until the grace is over, as if it had not ended: a withdrawal by mistake can be taken back.
            yield Stay(_kept_by(entry, used.get(place), now).day, GRACE)


def _kept_by(entry: Entry, used: int | None, now: Moment) -> Stay:
    if entry.retention_days is None or (used is not None and used + entry.retention_days >= now.today):
        return Stay(_BEFORE_ALL, entry.name)
    return Stay(now.today - entry.retention_days, entry.name)


def _ended(entry: Entry, answer: _Answer | None, now: Moment) -> int | None:
    """The day on which a purpose ended to keep data of a person; None while it does not."""
    if entry.is_off(now.today):
        return day_number(entry.expiry)
    if entry.basis in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION):
        return None
    if answer is None:
        return None if entry.basis is Basis.LEGITIMATE_INTERESTS else _BEFORE_ALL
    if not answer.yes:
        return day_of(answer.recorded_at, now.zone) if answer.state == "withdrawn" else _BEFORE_ALL
    if entry.basis is Basis.CONSENT and not lasts(answer.until, now.at):
        return day_of(answer.until or 0, now.zone)
    return None


def _answers(
    connection: Connection, persons: Sequence[PersonId]
) -> Mapping[PersonId, Mapping[tuple[Purpose, Category], _Answer]]:
    said, standing = consent_rows.c, consent_now.c
    question = (
        select(standing.person, standing.purpose, standing.category, standing.yes, standing.until, said.state,
               said.recorded_at)
        .join(consent_rows, said.position == standing.position)
        .where(standing.person.in_(listed(connection, persons)))
    )  # fmt: skip
    found: defaultdict[PersonId, dict[tuple[Purpose, Category], _Answer]] = defaultdict(dict)
    for row in connection.execute(question):
        answer = _Answer(row.yes == 1, row.state, row.recorded_at, row.until)
        found[PersonId(row.person)][Purpose(row.purpose), Category(row.category)] = answer
    return found


def _last_used(
    connection: Connection, persons: Sequence[PersonId]
) -> Mapping[PersonId, Mapping[tuple[Purpose, Category], int]]:
    """The last day on which each purpose read each category of each person, also under numbers merged into her."""
    merged = select(people.c.id).where(people.c.merged_into.is_not(None))
    heirs = survivors(connection, [PersonId(number) for number in connection.execute(merged).scalars()])
    wanted = set(persons)
    numbers = {**{person: person for person in persons}, **{old: heir for old, heir in heirs.items() if heir in wanted}}
    question = (
        select(reads.c.person, reads.c.purpose, reads.c.categories, func.max(reads.c.day))
        .where(reads.c.person.in_(listed(connection, numbers)), reads.c.verb.in_(("one", "each")))
        .group_by(reads.c.person, reads.c.purpose, reads.c.categories)
    )
    found: defaultdict[PersonId, dict[tuple[Purpose, Category], int]] = defaultdict(dict)
    for person, purpose, categories, day in connection.execute(question):
        mine = found[numbers[PersonId(person)]]
        for category in categories.split():
            place = Purpose(purpose), Category(category)
            mine[place] = max(day, mine.get(place, _BEFORE_ALL))
    return found


def _held(connection: Connection, persons: Sequence[PersonId]) -> set[PersonId]:
    """Those of some people who are held for something else: a restriction, a merge or an undo under way."""
    about = rows_of_holds.c.person.in_(listed(connection, persons))
    if connection.execute(select(rows_of_holds.c.id).where(about).limit(1)).first() is None:
        return set()
    return {person for person, why in holds.reasons(connection, persons).items() if why - {REASON}}


# ---- what ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Some people whose data of a category stay from the same day on, for the same reason."""

    category: Category
    stay: Stay
    persons: tuple[PersonId, ...]


def groups(found: Mapping[PersonId, Mapping[Category, Stay]]) -> list[Group]:
    """People with the same answer together, so that one question serves them all."""
    together: defaultdict[tuple[Category, Stay], list[PersonId]] = defaultdict(list)
    for person, mine in found.items():
        for category, stay in mine.items():
            together[category, stay].append(person)
    return [Group(category, stay, tuple(persons)) for (category, stay), persons in together.items()]


_Which: TypeAlias = Callable[[Connection, Group, Moment], tuple[ColumnElement[bool], ColumnElement[bool]]]


def _due_events(connection: Connection, group: Group, now: Moment) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The events of a group, and which of them are needed no longer: before that day by both its day and its moment."""
    mine = and_(
        events.c.person.in_(listed(connection, group.persons)), events.c.type.in_(codes_of(frozenset({group.category})))
    )
    begins = now.begins(group.stay.day)
    return mine, and_(events.c.day < group.stay.day, events.c.at < begins, ~_obeyed_still(now))


def _obeyed_still(now: Moment) -> ColumnElement[bool]:
    """Words that only take something away stay while they are obeyed, whatever else ends: a "no" does not fade.

    They are obeyed in what everyone gets too, so they stay of whoever allows nothing as well.
    """
    lasting = _says('verdict": "never', 'verdict": "fine', "personal", 'care": "minor')
    a_year = and_(_says("verdict", "care"), events.c.at > now.at - OBEYED_FOR)
    return and_(events.c.type == TOLD, events.c.detail.is_not(None), or_(lasting, a_year))


def _says(*words: str) -> ColumnElement[bool]:
    return or_(*(events.c.detail.like(f'{{"{word}"%') for word in words))


def _due_fields(connection: Connection, group: Group, now: Moment) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    mine = and_(profiles.c.person.in_(listed(connection, group.persons)), profiles.c.category == group.category)
    return mine, profiles.c.changed_at < now.begins(group.stay.day)


def _tables(category: Category) -> list[tuple[Table, _Which]]:
    """The tables that may hold data of a category, each with the question for what is due there."""
    happens: list[tuple[Table, _Which]] = [(events, _due_events)] if codes_of(frozenset({category})) else []
    return [*happens, (profiles, _due_fields)]


def planned(connection: Connection, register: Register, now: Moment) -> tuple[list[Due], list[Due]]:
    """What is due, and what stays and why: per table and category, counted with the very conditions of `erase`."""
    due, staying = _Counts(now), _Counts(now)
    for some in everybody(connection):
        for group in groups(stays(connection, register, some, now)):
            for table, which in _tables(group.category):
                mine, old = which(connection, group, now)
                due.count(connection, table, group, NOTHING, mine, old)
                staying.count(connection, table, group, group.stay.why, mine, ~old)
    for category, day in _nobodys(register, now).items():
        group = Group(category, Stay(day, "nobody's"), ())
        mine, old = _of_nobody(category, day, now)
        due.count(connection, events, group, NOTHING, mine, old)
        staying.count(connection, events, group, "nobody's", mine, ~old)
    return due.lines(), staying.lines()


class _Counts:
    """Rows by table, category and reason, with the days of the first and last of them."""

    def __init__(self, now: Moment) -> None:
        self._now = now
        self._found: dict[tuple[str, str, str], list[int]] = {}

    def count(
        self,
        connection: Connection,
        table: Table,
        group: Group,
        why: str,
        *which: ColumnElement[bool],
    ) -> None:
        time_of = table.c.day if table is events else table.c.changed_at
        question = select(func.count(), func.min(time_of), func.max(time_of)).select_from(table).where(*which)
        many, oldest, newest = connection.execute(question).one()
        if not many:
            return
        if table is not events:
            oldest, newest = (day_of(moment, self._now.zone) for moment in (oldest, newest))
        line = self._found.setdefault((table.name, group.category, why), [0, oldest, newest])
        line[:] = line[0] + many, min(line[1], oldest), max(line[2], newest)

    def lines(self) -> list[Due]:
        return [Due(*key, *line) for key, line in sorted(self._found.items())]


def _nobodys(register: Register, now: Moment) -> Mapping[Category, int]:
    """Decisions about nobody in particular stay as long as the longest purpose of their category."""
    entries = [entry for entry in register if entry.keeps_data and not entry.is_off(now.today)]
    found = {}
    for category in register.kinds:
        days = [entry.retention_days for entry in entries if category in entry.categories]
        if None not in days:
            longest = max((day for day in days if day is not None), default=0)
            found[category] = now.today - max(longest, register.grace_days)
    return found


def _of_nobody(category: Category, day: int, now: Moment) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    mine = and_(events.c.person.is_(None), events.c.type.in_(codes_of(frozenset({category}))))
    return mine, and_(events.c.day < day, events.c.at < now.begins(day))


# ---- mark, settle, erase ---------------------------------------------------------------------------------------------


def concerned(connection: Connection, register: Register, now: Moment, *, most: int) -> list[PersonId]:
    """People of whom something is due, at most so many; those whom an interrupted run has marked come first."""
    found = list(holds.held_for(connection, REASON))
    for some in everybody(connection):
        if len(found) >= most:
            break
        new: set[PersonId] = set()
        for group in groups(stays(connection, register, some, now)):
            for table, which in _tables(group.category):
                mine, old = which(connection, group, now)
                new.update(connection.execute(select(table.c.person).where(mine, old).distinct()).scalars())
        found += sorted(new.difference(found))
    return found[:most]


def mark(connection: Connection, persons: Collection[PersonId], *, now: Micros) -> None:
    """Let those of some people whom a kept total may count, count in nothing until `erase`."""
    one_at_a_time(connection, HOLDS)
    heard = [PersonId(person) for person in connection.execute(holds.heard(listed(connection, persons))).scalars()]
    holds.hold(connection, heard, REASON, now=now)


def erase(
    connection: Connection, register: Register, persons: Sequence[PersonId], now: Moment
) -> Mapping[tuple[str, Category], int]:
    """Delete what is due of some people, after `mark` and after every kept total has settled; they count again.

    Raises:
        Conflict: somebody is not held, or totals have not settled since; nothing is changed.
    """
    for lock in (PEOPLE, EVENTS, HOLDS, LEDGER):  # in everybody's order
        one_at_a_time(connection, lock)
    holds.check_settled(connection, holds.heard(listed(connection, persons)))
    gone: defaultdict[tuple[str, Category], int] = defaultdict(int)
    for group in groups(stays(connection, register, list(persons), now)):
        for table, which in _tables(group.category):
            mine, old = which(connection, group, now)
            gone[table.name, group.category] += connection.execute(delete(table).where(mine, old)).rowcount
    holds.release(connection, persons, REASON, now=now.at)
    return {place: many for place, many in gone.items() if many}


def erase_nobodys(connection: Connection, register: Register, now: Moment) -> Mapping[tuple[str, Category], int]:
    """Delete the old decisions about nobody in particular."""
    one_at_a_time(connection, EVENTS)
    gone = {}
    for category, day in _nobodys(register, now).items():
        mine, old = _of_nobody(category, day, now)
        gone[events.name, category] = connection.execute(delete(events).where(mine, old)).rowcount
    return {place: many for place, many in gone.items() if many}


def old_merges(connection: Connection, now: Moment) -> list[int]:
    """The merges that can be taken back no longer, and of which something is still written down."""
    over = merges.c.at + MERGES_KEPT < now.at
    written = or_(*(select(table.c.merge_id).where(table.c.merge_id == merges.c.id).exists() for table in _JOURNAL))
    return list(connection.execute(select(merges.c.id).where(over, written).order_by(merges.c.id)).scalars())


_JOURNAL = (moved, moved_events)


def empty(connection: Connection, now: Moment, grace_days: int) -> list[PersonId]:
    """People of whom nothing is left but their ids: no event, no field, no yes, nothing said or known for the grace."""
    before = now.begins(now.today - grace_days)
    has = (select(table.c.person).where(table.c.person == people.c.id).exists() for table in (events, profiles))
    says_yes = select(consent_now.c.person).where(consent_now.c.person == people.c.id, consent_now.c.yes == 1).exists()
    spoke = (
        select(consent_rows.c.person)
        .where(consent_rows.c.person == people.c.id, consent_rows.c.recorded_at >= before)
        .exists()
    )
    question = select(people.c.id).where(
        people.c.erased_at.is_(None), people.c.merged_into.is_(None), people.c.created_at < before,
        *(~one for one in has), ~says_yes, ~spoke,
    )  # fmt: skip
    found = [PersonId(person) for person in connection.execute(question.order_by(people.c.id)).scalars()]
    held = _held(connection, found) if found else set()
    return [person for person in found if person not in held]


def who_said_no(connection: Connection, persons: Sequence[PersonId]) -> list[PersonId]:
    """Those of some people who ever said no to something: that must still hold if they come back."""
    question = select(consent_now.c.person).where(
        consent_now.c.person.in_(listed(connection, persons)), consent_now.c.yes == 0
    )
    return [
        PersonId(person) for person in connection.execute(question.distinct().order_by(consent_now.c.person)).scalars()
    ]


def in_batches(persons: Sequence[PersonId], most: int) -> Iterator[list[PersonId]]:
    for start in range(0, len(persons), most):
        yield list(persons[start : start + most])
