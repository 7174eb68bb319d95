"""Keys are live, destroyed or never created, for every thread and every process at once."""

import secrets
import shutil
import stat
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.processes import ended, loaded

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput, Conflict, KeyDestroyed, KeyMissing
from goodwill.protect import Cipher, KeyState, KeyStore, store

AMINA, BRUNO, CHIARA, DEV = 1, 2, 3, 4


def a_clock():
    return Micros(1_795_338_000_000_000)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def opened(folder):
    keys = KeyStore.open(folder, clock=a_clock)
    yield keys
    keys.close()


def wrapped(keys, person):
    return store.line_of(keys._raw, person).wrapped


def bytes_on_disk(folder):
    return b"".join(file.read_bytes() for file in folder.iterdir())


# ---- the shop's own secrets ----------------------------------------------------------------------------------------


def test_a_secret_stays_the_same_and_is_nobody_elses(folder, opened):
    kept = opened.secret("ratchet links")
    again = KeyStore.open(folder, clock=a_clock)
    assert again.secret("ratchet links") == kept == opened.secret("ratchet links")
    assert len({kept, opened.secret("sessions")}) == 2
    assert kept not in bytes_on_disk(folder)
    again.close()


def test_a_secret_serves_no_other_use(opened):
    opened.secret("ratchet links")
    with opened._database.transaction() as connection:
        store.add_secret(connection, "sessions", store.wrapped_secret(opened._raw, "ratchet links"), 0)
    with pytest.raises(KeyMissing, match="sessions"):
        opened.secret("sessions")


# ---- three states --------------------------------------------------------------------------------------------------


def test_a_key_is_never_created_then_live_then_destroyed(opened):
    assert opened.state(AMINA) is KeyState.NEVER_CREATED
    opened.create([AMINA])
    assert opened.state(AMINA) is KeyState.LIVE
    opened.destroy(AMINA)
    assert opened.state(AMINA) is KeyState.DESTROYED


def test_who_never_had_a_key_is_missed_and_who_lost_it_is_mourned(opened):
    opened.create([CHIARA])
    opened.destroy(CHIARA)
    with pytest.raises(KeyMissing):
        opened.key(DEV)
    with pytest.raises(KeyDestroyed, match="2026"):
        opened.key(CHIARA)


def test_a_destroyed_key_never_comes_back(opened):
    opened.create([CHIARA])
    opened.destroy(CHIARA)
    with pytest.raises(KeyDestroyed):
        opened.create([CHIARA])
    assert opened.state(CHIARA) is KeyState.DESTROYED


def test_no_key_is_made_for_anybody_when_one_of_them_was_erased(opened):
    opened.destroy(CHIARA)
    with pytest.raises(KeyDestroyed):
        opened.create([AMINA, CHIARA])
    assert opened.state(AMINA) is KeyState.NEVER_CREATED


def test_destroying_who_never_had_a_key_leaves_a_tombstone(opened):
    opened.destroy(DEV)
    assert opened.state(DEV) is KeyState.DESTROYED
    with pytest.raises(KeyDestroyed):
        opened.create([DEV])


def test_creating_and_destroying_twice_changes_nothing(opened):
    opened.create([AMINA, CHIARA])
    before = wrapped(opened, AMINA)
    opened.create([AMINA, BRUNO])
    opened.destroy(CHIARA)
    opened.destroy(CHIARA)
    assert wrapped(opened, AMINA) == before
    assert opened.live([AMINA, BRUNO, CHIARA, DEV]) == {AMINA, BRUNO}


def test_the_store_remembers_the_highest_number_it_has_heard_of(opened):
    assert opened.last_person() == 0
    opened.create([AMINA, DEV])
    opened.destroy(7)
    assert opened.last_person() == 7


