"""A figure is told whole, with what a doubter would ask for, or not at all."""

import json
from dataclasses import FrozenInstanceError
from math import inf, nan

import numpy as np
import pytest

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import Coverage, Figure, Grade, Reproduce
from goodwill.measure.promoters import nps
from goodwill.storage import AsOf

WHY = "the others were not asked"


def told(estimate=None, **changed):
    return Figure.of(
        **{
            "estimate": estimate or nps(65, 25, 10, asked=400),
            "name": "net promoter score",
            "unit": "points",
            "method": "Promoters less detractors, with the adjusted Wald interval.",
            "coverage": Coverage(100, 400, WHY),
            "grade": Grade.C,
            "reproduce": Reproduce.by("goodwill.measure.nps", promoters=65, passives=25, detractors=10, asked=400),
            "as_of": AsOf(7, 90, 0, 1_700_000_000_000_000),
            "seed": 3,
            **changed,
        }
    )


def test_a_figure_carries_its_interval_coverage_grade_and_method():
    figure = told()
    assert figure.interval == pytest.approx((40.334, 66.462), abs=1e-3)
    assert (figure.value, figure.n, figure.coverage.share) == (pytest.approx(55), 100, 0.25)
    assert "25 % of those asked answered" in " ".join(figure.warnings)
    assert str(figure) == (
        "net promoter score: 55 points (95 %: 40.33 to 66.46), "
        "of 100 of 400 people (the others were not asked), grade C"
    )


def test_it_cannot_be_changed_afterwards():
    with pytest.raises(FrozenInstanceError):
        told().value = 99.0


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"method": " "}, "without its method"),
        ({"coverage": None}, "without its coverage"),
        ({"name": ""}, "without its name"),
        ({"unit": ""}, "without its unit"),
    ],
)
def test_it_is_not_built_without_what_makes_it_believable(missing, words):
    with pytest.raises(BadInput, match=words):
        told(**missing)


def test_coverage_says_who_is_missing_and_never_counts_more_than_there_are():
    with pytest.raises(BadInput, match="401 of 400"):
        Coverage(401, 400, WHY)
    with pytest.raises(BadInput, match="`why`"):
        Coverage(100, 400, "")
    with pytest.raises(BadInput, match="plain whole numbers"):
        Coverage(100.5, 400, WHY)


def test_the_same_figure_is_the_same_document_in_the_same_order():
    document = told().to_dict()
    assert json.dumps(document) == json.dumps(told().to_dict())
    assert list(document) == [
        "name", "value", "unit", "low", "high", "unbounded", "level", "n", "coverage", "grade", "grade_means", "method",
        "as_of", "seed", "warnings", "refused", "suppressed", "least", "reproduce",
    ]  # fmt: skip
    assert document["as_of"] == {"consent": 7, "events": 90, "holds": 0, "at": 1_700_000_000_000_000}
    assert document["coverage"] == {"counted": 100, "exist": 400, "why": WHY, "share": 0.25}


def test_an_end_without_bound_is_null_and_named_in_the_document():
    document = told(Estimate(value=400.0, low=200.0, high=inf, n=210)).to_dict()
    assert (document["high"], document["unbounded"]) == (None, ["high"])
    assert "200 to no bound" in str(told(Estimate(value=400.0, low=200.0, high=inf)))


def test_what_it_names_gives_it_again():
    from goodwill import measure

    figure = told()
    again = measure.nps(**dict(figure.reproduce.arguments))
    assert (again.value, again.low, again.high) == (figure.value, figure.low, figure.high)
    assert str(figure.reproduce) == "goodwill.measure.nps(asked=400, detractors=10, passives=25, promoters=65)"


@pytest.mark.parametrize("odd", [np.int64(3), [1, 2], nan, (1, object())])
def test_arguments_that_fit_no_document_are_refused(odd):
    with pytest.raises(BadInput, match="'x' is"):
        Reproduce.by("f", x=odd)


def test_of_few_people_nothing_is_told_that_would_tell_of_one():
    few = told(
        nps(2, 1, 0),
        coverage=Coverage(3, 400, WHY),
        reproduce=Reproduce.by("goodwill.measure.nps", promoters=2, passives=1, detractors=0),
    )
    assert few.suppressed
    assert (few.value, few.low, few.n, few.coverage.counted, few.reproduce.arguments) == (None, None, None, None, ())
    assert "Fewer than 10 people" in few.refused
    assert "3" not in json.dumps({**few.to_dict(), "as_of": None, "seed": None})
    assert not told(coverage=Coverage(10, 400, WHY)).suppressed
    assert told(coverage=Coverage(19, 400, WHY), least=20).suppressed


def test_what_is_refused_counts_nobody():
    refused = told(Estimate.refuse("Nobody's outcome differs from another's.", n=40), coverage=Coverage(40, 400, WHY))
    assert (refused.value, refused.n, refused.coverage.counted, refused.suppressed) == (None, None, None, False)
    assert refused.to_dict()["coverage"]["share"] is None
    assert Figure.read(refused.to_dict()) == refused


def test_it_cannot_be_built_around_that_rule():
    with pytest.raises(BadInput, match="fewer than 10 people"):
        Figure(name="x", value=1.0, unit="x", n=3, coverage=Coverage(3, 9, WHY), grade=Grade.C, method="m",
               reproduce=Reproduce("f"))  # fmt: skip


@pytest.mark.parametrize(("value", "refused"), [(None, ""), (1.0, "too few"), (nan, "")])
def test_it_has_a_number_or_a_reason(value, refused):
    with pytest.raises(BadInput, match="figure 'x'"):
        Figure(name="x", value=value, unit="x", n=30, coverage=Coverage(30, 90, WHY), grade=Grade.C, method="m",
               reproduce=Reproduce("f"), refused=refused)  # fmt: skip


def test_a_refusal_is_told_as_its_sentence():
    figure = told(Estimate.refuse("Nobody bought anything.", n=100))
    assert (figure.value, figure.suppressed, str(figure)) == (
        None,
        False,
        "net promoter score: Nobody bought anything.",
    )


def test_a_sum_inherits_the_worst_grade():
    assert Grade.worst([Grade.A, Grade.C, Grade.B]) is Grade.C
    assert all(grade.value.endswith(".") for grade in Grade)
    with pytest.raises(BadInput, match="no figures"):
        Grade.worst([])
