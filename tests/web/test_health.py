from goodwill.web.application import REQUESTS_A_MINUTE


def test_alive_and_ready(client):
    assert client.get("/healthz").json()["status"] == "alive"
    assert client.get("/readyz").json() == {"ready": True}
    assert client.head("/healthz").content == b""


def test_a_shop_that_cannot_answer_says_why_and_stays_alive(shop, client, monkeypatch):
    reasons = ["KeyMissing: The key store does not open: keys.db is missing.", "The tables are of an older version."]
    monkeypatch.setattr(type(shop), "ready", lambda _: reasons)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert [fault["detail"] for fault in answer.json()["errors"]] == [
        "The key store does not open: keys.db is missing.",
        "The tables are of an older version.",
    ]
    assert answer.headers["retry-after"] == "5"
    assert client.get("/healthz").status_code == 200


def test_what_a_driver_says_about_its_host_is_not_shown_to_everybody(shop, client, monkeypatch):
    monkeypatch.setattr(
        type(shop), "ready", lambda _: ["OperationalError: connection to db.inside, user goodwill failed"]
    )
    answer = client.get("/readyz")
    assert "db.inside" not in answer.text
    assert "doctor" in answer.text


def test_a_closed_database_is_not_ready(quiet_shop, client_of, monkeypatch):
    from goodwill.storage import Database

    def away(_):
        raise OSError("no such file")

    monkeypatch.setattr(Database, "reading", away)
    assert client_of(quiet_shop).get("/readyz").status_code == 503


def test_the_default_pace_lets_a_busy_shop_through():
    assert REQUESTS_A_MINUTE >= 6_000
