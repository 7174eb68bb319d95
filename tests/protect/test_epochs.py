"""When an epoch ends, every live key opens as before, and what was copied out of the store before opens nothing."""

import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.processes import ended

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput, KeyDestroyed, KeyMissing
from goodwill.basics.ids import PersonId
from goodwill.protect import Cipher, KeyState, KeyStore, Sealed, keyfiles, keystore, store
from goodwill.protect.framed import framed
from goodwill.storage.engine import connect, driver

AMINA, BRUNO, CHIARA, DEV = 1, 2, 3, 4


def a_clock():
    return Micros(1_795_338_000_000_000)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def keys(folder):
    opened = KeyStore.open(folder, clock=a_clock)
    opened.create([AMINA, BRUNO, CHIARA])
    yield opened
    opened.close()


def rotate(keys):
    moved = keys.end_epochs_before(keys.begin_epoch())
    assert keys.cut_log()
    return moved


def bytes_on_disk(folder):
    return b"".join(file.read_bytes() for file in folder.iterdir())


# ---- what stays ----------------------------------------------------------------------------------------------------


def test_what_was_sealed_before_opens_after(keys):
    cipher = Cipher(keys, "shop")
    before = cipher.seal(AMINA, "name", "Amina")
    assert rotate(keys) == 3
    assert keys.epoch == 2
    assert cipher.open(AMINA, "name", before) == "Amina"
    assert cipher.open(AMINA, "name", cipher.seal(AMINA, "name", "Amina B.")) == "Amina B."


def test_named_secrets_do_not_change(keys):
    kept = keys.secret("ratchet links")
    rotate(keys)
    assert keys.secret("ratchet links") == kept


def test_a_lookup_is_locked_anew_without_the_value(keys):
    cipher = Cipher(keys, "shop")
    old = cipher.lookup("email", "amina@example.org")
    keys.begin_epoch()
    (new,) = cipher.look_up_anew("email", [old], 1, 2)
    keys.end_epochs_before(2)
    assert new == cipher.lookup("email", "amina@example.org") != old
    for kind, epoch in (("email", 1), ("user_id", 2)):
        with pytest.raises((BadInput, KeyMissing)):
            cipher.look_up_anew(kind, [old], epoch, 2)


def test_a_destroyed_key_stays_destroyed(keys):
    keys.destroy(CHIARA)
    assert rotate(keys) == 2
    assert keys.state(CHIARA) is KeyState.DESTROYED
    with pytest.raises(KeyDestroyed):
        keys.create([CHIARA])


def test_it_is_due_only_where_older_copies_hold_a_key_that_was_destroyed(keys):
    assert not keys.has_destroyed_in_epoch()
    keys.destroy(CHIARA)
    assert keys.has_destroyed_in_epoch()
    rotate(keys)
    assert not keys.has_destroyed_in_epoch()


# ---- what is gone --------------------------------------------------------------------------------------------------


def test_an_old_copy_beside_the_current_keys_opens_nothing(folder, keys, tmp_path):
    """The drill: keys.db is copied, Chiara erased, the epoch ends; the thief has today's master and epoch keys too."""
    cipher = Cipher(keys, "shop")
    sealed = {person: cipher.seal(person, "name", "somebody") for person in (AMINA, BRUNO, CHIARA)}
    asked = cipher.lookup("email", "chiara@example.org")
    copy = tmp_path / "thief"
    shutil.copytree(folder, copy)
    (copy / "epoch-1.key").unlink()  # the one file that no backup holds
    keys.destroy(CHIARA)
    rotate(keys)
    for name in ("master.key", "epoch-2.key"):
        shutil.copyfile(folder / name, copy / name)
        (copy / name).chmod(0o600)
    with pytest.raises(KeyMissing, match="epoch 1, and its key"):
        KeyStore.open(copy, clock=a_clock)
    opened = everything_that_opens(copy, folder)
    assert not opened
    assert all(cipher.lookup("email", "chiara@example.org", epoch=n) != asked for n in (2,))
    assert cipher.open(AMINA, "name", sealed[AMINA]) == "somebody"


