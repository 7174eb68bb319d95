"""The own copy: all and only what is held about one person, in three forms, and the same when imported again (I17)."""

import csv
import io
import json
import re
import resource
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from tests.laws.lives import ASKED, Village
from tests.laws.test_every_personal_column_is_covered import Planted

from goodwill import people
from goodwill.access import SignedIn
from goodwill.basics.cells import safe_cell
from goodwill.basics.clock import DAY, SECOND
from goodwill.collect import imports
from goodwill.people import registry
from goodwill.people.columns import EventColumns
from goodwill.people.types import BOUGHT, event_type
from goodwill.protect import Cipher, KeyStore
from goodwill.purposes import RECOMMENDATIONS
from goodwill.shop import copy_tables
from goodwill.storage import connect
from goodwill.storage.kept import reads_of


@pytest.fixture
def village(database, cipher, clock, tmp_path):
    made = Village(database, cipher, clock, tmp_path)
    made.knows("amina", "bruno")
    made.agrees("amina")
    made.buys("amina", 0, 1, day=20)
    made.buys("bruno", 2, day=3)
    yield made
    made.columns.close()


def copy_of(village, name, form="json"):
    return b"".join(village.shop.copies.made(SignedIn(village.person[name], "test"), form))


def tables_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: list(csv.reader(io.StringIO(archive.read(name).decode()))) for name in archive.namelist()}


def tells(village, who, **fields):
    with village.database.transaction() as connection:
        told = {field: ("demographics", text) for field, text in fields.items()}
        people.set_profile(connection, village.cipher, village.person[who], told, now=village.clock())


def identify(village, **ids):
    with village.database.transaction() as connection:
        return people.identify(connection, village.cipher, ids, now=village.clock())


