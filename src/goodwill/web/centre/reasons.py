"""Reasons in the reader's language: a decision keeps each as an English sentence, whose shapes are few and known."""

import re
from collections.abc import Callable, Mapping

from markupsafe import Markup, escape

from goodwill.shop.words import Words

# In the order of trying: "you buy X" would match less than it should only if X held the words of another shape.
_SHAPES = {
    "often": re.compile(r"you bought (?P<name>.+) on (?P<times>\d+) of your (?P<visits>\d+) visits"),
    "lately": re.compile(
        r"you bought (?P<name>.+) (?P<count>once|twice|\d+ times) in your last (?P<window>\d+) visits"
    ),
    "since": re.compile(r"you last bought (?P<name>.+) (?P<when>today|yesterday|\d+ days ago)"),
    "item": re.compile(r"people who buy (?P<name>.+) tend to buy it again"),
    "before": re.compile(r"you bought (?P<name>.+) before"),
    "not_long_ago": re.compile(r"you bought (?P<name>.+) lately"),
    "looked": re.compile(r"you looked at (?P<name>.+) lately"),
    "together": re.compile(r"you buy (?P<name>.+)"),
    "many": re.compile(r"many people here buy it"),
    "turn": re.compile(r"each of a few is shown in turn, whoever looks"),
    "visits": re.compile(r"you come here often"),
    "recent": re.compile(r"you were here in the last few days"),
    "away": re.compile(r"you have not been here for a while"),
    "followed": re.compile(r"you followed it before"),
}
_NUMBERED = {"times": re.compile(r"(\d+) times"), "days_ago": re.compile(r"(\d+) days ago")}


def in_words(reason: str, words: Words) -> Markup:
    """The reason, translated where its shape is known, else as it was written down."""
    for name, shape in _SHAPES.items():
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
