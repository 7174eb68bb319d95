"""Erasing somebody leaves nothing of her: no row, no form of her name in any file, no key, and no way back."""

import bz2
import csv
import gzip
import io
import json
import shutil
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.conftest import FakeClock
from tests.small_shop import ASKED, bakery

from goodwill import people
from goodwill.access import SignedIn
from goodwill.app import create_shop, open_shop
from goodwill.basics.errors import BadInput, Conflict, KeyDestroyed, NotFound
from goodwill.people import books, holds, index, merge, registry
from goodwill.people.search import in_tables
from goodwill.people.types import BOUGHT
from goodwill.protect import KeyState
from goodwill.protect.canary import Canaries
from goodwill.purposes import Category
from goodwill.shop import Shop, Who
from goodwill.shop.certificate import payload_of
from goodwill.storage import audit
from goodwill.storage.kept import drop_kept, kept
from goodwill.storage.residue import cut_log
from goodwill.storage.schema import Erase

MAIL, NAME, PHONE = "c0.bianchi+news@example.org", "Clara Nulla Bianchi", "+390612345678"


def make(database, folder: Path, clock: FakeClock):
    """The bakery; c0 has an address, a telephone, a name, and allows everything."""
    made = bakery(database, folder, clock)
    shop = made.shop
    with shop.database.transaction() as connection:
        ids = {"user_id": "c0", "email": MAIL, "phone": PHONE}
        people.identify(connection, shop.cipher, ids, now=clock())
        fields = {"name": (Category("contact"), NAME), "likes": (Category("preferences"), "truffles, quietly")}
        people.set_profile(connection, shop.cipher, made.person["c0"], fields, now=clock())
    return made


@pytest.fixture
def small(database, tmp_path, clock):
    made = make(database, tmp_path, clock)
    yield made
    made.shop.close()


def rows(shop, question):
    with shop.database.reading() as connection:
        return connection.execute(text(question)).all()


def searched(shop, *words):
    """Where some words stand in any form, in files and tables."""
    canaries = Canaries(words)
    with shop.database.reading() as connection:
        return in_tables(connection, canaries) | canaries.in_folder(shop.folder)


# ---- what goes -----------------------------------------------------------------------------------------------------


def test_nothing_of_her_is_left_but_what_the_certificate_says(small):
    shop, c0 = small.shop, small.person["c0"]
    shop.settle()
    shop.decide("c0")
    assert shop.erasure.erase("c0", reason="she asked").status == "done"
    with shop.database.reading() as connection:
        left = registry.holdings(connection, [c0])
        one = {told.name: told for told in registry.told()}
    assert {held.table for held in left} >= {"people", "consent_rows", "holds", "reads", "audit_rows", "erasures"}
    assert all(one[held.table].says.erase is Erase.KEPT for held in left)
    assert not searched(shop, MAIL, NAME, PHONE, "truffles, quietly")
    assert shop.keys.state(c0) is KeyState.DESTROYED
    assert shop.find("c0") is None
    assert shop.find(Who(id=c0)) is None
    assert rows(shop, f"SELECT count(*) FROM people WHERE id = {c0} AND erased_at IS NOT NULL") == [(1,)]


def test_the_certificate_says_what_went_what_stays_and_what_was_searched(small):
    shop, c0 = small.shop, small.person["c0"]
    shop.settle()
    bought = rows(shop, f"SELECT count(*) FROM events WHERE person = {c0}")[0][0]
    document = shop.erasure.erase("c0", reason="she asked").document
    assert document["deleted"]["events"] == bought
    assert (document["deleted"]["identities"], document["deleted"]["profiles"]) == (3, 2)
    assert document["totals"]["before"] != document["totals"]["after"]
    assert document["search"] | {"forms": 0} == {"words": 4, "too short": 1, "forms": 0, "found": [], "unread": []}
    assert document["key_destroyed_at"]
    assert document["erased_at"]
    assert document["finished_at"]
    kept = {line["table"]: line for line in document["kept"]}
    assert kept["books"]["rows"] == bought
    assert kept["left_alone"]["rows"] == 3
    assert "proof" in kept["consent_rows"]["why"]
    assert document["sha256"] == sha256(payload_of(document)).hexdigest()
    assert json.loads(json.dumps(document)) == document
    assert not Canaries([MAIL, NAME, PHONE]).in_bytes(json.dumps(document).encode(), "certificate")
    assert shop.erasure.certificate(c0).document == document
    assert [one.person for one in shop.erasure.erased()] == [c0]


