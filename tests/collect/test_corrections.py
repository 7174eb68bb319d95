"""A row that tells a known line of an order in another way takes its place: totals first, then history, never half."""

import pytest

from goodwill import consent
from goodwill.basics.errors import Conflict
from goodwill.collect import corrections, imports, separated
from goodwill.consent import Asked
from goodwill.people import holds, merge
from goodwill.people.identify import identify
from goodwill.purposes import shipped
from goodwill.storage import AsOf, Kept
from goodwill.storage.kept import keep

HEAD = "order_id,customer_id,ordered_at,product_id,quantity,amount\n"
AMINA, BRUNO = "1,amina,2026-03-02 08:15", "2,bruno,2026-03-02 09:00"
DAY = f"{AMINA},P1,1,{{price}}\n{AMINA},P2,2,2.80\n{BRUNO},P1,{{many}},3.40\n"


def day(write, name, price="3.40", many="1"):
    return write(name, HEAD + DAY.format(price=price, many=many))


def lines(desk):
    return sorted((row[1], row[2], row[3]) for row in desk.events())


def agrees(desk, name):
    """Somebody whom a kept total may count."""
    with desk.database.transaction() as connection:
        person = identify(connection, desk.cipher, {"user_id": name}, now=desk.tools.clock())
        entry = shipped()["model-improvement"]
        consent.grant(connection, person, entry, asked=Asked(how="test"), now=desk.tools.clock())
    return person


def kept_total(desk, upto=0):
    with desk.database.transaction() as connection:
        keep(connection, Kept("models", "model-improvement", AsOf(0, 0, upto, 0), 2, "r", "h", "f"))


def settled(desk):
    with desk.database.reading() as connection:
        last = holds.last_id(connection)
    kept_total(desk, last)


def held(desk):
    newest = (
        "SELECT person FROM holds h WHERE held = 1 AND id = (SELECT max(id) FROM holds o WHERE o.person = h.person)"
    )
    return {person for (person,) in desk.ask(newest)}


def test_a_corrected_day_takes_the_place_of_the_first(desk, write):
    desk.take(day(write, "a.csv"))
    report = desk.take(day(write, "b.csv", price="3.60", many="3"))
    assert (report.kept, report.unchanged, report.rejected, report.state) == (2, 1, 0, "done")
    assert lines(desk) == [("P1", 1000, 360), ("P1", 3000, 340), ("P2", 2000, 280)]
    (told,) = report.remarks
    assert (told.file, told.lines, told.column, told.value, told.rows) == ("b.csv", (2, 4), "amount", "3.60", 2)
    assert "import 1" in told.problem
    assert told.remedy


def test_the_corrected_day_again_brings_nothing_new(desk, write):
    desk.take(day(write, "a.csv"))
    corrected = day(write, "b.csv", price="3.60")
    desk.take(corrected)
    assert (desk.take(corrected).state, desk.count("events")) == ("nothing-new", 3)


def test_a_line_with_a_number_of_its_own_may_be_of_another_product(desk, write):
    row = "order_id,line_number,customer_id,date,sku,amount\n1,1,amina,2026-03-02,{},3.40\n"
    desk.take(write("a.csv", row.format("P1")))
    assert desk.take(write("b.csv", row.format("P7"))).kept == 1
    assert lines(desk) == [("P7", 1000, 340)]


def test_of_equal_products_the_first_takes_the_place_of_the_first(desk, write):
    rows = "1,amina,2026-03-02,P1,1,{}\n1,amina,2026-03-02,P1,1,{}\n"
    desk.take(write("a.csv", HEAD + rows.format("3.40", "1.70")))
    desk.take(write("b.csv", HEAD + rows.format("1.70", "3.60")))
    assert lines(desk) == [("P1", 1000, 170), ("P1", 1000, 360)]


def test_orders_are_corrected_too(desk, write):
    order = "order_id,user_id,ordered_at,total\n1,amina,2026-03-02,{}\n"
    desk.take(write("a.csv", order.format("6.20")))
    assert desk.take(write("b.csv", order.format("6.40"))).kept == 1
    assert [row[3] for row in desk.events()] == [640]