def everything_that_opens(copy: Path, folder: Path) -> list[str]:
    """What of a copied store opens with any key that lies anywhere, tried in every form in which it may be used."""
    database = connect(copy / "keys.db")
    with database.reading() as connection:
        raw = driver(connection)
        wrapped = store.wrapped_epochs(raw)
        lines = store.lines_of(raw, [AMINA, BRUNO, CHIARA])
    database.close()
    materials = [file.read_bytes() for place in (copy, folder) for file in place.glob("*.key")]
    found = []
    for number, data in wrapped.items():
        for master in materials:
            for root in (None, *materials):
                lock = AESGCM(master) if root is None else lock_of(master, root, number)
                try:
                    secret = keystore._unwrap(lock, data, framed("goodwill epoch", number))
                except InvalidTag:
                    continue
                found.append(f"epoch {number}")
                epoch = keystore._Epoch(number, secret)
                found += [
                    f"person {line.person}"
                    for line in lines.values()
                    if epoch.unwrap(PersonId(line.person), line.wrapped)
                ]
    return found


def lock_of(master, root, number):
    use = framed("goodwill epoch lock", number)
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=root, info=use).derive(master))


def test_the_drill_would_notice_an_epoch_key_that_was_kept(folder, keys, tmp_path):
    copy = tmp_path / "thief"
    shutil.copytree(folder, copy)
    rotate(keys)
    assert "epoch 1" in everything_that_opens(copy, folder)
    assert "person 3" in everything_that_opens(copy, folder)


def test_the_drill_holds_with_a_master_key_from_the_environment(tmp_path):
    master, folder, copy = secrets.token_bytes(32), tmp_path / "keys", tmp_path / "thief"
    keys = KeyStore.open(folder, clock=a_clock, master=master)
    keys.create([AMINA, CHIARA])
    shutil.copytree(folder, copy)
    (copy / "epoch-1.key").unlink()
    keys.destroy(CHIARA)
    rotate(keys)
    shutil.copyfile(folder / "epoch-2.key", copy / "epoch-2.key")
    (copy / "epoch-2.key").chmod(0o600)
    (copy / "master.key").write_bytes(master)
    (copy / "master.key").chmod(0o600)
    with pytest.raises(KeyMissing):
        KeyStore.open(copy, clock=a_clock, master=master)
    assert not everything_that_opens(copy, folder)
    assert not (folder / "master.key").exists()
    keys.close()


def test_nothing_of_an_epoch_that_ended_is_left_on_the_disk(folder, keys):
    wrapped = store.wrapped_epochs(keys._raw)[1]
    root = (folder / "epoch-1.key").read_bytes()
    lines = store.lines_of(keys._raw, [AMINA, BRUNO, CHIARA])
    assert wrapped in bytes_on_disk(folder)
    rotate(keys)
    left = bytes_on_disk(folder)
    assert not [secret for secret in (wrapped, root, *(line.wrapped for line in lines.values())) if secret in left]
    assert sorted(file.name for file in folder.glob("*.key")) == ["epoch-2.key", "master.key"]


def test_an_epoch_key_that_others_may_read_is_refused(folder, keys):
    (folder / "epoch-1.key").chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        KeyStore.open(folder, clock=a_clock)


def test_a_key_that_was_changed_from_outside_stops_the_end_of_an_epoch(keys):
    with keys._database.transaction() as connection:
        connection.exec_driver_sql("UPDATE person_keys SET wrapped = randomblob(60) WHERE person = 2")
    keys.begin_epoch()
    with pytest.raises(KeyMissing, match="person 2"):
        keys.end_epochs_before(2)
    assert keys.key(AMINA)
    assert keys.is_between_epochs


# ---- other processes -----------------------------------------------------------------------------------------------


