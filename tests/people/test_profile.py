"""Fields of a profile: sealed, told apart from what stood there before, and put back by an undo."""

import pytest
from sqlalchemy import select

from goodwill import people
from goodwill.basics.errors import BadInput, KeyDestroyed, KeyMissing
from goodwill.people.tables import profiles
from goodwill.protect import Sealed

NOW = 1_795_338_000_000_000


@pytest.fixture
def amina(database, cipher):
    with database.transaction() as connection:
        return people.identify(connection, cipher, {"user_id": "amina"}, now=NOW)


@pytest.fixture
def bruno(database, cipher):
    with database.transaction() as connection:
        return people.identify(connection, cipher, {"user_id": "bruno"}, now=NOW)


def write(database, cipher, told, *, now=NOW, import_id=None):
    with database.transaction() as connection:
        return people.set_profiles(connection, cipher, told, now=now, import_id=import_id)


def stored(database, cipher):
    with database.reading() as connection:
        rows = connection.execute(select(profiles)).all()
    return {
        (row.person, row.field): (row.category, cipher.open(row.person, row.field, Sealed(row.epoch, row.sealed)))
        for row in rows
    }


def test_a_field_is_written_sealed_and_with_its_category(database, cipher, amina):
    done = write(database, cipher, {amina: {"name": ("contact", "Amina"), "city": ("profile", "Roma 🍞")}})
    assert (done.changed, done.unchanged) == (2, 0)
    assert stored(database, cipher) == {(amina, "name"): ("contact", "Amina"), (amina, "city"): ("profile", "Roma 🍞")}
    with database.reading() as connection:
        assert b"Amina" not in b"".join(connection.execute(select(profiles.c.sealed)).scalars())


def test_the_same_words_again_change_nothing(database, cipher, amina, bruno):
    told = {amina: {"name": ("contact", "Amina")}, bruno: {"name": ("contact", "Bruno")}}
    write(database, cipher, told)
    with database.reading() as connection:
        before = connection.execute(select(profiles)).all()
    done = write(database, cipher, told, now=NOW + 9, import_id=5)
    assert (done.changed, done.unchanged) == (0, 2)
    with database.reading() as connection:
        assert connection.execute(select(profiles)).all() == before


def test_other_words_or_another_category_are_a_change(database, cipher, amina):
    write(database, cipher, {amina: {"name": ("contact", "Amina"), "city": ("profile", "Roma")}})
    done = write(database, cipher, {amina: {"name": ("contact", "Amina R."), "city": ("location", "Roma")}})
    assert done.changed == 2
    assert stored(database, cipher) == {(amina, "name"): ("contact", "Amina R."), (amina, "city"): ("location", "Roma")}


def test_none_takes_a_field_away(database, cipher, amina):
    write(database, cipher, {amina: {"name": ("contact", "Amina"), "city": ("profile", "Roma")}})
    done = write(database, cipher, {amina: {"name": ("contact", None), "phone": ("contact", None)}})
    assert (done.changed, done.unchanged) == (1, 1)
    assert list(stored(database, cipher)) == [(amina, "city")]


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "\ud800"])
def test_nothing_and_what_cannot_be_kept_are_refused(database, cipher, amina, text):
    with pytest.raises(BadInput):
        write(database, cipher, {amina: {"city": ("profile", "Roma"), "name": ("contact", text)}})
    assert stored(database, cipher) == {}


def test_a_field_whose_name_holds_nul_is_refused(database, cipher, amina):
    with pytest.raises(BadInput):
        write(database, cipher, {amina: {"na\x00me": ("contact", "Amina")}})


def test_nothing_is_written_about_who_was_erased_or_is_not_ours(database, cipher, keys, amina, bruno):
    keys.destroy(bruno)
    with pytest.raises(KeyDestroyed):
        write(database, cipher, {amina: {"name": ("contact", "Amina")}, bruno: {"name": ("contact", "Bruno")}})
    with pytest.raises(KeyMissing):
        write(database, cipher, {amina: {"name": ("contact", "Amina")}, 999: {"name": ("contact", "Dev")}})
    assert stored(database, cipher) == {}


def test_an_undo_puts_back_what_stood_there(database, cipher, amina, bruno):
    write(database, cipher, {amina: {"name": ("contact", "Amina"), "city": ("profile", "Roma")}})
    earlier = stored(database, cipher)
    changes = {amina: {"name": ("contact", "A."), "city": ("profile", "Bari")}, bruno: {"name": ("contact", "B.")}}
    done = write(database, cipher, changes, import_id=7)
    with database.transaction() as connection:
        assert people.put_back(connection, done.before, import_id=7) == 3
    assert stored(database, cipher) == earlier


def test_an_undo_brings_nothing_back_that_was_taken_away_since(database, cipher, amina):
    write(database, cipher, {amina: {"name": ("contact", "Amina")}})
    done = write(database, cipher, {amina: {"name": ("contact", "A.")}}, import_id=7)
    write(database, cipher, {amina: {"name": ("contact", None)}})
    with database.transaction() as connection:
        assert people.put_back(connection, done.before, import_id=7) == 0
    assert stored(database, cipher) == {}


def test_an_undo_leaves_what_was_changed_again_since(database, cipher, amina):
    done = write(database, cipher, {amina: {"name": ("contact", "A."), "city": ("profile", "Roma")}}, import_id=7)
    write(database, cipher, {amina: {"name": ("contact", "Amina herself")}})
    with database.transaction() as connection:
        assert people.put_back(connection, done.before, import_id=7) == 1
    assert stored(database, cipher) == {(amina, "name"): ("contact", "Amina herself")}
