"""Receipts and proofs over HTTP, and what a caller sees of a ledger in quarantine."""

import base64
from typing import Any

import pytest
from tests.shop.ledgers import break_in
from tests.shop.stranger import stranger_to

from goodwill.basics import merkle


def unbase64(words: Any) -> Any:
    return [base64.b64decode(one) for one in words] if isinstance(words, list) else base64.b64decode(words)


def test_a_receipt_fetched_over_http_holds_for_a_stranger(shop, client, tmp_path):
    receipt = client.get("/api/v1/people/amina/receipts/2")
    assert receipt.status_code == 200
    keys = client.get("/.well-known/goodwill-log.json", headers={"Authorization": ""}).json()
    stranger = stranger_to(shop, tmp_path / "stranger")
    assert (keys["key"], keys["logs"][0]["id"]) == (stranger.key, stranger.log)
    said = stranger.checks("receipt", stranger.has("receipt.json", receipt.content))
    assert said.code == 0, said.err


def test_a_receipt_is_only_its_owners(client):
    """Row 1 is Amina's; Chiara asks for it, and for none that is there."""
    for row in (1, 10_000):
        assert client.get(f"/api/v1/people/chiara/receipts/{row}").status_code == 404
    assert client.get("/api/v1/people/amina/receipts/0").status_code == 422
    assert client.get("/api/v1/people/nobody/receipts/1").status_code == 404


def test_proofs_over_http_lead_to_the_signed_root(shop, client):
    assert client.get("/api/v1/consent/checkpoint").status_code == 404
    first = shop.proofs.checkpoint()[0].checkpoint
    client.post("/api/v1/consent", json={"person": {"user_id": "dev"}, "purpose": "offers", "yes": True})
    shop.proofs.checkpoint()
    signed = client.get("/api/v1/consent/checkpoint").json()
    row = client.get("/api/v1/consent/inclusion?position=3").json()
    root = unbase64(signed["root"])
    assert (row["index"], row["size"], unbase64(row["root"])) == (2, signed["size"], root)
    assert merkle.proves_inclusion(unbase64(row["leaf"]), 2, row["size"], unbase64(row["proof"]), root)
    step = client.get(f"/api/v1/consent/consistency?first={first.size}").json()
    assert merkle.proves_consistency(first.size, signed["size"], unbase64(step["proof"]), first.root, root)
    for path in ("inclusion?position=9999", "inclusion?position=9&size=8", "inclusion?position=1&size=9999",
                 "consistency?first=1&second=9999"):  # fmt: skip
        assert client.get(f"/api/v1/consent/{path}").status_code == 404, path
    assert client.get("/api/v1/consent/consistency?first=9&second=8").status_code == 422


@pytest.fixture
def restored(shop):
    """An old ledger came back, in which Amina's withdrawal is missing."""
    break_in(shop, "CREATE TABLE before AS SELECT * FROM consent_rows")
    asked = {"person": {"user_id": "amina"}, "purpose": "recommendations", "yes": False}
    return shop, asked


def test_quarantine_over_http(restored, client):
    shop, asked = restored
    assert client.post("/api/v1/consent", json=asked).status_code == 200
    signed = shop.proofs.checkpoint()[0].checkpoint
    rows = len(shop.consents("amina"))
    break_in(shop, "DELETE FROM consent_rows", "INSERT INTO consent_rows SELECT * FROM before")
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert f"rows {signed.size - 3} to {signed.size} are missing" in ready.json()["quarantine"]
    for purpose in ("recommendations", "offers"):
        answer = client.get(f"/api/v1/can?user_id=amina&purpose={purpose}").json()
        assert (answer["allowed"], answer["reason"]) == (False, "quarantined")
    decision = client.post("/api/v1/decide", json={"person": {"user_id": "amina"}}).json()
    assert (decision["personalised"], decision["reason"]) == (False, "quarantined")
    assert client.post("/api/v1/consent", json={**asked, "purpose": "offers"}).status_code == 200
    assert len(shop.consents("amina")) == rows - 1  # four lost, three written
    assert client.get("/readyz").json()["ready"] is True
    shop.proofs.accept_loss("the disk died")
    assert client.get("/readyz").json() == {"ready": True}
    assert client.get("/api/v1/can?user_id=amina&purpose=recommendations").json()["reason"] == "withdrawn"
