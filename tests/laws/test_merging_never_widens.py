"""I7: a merge gives what all allow, in any order and grouping; taking it back gives nobody more than before or now.

A second house in plain Python keeps a set of what each person allows. Whatever people say, merge and unmerge, in any
order, the ledger must answer what these sets say; and no unmerge may open anything that was closed a moment before.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import insert

from goodwill import consent
from goodwill.basics.clock import DAY, SECOND, Micros
from goodwill.basics.errors import Conflict, NotFound
from goodwill.consent import Asked, Said, State, allowed_categories
from goodwill.people import holds, merge, unmerge
from goodwill.people.tables import people as rows_of_people
from goodwill.purposes import RECOMMENDATIONS, STATISTICS, Category, shipped

REGISTER = shipped()
START = 1_795_338_000 * SECOND
PLACES = [
    (RECOMMENDATIONS, Category("purchases")),
    (RECOMMENDATIONS, Category("browsing")),
    (STATISTICS, Category("purchases")),
]
SILENCE = frozenset({PLACES[2]})  # what is allowed without a word

somebody = st.integers(0, 3)
places = st.sampled_from(PLACES)


class House(RuleBasedStateMachine):
    """People who say, turn out to be one, and turn out to be two after all."""

    def __init__(self, database, cipher):
        super().__init__()
        self.connection = database.engine.connect()  # never committed
        self.cipher = cipher
        self.now = START
        row = insert(rows_of_people).values(created_at=START)
        self.people = [self.connection.execute(row).inserted_primary_key[0] for _ in range(4)]
        self.allows = dict.fromkeys(self.people, SILENCE)
        self.into = {}
        self.merges = {}  # number -> keep, other, and what each allowed before

    def teardown(self):
        self.connection.close()

    def later(self):
        self.now = Micros(self.now + SECOND)
        return self.now

    def says(self, who, place, state):
        person = self.people[who]
        if person in self.into:
            return None
        consent.append(self.connection, [Said(person, *place, state, self.later(), Asked(how="test"))], now=self.now)
        return person

    @rule(who=somebody, place=places)
    def says_yes(self, who, place):
        if (person := self.says(who, place, State.GIVEN)) is not None:
            self.allows[person] |= {place}

    @rule(who=somebody, place=places, state=st.sampled_from([State.REFUSED, State.WITHDRAWN]))
    def says_no(self, who, place, state):
        if (person := self.says(who, place, state)) is not None:
            self.allows[person] -= {place}

    @rule(one=somebody, two=somebody)
    def turn_out_to_be_one(self, one, two):
        keep, other = self.people[one], self.people[two]
        if keep == other or keep in self.into or other in self.into:
            if keep != other:
                with pytest.raises(NotFound):
                    merge.mark(self.connection, keep, other, now=self.later())
            return
        merge.mark(self.connection, keep, other, now=self.later())
        done = merge.move(self.connection, self.cipher, REGISTER, keep, other, now=self.now)
        self.merges[done.id] = keep, other, self.allows[keep], self.allows[other]
        self.allows[keep] &= self.allows[other]
        self.into[other] = keep

    @precondition(lambda self: self.merges)
    @rule(data=st.data())
    def turn_out_to_be_two(self, data):
        number = data.draw(st.sampled_from(sorted(self.merges)))
        keep, other, hers, his = self.merges[number]
        if keep in self.into:
            with pytest.raises(Conflict):
                unmerge.mark(self.connection, number, now=self.later())
            return
        together = self.allows[keep]
        unmerge.mark(self.connection, number, now=self.later())
        unmerge.move_back(self.connection, self.cipher, REGISTER, number, now=self.now)
        self.allows[keep], self.allows[other] = together & hers, together & his
        del self.into[other], self.merges[number]
        for person in (keep, other):
            assert self.answers(person) <= together, "nothing opens by it"

    def answers(self, person):
        return {
            (purpose, category)
            for purpose in (RECOMMENDATIONS, STATISTICS)
            for category in allowed_categories(
                self.connection, person, REGISTER[purpose], at=self.now + 1, day=self.now // DAY
            )
            if (purpose, category) in PLACES
        }

    @invariant()
    def the_ledger_says_what_the_sets_say(self):
        for person in self.people:
            if person not in self.into:
                assert self.answers(person) == self.allows[person]
                assert not holds.reasons(self.connection, [person])[person]


def test_merging_and_unmerging_never_widen(database, cipher):
    run_state_machine_as_test(
        lambda: House(database, cipher),
        settings=settings(settings(max_examples=8, stateful_step_count=20), suppress_health_check=list(HealthCheck)),
    )


@pytest.mark.soak
def test_merging_and_unmerging_never_widen_however_long(database, cipher):
    run_state_machine_as_test(
        lambda: House(database, cipher),
        settings=settings(settings(max_examples=300, stateful_step_count=50), suppress_health_check=list(HealthCheck)),
    )
