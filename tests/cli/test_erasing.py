"""Erasing from the command line: asked for, tried, done with a certificate, and listed by number."""

import json
from hashlib import sha256

from tests.cli.conftest import Run

from goodwill.cli.ends import Code
from goodwill.protect.canary import Canaries
from goodwill.shop.certificate import payload_of


def test_it_asks_before_it_erases_and_takes_no_silence_for_a_yes(shop: Run):
    ended = shop("people", "erase", "chiara", "--no-input")
    assert ended.code == Code.USAGE
    assert "--yes" in ended.err
    assert shop("people", "find", "chiara").code == Code.DONE


def test_a_dry_run_erases_nothing_and_tells_what_would_go(shop: Run):
    (document,) = shop("people", "erase", "chiara", "--dry-run", "--json").document
    assert document["goes"]["events"] > 0
    assert document["stays"]["consent_rows"] > 0
    assert shop("people", "find", "chiara").code == Code.DONE


def test_the_certificate_goes_to_a_file_and_names_nobody(shop: Run, tmp_path):
    number = shop("people", "find", "chiara", "--json").document["person"]
    file = tmp_path / "certificate.json"
    ended = shop("people", "erase", "chiara", "--yes", "--reason", "asked by mail", "--certificate", file)
    assert ended.code == Code.DONE, ended.err
    assert "done" in ended.out
    assert "proved: models equal" in ended.out
    document = json.loads(file.read_text())
    assert document["sha256"] == sha256(payload_of(document)).hexdigest()
    assert (document["person"], document["status"], document["reason"]) == (number, "done", "asked by mail")
    assert not Canaries(["chiara@example.org"]).in_bytes((ended.out + file.read_text()).encode(), "")
    assert shop("people", "find", "chiara").code == Code.NOT_FOUND
    assert shop("people", "erase", "chiara", "--yes").code == Code.NOT_FOUND
    assert shop("people", "show", f"id:{number}").code == Code.NOT_FOUND
    (listed,) = shop("people", "erased", "--json").document
    assert listed["person"] == number
    assert f"id:{number}" in shop("people", "erased").out


def test_several_at_once_need_somebody_else(shop: Run):
    ended = shop("people", "erase", "amina", "bruno", "--yes", "--json")
    assert ended.code == Code.REFUSED
    assert "goodwill approvals ask erase" in ended.err
    assert shop("people", "erased", "--json").document == []


def test_keys_are_renewed_and_everybody_is_found(shop: Run):
    before = shop("people", "find", "amina").out
    ended = shop("protect", "rotate-keys", "--json")
    assert ended.document["epoch"] == 2
    assert ended.document["pending"] == []
    assert ended.document["people"] > 0
    assert shop("people", "find", "amina@example.org").out == before
    assert "epoch 2" in shop("doctor").out
