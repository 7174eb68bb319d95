"""Tables of TOML, checked key by key: what may stand where, and how to say what is wrong."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from re import Pattern
from typing import Any

from goodwill.basics.errors import BadInput


@dataclass(frozen=True, slots=True)
class Check:
    """What a key may hold, and how to say so."""

    is_right: Callable[[Any], bool]
    wanted: str


TEXT = Check(lambda value: isinstance(value, str) and bool(value.strip()), "a text that is not empty")
DATE = Check(lambda value: type(value) is date, "a date such as 2027-06-30, without quotes or time")
COUNT = Check(lambda value: type(value) is int and value >= 1, "a whole number of at least 1")
SWITCH = Check(lambda value: isinstance(value, bool), "true or false")


def matching(pattern: Pattern[str], wanted: str) -> Check:
    """A text of a certain form."""
    return Check(lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None, wanted)


def words(value: object) -> bool:
    """Whether a value is a list of texts, none of them twice."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value) and len(set(value)) == len(value)


def text_of(path: Path, what: str) -> str:
    """A file's text.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{what} {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadInput(f"{what} {path} is not in UTF-8; save it again with that encoding.") from None


def raw(text: str, source: str) -> dict[str, Any]:
    """The tables that stand in a text.

    Raises:
        BadInput: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{source} is not valid TOML: {error}") from None


def tables(given: Mapping[str, Any], what: str, source: str, name: Pattern[str]) -> Iterator[tuple[str, Any]]:
    """The tables ``[what.NAME]``, each with its name.

    Raises:
        BadInput: one of them is no table, or has an odd name.
    """
    held = given.get(what, {})
    if not isinstance(held, dict):
        raise BadInput(f"[{what}] in {source} must hold tables such as [{what}.NAME]")
    for key, table in held.items():
        where = f"[{what}.{key}] in {source}"
        if not isinstance(table, dict):
            raise BadInput(f"{where} must be a table, not {shown(table)}")
        if not name.fullmatch(key):
            raise BadInput(f"{where}: a name is made of small letters, digits and hyphens, and starts with a letter")
        yield key, table


def check_keys(where: str, table: Mapping[str, Any], needed: Mapping[str, Check], extra: Mapping[str, Check]) -> None:
    """See that a table has all that it needs, nothing unknown, and the right kind of value everywhere.

    Raises:
        BadInput: it has not; the message names the table and the key.
    """
    if missing := sorted(needed.keys() - table.keys()):
        raise BadInput(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(table.keys() - needed.keys() - extra.keys()):
        raise BadInput(f"{where} has unknown keys: {', '.join(unknown)}")
    for key, value in table.items():
        check = needed.get(key) or extra[key]
        if not check.is_right(value):
            raise BadInput(f"{where}: {key} must be {check.wanted}, not {shown(value)}")


def shown(value: object) -> str:
    """A value as an error shows it: short."""
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
