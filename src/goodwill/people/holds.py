"""Who counts in nothing for now: before an erasure, a merge or an undo, and while processing is restricted.

The order is always mark, settle, erase. A hold marks; every kept total then settles, which takes the person's part out
while it can still be worked out; only then may history be changed. The last row about a person says whether she is
held; rows are only ever added.

Somebody who never said a word about consent needs no hold: no total that is carried on from an earlier one counts her,
so nothing has to be taken out of one (totals that count people without a word are always worked out anew).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from goodwill.basics.clock import Micros
from goodwill.basics.errors import Conflict
from goodwill.basics.ids import PersonId
from goodwill.consent.tables import consent_rows
from goodwill.people.bulk import listed
from goodwill.people.tables import holds
from goodwill.storage.engine import HOLDS, one_at_a_time
from goodwill.storage.kept import kept
from goodwill.storage.questions import Lists, Question


def last_id(connection: Connection) -> int:
    """The number of the last hold or release; 0 before the first."""
    return int(connection.execute(select(func.coalesce(func.max(holds.c.id), 0))).scalar_one())


def hold(connection: Connection, persons: Iterable[PersonId], reason: str, *, now: Micros) -> int:
    """Let some people count in nothing, and return the number that totals must reach before history may change.

    Somebody may be held for several reasons, and for the same one only once: doing it again adds nothing.

    Args:
        reason: a word for the log, which a release must repeat: ``erasure``, ``restriction``, ``undo of import 3``.
    """
    wanted = sorted(set(persons))
    one_at_a_time(connection, HOLDS)
    standing = reasons(connection, wanted)
    _append(connection, [(person, 1, reason) for person in wanted if reason not in standing[person]], now)
    return _last_about(connection, wanted)


def release(connection: Connection, persons: Iterable[PersonId], reason: str, *, now: Micros) -> int:
    """Let some people count again who were held for a reason; who is held for another one as well stays held."""
    wanted = sorted(set(persons))
    one_at_a_time(connection, HOLDS)
    standing = reasons(connection, wanted)
    rows: list[tuple[PersonId, int, str]] = []
    for person in wanted:
        if reason in standing[person]:
            others = sorted(standing[person] - {reason})
            rows += [(person, 0, reason), *((person, 1, other) for other in others)]  # the last row about her decides
    _append(connection, rows, now)
    return _last_about(connection, wanted)


def held_for(connection: Connection, reason: str) -> list[PersonId]:
    """Everybody who is held for a reason."""
    newest = select(func.max(holds.c.id)).where(holds.c.reason == reason).group_by(holds.c.person)
    question = select(holds.c.person).where(holds.c.id.in_(newest), holds.c.held == 1)
    return [PersonId(person) for person in connection.execute(question).scalars()]


def heard(concerned: Select[Any]) -> Select[Any]:
    """Those of some people (a one-column relation) who ever said a word about consent: a kept total may count them."""
    person = concerned.subquery().c[0]
    return select(person).where(select(consent_rows.c.person).where(consent_rows.c.person == person).exists())


def reasons(connection: Connection, persons: Sequence[PersonId]) -> Mapping[PersonId, set[str]]:
    """For which reasons each of some people is held; no reason, not held."""
    found: defaultdict[PersonId, set[str]] = defaultdict(set)
    for person, reason in _HELD.ask(connection, persons=persons):
        found[PersonId(person)].add(reason)
    return found


def _held(lists: Lists) -> Select[Any]:
    about = holds.c.person.in_(lists.numbers("persons"))
    newest = select(func.max(holds.c.id)).where(about).group_by(holds.c.person, holds.c.reason)
    return select(holds.c.person, holds.c.reason).where(holds.c.id.in_(newest), holds.c.held == 1)


_HELD = Question(_held)


def check_settled(connection: Connection, concerned: Select[Any]) -> None:
    """Make sure that the history of some people may be changed: they are held, and no kept total counts them any more.

    Who then changes it adds a second row about each of them in the same transaction, a release or a hold for good:
    totals that other processes hold in memory from before the first one are worked out anew by it.

    Args:
        concerned: a one-column relation of people.

    Raises:
        Conflict: somebody is not held, or a total has not settled since; the message names the totals.
    """
    persons = set(connection.execute(concerned).scalars())
    last = connection.execute(_last_rows(listed(connection, persons))).all() if persons else []
    if not_held := len(persons) - sum(row.held for row in last):
        raise Conflict(
            f"{not_held} of the people concerned are not held, so totals may still count them. Hold them, settle every "
            "total, then try again."
        )
    needed = max((row.id for row in last), default=0)
    behind = [total.name for total in kept(connection) if total.as_of.holds < needed]
    if behind:
        raise Conflict(
            f"These totals have not settled since the people concerned were held: {', '.join(behind)}. Their parts can "
            "only be taken out while their history stands. Settle these totals, then try again."
        )


def _last_rows(concerned: Select[Any]) -> Select[Any]:
    newest = select(func.max(holds.c.id)).where(holds.c.person.in_(concerned)).group_by(holds.c.person)
    return select(holds.c.person, holds.c.held, holds.c.id).where(holds.c.id.in_(newest))


def _append(connection: Connection, rows: Sequence[tuple[PersonId, int, str]], now: Micros) -> None:
    if not rows:
        return
    first = last_id(connection) + 1
    lines = [
        {"id": first + n, "person": person, "held": held, "reason": reason, "at": now}
        for n, (person, held, reason) in enumerate(rows)
    ]
    connection.execute(insert(holds), lines)


def _last_about(connection: Connection, persons: Sequence[PersonId]) -> int:
    about = holds.c.person.in_(listed(connection, persons))
    return int(connection.execute(select(func.coalesce(func.max(holds.c.id), 0)).where(about)).scalar_one())
