"""Who a row is about: by the shop's own number, an e-mail address, a phone number, or several of these."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from goodwill import people
from goodwill.collect.columns import MOST_REMEMBERED, Column, Unreadable
from goodwill.collect.plans import PartPlan
from goodwill.collect.tables import Chunk
from goodwill.collect.values import read_id
from goodwill.collect.views import shared
from goodwill.collect.writing import Faults, Texts
from goodwill.people.together import Id

# The fields that name a customer and the kinds of identity that they are, the surest first.
IDENTITIES = (("customer", "user_id"), ("email", "email"), ("phone", "phone"))

_ODD = {
    "customer": ("cannot be read as an id", "export again, and import without opening the file in a spreadsheet"),
    "email": ("is no e-mail address", "correct it, or leave it empty"),
    "phone": ("is no telephone number", "write it with its country code, such as +49 30 123456, or leave it empty"),
}


Ids = Mapping[str, Id]


class Named:
    """Reads who each row is about."""

    def __init__(self, part: PartPlan, region: str | None) -> None:
        self._columns = part.known.columns
        self._fields = [(field, kind) for field, kind in IDENTITIES if field in self._columns]
        self._read = {kind: reading(part, kind, region) for _, kind in self._fields}
        kinds = tuple(self._read)
        self._rows: _Rows = shared(part.table, ("ids", kinds, region), lambda: _Rows(list(self._read.values())))

    @property
    def several(self) -> bool:
        """Whether a row can name somebody by more than one id."""
        return len(self._fields) > 1

    def read(self, chunk: Chunk, faults: Faults) -> list[Ids]:
        """The ids of each row by kind. A row that names nobody, or somebody in a way that cannot be, has a fault."""
        if len(self._rows) > MOST_REMEMBERED:
            self._rows.clear()
        columns = []
        for field, kind in self._fields:
            words = self._read[kind].of(chunk.column(self._columns[field]))
            if None in words:
                faults.because(np.fromiter((word is None for word in words), bool, chunk.rows), field, *_ODD[field])
            columns.append(words)
        rows = list(map(self._rows.__getitem__, zip(*columns, strict=True)))
        if not all(rows):
            nobody = np.fromiter((not ids for ids in rows), bool, chunk.rows)
            what = "write a customer number, an e-mail address or a phone number"
            faults.because(nobody, self._fields[0][0], "names nobody", what)
        return rows


class Reading(Texts):
    """Values and the ids of one kind that they are, as `Texts`.

    Attributes:
        ids: each id that was read, with its one form.
    """

    def __init__(self, kind: str, region: str | None) -> None:
        self.kind = kind
        self.ids: dict[str, Id] = {}
        self._identity = identity_reader(kind, region, self.ids)
        super().__init__(self._identity)

    def read(self, value: object) -> str | None:
        """One value as an id; None where nobody is named.

        Raises:
            Unreadable: it can be no id of this kind.
        """
        self._forget_if_many()
        word = self[value]
        return self._identity(value) if word is None else word or None

    def of(self, column: Column) -> list[str | None]:
        self._forget_if_many()
        return super().of(column)

    def _forget_if_many(self) -> None:
        if len(self) > MOST_REMEMBERED:
            self.clear()
            self.ids.clear()


class _Rows(dict[tuple[str | None, ...], Ids]):
    """What rows say in their columns of ids, and the ids that it is: the same words are the same ids."""

    def __init__(self, columns: Sequence[Reading]) -> None:
        super().__init__()
        self._columns = columns

    def __missing__(self, words: tuple[str | None, ...]) -> Ids:
        self[words] = {one.kind: one.ids[word] for one, word in zip(self._columns, words, strict=True) if word}
        return self[words]


def reading(part: PartPlan, kind: str, region: str | None) -> Reading:
    """What reads ids of a kind: the same for all that a file holds."""
    return shared(part.table, (kind, region), partial(Reading, kind, region))  # type: ignore[no-any-return]


def identity_reader(
    kind: str, region: str | None, known: dict[str, Id] | None = None
) -> Callable[[object], str | None]:
    """Reads an id of a kind: None for words that name nobody; what can be no address at all is refused.

    Args:
        known: takes the one form of each id that was read.
    """

    def read(value: object) -> str | None:
        word = read_id(value)
        if word is None:
            return None
        form = people.canonical(kind, word, region=region)
        if form is not None:
            if known is not None:
                known[word] = Id(word, form)
            return word
        if people.canonical("user_id", word) is None:
            return None  # "guest", "unknown", "0"
        raise Unreadable(*_ODD["email" if kind == "email" else "phone"])

    return read
