"""What every answer carries, what the log says, what is counted; and that none of it names anybody."""

import json
import re

import pytest
from tests.web.asking import ask

from goodwill.web.application import OPERATIONS
from goodwill.web.logs import FIELDS
from goodwill.web.outside import Outside
from goodwill.web.store import Scope

NAMES = ("amina", "bruno", "chiara", "dev-7", "someone@example.org", "kitchen-secret")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_carries_the_safe_headers(quiet, operation):
    headers = ask(quiet, operation).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert re.fullmatch("[a-z2-7]{13}", headers["x-request-id"])
    assert "set-cookie" not in headers
    assert "access-control-allow-origin" not in headers
    kept = operation.path.startswith("/assets/")
    assert headers["cache-control"] == ("public, max-age=3600" if kept else "no-store")


def test_errors_carry_them_too(quiet):
    for answer in (quiet.get("/nothing"), quiet.delete("/"), quiet.post("/api/v1/decide", content=b"{")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_request_ids_are_ours_and_never_twice_the_same(quiet):
    ids = {quiet.get("/healthz", headers={"X-Request-Id": "amina"}).headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20
    assert "amina" not in ids


def test_a_shop_behind_tls_asks_browsers_to_stay_there(client, quiet):
    assert client.get("/").headers["strict-transport-security"].startswith("max-age=")
    assert "strict-transport-security" not in quiet.get("/").headers


def talk_of_everybody(client):
    """Use every way in by which a name could reach a log line or a counter."""
    secret = {"X-Secret": "kitchen-secret", "User-Agent": "someone@example.org", "Referer": "http://x/amina"}
    client.headers.update(secret)
    client.post("/api/v1/decide", json={"person": {"user_id": "amina"}})
    client.post("/api/v1/decide", json={"person": {"user_id": 7}, "amina": 1})
    client.post("/api/v1/decide", content=b"amina", headers={"Content-Type": "application/json"})
    client.post("/api/v1/consent", json={"person": {"user_id": "dev-7"}, "purpose": "amina", "yes": True})
    client.post(
        "/api/v1/consent", json={"person": {"user_id": "dev-7"}, "purpose": "offers", "yes": True, "notice": "amina"}
    )
    client.get("/api/v1/can", params={"user_id": "someone@example.org", "purpose": "chiara"})
    client.get("/api/v1/can", params={"user_id": "someone@example.org", "purpose": "offers"})
    client.get("/api/v1/people/chiara/consents?bruno=1")
    client.get("/api/v1/people/chiara/consents")
    client.get("/amina/someone@example.org")
    client.request("AMINA", "/api/v1/can")
    client.get("/api/v1/can", headers={"Authorization": "Bearer amina"})


def test_the_log_has_one_line_per_request_and_names_nobody(quiet, lines):
    talk_of_everybody(quiet)
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["event"] for line in written] == ["answered"] * 12
    assert {name for line in written for name in line} <= FIELDS
    assert written[-4]["route"] == "/api/v1/people/{id}/consents"
    assert written[-3]["route"] == "unmatched"
    assert {line["key"] for line in written} >= {""}
    for name in NAMES:
        assert name not in lines.getvalue().lower()


def test_the_counters_name_nobody_and_stay_few(quiet, lines):
    talk_of_everybody(quiet)
    page = quiet.get("/metrics").text
    for name in NAMES:
        assert name not in page.lower()
    assert 'goodwill_http_requests_total{method="POST",route="/api/v1/decide",status="200"} 1.0' in page
    assert 'goodwill_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in page
    assert "goodwill_http_request_seconds_bucket" in page


def test_decisions_and_refusals_are_counted_for_holders_of_a_key_only(client_of, quiet_shop):
    client = client_of(quiet_shop, *Scope)
    client.post("/api/v1/decide", json={"person": {"user_id": "chiara"}})
    client.get("/api/v1/can", params={"user_id": "dev", "purpose": "offers"})
    page = client.get("/metrics").text
    assert 'goodwill_decisions_total{personalised="no"} 1.0' in page
    assert 'goodwill_refusals_total{reason="withdrawn"} 1.0' in page
    assert 'goodwill_refusals_total{reason="unknown-person"} 1.0' in page
    without = client.get("/metrics", headers={"Authorization": ""})
    assert without.status_code == 401  # a key that is none is never passed over in silence
    del client.headers["Authorization"]
    without = client.get("/metrics")
    assert without.status_code == 200
    assert "goodwill_http_requests_total" in without.text
    assert "withdrawn" not in without.text
    assert "goodwill_decisions" not in without.text


def test_a_reason_nobody_foresaw_does_not_bring_its_words_into_the_counters(quiet_shop, client_of):
    from goodwill.web.metrics import Metrics

    metrics = Metrics()
    metrics.note_refusal("amina said so")
    assert b"amina" not in metrics.page(whole=True)
    assert b'goodwill_refusals_total{reason="other"} 1.0' in metrics.page(whole=True)


async def nothing(*_):
    raise RuntimeError("amina")


def test_the_outer_wall_answers_even_when_everything_inside_breaks(lines):
    from litestar.testing import TestClient

    from goodwill.web.logs import log_to
    from goodwill.web.metrics import Metrics

    async def broken(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        raise RuntimeError("amina")

    wall = Outside(broken, metrics=Metrics(), log=log_to(lines), base_url="", watermark="")
    with TestClient(wall) as client:
        answer = client.get("/anything")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "amina" not in answer.text + lines.getvalue()
