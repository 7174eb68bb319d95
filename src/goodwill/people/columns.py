"""Many events as parallel columns, checked before a single one is written."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from goodwill.basics.errors import BadInput, Overflow
from goodwill.people.canonical import clean
from goodwill.people.types import BY_CODE

Whole: TypeAlias = Sequence[int] | npt.NDArray[np.integer[Any]]
Maybe: TypeAlias = Sequence[int | None] | npt.NDArray[np.integer[Any]]

# The order in which rows carry their values; the table's own.
NAMES: Final = (
    "person", "type", "at", "day", "product", "quantity", "amount", "currency", "reference", "key", "import_id",
    "detail",
)  # fmt: skip

_MOST: Final = 2**63 - 1
_LEAST: Final = -(2**63)
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31
_MICROS_A_DAY = 86_400_000_000
_CURRENCY = re.compile(r"[A-Z]{3}")


class EventRow(NamedTuple):
    """One event to be written; see `EventColumns`."""

    person: int | None
    type: int
    at: int
    day: int
    key: int
    product: int | None = None
    quantity: int | None = None
    amount: int | None = None
    reference: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Events to be written: the n-th of each column make the n-th event.

    Whole numbers come as lists or as integer arrays; a column that no event has is None. In person, product and
    reference a −1 means "none", as None does, so that arrays can say it too.

    Attributes:
        person: whose event it is; none: nobody's in particular.
        type: number of a registered type.
        at: microseconds since 1970, between the years 1 and 9999.
        day: the shop's calendar day, days since 1970.
        product: id in the catalogue.
        quantity: in thousandths.
        amount: in minor units of the currency.
        currency: three capital letters each, or one for all.
        reference: the 63-bit number of an order or a decision.
        key: the 63-bit number of source and message; with the day it tells a repeat.
        import_id: of the import that all of them come from.
        detail: JSON text; never a name or an address.
    """

    person: Maybe
    type: Whole
    at: Whole
    day: Whole
    key: Whole
    product: Maybe | None = None
    quantity: Maybe | None = None
    amount: Maybe | None = None
    currency: Sequence[str | None] | str | None = None
    reference: Maybe | None = None
    import_id: int | None = None
    detail: Sequence[str | None] | None = None

    @classmethod
    def of(cls, rows: Sequence[EventRow]) -> "EventColumns":
        """Some events, one by one."""
        columns: dict[str, Any] = dict(zip(EventRow._fields, map(list, zip(*rows, strict=True)), strict=True))
        return cls(**columns)

    def __len__(self) -> int:
        return len(self.key)

    def persons(self) -> set[int]:
        """Whose events they are."""
        given = np.unique(self.person).tolist() if isinstance(self.person, np.ndarray) else self.person
        return {person for person in given if person is not None and person != -1}

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """The events as rows, in the order of `NAMES`; checked now, put together one by one when they are written.

        Raises:
            BadInput: columns differ in length, a type is not registered, a moment or a day lies outside the calendar,
                a value is missing where there must be one, or a text cannot be kept.
            Overflow: a number needs more than 63 bits and a sign.
        """
        if len(self) == 0:
            return iter(())
        codes = self._whole("type", least=0)
        unknown = sorted(str(code) for code in set(codes) - BY_CODE.keys())
        if unknown:
            raise BadInput(f"There is no registered type of event with the number {unknown[0]}.")
        return zip(
            self._whole("person", least=-1, optional=True),
            codes,
            self._whole("at", least=_FIRST_DAY * _MICROS_A_DAY, most=(_LAST_DAY + 1) * _MICROS_A_DAY - 1),
            self._whole("day", least=_FIRST_DAY, most=_LAST_DAY),
            self._whole("product", least=-1, optional=True),
            self._whole("quantity", optional=True),
            self._whole("amount", optional=True),
            self._currencies(),
            self._whole("reference", least=-1, optional=True),
            self._whole("key", least=0),
            repeat(self.import_id, len(self)),
            self._details(),
            strict=True,
        )

    def _whole(
        self, name: str, *, least: int = _LEAST, most: int = _MOST, optional: bool = False
    ) -> Sequence[int | None]:
        """A column as a list of Python's own numbers, within its bounds."""
        column = getattr(self, name)
        if column is None:
            return [None] * len(self)
        self._check_length(name, column)
        given = column if isinstance(column, np.ndarray) else [value for value in column if value is not None]
        if len(given) < len(self) and not optional:
            raise BadInput(f"Every event needs a value for '{name}'; {len(self) - len(given)} have none.")
        _check_numbers(name, given, least, most)
        plain: Sequence[int | None] = column.tolist() if isinstance(column, np.ndarray) else column
        return plain

    def _currencies(self) -> Iterable[str | None]:
        if self.currency is None or isinstance(self.currency, str):
            different, column = {self.currency}, [self.currency] * len(self)
        else:
            self._check_length("currency", self.currency)
            different, column = set(self.currency), list(self.currency)
        for word in different - {None}:
            if not _CURRENCY.fullmatch(word or ""):
                raise BadInput(f"'{word}' is not a currency; use three capital letters such as EUR.")
        return column

    def _details(self) -> Iterable[str | None]:
        if self.detail is None:
            return [None] * len(self)
        self._check_length("detail", self.detail)
        clean("".join(text for text in self.detail if text is not None), "detail")
        return self.detail

    def _check_length(self, name: str, column: Sequence[object] | npt.NDArray[Any]) -> None:
        if len(column) != len(self):
            raise BadInput(f"Columns of events must be equally long: '{name}' has {len(column)}, 'key' {len(self)}.")


def _check_numbers(name: str, given: Sequence[int] | npt.NDArray[Any], least: int, most: int) -> None:
    if len(given) == 0:
        return
    if not _are_whole(given):
        raise BadInput(f"'{name}' holds something that is not a whole number.")
    low, high = (given.min(), given.max()) if isinstance(given, np.ndarray) else (min(given), max(given))
    if low < _LEAST or high > _MOST:
        raise Overflow(f"A number in '{name}' needs more than 63 bits; nothing was written.")
    if low < least or high > most:
        raise BadInput(f"{low if low < least else high} in '{name}' is outside {least} to {most}.")


def _are_whole(given: Sequence[int] | npt.NDArray[Any]) -> bool:
    if isinstance(given, np.ndarray):
        return given.dtype.kind in "iu"
    return all(issubclass(kind, int) and kind is not bool for kind in set(map(type, given)))
