"""Whatever happened to the ledger or the answers, mending them allows nobody more than before."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.conftest import FakeClock
from tests.shop.ledgers import break_in
from tests.small_shop import ASKED, bakery

from goodwill.app import open_shop
from goodwill.basics.errors import Conflict, Quarantined
from goodwill.shop import Shop, quarantine
from goodwill.storage import Database, audit, connect

PURPOSE = "recommendations"


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made = bakery(database, tmp_path, clock).shop
    made.proofs.checkpoint()
    clock.turn(seconds=60)
    yield made
    made.close()


def last_row(shop: Shop) -> int:
    with shop.database.reading() as connection:
        return int(connection.execute(text("SELECT max(position) FROM consent_rows")).scalar_one())


def cut(shop: Shop, after: int) -> None:
    break_in(shop, f"DELETE FROM consent_rows WHERE position > {after}")


def forget_outside(shop: Shop) -> None:
    """Whoever deletes rows may take away the file of noes as well."""
    for file in shop.noes.file.files:
        file.unlink(missing_ok=True)


def forget_audit(shop: Shop) -> None:
    break_in(shop, "DELETE FROM audit_rows WHERE detail LIKE '%\"ledger\":%'", table="audit_rows")


def withdrawn_and_deleted(shop: Shop) -> int:
    """Amina and Dev withdraw, which no checkpoint covers; then their rows are deleted. Gives where the ledger ends."""
    before = last_row(shop)
    for name in ("amina", "dev"):
        shop.grant(name, PURPOSE, asked=ASKED, yes=False)
    cut(shop, before)
    return before


@pytest.mark.parametrize(
    "also",
    [
        (),
        (forget_outside,),
        (forget_audit,),
        (forget_outside, forget_audit),
    ],
    ids=["nothing", "the file outside", "the lines of the audit log", "both"],
)
def test_rows_deleted_after_the_last_checkpoint_revive_no_yes(shop, also):
    withdrawn_and_deleted(shop)
    for besides in also:
        besides(shop)
    assert not all(verdict.holds for verdict in shop.proofs.verify())
    assert shop.can("amina", PURPOSE).reason == "quarantined"
    mended = shop.proofs.mend()
    assert mended.rows >= 8
    assert all(verdict.holds for verdict in shop.proofs.verify())
    assert shop.proofs.quarantine is None
    for name in ("amina", "dev"):
        assert shop.can(name, PURPOSE).reason == "withdrawn"
    assert shop.can("c1", PURPOSE).allowed


def test_also_where_the_answers_were_changed_with_them_the_audit_log_tells(shop):
    withdrawn_and_deleted(shop)
    forget_outside(shop)
    from goodwill.consent import answer_all_again

    with shop.database.transaction() as connection:
        answer_all_again(connection)
    assert "The audit log tells of rows" in str(shop.proofs.verify()[0].findings)
    shop.proofs.mend()
    assert not shop.can("amina", PURPOSE).allowed
    assert shop.can("amina", "model-improvement").allowed  # it was about something else
    assert shop.can("c1", PURPOSE).allowed
    assert all(verdict.holds for verdict in shop.proofs.verify())


def test_rows_in_whose_place_others_grew_are_missed(shop):
    withdrawn_and_deleted(shop)
    forget_outside(shop)
    shop.grant("c1", "offers", asked=ASKED)
    shop.grant("c2", "offers", asked=ASKED)
    mended = shop.proofs.mend()
    assert [line.action for line in mended.wrong.lost] == ["consent.withdraw"] * 2
    assert not shop.can("dev", PURPOSE).allowed


def test_a_change_that_names_nobody_and_whose_rows_are_gone_is_not_mended(shop):
    before = last_row(shop)
    with shop.change("import.undo") as change:
        from goodwill import consent

        consent.invalidate(change.connection, [before], asked=ASKED, now=shop.clock())
    cut(shop, before)
    forget_outside(shop)
    findings = " ".join(shop.proofs.verify()[0].findings)
    assert "not whose they were" in findings
    with pytest.raises(Quarantined, match="accept-loss"):
        shop.proofs.mend()
    shop.proofs.accept_loss("rows of an undone import are gone")
    assert shop.proofs.quarantine is None
    assert not shop.can("dev", PURPOSE).allowed


def test_of_an_answer_and_a_ledger_that_differ_the_narrower_counts(shop):
    dev = shop.known("dev")
    changes = {
        "yes": "UPDATE consent_now SET yes = 1 - yes",
        "later": "UPDATE consent_now SET until = until + 1000",
        "sooner": "UPDATE consent_now SET until = until - 1000",
        "gone": "DELETE FROM consent_now",
    }
    with shop.database.transaction() as connection:
        rows = connection.execute(
            text("SELECT category, until FROM consent_now WHERE person = :dev AND purpose = :purpose ORDER BY 1"),
            {"dev": dev, "purpose": PURPOSE},
        ).all()
        until = {row.category: row.until for row in rows}
        wrong = dict(zip(changes, until, strict=False))
        for what, category in wrong.items():
            where = "WHERE person = :dev AND purpose = :purpose AND category = :category"
            asked = {"dev": dev, "purpose": PURPOSE, "category": category}
            connection.execute(text(f"{changes[what]} {where}"), asked)
    mended = shop.proofs.mend()
    kept = {one.category: one.kept for one in mended.wrong.answers}
    assert kept == {wrong["yes"]: True, wrong["later"]: False, wrong["sooner"]: True, wrong["gone"]: False}
    now = {line.category: line for line in shop.can("dev", PURPOSE).categories}
    assert not now[wrong["yes"]].allowed
    assert now[wrong["later"]].until == until[wrong["later"]]
    assert now[wrong["sooner"]].until == until[wrong["sooner"]] - 1000
    assert now[wrong["gone"]].allowed  # nothing tells of lost rows, and the row that says yes was signed for
    assert all(verdict.holds for verdict in shop.proofs.verify())


def test_a_yes_that_nobody_signed_for_and_no_answer_knows_does_not_count(shop):
    shop.grant("bruno", PURPOSE, asked=ASKED)
    with shop.database.transaction() as connection:
        connection.execute(text("DELETE FROM consent_now WHERE person = :who"), {"who": shop.known("bruno")})
    shop.proofs.mend()
    assert not shop.can("bruno", PURPOSE).allowed
    shop.clock.turn(seconds=5)
    shop.grant("bruno", PURPOSE, asked=ASKED)
    assert shop.can("bruno", PURPOSE).allowed


def test_where_nothing_is_wrong_nothing_is_written(shop):
    before = last_row(shop)
    assert shop.proofs.mend().rows == 0
    assert last_row(shop) == before


def test_what_mends_is_no_loss_to_accept(shop):
    """It used to offer to give up rows 39 to 38."""
    with shop.database.transaction() as connection:
        connection.execute(text("UPDATE consent_now SET yes = 1 - yes WHERE person = 1"))
    shop.proofs.verify()
    found = shop.proofs.quarantine
    assert found.mends
    assert found.missing is None
    with pytest.raises(Conflict, match="verify --mend"):
        shop.proofs.accept_loss("why not")
    assert "verify --mend" in str(found.refuse())
    assert "accept-loss" not in str(found.refuse())


# ---- a "no" outlasts its database ------------------------------------------------------------------------------------


def lines(shop: Shop) -> list[str]:
    return [line for line in shop.noes.file.files[0].read_text().splitlines() if line]


def test_every_no_is_written_down_outside_by_number_and_without_a_word_of_anybodys(shop):
    shop.grant("dev", PURPOSE, asked=ASKED)
    assert not shop.noes.file.files[0].exists() or len(lines(shop)) == 8  # Chiara's, of before
    shop.grant("dev", PURPOSE, asked=ASKED, yes=False)
    written = lines(shop)
    assert len(written) == len(set(written))
    assert sum(f'"person":{shop.known("dev")},' in line for line in written) == 4
    assert not any(word in line for line in written for word in ("dev", "test", "given"))
    shop.erasure.erase("dev")
    assert lines(shop) == written


TABLES = ("consent_rows", "consent_now", "audit_rows", "log_tiles")


def backed_up(shop: Shop, name: str) -> None:
    break_in(shop, *(f"CREATE TABLE {name}_{table} AS SELECT * FROM {table}" for table in TABLES))


def put_back(shop: Shop, name: str) -> None:
    for table in TABLES:
        break_in(shop, f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM {name}_{table}", table=table)


def opened_again(shop: Shop) -> Shop:
    return open_shop(shop.folder, clock=shop.clock)


def test_a_no_said_after_the_backup_and_before_the_next_checkpoint_is_obeyed_when_the_backup_is_put_back(shop):
    backed_up(shop, "backup")
    shop.grant("dev", PURPOSE, asked=ASKED, yes=False)
    put_back(shop, "backup")
    assert shop.can("dev", PURPOSE).reason == "quarantined"  # seen also while it runs
    with opened_again(shop) as again:
        assert again.proofs.quarantine is None
        assert again.can("dev", PURPOSE).reason == "withdrawn"
        assert again.can("amina", PURPOSE).allowed
        with again.database.reading() as connection:
            line = next(one for one in audit.lines(connection) if one.action == "consent.replay")
        assert (line.actor, line.detail["rows"]) == ("opening the shop", 4)
    with opened_again(shop) as again:
        assert again.can("dev", PURPOSE).reason == "withdrawn"
        assert len(again.consents("dev")) == len(shop.consents("dev"))  # once


def test_a_no_said_while_an_old_ledger_was_in_use_is_obeyed_by_the_newer_one(shop):
    backed_up(shop, "backup")
    shop.grant("c1", "offers", asked=ASKED)
    shop.proofs.checkpoint()
    backed_up(shop, "newer")
    put_back(shop, "backup")
    assert shop.can("dev", PURPOSE).reason == "quarantined"
    shop.grant("dev", PURPOSE, asked=ASKED, yes=False)
    shop.grant("amina", PURPOSE, asked=ASKED, yes=False)
    put_back(shop, "newer")
    shop.grant("c2", PURPOSE, asked=ASKED, yes=False)  # does not hide those that are missing
    with opened_again(shop) as again:
        assert again.proofs.quarantine is None
        for name in ("dev", "amina", "c2"):
            assert again.can(name, PURPOSE).reason == "withdrawn"
        assert again.can("c1", "offers").allowed


def test_a_yes_said_later_is_not_overruled_and_none_is_read_back(shop):
    backed_up(shop, "backup")
    shop.grant("dev", PURPOSE, asked=ASKED, yes=False)
    shop.grant("bruno", PURPOSE, asked=ASKED)
    put_back(shop, "backup")
    shop.clock.turn(seconds=5)
    shop.grant("dev", PURPOSE, asked=ASKED)
    with opened_again(shop) as again:
        assert again.can("dev", PURPOSE).allowed
        assert not again.can("bruno", PURPOSE).allowed


def test_a_number_that_is_somebody_elses_by_now_is_left_alone(shop):
    backed_up(shop, "backup")
    shop.grant("nina", PURPOSE, asked=ASKED)
    shop.grant("nina", PURPOSE, asked=ASKED, yes=False)
    put_back(shop, "backup")
    shop.clock.turn(seconds=5)
    with shop.database.transaction() as connection:
        connection.execute(
            text("UPDATE people SET created_at = :now WHERE id = :id"), {"now": shop.clock(), "id": shop.known("nina")}
        )
    with opened_again(shop) as again:
        assert again.proofs.quarantine is None
        assert again.consents("nina") == []


def test_an_answer_taken_back_as_never_valid_is_not_obeyed_again(shop):
    from goodwill import consent

    backed_up(shop, "backup")
    shop.grant("dev", PURPOSE, asked=ASKED, yes=False)
    with shop.change("import.undo") as change:
        consent.invalidate(
            change.connection, range(last_row(shop) - 3, last_row(shop) + 1), asked=ASKED, now=shop.clock()
        )
    put_back(shop, "backup")
    with opened_again(shop) as again:
        assert again.can("dev", PURPOSE).allowed


def test_what_is_said_while_somebody_looks_is_no_loss(shop, monkeypatch):
    shop.grant("c1", PURPOSE, asked=ASKED, yes=False)
    names = iter(["dev", "amina"])
    picture_taken = quarantine.last_position

    def and_then_somebody_says_no(connection, log):
        reached = picture_taken(connection, log)
        if name := next(names, None):
            shop.grant(name, PURPOSE, asked=ASKED, yes=False)
        return reached

    monkeypatch.setattr(quarantine, "last_position", and_then_somebody_says_no)
    assert shop.proofs.quarantine is None
    assert shop.proofs.quarantine is None
    assert next(names, None) is None


def test_a_line_that_was_cut_short_spoils_no_other(shop):
    backed_up(shop, "backup")
    shop.grant("dev", PURPOSE, asked=ASKED, yes=False)
    file = shop.noes.file.files[0]
    file.write_bytes(file.read_bytes() + b'{"log":"good')
    shop.grant("amina", PURPOSE, asked=ASKED, yes=False)
    put_back(shop, "backup")
    with opened_again(shop) as again:
        assert not again.can("dev", PURPOSE).allowed
        assert not again.can("amina", PURPOSE).allowed


def test_a_file_that_cannot_be_written_keeps_nobody_from_saying_no_and_is_caught_up(shop):
    file = shop.noes.file.files[0]
    shop.grant("c1", PURPOSE, asked=ASKED, yes=False)
    aside = file.with_name("aside")
    file.rename(aside)
    file.mkdir()
    shop.grant("dev", PURPOSE, asked=ASKED, yes=False)
    assert not shop.can("c2", PURPOSE).allowed  # what cannot be read is no reason to believe
    file.rmdir()
    aside.rename(file)
    assert shop.can("dev", PURPOSE).reason == "withdrawn"
    shop.proofs.checkpoint()
    assert any(f'"person":{shop.known("dev")},' in line for line in lines(shop))


@pytest.mark.parametrize("mended", ["accept-loss", "newer"])
def test_a_file_of_the_database_put_back_revives_nobody(tmp_path, migrated_file, clock, mended):
    """As a shopkeeper does it: the file is copied, and copied back."""
    shutil.copyfile(migrated_file, tmp_path / "shop.db")
    file = tmp_path / "shop.db"
    shop = bakery(connect(file), tmp_path, clock).shop
    shop.proofs.checkpoint()
    shop.close()
    shutil.copyfile(file, tmp_path / "backup.db")
    clock.turn(seconds=60)
    with opened_again(shop) as first:
        first.grant("dev", PURPOSE, asked=ASKED, yes=False)
        if mended == "accept-loss":
            first.proofs.checkpoint()
    shutil.copyfile(tmp_path / "backup.db", file)
    with opened_again(shop) as again:
        if mended == "accept-loss":
            assert again.can("dev", PURPOSE).reason == "quarantined"
            again.proofs.accept_loss("the disk died")
        answer = again.can("dev", PURPOSE)
        assert (answer.allowed, answer.reason) == (False, "withdrawn")
        assert {row.state.value for row in again.consents("dev")} >= {"withdrawn"}
