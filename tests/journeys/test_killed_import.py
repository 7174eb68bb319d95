"""An import whose program is killed with no warning: never half there, it goes on or is taken back whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pysqlite3
import pytest

HEAD = "order_id,customer_id,ordered_at,product_id,quantity,amount\n"
ROWS = 100_000  # two pieces and a half
_COUNTED = "SELECT (SELECT count(*) FROM events), (SELECT coalesce(max(rows), 0) FROM imports)"


def goodwill(home: Path, *words: object, check: bool = True) -> str:
    command = [sys.executable, "-m", "goodwill", *map(str, words), "--home", str(home), "--quiet"]
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def ask(home: Path, question: str) -> tuple[int, ...]:
    database = pysqlite3.connect(f"file:{home / 'shop.db'}?mode=ro", uri=True)
    try:
        return tuple(database.execute(question).fetchone())
    finally:
        database.close()


@pytest.fixture
def killed(tmp_path: Path) -> tuple[Path, Path]:
    """A shop in which an import was killed after its first piece, and its file."""
    home, file = tmp_path / "home", tmp_path / "lines.csv"
    goodwill(home, "init", "--name", "Café", "--currency", "EUR", "--zone", "Europe/Berlin", "--no-input")
    lines = (f"R{n // 3:07},amina{n // 3 % 900},2026-03-02 08:15,P{n % 700},1,1.00\n" for n in range(ROWS))
    file.write_text(HEAD + "".join(lines))
    command = [sys.executable, "-m", "goodwill", "import", str(file), "--home", str(home), "--quiet"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and ask(home, _COUNTED)[0] == 0:
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    return home, file


def test_a_killed_import_goes_on_and_is_whole(killed):
    home, file = killed
    events, noted = ask(home, _COUNTED)
    assert 0 < events == noted < ROWS
    assert "interrupted" in goodwill(home, "import", "list")
    assert "going on where an earlier run had stopped" in goodwill(home, "import", file)
    assert ask(home, _COUNTED) == (ROWS, ROWS)
    assert ask(home, "SELECT count(*), sum(amount), count(DISTINCT reference) FROM events") == (
        ROWS,
        100 * ROWS,
        33_334,
    )


def test_a_killed_import_is_taken_back_whole(killed):
    home, _ = killed
    goodwill(home, "import", "undo", 1, "--yes")
    tables = ("events", "people", "identities", "products", "items", "holds", "before_import", "reads", "totals")
    for table in tables:
        assert ask(home, f"SELECT count(*) FROM {table}") == (0,), table