def test_another_process_notices_and_locks_nothing_in_an_epoch_that_ended(folder, keys):
    other = KeyStore.open(folder, clock=a_clock)
    sealed = Cipher(other, "shop").seal(AMINA, "name", "Amina")
    rotate(keys)
    other.create([DEV])
    assert Cipher(other, "shop").open(AMINA, "name", sealed) == "Amina"
    fresh = KeyStore.open(folder, clock=a_clock)
    assert fresh.key(DEV)
    assert store.line_of(fresh._raw, DEV).epoch == 2
    other.destroy(DEV)
    assert fresh.has_destroyed_in_epoch()
    fresh.close()
    other.close()


def test_two_that_rotate_at_once_begin_one_epoch(folder, keys):
    other = KeyStore.open(folder, clock=a_clock)
    assert keys.begin_epoch() == other.begin_epoch() == 2
    assert keys.end_epochs_before(2) == 3
    assert other.end_epochs_before(2) == 0
    assert other.key(AMINA)
    other.close()


def test_a_store_of_the_first_version_gets_a_key_of_its_epoch_with_the_next(folder, keys):
    """Its epochs were locked by the master key alone."""
    with keys._database.transaction() as connection:
        secret = keystore._unwrap(
            lock_of((folder / "master.key").read_bytes(), (folder / "epoch-1.key").read_bytes(), 1),
            store.wrapped_epochs(keys._raw)[1],
            framed("goodwill epoch", 1),
        )
        plain = keystore._wrap(AESGCM(keys._master), secret, framed("goodwill epoch", 1))
        connection.exec_driver_sql("UPDATE epochs SET wrapped = ?", (plain,))
        connection.exec_driver_sql("DROP INDEX ix_person_keys_destroyed")
        connection.exec_driver_sql("DROP TABLE left_alone")
    (folder / "epoch-1.key").unlink()
    again = KeyStore.open(folder, clock=a_clock)
    assert again.key(CHIARA)
    assert not again.is_rooted
    assert not again.leaves_anybody_alone()
    rotate(again)
    assert again.is_rooted
    assert again.key(CHIARA)
    again.close()


# ---- killed at every step --------------------------------------------------------------------------------------------

