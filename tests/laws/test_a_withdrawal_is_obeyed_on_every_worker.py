"""Once a withdrawal is acknowledged, every decision that begins later obeys it, on every process that serves the shop.

Two real servers on one database, one writer that says yes and no in turn, readers that ask both for decisions; then the
history is checked as a whole, in the manner of Jepsen: no decision may rest on a word that an acknowledged later one
had replaced before the decision was asked for.
"""

import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.conftest import examples
from tests.laws.servers import History, Said, serving, told
from tests.small_shop import bakery
from tests.web.conftest import key_for

from goodwill.basics.clock import system_clock
from goodwill.storage import Database
from goodwill.web.store import Scope

READERS = 6
AMINA = {"user_id": "amina"}
ASKS = {"person": AMINA, "slot": "home", "count": 2}


@pytest.fixture
def history(database: Database, tmp_path: Path) -> History:
    """What was asked and told in a few seconds of saying yes and no while others asked for decisions."""
    with bakery(database, tmp_path, system_clock).shop as shop:
        shop.learn()
        key = key_for(shop, Scope.DECIDE, Scope.CONSENT)
    found = History()
    with ExitStack() as servers:
        addresses = [servers.enter_context(serving(tmp_path / "home"))[1] for _ in range(2)]
        _live(found, addresses, {"Authorization": f"Bearer {key}"}, rounds=examples(12))
    return found


def _live(history: History, addresses: list[str], headers: dict[str, str], *, rounds: int) -> None:
    over = threading.Event()

    def read(n: int) -> None:
        with httpx.Client(base_url=addresses[n % 2], headers=headers, timeout=20) as client:
            while not over.is_set():
                history.ask("decide", partial(told, client, "/api/v1/decide", ASKS), lost=())
                time.sleep(0.01)

    readers = [threading.Thread(target=read, args=(n,)) for n in range(READERS)]
    for reader in readers:
        reader.start()
    with ExitStack() as clients:
        writers = [clients.enter_context(httpx.Client(base_url=one, headers=headers, timeout=20)) for one in addresses]
        for n in range(rounds):
            say = {"person": AMINA, "purpose": "recommendations", "yes": n % 2 == 1}
            writer = writers[n // 2 % 2]
            history.ask(say["yes"], partial(told, writer, "/api/v1/consent", say), lost=())
            time.sleep(0.05)
    over.set()
    for reader in readers:
        reader.join()


def offences(history: list[Said]) -> list[Said]:
    """Decisions that no word can explain which could still count when they were asked for."""
    words = sorted((line for line in history if line.asked != "decide"), key=lambda line: line.begun)
    found = []
    for line in history:
        if line.asked != "decide":
            continue
        settled = [word for word in words if word.ended < line.begun]
        possible = {settled[-1].asked if settled else True}
        possible |= {word.asked for word in words if word.ended >= line.begun and word.begun <= line.ended}
        if line.told["personalised"] not in possible:
            found.append(line)
    return found


def test_an_offence_would_be_seen():
    no, yes = Said(1, 2, False, {}), Said(5, 6, True, {})

    def decided(begun: float, ended: float, *, personalised: bool) -> Said:
        return Said(begun, ended, "decide", {"personalised": personalised})

    after, during, before = (
        decided(3, 4, personalised=True), decided(1.5, 1.7, personalised=True), decided(0, 1, personalised=True),
    )  # fmt: skip
    assert offences([no, yes, after]) == [after]
    assert offences([no, yes, during, before, decided(7, 8, personalised=True)]) == []
    stale = decided(7, 8, personalised=False)
    assert offences([no, yes, stale]) == [stale]


@pytest.mark.longer
def test_whoever_decides_after_the_answer_obeys_it(history: History):
    decisions = [line for line in history.lines if line.asked == "decide"]
    assert len(decisions) >= 20
    assert {line.told["personalised"] for line in decisions} == {True, False}
    assert offences(history.lines) == []
