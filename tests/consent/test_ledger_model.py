"""The ledger beside a list in plain Python: after every step both say the same, now and as of every earlier row."""

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
from tests.conftest import examples
from tests.consent.world import ASKED, CAST, NOW, Book, allowed, asked_pairs, folded, kept_answers
from tests.consent.world import positions as as_positions

from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput
from goodwill.consent import Said, State, append, grant, invalidate, last_position, refuse, withdraw
from goodwill.consent.relation import allowing
from goodwill.purposes import Basis

people = st.sampled_from(CAST)
pairs = st.sampled_from(asked_pairs())
answers = st.sampled_from([State.REQUESTED, State.GIVEN, State.RENEWED, State.REFUSED, State.WITHDRAWN])
soon = st.integers(-3, 3)  # microseconds: so close that ties, ends and clocks that go back happen all the time
words = st.tuples(people, pairs, answers, soon, st.none() | soon)


class Ledger(RuleBasedStateMachine):
    def __init__(self, database):
        super().__init__()
        self.connection = database.engine.connect()  # one transaction for the whole life, undone at its end
        self.book = Book()
        self.now = NOW

    def teardown(self):
        try:
            self.everybody_agrees_about_the_past()
        finally:
            self.connection.close()

    @initialize()
    def begin(self):
        assert last_position(self.connection) == 0

    @rule(step=soon)
    def turn_the_clock(self, step):
        self.now = Micros(self.now + step)

    @rule(many=st.lists(words, min_size=1, max_size=4))
    def say(self, many):
        said = [
            Said(person, entry.name, category, state, self.now + ago, ASKED, None if ends is None else self.now + ends)
            for person, (entry, category), state, ago, ends in many
        ]
        assert append(self.connection, said, now=self.now) == self.book.write(said, self.now)

    @rule(person=people, pair=pairs, do=st.sampled_from([grant, refuse, withdraw]), ago=st.none() | soon)
    def choose(self, person, pair, do, ago):
        entry, category = pair
        at = None if ago is None else Micros(self.now + ago)
        said_at = min(self.now if at is None else at, self.now)
        stood = self.book.answers(len(self.book.lines)).get((entry.name, category, person))
        receipt = do(self.connection, person, entry, [category], asked=ASKED, now=self.now, said_at=at)
        state = {grant: State.GIVEN, refuse: State.REFUSED, withdraw: State.WITHDRAWN}[do]
        if do is grant and stood is not None and stood.said_at <= said_at and stood.allows(said_at):
            state = State.RENEWED
        assert receipt.state is state
        said = Said(person, entry.name, category, state, self.now if at is None else at, ASKED, receipt.until)
        assert list(receipt.positions) == self.book.write([said], self.now)
        line = self.book.lines[-1]
        assert (receipt.said_at, receipt.recorded_at) == (line.said_at, line.recorded_at)

    @precondition(lambda self: self.book.lines)
    @rule(data=st.data())
    def take_back(self, data):
        some = st.lists(st.integers(1, len(self.book.lines)), min_size=1, max_size=4)
        chosen = as_positions(data.draw(some))
        if any(self.book.lines[position - 1].state is State.INVALIDATED for position in chosen):
            with pytest.raises(BadInput, match="final"):
                invalidate(self.connection, chosen, asked=ASKED, now=self.now)
            return
        gone = self.book.taken_back(len(self.book.lines))
        lines = [self.book.lines[position - 1] for position in sorted(set(chosen) - gone)]
        said = [
            Said(line.person, line.purpose, line.category, State.INVALIDATED, self.now, ASKED, refers=line.position)
            for line in lines
        ]
        assert invalidate(self.connection, chosen, asked=ASKED, now=self.now) == self.book.write(said, self.now)

    @invariant()
    def what_is_kept_is_what_follows(self):
        upto = len(self.book.lines)
        assert last_position(self.connection) == upto
        expected = self.book.rows(upto)
        assert kept_answers(self.connection) == expected
        assert folded(self.connection, upto) == expected

    @rule(person=people, at=soon)
    def ask(self, person, at):
        at = self.now + at
        for entry in {entry.name: entry for entry, _ in asked_pairs()}.values():
            yes = {
                category
                for category in entry.categories
                if person in self.book.allowing(entry.name, category, at, len(self.book.lines))
            }
            if entry.basis is Basis.LEGITIMATE_INTERESTS:
                last_words = self.book.answers(len(self.book.lines)).values()
                yes = set(entry.categories) - {line.category for line in last_words if says_no(line, person, entry)}
            assert allowed(self.connection, person, entry, at) == yes

    def everybody_agrees_about_the_past(self):
        for as_of in range(len(self.book.lines) + 1):
            assert folded(self.connection, as_of) == self.book.rows(as_of)
            for entry, category in asked_pairs()[:2]:
                question = allowing(entry.name, category, at=NOW, as_of=as_of)
                people_now = self.connection.execute(question).scalars().all()
                assert len(people_now) == len(set(people_now))
                assert set(people_now) == self.book.allowing(entry.name, category, NOW, as_of)


def says_no(line, person, entry):
    return (line.person, line.purpose) == (person, entry.name) and line.state in {State.REFUSED, State.WITHDRAWN}


@pytest.mark.longer
def test_the_ledger_says_what_a_list_read_anew_would_say(database):
    run_state_machine_as_test(
        lambda: Ledger(database), settings=settings(max_examples=examples(14), stateful_step_count=12)
    )


def test_the_model_itself_knows_the_rules():
    """The list is simple enough to be believed, and these are the cases that it is believed for."""
    book = Book()
    person, (entry, category) = CAST[0], asked_pairs()[0]
    for state, at in ((State.GIVEN, 5), (State.WITHDRAWN, 5), (State.GIVEN, 5), (State.REQUESTED, 9)):
        book.write([Said(person, entry.name, category, state, at, ASKED)], 10)
    assert book.allowing(entry.name, category, 10, 1) == {person}
    assert [book.allowing(entry.name, category, 10, n) for n in (0, 2, 3, 4)] == [set()] * 4
