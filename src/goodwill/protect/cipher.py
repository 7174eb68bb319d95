"""Locks what is personal with the person's own key, bound to the place where it stands.

A sealed text opens only for the shop, person, field and epoch that it was sealed for; moved anywhere else it is as good
as broken. Values to be found again (an e-mail address, a customer number) are looked up by a keyed hash that is locked
anew in each epoch.
"""

import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag

from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.protect.box import Box
from goodwill.protect.framed import framed
from goodwill.protect.keystore import NONCE_BYTES, KeyStore, PersonKey

__all__ = ["Cipher", "KeyStore", "Sealed"]

# A sealed text: one byte for the form, 96 random bits, then AES-256-GCM's ciphertext and tag (NIST SP 800-38D).
_FORM: Final = b"\x01"
_SHORTEST: Final = len(_FORM) + NONCE_BYTES + 16
# Lasting secrets, each with a use of its own.
_IDENTIFIERS: Final = "identifiers"
_LEFT_ALONE: Final = "left alone"


class Sealed(NamedTuple):
    """A text that only its person's key opens, and the epoch that it was sealed in."""

    epoch: int
    data: bytes


class Cipher:
    """Seals, opens and hashes for one shop.

    Args:
        tenant: the shop's own lasting id; two shops with one key store still cannot read each other.
    """

    def __init__(self, keys: KeyStore, tenant: str) -> None:
        self.keys = keys
        self.tenant = tenant
        self._bound = framed("goodwill sealed", 1, tenant)

    def seal(self, person: PersonId, field: str, text: str) -> Sealed:
        """Lock a text for one field of one person.

        Raises:
            KeyDestroyed: the person was erased.
            KeyMissing: no key was ever made for the person.
            BadInput: the text is broken Unicode.
        """
        epoch = self.keys.epoch
        place, nonce = self._place(person, field, epoch), os.urandom(NONCE_BYTES)
        return Sealed(epoch, self._locked(self.keys.key(person), nonce, place, field, text))

    def seal_many(
        self, rows: Iterable[tuple[PersonId, str, str]], *, made: Mapping[PersonId, PersonKey] | None = None
    ) -> list[Sealed]:
        """Lock many texts, each given as person, field, text; 100,000 take about half a second.

        Args:
            made: keys that this very unit of work made, which nobody else can have destroyed yet.

        Raises:
            KeyDestroyed, KeyMissing, BadInput: as `seal`, for any of them; then none is sealed.
        """
        wanted, ready = list(rows), made or {}
        epoch, keys = self.keys.epoch, self.keys.keys({person for person, _, _ in wanted} - ready.keys())
        keys.update(ready)
        chance = os.urandom(NONCE_BYTES * len(wanted))
        ends = {field: framed(field, epoch) for field in {field for _, field, _ in wanted}}
        nonces = (chance[place : place + NONCE_BYTES] for place in range(0, len(chance), NONCE_BYTES))
        return [
            Sealed(epoch, self._locked(keys[person], nonce, self._bound + framed(person) + ends[field], field, text))
            for nonce, (person, field, text) in zip(nonces, wanted, strict=True)
        ]

    def open(self, person: PersonId, field: str, sealed: Sealed) -> str:
        """The text that was sealed for this field of this person.

        Raises:
            KeyDestroyed: the person was erased.
            KeyMissing: no key was ever made, or this is not the key store that belongs to the data.
            BadInput: the bytes were changed, or belong to another person, field, shop or epoch.
        """
        return self._unlocked(self.keys.key(person), person, field, sealed)

    def open_many(self, rows: Iterable[tuple[PersonId, str, Sealed]]) -> list[str]:
        """The texts of many, each given as person, field and what was sealed.

        Raises:
            KeyDestroyed, KeyMissing, BadInput: as `open`, for any of them.
        """
        wanted = list(rows)
        keys = self.keys.keys(person for person, _, _ in wanted)
        return [self._unlocked(keys[person], person, field, sealed) for person, field, sealed in wanted]

    def box(self, use: str) -> Box:
        """What seals for nobody known yet, for one use of this shop."""
        return Box(self.keys, self.tenant, use)

    def lookup(self, kind: str, value: str, *, epoch: int | None = None) -> bytes:
        """What a value of some kind is found again by in an epoch (48 bytes; the current one, unless given).

        A keyed hash under a lasting secret, locked with the epoch's own: so it can be locked anew without the value
        (`look_up_anew`), and once an epoch has ended, nobody can ask an old copy of the data whether a value is in it.

        Raises:
            BadInput: the value is broken Unicode.
            KeyMissing: the epoch has ended.
        """
        return self.lookup_many(kind, [value], epoch=epoch)[0]

    def lookup_many(self, kind: str, values: Sequence[str], *, epoch: int | None = None) -> list[bytes]:
        """What many values of one kind are found again by, in their order."""
        lock = self.keys.index_lock(self.keys.epoch if epoch is None else epoch)
        bound = [framed("goodwill lookup", self.tenant, kind)]
        return [lock.encrypt(mark, bound) for mark in self._marks(_IDENTIFIERS, kind, values)]

    def look_up_anew(self, kind: str, lookups: Sequence[bytes], old: int, new: int) -> list[bytes]:
        """The same values' lookups in another epoch, without knowing the values.

        Raises:
            BadInput: one of them was changed, or is not of that kind or epoch.
            KeyMissing: one of the epochs has ended.
        """
        before, after = self.keys.index_lock(old), self.keys.index_lock(new)
        bound = [framed("goodwill lookup", self.tenant, kind)]
        try:
            return [after.encrypt(before.decrypt(bytes(lookup), bound), bound) for lookup in lookups]
        except InvalidTag:
            raise BadInput(
                f"What an id of the kind '{kind}' is found by does not open: it was changed, or is of another epoch "
                f"than {old}. Restore the row from a backup."
            ) from None

    def leave_alone_marks(self, kind: str, values: Sequence[str]) -> list[bytes]:
        """What values of one kind are known by on the list of those to be left alone: hashes that last (32 bytes)."""
        return self._marks(_LEFT_ALONE, kind, values)

    def _marks(self, use: str, kind: str, values: Sequence[str]) -> list[bytes]:
        begun = hmac.new(self.keys.secret(use), framed(f"goodwill {use}", self.tenant, kind), "sha256")
        try:
            return [_ended(begun, framed(value)) for value in values]
        except UnicodeEncodeError as error:
            raise _broken(kind, error) from None

    def _locked(self, key: PersonKey, nonce: bytes, place: bytes, field: str, text: str) -> bytes:
        try:
            return _FORM + nonce + key.encrypt(nonce, text.encode(), place)
        except UnicodeEncodeError as error:
            raise _broken(field, error) from None

    def _unlocked(self, key: PersonKey, person: PersonId, field: str, sealed: Sealed) -> str:
        data = bytes(sealed.data)
        if data[:1] != _FORM or len(data) < _SHORTEST:
            raise BadInput(
                f"What is stored as '{field}' of person {person} was not sealed by this version of goodwill."
            )
        nonce, locked = data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
        try:
            return key.decrypt(nonce, locked, self._place(person, field, sealed.epoch)).decode()
        except InvalidTag:
            raise BadInput(
                f"What is stored as '{field}' of person {person} does not open: it was changed, or moved here from "
                "another person, field, shop or epoch. Restore the row from a backup."
            ) from None

    def _place(self, person: PersonId, field: str, epoch: int) -> bytes:
        return self._bound + framed(person, field, epoch)


def _ended(begun: hmac.HMAC, rest: bytes) -> bytes:
    """The keyed hash of a text that many have begun with."""
    hashed = begun.copy()
    hashed.update(rest)
    return hashed.digest()


def _broken(what: str, error: UnicodeEncodeError) -> BadInput:
    return BadInput(f"The text for '{what}' is broken Unicode at character {error.start + 1}; save it as UTF-8 again.")
