"""A shop's keys are renewed while it lives: everybody is found as before, and a backup opens nothing any more."""

import secrets
import shutil
from pathlib import Path

import pytest
from tests.processes import ended
from tests.small_shop import bakery

from goodwill import people
from goodwill.app import create_shop, open_shop
from goodwill.basics.errors import Busy, KeyMissing
from goodwill.people import index
from goodwill.protect import Cipher, KeyStore
from goodwill.shop import Who
from goodwill.storage import connect
from goodwill.storage.residue import cut_log

PHONE = "06 1234 5678"


@pytest.fixture
def small(database, tmp_path, clock):
    made = bakery(database, tmp_path, clock)
    with made.shop.database.transaction() as connection:
        for name in ("amina", "chiara"):
            ids = {"user_id": name, "email": f"{name}@example.org", "phone": PHONE.replace("5678", f"567{len(name)}")}
            people.identify(connection, made.shop.cipher, ids, now=clock(), region="IT")
    yield made
    made.shop.close()


def everybody(shop, names):
    return {name: shop.find(name) for name in names} | {
        mail: shop.find(Who(email=mail)) for mail in ("amina@example.org", "Chiara@Example.org")
    }


def test_everybody_is_found_as_before_and_nobody_twice(small, clock):
    shop = small.shop
    before = everybody(shop, small.person)
    assert before["Chiara@Example.org"] == small.person["chiara"]
    done = shop.erasure.rotate()
    assert (done.epoch, done.people, done.pending) == (2, len(small.person), ())
    assert done.ids == len(small.person) + 4
    assert everybody(shop, small.person) == before
    with shop.database.transaction() as connection:
        many = people.count(connection)
        assert people.identify(connection, shop.cipher, {"user_id": "amina"}, now=clock()) == before["amina"]
        assert people.identify_many(connection, shop.cipher, "user_id", list(small.person), now=clock()) == small.person
        assert people.count(connection) == many


def test_another_process_finds_everybody_too(small, clock):
    shop = small.shop
    keys = KeyStore.open(shop.folder / "keys", clock=clock)
    other = Cipher(keys, shop.cipher.tenant)
    shop.erasure.rotate()
    with shop.database.transaction() as connection:
        assert people.find(connection, other, "user_id", "amina") == small.person["amina"]
        assert people.find(connection, other, "user_id", "nobody here") is None
        assert people.identify(connection, other, {"email": "amina@example.org"}, now=clock()) == small.person["amina"]
        new = people.identify(connection, other, {"email": "new@example.org"}, now=clock())
    assert shop.find(Who(email="new@example.org")) == new
    keys.close()


def test_a_steady_picture_from_before_says_try_again(small):
    shop = small.shop
    with shop.database.reading() as connection:
        assert index.followed(connection).epoch == 1
        shop.erasure.rotate()
        with pytest.raises(Busy, match="renewed"):
            people.find(connection, shop.cipher, "user_id", "amina")


def test_what_people_told_is_read_as_before(small):
    from goodwill.access import SignedIn

    shop = small.shop
    before = shop.own(SignedIn(small.person["amina"], "test"))
    shop.erasure.rotate()
    after = shop.own(SignedIn(small.person["amina"], "test"))
    assert after.identities == before.identities
    assert ("email", "amina@example.org") in after.identities


def test_it_is_done_when_somebody_was_erased_and_a_day_has_passed(small, clock):
    shop = small.shop
    clock.turn(days=400)
    assert shop.erasure.rotate_when_due() is None
    shop.keys.destroy(small.person["c3"])
    assert shop.erasure.rotate_when_due().epoch == 2
    shop.keys.destroy(small.person["c4"])
    clock.turn(seconds=23 * 3600)
    assert shop.erasure.rotate_when_due() is None
    clock.turn(seconds=3600)
    assert shop.erasure.rotate_when_due().epoch == 3
    assert shop.erasure.rotate_when_due() is None


def test_an_interrupted_one_is_due_at_once(small):
    small.shop.keys.begin_epoch()
    assert small.shop.erasure.rotate_when_due().epoch == 2


