"""Who is meant by an id; nobody is made twice, and nobody becomes somebody else."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import func, select

from goodwill import people
from goodwill.basics.errors import BadInput, KeyMissing
from goodwill.people.tables import identities
from goodwill.people.tables import people as rows_of_people
from goodwill.protect import Cipher, KeyState, KeyStore, Sealed

NOW = 1_795_338_000_000_000
TEXTS = some.text(some.characters(exclude_categories=["Cs"]), max_size=12)


def identify(database, cipher, **ids):
    with database.transaction() as connection:
        return people.identify(connection, cipher, ids, now=NOW)


def find(database, cipher, kind, value):
    with database.reading() as connection:
        return people.find(connection, cipher, kind, value)


def how_many(database):
    with database.reading() as connection:
        return people.count(connection)


def test_whoever_is_new_gets_a_number_and_a_living_key(database, cipher, keys):
    assert find(database, cipher, "user_id", "amina") is None
    amina = identify(database, cipher, user_id="amina")
    assert keys.state(amina) is KeyState.LIVE
    assert find(database, cipher, "user_id", "amina") == amina
    assert identify(database, cipher, user_id="amina") == amina
    assert how_many(database) == 1


def test_what_is_stored_is_a_hash_and_a_sealed_text_and_never_the_id(database, cipher):
    amina = identify(database, cipher, email="Amina@Example.org")
    with database.reading() as connection:
        row = connection.execute(select(identities)).one()
    assert row.lookup == cipher.lookup("email", "amina@example.org")
    assert b"mina" not in row.sealed + row.lookup
    assert cipher.open(amina, "email", Sealed(row.epoch, row.sealed)) == "Amina@Example.org"


def test_all_ids_of_one_call_lead_to_one_person(database, cipher):
    amina = identify(database, cipher, anonymous_id="browser-1", email="amina@example.org", user_id="amina")
    for kind, value in [("anonymous_id", "browser-1"), ("email", "AMINA@example.org"), ("user_id", "amina")]:
        assert find(database, cipher, kind, value) == amina


def test_a_new_id_beside_a_known_one_joins_that_person(database, cipher):
    dev = identify(database, cipher, anonymous_id="browser-1")
    assert identify(database, cipher, anonymous_id="browser-1", email="dev@example.org") == dev
    assert identify(database, cipher, email="dev@example.org", user_id="dev") == dev
    assert how_many(database) == 1


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ("user_id", "external"),
        ("external", "shopify"),
        ("shopify", "email"),
        ("email", "phone"),
        ("phone", "anonymous_id"),
    ],
)
def test_where_ids_disagree_the_stronger_counts_and_nobody_is_merged(database, cipher, stronger, weaker):
    ids = {"user_id": "u-1", "external": "e-1", "shopify": "s-1", "email": "a@example.org", "phone": "+390612345678",
           "anonymous_id": "b-1"}  # fmt: skip
    amina = identify(database, cipher, **{stronger: ids[stronger]})
    bruno = identify(database, cipher, **{weaker: ids[weaker]})
    assert identify(database, cipher, **{weaker: ids[weaker], stronger: ids[stronger]}) == amina
    assert find(database, cipher, weaker, ids[weaker]) == bruno
    assert how_many(database) == 2


def test_a_second_account_on_a_shared_device_is_somebody_else(database, cipher):
    amina = identify(database, cipher, user_id="amina", anonymous_id="family-tablet")
    bruno = identify(database, cipher, user_id="bruno", anonymous_id="family-tablet")
    assert bruno != amina
    assert find(database, cipher, "anonymous_id", "family-tablet") == amina
    assert identify(database, cipher, user_id="bruno", email="bruno@example.org", anonymous_id="family-tablet") == bruno


def test_a_guest_who_opens_an_account_stays_the_same_person(database, cipher):
    dev = identify(database, cipher, email="dev@example.org", phone="+390612345678")
    assert identify(database, cipher, user_id="dev", email="dev@example.org") == dev


def test_words_for_nobody_beside_a_real_id_are_left_out(database, cipher):
    amina = identify(database, cipher, user_id="null", email="amina@example.org")
    bruno = identify(database, cipher, user_id="null", email="bruno@example.org")
    assert amina != bruno
    assert find(database, cipher, "user_id", "null") is None


@pytest.mark.parametrize("ids", [{}, {"user_id": "guest"}, {"user_id": "0", "email": "not an address"}])
def test_nobody_is_made_of_nothing(database, cipher, ids):
    with pytest.raises(BadInput, match="Nobody can be known"):
        identify(database, cipher, **ids)
    assert how_many(database) == 0


def test_the_message_does_not_repeat_what_was_given(database, cipher):
    with pytest.raises(BadInput) as error:
        identify(database, cipher, email="amina.rossi@")
    assert "rossi" not in str(error.value)


@pytest.mark.parametrize("value", ["am\x00ina", "\ud800"])
def test_nul_and_broken_unicode_are_refused(database, cipher, value):
    with pytest.raises(BadInput):
        identify(database, cipher, user_id=value)
    with pytest.raises(BadInput):
        find(database, cipher, "user_id", value)


@pytest.mark.parametrize(
    "value",
    ["Ünïcødé 🍞", "田中", "' OR 1=1 --", "%_\\", "a\nb", "\U0001d49c", "\uff46ull", "1e309", "\u202eanima", "\u0001"],
)
def test_naughty_ids_are_ids(database, cipher, value):
    somebody = identify(database, cipher, user_id=value)
    assert find(database, cipher, "user_id", value) == somebody
    assert find(database, cipher, "user_id", value + "x") is None


def test_an_id_once_shown_to_be_hers_is_marked_so(database, cipher):
    amina = identify(database, cipher, email="amina@example.org")
    with database.transaction() as connection:
        ids = {"email": "amina@example.org", "user_id": "amina"}
        assert people.identify(connection, cipher, ids, now=NOW + 5, verified=True) == amina
        assert people.identify(connection, cipher, ids, now=NOW + 9, verified=True) == amina
    with database.reading() as connection:
        assert connection.execute(select(identities.c.verified_at)).scalars().all() == [NOW + 5, NOW + 5]


def test_nobody_elses_id_is_marked_as_shown(database, cipher):
    identify(database, cipher, email="amina@example.org")
    identify(database, cipher, user_id="bruno")
    with database.transaction() as connection:
        people.identify(connection, cipher, {"user_id": "bruno", "email": "amina@example.org"}, now=NOW, verified=True)
    with database.reading() as connection:
        marked = connection.execute(select(identities.c.kind).where(identities.c.verified_at.is_not(None))).scalars()
        assert marked.all() == ["user_id"]


# ---- many ----------------------------------------------------------------------------------------------------------


def many(database, cipher, values, kind="external"):
    with database.transaction() as connection:
        return people.identify_many(connection, cipher, kind, values, now=NOW, import_id=3)


def test_many_are_found_or_made_at_once(database, cipher):
    amina = identify(database, cipher, external="7")
    found = many(database, cipher, ["7", "8", "8", "9", "7"])
    assert found["7"] == amina
    assert list(found.values()) == [amina, amina + 1, amina + 2]
    assert many(database, cipher, ["9", "8", "7"]) == found
    assert how_many(database) == 3


def test_ways_of_writing_one_address_give_one_person(database, cipher):
    found = many(database, cipher, ["Amina@example.org", "amina@EXAMPLE.org", " amina@example.org"], kind="email")
    assert len(found) == 3
    assert len(set(found.values())) == 1
    assert how_many(database) == 1


def test_ids_that_name_nobody_are_missing_from_the_answer(database, cipher):
    naughty = ["null", "guest", "0", "", " ", "None", "a\x00b", "\ud800", "undefined", "x" * 401]
    found = many(database, cipher, [*naughty, "77"])
    assert list(found) == ["77"]
    assert how_many(database) == 1


def test_nothing_asked_nothing_made(database, cipher):
    assert many(database, cipher, []) == {}
    assert many(database, cipher, ["null"]) == {}
    assert how_many(database) == 0


def test_a_kind_that_is_no_name_is_refused_for_many_too(database, cipher):
    with pytest.raises(BadInput, match="kind of id"):
        many(database, cipher, ["7"], kind="Not A Kind")


def test_a_file_of_ids_gives_each_a_person_a_key_and_the_import(database, cipher, keys):
    found = many(database, cipher, [f"customer-{n}" for n in range(12_000)])
    assert len(set(found.values())) == 12_000
    assert len(keys.live(found.values())) == 12_000
    with database.reading() as connection:
        made = select(func.count()).select_from(rows_of_people).where(rows_of_people.c.import_id == 3)
        assert connection.execute(made).scalar_one() == 12_000
    assert find(database, cipher, "external", "customer-11999") == found["customer-11999"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=some.lists(TEXTS, max_size=20))
def test_asking_for_many_is_asking_for_each(database, cipher, values):
    found = many(database, cipher, values, kind="user_id")
    for value in values:
        try:
            assert found.get(value) == find(database, cipher, "user_id", value)
        except BadInput:
            assert value not in found


# ---- at once -------------------------------------------------------------------------------------------------------


def at_once(*jobs):
    """Run jobs in threads of their own that start together; their answers."""
    start, answers = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(place, job):
        start.wait()
        answers[place] = job()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_two_at_once_who_ask_for_the_same_id_get_the_same_person(database, cipher):
    for turn in range(10):
        ids = {"user_id": f"dev-{turn}", "email": f"dev-{turn}@example.org"}
        one, other = at_once(
            lambda i=ids: identify(database, cipher, **i), lambda i=ids: identify(database, cipher, **i)
        )
        assert one == other is not None
        assert how_many(database) == turn + 1


def test_two_files_at_once_with_the_same_customers_make_each_once(database, cipher):
    values = [f"customer-{n}" for n in range(500)]
    one, other = at_once(lambda: many(database, cipher, values), lambda: many(database, cipher, values[::-1]))
    assert one == other
    assert how_many(database) == 500


def test_who_waits_for_another_transaction_sees_whom_it_made(database, cipher):
    """The first makes somebody and commits late; the second must find her and not make her again."""
    made, go_on = threading.Event(), threading.Event()

    def first():
        with database.transaction() as connection:
            person = people.identify(connection, cipher, {"user_id": "dev"}, now=NOW)
            made.set()
            go_on.wait(10)
            return person

    def second():
        made.wait(10)
        threading.Timer(0.3, go_on.set).start()
        return identify(database, cipher, user_id="dev")

    one, other = at_once(first, second)
    assert one == other is not None


# ---- keys and data apart -------------------------------------------------------------------------------------------


def test_a_key_store_older_than_the_data_makes_nobody(database, cipher, tmp_path, clock):
    amina = identify(database, cipher, user_id="amina")
    other = KeyStore.open(tmp_path / "older", clock=clock)
    with pytest.raises(KeyMissing, match=f"number {amina}"):
        identify(database, Cipher(other, "test-shop"), user_id="bruno")
    other.close()


def test_after_an_older_database_was_restored_no_number_is_given_out_again(database, cipher, keys):
    keys.create([1, 2, 3])
    keys.destroy(2)
    assert identify(database, cipher, user_id="amina") == 4


def test_a_transaction_that_is_undone_leaves_nobody(database, cipher):
    with pytest.raises(RuntimeError), database.transaction() as connection:
        people.identify(connection, cipher, {"user_id": "amina"}, now=NOW)
        raise RuntimeError
    assert find(database, cipher, "user_id", "amina") is None
    assert how_many(database) == 0
    assert identify(database, cipher, user_id="amina")
