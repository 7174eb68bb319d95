"""How long somebody who writes a rule waits for its count: never asked before, consent subtracted, facts opened."""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text

from benchmarks.crowd import NOW, fill
from benchmarks.postgresql import server
from benchmarks.rows import Figure, at_most
from goodwill import people
from goodwill.app import create_shop
from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.purposes import Category
from goodwill.shop import Shop
from goodwill.storage import connect

PEOPLE, EVENTS, PRODUCTS, RUNS = 50_000, 1_000_000, 5_000, 7
MAIL = "email-marketing"
ASKED = ((MAIL, "contact"), (MAIL, "purchases"), (MAIL, "engagement"))
TOWNS = ("Wien", "Graz", "Linz", "Salzburg", "Innsbruck")


def run() -> list[Figure]:
    """Seconds a count, each of a rule that was never asked before, by the shop's own verb."""
    with TemporaryDirectory() as folder:
        figures = _measured(Path(folder), None, "SQLite")
    with TemporaryDirectory() as folder, server() as url:
        return figures + _measured(Path(folder), url, "PostgreSQL")


def _measured(folder: Path, url: str | None, name: str) -> list[Figure]:
    database = connect(url or folder / "shop.db")
    fill(database, people=PEOPLE, events=EVENTS, products=PRODUCTS, purposes=ASKED, allow=0.8)
    with database.transaction() as connection:
        connection.execute(text("UPDATE products SET category = 'Kind ' || (id % 10)"))
    database.close()
    values = {"database": url} if url else {}
    with create_shop(folder, clock=lambda: Micros(NOW), currency="USD", **values) as shop:
        _told(shop)
        shop.segments.count_rule(_lapsed(3), MAIL)  # the reader runs by then
        allowed = shop.segments.count_rule(_town(0), MAIL).looked_at
        took = {
            "two questions (lapsed regulars)": [_took(shop, _lapsed(n)) for n in range(4, 4 + RUNS)],
            "of 500 of 5,000 products": [_took(shop, _loves(n)) for n in range(RUNS)],
            "ten questions": [_took(shop, _ten(n)) for n in range(RUNS)],
            "lapsed regulars of a town": [_took(shop, _both(n)) for n in range(RUNS)],
            f"a town alone, {allowed:,} facts opened": [_took(shop, _town(n)) for n in range(RUNS)],
        }
        again = [_took(shop, _lapsed(4)) for _ in range(RUNS)]
    return [
        *(at_most(f"Count at 1 M events, 50,000 people, {name}: {what}", _median(some), "s", 1.0)
          for what, some in took.items()),
        Figure(f"… the first again, {name}", _median(again), "s"),
    ]  # fmt: skip


def _told(shop: Shop) -> None:
    """Everybody told where she lives."""
    persons = [PersonId(n) for n in range(1, PEOPLE + 1)]
    shop.keys.create(persons)
    told = {(person, "city"): (Category("contact"), TOWNS[person % 5]) for person in persons}
    with shop.database.transaction() as connection:
        people.set_facts(connection, shop.cipher, told, now=shop.clock())


def _lapsed(visits: int) -> dict[str, Any]:
    bought = {"is": "did", "what": "bought", "visits": {"at_least": visits}}
    return {"is": "all", "of": [bought, {"is": "last", "what": "bought", "days_ago": {"at_least": 30}}]}


def _loves(number: int) -> dict[str, Any]:
    kind = {"categories": [f"Kind {number}"]}
    return {"is": "did", "what": "bought", "things": kind, "within_days": 365, "times": {"at_least": 2}}


def _town(number: int) -> dict[str, Any]:
    return {"is": "fact", "field": "city", "one_of": [TOWNS[number % 5], f"Nowhere {number}"]}


def _both(number: int) -> dict[str, Any]:
    return {"is": "all", "of": [_lapsed(11 + number), _town(number)]}


def _ten(number: int) -> dict[str, Any]:
    spent = [
        {"is": "did", "what": "bought", "within_days": 30 * n + number, "spent": {"at_least": 900 * n}}
        for n in range(1, 11)
    ]
    return {"is": "any", "of": spent}


def _took(shop: Shop, rule: dict[str, Any]) -> float:
    start = time.perf_counter()
    shop.segments.count_rule(rule, MAIL)
    return time.perf_counter() - start


def _median(took: list[float]) -> float:
    return statistics.median(took)
