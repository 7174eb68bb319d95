"""Which people a total must look at again: those about whom something changed since it was worked out."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from goodwill.basics.ids import PersonId
from goodwill.consent.tables import consent_rows
from goodwill.people.tables import events, holds
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