@pytest.mark.parametrize("other", ["1,dev,2026-03-02 08:15,P1,1,9.99", "1,amina,2026-03-02 17:00,P1,1,9.99"])
def test_another_customer_or_time_is_another_order_for_all_that_anybody_knows(desk, write, other):
    desk.take(day(write, "a.csv"))
    report = desk.take(write("b.csv", HEAD + other + "\n"))
    (reject,) = report.rejects
    assert (reject.line, reject.column, reject.value) == (2, "amount", "9.99")
    assert "import 1" in reject.problem
    assert "goodwill import undo 1" in reject.remedy
    assert lines(desk) == [("P1", 1000, 340), ("P1", 1000, 340), ("P2", 2000, 280)]


def test_two_files_of_one_import_do_not_correct_each_other(desk, write):
    report = desk.take(day(write, "a.csv"), day(write, "b.csv", price="3.60"))
    (reject,) = report.rejects
    assert (reject.file, reject.line) == ("b.csv", 2)
    assert reject.remedy == "leave one of the two out"
    assert desk.count("events") == 3


def test_a_new_line_in_a_known_order_counts_and_is_told(desk, write):
    desk.take(day(write, "a.csv"))
    report = desk.take(write("b.csv", HEAD + "1,amina,2026-03-02 08:15,P9,1,3.40\n3,amina,2026-03-02,P9,1,3.40\n"))
    assert report.kept == 2
    (told,) = report.remarks
    assert (told.lines, told.column, told.value, told.rows) == ((2,), "order_id", "1", 1)
    assert "goodwill import undo 1" in told.remedy


def test_mended_rejects_are_no_news_about_their_orders(desk, write):
    first = desk.take(write("a.csv", HEAD + "1,amina,2026-03-02,P1,1,3.40\n1,amina,2026-03-02,P2,none,1.00\n"))
    (rejects,) = first.reject_files
    rejects.write_text(rejects.read_text("utf-8-sig").replace("P2,none", "P2,1"), "utf-8")
    mended = desk.take(rejects)
    assert (mended.kept, mended.remarks) == (1, ())


def test_a_dry_run_says_what_would_be_corrected_and_holds_nobody(desk, write):
    agrees(desk, "amina")
    desk.take(day(write, "a.csv"))
    report = desk.take(day(write, "b.csv", price="3.60"), dry_run=True)
    assert (report.kept, len(report.remarks), desk.count("holds"), desk.count("before_import")) == (1, 1, 0, 0)
    assert ("P1", 1000, 340) in lines(desk)


def test_a_strict_import_corrects_as_well(desk, write):
    agrees(desk, "amina")
    desk.take(day(write, "a.csv"))
    kept_total(desk)
    report = desk.take(day(write, "b.csv", price="3.60"), strict=True, settle=lambda: settled(desk))
    assert report.state == "done"
    assert ("P1", 1000, 360) in lines(desk)


# ---- mark, settle, erase ---------------------------------------------------------------------------------------------


def test_while_totals_settle_the_old_line_stands_and_counts_in_nothing(desk, write):
    amina = agrees(desk, "amina")
    desk.take(day(write, "a.csv"))
    kept_total(desk)
    seen = []

    def settle():
        seen.append((held(desk), ("P1", 1000, 360) in lines(desk)))
        settled(desk)

    desk.take(day(write, "b.csv", price="3.60"), settle=settle)
    assert seen == [({amina}, False), (set(), True)]
    assert held(desk) == set()
    assert desk.ask("SELECT held, reason FROM holds ORDER BY id") == [
        (1, "correction by import 2"), (0, "correction by import 2")
    ]  # fmt: skip


def test_a_total_that_does_not_settle_keeps_the_old_line_and_the_import_can_be_finished(desk, write):
    agrees(desk, "amina")
    desk.take(day(write, "a.csv"))
    kept_total(desk)
    path = day(write, "b.csv", price="3.60", many="2")
    with pytest.raises(Conflict, match="models"):
        desk.take(path)
    assert lines(desk) == [("P1", 1000, 340), ("P1", 1000, 340), ("P2", 2000, 280)]
    report = desk.take(path, settle=lambda: settled(desk))
    assert (report.resumed, report.id, report.kept, report.unchanged) == (True, 2, 2, 1)
    assert lines(desk) == [("P1", 1000, 360), ("P1", 2000, 340), ("P2", 2000, 280)]
    assert held(desk) == set()
    assert len(report.remarks) == 1


