"""What a shop does by itself."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from tests.conftest import FakeClock
from tests.small_shop import ASKED, Bakery, bakery

from goodwill import app
from goodwill.storage import Database


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock)
    yield made
    made.shop.close()


def test_a_job_settles_what_was_withdrawn_while_nobody_asked(small: Bakery, monkeypatch: pytest.MonkeyPatch) -> None:
    before = small.shop.settle()
    small.shop.grant("c0", "model-improvement", asked=ASKED, yes=False)
    done = Event()

    def settle() -> None:
        small.shop.settle()
        done.set()

    monkeypatch.setattr(app, "jobs", lambda _: (app.Job("settle", "", 0.05, settle),))
    with app.working(small.shop, told=lambda name, error: pytest.fail(f"{name}: {error}")):
        assert done.wait(30)
    assert small.shop.settle().people == before.people - 1


def test_a_job_that_fails_is_told_and_tried_again(small: Bakery, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    twice = Event()

    def broken() -> None:
        raise OSError("disk full")

    def hear(name: str, error: Exception) -> None:
        told.append(f"{name}: {error}")
        if len(told) == 2:
            twice.set()

    monkeypatch.setattr(app, "jobs", lambda _: (app.Job("learn", "", 0.02, broken),))
    with app.working(small.shop, told=hear):
        assert twice.wait(30)
    assert told[:2] == ["learn: disk full"] * 2


def test_every_job_says_what_it_does(small: Bakery) -> None:
    assert {job.name for job in app.jobs(small.shop)} == {
        "settle",
        "learn",
        "checkpoint",
        "post",
        "tell",
        "webhooks",
        "requests",
        "retention",
        "tidy",
        "rotate-keys",
        "erase",
        "faithfulness",
        "segments",
    }
    assert all(job.says and job.every > 0 for job in app.jobs(small.shop))
