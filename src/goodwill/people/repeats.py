"""Whether events that stand in the log already say there what they say now."""

import json

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from goodwill.people.columns import EventColumns
from goodwill.storage.engine import driver, is_sqlite

_SAID = ("product", "quantity", "amount", "currency")
_COLUMNS = ", ".join(f"e.{name}" for name in ("day", "key", *_SAID))
_SQLITE = (
    f"SELECT {_COLUMNS} FROM json_each(?) AS asked "
    "JOIN events AS e ON e.day = json_extract(asked.value, '$[0]') AND e.key = json_extract(asked.value, '$[1]')"
)
_POSTGRESQL = (
    f"SELECT {_COLUMNS} FROM unnest(%s::int8[], %s::int8[]) AS asked(day, key) JOIN events AS e USING (day, key)"
)


def differing(connection: Connection, columns: EventColumns) -> npt.NDArray[np.bool_]:
    """Which of some events stand in the log with another product, quantity, amount or currency than they give.

    A column that the events do not have is not compared, nor whose they are: people may have been merged since.
    """
    days, keys = np.asarray(columns.day).tolist(), np.asarray(columns.key).tolist()
    if is_sqlite(connection):
        found = driver(connection).execute(_SQLITE, (json.dumps(list(zip(days, keys, strict=True))),)).fetchall()
    else:
        found = driver(connection).execute(_POSTGRESQL, (days, keys)).fetchall()
    stands = {(row[0], row[1]): row[2:] for row in found}
    answer = np.zeros(len(columns), bool)
    for place, name in enumerate(_SAID):
        given = _listed(columns, name)
        if given is None:
            continue
        for number, (day, key, value) in enumerate(zip(days, keys, given, strict=True)):
            there = stands.get((day, key))
            if there is not None and there[place] != value:
                answer[number] = True
    return answer


def _listed(columns: EventColumns, name: str) -> "list[int | str | None] | None":
    """A column as a list, −1 read as "none" where it says so; None where the events do not have it."""
    column = getattr(columns, name)
    if column is None:
        return None
    if isinstance(column, str):
        return [column] * len(columns)
    values: list[int | str | None] = np.asarray(column, object).tolist()
    return [None if value == -1 else value for value in values] if name == "product" else values
