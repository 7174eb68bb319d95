"""What a file holds, from its headings and its values."""

import pytest

from goodwill.basics.errors import BadInput, NotFound
from goodwill.collect.kinds import plain, vocabulary
from goodwill.collect.plans import plan


def known(path, **said):
    part = plan([path], **said).parts[0]
    return part.kind.name, dict(part.known.columns)


@pytest.mark.parametrize(
    ("heading", "word"),
    [
        ("Kunden-Nr.", "kunden nr"),
        ("customerID", "customer id"),
        ("Straße", "strasse"),
        ("Quantità", "quantita"),
        ("  E-Mail ", "e mail"),
    ],
)
def test_headings_are_compared_without_case_accents_and_punctuation(heading, word):
    assert plain(heading) == word


@pytest.mark.parametrize(
    ("headings", "row"),
    [
        ("Order ID,Customer ID,Order Date,SKU,Qty,Line Total", "1,a,2026-03-02,P1,1,3.40"),
        ("Bestellnummer,Kundennummer,Bestelldatum,Artikelnummer,Menge,Betrag", "1,a,02.03.2026,P1,1,3.40"),
        (
            "Numéro de commande,Numéro client,Date de commande,Référence produit,Quantité,Montant",
            "1,a,2026-03-02,P1,1,3.40",
        ),
        ("Número de pedido,Número de cliente,Fecha de pedido,Referencia,Cantidad,Importe", "1,a,2026-03-02,P1,1,3.40"),
        ("Numero ordine,Codice cliente,Data ordine,Codice prodotto,Quantità,Importo", "1,a,2026-03-02,P1,1,3.40"),
        ("Ordernummer,Klantnummer,Besteldatum,Artikelnummer,Aantal,Bedrag", "1,a,2026-03-02,P1,1,3.40"),
        ("Numer zamówienia,Numer klienta,Data zamówienia,Kod produktu,Ilość,Kwota", "1,a,2026-03-02,P1,1,3.40"),
        ("Ordernummer,Kundnummer,Orderdatum,Artikelnummer,Antal,Belopp", "1,a,2026-03-02,P1,1,3.40"),
        ("Ordrenummer,Kundenummer,Ordredato,Varenummer,Antal,Beløb", "1,a,2026-03-02,P1,1,3.40"),
        ("basket_id,household_id,transaction_timestamp,product_id,quantity,sales_value", "1,a,2026-03-02,P1,1,3.40"),
    ],
)
def test_order_lines_are_known_in_many_languages(write, headings, row):
    kind, columns = known(write("a.csv", f"{headings}\n{row}\n"))
    assert kind == "order-lines"
    assert set(columns) == {"order", "customer", "time", "product", "quantity", "amount"}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("order_id,user_id,ordered_at,total,currency\n1,a,2026-03-02,3.40,EUR\n", "orders"),
        ("product_id,name,category,price\nP1,Rye,Bread,3.40\n", "products"),
        ("user_id,first_name,last_name,email\na,Amina,A,amina@example.org\n", "customers"),
        ("user_id,purpose,state,said_at\na,offers,given,2026-03-02\n", "consents"),
        ("email,newsletter,opt in date,notice\namina@example.org,yes,2026-03-02,n1\n", "consents"),
        ("Kundennummer;Vorname;Nachname;PLZ;Ort\n1;Amina;A;10115;Berlin\n", "customers"),
        ("E-Mail,Einwilligung,Zweck\namina@example.org,ja,offers\n", "consents"),
    ],
)
def test_kinds(write, content, kind):
    assert known(write("a.csv", content))[0] == kind


def test_a_customer_file_with_a_newsletter_column_says_where_its_consents_are(write):
    path = write("a.csv", "user_id,first_name,email,Accepts Email Marketing\na,Amina,amina@example.org,yes\n")
    part = plan([path]).parts[0]
    assert part.kind.name == "customers"
    assert [(left.column, "--as consents" in left.why) for left in part.left] == [("Accepts Email Marketing", True)]
    answered = {"time": "=2026-03-01", "words": "=News?"}
    known = plan([path], as_="consents", mapping=answered).parts[0].known
    assert known.constants == {"purpose": "email-marketing", "time": "2026-03-01", "words": "News?"}


