"""Which products the log still speaks of, so that an undo takes none away that somebody bought."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from goodwill.people.bulk import listed
from goodwill.people.tables import events


def products_mentioned(connection: Connection, products: Sequence[int]) -> set[int]:
    """Those of some products that stand in an event."""
    question = select(events.c.product).where(events.c.product.in_(listed(connection, products))).distinct()
    return {int(product) for product in connection.execute(question).scalars()}
