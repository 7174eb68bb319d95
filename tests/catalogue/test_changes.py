"""What products were before: the lowest price of some weeks, and which catalogue it is, on both databases."""

from goodwill.basics.clock import DAY
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Edition, Product


def test_the_lowest_price_counts_what_held_at_any_time_of_30_days(database, clock):
    start = clock()
    with database.transaction() as connection:
        number = catalogue.upsert_many(connection, [Product("milk", price=100)], at=start).ids[0]
        for days, price in ((5, 80), (10, 120), (50, 110)):
            catalogue.upsert_many(connection, [Product("milk", price=price)], at=start + days * DAY)

        def lowest(days: int) -> int | None:
            return catalogue.lowest_price(connection, number, at=start + days * DAY)

        assert catalogue.lowest_price(connection, number, at=start + 12 * DAY, days=1) == 110, "as it is now"
        assert lowest(39) == 80, "until day 10 it was 80"
        assert lowest(41) == 110, "that was 31 days ago"
        assert lowest(60) == 110
        assert catalogue.lowest_price(connection, 999, at=start) is None


def test_what_has_no_price_has_no_lowest(database, clock):
    with database.transaction() as connection:
        number = catalogue.upsert_many(connection, [Product("gift", "Gift")], at=clock()).ids[0]
        assert catalogue.lowest_prices(connection, [number], at=clock()) == {}


def test_every_change_and_every_removal_names_another_catalogue(database, clock):
    with database.transaction() as connection:
        assert catalogue.edition(connection) == Edition(0, 0)
        milk, bread = catalogue.upsert_many(connection, [Product("milk", price=1), Product("bread")], at=clock()).ids
        first = catalogue.edition(connection)
        assert first.product == bread
        catalogue.upsert_many(connection, [Product("milk", price=1)], at=clock())
        assert catalogue.edition(connection) == first, "nothing new was said"
        catalogue.upsert_many(connection, [Product("milk", price=2)], at=clock())
        catalogue.put_back(connection, {milk: Product("milk", "milk", price=1, available=True)}, at=clock())
        catalogue.remove(connection, [bread], at=clock())
        after = catalogue.edition(connection)
        assert (after.change - first.change, after.product) == (3, milk)
        was = catalogue.changes_since(connection, first.change)
        assert [(number, product.external, product.price) for number, product in was] == [
            (milk, "milk", 1), (milk, "milk", 2), (bread, "bread", None),
        ]  # fmt: skip
