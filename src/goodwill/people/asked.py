"""How consent stands, in numbers over everybody who is known; counts, never names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, distinct, func, literal, or_, select

from goodwill.consent.signals import signals
from goodwill.consent.tables import consent_now, consent_rows
from goodwill.people.tables import people

_KNOWN: Final = people.c.erased_at.is_(None), people.c.merged_into.is_(None)
_SAID: Final = ("given", "renewed", "refused")  # answers to a question; what is taken back later answers none


@dataclass(frozen=True, slots=True)
class Answered:
    """How people answered one notice in one version.

    Attributes:
        notice: as the ledger refers to it, without the hash of its words: ``banner@3``.
        all, some, none: people who said yes to all that they answered, to some of it, to nothing.
        stands: people of whom a yes to it still counts.
    """

    notice: str
    all: int
    some: int
    none: int
    stands: int

    @property
    def people(self) -> int:
        return self.all + self.some + self.none


def answered(connection: Connection, *, before: int) -> list[Answered]:
    """How each notice was answered, by everybody who is known.

    Args:
        before: what was written down by then, and no later; ends of a yes are judged at that moment too.
    """
    rows, now = consent_rows.c, consent_now.c
    here = and_(rows.notice.is_not(None), rows.recorded_at < before, people.c.id == rows.person, *_KNOWN)
    each = (
        select(
            rows.notice, rows.person, func.max(rows.yes).label("yes"), func.min(rows.yes).label("least"),
        )
        .select_from(consent_rows.join(people, people.c.id == rows.person))
        .where(here, rows.state.in_(_SAID))
        .group_by(rows.notice, rows.person)
        .subquery()
    )  # fmt: skip
    counts = select(
        each.c.notice,
        _many(each.c.least == 1),
        _many(and_(each.c.yes == 1, each.c.least == 0)),
        _many(each.c.yes == 0),
    ).group_by(each.c.notice)
    standing = (
        select(rows.notice, func.count(distinct(rows.person)))
        .select_from(
            consent_rows.join(consent_now, now.position == rows.position).join(people, people.c.id == rows.person)
        )
        .where(here, now.yes == 1, or_(now.until.is_(None), now.until > before))
        .group_by(rows.notice)
    )
    stands = _by_version({row[0]: (int(row[1]),) for row in connection.execute(standing)})
    said = _by_version({row[0]: tuple(map(int, row[1:])) for row in connection.execute(counts)})
    return [
        Answered(name, whole, part, nothing, stands.get(name, (0,))[0])
        for name, (whole, part, nothing) in sorted(said.items())
    ]


def _many(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _by_version(found: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The same under the names of versions; each of their languages has words, and a hash, of its own."""
    sums: dict[str, tuple[int, ...]] = {}
    for notice, counts in found.items():
        name = notice.partition("#")[0]
        before = sums.get(name, (0,) * len(counts))
        sums[name] = tuple(one + other for one, other in zip(before, counts, strict=True))
    return sums


def has_answers(connection: Connection, *, before: int) -> bool:
    """Whether anybody had said anything by then; the ledger is in the order of its times."""
    rows = consent_rows.c
    first = connection.execute(select(rows.recorded_at).order_by(rows.position).limit(1)).scalar()
    return first is not None and int(first) < before


def known(connection: Connection, *, before: int) -> int:
    """How many people are known who came by then."""
    question = select(func.count()).select_from(people).where(people.c.created_at < before, *_KNOWN)
    return int(connection.execute(question).scalar_one())


def signalled(connection: Connection, *, before: int) -> int:
    """Of how many people a browser said that nothing may be sold or shared."""
    here = signals.join(people, people.c.id == signals.c.person)
    question = select(func.count(distinct(signals.c.person))).select_from(here)
    return int(connection.execute(question.where(signals.c.first_at < before, *_KNOWN)).scalar_one())


def ending(connection: Connection, *, after: int, upto: int) -> dict[str, int]:
    """How many people's yes ends by itself within some time, by purpose."""
    now = consent_now.c
    return _by_purpose(
        connection, select(now.purpose, func.count(distinct(now.person))).where(now.until > after, now.until <= upto)
    )


