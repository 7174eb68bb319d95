"""RudderStack's pixel: a message in the address of a picture, for places where nothing but pictures is loaded.

The picture comes whatever becomes of the message: whoever looks at it can do nothing about it.
"""

from base64 import b64decode
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import uuid4

import msgspec

PATHS: Final = ("/pixel/v1/page", "/pixel/v1/track")
# One pixel that nobody sees.
GIF: Final = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_MOST: Final = 100  # words of one address
_DEEPEST: Final = 4  # dots in one name


def message_of(query: bytes) -> tuple[str, bytes]:
    """The key and the message that an address holds: ``properties.path`` is the word ``path`` of the properties.

    Raises:
        ValueError: it holds too much, or what is no text.
    """
    words = parse_qsl(query.decode("ascii"), max_num_fields=_MOST, errors="strict")
    said: dict[str, Any] = {}
    for name, word in words:
        _put(said, name.split(".", _DEEPEST), word)
    key = said.pop("writeKey", "")
    if isinstance(device := said.get("anonymousId"), str):
        said["anonymousId"] = device.strip('"')  # as AMP pages write it
    said.setdefault("messageId", str(uuid4()))  # nobody sends a picture's address a second time by itself
    return str(key), msgspec.json.encode(said)


def _put(said: dict[str, Any], path: list[str], word: str) -> None:
    """Put a word where its name says, if nothing stands there; the first one counts."""
    for step in path[:-1]:
        inner = said.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        said = inner
    said.setdefault(path[-1], word)
