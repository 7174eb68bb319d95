"""A person's own copy of all that is held about her: JSON for programs, CSV for spreadsheets, PDF to read.

What it holds follows from the registry of tables. Each form comes in pieces, so that a life of ten thousand events
needs no more memory than its rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goodwill import catalogue
from goodwill.access import SignedIn
from goodwill.basics.clock import iso
from goodwill.basics.errors import BadInput
from goodwill.people import merge, registry
from goodwill.people.registry import Held
from goodwill.shop import copy_json, copy_pdf, copy_tables
from goodwill.shop.copy_json import Copy

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop, Who

MEDIA = {"json": "application/json", "csv": "application/zip", "pdf": "application/pdf"}
ENDING = {"json": "json", "csv": "zip", "pdf": "pdf"}


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies that one shop hands out; each is noted in the read log, where the person sees it."""

    shop: "Shop"

    def held(self, who: "Who | str") -> list[Held]:
        """How much is held about somebody in each table, and since when; no values, and so no entry in the read log."""
        person = self.shop.known(who)
        with self.shop.database.reading() as connection:
            return registry.holdings(connection, merge.numbers(connection, person))

    def json(self, person: SignedIn) -> Iterator[bytes]:
        """One JSON document, in pieces."""
        return copy_json.encoded(self._copy(person))

    def csv(self, person: SignedIn) -> Iterator[bytes]:
        """A ZIP with a CSV file for each heading, in pieces; orders, customers and consents can be imported again."""
        return copy_tables.zipped(self._copy(person))

    def pdf(self, person: SignedIn) -> Iterator[bytes]:
        """A document to read and print, in pieces.

        Raises:
            BadInput: what writes PDF is not installed.
        """
        return copy_pdf.printed(self._copy(person))

    def made(self, person: SignedIn, form: str) -> Iterator[bytes]:
        """The copy in a form by its name: json, csv or pdf.

        Raises:
            BadInput: there is no such form.
        """
        forms = {"json": self.json, "csv": self.csv, "pdf": self.pdf}
        if form not in forms:
            raise BadInput(f"A copy comes as {', '.join(forms)}, not as '{form}'.")
        return forms[form](person)

    def _copy(self, person: SignedIn) -> Copy:
        everything = self.shop.own(person)
        wanted = {event.product for event in everything.events if event.product is not None}
        with self.shop.database.reading() as connection:
            products = catalogue.of_ids(connection, wanted)
        return Copy(self.shop, everything, products, iso(self.shop.clock()))
