"""Measures are a library that is quick to import: nothing heavy is loaded before it is asked for."""

import subprocess
import sys

import pytest

from goodwill import measure


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
