"""A try holds nobody up: while it runs others write, and nothing of it stays, neither a row, nor a key, nor a file."""

import os
import shutil
import time
from types import SimpleNamespace

import pytest

from goodwill.collect import imports, separated
from goodwill.people import identify
from goodwill.protect import Sealed
from goodwill.storage import apart


@pytest.fixture
def customers(write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 512)  # so that there are pieces to write between
    return write("customers.csv", "email,first_name\n" + "".join(f"p{n}@example.org,Person {n}\n" for n in range(60)))


def come_in(desk, email):
    """What a webhook would do meanwhile: it has no patience."""
    with desk.database.transaction(patience=0.2) as connection:
        identify(connection, desk.cipher, {"email": email}, now=desk.tools.clock())


def test_others_write_while_a_try_runs(desk, customers):
    coming = ["amina@example.org", "p7@example.org"]
    report = desk.take(customers, dry_run=True, progress=lambda _: coming and come_in(desk, coming.pop(0)))
    assert (report.state, report.kept) == ("dry-run", 60)
    assert desk.count("people") == 2
    assert desk.person("p7@example.org", "email") == 2
    assert desk.cipher.keys.last_person() == 2
    # Theirs are the keys that were made meanwhile, not those of whoever had the same numbers in the try.
    hers = desk.ask("SELECT person, epoch, sealed FROM identities ORDER BY person")
    opened = [desk.cipher.open(person, "email", Sealed(epoch, bytes(sealed))) for person, epoch, sealed in hers]
    assert opened == ["amina@example.org", "p7@example.org"]


def test_a_try_makes_no_keys_and_leaves_no_file(desk, customers):
    before = {file.name for file in desk.folder.rglob("*")}
    assert desk.take(customers, dry_run=True).kept == 60
    assert desk.cipher.keys.last_person() == 0
    assert {file.name for file in desk.folder.rglob("*")} - before <= {"shop.db-wal", "shop.db-shm"}
    report = desk.take(customers)
    assert (report.id, report.kept, desk.count("people"), desk.cipher.keys.last_person()) == (1, 60, 60, 60)


def test_a_try_sees_what_is_there(desk, customers):
    desk.take(customers)
    assert desk.take(customers, dry_run=True).unchanged == 60


def test_where_there_is_no_room_for_a_copy_the_try_takes_itself_back(desk, customers, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    monkeypatch.setattr(apart, "LARGEST", 0)
    assert desk.take(customers, dry_run=True).kept == 60
    assert (desk.count("people"), desk.cipher.keys.last_person()) == (0, 0)


def test_a_try_that_breaks_leaves_nothing(desk, customers):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.take(customers, dry_run=True, progress=stop)
    assert desk.count("people") == 0
    assert not list(desk.folder.glob("**/try-*"))
    assert desk.take(customers).kept == 60


def test_whoever_comes_in_just_before_the_copy_is_made_is_known_to_it(desk, customers, monkeypatch):
    def late(database):
        come_in(desk, "amina@example.org")
        return apart.apart(database)

    monkeypatch.setattr(imports, "apart", late)
    assert desk.take(customers, dry_run=True).kept == 60


def test_a_copy_whose_making_was_killed_goes_within_the_hour_and_a_fresh_one_stays(desk):
    if desk.database.file is None:  # PostgreSQL drops what belongs to a connection that is gone
        apart.sweep(desk.database)
        return
    killed, fresh = (desk.database.file.parent / name for name in ("try-killed", "try-fresh"))
    for folder in (killed, fresh):
        folder.mkdir()
        (folder / "copy.db").write_bytes(b"what somebody bought")
    an_hour_ago = time.time() - 3_700
    os.utime(killed, (an_hour_ago, an_hour_ago))
    apart.sweep(desk.database)
    assert (killed.exists(), fresh.exists()) == (False, True)