def test_the_certificate_is_signed_as_receipts_are(small):
    from base64 import urlsafe_b64decode

    from goodwill.protect.signing import is_signed

    document = small.shop.erasure.erase("c0").document
    signed, _, signature = document["jws"].rpartition(".")
    parts = [urlsafe_b64decode(part + "==") for part in (*signed.split("."), signature)]
    assert parts[1] == payload_of(document)
    assert json.loads(parts[0])["typ"] == "goodwill-erasure+json"
    assert is_signed(small.shop.proofs.public, parts[2], signed.encode())


def test_it_is_entered_in_the_audit_log_with_its_reason(small):
    small.shop.erasure.erase("c0", reason="she asked")
    with small.shop.database.reading() as connection:
        lines = audit.lines(connection, person=small.person["c0"])
    assert [(line.action, line.reason, line.outcome) for line in lines] == [("person.erase", "she asked", "done")]


def test_all_numbers_of_somebody_who_was_merged_go(small):
    shop = small.shop
    shop.identity.merge("c0", "c2")
    shop.erasure.erase("c0")
    numbers = [small.person["c0"], small.person["c2"]]
    assert [shop.keys.state(number) for number in numbers] == [KeyState.DESTROYED] * 2
    assert rows(shop, f"SELECT count(*) FROM events WHERE person IN ({numbers[0]}, {numbers[1]})") == [(0,)]
    assert shop.find("c2") is None


def test_others_keep_what_is_theirs(small):
    shop = small.shop
    before = shop.own(SignedIn(small.person["amina"], "test"))
    shop.erasure.erase("c0")
    after = shop.own(SignedIn(small.person["amina"], "test"))
    assert (after.identities, after.events, after.consents) == (before.identities, before.events, before.consents)
    assert shop.decide("amina").personalised


def test_who_is_not_known_or_was_erased_is_not_found(small):
    with pytest.raises(NotFound):
        small.shop.erasure.erase("nobody")
    small.shop.erasure.erase("c0")
    with pytest.raises(NotFound):
        small.shop.erasure.erase("c0")
    with pytest.raises(NotFound, match="people erased"):
        small.shop.erasure.certificate(small.person["amina"])


def test_who_is_being_merged_waits(small):
    shop = small.shop
    with shop.database.transaction() as connection:
        merge.mark(connection, small.person["c0"], small.person["c2"], now=shop.clock())
    with pytest.raises(Conflict, match="merged"):
        shop.erasure.erase("c0")
    assert shop.keys.state(small.person["c0"]) is KeyState.LIVE


# ---- totals and models (I13) ---------------------------------------------------------------------------------------


def test_a_total_after_erasing_is_the_total_that_never_had_her(database, tmp_path, clock):
    small = make(database, tmp_path, clock)
    shop = small.shop
    shop.learn()
    document = shop.erasure.erase("c0").document
    assert shop.settle().hash == shop.library.rebuilt(shop._at_the_door).hash == document["totals"]["after"]["models"]
    (file,) = (shop.folder / "totals").glob("*.npz")
    after = file.read_bytes()
    shop.learn()
    (file,) = (shop.folder / "totals").glob("*.npz")
    assert file.read_bytes() == after
    shop.close()


def test_the_certificate_proves_of_every_total_that_it_never_had_her(small):
    shop = small.shop
    shop.learn()
    before = shop.settle().hash
    totals = shop.erasure.erase("c0").document["totals"]
    assert totals["proved"] is True
    assert [one["name"] for one in totals["each"]] == ["models"]
    for one in totals["each"]:
        assert one["hash_before"] == before != one["hash_after"]
        assert one["hash_after"] == one["hash_rebuilt_without"] == totals["after"][one["name"]]
        assert not [name for name in one if name.startswith("people")], "counts are not told live"


def test_a_total_that_kept_something_of_her_is_told(small, monkeypatch):
    shop = small.shop
    shop.learn()
    wrong = shop.settle()
    monkeypatch.setattr(type(shop), "caught_up", lambda *_: wrong)  # a settling that takes nothing out
    totals = shop.erasure.erase("c0").document["totals"]
    assert totals["proved"] is False
    assert [one["equal"] for one in totals["each"]] == [False]


def test_where_nothing_was_learned_nothing_is_to_be_proved(small):
    with small.shop.database.transaction() as connection:
        drop_kept(connection)
    totals = small.shop.erasure.erase("c0").document["totals"]
    assert (totals["proved"], totals["each"]) == (True, [])


