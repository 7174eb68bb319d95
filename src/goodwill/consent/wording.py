"""Whether a notice is plain and fair: the lint that a draft must pass before it is published.

Plain: a school grade of eight or less, by formulas published for its language. Fair: refusing stands beside accepting
in words of like length, says no, and nothing pushes, blames, confuses or is ticked beforehand.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from goodwill.consent.notices import Document, words_of
from goodwill.consent.reading import FORMULAS, grades

HIGHEST_GRADE = 8.0
HARDEST_TEXT = 13.0  # one text alone: a hard one must not hide among easy ones
_LEAST_WORDS = 6  # of a text that a formula can judge by itself
MOST_WORDS = 12  # of a purpose
_WORDS = files("goodwill.consent").joinpath("wording.toml")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a notice must mend before it is published.

    Attributes:
        rule: grade · parity · refuse · accept · guilt · pressure · double-negative · pre-ticked · effect · fickle ·
            long-purpose · shouting · language.
    """

    rule: str
    place: str
    says: str
    mend: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What the lint says of a notice.

    Attributes:
        grades: school grades by formula.
    """

    grades: Mapping[str, float]
    findings: tuple[Finding, ...]

    @property
    def passes(self) -> bool:
        return not self.findings


def judge(document: Document) -> Judged:
    """Read a notice as a stern friend of its readers would."""
    language = document["language"].partition("-")[0]
    reached = {name: round(grade, 1) for name, grade in grades(_prose(document), language).items()}
    return Judged(reached, tuple(_findings(document, language, reached)))


def _prose(document: Document) -> str:
    """The sentences of a notice; headings and labels are none, and each text ends one."""
    skipped = ("label ",)
    texts = [text for place, text in words_of(document) if text and not place.startswith(skipped)]
    return "\n\n".join(texts)


def _findings(document: Document, language: str, reached: Mapping[str, float]) -> Iterator[Finding]:
    if language not in FORMULAS:
        known = ", ".join(FORMULAS)
        yield Finding(
            "language", "language", f"No reading grade is known here for '{document['language']}'.",
            f"Write the notice in one of {known}, or ask for your language to be added.",
        )  # fmt: skip
        return
    for name, grade in reached.items():
        if grade > HIGHEST_GRADE:
            yield Finding(
                "grade", "all texts", f"{name} gives grade {grade:.1f}; at most {HIGHEST_GRADE:.0f} is plain.",
                "Use shorter sentences and everyday words.",
            )  # fmt: skip
    yield from _hard(document, language)
    words = _words()[language]
    yield from _labels(document["labels"], words)
    yield from _tone(document, words)
    yield from _switches(document)
    yield from _fickle(document, words)


def _hard(document: Document, language: str) -> Iterator[Finding]:
    """Texts that are hard by themselves, however easy the rest is; sentences of the register have their own limit."""
    registered = {offer["sentence"] for offer in document["purposes"]}
    for place, text in words_of(document):
        if len(text.split()) < _LEAST_WORDS or text in registered:
            continue
        name, grade = max(grades(text, language).items(), key=lambda one: one[1])
        if grade > HARDEST_TEXT:
            yield Finding(
                "grade", place, f"{name} gives '{text}' grade {grade:.1f}; at most {HARDEST_TEXT:.0f} for one text.",
                "Say it in a shorter sentence, with everyday words.",
            )  # fmt: skip


def _labels(labels: Mapping[str, str], words: Mapping[str, Any]) -> Iterator[Finding]:
    accept, refuse = labels["accept"], labels["refuse"]
    if abs(len(accept) - len(refuse)) > max(3, min(len(accept), len(refuse)) // 3) or (
        abs(len(accept.split()) - len(refuse.split())) > 1
    ):
        yield Finding(
            "parity", "label refuse", f"'{accept}' and '{refuse}' are not of like length, so one weighs more.",
            "Say both in as many words, such as 'Allow all' and 'Refuse all'.",
        )  # fmt: skip
    if _found(words["vague_refuse"], refuse) or not _found(words["says_no"], refuse):
        yield Finding(
            "refuse", "label refuse", f"'{refuse}' does not say no.", "Use a word that refuses, such as 'Refuse all'."
        )
    if _found(words["vague_accept"], accept):
        yield Finding(
            "accept", "label accept", f"'{accept}' does not say that something is allowed.",
            "Use a word that allows, such as 'Allow all'.",
        )  # fmt: skip


def _tone(document: Document, words: Mapping[str, Any]) -> Iterator[Finding]:
    for place, text in words_of(document):
        for rule, says in (("guilt", "plays on feelings"), ("pressure", "pushes")):
            if found := _found(words[rule], text):
                yield Finding(rule, place, f"'{found}' {says}.", "Say what happens, and leave it there.")
        if (found := _found(words["double_negative"], text)) and not _found(words["not_double"], text):
            yield Finding(
                "double-negative", place, f"'{found}' says no twice.", "Say once what happens when it is on, or off."
            )
        loud = [word for word in re.findall(r"\w+", text) if len(word) > 3 and word.isupper()]
        if loud or "!" in text:
            yield Finding("shouting", place, f"'{loud[0] if loud else '!'}' shouts.", "Say it in a calm voice.")


def _switches(document: Document) -> Iterator[Finding]:
    for offer in document["purposes"]:
        name = offer["purpose"]
        for way in ("on", "off"):
            if not offer[way]:
                yield Finding(
                    "effect", f"{name} {way}", f"Nobody is told what happens when '{name}' is {way}.",
                    f"Add '{way}' to its [[purpose]]: one sentence.",
                )  # fmt: skip
        if offer["on"] and offer["on"] == offer["off"]:
            yield Finding("effect", f"{name} off", "On and off say the same.", "Say what is different.")
        if offer["ticked"]:
            yield Finding("pre-ticked", name, f"'{name}' would be on before anybody chose.", "Take 'ticked' out.")
        if len(offer["sentence"].split()) > MOST_WORDS:
            yield Finding(
                "long-purpose", name, f"Its sentence has more than {MOST_WORDS} words.", "Shorten it in the register."
            )


def _fickle(document: Document, words: Mapping[str, Any]) -> Iterator[Finding]:
    """One act has one name everywhere: two words for one thing make readers look for the difference."""
    everything = " ".join(text for _, text in words_of(document)).lower()
    for names in words["synonyms"]:
        used = [name for name in names if re.search(rf"\b{name}\w{{0,3}}\b", everything)]
        if len(used) > 1:
            yield Finding(
                "fickle", "all texts", f"{' and '.join(repr(name) for name in used)} mean the same thing here.",
                f"Use one of them everywhere, such as '{used[0]}'.",
            )  # fmt: skip


def _found(patterns: list[str], text: str) -> str:
    """The first words of a text that one of the patterns is about; nothing where there are none."""
    for pattern in patterns:
        if match := re.search(pattern, text.replace("’", "'"), re.IGNORECASE):
            return match[0]
    return ""


@cache
def _words() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))
