"""A world as the files of a shop, to come in by the importer: who people are, what they allow, what they bought."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from goodwill.basics.clock import DAY, Micros, day_number, iso
from goodwill.purposes import EMAIL_MARKETING, MEASUREMENT, RECOMMENDATIONS, Register
from goodwill.simulate.consents import GIVEN, REFUSED, Word
from goodwill.simulate.files import write_consents, write_table
from goodwill.simulate.world.records import WEEK, Orders, orders
from goodwill.simulate.world.weeks import World

ASKED_FOR = (RECOMMENDATIONS, EMAIL_MARKETING, MEASUREMENT)  # all in one question
_DOMAIN = "world.example"  # nobody can own it (RFC 2606)


@dataclass(frozen=True, slots=True)
class WorldFiles:
    """The files of a world's shop; iterating gives them in the order in which they are best imported."""

    customers: Path
    consents: Path
    orders: Path

    def __iter__(self) -> Iterator[Path]:
        return iter((self.customers, self.consents, self.orders))


def write(out: Path, world: World, register: Register) -> WorldFiles:
    """customers.csv, consents.csv and orders.csv, these as the records came; the truth stays out."""
    out.mkdir(parents=True, exist_ok=True)
    files = WorldFiles(*(out / f"{name}.csv" for name in ("customers", "consents", "orders")))
    write_table(files.customers, ("user_id", "email"), ((name, f"{name}@{_DOMAIN}") for name in names(world)))
    write_consents(files.consents, words(world, register))
    header = ("order_id", "user_id", "ordered_at", "total", "currency")
    write_table(files.orders, header, _lines(world, orders(world)))
    return files


def names(world: World) -> list[str]:
    """How the shop names each person, by place, beginning with w000000."""
    return [f"w{place:06d}" for place in range(len(world.crowd))]


def order_name(number: int) -> str:
    """How the shop names an order."""
    return f"W{number:016x}"


def words(world: World, register: Register) -> Iterator[Word]:
    """What each person answers in the week of entry: yes or no to all that is asked for, person by person."""
    lines = [(entry.name, category) for entry in map(register.__getitem__, ASKED_FOR) for category in entry.categories]
    entries, answers = world.crowd.entry.tolist(), world.consent.tolist()
    for name, week, yes in zip(names(world), entries, answers, strict=True):
        state, at = GIVEN if yes else REFUSED, entered_at(world, week)
        for purpose, category in lines:
            yield Word(name, purpose, category, state, at)


def entered_at(world: World, week: int) -> Micros:
    """The moment at which a week begins."""
    return Micros(day_number(world.knobs.start) * DAY + week * WEEK)


def currencies(world: World, made: Orders) -> list[str]:
    """In which each order was paid."""
    knobs = world.knobs
    return [knobs.foreign_currency if foreign else knobs.currency for foreign in made.foreign.tolist()]


def _lines(world: World, made: Orders) -> Iterator[tuple[str, ...]]:
    people = names(world)
    for number, person, at, amount, currency in zip(
        made.number.tolist(), made.person.tolist(), made.at.tolist(), made.amount.tolist(), currencies(world, made),
        strict=True,
    ):  # fmt: skip
        yield order_name(number), people[person], iso(at), f"{amount // 100}.{amount % 100:02d}", currency
