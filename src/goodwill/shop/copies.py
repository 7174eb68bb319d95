"""A person's own copy of all that is held about her: JSON for programs, CSV for spreadsheets, PDF to read.

What it holds follows from the registry of tables. Each form comes in pieces, so that a life of ten thousand events
needs no more memory than its rows.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goodwill import catalogue
from goodwill.access import Everything, SignedIn
from goodwill.access.wishes import LANGUAGE
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.people import merge, registry
from goodwill.people.registry import Held
from goodwill.people.retention import everybody
from goodwill.shop import copy_json, copy_pdf, copy_tables
from goodwill.shop.approvals import said
from goodwill.shop.copy_json import Copy
from goodwill.shop.telling import Telling, language_of
from goodwill.shop.traces import traces_of
from goodwill.shop.words import catalogues

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
        return self.made(person, "json")

    def csv(self, person: SignedIn) -> Iterator[bytes]:
        """A ZIP with a CSV file for each heading, in pieces; orders, customers and consents can be imported again."""
        return self.made(person, "csv")

    def pdf(self, person: SignedIn) -> Iterator[bytes]:
        """A document to read and print, in pieces.

        Raises:
            BadInput: what writes PDF is not installed.
        """
        return self.made(person, "pdf")

    def made(self, person: SignedIn, form: str, *, language: str | None = None) -> Iterator[bytes]:
        """The copy in a form by its name: json, csv or pdf.

        Args:
            language: of what is made to be read; else the one that she chose, else the shop's own.

        Raises:
            BadInput: there is no such form.
        """
        _form(form)
        return self.of(self.shop.own(person), form, language=language)

    def several(
        self, whos: "Iterable[Who | str]", form: str, *, reason: str, approval: str = ""
    ) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The copies of some people for staff who hand them out: of each the name of a file and its pieces.

        Args:
            approval: of somebody else, which staff, keys and the command line need for more than one person.

        Raises:
            NotFound: somebody is not known; then nobody's copy is made.
            BadInput: there is no such form, or no reason that says anything.
            NotAllowed: nobody approved it.
        """
        shop = self.shop
        wanted = list(dict.fromkeys(shop.known(who) for who in whos))
        _form(form)
        said(reason)  # both are looked at before an approval is used up
        shop.staff.approvals.open_bulk("export", wanted, approval, reason=reason)
        return (
            (f"{person}.{ENDING[form]}", self.of(shop.looks.copy(shop.who(person), reason), form)) for person in wanted
        )

    def everybody(self, *, reason: str, approval: str = "") -> Iterator[bytes]:
        """The own copies of all people, for moving away: NDJSON, a line with one person's whole copy for each.

        It comes in pieces, one person at a time, so a large shop needs no more memory than its longest life. Whoever
        came after it was begun is left out; whoever is erased meanwhile, too.

        Raises:
            BadInput: no reason that says anything.
            NotAllowed: somebody else has to approve it, as ``{"people": "all"}``.
        """
        said(reason)
        self.shop.staff.approvals.open_all("export", approval, reason=reason)
        with self.shop.database.reading() as connection:
            persons = [one for some in everybody(connection) for one in some]
        return (part for person in persons for part in self._line(person, reason))

    def _line(self, person: PersonId, reason: str) -> Iterator[bytes]:
        who = self.shop.who(person)
        if self.shop.find(who) is None:
            return
        for part in copy_json.encoded(self._copy(self.shop.looks.copy(who, reason))):
            yield part.replace(b"\n", b"")  # between values only: inside a text JSON writes it as two signs
        yield b"\n"

    def one(self, who: "Who | str", form: str, *, reason: str, approval: str = "") -> tuple[PersonId, Iterator[bytes]]:
        """The copy of one person, for staff who hand it out: whose it is, and its pieces.

        Args:
            approval: of somebody else, which staff, keys and the command line need beyond a few people a day.

        Raises:
            NotFound, BadInput, NotAllowed: as `several`.
        """
        person = self.shop.known(who)
        _form(form)
        said(reason)
        self.shop.staff.approvals.open_bulk("export", [person], approval, reason=reason)
        everything = self.shop.looks.copy(self.shop.who(person), reason)
        return person, self.of(everything, form)

    def by_key(self, who: "Who | str", form: str, *, by: str, approval: str = "") -> tuple[PersonId, Iterator[bytes]]:
        """The same for a shop's own program, which gives no reason; the read log names its key.

        Raises:
            NotFound, BadInput, NotAllowed: as `several`.
        """
        person = self.shop.known(who)
        _form(form)
        self.shop.staff.approvals.open_bulk("export", [person], approval)
        return person, self.made(SignedIn(person, by), form)

    def of(self, everything: Everything, form: str, *, language: str | None = None) -> Iterator[bytes]:
        """The same, of what was read already."""
        return _form(form)(self._copy(everything, language))

    def _copy(self, everything: Everything, language: str | None = None) -> Copy:
        shop = self.shop
        wanted = {event.product for event in everything.events if event.product is not None}
        with self.shop.database.reading() as connection:
            products = catalogue.of_ids(connection, wanted)
        staff = tuple(self.shop.looks.by_staff(everything.person))
        speaks = language_of(shop.settings.language, language, everything.profile.get(LANGUAGE))
        telling, traces = Telling(catalogues()[speaks], shop.register), traces_of(shop, everything)
        return Copy(shop, everything, products, staff, traces, shop.clock(), telling)


_FORMS = {"json": copy_json.encoded, "csv": copy_tables.zipped, "pdf": copy_pdf.printed}


def _form(name: str) -> Callable[[Copy], Iterator[bytes]]:
    if name not in _FORMS:
        raise BadInput(f"A copy comes as {', '.join(_FORMS)}, not as '{name}'.")
    return _FORMS[name]
