"""Segments: rules that say for whom something is meant, kept by name, counted live, and asked of one person.

A count never tells of few people: below `SMALLEST` it says no more than that. No list of members leaves.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Connection

from goodwill.access import Total, View
from goodwill.basics.clock import day_of
from goodwill.basics.errors import BadInput, Conflict, KeyDestroyed, KeyMissing, NoConsent, NotFound, Refused
from goodwill.basics.money import Money
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Chosen as Products
from goodwill.decide import segments as rules
from goodwill.decide.eligible import CANNOT_TELL, Met
from goodwill.decide.guard import word_of
from goodwill.decide.plan import State, plan_of
from goodwill.decide.segments import Chosen, Node, Things, Verdict, store
from goodwill.decide.segments.rule import AllOf, Did, decoded, encoded
from goodwill.decide.standing_in import ENOUGH, stands_in
from goodwill.decide.store import rows
from goodwill.purposes import Category, Entry, Purpose
from goodwill.staff.refusals import NotAllowed
from goodwill.staff.roles import Act

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop, Who

SMALLEST: Final = 20  # people; of fewer no number is told
_LONGEST_NAME: Final = 80
_PURCHASES: Final = Category("purchases")
_UNKNOWN: Final = ("unknown-person", "held")


class Discreet(Refused):
    """All that a rule names in one place is of a kind that the shop keeps discreet."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A kept segment, as its last version says.

    Attributes:
        recipe: that it was made from, if from one.
        made_by: who made this version, as the audit log names them.
    """

    id: int
    version: int
    name: str
    purpose: Purpose
    rule: Node
    recipe: str | None
    made_by: str
    at: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people a rule is for. The four numbers add up to ``people``.

    Attributes:
        people: all who are known.
        matched, unmatched: for whom the rule holds, and does not.
        left_out: who did not allow the purpose all that the rule looks at; nothing else was looked at.
        unknown: who counts in nothing for now, or of whom a fact is not known that decides.
        held: of these, the former.
        few: which of them fewer than `SMALLEST` people are. They are not told, nor any number from which they follow.
        at: of which moment.
        remarks: what somebody should know of it.
    """

    people: int
    matched: int | None
    unmatched: int | None
    left_out: int
    unknown: int | None
    held: int
    few: tuple[str, ...]
    at: int
    remarks: tuple[str, ...] = ()

    @property
    def looked_at(self) -> int:
        """How many people allowed what the rule looks at."""
        return self.people - self.left_out - self.held


