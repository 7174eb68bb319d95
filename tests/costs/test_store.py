"""The ledger of costs only grows, on both databases."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from goodwill import costs
from goodwill.basics.clock import Day, Micros
from goodwill.basics.errors import Conflict, NotFound
from goodwill.costs import Cost, Kind, Rate
from goodwill.costs.store import add_new

NOW = Micros(5)
BREAD = Cost(Day(10), Kind.MEDIA, 1_000, "EUR", "search", "bread", "first")
TWO = [BREAD, Cost(Day(11), Kind.LICENCE, 3_000, "USD")]


@pytest.mark.parametrize("table", ["costs", "cost_undos", "rates"])
@pytest.mark.parametrize("change", ["UPDATE {table} SET at = 2", "DELETE FROM {table}"])
def test_nothing_of_it_is_changed_or_removed(database, table, change):
    with database.transaction() as connection:
        costs.add(connection, TWO, at=NOW)
        costs.undo(connection, 1, at=NOW)
        costs.add_rate(connection, Rate(Day(1), "USD", "EUR", "0.9", "ECB"), at=NOW)
    with pytest.raises(DatabaseError, match=f"{table} only grows"), database.transaction() as connection:
        connection.execute(text(change.format(table=table)))


def test_what_was_taken_back_counts_no_more_and_stays_to_be_seen(database):
    with database.transaction() as connection:
        one, two = costs.add(connection, TWO, at=NOW)
        assert costs.undo(connection, one, at=Micros(9), reason="typed twice").cost == BREAD
        assert [entry.id for entry in costs.entries(connection)] == [two]
        gone = costs.entries(connection, undone=True)[0]
        assert (gone.id, gone.undone_at, gone.reason) == (one, 9, "typed twice")
        with pytest.raises(Conflict, match="taken back before"):
            costs.undo(connection, one, at=NOW)
        with pytest.raises(NotFound, match="no cost 77"):
            costs.undo(connection, 77, at=NOW)


def test_equal_rows_of_one_file_are_several_costs_and_of_two_files_the_same(database):
    with database.transaction() as connection:
        assert add_new(connection, [(BREAD, 0), (BREAD, 1)], at=NOW, import_id=1) == 2
        assert add_new(connection, [(BREAD, 0), (BREAD, 1), (TWO[1], 0)], at=NOW, import_id=2) == 1
        assert costs.undo_import(connection, 1, at=NOW, reason="undo") == 2
        assert costs.undo_import(connection, 1, at=NOW, reason="undo") == 0
        assert [entry.import_id for entry in costs.entries(connection)] == [2]
        assert add_new(connection, [(BREAD, 0)], at=NOW, import_id=3) == 1


def test_days_are_chosen_and_rates_come_in_the_order_of_writing(database):
    with database.transaction() as connection:
        costs.add(connection, TWO, at=NOW)
        assert [one.cost for one in costs.entries(connection, since=Day(11))] == [TWO[1]]
        assert [one.cost for one in costs.entries(connection, until=Day(10))] == [BREAD]
        for rate in ("0.9", "0.8"):
            costs.add_rate(connection, Rate(Day(1), "USD", "EUR", rate, "ECB"), at=NOW)
        assert [one.rate for one in costs.rates(connection, "EUR")] == ["0.9", "0.8"]
        assert costs.rates(connection, "GBP") == []
