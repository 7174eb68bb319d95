"""Where a few of many bought, no figure, no table and no refusal tells what they did, nor how many they were."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.conftest import FakeClock

from goodwill.app import create_shop
from goodwill.basics.clock import date_of
from goodwill.basics.errors import CannotTell
from goodwill.collect import imports
from goodwill.consent import Asked
from goodwill.measure.answer import Answer
from goodwill.measure.buying import plainly
from goodwill.purposes import MEASUREMENT
from goodwill.shop import Shop, Who
from goodwill.shop.measures.acquiring import months_shown
from goodwill.storage import Database

PEOPLE = 40


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(tmp_path / "home", clock=clock, database=where, columns="database", currency="EUR", margin=40)
    yield made
    made.close()


def furnish(shop: Shop, later: Mapping[int, Sequence[int]]) -> date:
    """Forty bought once, 300 days before the last Sunday, and some of them again so many days before it."""
    last = date_of(shop.measures.period().end)
    lines = ["order_id,user_id,ordered_at,total,currency"]
    for n in range(PEOPLE):
        shop.grant(Who(user_id=f"p{n}"), MEASUREMENT, asked=Asked(how="test"))
        for ago in (300, *later.get(n, ())):
            lines.append(f"O{len(lines)},p{n},{last - timedelta(days=ago)} 10:00,{50 + n}.00,EUR")
    file = shop.folder / "orders.csv"
    file.write_text("\n".join(lines) + "\n")
    report = shop.intake.run(imports.plan([file]), rejects_to=shop.folder / "rejects.csv")
    assert report.rejected == 0
    return last


def numbers_of(answer: Answer) -> str:
    return json.dumps([answer.headline.to_dict(), *(one.to_dict() for one in answer.others)])


@pytest.mark.both
def test_what_one_of_forty_paid_and_when_she_came_is_in_no_figure(shop: Shop) -> None:
    last = furnish(shop, {39: (150, 100, 20)})
    shop.costs.add("media", "400.00", day=str(last))
    for of in ("amount", "share"):
        rows = shop.measures.answer("cohorts", of=of).tables[0].rows
        assert [row[1] for row in rows if row[5] is None] == ([0, 5, 7] if of == "amount" else [5, 7])
        assert all(row[2] in (None, 0.0, 1.0) for row in rows)
    assert shop.measures.answer("cohorts").headline.value == 0.0
    back = shop.measures.answer("retention", window=182)
    assert [one.value for one in (back.headline, *back.others)] == [None, None]
    assert "Fewer than 10 of them bought again" in back.headline.refused
    cost = shop.measures.answer("cac", days=364)
    assert cost.headline.value == 10.0
    assert cost.tables[1].rows == ()
    assert "it would tell what fewer than 10 people bought" in cost.others[2].refused


@pytest.mark.both
def test_what_ten_of_forty_did_is_told(shop: Shop) -> None:
    last = furnish(shop, dict.fromkeys(range(10), (150,)))
    shop.costs.add("media", "400.00", day=str(last))
    rows = shop.measures.answer("cohorts", of="amount").tables[0].rows
    assert [row[2] for row in rows if row[1] == 5] == [sum(50 + n for n in range(10)) / PEOPLE]
    back = shop.measures.answer("retention", window=182)
    assert back.headline.value == 0.25
    assert back.others[0].value is not None
    months = shop.measures.answer("cac", days=364).tables[1].rows
    assert [one for _, one in months] == [69.5, 0, 0, 0, 0, 13.625, 0, 0, 0, 0]


@pytest.mark.both
def test_no_refusal_and_no_backtest_says_how_few_came_back(shop: Shop) -> None:
    furnish(shop, dict.fromkeys(range(3), (150, 20)))
    told = shop.measures.answer("clv", draws=50)
    assert "Fewer than 10 customers came back; what 3 numbers say" in told.headline.refused
    assert all(table.name != "backtest" for table in told.tables)
    assert "40" not in told.headline.refused


@pytest.mark.both
def test_that_one_bought_a_second_time_is_not_told(shop: Shop) -> None:
    furnish(shop, {39: (150, 20)})
    told = shop.measures.answer("clv", draws=50)
    assert "Fewer than 10 customers bought a second time; 2 numbers" in told.headline.refused
    assert not re.search(r"\b1 of 40\b", numbers_of(told))


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Only 4 of 54 customers bought again; 4 numbers", "Fewer than 10 customers bought again; 4 numbers"),
        ("Only 12 of 54 customers bought again; 14 numbers", "Only 12 of 54 customers bought again; 14 numbers"),
        ("3 customers came back; what 3 numbers", "Fewer than 10 customers came back; what 3 numbers"),
        ("13 customers came back; what 13 numbers", "13 customers came back; what 13 numbers"),
        ("There is one customer to learn from; how", "There are fewer than 10 customers to learn from; how"),
        ("Everybody spent the same on average (8900), so nothing is known of how amounts vary. Use that amount.",
         "Everybody spent the same on average, so nothing is known of how amounts vary."),
    ],
)  # fmt: skip
def test_why_no_model_fits_is_said_without_small_numbers(said: str, plain: str) -> None:
    assert plainly(CannotTell(said)) == plain


@pytest.mark.parametrize(
    ("watched", "paid", "months"),
    [
        ([40, 40, 40], [40, 12, 0], 3),
        ([40, 40, 40], [40, 3, 12], 1),  # what follows is of twelve or more
        ([40, 40, 40], [40, 12, 3], 1),  # what follows would be of three
        ([40, 40, 40], [40, 0, 3], 0),
        ([40, 40, 19], [40, 12, 10], 2),
        ([40, 40, 19], [40, 12, 9], 1),
    ],
)
def test_months_are_told_up_to_where_what_follows_would_be_of_few(
    watched: list[int], paid: list[int], months: int
) -> None:
    assert months_shown(watched, paid) == months
