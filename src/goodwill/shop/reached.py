"""How far everything reaches from which figures are worked out: where it has not moved, nor has what they tell."""

from typing import TYPE_CHECKING, TypeAlias

from goodwill import costs
from goodwill.access.rows import as_of_now
from goodwill.basics.clock import day_of

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

Reached: TypeAlias = tuple[int, ...]


def reached(shop: "Shop") -> Reached:
    """The last row of ledger, events and holds, of the plan and of what was spent; and the day, which warnings name."""
    with shop.database.reading() as connection:
        people, spent = as_of_now(connection, 0), costs.state(connection)
    today = day_of(shop.clock(), shop.settings.zone)
    return (people.consent, people.events, people.holds, *spent, shop.planning.plan().upto, today)
