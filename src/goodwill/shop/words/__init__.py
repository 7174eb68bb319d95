"""The words that customers read, on pages and on paper: a file for each language, and how it writes days."""

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
_HERE = files(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that customers are told in one language.

    Attributes:
        texts: by their dotted keys, such as ``choices.title``; what stands in braces is filled in.
    """

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> Markup:
        """A text, safe to stand on a page: only our own words may hold markup, what is filled in never does."""
        filled = {name: value if isinstance(value, Markup) else escape(value) for name, value in values.items()}
        return Markup(self.texts[key].format_map(filled))  # noqa: S704 - the catalogue is ours, values are escaped

    def plain(self, key: str, **values: object) -> str:
        """A text for paper, where nothing is markup."""
        return self.texts[key].format_map(values)

    def count(self, key: str, number: int, **values: object) -> Markup:
        """A text about a number: ``key.one`` or ``key.many``."""
        return self(_counted(key, number), number=self.number(number), **values)

    def plain_count(self, key: str, number: int, **values: object) -> str:
        """The same for paper."""
        return self.plain(_counted(key, number), number=self.number(number), **values)

    def has(self, key: str) -> bool:
        return key in self.texts

    def of(self, group: str, name: str, otherwise: str) -> Markup:
        """A text for something that has a name in the program, or else what the shop itself calls it."""
        key = f"{group}.{name}"
        return self(key) if key in self.texts else escape(otherwise)

    def number(self, number: int) -> str:
        return f"{number:,}".replace(",", self.texts["language.thousands"])

    def day(self, day: date) -> Markup:
        """A day, as people of this language write it."""
        return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), self.plain_day(day))

    def plain_day(self, day: date) -> str:
        """The same for paper."""
        return self.plain("language.day", day=day.day, month=self.texts[f"month.{day.month}"], year=day.year)

    def time(self, at: int, zone: ZoneInfo) -> Markup:
        """A moment on the shop's clock, with the name of its zone."""
        return Markup('<time datetime="{}">{}</time>').format(iso(at), self.plain_time(at, zone))

    def plain_time(self, at: int, zone: ZoneInfo) -> str:
        """The same for paper."""
        local = moment(at).astimezone(zone)
        return self.plain(
            "language.time", day=local.day, month=self.texts[f"month.{local.month}"], year=local.year,
            clock=f"{local:%H:%M}", zone=f"{local:%Z}",
        )  # fmt: skip


def _counted(key: str, number: int) -> str:
    return f"{key}.{'one' if number == 1 else 'many'}"


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
