"""What lies at a path, and what is not opened."""

import io
import os
import zipfile
import zlib

import pytest

from goodwill.basics.errors import BadInput, NotFound
from goodwill.collect import files
from goodwill.collect.files import opened, parts_of


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_zip_gives_its_tables_and_leaves_the_clutter(write):
    path = write(
        "shop.zip", zipped({"a.csv": b"id\n1\n", "__MACOSX/a.csv": b"x", ".hidden": b"x", "sub/b.tsv": b"id\n2\n"})
    )
    parts = parts_of(path)
    assert [part.name for part in parts] == ["shop.zip: a.csv", "shop.zip: sub/b.tsv"]
    with opened(parts[1]) as file:
        assert file.read() == b"id\n2\n"


def test_a_members_name_is_shown_and_never_used_as_a_path(write, tmp_path):
    path = write("evil.zip", zipped({"../../escaped.csv": b"id\n1\n", "/etc/passwd": b"id\n2\n"}))
    for part in parts_of(path):
        with opened(part) as file:
            file.read()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.98])
def test_a_zip_that_was_cut_short_is_refused(write, keep):
    whole = zipped({"a.csv": os.urandom(20_000)})
    with pytest.raises(BadInput, match="cut short or damaged"):
        parts_of(write("cut.zip", whole[: int(len(whole) * keep)]))


def test_a_zip_with_broken_bytes_inside_is_refused_while_it_is_read(write):
    whole = bytearray(zipped({"a.csv": b"id,name\n" + b"1,Rye\n" * 50_000}))
    whole[len(whole) // 2] ^= 0xFF
    part = parts_of(write("bad.zip", bytes(whole)))[0]
    with pytest.raises(BadInput, match="cut short or damaged"), opened(part) as file:
        while file.read(1 << 16):
            pass


def test_a_zip_that_unpacks_to_far_too_much_is_refused(write, monkeypatch):
    monkeypatch.setattr(files, "RATIO_FREE", 1 << 20)
    with pytest.raises(BadInput, match="times its size"):
        parts_of(write("bomb.zip", zipped({"a.csv": b"0" * (4 << 20)})))


def test_a_zip_of_too_many_files_is_refused(write):
    many = zipped({f"{n}.csv": b"id\n" for n in range(files.MOST_MEMBERS + 1)}, zipfile.ZIP_STORED)
    with pytest.raises(BadInput, match="at most 1,000"):
        parts_of(write("many.zip", many))


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("a.zip", zipped({"b.zip": zipped({"c.csv": b"id\n"})}), "packed twice"),
        ("a.zip", zipped({"b.parquet": b"PAR1xxxxxxxxxxxxx"}), "Parquet"),
        ("a.zip", zipped({".hidden": b"x"}), "no table"),
        ("a.zip", b"no zip at all", "cut short or damaged"),
        ("a.csv.gz", b"\x1f\x8b" + zlib.compress(b"x"), "gzip"),
        ("a.pdf", b"%PDF-1.7", "PDF"),
        ("a.xls", b"\xd0\xcf\x11\xe0rest", "Excel"),
        ("a.csv", b"", "empty"),
    ],
)
def test_what_is_no_table_says_what_to_do(write, name, content, advice):
    with pytest.raises(BadInput, match=advice):
        parts_of(write(name, content))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(NotFound, match="no file"):
        parts_of(tmp_path / "nowhere.csv")
    with pytest.raises(BadInput, match="not a file"):
        parts_of(tmp_path)
