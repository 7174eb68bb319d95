"""Random lives: whatever people say and do, in whatever order, the shop knows what those who allow it add up to.

A second shop in plain Python keeps lists of words, visits, names and holds, and works out from them who counts and what
each decision may rest on. After every step each of the shop's totals must be the sum of the parts of exactly those
people who allow its purpose, bit for bit, in every process, and no decision may use what was not allowed when it was
made.
"""

import shutil
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.conftest import FakeClock, examples
from tests.consent.world import Book
from tests.laws.lives import ASKED, GOODS, Village
from tests.lessons import CountsLines, register_with

from goodwill import consent
from goodwill.access import Frame, Log, View
from goodwill.basics.clock import DAY, SECOND, date_of
from goodwill.basics.errors import Conflict
from goodwill.basics.ids import PersonId
from goodwill.collect import undo
from goodwill.consent import Said, State
from goodwill.learn.library import MODELS
from goodwill.people import holds, merge
from goodwill.people.types import BOUGHT
from goodwill.protect import Cipher, KeyStore
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS, Basis, Category, Purpose
from goodwill.storage import AsOf, connect
from goodwill.sums import Running

NAMES = ("amina", "bruno", "chiara", "dev", "ezio")
PURCHASES, BROWSING = Category("purchases"), Category("browsing")
REGISTER = register_with(offers={"categories": ("purchases", "browsing", "engagement")})
OFFERS = CountsLines("offers-lines", "offers")  # a second total, of those who allow another purpose
MINUTE = 60 * SECOND
LESSONS = (MODELS, OFFERS)
START = 1_795_338_000 * SECOND  # Sunday, 22 November 2026


# ---- the same in plain Python ----------------------------------------------------------------------------------------


class Line(NamedTuple):
    """Something bought; lines with one reference are one visit."""

    day: int
    at: int
    reference: int
    product: int
    brought_by: int | None


@dataclass
class Someone:
    """A person of the second shop."""

    made_by: int | None = None
    lines: list["Line"] = field(default_factory=list)
    decided: bool = False
    held: set[str] = field(default_factory=set)
    merged: bool = False
    erased: bool = False

    @property
    def counts(self) -> bool:
        return not (self.held or self.merged or self.erased)


