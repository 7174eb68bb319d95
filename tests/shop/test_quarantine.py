"""A ledger that is behind its last checkpoint outside counts for nothing, until it is whole again."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.conftest import FakeClock
from tests.shop.ledgers import break_in, forget_in_keys
from tests.shop.stranger import stranger_to
from tests.small_shop import ASKED, bakery

from goodwill.app import open_shop
from goodwill.basics.errors import BadInput, Broken, Conflict, GoodwillError, KeyMissing, NoConsent, Quarantined
from goodwill.protect import KeyStore
from goodwill.purposes import RECOMMENDATIONS
from goodwill.shop import Shop, quarantine
from goodwill.shop.quarantine import Guard
from goodwill.storage import Database, audit
from goodwill.storage.outside import Outside

LOGS = ("consent_rows", "consent_now", "audit_rows", "log_tiles")


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    """Checkpointed, then backed up; then Amina withdrew, which was signed for too; then the backup came back."""
    made = bakery(database, tmp_path, clock).shop
    with closing(made):
        made.proofs.checkpoint()
        break_in(made, *(f"CREATE TABLE backup_{table} AS SELECT * FROM {table}" for table in LOGS))
        made.grant("amina", "recommendations", asked=ASKED, yes=False)
        made.proofs.checkpoint()
        yield made


@pytest.fixture
def restored(shop: Shop) -> Shop:
    """The shop after its old backup was put back, while it was running."""
    break_in(shop, table="audit_rows")
    for table in LOGS:
        break_in(shop, f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM backup_{table}")
    return shop


def opened_again(shop: Shop) -> Shop:
    return open_shop(shop.folder, clock=shop.clock)


def test_a_shop_whose_ledger_leads_to_its_checkpoint_is_not_in_quarantine(shop: Shop) -> None:
    assert shop.proofs.quarantine is None
    assert shop.can("dev", "recommendations").allowed


def test_without_anything_outside_a_withdrawn_yes_would_be_back(restored: Shop) -> None:
    """What the quarantine is for; here nothing tells any more that anything was ever signed."""
    shutil.rmtree(restored.folder / "checkpoints")
    forget_in_keys(restored)
    break_in(restored, "DELETE FROM log_tiles")
    assert restored.can("amina", "recommendations").allowed


@pytest.mark.parametrize("seen", [lambda shop: shop, opened_again], ids=["while it runs", "at opening"])
def test_the_key_store_knows_what_was_signed_when_the_folder_of_checkpoints_is_gone(
    restored: Shop, seen: Callable[[Shop], Shop]
) -> None:
    """The usual disaster: keys and settings put back as the newest, the data from a backup, the folder forgotten."""
    shutil.rmtree(restored.folder / "checkpoints")
    shop = seen(restored)
    with closing(shop):
        assert shop.can("amina", "recommendations").reason == "quarantined"
        found = shop.proofs.quarantine
        assert found is not None
        assert found.missing == (found.reached + 1, found.reached + 4)
        assert not any(verdict.holds for verdict in shop.proofs.verify())
        with pytest.raises(GoodwillError):
            shop.proofs.checkpoint()
        with pytest.raises(GoodwillError):
            shop.proofs.receipt(found.reached)
        assert not shop.proofs.place().outside.file.exists()  # nothing was signed over the loss
        loss = shop.proofs.accept_loss("the disk died")
        assert {one.checkpoint.generation for one in loss.signed} == {2}
        assert shop.proofs.quarantine is None
        assert not shop.can("amina", "recommendations").allowed
        assert all(verdict.holds for verdict in shop.proofs.verify())


def test_kept_hashes_tell_that_something_was_signed_where_nothing_lies_outside(restored: Shop) -> None:
    """As with a key store of an earlier version, or one that is as old as the data."""
    shutil.move(restored.folder / "checkpoints", restored.folder / "elsewhere")
    forget_in_keys(restored)
    with opened_again(restored) as shop:
        assert shop.can("dev", "recommendations").reason == "quarantined"
        found = shop.proofs.quarantine
        assert found is not None
        assert "no checkpoint lies outside" in found.says
        assert "back, the newest that there is" in found.help
        for sign in (shop.proofs.checkpoint, lambda: shop.proofs.receipt(found.reached)):
            with pytest.raises(GoodwillError):
                sign()
        assert not shop.proofs.place().outside.file.exists()
        loss = shop.proofs.accept_loss("the disk died")
        assert {one.checkpoint.generation for one in loss.signed} == {2}
        assert not shop.can("dev", "recommendations").allowed
        assert shop.proofs.quarantine is None


def test_the_folder_of_checkpoints_put_back_ends_it(shop: Shop) -> None:
    shutil.move(shop.folder / "checkpoints", shop.folder / "elsewhere")
    forget_in_keys(shop)
    assert shop.can("dev", "recommendations").reason == "quarantined"
    shutil.move(shop.folder / "elsewhere", shop.folder / "checkpoints")
    assert shop.can("dev", "recommendations").allowed
    shop.proofs.checkpoint()  # from here on the key store knows again
    assert shop.proofs.place().kept() == shop.proofs.place().outside.last()


def test_a_whole_ledger_is_believed_by_what_the_key_store_knows_and_the_folder_begins_anew(shop: Shop) -> None:
    before = shop.proofs.latest()
    shutil.rmtree(shop.folder / "checkpoints")
    assert shop.can("dev", "recommendations").allowed
    shop.proofs.checkpoint()
    assert shop.proofs.latest() == before
    assert shop.proofs.place().outside.last() == before.note  # type: ignore[union-attr]
    assert shop.noes.file.all()


def test_a_no_after_the_last_checkpoint_is_missed_when_its_file_is_gone_with_it(shop: Shop) -> None:
    """The data is put back as it was signed last, and the file of every "no" is lost: the key store knows the last."""
    break_in(shop, table="audit_rows")
    break_in(shop, *(f"CREATE TABLE later_{table} AS SELECT * FROM {table}" for table in LOGS))
    shop.clock.turn(seconds=60)  # type: ignore[attr-defined]
    shop.grant("dev", "recommendations", asked=ASKED, yes=False)
    for table in LOGS:
        break_in(shop, f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM later_{table}")
    shop.noes.file.files[0].unlink()
    with opened_again(shop) as again:
        assert again.can("dev", "recommendations").reason == "quarantined"
        assert "said no, row" in again.proofs.quarantine.says  # type: ignore[union-attr]
        again.grant("c1", "recommendations", asked=ASKED, yes=False)  # what is said meanwhile does not end it
        assert again.can("dev", "recommendations").reason == "quarantined"
        assert not again.proofs.verify()[0].holds
        with pytest.raises(Quarantined, match="accept-loss"):
            again.proofs.mend()
        with pytest.raises(Quarantined):
            again.proofs.checkpoint()
        again.proofs.accept_loss("the disk died")
        assert again.proofs.quarantine is None
        assert not again.can("dev", "recommendations").allowed
        assert all(verdict.holds for verdict in again.proofs.verify())


def test_before_its_first_checkpoint_a_shop_is_in_no_quarantine(
    database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    with closing(bakery(database, tmp_path, clock).shop) as made:
        shutil.rmtree(made.folder / "checkpoints")
        forget_in_keys(made)
        assert made.proofs.quarantine is None
        assert made.can("dev", "recommendations").allowed
        made.proofs.checkpoint()
        assert made.can("dev", "recommendations").allowed


@pytest.mark.parametrize("seen", [lambda shop: shop, opened_again], ids=["while it runs", "at opening"])
def test_a_restored_old_ledger_allows_nothing(restored: Shop, seen: Callable[[Shop], Shop]) -> None:
    shop = seen(restored)
    found = shop.proofs.quarantine
    assert found is not None
    assert found.wanted - found.reached == 4
    assert found.missing == (found.reached + 1, found.wanted)
    assert "missing" in found.says
    for name in ("amina", "dev", "nobody"):
        answer = shop.can(name, "recommendations")
        assert (answer.allowed, answer.reason) == (False, "quarantined")
    assert shop.can("amina", "fulfilment").allowed  # a contract asks no ledger
    if shop is not restored:
        shop.close()


def test_decisions_are_what_everyone_gets_and_rest_on_nothing_learned(restored: Shop) -> None:
    for who in ("amina", "dev", "nobody", None):
        decision = restored.decide(who, count=4)
        assert (decision.personalised, decision.reason, decision.person) == (False, "quarantined", None)
        assert len(decision.items) == 4
        assert {item.model for item in decision.items} == {"none"}


def test_the_door_refuses(restored: Shop) -> None:
    with restored.database.transaction() as connection:
        door = restored._door(connection)
        with pytest.raises(NoConsent, match="quarantined"):
            door.one(restored.known("amina"), purpose=RECOMMENDATIONS)
        with pytest.raises(Quarantined):
            next(door.each(purpose=RECOMMENDATIONS))
    for verb in (restored.settle, restored.learn, restored.accuracy, restored.may_contact):
        with pytest.raises(Quarantined):
            verb()
    restored.warm()


def test_what_people_say_is_still_written_down(restored: Shop) -> None:
    before = len(restored.consents("dev"))
    restored.grant("dev", "recommendations", asked=ASKED, yes=False)
    assert len(restored.consents("dev")) == before + 4
    assert restored.can("dev", "recommendations").reason == "quarantined"


def test_a_ledger_that_grew_past_its_checkpoint_by_other_rows_stays_in_quarantine(restored: Shop) -> None:
    for name in ("c1", "c2", "c3"):
        restored.grant(name, "recommendations", asked=ASKED)
    found = restored.proofs.quarantine
    assert found is not None
    assert found.reached > found.wanted
    assert "not what was signed" in found.says
    assert not restored.can("dev", "recommendations").allowed


def test_nothing_is_signed_meanwhile_and_the_try_is_entered(restored: Shop) -> None:
    with pytest.raises(Quarantined):
        restored.proofs.checkpoint()
    with restored.database.reading() as connection:
        assert ("log.checkpoint", "Quarantined") in [(one.action, one.outcome) for one in audit.lines(connection)]


def test_the_newer_ledger_ends_the_quarantine(shop: Shop) -> None:
    break_in(shop, "CREATE TABLE newer AS SELECT * FROM consent_rows", "DELETE FROM consent_rows WHERE position > 60")
    assert not shop.can("dev", "recommendations").allowed
    break_in(shop, "INSERT INTO consent_rows SELECT * FROM newer WHERE position > 60")
    assert shop.can("dev", "recommendations").allowed
    assert shop.proofs.quarantine is None


def test_checkpoints_that_cannot_be_read_are_no_reason_to_believe(shop: Shop) -> None:
    file = shop.proofs.place().outside.file
    file.write_bytes(file.read_bytes().replace(b"\nmade 2", b"\nmade 3"))
    answer = shop.can("dev", "recommendations")
    assert (answer.allowed, answer.reason) == (False, "quarantined")
    assert "cannot be read" in shop.proofs.quarantine.says  # type: ignore[union-attr]


def test_nothing_that_breaks_on_the_way_makes_a_yes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks while it is looked whether the ledger may be believed, nobody is allowed anything by it."""
    for where, name, error in (
        (Outside, "last", OSError("the disk is gone")),
        (quarantine, "last_position", GoodwillError("no answer")),
        (KeyStore, "secret", KeyMissing("no key")),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, raising(error))
            fresh = replace(shop, guard=Guard())
            with suppress(GoodwillError):
                assert fresh.can("dev", "recommendations").reason == "quarantined"
            with suppress(GoodwillError):
                assert not fresh.decide("dev").personalised


