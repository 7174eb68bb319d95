"""An import is taken back as if it had never been made, in the order mark, settle, erase."""

import pytest

from goodwill import consent, people
from goodwill.basics.errors import Conflict, KeyDestroyed, NotFound
from goodwill.collect import imports, separated
from goodwill.consent import Asked
from goodwill.people import holds
from goodwill.purposes import shipped
from goodwill.storage import AsOf, Kept
from goodwill.storage.kept import keep

KEPT = ("events", "identities", "profiles", "products", "items", "before_import")

LOGS = ("people", "holds", "consent_rows", "consent_now", "reads", "totals")


def picture(desk):
    """All that a file can bring, apart from what only ever grows: the ledger, holds, and numbers of people."""
    people = desk.ask("SELECT id FROM people WHERE erased_at IS NULL ORDER BY id")
    now = desk.ask("SELECT person, purpose, category, yes FROM consent_now ORDER BY 1, 2, 3")
    tables = {table: desk.ask(f"SELECT * FROM {table} ORDER BY 1, 2") for table in KEPT}
    return (
        people,
        now,
        [
            [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows]
            for rows in tables.values()
        ],
    )


def files(write):
    said = ["amina,offers,yes,2026-05-02", "bruno,offers,no,2026-05-02", "dev,offers,yes,2026-05-02"]
    bought = ["2001,amina,2026-05-02,P1,1,3.60", "2002,dev,2026-05-02,P7,1,4.00"]
    return (
        write("products.csv", "product_id,name,price\nP1,Rye bread,3.60\nP7,Tart,4.00\n"),
        write("customers.csv", "user_id,first_name,city,email\namina,Amina,Berlin,amina@example.org\ndev,Dev,Bonn,\n"),
        write("consents.csv", "\n".join(["user_id,purpose,state,said_at", *said, ""])),
        write("more.csv", "\n".join(["order_id,customer_id,date,sku,qty,price", *bought, ""])),
    )


@pytest.fixture
def shop(desk, write, lines):
    """A shop that had customers before: Amina, Bruno and Chiara, of whom Amina lives in Rome."""
    desk.take(lines)
    desk.take(write("c0.csv", "user_id,city\namina,Rome\n"), as_="customers")
    desk.take(write("a0.csv", "user_id,purpose,state,said_at\nbruno,offers,yes,2026-03-02\n"))
    return desk


def test_after_an_undo_all_is_as_it_was(shop, write):
    before = picture(shop)
    report = shop.take(*files(write))
    assert picture(shop) != before
    undone = shop.undo(report)
    assert (undone.events, undone.people, undone.products_removed, undone.products_put_back) == (2, 1, 1, 1)
    after = picture(shop)
    assert after[0] == before[0]
    assert after[1] == before[1]
    assert after[2] == before[2]
    assert shop.person("dev") is None
    assert shop.person("amina@example.org", "email") is None
    with shop.database.reading() as connection:
        assert imports.list_imports(connection)[-1].state == "undone"


def test_it_can_be_imported_again_after_an_undo(shop, write):
    paths = files(write)
    first = shop.take(*paths)
    shop.undo(first)
    again = shop.take(*paths)
    assert (again.kept, again.unchanged) == (first.kept, first.unchanged)


def test_the_ledger_keeps_both_the_answer_and_that_it_never_counted(shop, write):
    report = shop.take(*files(write))
    amina = shop.person("amina")
    shop.undo(report)
    with shop.database.reading() as connection:
        states = [row.state for row in consent.history(connection, amina)]
    assert states == ["given"] * 3 + ["invalidated"] * 3


def test_what_others_changed_since_stays(shop, write, cipher, clock):
    report = shop.take(*files(write))
    shop.take(write("p2.csv", "product_id,price\nP1,3.90\n"), as_="products")
    shop.take(write("c2.csv", "user_id,city\namina,Paris\n"), as_="customers")
    shop.undo(report)
    assert shop.ask("SELECT name, price FROM products WHERE external = 'P1'") == [("Rye loaf", 390)]
    with shop.database.transaction() as connection:
        told = {"city": ("contact", "Paris")}
        assert people.set_profile(connection, cipher, shop.person("amina"), told, now=clock()).unchanged == 1


