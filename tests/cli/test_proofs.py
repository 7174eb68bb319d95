"""Proofs on the command line: sign, verify, hand out, check; and the way out of quarantine."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.conftest import FakeClock
from tests.shop.ledgers import break_in, forget_in_keys, shop_with

from goodwill.app import open_shop
from goodwill.cli.ends import Code
from goodwill.storage import Database

Command = Callable[..., Any]


@pytest.fixture
def home(database: Database, tmp_path: Path, clock: FakeClock) -> Path:
    """A shop with a ledger of twenty rows, on either database."""
    with shop_with(database, tmp_path, clock, 20) as shop:
        return shop.folder


@pytest.fixture
def goodwill(run: Command, home: Path) -> Command:
    return lambda *words: run("--home", home, *words)


def test_sign_verify_and_hand_out_to_a_stranger(goodwill: Command, tmp_path: Path) -> None:
    assert goodwill("consent", "verify").code == Code.DONE
    signed = goodwill("consent", "checkpoint")
    assert signed.out.count("\n— goodwill/") == 2
    assert [one["size"] for one in goodwill("consent", "checkpoint", "--json").document["checkpoints"]] == [20, 3]
    verified = goodwill("consent", "verify", "--json")
    assert (verified.code, verified.document["holds"]) == (Code.DONE, True)
    for command, name in (("export", "log"), ("verifier", "v.py"), ("receipt", "receipt")):
        row = ["7"] if command == "receipt" else []
        assert goodwill("consent", command, *row, "--out", tmp_path / name).code == Code.DONE
    (tmp_path / "notes").write_text(signed.out, encoding="utf-8")
    (tmp_path / "proof").write_text(goodwill("consent", "proof", "--from", "20", "--json").out, encoding="utf-8")
    known = goodwill("consent", "key", "--json").document
    pinned = [sys.executable, "-I", "-S", "v.py", "--key", known["key"], "--log", known["logs"][0]["id"]]
    for words in (("receipt", "receipt"), ("ledger", "log", "notes", "receipt"), ("checkpoint", "notes"),
                  ("consistency", "notes", "notes", "proof")):  # fmt: skip
        done = subprocess.run([*pinned, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_what_is_printed_is_what_is_written(goodwill: Command, tmp_path: Path) -> None:
    goodwill("consent", "export", "--out", tmp_path / "log", "--audit")
    assert len((tmp_path / "log").read_bytes().splitlines()) == 3
    assert goodwill("consent", "verifier").out.startswith('"""Check what a goodwill shop says')
    assert goodwill("consent", "receipt", "3").document["document"]["ledger"]["index"] == 2
    assert json.loads(goodwill("consent", "export").out.splitlines()[4])["position"] == "5"


def test_a_row_that_is_not_there_is_not_found_and_half_a_question_not_understood(goodwill: Command) -> None:
    assert goodwill("consent", "receipt", "21").code == Code.NOT_FOUND
    assert goodwill("consent", "proof", "21").code == Code.NOT_FOUND
    assert goodwill("consent", "proof").code == Code.USAGE
    assert goodwill("consent", "proof", "3", "--from", "2").code == Code.USAGE
    assert goodwill("consent", "accept-loss", "--yes", "--reason", "none").code == Code.CONFLICT


def test_a_changed_row_is_named(goodwill: Command, home: Path) -> None:
    goodwill("consent", "checkpoint")
    with open_shop(home) as shop:
        break_in(shop, "UPDATE consent_rows SET category = 'browsing' WHERE position IN (4, 9)")
    verified = goodwill("consent", "verify", "--json")
    assert verified.code == Code.FAILED
    assert verified.document["logs"][0]["changed"] == [4, 9]
    assert "changed at rows 4, 9" in goodwill("consent", "verify").out
    refused = goodwill("consent", "checkpoint")
    assert refused.code == Code.FAILED
    assert "Nothing was signed" in refused.err


