"""The catalogue: products by the shop's own id, and the items that models count."""

import numpy as np
import pytest

from goodwill import catalogue
from goodwill.basics.errors import BadInput
from goodwill.catalogue import Product, store


def bread(external: str, **more) -> Product:
    return Product(external, more.pop("name", f"Loaf {external}"), category="Bread", type="Rye", **more)


def test_products_that_are_new_get_ids_in_the_order_asked(database):
    with database.transaction() as connection:
        done = catalogue.upsert_many(connection, [bread("P2"), bread("P1"), bread("P2")])
        known = catalogue.ids_of(connection, ["P1", "P2", "P3"])
    assert done.added == 2
    assert done.ids == (known["P2"], known["P1"], known["P2"])
    assert "P3" not in known


def test_the_same_products_again_change_nothing(database):
    with database.transaction() as connection:
        catalogue.upsert_many(connection, [bread("P1", price=340, currency="EUR", tags=("dark", "sour"))])
        again = catalogue.upsert_many(connection, [bread("P1", price=340, currency="EUR", tags=("dark", "sour"))])
    assert (again.added, again.changed, again.unchanged) == (0, 0, 1)


def test_what_a_product_leaves_open_stays_as_it_was(database):
    with database.transaction() as connection:
        first = catalogue.upsert_many(connection, [bread("P1", price=340, currency="EUR", available=False)])
        done = catalogue.upsert_many(connection, [Product("P1", name="Rye loaf")])
        now = catalogue.of_ids(connection, first.ids)[first.ids[0]]
    assert done.before[first.ids[0]].name == "Loaf P1"
    assert (now.name, now.price, now.available, now.category) == ("Rye loaf", 340, False, "Bread")


def test_a_change_can_be_put_back_and_a_new_product_taken_out(database):
    with database.transaction() as connection:
        catalogue.upsert_many(connection, [bread("P1", price=340)])
        done = catalogue.upsert_many(connection, [bread("P1", price=360), bread("P2")], import_id=7)
        store.put_back(connection, done.before)
        assert [catalogue.ids_of(connection, ["P2"])["P2"]] == store.added_by(connection, [7])
        store.remove(connection, store.added_by(connection, [7]))
        assert catalogue.ids_of(connection, ["P1", "P2"]).keys() == {"P1"}
        assert catalogue.of_ids(connection, done.ids)[done.ids[0]].price == 340


def test_items_are_numbered_by_name_and_keep_their_numbers(database):
    with database.transaction() as connection:
        catalogue.upsert_many(
            connection,
            [Product("P1", type="Rye"), Product("P2", type="Baguette"), Product("P3", category="Cake"), Product("P4")],
        )
        assert catalogue.set_items(connection, "type") == 4
        assert catalogue.item_names(connection, "type") == ["Baguette", "Cake", "P4", "Rye"]
        catalogue.upsert_many(connection, [Product("P5", type="Apple pie"), Product("P6", type="Rye")])
        assert catalogue.set_items(connection, "type") == 5
        names = catalogue.item_names(connection, "type")
        ids = catalogue.ids_of(connection, [f"P{n}" for n in range(1, 7)])
        item = catalogue.items_of_products(connection)
    assert names == ["Baguette", "Cake", "P4", "Rye", "Apple pie"]
    assert [names[item[ids[f"P{n}"]]] for n in range(1, 7)] == ["Rye", "Baguette", "Cake", "P4", "Apple pie", "Rye"]


def test_a_shop_may_change_the_level_and_come_back_to_the_same_numbers(database):
    with database.transaction() as connection:
        catalogue.upsert_many(connection, [bread("P1"), bread("P2"), Product("P3", category="Cake")])
        catalogue.set_items(connection, "category")
        before = catalogue.items_of_products(connection)
        assert catalogue.set_items(connection, "product") == 3
        assert sorted(catalogue.items_of_products(connection)[1:]) == [0, 1, 2]
        catalogue.set_items(connection, "category")
        assert np.array_equal(catalogue.items_of_products(connection), before)


def test_an_item_shows_a_product_that_can_be_had(database):
    with database.transaction() as connection:
        catalogue.upsert_many(connection, [bread("P1", available=False), bread("P2"), Product("P3", available=False)])
        catalogue.set_items(connection, "type")
        names = catalogue.item_names(connection, "type")
        shown = catalogue.shown(connection, range(len(names)))
    assert {names[number]: product.external for number, product in shown.items()} == {"Rye": "P2"}


def test_an_empty_catalogue_has_no_items(database):
    with database.transaction() as connection:
        assert catalogue.set_items(connection, "type") == 0
        assert catalogue.items_of_products(connection).tolist() == [-1]


def test_a_level_that_does_not_exist_is_refused(database):
    with database.transaction() as connection, pytest.raises(BadInput, match="product, type or category"):
        catalogue.set_items(connection, "shelf")
