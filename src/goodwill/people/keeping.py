"""What may be kept of somebody at all: the data categories that some purpose may use of her now.

Nothing that nobody allowed is kept "for later": what no purpose could read is dropped before it is written. A purpose
that is reserved reads nothing yet, so nothing is kept for it; only the records that a law asks for are kept all the
same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.consent.relation import lasts
from goodwill.consent.tables import consent_now
from goodwill.people import holds
from goodwill.people.erase import REASON as ERASED
from goodwill.people.restrict import REASON as RESTRICTED
from goodwill.purposes import Basis, Category, Entry, Purpose, Register
from goodwill.storage.questions import Question


class Cells:
    """The pairs of purpose and data category under which somebody's data may be kept."""

    def __init__(self, pairs: Iterable[tuple[str, Category]]) -> None:
        self._pairs = frozenset(pairs)
        self.categories = frozenset(category for _, category in self._pairs)

    def without(self, purposes: Collection[str]) -> frozenset[Category]:
        """The categories that are left if some purposes do not count."""
        return frozenset(category for purpose, category in self._pairs if purpose not in purposes)


def of_strangers(register: Register, *, day: int) -> Cells:
    """What may be kept of somebody who never answered anything: what a contract, a law or an interest needs."""
    needed = (entry for entry in _live(register, day) if entry.basis is not Basis.CONSENT)
    return Cells((entry.name, category) for entry in needed for category in entry.categories)


def may_keep(
    connection: Connection,
    register: Register,
    persons: Collection[PersonId],
    *,
    at: Micros,
    day: int,
    trusts: bool = True,
) -> Mapping[PersonId, Cells]:
    """What may be kept of each of some people.

    Of whom restricted what is done with her data, what a contract or a law needs; of whom is being erased, nothing.

    Args:
        trusts: whether the ledger may be believed; if not, only what needs no answer is kept.
    """
    live = _live(register, day)
    rules = _Rules(
        frozenset((e.name, c) for e in live if e.basis in _NEEDED for c in e.categories),
        frozenset((e.name, c) for e in live if e.basis is Basis.CONSENT for c in e.categories),
        frozenset((e.name, c) for e in live if e.basis is Basis.LEGITIMATE_INTERESTS for c in e.categories),
    )
    said = _answers(connection, persons, at) if trusts else {}
    held = holds.reasons(connection, list(persons))
    needed, nothing = Cells(rules.needed), Cells(())
    kept = {}
    for person in persons:
        why = held.get(person) or ()
        if ERASED in why:
            kept[person] = nothing
        elif RESTRICTED in why or not trusts:
            kept[person] = needed
        else:
            kept[person] = rules.of(said.get(person, frozenset()))
    return kept


def _live(register: Register, day: int) -> list[Entry]:
    """The purposes for which data may be kept at all: neither off nor waiting for somebody to use them."""
    return [entry for entry in register if entry.keeps_data and not entry.is_off(day)]


_NEEDED = (Basis.CONTRACT, Basis.LEGAL_OBLIGATION)
Pair = tuple[Purpose, Category]
Answer = tuple[Purpose, Category, bool]  # whether it is a yes that lasts


@dataclass
class _Rules:
    """What the register says of pairs of purpose and category; people of equal answers share theirs."""

    needed: frozenset[Pair]
    asked: frozenset[Pair]
    unless: frozenset[Pair]
    known: dict[frozenset[Answer], Cells] = field(default_factory=dict)

    def of(self, answers: frozenset[Answer]) -> Cells:
        found = self.known.get(answers)
        if found is None:
            yes = frozenset((purpose, category) for purpose, category, says in answers if says)
            no = frozenset((purpose, category) for purpose, category, says in answers if not says)
            found = self.known[answers] = Cells(self.needed | (self.asked & yes) | (self.unless - no))
        return found


_CELL = consent_now.c
_SAID = Question(
    lambda lists: select(_CELL.person, _CELL.purpose, _CELL.category, _CELL.yes, _CELL.until).where(
        _CELL.person.in_(lists.numbers("persons"))
    )
)


def _answers(connection: Connection, persons: Collection[PersonId], at: Micros) -> Mapping[PersonId, frozenset[Answer]]:
    """What each of some people answered; a yes that ended is no answer, as if nobody had asked."""
    found: defaultdict[PersonId, set[Answer]] = defaultdict(set)
    for person, purpose, category, yes, until in _SAID.ask(connection, persons=persons):
        if yes != 1 or lasts(until, at):
            found[PersonId(person)].add((Purpose(purpose), Category(category), yes == 1))
    return {person: frozenset(answers) for person, answers in found.items()}
