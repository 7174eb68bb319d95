"""Many people at once, each by several ids: what `identify` does for one, for a whole file of customers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.people import index, suppress
from goodwill.people.circle import Circle, circle_of
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
    circle = circle_of(connection)
    again = [_again(circle, ids) for ids in rows]
    asked = [ids for ids, person in zip(rows, again, strict=True) if person is None]
    met = iter(_meet(connection, cipher, circle, asked, now, import_id, region) if asked else ())
    return [next(met) if person is None else Met(person, new=False) for person in again]


def _again(circle: Circle, ids: Mapping[str, Id]) -> PersonId | None:
    """The one whose all ids of a row are known to be; None where somebody has to be asked."""
    found = {circle.persons.get((kind, one.form)) for kind, one in ids.items()}
    return found.pop() if len(found) == 1 else None


def _meet(
    connection: Connection,
    cipher: Cipher,
    circle: Circle,
    rows: Sequence[Mapping[str, Id]],
    now: Micros,
    import_id: int | None,
    region: str | None,
) -> list[Met | None]:
    different = list({id(ids): ids for ids in rows}.values())  # files name people again and again
    marked = _marks(connection, cipher, different, region)
    known = _known(connection, marked)
    if not circle.held and any(mark.place not in known for marks in marked for mark in marks):
        one_at_a_time(connection, PEOPLE)  # whoever else makes people, or renews keys, has committed when this returns
        marked = _marks(connection, cipher, different, region)
        known = _known(connection, marked)
    room = _Room(known)
    if any(len(marks) > 1 for marks in marked):
        room.accounts.update(_accounts(connection, set(known.values())))
    met = room.take_all_in(rows, dict(zip(map(id, different), marked, strict=True)))
    made = make_people(connection, cipher.keys, room.newcomers, now=now, import_id=import_id) if room.newcomers else {}
    circle.take_in(made)
    given = list(made)
    owned = [(mark, _real(person, given)) for mark, person in room.attached]
    attach(connection, cipher, owned, now=now, verified_at=None, import_id=import_id, made=made)
    note_shared(connection, room.shared, now=now)
    for ids, marks in zip(different, marked, strict=True):
        for mark in marks:
            if mark.place in room.known:
                circle.persons[mark.kind, ids[mark.kind].form] = _real(room.known[mark.place], given)
    return [Met(_real(one.person, given), one.new) if one is not None else None for one in met]


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

    def take_all_in(self, rows: Sequence[Mapping[str, Id]], marked: Mapping[int, Sequence[Mark]]) -> list[Met | None]:
        """Whom rows are about, one after the other; marks by the identity of what the row says.

        Who was met stays known by the same words; of whom nobody was made, another row may tell more.
        """
        met, before = [], dict[int, Met]()
        for ids in rows:
            one = before.get(id(ids))
            if one is None:
                marks = marked[id(ids)]
                one = self.take_in(marks, whole=len(marks) == len(ids))
                if one is not None:
                    before[id(ids)] = Met(one.person, new=False)
            met.append(one)
        return met

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
