"""A key for each person, kept apart from the data: whoever destroys it has erased what it locked, everywhere.

Three layers, each locking the next: the master key (a file, or bytes from the environment) together with the epoch's
key (a file that is destroyed when the epoch ends), the secret of the epoch, and a person's key. When an epoch ends,
every live key is locked anew in the next one; what was copied out of the store before opens for nobody any more.

A key is live, destroyed or never created. Destroyed is for ever: a late event of an erased person finds a tombstone and
no new key. No unlocked key is kept in memory: each use reads the person's row again, which costs 5 µs, where asking
whether a key kept from before is still good would cost 3. So a key that any process destroys is gone for all of them at
once. Only whoever makes people has their new keys at hand until it commits: nobody else knows these people yet.
"""

import os
import secrets
import threading
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection

from goodwill.basics.clock import Clock, Micros, iso
from goodwill.basics.errors import Conflict, KeyDestroyed, KeyMissing
from goodwill.basics.ids import PersonId
from goodwill.protect import keyfiles, store
from goodwill.protect.framed import framed
from goodwill.protect.keyfiles import KEY_BYTES
from goodwill.protect.signing import Signer
from goodwill.storage.engine import Database, connect, driver

_AT_ONCE: Final = 20_000  # keys that are locked anew in one go
_TRIES: Final = 5  # looks at the epochs while another process ends one
NONCE_BYTES: Final = 12  # 96 random bits: safe for 2^32 messages under one key (NIST SP 800-38D, 8.3)

PersonKey: TypeAlias = AESGCM  # a person's key, ready for use


class KeyState(StrEnum):
    """Whether a person's data can be read, could once be read, or never had a key."""

    NEVER_CREATED = "never-created"
    LIVE = "live"
    DESTROYED = "destroyed"


_STATES = {store.State.LIVE: KeyState.LIVE, store.State.DESTROYED: KeyState.DESTROYED}


