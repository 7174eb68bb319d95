"""A key for each person, kept apart from the data: whoever destroys it has erased what it locked, everywhere.

Three layers, each locking the next: the master key (a file, or bytes from the environment), the secret of an epoch, and
a person's key. A key is live, destroyed or never created. Destroyed is for ever: a late event of an erased person
finds a tombstone and no new key. No unlocked key is kept in memory: each use reads the person's row again, which costs
5 µs, where asking whether a key kept from before is still good would cost 3. So a key that any process destroys is gone
for all of them at once.
"""

import os
import secrets
import threading
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from goodwill.basics.clock import Clock, iso
from goodwill.basics.errors import BadInput, Conflict, KeyDestroyed, KeyMissing
from goodwill.basics.ids import PersonId
from goodwill.protect import store
from goodwill.protect.framed import framed
from goodwill.protect.signing import Signer
from goodwill.storage.engine import Database, connect, driver

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12  # 96 random bits: safe for 2^32 messages under one key (NIST SP 800-38D, 8.3)


class KeyState(StrEnum):
    """Whether a person's data can be read, could once be read, or never had a key."""

    NEVER_CREATED = "never-created"
    LIVE = "live"
    DESTROYED = "destroyed"


_STATES = {store.State.LIVE: KeyState.LIVE, store.State.DESTROYED: KeyState.DESTROYED}


