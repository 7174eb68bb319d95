"""Free text that outlives a customer may not name her: neither a reason in the audit log nor how she was asked."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked
from goodwill.people import merge
from goodwill.people.erase import names_of
from goodwill.people.naming import named_in

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop


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


def refuse_names_in(shop: "Shop", connection: Connection, persons: Iterable[int], asked: Asked) -> None:
    """The same for how somebody was asked, which the ledger keeps.

    Raises:
        BadInput: a text of it names her.
    """
    refuse_names(shop, connection, persons, how=asked.how, words=asked.words, by=asked.by, notice=asked.notice)
