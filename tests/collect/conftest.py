"""A desk to import at: files written in a line, tools that stand still, and what came out of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from goodwill.collect import imports
from goodwill.collect.imports import ImportReport, Tools
from goodwill.people import find
from goodwill.protect import Cipher
from goodwill.purposes import shipped
from goodwill.storage import Database

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def tools(cipher, clock) -> Tools:
    return Tools(cipher, shipped(), BERLIN, "EUR", clock, region="DE")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_file(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write_file


@dataclass
class Desk:
    """Imports files into one database and looks at what is there."""

    database: Database
    tools: Tools
    cipher: Cipher
    folder: Path

    @property
    def rejects(self) -> Path:
        return self.folder / "rejects.csv"

    def take(self, *paths: Path, **said: Any) -> ImportReport:
        plan = imports.plan(paths, **{key: said.pop(key) for key in ("as_", "mapping", "currency") if key in said})
        return imports.run(self.database, self.tools, plan, rejects_to=self.rejects, **said)

    def undo(self, report: ImportReport, settle: Callable[[], None] = lambda: None) -> Any:
        assert report.id is not None
        return imports.undo(self.database, self.tools, report.id, settle=settle)

    def ask(self, question: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.database.reading() as connection:
            return [tuple(row) for row in connection.execute(text(question), values)]

    def events(self) -> list[tuple[Any, ...]]:
        return self.ask(
            "SELECT e.type, p.external, e.quantity, e.amount, e.currency FROM events e "
            "LEFT JOIN products p ON p.id = e.product ORDER BY e.id"
        )

    def person(self, word: str, kind: str = "user_id") -> int | None:
        with self.database.reading() as connection:
            return find(connection, self.cipher, kind, word, region="DE")

    def count(self, table: str) -> int:
        return int(self.ask(f"SELECT count(*) FROM {table}")[0][0])

    def in_zone(self, zone: str) -> "Desk":
        return replace(self, tools=replace(self.tools, zone=ZoneInfo(zone)))


@pytest.fixture
def desk(database, tools, cipher, tmp_path) -> Desk:
    return Desk(database, tools, cipher, tmp_path)


LINES = """order_id,customer_id,ordered_at,product_id,product_name,quantity,amount
1001,amina,2026-03-02 08:15:00+01:00,P1,Rye loaf,1,3.40
1001,amina,2026-03-02 08:15:00+01:00,P2,Croissant,2,2.80
1002,chiara,2026-03-02 09:00:00+01:00,P1,Rye loaf,0.5,1.70
1003,bruno,2026-03-03 07:45:00+01:00,P2,Croissant,1,1.40
"""


@pytest.fixture
def lines(write: Callable[..., Path]) -> Path:
    return write("lines.csv", LINES)
