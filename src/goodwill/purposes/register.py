"""Purposes and data categories, read from TOML and checked whole before any is used."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NewType

from goodwill.basics.clock import date_of
from goodwill.basics.errors import BadInput, NotFound
from goodwill.purposes import checked
from goodwill.purposes.checked import COUNT, DATE, SWITCH, TEXT, Check, check_keys, tables

Purpose = NewType("Purpose", str)
Category = NewType("Category", str)

FULFILMENT = Purpose("fulfilment")
BOOKKEEPING = Purpose("bookkeeping")
HOLDING_BACK = Purpose("holding-back")
RECOMMENDATIONS = Purpose("recommendations")
PERSONAL_CONTENT = Purpose("personal-content")
OFFERS = Purpose("offers")
EMAIL_MARKETING = Purpose("email-marketing")
MODEL_IMPROVEMENT = Purpose("model-improvement")
MEASUREMENT = Purpose("measurement")
STATISTICS = Purpose("statistics")
BENCHMARKING = Purpose("benchmarking")

# What the program asks for by name, so that no register may lack it; a law compares this with the code.
USED = (
    HOLDING_BACK, RECOMMENDATIONS, PERSONAL_CONTENT, OFFERS, EMAIL_MARKETING, MODEL_IMPROVEMENT, MEASUREMENT,
    STATISTICS,
)  # fmt: skip


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
    sentences: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One purpose of the register.

    Attributes:
        sentence: what the customer reads, at most twelve words.
        sentences: the same in other languages, by their codes.
        categories: the data categories that it may use, in the order in which they are asked for.
        needs: those of them without which nothing can be done for it: who may not be written to at her address gets
            no letters, whatever else she allows.
        retention_days: how long its data is kept after the last use; None where a law sets no end here.
        minimum_group: the fewest people that a total for this purpose may count.
        review: the owner looks at it again by this day.
        expiry: from this day on it is off, whatever anybody allowed.
        reserved: registered, and used by nothing yet.
        keeps: whether data is kept for it; where not, it sees what is kept for other purposes, as long as that is.
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
    keeps: bool = True
    why_lawful: str = ""
    sentences: Mapping[str, str] = field(default_factory=dict, hash=False)
    needs: tuple[Category, ...] = ()

    def suffices(self, allowed: Collection[Category]) -> bool:
        """Whether something can be done for it with the categories that somebody allows."""
        return bool(allowed) and all(category in allowed for category in self.needs)

    @property
    def rests_on_ledger(self) -> bool:
        """Whether what people said decides about it; a contract and the law ask nobody."""
        return self.basis in (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS)

    @property
    def keeps_data(self) -> bool:
        """Whether data may be kept for it: something uses it, or it is the law's, which the keeping itself serves."""
        return self.keeps and (not self.reserved or self.basis is Basis.LEGAL_OBLIGATION)

    @property
    def goes_by_mail(self) -> bool:
        """Whether it is writing to people's e-mail addresses, of which anybody may have typed in somebody else's."""
        return f"{self.fideslang}.".startswith("marketing.communications.email.")

    def is_off(self, day: int) -> bool:
        """Whether its expiry day has come."""
        return date_of(day) >= self.expiry


GRACE_DAYS, _LONGEST_GRACE = 30, 365
REQUEST_DAYS = 1095  # as long as somebody may usually go to law about the answer
_LEAST_PROOF, _LONGEST_PROOF = 30, 36_500


@dataclass(frozen=True)
class Register:
    """All purposes and categories of one shop.

    Attributes:
        grace_days: how long data that no purpose needs any longer is kept all the same, so that a withdrawal by mistake
            can be taken back, and an import be looked at.
        request_days: for how long a request that was answered names whose it was, as proof.
    """

    entries: Mapping[Purpose, Entry]
    kinds: Mapping[Category, Kind]
    version: str
    source: str = field(default="shipped", compare=False)
    language: str = "en"
    grace_days: int = GRACE_DAYS
    request_days: int = REQUEST_DAYS

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

    def sentence(self, what: Entry | Kind, language: str) -> str | None:
        """What a purpose or category of data is, in a language; None where the register does not say it in that."""
        return what.sentence if language == self.language else what.sentences.get(language)

    def asked(self) -> list[Entry]:
        """The purposes that a customer decides about: those that need a yes, and those one may object to."""
        return [entry for entry in self if entry.basis in (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS)]


SHIPPED = files("goodwill.purposes").joinpath("register.toml")


@cache
def shipped() -> Register:
    """The register that comes with goodwill."""
    return parse(SHIPPED.read_text(encoding="utf-8"), "the register shipped with goodwill")


def load(path: Path) -> Register:
    """A shop's own register.

    Raises:
        BadInput: the file cannot be read or is not TOML, or an entry is incomplete or contradicts another; the message
            names it.
    """
    return parse(checked.text_of(path, "The register"), str(path))


