"""Nobody takes a "no" out of the list outside, adds one or changes one unseen; and a crash is no attack."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.processes import loaded
from tests.shop.ledgers import break_in, forget_in_keys
from tests.small_shop import ASKED, bakery

from goodwill.app import open_shop
from goodwill.basics.errors import Conflict, Quarantined
from goodwill.shop import Shop
from goodwill.storage import Database, audit
from goodwill.storage.noes import No, NoFile, known_in, text_of

PURPOSE = "recommendations"
TABLES = ("consent_rows", "consent_now", "audit_rows", "log_tiles")
Meddle = Callable[[list[str]], list[str]]


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    """Chiara withdrew; then a backup was made; then Dev, Amina and c1 said no, twelve lines more."""
    made = bakery(database, tmp_path, clock, checkpoints_copy=str(tmp_path / "second")).shop
    (tmp_path / "second").mkdir()
    made.proofs.checkpoint()
    break_in(made, *(f"CREATE TABLE backup_{table} AS SELECT * FROM {table}" for table in TABLES))
    for name in ("dev", "amina", "c1"):
        clock.turn(seconds=60)
        made.grant(name, PURPOSE, asked=ASKED, yes=False)
    yield made
    made.close()


def put_back(shop: Shop) -> None:
    for table in TABLES:
        break_in(shop, f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM backup_{table}", table=table)


def lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line]


def meddle(shop: Shop, how: Meddle) -> None:
    """As somebody does who can write to both folders, and has no key."""
    for file in shop.noes.file.files:
        file.write_text("".join(f"{line}\n" for line in how(lines(file))))


def unsigned(line: str, **other: object) -> str:
    return json.dumps({name: value for name, value in json.loads(line).items() if name not in ("n", "mac")} | other)


def changed(line: str) -> str:
    return json.dumps(json.loads(line) | {"person": 4})


MEDDLING: dict[str, tuple[Meddle, str]] = {
    "one taken out": (lambda all_: [*all_[:-7], *all_[-6:]], "Line 14 is missing."),
    "some taken out": (lambda all_: [*all_[:-7], *all_[-4:]], "Lines 14 to 16 are missing."),
    "the first taken out": (lambda all_: all_[1:], "Line 1 is missing."),
    "the end taken away": (lambda all_: all_[:-4], "Lines 17 to 20 are missing from its end"),
    "the last cut short": (lambda all_: [*all_[:-1], all_[-1][:40]], "Line 20 is missing from its end"),
    "one changed": (lambda all_: [*all_[:-7], changed(all_[-7]), *all_[-6:]], "Line 14 is not what was written."),
    "one added": (lambda all_: [*all_, unsigned(all_[0], person=3)], "1 line in it goodwill did not write"),
    "one added inside": (lambda all_: [*all_[:-7], unsigned(all_[0]), *all_[-7:]], "1 line in it goodwill did not"),
    "one written twice": (lambda all_: [*all_, all_[3]], "1 line in it goodwill did not write"),
    "two changed places": (lambda all_: [*all_[:-7], all_[-6], all_[-7], *all_[-5:]], "Line 14 is missing."),
    "one made unreadable": (lambda all_: [*all_[:-7], "{" + all_[-7], *all_[-6:]], "Line 14 is missing."),
    "all signatures taken off": (lambda all_: [unsigned(line) for line in all_], "Line 20 is missing from its end"),
    "a number beyond all": (lambda all_: [*all_, json.dumps(json.loads(all_[-1]) | {"n": 10**15})], "are missing."),
}
HEALS = ("the end taken away", "the last cut short")
every_meddling = pytest.mark.parametrize(("how", "told"), MEDDLING.values(), ids=MEDDLING.keys())


@pytest.mark.parametrize(
    ("how", "told"),
    [found for name, found in MEDDLING.items() if name not in HEALS],
    ids=[name for name in MEDDLING if name not in HEALS],
)
def test_whatever_somebody_does_to_the_list_is_seen_and_mended_from_a_ledger_that_is_whole(
    shop: Shop, how: Meddle, told: str
) -> None:
    before, answers = shop.noes.file.all(), shop.consents("dev")
    assert shop.proofs.verify()[0].holds
    meddle(shop, how)
    verdict = shop.proofs.verify()[0]
    assert any(told in sentence and "--mend" in sentence for sentence in verdict.findings), verdict.findings
    assert shop.proofs.quarantine is None  # the ledger has all of it, so nothing is in doubt but the list
    shop.grant("c2", PURPOSE, asked=ASKED, yes=False)  # heals nothing by the way
    shop.proofs.checkpoint()
    assert not shop.proofs.verify()[0].holds
    mended = shop.proofs.mend()
    assert (mended.rows, len(mended.aside)) == (0, 2)
    assert all(verdict.holds for verdict in shop.proofs.verify())
    assert {text_of(no) for no in before} <= {text_of(no) for no in shop.noes.file.all()}
    assert shop.consents("dev") == answers
    with shop.database.reading() as connection:
        line = [one for one in audit.lines(connection) if one.action == "consent.mend"][-1]
    assert line.detail["put_aside"] == 2


@pytest.mark.parametrize("name", HEALS)
def test_an_end_that_is_missing_is_seen_until_the_next_no_puts_the_same_bytes_back_from_the_ledger(
    shop: Shop, name: str
) -> None:
    how, told = MEDDLING[name]
    whole = [lines(file) for file in shop.noes.file.files]
    meddle(shop, how)
    assert any(told in sentence for sentence in shop.proofs.verify()[0].findings)
    shop.grant("c2", PURPOSE, asked=ASKED, yes=False)
    assert shop.proofs.verify()[0].holds
    for file, before in zip(shop.noes.file.files, whole, strict=True):
        assert [line for line in lines(file) if line in before] == before


@every_meddling
def test_an_old_database_does_not_go_by_a_list_that_somebody_changed(shop: Shop, how: Meddle, told: str) -> None:
    kept = [file.read_bytes() for file in shop.noes.file.files]
    meddle(shop, how)
    put_back(shop)
    with open_shop(shop.folder, clock=shop.clock) as again:
        assert again.can("dev", PURPOSE).reason == "quarantined"
        found = again.proofs.quarantine
        assert found is not None
        assert not found.mends
        assert "Put the folder" in found.help
        assert any(told in sentence for sentence in again.proofs.verify()[0].findings)
        with pytest.raises(Quarantined):
            again.proofs.mend()
        for file, data in zip(again.noes.file.files, kept, strict=True):
            file.write_bytes(data)
    with open_shop(shop.folder, clock=shop.clock) as again:
        for name in ("dev", "amina", "c1"):
            assert again.can(name, PURPOSE).reason == "withdrawn"


def test_where_the_list_cannot_be_had_any_more_the_loss_is_accepted_and_no_yes_is_left(shop: Shop) -> None:
    meddle(shop, MEDDLING["some taken out"][0])
    put_back(shop)
    with open_shop(shop.folder, clock=shop.clock) as again:
        again.proofs.accept_loss("somebody changed the list")
        assert again.proofs.quarantine is None
        assert all(verdict.holds for verdict in again.proofs.verify())
        assert not any(again.can(name, PURPOSE).allowed for name in ("dev", "amina", "c1", "chiara"))


def test_a_list_of_an_earlier_version_is_read_and_signed_with_the_next_checkpoint(shop: Shop) -> None:
    forget_in_keys(shop)
    meddle(shop, lambda all_: [unsigned(line) for line in all_])
    before = shop.noes.file.all()
    (consent, _) = shop.proofs.verify()
    assert consent.holds
    assert any("20 lines are not signed yet" in remark for remark in consent.remarks)
    shop.proofs.checkpoint()
    (consent, _) = shop.proofs.verify()
    assert (consent.holds, consent.remarks) == (True, ())
    assert before == shop.noes.file.all()[: len(before)]
    meddle(shop, lambda all_: [*all_[:3], *all_[4:]])
    assert any("first lines are not" in sentence for sentence in shop.proofs.verify()[0].findings)


def test_a_list_of_an_earlier_version_is_obeyed_by_an_old_database(shop: Shop) -> None:
    forget_in_keys(shop)
    meddle(shop, lambda all_: [unsigned(line) for line in all_])
    put_back(shop)
    with open_shop(shop.folder, clock=shop.clock) as again:
        assert again.can("dev", PURPOSE).reason == "withdrawn"
        assert again.proofs.verify()[0].holds


def test_what_an_earlier_version_kept_in_the_key_store_is_understood(shop: Shop) -> None:
    no = shop.noes.file.all()[-1]
    assert known_in(text_of(no)).line == no
    assert known_in("").line is None


def test_a_line_that_a_crash_cut_short_is_told_and_nothing_before_it_is_lost(shop: Shop) -> None:
    file = shop.noes.file.files[0]
    file.write_bytes(file.read_bytes() + lines(file)[-1][:50].encode())
    (consent, _) = shop.proofs.verify()
    assert consent.holds
    assert any("cut short by a crash; nothing is missing" in remark for remark in consent.remarks)
    shop.grant("c2", PURPOSE, asked=ASKED, yes=False)
    assert shop.proofs.verify()[0].holds
    put_back(shop)
    with open_shop(shop.folder, clock=shop.clock) as again:
        assert {again.can(name, PURPOSE).reason for name in ("dev", "amina", "c1", "c2")} == {"withdrawn"}


def test_a_second_place_that_was_away_is_caught_up(shop: Shop) -> None:
    home, second = shop.noes.file.files
    away = second.parent.rename(second.parent.with_name("away"))
    shop.grant("c2", PURPOSE, asked=ASKED, yes=False)
    shop.grant("c3", PURPOSE, asked=ASKED, yes=False)
    away.rename(second.parent)
    assert shop.proofs.verify()[0].holds
    shop.grant("c4", PURPOSE, asked=ASKED, yes=False)
    assert shop.noes.file.read(home).lines == shop.noes.file.read(second).lines
    assert shop.proofs.verify()[0].holds


def test_with_one_of_both_places_whole_nothing_is_lost_but_somebody_has_to_look(shop: Shop) -> None:
    home, second = shop.noes.file.files
    home.write_text("".join(f"{line}\n" for line in lines(home)[:-9]))
    assert len(shop.proofs.verify()[0].meddled) == 1
    mended = shop.proofs.mend()
    assert [file.parent for file in mended.aside] == [home.parent]
    assert set(shop.noes.file.read(home).lines) == set(shop.noes.file.read(second).lines)
    assert shop.proofs.verify()[0].holds


def test_a_list_that_is_gone_is_written_anew_and_that_is_told(shop: Shop) -> None:
    for file in shop.noes.file.files:
        file.unlink()
    (consent, _) = shop.proofs.verify()
    assert consent.holds
    assert sum("is gone" in remark for remark in consent.remarks) == 2
    shop.proofs.checkpoint()
    (consent, _) = shop.proofs.verify()
    assert (consent.holds, consent.remarks) == (True, ())
    assert len(shop.noes.file.all()) == 20
    with pytest.raises(Conflict, match="no loss"):
        shop.proofs.accept_loss("none")


# ---- the file itself -------------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from goodwill.protect.signing import mac_with
from goodwill.storage.noes import No, NoFile
home, first, many = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
file = NoFile(home, None, "a", mac_with(b"k" * 32))
for n in range(first, first + many):
    with file.writing():
        file.add([No("a", n, 1, "offers", "purchases", "withdrawn", n, n)])
    print(n, flush=True)
"""


