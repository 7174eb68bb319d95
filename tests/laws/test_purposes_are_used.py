"""Every registered purpose is used or marked reserved, and every purpose that is used is registered."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from goodwill import purposes

SOURCE = Path(__file__).resolve().parents[2] / "src" / "goodwill"
REGISTER = purposes.shipped()
# The constants of the room: their values are texts written like names of purposes, under names in capitals.
CONSTANTS = {name: value for name, value in vars(purposes).items() if name.isupper() and isinstance(value, str)}


def constants_in(source: str) -> Iterator[str]:
    """The constants of `purposes` that a module refers to."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module="goodwill.purposes" | "goodwill.purposes.register", names=taken):
                yield from (alias.name for alias in taken if alias.name in CONSTANTS)
            case ast.Attribute(value=ast.Name(id="purposes"), attr=name) if name in CONSTANTS:
                yield name


def purposes_made_up_in(source: str) -> Iterator[tuple[int, str]]:
    """``Purpose("…")`` with a text in it: a purpose that neither the register nor a reader would find."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Name(id="Purpose") | ast.Attribute(attr="Purpose"), args=[ast.Constant(value=str(name))]
            ):
                yield node.lineno, name


def house() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if path.relative_to(SOURCE).parts[0] != "purposes":
            yield path.relative_to(SOURCE).as_posix(), path.read_text("utf-8")


@pytest.fixture(scope="module")
def used() -> set[str]:
    """The purposes that the house uses: it is read by the test that asks first, and not by whoever lists the tests."""
    return {CONSTANTS[name] for _, source in house() for name in constants_in(source)}


def test_every_constant_is_registered_and_every_registered_purpose_has_its_constant():
    assert sorted(CONSTANTS.values()) == sorted(entry.name for entry in REGISTER)


@pytest.mark.parametrize("entry", list(REGISTER), ids=lambda entry: entry.name)
def test_a_purpose_is_used_or_reserved_and_not_both(entry, used):
    if entry.reserved:
        assert entry.name not in used, f"{entry.name} is used, so the register may not call it reserved"
    else:
        assert entry.name in used, f"nothing uses {entry.name}: take it out of the register, or mark it reserved"


def test_what_no_register_may_lack_is_what_the_program_uses(used):
    assert sorted(purposes.USED) == sorted(used)


def test_nobody_makes_up_a_purpose():
    found = [f"{where}:{line} {name}" for where, source in house() for line, name in purposes_made_up_in(source)]
    assert not found, "\n".join(found)


def test_a_use_and_an_invention_are_found():
    assert list(constants_in("from goodwill.purposes import OFFERS, Purpose")) == ["OFFERS"]
    assert list(constants_in("from goodwill import purposes\nask(purposes.STATISTICS)")) == ["STATISTICS"]
    assert list(purposes_made_up_in('ask(Purpose("snooping"))')) == [(1, "snooping")]
