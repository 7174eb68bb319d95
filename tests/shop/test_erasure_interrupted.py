"""Whoever is killed while erasing somebody leaves her counted in nothing; the next one finishes, and nothing stays."""

import json
from typing import Any

import pytest
from sqlalchemy import LargeBinary, SmallInteger, Text, insert
from tests.processes import ended
from tests.shop.test_erasure import MAIL, NAME, PHONE, make, rows, searched

from goodwill.app import open_shop
from goodwill.people import registry
from goodwill.protect import KeyState

_STEPS = (
    ("goodwill.people.erase", "names_of"),
    ("goodwill.protect.keystore.KeyStore", "destroy_all"),
    ("goodwill.people.erase", "unname"),
    ("goodwill.shop.leftovers", "clean"),
    ("goodwill.learn.library.Library", "settle"),
    ("goodwill.people.erase", "erase"),
    ("goodwill.people.erasures", "move"),
    ("goodwill.storage.residue", "cut_log"),
)
_KILLED = """
import os, sys
from pydoc import locate
from goodwill.app import open_shop
shop = open_shop(sys.argv[1])
place, step = locate(sys.argv[2]), sys.argv[3]
does = getattr(place, step)
def killed(*args, **named):
    does(*args, **named)
    os._exit(9)
setattr(place, step, killed)
shop.erasure.erase("c0", reason="she asked")
"""
_EVERY_DAY = {"names_of", "destroy_all", "erase"}  # the others too, in `make soak`


@pytest.fixture
def small(database, tmp_path, clock):
    made = make(database, tmp_path, clock)
    made.shop.settle()
    (made.shop.folder / "exports" / "own.json").write_text(json.dumps({"mail": MAIL}))
    yield made
    made.shop.close()


@pytest.mark.parametrize(
    ("place", "step"),
    [pytest.param(*one, id=one[1], marks=[] if one[1] in _EVERY_DAY else [pytest.mark.soak]) for one in _STEPS],
)
def test_whoever_is_killed_while_erasing_is_followed_by_one_who_finishes(small, clock, place, step):
    c0 = small.person["c0"]
    with small.shop.database.transaction() as connection:  # PostgreSQL cuts no log
        sqlite = connection.dialect.name == "sqlite"
    if step == "cut_log" and not sqlite:
        return
    code, complaint = ended(_KILLED, small.shop.folder, place, step)
    assert code == 9, complaint
    again = open_shop(small.shop.folder, clock=clock)
    assert not again.decide("c0").personalised
    before = {one.person: one.status for one in again.erasure.erased()}
    assert before[c0].startswith("pending")
    assert [one.person for one in again.erasure.finish()] == [c0]
    assert again.erasure.certificate(c0).status == "done"
    assert again.keys.state(c0) is KeyState.DESTROYED
    assert rows(again, f"SELECT count(*) FROM events WHERE person = {c0}") == [(0,)]
    assert not searched(again, MAIL, NAME, PHONE)
    assert again.settle().hash == again.library.rebuilt(again._at_the_door).hash
    assert again.find("c0") is None
    again.close()


def test_another_process_that_opens_the_shop_meanwhile_leaves_the_work_to_whoever_began_it(small, clock):
    """It knows nothing of her names, and would have to take away every file."""
    shop, c0 = small.shop, small.person["c0"]
    (shop.folder / "exports" / "innocent.csv").write_text("order,what\n1,bread\n")
    clean = type(shop.erasure)._clean

    def opened_meanwhile(self: Any, persons: Any, told: Any) -> None:
        open_shop(shop.folder, clock=clock).close()
        clean(self, persons, told)

    type(shop.erasure)._clean = opened_meanwhile
    try:
        assert shop.erasure.erase("c0").status == "done"
    finally:
        type(shop.erasure)._clean = clean
    assert (shop.folder / "exports" / "innocent.csv").exists()
    assert not (shop.folder / "exports" / "own.json").exists()
    assert shop.keys.state(c0) is KeyState.DESTROYED


def test_canaries_planted_in_every_table_and_folder_are_gone(small):
    """I10: in each column that may hold text of each table that is erased, and in files of many kinds."""
    shop, c0 = small.shop, small.person["c0"]
    planted = []
    with shop.database.transaction() as connection:
        for number, one in enumerate(registry.to_erase()):
            row = {
                column.name: _value(shop, one, column, c0, number)
                for column in one.table.c
                if column.name == one.says.person or not column.nullable or isinstance(column.type, Text)
            }
            connection.execute(insert(one.table).values(row))
            planted.append(one.name)
    exports = shop.folder / "exports"
    for name, data in {
        "utf16.csv": f"mail;name\r\n{MAIL};{NAME}\r\n".encode("utf-16"),
        "notes.txt": f"hello {MAIL}\n".encode(),
        "mail.eml": MAIL.replace("@", "=40").encode(),
        "deep/log.json": json.dumps({"sha": MAIL.encode().hex()}).encode(),
    }.items():
        (exports / name).parent.mkdir(exist_ok=True)
        (exports / name).write_bytes(data)
    assert {"events", "identities", "profiles", "before_import"} <= set(planted)
    where = {found.where.split(":")[0] for found in searched(shop, MAIL)}
    assert {"table events", "table before_import", "exports/notes.txt"} <= where
    document = shop.erasure.erase("c0").document
    assert document["search"]["found"] == []
    assert not searched(shop, MAIL, NAME, PHONE)


def _value(shop, one, column, person, number):
    if column.name == one.says.person:
        return person
    if column.name in one.says.sealed or isinstance(column.type, LargeBinary):
        return shop.cipher.seal(person, "user_id", MAIL).data + str(number).encode()
    if column.name in {"kind", "field"}:
        return f"kind{number}"
    if isinstance(column.type, Text):
        return json.dumps({"mail": MAIL})
    return 5 if isinstance(column.type, SmallInteger) else 900_000 + number