_STEPS = ("make_epoch_key", "add_epoch", "wrap_anew", "drop_epochs_before", "destroy_epoch_key", "empty_log")
_KILLED = """
import os, sys
from pathlib import Path
from goodwill.protect import KeyStore, keyfiles, keystore, store
folder, step, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
keys = KeyStore.open(folder, clock=lambda: 1)
place = next(module for module in (store, keyfiles) if hasattr(module, step))
does = getattr(place, step)
def killed(*args, **named):
    if when == "before":
        os._exit(9)
    does(*args, **named)
    os._exit(9)
setattr(place, step, killed)
keys.end_epochs_before(keys.begin_epoch())
keys.cut_log()
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", _STEPS)
def test_whoever_is_killed_while_an_epoch_ends_loses_nothing(folder, keys, step, when):
    cipher = Cipher(keys, "shop")
    sealed = cipher.seal(AMINA, "name", "Amina")
    keys.destroy(CHIARA)
    code, complaint = ended(_KILLED, folder, step, when)
    assert code == 9, complaint
    again = KeyStore.open(folder, clock=a_clock)
    assert Cipher(again, "shop").open(AMINA, "name", sealed) == "Amina"
    assert again.state(CHIARA) is KeyState.DESTROYED
    again.create([DEV])
    rotate(again)
    assert Cipher(again, "shop").open(AMINA, "name", sealed) == "Amina"
    assert again.key(DEV)
    assert keyfiles.epoch_keys(folder) == {again.epoch}
    assert len(store.wrapped_epochs(again._raw)) == 1
    again.close()


def test_the_steps_are_all_that_a_rotation_does(folder, keys, monkeypatch):
    done = []
    for step in _STEPS:
        place = next(module for module in (store, keyfiles) if hasattr(module, step))
        does = getattr(place, step)
        monkeypatch.setattr(place, step, lambda *a, s=step, d=does, **n: (done.append(s), d(*a, **n))[1])
    rotate(keys)
    assert list(dict.fromkeys(done)) == list(_STEPS)


# ---- whom to leave alone ---------------------------------------------------------------------------------------------


def test_who_is_left_alone_stays_so_whatever_becomes_of_keys(folder, keys):
    cipher = Cipher(keys, "shop")
    (mark,) = cipher.leave_alone_marks("email", ["chiara@example.org"])
    keys.destroy_all([CHIARA], leave_alone=[mark])
    keys.leave_alone([mark], "unsubscribe")
    rotate(keys)
    assert keys.left_alone(cipher.leave_alone_marks("email", ["chiara@example.org", "amina@example.org"])) == {
        mark: "erasure"
    }
    assert mark != cipher.leave_alone_marks("user_id", ["chiara@example.org"])[0]
    assert keys.leave_alone_no_more([mark]) == 1
    assert not keys.leaves_anybody_alone()


# ---- any order -----------------------------------------------------------------------------------------------------


class Epochs(RuleBasedStateMachine):
    """Whatever happens in whatever order: live keys open their own texts in their own places, destroyed ones never."""

    people = some.integers(1, 5)

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="goodwill-keys-"))
        self.keys = KeyStore.open(self.folder, clock=a_clock)
        self.texts: dict[int, list[tuple[str, Sealed]]] = {}
        self.dead: set[int] = set()
        self.dead_texts: list[tuple[int, Sealed]] = []

    def teardown(self):
        self.keys.close()
        shutil.rmtree(self.folder)

    @property
    def cipher(self):
        return Cipher(self.keys, "shop")

    @rule(person=people, text=some.text(some.characters(exclude_categories=["Cs"]), max_size=9))
    def seal(self, person, text):
        if person in self.dead:
            with pytest.raises(KeyDestroyed):
                self.keys.create([person])
            with pytest.raises(KeyDestroyed):
                self.cipher.seal(person, "name", text)
            return
        self.keys.create([person])
        self.texts.setdefault(person, []).append((text, self.cipher.seal(person, "name", text)))

    @rule(person=people)
    def destroy(self, person):
        self.keys.destroy(person)
        self.dead.add(person)
        self.dead_texts += [(person, sealed) for _, sealed in self.texts.pop(person, [])]

    @rule()
    def begin(self):
        self.keys.begin_epoch()

    @rule()
    def end(self):
        self.keys.end_epochs_before(self.keys.epoch)

    @rule()
    def reopen(self):
        self.keys.close()
        self.keys = KeyStore.open(self.folder, clock=a_clock)

    @rule(person=people, other=people)
    def move(self, person, other):
        """I12: moved to another person, field, shop or epoch, a sealed text opens for nobody."""
        for _, sealed in self.texts.get(person, [])[-1:]:
            for cipher, whose, field, what in (
                (Cipher(self.keys, "other"), person, "name", sealed),
                (self.cipher, person, "email", sealed),
                (self.cipher, person, "name", Sealed(sealed.epoch + 1, sealed.data)),
                *([(self.cipher, other, "name", sealed)] if other != person else []),
            ):
                with pytest.raises((BadInput, KeyDestroyed, KeyMissing)):
                    cipher.open(whose, field, what)

    @invariant()
    def holds(self):
        for person, texts in self.texts.items():
            assert all(self.cipher.open(person, "name", sealed) == text for text, sealed in texts)
        for person, sealed in self.dead_texts:
            with pytest.raises(KeyDestroyed):
                self.cipher.open(person, "name", sealed)
        assert self.keys.tombstones() == len(self.dead)


TestEpochs = Epochs.TestCase
TestEpochs.settings = settings(max_examples=15, stateful_step_count=20)


@pytest.mark.soak
def test_a_hundred_thousand_keys_are_locked_anew_in_seconds(folder, keys):
    keys.create(range(1, 100_001))
    start = time.process_time()
    assert rotate(keys) == 100_000
    assert time.process_time() - start < 10


def test_a_key_file_is_whole_or_not_there(folder, keys):
    (folder / "epoch-7.key").write_bytes(os.urandom(5))
    (folder / "epoch-7.key").chmod(0o600)
    assert keyfiles.epoch_key(folder, 7) is None