# ---- the drill -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_environment", [False, True])
def test_an_old_backup_and_every_copy_of_the_keys_open_nothing(tmp_path, clock, monkeypatch, from_environment):
    """Data and keys.db are copied, Chiara is erased, the epoch ends. The thief has today's keys as well."""
    if from_environment:
        monkeypatch.setenv("GOODWILL_MASTER_KEY", secrets.token_hex(32))
    home, thief = tmp_path / "home", tmp_path / "thief"
    shop = create_shop(home, clock=clock, columns="database")
    with shop.database.transaction() as connection:
        ids = {"user_id": "chiara", "email": "chiara@example.org"}
        chiara = people.identify(connection, shop.cipher, ids, now=clock())
        asked = index.lookups(connection, shop.cipher, "email", ["chiara@example.org"])[0]
    assert cut_log(shop.database)
    assert shop.keys.cut_log()
    thief.mkdir()
    (thief / "keys").mkdir(mode=0o700)
    for name in ("goodwill.toml", "shop.db", "keys/keys.db"):
        shutil.copy2(home / name, thief / name)
    shop.keys.destroy(chiara)
    shop.erasure.rotate()
    for file in (home / "keys").glob("*.key"):
        shutil.copy2(file, thief / "keys" / file.name)
    with pytest.raises(KeyMissing, match="every older copy of the store with it"):
        open_shop(thief, clock=clock)
    # Beside the current key store whole, the old data open for the living alone, and nobody can ask who was in them.
    shutil.copy2(home / "keys" / "keys.db", thief / "keys" / "keys.db")
    stolen = connect(thief / "shop.db")
    with stolen.reading() as connection, pytest.raises(Busy):
        index.lookups(connection, shop.cipher, "email", ["chiara@example.org"])
    stolen.close()
    assert shop.cipher.lookup("email", "chiara@example.org") != asked
    shop.close()


# ---- killed at every step --------------------------------------------------------------------------------------------

_STEPS = (
    ("goodwill.protect.keyfiles", "make_epoch_key"),
    ("goodwill.protect.store", "add_epoch"),
    ("goodwill.protect.keystore.KeyStore", "begin_epoch"),
    ("goodwill.people.index", "_replace"),
    ("goodwill.people.index", "lock_anew"),
    ("goodwill.storage.audit", "note"),
    ("goodwill.protect.store", "wrap_anew"),
    ("goodwill.protect.store", "drop_epochs_before"),
    ("goodwill.protect.keyfiles", "destroy_epoch_key"),
    ("goodwill.protect.keystore.KeyStore", "cut_log"),
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
shop.erasure.rotate()
"""


_EVERY_DAY = {"begin_epoch", "_replace", "drop_epochs_before"}  # the others too, in `make soak`


@pytest.mark.parametrize(
    ("place", "step"),
    [pytest.param(*one, id=one[1], marks=[] if one[1] in _EVERY_DAY else [pytest.mark.soak]) for one in _STEPS],
)
def test_whoever_is_killed_while_keys_are_renewed_loses_nobody(small, clock, place, step):
    before = everybody(small.shop, small.person)
    home = small.shop.folder
    code, complaint = ended(_KILLED, home, place, step)
    assert code == 9, complaint
    again = open_shop(home, clock=clock)
    assert everybody(again, small.person) == before
    assert len(again.keys.keys(small.person.values())) == len(small.person)
    assert again.erasure.rotate().pending == ()
    assert everybody(again, small.person) == before
    assert len(list((home / "keys").glob("epoch-*.key"))) == 1
    again.close()


# ---- put back ------------------------------------------------------------------------------------------------------


def test_an_older_database_beside_the_newest_keys_finds_everybody_again(tmp_path, clock):
    shop = create_shop(tmp_path / "home", clock=clock, columns="database", region="IT")
    with shop.database.transaction() as connection:
        ids = {"user_id": "amina", "email": "amina@example.org", "phone": PHONE}
        amina = people.identify(connection, shop.cipher, ids, now=clock(), region="IT")
    cut_log(shop.database)
    old = Path(shutil.copy2(shop.folder / "shop.db", tmp_path / "old.db"))
    shop.erasure.rotate()
    shop.erasure.rotate()
    shop.close()
    for file in shop.folder.glob("shop.db*"):
        file.unlink()
    shutil.copy2(old, shop.folder / "shop.db")
    with open_shop(shop.folder, clock=clock) as again:
        assert again.find("amina") == again.find(Who(email="amina@example.org")) == amina
        with again.database.reading() as connection:
            assert people.find(connection, again.cipher, "phone", "+39" + PHONE.replace(" ", "")) == amina
            assert index.followed(connection).epoch == 3


def test_a_database_of_the_first_version_finds_everybody_again(small, clock):
    """Its ids were found by plain hashes, and nobody had written down of which epoch."""
    import hmac

    before = everybody(small.shop, small.person)
    from sqlalchemy import text

    with small.shop.database.transaction() as connection:
        rows = connection.execute(text("SELECT kind, lookup FROM identities")).all()
        for kind, lookup in rows:
            old = hmac.digest(b"first", bytes(lookup), "sha256")
            connection.execute(
                text("UPDATE identities SET lookup = :old WHERE kind = :kind AND lookup = :new"),
                {"old": old, "kind": kind, "new": bytes(lookup)},
            )
        connection.execute(text("DELETE FROM key_marks"))
    assert small.shop.find("amina") is None
    with open_shop(small.shop.folder, clock=clock) as again:
        assert everybody(again, small.person) == before
