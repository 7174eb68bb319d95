"""The table in docs/settings.md lists exactly the settings there are, in their order, with their defaults."""

import re
from pathlib import Path

import msgspec
import pytest

from goodwill.app import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
TABLE = re.compile(r"^\| setting \| default \| meaning \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", re.MULTILINE)
FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}


def rows():
    """Setting, default and meaning of each line of the table."""
    found = TABLE.search(PAGE.read_text("utf-8"))
    assert found, "docs/settings.md has no table of settings"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1].splitlines()]


def written(default):
    """A default as the page writes it."""
    if isinstance(default, tuple):
        return ", ".join(default) or "empty"
    return "empty" if default == "" else str(default)


def test_the_table_lists_exactly_the_settings():
    assert [row[0].strip("`") for row in rows()] == list(FIELDS)


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.default is not msgspec.NODEFAULT])
def test_a_default_is_the_one_in_the_program(name):
    (said,) = (default for setting, default, _ in rows() if setting == f"`{name}`")
    assert said.strip("`") == written(FIELDS[name].default)


def test_every_setting_has_a_meaning():
    assert [setting for setting, _, meaning in rows() if len(meaning.split()) < 3] == []
