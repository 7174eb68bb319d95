"""A database that is held, full or away is a 503 that says when to come back; never a 500, and never a long wait."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from goodwill.app import create_shop
from goodwill.basics.errors import Busy
from goodwill.shop import Shop
from goodwill.shop import deciding as room
from goodwill.storage import connect, engine
from goodwill.storage.engine import EVENTS, LEDGER, one_at_a_time
from goodwill.web import api
from goodwill.web.desk import Endpoint

AMINA = {"user_id": "amina"}


@contextmanager
def held(shop: Shop, lock: int):
    """Somebody else writes, and takes their time."""
    with shop.database.transaction() as connection:
        one_at_a_time(connection, lock)
        yield


def test_a_decision_that_has_to_wait_is_put_off_in_time_and_nothing_is_kept_of_it(shop: Shop, client, monkeypatch):
    monkeypatch.setattr(room, "_FOR_A_PAGE", 0.5)
    with held(shop, EVENTS):
        begun = time.perf_counter()
        answer = client.post("/api/v1/decide", json={"person": AMINA})
        took = time.perf_counter() - begun
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"].endswith("/api/problems/unavailable")
    assert answer.json()["detail"] == "The database is busy with another change; try again in a moment."
    assert took < 9, "by the database's own patience it would have waited ten seconds"
    assert client.get("/api/v1/people/amina/decisions").json()["decisions"] == []
    assert client.post("/api/v1/decide", json={"person": AMINA}).status_code == 200


def test_the_patience_of_a_decision_ends_before_its_caller_is_sent_away():
    decide = next(one for one in api.ENDPOINTS if one.operation.name == "decide")
    assert room._FOR_A_PAGE < decide.operation.within == 5


def test_whether_something_is_allowed_can_be_asked_while_others_write(shop: Shop, client):
    with held(shop, LEDGER):
        answer = client.get("/api/v1/can", params={"purpose": "offers", **AMINA})
    assert answer.status_code == 200


def test_an_answer_that_has_to_wait_can_be_sent_again_under_the_same_name(shop: Shop, client, monkeypatch):
    body = {"person": {"user_id": "dev"}, "purpose": "offers", "yes": True}
    transaction = engine.Database.transaction
    monkeypatch.setattr(engine.Database, "transaction", lambda self, patience=0.3: transaction(self, patience=patience))
    with held(shop, LEDGER):
        waiting = client.post("/api/v1/consent", json=body, headers={"Idempotency-Key": "again"})
    assert waiting.status_code == 503
    then = client.post("/api/v1/consent", json=body, headers={"Idempotency-Key": "again"})
    assert then.status_code == 200
    assert len(client.get("/api/v1/people/dev/consents").json()["consents"]) == 3


def test_a_database_that_froze_does_not_hold_whoever_asks(quiet_shop: Shop, client_of, monkeypatch):
    thawed = threading.Event()

    def frozen(*_, **__):
        thawed.wait(30)

    monkeypatch.setattr(Shop, "can", frozen)
    ask = next(one for one in api.ENDPOINTS if one.operation.name == "can")
    hasty = Endpoint(replace(ask.operation, within=0.2), ask.do, ask.decoder)
    monkeypatch.setattr("goodwill.web.application.ENDPOINTS", (hasty,))
    begun = time.perf_counter()
    answer = client_of(quiet_shop, "read").get("/api/v1/can", params={"purpose": "offers", **AMINA})
    assert time.perf_counter() - begun < 15, "it was answered while the database stood still"
    thawed.set()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "0 seconds" in answer.json()["detail"]


@pytest.mark.parametrize(
    "error",
    [
        Busy("The database does not answer.", "PostgreSQL at db.inside, database cafe: Connection refused."),
        OperationalError("SELECT secret", {}, Exception("db.inside")),
    ],
    ids=["busy", "raw"],
)
def test_which_database_it_is_concerns_nobody_outside(quiet_shop: Shop, client_of, monkeypatch, error):
    def away(*_, **__):
        raise error

    monkeypatch.setattr(Shop, "can", away)
    monkeypatch.setattr(Shop, "_database_answers", away)
    client = client_of(quiet_shop, "read")
    for answer in (client.get("/api/v1/can", params={"purpose": "offers", **AMINA}), client.get("/readyz")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "inside" not in answer.text
        assert "does not answer" in answer.text or "doctor" in answer.text


def test_a_shop_on_a_server_that_went_away_answers_503_everywhere(postgresql, tmp_path, clock, client_of, clients):
    with postgresql.database() as url, create_shop(tmp_path / "home", clock=clock, database=url) as shop:
        client = client_of(shop, "decide", "read", "consent")
        assert client.post("/api/v1/decide", json={}).status_code == 200
        name = shop.database.engine.url.database
        postgresql.ask("postgres", f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        postgresql.ask("postgres", "CREATE ROLE visitor LOGIN")
        try:
            shop.database.engine.dispose()
            object.__setattr__(shop.database, "engine", _as_visitor(url))
            for answer in (
                client.post("/api/v1/decide", json={}),
                client.get("/api/v1/can", params={"purpose": "offers", **AMINA}),
                client.post("/api/v1/consent", json={"person": AMINA, "purpose": "offers", "yes": True}),
            ):
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), answer.text
                assert "goodwill-pg" not in answer.text
        finally:
            postgresql.ask("postgres", f"ALTER DATABASE {name} CONNECTION LIMIT -1")
            postgresql.ask("postgres", "DROP ROLE visitor")
        clients.close()


def _as_visitor(url: str):
    return connect(url.replace("goodwill@", "visitor@")).engine
