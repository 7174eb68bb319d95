"""Purposes and data categories, read from TOML and checked whole before any is used."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, NewType

from goodwill.basics.clock import date_of
from goodwill.basics.errors import BadInput, NotFound

Purpose = NewType("Purpose", str)
Category = NewType("Category", str)

FULFILMENT = Purpose("fulfilment")
BOOKKEEPING = Purpose("bookkeeping")
RECOMMENDATIONS = Purpose("recommendations")
PERSONAL_CONTENT = Purpose("personal-content")
OFFERS = Purpose("offers")
EMAIL_MARKETING = Purpose("email-marketing")
MODEL_IMPROVEMENT = Purpose("model-improvement")
MEASUREMENT = Purpose("measurement")
STATISTICS = Purpose("statistics")
BENCHMARKING = Purpose("benchmarking")


class Basis(StrEnum):
    """Why a purpose is lawful (GDPR art. 6(1))."""

    CONSENT = "consent"  # only with a recorded yes
    CONTRACT = "contract"  # needed to deliver what was ordered
    LEGAL_OBLIGATION = "legal-obligation"  # tax and bookkeeping law
    LEGITIMATE_INTERESTS = "legitimate-interests"  # until the person objects; the balancing test is on record


@dataclass(frozen=True, slots=True)
class Kind:
    """A category of data, in words a customer knows, with its id in public vocabularies."""

    name: Category
    sentence: str
    fideslang: str
    dpv: str
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One purpose of the register.

    Attributes:
        sentence: what the customer reads, at most twelve words.
        categories: the data categories that it may use, in the order in which they are asked for.
        retention_days: how long its data is kept after the last use; None where a law sets no end here.
        minimum_group: the fewest people that a total for this purpose may count.
        review: the owner looks at it again by this day.
        expiry: from this day on it is off, whatever anybody allowed.
        reserved: registered, and used by nothing yet.
    """

    name: Purpose
    sentence: str
    basis: Basis
    categories: tuple[Category, ...]
    retention_days: int | None
    owner: str
    review: date
    expiry: date
    dpv: str
    fideslang: str
    minimum_group: int = 1
    consent_days: int | None = None
    reserved: bool = False
    why_lawful: str = ""

    def is_off(self, day: int) -> bool:
        """Whether its expiry day has come."""
        return date_of(day) >= self.expiry


@dataclass(frozen=True)
class Register:
    """All purposes and categories of one shop."""

    entries: Mapping[Purpose, Entry]
    kinds: Mapping[Category, Kind]
    version: str
    source: str = field(default="shipped", compare=False)

    def __getitem__(self, purpose: str) -> Entry:
        try:
            return self.entries[Purpose(purpose)]
        except KeyError:
            raise NotFound(
                f"'{purpose}' is not a registered purpose. Registered are: {', '.join(self.entries)}."
            ) from None

    def __contains__(self, purpose: object) -> bool:
        return purpose in self.entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def category(self, name: str) -> Kind:
        try:
            return self.kinds[Category(name)]
        except KeyError:
            raise NotFound(f"'{name}' is not a data category. There are: {', '.join(self.kinds)}.") from None

    def asked(self) -> list[Entry]:
        """The purposes that a customer decides about: those that need a yes, and those one may object to."""
        return [entry for entry in self if entry.basis in (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS)]


def shipped() -> Register:
    """The register that comes with goodwill."""
    text = files("goodwill.purposes").joinpath("register.toml").read_text(encoding="utf-8")
    return parse(text, "the register shipped with goodwill")


def load(path: Path) -> Register:
    """A shop's own register.

    Raises:
        BadInput: the file is not TOML, or an entry is incomplete or contradicts another; the message names it.
    """
    return parse(path.read_text(encoding="utf-8"), str(path))


def parse(text: str, source: str) -> Register:
    """Read and check a register; see `load`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{source} is not valid TOML: {error}") from None
    kinds = {Category(name): _kind(name, table, source) for name, table in raw.get("category", {}).items()}
    entries = {Purpose(name): _entry(name, table, kinds, source) for name, table in raw.get("purpose", {}).items()}
    if not entries:
        raise BadInput(f"{source} registers no purpose; it needs at least one [purpose.NAME] table")
    return Register(entries, kinds, str(raw.get("version", "1")), source)


_KIND_KEYS = {"sentence", "fideslang", "dpv"}
_ENTRY_KEYS = {"sentence", "basis", "categories", "owner", "review", "expiry", "dpv", "fideslang"}
_ENTRY_EXTRA = {"retention_days", "minimum_group", "consent_days", "reserved", "why_lawful"}


def _kind(name: str, table: dict[str, Any], source: str) -> Kind:
    _check_keys(f"[category.{name}] in {source}", table, _KIND_KEYS, {"sensitive"})
    return Kind(Category(name), **table)


def _entry(name: str, table: dict[str, Any], kinds: Mapping[Category, Kind], source: str) -> Entry:
    where = f"[purpose.{name}] in {source}"
    _check_keys(where, table, _ENTRY_KEYS, _ENTRY_EXTRA)
    for category in table["categories"]:
        if category not in kinds:
            raise BadInput(f"{where} names the category '{category}', which no [category.{category}] describes")
    if len(table["sentence"].split()) > 12:
        raise BadInput(f"{where}: the sentence has more than twelve words; a customer has to read it at a glance")
    if table["basis"] not in set(Basis):
        raise BadInput(f"{where}: '{table['basis']}' is not a lawful basis; use one of {', '.join(Basis)}")
    if table["basis"] == Basis.LEGITIMATE_INTERESTS and not table.get("why_lawful"):
        raise BadInput(f"{where}: legitimate interests need 'why_lawful', the balancing test in a sentence or two")
    for key in ("review", "expiry"):
        if not isinstance(table[key], date):
            raise BadInput(f"{where}: {key} must be a date such as 2027-06-30, without quotes")
    values = {
        **table,
        "basis": Basis(table["basis"]),
        "categories": tuple(Category(category) for category in table["categories"]),
        "retention_days": table.get("retention_days"),
    }
    return Entry(name=Purpose(name), **values)


def _check_keys(where: str, table: dict[str, Any], needed: set[str], allowed: set[str]) -> None:
    if missing := sorted(needed - table.keys()):
        raise BadInput(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(table.keys() - needed - allowed):
        raise BadInput(f"{where} has unknown keys: {', '.join(unknown)}")
