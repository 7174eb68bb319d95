"""Measures from the command line: the meter as two tables and a list, and the same for programs."""

from tests.cli.conftest import Run


def test_the_meter_is_shown_in_tables_a_shopkeeper_can_read(shop: Run):
    ended = shop("measure", "minimisation")
    assert ended.code == 0, ended.err
    for words in ("no purchases", "last 1 visit", "last 50 visits", "light", "heavy", "browsing", "not used"):
        assert words in ended.out
    assert "nan" not in ended.out
    assert "too few" in ended.out, "this shop has a handful of customers"
    assert "of fewer than 10 no figure" in ended.err


def test_programs_get_the_same(shop: Run):
    document = shop("measure", "minimisation", "--json").document
    assert document["people"] > 0
    assert {one["category"] for one in document["categories"] if one["verdict"] != "not used"} == {"purchases"}
    assert len(document["inference"]) == len(document["training"]) == 7


def test_what_can_be_measured_is_listed(shop: Run):
    assert "minimisation" in shop("measure", "list").out


def test_what_each_way_of_choosing_costs_is_shown_beside_what_it_finds(shop: Run):
    ended = shop("slot", "cost")
    assert ended.code == 0, ended.err
    for words in ("as it is", "new_in_ten=3", "calibration=40", "first purchases found"):
        assert words in ended.out
    assert "nan" not in ended.out
    assert "too few" in ended.out, "this shop has a handful of customers"
    document = shop("slot", "cost", "--json").document
    assert document["ways"][0]["way"] == "as it is"
    assert len(document["ways"]) == 9
