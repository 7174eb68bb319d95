"""Who is meant by an e-mail address, a customer number or a browser's mark; whoever is new gets a number and a key."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, tuple_, update

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput, KeyMissing, LeftAlone
from goodwill.basics.ids import PersonId
from goodwill.people import index, suppress
from goodwill.people.bulk import add_rows, listed
from goodwill.people.canonical import canonical
from goodwill.people.circle import circle_of
from goodwill.people.tables import identities, people
from goodwill.protect import Cipher, KeyStore, PersonKey, Sealed
from goodwill.storage.engine import PEOPLE, one_at_a_time
from goodwill.storage.questions import Question

# Who is believed first when ids point to different people; a shop system's own kind stands beside `external`.
_RANKS = {"user_id": 0, "external": 1, "email": 3, "phone": 4, "anonymous_id": 5}
_OWN_RANK = 2

# A person may have several of these; of every other kind just one, so that a second account on a shared device or
# under a shared address does not become the first one's.
SEVERAL = frozenset({"email", "phone", "anonymous_id"})

_IDENTITY = ("kind", "lookup", "person", "sealed", "epoch", "verified_at", "added_at", "import_id")


class Mark(NamedTuple):
    """One id, ready to be looked up: what was given, and the keyed hash of its one form."""

    kind: str
    text: str
    lookup: bytes

    @property
    def place(self) -> tuple[str, bytes]:
        return self.kind, self.lookup

    @property
    def rank(self) -> tuple[int, str]:
        return _RANKS.get(self.kind, _OWN_RANK), self.kind


def count(connection: Connection) -> int:
    """How many people the shop knows, neither erased nor merged into another."""
    here = (people.c.erased_at.is_(None), people.c.merged_into.is_(None))
    return connection.execute(select(func.count()).select_from(people).where(*here)).scalar_one()


def count_all(connection: Connection) -> int:
    """How many numbers of people there are, of whatever became of them."""
    return connection.execute(select(func.count()).select_from(people)).scalar_one()


def everybody(connection: Connection) -> list[PersonId]:
    """All who are known now, neither erased nor merged into another."""
    known = select(people.c.id).where(people.c.erased_at.is_(None), people.c.merged_into.is_(None))
    return [PersonId(person) for person in connection.execute(known.order_by(people.c.id)).scalars()]


def made_at(connection: Connection, persons: Collection[PersonId]) -> dict[PersonId, Micros]:
    """When each of some numbers was given out; those that never were are missing."""
    here = select(people.c.id, people.c.created_at).where(people.c.id.in_(listed(connection, persons)))
    return {PersonId(row.id): Micros(row.created_at) for row in connection.execute(here)}


def with_verified(connection: Connection, kind: str, persons: Iterable[PersonId]) -> set[PersonId]:
    """Those of some people of whom an id of a kind is known to be theirs."""
    theirs = select(identities.c.person).where(identities.c.kind == kind, identities.c.verified_at.is_not(None))
    found = connection.execute(theirs.where(identities.c.person.in_(listed(connection, persons)))).scalars()
    return {PersonId(person) for person in found}


def find(
    connection: Connection, cipher: Cipher, kind: str, value: str, *, region: str | None = None
) -> PersonId | None:
    """The person behind an id, if the shop knows one.

    Raises:
        BadInput: the value holds NUL or broken Unicode, or the kind is not a name.
    """
    text = canonical(kind, value, region=region)
    return None if text is None else find_many(connection, cipher, kind, [text]).get(text)


def find_many(connection: Connection, cipher: Cipher, kind: str, forms: Sequence[str]) -> dict[str, PersonId]:
    """The people behind ids of one kind, given in their one form (`canonical`); whoever is not known is missing."""
    return index.find(connection, cipher, kind, forms)


def known_by_forms(connection: Connection, cipher: Cipher, kind: str, forms: Sequence[str]) -> dict[str, PersonId]:
    """The people behind many ids of one kind, by the ids in their one form; whoever is not known is missing."""
    lookups = index.lookups(connection, cipher, kind, list(forms))
    found = people_of(connection, kind, lookups)
    return {form: found[lookup] for form, lookup in zip(forms, lookups, strict=True) if lookup in found}


def identify(
    connection: Connection,
    cipher: Cipher,
    ids: Mapping[str, str],
    *,
    now: Micros,
    import_id: int | None = None,
    verified: bool = False,
    region: str | None = None,
) -> PersonId:
    """The person behind some ids, who from now on is known by all of them; somebody new if none is known.

    Where ids point to different people, the first counts, in the order user_id, external, a shop system's own kinds,
    email, phone, anonymous_id; the others stay whose they are, noted as shared. Nobody is merged: that is a later,
    explicit act. A person who has a user_id (or another account id) gets no second one; the newcomer is somebody else.

    Args:
        verified: the person has shown that the ids are hers.
        region: as in `canonical`.

    Raises:
        BadInput: none of the ids can identify anybody, or one holds NUL or broken Unicode.
        LeftAlone: one of these ids is of somebody who was erased and asked to be left alone, and none of the others is
            of anybody who is known: nobody is made of what stands beside her id.
    """
    ids, left_alone = suppress.without_barred(cipher, ids, region=region)
    marks = marks_of(connection, cipher, ids, region)
    if not marks and left_alone:
        raise LeftAlone
    if not marks:
        named = ", ".join(ids) or "none"  # kinds only: the message may end up in a log
        raise BadInput(
            f"Nobody can be known by the ids given ({named}): words like 'guest', 'null' or '0' and broken addresses "
            "name nobody. Give a user_id, an e-mail address, or another id."
        )
    known = _known(connection, marks)
    if any(mark.place not in known for mark in marks):
        one_at_a_time(connection, PEOPLE)  # whoever else makes people, or renews keys, has committed when this returns
        marks = marks_of(connection, cipher, ids, region)
        known = _known(connection, marks)
        person = _whose(connection, marks, known)
        if person is None and left_alone:
            raise LeftAlone
        if person is None:
            person = next(iter(make_people(connection, cipher.keys, 1, now=now, import_id=import_id)))
        unknown = [(mark, person) for mark in marks if mark.place not in known]
        attach(connection, cipher, unknown, now=now, verified_at=now if verified else None, import_id=import_id)
    else:
        person = known[marks[0].place]
    if verified:
        _note_verified(connection, person, [mark for mark in marks if known.get(mark.place) == person], now)
    note_shared(connection, [mark for mark in marks if known.get(mark.place, person) != person], now=now)
    return person


def identify_many(
    connection: Connection,
    cipher: Cipher,
    kind: str,
    values: Sequence[str],
    *,
    now: Micros,
    import_id: int | None = None,
    region: str | None = None,
    only_known: Collection[str] = (),
) -> dict[str, PersonId]:
    """The people behind many ids of one kind, by the ids as given; whoever is not known yet is made.

    Ids that cannot identify anybody (``null``, ``guest``, ``0``, broken text) are missing from the answer, and so are
    those of people who are left alone. Different ways of writing one id give one person.

    Args:
        only_known: ids of which nobody is made: they stand beside one of somebody who is left alone.
    """
    barred = suppress.barred_values(cipher, kind, values, region=region)
    forms = {value: _form_or_none(kind, value, region) for value in dict.fromkeys(values) if value not in barred}
    first_given: dict[str, str] = {}
    for value, form in forms.items():
        if form is not None:
            first_given.setdefault(form, value)
    lookups = dict(zip(first_given, index.lookups(connection, cipher, kind, list(first_given)), strict=True))
    found = people_of(connection, kind, list(lookups.values()))
    if len(found) < len(lookups):
        one_at_a_time(connection, PEOPLE)
        lookups = dict(zip(first_given, index.lookups(connection, cipher, kind, list(first_given)), strict=True))
        found = people_of(connection, kind, list(lookups.values()))
        nobody = {forms[value] for value in only_known if value in forms}
        new = [
            Mark(kind, first_given[form].strip(), look)
            for form, look in lookups.items()
            if look not in found and form not in nobody
        ]
        persons = make_people(connection, cipher.keys, len(new), now=now, import_id=import_id)
        circle_of(connection).take_in(persons)
        owned = list(zip(new, persons, strict=True))
        attach(connection, cipher, owned, now=now, verified_at=None, import_id=import_id, made=persons)
        found |= {mark.lookup: person for mark, person in zip(new, persons, strict=True)}
    return {value: found[lookups[form]] for value, form in forms.items() if form is not None and lookups[form] in found}


def _form_or_none(kind: str, value: str, region: str | None) -> str | None:
    try:
        return canonical(kind, value, region=region)
    except BadInput:
        canonical(kind, "1")  # raises where the kind itself is at fault
        return None


def marks_of(connection: Connection, cipher: Cipher, ids: Mapping[str, str], region: str | None) -> list[Mark]:
    """The ids that can identify somebody, the most believable first."""
    forms = {kind: canonical(kind, value, region=region) for kind, value in ids.items()}
    marks = [
        Mark(kind, ids[kind].strip(), index.lookups(connection, cipher, kind, [form])[0])
        for kind, form in forms.items()
        if form is not None
    ]
    return sorted(marks, key=lambda mark: mark.rank)


def _known(connection: Connection, marks: Sequence[Mark]) -> dict[tuple[str, bytes], PersonId]:
    place = tuple_(identities.c.kind, identities.c.lookup)
    question = select(identities.c.kind, identities.c.lookup, identities.c.person).where(
        place.in_([mark.place for mark in marks])
    )
    return {(row.kind, bytes(row.lookup)): PersonId(row.person) for row in connection.execute(question)}


def people_of(connection: Connection, kind: str, lookups: Sequence[bytes]) -> dict[bytes, PersonId]:
    """The people behind many keyed hashes of one kind, by the hashes that are known."""
    return {bytes(lookup): PersonId(person) for lookup, person in _BEHIND.ask(connection, kind=kind, lookups=lookups)}


_BEHIND = Question(
    lambda lists: select(identities.c.lookup, identities.c.person).where(
        identities.c.kind == bindparam("kind"), identities.c.lookup.in_(lists.hashes("lookups"))
    )
)


def _whose(
    connection: Connection, marks: Sequence[Mark], known: Mapping[tuple[str, bytes], PersonId]
) -> PersonId | None:
    """The first person that the ids point to and that the new ones fit."""
    for place, mark in enumerate(marks):
        person = known.get(mark.place)
        accounts = [stronger.kind for stronger in marks[:place] if stronger.kind not in SEVERAL]
        if person is not None and not _has_any(connection, person, accounts):
            return person
    return None


def _has_any(connection: Connection, person: PersonId, kinds: Sequence[str]) -> bool:
    if not kinds:
        return False
    mine = select(identities.c.kind).where(identities.c.person == person, identities.c.kind.in_(kinds))
    return connection.execute(mine.limit(1)).first() is not None


def make_people(
    connection: Connection, keys: KeyStore, many: int, *, now: Micros, import_id: int | None
) -> dict[PersonId, PersonKey]:
    """Make people, each with a key that is durable before the person is; gives both, the keys for this unit of work.

    Their numbers follow the last one that the database or the key store has ever heard of, so that a number is not
    given out twice, not even after an older backup of the database was restored.
    """
    last = connection.execute(select(func.coalesce(func.max(people.c.id), 0))).scalar_one()
    heard_of = keys.last_person()
    if heard_of < last:
        raise KeyMissing(
            f"The database knows people up to number {last}, the key store only up to {heard_of}: it is older than the "
            "data, or another shop's. Restore the newest key store before anybody new comes in."
        )
    persons = [PersonId(number) for number in range(heard_of + 1, heard_of + 1 + many)]
    made = keys.create(persons)
    add_rows(connection, people, ("id", "created_at", "import_id"), ((person, now, import_id) for person in persons))
    return made


def attach(
    connection: Connection,
    cipher: Cipher,
    owned: Sequence[tuple[Mark, PersonId]],
    *,
    now: Micros,
    verified_at: Micros | None,
    import_id: int | None,
    made: Mapping[PersonId, PersonKey] | None = None,
) -> None:
    """Let people be known by ids that nobody has yet.

    Args:
        made: keys of people who were made in this unit of work.
    """
    sealed = cipher.seal_many(((person, mark.kind, mark.text) for mark, person in owned), made=made)
    rows = [
        _row(mark, person, seal, verified_at, now, import_id)
        for (mark, person), seal in zip(owned, sealed, strict=True)
    ]
    add_rows(connection, identities, _IDENTITY, sorted(rows))  # in the order of the key: neighbours share a page


def _row(
    mark: Mark, person: PersonId, sealed: Sealed, verified_at: Micros | None, now: Micros, import_id: int | None
) -> tuple[object, ...]:
    return mark.kind, mark.lookup, person, sealed.data, sealed.epoch, verified_at, now, import_id


def _note_verified(connection: Connection, person: PersonId, marks: Iterable[Mark], now: Micros) -> None:
    for mark in marks:
        here = (identities.c.kind == mark.kind, identities.c.lookup == mark.lookup, identities.c.person == person)
        connection.execute(update(identities).where(*here, identities.c.verified_at.is_(None)).values(verified_at=now))


def note_shared(connection: Connection, marks: Iterable[Mark], *, now: Micros) -> None:
    """Write down that somebody came with ids that are another's: what comes by them alone may be of either."""
    for mark in marks:
        here = (identities.c.kind == mark.kind, identities.c.lookup == mark.lookup, identities.c.shared_at.is_(None))
        connection.execute(update(identities).where(*here).values(shared_at=now))