@dataclass(frozen=True, slots=True)
class Checked:
    """What a rule says of one person.

    Attributes:
        reason: why she is left out or it is not known, in the words of `Answer.reason`, or ``no-fact``; else "".
    """

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Segments:
    """The segments of one shop."""

    shop: "Shop"

    # ---- making ------------------------------------------------------------------------------------------------------

    def read(self, given: object, purpose: str) -> Node:
        """A rule as it was given, for a purpose.

        Raises:
            BadInput: it is no rule, or names products that the catalogue does not know; the sentence says where.
            Refused: the purpose may not look at something that the rule looks at, or chooses nobody.
            NotFound: there is no such purpose.
        """
        rule, entry = rules.read(given), self.shop.register[purpose]
        rules.check(rule, entry, self.shop.register)
        with self.shop.database.reading() as connection:
            for node in rules.nodes(rule):
                if isinstance(things := getattr(node, "things", None), Things):
                    self._check_things(connection, things)
        return rule

    def _given_away(self, given: object, purpose: str | None, segment: int | str = "") -> str:
        """The sensitive word of which a rule gives the buyers away; "" where none, or where it will be refused anyway.

        Before the change that keeps it: counting has a transaction of its own.
        """
        with suppress(BadInput, Refused, NotFound, NotAllowed):
            self.shop.staff.demand(Act.PLAN)
            chosen = purpose or self.get(segment).purpose
            return self.gives_away(self.read(given, chosen), chosen) or ""
        return ""

    def gives_away(self, rule: Node, purpose: str) -> str | None:
        """The sensitive word of which a rule gives the buyers away, surely enough; None where it gives none away.

        The rule is taken as a test for having bought such a thing (see `goodwill.decide.standing_in`), among people who
        allow the purpose their purchases.
        """
        entry = self.shop.register[purpose]
        if _PURCHASES not in entry.categories:
            return None
        words = self.shop.settings.sensitive
        return next((words[n] for n, things in self._discreet().items() if self._tells_of(rule, entry, things)), None)

    def _discreet(self) -> Mapping[int, frozenset[int]]:
        """The products of each sensitive word, by its place in the setting."""
        shelf = self.shop.shelf()
        items = shelf.item_of
        word = np.where(items >= 0, shelf.word[np.maximum(items, 0)], -1) if shelf.items else items
        return {int(n): frozenset(np.flatnonzero(word == n).tolist()) for n in np.unique(word[word >= 0])}

    def _tells_of(self, rule: Node, entry: Entry, things: frozenset[int]) -> bool:
        case = Did("bought", things=Things())  # names nothing that a rule could name
        bought = self._tally(case, case, entry, things, Did("bought"))
        cases, people = bought["matched"], sum(bought.values())
        if min(cases, people - cases) < ENOUGH:
            return False
        hits = self._tally(AllOf((rule, case)), case, entry, things, rule)["matched"]
        marked = self._tally(rule, case, entry, things, case)["matched"]
        return stands_in(hits, cases, marked - hits, people - cases)

    def _tally(self, asked: Node, case: Node, entry: Entry, things: frozenset[int], beside: Node) -> Mapping[str, int]:
        """How a rule sorts those who allow what it and another one look at."""
        today = day_of(self.shop.clock(), self.shop.settings.zone)
        looked_at = rules.categories(asked, entry) | rules.categories(beside, entry)

        def chooses(named: Things) -> frozenset[int]:
            if isinstance(case, Did) and named is case.things:
                return things
            with self.shop.database.reading() as connection:
                return self._products(connection, named)

        ready = rules.conditions(asked, today=today, chooses=chooses)
        sums = self.shop.total(Chosen("segment", entry.name, looked_at, ready)).sums
        return {name: sums.number(name) for name in ("matched", "unmatched", "unknown")}

    def from_recipe(self, name: str, values: Mapping[str, str | int], purpose: str) -> Node:
        """The rule of a recipe with some values set; errors as `read`."""
        return self.read(rules.written(rules.recipe(name).rule(values)), purpose)

    def new(self, name: str, purpose: str, rule: object, *, recipe: str | None = None) -> Segment:
        """Keep a rule under a name.

        Args:
            rule: as JSON gives it.

        Raises:
            Conflict: there is a segment of that name.
            Refused: whom it chooses gives away who bought something sensitive.
            BadInput, Refused, NotFound: as `read`.
        """
        given_away = self._given_away(rule, purpose)
        with self.shop.change("segment.new") as change:
            self.shop.staff.demand(Act.PLAN)
            wanted = _named(name)
            made = self.read(rule, purpose)
            _refuse(given_away)
            connection = change.connection
            store.lock(connection)
            if any(one.name.casefold() == wanted.casefold() for one in store.newest(connection)):
                raise Conflict(f"There is a segment '{wanted}' already. Choose another name, or change that one.")
            entry = self.shop.register[purpose]
            line = self._line(store.next_id(connection), 1, wanted, entry.name, made, recipe)
            return self._kept(change.entry.detail, connection, line)

    def change(
        self, segment: int | str, rule: object, *, purpose: str | None = None, recipe: str | None = None
    ) -> Segment:
        """Let a segment go by another rule from now on; the earlier one can still be read.

        Raises:
            NotFound: there is no such segment.
            BadInput, Refused: as `read`.
        """
        given_away = self._given_away(rule, purpose, segment)
        with self.shop.change("segment.change") as change:
            self.shop.staff.demand(Act.PLAN)
            store.lock(change.connection)
            before = self._there(change.connection, segment)
            made = self.read(rule, purpose or before.purpose)
            _refuse(given_away)
            entry = self.shop.register[purpose or before.purpose]
            line = self._line(before.id, before.version + 1, before.name, entry.name, made, recipe)
            return self._kept(change.entry.detail, change.connection, line)

    def remove(self, segment: int | str) -> Segment:
        """Take a segment out of use; what it was stays on record.

        Raises:
            NotFound: there is no such segment.
            Conflict: an offer for it is given.
        """
        with self.shop.change("segment.remove") as change:
            self.shop.staff.demand(Act.PLAN)
            store.lock(change.connection)
            before = self._there(change.connection, segment)
            if given := self._given(change.connection, before):
                raise Conflict(
                    f"The segment '{before.name}' says whom an offer is for: {', '.join(given)}. Stop it first: "
                    f"goodwill offer stop {given[0]}"
                )
            line = self._line(before.id, before.version + 1, before.name, before.purpose, None, None)
            store.add(change.connection, line)
            change.entry.detail.update(segment=before.id, version=line.version)
            return before

    # ---- reading -----------------------------------------------------------------------------------------------------

    def all(self) -> list[Segment]:
        """All segments, in the order in which they were made."""
        with self.shop.database.reading() as connection:
            return [_segment(line) for line in store.newest(connection)]

    def get(self, segment: int | str) -> Segment:
        """A segment, by its number or its name.

        Raises:
            NotFound: there is none.
        """
        with self.shop.database.reading() as connection:
            return self._there(connection, segment)

    def versions(self, segment: int | str) -> list[Segment]:
        """All versions of a segment, the latest first."""
        with self.shop.database.reading() as connection:
            lines = store.versions(connection, self._there(connection, segment).id)
            return [_segment(line) for line in reversed(lines)]

    def sentence(self, rule: Node, language: str | None = None) -> str:
        """Whom a rule chooses, to be read aloud; in the shop's language unless said."""
        currency = self.shop.settings.currency

        def money(minor: int) -> str:
            return f"{Money(minor, currency).amount:,} {currency}"

        return rules.sentence(rule, language or self.shop.settings.language, money=money)

    # ---- asking ------------------------------------------------------------------------------------------------------

    def chosen_in(self, connection: Connection, segment: int | str) -> Chosen:
        """A segment ready to be asked today, in a transaction: what chooses for one person asks its `verdict`.

        Raises:
            NotFound: there is no such segment.
            Refused: the register changed since, and its purpose may not look at all that any more.
        """
        there = self._there(connection, segment)
        return self._ready(connection, there.rule, there.purpose, f"segment {there.id}")

    def is_in(self, connection: Connection, segment: str, view: View) -> Met | None:
        """That somebody meets the rule of an offer, from her view alone; None where she does not."""
        try:
            chosen = self.chosen_in(connection, segment)
        except (NotFound, Refused):
            return CANNOT_TELL
        verdict = chosen.verdict(view)
        if verdict is not Verdict.MATCHED:
            return None if verdict is Verdict.UNMATCHED else CANNOT_TELL
        return Met(tuple(sorted(rules.looked_at(chosen.rule))), self.sentence(chosen.rule))

    def is_discreet(self, connection: Connection, segment: str) -> bool:
        """Whether a segment names nothing, in a place of its rule, but what the shop keeps discreet by now."""
        try:
            rule = self._there(connection, segment).rule
        except NotFound:
            return False
        named = [things for node in rules.nodes(rule) if isinstance(things := getattr(node, "things", None), Things)]
        return any(_found(connection, one).words and not self._products(connection, one) for one in named)

    def count(self, segment: int | str) -> Counted:
        """How many people a segment is for now; errors as `chosen_in` and `Door.total`."""
        self.shop.staff.demand(Act.PLAN)
        with self.shop.database.reading() as connection:
            chosen = self.chosen_in(connection, segment)
        return self._counted(chosen)

    def count_rule(self, rule: object, purpose: str) -> Counted:
        """The same for a rule that is not kept.

        Raises:
            BadInput, NotFound: as `read`.
            Refused: as `read`, or whom it chooses gives away who bought something sensitive.
        """
        self.shop.staff.demand(Act.PLAN)
        made = self.read(rule, purpose)
        _refuse(self.gives_away(made, purpose) or "")
        with self.shop.database.reading() as connection:
            chosen = self._ready(connection, made, purpose, "segment")
        return self._counted(chosen)

    def check(self, segment: int | str, who: "Who | str") -> Checked:
        """Whether somebody belongs to a segment; the customer can see that it was asked.

        Raises:
            NotFound: there is no such segment, or nobody of that name is known.
            NotAllowed: this role sees no single person.
        """
        with self.shop.change("segment.check") as change:
            self.shop.staff.demand(Act.READ)
            connection = change.connection
            chosen = self.chosen_in(connection, segment)
            change.entry.person = person = self.shop.known(who)
            change.entry.detail["segment"] = self._there(connection, segment).id
            try:
                view = self.shop.door_in(connection).one(person, purpose=chosen.purpose, only=chosen)
            except NoConsent as refused:
                known = refused.reason not in _UNKNOWN
                return Checked(Verdict.LEFT_OUT if known else Verdict.UNKNOWN, refused.reason)
            except (BadInput, KeyDestroyed, KeyMissing):
                return Checked(Verdict.UNKNOWN, "no-fact")  # what does not open is not known
            verdict = chosen.verdict(view)
            return Checked(verdict, "no-fact" if verdict is Verdict.UNKNOWN else "")

    def _counted(self, chosen: Chosen) -> Counted:
        counted = _protected(self.shop.total(chosen), with_facts=bool(chosen.fields))
        entry = self.shop.register[chosen.purpose]
        return replace(counted, remarks=self._remarks(entry, counted))

    def _remarks(self, entry: Entry, counted: Counted) -> tuple[str, ...]:
        said = []
        if entry.is_off(day_of(self.shop.clock(), self.shop.settings.zone)):
            said.append(f"'{entry.name}' ended on {entry.expiry}; until its entry is renewed it allows nothing.")
        if counted.few:
            said.append(
                f"Of fewer than {SMALLEST} people no number is told ({', '.join(counted.few)}), nor any from which it "
                "would follow."
            )
        if entry.goes_by_mail:
            said.append("Before a letter goes out, pauses and addresses that are left alone are asked once more.")
        return tuple(said)

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _ready(self, connection: Connection, rule: Node, purpose: str, name: str) -> Chosen:
        register = self.shop.register
        entry = register[purpose]
        rules.check(rule, entry, register)
        today = day_of(self.shop.clock(), self.shop.settings.zone)
        ready = rules.conditions(rule, today=today, chooses=lambda things: self._products(connection, things))
        return Chosen(name, entry.name, rules.categories(rule, entry), ready)

    def _products(self, connection: Connection, things: Things) -> frozenset[int]:
        """The products that count as some things; what the shop keeps discreet never does."""
        words = _found(connection, things).words
        named = word_of(list(words.values()), self.shop.settings.sensitive)
        return frozenset(int(number) for number, word in zip(words, named, strict=True) if word < 0)

    def _check_things(self, connection: Connection, things: Things) -> None:
        found = _found(connection, things)
        if found.unknown:
            raise BadInput(
                f"The catalogue knows nothing called '{found.unknown[0]}'.{_hint(connection, found.unknown[0])}"
            )
        if not self._products(connection, things):
            raise Discreet(
                "All that the rule names there is of a kind that this shop keeps discreet (the setting 'sensitive'), "
                "and nobody is chosen by it."
            )

    def _line(
        self, number: int, version: int, name: str, purpose: str, rule: Node | None, recipe: str | None
    ) -> store.Line:
        text = None if rule is None else encoded(rule)
        return store.Line(number, version, name, purpose, text, recipe, self.shop.actor.name, self.shop.clock())

    def _kept(self, detail: dict[str, Any], connection: Connection, line: store.Line) -> Segment:
        store.add(connection, line)
        detail.update(segment=line.id, version=line.version, purpose=line.purpose)
        return _segment(line)

    def _given(self, connection: Connection, segment: Segment) -> list[str]:
        """The offers for it that are given."""
        offers = plan_of(rows(connection)).offers
        return [
            name
            for name, one in offers.items()
            if one.state is State.RUNNING and one.segment.strip().casefold() == segment.name.casefold()
        ]

    def _there(self, connection: Connection, segment: int | str) -> Segment:
        wanted = str(segment).strip()
        for line in store.newest(connection):
            if str(line.id) == wanted or line.name.casefold() == wanted.casefold():
                return _segment(line)
        raise NotFound(f"There is no segment '{wanted[:_LONGEST_NAME]}'. Those there are: goodwill segment list")


