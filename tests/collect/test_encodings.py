"""In which letters a file is written."""

import codecs

import pytest

from goodwill.basics.errors import BadInput
from goodwill.collect.encodings import writing_of
from goodwill.collect.files import parts_of
from goodwill.collect.separated import open_text

TABLE = "id,name\n1,Müller\n2,Façade\n3,Łódź\n"


def names(path, **said):
    table = open_text(parts_of(path)[0], **said)
    return [cell for chunk in table.chunks() for cell in chunk.column("name").texts()]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (b"", "utf-16-le"),
    ],
)
def test_unicode_in_all_its_forms(write, mark, encoding):
    assert names(write("a.csv", mark + TABLE.encode(encoding))) == ["Müller", "Façade", "Łódź"]


def test_western_letters_are_windows_letters_and_the_owner_is_told(write):
    path = write("a.csv", "id,name\n1,Müller\n2,Crème brûlée\n3,5 € Gutschein\n", "cp1252")
    table = open_text(parts_of(path)[0])
    assert names(path) == ["Müller", "Crème brûlée", "5 € Gutschein"]
    assert "cp1252" in table.notes[0]


def test_the_first_odd_letter_may_stand_far_down(write):
    body = "".join(f"{n},plain\n" for n in range(200_000))
    path = write("a.csv", ("id,name\n" + body + "9,Müller\n").encode("cp1252"))
    assert names(path)[-1] == "Müller"


def test_the_owner_may_say_it(write):
    path = write("a.csv", "id,name\n1,Łódź\n", "cp1250")
    assert names(path, encoding="cp1250") == ["Łódź"]
    with pytest.raises(BadInput, match="no encoding called"):
        open_text(parts_of(path)[0], encoding="klingon")


def test_utf8_with_one_broken_letter_stays_utf8(write):
    path = write("a.csv", "id,name\n1,Müller\n2,Crème brûlée\n3,Łódź\n".encode() + "4,Hübner\n".encode("cp1252"))
    assert names(path) == ["Müller", "Crème brûlée", "Łódź", "H\udcfcbner"]
    assert writing_of(parts_of(path)[0]).suspect
    assert "1 broken letters" in open_text(parts_of(path)[0]).notes[0]
