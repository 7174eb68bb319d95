"""Answers and periods: what is kept comes back to the last byte, and a figure tells of what is over."""

import json
from datetime import date
from math import inf

import pytest

from goodwill.basics.clock import date_of, day_number
from goodwill.basics.errors import BadInput
from goodwill.measure import nps
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import Coverage, Figure, Grade, Reproduce
from goodwill.measure.period import Period
from goodwill.storage import AsOf

REST = Coverage(400, 500, "the others were not asked")
BY = Reproduce.by("shop.measure", measure="x", at="2026-11-22", rules=(1, 2), horizon="12 months")


def figure(estimate, **more):
    told = {"name": "x", "unit": "EUR", "method": "counted", "coverage": REST, "grade": Grade.C, "reproduce": BY} | more
    return Figure.of(estimate, **told)


@pytest.mark.parametrize(
    "one",
    [
        figure(nps(65, 25, 10, asked=400), as_of=AsOf(1, 2, 3, 4), seed=7),
        figure(Estimate(value=0.1 + 0.2, low=-inf, high=inf, n=400)),
        figure(Estimate.refuse("Nothing is known.")),
        figure(nps(3, 2, 1), coverage=Coverage(6, 500, "the others were not asked")),
    ],
    ids=["whole", "unbounded", "refused", "withheld"],
)
def test_an_answer_comes_back_to_the_last_byte(one):
    table = Table("t", "One row.", (Column("a"), Column("b", "share")), (("x", 0.5), ("y", None)))
    answer = Answer(one, (one,), (table,), "goodwill measure x")
    kept = json.dumps(answer.to_dict())
    again = Answer.read(json.loads(kept))
    assert again == answer
    assert json.dumps(again.to_dict()) == kept


def test_a_row_is_as_long_as_there_are_columns():
    with pytest.raises(BadInput, match="2 columns"):
        Table("t", "One row.", (Column("a"), Column("b")), (("x",),))


def test_what_tells_nothing_says_so():
    assert not Answer(figure(Estimate.refuse("Nothing is known."))).tells
    assert Answer(figure(Estimate.refuse("Nothing is known.")), (figure(nps(65, 25, 10)),)).tells


def closed(today, every, at=None):
    return Period.closed(day_number(date.fromisoformat(today)), every, at and date.fromisoformat(at))


@pytest.mark.parametrize(
    ("today", "every", "at", "start", "end", "latest"),
    [
        ("2026-11-29", "week", None, "2026-11-16", "2026-11-22", True),  # a Sunday is not over yet
        ("2026-11-30", "week", None, "2026-11-23", "2026-11-29", True),
        ("2026-11-30", "week", "2026-11-28", "2026-11-16", "2026-11-22", False),
        ("2026-11-30", "week", "2026-11-30", "2026-11-23", "2026-11-29", True),
        ("2026-11-30", "month", None, "2026-10-01", "2026-10-31", True),
        ("2026-12-01", "month", None, "2026-11-01", "2026-11-30", True),
        ("2026-12-01", "month", "2024-03-01", "2024-02-01", "2024-02-29", False),
        ("2026-11-30", "day", None, "2026-11-29", "2026-11-29", True),
    ],
)
def test_a_figure_tells_of_the_period_that_closed_last(today, every, at, start, end, latest):
    found = closed(today, every, at)
    assert (str(date_of(found.start)), str(date_of(found.end)), found.latest) == (start, end, latest)


def test_a_day_that_has_not_come_has_no_figure():
    with pytest.raises(BadInput, match="has not come yet"):
        closed("2026-11-29", "week", "2026-11-30")
