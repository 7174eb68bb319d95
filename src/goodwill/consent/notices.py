"""A notice: what a customer is shown before answering, all its words and choices, and the bytes that stand for them.

Its own words come from a TOML file for each language and region; what a purpose is for, and what a kind of data is,
come from the register. Together they make a document, whose hash names exactly what was shown.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import rfc8785

from goodwill.basics.errors import BadInput
from goodwill.purposes import Basis, Entry, Kind, Register

BANNER = "banner"
ON_PAGES = "banner-on-pages"  # the same as a web page shows it
FORM = 1  # of the document; whoever changes its shape raises it
LABELS = ("accept", "refuse", "choose", "save", "on", "off")
STARTERS = files("goodwill.consent").joinpath("starters")

Document = Mapping[str, Any]

_KEY = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_REGION = re.compile(r"([A-Z]{2}(-[A-Z0-9]{1,3})?)?")
_LONGEST = 2_000  # signs of one text


@dataclass(frozen=True, slots=True)
class Toggle:
    """One purpose that a notice asks about, and what its switch does either way.

    Attributes:
        ticked: whether the draft wants it switched on beforehand; no such draft is ever published.
    """

    purpose: str
    on: str
    off: str
    ticked: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice as it stands in a file.

    Attributes:
        region: two letters of a country, or those of a state too (``US-CA``); empty: everywhere.
        source: where it was read.
    """

    key: str
    language: str
    region: str
    title: str
    text: tuple[str, ...]
    labels: Mapping[str, str]
    toggles: tuple[Toggle, ...]
    source: str
    starter: bool = False

    @property
    def name(self) -> str:
        """``banner de US-CA``: as people call it."""
        return name_of(self.key, self.language, self.region)


@dataclass(frozen=True, slots=True)
class Offer:
    """One purpose as it is shown, with the kinds of data that can be chosen for it.

    Attributes:
        categories: the sentence of each kind of data, in the order in which they are shown.
    """

    purpose: str
    basis: str
    sentence: str
    on: str
    off: str
    categories: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as somebody sees it.

    Attributes:
        version: the number of what was published, counted for each key.
        origin: shop: somebody of the shop signed it off and published it; starter: it came with goodwill.
        token: binds an answer to exactly these words; empty where they are only looked up again.
    """

    notice: str
    version: int
    language: str
    region: str
    hash: str
    title: str
    text: tuple[str, ...]
    labels: Mapping[str, str]
    purposes: tuple[Offer, ...]
    document: Document = field(repr=False)
    token: str = field(default="", repr=False)
    origin: str = "shop"

    @property
    def reference(self) -> str:
        """What a row of the ledger says about the notice: ``banner@3#9f86d0…``."""
        return f"{self.notice}@{self.version}#{self.hash}"

    @property
    def cells(self) -> frozenset[tuple[str, str]]:
        """The purposes and categories that it asks about."""
        return frozenset((offer.purpose, category) for offer in self.purposes for category in offer.categories)


def name_of(key: str, language: str, region: str) -> str:
    return " ".join(part for part in (key, language, region) if part)


# ---- reading drafts --------------------------------------------------------------------------------------------------


def drafts_in(folder: Path) -> list[Draft]:
    """The drafts in a shop's folder ``notices``; none where there is no such folder.

    Raises:
        BadInput: a file cannot be read, or two speak of the same notice, language and region.
    """
    found: dict[str, Draft] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"The notice {path} cannot be read: {error}. Save it as UTF-8.") from None
        draft = parse(text, path.name)
        if draft.name in found:
            raise BadInput(f"{path.name} and {found[draft.name].source} are both the notice '{draft.name}'. Keep one.")
        found[draft.name] = draft
    return list(found.values())


def starters(register: Register) -> list[Draft]:
    """The notices that come with goodwill, with the purposes that the register has."""
    drafts = []
    for draft in _shipped():
        toggles = tuple(toggle for toggle in draft.toggles if _may_ask(register, toggle.purpose))
        if toggles:
            values = {name: getattr(draft, name) for name in draft.__slots__}
            drafts.append(Draft(**{**values, "toggles": toggles}))
    return drafts


