"""Where CI is set everything is meant to be installed, so a test that skips there hides something: it fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
TESTS = """
import pytest

def test_holds(): pass

@pytest.fixture
def server(): pytest.skip("the server is not installed")

def test_skips(): pytest.skip("no mood")

def test_asks_for_a_server(server): pass

def test_asks_for_data(data_folder): pass

@pytest.mark.xfail
def test_is_known_to_fail(): assert False
"""


@pytest.mark.parametrize(
    ("ci", "counts"),
    [("", "1 passed, 3 skipped, 1 xfailed"), ("true", "1 failed, 1 passed, 1 skipped, 1 xfailed, 1 error")],
    ids=["at home", "in CI"],
)
def test_a_skip_is_a_failure_in_ci_unless_the_large_data_are_missing(tmp_path, ci, counts):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "test_some.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "CI": ci,
            "GOODWILL_DATA": str(tmp_path / "nowhere"),
            "PYTHONPATH": str(CONFTEST.parents[1]),  # where what it imports of the tests lies
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert counts in done.stdout, done.stdout + done.stderr
