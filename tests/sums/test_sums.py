"""Sums are exact: they return, they never wrap around in silence, and equal ones have equal hashes."""

import hashlib
import struct
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.sums.numbers import LEAST, MOST, arrays, cells_of, edges, fits, shapes

from goodwill.basics.errors import Overflow
from goodwill.sums import Cells, Running, Sums, whole

# ---- what they hold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1.5, 2.0, [1, 2.0], np.float64(3), "3", ["a"], None, [None], 1 + 0j, np.zeros(2)])
def test_only_whole_numbers_are_taken(value):
    with pytest.raises(TypeError):
        Sums(cents=value)


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63) - 1, [1, 2**70], [2**63, -1], np.array([2**63], np.uint64), np.array([2**64, 0], object)],
)
def test_a_number_beyond_64_bits_is_refused(value):
    with pytest.raises(Overflow):
        Sums(cents=value)


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (MOST, [MOST]),
        (LEAST, [LEAST]),
        (True, [1]),
        ([], []),
        (np.array([MOST], np.uint64), [MOST]),
        (np.array([1, 2], ">i4"), [1, 2]),
        (np.array([np.int64(3), 4], object), [3, 4]),
        (np.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]),
    ],
)
def test_whole_numbers_of_any_kind_are_held_as_64_bits(value, held):
    array = whole(value)
    assert array.tolist() == held
    assert array.dtype == np.dtype("<i8")


def test_sums_do_not_follow_what_they_were_made_of():
    mine = np.array([1, 2])
    sums = Sums(cents=mine)
    mine[0] = 99
    assert sums.array("cents").tolist() == [1, 2]


def test_nobody_can_change_a_sum_from_outside():
    cells = Cells.of((2, 2), [1], [5])
    for array in (Sums(cents=[1, 2]).array("cents"), cells.at, cells.values, Sums(gram=cells).dense().array("gram")):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 99


def test_arrays_that_are_given_up_are_not_copied():
    mine = np.arange(4, dtype=np.int64)
    assert np.shares_memory(Sums.taking({"cents": mine}).array("cents"), mine)
    with pytest.raises(TypeError, match="64-bit"):
        Sums.taking({"cents": mine.astype(np.int32)})
    with pytest.raises(TypeError, match="C order"):
        Sums.taking({"cents": mine[::2]})


# ---- adding and subtracting ----------------------------------------------------------------------------------------


@given(st.data(), shapes, st.booleans(), st.booleans())
def test_a_result_is_exact_or_refused_never_wrapped(data, shape, first_sparse, second_sparse):
    a, b = data.draw(arrays(shape)), data.draw(arrays(shape))
    one = Sums(x=cells_of(a) if first_sparse else a)
    other = Sums(x=cells_of(b) if second_sparse else b)
    for combine, exact in (
        (Sums.__add__, a.astype(object) + b.astype(object)),
        (Sums.__sub__, a.astype(object) - b.astype(object)),
    ):
        if fits(exact):
            assert combine(one, other).array("x").tolist() == exact.tolist()
        else:
            with pytest.raises(Overflow):
                combine(one, other)


@pytest.mark.parametrize(("a", "b"), list(product(edges, edges)))
def test_the_edges_of_64_bits_are_exact_in_every_pair(a, b):
    for result, combine in ((a + b, Sums.__add__), (a - b, Sums.__sub__)):
        if LEAST <= result <= MOST:
            assert combine(Sums(x=a), Sums(x=b)).number("x") == result
        else:
            with pytest.raises(Overflow):
                combine(Sums(x=a), Sums(x=b))


@pytest.mark.parametrize("place", [0, 2**15 - 1, 2**15, 99_999])
def test_a_large_sum_is_checked_and_exact_in_every_cell(place):
    many = np.arange(1, 100_001)
    one = many.copy()
    one[place] = MOST - many[place]
    assert (Sums(x=many) + Sums(x=one)).array("x")[place] == MOST
    assert Sums(x=many) + Sums(x=one) - Sums(x=one) == Sums(x=many)
    one[place] += 1
    with pytest.raises(Overflow):
        Sums(x=many) + Sums(x=one)


@given(st.data(), shapes, st.integers(1, 6))
def test_sums_return_whatever_the_order(data, shape, people):
    small = st.integers(-(2**58), 2**58)
    parts = [
        Sums(
            count=1,
            cents=data.draw(arrays(shape, small)),
            gram=cells_of(data.draw(arrays((3, 3), small))),
        )
        for _ in range(people)
    ]
    start = parts[0].zero()
    total = start
    for part in parts:
        total = total + part
    inwards = data.draw(st.permutations(parts))
    outwards = data.draw(st.permutations(parts))
    other_way = start
    for part in inwards:
        other_way = other_way + part
    assert other_way == total
    assert other_way.hash == total.hash
    for part in outwards:
        total = total - part
    assert total == start
    assert total.hash == start.hash