@pytest.mark.parametrize("answered", [{}, {"time": "=2026-03-01"}, {"words": "=News?"}])
def test_a_bare_column_of_yes_and_no_asks_what_was_ticked_when_and_with_which_words(write, answered):
    path = write("a.csv", "email,newsletter\namina@example.org,yes\n")
    with pytest.raises(BadInput, match="What did people tick, when, and with which words"):
        plan([path], mapping=answered)


def test_what_nobody_knows_of_a_yes_may_be_said(write):
    path = write("a.csv", "email,newsletter\namina@example.org,yes\n")
    known = plan([path], mapping={"time": "=unknown", "words": "=unknown"}).parts[0].known
    assert known.constants == {"purpose": "email-marketing"}


@pytest.mark.parametrize(
    ("content", "field", "column"),
    [
        ("wohin,Vorname\namina@example.org,Amina\nbruno@example.org,Bruno\n", "email", "wohin"),
        ("order_id,total,wann\n1,3.40,2026-03-02\n2,1.00,2026-03-03\n", "time", "wann"),
    ],
)
def test_the_only_column_that_looks_like_what_is_missing_is_taken_and_said(write, content, field, column):
    part = plan([write("a.csv", content)]).parts[0]
    assert part.known.columns[field] == column
    assert f"--map {field}=COLUMN" in " ".join(part.notes)


def test_of_two_columns_that_look_alike_none_is_taken(write):
    with pytest.raises(BadInput, match="lacks time"):
        plan([write("a.csv", "order_id,total,a,b\n1,3.40,2026-03-02,2026-03-03\n")])


def test_every_column_that_is_not_used_is_listed(write):
    headings = ["order_id", "customer_id", "ordered_at", "product_id", "quantity", *(f"extra {n}" for n in range(95))]
    row = ["1", "a", "2026-03-02", "P1", "1", *["x"] * 95]
    part = plan([write("a.csv", ",".join(headings) + "\n" + ",".join(row) + "\n")]).parts[0]
    assert [left.column for left in part.left] == [f"extra {n}" for n in range(95)]


def test_free_notes_about_people_are_left_behind_with_the_reason(write):
    part = plan([write("a.csv", "user_id,email,note\na,amina@example.org,likes to talk\n")]).parts[0]
    assert [(left.column, "free notes" in left.why) for left in part.left] == [("note", True)]


def test_a_heading_whose_values_are_something_else_is_not_believed(write):
    path = write(
        "a.csv", "order_id,customer_id,ordered_at,date,product_id\n1,a,morning,2026-03-02,P1\n2,b,noon,2026-03-03,P1\n"
    )
    assert known(path)[1]["time"] == "date"


def test_what_the_owner_says_wins(write):
    path = write("a.csv", "order_id,customer_id,date,paid on,product_id\n1,a,2026-03-02,2026-03-05,P1\n")
    assert known(path)[1]["time"] == "date"
    assert known(path, mapping={"time": "Paid On"})[1]["time"] == "paid on"


def test_two_columns_that_could_be_the_same_are_asked_about(write):
    path = write("a.csv", "order_id,customer_id,Order Date,order_date,product_id\n1,a,2026-03-02,2026-03-05,P1\n")
    with pytest.raises(BadInput, match=r"'Order Date' or 'order_date'.*--map time="):
        plan([path])


def test_a_heading_may_name_zone_and_currency(write):
    path = write("a.csv", "order_id,customer_id,Created (UTC),product_id,Amount (USD)\n1,a,2026-03-02 10:00,P1,3.40\n")
    part = plan([path]).parts[0]
    assert (part.known.utc, part.known.currency) == (frozenset({"time"}), "USD")


def test_a_date_and_its_time_of_day_may_stand_apart(write):
    path = write("a.csv", "order_id,customer_id,Date,Time,product_id\n1,a,02.03.2026,08:15,P1\n")
    assert known(path)[1] | {"clock": "Time", "time": "Date"} == known(path)[1]