@pytest.mark.parametrize("groups", [[["c1"], ["c4"], ["c7"]], [["c7"], ["c1", "c4"]], [["c4", "c7", "c1"]]])
def test_in_any_order_and_any_batches_the_total_is_the_same(tmp_path, migrated_file, clock, groups):
    from goodwill.storage import connect

    shutil.copyfile(migrated_file, tmp_path / "shop.db")
    database = connect(tmp_path / "shop.db")
    shop = bakery(database, tmp_path, clock, then=Shop.learn).shop
    for group in groups:
        shop.erasure.erase_all(group)
    with shop.database.reading() as connection:
        (total,) = kept(connection)
    assert total.hash == shop.library.rebuilt(shop._at_the_door).hash
    SEEN.add(total.hash)  # of every order and batch
    assert len(SEEN) == 1
    shop.close()
    database.close()


SEEN: set[str] = set()


def test_a_total_that_another_process_holds_counts_her_no_more(small):
    shop = small.shop
    shop.learn()
    with open_shop(shop.folder, clock=shop.clock) as other:
        held = other.settle()
        shop.erasure.erase("c0")
        assert other.settle().people == held.people - 1
        assert other.settle().hash == shop.settle().hash


# ---- the books -----------------------------------------------------------------------------------------------------


def test_what_the_shop_took_still_adds_up(small):
    shop = small.shop
    sums = f"SELECT count(*), sum(quantity), sum(amount) FROM events WHERE type = {BOUGHT}"
    before = tuple(map(int, rows(shop, sums)[0]))
    shop.erasure.erase_all(["c0", "c2", "c4"])
    left = tuple(map(int, rows(shop, sums)[0]))
    with shop.database.reading() as connection:
        sold = books.sold(connection)
    assert sold.lines > 0
    assert (left[0] + sold.lines, left[1] + sold.quantity, left[2] + sold.amounts["EUR"]) == before


def test_the_books_name_nobody_and_what_several_bought_on_a_day_is_one_line(small):
    shop = small.shop
    shop.erasure.erase_all(["c0", "c2", "c4"])
    columns = [column.name for column in books.books.c]
    assert columns == ["day", "type", "product", "currency", "lines", "quantity", "amount"]
    assert max(line for (line,) in rows(shop, "SELECT lines FROM books")) >= 2


# ---- files ---------------------------------------------------------------------------------------------------------


def test_rows_in_files_of_rejects_are_blanked_and_own_copies_go(small):
    shop = small.shop
    exports = shop.folder / "exports"
    table = io.StringIO()
    writer = csv.writer(table, delimiter=";", lineterminator="\r\n")
    writer.writerows(
        [
            ["rejected file", "customer", "email"],
            ["a.csv", "c9", "other@example.net"],
            ["a.csv", 'with "quotes";\nand lines', MAIL.upper()],
            ["a.csv", "c8", "third@example.net"],
        ]
    )
    (exports / "rejects.csv").write_bytes(b"\xef\xbb\xbf" + table.getvalue().encode())
    size = (exports / "rejects.csv").stat().st_size
    (exports / "own.json").write_text(json.dumps({"name": NAME}))
    (exports / "deep").mkdir()
    with zipfile.ZipFile(exports / "deep" / "own.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mail.txt", MAIL)
    (exports / "old.log.gz").write_bytes(gzip.compress(PHONE.encode()))
    (exports / "innocent.txt").write_text("nothing")
    document = shop.erasure.erase("c0").document
    assert document["files"] == {
        "rows blanked": {"exports/rejects.csv": 1},
        "removed": ["exports/deep/own.zip", "exports/old.log.gz", "exports/own.json"],
    }
    left = (exports / "rejects.csv").read_text("utf-8-sig")
    assert (exports / "rejects.csv").stat().st_size == size
    assert [row for row in csv.reader(io.StringIO(left, newline=""), delimiter=";") if any(map(str.strip, row))] == [
        ["rejected file", "customer", "email"],
        ["a.csv", "c9", "other@example.net"],
        ["a.csv", "c8", "third@example.net"],
    ]
    assert (exports / "innocent.txt").exists()
    assert not searched(shop, MAIL, NAME, PHONE)