class Lives(RuleBasedStateMachine):
    """Whatever is asked in whatever order, a store that is opened anew says the same as a plain dictionary."""

    people = some.integers(1, 6)

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="goodwill-keys-"))
        self.keys = KeyStore.open(self.folder, clock=a_clock)
        self.known = {}

    def teardown(self):
        self.keys.close()
        shutil.rmtree(self.folder)

    @rule(persons=some.sets(people))
    def create(self, persons):
        if any(self.known.get(person) is KeyState.DESTROYED for person in persons):
            with pytest.raises(KeyDestroyed):
                self.keys.create(persons)
        else:
            self.keys.create(persons)
            self.known |= dict.fromkeys(persons, KeyState.LIVE)

    @rule(person=people)
    def destroy(self, person):
        self.keys.destroy(person)
        self.known[person] = KeyState.DESTROYED

    @rule()
    def reopen(self):
        self.keys.close()
        self.keys = KeyStore.open(self.folder, clock=a_clock)

    @invariant()
    def agrees(self):
        for person in range(1, 7):
            assert self.keys.state(person) is self.known.get(person, KeyState.NEVER_CREATED)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=15, stateful_step_count=20)


# ---- destruction ---------------------------------------------------------------------------------------------------


def test_nothing_of_a_destroyed_key_is_left_on_the_disk(folder, opened):
    many = list(range(1, 3_001))
    for start in range(0, 3_000, 500):  # in several turns, so that pages are split and moved
        opened.create(many[start::7] + many[start : start + 500])
    opened.create(many)
    gone = {person: wrapped(opened, person) for person in many[::10]}
    kept = wrapped(opened, many[1])
    opened.destroy_all(gone)
    left = bytes_on_disk(folder)
    assert kept in left
    assert not [person for person, key in gone.items() if key in left or key[12:44] in left]


def test_a_second_process_destroys_and_this_one_obeys_at_once(folder, opened):
    opened.create([CHIARA, AMINA])
    cipher = Cipher(opened, "shop")
    sealed = cipher.seal(CHIARA, "name", "Chiara")
    assert cipher.open(CHIARA, "name", sealed) == "Chiara"
    program = (
        "import sys; from pathlib import Path; from goodwill.protect import KeyStore\n"
        "KeyStore.open(Path(sys.argv[1]), clock=lambda: 5).destroy(int(sys.argv[2]))"
    )
    assert ended(program, folder, CHIARA) == (0, "")
    with pytest.raises(KeyDestroyed):
        cipher.open(CHIARA, "name", sealed)
    with pytest.raises(KeyDestroyed):
        cipher.seal(CHIARA, "name", "Chiara")
    assert cipher.open(AMINA, "name", cipher.seal(AMINA, "name", "Amina")) == "Amina"


def test_destruction_says_so_while_a_reader_keeps_an_old_page(folder, opened, monkeypatch):
    opened.create([CHIARA])
    other = KeyStore.open(folder, clock=a_clock)
    other._raw.execute("BEGIN")
    other._raw.execute("SELECT count(*) FROM person_keys").fetchall()
    monkeypatch.setattr(store, "empty_log", partial(store.empty_log, patience=0.05))
    with pytest.raises(Conflict, match="again in a moment"):
        opened.destroy(CHIARA)
    assert opened.state(CHIARA) is KeyState.DESTROYED
    other._raw.execute("COMMIT")
    opened.destroy(CHIARA)
    other.close()


def test_two_stores_that_create_at_once_agree_on_one_key(folder, opened):
    other = KeyStore.open(folder, clock=a_clock)
    start = threading.Barrier(2)

    def create(keys):
        start.wait()
        for first in range(1, 200, 10):
            keys.create(range(first, first + 10))

    threads = [threading.Thread(target=create, args=(keys,)) for keys in (opened, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one, two = Cipher(opened, "shop"), Cipher(other, "shop")
    for person in range(1, 201):
        assert two.open(person, "name", one.seal(person, "name", "x")) == "x"
    other.close()


def test_many_threads_read_one_store(opened):
    opened.create(range(1, 51))
    cipher = Cipher(opened, "shop")
    sealed = {person: cipher.seal(person, "n", str(person)) for person in range(1, 51)}
    wrong = []

    def read():
        wrong.extend(p for _ in range(20) for p, seal in sealed.items() if cipher.open(p, "n", seal) != str(p))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# ---- the master key ------------------------------------------------------------------------------------------------


def test_the_master_key_is_its_owners_alone(folder, opened):
    file = folder / "master.key"
    assert len(file.read_bytes()) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "keys.db").stat().st_mode) == 0o600
    assert not [left for left in folder.iterdir() if left.name.startswith(".")]


