"""A shop of a handful of people for the laws about what it knows: quick to make, and driven step by step."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from tests.conftest import FakeClock

from goodwill import people
from goodwill.access import Total
from goodwill.access.columns import Columns
from goodwill.basics.clock import DAY, Micros
from goodwill.basics.ids import PersonId
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.collect import store as imports
from goodwill.consent import Asked, grant
from goodwill.learn.lesson import Lesson
from goodwill.learn.library import LESSONS, MODELS, Library
from goodwill.people.columns import EventColumns
from goodwill.people.types import BOUGHT
from goodwill.protect import Cipher
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS, Purpose, Register, shipped
from goodwill.shop import Shop, ShopSettings
from goodwill.storage import Database
from goodwill.storage.schema import metadata

ASKED = Asked(how="test")
GOODS = ("bread", "coffee", "juice", "wine")
ZONE = ZoneInfo("UTC")
_SETTINGS = ShopSettings(
    shop_id="test", name="Test", zone=ZONE, currency="EUR", region=None, items="product", new_in_ten=1, sensitive=(),
    base_url="", watermark="",
)  # fmt: skip


@dataclass(eq=False)
class Village:
    """A shop, its people, and what the tests do to them.

    Attributes:
        goods: the product ids.
        lessons: what the shop learns; purposes: what people agree to.
    """

    database: Database
    cipher: Cipher
    clock: FakeClock
    folder: Path
    engine: str = "database"
    person: dict[str, PersonId] = field(default_factory=dict)
    goods: tuple[int, ...] = ()
    key: int = 0
    register: Register = field(default_factory=shipped)
    lessons: tuple[Lesson[Any, Any], ...] = LESSONS
    purposes: tuple[Purpose, ...] = (RECOMMENDATIONS, MODEL_IMPROVEMENT)

    def __post_init__(self) -> None:
        self.columns = Columns(self.database, engine=self.engine)
        self.shop = self.another_process()
        self.shop.planning.keep_starters()
        with self.database.transaction() as connection:
            added = catalogue.upsert_many(connection, [Product(name, name) for name in GOODS])
        self.goods = tuple(int(product) for product in added.ids)

    def another_process(self) -> Shop:
        """The same shop as another process sees it: with a library of its own, and nothing in memory yet."""
        library = Library(self.folder / "totals", lessons=self.lessons)
        return Shop(
            self.database, self.register, self.cipher.keys, self.cipher, self.columns, library, _SETTINGS, self.folder,
            self.clock,
        )  # fmt: skip

    def knows(self, *names: str, import_id: int | None = None) -> None:
        with self.database.transaction() as connection:
            found = people.identify_many(
                connection, self.cipher, "user_id", names, now=self.clock(), import_id=import_id
            )
        self.person |= found

    def agrees(self, *names: str, import_id: int | None = None) -> list[int]:
        """They allow suggestions and shared learning, or what else is asked here; gives the ledger's positions."""
        positions: list[int] = []
        with self.database.transaction() as connection:
            for name in names:
                for purpose in self.purposes:
                    entry = self.shop.register[purpose]
                    receipt = grant(connection, self.person[name], entry, asked=ASKED, now=self.clock())
                    positions += receipt.positions
        return positions

    def buys(self, name: str, *products: int, day: int = 0, import_id: int | None = None) -> None:
        """A visit, ``day`` days before today."""
        many = len(products)
        keys = range(self.key + 1, self.key + 1 + many)
        self.key += many
        today = int(self.clock()) // DAY - day
        visit = EventColumns(
            person=[self.person[name]] * many, type=[BOUGHT] * many, at=[today * DAY + key for key in keys],
            day=[today] * many, product=[self.goods[product] for product in products], quantity=[1000] * many,
            amount=[250] * many, currency="EUR", reference=[self.key] * many, key=list(keys), import_id=import_id,
        )  # fmt: skip
        with self.database.transaction() as connection:
            people.log.append(connection, visit)

    def begins_import(self) -> int:
        """Write down an import that is done, so that it can be taken back; its rows carry the number it gives."""
        with self.database.transaction() as connection:
            number = imports.begin(
                connection, kinds=["orders"], file="f", sha256="s", mapping={}, options={}, now=Micros(self.clock())
            )
            imports.close(connection, number, "done")
        return number

    def brought(self, import_id: int, positions: list[int]) -> None:
        """Write down which answers an import brought."""
        with self.database.transaction() as connection:
            place = {"positions": [[position, position] for position in positions]}
            imports.close(connection, import_id, "running")
            imports.move(connection, import_id, {}, place, {})
            imports.close(connection, import_id, "done")

    def anew(self, lesson: Lesson[Any, Any] = MODELS) -> Total:
        """The total worked out from nothing but the database."""
        with self.shop._at_the_door() as door:
            counted = lesson.counted(door, self.shop._look_at_shelf())
            return door.total(lesson.contribution(counted))

    def stands(self) -> dict[str, list[object]]:
        """All rows of all tables but the read log and the kept totals."""
        with self.database.reading() as connection:
            return {
                name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
                for name, table in metadata.tables.items()
                if name not in ("reads", "totals")
            }
