"""Reasons in the reader's language: a decision keeps each as an English sentence, whose shapes are few and known."""

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup, escape

from goodwill.decide.because import SHAPES
from goodwill.shop.words import Words

_NUMBERED = {"times": re.compile(r"(\d+) times"), "days_ago": re.compile(r"(\d+) days ago")}


def in_words(reason: str, words: Words) -> Markup:
    """The reason, translated where its shape is known, else as it was written down."""
    for name, shape in SHAPES.items():
        if found := shape.fullmatch(reason):
            return words(f"reason.{name}", **_filled(found.groupdict(), words))
    return escape(reason)


def _filled(parts: Mapping[str, str], words: Words) -> dict[str, object]:
    counted: dict[str, Callable[[str], object]] = {"count": lambda text: _counted(text, words)}
    counted["when"] = counted["count"]
    return {name: counted.get(name, str)(text) for name, text in parts.items()}


def _counted(text: str, words: Words) -> Markup:
    """``twice``, ``5 times``, ``yesterday`` or ``12 days ago``."""
    for name, shape in _NUMBERED.items():
        if found := shape.fullmatch(text):
            return words(f"reason.{name}", number=found[1])
    return words(f"reason.{text}")
