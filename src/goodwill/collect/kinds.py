"""What files may hold: kinds of files, the fields of each, and the words by which people head their columns."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from goodwill.basics.errors import BadInput
from goodwill.purposes import Category


class Shape(StrEnum):
    """What the values of a field look like."""

    ID = "id"
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    CURRENCY = "currency"
    TIME = "time"
    ANSWER = "answer"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a column may say.

    Attributes:
        name: what ``--map NAME=COLUMN`` calls it.
        about: what it is, for a shopkeeper.
        category: the data category of a fact about a customer; None for everything else.
        words: the headings that mean it, plain (see `plain`), the surest first.
    """

    name: str
    about: str
    shape: Shape
    category: Category | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        fields: what its rows may say, by name.
        needs: of each group one field must be there.
        unless: a file in which one of these words heads a column is of another kind.
        takes: words that every other kind leaves behind.
    """

    name: str
    about: str
    fields: Mapping[str, Field]
    needs: tuple[tuple[str, ...], ...]
    unless: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Vocabulary:
    """All kinds, in the order in which a file is tried; what some headings imply, and what is never taken in."""

    kinds: Mapping[str, Kind]
    implies: Mapping[str, str]
    leave: Mapping[str, str]

    def kind(self, name: str) -> Kind:
        """The kind of that name; "orders", "Order lines" and "order_lines" are all understood.

        Raises:
            BadInput: there is no such kind.
        """
        wanted = plain(name).replace(" ", "-")
        wanted = {"lines": "order-lines", "order-line": "order-lines"}.get(wanted, wanted)
        for kind in (wanted, f"{wanted}s"):
            if kind in self.kinds:
                return self.kinds[kind]
        raise BadInput(f"There is no kind of file called '{name}'. There are: {', '.join(self.kinds)}.")


@cache
def vocabulary() -> Vocabulary:
    """The words that come with goodwill."""
    raw = tomllib.loads(files("goodwill.collect").joinpath("words.toml").read_text(encoding="utf-8"))
    known = {name: _field(name, table) for name, table in raw["field"].items()}
    kinds = {name: _kind(name, table, known) for name, table in raw["kind"].items()}
    return Vocabulary(kinds, _plain_keys(raw["implies"]), _plain_keys(raw["leave"]))


def _field(name: str, table: Mapping[str, str | list[str]]) -> Field:
    said = [word for heading in table.values() if isinstance(heading, list) for word in heading]
    words = tuple(dict.fromkeys([*map(plain, said), plain(name)]))
    category = Category(str(table["category"])) if "category" in table else None
    return Field(name, str(table["about"]), Shape(str(table["shape"])), category, words)


def _kind(name: str, table: Mapping[str, Any], known: Mapping[str, Field]) -> Kind:
    also: Mapping[str, list[str]] = table.get("also", {})
    fields = {
        field: Field(field, it.about, it.shape, it.category, (*it.words, *map(plain, also.get(field, ()))))
        for field in table["fields"]
        for it in (known[field],)
    }
    unless = frozenset(word for other in table.get("unless", ()) for word in known[other].words)
    takes = frozenset(map(plain, table.get("takes", ())))
    return Kind(name, str(table["about"]), fields, tuple(map(tuple, table["needs"])), unless, takes)


def _plain_keys(table: Mapping[str, str]) -> dict[str, str]:
    return {plain(word): value for word, value in table.items()}


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^0-9a-z]+")


def plain(heading: str) -> str:
    """A heading without case, accents and punctuation: "customerId" and "Customer-ID" are "customer id"."""
    apart = _HUMP.sub(" ", heading.replace("ß", "ss"))
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(letter))
    return _OTHER.sub(" ", bare.casefold()).strip()
