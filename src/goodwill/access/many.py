"""Totals and lists over many people, by the column engine."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from goodwill.access import expressions as ask
from goodwill.access.columns import Columns
from goodwill.access.rows import as_of_now, facts_of_many, is_impersonal, told_of_themselves
from goodwill.access.view import (
    COLUMNS,
    GROUPS,
    Aggregate,
    Beside,
    BySaid,
    Contribution,
    Facts,
    Frame,
    Grouped,
    HadSaid,
    Log,
    Numbers,
    Selection,
    Total,
    currency_of,
    nobody,
)
from goodwill.basics.errors import Conflict
from goodwill.basics.ids import PersonId
from goodwill.people.types import TypeCode
from goodwill.protect.cipher import Cipher
from goodwill.purposes import Category, Entry
from goodwill.storage import AsOf

if TYPE_CHECKING:
    from ibis import Table

# How far an answer reaches stands in no question: these stand there for it, numbers that no log and no clock comes to.
_STAND_INS = AsOf(
    consent=9_123_456_789_000_000_010, events=9_123_456_789_000_000_020, holds=9_123_456_789_000_000_030,
    at=9_123_456_789_000_000_040,
)  # fmt: skip

# Readings that history changed under, one after the other, before somebody is told.
_TRIES = 5


def total(
    columns: Columns, entry: Entry, what: Contribution | Aggregate, *, at: int, off: bool, word: Entry | None = None,
    said: Sequence[Entry] = (),
) -> Total:  # fmt: skip
    """The total of a contribution as of what is committed now.

    If no log grew during the reading, all that was read is within reach. Otherwise the question is asked again with
    the point where the reading began as its bound, the ledger replayed up to there. Both give the same total.

    Args:
        word: the purpose by which a `ByWord` contribution tells people apart. said: those of a `BySaid` one.

    Raises:
        Conflict: while people were read some were held or released, each time it was tried.
    """
    for _ in range(_TRIES):
        as_of = _committed(columns, at)
        if off:
            return Total(nobody(what), as_of, 0)
        found = _answers(columns, entry, what, as_of, current=True)
        reached = _committed(columns, at)
        if reached != as_of:
            found = _answers(columns, entry, what, as_of, current=False)
            reached = _committed(columns, at)
        # Events change hands, or go, only together with a row of the holds: no bound would bring them back.
        if reached.holds == as_of.holds:
            if word is not None:
                group = np.isin(found.people, people_allowing(columns, word, as_of)).astype(np.int64)
                return _added_up(what, found, as_of, group)
            had = _had_said(columns, what.said, said, found.people, as_of) if isinstance(what, BySaid) else None
            return _added_up(what, found, as_of, _groups(what, found.people, had))
    raise Conflict("People are being erased or merged while totals are worked out. Try again in a moment.")


def selection(columns: Columns, entry: Entry, what: Selection, cipher: Cipher | None, *, at: int, off: bool) -> Total:
    """The count of a selection as of what is committed now; see `total` for how it meets what changes meanwhile.

    Facts have no log. They are opened for those who allowed it at the point that the answer names, if nobody has said
    anything or was held since; else all is asked again.

    Raises:
        Conflict: too much changed meanwhile, each time it was tried.
    """
    for _ in range(_TRIES):
        as_of = _committed(columns, at)
        seen = _looked_at(columns, entry, what, as_of, current=True, off=off)
        reached = _committed(columns, at)
        if reached != as_of:
            seen = _looked_at(columns, entry, what, as_of, current=False, off=off)
            reached = _committed(columns, at)
        if reached.holds != as_of.holds:
            continue
        seen = _without_impersonal(columns, seen, as_of)
        patterns, place, counts = np.unique(seen.pattern, return_inverse=True, return_counts=True)
        waits = what.undecided(patterns)
        facts: list[tuple[int, Facts]] = []
        if what.fields and waits.any():
            open_, upto = waits[place], (as_of.consent, as_of.holds)
            opened = facts_of_many(columns.database, cipher, seen.person[open_], what, upto)
            if opened is None:
                continue
            facts = list(zip(seen.pattern[open_].tolist(), opened, strict=True))
            patterns, counts = patterns[~waits], counts[~waits]
        beside = Beside(left_out=seen.known - seen.held - seen.person.size, held=seen.held)
        return Total(what.add_up(patterns, counts, facts), as_of, seen.person.size, beside)
    raise Conflict("What people allow is being changed over and over while they are counted. Try again in a moment.")


class _Seen(NamedTuple):
    """Who may be looked at, with the pattern of each; and how many people there are."""

    person: Numbers
    pattern: Numbers
    known: int
    held: int


def _looked_at(columns: Columns, entry: Entry, what: Selection, as_of: AsOf, *, current: bool, off: bool) -> _Seen:
    everybody = ask.known_and_held(_STAND_INS)
    if off:
        (counted,) = columns.run_together([everybody], {}, _reached(as_of))
        nobody = np.zeros(0, np.int64)
        return _Seen(nobody, nobody, int(counted["known"][0]), int(counted["held"][0]))
    who = ask.allowing_all(entry, what.categories, _STAND_INS, current=current)
    questions = [everybody, who.any()]
    if what.types:
        upto = None if current else _STAND_INS.events
        questions.append(what.patterns(ask.consenting_events(who, what.categories, tuple(what.types), upto)))
    counted, people, *shown = columns.run_together(questions, who.given, _reached(as_of))
    person = np.sort(people["person"])
    pattern = np.full(person.size, what.blank, np.int64)
    for found in shown:
        pattern[np.searchsorted(person, found["person"])] = found["pattern"]
    return _Seen(person, pattern, int(counted["known"][0]), int(counted["held"][0]))


def _without_impersonal(columns: Columns, seen: _Seen, as_of: AsOf) -> _Seen:
    """The same without those from whose data nothing is to be chosen, whatever they allow."""
    with columns.database.reading() as connection:
        told = np.intersect1d(seen.person, told_of_themselves(connection))
        out = [one for one in told.tolist() if is_impersonal(connection, PersonId(one), as_of)]
    stays = ~np.isin(seen.person, np.array(out, np.int64))
    return seen._replace(person=seen.person[stays], pattern=seen.pattern[stays])


class _Found(NamedTuple):
    """Who contributes, what the question about their events answers, and how many people there are."""

    people: Numbers
    answer: dict[str, Numbers]
    known: int
    held: int


def _added_up(what: Contribution | Aggregate, found: _Found, as_of: AsOf, group: Numbers | None) -> Total:
    people = found.people
    # Somebody who came to be known while this was read is in none of the numbers.
    beside = Beside(left_out=max(found.known - found.held - people.size, 0), held=found.held)
    if isinstance(what, Aggregate):
        return Total(what.gather(people.size, found.answer), as_of, people.size, beside)
    return Total(what.whole(_framed(people, found.answer, group)), as_of, people.size, beside)


def people_allowing(columns: Columns, entry: Entry, as_of: AsOf) -> Numbers:
    """The ids of everyone who allows a purpose for at least one of its categories, rising."""
    who = _allowed(entry, frozenset(entry.categories), current=False)
    (found,) = columns.run_together([who.any()], who.given, _reached(as_of))
    return np.sort(found["person"])


def _answers(columns: Columns, entry: Entry, what: Contribution | Aggregate, as_of: AsOf, *, current: bool) -> _Found:
    who = _allowed(entry, what.categories, current=current)
    asked = (entry, what.categories, tuple(what.types))
    if isinstance(what, Aggregate):
        wanted = what.expression(_events(*asked, current=current))
    else:
        wanted = _frame(*asked, currency_of(what), current=current)
    questions = [ask.known_and_held(_STAND_INS), who.any(), wanted]
    counted, people, answer = columns.run_together(questions, who.given, _reached(as_of))
    return _Found(np.sort(people["person"]), answer, int(counted["known"][0]), int(counted["held"][0]))


@lru_cache(maxsize=64)
def _allowed(entry: Entry, categories: frozenset[Category], *, current: bool) -> ask.Allowed:
    return ask.allowed(entry, categories, _STAND_INS, current=current)


def _events(entry: Entry, categories: frozenset[Category], types: tuple[TypeCode, ...], *, current: bool) -> "Table":
    who = _allowed(entry, categories, current=current)
    return ask.consenting_events(who, categories, types, None if current else _STAND_INS.events)


@lru_cache(maxsize=64)
def _frame(
    entry: Entry, categories: frozenset[Category], types: tuple[TypeCode, ...], currency: str | None, *, current: bool
) -> "Table":
    return ask.frame(_events(entry, categories, types, current=current), currency)


def _reached(as_of: AsOf) -> Mapping[int, int]:
    """What the stand-ins stand for; a yes has to end after the moment, so that is asked for as the next one."""
    return {
        _STAND_INS.consent: as_of.consent,
        _STAND_INS.events: as_of.events,
        _STAND_INS.holds: as_of.holds,
        _STAND_INS.at + 1: as_of.at + 1,
    }


def _framed(people: Numbers, answer: dict[str, Numbers], group: Numbers | None) -> Frame:
    """Numbers from 0 in place of ids, so that what is handed over names nobody."""
    number = np.searchsorted(people, answer["person"]).astype(np.int64)
    names = (*COLUMNS, "foreign") if "foreign" in answer else COLUMNS
    return Frame(int(people.size), number, Log(*(answer[name] for name in names)), group)


def _had_said(columns: Columns, said: HadSaid, entries: Sequence[Entry], people: Numbers, as_of: AsOf) -> Numbers:
    """The number of what each of some people had said, from the ledger as far as ``as_of`` reaches."""
    yes = [ask.said_yes(entries, moment, _STAND_INS.consent) for moment in said.moments]
    days = ask.days_said(said.moments[0], _STAND_INS.consent)
    *levels, spoke = columns.run_together([*yes, days], {}, _reached(as_of))
    return said.number([_of_each(people, one, "yes") for one in levels], _of_each(people, spoke, "days"))


def _of_each(people: Numbers, found: Mapping[str, Numbers], name: str) -> Numbers:
    """What was found of each of some people; 0 of those of whom nothing was. What was found of others is left."""
    told, ours = np.zeros(people.size, np.int64), np.isin(found["person"], people)
    told[np.searchsorted(people, found["person"][ours])] = found[name][ours]
    return told


def _groups(what: Contribution | Aggregate, people: Numbers, had: Numbers | None) -> Numbers | None:
    """The group of each person, where a contribution tells some apart.

    Args:
        had: the number of what each had said, for a `BySaid` contribution.

    Raises:
        ValueError: they are no small whole numbers, one for each: a program's own mistake.
    """
    if not isinstance(what, Grouped):
        group = had
    else:
        group = what.group_of(people.copy())
        if had is not None and isinstance(what, BySaid):
            group = group * what.said.kinds + had
    if group is None:
        return None
    if group.shape != people.shape or group.dtype != np.int64 or np.any((group < 0) | (group >= GROUPS)):
        raise ValueError(f"'{what.name}' must put each person into a group from 0 to {GROUPS - 1}")
    return group


def _committed(columns: Columns, at: int) -> AsOf:
    """How far the logs reach in what is committed; what the column engine reads next reaches at least as far."""
    with columns.database.reading() as connection:
        return as_of_now(connection, at)
