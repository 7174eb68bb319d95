"""Somebody asked to be erased, and the hold in which she may still stop it runs: until then nothing of her is used.

She is held, as under a restriction: she counts in no total, no decision rests on her data, no letter of news goes out.
"""

from typing import Final

from sqlalchemy import Connection

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.people import holds

REASON: Final = "erasure asked for"


def begin(connection: Connection, person: PersonId, *, now: Micros) -> None:
    """Use nothing of somebody from now on; doing it again adds nothing."""
    holds.hold(connection, [person], REASON, now=now)


def drop(connection: Connection, person: PersonId, *, now: Micros) -> None:
    """The wish is over, stopped or refused: what she allows may be used again."""
    holds.release(connection, [person], REASON, now=now)