def test_a_product_that_somebody_else_bought_stays(shop, write):
    report = shop.take(*files(write))
    shop.take(write("l2.csv", "order_id,customer_id,date,sku\n3001,bruno,2026-06-02,P7\n"))
    assert shop.undo(report).products_removed == 0
    assert shop.ask("SELECT name FROM products WHERE external = 'P7'") == [("Tart",)]


def test_a_total_that_has_not_settled_keeps_the_history_and_the_undo_can_be_done_again(shop, write):
    report = shop.take(*files(write))
    with shop.database.transaction() as connection:
        keep(connection, Kept("usual", "model-improvement", AsOf(0, 0, 0, 0), 2, "r", "h", "f"))
    with pytest.raises(Conflict, match="usual"):
        shop.undo(report)
    assert shop.ask("SELECT count(*) FROM events WHERE import_id = :i", i=report.id) == [(2,)]
    with shop.database.reading() as connection:
        assert imports.list_imports(connection)[-1].state == "undoing"

    def settle():
        with shop.database.transaction() as connection:
            seen = holds.last_id(connection)
            keep(connection, Kept("usual", "model-improvement", AsOf(0, 0, seen, 0), 2, "r", "h", "f"))

    assert shop.undo(report, settle).events == 2
    assert shop.ask("SELECT count(*) FROM consent_rows WHERE state = 'invalidated'") == [(9,)]


def test_while_it_is_taken_back_the_people_concerned_count_in_nothing(shop, write):
    report = shop.take(*files(write))
    with shop.database.transaction() as connection:  # whoever never said a word is in no total, and need not be held
        entry = shipped()["model-improvement"]
        consent.grant(connection, shop.person("amina"), entry, asked=Asked(how="test"), now=shop.tools.clock())
        keep(connection, Kept("usual", "model-improvement", AsOf(0, 0, 0, 0), 2, "r", "h", "f"))
    held = []

    def settle():
        held.extend(person for (person,) in shop.ask(newest))
        with shop.database.transaction() as connection:
            seen = holds.last_id(connection)
            keep(connection, Kept("usual", "model-improvement", AsOf(0, 0, seen, 0), 2, "r", "h", "f"))

    newest = (
        "SELECT person FROM holds h WHERE held = 1 AND id = (SELECT max(id) FROM holds o WHERE o.person = h.person)"
    )
    shop.undo(report, settle)
    assert {shop.person("amina")} < set(held)
    assert shop.person("amina") not in {person for (person,) in shop.ask(newest)}


def test_the_key_of_somebody_whom_nobody_knows_any_more_is_destroyed(shop, write, cipher):
    report = shop.take(*files(write))
    dev = shop.person("dev")
    shop.undo(report)
    with pytest.raises(KeyDestroyed):
        cipher.seal(dev, "city", "Bonn")


def counts(desk):
    return {table: desk.count(table) for table in (*KEPT, *LOGS)}


def test_without_a_word_about_consent_nothing_at_all_stays(shop, write):
    before = counts(shop)
    products, customers, _, sold = files(write)
    undone = shop.undo(shop.take(products, customers, sold))
    assert (undone.people, undone.numbers, undone.items) == (1, 0, 1)
    assert counts(shop) == before


def test_what_only_grows_keeps_the_answers_the_numbers_and_two_holds_each(shop, write):
    before = counts(shop)
    undone = shop.undo(shop.take(*files(write)))
    # Of the three who answered, amina and dev are held while it is taken back, and bruno, who had answered before.
    assert (undone.consents, undone.numbers) == (9, 1)
    after = counts(shop)
    grown = {table: after[table] - before[table] for table in before if after[table] != before[table]}
    assert grown == {"consent_rows": 18, "people": 1, "holds": 4}