def test_a_store_opens_again_with_what_it_locked(folder, opened):
    opened.create([AMINA])
    sealed = Cipher(opened, "shop").seal(AMINA, "name", "Amina")
    mark = Cipher(opened, "shop").lookup("email", "amina@example.org")
    again = KeyStore.open(folder, clock=a_clock)
    assert Cipher(again, "shop").open(AMINA, "name", sealed) == "Amina"
    assert Cipher(again, "shop").lookup("email", "amina@example.org") == mark
    again.close()


def test_another_master_key_opens_nothing(folder, opened):
    opened.create([AMINA])
    with pytest.raises(KeyMissing, match="master key does not open"):
        KeyStore.open(folder, clock=a_clock, master=bytes(32))
    (folder / "master.key").write_bytes(secrets.token_bytes(32))
    with pytest.raises(KeyMissing, match="Put back the master key"):
        KeyStore.open(folder, clock=a_clock)
    opened.check()
    opened._master = bytes(32)
    with pytest.raises(KeyMissing):
        opened.check()


def test_a_lost_master_key_is_not_replaced_by_a_new_one(folder, opened):
    (folder / "master.key").unlink()
    with pytest.raises(KeyMissing, match="Put back"):
        KeyStore.open(folder, clock=a_clock)
    assert not (folder / "master.key").exists()


def test_a_master_key_that_is_handed_in_leaves_no_file(tmp_path):
    master = secrets.token_bytes(32)
    keys = KeyStore.open(tmp_path / "k", clock=a_clock, master=master)
    keys.create([AMINA])
    keys.close()
    assert not (tmp_path / "k" / "master.key").exists()
    again = KeyStore.open(tmp_path / "k", clock=a_clock, master=master)
    assert again.state(AMINA) is KeyState.LIVE
    again.close()


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_master_key_has_32_bytes(tmp_path, length):
    with pytest.raises(BadInput, match="32 bytes"):
        KeyStore.open(tmp_path, clock=a_clock, master=bytes(length))


def test_a_master_key_that_others_may_read_is_refused(folder, opened):
    (folder / "master.key").chmod(0o640)
    with pytest.raises(BadInput, match="chmod 600"):
        KeyStore.open(folder, clock=a_clock)


def test_two_processes_that_open_a_new_store_share_one_master_key(folder):
    program = (
        "import sys; from pathlib import Path; from goodwill.protect import KeyStore\n"
        "KeyStore.open(Path(sys.argv[1]), clock=lambda: 5).create([int(sys.argv[2])])"
    )
    with loaded(program, folder, 1) as one, loaded(program, folder, 2) as two, loaded(program, folder, 3) as three:
        assert [run.wait() for run in (one, two, three)] == [0, 0, 0]
    keys = KeyStore.open(folder, clock=a_clock)
    assert keys.epoch == 1
    assert len(keys.keys([1, 2, 3])) == 3
    keys.close()


def test_a_wrapped_key_serves_nobody_else(opened):
    opened.create([AMINA, BRUNO])
    with opened._database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE person_keys SET wrapped = (SELECT wrapped FROM person_keys WHERE person = 1) WHERE person = 2"
        )
    opened.key(AMINA)
    with pytest.raises(KeyMissing, match="changed from outside"):
        opened.key(BRUNO)


def test_what_is_looked_up_is_locked_by_the_epoch_alone(opened):
    assert Cipher(opened, "shop").lookup("email", "a@b.example", epoch=1)
    with pytest.raises(KeyMissing, match="Epoch 2"):
        Cipher(opened, "shop").lookup("email", "a@b.example", epoch=2)


# ---- speed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("many", "seconds"), [(2_469, 1.0), (100_000, 10.0)])
def test_keys_for_a_whole_shop_are_made_at_once(opened, many, seconds):
    start = time.process_time()
    opened.create(range(1, many + 1))
    assert time.process_time() - start < seconds
    assert len(opened.live(range(1, many + 1))) == many


@given(some.sets(some.integers(1, 2**62), max_size=20))
def test_live_is_told_for_any_numbers(tmp_path_factory, persons):
    keys = KeyStore.open(tmp_path_factory.mktemp("k"), clock=a_clock, master=bytes(32))
    keys.create(persons)
    assert keys.live(persons) == persons
    keys.close()
