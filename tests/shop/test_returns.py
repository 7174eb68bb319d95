"""What a customer costs, what the programme returned, and the report of both: through the door, on both databases."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from math import ceil
from pathlib import Path

import pytest
from litestar.testing import TestClient
from tests.conftest import FakeClock
from tests.copies import shop_of_a_kind

from goodwill.basics.clock import DAY, Micros, day_number
from goodwill.basics.errors import NotFound
from goodwill.basics.words import quantity
from goodwill.collect import imports
from goodwill.consent import Asked
from goodwill.decide import store
from goodwill.decide.experiments import place
from goodwill.decide.plan import Holdout
from goodwill.purposes import STATISTICS
from goodwill.shop import Shop
from goodwill.shop.measures.returning import extra
from goodwill.shop.report import Report
from goodwill.shop.report_pdf import printed
from goodwill.storage import Database
from goodwill.web.application import application
from goodwill.web.keys import create_key
from goodwill.web.office_home import income_of
from goodwill.web.pages import page
from goodwill.web.reported import context_of
from goodwill.web.store import Scope

SALT = "a salt for tests"
SINCE = date(2026, 8, 17)  # a Monday; the tests' clock stands on Sunday 2026-11-22, so figures reach to the 15th
NEW, OLD = 300, 1_100  # who came in the window, and before it; of those left out some 280 bought in it
END = date(2026, 11, 15)
PLANTED = 30.00  # what each treated customer spends more in the window


def orders(shop: Shop, folder: Path, lines: list[str], name: str) -> None:
    path = folder / name
    path.write_text("order_id,customer_id,ordered_at,total\n" + "\n".join(lines) + "\n")
    report = shop.intake.run(imports.plan([path]), rejects_to=folder / "rejects.csv")
    assert report.rejected == 0


def market(shop: Shop) -> None:
    """A shop with customers of before and 300 new ones, each with her usual orders; one in five is left out."""
    lines = [f"N{n},new{n},{SINCE + timedelta(days=n % 90)} 10:00,{10 + n % 7}.00" for n in range(NEW)]
    for n in range(OLD):
        visits = [SINCE - timedelta(days=80 - 17 * visit - n % 5) for visit in range(1 + n % 4)]
        for visit, on in enumerate([*visits, SINCE + timedelta(days=n % 85)]):
            lines.append(f"O{n}-{visit},old{n},{on} 11:00,{20 + (n * 7 + visit) % 9}.00")
    orders(shop, shop.folder, lines, "usual.csv")
    with shop.database.transaction() as connection:
        row = Holdout(20, SALT)
        store.add(connection, "holdout", "", row, actor="test", at=Micros((day_number(SINCE) - 1) * DAY + DAY // 2))
    names = [f"new{n}" for n in range(NEW)] + [f"old{n}" for n in range(OLD)]
    more = [
        f"M{name},{name},{SINCE + timedelta(days=20 + n % 60)} 12:00,{PLANTED + n % 5:.2f}"
        for n, name in enumerate(names)
        if place(SALT, shop.known(name)) >= 0.2
    ]
    orders(shop, shop.folder, more, "more.csv")


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made, _ = shop_of_a_kind(
        "market", market, database, tmp_path / "home", clock, columns="database", margin=40, currency="EUR",
        zone="Europe/Berlin", name="Café Amina",
    )  # fmt: skip
    yield made
    made.close()


def nobody_was_left_out(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        store.add(connection, "holdout", "", Holdout(0, SALT), actor="test", at=Micros((day_number(SINCE) - 1) * DAY))


def spent(shop: Shop, kind: str = "licence", amount: str = "500.00", day: str = "2026-09-10", **more: str) -> None:
    shop.costs.add(kind, amount, day=day, **more)


# ---- what a customer costs -------------------------------------------------------------------------------------------


def test_twelve_thousand_for_three_hundred_new_customers_is_forty_each(shop):
    spent(shop, "media", "7000")
    spent(shop, "labour", "3000")
    spent(shop, "discount", "1500", programme="goodwill")
    spent(shop, "incentive", "500")
    spent(shop, "media", "900", day="2026-08-16")  # the day before
    spent(shop, "licence", "900")
    spent(shop, "labour", "900", programme="goodwill")
    told = shop.measures.answer("cac").headline
    assert (told.value, told.unit, told.n) == (40.0, "EUR", 300)
    assert (round(told.low, 1), round(told.high, 1)) == (35.7, 44.9)
    assert "12,000.00 EUR" in told.method
    assert told.coverage.exist == NEW + OLD


def test_a_cost_that_is_written_or_taken_back_counts_at_once_and_people_stay_as_they_were_told(shop):
    spent(shop, "media", "12000")
    assert shop.measure("cac").value == 40.0
    shop.grant("new0", STATISTICS, asked=Asked(how="test"), yes=False)
    spent(shop, "media", "300")
    assert shop.measure("cac").value == 41.0
    shop.costs.undo(1)
    assert shop.measure("cac").value == 1.0


def test_without_a_cost_a_rate_or_a_margin_it_says_what_to_do(shop):
    assert "goodwill cost add" in shop.measure("cac").refused
    spent(shop, "media", "100", currency="USD")
    assert "goodwill cost rate add USD" in shop.measure("cac").refused
    shop.costs.add_rate("USD", "0.9", day="2026-09-01", source="ECB")
    told = shop.measures.answer("cac", margin=0)
    assert told.headline.value == pytest.approx(90 / 300)
    assert "1 USD = 0.9 EUR (2026-09-01, ECB)" in " ".join(told.headline.warnings)
    assert "set margin" in told.others[2].refused


def test_beside_it_stand_paid_incremental_and_payback(shop):
    spent(shop, "media", "300")
    paid, caused, payback = shop.measures.answer("cac").others
    assert "No order says which paid channel" in paid.refused
    assert shop.measures.answer("cac", paid_new=100).others[0].value == 3.0
    assert caused.name == "cost of a customer who came because of it"  # as many came in both arms, so none is caused
    assert caused.refused or caused.high == float("inf")
    assert 0 < payback.value < 1  # one euro, of some ten a month at 40 %


# ---- the return ------------------------------------------------------------------------------------------------------


def test_the_planted_effect_is_the_return_and_its_parts_are_the_whole(shop):
    spent(shop)
    spent(shop, "labour", "250", programme="goodwill")
    spent(shop, "media", "9999")  # wins customers, and is no cost of the programme
    told = shop.measures.answer("roi")
    parts = {row[0]: row for row in told.tables[1].rows}
    treated = sum(place(SALT, shop.known(f"new{n}")) >= 0.2 for n in range(NEW))
    treated += sum(place(SALT, shop.known(f"old{n}")) >= 0.2 for n in range(OLD))
    planted = 0.4 * (PLANTED + 2) * treated
    low, high = parts["B1 margin in the window"][2:4]
    assert low < planted < high
    assert parts["K cost"][1] == 750.0
    assert parts["B5 avoided loss by law"][1:] == ("not measured", "", "", "–", "")
    # Why a model could not be fitted is said without its terms; `measure clv` has them.
    assert parts["B2 margin after the window"][5].endswith("look again in some weeks.")
    net = told.others[0]
    assert net.low > 0
    assert told.headline.value == pytest.approx(net.value / 750, rel=1e-6)
    assert told.tables[1].says.endswith("the parts are the whole in each draw.")
    assert told.tables[0].rows[0][0] == "randomised only (A)"
    assert told.headline.coverage.counted == NEW + OLD


def test_what_is_missing_is_asked_for_in_words(shop):
    assert "no return on it" in shop.measure("roi").refused  # no cost: the net value is told beside it
    assert "Set margin in goodwill.toml" in shop.measure("roi", margin=0).refused
    spent(shop, currency="USD")
    assert "goodwill cost rate add USD" in shop.measure("roi").refused
    nobody_was_left_out(shop)
    assert "goodwill experiment holdout 10" in shop.measure("roi").refused
    with shop.database.transaction() as connection:
        store.add(connection, "holdout", "", Holdout(10, SALT), actor="test", at=shop.clock())
    assert re.search(r"Too early: people are left out since 2026-11-23.* in 15 days", shop.measure("roi").refused)


def test_of_fewer_than_ten_left_out_nothing_is_told(shop):
    with shop.database.transaction() as connection:
        row = Holdout(1, "few")
        store.add(connection, "holdout", "", row, actor="test", at=Micros((day_number(SINCE) - 1) * DAY))
    spent(shop)
    spent(shop, "media", "300")
    assert "Fewer than 10 people are left out" in shop.measure("roi").refused
    assert "Fewer than 10 new customers" in shop.measures.answer("cac").others[1].refused
    assert shop.report().verdict == "not known"


def test_where_few_of_those_left_out_came_in_between_two_lengths_their_cost_is_withheld(shop):
    """Of all new customers enough came in between, so what one of them cost is told."""
    persons = {f"new{n}": shop.known(f"new{n}") for n in range(NEW)}
    first = {name: min(n % 90, 20 + n % 60) if place(SALT, persons[name]) >= 0.2 else n % 90
             for n, name in enumerate(persons)}  # fmt: skip
    ago = {name: (END - SINCE).days - day for name, day in first.items()}

    def came(salt: str, first: int, last: int) -> int:
        return sum(place(salt, persons[name]) < 0.13 and first <= days < last for name, days in ago.items())

    salt = next(one for one in map(str, range(1_000)) if came(one, 7, 28) < 10 <= came(one, 0, 28))
    with shop.database.transaction() as connection:
        row = Holdout(13, salt)
        store.add(connection, "holdout", "", row, actor="test", at=Micros((day_number(SINCE) - 1) * DAY))
    spent(shop, "media", "300", day=str(END))
    told = shop.measures.answer("cac", days=28)
    assert told.headline.n == sum(days < 28 for days in ago.values())
    assert "so few came in between this and another length" in told.others[1].refused
    assert told.others[1].n is None or not told.others[1].n


def test_one_programme_alone_has_its_costs_and_the_licence(shop):
    spent(shop)
    spent(shop, "labour", "250", programme="Spring")
    spent(shop, "labour", "70", day="2026-08-16", programme="other")  # the day before
    spent(shop, "discount", "70", programme="welcome")  # customers paid less; it is no cost of a programme
    parts = {row[0]: row for row in shop.measures.answer("roi", programme="spring").tables[1].rows}
    assert parts["K cost"][1] == 750.0


def test_one_of_several_programmes_is_not_told_what_all_brought(shop):
    """Those left out get none of them: the whole effect held against the cost of each would count once for each."""
    spent(shop, "labour", "250", programme="Spring")
    spent(shop, "labour", "70", programme="letters")
    for name, other in (("spring", "letters"), ("Letters", "Spring")):
        told = shop.measures.answer("roi", programme=name)
        assert told.headline.value is None
        assert f"costs name {other} too" in told.headline.refused
        assert told.others == told.tables == ()
    assert shop.measure("roi").value is not None


def test_a_programme_that_no_cost_names_is_not_found(shop):
    with pytest.raises(NotFound, match=r"No cost names a programme 'sprin'\. No cost names one"):
        shop.measures.answer("roi", programme="sprin")
    spent(shop, "labour", "250", programme="Spring")
    with pytest.raises(NotFound, match=r"No cost names a programme 'sprin'\. There are: Spring\."):
        shop.measures.answer("roi", programme="sprin")


def test_a_hurdle_is_told_the_chance_of_more_than_it_and_the_narrower_range(shop):
    names = [one.name for one in shop.measures.answer("roi").others]
    told = shop.measures.answer("roi", hurdle=99)
    assert [one.name for one in told.others[len(names):]] == [
        "chance that it returns more than 99 %", "return on investment, 80 % interval"
    ]  # fmt: skip
    assert all(one.refused.startswith("No cost was written down") for one in told.others[len(names) :])
    spent(shop, amount="7000.00")  # about half of what it brought
    low = shop.measures.answer("roi", hurdle=1).others[-2].value
    told = shop.measures.answer("roi", hurdle=99)
    high, narrow = told.others[-2:]
    assert 0 < high.value < low <= 1
    assert (narrow.value, narrow.level) == (told.headline.value, 0.80)
    assert told.headline.low < narrow.low < narrow.value < narrow.high < told.headline.high


# ---- the report ------------------------------------------------------------------------------------------------------


def test_a_report_is_told_again_to_the_last_byte_whatever_was_said_since(shop, clock):
    spent(shop)
    first = shop.report()
    assert (first.verdict, first.since, first.until) == ("worked", "2026-08-17", "2026-11-15")
    assert first.sentence.startswith("It worked: it brought ")
    for name in ("new0", "new1", "old3"):
        shop.grant(name, STATISTICS, asked=Asked(how="test"), yes=False)
    clock.turn(days=20)
    again = shop.report("2026-11-15")
    assert json.dumps(again.to_dict()) == json.dumps(first.to_dict())
    assert printed(again) == printed(first)
    assert Report.read(json.loads(json.dumps(first.to_dict()))) == first


def test_a_cost_that_is_written_later_gives_a_new_report_and_earlier_weeks_become_a_trend(shop, clock):
    spent(shop)
    first = shop.report()
    assert first.table("trend") is None
    spent(shop, "licence", "40.00")
    assert shop.report().figures[0].value < first.figures[0].value
    clock.turn(days=7)
    trend = shop.report().table("trend")
    assert [row[:2] for row in trend.rows] == [("2026-11-15", "worked")]


def test_a_report_without_what_it_needs_says_so_and_is_not_kept(shop):
    nobody_was_left_out(shop)
    told = shop.report()
    assert told.verdict == "not known"
    assert "goodwill experiment holdout 10" in told.sentence
    assert told.figures == ()
    with shop.database.transaction() as connection:
        store.add(connection, "holdout", "", Holdout(20, SALT), actor="test", at=Micros((day_number(SINCE) - 1) * DAY))
    assert shop.report().verdict == "worked"


def test_too_early_names_the_day_to_look_again(shop):
    spent(shop, amount="14100.00")  # about what it brought
    told = shop.report()
    assert told.verdict == "too early"
    found = re.search(r"look again in ([\d,]+) days, on (\S+)\.", told.sentence)
    assert found, told.sentence
    assert date.fromisoformat(found[2]) == END + timedelta(days=int(found[1].replace(",", "")))
    assert told.again == found[2]


def test_it_did_not_work_is_said_as_plainly(shop):
    spent(shop, amount="90000.00")
    assert shop.report().sentence.startswith("It did not work: it cost ")


def test_the_report_says_what_was_not_counted_and_weighs_no_index(shop):
    spent(shop)
    told = shop.report()
    assert any(line == "B5 not measured." for line in told.left_out)
    assert any(line.startswith("B3 ") for line in told.left_out)
    assert told.scorecard[0].name == "repeat purchase rate"
    assert "consent row" in told.stands_on
    assert len(told.method) == 3


@pytest.mark.parametrize("amount", ["500", "6000", "12000", "14300", "17000", "30000"])
def test_no_report_says_worked_where_the_home_cannot_tell_nor_the_other_way_round(shop, amount):
    """Both read the same facts: what it brought, less what it cost, is what the report holds against nothing."""
    spent(shop, amount=amount)
    period = shop.measures.period()
    found, report = extra(shop, period, shop.settings.margin), shop.report()
    told, cost = income_of(found, "EUR", report.verdict), float(amount)
    b1 = next(row for row in report.table("parts").rows if row[0].startswith("B1"))
    assert b1[1:4] == pytest.approx((found.told.value, found.told.low, found.told.high), rel=1e-3)
    low, high = found.often
    assert report.verdict == ("worked" if low > cost else "did not" if high < cost else "too early")
    assert told.value == quantity(found.told.value, "EUR", "EUR")
    assert told.why.endswith(f"With its cost taken off, the report says: {report.verdict}.")


def test_before_enough_customers_bought_neither_page_tells_however_large_the_effect_is(shop):
    with shop.database.transaction() as connection:
        row = Holdout(5, SALT)
        store.add(connection, "holdout", "", row, actor="test", at=Micros((day_number(SINCE) - 1) * DAY))
    spent(shop, amount="1.00")
    found, report = extra(shop, shop.measures.period(), shop.settings.margin), shop.report()
    told = income_of(found, "EUR", report.verdict)
    assert found.told.low > 0
    assert (told.value, told.words, report.verdict) == ("", "too early to say", "too early")
    said = re.search(r"(\d+) customers of an arm bought so far; from 200 on in each", report.sentence)
    assert said, report.sentence
    assert said[0] in told.why
    assert report.again == ""  # so few are left out that never so many of them buy
    small = re.search(
        r"(\d+) people are left out, and 200 of them have to buy.*experiment holdout (\d+) ", report.sentence
    )
    assert small, report.sentence
    assert int(small[1]) < 200 < int(small[2]) / 100 * (NEW + OLD) * int(said[1]) / int(small[1])


def test_where_enough_are_left_out_and_too_few_of_them_bought_yet_a_day_is_named(shop):
    with shop.database.transaction() as connection:
        at = Micros((day_number(END) - 20) * DAY + DAY // 2)
        store.add(connection, "holdout", "", Holdout(21, SALT), actor="test", at=at)
    spent(shop, day=str(END))
    report = shop.report()
    said = re.search(r"(\d+) customers of an arm bought so far", report.sentence)
    assert said, report.sentence
    assert report.again == str(END + timedelta(days=ceil(20 * 200 / int(said[1])) - 20))


def test_a_share_that_is_changed_later_begins_a_new_window_and_no_day_of_the_old_is_named(shop):
    spent(shop, amount="14100.00")
    first = shop.report()
    assert first.again
    for percent, says in (
        (30, "on 30 % are left out: reports that reach so far begin a new window"),
        (0, "on nobody is"),
    ):
        with shop.database.transaction() as connection:
            store.add(connection, "holdout", "", Holdout(percent, SALT), actor="test", at=shop.clock())
        told = shop.report()
        assert (told.verdict, told.again, told.figures) == (first.verdict, "", first.figures)
        assert f"From 2026-11-23 {says}" in told.sentence
        assert "look again" not in told.sentence
        assert shop.report() == told


def test_what_is_changed_after_a_period_changes_nothing_that_is_told_of_it(shop):
    spent(shop)
    report = shop.report()
    roi = shop.measures.answer("roi")
    with shop.database.transaction() as connection:
        store.add(connection, "holdout", "", Holdout(10, SALT), actor="test", at=shop.clock())
    shop.costs.add("licence", "0.01", day="2026-09-10")
    shop.costs.undo(2)  # a new report, of the same costs
    assert shop.measures.answer("roi", str(END)) == roi
    again = shop.report(END)
    assert (again.figures, again.verdict, again.since) == (report.figures, report.verdict, report.since)
    assert roi.headline.value == report.figures[0].value
    assert shop.measures.answer("holdout", str(END)).headline.name.endswith("2026-08-17 to 2026-11-15")


def test_of_long_ago_no_day_to_look_again_is_named_and_nothing_is_worked_out_beside_it(shop):
    told = shop.report("2019-01-01")
    assert told.sentence.endswith("figures reach to 2018-12-30. Ask for a later day.")
    assert (told.verdict, told.again, told.scorecard) == ("not known", "", ())


# ---- on paper and on a page ------------------------------------------------------------------------------------------


def words_of(data: bytes, folder: Path) -> str:
    path = folder / "report.pdf"
    path.write_bytes(data)
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True).stdout


def test_paper_has_two_pages_at_most_the_same_numbers_and_says_which_page(shop, tmp_path):
    spent(shop)
    spent(shop, "labour", "10", currency="USD", programme="goodwill")
    shop.costs.add_rate("USD", "0.9143", day="2026-09-01", source="ECB")
    told = shop.report()
    text = words_of(printed(told), tmp_path)
    assert "page 1 of 2" in text or "page 1 of 1" in text
    assert "page 3" not in text
    assert "Return report of Café Amina" in text
    assert "Made on 2026-11-22" in text
    assert "Europe/Berlin" in text
    joined = " ".join(text.split())
    assert " ".join(told.sentence.split()) in joined
    for figure in told.figures:
        if figure.unit == "EUR":
            assert f"{figure.value:,.2f} EUR" in joined
    assert "1 USD = 0.9143 EUR (2026-09-01, ECB)" in joined


def test_no_amount_on_paper_is_torn_from_its_unit(shop, tmp_path):
    from dataclasses import replace

    spent(shop)
    told = shop.report()
    lines = told.table("lines")
    rows = [
        tuple(
            -1_115_899.97 if column.unit == "EUR" and value is not None else value
            for column, value in zip(lines.columns, row, strict=True)
        )
        for row in lines.rows
    ]
    large = replace(lines, rows=tuple(rows))
    tables = tuple(large if one.name == "lines" else one for one in told.tables)
    text = words_of(printed(replace(told, tables=tables)), tmp_path)
    amounts = re.findall(r"-1,115,899\.97 *(\S*)", text)
    assert len(amounts) >= len(rows)
    assert set(amounts) == {"EUR"}


def test_paper_writes_theta_as_a_letter_where_the_font_has_it(shop, tmp_path):
    from dataclasses import replace

    from goodwill.shop.paper import _FONT_FOLDERS

    told = replace(shop.report(), method=("It hangs on θ.",))
    assert "It hangs on theta." in words_of(printed(told), tmp_path)
    if not any(Path(one, "DejaVuSans.ttf").exists() for one in _FONT_FOLDERS):
        pytest.skip("this machine has no DejaVu")
    assert "It hangs on θ." in words_of(printed(replace(told, shop="Café Ławka")), tmp_path)


def test_paper_says_what_it_is_in_which_language_and_where_its_parts_begin(shop, tmp_path):
    spent(shop)
    told = shop.report()
    path = tmp_path / "report.pdf"
    path.write_bytes(printed(told))
    said = subprocess.run(["pdfinfo", path], capture_output=True, check=True, text=True).stdout
    assert re.search(r"Title: +Return report of Café Amina to 2026-11-15\n", said)
    assert re.search(r"Author: +Café Amina\n", said)
    assert f"{told.sentence}\n" in said
    for mark in (b"/Lang (en)", b"/DisplayDocTitle true", b"/Outlines"):
        assert mark in path.read_bytes()


def structure_of(data: bytes, folder: Path) -> str:
    """What a program that reads aloud is told: what each piece is, with its text."""
    path = folder / "read.pdf"
    path.write_bytes(data)
    return subprocess.run(["pdfinfo", "-struct-text", path], capture_output=True, check=True, text=True).stdout


def test_paper_tells_whoever_has_it_read_aloud_what_is_a_heading_and_what_a_cell(shop, tmp_path):
    spent(shop)
    told = shop.report()
    read = structure_of(printed(told), tmp_path)
    assert re.findall(r'^  H1 .*\n    "(.*)"', read, re.MULTILINE) == ["Return report of Café Amina"]
    headings = re.findall(r'^  H2 .*\n    "(.*)"', read, re.MULTILINE)
    assert headings[0] == "Return by evidence"
    assert headings[-3:] == ["What was not counted", "Beside it (no money, weight zero)", "What it stands on"]
    tables = re.split(r"^  (?! )", read, flags=re.MULTILINE)
    rows_of = [one.split("    TR\n")[1:] for one in tables if one.startswith("Table")]
    assert len(rows_of) == 2 + sum(told.table(name) is not None for name in ("lines", "parts", "costs", "tornado"))
    for head, *rows in rows_of:
        names = head.count("      TH")
        assert names == head.count("/Scope /Column") > 1
        assert {row.count("      TD") for row in rows} == {names}
    assert [told.figures[0].name in row for row in rows_of[0]].index(True) == 1
    assert "page 1 of" not in read  # the foot of each page is no part of what is told


def test_a_paragraph_that_goes_on_on_the_next_page_stays_one(shop, tmp_path):
    from dataclasses import replace

    long = " ".join(f"word{n}" for n in range(2_000))
    data = printed(replace(shop.report(), method=(long, "Short."), scorecard=(), tables=()))
    read = structure_of(data, tmp_path)
    assert read.count("    Span") == 1
    parts = re.split(r"^  (?! )", read, flags=re.MULTILINE)
    (whole,) = (one for one in parts if one.startswith("P ") and "word0" in one)
    assert "".join(re.findall(r'"(.*)"', whole)).replace(" ", "") == long.replace(" ", "")
    assert f"/ActualText ({long})".encode() in data  # so that the end of a line glues no two words together


def test_a_very_long_report_is_set_smaller_and_never_cut(shop, tmp_path):
    from dataclasses import replace

    spent(shop)
    told = shop.report()
    long = replace(told, left_out=tuple(f"Line {n}: {'words and more words ' * 12}." for n in range(40)))
    text = words_of(printed(long), tmp_path)
    assert "page 2 of 2" in text
    assert "page 3" not in text
    for n in range(40):
        assert f"Line {n}:" in text
    assert "What it stands on" in text


def test_over_http_the_report_is_that_of_the_shop_number_by_number(shop):
    spent(shop)
    with shop.database.transaction() as connection:
        secret = create_key(connection, "reader", [Scope.READ], now=shop.clock()).text
    with TestClient(application(shop), base_url="https://shop.example") as client:
        answer = client.get(f"/api/v1/report?at={END}", headers={"Authorization": f"Bearer {secret}"})
        nope = client.get("/api/v1/measures/roi?programme=nope", headers={"Authorization": f"Bearer {secret}"})
    assert (nope.status_code, "No cost names a programme 'nope'" in nope.json()["detail"]) == (404, True)
    assert answer.status_code == 200, answer.text
    mine = shop.report()
    assert answer.json() == json.loads(json.dumps(mine.to_dict()))
    assert answer.json()["told"]["headline"]["value"] == mine.figures[0].value
    assert mine.verdict == answer.json()["verdict"] == "worked"


def test_a_page_shows_the_same_words_and_numbers(shop):
    spent(shop)
    told = shop.report()
    html = page("office/report.html", report=context_of(told)).decode()
    assert told.sentence.replace("'", "&#39;") in html
    assert 'data-verdict="worked"' in html
    assert f"{told.figures[1].value:,.2f} EUR" in html
    assert html.count("<table") == html.count("</table>") == 1 + len(told.tables) + 1
    assert "Café Amina" in html
