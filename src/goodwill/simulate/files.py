"""The invented world as files, in the shape in which a real shop's data comes."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import SECOND, iso, moment
from goodwill.simulate.cafe import World
from goodwill.simulate.consents import Word

NOTICE, SOURCE = "demo", "invented"
_CONSENTS = ("user_id", "purpose", "data_category", "state", "said_at", "notice", "source")


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one shop; iterating gives those that exist in the order in which they are best imported."""

    products: Path
    consents: Path
    lines: Path
    customers: Path | None = None
    orders: Path | None = None

    def __iter__(self) -> Iterator[Path]:
        files = (self.products, self.customers, self.consents, self.orders, self.lines)
        return iter([file for file in files if file is not None])


def write(out: Path, world: World) -> Files:
    """customers.csv, products.csv, consents.csv, orders.csv and order_lines.csv; the truth stays out."""
    out.mkdir(parents=True, exist_ok=True)
    names = ("products", "consents", "order_lines", "customers", "orders")
    files = Files(*(out / f"{name}.csv" for name in names))
    write_table(files.products, *_products(world))
    write_consents(files.consents, world.consents)
    times = _local_times(world.lines.at, world.zone)
    write_table(files.lines, *_lines(world, times))
    write_table(out / "customers.csv", *_customers(world))
    write_table(out / "orders.csv", *_orders(world, times))
    return files


def write_consents(file: Path, words: Iterable[Word], *, notice: str = NOTICE, source: str = SOURCE) -> None:
    """Answers in the order of time, so that a withdrawal follows what it takes back."""
    told = sorted(words, key=lambda word: (word.at, word.person, word.purpose, word.category))
    rows = ((word.person, word.purpose, word.category, word.state, iso(word.at), notice, source) for word in told)
    write_table(file, _CONSENTS, rows)


Table = tuple[tuple[str, ...], Iterable[Sequence[object]]]


def _products(world: World) -> Table:
    header = ("product_id", "name", "department", "category", "type", "price", "currency", "tags")
    return header, (
        (item.id, item.name, item.department, item.category, item.type, _money(item.cents), world.currency,
         " ".join(item.tags))
        for item in world.products
    )  # fmt: skip


def _customers(world: World) -> Table:
    header = ("user_id", "first_name", "last_name", "email", "city")
    return header, ((one.id, one.first_name, one.last_name, one.email, one.town) for one in world.people)


def _lines(world: World, times: list[str]) -> Table:
    header = ("order_id", "user_id", "ordered_at", "product_id", "quantity", "amount", "currency")
    people, products, lines = [one.id for one in world.people], [item.id for item in world.products], world.lines
    return header, (
        (f"R{order:07d}", people[person], when, products[product], quantity, _money(amount), world.currency)
        for order, person, when, product, quantity, amount in zip(
            lines.order.tolist(), lines.person.tolist(), times, lines.product.tolist(),
            lines.quantity.tolist(), lines.amount.tolist(), strict=True,
        )
    )  # fmt: skip


def _orders(world: World, times: list[str]) -> Table:
    header = ("order_id", "user_id", "ordered_at", "total", "currency")
    lines = world.lines
    starts = np.flatnonzero(np.diff(lines.order, prepend=0))
    totals = np.add.reduceat(lines.amount, starts) if starts.size else lines.amount
    orders, people = lines.order[starts].tolist(), lines.person[starts].tolist()
    return header, (
        (f"R{order:07d}", world.people[person].id, times[start], _money(total), world.currency)
        for order, person, start, total in zip(orders, people, starts.tolist(), totals.tolist(), strict=True)
    )


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _local_times(at: NDArray[np.int64], zone: ZoneInfo) -> list[str]:
    """``2026-03-02T07:41:00+01:00``: moments as the shop's till prints them; offsets change on the hour, if at all."""
    hours, where = np.unique(at // (3600 * SECOND), return_inverse=True)
    known = [moment(hour * 3600 * SECOND).astimezone(zone) for hour in hours.tolist()]
    offsets = np.array([(one.utcoffset() or timedelta()) // timedelta(seconds=1) for one in known], dtype=np.int64)
    suffixes = [one.isoformat()[-6:] for one in known]
    local = np.datetime_as_string((at // SECOND + offsets[where]).astype("datetime64[s]")).tolist()
    return [text + suffixes[hour] for text, hour in zip(local, where.tolist(), strict=True)]


def write_table(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A CSV file as any program writes it: UTF-8, commas, one line per row."""
    with file.open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.writer(sheet, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
