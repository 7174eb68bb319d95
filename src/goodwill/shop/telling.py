"""How customers are told, in their language, what the program calls by names of its own.

Pages and paper say it alike. What the shop named itself (a field, a kind of id, a place on its pages) is said as it is.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from goodwill.access.wishes import LANGUAGE, LESS_OFTEN
from goodwill.basics.clock import day_of
from goodwill.consent import Evidence, Row
from goodwill.consent.mending import HOW as MENDED
from goodwill.consent.noes import HOW as READ_BACK
from goodwill.purposes import Category, Entry, Kind, Register
from goodwill.shop.naming import LEFT_OUT
from goodwill.shop.traces import Counted, FromFile
from goodwill.shop.words import USUAL, Words, catalogues

_LONG: Final = {MENDED: "mended", READ_BACK: "noes", LEFT_OUT: "left-out"}  # sentences that stand in the ledger
_BY_MAIL: Final = ", confirmed by mail"
_ACTORS: Final = (
    ("staff ", "staff"), ("key ", "key"), ("job ", "job"), ("webhook ", "webhook"), ("command line", "command"),
    ("program", "program"), ("a link of a decision", "why"), ("a link", "link"),
    ("a page", "page"), ("somebody signing in", "signing-in"),
    ("opening the shop", "opening"),
)  # fmt: skip
_OWN_COPY, _RIGHTS_LETTER = "own copy", "letter about her rights"


def language_of(shops: str, *wanted: str | None) -> str:
    """The first language among some that there are words in, else the shop's own, else English."""
    said = ((one or "").replace("_", "-").partition("-")[0].lower() for one in (*wanted, shops))
    return next((one for one in said if one in catalogues()), USUAL)


