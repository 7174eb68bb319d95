"""The program in docs/forgetting.md gives the hash that `forget` shows, from the kept file alone."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.small_shop import bakery

PAGE = Path(__file__).resolve().parents[2] / "docs" / "forgetting.md"


def program():
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, "docs/forgetting.md has one program"
    return blocks[0]


@pytest.fixture
def hash_by_the_page(tmp_path):
    """Runs the program as a reader would: saved to a file, in a Python of its own that sees no goodwill."""
    script = tmp_path / "total_hash.py"
    script.write_text(program(), "utf-8")

    def run(file):
        done = subprocess.run([sys.executable, script, file], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run


def test_the_program_uses_nothing_of_goodwill():
    assert "goodwill" not in "\n".join(line for line in program().splitlines() if "import" in line)


def test_a_third_party_gets_the_hash_of_the_proof(database, tmp_path, clock, hash_by_the_page):
    shop = bakery(database, tmp_path, clock).shop
    with shop:
        shop.learn()
        proof = shop.forget("amina")
        assert proof.equal
        assert proof.was_counted
        (file,) = (shop.folder / "totals").glob("models-*.npz")
        assert hash_by_the_page(file) == proof.total("models").hash_after
        assert proof.total("models").hash_after != proof.total("models").hash_before
        assert proof.total("models").hash_after.startswith(file.stem.removeprefix("models-"))


def test_one_changed_number_gives_another_hash(database, tmp_path, clock, hash_by_the_page):
    shop = bakery(database, tmp_path, clock).shop
    with shop:
        shop.learn()
        (file,) = (shop.folder / "totals").glob("models-*.npz")
        before = hash_by_the_page(file)
        with np.load(file) as stored:
            arrays = dict(stored)
        arrays["bought-together/people.values"] = arrays["bought-together/people.values"] + 1
        other = tmp_path / "other.npz"
        np.savez(other, **arrays)
        assert hash_by_the_page(other) != before