@cache
def _shipped() -> tuple[Draft, ...]:
    return tuple(
        parse(file.read_text(encoding="utf-8"), f"{file.name}, which comes with goodwill", starter=True)
        for file in sorted(STARTERS.iterdir(), key=lambda file: file.name)
    )


def _may_ask(register: Register, purpose: str) -> bool:
    return purpose in register and register[purpose] in register.asked()


def parse(text: str, source: str, *, starter: bool = False) -> Draft:
    """Read a draft and check its shape; `lint` judges its words.

    Raises:
        BadInput: it is not TOML, or something is missing, unknown or of the wrong kind; the message names it.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"The notice {source} is not valid TOML: {error}.") from None
    _check_names(raw, source, "", {"key", "language", "title", "text", "labels", "purpose"}, {"region"})
    for name, form, example in (
        ("key", _KEY, "banner"), ("language", _LANGUAGE, "en or de-AT"), ("region", _REGION, "DE or US-CA"),
    ):  # fmt: skip
        value = raw.get(name, "")
        if not isinstance(value, str) or not form.fullmatch(value):
            raise BadInput(f"The notice {source}: {name} must look like {example}, not {value!r}.")
    labels = raw["labels"]
    if not isinstance(labels, dict):
        raise BadInput(f"The notice {source}: [labels] must be a table with {', '.join(LABELS)}.")
    _check_names(labels, source, "[labels] ", set(LABELS), set())
    lines = raw["text"] if isinstance(raw["text"], list) else [raw["text"]]
    return Draft(
        key=raw["key"],
        language=raw["language"],
        region=raw.get("region", ""),
        title=_text(raw["title"], source, "title"),
        text=tuple(_text(line, source, "text") for line in lines),
        labels={name: _text(labels[name], source, f"labels.{name}") for name in LABELS},
        toggles=tuple(_toggles(raw["purpose"], source)),
        source=source,
        starter=starter,
    )


def _check_names(table: dict[str, Any], source: str, place: str, needed: set[str], extra: set[str]) -> None:
    if missing := sorted(needed - table.keys()):
        raise BadInput(f"The notice {source} lacks {place}{', '.join(missing)}.")
    if unknown := sorted(table.keys() - needed - extra):
        raise BadInput(f"The notice {source} has unknown names: {place}{', '.join(unknown)}.")


def _text(value: object, source: str, place: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST or "\0" in value:
        raise BadInput(f"The notice {source}: {place} must be a text of 1 to {_LONGEST} signs, not {value!r:.60}.")
    return " ".join(value.split())


def _toggles(raw: object, source: str) -> Iterator[Toggle]:
    if not isinstance(raw, list) or not raw or not all(isinstance(table, dict) for table in raw):
        raise BadInput(f"The notice {source} asks about nothing; add a [[purpose]] with name, on and off.")
    seen = set()
    for number, table in enumerate(raw, start=1):
        place = f"[[purpose]] {number} "
        _check_names(table, source, place, {"name"}, {"on", "off", "ticked"})
        name = _text(table["name"], source, f"{place}name")
        if name in seen:
            raise BadInput(f"The notice {source} asks about '{name}' twice.")
        seen.add(name)
        # What a switch does may be missing in a draft; the lint asks for it before anything is published.
        on, off = (_text(table[way], source, f"{place}{way}") if way in table else "" for way in ("on", "off"))
        yield Toggle(name, on, off, ticked=table.get("ticked", False) is not False)


# ---- the document ----------------------------------------------------------------------------------------------------


def document_of(draft: Draft, register: Register) -> Document:
    """All that is shown: words, choices and their order; JSON that canonical bytes can be made of.

    Raises:
        BadInput: the draft asks about a purpose that is not registered or leaves no choice, or the register does not
            say in the draft's language what it is for.
    """
    return {
        "form": FORM,
        "notice": draft.key,
        "language": draft.language,
        "region": draft.region,
        "title": draft.title,
        "text": list(draft.text),
        "labels": {name: draft.labels[name] for name in LABELS},
        "purposes": [_offer(toggle, draft, register) for toggle in draft.toggles],
    }


def _offer(toggle: Toggle, draft: Draft, register: Register) -> dict[str, Any]:
    if not _may_ask(register, toggle.purpose):
        possible = ", ".join(entry.name for entry in register.asked())
        raise BadInput(
            f"The notice {draft.source} asks about '{toggle.purpose}', about which nobody decides. Those that a "
            f"person decides about are: {possible}."
        )
    entry = register[toggle.purpose]
    kinds = [register.category(category) for category in entry.categories]
    return {
        "purpose": str(entry.name),
        "basis": entry.basis.value,
        "sentence": _said(entry, draft, register),
        "on": toggle.on,
        "off": toggle.off,
        "ticked": toggle.ticked,
        "categories": [{"category": str(kind.name), "sentence": _said(kind, draft, register)} for kind in kinds],
    }


def _said(what: Entry | Kind, draft: Draft, register: Register) -> str:
    language = draft.language.partition("-")[0]
    said = register.sentence(what, draft.language) or register.sentence(what, language)
    if said is None:
        raise BadInput(
            f"The register {register.source} does not say in '{language}' what '{what.name}' is; add "
            f"sentences.{language} there, or take it out of the notice {draft.source}."
        )
    return said


def canonical(document: Document) -> bytes:
    """The bytes that stand for a document (RFC 8785): the same words in the same order, the same bytes."""
    return bytes(rfc8785.dumps(dict(document)))


def hash_of(document: Document) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal."""
    return _hashed(json.dumps(dict(document), ensure_ascii=False))


