"""The CDNOW sample, reduced once; skipped with a reason where it is not at hand."""

import pytest
from tests.conftest import NO_DATA
from tests.learn.lifetime.crowd import cdnow_of


@pytest.fixture(scope="session")
def cdnow(data_folder):
    if not (data_folder / "cdnow" / "CDNOW_sample.txt").is_file():
        pytest.skip(f"{NO_DATA}: cdnow/CDNOW_sample.txt is not in it")
    return cdnow_of(data_folder)
