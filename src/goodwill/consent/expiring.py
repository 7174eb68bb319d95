"""Which yeses end soon, so that a shop can ask again in time."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.consent.tables import consent_now
from goodwill.purposes import Category, Purpose


@dataclass(frozen=True, slots=True)
class Expiring:
    """A person's yes to a purpose that ends by itself."""

    person: PersonId
    purpose: Purpose
    categories: tuple[Category, ...]
    until: Micros


def expiring(connection: Connection, *, at: int, before: int) -> list[Expiring]:
    """All yeses that stand now and end before a moment, the soonest first; those of people who are no more too."""
    now = consent_now.c
    question = (
        select(now.person, now.purpose, now.category, now.until)
        .where(now.yes == 1, now.until > at, now.until <= before)
        .order_by(now.until, now.person, now.purpose, now.category)
    )
    found: dict[tuple[int, str, int], list[str]] = {}
    for row in connection.execute(question):
        found.setdefault((row.person, row.purpose, row.until), []).append(row.category)
    return [
        Expiring(PersonId(person), Purpose(purpose), tuple(map(Category, categories)), Micros(until))
        for (person, purpose, until), categories in found.items()
    ]
