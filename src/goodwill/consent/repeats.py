"""What a file adds to the ledger: nothing that stands there already, and a renewal where a yes is said again later."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from goodwill.consent.ledger import Evidence, Said, State
from goodwill.consent.relation import lasts
from goodwill.consent.tables import SAYS_YES, consent_now, consent_rows
from goodwill.storage.questions import Lists, Question

_Key = tuple[int, str, str]


class _Last(NamedTuple):
    """The word said last about something, as far as the walk has come."""

    state: str
    said_at: int
    until: int | None

    @property
    def yes(self) -> bool:
        return self.state in SAYS_YES

    def allows(self, at: int) -> bool:
        return self.yes and lasts(self.until, at)


def news(connection: Connection, words: Sequence[Said], *, now: int, silent: Collection[int] = ()) -> list[Said | None]:
    """Each word as it is to be written down; None where it tells the ledger nothing.

    What a row says already is not said twice. A yes where another stands renews that if it was said later and its time
    is known; else it adds nothing.

    Args:
        silent: people who have not answered anything yet, as they were made just now.
    """
    people = sorted({word.person for word in words}.difference(silent))
    known, standing = _rows(connection, people), _answers(connection, people)
    told: list[Said | None] = [None] * len(words)
    together: dict[_Key, list[int]] = {}
    for place, word in enumerate(words):
        if (*_key(word), word.state in SAYS_YES or word.state.value, word.said_at) not in known:
            together.setdefault(_key(word), []).append(place)
    for key, places in together.items():
        # In the order in which they were said; of two said at one moment the no counts, so it comes last.
        places.sort(key=lambda place: (words[place].said_at, words[place].state not in SAYS_YES))
        for place, word in _walk([(place, words[place]) for place in places], standing.get(key), now):
            told[place] = word
    return told


def _walk(words: Iterable[tuple[int, Said]], stands: _Last | None, now: int) -> Iterable[tuple[int, Said]]:
    """The words about one thing that are news, each with its place.

    Args:
        stands: what counted before them.
    """
    last: _Last | None = None
    for place, word in words:
        if stands is not None and word.said_at >= stands.said_at and (last is None or last.said_at <= stands.said_at):
            last = stands
        is_old = stands is not None and word.said_at < stands.said_at
        if (new := _new(word, last, is_old=is_old and stands is not None and stands.allows(now))) is not None:
            yield place, new
            if new.state is not State.REQUESTED:
                last = _Last(new.state.value, new.said_at, new.until)


def _new(word: Said, last: _Last | None, *, is_old: bool) -> Said | None:
    """A word as it follows the one before.

    Args:
        is_old: a later yes stands.
    """
    if word.state not in (State.GIVEN, State.REQUESTED):
        return None if last is not None and (last.state, last.said_at) == (word.state, word.said_at) else word
    if is_old:
        return None
    if last is None or not last.allows(word.said_at):
        return word
    is_later = word.said_at > last.said_at and word.asked.evidence is not Evidence.NONE
    return replace(word, state=State.RENEWED) if is_later and word.state is State.GIVEN else None


def _key(word: Said) -> _Key:
    return word.person, word.purpose, word.category


def _rows(connection: Connection, people: Sequence[int]) -> set[tuple[object, ...]]:
    """What the rows of some people say that were not taken back; a yes is a yes, renewed or not."""
    found = _SAID.ask(connection, people=people) if people else ()
    return {(line[0], line[1], line[2], line[3] in SAYS_YES or line[3], line[4]) for line in found}


def _answers(connection: Connection, people: Sequence[int]) -> Mapping[_Key, _Last]:
    """What counts now for some people."""
    found = _COUNTS.ask(connection, people=people) if people else ()
    return {(line[0], line[1], line[2]): _Last(*line[3:]) for line in found}


def _said(lists: Lists) -> Select[Any]:
    later, row = consent_rows.alias("later"), consent_rows.c
    taken_back = select(later.c.refers).where(later.c.refers == row.position).exists()
    question = select(row.person, row.purpose, row.category, row.state, row.said_at)
    return question.where(~taken_back, row.person.in_(lists.numbers("people")))


def _counts(lists: Lists) -> Select[Any]:
    now, row = consent_now.c, consent_rows.c
    question = select(now.person, now.purpose, now.category, row.state, now.said_at, now.until)
    return question.join(consent_rows, row.position == now.position).where(now.person.in_(lists.numbers("people")))


_SAID, _COUNTS = Question(_said), Question(_counts)
