"""Undoing an import: what it brought goes, whoever has come to life since stays."""

import pytest
from sqlalchemy import func, select

from goodwill import consent, people
from goodwill.basics.errors import Conflict
from goodwill.consent import Asked
from goodwill.people import holds, log, undo
from goodwill.people.log import EventColumns
from goodwill.people.tables import events, identities
from goodwill.people.tables import holds as rows_of_holds
from goodwill.people.tables import people as rows_of_people
from goodwill.people.types import BOUGHT
from goodwill.purposes import shipped
from goodwill.storage.kept import note_read

NOW = 1_795_338_000_000_000
IMPORT = 3


@pytest.fixture
def shop(database, cipher):
    return Shop(database, cipher)


class Shop:
    """The few steps that these tests are made of."""

    def __init__(self, database, cipher):
        self.database, self.cipher, self.key = database, cipher, 0

    def knows(self, *, import_id=None, **ids):
        with self.database.transaction() as connection:
            return people.identify(connection, self.cipher, ids, now=NOW, import_id=import_id)

    def sells_to(self, person, *, import_id=None):
        self.key += 1
        event = EventColumns(person=[person], type=[BOUGHT], at=[NOW], day=[1], key=[self.key], import_id=import_id)
        with self.database.transaction() as connection:
            log.append(connection, event)

    def answers(self, person, purpose):
        with self.database.transaction() as connection:
            return consent.grant(connection, person, shipped()[purpose], asked=Asked(how="test"), now=NOW).positions

    def undoes(self, before=()):
        with self.database.transaction() as connection:
            held = undo.to_hold(connection, undo.concerned(connection, IMPORT, before))
            holds.hold(connection, held, "undo of import 3", now=NOW)
        with self.database.transaction() as connection:
            removed = undo.remove_import(connection, IMPORT, now=NOW + 1, before=before)
            holds.release(connection, set(held).difference(removed.people), "undo of import 3", now=NOW + 1)
        return removed

    def rows(self, table):
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    def finds(self, kind, value):
        with self.database.reading() as connection:
            return people.find(connection, self.cipher, kind, value)

    def erased(self):
        with self.database.reading() as connection:
            gone = select(rows_of_people.c.id).where(rows_of_people.c.erased_at.is_not(None))
            return connection.execute(gone).scalars().all()


def test_whoever_the_import_made_and_nobody_else_touched_is_gone(shop):
    amina = shop.knows(user_id="amina")
    bruno = shop.knows(user_id="bruno", email="bruno@example.org", import_id=IMPORT)
    shop.sells_to(bruno, import_id=IMPORT)
    shop.sells_to(amina, import_id=IMPORT)
    shop.sells_to(amina)
    removed = shop.undoes()
    assert (removed.events, removed.identities, removed.people) == (2, 2, (bruno,))
    assert shop.finds("user_id", "bruno") is shop.finds("email", "bruno@example.org") is None
    assert shop.finds("user_id", "amina") == amina
    assert shop.erased() == []
    with shop.database.reading() as connection:
        assert connection.execute(select(events.c.person)).scalars().all() == [amina]


def test_the_number_of_who_is_gone_is_never_given_to_another(shop):
    bruno = shop.knows(user_id="bruno", import_id=IMPORT)
    shop.undoes()
    shop.cipher.keys.destroy(bruno)
    assert shop.knows(user_id="bruno") != bruno


def test_whoever_bought_something_since_stays_with_all_ids(shop):
    dev = shop.knows(user_id="dev", email="dev@example.org", import_id=IMPORT)
    shop.sells_to(dev)
    assert shop.undoes().people == ()
    assert shop.finds("user_id", "dev") == shop.finds("email", "dev@example.org") == dev


def test_whoever_said_no_since_stays_so_that_the_no_still_reaches_her(shop):
    chiara = shop.knows(user_id="chiara", import_id=IMPORT)
    entry = shipped()["recommendations"]
    with shop.database.transaction() as connection:
        consent.refuse(connection, chiara, entry, asked=Asked(how="privacy centre"), now=NOW)
    assert shop.undoes().people == ()
    assert shop.finds("user_id", "chiara") == chiara


