"""A few people and what they do, written through the rooms that own it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from goodwill.access import Door
from goodwill.access.columns import Columns
from goodwill.basics.clock import DAY, Micros, micros
from goodwill.basics.ids import PersonId
from goodwill.people.tables import events, holds, people
from goodwill.purposes import Register, shipped
from goodwill.storage import Database

START = micros(datetime(2026, 3, 1, 12, tzinfo=UTC))
ZONE = ZoneInfo("UTC")


@dataclass
class World:
    """A database with people in it and a clock that moves only when told."""

    database: Database
    engine: str = "auto"
    now: Micros = START
    register: Register = field(default_factory=shipped)
    key: int = 0

    def __post_init__(self) -> None:
        self.columns = Columns(self.database, engine=self.engine)

    def door(self, connection: Connection) -> Door:
        return Door(connection, self.register, self.columns, None, lambda: self.now, ZONE, lambda _: True)

    def somebody(self, connection: Connection) -> PersonId:
        return PersonId(
            connection.execute(insert(people).values(created_at=self.now).returning(people.c.id)).scalar_one()
        )

    def happens(
        self, connection: Connection, person: int | None, type_: int, day: int, product: int = 1, amount: int = 100
    ) -> None:
        self.key += 1
        connection.execute(
            insert(events).values(
                person=person,
                type=type_,
                at=day * DAY + self.key,
                day=day,
                product=product,
                quantity=1000,
                amount=amount,
                currency="EUR",
                reference=day,
                key=self.key,
            )
        )

    def hold(self, connection: Connection, person: int, *, held: bool) -> None:
        last = connection.exec_driver_sql("select coalesce(max(id), 0) from holds").scalar_one()
        connection.execute(insert(holds).values(id=last + 1, person=person, held=int(held), reason="test", at=self.now))