def evidence(connection: Connection, *, before: int) -> dict[str, dict[str, int]]:
    """Of how many people's yes there is which evidence, by the evidence and by purpose; the best of several counts."""
    now, rows = consent_now.c, consent_rows.c
    found: dict[str, dict[str, int]] = {}
    proven = func.max(case((rows.evidence == "proven", 2), (rows.evidence == "claimed", 1), else_=0)).label("best")
    each = (
        select(now.purpose, now.person, proven)
        .select_from(
            consent_now.join(consent_rows, rows.position == now.position).join(people, people.c.id == now.person)
        )
        .where(now.yes == 1, or_(now.until.is_(None), now.until > before), rows.recorded_at < before, *_KNOWN)
        .group_by(now.purpose, now.person)
        .subquery()
    )  # fmt: skip
    counted = select(each.c.purpose, each.c.best, func.count()).group_by(each.c.purpose, each.c.best)
    for purpose, best, people_ in connection.execute(counted):
        found.setdefault(_EVIDENCE[best], {})[purpose] = int(people_)
    return found


def said_yes(connection: Connection, *, before: int) -> dict[str, int]:
    """How many people ever said yes to a purpose by then, whatever they said later."""
    rows = consent_rows.c
    counted = (
        select(rows.purpose, func.count(distinct(rows.person)))
        .select_from(consent_rows.join(people, people.c.id == rows.person))
        .where(rows.yes == 1, rows.recorded_at < before, *_KNOWN)
        .group_by(rows.purpose)
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(counted)}


@dataclass(frozen=True, slots=True)
class Drift:
    """People of whom the shop's own files say something else about a purpose than what counts here.

    Attributes:
        no_here: the files say yes; here it was taken back, refused or has ended. yes_here: the files say no.
    """

    no_here: int
    yes_here: int


def drift(connection: Connection, *, before: int) -> dict[str, Drift]:
    """Of how many people the last word that was imported is not the one that counts, by purpose.

    Args:
        before: words that were written down by then, and no later; ends of a yes are judged at that moment too.
    """
    now, last, counts = consent_now.c, _imported(before), consent_rows.alias().c
    ours = and_(now.yes == 1, or_(now.until.is_(None), now.until > before))
    same = and_(now.person == last.c.person, now.purpose == last.c.purpose, now.category == last.c.category)
    question = (
        select(now.purpose, _whom(and_(last.c.yes == 1, ~ours), now), _whom(and_(last.c.yes == 0, ours), now))
        .select_from(
            consent_now.join(last, same)
            .join(people, people.c.id == now.person)
            .join(counts.position.table, counts.position == now.position)
        )
        .where(last.c.nth == 1, counts.recorded_at < before, *_KNOWN)
        .group_by(now.purpose)
    )
    return {str(row[0]): Drift(int(row[1]), int(row[2])) for row in connection.execute(question)}


def _whom(condition: Any, now: Any) -> Any:
    return func.count(distinct(case((condition, now.person))))


def _imported(before: int) -> Any:
    """What files said of each, the last word first; what was taken back with its file is not said any more."""
    rows, later = consent_rows.c, consent_rows.alias().c
    taken_back = select(literal(1)).where(later.refers == rows.position).exists()
    nth = func.row_number().over(
        partition_by=(rows.person, rows.purpose, rows.category),
        order_by=(rows.said_at.desc(), rows.yes, rows.position.desc()),  # of two at one moment the no counts
    )
    return (
        select(rows.person, rows.purpose, rows.category, rows.yes, nth.label("nth"))
        .where(rows.yes.is_not(None), rows.recorded_at < before, rows.asked.contains(_BY_IMPORT), ~taken_back)
        .subquery()
    )


_BY_IMPORT: Final = '"by":"import"'  # in the ledger's own JSON; a quotation mark in somebody's words is escaped there

_EVIDENCE: Final = ("none", "claimed", "proven")


def _by_purpose(connection: Connection, question: Select[Any]) -> dict[str, int]:
    here = consent_now.join(people, people.c.id == consent_now.c.person)
    counted = question.select_from(here).where(consent_now.c.yes == 1, *_KNOWN).group_by(consent_now.c.purpose)
    return {str(row[0]): int(row[1]) for row in connection.execute(counted)}