class KeyStore:
    """The keys of one shop. Safe to use from many threads and processes; open it anew after a fork."""

    def __init__(self, database: Database, master: bytes, clock: Clock) -> None:
        self._database = database
        self._master = AESGCM(master)
        self._clock = clock
        self._held, self._raw = store.held_open(database)
        self._lock = threading.Lock()  # one question at a time on the connection that is held for reading
        self._secrets: dict[int, _Epoch] = {}

    @classmethod
    def open(cls, folder: Path, *, clock: Clock, master: bytes | None = None) -> "KeyStore":
        """Open the key store in a folder (``keys.db``, ``master.key``); the first time, make it.

        Args:
            master: 32 bytes in place of the file; then no file is read or written.

        Raises:
            KeyMissing: the master key is not the one that this store was made with, or it is gone.
            BadInput: the master key is not 32 bytes, or others on this machine can read its file.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = connect(folder / "keys.db")
        try:
            with database.transaction() as connection:
                store.make_tables(connection)
            keys = cls(database, _master_key(folder, master, must_exist=_has_epochs(database)), clock)
            keys._start()
        except BaseException:
            database.close()
            raise
        return keys

    def close(self) -> None:
        self._held.close()
        self._database.close()

    # ---- epochs ----------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The number of the current epoch."""
        return max(self._secrets)

    def index_key(self, epoch: int) -> bytes:
        """The key for keyed hashes in an epoch: 32 bytes."""
        return self._epoch(epoch).index_key

    def check(self) -> None:
        """Read the epochs again and unlock them.

        Raises:
            KeyMissing: the store cannot be unlocked any more.
        """
        self._load()

    def _start(self) -> None:
        with self._database.transaction() as connection:
            if not store.wrapped_epochs(driver(connection)):
                wrapped = _wrap(self._master, secrets.token_bytes(KEY_BYTES), framed("goodwill epoch", 1))
                store.add_epoch(connection, 1, wrapped, self._clock())
        self._load()

    def _load(self) -> None:
        with self._lock:
            wrapped = store.wrapped_epochs(self._raw)
        self._secrets = {number: self._unlocked(number, data) for number, data in wrapped.items()}

    def _unlocked(self, number: int, data: bytes) -> "_Epoch":
        try:
            return _Epoch(number, _unwrap(self._master, data, framed("goodwill epoch", number)))
        except InvalidTag:
            raise KeyMissing(
                f"The master key does not open the key store {self._database.file}. Put back the master key that "
                "belongs to it, or restore the key store that belongs to this master key."
            ) from None

    def _epoch(self, number: int) -> "_Epoch":
        if number not in self._secrets:
            self._load()  # another process may have begun it
        try:
            return self._secrets[number]
        except KeyError:
            raise KeyMissing(
                f"Epoch {number} is not in the key store {self._database.file}: it was destroyed, or the store is not "
                "the one that belongs to this data."
            ) from None

    # ---- the shop's own secrets -------------------------------------------------------------------------------------

    def secret(self, name: str) -> bytes:
        """32 random bytes for one use (``"ratchet links"``), the same for ever; made at the first use.

        Raises:
            KeyMissing: it was changed from outside.
        """
        with self._lock:
            wrapped = store.wrapped_secret(self._raw, name)
        bound_to = framed("goodwill secret", name)
        if wrapped is None:
            with self._database.transaction() as connection:  # of two who ask first, one makes it
                wrapped = store.wrapped_secret(driver(connection), name)
                if wrapped is None:
                    wrapped = _wrap(self._master, secrets.token_bytes(KEY_BYTES), bound_to)
                    store.add_secret(connection, name, wrapped, self._clock())
        try:
            return _unwrap(self._master, wrapped, bound_to)
        except InvalidTag:
            raise KeyMissing(
                f"The secret for {name} in {self._database.file} was changed from outside. Restore the key store."
            ) from None

    def signer(self, name: str) -> Signer:
        """The signer whose secret has a name."""
        return Signer(self.secret(name))

    # ---- states ----------------------------------------------------------------------------------------------------

    def state(self, person: PersonId) -> KeyState:
        """Whether a person's key is live, destroyed, or was never created."""
        return self._states([person]).get(person, KeyState.NEVER_CREATED)

    def live(self, persons: Iterable[PersonId]) -> set[PersonId]:
        """Those of some people whose key is live."""
        return {person for person, state in self._states(persons).items() if state is KeyState.LIVE}

    def last_person(self) -> int:
        """The highest number of a person that this store has ever heard of; 0 while there is none."""
        with self._lock:
            return store.last_person(self._raw)

    def _states(self, persons: Iterable[PersonId]) -> dict[PersonId, KeyState]:
        with self._lock:
            states = store.states_of(self._raw, persons)
        return {PersonId(person): _STATES[store.State(state)] for person, state in states.items()}

    # ---- life and death --------------------------------------------------------------------------------------------

    def create(self, persons: Iterable[PersonId]) -> None:
        """Make keys for people who have none; durable when this returns. A person who has one keeps it.

        Raises:
            KeyDestroyed: one of them was erased; then no key is made for anybody.
        """
        wanted = sorted(set(persons))
        with self._database.transaction() as connection:
            known = store.states_of(driver(connection), wanted)
            gone = [person for person in wanted if known.get(person) == store.State.DESTROYED]
            if gone:
                raise KeyDestroyed(_destroyed(gone[0]) + " No new key is ever made for an erased person.")
            new = [person for person in wanted if person not in known]
            store.add_lines(connection, self._new_lines(new))

    def _new_lines(self, persons: list[PersonId]) -> Iterable[store.Line]:
        epoch, now = self._epoch(self.epoch), self._clock()
        keys = os.urandom(KEY_BYTES * len(persons))
        for place, person in enumerate(persons):
            key = keys[KEY_BYTES * place : KEY_BYTES * (place + 1)]
            yield store.Line(person, epoch.number, epoch.wrap(person, key), store.State.LIVE, now)

    def destroy(self, person: PersonId) -> None:
        """Destroy a person's key for good; see `destroy_all`."""
        self.destroy_all([person])

    def destroy_all(self, persons: Iterable[PersonId]) -> None:
        """Destroy the keys of some people for good: overwritten in the file, and cut out of its write-ahead log.

        Somebody who never had a key is marked as destroyed too. Doing it twice does no harm.

        Raises:
            Conflict: the keys are destroyed for every use, but a reader kept the write-ahead log from being cut.
        """
        with self._database.transaction() as connection:
            store.overwrite(connection, persons, epoch=self.epoch, now=self._clock())
        if not store.empty_log(self._database):
            raise Conflict(
                f"The keys are destroyed and cannot be used any more, but a copy is still in the write-ahead log of "
                f"{self._database.file} because somebody is reading it. Destroy them again in a moment."
            )

    # ---- use -------------------------------------------------------------------------------------------------------

    def key(self, person: PersonId) -> AESGCM:
        """A person's key, ready for use; do not keep it.

        Raises:
            KeyDestroyed: the person was erased.
            KeyMissing: no key was ever made.
        """
        with self._lock:
            line = store.line_of(self._raw, person)
        return self._opened(person, line)

    def keys(self, persons: Iterable[PersonId]) -> dict[PersonId, AESGCM]:
        """The keys of some people, ready for use; do not keep them.

        Raises:
            KeyDestroyed: one of them was erased.
            KeyMissing: no key was ever made for one of them.
        """
        wanted = set(persons)
        with self._lock:
            lines = store.lines_of(self._raw, wanted)
        return {person: self._opened(person, lines.get(person)) for person in wanted}

    def _opened(self, person: PersonId, line: store.Line | None) -> AESGCM:
        if line is None:
            raise KeyMissing(
                f"There is no key for person {person}: none was made, or {self._database.file} is not the key store "
                "that belongs to this data."
            )
        if line.state != store.State.LIVE:
            raise KeyDestroyed(_destroyed(person, line.changed_at))
        try:
            return AESGCM(self._epoch(line.epoch).unwrap(person, line.wrapped))
        except InvalidTag:
            raise KeyMissing(
                f"The key of person {person} in {self._database.file} was changed from outside and opens nothing. "
                "Restore the key store."
            ) from None


