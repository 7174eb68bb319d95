"""Who a row is about: by the shop's own number, an e-mail address, a phone number, or several of these."""

from collections.abc import Callable
from functools import partial

import numpy as np

from goodwill import people
from goodwill.collect.columns import MOST_REMEMBERED, Unreadable
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


class Named:
    """Reads who each row is about."""

    def __init__(self, part: PartPlan, region: str | None) -> None:
        self._columns = part.known.columns
        self._fields = [(field, kind) for field, kind in IDENTITIES if field in self._columns]
        self._ids: dict[str, dict[str, Id]] = {}
        self._memos: dict[str, Texts] = {}
        for field, kind in self._fields:
            made = partial(_reading, kind, region)
            self._ids[kind], self._memos[field] = shared(part.table, (kind, region), made)

    @property
    def several(self) -> bool:
        """Whether a row can name somebody by more than one id."""
        return len(self._fields) > 1

    def read(self, chunk: Chunk, faults: Faults) -> list[dict[str, Id]]:
        """The ids of each row by kind. A row that names nobody, or somebody in a way that cannot be, has a fault."""
        rows: list[dict[str, Id]] = [{} for _ in range(chunk.rows)]
        for field, kind in self._fields:
            memo, known = self._memos[field], self._ids[kind]
            if len(known) > MOST_REMEMBERED:
                memo.clear()
                known.clear()
            words = memo.of(chunk.column(self._columns[field]))
            faults.because(np.fromiter((word is None for word in words), bool, chunk.rows), field, *_ODD[field])
            for ids, word in zip(rows, words, strict=True):
                if word:
                    ids[kind] = known[word]
        nobody = np.fromiter((not ids for ids in rows), bool, chunk.rows)
        field = self._fields[0][0]
        faults.because(nobody, field, "names nobody", "write a customer number, an e-mail address or a phone number")
        return rows


def _reading(kind: str, region: str | None) -> tuple[dict[str, Id], Texts]:
    known: dict[str, Id] = {}
    return known, Texts(identity_reader(kind, region, known))


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
