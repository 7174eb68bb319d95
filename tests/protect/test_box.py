"""What is sealed for no customer opens in its own place, for its own use and shop, and nowhere else."""

import pytest

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput
from goodwill.protect import Box, KeyStore


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    opened = KeyStore.open(tmp_path_factory.mktemp("keys"), clock=lambda: Micros(5), master=bytes(32))
    yield opened
    opened.close()


def test_a_text_opens_in_its_own_place(keys):
    sealed = Box(keys, "shop", "staff").seal("Ümit", "staff", 3, "name")
    assert "Ümit".encode() not in sealed
    assert Box(keys, "shop", "staff").open(sealed, "staff", 3, "name") == "Ümit"


@pytest.mark.parametrize(
    ("tenant", "use", "place"),
    [
        ("shop", "staff", ("staff", 4, "name")),
        ("shop", "staff", ("staff", 3, "email")),
        ("shop", "staff", ("staff", "3", "name")),
        ("shop", "staff", ("staff 3 name",)),
        ("shop", "outbox", ("staff", 3, "name")),
        ("other", "staff", ("staff", 3, "name")),
    ],
)
def test_a_text_opens_in_no_other_place_use_or_shop(keys, tenant, use, place):
    sealed = Box(keys, "shop", "staff").seal("Ümit", "staff", 3, "name")
    with pytest.raises(BadInput, match="does not open"):
        Box(keys, tenant, use).open(sealed, *place)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01" + bytes(12), b"\x01" + bytes(40), b"\x02" + bytes(40)])
def test_bytes_that_were_never_sealed_open_nowhere(keys, data):
    with pytest.raises(BadInput, match="does not open"):
        Box(keys, "shop", "staff").open(data, "staff", 3, "name")


def test_a_mark_is_the_same_for_the_same_words_and_differs_by_use_and_shop(keys):
    mark = Box(keys, "shop", "staff").mark("staff", "amina@example.org")
    assert mark == Box(keys, "shop", "staff").mark("staff", "amina@example.org")
    assert len(mark) == 32
    others = [
        Box(keys, "shop", "staff").mark("tries", "amina@example.org"),
        Box(keys, "shop", "requests").mark("staff", "amina@example.org"),
        Box(keys, "other", "staff").mark("staff", "amina@example.org"),
    ]
    assert len({mark, *others}) == 4
