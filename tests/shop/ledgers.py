"""A shop whose ledger has some rows and nothing else, and somebody who gets at its tables from outside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text

from goodwill.app import create_shop
from goodwill.basics.clock import SECOND
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, Said, State, append
from goodwill.purposes import Category, Purpose
from goodwill.shop import Shop
from goodwill.storage import Database, audit

WORDS = ("given", "withdrawn", "given", "refused")


def shop_with(database: Database, folder: Path, clock: Any, rows: int, **values: Any) -> Shop:
    """A new shop whose ledger has so many rows, and its audit log a few."""
    where = database.url or f"sqlite:///{database.file}"
    shop = create_shop(folder / "home", clock=clock, database=where, columns="database", **values)
    say(shop, rows)
    with shop.database.transaction() as connection:
        for n in range(3):
            audit.note(connection, audit.Actor("staff 1"), audit.Entry("person.note", person=n), now=clock())
    return shop


def say(shop: Shop, rows: int, *, first: int = 1) -> None:
    """Write answers into the ledger, of people who are numbers."""
    asked = Asked("page", notice="notice-1", words="Wollen Sie – ja?", language="de")
    with shop.database.transaction() as connection:
        words = [
            Said(PersonId(n % 7 + 1), Purpose("recommendations"), Category("purchases"), State(WORDS[n % 4]),
                 shop.clock() - n * SECOND, asked, until=None if n % 3 else 2**60)
            for n in range(first, first + rows)
        ]  # fmt: skip
        append(connection, words, now=shop.clock())


def break_in(shop: Shop, *statements: str, table: str = "consent_rows") -> None:
    """Change a log as only somebody can who owns the database: its triggers are taken away first."""
    with shop.database.transaction() as connection:
        if shop.database.is_sqlite:
            for verb in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS only_add_{table}_{verb}"))
        else:
            connection.execute(text(f"DROP TRIGGER IF EXISTS only_add_{table} ON {table}"))
        for statement in statements:
            connection.execute(text(statement))


def forget_in_keys(shop: Shop) -> None:
    """Let the key store know nothing of the logs, as one that an earlier version made, or that is older than they."""
    with shop.keys._database.transaction() as connection:
        connection.execute(text("DELETE FROM last_known"))


Attack = Callable[[Shop], None]


def statement(*statements: str, table: str = "consent_rows") -> Attack:
    return lambda shop: break_in(shop, *statements, table=table)
