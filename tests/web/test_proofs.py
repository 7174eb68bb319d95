"""Receipts and proofs over HTTP, and what a caller sees of a ledger in quarantine."""

import base64
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.shop.ledgers import break_in
from tests.shop.stranger import stranger_to
from tests.small_shop import ASKED
from tests.staff.working import cheaply, hired
from tests.web.test_staff_access import Browser

from goodwill.basics import merkle
from goodwill.shop.proofs import AUDIT
from goodwill.web.application import application


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
    proofs_hold(shop, client, "consent", shop.proofs.place(), row=3)


def test_those_of_the_audit_log_do_too_for_whoever_may_read_it(shop, client):
    cheaply(shop)
    member = hired(shop, "reviewer", "vera@shop.example", factor=True)
    with TestClient(application(shop)) as desk:
        proofs_hold(shop, Browser(desk, member), "audit", shop.proofs.place(AUDIT), row=2)
    assert client.get("/api/v1/audit/checkpoint").status_code in {401, 403}  # no key opens it


def proofs_hold(shop, browser, log, place, *, row):
    """Over one log: not signed, signed, grown and signed again."""
    at = f"/api/v1/{log}"
    assert browser.request("GET", f"{at}/checkpoint", headers={}).status_code == 404
    shop.proofs.checkpoint()
    first = shop.proofs.latest(place.log).checkpoint
    shop.grant("dev", "offers", asked=ASKED)
    shop.proofs.checkpoint()
    signed = browser.request("GET", f"{at}/checkpoint", headers={}).json()
    assert place.read(signed["note"]).size == signed["size"] > first.size
    proof = browser.request("GET", f"{at}/inclusion?position={row}", headers={}).json()
    root = unbase64(signed["root"])
    assert (proof["index"], proof["size"], unbase64(proof["root"])) == (row - 1, signed["size"], root)
    assert merkle.proves_inclusion(unbase64(proof["leaf"]), row - 1, proof["size"], unbase64(proof["proof"]), root)
    line = list(shop.proofs.export(place.log))[row - 1]
    assert unbase64(proof["leaf"]) == merkle.leaf_hash(line)
    step = browser.request("GET", f"{at}/consistency?first={first.size}", headers={}).json()
    assert merkle.proves_consistency(first.size, signed["size"], unbase64(step["proof"]), first.root, root)
    for path in ("inclusion?position=9999", "inclusion?position=2&size=1", "inclusion?position=1&size=9999",
                 "consistency?first=1&second=9999"):  # fmt: skip
        assert browser.request("GET", f"{at}/{path}", headers={}).status_code == 404, path
    assert browser.request("GET", f"{at}/consistency?first=2&second=1", headers={}).status_code == 422


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
