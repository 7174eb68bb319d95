"""Erasing over HTTP needs a key for it, can be tried, and gives the certificate."""

from hashlib import sha256

from goodwill.shop.certificate import payload_of
from goodwill.web.store import Scope


def test_somebody_is_erased_and_gone_for_every_operation(client):
    answer = client.post("/api/v1/people/amina/erase", json={"reason": "she asked"})
    assert answer.status_code == 200
    document = answer.json()
    assert document["status"] == "done"
    assert document["goes"]["identities"] > 0
    certificate = document["certificate"]
    assert certificate["sha256"] == sha256(payload_of(certificate)).hexdigest()
    assert certificate["reason"] == "she asked"
    assert "amina" not in answer.text
    assert client.get("/api/v1/people/amina/export").status_code == 404
    assert client.post("/api/v1/people/amina/erase", json={"reason": "again"}).status_code == 404
    decided = client.post("/api/v1/decide", json={"person": {"user_id": "amina"}}).json()
    assert not decided["personalised"]


def test_a_dry_run_changes_nothing(client):
    answer = client.post("/api/v1/people/amina/erase", json={"reason": "to see", "dry_run": True}).json()
    assert answer["status"] == "dry run"
    assert answer["goes"]["identities"] > 0
    assert "certificate" not in answer
    assert client.get("/api/v1/people/amina/export").status_code == 200


def test_a_claim_about_somebody_who_is_left_alone_is_refused(client):
    client.post("/api/v1/people/amina/erase", json={"reason": "she asked"})
    answer = client.post("/api/v1/consent", json={"person": {"user_id": "amina"}, "purpose": "offers", "yes": True})
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/refused")
    assert "left alone" in answer.json()["detail"]


def test_a_key_for_exports_erases_nobody(client_of, shop):
    answer = client_of(shop, Scope.EXPORT, Scope.READ).post("/api/v1/people/amina/erase", json={"reason": "x"})
    assert answer.status_code == 403


def test_why_must_be_said(client):
    answer = client.post("/api/v1/people/amina/erase", json={})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/reason"