def test_somebody_and_a_product_that_stayed_for_a_later_import_go_with_that_one(desk, write, lines):
    first = desk.take(lines)
    later = desk.take(write("l2.csv", "order_id,customer_id,date,sku\n3001,amina,2026-06-02,P1\n"))
    desk.undo(first)
    assert desk.person("amina") is not None
    undone = desk.undo(later)
    assert (undone.people, undone.products_removed, undone.items) == (1, 1, 1)
    assert set(counts(desk).values()) == {0}


def test_a_fact_of_an_import_that_was_undone_comes_back_by_no_other_undo(shop, write, cipher, clock):
    reports = [
        shop.take(write(f"{city}.csv", f"user_id,city\namina,{city}\n"), as_="customers") for city in ("Bari", "Pisa")
    ]
    shop.undo(reports[0])
    shop.undo(reports[1])
    with shop.database.transaction() as connection:
        told = {"city": ("contact", "Rome")}
        assert people.set_profile(connection, cipher, shop.person("amina"), told, now=clock()).unchanged == 1


def test_what_an_import_added_to_somebody_known_goes_with_it_and_nothing_is_kept_for_that(shop, write):
    before = picture(shop)
    report = shop.take(
        write("more.csv", "user_id,first_name,city\nbruno,Bruno,Bonn\nbruno,Bruno,Bari\n"), as_="customers"
    )
    assert shop.count("before_import") == 0, "nothing stood there before, so nothing need come back"
    with shop.database.transaction() as connection:
        assert shop.person("bruno") in people.undo.concerned(connection, report.id), "she must be held meanwhile"
    shop.undo(report)
    assert picture(shop) == before


def test_an_item_between_others_keeps_its_number(desk, write, lines):
    first = desk.take(lines)
    desk.take(write("l2.csv", "order_id,customer_id,date,sku\n3001,amina,2026-06-02,P3\n"))
    assert desk.undo(first).items == 0
    assert desk.ask("SELECT number, name FROM items ORDER BY number") == [(0, "P1"), (1, "P2"), (2, "P3")]


def test_who_is_killed_before_the_keys_are_destroyed_destroys_them_the_next_time(shop, write, cipher, monkeypatch):
    report = shop.take(*files(write))
    dev = shop.person("dev")

    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cipher.keys, "destroy_all", killed)
    with pytest.raises(KeyboardInterrupt):
        shop.undo(report)
    monkeypatch.undo()
    assert cipher.keys.live([dev]) == {dev}
    shop.undo(report)
    assert cipher.keys.live([dev]) == set()
    with shop.database.reading() as connection:
        assert imports.list_imports(connection)[-1].state == "undone"


def test_what_brought_nothing_new_or_was_refused_cannot_be_taken_back(desk, write, lines):
    desk.take(lines)
    desk.take(lines)
    refused = desk.take(write("a.csv", "order_id,customer_id,date,sku,qty\n1,amina,2026-05-02,P1,0\n"), strict=True)
    with pytest.raises(Conflict, match="nothing new"):
        imports.undo(desk.database, desk.tools, 2, settle=lambda: None)
    with pytest.raises(Conflict, match="was refused"):
        desk.undo(refused)


def test_an_interrupted_import_can_be_taken_back(shop, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 100)
    before = picture(shop)
    rows = "".join(f"{n},dev{n},2026-05-02,X{n},1\n" for n in range(50))
    path = write("many.csv", "order_id,customer_id,date,sku,qty\n" + rows)

    def stop(how):
        if how.rows > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.take(path, progress=stop)
    number = shop.ask("SELECT max(id) FROM imports")[0][0]
    imports.undo(shop.database, shop.tools, number, settle=lambda: None)
    assert picture(shop) == before


def test_it_is_taken_back_once(shop, write, lines):
    report = shop.take(*files(write))
    shop.undo(report)
    with pytest.raises(Conflict, match="nothing to take back"):
        shop.undo(report)
    with pytest.raises(NotFound, match="no import 99"):
        imports.undo(shop.database, shop.tools, 99, settle=lambda: None)
