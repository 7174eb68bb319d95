"""Whatever is given, the answer is a figure or a sentence, fit for a document; and nothing heavy is loaded early."""

import json
import subprocess
import sys

import pytest
from tests.measure.test_library import Given

from goodwill import measure
from goodwill.basics.errors import BadInput, Overflow


def test_no_measure_loads_scipy_before_it_is_called():
    code = "import sys; from goodwill import measure; [getattr(measure, n) for n in measure._ELSEWHERE]; "
    subprocess.run([sys.executable, "-c", code + "assert 'scipy' not in sys.modules"], check=True)


def test_a_confidence_sequence_is_a_document():
    found = measure.confidence_sequence(range(300), range(1, 301), planned_n=900, looks=[(250, 250), (300, 300)])
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["looks"][1]["n"] == 600


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: measure.difference(x.some, x.some, relative=x.dice.random() < 0.5),
        lambda x: measure.difference(x.some, x.yes, (x.table, x.table), method=x.dice.choice(("cuped", "lin"))),
        lambda x: measure.difference(x.yes, x.some, (x.some, x.some), True, lift="fieller"),
        lambda x: measure.ratio_difference((x.some, x.yes), (x.some, x.some)),
        lambda x: measure.guardrail(x.yes, x.yes, x.one),
        lambda x: measure.guardrail(x.some, x.some, 1, worse="lower"),
        lambda x: measure.confidence_sequence(x.some * 200, x.some * 200, planned_n=x.one, relative=True),
        lambda x: measure.minimum_detectable_effect_from(x.some, x.table, customers=x.one),
        lambda x: measure.winsorised(x.some, x.some).clipped,
        lambda x: measure.uplift_curve(x.some * 20, x.some * 20, x.yes * 20, resamples=50, at=()).qini,
        lambda x: measure.difference_sums(measure.Moments.of_rows(x.some), measure.Moments.of_rows(x.yes)),
    ],
)
def test_whatever_is_given_the_answer_is_a_figure_or_a_sentence(ask):
    """No trace, no warning of numpy's (they are errors here), no number that is none, no interval beside its value."""
    answered = 0
    for seed in range(60):
        try:
            found = ask(Given(seed))
        except (BadInput, Overflow):
            continue
        answered += 1
        json.dumps(found.to_dict(), allow_nan=False)
        if found.value is not None and found.low is not None:
            assert found.low <= found.value <= found.high
    assert answered
