"""Links in letters that can only make the shop do less: take one consent back, pause, write less often.

Whoever finds such a link, a scanner, a neighbour, an archive, can do no more harm than that. It names nobody in clear,
never runs out, and pressing it twice or in another order comes to the same.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum

from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.protect import Box

USE = "ratchet links"
_PLACE = "link"
_LONGEST = 400


class Less(StrEnum):
    """What a link does."""

    WITHDRAW = "withdraw"
    PAUSE = "pause"
    FEWER = "fewer"


@dataclass(frozen=True, slots=True)
class Link:
    """What one link may do, and for whom.

    Attributes:
        purpose: which consent it takes back; "" for the others.
    """

    person: PersonId
    less: Less
    purpose: str = ""


def token(box: Box, link: Link) -> str:
    """The part of the address that says all this, sealed."""
    sealed = box.seal(json.dumps([link.person, link.less, link.purpose]), _PLACE)
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read(box: Box, text: str) -> Link | None:
    """What a link may do; None where it is not one of ours."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        person, less, purpose = json.loads(box.open(sealed, _PLACE))
    except (binascii.Error, BadInput, ValueError):
        return None
    return Link(PersonId(person), Less(less), purpose)