@pytest.mark.parametrize(
    ("content", "said", "message"),
    [
        ("a,b\n1,2\n", {}, r"headings 'a', 'b'.*--as KIND.*--map FIELD=COLUMN"),
        ("order_id,total\n1,3.40\n", {"as_": "orders"}, r"lacks time .*--map time=COLUMN"),
        ("a,b\n1,2\n", {"as_": "horoscopes"}, "no kind of file called 'horoscopes'"),
        ("user_id,email\na,a@example.org\n", {"mapping": {"mood": "email"}}, "no field 'mood'"),
        ("user_id,email\na,a@example.org\n", {"mapping": {"name": "Nom"}}, "no column 'Nom'"),
        ("user_id,consent\na,yes\n", {}, r"--map purpose==email-marketing"),
        ("user_id,email\na,a@example.org\n", {"mapping": {"separator": "x"}}, "cannot separate"),
        ("order_id,user_id,date,total\n1,a,2026-01-02,3\n", {"mapping": {"dates": "ymd"}}, "say dmy or mdy"),
    ],
)
def test_what_nobody_can_tell_is_asked(write, content, said, message):
    with pytest.raises(BadInput, match=message):
        plan([write("a.csv", content)], **said)


def test_nothing_to_import_is_said(write, tmp_path):
    with pytest.raises(BadInput, match="at least one file"):
        plan([])
    with pytest.raises(NotFound):
        plan([tmp_path / "nowhere.csv"])


def test_a_file_with_headings_alone_is_a_file_without_rows(write):
    planned = plan([write("a.csv", "product_id,name\n")])
    assert planned.rows == 0
    assert "headings and no rows" in planned.notes[0]


def test_evidence_comes_from_every_row(write):
    """The one value that tells stands on the last line."""
    head = "order_id,customer_id,date,product_id,quantity,amount\n"
    body = "".join(f"{n},a,03/04/2026,P1,1,1.234\n" for n in range(30_000))
    part = plan([write("a.csv", head + body + '9,a,25/04/2026,P1,1,"1.234,50"\n')]).parts[0]
    assert part.survey.marks["amount"] == ","
    assert part.survey.order == "dmy"
    assert part.notes == ()


def test_contradicting_evidence_decides_nothing(write):
    head = "order_id;customer_id;date;product_id;amount\n"
    planned = plan(
        [write("a.csv", head + "1;a;25/04/2026;P1;1.234,50\n2;a;04/25/2026;P1;1,234.50\n3;a;03/04/2026;P1;1.234\n")]
    )
    assert planned.parts[0].survey.marks["amount"] == ""
    assert [("--map decimal" in note, "--map dates" in note) for note in planned.parts[0].notes] == [
        (True, False),
        (False, True),
    ]


def test_files_are_taken_products_first(write):
    lines = write("l.csv", "order_id,customer_id,date,product_id\n1,a,2026-03-02,P1\n")
    products = write("p.csv", "product_id,name\nP1,Rye\n")
    assert plan([lines, products]).kinds == ("products", "order-lines")


def test_every_word_means_one_thing_in_its_kind():
    for kind in vocabulary().kinds.values():
        first = {}
        for field in kind.fields.values():
            for word in field.words[:-1]:
                assert word == plain(word)
                assert first.setdefault(word, field.name) == field.name or word in ("product", "time"), (
                    kind.name,
                    word,
                )


def test_a_column_of_yes_and_no_asks_whatever_it_is_called_and_a_number_does_not(write):
    rows = "customer,E-Mail,Vorname,Werbung?,Treue\nc1,a@example.org,Amina,ja,1\nc2,b@example.org,Bruno,nein,0\n"
    part = plan([write("kunden.csv", rows.encode())]).parts[0]
    why = {left.column: left.why for left in part.left}
    assert "what people ticked, when and with which words" in why["Werbung?"]
    assert why["Treue"] == "nothing here uses it"