def parse(text: str, source: str) -> Register:
    """Read and check a register; see `load`."""
    raw = checked.raw(text, source)
    if unknown := sorted(raw.keys() - {"version", "language", "grace_days", "request_days", "category", "purpose"}):
        raise BadInput(
            f"{source} has unknown tables or keys: {', '.join(unknown)}; it holds [category.…] and [purpose.…]"
        )
    language = raw.get("language", "en")
    if not _LANGUAGE.is_right(language):
        raise BadInput(f"{source}: language must be {_LANGUAGE.wanted}, not {checked.shown(language)}")
    kinds = {Category(name): _kind(name, table, source) for name, table in tables(raw, "category", source, _NAME)}
    entries = {
        Purpose(name): _entry(name, table, kinds, source) for name, table in tables(raw, "purpose", source, _NAME)
    }
    if not entries:
        raise BadInput(f"{source} registers no purpose; it needs at least one [purpose.NAME] table")
    grace = raw.get("grace_days", GRACE_DAYS)
    if not isinstance(grace, int) or isinstance(grace, bool) or not 0 <= grace <= _LONGEST_GRACE:
        raise BadInput(f"'grace_days' in {source} must be a whole number from 0 to {_LONGEST_GRACE}, not {grace!r}")
    proof = raw.get("request_days", REQUEST_DAYS)
    if not isinstance(proof, int) or isinstance(proof, bool) or not _LEAST_PROOF <= proof <= _LONGEST_PROOF:
        raise BadInput(
            f"'request_days' in {source} must be a whole number from {_LEAST_PROOF} to {_LONGEST_PROOF}, not {proof!r}"
        )
    return Register(entries, kinds, str(raw.get("version", "1")), source, language, grace, proof)


def _few_words(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value.split()) <= 12 and "\n" not in value


def _names(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(name, str) for name in value)


def _is_language(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", value) is not None


def _translated(value: object) -> bool:
    return (
        isinstance(value, dict)
        and len(value) > 0
        and all(_is_language(name) and _few_words(said) for name, said in value.items())
    )


_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_SENTENCE = Check(_few_words, "a sentence of at most twelve words, to be read at a glance")
_SENTENCES = Check(
    _translated, 'sentences of at most twelve words by language, such as sentences.de = "Rabatte, die zu Ihnen passen"'
)
_LANGUAGE = Check(_is_language, 'a language code such as "en" or "de"')
_DPV = Check(
    lambda value: isinstance(value, str) and re.fullmatch(r"[a-z][a-z-]*:[A-Za-z0-9]+", value) is not None,
    'an id of the Data Privacy Vocabulary such as "dpv:DirectMarketing"',
)
_FIDES = Check(
    lambda value: isinstance(value, str) and re.fullmatch(r"[a-z_]+(\.[a-z0-9_]+)*", value) is not None,
    'an id of fideslang such as "analytics.reporting"',
)
_BASIS = Check(lambda value: value in list(Basis), f"a lawful basis: one of {', '.join(Basis)}")
_NAMED = Check(_names, 'a list of data categories such as ["purchases"]')

_KIND = {"sentence": _SENTENCE, "fideslang": _FIDES, "dpv": _DPV}
_KIND_EXTRA = {"sensitive": SWITCH, "sentences": _SENTENCES}
_ENTRY = {
    "sentence": _SENTENCE, "basis": _BASIS, "categories": _NAMED, "owner": TEXT, "review": DATE, "expiry": DATE,
    "dpv": _DPV, "fideslang": _FIDES,
}  # fmt: skip
_ENTRY_EXTRA = {
    "retention_days": COUNT, "minimum_group": COUNT, "consent_days": COUNT, "reserved": SWITCH, "keeps": SWITCH,
    "why_lawful": TEXT, "sentences": _SENTENCES, "needs": _NAMED,
}  # fmt: skip


def _kind(name: str, table: dict[str, Any], source: str) -> Kind:
    check_keys(f"[category.{name}] in {source}", table, _KIND, _KIND_EXTRA)
    return Kind(Category(name), **table)


def _entry(name: str, table: dict[str, Any], kinds: Mapping[Category, Kind], source: str) -> Entry:
    where = f"[purpose.{name}] in {source}"
    check_keys(where, table, _ENTRY, _ENTRY_EXTRA)
    categories = tuple(Category(category) for category in table["categories"])
    for category in categories:
        if category not in kinds:
            raise BadInput(f"{where}: categories names '{category}', which no [category.{category}] describes")
    if len(set(categories)) < len(categories):
        raise BadInput(f"{where}: categories names one of them twice")
    needs = tuple(Category(category) for category in table.get("needs", ()))
    if strange := [category for category in needs if category not in categories]:
        raise BadInput(f"{where}: needs names '{strange[0]}', which is not among its categories")
    basis = Basis(table["basis"])
    if basis is Basis.LEGITIMATE_INTERESTS and "why_lawful" not in table:
        raise BadInput(f"{where}: legitimate interests need 'why_lawful', the balancing test in a sentence or two")
    if basis is not Basis.CONSENT and "consent_days" in table:
        raise BadInput(f"{where}: consent_days fits only the basis 'consent', not '{basis}'")
    if not table.get("keeps", True) and "retention_days" in table:
        raise BadInput(f"{where}: what keeps nothing (keeps = false) has no retention_days; take one out")
    if table["review"] > table["expiry"]:
        raise BadInput(f"{where}: review comes after expiry; a purpose is looked at again while it is on")
    values = {
        **table,
        "basis": basis,
        "categories": categories,
        "needs": needs,
        "retention_days": table.get("retention_days"),
    }
    return Entry(name=Purpose(name), **values)
