"""Two figures of one shop that reach back for different lengths of time never differ by what a few people did.

They differ by what was bought in the part that only one of them covers: by ten people or more, or by nobody.
"""

from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from tests.copies import shop_of_a_kind

from goodwill.collect import imports
from goodwill.shop import Shop
from goodwill.shop.measures.measure import LENGTHS, WEEKS

END = date(2026, 11, 15)  # the Sunday before the tests' clock
LAST_WEEK = {f"c{n}": [n % 6] for n in range(12)}
# Of each customer, how many days before the end she bought.
SHOPS = {
    "a thirteenth bought three weeks ago": {**LAST_WEEK, "c12": [20]},
    "amina of the twelve bought three weeks ago as well": {**LAST_WEEK, "c0": [0, 20]},
    "nobody bought before the last week": LAST_WEEK,
    "eleven others bought three weeks ago": {**LAST_WEEK, **{f"d{n}": [15 + n] for n in range(11)}},
    "ten in each part, and one long ago": {
        **LAST_WEEK, **{f"d{n}": [15 + n] for n in range(11)}, **{f"e{n}": [30 + 5 * n] for n in range(12)},
        "f": [300], "c1": [1, 40, 200],
    },
    "few in the last week, and many before": {"c0": [1], "c1": [2, 9], **{f"d{n}": [10 + 2 * n] for n in range(40)}},
}  # fmt: skip


@pytest.fixture(params=SHOPS)
def told(request, database, tmp_path: Path, clock):
    bought = SHOPS[request.param]

    def sold(shop: Shop) -> None:
        lines = [f"{who}-{ago},{who},{END - timedelta(days=ago)} 10:00,{70 + n}.77"
                 for n, (who, days) in enumerate(bought.items()) for ago in days]  # fmt: skip
        path = tmp_path / "orders.csv"
        path.write_text("order_id,customer_id,ordered_at,total\n" + "\n".join(lines) + "\n")
        assert shop.intake.run(imports.plan([path]), rejects_to=tmp_path / "rejects.csv").rejected == 0

    kind = "two lengths", request.param
    shop, _ = shop_of_a_kind(kind, sold, database, tmp_path / "home", clock, columns="database", currency="EUR")
    yield shop, bought
    shop.close()


def between(bought, short: int, long: int) -> int:
    """How many people bought in the part that only the longer of two lengths covers."""
    return sum(any(short <= ago < long for ago in days) for days in bought.values())


def answers(shop: Shop, name: str, option: str, steps) -> dict[int, float]:
    """Of each length, what is told; nothing where it is withheld."""
    found = {one: shop.measures.answer(name, **{option: one}) for one in steps}
    for one in found.values():
        if one.headline.value is None:
            assert one.headline.n is None
            assert all(other.value is None for other in one.others)
    return {one: answer.headline.value for one, answer in found.items() if answer.headline.value is not None}


@pytest.mark.parametrize(
    ("name", "option", "steps", "days"),
    [("revenue", "days", LENGTHS, 1), ("order-value", "days", LENGTHS, 1), ("detectable", "weeks", WEEKS, 7)],
)
def test_no_two_answers_differ_by_what_fewer_than_ten_people_bought(told, name, option, steps, days):
    shop, bought = told
    for (short, one), (long, other) in combinations(answers(shop, name, option, steps).items(), 2):
        many = between(bought, days * short, days * long)
        assert many == 0 or many >= 10, (short, long)
        if not many and name == "revenue":
            assert one == other


def test_the_usual_length_is_always_told_where_ten_bought(told):
    shop, bought = told
    enough = between(bought, 0, 7) >= 10
    assert (shop.measure("revenue").value is not None) == enough
    assert (shop.measure("revenue", days=7).value is not None) == enough


THIRTEEN = [name for name, bought in SHOPS.items() if len(bought) == 13]


@pytest.mark.parametrize("told", THIRTEEN, indirect=True)
def test_of_thirteen_customers_no_other_length_is_told_and_the_refusal_says_why(told):
    shop, _ = told
    assert shop.measure("revenue").n == 12
    refused = shop.measure("revenue", days=28)
    assert refused.suppressed
    assert "this one would tell what fewer than 10 people did. Ask for that of the period" in refused.refused


def test_new_customers_of_two_lengths_differ_by_ten_or_by_nobody(told):
    shop, bought = told
    shop.costs.add("media", "500.00", day=str(END))
    came = {who: [max(days)] for who, days in bought.items()}
    for short, long in combinations(answers(shop, "cac", "days", LENGTHS), 2):
        many = between(came, short, long)
        assert many == 0 or many >= 10, (short, long)
