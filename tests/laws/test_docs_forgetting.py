"""The program in docs/forgetting.md gives the hash that `forget` shows, from the kept file alone."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.laws.lives import Village
from tests.lessons import CountsLines, register_with
from tests.small_shop import bakery

from goodwill.learn.library import MODELS
from goodwill.shop import Shop

PAGE = Path(__file__).resolve().parents[2] / "docs" / "forgetting.md"


def program():
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, "docs/forgetting.md has one program"
    return blocks[0]


@pytest.fixture
def by_the_page(tmp_path):
    """Runs the program as a reader would: saved to a file, in a Python of its own that sees no goodwill."""
    script = tmp_path / "total_hash.py"
    script.write_text(program(), "utf-8")

    def run(path):
        return subprocess.run([sys.executable, "-I", script, path], capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def hash_by_the_page(by_the_page):
    def run(file):
        done = by_the_page(file)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def handed_over(database, cipher, clock, tmp_path):
    """A shop of three totals, the proof of a forgetting, and the folder that a third party gets."""
    lessons = (MODELS, CountsLines("offers-lines", "offers"), CountsLines("content-lines", "personal-content"))
    village = Village(
        database, cipher, clock, tmp_path / "home", register=register_with(), lessons=lessons,
        purposes=("recommendations", "model-improvement", "offers", "personal-content"),
    )  # fmt: skip
    village.knows("amina", "chiara", "dev")
    village.agrees("amina", "chiara", "dev")
    for day, name in enumerate(("amina", "chiara", "dev"), start=2):
        village.buys(name, 0, day % 4, day=day)
    village.shop.learn()
    was = {file.name.rpartition("-")[0]: file.read_bytes() for file in (tmp_path / "home" / "totals").iterdir()}
    proof = village.shop.forget("chiara", tmp_path / "handed")
    yield tmp_path / "handed", proof, was
    village.columns.close()


def test_the_program_uses_nothing_of_goodwill():
    assert "goodwill" not in "\n".join(line for line in program().splitlines() if "import" in line)


def test_a_third_party_gets_the_hash_of_the_proof(database, tmp_path, clock, hash_by_the_page):
    shop = bakery(database, tmp_path, clock, then=Shop.learn).shop
    with shop:
        proof = shop.forget("amina")
        assert proof.equal
        assert proof.was_counted
        (file,) = (shop.folder / "totals").glob("models-*.npz")
        assert hash_by_the_page(file) == proof.total("models").hash_after
        assert proof.total("models").hash_after != proof.total("models").hash_before
        assert proof.total("models").hash_after.startswith(file.stem.removeprefix("models-"))


def test_one_changed_number_gives_another_hash(database, tmp_path, clock, hash_by_the_page):
    shop = bakery(database, tmp_path, clock, then=Shop.learn).shop
    with shop:
        (file,) = (shop.folder / "totals").glob("models-*.npz")
        before = hash_by_the_page(file)
        with np.load(file) as stored:
            arrays = dict(stored)
        arrays["bought-together/people.values"] = arrays["bought-together/people.values"] + 1
        other = tmp_path / "other.npz"
        np.savez(other, **arrays)
        assert hash_by_the_page(other) != before


def test_a_third_party_checks_all_three_hashes_of_every_total_from_what_it_was_handed(handed_over, by_the_page):
    folder, proof, _ = handed_over
    done = by_the_page(folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "proved"
    assert len(lines) == 1 + 4 * len(proof.totals) == 13
    assert all(line.endswith(": holds") for line in lines[:-1])
    receipt = json.loads((folder / "receipt.json").read_text("utf-8"))
    assert [one["hash_after"] for one in receipt["totals"]] == [one.hash_after for one in proof.totals]


def test_whoever_kept_the_files_from_before_gets_the_hash_of_before(handed_over, hash_by_the_page, tmp_path):
    _, proof, was = handed_over
    for one in proof.totals:
        file = tmp_path / "kept.npz"
        file.write_bytes(was[one.name])
        assert hash_by_the_page(file) == one.hash_before != one.hash_after


def test_what_is_handed_over_names_nobody_and_leaves_the_total_with_her_out(handed_over):
    folder, proof, was = handed_over
    names = {file.name for file in folder.iterdir()}
    assert names == {
        "receipt.json", *(f"{one.name}-{which}.npz" for one in proof.totals for which in ("after", "rebuilt")),
    }  # fmt: skip
    for file in folder.iterdir():
        content = file.read_bytes()
        assert b"chiara" not in content
        assert content not in was.values()
    assert f'"{proof.person}"' not in (folder / "receipt.json").read_text("utf-8")
    assert "person" not in json.loads((folder / "receipt.json").read_text("utf-8"))


def changed(folder, name):
    """One number of a total that was handed over, changed."""
    file = folder / name
    with np.load(file) as stored:
        arrays = dict(stored)
    first = next(entry for entry in arrays if entry.endswith(".values") and arrays[entry].size)
    arrays[first] = arrays[first] + 1
    with file.open("wb") as out:
        np.savez(out, **arrays)


def another_hash(folder, field):
    receipt = json.loads((folder / "receipt.json").read_text("utf-8"))
    receipt["totals"][1][field] = "0" * 64
    (folder / "receipt.json").write_text(json.dumps(receipt), "utf-8")


@pytest.mark.parametrize(
    "meddle",
    [
        lambda folder: changed(folder, "models-after.npz"),
        lambda folder: changed(folder, "offers-lines-rebuilt.npz"),
        lambda folder: another_hash(folder, "hash_before"),
        lambda folder: another_hash(folder, "hash_after"),
        lambda folder: another_hash(folder, "hash_rebuilt_without"),
    ],
    ids=["after", "rebuilt", "hash before", "hash after", "hash rebuilt"],
)
def test_whatever_was_meddled_with_does_not_hold(handed_over, by_the_page, meddle):
    folder, _, _ = handed_over
    meddle(folder)
    done = by_the_page(folder)
    assert done.returncode == 1
    assert "DOES NOT HOLD" in done.stdout
    assert done.stdout.splitlines()[-1] == "NOT PROVED"