def raising(error: Exception) -> Callable[..., Any]:
    def broken(*_: Any) -> Any:
        raise error

    return broken


def test_the_second_place_knows_what_the_home_has_lost(database: Database, tmp_path: Path, clock: FakeClock) -> None:
    """The folder in the home may have been restored with the database; the second place knows better."""
    made = bakery(database, tmp_path, clock).shop
    second = tmp_path / "second"
    second.mkdir()
    made.close()
    settings = made.folder / "goodwill.toml"
    settings.write_text(settings.read_text() + f'checkpoints_copy = "{second}"\n')
    with opened_again(made) as shop:
        shop.proofs.checkpoint()
        with shop.database.transaction() as connection:
            rows = connection.execute(text("SELECT max(position) FROM consent_rows")).scalar_one()
        shop.proofs.place().outside.file.unlink()
        break_in(shop, f"DELETE FROM consent_rows WHERE position > {rows - 10}")
    with opened_again(made) as shop:
        assert shop.can("dev", "recommendations").reason == "quarantined"


# ---- giving up what is lost ------------------------------------------------------------------------------------------


def test_a_loss_is_accepted_with_a_reason_and_revives_nobodys_yes(restored: Shop) -> None:
    """What is lost may have been a "no"; here Amina's was."""
    restored.grant("dev", "recommendations", asked=ASKED, yes=False)
    loss = restored.proofs.accept_loss("the disk died")
    assert restored.proofs.quarantine is None
    for name in ("amina", "dev", "c0", "chiara"):
        for purpose in ("recommendations", "model-improvement", "statistics"):
            assert not restored.can(name, purpose).allowed, (name, purpose)
    assert not restored.decide("amina").personalised
    assert loss.quarantine.wanted - loss.quarantine.after == 4
    assert loss.signed[0].checkpoint.generation == 2
    with restored.database.reading() as connection:
        line = next(one for one in audit.lines(connection) if one.action == "log.accept-loss")
    assert (line.reason, line.outcome, line.detail["taken_back"]) == ("the disk died", "done", loss.taken_back)


