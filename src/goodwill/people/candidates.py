"""Pairs of people who are probably one, and why: the same verified address or id under two numbers.

Only ids that their owners have shown to be theirs are compared, and only letter by letter in their one form; names,
towns and habits are not. A pair is a suggestion: nobody is merged by it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import Connection, select

from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.people.canonical import canonical
from goodwill.people.tables import identities, people
from goodwill.protect import Cipher, Sealed


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two people who share an id.

    Attributes:
        keep: who has been known for longer.
        kinds: under which kinds of id the two are known by it.
        what: ``email``, ``phone`` or ``id``; the value itself is not told.
        sure: addresses and telephone numbers are one person's; the same id in two systems may be chance.
    """

    keep: PersonId
    other: PersonId
    kinds: tuple[str, str]
    what: str
    sure: bool

    @property
    def because(self) -> str:
        """The explanation, in a sentence that names no value."""
        word = {"email": "e-mail address", "phone": "telephone number"}.get(self.what, "id")
        one, two = self.kinds
        where = f"once as {one} and once as {two}" if one != two else f"twice as {one}"
        doubt = "" if self.sure else " Two systems may have given the same id to two people: look before you merge."
        return f"Both have shown that the same {word} is theirs, {where}.{doubt}"


@dataclass(frozen=True, slots=True)
class _Known:
    person: PersonId
    since: int
    kind: str


def candidates(connection: Connection, cipher: Cipher, *, region: str | None = None) -> list[Candidate]:
    """Every pair that shares a verified id, the surest first.

    It opens every verified id, about 100,000 in a second.
    """
    found: dict[tuple[PersonId, PersonId], Candidate] = {}
    for (what, _), known in sorted(_by_value(connection, cipher, region).items()):
        for one, two in combinations(sorted(known, key=lambda each: (each.since, each.person)), 2):
            if one.person == two.person:
                continue
            pair = Candidate(one.person, two.person, (one.kind, two.kind), what, what != "id")
            earlier = found.get((one.person, two.person))
            if earlier is None or (pair.sure and not earlier.sure):
                found[one.person, two.person] = pair
    return sorted(found.values(), key=lambda pair: (not pair.sure, pair.keep, pair.other))


def _by_value(connection: Connection, cipher: Cipher, region: str | None) -> dict[tuple[str, str], list[_Known]]:
    question = (
        select(identities.c.kind, identities.c.person, identities.c.sealed, identities.c.epoch, people.c.created_at)
        .join(people, people.c.id == identities.c.person)
        .where(identities.c.verified_at.is_not(None), identities.c.kind != "anonymous_id", people.c.erased_at.is_(None))
    )
    found = defaultdict(list)
    for row in connection.execute(question):
        text = cipher.open(PersonId(row.person), row.kind, Sealed(row.epoch, bytes(row.sealed)))
        for value in _values(row.kind, text, region):
            found[value].append(_Known(PersonId(row.person), row.created_at, row.kind))
    return {value: known for value, known in found.items() if len({one.person for one in known}) > 1}


def _values(kind: str, text: str, region: str | None) -> Iterator[tuple[str, str]]:
    """What an id can be compared by: an address is one whatever kind it stands under."""
    for what, fits in (("email", "@" in text), ("phone", kind == "phone" or text.startswith("+"))):
        form = _form(what, text, region) if fits else None
        if form is not None:
            yield what, form
            return
    form = _form(kind, text, region)
    if form is not None:
        yield "id", form


def _form(kind: str, text: str, region: str | None) -> str | None:
    try:
        return canonical(kind, text, region=region)
    except BadInput:
        return None