def test_while_a_file_that_is_not_the_shops_to_clean_names_her_it_is_pending(small):
    """Nobody knows her name any more when it is looked for again, so marks of it are kept as long as it is there."""
    shop, notes = small.shop, small.shop.folder / "my notes.txt"
    notes.write_text(f"{'.' * 1_100_000} call {NAME}")
    packed = shop.folder / "old.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mail.txt", f"<{MAIL}>")
    certificate = shop.erasure.erase("c0")
    assert certificate.status == "pending: residue"
    assert certificate.document["search"]["found"] == ["my notes.txt (plain)", "old.zip: mail.txt (plain)"]
    assert [line.partition(":")[0] for line in certificate.pending] == ["my notes.txt", "old.zip"]
    assert not Canaries([MAIL, NAME]).in_bytes(json.dumps(certificate.document).encode(), "")
    notes.write_text("call somebody else, or Clara Bianchi")
    (again,) = shop.erasure.finish()
    assert again.status == "pending: residue"
    assert len(again.pending) == 1
    packed.unlink()
    (again,) = shop.erasure.finish()
    assert again.status == "done"
    assert (again.pending, again.document["logs"]) == ((), [])
    assert rows(shop, "SELECT count(*) FROM erasures WHERE notes LIKE '%marks%'") == [(0,)]
    assert not searched(shop, MAIL, NAME)
    assert shop.erasure.finish() == []


def test_what_is_known_of_her_and_points_to_nobody_keeps_nothing_pending(small):
    (small.shop.folder / "recipes.txt").write_text("truffles, quietly")
    certificate = small.shop.erasure.erase("c0")
    assert certificate.status == "done, found again"
    assert certificate.document["search"]["found"] == ["recipes.txt (plain)"]


def test_a_name_in_a_log_that_only_grows_is_told_and_never_called_done(small):
    """As it could be written before texts that name her were refused, and still can about others."""
    shop = small.shop
    shop.identity.restrict("amina", f"sister of {NAME}")
    shop.erasure.erase("c4", reason=f"{NAME} knows her")
    certificate = shop.erasure.erase("c0", reason="she asked")
    assert (certificate.status, certificate.pending) == ("named in a log", ())
    assert [line["where"] for line in certificate.document["logs"]] == ["table audit_rows"]
    assert shop.erasure.certificate(small.person["c4"]).document["reason"] == ""  # rows that may change were blanked
    assert certificate.document["reason"] == "she asked"
    assert shop.erasure.finish() == []


def test_tables_that_only_grow_are_those_that_the_database_keeps_so(small):
    from goodwill.storage.schema import ONLY_GROWING

    shop = small.shop
    if shop.database.is_sqlite:
        found = rows(shop, "SELECT DISTINCT tbl_name FROM sqlite_master WHERE name LIKE 'only_add_%'")
    else:
        found = rows(shop, "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
                           "WHERE tgname LIKE 'only_add_%'")  # fmt: skip
    assert {name for (name,) in found} == ONLY_GROWING


def test_marks_are_found_where_forms_of_the_words_are_and_nowhere_else():
    import random

    from goodwill.protect.canary import Traces

    chance, secret = random.Random(7), b"s" * 32
    canaries = Canaries([NAME, MAIL])
    data = {form: chance.randbytes(700) + data + chance.randbytes(90) for data, form in canaries._forms.items()}
    found = {one for form, content in data.items() for one in canaries.in_bytes(content, form)}
    traces = Traces(canaries.marks(found, secret), secret)
    assert {one for form, content in data.items() for one in traces.in_bytes(content, form)} == found
    assert not traces.in_bytes(chance.randbytes(5_000) + NAME[:-1].encode(), "")
    assert not Traces(canaries.marks(found, b"t" * 32), secret).in_bytes(NAME.encode(), "")


def test_a_number_with_other_spaces_is_found_and_what_cannot_be_opened_is_named(small):
    shop = small.shop
    exports, notes = shop.folder / "exports", shop.folder / "calls.txt"
    exports.mkdir(exist_ok=True)
    (exports / "rejects.csv").write_text("customer;phone\nc8;06 8765 4321\nc0;06 1234 5678\n")
    (exports / "old.csv.bz2").write_bytes(bz2.compress(NAME.encode()))
    notes.write_text("call 06 12 34 56 78")
    certificate = shop.erasure.erase("c0")
    assert certificate.document["files"]["rows blanked"] == {"exports/rejects.csv": 1}
    assert "8765" in (exports / "rejects.csv").read_text()
    assert certificate.document["search"]["found"] == ["calls.txt (number)"]
    assert certificate.document["search"]["unread"] == ["exports/old.csv.bz2: bzip2"]
    assert certificate.status == "pending: residue"
    (again,) = shop.erasure.finish()
    assert again.status == "pending: residue"  # by marks, for the number is forgotten
    notes.write_text("call 06 21 34 56 78")
    (done,) = shop.erasure.finish()
    assert done.status == "done"
    assert done.document["search"]["unread"] == ["exports/old.csv.bz2: bzip2"]


# ---- residue -------------------------------------------------------------------------------------------------------


