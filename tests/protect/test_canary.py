"""A word is found in every form and wherever it begins, and nothing is found where it is not."""

import base64
import bz2
import gzip
import hashlib
import html
import json
import lzma
import os
import quopri
import re
import zipfile
import zlib
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from goodwill.protect.canary import LEAST, NUMBER, Canaries, Found, Traces, forms

WORD = "chiara.bianchi+news@example.org"
NAME = "Chìara O'Néill-Ångström"
HASH = hashlib.sha256(b"keyed").digest()

FORMS = {
    "plain": lambda data: data,
    "in other capitals": lambda data: data.decode().upper().encode(),
    "utf-16-le": lambda data: data.decode().encode("utf-16-le"),
    "utf-16-be": lambda data: data.decode().encode("utf-16-be"),
    "base64": base64.b64encode,
    "base64 one later": lambda data: base64.b64encode(b"x" + data + b"tail"),
    "base64 two later": lambda data: base64.b64encode(b"xy" + data),
    "base64 for addresses": lambda data: base64.urlsafe_b64encode(b"\xfb\xff" + data),
    "hexadecimal": lambda data: data.hex().encode(),
    "hexadecimal in capitals": lambda data: data.hex().upper().encode(),
    "percent-encoded": lambda data: quote(data, safe="").encode(),
    "percent-encoded in small letters": lambda data: re.sub(
        "%..", lambda code: code[0].lower(), quote(data, safe="")
    ).encode(),
    "quoted-printable": lambda data: quopri.encodestring(data, quotetabs=True),
    "json": lambda data: json.dumps({"mail": data.decode()}).encode(),
    "html": lambda data: html.escape(data.decode()).encode(),
    "sha-256": lambda data: hashlib.sha256(data).digest(),
    "sha-256 in digits": lambda data: hashlib.sha256(data).hexdigest().encode(),
    "gzip": gzip.compress,
    "gzip of utf-16": lambda data: gzip.compress(data.decode().encode("utf-16-le")),
    "a stream of a pdf": lambda data: b"%PDF-1.7\nstream\r\n" + zlib.compress(data) + b"\nendstream",
}


@pytest.mark.parametrize("word", [WORD, NAME])
@pytest.mark.parametrize("hide", FORMS.values(), ids=FORMS)
def test_a_word_is_found_in_every_form(hide, word):
    if word == NAME and hide is FORMS["in other capitals"]:
        word = NAME.lower()
    packed = hide(word.encode())
    around = packed if packed.startswith(b"%PDF") else os.urandom(1001) + packed + os.urandom(500)
    assert Canaries([word]).in_bytes(around, "here")
    assert not Canaries(["dev.rossi@example.net", "Devendra Rossi"]).in_bytes(around, "here")


@pytest.mark.parametrize("form", [HASH, HASH.hex().encode(), base64.b64encode(b"ab" + HASH)])
def test_a_keyed_hash_is_found(form):
    assert Canaries([], [HASH]).in_bytes(b"." * 33 + form, "t") == {Found("t", "keyed hash")}


def test_a_word_that_lies_across_two_parts_of_a_file_is_found(tmp_path, monkeypatch):
    from goodwill.protect import canary

    monkeypatch.setattr(canary, "_WINDOW", 1000)
    file = tmp_path / "big"
    for place in range(960, 1010, 7):
        file.write_bytes(b"-" * place + WORD.encode() + b"-" * 3000)
        assert Canaries([WORD]).in_file(file, "big") == {Found("big", "plain")}


def test_members_of_archives_are_unpacked_and_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("own/copy.json", json.dumps({"mail": WORD}))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.log").write_bytes(gzip.compress(WORD.encode()))
    assert Canaries([WORD]).in_folder(tmp_path) == {
        Found("a.zip: own/copy.json", "plain"),
        Found("deep/b.log: gzip", "plain"),
    }


def test_a_broken_archive_is_searched_as_it_is(tmp_path):
    whole = tmp_path / "a.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("x", "nothing " * 50)
    data = bytearray(whole.read_bytes())
    data[40:60] = os.urandom(20)
    whole.write_bytes(bytes(data) + WORD.encode())
    assert Canaries([WORD]).in_folder(tmp_path)


def test_what_cannot_be_opened_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("open.txt", WORD)
        archive.writestr("locked.txt", "x")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):  # the second member says that it is locked
        place = data.rindex(start) + (6 if start == b"PK\x03\x04" else 8)
        data[place] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    (tmp_path / "b.csv.bz2").write_bytes(bz2.compress(WORD.encode()))
    (tmp_path / "c.xz").write_bytes(lzma.compress(WORD.encode()))
    (tmp_path / "d.gpg").write_bytes(b"\x85\x01")
    (tmp_path / "e.txt").write_text("plain")
    canaries = Canaries([WORD])
    assert Found("a.zip: open.txt", "plain") in canaries.in_folder(tmp_path)
    assert canaries.unread == {"a.zip: locked.txt: locked", "b.csv.bz2: bzip2", "c.xz: xz", "d.gpg: locked"}


@pytest.mark.parametrize(
    "written",
    ["+39 06 1234 5678", "06 1234-5678", "(06) 12.34.56.78", "0039/0612345678", "06\N{NO-BREAK SPACE}1234 5678",
     "+39 (0)6 12 34 56 78, 2026", "0612345678"],
)  # fmt: skip
def test_a_telephone_number_is_found_however_it_is_written(written):
    canaries = Canaries(["+390612345678"], numbers=["612345678"])
    around = f"Tel. {written} seen on 2026-11-22".encode()
    found = canaries.in_bytes(around, "here")
    assert Found("here", NUMBER) in found
    assert not canaries.in_bytes(around.replace(b"12", b"21"), "here")
    traces = Traces(canaries.marks(found, b"s" * 32), b"s" * 32)
    assert Found("here", NUMBER) in traces.in_bytes(around, "here")
    assert not traces.in_bytes(around.replace(b"12", b"21"), "here")


def test_short_words_are_told_and_not_looked_for():
    canaries = Canaries(["c0", "amina", "chiara"])
    assert (canaries.words, canaries.too_short) == (1, 2)
    assert not canaries.in_bytes(b"amina c0", "x")


@settings(max_examples=40)
@given(
    word=some.text(some.characters(exclude_categories=["Cs"]), min_size=LEAST, max_size=30),
    before=some.binary(max_size=9),
)
def test_each_form_of_any_word_is_found_by_itself(word, before):
    canaries = Canaries([word])
    for form, kind in forms(word).items():
        assert kind in {one.form for one in canaries.in_bytes(before + form, "x")}


def test_many_words_take_no_longer_than_few():
    import time

    data = os.urandom(8_000_000)
    took = []
    for many in (1, 1_000):
        canaries = Canaries([f"customer-{n}@example.org" for n in range(many)])
        start = time.process_time()
        assert not canaries.in_bytes(data, "x")
        took.append(time.process_time() - start)
    assert took[1] < 5 * took[0] + 0.5
