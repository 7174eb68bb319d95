"""The door's questions about many people, written once with Ibis and compiled for each engine.

Plain filters, joins and whole-number aggregates only: every engine gives them the same meaning.
"""

from dataclasses import dataclass

import ibis
from ibis import Table

from goodwill.access.view import COLUMNS
from goodwill.consent.relation import END_OF_TIME
from goodwill.people.types import codes_of
from goodwill.purposes import Basis, Category, Entry
from goodwill.storage import AsOf

EVENTS = ibis.table(
    {
        "id": "int64", "person": "int64", "type": "int64", "at": "int64", "day": "int64", "product": "int64",
        "quantity": "int64", "amount": "int64", "currency": "string", "reference": "int64", "import_id": "int64",
    },
    name="events",
)  # fmt: skip
ANSWERS = ibis.table(
    {
        "purpose": "string",
        "category": "string",
        "person": "int64",
        "yes": "int64",
        "position": "int64",
        "until": "int64",
    },
    name="consent_now",
)
LEDGER = ibis.table(
    {
        "position": "int64", "person": "int64", "purpose": "string", "category": "string", "state": "string",
        "yes": "int64", "said_at": "int64", "until": "int64", "refers": "int64",
    },
    name="consent_rows",
)  # fmt: skip
HOLDS = ibis.table({"id": "int64", "person": "int64", "held": "int64"}, name="holds")
PEOPLE = ibis.table({"id": "int64", "merged_into": "int64", "erased_at": "int64"}, name="people")

_ABSENT = {"product": -1, "quantity": -1, "amount": 0, "reference": -1}


def answers_as_of(entry: Entry, category: Category, position: int) -> Table:
    """The last word of each person on a purpose and category, as of a row of the ledger."""
    rows = LEDGER.filter(LEDGER.purpose == entry.name, LEDGER.category == category, LEDGER.position <= position)
    taken_back = LEDGER.filter(LEDGER.refers.notnull(), LEDGER.position <= position).select(position=LEDGER.refers)
    counting = rows.filter(rows.yes.notnull()).anti_join(taken_back, "position")
    # As strict as the row engine: only a row whose state is a yes counts as one, whatever its other columns say.
    counting = counting.mutate(yes=counting.state.isin(["given", "renewed"]).ifelse(counting.yes, 0))
    order = [counting.said_at.desc(), counting.yes.asc(), counting.position.desc()]
    ranked = counting.mutate(nth=ibis.row_number().over(ibis.window(group_by=counting.person, order_by=order)))
    return ranked.filter(ranked.nth == 0).select("person", "yes", "until")


def held(position: int) -> Table:
    """The people who count in nothing, as of a row of the holds."""
    upto = HOLDS.filter(HOLDS.id <= position)
    last = upto.group_by("person").aggregate(id=upto.id.max())
    newest = upto.join(last, ["person", "id"])
    return newest.filter(newest.held == 1).select("person")


def allowing(entry: Entry, category: Category, as_of: AsOf, *, current: bool) -> Table:
    """Who allows a purpose for a category: one column, ``person``.

    Args:
        current: the logs end at ``as_of``, so the kept answers serve and nothing needs replaying.
    """
    if current:
        answers = ANSWERS.filter(ANSWERS.purpose == entry.name, ANSWERS.category == category)
    else:
        answers = answers_as_of(entry, category, as_of.consent)
    known = PEOPLE.filter(PEOPLE.erased_at.isnull(), PEOPLE.merged_into.isnull()).select(person=PEOPLE.id)
    if entry.basis is Basis.CONSENT:
        # An end that is not a number would be later than every number on SQLite; it is none of these.
        ends_later = answers.until.isnull() | answers.until.between(as_of.at + 1, END_OF_TIME)
        found = answers.filter(answers.yes == 1, ends_later).select("person").semi_join(known, "person")
    elif entry.basis is Basis.LEGITIMATE_INTERESTS:
        found = known.anti_join(answers.filter(answers.yes != 1), "person")
    else:
        found = known
    return found.anti_join(held(as_of.holds), "person")


@dataclass(frozen=True)
class Allowed:
    """Who allows a purpose for each of some categories, under names that other expressions may use.

    An engine works each of these out once, and whatever names it meets the same people.

    Attributes:
        given: by name, each with one column ``person``, nobody in it twice.
    """

    given: dict[str, Table]
    _names: dict[Category, str]

    def of(self, category: Category) -> Table:
        return ibis.table({"person": "int64"}, name=self._names[category])

    def any(self) -> Table:
        """Who allows it for at least one of them."""
        tables = [ibis.table({"person": "int64"}, name=name) for name in dict.fromkeys(self._names.values())]
        return ibis.union(*tables, distinct=True) if len(tables) > 1 else tables[0]


def allowed(entry: Entry, categories: frozenset[Category], as_of: AsOf, *, current: bool) -> Allowed:
    """Who allows a purpose for some categories, each apart; ``current`` as for `allowing`."""
    names = {category: f"allowing_{n}" for n, category in enumerate(sorted(categories))}
    return Allowed({name: allowing(entry, one, as_of, current=current) for one, name in names.items()}, names)


def allowing_all(entry: Entry, categories: frozenset[Category], as_of: AsOf, *, current: bool) -> Allowed:
    """Who allows a purpose for every one of some categories; for each of them the same people."""
    first, *others = (allowing(entry, one, as_of, current=current) for one in sorted(categories))
    for other in others:
        first = first.semi_join(other, "person")
    return Allowed({"allowing_all": first}, dict.fromkeys(categories, "allowing_all"))


def known_and_held(as_of: AsOf) -> Table:
    """How many people are known, and how many of them count in nothing for now: one row."""
    known = PEOPLE.filter(PEOPLE.erased_at.isnull(), PEOPLE.merged_into.isnull()).select(person=PEOPLE.id)
    each = known.left_join(held(as_of.holds), "person")
    return each.aggregate(known=each.count(), held=each.person_right.count())


def consenting_events(who: Allowed, categories: frozenset[Category], types: tuple[int, ...], upto: int | None) -> Table:
    """The events of some types that a purpose may see: each of a category that its person allows.

    Args:
        upto: the last event within reach; None: all are, and their ids need not be read.
    """
    tables = []
    for category in sorted(categories):
        codes = [code for code in codes_of(frozenset({category})) if code in types]
        if not codes:
            continue
        chosen = EVENTS.filter(EVENTS.type.isin(codes))
        if upto is not None:
            chosen = chosen.filter(chosen.id <= upto)
        # Nobody is in it twice, so an inner join is a semi-join; DuckDB has a quicker one of that kind.
        tables.append(chosen.inner_join(who.of(category), "person"))
    if not tables:
        return EVENTS.filter(ibis.literal(False))
    return ibis.union(*tables) if len(tables) > 1 else tables[0]


def frame(events: Table, currency: str | None = None) -> Table:
    """Events as `Frame` wants them: whole numbers, nothing absent, in the order of (person, day, at, id).

    Args:
        currency: if given, a column ``foreign`` says of each whether its amount is of another one.
    """
    columns = {
        name: events[name].fill_null(_ABSENT[name]) if name in _ABSENT else events[name]
        for name in ("person", *COLUMNS)
    }
    if currency is not None:
        columns["foreign"] = (events.currency.notnull() & (events.currency != currency)).ifelse(1, 0)
    plain = events.select(**columns)
    return plain.order_by("person", "day", "at", "id")