def test_into_quarantine_and_out_of_it(goodwill: Command, home: Path) -> None:
    goodwill("consent", "grant", "amina", "recommendations")
    with open_shop(home) as shop:
        break_in(shop, "CREATE TABLE before AS SELECT * FROM consent_rows")
    goodwill("consent", "withdraw", "amina", "recommendations")
    goodwill("consent", "checkpoint")
    with open_shop(home) as shop:
        break_in(shop, "DELETE FROM consent_rows", "INSERT INTO consent_rows SELECT * FROM before")

    said = goodwill("can", "amina", "recommendations")
    assert (said.code, "quarantined" in said.out) == (Code.REFUSED, True)
    verified = goodwill("consent", "verify")
    assert verified.code == Code.FAILED
    assert "lacks rows 25 to 28" in verified.out
    assert "accept-loss" in verified.err
    doctor = goodwill("doctor", "--json")
    assert doctor.code == Code.FAILED
    (finding,) = [one for one in doctor.document["findings"] if one["what"] == "consent log"]
    assert "rows 25 to 28 are missing" in finding["found"]
    assert goodwill("consent", "checkpoint").code == Code.FAILED
    assert goodwill("learn").code == Code.REFUSED
    assert goodwill("consent", "withdraw", "amina", "offers").code == Code.DONE

    assert goodwill("consent", "accept-loss", "--reason", "the disk died", "--no-input").code == Code.USAGE
    assert goodwill("consent", "accept-loss", "--yes").code == Code.USAGE
    given_up = goodwill("consent", "accept-loss", "--reason", "the disk died", "--yes", "--json")
    assert given_up.code == Code.DONE, given_up.err
    assert given_up.document["checkpoints"][0]["origin"].endswith("/consent/2")
    assert goodwill("consent", "verify").code == Code.DONE
    said = goodwill("can", "amina", "recommendations")
    assert (said.code, "withdrawn" in said.out) == (Code.REFUSED, True)


def test_the_doctor_never_advises_to_sign_a_ledger_whose_checkpoints_are_gone(goodwill: Command, home: Path) -> None:
    goodwill("consent", "grant", "amina", "recommendations", "--how", "till")
    goodwill("consent", "checkpoint")
    (home / "checkpoints").rename(home / "elsewhere")
    gone = _of_the_ledger(goodwill)
    assert gone["state"] != "wrong"  # the key store knows what was signed, and the ledger leads to it
    with open_shop(home) as shop:
        break_in(shop, "DELETE FROM consent_rows WHERE position > 22")
    old = _of_the_ledger(goodwill)
    assert "rows 23 to 24 are missing" in old["found"]
    with open_shop(home) as shop:
        forget_in_keys(shop)
    unknown = _of_the_ledger(goodwill)
    assert "no checkpoint lies outside" in unknown["found"]
    assert f"Put the folder {home / 'checkpoints'} back" in unknown["mend"]
    for found in (old, unknown):
        assert found["state"] == "wrong"
        assert "consent accept-loss" in found["mend"]
        assert "consent checkpoint" not in found["mend"]
    for words in (("can", "amina", "recommendations"), ("consent", "checkpoint")):
        assert goodwill(*words).code == Code.REFUSED


def _of_the_ledger(goodwill: Command) -> Any:
    (found,) = [one for one in goodwill("doctor", "--json").document["findings"] if one["what"] == "consent log"]
    return found


def test_mending_lists_what_changes_says_what_it_did_and_revives_no_yes(goodwill: Command, home: Path) -> None:
    goodwill("consent", "grant", "amina", "recommendations", "--how", "till")
    goodwill("consent", "checkpoint")
    goodwill("consent", "withdraw", "amina", "recommendations", "--how", "till")
    with open_shop(home) as shop:
        break_in(shop, "DELETE FROM consent_rows WHERE position > 24")
        amina = shop.known("amina")
        for file in shop.noes.file.files:
            file.unlink()
    found = goodwill("consent", "verify")
    assert found.code == Code.FAILED
    assert "4 answers that decisions go by" in found.out
    assert found.err.count("--mend") == 1
    assert "accept-loss" not in found.err
    refused = goodwill("consent", "accept-loss", "--reason", "the disk died")  # and asks nobody
    assert refused.code == Code.CONFLICT
    assert "Nothing is lost for good" in refused.err
    assert "--mend" in refused.err

    mended = goodwill("consent", "verify", "--mend")
    assert mended.code == Code.DONE, mended.err
    assert f"id:{amina} recommendations browsing: no (row 26) → no (row 26)" in mended.err
    assert "Mended 4 answers; 4 of them stayed narrower" in " ".join(mended.out.split())
    said = goodwill("can", "amina", "recommendations")
    assert (said.code, "withdrawn" in said.out) == (Code.REFUSED, True)
    assert goodwill("consent", "verify", "--mend", "--json").document["mended"] == {
        "answers": [], "lost": [], "read_back": 0, "rows": 0, "put_aside": [],
    }  # fmt: skip


def test_mending_tells_programs_what_it_did(goodwill: Command, home: Path) -> None:
    goodwill("consent", "checkpoint")
    with open_shop(home) as shop, shop.database.transaction() as connection:
        connection.execute(text("UPDATE consent_now SET yes = 1 - yes WHERE person = 1"))
    (one,) = goodwill("consent", "verify", "--mend", "--json").document["mended"]["answers"]
    assert one["was"]["yes"] is not one["ledger"]["yes"]
    assert one["kept"] is one["ledger"]["yes"]
    assert (one["person"], one["purpose"], one["category"]) == (1, "recommendations", "purchases")
