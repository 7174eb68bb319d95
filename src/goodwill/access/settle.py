"""Which people a total must look at again: those about whom something changed since it was worked out."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from goodwill.access import rows
from goodwill.basics.clock import day_of
from goodwill.basics.ids import PersonId
from goodwill.consent.tables import consent_rows
from goodwill.people.tables import events, holds, people
from goodwill.purposes import Category, Entry
from goodwill.storage import AsOf

# Beyond so many people a total is worked out anew: the column engine is faster then than one part after another.
MANY = 2_000


def history_was_rewritten(connection: Connection, old: AsOf, new: AsOf) -> bool:
    """Whether somebody was held and dealt with between two points, so that her old part may be gone.

    A hold alone changes nothing yet; the second row about a person (released, erased) follows the change.
    """
    since = select(holds.c.person).where(holds.c.id > old.holds, holds.c.id <= new.holds)
    return connection.execute(since.group_by(holds.c.person).having(func.count() > 1).limit(1)).first() is not None


def changed_people(
    connection: Connection, entry: Entry, categories: Iterable[Category], types: Iterable[int], old: AsOf, new: AsOf
) -> set[PersonId]:
    """Everyone whose part may differ between two points: by consent, its expiry, an event, or a hold."""
    wanted = sorted(categories)
    said = select(consent_rows.c.person).where(
        consent_rows.c.purpose == entry.name, consent_rows.c.category.in_(wanted)
    )
    questions = [
        said.where(consent_rows.c.position > old.consent, consent_rows.c.position <= new.consent),
        said.where(consent_rows.c.until > old.at, consent_rows.c.until <= new.at),
        select(events.c.person).where(
            events.c.id > old.events,
            events.c.id <= new.events,
            events.c.type.in_(sorted(types)),
            events.c.person.is_not(None),
        ),
        select(holds.c.person).where(holds.c.id > old.holds, holds.c.id <= new.holds),
    ]
    found: set[PersonId] = set()
    for question in questions:
        found.update(connection.execute(question.distinct().limit(MANY + 1)).scalars())
    return found


def counted_otherwise(
    connection: Connection, entry: Entry, category: Category | None, old: AsOf, new: AsOf, *, zone: ZoneInfo, least: int
) -> int:
    """Of how many people it changed between two points whether they count for a purpose; nobody is named.

    Args:
        category: of data, for which they count; None: any.
        least: from so many on it is not counted further.

    Returns:
        0: what is added up of everybody is the same at both. Who was merged may have changed it, but not for sure, and
        nobody else's change may hide behind that: so merged people are 1 together, and only where nobody else changed.
    """
    if old.at > new.at:
        old, new = new, old
    found = 0
    for person in sorted(_spoken_of(connection, entry, old, new)):
        then, now = (_counts(connection, person, entry, category, point, zone) for point in (old, new))
        found += then != (now and rows.is_known(connection, person))
        if found >= least:
            return found
    return found or int(history_was_rewritten(connection, old, new))


def _spoken_of(connection: Connection, entry: Entry, old: AsOf, new: AsOf) -> set[PersonId]:
    """Of whom ledger or holds say something new; but not who was merged into another, whose purchases stayed."""
    mine = consent_rows.c.purpose == entry.name
    questions = (
        select(consent_rows.c.person).where(
            mine, consent_rows.c.position > old.consent, consent_rows.c.position <= new.consent
        ),
        select(consent_rows.c.person).where(mine, consent_rows.c.until > old.at, consent_rows.c.until <= new.at),
        select(holds.c.person).where(holds.c.id > old.holds, holds.c.id <= new.holds),
    )
    merged = select(people.c.id).where(people.c.merged_into.is_not(None))
    found: set[PersonId] = set()
    for question in questions:
        person = question.selected_columns[0]
        found.update(connection.execute(question.where(person.not_in(merged)).distinct()).scalars())
    return found


def _counts(
    connection: Connection, person: PersonId, entry: Entry, category: Category | None, point: AsOf, zone: ZoneInfo
) -> bool:
    allowed = rows.categories_as_of(connection, person, entry, point, day=day_of(point.at, zone))
    asked = bool(allowed) if category is None else category in allowed
    return asked and not rows.is_held(connection, person, point.holds)
