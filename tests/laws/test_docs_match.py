"""The docs list the real folders, every room says what it is for, and no room is an empty shell."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "goodwill"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


FOLDERS = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))
ROOMS = sorted(
    [folder.name for folder in FOLDERS] + [path.name for path in SOURCE.glob("*.py") if not path.name.startswith("__")]
)


def listed() -> list[str]:
    """The names at the start of the lines of the block that begins with ``goodwill/``."""
    block = re.search(r"^```\w*\ngoodwill/\n(.*?)^```", ARCHITECTURE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert block, "docs/architecture.md has no block that begins with goodwill/"
    return [name.rstrip("/") for name in re.findall(r"^ {2}(\w+(?:/|\.py)) ", block[1], re.MULTILINE)]


def test_the_architecture_lists_exactly_the_rooms_there_are():
    assert sorted(listed()) == ROOMS


def test_the_rooms_are_listed_from_the_ground_up():
    """Against the contract's order, which import-linter checks: what stands higher in the contract is listed later."""
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    height = {room: -n for n, layer in enumerate(layers) for room in re.findall(r"\w+", layer)}
    order = [height[name.removesuffix(".py")] for name in listed()]
    assert order == sorted(order)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_room_opens_with_a_paragraph(folder):
    said = ast.get_docstring(parsed(folder / "__init__.py"))
    assert said, f"{folder.name}/__init__.py says nothing"
    assert len(said.split()) >= 10, f"{folder.name}/__init__.py says too little: {said}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_room_is_an_empty_shell(folder):
    """Somewhere in it stands a function, a class or a table, not only words and imports."""
    work = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)
    modules = (path for path in folder.rglob("*.py") if path.name != "__init__.py")
    assert any(isinstance(node, work) for path in modules for node in parsed(path).body)


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_opens_with_its_reason(path):
    assert ast.get_docstring(parsed(path)), f"{path} does not say what it is for"


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_names_its_alternatives(decision):
    words = decision.read_text("utf-8")
    assert re.search(r"^## Alternatives$", words, re.MULTILINE)
    assert re.search(r"^Decided \d{4}-\d{2}-\d{2}\.", words, re.MULTILINE)


def test_every_decision_is_in_the_index():
    index = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    assert [name for name in (path.name for path in DECISIONS) if f"({name})" not in index] == []


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda path: path.name
)
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    gone = [
        link
        for link in links
        if "://" not in link and not link.startswith("mailto:") and not (page.parent / link).exists()
    ]
    assert not gone
