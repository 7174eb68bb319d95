"""Given one checkpoint outside, whatever is done to the rows of a log is found; nothing is signed over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.conftest import FakeClock
from tests.shop.ledgers import Attack, break_in, forget_in_keys, say, shop_with, statement

from goodwill.basics import merkle
from goodwill.basics.errors import Broken, GoodwillError, NotFound
from goodwill.shop import Shop
from goodwill.shop.proofs import AUDIT
from goodwill.storage import Database

ROWS = 600  # two full tiles and a part of one


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made = shop_with(database, tmp_path, clock, ROWS)
    yield made
    made.close()


def found(shop: Shop) -> str:
    """All that verifying finds."""
    return " ".join(sentence for verdict in shop.proofs.verify() for sentence in verdict.findings)


def test_a_checkpoint_says_how_long_a_log_is_and_what_it_leads_to(shop: Shop) -> None:
    consent, audit = shop.proofs.checkpoint()
    leaves = [merkle.leaf_hash(line) for line in shop.proofs.export()]
    assert (consent.checkpoint.size, audit.checkpoint.size) == (ROWS, 3)
    assert consent.checkpoint.root == merkle.root(ROWS, merkle.nodes_of(leaves))
    assert consent.checkpoint.origin == f"goodwill/{shop.settings.shop_id}/consent/1"
    assert consent.note in (shop.folder / "checkpoints" / "consent.checkpoints").read_text()
    assert not found(shop)


def test_nothing_new_is_signed_twice_and_what_is_new_is_signed(shop: Shop) -> None:
    first = shop.proofs.checkpoint()
    assert shop.proofs.checkpoint() == first
    say(shop, 300, first=ROWS + 1)
    assert [one.checkpoint.size for one in shop.proofs.checkpoint()] == [ROWS + 300, 3]
    assert shop.proofs.checkpoint()[0].checkpoint.size == ROWS + 300
    assert [verdict.checkpoints for verdict in shop.proofs.verify()] == [2, 1]


def test_kept_hashes_give_what_the_rows_give(shop: Shop) -> None:
    shop.proofs.checkpoint()
    say(shop, 5, first=ROWS + 1)
    leaves = [merkle.leaf_hash(line) for line in shop.proofs.export()]
    for position, size in ((1, 1), (1, ROWS + 5), (256, 512), (257, ROWS), (ROWS + 5, ROWS + 5), (300, 301)):
        proof = shop.proofs.inclusion(position, size)
        assert proof.root == merkle.root(size, merkle.nodes_of(leaves))
        leaf = merkle.leaf_hash(proof.line)
        assert merkle.proves_inclusion(leaf, position - 1, size, proof.proof, proof.root)
    for first, second in ((1, 2), (255, 256), (256, 512), (ROWS, ROWS + 5), (1, ROWS + 5), (300, 300)):
        step = shop.proofs.consistency(first, second)
        assert merkle.proves_consistency(first, second, step.proof, step.first_root, step.second_root)
    assert merkle.proves_inclusion(
        merkle.leaf_hash(shop.proofs.inclusion(2, log=AUDIT).line), 1, 3, shop.proofs.inclusion(2, log=AUDIT).proof,
        shop.proofs.inclusion(2, log=AUDIT).root,
    )  # fmt: skip


def test_a_row_that_is_not_there_has_no_proof(shop: Shop) -> None:
    shop.proofs.checkpoint()
    for position, size in ((0, ROWS), (ROWS + 1, ROWS + 1), (ROWS + 1, None), (5, 4)):
        with pytest.raises(NotFound):
            shop.proofs.inclusion(position, size)


ATTACKS: dict[str, Attack] = {
    "a yes made of a no": statement("UPDATE consent_rows SET state = 'given', yes = 1 WHERE position = 259"),
    "a date put back": statement("UPDATE consent_rows SET said_at = said_at - 1 WHERE position = 1"),
    "other words": statement("UPDATE consent_rows SET asked = '{}' WHERE position = 600"),
    "an end that is gone": statement("UPDATE consent_rows SET until = NULL WHERE position = 300"),
    "another person": statement("UPDATE consent_rows SET person = person + 1 WHERE position = 599"),
    "a row removed": statement("DELETE FROM consent_rows WHERE position = 400"),
    "the last row removed": statement("DELETE FROM consent_rows WHERE position = 600"),
    "many removed and the rest moved up": statement(
        "DELETE FROM consent_rows WHERE position BETWEEN 100 AND 110",
        "UPDATE consent_rows SET refers = NULL, position = position - 100011 WHERE position > 110",
        "UPDATE consent_rows SET position = position + 100000 WHERE position < 0",
    ),
    "two rows changed places": statement(
        "UPDATE consent_rows SET position = 10000 WHERE position = 20",
        "UPDATE consent_rows SET position = 20 WHERE position = 21",
        "UPDATE consent_rows SET position = 21 WHERE position = 10000",
    ),
    "a row before the first": statement("UPDATE consent_rows SET position = 0 WHERE position = 600"),
    "a row added below": statement(
        "INSERT INTO consent_rows (position, person, purpose, category, state, yes, said_at, recorded_at, evidence,"
        " asked) VALUES (-3, 9, 'recommendations', 'purchases', 'given', 1, 5, 5, 'proven', '{}')"
    ),
    "a line of the audit log": statement(
        "UPDATE audit_rows SET actor = 'staff 9' WHERE position = 2", table="audit_rows"
    ),
    "the audit log cut": statement("DELETE FROM audit_rows WHERE position > 1", table="audit_rows"),
}


def test_whatever_is_done_to_the_rows_is_found_and_not_signed(shop: Shop) -> None:
    """Also by somebody who knows how goodwill works, and has everything but what lies outside."""
    shop.proofs.checkpoint()
    keep_aside(shop)
    outside = shop.proofs.place(AUDIT).outside.file
    signed = outside.read_bytes()
    unseen = []
    for name, attack in ATTACKS.items():
        attack(shop)
        for hidden in (False, True):
            if hidden:
                break_in(shop, "DELETE FROM log_tiles")
            if not found(shop) or signs(shop):
                unseen.append((name, hidden))
        put_back(shop)
        outside.write_bytes(signed)  # it was signed on with the lines that tell of refusals
        forget_in_keys(shop)
    assert not unseen
    assert not found(shop)


def signs(shop: Shop) -> bool:
    try:
        shop.proofs.checkpoint()
    except GoodwillError:
        return False
    return True


TABLES = ("consent_rows", "audit_rows", "log_tiles")


def keep_aside(shop: Shop) -> None:
    break_in(shop, *(f"CREATE TABLE aside_{table} AS SELECT * FROM {table}" for table in TABLES))
    break_in(shop, table="audit_rows")


def put_back(shop: Shop) -> None:
    for table in TABLES:
        break_in(shop, f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM aside_{table}", table=table)


def test_positions_are_named(shop: Shop) -> None:
    shop.proofs.checkpoint()
    break_in(shop, "UPDATE consent_rows SET category = 'browsing' WHERE position IN (3, 256, 257, 600)")
    consent, audit = shop.proofs.verify()
    assert consent.changed == (3, 256, 257, 600)
    assert "changed at rows 3, 256 to 257, 600" in consent.findings[0]
    assert audit.holds
    with pytest.raises(Broken, match="rows 3, 256 to 257, 600"):
        shop.proofs.checkpoint()


def test_without_kept_hashes_the_break_lies_between_two_checkpoints(shop: Shop) -> None:
    shop.proofs.checkpoint()
    say(shop, 10, first=ROWS + 1)
    shop.proofs.checkpoint()
    break_in(shop, "UPDATE consent_rows SET person = 99 WHERE position = 604", "DELETE FROM log_tiles")
    assert "the difference lies in rows 601 to 610" in found(shop)


def test_a_kept_hash_with_one_wrong_bit_is_found_before_anything_is_signed(shop: Shop) -> None:
    """What made a public log of certificates unrepairable in 2022 (Yeti): it had signed over the bit."""
    shop.proofs.checkpoint()
    flipped = "X'00' || substr(hashes, 2)" if shop.database.is_sqlite else "'\\x00'::bytea || substring(hashes from 2)"
    break_in(
        shop,
        f"UPDATE log_tiles SET hashes = CAST({flipped} AS BLOB) WHERE log = 'consent' AND level = 0"
        if shop.database.is_sqlite
        else f"UPDATE log_tiles SET hashes = {flipped} WHERE log = 'consent' AND level = 0",
    )
    assert "changed at rows 1, 257, 513" in found(shop)
    say(shop, 10, first=ROWS + 1)
    with pytest.raises(GoodwillError):
        shop.proofs.checkpoint()
    with pytest.raises(GoodwillError):
        shop.proofs.up_to(ROWS + 5)


def test_a_log_of_another_shop_is_not_this_one(shop: Shop, tmp_path: Path) -> None:
    from dataclasses import replace

    shop.proofs.checkpoint()
    other = replace(shop, settings=replace(shop.settings, shop_id="0" * 32), guard=type(shop.guard)())
    assert other.proofs.quarantine is not None
    assert any("not of goodwill/" in line for verdict in other.proofs.verify() for line in verdict.findings)


def test_answers_that_do_not_follow_from_the_ledger_are_found(shop: Shop) -> None:
    shop.proofs.checkpoint()
    with shop.database.transaction() as connection:
        connection.execute(text("UPDATE consent_now SET yes = 1 - yes WHERE person = 1"))
    assert "1 answers that decisions go by" in found(shop)
    assert shop.proofs.quarantine is not None
    shop.proofs.mend()
    assert not found(shop)
    assert shop.proofs.quarantine is None


def test_a_row_that_is_newer_than_the_last_checkpoint_gets_one(shop: Shop) -> None:
    shop.proofs.checkpoint()
    say(shop, 7, first=ROWS + 1)
    assert shop.proofs.up_to(ROWS).checkpoint.size == ROWS
    signed = shop.proofs.up_to(ROWS + 2)
    assert signed.checkpoint.size == ROWS + 7
    assert shop.proofs.latest() == signed
    assert not found(shop)


def test_a_second_place_holds_the_same(database: Database, tmp_path: Path, clock: FakeClock) -> None:
    second = tmp_path / "second"
    second.mkdir()
    with shop_with(database, tmp_path, clock, 5, checkpoints_copy=str(second)) as shop:
        shop.proofs.checkpoint()
        assert (second / "consent.checkpoints").read_bytes() == shop.proofs.place().outside.file.read_bytes()
        second.rename(tmp_path / "away")
        say(shop, 5, first=6)
        with pytest.raises(GoodwillError, match="second"):
            shop.proofs.checkpoint()
        assert "cannot be reached" in found(shop)


def test_a_note_that_was_cut_short_by_a_power_cut_hides_nothing(shop: Shop) -> None:
    shop.proofs.checkpoint()
    file = shop.proofs.place().outside.file
    whole = file.read_bytes()
    for cut in (1, 40, 100, len(whole) - 1):
        file.write_bytes(whole + whole[:cut])
        assert shop.proofs.latest() is not None
        say(shop, 1, first=ROWS + 1)
        size = shop.proofs.checkpoint()[0].checkpoint.size
        assert shop.proofs.latest().checkpoint.size == size  # type: ignore[union-attr]
        assert not found(shop)
        whole = file.read_bytes()
