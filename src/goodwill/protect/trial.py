"""The keys of a shop where something is only tried: keys of people whom the try makes lie in memory, and go with it."""

import os
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from goodwill.basics.ids import PersonId
from goodwill.protect.cipher import Cipher
from goodwill.protect.keyfiles import KEY_BYTES
from goodwill.protect.keystore import KeyState, KeyStore, PersonKey


def on_trial(cipher: Cipher) -> Cipher:
    """The same cipher for a try on a copy of the data: it reads the shop's keys and adds none to them."""
    return Cipher(_Trial(cipher.keys), cipher.tenant)


class _Trial(KeyStore):
    """Another shop's keys, opened no second time.

    Others go on making people meanwhile, so a number may be given out twice: in the copy it is whom the try made.
    """

    def __init__(self, keys: KeyStore) -> None:
        vars(self).update(vars(keys))
        self._last = keys.last_person()
        self._made: dict[PersonId, bytes] = {}

    def close(self) -> None:
        """Nothing of it is open by itself."""

    def last_person(self) -> int:
        return self._last

    def create(self, persons: Iterable[PersonId]) -> dict[PersonId, PersonKey]:
        new = {person: os.urandom(KEY_BYTES) for person in sorted(set(persons)) if person > self._last}
        self._made |= new
        self._last = max(new, default=self._last)
        return {person: AESGCM(key) for person, key in new.items()}

    def key(self, person: PersonId) -> PersonKey:
        return AESGCM(self._made[person]) if person in self._made else super().key(person)

    def keys(self, persons: Iterable[PersonId]) -> dict[PersonId, PersonKey]:
        wanted = set(persons)
        mine = {person: AESGCM(self._made[person]) for person in wanted & self._made.keys()}
        return mine | super().keys(wanted - mine.keys())

    def _states(self, persons: Iterable[PersonId]) -> dict[PersonId, KeyState]:
        wanted = set(persons)
        return super()._states(wanted) | dict.fromkeys(wanted & self._made.keys(), KeyState.LIVE)