class _Epoch:
    """The keys that one epoch's secret gives: one locks people's keys, the other hashes (RFC 5869)."""

    def __init__(self, number: int, secret: bytes) -> None:
        self.number = number
        self.index_key = _derived(secret, framed("goodwill index key", number))
        self._people = AESGCM(_derived(secret, framed("goodwill person keys", number)))

    def wrap(self, person: PersonId, key: bytes) -> bytes:
        return _wrap(self._people, key, framed("goodwill person key", person, self.number))

    def unwrap(self, person: PersonId, wrapped: bytes) -> bytes:
        return _unwrap(self._people, wrapped, framed("goodwill person key", person, self.number))


def _derived(secret: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use).derive(secret)


def _wrap(by: AESGCM, key: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + by.encrypt(nonce, key, bound_to)


def _unwrap(by: AESGCM, wrapped: bytes, bound_to: bytes) -> bytes:
    return by.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to)


def _destroyed(person: PersonId, at: int | None = None) -> str:
    when = f" on {iso(at)}" if at is not None else ""
    return f"The key of person {person} was destroyed{when}; what it locked is gone for good."


# ---- the master key ------------------------------------------------------------------------------------------------


def _has_epochs(database: Database) -> bool:
    with database.reading() as connection:
        return bool(store.wrapped_epochs(driver(connection)))


def _master_key(folder: Path, given: bytes | None, *, must_exist: bool) -> bytes:
    file = folder / "master.key"
    if given is None and not file.exists():
        if must_exist:
            raise KeyMissing(
                f"The key store in {folder} was made with a master key that is not there. Put back {file}, or hand "
                "over the key from where you keep it; without it nothing that it locked can be read."
            )
        _make_master_key(file)
    key = given if given is not None else _read_master_key(file)
    if len(key) != KEY_BYTES:
        raise BadInput(
            f"A master key is {KEY_BYTES} bytes; {'the one given' if given is not None else file} has {len(key)}."
        )
    return key


def _read_master_key(file: Path) -> bytes:
    if os.name == "posix" and file.stat().st_mode & 0o077:
        raise BadInput(f"Others on this machine may read {file}. Take that from them first: chmod 600 {file}")
    return file.read_bytes()


def _make_master_key(file: Path) -> None:
    """Write 32 random bytes, whole and lasting or not at all; of two processes that try, the first one's stay."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(KEY_BYTES))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    _make_lasting(file.parent)


def _make_lasting(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
