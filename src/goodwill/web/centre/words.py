"""The words of the pages, a file for each language; which language a visitor reads, and how it writes dates."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from goodwill.basics.clock import iso, moment

USUAL = "en"
_HERE = files("goodwill.web").joinpath("words")
_RANGE = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9-]{1,30})?(?:\s*;\s*q=([01](?:\.[0-9]{1,3})?))?")


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that the pages say in one language.

    Attributes:
        texts: by their dotted keys, such as ``choices.title``; what stands in braces is filled in.
    """

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> Markup:
        """A text, safe to stand on a page: only our own words may hold markup, what is filled in never does."""
        filled = {name: value if isinstance(value, Markup) else escape(value) for name, value in values.items()}
        return Markup(self.texts[key].format_map(filled))  # noqa: S704 - the catalogue is ours, values are escaped

    def count(self, key: str, number: int, **values: object) -> Markup:
        """A text about a number: ``key.one`` or ``key.many``."""
        return self(f"{key}.{'one' if number == 1 else 'many'}", number=self.number(number), **values)

    def has(self, key: str) -> bool:
        return key in self.texts

    def of(self, group: str, name: str, otherwise: str) -> Markup:
        """A text for something that has a name in the program, or that name as it is."""
        key = f"{group}.{name}"
        return self(key) if key in self.texts else escape(otherwise)

    def number(self, number: int) -> str:
        return f"{number:,}".replace(",", self.texts["language.thousands"])

    def day(self, day: date) -> Markup:
        """A day, as people of this language write it."""
        month = self.texts[f"month.{day.month}"]
        text = self("language.day", day=day.day, month=month, year=day.year)
        return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), text)

    def time(self, at: int, zone: ZoneInfo) -> Markup:
        """A moment on the shop's clock, with the name of its zone."""
        local = moment(at).astimezone(zone)
        month = self.texts[f"month.{local.month}"]
        text = self(
            "language.time", day=local.day, month=month, year=local.year, clock=f"{local:%H:%M}", zone=f"{local:%Z}"
        )
        return Markup('<time datetime="{}">{}</time>').format(iso(at), text)


@cache
def catalogues() -> dict[str, Words]:
    """All languages that there are."""
    found = sorted(file.name.removesuffix(".toml") for file in _HERE.iterdir() if file.name.endswith(".toml"))
    return {language: _read(language) for language in found}


def _read(language: str) -> Words:
    written = tomllib.loads(_HERE.joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    return Words(language, dict(_flat(written, "")))


def _flat(table: Mapping[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def language_for(asked: str | None, kept: str | None, accepted: str | None, shops: str = USUAL) -> str:
    """The language of a page: as asked for now, as chosen before, as the browser prefers, else the shop's own."""
    there = catalogues()
    for choice in (asked, kept):
        if choice in there:
            return str(choice)
    wanted = (*preferred(accepted or ""), shops)
    return next((language for language in wanted if language in there), USUAL)


def preferred(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, the best first (RFC 9110, 12.5.4)."""
    ranges = [_RANGE.fullmatch(part.strip()) for part in accepted[:1_000].split(",")]
    wanted = [(float(found[2] or 1), found[1].lower()) for found in ranges if found]
    return [language for weight, language in sorted(wanted, key=lambda one: -one[0]) if weight > 0]
