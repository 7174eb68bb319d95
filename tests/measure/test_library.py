"""Measures are a library that is quick to import: nothing heavy is loaded before it is asked for."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from goodwill import measure
from goodwill.basics.errors import BadInput, Overflow
from goodwill.measure.acquisition import cac_of, cac_sums
from goodwill.measure.again import waiting
from goodwill.measure.engagement import Mails
from goodwill.measure.perception import cell_weights, weighted_mean
from goodwill.measure.staying import silent

DOCS = Path(__file__).resolve().parents[2] / "docs" / "measures.md"
CURVE = measure.survival([5, 9, 9], [1, 0, 0])


@pytest.mark.parametrize("name", sorted(measure._ELSEWHERE))
def test_each_measure_is_there_by_its_name(name):
    assert getattr(measure, name).__name__ == name
    assert getattr(measure, name).__doc__


def test_what_is_not_there_is_said():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        measure.nothing  # noqa: B018


def test_importing_it_loads_no_scipy():
    code = "import sys; from goodwill import measure; measure.nps(65, 25, 10); assert 'scipy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "result",
    [
        measure.nps(65, 25, 10, asked=400),
        measure.nps(0, 0, 0),
        measure.weighted_nps([10, 2, 8], [1, 2, 3]),
        CURVE,
        CURVE.median,
        measure.rmst([5, 9, 9], [1, 0, 0], 9),
        measure.churn([5, 9, 9], [1, 0, 0], 9),
        measure.repeat_purchase([5, 9], [1, 0], [9, 9], 9),
        measure.cohorts(range(40), [0] * 40, 99),
        measure.cac(12_000, 0),
        measure.cac(12_000, 300, caused=measure.customers_caused(90, 10, 90, 10)),
        measure.payback(40.0, 8.0, CURVE),
        measure.visit_frequency([3] * 9, [1] * 9),
        measure.sample_ratio([500, 600], [1, 1]),
        measure.winsorised([0.0, 1, 5, 90] * 40, [0.0, 1, 2, 3] * 40),
        measure.uplift_curve([1.0, 2, 3, 4] * 40, [0, 1, 0, 1] * 40, ([1] * 4 + [0] * 4) * 20),
        measure.placebo([[1.0, 2, 3, 9], [1, 2, 3, 4], [2, 2, 3, 4.5]], 0, 2),
        measure.scale([[1, 2, 3], [2, 3, 4], [3, 3, 5], [4, 5, 4]], 1, 5),
    ],
    ids=lambda result: type(result).__name__,
)
def test_each_result_is_a_document_without_numbers_that_are_none(result):
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))


def test_the_examples_in_the_docs_run_and_names_there_exist():
    text = DOCS.read_text("utf-8")
    ran = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, ran)
    assert (ran["figure"].value, round(ran["found"].low, 1), round(ran["found"].high, 1)) == (
        pytest.approx(55),
        40.3,
        66.5,
    )
    for name in re.findall(r"`measure\.(\w+)\(", text):
        assert name in measure._ELSEWHERE


USUAL = (0, 1, 2, 3, 5, 7, 10, 1, 0, 0, 1)
ODD: tuple[object, ...] = (1e-300, 1e300, 2**52, -1, 0.5, float("nan"), float("inf"), None, "a", [], [1, 2])


class Given:
    """What people may give: mostly numbers, now and then anything."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.n = self.dice.choice((0, 1, 2, 3, 12))

    @property
    def one(self):
        return self.dice.choice(USUAL if self.dice.random() < 0.9 else ODD)

    @property
    def some(self):
        if self.dice.random() < 0.02:
            return self.one
        if self.dice.random() < 0.3:
            return [self.dice.choice(USUAL)] * self.n
        return [self.one if self.dice.random() < 0.05 else self.dice.choice(USUAL) for _ in range(self.n)]

    @property
    def yes(self):
        return [self.dice.randint(0, 1) for _ in range(self.n)]

    @property
    def table(self):
        return [[self.dice.choice(USUAL) for _ in range(4)] for _ in range(self.n)]

    @property
    def mails(self):
        names = ("clicked", "opened", "prefetched", "unsubscribed", "complained")
        return Mails(person=self.some, orders=self.some, **dict.fromkeys(names, self.yes))


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: measure.nps(x.one, x.one, x.one, asked=x.one),
        lambda x: measure.weighted_nps(x.some, x.some),
        lambda x: measure.post_stratified_nps([row[:3] for row in x.table], [90] * x.n),
        lambda x: measure.survival(x.some, x.yes).at(x.one),
        lambda x: measure.rmst(x.some, x.yes, x.one),
        lambda x: measure.rmst_difference(measure.rmst(x.some, x.yes, 3), measure.rmst(x.some, x.yes, 3)),
        lambda x: measure.churn(x.some, x.yes, x.one),
        lambda x: silent(x.some),
        lambda x: waiting(x.some, x.some, 10),
        lambda x: measure.repeat_purchase(x.some, x.yes, x.some, x.one),
        lambda x: measure.cohorts(x.some, x.some, 10, period=x.one, least=2),
        lambda x: measure.cohorts(x.some, x.some, 10, period=3, amount=x.some, least=2),
        lambda x: measure.cac(x.some, x.some),
        lambda x: measure.cac(x.one, x.one, caused=measure.customers_caused(x.one, x.one, x.one, x.one)),
        lambda x: cac_of(cac_sums(x.some, x.some)),
        lambda x: measure.payback(x.one, x.one, measure.survival(x.some, x.yes)),
        lambda x: measure.visit_frequency(x.some, x.some),
        lambda x: measure.per_thousand(x.one, x.one),
        lambda x: measure.mail_rates(x.mails),
        lambda x: measure.scale(x.table, 0, 10),
        lambda x: cell_weights(x.yes, x.some),
        lambda x: weighted_mean(x.some, x.some),
    ],
)
def test_whatever_is_given_the_answer_is_a_figure_or_a_sentence(ask):
    """No trace, no warning of numpy's (they are errors here), no number that is none, no interval beside its value."""
    answered = 0
    for seed in range(150):
        try:
            found = ask(Given(seed))
        except (BadInput, Overflow):
            continue
        answered += 1
        if hasattr(found, "to_dict"):
            json.dumps(found.to_dict(), allow_nan=False)
        if isinstance(found, measure.Estimate) and found.value is not None:
            assert found.low <= found.value <= found.high
    assert answered
