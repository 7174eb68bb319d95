"""Many people at once, each by several ids: what `identify` does for one, for a whole file of customers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.people import index, suppress
from goodwill.people.identify import SEVERAL, Mark, attach, make_people, note_shared, people_of
from goodwill.people.tables import identities
from goodwill.protect import Cipher
from goodwill.storage.engine import PEOPLE, one_at_a_time
from goodwill.storage.questions import Question


@dataclass(frozen=True, slots=True)
class Id:
    """One id of a row: as it is written, and the one form that tells who it is (see `canonical`)."""

    text: str
    form: str


@dataclass(frozen=True, slots=True)
class Met:
    """Who a row is about, and whether that told the shop anything: somebody new, or a new id of somebody known."""

    person: PersonId
    new: bool


def identify_rows(
    connection: Connection,
    cipher: Cipher,
    rows: Sequence[Mapping[str, Id]],
    *,
    now: Micros,
    import_id: int | None = None,
    region: str | None = None,
) -> list[Met | None]:
    """The people behind rows of ids by kind, as if `identify` were asked for one row after the other.

    A row without an id gives None, and so does one with an id of somebody who is left alone, unless another id of it is
    of somebody known.
    """
    marked = _marks(connection, cipher, rows, region)
    if any(mark.place not in found for found in (_known(connection, marked),) for marks in marked for mark in marks):
        one_at_a_time(connection, PEOPLE)  # whoever else makes people, or renews keys, has committed when this returns
        marked = _marks(connection, cipher, rows, region)
    room = _Room(_known(connection, marked))
    room.accounts.update(_accounts(connection, set(room.known.values())))
    met = [room.take_in(marks, whole=len(marks) == len(ids)) for marks, ids in zip(marked, rows, strict=True)]
    made = make_people(connection, cipher.keys, room.newcomers, now=now, import_id=import_id) if room.newcomers else []
    owned = [(mark, _real(person, made)) for mark, person in room.attached]
    attach(connection, cipher, owned, now=now, verified_at=None, import_id=import_id)
    note_shared(connection, room.shared, now=now)
    return [Met(_real(one.person, made), one.new) if one is not None else None for one in met]


def known_by(connection: Connection, cipher: Cipher, rows: Sequence[Mapping[str, Id]]) -> list[PersonId | None]:
    """The people behind rows of ids by kind, as `identify_rows` finds them; None where that would make somebody."""
    marked = _marks(connection, cipher, rows)
    room = _Room(_known(connection, marked))
    room.accounts.update(_accounts(connection, set(room.known.values())))
    return [room.whose(marks) for marks in marked]


@dataclass
class _Room:
    """Who is known while the rows come in; newcomers have numbers below zero until they are made."""

    known: dict[tuple[str, bytes], PersonId]
    accounts: defaultdict[PersonId, set[str]] = field(default_factory=lambda: defaultdict(set))
    attached: list[tuple[Mark, PersonId]] = field(default_factory=list)
    shared: list[Mark] = field(default_factory=list)
    newcomers: int = 0

    def take_in(self, marks: Sequence[Mark], *, whole: bool = True) -> Met | None:
        """Who a row is about; nobody is made of a row that is not whole, as an id of it is of somebody left alone."""
        if not marks:
            return None
        person = self.whose(marks)
        if person is None:
            if not whole:
                return None
            self.newcomers += 1
            person = PersonId(-self.newcomers)
        unknown = [mark for mark in marks if mark.place not in self.known]
        self.shared += [mark for mark in marks if self.known.get(mark.place, person) != person]
        for mark in unknown:
            self.known[mark.place] = person
            self.attached.append((mark, person))
            if mark.kind not in SEVERAL:
                self.accounts[person].add(mark.kind)
        return Met(person, bool(unknown))

    def whose(self, marks: Sequence[Mark]) -> PersonId | None:
        """The first person that the ids point to and that the new ones fit: nobody gets a second account."""
        for place, mark in enumerate(marks):
            person = self.known.get(mark.place)
            stronger = {one.kind for one in marks[:place] if one.kind not in SEVERAL}
            if person is not None and not stronger & self.accounts[person]:
                return person
        return None


def _marks(
    connection: Connection, cipher: Cipher, rows: Sequence[Mapping[str, Id]], region: str | None = None
) -> list[list[Mark]]:
    """The ids of each row, the most believable first; hashed kind by kind, each once."""
    forms: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for ids in rows:
        for kind, one in ids.items():
            forms[kind][one.form] = None
    lookups = {
        kind: dict(zip(these, index.lookups(connection, cipher, kind, list(these)), strict=True))
        for kind, these in forms.items()
    }
    barred = {kind: suppress.barred(cipher, kind, list(these), region=region) for kind, these in forms.items()}
    return [
        sorted(
            (
                Mark(kind, one.text, lookups[kind][one.form])
                for kind, one in ids.items()
                if one.form not in barred[kind]
            ),
            key=lambda mark: mark.rank,
        )
        for ids in rows
    ]


def _known(connection: Connection, marked: Sequence[Sequence[Mark]]) -> dict[tuple[str, bytes], PersonId]:
    lookups: defaultdict[str, dict[bytes, None]] = defaultdict(dict)
    for marks in marked:
        for mark in marks:
            lookups[mark.kind][mark.lookup] = None
    return {
        (kind, lookup): person
        for kind, these in lookups.items()
        for lookup, person in people_of(connection, kind, list(these)).items()
    }


def _accounts(connection: Connection, persons: set[PersonId]) -> dict[PersonId, set[str]]:
    """Of which kinds, of those that a person has only one of, each of some people has one."""
    found: defaultdict[PersonId, set[str]] = defaultdict(set)
    for person, kind in _KINDS.ask(connection, persons=persons):
        found[PersonId(person)].add(kind)
    return found


_KINDS = Question(
    lambda lists: select(identities.c.person, identities.c.kind).where(
        identities.c.person.in_(lists.numbers("persons")), *(identities.c.kind != kind for kind in sorted(SEVERAL))
    )
)


def _real(person: PersonId, made: Sequence[PersonId]) -> PersonId:
    return made[-person - 1] if person < 0 else person
