"""The door is alone: nobody reaches a personal table by writing SQL where SQL has no place.

Import contracts see who imports the tables; they do not see into strings, nor which names come out of SQLAlchemy.
This reads the source instead, and first shows on made-up offenders that it would find them.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from sqlalchemy import Table

from goodwill.people import tables

SOURCE = Path(__file__).resolve().parents[2] / "src" / "goodwill"
PERSONAL = sorted(table.name for table in vars(tables).values() if isinstance(table, Table))

KNOW_PERSONAL_TABLES = ("people", "access", "storage/migrations")
WRITE_SQL = (*KNOW_PERSONAL_TABLES, "storage", "consent", "catalogue", "costs")
READ_PARQUET = ("collect", "simulate")  # with DuckDB, from files; a personal table's name is no business of theirs
FIT_FOR_ALL = {"Connection"}  # a room takes the connection as its first argument and hands it on

STATEMENT = re.compile(
    r"^\W*(select\b.+\bfrom|with\b.+\bas\s*\(|insert\s+(or\s+\w+\s+)?into|update\b.+\bset|delete\s+from|copy\b.+\b(from|to)"
    r"|create\s+(temp\w*\s+)?(table|view|index|trigger)|drop\s+table|alter\s+table|truncate|attach|pragma)\b",
    re.IGNORECASE | re.DOTALL,
)
NAMES_ONE = re.compile(
    rf"\b(from|join|into|update|table|copy|truncate)\s+[\w.]*?[\"'`\[]?({'|'.join(PERSONAL)})\b", re.IGNORECASE
)
FRAGMENT = re.compile(rf"\b(FROM|JOIN|INTO|UPDATE)\s+[\w.]*?[\"'`\[]?({'|'.join(PERSONAL)})\b")  # capitals: not English
RAW = {"exec_driver_sql", "executescript", "raw_connection", "cursor", "driver_connection", "dbapi_connection"}


def may(where: str, rooms: tuple[str, ...]) -> bool:
    return any(where == f"{room}.py" or where.startswith(f"{room}/") for room in rooms)


def offences(source: str, where: str) -> Iterator[str]:
    """What a module does that its place in the house does not allow; ``where`` is its path below ``goodwill/``."""
    tree = ast.parse(source)
    personal, store = may(where, KNOW_PERSONAL_TABLES), may(where, WRITE_SQL) or where.endswith("/store.py")
    files = may(where, READ_PARQUET) and any("duckdb" in name for _, name in imports(tree))
    for line, words in strings(tree):
        if not personal and names_a_personal_table(words):
            yield f"{where}:{line} names a personal table: {words!r}"
        elif not store and not files and STATEMENT.search(words):
            yield f"{where}:{line} writes SQL: {words!r}"
    for node in nodes(tree):
        if isinstance(node, ast.expr) and not personal and (name := fetched_by_name(node)):
            yield f"{where}:{node.lineno} fetches the personal table '{name}' by its name"
        if isinstance(node, ast.Attribute) and node.attr in RAW and not store and not files:
            yield f"{where}:{node.lineno} goes round SQLAlchemy: .{node.attr}"
    if not store:
        for line, name in imports(tree):
            top, _, last = name.rpartition(".")
            if name.split(".")[0] == "sqlalchemy" and not (top == "sqlalchemy" and last in FIT_FOR_ALL):
                yield f"{where}:{line} takes {name}: questions to the database belong into a store.py"


@lru_cache(maxsize=1)
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All of a module: it is gone through several times."""
    return tuple(ast.walk(tree))


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every imported name, in full."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text that is put together in one expression, apart from docstrings; what is filled in shows as {}."""
    texts = [node for node in nodes(tree) if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)]
    inner = {id(part) for node in texts for part in parts_of(node)} | docstrings(tree)
    for node in texts:
        if id(node) not in inner and (words := text_of(node)):
            yield getattr(node, "lineno", 0), words


def parts_of(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Constant) and text_of(node) is not None:
        yield from (part for part in ast.walk(node) if part is not node)