def test_while_somebody_reads_an_old_page_it_is_pending(small, monkeypatch):
    from functools import partial

    from goodwill.shop import erasure

    monkeypatch.setattr(erasure, "let_go", partial(erasure.let_go, patience=0.05))
    shop = small.shop
    with shop.database.reading() as connection:
        people.count(connection)
        pending = shop.erasure.erase("c0")
        assert pending.status == "pending: residue"
        assert (pending.pending and "reading" in pending.pending[0]) or "open" in pending.pending[0]
        assert pending.document["erased_at"]
        assert not pending.document["finished_at"]
    (done,) = shop.erasure.finish()
    assert done.status == "done"
    assert done.document["finished_at"]
    assert shop.erasure.finish() == []


# ---- no way back (I11) -----------------------------------------------------------------------------------------------


def test_a_destroyed_key_never_comes_back(small, clock):
    shop, c0 = small.shop, small.person["c0"]
    shop.erasure.erase("c0", leave_alone=False)
    with pytest.raises(NotFound), shop.database.transaction() as connection:
        people.log.append_one(connection, person=c0, type_=BOUGHT, at=clock(), day=20_000, key=5)
    with pytest.raises(NotFound), shop.database.transaction() as connection:
        late = people.columns.EventColumns(person=[c0], type=[BOUGHT], at=[clock()], day=[20_000], key=[6])
        people.log.append(connection, late)
    with pytest.raises(KeyDestroyed), shop.database.transaction() as connection:
        people.set_profile(connection, shop.cipher, c0, {"name": (Category("contact"), NAME)}, now=clock())
    with pytest.raises(BadInput):
        shop.grant(Who(id=c0), "recommendations", asked=ASKED)
    with pytest.raises(NotFound):
        shop.identity.merge(Who(id=small.person["amina"]), Who(id=c0))
    with pytest.raises(KeyDestroyed):
        shop.keys.create([c0])
    assert not shop.decide(Who(id=c0)).personalised
    shop.grant("c0", "recommendations", asked=ASKED)  # the same name, later: somebody new
    again = shop.find("c0")
    assert again is not None
    assert again > max(small.person.values())
    assert shop.keys.state(c0) is KeyState.DESTROYED
    assert len(shop.consents("c0")) == len(shop.register["recommendations"].categories)


def test_an_older_database_beside_the_newest_keys_is_erased_again(tmp_path, clock):
    shop = create_shop(tmp_path / "home", clock=clock, columns="database")
    with shop.database.transaction() as connection:
        made = people.identify_many(connection, shop.cipher, "email", [MAIL, "amina@example.org"], now=clock())
        people.log.append_one(connection, person=made[MAIL], type_=BOUGHT, at=clock(), day=20_000, key=5, amount=250)
    cut_log(shop.database)
    old = Path(shutil.copy2(shop.folder / "shop.db", tmp_path / "old.db"))
    shop.erasure.erase(Who(email=MAIL))
    shop.erasure.rotate()
    shop.close()
    for file in shop.folder.glob("shop.db*"):
        file.unlink()
    shutil.copy2(old, shop.folder / "shop.db")
    with open_shop(shop.folder, clock=clock) as again:
        assert again.find(Who(email=MAIL)) is None
        assert again.find(Who(email="amina@example.org")) == made["amina@example.org"]
        assert rows(again, "SELECT count(*) FROM events") == [(0,)]
        assert rows(again, f"SELECT count(*) FROM people WHERE id = {made[MAIL]} AND erased_at IS NULL") == [(0,)]
        assert again.erasure.certificate(made[MAIL]).document["reason"].startswith("erased before")
        with again.database.reading() as connection:
            assert index.followed(connection).tombstones == 1
            assert books.sold(connection).amounts == {"": 250}
    with open_shop(shop.folder, clock=clock) as again:
        assert len(again.erasure.erased()) == 1


def test_an_older_key_store_beside_the_newest_data_brings_no_key_back(small, clock, tmp_path):
    shop, c0 = small.shop, small.person["c0"]
    shop.keys.cut_log()
    old = tmp_path / "old-keys"
    shutil.copytree(shop.folder / "keys", old)
    shop.erasure.erase("c0")
    shutil.rmtree(shop.folder / "keys")
    shutil.copytree(old, shop.folder / "keys")
    with open_shop(shop.folder, clock=clock) as again:
        assert again.keys.state(c0) is KeyState.DESTROYED
        assert again.find("amina") == small.person["amina"]


def test_who_is_held_for_erasure_counts_in_nothing(small):
    shop, c0 = small.shop, small.person["c0"]
    with shop.database.transaction() as connection:
        holds.hold(connection, [c0], "erasure", now=shop.clock())
    assert shop.can("c0", "recommendations").reason == "held"
