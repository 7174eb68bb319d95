"""Costs on the command line: written, listed, converted, taken back; what is wrong is said in words."""

import pytest
from tests.cli.conftest import Run

from goodwill.cli.ends import Code

ADD = ("cost", "add", "--kind", "media", "--day", "2026-01-05")


def test_costs_are_written_listed_converted_and_taken_back(shop: Run):
    made = shop(*ADD, "--amount", "12000", "--channel", "search", "--json").document
    assert (made["id"], made["amount"], made["currency"], made["undone"]) == (1, 1_200_000, "EUR", False)
    assert "dated rate" in shop(*ADD, "--amount", "50.00", "--currency", "usd").err
    assert "No total: There is no rate from USD to EUR of 2026-01-05" in shop("cost", "list").out
    assert shop("cost", "list", "--json").document["total"]["amount"] is None
    shop("cost", "rate", "add", "USD", "0.9143", "--day", "2026-01-02", "--source", "ECB")
    told = shop("cost", "list").out
    assert "Converted: 50.00 USD = 45.72 EUR, at 1 USD = 0.9143 EUR (2026-01-02, ECB)" in told
    assert "Together: 12,045.72 EUR" in told
    assert "0.9143 EUR" in shop("cost", "rate", "list").out
    assert "counts no more" in shop("cost", "undo", 1, "--reason", "typed twice").out
    assert shop("cost", "list", "--json").document["total"]["amount"] == 4_572
    assert "taken back" in shop("cost", "list", "--undone").out
    assert shop("cost", "undo", 1).code == Code.CONFLICT
    assert shop("cost", "undo", 77).code == Code.NOT_FOUND


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*ADD, "--amount", "a lot"), "'a lot' is no amount of EUR"),
        ((*ADD, "--amount", "1.234"), "no amount of EUR"),
        (("cost", "add", "--kind", "gifts", "--amount", "5"), "'gifts' is no kind of cost"),
        (("cost", "add", "--kind", "media", "--amount", "5", "--day", "yesterday"), "'yesterday' is no day"),
        (("cost", "add", "--kind", "media", "--amount", "5", "--day", "2999-01-01"), "has not come yet"),
        (("cost", "add", "--kind", "media", "--amount", "5", "--currency", "euro"), "three letters"),
        (("cost", "add", "--kind", "media", "--amount", "5", "--currency", "EUX"), "'EUX' is no currency of ISO 4217"),
        (("cost", "rate", "add", "XXX", "1.5", "--source", "ECB"), "'XXX' is no currency of ISO 4217"),
        ((*ADD, "--amount", "1e6"), "Write it like 120.00, without signs between the digits"),
        ((*ADD, "--amount", "1,200"), "'1,200' is no amount of EUR"),
        ((*ADD, "--amount", "١٢٠"), "is no amount of EUR"),
        ((*ADD, "--amount", "100000000.01"), "100,000,000.01 EUR is more than a shop pays at once"),
        (("cost", "rate", "add", "USD", "many", "--source", "ECB"), "a decimal number above 0"),
        (("cost", "list", "--from", "05.01.2026"), "'05.01.2026' is no day"),
    ],
)
def test_what_is_wrong_is_said_in_words(shop: Run, words, says):
    ended = shop(*words)
    assert ended.code == Code.USAGE
    assert says in ended.err


def test_a_file_of_costs_comes_in_and_goes_out_by_the_command(shop: Run, tmp_path):
    path = tmp_path / "spent.csv"
    path.write_text("day,kind,amount\n2026-01-05,media,120.00\n2026-01-06,other,30\n")
    number = shop("import", path, "--json").document["id"]
    assert shop("cost", "list", "--json").document["total"]["amount"] == 15_000
    undone = shop("import", "undo", number, "--yes")
    assert "costs that count no more" in undone.out
    assert shop("cost", "list").out.strip() == "No cost was written down yet."
