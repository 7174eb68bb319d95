"""Free text that outlives a customer may not name her: neither a reason in the audit log nor how she was asked.

Whoever wrote it is told, and says it otherwise. Only a "no" does not wait for that: it is written down without it.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked
from goodwill.people import merge
from goodwill.people.erase import names_of
from goodwill.people.naming import named_in

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop


LEFT_OUT: Final = "(left out: it named the person)"


def by_what(shop: "Shop", connection: Connection, persons: Iterable[int], text: str) -> str | None:
    """By what a text names one of some people, in words; None where it does not."""
    if not text.strip():
        return None
    for person in persons:
        names = names_of(connection, shop.cipher, merge.numbers(connection, PersonId(person)))
        if found := named_in(text, names):
            return found
    return None


def refuse_names(shop: "Shop", connection: Connection, persons: Iterable[int], **texts: str | None) -> None:
    """Make sure that nothing that is kept for good names one of some people.

    Raises:
        BadInput: a text does; the sentence says which, and by what.
    """
    everybody = list(persons)
    for what, text in texts.items():
        found = by_what(shop, connection, everybody, text or "")
        if found is not None:
            raise BadInput(
                f"'{what}' holds the {found} of the person it is about. It is kept for good, also when she is erased. "
                "Say it without: she stands beside it by her number."
            )


def asked_without_names(shop: "Shop", connection: Connection, person: int, asked: Asked, *, says_yes: bool) -> Asked:
    """How somebody was asked, as the ledger may keep it. A "no" never fails for its words: those that name her go.

    Raises:
        BadInput: it is about a yes, and a text names her.
    """
    texts = {name: getattr(asked, name) for name in ("how", "words", "by", "notice")}
    if says_yes:
        refuse_names(shop, connection, [person], **texts)
        return asked
    named = {name for name, text in texts.items() if by_what(shop, connection, [person], text or "")}
    left: dict[str, str | None] = dict.fromkeys(named)
    return replace(asked, **(left | ({"how": LEFT_OUT} if "how" in named else {}))) if named else asked  # type: ignore[arg-type] # its own fields
