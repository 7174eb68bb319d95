"""A small shop for tests: a bakery with twenty-odd customers of known habits, written through the rooms' own verbs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from tests.copies import shop_of_a_kind

from goodwill import people
from goodwill.basics.clock import DAY, Clock, Micros
from goodwill.basics.ids import PersonId, hash64
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked, grant, withdraw
from goodwill.people.columns import EventColumns
from goodwill.people.types import BOUGHT
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS
from goodwill.shop import Shop
from goodwill.storage import Database

ASKED = Asked(how="test", notice="n1", words="May we?", confirmed_at="2026-11-20T09:00:00Z")
CROWD = 30
MORNING = ("croissant", "coffee", "brioche", "juice")
EVENING = ("bread", "cheese", "olives", "wine")
RARE = ("truffle", "tobacco pouch")


@dataclass(frozen=True)
class Bakery:
    """The shop, and its people by name: the cast, and a crowd of c0, c1 … who allow everything."""

    shop: Shop
    person: dict[str, PersonId]


def bakery(
    database: Database,
    folder: Path,
    clock: Clock,
    *,
    then: Callable[[Shop], object] | None = None,
    **settings: Any,
) -> Bakery:
    """Amina allows everything, Bruno was never asked, Chiara withdrew, Dev is new and allows everything.

    Even-numbered people and Amina come in the morning, the others in the evening; nobody but Amina ever bought
    truffles, and only she and four of the crowd bought tobacco.

    Args:
        then: what else is done to every shop of the kind, such as `Shop.learn`; it is done once, and copied.
    """
    # By the database alone: a test that adds up two dozen people need not wait for DuckDB to start.
    settings = {"columns": "database", **settings}

    def make(shop: Shop) -> dict[str, PersonId]:
        ids = _furnished(shop)
        if then is not None:
            then(shop)
        return ids

    shop, ids = shop_of_a_kind(("bakery", then), make, database, folder / "home", clock, **settings)
    return Bakery(shop, dict(ids))


def _furnished(shop: Shop) -> dict[str, PersonId]:
    clock = shop.clock
    names = ["amina", "bruno", "chiara", "dev", *(f"c{n}" for n in range(CROWD))]
    with shop.database.transaction() as connection:
        ids = people.identify_many(connection, shop.cipher, "user_id", names, now=clock())
        things = [
            Product(f"B-{n}" if name in RARE else name, name.capitalize(), category="food")
            for n, name in enumerate((*MORNING, *EVENING, *RARE))
        ]
        added = catalogue.upsert_many(connection, things)
        number = dict(zip((*MORNING, *EVENING, *RARE), added.ids, strict=True))
        _visits(connection, ids, number, int(clock()) // DAY)
        for name in ("amina", "chiara", "dev", *names[4:]):
            for purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT):
                grant(connection, ids[name], shop.register[purpose], asked=ASKED, now=Micros(clock() - DAY))
        for purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT):
            withdraw(connection, ids["chiara"], shop.register[purpose], asked=ASKED, now=clock())
    return ids


def _visits(connection: Connection, ids: Mapping[str, PersonId], number: Mapping[str, int], today: int) -> None:
    lines: list[tuple[int, int, int]] = []
    for turn, (name, person) in enumerate(ids.items()):
        if name == "dev":
            continue
        usual = MORNING if turn % 2 == 0 else EVENING
        for week in range(8, 0, -1):
            basket = [usual[0], usual[1], usual[2 + (week + turn) % 2]]
            basket += ["truffle"] if name == "amina" and week == 3 else []
            basket += ["tobacco pouch"] if name in ("amina", "c0", "c2", "c4", "c6") else []
            # The morning people with an even visit also take bread and cheese: what goes together across the two.
            basket += [EVENING[week % 2]] if turn % 4 == 0 and name != "amina" else []
            lines += [(person, today - 7 * week, number[thing]) for thing in basket]
    columns = list(zip(*lines, strict=True))
    log_days = [int(day) for day in columns[1]]
    people.log.append(
        connection,
        EventColumns(
            person=list(columns[0]),
            type=[BOUGHT] * len(lines),
            at=[day * DAY + 9 * 3_600_000_000 for day in log_days],
            day=log_days,
            product=list(columns[2]),
            quantity=[1000] * len(lines),
            amount=[250] * len(lines),
            currency="EUR",
            reference=[hash64(person, day) for person, day, _ in lines],
            key=[hash64("test", *line) for line in lines],
        ),
    )


def add_smokers(small: Bakery, *purposes: str) -> list[str]:
    """Forty people who buy pouches of tobacco with rolling papers, which nobody else does; everybody buys tea."""
    shop, smokers = small.shop, [f"s{n}" for n in range(40)]
    with shop.database.transaction() as connection:
        added = catalogue.upsert_many(
            connection,
            [
                Product("papers", "Rolling papers", category="papers", price=200),
                Product("pouch", "Tobacco pouch", category="smoke", price=900),
                Product("tea", "Tea", category="drinks", price=400),
            ],
            at=shop.clock(),
        )
        papers, pouch, tea = added.ids
        ids = people.identify_many(connection, shop.cipher, "user_id", smokers, now=shop.clock())
        day = shop.clock() // DAY - 3
        lines = [(ids[name], thing) for name in smokers for thing in (papers, pouch)]
        lines += [(person, tea) for person in [*ids.values(), *small.person.values()]]
        people.log.append(
            connection,
            EventColumns(
                person=[int(person) for person, _ in lines], type=[BOUGHT] * len(lines), at=[day * DAY] * len(lines),
                day=[day] * len(lines), product=[int(thing) for _, thing in lines], quantity=[1000] * len(lines),
                amount=[500] * len(lines), currency="EUR", reference=[int(person) for person, _ in lines],
                key=list(range(10_000, 10_000 + len(lines))), detail=[None] * len(lines),
            ),
        )  # fmt: skip
    for name in smokers:
        for purpose in purposes:
            shop.grant(name, purpose, asked=ASKED)
    shop.learn()
    return smokers