def browses(village, name, at, key):
    with village.database.transaction() as connection:
        seen = EventColumns(
            person=[village.person[name]], type=[event_type("viewed").code], at=[at], day=[at // DAY], key=[key],
            product=[village.goods[3]],
        )  # fmt: skip
        people.log.append(connection, seen)


# ---- all and only ----------------------------------------------------------------------------------------------------


def test_every_column_that_tells_of_her_stands_in_her_copy(village):
    planted = Planted(village.database, village.cipher, village.person["amina"])
    text = copy_of(village, "amina").decode()
    for one in registry.told():
        if one.name == "people":
            continue
        for column in one.shown:
            value = planted.clear[one.name, column.name]
            if value is not None and column.name not in SAID_OTHERWISE.get(one.name, ()):
                assert written(column.name, value) in text, (one.name, column.name)


# Said in other words: the product by the shop's own id, amounts in the main unit, a code for an order.
SAID_OTHERWISE = {"events": ("type", "product", "quantity", "amount", "reference"), "reads": ("categories",)}


def written(name, value):
    if isinstance(value, int) and (name in ("at", "until") or name.endswith("_at")):
        from goodwill.basics.clock import iso

        return iso(value)
    if name == "day" or name.endswith("_day"):
        from goodwill.basics.clock import date_of

        return date_of(value).isoformat()
    inside = re.search(r"word \d+", str(value))  # where the column is JSON itself
    return inside.group() if inside else json.dumps(value, ensure_ascii=False).strip('"')


def test_nothing_of_anybody_else_stands_in_her_copy(village):
    Planted(village.database, village.cipher, village.person["amina"])
    his = Planted(village.database, village.cipher, village.person["bruno"])
    mine = json.loads(copy_of(village, "amina"))
    words = {value for value in his.clear.values() if isinstance(value, str) and value[-1].isdigit()}
    assert len(words) > 20
    text = json.dumps(mine, ensure_ascii=False)
    assert not [word for word in words if f'"{word}"' in text]


def test_counts_and_since_when_stand_for_every_table(village):
    held = {one["what"]: one for one in json.loads(copy_of(village, "amina"))["held"]}
    assert held["what happened"]["rows"] == 2
    assert held["what you allowed"]["rows"] == 8
    assert held["what you allowed"]["since"] == "2026-11-22T09:00:00Z"
    assert {one.under: one.rows for one in village.shop.copies.held("amina")}["what happened"] == 2


def test_looking_at_counts_is_no_reading_and_a_copy_is(village):
    amina = village.person["amina"]

    def looks():
        with village.database.reading() as connection:
            return len(reads_of(connection, amina))

    village.shop.copies.held("amina")
    assert looks() == 0
    copy_of(village, "amina")
    assert looks() == 1


def test_two_people_on_one_device_do_not_see_each_other(village):
    start = village.clock()
    identify(village, user_id="amina", anonymous_id="tablet-7")
    browses(village, "amina", start, 9001)
    village.clock.turn(days=1)
    bruno = identify(village, user_id="bruno", anonymous_id="tablet-7")
    assert bruno == village.person["bruno"], "he is not taken for her"
    browses(village, "amina", village.clock(), 9002)  # came by the tablet alone: hers or his
    hers, his = (json.loads(copy_of(village, name)) for name in ("amina", "bruno"))
    seen = [event["at"] for event in hers["events"] if event["what"] == "viewed"]
    assert seen == ["2026-11-22T09:00:00Z"], "what came before is hers"
    assert "1 events are not shown" in hers["notes"][-1]
    assert "tablet-7" not in json.dumps(hers) + json.dumps(his)
    assert [event["what"] for event in his["events"]] == ["bought"]
    assert "bruno" not in json.dumps(hers)


def test_a_device_that_only_she_uses_is_hers(village):
    identify(village, user_id="amina", anonymous_id="tablet-7")
    identify(village, user_id="amina", anonymous_id="tablet-7")
    assert "tablet-7" in copy_of(village, "amina").decode()


# ---- as tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_is_taken_for_a_formula(sign):
    assert safe_cell(f"{sign}HYPERLINK(1)").startswith("'")


def test_plain_numbers_stay_numbers():
    assert [safe_cell(value) for value in (-3, "-3.40", "3", None, "a-b")] == ["-3", "-3.40", "3", "", "a-b"]


def test_what_customers_wrote_reaches_no_spreadsheet_as_a_formula(village):
    tells(village, "amina", city='=HYPERLINK("http://evil.example")', name="@amina")
    cells = [cell for rows in tables_of(copy_of(village, "amina", "csv")).values() for row in rows for cell in row]
    assert sum("HYPERLINK" in cell for cell in cells) >= 2
    assert not [cell for cell in cells if cell[:1] in "=+@\t\r" and cell]


def test_a_copy_that_is_imported_into_another_shop_gives_the_same_copy(village, tmp_path, migrated_file, clock):
    identify(village, user_id="amina", email="amina@example.org", phone="+39 06 1234567")
    tells(village, "amina", city="=Roma")
    village.clock.turn(seconds=5)
    village.buys("amina", 2, 2, 3, day=1)
    village.shop.grant("amina", RECOMMENDATIONS, ["browsing"], asked=ASKED, yes=False)
    village.clock.turn(days=1)
    first = tables_of(copy_of(village, "amina", "csv"))
    other = shop_of(first, tmp_path, migrated_file, clock)
    second = tables_of(copy_of(other, "amina", "csv"))
    for name in ("customers.csv", "order-lines.csv", "consents.csv"):
        assert sorted(second[name]) == sorted(first[name]), name
    assert len(first["order-lines.csv"]) == 6
    assert other.shop.can("amina", RECOMMENDATIONS).allowed
    for line in other.shop.can("amina", RECOMMENDATIONS).categories:
        assert line.allowed is (line.category != "browsing")
    other.columns.close()
    other.database.close()


def shop_of(tables, folder: Path, migrated_file: Path, clock):
    """Another shop, into which the files of a copy were imported."""
    home = folder / "other"
    home.mkdir()
    shutil.copyfile(migrated_file, home / "shop.db")
    made = Village(connect(home / "shop.db"), Cipher(KeyStore.open(home / "keys", clock=clock), "other"), clock, home)
    files = []
    for name in ("customers.csv", "order-lines.csv", "consents.csv"):
        with (home / name).open("w", newline="") as out:
            csv.writer(out).writerows(tables[name])
        files.append(home / name)
    for file in files:
        report = imports.run(
            made.database, made.shop.tools, imports.plan([file]), rejects_to=home / "rejects.csv"
        )  # fmt: skip
        assert report.rejected == 0, (file.name, (home / "rejects.csv").read_text())
    made.person["amina"] = made.shop.known("amina")
    return made


def test_no_two_tables_of_a_copy_have_one_name_and_all_are_plain():
    names = [copy_tables._file_name(one.says.under) for one in registry.told()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
    assert max(map(len, names)) < 64


# ---- to read ---------------------------------------------------------------------------------------------------------


def text_of(data, tmp_path):
    (tmp_path / "copy.pdf").write_bytes(data)
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed; on Debian: apt-get install poppler-utils")
    done = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "copy.pdf", "-"], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_document_says_it_in_words_with_pages(village, tmp_path):
    tells(village, "amina", city="Roma")
    text = text_of(copy_of(village, "amina", "pdf"), tmp_path)
    assert "Your data at Test" in text
    assert "22 November 2026" in text
    assert "page 1 of " in text
    for words in ("You bought", "bread", "2.50 EUR", "Yes, as noted here", "Suggest products you may like", "Roma"):
        assert words in text
    assert b"/Outlines" in copy_of(village, "amina", "pdf")


def test_the_document_speaks_her_language(village, tmp_path):
    tells(village, "amina", language="de")
    text = text_of(copy_of(village, "amina", "pdf"), tmp_path)
    for words in ("Ihre Daten bei Test", "Sie kauften", "2,50 EUR", "Ja, so ist es notiert", "Seite 1 von ",
                  "Produkte vorschlagen", "Sprache der Briefe"):  # fmt: skip
        assert words in text
    data = copy_of(village, "amina", "pdf")
    assert b"/Lang (de)" in data
    assert b"/DisplayDocTitle true" in data  # what a screen reader names the window by
    here = village.shop.copies.made(SignedIn(village.person["amina"], "test"), "pdf", language="en")
    assert "Your data at Test" in text_of(b"".join(here), tmp_path)


def test_signs_of_money_and_quotation_marks_are_printed_without_another_font(village, tmp_path):
    tells(village, "amina", city="Café „Zur 5 €“ – Rom")
    data = copy_of(village, "amina", "pdf")
    assert b"DejaVu" not in data
    assert "Café „Zur 5 €“ – Rom" in text_of(data, tmp_path)


def test_signs_stay_in_a_cell_that_is_broken_into_lines(village, tmp_path):
    tells(village, "amina", city="Café „Zur 5 €“ – Rom, " + "hinten im Hof links – " * 8)
    text = " ".join(text_of(copy_of(village, "amina", "pdf"), tmp_path).split())
    assert "Café „Zur 5 €“ – Rom" in text


def test_the_document_tells_whoever_has_it_read_aloud_what_is_a_heading_and_what_a_cell(village, tmp_path):
    tells(village, "amina", city="Roma")
    (tmp_path / "copy.pdf").write_bytes(copy_of(village, "amina", "pdf"))
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo is not installed; on Debian: apt-get install poppler-utils")
    read = subprocess.run(
        ["pdfinfo", "-struct-text", tmp_path / "copy.pdf"], capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r'^  H1 .*\n    "(.*)"', read, re.MULTILINE) == ["Your data at Test"]
    assert read.count("  H2 (block)") > 5
    for one in re.split(r"^  (?! )", read, flags=re.MULTILINE):
        if one.startswith("Table"):
            head, *rows = one.split("    TR\n")[1:]
            assert {row.count("      TD") for row in rows} == {head.count("      TH")}
            assert not any("      TH" in row for row in rows)  # a head that stands again on the next page is told once
    assert "page 1 of" not in read


def test_other_letters_are_printed_or_said_to_be_missing(village, tmp_path, monkeypatch):
    from goodwill.shop import paper

    tells(village, "amina", city="Łódź, Москва")
    monkeypatch.setattr(paper, "_FONT_FOLDERS", ())
    text = text_of(copy_of(village, "amina", "pdf"), tmp_path)
    assert "?ód?" in text
    assert "Some letters cannot be printed" in text
    monkeypatch.undo()
    if any((Path(folder) / "DejaVuSans.ttf").exists() for folder in paper._FONT_FOLDERS):
        assert "Łódź, Москва" in text_of(copy_of(village, "amina", "pdf"), tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("form", ["json", "csv", "pdf"])
def test_ten_thousand_events_take_ten_seconds_and_little_memory(village, form, tmp_path):
    many = 10_000
    life = EventColumns(
        person=[village.person["amina"]] * many, type=[BOUGHT] * many, currency="EUR",
        at=[1_700_000_000 * SECOND + n * 3600 * SECOND for n in range(many)],
        day=[19_675 + n // 24 for n in range(many)],
        product=[village.goods[n % 4] for n in range(many)], quantity=[1000] * many, amount=[250] * many,
        reference=[n // 3 for n in range(many)], key=list(range(10**6, 10**6 + many)),
    )  # fmt: skip
    with village.database.transaction() as connection:
        people.log.append(connection, life)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with (tmp_path / "copy").open("wb") as file:
        file.writelines(village.shop.copies.made(SignedIn(village.person["amina"], "test"), form))
    assert time.perf_counter() - start < 10
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 150
    data = (tmp_path / "copy").read_bytes()
    if form == "json":
        assert len(json.loads(data)["events"]) == many + 2
    elif form == "csv":
        assert len(tables_of(data)["what-happened.csv"]) == 1 + many + 2
    else:
        assert text_of(data, tmp_path).count("You bought") == many + 2
