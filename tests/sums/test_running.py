"""A running total takes parts in and out in place: all of a change or nothing, and its hash always up to date."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.sums.numbers import LEAST, MOST, arrays, cells_of, fits, numbers

from goodwill.basics.errors import Overflow
from goodwill.sums import Cells, Running, Sums

SHAPES = {"people": (1,), "gram": (3, 2), "cube": (2, 2, 2), "none": (2, 0)}


@st.composite
def parts(draw, values=numbers):
    made = {}
    for name, shape in SHAPES.items():
        array = draw(arrays(shape, values | st.just(0)))
        made[name] = cells_of(array) if draw(st.booleans()) else array
    return Sums(made)


class Total(RuleBasedStateMachine):
    """A running total beside Python's own unlimited whole numbers."""

    def __init__(self):
        super().__init__()
        self.running = Running(Sums({name: np.zeros(shape, np.int64) for name, shape in SHAPES.items()}))
        self.exact = {name: np.zeros(shape, object) for name, shape in SHAPES.items()}
        self.taken: list[Sums] = []

    def change(self, do, *signed):
        after = {
            name: sum((sign * part.array(name).astype(object) for part, sign in signed), self.exact[name])
            for name in SHAPES
        }
        if all(fits(array) for array in after.values()):
            do()
            self.exact = after
            return True
        with pytest.raises(Overflow):
            do()
        return False

    @rule(part=parts())
    def take_in(self, part):
        if self.change(lambda: self.running.add(part), (part, 1)):
            self.taken.append(part)

    @rule(part=parts())
    def let_go_of_anything(self, part):
        self.change(lambda: self.running.subtract(part), (part, -1))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def let_go(self, data):
        part = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        self.change(lambda: self.running.subtract(part), (part, -1))

    @rule(old=parts(), new=parts())
    def replace(self, old, new):
        self.change(lambda: self.running.replace(old, new), (old, -1), (new, 1))

    @invariant()
    def it_holds_what_the_exact_numbers_say(self):
        for name, array in self.exact.items():
            assert self.running.array(name).tolist() == array.tolist()

    @invariant()
    def its_hash_is_that_of_a_total_made_anew(self):
        anew = Sums(
            {name: np.array(array.tolist(), np.int64).reshape(SHAPES[name]) for name, array in self.exact.items()}
        )
        assert self.running.hash == anew.hash == self.running.sums.hash


def test_a_running_total_is_exact_whole_and_knows_its_hash():
    run_state_machine_as_test(Total, settings=settings(max_examples=40, stateful_step_count=10))


@given(parts(st.integers(-(2**40), 2**40)), parts(st.integers(-(2**40), 2**40)))
def test_replacing_is_taking_out_and_in(old, new):
    start = old + new
    one, other = Running(start), Running(start)
    one.replace(old, new)
    other.subtract(old)
    other.add(new)
    assert one.sums == other.sums == start - old + new
    assert one.hash == other.hash


def test_replacing_does_not_refuse_what_fits_in_the_end():
    total = Running(Sums(cents=[LEAST, 0], gram=Cells.of((2, 2), [0], [LEAST])))
    old = Sums(cents=[LEAST, 0], gram=Cells.of((2, 2), [0], [LEAST]))
    new = Sums(cents=[MOST, 1], gram=Cells.of((2, 2), [0, 3], [MOST, 1]))
    total.replace(old, new)  # the difference alone is beyond 64 bits
    assert total.sums == new


@pytest.mark.parametrize("sparse", [True, False])
def test_an_overflow_in_the_last_array_leaves_the_first_as_it_was(sparse):
    total = Running(Sums(a=[1, 2], b=[[5, 5], [MOST, 5]]))
    before = total.hash
    b = np.array([[0, 0], [1, 0]])
    with pytest.raises(Overflow, match="nothing was changed"):
        total.add(Sums(a=[10, 10], b=cells_of(b) if sparse else b))
    assert total.sums == Sums(a=[1, 2], b=[[5, 5], [MOST, 5]])
    assert total.hash == before


def test_a_total_follows_only_its_own_changes():
    mine = np.array([[1, 2], [3, 4]])
    sums = Sums(gram=mine)
    total = Running(sums)
    mine[...] = 0
    total.add(sums)
    assert sums == Sums(gram=[[1, 2], [3, 4]])
    assert total.sums == Sums(gram=[[2, 4], [6, 8]])


def test_its_sums_share_memory_and_cannot_be_changed():
    total = Running(Sums(gram=[[1, 2], [3, 4]]))
    seen = total.sums
    assert np.shares_memory(seen.array("gram"), total.array("gram"))
    with pytest.raises(ValueError, match="read-only"):
        total.array("gram")[0, 0] = 9
    total.add(seen)  # of itself
    assert total.sums == Sums(gram=[[2, 4], [6, 8]])


def test_only_touched_rows_are_hashed_again(monkeypatch):
    from goodwill import sums as room

    total = Running(Sums(gram=np.arange(10_000).reshape(100, 100)))
    _ = total.hash
    hashed = []
    real = room._digests

    def watched(array, rows):
        hashed.append(rows.tolist())
        return real(array, rows)

    monkeypatch.setattr(room, "_digests", watched)
    total.subtract(Sums(gram=Cells.of((100, 100), [5, 105, 707], [1, 1, 1])))
    _ = total.hash
    _ = total.hash
    assert hashed == [[0, 1, 7], []]


@pytest.mark.soak
def test_one_of_ten_thousand_items_is_forgotten_in_time():
    """200 items of one person out of a Gram of 10,000 by 10,000, with its hash: 15 ms on a quiet machine."""
    n, chance = 10_000, np.random.default_rng(7)
    total = Running(Sums.taking({"gram": np.full((n, n), 1000, np.int64)}))
    _ = total.hash
    taken = []
    for _ in range(11):
        items = np.sort(chance.choice(n, 200, replace=False))
        part = Sums(gram=Cells.of((n, n), (items[:, None] * n + items).ravel(), np.ones(40_000, np.int64)))
        start = time.perf_counter()
        total.subtract(part)
        _ = total.hash
        taken.append(time.perf_counter() - start)
    assert sorted(taken)[5] < 0.045
