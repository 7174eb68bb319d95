"""What RudderStack's library for browsers asks for before it sends anything, in the shape that it checks."""

from typing import Any, Final

import msgspec

from goodwill.web.store import Key

# What it sends along with each event; a browser asks first whether it may.
HEADERS: Final = (
    "anonymousid, sentat, rsa-retry-attempt, rsa-retry-reason, rsa-since-first-attempt, rsa-since-last-attempt"
)


def source_config(key: Key, text: str, reached_at: str) -> bytes:
    """The source that a key of pages is; nothing of it leads to anybody but the shop.

    Args:
        text: the whole key, as the page has it.
        reached_at: where the shop is reached.
    """
    off = {"enabled": False}  # what the library would tell its own makers of its errors and its speed
    source: dict[str, Any] = {
        "id": key.id, "name": key.name, "writeKey": text, "enabled": True, "workspaceId": "goodwill",
        "config": {"statsCollection": {"errors": off, "metrics": off}},
        "destinations": [],  # of other makers, whose scripts it would load into the page
        "dataplanes": {region: [{"url": reached_at, "default": True}] for region in ("EU", "US")},
    }  # fmt: skip
    return msgspec.json.encode({"source": source})