@given(st.data(), shapes)
def test_adding_changes_neither_side(data, shape):
    small = st.integers(-5, 5)
    a, b = Sums(x=data.draw(arrays(shape, small))), Sums(x=cells_of(data.draw(arrays(shape, small))))
    before = a.hash, b.hash
    _ = a + b, a - b, b - a
    assert (a.hash, b.hash) == before


@pytest.mark.parametrize("other", [Sums(x=[1, 2, 3]), Sums(y=[1, 2]), Sums(x=[[1, 2]]), Sums(), Sums(x=[1, 2], y=1)])
def test_sums_of_other_names_or_shapes_do_not_add(other):
    with pytest.raises(ValueError, match="different shapes"):
        Sums(x=[1, 2]) + other
    with pytest.raises(ValueError, match="different shape"):
        Running(Sums(x=[1, 2])).add(other)


def test_nobodys_contribution_is_zero_of_the_same_shapes():
    sums = Sums(people=3, gram=np.ones((2, 2), np.int64))
    assert sums - sums == sums.zero()
    assert sums + sums.zero() == sums
    assert sums.zero().shapes == sums.shapes


def test_a_sum_of_no_names_is_a_sum():
    assert Sums() + Sums() == Sums()
    assert Sums().hash == Running(Sums()).hash == hashlib.sha256(b"goodwill-sums-v1").hexdigest()


# ---- the hash ------------------------------------------------------------------------------------------------------


def hash_by_the_book(sums):
    """The hash v1 as the module's text describes it, written a second time without any of its code."""
    outer = hashlib.sha256(b"goodwill-sums-v1")
    for name in sorted(sums, key=str.encode):
        array = sums.array(name)
        rows = [array] if array.ndim == 1 else list(array)
        inner = hashlib.sha256(name.encode() + b"\0" + ",".join(str(n) for n in array.shape).encode() + b"\0")
        for row in rows:
            inner.update(hashlib.sha256(b"".join(struct.pack("<q", int(n)) for n in row.ravel())).digest())
        outer.update(inner.digest())
    return outer.hexdigest()


def test_the_hash_v1_never_changes():
    sums = Sums(people=3, cents=[1, 2], gram=[[1, 2], [3, -4]])
    assert sums.hash == "6da017784bc1e03688018986508de60bc7be5a2e67b67864355356127ce4b5a2"
    extremes = Sums({"Ä": [LEAST, MOST], "b": np.zeros((2, 0, 3), np.int64), "a": Cells.of((3, 2), [5], [7])})
    assert extremes.hash == "87bbbd33486ef1a7041099715ff07c578973fb2844cc15a3b382aafea0a5497c"


@given(st.data(), st.dictionaries(st.text(max_size=3), shapes, max_size=3))
def test_the_hash_is_what_the_book_says_for_sparse_dense_and_running(data, named):
    dense = Sums({name: data.draw(arrays(shape)) for name, shape in named.items()})
    sparse = Sums({name: cells_of(dense.array(name)) for name in dense})
    assert dense.hash == sparse.hash == Running(dense).hash == Running(sparse).hash == hash_by_the_book(dense)
    assert dense == sparse == dense.dense() == sparse.dense()


@given(st.data(), shapes)
def test_hashes_are_equal_exactly_if_sums_are(data, shape):
    few = st.integers(-1, 1)
    a, b = data.draw(arrays(shape, few)), data.draw(arrays(shape, few))
    same = a.tolist() == b.tolist()
    for one, other in (
        (Sums(x=a), Sums(x=b)),
        (Sums(x=cells_of(a)), Sums(x=b)),
        (Sums(x=cells_of(a)), Sums(x=cells_of(b))),
    ):
        assert (one == other) == same
        assert (one.hash == other.hash) == same


def test_shape_and_name_are_part_of_what_is_known():
    zeros = np.zeros(6, np.int64)
    different = [
        Sums(x=zeros),
        Sums(x=zeros.reshape(2, 3)),
        Sums(x=zeros.reshape(3, 2)),
        Sums(x=zeros.reshape(1, 6)),
        Sums(y=zeros),
        Sums(x=zeros, y=zeros),
        Sums(x=zeros[:0]),
        Sums(x=zeros[:0].reshape(0, 3)),
        Sums(),
    ]
    assert len({each.hash for each in different}) == len(different)
    assert all((one == other) == (one is other) for one, other in product(different, different))


@given(st.permutations(["people", "cents", "Gram", "ä"]))
@example(["ä", "Gram", "cents", "people"])
def test_the_order_of_names_does_not_matter(names):
    one = Sums({name: len(name) for name in names})
    other = Sums({name: len(name) for name in sorted(names)})
    assert one == other
    assert one.hash == other.hash


def test_sums_are_equal_to_nothing_else():
    assert Sums(x=1) != {"x": 1}
    assert Cells.of((2,), [0], [1]) != "cells"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Sums(x=1))