def own(home: Path) -> NoFile:
    from goodwill.protect.signing import mac_with

    return NoFile(home, None, "a", mac_with(b"k" * 32))


def writes(home: Path, first: int) -> int:
    """Let a process write 60 lines, and see how it ends."""
    with loaded(WRITER, home, first, 60) as process:
        return process.wait()


def test_whoever_is_killed_while_writing_spoils_nothing(tmp_path: Path) -> None:
    for turn in range(3):
        with loaded(WRITER, tmp_path, turn * 100_000 + 1, 100_000) as process:
            said = [int(process.stdout.readline()) for _ in range(20 + 7 * turn)]
            process.kill()
        found = own(tmp_path).read(tmp_path / "consent.noes")
        assert found.wrong == ()
        assert set(said) <= {no.position for no in found.lines}


def test_a_full_disk_cuts_a_line_short_and_the_next_one_goes_on(tmp_path: Path) -> None:
    full = 1_000  # bytes, and no line ends there
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({full}, {full}))"
    with loaded(limit + WRITER, tmp_path, 1, 100) as process:
        said = process.stdout.read().split()
        assert process.wait() != 0
    file = own(tmp_path)
    assert (tmp_path / "consent.noes").stat().st_size == full
    found = file.read(tmp_path / "consent.noes")
    assert (found.torn, found.wrong, len(found.lines)) == (1, (), len(said))
    with file.writing():
        file.add([No("a", 900, 1, "offers", "purchases", "withdrawn", 9, 9)])
    found = file.read(tmp_path / "consent.noes")
    assert (found.torn, found.wrong, len(found.lines)) == (1, (), len(said) + 1)


def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(partial(writes, tmp_path), (1, 101, 201))) == [0, 0, 0]
    found = own(tmp_path).read(tmp_path / "consent.noes")
    assert (found.torn, found.wrong, len(found.lines), found.end.number) == (0, (), 180, 180)


def test_a_list_signed_with_another_key_is_not_ours(tmp_path: Path) -> None:
    own(tmp_path).add([No("a", n, 1, "offers", "purchases", "withdrawn", n, n) for n in range(1, 100)])
    shutil.copyfile(tmp_path / "consent.noes", tmp_path / "copy")
    other = NoFile(tmp_path, None, "a", lambda data: "0" * 64)
    assert other.read(tmp_path / "copy").wrong
    assert not own(tmp_path).read(tmp_path / "copy").wrong
