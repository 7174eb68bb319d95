"""Measures are a library that is quick to import: nothing heavy is loaded before it is asked for."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from goodwill import measure

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
