"""Customers one at a time: found by what the shop knows, shown masked, copied out in clear."""

import re
import stat
import zipfile

import msgspec
from tests.cli.conftest import Ended, Run

from goodwill.cli.ends import Code
from goodwill.web.messages import OwnCopy


def test_somebody_is_found_by_id_by_address_and_by_our_number(shop: Run):
    number = shop("people", "find", "amina", "--json").document["person"]
    for name in ("user_id:amina", "amina@example.org", "email:Amina@Example.org", f"id:{number}"):
        assert shop("people", "find", name).out.strip() == f"id:{number}"


def test_whoever_is_not_known_is_not_found(shop: Run):
    for name in ("nobody-we-know", "nobody@example.org", "id:99999999"):
        ended = shop("people", "find", name)
        assert (ended.code, ended.out) == (Code.NOT_FOUND, "")


def test_show_masks_names_and_addresses_unless_asked(shop: Run):
    for ended in (shop("people", "show", "amina"), shop("people", "show", "amina", "--json")):
        assert "amina@example.org" not in ended.out
        assert "Winter" not in ended.out
    assert shop("people", "show", "amina", "--clear").code == Code.USAGE
    assert shop("people", "show", "amina", "--clear", "--reason", "because!!!!").code == Code.USAGE
    reason = ("--reason", "she asked on the phone")
    assert "amina@example.org" in shop("people", "show", "amina", "--clear", *reason).out
    lines = shop("audit", "list", "--action", "person.reveal", "--json").document["lines"]
    assert lines[0]["reason"] == "she asked on the phone"
    assert [line["outcome"] for line in lines] == ["done", "BadInput", "BadInput"]


def test_show_counts_events_and_tells_what_is_allowed(shop: Run):
    document = shop("people", "show", "amina", "--json").document
    assert document["events"]["bought"] > 10
    allows = {line["purpose"]: line for line in document["allows"]}
    assert allows["recommendations"]["allowed"] is True
    assert {line["purpose"]: line for line in shop("people", "show", "bruno", "--json").document["allows"]}[
        "recommendations"
    ]["reason"] == "never-asked"


def test_every_look_is_counted_where_the_person_can_see_it(shop: Run):
    shop("people", "show", "amina")
    assert shop("people", "show", "amina", "--json").document["reads"] >= 1
    reads = shop("people", "export", "amina").document["reads"]
    assert "own" in {read["by"] for read in reads}


def test_the_own_copy_is_whole_and_in_clear(shop: Run):
    copy = shop("people", "export", "amina").document
    assert {"kind": "user_id", "value": "amina"} in copy["known_as"]
    assert {"kind": "email", "value": "amina@example.org"} in copy["known_as"]
    bought = [event for event in copy["events"] if event["what"] == "bought"]
    assert len(bought) == shop("people", "show", "amina", "--json").document["events"]["bought"]
    assert bought[0].keys() >= {"at", "product", "name", "quantity", "amount", "currency", "order_code"}
    assert {row["purpose"] for row in copy["consents"]} >= {"recommendations"}
    assert copy["zone"] == "Europe/Berlin"


def test_an_order_is_not_given_a_number_that_the_shop_never_gave(shop: Run, cafe_files):
    orders = {line.split(",")[0] for line in (cafe_files / "order_lines.csv").read_text().splitlines()[1:]}
    copy = shop("people", "export", "amina").document
    codes = {event["order_code"] for event in copy["events"] if event["what"] == "bought"}
    assert codes
    assert not codes & orders
    assert "the shop's order number is not kept" in copy["notes"][0]
    assert all("order" not in event for event in copy["events"])


def test_the_own_copy_is_the_one_that_goes_over_http(shop: Run):
    msgspec.convert(shop("people", "export", "amina").document, OwnCopy)


THREE = ("customers.csv", "order-lines.csv", "consents.csv")


def tables(ended: Ended) -> dict[str, bytes]:
    """The files of a ZIP, by name."""
    with zipfile.ZipFile(ended.out.strip()) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_three_tables_of_a_copy_are_imported_as_they_are_and_give_the_same_copy(shop: Run, run: Run, tmp_path):
    exported = tables(shop("people", "export", "amina", "--format", "csv", "--out", tmp_path / "amina.zip"))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.csv", name) for name in exported), exported.keys()
    assert {*THREE, "read-me.csv", "what-happened.csv", "from-which-files.csv"} <= exported.keys()
    for name in THREE:
        (tmp_path / name).write_bytes(exported[name])
    home = ("--home", tmp_path / "other")
    run("init", *home, "--name", "Another café", "--zone", "Europe/Berlin", "--quiet")
    ended = run("import", *(tmp_path / name for name in THREE), *home)
    assert ended.code == Code.DONE, ended.out + ended.err
    again = tables(run("people", "export", "amina", "--format", "csv", "--out", tmp_path / "again.zip", *home))
    for name in THREE:
        assert sorted(again[name].splitlines()) == sorted(exported[name].splitlines()), name


def test_an_own_copy_in_a_file_is_for_its_owner_alone(shop: Run, tmp_path):
    ended = shop("people", "export", "amina", "--out", tmp_path / "amina.json")
    assert ended.out.strip() == str(tmp_path / "amina.json")
    assert stat.S_IMODE((tmp_path / "amina.json").stat().st_mode) == 0o600
    assert "amina@example.org" in (tmp_path / "amina.json").read_text()


def test_a_copy_to_read_needs_a_file(shop: Run, tmp_path):
    assert shop("people", "export", "amina", "--format", "pdf").code == Code.USAGE
    shop("people", "export", "amina", "--format", "pdf", "--out", tmp_path / "amina.pdf")
    assert (tmp_path / "amina.pdf").read_bytes().startswith(b"%PDF-")
