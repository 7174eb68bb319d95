"""What a shop has not said of itself yet, and what customers get wrong or not at all meanwhile."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from goodwill.cli.findings import Finding, State

if TYPE_CHECKING:
    from goodwill.app import Settings

# By setting: what breaks without it, and what it looks like.
_BREAKS: Final = {
    "base_url": (
        "links in letters, receipts and the privacy centre lead to http://127.0.0.1:{port}, which only we can open",
        "https://shop.example",
    ),
    "contact_email": (
        "receipts say 'not stated', and the privacy centre names nobody to write to",
        "privacy@shop.example",
    ),
    "postal_address": ("receipts say 'not stated' where the law asks who answers for the data", "Via Roma 1, Milano"),
    "smtp_host": (
        "letters wait in the outbox: nobody can sign in to the privacy centre, prove a request or confirm a consent",
        "mail.shop.example",
    ),
}


def unsaid(settings: "Settings") -> Iterator[Finding]:
    """A line for each setting that is empty, and without which something is wrong for customers."""
    for name, (breaks, such_as) in _BREAKS.items():
        if not getattr(settings, name):
            found = f"{name} is not set: {breaks.format(port=settings.port)}"
            yield Finding("settings", State.NOTE, found, f'{name} = "{such_as}" in goodwill.toml (docs/settings.md)')