@dataclass
class Plain:
    """The second shop: nothing is kept but what was said and done, and every question looks through all of it."""

    book: Book = field(default_factory=Book)
    people: dict[PersonId, Someone] = field(default_factory=dict)
    names: dict[str, tuple[PersonId, int | None]] = field(
        default_factory=dict
    )  # who bears it, and which import brought it

    def allows(self, person: PersonId, purpose: str, at: int) -> set[str]:
        """The categories that somebody allows for a purpose at a moment; no word means no."""
        entry = REGISTER[purpose]
        if date_of(at // DAY) >= entry.expiry:
            return set()
        said = self.book.answers(len(self.book.lines))
        return {category for category in entry.categories if at < opened(said.get((purpose, category, person)))}

    def counted(self, at: int, purpose: str = MODEL_IMPROVEMENT) -> set[PersonId]:
        return {
            person
            for person, someone in self.people.items()
            if someone.counts and PURCHASES in self.allows(person, purpose, at)
        }

    def merge(self, keep: PersonId, other: PersonId, now: int) -> int:
        """As `Shop.merge`, and tell how many rows of the ledger that took."""
        mine, theirs = self.people[keep], self.people[other]
        answers = self.book.answers(len(self.book.lines))
        places = sorted({(Purpose(purpose), Category(category)) for purpose, category, _ in answers})
        words = []
        for place in places:
            hers: Any = answers.get((*place, keep))
            his: Any = answers.get((*place, other))
            if opened(his) < opened(hers):
                withdrawn = not opened(his)
                state, at = (State.WITHDRAWN, now) if withdrawn else (hers.state, hers.said_at)
                words.append(Said(keep, *place, state, at, ASKED, None if withdrawn else his.until))
            elif hers is None and his is not None and not opened(his):
                words.append(Said(keep, *place, State.REFUSED, now, ASKED))
        if words:
            self.book.write(words, now)
        mine.lines += theirs.lines
        mine.decided |= theirs.decided
        theirs.lines, theirs.decided, theirs.merged = [], False, True
        mine.held.discard(merge.reason(keep, other))
        self.names = {name: (keep if who == other else who, by) for name, (who, by) in self.names.items()}
        return len(words)

    def undo(self, number: int) -> None:
        """As the undo of an import: what it brought goes, and of its people those of whom nothing else is left."""
        for someone in self.people.values():
            someone.lines = [line for line in someone.lines if line.brought_by != number]
        gone = {person for person in self.people if self.made_and_left(person, number)}
        for name, (person, by) in list(self.names.items()):
            if by == number and (person in gone or self.people[person].made_by != number):
                del self.names[name]
            elif by == number:
                self.names[name] = (person, None)
        for person in gone:
            self.people[person].erased = True

    def made_and_left(self, person: PersonId, number: int) -> bool:
        someone, back = self.people[person], self.book.taken_back(len(self.book.lines))
        return (
            someone.made_by == number
            and not someone.erased
            and not someone.lines
            and not someone.decided
            and not any(who == person and by != number for who, by in self.names.values())
            and not any(
                line.person == person and line.state != State.INVALIDATED and line.position not in back
                for line in self.book.lines
            )
        )


def opened(line: Any) -> float:
    """Until when an answer allows: for ever, till it ends, or (0) never; no answer allows nothing."""
    if line is None or line.state not in (State.GIVEN, State.RENEWED):
        return 0
    return float("inf") if line.until is None else line.until


def part(what: Any, lines: list[Line]) -> Any:
    """One person's part, from a list of what she bought."""
    bought = np.array([line[:4] for line in sorted(lines)], np.int64).reshape(-1, 4)
    day, at, reference, product = bought.T.copy()
    ones = np.ones(len(lines), np.int64)
    log = Log(np.arange(len(lines)), ones * BOUGHT, at, day, product, ones * 1000, ones * 250, reference)
    seen, nothing = frozenset({PURCHASES}), frozenset[Category]()
    return what.part(View(PersonId(1), MODEL_IMPROVEMENT, AsOf(0, 0, 0, 0), seen, nothing, log))


def nobody(what: Any) -> Any:
    none = np.zeros(0, np.int64)
    return what.whole(Frame(0, none, Log(*([none] * 8))))


# ---- lives -----------------------------------------------------------------------------------------------------------

names = st.sampled_from(NAMES)
choices = st.sampled_from([None, [PURCHASES], [BROWSING], [PURCHASES, BROWSING]])
purposes = st.sampled_from([RECOMMENDATIONS, MODEL_IMPROVEMENT, OFFERS.purpose])
products = st.lists(st.integers(0, len(GOODS) - 1), min_size=1, max_size=3, unique=True)
days = st.integers(0, 30)
few = st.none() | st.integers(1, 4)


class Lives(RuleBasedStateMachine):
    """One shop, its people, and the plain shop beside it."""

    def __init__(self, fresh, cipher, folder):
        super().__init__()
        self.clock = FakeClock(START)
        self.village = Village(fresh(), cipher, self.clock, folder, register=REGISTER, lessons=(MODELS, OFFERS))
        self.plain = Plain()
        self.here = self.elsewhere = self.village.shop
        self.imports: list[int] = []
        self.begun: tuple[int, int] | None = None
        self.acked = self.turn = 0
        self.before: tuple[str, set[int]] = ("", set())

    def teardown(self):
        for lesson in LESSONS:
            self.is_what_is_allowed(self.village.anew(lesson), lesson)
            self.is_what_is_allowed(self.look_from(self.elsewhere, lesson), lesson)
        self.village.columns.close()

    @initialize()
    def open(self):
        """All have bought something, three allow everything, and Ezio came with an import that said so for him."""
        self.meet(*NAMES[:4])
        for day, name in enumerate(NAMES[:4], start=9):
            self.buy(name, [0, day % 4], day, None)
            for purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT, OFFERS.purpose) if name != "bruno" else ():
                self.say(name, purpose, None, yes=True)
        self.import_visits(["ezio"], [1, 2], 5, yes=True)
        self.here.warm()  # so that settling need not learn first, which takes far longer
        self.settled()
        self.elsewhere = self.village.another_process()
        self.look_from(self.elsewhere)

    # ---- what people say

    @rule(name=names, purpose=purposes, categories=choices, yes=st.booleans())
    def say(self, name, purpose, categories, yes):
        self.said(self.here.grant(name, purpose, categories, asked=ASKED, yes=yes), name)

    @precondition(lambda self: self.plain.names)
    @rule(
        data=st.data(), purpose=purposes, yes=st.booleans(), ago=st.integers(0, 3), ends=st.none() | st.integers(1, 4)
    )
    def a_word_comes_in_late(self, data, purpose, yes, ago, ends):
        """Said some minutes ago, as an import brings it, and perhaps ending by itself in a few."""
        person, _ = self.plain.names[data.draw(st.sampled_from(sorted(self.plain.names)))]
        until = None if ends is None or not yes else self.clock.at + ends * MINUTE
        state = State.GIVEN if yes else State.WITHDRAWN
        word = Said(person, purpose, PURCHASES, state, self.clock.at - ago * MINUTE, ASKED, until)
        with self.village.database.transaction() as connection:
            positions = consent.append(connection, [word], now=self.clock.at)
        assert positions == self.plain.book.write([word], self.clock.at)
        self.acked = positions[-1]

    @rule(name=names)
    def forget(self, name):
        if name not in self.plain.names:
            return
        proof = self.here.forget(name)
        assert proof.equal
        for receipt in proof.receipts:
            assert receipt.state == State.WITHDRAWN
            self.said(receipt, name)
        for entry in REGISTER:
            assert entry.basis is not Basis.CONSENT or not self.plain.allows(proof.person, entry.name, self.clock.at)

    def said(self, receipt, name):
        """Write in the plain shop what a receipt says was written."""
        if name not in self.plain.names:
            self.plain.names[name] = (receipt.person, None)
            self.plain.people[receipt.person] = Someone()
        person, now = self.plain.names[name][0], self.clock.at
        is_yes = receipt.state in (State.GIVEN, State.RENEWED)
        until = now + REGISTER[receipt.purpose].consent_days * DAY if is_yes else None
        words = [Said(person, receipt.purpose, one, receipt.state, now, ASKED, until) for one in receipt.categories]
        assert list(receipt.positions) == self.plain.book.write(words, now)
        assert receipt.person == person
        self.acked = receipt.positions[-1]

    # ---- what happens to them

    @rule(name=names, goods=products, day=days)
    def buy(self, name, goods, day, number=None):
        if name not in self.plain.names:
            return
        person, _ = self.plain.names[name]
        first = self.village.key + 1
        self.village.person[name] = person
        self.village.buys(name, *goods, day=day, import_id=number)
        today = self.clock.at // DAY - day
        self.plain.people[person].lines += [
            Line(today, today * DAY + key, self.village.key, self.village.goods[product], number)
            for key, product in enumerate(goods, first)
        ]

    def meet(self, *new, number=None):
        self.village.knows(*new, import_id=number)
        for name in new:
            person = self.village.person[name]
            self.plain.people.setdefault(person, Someone(made_by=number))
            self.plain.names.setdefault(name, (person, number))

    @rule(some=st.lists(names, min_size=1, max_size=2, unique=True), goods=products, day=days, yes=st.booleans())
    def import_visits(self, some, goods, day, yes):
        """A file brings visits, makes people who are new, and says what they allow."""
        number = self.village.begins_import()
        new = [name for name in some if name not in self.plain.names]
        self.meet(*new, number=number) if new else None
        positions = []
        for name in some:
            self.buy(name, goods, day, number)
            if yes:
                word = Said(self.plain.names[name][0], MODEL_IMPROVEMENT, PURCHASES, State.GIVEN, self.clock.at, ASKED)
                with self.village.database.transaction() as connection:
                    positions += consent.append(connection, [word], now=self.clock.at)
                self.plain.book.write([word], self.clock.at)
        self.village.brought(number, positions)
        self.acked = max([self.acked, *positions])
        self.imports.append(number)

    @precondition(lambda self: self.imports)
    @rule(data=st.data())
    def undo_an_import(self, data):
        number = data.draw(st.sampled_from(self.imports))
        self.imports.remove(number)
        with self.village.database.reading() as connection:
            place = undo.store.get(connection, number).place["positions"]
        undo.undo(self.village.database, self.here.tools, number, settle=self.here.settle)
        words = [
            Said(one.person, one.purpose, one.category, State.INVALIDATED, self.clock.at, ASKED, refers=one.position)
            for one in (self.plain.book.lines[position - 1] for position, _ in place)
        ]
        if words:
            self.acked = self.plain.book.write(words, self.clock.at)[-1]
        self.plain.undo(number)

    @rule(name=names, held=st.booleans())
    def restrict(self, name, held):
        if name not in self.plain.names:
            return
        person, _ = self.plain.names[name]
        act, mark = (holds.hold, set.add) if held else (holds.release, set.discard)
        with self.village.database.transaction() as connection:
            act(connection, [person], "restriction", now=self.clock.at)
        mark(self.plain.people[person].held, "restriction")

    # ---- two turn out to be one

    @rule(one=names, two=names, whole=st.booleans())
    def merge(self, one, two, whole):
        if one not in self.plain.names or two not in self.plain.names:
            return
        keep, other = self.plain.names[one][0], self.plain.names[two][0]
        if keep == other:
            assert self.here.identity.merge(one, two).events == 0
            return
        why = {merge.reason(keep, other)}
        if any(self.plain.people[person].held - why for person in (keep, other)):
            with pytest.raises(Conflict):
                self.here.identity.merge(one, two)
        elif whole:
            self.merge_whole(one, two)
        else:
            with self.village.database.transaction() as connection:
                merge.mark(connection, keep, other, now=self.clock.at)  # and then the power fails
            for person in (keep, other):
                self.plain.people[person].held |= why
            self.begun = (keep, other)

    @precondition(lambda self: self.begun is not None)
    @rule()
    def go_on_with_the_merge(self):
        keep, other = self.begun
        bearing = {who: name for name, (who, _) in self.plain.names.items()}
        free = all(self.plain.people[person].held == {merge.reason(keep, other)} for person in (keep, other))
        if keep in bearing and other in bearing and free:
            self.merge_whole(bearing[keep], bearing[other])
        self.begun = None

    def merge_whole(self, one, two):
        keep, other = self.plain.names[one][0], self.plain.names[two][0]
        merged = self.here.identity.merge(one, two)
        assert (merged.person, merged.other) == (keep, other)
        assert len(merged.narrowed) == self.plain.merge(keep, other, self.clock.at)
        self.acked = max([self.acked, *merged.narrowed])

    # ---- time, and other processes

    @rule(step=st.sampled_from([SECOND, 3 * MINUTE, DAY, 300 * DAY, -60 * MINUTE]))
    def turn_the_clock(self, step):
        self.clock.at += step

    @precondition(lambda self: self.ends())
    @rule(before=st.booleans())
    def turn_it_to_the_next_end(self, before):
        """To the very moment at which a yes ends by itself, or the last one before."""
        self.clock.at = min(self.ends()) - before

    def ends(self):
        return [line.until for line in self.plain.book.lines if line.until is not None and line.until > self.clock.at]

    @rule()
    def restart(self):
        self.here = self.village.another_process()

    @rule(keeping=st.booleans())
    def look_from_elsewhere(self, keeping):
        """Another process, with whatever it had in memory, catches up; perhaps it is the one that keeps its total."""
        kept = self.elsewhere.settle_all() if keeping else {}
        for lesson in LESSONS:
            self.is_what_is_allowed(kept.get(lesson.name) or self.look_from(self.elsewhere, lesson), lesson)

    def look_from(self, shop, lesson=MODELS):
        return shop.library.caught_up(shop._at_the_door, shop._look_at_shelf(), lesson.name)

    # ---- what must be true

    def is_what_is_allowed(self, total, lesson=MODELS):
        counted = self.plain.counted(self.clock.at, lesson.purpose)
        with self.village.database.reading() as connection:
            what = lesson.contribution(lesson.counted(connection, self.here._look_at_shelf()))
        running = Running(nobody(what).dense())
        for person in counted:
            running.add(part(what, self.plain.people[person].lines))
        assert total.people == len(counted)
        assert total.sums == running.sums
        assert total.hash == running.sums.hash

    def settled(self):
        totals = self.here.settle_all()
        for lesson in LESSONS:
            self.is_what_is_allowed(totals[lesson.name], lesson)
        self.before = totals[MODELS.name].hash[:12], self.plain.counted(self.clock.at)

    @invariant()
    def decisions_obey(self):
        """Before the total settles by itself, so that a decision meets it as the last step left it."""
        earlier, counted_then = self.before
        self.turn += 1
        some = [NAMES[self.turn % 4], NAMES[(self.turn + 1) % 4]]
        some += ["ezio"] if self.turn % 5 == 0 else []  # rarely: who was decided for is not gone with an import
        decisions = [self.decided_rightly(name) for name in some]
        versions = {choice.model for decision in decisions for choice in decision.items}
        self.settled()
        now, counted_now = self.before
        assert versions <= {now, earlier}, "a purchase may wait, anything else is of one time"
        if counted_then - counted_now:
            assert versions <= {now}, "a no never waits"

    def decided_rightly(self, name):
        decision = self.here.decide(name, count=3)
        assert decision.as_of.consent >= self.acked
        if name not in self.plain.names:
            assert (decision.personalised, decision.used, decision.reason) == (False, (), "unknown-person")
            return decision
        person, _ = self.plain.names[name]
        someone, at = self.plain.people[person], self.clock.at
        someone.decided |= decision.person == person  # what everyone gets is nobody's decision
        allowed = self.plain.allows(person, RECOMMENDATIONS, at) if someone.counts else set()
        assert set(decision.used) <= allowed
        assert decision.personalised == (PURCHASES in allowed and bool(someone.lines))
        assert bool(decision.used) == decision.personalised
        assert set(decision.withheld) == set(REGISTER[RECOMMENDATIONS].categories) - allowed
        assert (decision.reason == "held") == bool(someone.held)
        hers = {line.product for line in someone.lines}
        usual = {self.village.goods[GOODS.index(one.product)] for one in decision.items if one.kind == "usual"}
        assert usual <= hers, "what she usually takes is what she took"
        return decision