@dataclass(frozen=True, slots=True)
class Telling:
    """The words of one language for what the program and the register have names for."""

    words: Words
    register: Register

    # ---- what is decided about -------------------------------------------------------------------------------------

    def sentence(self, what: Entry | Kind) -> str:
        """What a purpose or a kind of data is, in the reader's language where the register speaks it."""
        return self.register.sentence(what, self.words.language) or what.sentence

    def purpose(self, name: str) -> str:
        """What something was done for."""
        if name in self.register:
            return self.sentence(self.register[name])
        if name.startswith(_OWN_COPY):
            return self.words.plain("paper.copy")
        if name == _RIGHTS_LETTER:
            return self.words.plain("paper.rights_letter")
        return self.words.plain("paper.another_use", name=name)

    def category(self, name: str) -> str:
        """What kind of data something is."""
        kind = self.register.kinds.get(Category(name))
        return name if kind is None else self.sentence(kind)

    def categories(self, names: str) -> str:
        """The same of several, as the read log lists them."""
        if names in ("", "everything"):
            return self.words.plain("paper.all_data" if names else "paper.no_data")
        return "; ".join(self.category(name) for name in names.split())

    # ---- what she said ---------------------------------------------------------------------------------------------

    def answer(self, row: Row) -> str:
        """What a row of the ledger says; where nothing proves that it is her own word, it says so."""
        proven = row.evidence is Evidence.PROVEN
        return self.words.plain(f"{'state' if proven else 'noted'}.{row.state.value}")

    def how(self, row: Row) -> str:
        """In which way it was said; a channel that the shop named itself as it is."""
        how = str(json.loads(row.asked).get("how") or "")
        if how.endswith(_BY_MAIL):
            return self.words.plain("how_confirmed.by_mail", how=self._how(how.removesuffix(_BY_MAIL)))
        return self._how(how)

    def _how(self, how: str) -> str:
        return self._of("how", _LONG.get(how, how), how)

    def evidence(self, row: Row) -> str:
        """How well a row can be proved."""
        return self.words.plain(f"evidence.{row.evidence.value}")

    def noted_later(self, row: Row, zone: Any) -> bool:
        """Whether a row was written down on another day than it was said, as far as anybody knows when that was."""
        return not row.said_at or day_of(row.said_at, zone) != day_of(row.recorded_at, zone)

    # ---- what is held ----------------------------------------------------------------------------------------------

    def kind(self, kind: str) -> str:
        """What an id of hers is."""
        return self._of("kind", kind, kind)

    def fact(self, field: str) -> str:
        """What is noted about her, by the name of its field."""
        return self._of("fact", field, field)

    def value(self, field: str, text: str) -> str:
        """What stands in such a field."""
        if field == LESS_OFTEN:
            return self.words.plain("paper.yes")
        if field == LANGUAGE and text in catalogues():
            return catalogues()[text].plain("language.name")
        return text

    def detail(self, event: str, detail: str | None) -> str:
        """What else is kept of something that happened."""
        found: Any = json.loads(detail) if detail and event not in ("decided", "explained") else None
        if not isinstance(found, Mapping):
            return "" if found is None else str(found)
        return ", ".join(self._said(name, value) for name, value in found.items())

    def _said(self, name: str, value: object) -> str:
        if name in ("verdict", "care", "letters"):
            return self._of(name, str(value), str(value))
        if name == "personal":
            return self.words.plain(f"personal.{'on' if value else 'off'}")
        if name == "over":
            return self.words.plain("care.over")
        if name == "likes" and isinstance(value, list):
            kinds = ", ".join(map(str, value))
            return self.words.plain("detail.likes", value=kinds) if kinds else self.words.plain("detail.likes_none")
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return self.words.plain(f"detail.{name}", value=text) if self.words.has(f"detail.{name}") else text

    def event(self, name: str) -> str:
        return self.words.plain(f"event.{name}")

    def table(self, name: str) -> str:
        """What a table holds."""
        return self.words.plain(f"table.{name}")

    def kept(self, name: str) -> str:
        """How long a table keeps it."""
        return self.words.plain(f"kept.{name}")

    def brought(self, file: FromFile) -> list[str]:
        """What a file told of her, each with how much of it."""
        said = [(self.category(name), many) for name, many in file.happened.items()]
        said += [(self.words.plain(f"brought.{name}"), many) for name, many in file.brought.items()]
        return [self.words.plain("files.count", what=what, number=self.words.number(many)) for what, many in said]

    def total(self, total: Counted) -> str:
        """What a total that counts her counts."""
        return self.one_of("totals", total.name)

    def crowd(self, total: Counted) -> str:
        """How many people are in it, roughly."""
        if not total.people:
            return self.words.plain("totals.few")
        return self.words.plain("totals.people", number=self.words.number(total.people))

    # ---- who did what ----------------------------------------------------------------------------------------------

    def actor(self, name: str) -> str:
        """Whoever acted, by their kind; which member of staff it was is between the shop and its staff."""
        return self.words.plain(f"actor.{next((kind for first, kind in _ACTORS if name.startswith(first)), 'other')}")

    def role(self, name: str) -> str:
        """A member of staff by what they are here."""
        return self._of("role", name, self.words.texts["role.staff"])

    def action(self, name: str) -> str:
        return self._of("action", name, self.words.texts["action.other"])

    def hold(self, reason: str) -> str:
        """Why her data were set aside."""
        whole = self._of("hold", reason, "")
        return whole or self._of("hold", reason.partition(" ")[0], self.words.texts["hold.other"])

    def one_of(self, group: str, name: str) -> str:
        """A name of the program's, or what is said of all others in its group."""
        return self._of(group, name, self.words.texts.get(f"{group}.other", ""))

    def pairs(self, about: str) -> str:
        """Purposes, from pairs of purpose and category as a letter keeps them."""
        found: Sequence[Sequence[str]] = json.loads(about)
        return "; ".join(dict.fromkeys(self.purpose(purpose) for purpose, _ in found))

    def _of(self, group: str, name: str, otherwise: str) -> str:
        key = f"{group}.{re.sub(' +', ' ', name)}"
        return self.words.plain(key) if self.words.has(key) else otherwise
