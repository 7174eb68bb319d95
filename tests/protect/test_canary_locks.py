"""Looking through the files of a home leaves the databases in it locked as they were.

A process that closes any handle of a file lets go of all its locks on it. SQLite's would be gone too, and the next
process to open the database would take it for nobody's and cut the index that we have mapped into memory.
"""

import subprocess
import sys

import pytest

from goodwill.protect.canary import Canaries
from goodwill.storage import connect

WORD = "clara.nulla@example.org"
# What whoever has a database open holds: a byte of the file beside it (SQLite's "dead man's switch"), some of its own.
BESIDE, ITSELF = (128, 1), (0x40000002, 510)
TAKE = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, int(sys.argv[3]), int(sys.argv[2]))
    except OSError:
        sys.exit("held")
"""


def is_held(file, at=BESIDE) -> bool:
    command = [sys.executable, "-c", TAKE, file, *map(str, at)]
    taken = subprocess.run(command, capture_output=True, text=True, check=False)
    return taken.stderr.strip() == "held"


@pytest.fixture
def opened(tmp_path):
    database = connect(tmp_path / "shop.db")
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE said (words TEXT)")
        connection.exec_driver_sql("INSERT INTO said VALUES (?)", (WORD,))
    yield database
    database.close()


def test_a_search_lets_go_of_no_lock(opened, tmp_path):
    assert is_held(tmp_path / "shop.db-shm")
    assert is_held(tmp_path / "shop.db", ITSELF)
    found = Canaries([WORD]).in_folder(tmp_path)
    assert {one.where for one in found} & {"shop.db", "shop.db-wal"}, "and still it looks into them"
    assert is_held(tmp_path / "shop.db-shm")
    assert is_held(tmp_path / "shop.db", ITSELF)


def test_a_database_under_another_name_is_known_by_what_lies_beside_it(tmp_path):
    database = connect(tmp_path / "data")
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE said (words TEXT)")
    Canaries([WORD]).in_folder(tmp_path)
    assert is_held(tmp_path / "data-shm")
    database.close()


def test_opening_it_a_second_time_lets_go_of_no_lock_either(opened, tmp_path):
    again = connect(tmp_path / "shop.db")
    assert is_held(tmp_path / "shop.db", ITSELF)
    again.close()
    with opened.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM said").scalar_one() == 1


def test_what_cannot_be_read_is_named_and_what_is_gone_is_not(tmp_path):
    (tmp_path / "notes.db").mkdir()
    canaries = Canaries([WORD])
    assert canaries.in_file(tmp_path / "notes.db", "notes.db") == set()
    assert canaries.unread == {"notes.db: cannot be read"}
    assert canaries.in_file(tmp_path / "gone.db", "gone.db") == set()
    assert len(canaries.unread) == 1
