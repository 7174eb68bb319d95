"""A snapshot token: what binds an answer to the words that were shown, without a row written for everybody who looks.

It is signed with a secret of the shop, names the notice, its version, language, region and hash, whom it was shown to
where that is known, and ends by itself. Any other shop, purpose of signing, notice or person makes it worthless.
"""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import BadInput

LASTS = DAY  # a page may lie open overnight
_SALT = "goodwill consent snapshot 1"
_LONGEST = 2_000  # signs


class Fault(StrEnum):
    """What is wrong with a token."""

    CHANGED = "changed"
    EXPIRED = "expired"
    OTHER_PERSON = "other-person"
    OTHER_NOTICE = "other-notice"


class BadSnapshot(BadInput):
    """The answer cannot be tied to what was shown; show the notice again.

    Attributes:
        fault: which it is.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{_SAYS[fault]} Fetch the notice again, show it, and send its new snapshot.")
        self.fault = fault


_SAYS = {
    Fault.CHANGED: "This snapshot was not made by this shop, or was changed.",
    Fault.EXPIRED: "This snapshot is more than a day old.",
    Fault.OTHER_PERSON: "This snapshot was made for somebody else.",
    Fault.OTHER_NOTICE: "This snapshot does not belong to a notice that was published here.",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a token says.

    Attributes:
        kind: of id that the person was known by when the notice was shown; empty: nobody in particular.
        person: keyed hash of that id.
        at: when it was shown.
    """

    notice: str
    version: int
    language: str
    region: str
    hash: str
    at: Micros
    kind: str = ""
    person: str = ""


class Snapshots:
    """Makes and opens the tokens of one shop."""

    def __init__(self, secret: bytes, shop: str) -> None:
        self._secret = secret
        self._shop = shop
        self._signer = URLSafeSerializer(
            secret, salt=f"{_SALT}/{shop}", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def make(self, snapshot: Snapshot) -> str:
        """A token for what is about to be shown."""
        return str(
            self._signer.dumps(
                [
                    snapshot.notice, snapshot.version, snapshot.language, snapshot.region, snapshot.hash, snapshot.at,
                    snapshot.kind, snapshot.person,
                ]
            )
        )  # fmt: skip

    def open(self, token: str, *, now: Micros) -> Snapshot:
        """What a token says, if it is ours and still holds.

        Raises:
            BadSnapshot: it is not, or no more.
        """
        if len(token) > _LONGEST:
            raise BadSnapshot(Fault.CHANGED)
        try:
            said = self._signer.loads(token)
            notice, version, language, region, named, at, kind, person = said
        except (BadData, ValueError, TypeError):
            raise BadSnapshot(Fault.CHANGED) from None
        # The last sign of base64 has bits that mean nothing: two texts would be one token.
        if not hmac.compare_digest(str(self._signer.dumps(said)).encode(), token.encode()):
            raise BadSnapshot(Fault.CHANGED)
        if not at <= now < at + LASTS:
            raise BadSnapshot(Fault.EXPIRED)
        return Snapshot(notice, version, language, region, named, Micros(at), kind, person)

    def person(self, kind: str, value: str) -> str:
        """The keyed hash under which a token names somebody."""
        words = f"{_SALT}/person\x1f{self._shop}\x1f{kind}\x1f{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, words, "sha256").hex()[:32]
