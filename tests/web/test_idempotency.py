"""The same request under the same Idempotency-Key is done once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from tests.web.conftest import key_for

from goodwill.app import jobs
from goodwill.basics.errors import Conflict
from goodwill.shop import Shop
from goodwill.web import store
from goodwill.web.store import Scope

YES = {"person": {"user_id": "dev"}, "purpose": "recommendations", "yes": True}
NO = {**YES, "yes": False}


def say(client, body=YES, name="order-7", **headers):
    return client.post("/api/v1/consent", json=body, headers={"Idempotency-Key": name, **headers})


def rows(client, person="dev"):
    return client.get(f"/api/v1/people/{person}/consents").json().get("consents", [])


def test_repeated_it_is_written_once_and_answered_alike(client, clock):
    first = say(client)
    clock.turn(seconds=30)
    again = say(client)
    assert (again.status_code, again.content) == (200, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(rows(client)) == 4


def test_the_same_words_in_another_order_are_the_same_request(client):
    say(client)
    raw = b'{"yes":true,  "purpose":"recommendations","person":{"user_id":"dev"}}'
    headers = {"Idempotency-Key": "order-7", "Content-Type": "application/json"}
    assert client.post("/api/v1/consent", content=raw, headers=headers).headers["idempotent-replayed"] == "true"


def test_another_request_under_it_is_a_conflict_and_changes_nothing(client):
    say(client)
    other = say(client, NO)
    assert other.status_code == 409
    assert other.json()["type"].endswith("/api/problems/idempotency-key-reused")
    assert len(rows(client)) == 4


def test_it_belongs_to_its_api_key(client, shop):
    say(client)
    other = key_for(shop, Scope.CONSENT)
    assert say(client, NO, Authorization=f"Bearer {other}").json()["state"] == "withdrawn"


def test_without_it_each_request_is_written(client):
    for _ in range(2):
        client.post("/api/v1/consent", json=YES)
    assert len(rows(client)) == 8


def test_a_request_that_was_refused_may_be_mended_under_the_same_name(client):
    assert say(client, {**YES, "purpose": "fulfilment"}).status_code == 422
    assert say(client).status_code == 200


def test_after_a_day_the_name_is_free_again(client, clock):
    say(client)
    clock.turn(days=1, seconds=1)
    assert say(client, NO).json()["state"] == "withdrawn"


def test_answers_are_dropped_after_a_day_by_the_job_that_tidies(client, shop: Shop, clock):
    def kept():
        with shop.database.reading() as connection:
            return len(connection.execute(select(store.idempotency)).all())

    (tidy,) = (job for job in jobs(shop) if job.name == "tidy")
    assert tidy.every == 3_600
    say(client, name="old")
    clock.turn(days=1)
    say(client, name="new")
    tidy.do()
    assert kept() == 2
    clock.turn(seconds=1)
    tidy.do()
    assert kept() == 1


def test_what_a_crash_cut_off_is_done_by_the_next_try_after_a_minute(shop: Shop, client, clock, monkeypatch):
    def broken(*_, **__):
        raise Conflict("The machine stopped here.")

    # Neither the answer nor the release of the name reaches the database: as after a kill.
    with monkeypatch.context() as killed:
        killed.setattr(store, "keep_answer", broken)
        killed.setattr(store, "drop_claim", broken)
        say(client)
    assert say(client).status_code == 409
    assert say(client).headers["retry-after"] == "1"
    clock.turn(seconds=60)
    assert say(client).status_code == 200


@pytest.mark.parametrize("name", ["", "a b", "x" * 256, "é"])
def test_a_name_that_is_none_is_refused(client, name):
    answer = client.post("/api/v1/consent", json=YES, headers={"Idempotency-Key": name.encode()})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


def test_sent_many_times_at_once_it_is_written_once(client):
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: say(client), range(8)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert len(rows(client)) == 4


def test_neither_the_name_nor_the_person_is_kept(client, shop: Shop):
    say(client, name="consent-of-dev@example.org")
    with shop.database.reading() as connection:
        kept = repr(connection.execute(select(store.idempotency)).all())
    assert "example.org" not in kept
    assert "user_id" not in kept
