"""The measures are a library: each is found by its name, and nothing heavy is loaded before it is used."""

import subprocess
import sys

import pytest

from goodwill import measure


def test_every_measure_is_found_by_its_name():
    assert all(callable(getattr(measure, name)) for name in measure._ELSEWHERE)
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        measure.magic  # noqa: B018


def test_importing_the_library_loads_no_scipy():
    script = "import sys; from goodwill import measure; [getattr(measure, n) for n in measure._ELSEWHERE]; "
    subprocess.run([sys.executable, "-c", script + "assert 'scipy' not in sys.modules"], check=True)