def test_an_answer_that_was_taken_back_with_the_import_keeps_nobody(shop):
    chiara = shop.knows(user_id="chiara", import_id=IMPORT)
    entry, asked = shipped()["recommendations"], Asked(how="import")
    with shop.database.transaction() as connection:
        receipt = consent.grant(connection, chiara, entry, asked=asked, now=NOW)
        consent.invalidate(connection, receipt.positions, asked=asked, now=NOW + 1)
    assert shop.undoes().people == (chiara,)


def test_whoever_was_given_another_id_or_a_field_since_stays(shop):
    amina = shop.knows(user_id="amina", import_id=IMPORT)
    bruno = shop.knows(user_id="bruno", import_id=IMPORT)
    assert shop.knows(user_id="amina", anonymous_id="browser-1") == amina
    with shop.database.transaction() as connection:
        people.set_profile(connection, shop.cipher, bruno, {"city": ("profile", "Roma")}, now=NOW)
    assert shop.undoes().people == ()
    assert (shop.finds("user_id", "amina"), shop.finds("user_id", "bruno")) == (amina, bruno)


def test_an_id_that_the_import_gave_to_somebody_known_is_taken_away(shop):
    amina = shop.knows(user_id="amina")
    shop.knows(user_id="amina", email="wrong@example.org", import_id=IMPORT)
    assert shop.undoes().identities == 1
    assert shop.finds("email", "wrong@example.org") is None
    assert shop.finds("user_id", "amina") == amina


def test_without_a_hold_nothing_goes_that_a_total_may_count(shop):
    amina = shop.knows(user_id="amina", import_id=IMPORT)
    shop.answers(amina, "recommendations")
    with pytest.raises(Conflict, match="not held"), shop.database.transaction() as connection:
        undo.remove_import(connection, IMPORT, now=NOW)
    assert shop.finds("user_id", "amina") == amina


def test_whoever_never_said_a_word_leaves_neither_a_number_nor_a_hold(shop):
    bruno = shop.knows(user_id="bruno", email="bruno@example.org", import_id=IMPORT)
    shop.sells_to(bruno, import_id=IMPORT)
    removed = shop.undoes()
    assert (removed.people, removed.numbers) == ((bruno,), 0)
    assert shop.rows(rows_of_people) == shop.rows(identities) == shop.rows(rows_of_holds) == 0


def test_a_number_that_a_log_names_stays_and_belongs_to_nobody(shop):
    asked, read = (shop.knows(user_id=name, import_id=IMPORT) for name in ("chiara", "dev"))
    positions = shop.answers(asked, "recommendations")
    with shop.database.transaction() as connection:
        consent.invalidate(connection, positions, asked=Asked(how="undo"), now=NOW)
        note_read(
            connection, day=1, person=read, purpose="offers", verb="one", categories="", people=1, at=NOW, position=0
        )
    removed = shop.undoes()
    assert (removed.people, removed.numbers) == ((asked, read), 2)
    assert shop.erased() == [asked, read]


def test_whoever_stayed_for_a_later_import_goes_with_that_one(shop):
    amina = shop.knows(user_id="amina", import_id=2)
    shop.sells_to(amina, import_id=IMPORT)
    with shop.database.transaction() as connection:
        assert undo.remove_import(connection, 2, now=NOW).people == ()
    assert shop.finds("user_id", "amina") == amina
    assert shop.undoes(before=[2]).people == (amina,)
    assert shop.rows(rows_of_people) == shop.rows(identities) == 0


def test_undoing_twice_takes_nothing_more(shop):
    shop.sells_to(shop.knows(user_id="bruno", import_id=IMPORT), import_id=IMPORT)
    shop.undoes()
    again = shop.undoes()
    assert (again.events, again.identities, again.people) == (0, 0, ())


def test_another_import_is_left_alone(shop):
    dev = shop.knows(user_id="dev", import_id=4)
    shop.sells_to(dev, import_id=4)
    shop.undoes()
    with shop.database.reading() as connection:
        assert connection.execute(select(identities.c.import_id)).scalars().all() == [4]
    assert shop.erased() == []