@lru_cache(maxsize=256)
def _hashed(text: str) -> str:
    """The canonical bytes take a millisecond, and the same few notices are asked for at each opening and each page."""
    return hashlib.sha256(canonical(json.loads(text))).hexdigest()


def on_pages(document: Document, register: Register) -> Document | None:
    """A banner as a web page shows it: without what needs an address to say yes to. None if nothing is left to ask."""
    asked = [one for one in document["purposes"] if not _goes_by_mail(register, one["purpose"])]
    if not asked:
        return None
    return {**document, "notice": ON_PAGES, "purposes": asked}


def _goes_by_mail(register: Register, purpose: str) -> bool:
    return purpose in register and register[purpose].goes_by_mail


def shown_of(document: Document, version: int, *, token: str = "", origin: str = "shop") -> Shown:
    """A document as a value to show."""
    return Shown(
        notice=document["notice"],
        version=version,
        language=document["language"],
        region=document["region"],
        hash=hash_of(document),
        title=document["title"],
        text=tuple(document["text"]),
        labels=document["labels"],
        purposes=tuple(
            Offer(
                one["purpose"], one["basis"], one["sentence"], one["on"], one["off"],
                {kind["category"]: kind["sentence"] for kind in one["categories"]},
            )
            for one in document["purposes"]
        ),
        document=document,
        token=token,
        origin=origin,
    )  # fmt: skip


def needs_yes(offer: Offer) -> bool:
    """Whether silence about a purpose means no; of the others one may only object."""
    return offer.basis == Basis.CONSENT


def words_of(document: Document) -> Iterator[tuple[str, str]]:
    """Every text that is shown, with its place, in the order in which it is shown."""
    yield "title", document["title"]
    for number, line in enumerate(document["text"], start=1):
        yield f"text {number}", line
    for name in LABELS:
        yield f"label {name}", document["labels"][name]
    for offer in document["purposes"]:
        name = offer["purpose"]
        yield f"{name}", offer["sentence"]
        yield f"{name} on", offer["on"]
        yield f"{name} off", offer["off"]
        for kind in offer["categories"]:
            yield f"{name} {kind['category']}", kind["sentence"]


def difference(old: Document | None, new: Document) -> list[tuple[str, str, str]]:
    """What changed between two documents: place, old words, new words; either is empty where there is none."""
    before = dict(words_of(old)) if old is not None else {}
    after = dict(words_of(new))
    changed = [
        (place, before.get(place, ""), after.get(place, ""))
        for place in dict.fromkeys([*after, *before])
        if before.get(place, "") != after.get(place, "")
    ]
    if old is not None and not changed and hash_of(old) != hash_of(new):
        was, now = (" · ".join(offer["purpose"] for offer in one["purposes"]) for one in (old, new))
        changed.append(("order or switches", was, now))
    return changed