def test_after_a_loss_people_say_yes_anew_and_everything_goes_on(restored: Shop) -> None:
    restored.proofs.accept_loss("the disk died")
    restored.clock.turn(seconds=1)  # type: ignore[attr-defined]
    restored.grant("amina", "recommendations", asked=ASKED)
    assert restored.can("amina", "recommendations").allowed
    assert restored.learn().people == 0
    signed = restored.proofs.checkpoint()[0].checkpoint
    assert signed.generation == 2
    assert all(verdict.holds for verdict in restored.proofs.verify())
    with opened_again(restored) as shop:
        assert shop.proofs.quarantine is None
        assert shop.can("amina", "recommendations").allowed


def test_models_that_were_in_memory_hold_nobody_after_a_loss(shop: Shop) -> None:
    """They were fitted by rows that are gone; their total would not notice."""
    shop.learn()
    break_in(shop, table="audit_rows")
    for table in LOGS:
        break_in(shop, f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM backup_{table}")
    with opened_again(shop) as another:  # the command line, beside a server that runs
        another.proofs.accept_loss("the disk died")
    decision = shop.decide("c0", count=4)
    assert (decision.personalised, decision.reason) == (False, "withdrawn")
    assert shop.settle().people == 0


def test_before_a_loss_the_log_is_the_same_for_strangers_and_after_it_another(restored: Shop, tmp_path: Path) -> None:
    stranger = stranger_to(restored, tmp_path / "stranger")
    file = restored.proofs.place().outside.file
    before = file.read_bytes()
    restored.proofs.accept_loss("the disk died")
    export = stranger.has("log.ndjson", b"".join(line + b"\n" for line in restored.proofs.export()))
    assert stranger.checks("ledger", export, stranger.has("before", before)).code == 1
    said = stranger.checks("ledger", export, file)
    assert said.code == 0, said.err
    assert "1 of a log that was given up are left out" in said.out


def test_no_loss_is_accepted_where_nothing_is_lost_or_nobody_says_why(shop: Shop, restored: Shop) -> None:
    with pytest.raises(BadInput, match="why"):
        restored.proofs.accept_loss(" ")
    break_in(restored, "DELETE FROM consent_rows WHERE position = 5")
    with pytest.raises(Broken, match="somebody took rows out"):
        restored.proofs.accept_loss("the disk died")


def test_a_whole_ledger_has_no_loss(shop: Shop) -> None:
    with pytest.raises(Conflict, match="no loss"):
        shop.proofs.accept_loss("the disk died")


def test_a_row_changed_further_up_is_found_by_the_next_whole_reading_and_doubted_from_then_on(shop: Shop) -> None:
    with shop.database.reading() as connection:
        last = connection.execute(text("SELECT max(position) FROM consent_rows")).scalar_one()
    shop.grant("amina", "recommendations", asked=ASKED)
    for n in range(80):
        shop.grant(f"c{n % 30}", "measurement", asked=ASKED)
    shop.proofs.checkpoint()
    break_in(shop, f"UPDATE consent_rows SET person = person + 1 WHERE position = {last - 5}")
    with pytest.raises(Broken):
        shop.proofs.checkpoint()
    assert shop.can("dev", "recommendations").reason == "quarantined"
    with opened_again(shop) as again:
        assert f"changed at row {last - 5}" in again.proofs.quarantine.says  # type: ignore[union-attr]
        break_in(again, f"UPDATE consent_rows SET person = person - 1 WHERE position = {last - 5}")
        assert all(verdict.holds for verdict in again.proofs.verify())
    assert shop.can("dev", "recommendations").allowed


def test_rows_cut_off_and_grown_again_are_seen_at_once_also_where_hashes_were_kept(shop: Shop) -> None:
    """Whoever cuts rows off and lets others grow in their place leaves the kept hashes as they were."""
    found = shop.proofs.latest()
    assert found is not None
    size = found.checkpoint.size
    break_in(shop, f"DELETE FROM consent_rows WHERE position > {size - 3}")
    for name in ("c1", "c2"):
        shop.grant(name, "recommendations", asked=ASKED)
    assert shop.can("dev", "recommendations").reason == "quarantined"