def _refuse(word: str) -> None:
    """Refuse a rule that gives the buyers of a sensitive thing away."""
    if word:
        raise Refused(
            f"Whom this rule chooses gives away who bought a thing of the kind '{word}', which this shop keeps "
            "discreet (the setting 'sensitive'). Choose people by something else."
        )


def _protected(total: Total, *, with_facts: bool) -> Counted:
    """A count as it may be shown: nothing in it tells of fewer than `SMALLEST` people."""
    tally = {name: total.sums.number(name) for name in ("matched", "unmatched", "unknown")}
    telling = tally if with_facts else {name: tally[name] for name in ("matched", "unmatched")}
    few = tuple(name for name in telling if tally[name] < SMALLEST)
    hidden = _hidden(telling, few)
    held, left_out = (0, 0) if total.beside is None else (total.beside.held, total.beside.left_out)
    return Counted(
        people=total.people + held + left_out,
        matched=None if "matched" in hidden else tally["matched"],
        unmatched=None if "unmatched" in hidden else tally["unmatched"],
        left_out=left_out,
        unknown=None if "unknown" in hidden else tally["unknown"] + held,
        held=held,
        few=few,
        at=total.as_of.at,
    )


def _hidden(tally: Mapping[str, int], few: tuple[str, ...]) -> set[str]:
    """Which parts are not told: the few, and as many others as it takes so that the few do not follow from them.

    How many were looked at follows from consent alone and is told, so what is hidden is known as a sum: that has to be
    of two parts at least, and of `SMALLEST` people.
    """
    hidden = set(few)
    for name in ("unmatched", "unknown", "matched"):
        if few and name in tally and (len(hidden) < 2 or sum(tally[one] for one in hidden) < SMALLEST):
            hidden.add(name)
    return hidden


def _found(connection: Connection, things: Things) -> Products:
    return catalogue.chosen(
        connection, externals=things.products, categories=things.categories, types=things.types, tags=things.tags
    )


def _hint(connection: Connection, name: str) -> str:
    close = get_close_matches(name, catalogue.group_names(connection), n=3)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def _segment(line: store.Line) -> Segment:
    return Segment(
        line.id, line.version, line.name, Purpose(line.purpose), decoded(line.rule or "null"), line.recipe,
        line.made_by, line.at,
    )  # fmt: skip


def _named(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > _LONGEST_NAME or not text.isprintable() or text.isdecimal():
        raise BadInput(f"A segment's name has 1 to {_LONGEST_NAME} characters in one line, and is no number.")
    return text