@pytest.fixture
def fresh(request, database, tmp_path):
    """Gives an empty database, anew for each life: a copy of the file, or the same one emptied."""
    made = []

    def on_sqlite():
        file = tmp_path / f"life-{len(made)}.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), file)
        made.append(connect(file))
        return made[-1]

    def on_postgresql():
        server = request.getfixturevalue("postgresql")
        server.empty(server.lent[0])
        return database

    yield on_sqlite if database.is_sqlite else on_postgresql
    for one in made:
        one.close()


def live(fresh, clock, folder, **effort):
    """Each life has a key store of its own: one remembers what was signed and refused, and would know an older shop."""
    lives, stores = iter(range(1_000_000)), []

    def born():
        home = folder / f"life-{next(lives)}"
        stores.append(KeyStore.open(home / "keys", clock=clock))
        return Lives(fresh, Cipher(stores[-1], "test-shop"), home)

    try:
        run_state_machine_as_test(born, settings=settings(**effort))
    finally:
        for store in stores:
            store.close()


def test_what_the_shop_knows_is_what_those_who_allow_it_add_up_to(fresh, clock, tmp_path):
    live(fresh, clock, tmp_path, max_examples=examples(10), stateful_step_count=12)


@pytest.mark.soak
def test_however_long_they_live(fresh, clock, tmp_path):
    live(fresh, clock, tmp_path, max_examples=200, stateful_step_count=40)
