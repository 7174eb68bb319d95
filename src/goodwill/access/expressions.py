"""The door's questions about many people, written once with Ibis and compiled for each engine.

Plain filters, joins and whole-number aggregates only: every engine gives them the same meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
from ibis import Table

from goodwill.access.view import COLUMNS
from goodwill.basics.clock import DAY
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
    rows = _counting(position)
    return _last_words(rows.filter(rows.purpose == entry.name, rows.category == category), "person")


def _counting(position: int) -> Table:
    """The rows up to one of the ledger that answer something and were not taken back."""
    rows = LEDGER.filter(LEDGER.position <= position)
    taken_back = rows.filter(rows.refers.notnull()).select(position=rows.refers)
    return rows.filter(rows.yes.notnull()).anti_join(taken_back, "position")


def _last_words(counting: Table, *of: str) -> Table:
    """The row that counts for each person, or each person and something more, as in `goodwill.consent.relation`."""
    # As strict as the row engine: only a row whose state is a yes counts as one, whatever its other columns say.
    counting = counting.mutate(yes=counting.state.isin(["given", "renewed"]).ifelse(counting.yes, 0))
    order = [counting.said_at.desc(), counting.yes.asc(), counting.position.desc()]
    ranked = counting.mutate(nth=ibis.row_number().over(ibis.window(group_by=list(of), order_by=order)))
    return ranked.filter(ranked.nth == 0).select(*of, "yes", "until")


def said_yes(entries: Sequence[Entry], moment: int, position: int) -> Table:
    """To how many of some purposes somebody had said yes, for one of their categories, by a moment.

    What was written down later and said before counts; a yes that had ended by then does not.

    Returns:
        ``person``, ``yes``; nobody is in it who had said yes to none.
    """
    rows = _counting(position)
    listed = ibis.or_(*((rows.purpose == one.name) & rows.category.isin(list(one.categories)) for one in entries))
    last = _last_words(rows.filter(rows.said_at < moment, listed), "person", "purpose", "category")
    lasting = last.until.isnull() | last.until.between(moment + 1, END_OF_TIME)
    return last.filter(last.yes == 1, lasting).group_by("person").aggregate(yes=last.purpose.nunique())


def days_said(moment: int, position: int) -> Table:
    """On how many days (UTC) somebody had said anything, to any purpose, by a moment: ``person``, ``days``."""
    rows = _counting(position)
    rows = rows.filter(rows.said_at < moment)
    rows = rows.mutate(day=rows.said_at - rows.said_at % DAY)
    return rows.group_by("person").aggregate(days=rows.day.nunique())


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
