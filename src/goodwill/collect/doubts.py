"""Whose yes a file makes doubtful: another row of the same person, about the same purpose, could not be taken.

That row may have been the later "no". So that a "no" which nobody could read never loses against a "yes" of the same
file, the whole file is looked through before its first row is written, and such a yes is given back with the row.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from goodwill.basics.ids import PersonId
from goodwill.people.identify import known_by_forms
from goodwill.people.together import Id
from goodwill.protect import Cipher

Ids = Mapping[str, Id]
_Name = tuple[str, str]  # the kind of an id, and its one form


@dataclass
class Doubts:
    """The purposes about which a file says something of a person that could not be taken, by the person's ids."""

    _purposes: dict[_Name, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._purposes)

    def add(self, ids: Ids, purposes: Iterable[str]) -> bool:
        """Doubt what somebody says about some purposes, and tell whether that is new."""
        new = False
        for name in _names(ids):
            known, wanted = self._purposes.setdefault(name, set()), set(purposes)
            new = new or not wanted <= known
            known |= wanted
        return new

    def of(self, ids: Ids) -> set[str]:
        """The purposes about which somebody's yes is in doubt, by her ids."""
        return set().union(*(self._purposes.get(name, ()) for name in _names(ids)))

    def spread(self, rows: Callable[[], Iterable[Ids]]) -> None:
        """Doubt the same under every other id that rows of the file give to the same people."""
        grows = True
        while grows:
            grows = False
            for ids in rows():
                found = self.of(ids)
                grows = (bool(found) and self.add(ids, found)) or grows

    def of_known(self, connection: Connection, cipher: Cipher, rows: Iterable[Ids]) -> list[set[str]]:
        """For each row the purposes in doubt, as far as the shop knows the person by other ids already."""
        rows = list(rows)
        persons = _persons(connection, cipher, {*self._purposes, *(name for ids in rows for name in _names(ids))})
        theirs: dict[PersonId, set[str]] = {}
        for name, purposes in self._purposes.items():
            if name in persons:
                theirs.setdefault(persons[name], set()).update(purposes)
        return [
            set().union(*(theirs.get(persons[name], ()) for name in _names(ids) if name in persons)) for ids in rows
        ]


def _names(ids: Ids) -> list[_Name]:
    return [(kind, one.form) for kind, one in ids.items()]


def _persons(connection: Connection, cipher: Cipher, names: Iterable[_Name]) -> dict[_Name, PersonId]:
    by_kind: dict[str, list[str]] = {}
    for kind, form in names:
        by_kind.setdefault(kind, []).append(form)
    return {
        (kind, form): person
        for kind, forms in by_kind.items()
        for form, person in known_by_forms(connection, cipher, kind, forms).items()
    }