def test_a_shop_without_a_kept_total_need_not_settle(desk, write):
    def never():
        raise AssertionError("asked for nothing")

    desk.take(day(write, "a.csv"), settle=never)
    assert desk.take(day(write, "b.csv", price="3.60"), settle=never).kept == 1


# ---- taken back ------------------------------------------------------------------------------------------------------


def test_an_undo_brings_back_what_was_corrected(desk, write):
    agrees(desk, "amina")
    desk.take(day(write, "a.csv"))
    before = lines(desk)
    second = desk.take(day(write, "b.csv", price="3.60", many="3"))
    undone = desk.undo(second)
    assert (undone.events, undone.events_put_back, undone.people) == (2, 2, 0)
    assert lines(desk) == before
    assert desk.ask("SELECT DISTINCT import_id FROM events") == [(1,)]


def test_an_import_that_was_undone_comes_back_by_no_other_undo(desk, write):
    reports = [desk.take(day(write, f"{price}.csv", price=price)) for price in ("3.40", "3.60", "3.80")]
    desk.undo(reports[1])
    assert ("P1", 1000, 380) in lines(desk)
    desk.undo(reports[2])
    assert ("P1", 1000, 340) in lines(desk)


def test_what_corrected_an_undone_import_stays_and_leaves_nothing_of_it(desk, write):
    first, second = desk.take(day(write, "a.csv")), desk.take(day(write, "b.csv", price="3.60"))
    desk.undo(first)
    assert lines(desk) == [("P1", 1000, 360)]
    assert desk.undo(second).events_put_back == 0
    tables = ("events", "people", "identities", "products", "items", "holds", "before_import")
    assert {table: desk.count(table) for table in tables} == dict.fromkeys(tables, 0)


def test_an_import_that_stopped_before_its_corrections_can_be_taken_back(desk, write):
    agrees(desk, "amina")
    desk.take(day(write, "a.csv"))
    before = lines(desk)
    kept_total(desk)
    with pytest.raises(Conflict, match="models"):
        desk.take(day(write, "b.csv", price="3.60"))
    imports.undo(desk.database, desk.tools, 2, settle=lambda: settled(desk))
    assert (lines(desk), held(desk), desk.count("before_import")) == (before, set(), 0)


def test_who_corrects_while_it_is_taken_back_changes_nothing(desk, write, monkeypatch):
    agrees(desk, "amina")
    desk.take(day(write, "a.csv"))
    before = lines(desk)
    kept_total(desk)

    def taken_back():
        settled(desk)
        imports.undo(desk.database, desk.tools, 2, settle=lambda: settled(desk))

    with pytest.raises(Conflict, match="somebody else"):
        desk.take(day(write, "b.csv", price="3.60"), settle=taken_back)
    assert (lines(desk), held(desk)) == (before, set())


def test_a_corrected_line_survives_a_merge_of_its_person(desk, write, cipher):
    desk.take(day(write, "a.csv"))
    second = desk.take(day(write, "b.csv", price="3.60"))
    amina, bruno = desk.person("amina"), desk.person("bruno")
    with desk.database.transaction() as connection:
        merge.mark(connection, bruno, amina, now=desk.tools.clock())
    with desk.database.transaction() as connection:
        merge.move(connection, cipher, shipped(), bruno, amina, now=desk.tools.clock())
    desk.undo(second)
    assert desk.ask("SELECT DISTINCT person FROM events") == [(bruno,)]
    assert desk.count("events") == 3


def test_corrections_across_many_pieces_are_all_made(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 200)
    rows = "".join(f"{n},c{n % 7},2026-03-02,P{n % 4},1,{{}}\n" for n in range(200))
    desk.take(write("a.csv", HEAD + rows.replace("{}", "1.00")))
    report = desk.take(write("b.csv", HEAD + rows.replace("{}", "1.10")))
    assert (report.kept, report.remarks[0].rows) == (200, 200)
    assert desk.ask("SELECT count(*), sum(amount) FROM events") == [(200, 22_000)]
    assert not corrections_wait(desk, report.id)


def corrections_wait(desk, number):
    with desk.database.reading() as connection:
        return corrections.waiting(connection, number)