def text_of(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(constant)):
            return constant
        case ast.JoinedStr(values=values):
            return "".join(text_of(value) or "{}" for value in values)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            before, after = text_of(left), text_of(right)
            return None if before is None and after is None else f"{before or '{}'}{after or '{}'}"
    return None


def docstrings(tree: ast.AST) -> set[int]:
    """Texts that stand alone say something to a reader, not to a database."""
    return {id(node.value) for node in nodes(tree) if isinstance(node, ast.Expr)}


def names_a_personal_table(words: str) -> bool:
    return bool(FRAGMENT.search(words) or (STATEMENT.search(words) and NAMES_ONE.search(words)))


def fetched_by_name(node: ast.AST) -> str | None:
    """The personal table in ``table("events")``, ``Table("events", …)`` or ``metadata.tables["events"]``."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(table)), *_]):
            return table if name.lower() == "table" and table in PERSONAL else None
        case ast.Subscript(value=ast.Attribute(attr="tables"), slice=ast.Constant(value=str(table))):
            return table if table in PERSONAL else None
    return None


OFFENDERS = {
    "a plain question": 'rows = connection.execute("SELECT person FROM events")',
    "in small letters, over lines": 'ask("""\n  select e.person\n  from shop.main.events as e""")',
    "filled in": 'ask(f"SELECT {columns} FROM identities WHERE kind = {kind}")',
    "put together": 'ask("DELETE " + "FROM " + "profiles" + where)',
    "in quotes": "ask('UPDATE \"people\" SET erased_at = 1')",
    "a piece for later": 'TAIL = " LEFT JOIN holds ON holds.person = p.id"',
    "by its name in the catalogue of tables": 'found = metadata.tables["events"]',
    "by a table of the same name": 'events = Table("events", metadata, Column("person"))',
    "through the column engine": 'events = connection.table("events")',
    "any question at all": 'ask("SELECT count(*) FROM products")',
    "the query language": "from sqlalchemy import Connection, select",
    "the whole library": "import sqlalchemy as sa",
    "free text": "from sqlalchemy.sql.expression import text",
    "the driver": 'connection.exec_driver_sql(read("question.sql"))',
}

INNOCENT = {
    "a docstring": '"""Reads from people nothing; SELECT person FROM events is for the door."""',
    "a sentence for a screen": 'raise BadInput("Choose columns from events that your shop sent")',
    "a label": 'LABELS = {"events": "What happened", "people": "People"}',
    "the connection": "from sqlalchemy import Connection",
    "a table on the screen": 'shown = Table("A title", "people")',
}


@pytest.mark.parametrize("snippet", OFFENDERS.values(), ids=OFFENDERS)
def test_an_offender_is_found(snippet):
    assert list(offences(snippet, "decide/choose.py"))


@pytest.mark.parametrize("snippet", INNOCENT.values(), ids=INNOCENT)
def test_an_innocent_is_left_alone(snippet):
    assert not list(offences(snippet, "decide/choose.py"))


def test_a_store_may_ask_its_own_tables_but_not_the_personal_ones():
    assert not list(offences('from sqlalchemy import select\nask("SELECT id FROM api_keys")', "web/store.py"))
    assert list(offences('ask("SELECT id FROM people")', "web/store.py"))
    assert list(offences('ask("SELECT person FROM events")', "consent/ledger.py"))
    assert not list(offences('ask("SELECT person FROM events")', "people/log.py"))


def test_reading_parquet_is_no_way_round_the_door():
    reads = 'import duckdb\nduckdb.sql("SELECT * FROM read_parquet(?)")'
    assert not list(offences(reads, "collect/files.py"))
    assert list(offences(reads, "decide/choose.py"))
    assert list(offences('import duckdb\nduckdb.sql("SELECT * FROM shop.main.events")', "collect/files.py"))


def test_the_personal_tables_are_known():
    assert {"people", "identities", "profiles", "events", "holds"} <= set(PERSONAL)


def test_the_house_has_no_offender():
    files = [path for path in SOURCE.rglob("*.py") if "__pycache__" not in path.parts]
    assert len(files) > 30
    found = [line for path in files for line in offences(path.read_text("utf-8"), path.relative_to(SOURCE).as_posix())]
    assert not found, "\n".join(found)
