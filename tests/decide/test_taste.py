"""The kinds that are asked about tell people apart; her answer fades as she buys."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from goodwill.access import View
from goodwill.access.view import COLUMNS, Log
from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.decide.shelf import Shelf
from goodwill.decide.taste import LASTS, Told, kinds_to_ask, may_be_named
from goodwill.learn.popular import Popular
from goodwill.people.taste import Taste
from goodwill.people.types import BOUGHT
from goodwill.purposes import RECOMMENDATIONS
from goodwill.storage import AsOf


def a_shop(rows: list[list[int]], kinds: list[int], names: str, *, hidden: tuple[int, ...] = ()) -> tuple[Shelf, Any]:
    """A shelf of items of some kinds, and models of people with these rows of items."""
    items = len(kinds)
    x = np.zeros((len(rows), items), np.int64)
    for n, row in enumerate(rows):
        x[n, row] = 1
    word = np.full(items, -1)
    word[list(hidden)] = 0
    things = tuple(f"thing {n}" for n in range(items))
    shelf = Shelf("product", np.arange(items), things, word, np.array(kinds), kinds=tuple(names))
    people = x.sum(axis=0)
    models = SimpleNamespace(
        people=len(rows), popular=Popular(people, people, 5), together=SimpleNamespace(pairs=np.triu(x.T @ x))
    )
    return shelf, models


def asked(shelf: Shelf, models: Any, *, most: int = 8, telling: tuple[int, ...] = ()) -> tuple[str, ...]:
    marked = np.zeros(shelf.items, bool)
    marked[list(telling)] = True
    return kinds_to_ask(shelf, models, marked, most=most)


# Everybody buys a; b and c are bought by the same half, d by another half, e by a few.
ROWS = [[0, 1, 2] if n % 2 else [0] for n in range(40)]
ROWS = [[*row, *([3] if n % 4 < 2 else []), *([4] if n < 6 else [])] for n, row in enumerate(ROWS)]


def test_what_everybody_buys_and_what_goes_with_another_kind_tell_nobody_apart():
    shelf, models = a_shop(ROWS, [0, 1, 2, 3, 4], "abcde")
    assert asked(shelf, models, most=3) == ("b", "d", "e"), "neither a, which all buy, nor c, which says what b says"
    assert asked(shelf, models) == ("a", "b", "c", "d", "e"), "with room for all, most buyers first"


def test_no_kind_is_asked_about_of_which_something_is_sensitive_or_gives_it_away():
    shelf, models = a_shop(ROWS, [0, 1, 2, 3, 4], "abcde", hidden=(1,))
    assert asked(shelf, models, telling=(3,)) == ("a", "c", "e")
    marked = np.arange(5) == 3
    assert not may_be_named(shelf, marked, "b"), "nor is it offered to whoever named it before"
    assert not may_be_named(shelf, marked, "d")
    assert may_be_named(shelf, marked, "c")
    assert not may_be_named(shelf, marked, "x")


def test_one_sensitive_thing_among_very_many_does_not_hide_a_kind():
    kinds = [0] * 20 + [1]
    rows = [list(range(20)) if n % 2 else [20] for n in range(20)]
    assert "a" in asked(*a_shop(rows, kinds, "ab", hidden=(3,)))
    assert asked(*a_shop(rows, kinds, "ab", hidden=(3, 4))) == (), "a tenth does; and of one kind nobody asks"


def test_what_too_few_people_bought_is_no_choice_and_one_choice_is_none():
    shelf, models = a_shop([[0], [1]] * 4, [0, 1], "ab")
    assert asked(shelf, models) == ()
    assert asked(*a_shop([[0]] * 9 + [[1]] * 4, [0, 1], "ab")) == ()


def test_a_shop_without_kinds_asks_nothing():
    assert asked(*a_shop(ROWS, [-1] * 5, "")) == ()


def test_to_forget_somebody_is_never_to_have_counted_them():
    shelf, models = a_shop([*ROWS, [3, 4]], [0, 1, 2, 3, 4], "abcde")
    without = a_shop(ROWS, [0, 1, 2, 3, 4], "abcde")
    x = np.zeros((5, 5), np.int64)
    x[np.ix_([3, 4], [3, 4])] = 1
    models.together.pairs = models.together.pairs - np.triu(x)
    models.people -= 1
    models.popular = without[1].popular
    assert asked(shelf, models, most=3) == asked(*without, most=3)


@pytest.mark.parametrize(("days", "places"), [(0, 8), (1, 6), (2, 4), (3, 2), (LASTS, 0), (9, 0)])
def test_with_each_day_on_which_she_buys_it_has_a_fourth_of_the_places_less(days: int, places: int):
    shelf, models = a_shop(ROWS, [0, 1, 2, 3, 4], "abcde")
    told = Told(Taste(("a",), Micros(1_000)), shelf, models.popular)
    at = np.array([500, *(2_000 + n for n in range(days)), *(2_000 + n for n in range(days))], np.int64)
    day = np.array([0, *range(1, days + 1), *range(1, days + 1)], np.int64)
    columns = {name: np.zeros(at.size, np.int64) for name in COLUMNS}
    log = Log(**columns | {"type": np.full(at.size, BOUGHT), "at": at, "day": day})
    view = View(PersonId(1), RECOMMENDATIONS, AsOf(0, 0, 0, Micros(0)), frozenset(), frozenset(), log)
    assert told.places(8, view) == places, "two purchases on one day are one; those of before do not count"


def test_each_kind_that_she_named_is_there_with_its_favourite_before_any_second_thing():
    rows = [[0, 1, 2] if n < 8 else [0, 1] for n in range(30)] + [[3]] * 6
    shelf, models = a_shop(rows, [0, 0, 0, 1], "ab")
    told = Told(Taste(("a", "b"), Micros(0)), shelf, models.popular)
    found = told.proposals(np.zeros(4, bool), 4)
    assert [one.item for one in found] == [0, 1, 3, 2]
    assert [one.score for one in found] == pytest.approx([2, 2, 2, 1 + 8 / 30])
    assert [one.item for one in told.proposals(np.array([True, False, False, False]), 2)] == [1, 3]
