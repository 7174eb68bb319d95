"""What somebody told us she likes: her own answer to one question, by the names of kinds of things.

Her latest answer counts. It is a fact that she told and nothing else: no total counts it, and nothing is inferred.
Whoever reads it for a choice has seen before that she allows it (`preferences`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId, hash64
from goodwill.people import log
from goodwill.people.gentle import TOLD, Word, words_of
from goodwill.people.tables import events

_SAYS: Final = '{"likes"'  # how such a word begins; no other does


@dataclass(frozen=True, slots=True)
class Taste:
    """What she told.

    Attributes:
        kinds: the names of the kinds of things she likes; none: she has no preference, and said so.
        at: when she said it.
    """

    kinds: tuple[str, ...]
    at: Micros


def taste_by(words: Iterable[Word]) -> Taste | None:
    """Her latest answer among what was noted of how to be with her; None where she gave none."""
    found = None
    for word in words:
        if word.type == TOLD and word.detail is not None and word.detail.startswith(_SAYS):
            found = word
    if found is None or found.detail is None:
        return None
    return Taste(tuple(map(str, json.loads(found.detail)["likes"])), Micros(found.at))


def taste_of(connection: Connection, person: PersonId) -> Taste | None:
    """Her latest answer, for herself to see."""
    return taste_by(words_of(connection, [person], resting=())[person])


def tell(connection: Connection, person: PersonId, kinds: Sequence[str], *, at: Micros, day: int) -> None:
    """Write down what she says she likes; an earlier answer does not count any more."""
    detail = json.dumps({"likes": list(kinds)}, ensure_ascii=False)
    key = hash64("taste", person, detail, at)
    log.append_one(connection, person=person, type_=TOLD, at=at, day=day, key=key, detail=detail)


def take_away(connection: Connection, person: PersonId) -> int:
    """Delete every answer of hers, and tell how many there were; no total counts one, so nothing has to settle."""
    mine = (events.c.person == person, events.c.type == TOLD, events.c.detail.like(f"{_SAYS}%"))
    return connection.execute(delete(events).where(*mine)).rowcount


__all__ = ["Taste", "take_away", "taste_by", "taste_of", "tell"]