class KeyStore:
    """The keys of one shop. Safe to use from many threads and processes; open it anew after a fork."""

    def __init__(self, database: Database, master: bytes, clock: Clock, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._master = master
        self._clock = clock
        self._held, self._raw = store.held_open(database)
        self._lock = threading.Lock()  # one question at a time on the connection that is held for reading
        self._secrets: dict[int, _Epoch] = {}

    @classmethod
    def open(cls, folder: Path, *, clock: Clock, master: bytes | None = None) -> "KeyStore":
        """Open the key store in a folder (``keys.db``, ``master.key``, ``epoch-N.key``); the first time, make it.

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
            given = keyfiles.master_key(folder, master, must_exist=_has_epochs(database))
            keys = cls(database, given, clock, folder)
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

    @property
    def epochs(self) -> frozenset[int]:
        """The epochs that have not ended."""
        self._load()
        return frozenset(self._secrets)

    @property
    def epoch_begun_at(self) -> Micros:
        """When the current epoch began."""
        with self._lock:
            return Micros(store.epoch_begun_at(self._raw, self.epoch))

    @property
    def is_between_epochs(self) -> bool:
        """Whether a new epoch has begun and the one before has not ended."""
        return len(self.epochs) > 1

    @property
    def is_rooted(self) -> bool:
        """Whether the current epoch has a key of its own; those of the first versions of goodwill had none."""
        return self.epoch in keyfiles.epoch_keys(self._folder)

    def index_lock(self, epoch: int) -> AESSIV:
        """What locks keyed hashes in an epoch: the same bytes give the same bytes (RFC 5297)."""
        return self._epoch(epoch).index

    def check(self) -> None:
        """Read the epochs again and unlock them.

        Raises:
            KeyMissing: the store cannot be unlocked any more.
        """
        self._load()

    def begin_epoch(self) -> int:
        """Begin a new epoch beside the current one, and give its number; one that had begun goes on.

        New keys are locked in it at once. Until `end_epochs_before`, both open.
        """
        with self._database.transaction() as connection:
            known = store.wrapped_epochs(driver(connection))
            if len(known) == 1:
                self._add_epoch(connection, max(known) + 1)
        self._load()
        return self.epoch

    def end_epochs_before(self, number: int) -> int:
        """Lock every live key in an epoch and destroy the earlier ones; tell how many keys that were.

        All in one transaction; then the earlier epochs' key files go. Killed between the two, the next opening of the
        store does the rest. Afterwards `cut_log`.

        Raises:
            KeyMissing: a key does not open; then nothing is changed.
        """
        epoch = self._epoch(number)
        with self._database.transaction() as connection:
            raw, many, last = driver(connection), 0, -1
            while lines := store.live_before(raw, number, after=last, limit=_AT_ONCE):
                store.wrap_anew(connection, [self._wrapped_anew(line, epoch) for line in lines])
                many, last = many + len(lines), lines[-1].person
            store.drop_epochs_before(connection, number)
        self._load()
        self._sweep()
        return many

    def cut_log(self) -> bool:
        """Cut what was overwritten out of the write-ahead log; False while somebody still reads an old page."""
        return store.empty_log(self._database)

    def _wrapped_anew(self, line: store.Line, epoch: "_Epoch") -> tuple[int, bytes, int]:
        key = self._unwrapped(PersonId(line.person), line)
        return epoch.number, epoch.wrap(PersonId(line.person), key), line.person

    def _start(self) -> None:
        with self._database.transaction() as connection:
            if not store.wrapped_epochs(driver(connection)):
                self._add_epoch(connection, 1)
        self._load()
        self._sweep()

    def _add_epoch(self, connection: Connection, number: int) -> None:
        """Its key comes first: a row without one would open for nobody, a key without a row is taken up again."""
        root = keyfiles.make_epoch_key(self._folder, number)
        wrapped = _wrap(self._lock_of(number, root), secrets.token_bytes(KEY_BYTES), framed("goodwill epoch", number))
        store.add_epoch(connection, number, wrapped, self._clock())

    def _sweep(self) -> None:
        """Destroy the key files of epochs that have ended."""
        for number in keyfiles.epoch_keys(self._folder):
            if number < self.epoch and number not in self._secrets:
                keyfiles.destroy_epoch_key(self._folder, number)

    def _load(self) -> None:
        for _ in range(_TRIES):
            with self._lock:
                wrapped = store.wrapped_epochs(self._raw)
            try:
                self._secrets = {number: self._unlocked(number, data) for number, data in wrapped.items()}
            except KeyMissing:
                with self._lock:
                    ended_meanwhile = store.wrapped_epochs(self._raw) != wrapped
                if not ended_meanwhile:
                    raise
            else:
                return

    def _unlocked(self, number: int, data: bytes) -> "_Epoch":
        root = keyfiles.epoch_key(self._folder, number)
        # The first versions locked an epoch with the master key alone; such a row opens without a key of its epoch.
        lock = self._lock_of(number, root) if root is not None else AESGCM(self._master)
        try:
            return _Epoch(number, _unwrap(lock, data, framed("goodwill epoch", number)))
        except InvalidTag:
            raise KeyMissing(self._why_locked(number, has_root=root is not None)) from None

    def _lock_of(self, number: int, root: bytes) -> AESGCM:
        use = framed("goodwill epoch lock", number)
        return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=root, info=use).derive(self._master))

    def _why_locked(self, number: int, *, has_root: bool) -> str:
        file = self._database.file
        if has_root:
            return (
                f"The master key does not open the key store {file}. Put back the master key that belongs to it, or "
                "restore the key store that belongs to this master key."
            )
        root, others = keyfiles.epoch_key_file(self._folder, number), keyfiles.epoch_keys(self._folder)
        there = f"; the one that is there is of epoch {max(others)}" if others else ""
        return (
            f"The key store {file} is of epoch {number}, and its key {root} is missing{there}. It was destroyed when "
            "that epoch ended, and every older copy of the store with it. Put back the newest keys.db with the epoch "
            "key that belongs to it, or the master key if that was changed."
        )

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
                    wrapped = _wrap(AESGCM(self._master), secrets.token_bytes(KEY_BYTES), bound_to)
                    store.add_secret(connection, name, wrapped, self._clock())
        try:
            return _unwrap(AESGCM(self._master), wrapped, bound_to)
        except InvalidTag:
            raise KeyMissing(
                f"The secret for {name} in {self._database.file} was changed from outside. Restore the key store."
            ) from None

    def signer(self, name: str) -> Signer:
        """The signer whose secret has a name."""
        return Signer(self.secret(name))

    # ---- what was last known of the data ----------------------------------------------------------------------------

    def last_said(self, name: str) -> str:
        """What was last said of something by name; "" for nothing, as in a store that an earlier version made."""
        with self._lock:
            return store.last_said(self._raw, name)

    def keep_last(self, name: str, said: str, *, generation: int = 0, size: int = 0) -> None:
        """Keep what was said of something, lasting when this returns, so that an older database is known as one.

        What is of a later generation, or longer, is not replaced by less.
        """
        if self.last_said(name) != said:
            with self._database.transaction() as connection:
                store.keep_last(connection, name, generation, size, said)

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

    def destroyed(self) -> list[PersonId]:
        """Everybody whose key was destroyed."""
        with self._lock:
            return [PersonId(person) for person in store.destroyed(self._raw)]

    def tombstones(self) -> int:
        """How many keys were ever destroyed."""
        with self._lock:
            return store.count_destroyed(self._raw)

    def has_destroyed_in_epoch(self) -> bool:
        """Whether a key of the current epoch was destroyed: older copies of the store still hold it, until it ends."""
        with self._lock:
            return store.any_destroyed_in(self._raw, self.epoch)

    def _states(self, persons: Iterable[PersonId]) -> dict[PersonId, KeyState]:
        with self._lock:
            states = store.states_of(self._raw, persons)
        return {PersonId(person): _STATES[store.State(state)] for person, state in states.items()}

    # ---- life and death --------------------------------------------------------------------------------------------

    def create(self, persons: Iterable[PersonId]) -> dict[PersonId, PersonKey]:
        """Make keys for people who have none; durable when this returns. A person who has one keeps it.

        Gives the new ones, ready for use in the unit of work that makes these people, and for nothing after it.

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
            chance = os.urandom(KEY_BYTES * len(new))
            keys = [chance[place : place + KEY_BYTES] for place in range(0, len(chance), KEY_BYTES)]
            store.add_lines(connection, self._new_lines(new, keys, self._newest(connection)))
        return {person: AESGCM(key) for person, key in zip(new, keys, strict=True)}

    def _newest(self, connection: Connection) -> "_Epoch":
        """The epoch that is current in this very transaction: in one that has ended nothing may be locked any more."""
        return self._epoch(max(store.wrapped_epochs(driver(connection))))

    def _new_lines(self, persons: list[PersonId], keys: list[bytes], epoch: "_Epoch") -> Iterable[store.Line]:
        now = self._clock()
        for person, key in zip(persons, keys, strict=True):
            yield store.Line(person, epoch.number, epoch.wrap(person, key), store.State.LIVE, now)

    def destroy(self, person: PersonId) -> None:
        """Destroy a person's key for good; see `destroy_all`."""
        self.destroy_all([person])

    def destroy_all(
        self, persons: Iterable[PersonId], *, leave_alone: Iterable[bytes] = (), why: str = "erasure"
    ) -> None:
        """Destroy the keys of some people for good: overwritten in the file, and cut out of its write-ahead log.

        Somebody who never had a key is marked as destroyed too. Doing it twice does no harm.

        Args:
            leave_alone: marks of ids that are put on that list in the same transaction; see `leave_alone`.

        Raises:
            Conflict: the keys are destroyed for every use, but a reader kept the write-ahead log from being cut.
        """
        with self._database.transaction() as connection:
            newest = max(store.wrapped_epochs(driver(connection)))
            store.overwrite(connection, persons, epoch=newest, now=self._clock())
            store.add_left_alone(connection, leave_alone, why, self._clock())
        if not self.cut_log():
            raise Conflict(
                f"The keys are destroyed and cannot be used any more, but a copy is still in the write-ahead log of "
                f"{self._database.file} because somebody is reading it. Destroy them again in a moment."
            )

    # ---- whom to leave alone ---------------------------------------------------------------------------------------

    def leave_alone(self, marks: Iterable[bytes], why: str) -> None:
        """Put marks of ids on the list of those to be left alone; it outlasts the keys and older data put back."""
        with self._database.transaction() as connection:
            store.add_left_alone(connection, marks, why, self._clock())

    def left_alone(self, marks: Iterable[bytes]) -> dict[bytes, str]:
        """Which of some marks are on the list, and why: erasure · unsubscribe · objection."""
        with self._lock:
            return store.left_alone_among(self._raw, marks)

    def leaves_anybody_alone(self) -> bool:
        """Whether there is anything on the list."""
        with self._lock:
            return store.any_left_alone(self._raw)

    def leave_alone_no_more(self, marks: Iterable[bytes]) -> int:
        """Take marks off the list, and tell how many stood there."""
        with self._database.transaction() as connection:
            return store.drop_left_alone(connection, marks)

    def leave_alone_for_mail_only(self, marks: Iterable[bytes]) -> None:
        """Let marks of ids that an erasure put on the list come in again; nobody may write to them all the same."""
        with self._database.transaction() as connection:
            store.leave_alone_for_mail_only(connection, marks)

    # ---- use -------------------------------------------------------------------------------------------------------

    def key(self, person: PersonId) -> PersonKey:
        """A person's key, ready for use; do not keep it.

        Raises:
            KeyDestroyed: the person was erased.
            KeyMissing: no key was ever made.
        """
        with self._lock:
            line = store.line_of(self._raw, person)
        return self._opened(person, line)

    def keys(self, persons: Iterable[PersonId]) -> dict[PersonId, PersonKey]:
        """The keys of some people, ready for use; do not keep them.

        Raises:
            KeyDestroyed: one of them was erased.
            KeyMissing: no key was ever made for one of them.
        """
        wanted = set(persons)
        with self._lock:
            lines = store.lines_of(self._raw, wanted)
        return {person: self._opened(person, lines.get(person)) for person in wanted}

    def _opened(self, person: PersonId, line: store.Line | None) -> PersonKey:
        if line is None:
            raise KeyMissing(
                f"There is no key for person {person}: none was made, or {self._database.file} is not the key store "
                "that belongs to this data."
            )
        if line.state != store.State.LIVE:
            raise KeyDestroyed(_destroyed(person, line.changed_at))
        return AESGCM(self._unwrapped(person, line))

    def _unwrapped(self, person: PersonId, line: store.Line) -> bytes:
        try:
            return self._epoch(line.epoch).unwrap(person, line.wrapped)
        except InvalidTag:
            raise KeyMissing(
                f"The key of person {person} in {self._database.file} was changed from outside and opens nothing. "
                "Restore the key store."
            ) from None


class _Epoch:
    """The keys that one epoch's secret gives: one locks people's keys, the other what is looked up (RFC 5869)."""

    def __init__(self, number: int, secret: bytes) -> None:
        self.number = number
        self._use, self._end = framed("goodwill person key"), framed(number)
        self.index = AESSIV(_derived(secret, framed("goodwill index lock", number), 2 * KEY_BYTES))
        self._people = AESGCM(_derived(secret, framed("goodwill person keys", number)))

    def wrap(self, person: PersonId, key: bytes) -> bytes:
        return _wrap(self._people, key, self._use + framed(person) + self._end)

    def unwrap(self, person: PersonId, wrapped: bytes) -> bytes:
        return _unwrap(self._people, wrapped, self._use + framed(person) + self._end)


def _derived(secret: bytes, use: bytes, length: int = KEY_BYTES) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=use).derive(secret)


def _wrap(by: AESGCM, key: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + by.encrypt(nonce, key, bound_to)


def _unwrap(by: AESGCM, wrapped: bytes, bound_to: bytes) -> bytes:
    return by.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to)


def _destroyed(person: PersonId, at: int | None = None) -> str:
    when = f" on {iso(at)}" if at is not None else ""
    return f"The key of person {person} was destroyed{when}; what it locked is gone for good."


def _has_epochs(database: Database) -> bool:
    with database.reading() as connection:
        return bool(store.wrapped_epochs(driver(connection)))
