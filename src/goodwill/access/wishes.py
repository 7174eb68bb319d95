"""How somebody wants to be written to: read without a purpose, because it can only make the shop do less.

The one thing beside the four verbs that this room reads; it opens three fields, by name, of one person.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, bindparam, select

from goodwill.basics.ids import PersonId
from goodwill.people.tables import profiles
from goodwill.protect.cipher import Cipher, Sealed

PAUSE, LESS_OFTEN, LANGUAGE = "write_again_from", "write_less_often", "language"
_ASKED = select(profiles.c.field, profiles.c.epoch, profiles.c.sealed).where(
    profiles.c.person == bindparam("person"), profiles.c.field.in_([PAUSE, LESS_OFTEN, LANGUAGE])
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody asked of whoever writes to her.

    Attributes:
        again_from: no letters before this day, if she asked for a pause.
        less_often: she wants fewer letters; how many fewer is for whoever writes them to decide, and to keep to.
        language: two letters, if she chose one.
    """

    again_from: date | None = None
    less_often: bool = False
    language: str | None = None

    def paused(self, today: date) -> bool:
        """Whether she is not to be written to today."""
        return self.again_from is not None and today < self.again_from


def wishes_of(connection: Connection, cipher: Cipher, person: PersonId) -> Wishes:
    """The wishes of one person: what every sender of news asks first, in the transaction that would send."""
    found = {
        row.field: cipher.open(person, row.field, Sealed(row.epoch, bytes(row.sealed)))
        for row in connection.execute(_ASKED, {"person": person})
    }
    return Wishes(_day(found.get(PAUSE)), LESS_OFTEN in found, found.get(LANGUAGE))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None  # an import brought a field of that name; it is no wish
