"""Webhooks from the command line: sources in, targets out."""

import io
from base64 import b64decode

import pytest
from tests.cli.conftest import Run
from tests.reach.webhooks.test_out import Peer

from goodwill.cli.ends import Code

SECRET = "hush-hush-hush"


def test_a_source_is_made_listed_and_closed_and_its_secret_shows_nowhere(shop: Run, monkeypatch: pytest.MonkeyPatch):
    made = shop("webhooks", "add", "shopify", "main", "--secret", SECRET, "--json")
    assert made.document["url"] == "http://127.0.0.1:8400/webhooks/shopify/main"
    monkeypatch.setenv("GOODWILL_WEBHOOK_SECRET", SECRET)
    assert shop("webhooks", "add", "stripe", "main").code == Code.DONE
    monkeypatch.delenv("GOODWILL_WEBHOOK_SECRET")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))
    assert shop("webhooks", "add", "square", "till").code == Code.DONE
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert shop("webhooks", "add", "woocommerce", "main").code != Code.DONE
    listed = shop("webhooks", "list", "--json")
    assert [(one["system"], one["state"], one["alarms"]) for one in listed.document["sources"]] == [
        ("shopify", "open", []), ("stripe", "open", []), ("square", "open", []),
    ]  # fmt: skip
    assert SECRET not in listed.out + made.out + shop("audit", "list", "--json").out
    assert shop("webhooks", "deliveries", "--json").document == {"deliveries": []}
    assert shop("webhooks", "revoke", "stripe", "main", "--yes").code == Code.DONE
    assert shop("webhooks", "revoke", "stripe", "other", "--yes").code == Code.NOT_FOUND
    assert shop("webhooks", "replay", "99").code == Code.NOT_FOUND
    assert shop("webhooks", "redact", "shopify", "main", "--yes").code == Code.CONFLICT


def test_another_system_is_told_and_a_test_message_says_what_it_answered(shop: Run, monkeypatch: pytest.MonkeyPatch):
    refused = shop("webhooks", "out", "add", "https://127.0.0.1/", "--topic", "job.finished")
    assert (refused.code, "nobody is called there" in refused.err) == (Code.USAGE, True)
    monkeypatch.setenv("GOODWILL_WEBHOOKS_LOOPBACK", "yes")
    peer = Peer()
    try:
        made = shop("webhooks", "out", "add", peer.url(), "--topic", "job.finished", "--json").document
        assert len(b64decode(made["secret"].removeprefix("whsec_"))) == 32
        assert shop("webhooks", "out", "send-test", made["id"]).code == Code.DONE
        assert [path for path, _, _ in peer.got] == ["/in"]
        peer.answers.append((500, {}))
        failed = shop("webhooks", "out", "send-test", made["id"], "--json")
        assert (failed.code, failed.document["reason"]) == (Code.FAILED, "answered 500")
    finally:
        peer.close()
    assert shop("webhooks", "out", "rotate", made["id"], "--json").document["secret"] != made["secret"]
    told = shop("webhooks", "out", "deliveries", "--json").document["messages"]
    assert {one["state"] for one in told} == {"sent", "waiting"}
    assert shop("webhooks", "out", "remove", made["id"], "--yes").code == Code.DONE
    [one] = shop("webhooks", "out", "list", "--json").document["targets"]
    assert one["closed_at"] is not None
