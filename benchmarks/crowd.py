"""A shop with many people and millions of events, written straight into the tables: what is measured is the reading."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from sqlalchemy import Connection, text

from goodwill.basics.clock import DAY
from goodwill.protect import Cipher
from goodwill.storage import Database, migrate

FIRST_DAY, DAYS = 20_000, 730
NOW = (FIRST_DAY + DAYS) * DAY
PURPOSES = (("measurement", "purchases"), ("recommendations", "purchases"), ("model-improvement", "purchases"))
_BATCH = 200_000


def fill(
    database: Database,
    *,
    people: int,
    events: int,
    products: int,
    seed: int = 1,
    allow: float = 0.6,
    purposes: tuple[tuple[str, str], ...] = PURPOSES,
) -> float:
    """Make the tables and fill them; returns the seconds that took.

    Everybody was asked for each of ``purposes``; a share of ``allow`` said yes. Purchases follow a Zipf-like choice of
    products and are spread evenly over two years in the order of time.
    """
    start = time.perf_counter()
    migrate(database)
    rng = np.random.default_rng(seed)
    with database.transaction() as connection:
        _people(connection, people)
        _products(connection, products)
        _consents(connection, people, rng, allow, purposes)
    days = np.sort(rng.integers(FIRST_DAY, FIRST_DAY + DAYS, events))
    for begin in range(0, events, _BATCH):
        rows = _events(rng, days[begin : begin + _BATCH], people, products)
        with database.transaction() as connection:
            _write(connection, "events", EVENT_COLUMNS, rows)
    with database.transaction() as connection:
        if not database.is_sqlite:
            connection.execute(text("ANALYZE"))
    return time.perf_counter() - start


def name_them(database: Database, cipher: Cipher, people: int) -> None:
    """Give everybody an id of the shop's own, ``u1``, ``u2`` …; they are found by it, and nothing is sealed in it."""
    lookups = cipher.lookup_many("user_id", [f"u{n}" for n in range(1, people + 1)])
    rows = (("user_id", lookup, n, b"", 1, 0) for n, lookup in enumerate(lookups, start=1))
    with database.transaction() as connection:
        _write(connection, "identities", ("kind", "lookup", "person", "sealed", "epoch", "added_at"), rows)


EVENT_COLUMNS = ("person", "type", "at", "day", "product", "quantity", "amount", "currency", "reference", "key")


def _events(rng: np.random.Generator, days: np.ndarray, people: int, products: int) -> Iterator[tuple[object, ...]]:
    size = days.size
    person = rng.integers(1, people + 1, size)
    at = days * DAY + rng.integers(0, DAY, size)
    product = 1 + (products * rng.random(size) ** 3).astype(np.int64)
    amount = rng.integers(50, 5_000, size)
    key = rng.integers(0, 2**63 - 1, size)
    order = person * 1_000_000 + days  # one order a person and day
    return zip(
        person.tolist(), [5] * size, at.tolist(), days.tolist(), product.tolist(), [1000] * size, amount.tolist(),
        ["USD"] * size, order.tolist(), key.tolist(), strict=True,
    )  # fmt: skip


def _people(connection: Connection, people: int) -> None:
    _write(connection, "people", ("id", "created_at"), ((n, 0) for n in range(1, people + 1)))


def _products(connection: Connection, products: int) -> None:
    columns = ("id", "external", "name", "available", "item")
    _write(connection, "products", columns, ((n, f"P{n}", f"Product {n}", 1, None) for n in range(1, products + 1)))


def _consents(
    connection: Connection,
    people: int,
    rng: np.random.Generator,
    allow: float,
    purposes: tuple[tuple[str, str], ...],
) -> None:
    yes = (rng.random((people, len(purposes))) < allow).astype(int)
    rows, now = [], []
    for person in range(people):
        for n, (purpose, category) in enumerate(purposes):
            position, answer = len(rows) + 1, int(yes[person, n])
            state = "given" if answer else "refused"
            rows.append((position, person + 1, purpose, category, state, answer, position, position, "claimed", "{}"))
            now.append((purpose, category, person + 1, answer, position, position))
    ledger = (
        "position",
        "person",
        "purpose",
        "category",
        "state",
        "yes",
        "said_at",
        "recorded_at",
        "evidence",
        "asked",
    )
    _write(connection, "consent_rows", ledger, rows)
    _write(connection, "consent_now", ("purpose", "category", "person", "yes", "position", "said_at"), sorted(now))


def _write(connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    raw = connection.connection.driver_connection
    connection.exec_driver_sql("SELECT 1")  # begins the transaction
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        return
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        rows = iter(rows)
        while batch := list(islice(rows, 10_000)):
            for row in batch:
                copy.write_row(row)
