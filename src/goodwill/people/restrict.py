"""Restriction: what is known of somebody is kept and used for nothing, until she or the shop lifts it (GDPR art. 18).

A restricted person is held: she counts in no total, no decision rests on her data, and ``can`` says so. Retention
leaves her data alone too, because she may need them for a claim.
"""

from sqlalchemy import Connection

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.people import holds

REASON = "restriction"


def restrict(connection: Connection, person: PersonId, *, now: Micros) -> bool:
    """Use nothing of somebody any more; False if that is so already."""
    new = not is_restricted(connection, person)
    holds.hold(connection, [person], REASON, now=now)
    return new


def lift(connection: Connection, person: PersonId, *, now: Micros) -> bool:
    """Let what she allows be used again; False if nothing was restricted."""
    standing = is_restricted(connection, person)
    holds.release(connection, [person], REASON, now=now)
    return standing


def is_restricted(connection: Connection, person: PersonId) -> bool:
    return REASON in holds.reasons(connection, [person])[person]
