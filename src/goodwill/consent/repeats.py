"""What the ledger says already: a file that is imported twice must not say everything twice."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from goodwill.consent.ledger import Said
from goodwill.consent.tables import consent_rows

_AT_A_TIME = 5_000  # people in one question


def already_said(connection: Connection, words: Sequence[Said]) -> list[bool]:
    """For each word whether a row that was not taken back says the same: who, what about, the answer, and when."""
    people = sorted({word.person for word in words})
    later = consent_rows.alias("later")
    taken_back = select(later.c.refers).where(later.c.refers == consent_rows.c.position).exists()
    row = consent_rows.c
    standing = select(row.person, row.purpose, row.category, row.state, row.said_at).where(~taken_back)
    found: set[tuple[object, ...]] = set()
    for start in range(0, len(people), _AT_A_TIME):
        some = people[start : start + _AT_A_TIME]
        found.update(tuple(line) for line in connection.execute(standing.where(row.person.in_(some))))
    return [(word.person, word.purpose, word.category, word.state.value, word.said_at) in found for word in words]
