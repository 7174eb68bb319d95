"""Notices over HTTP: fetched with a snapshot, answered with it, read again by their hash; signals are honoured."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.conftest import FakeClock
from tests.shop.test_notices import SELLING
from tests.web.conftest import Client, MakeClient

from goodwill.app import create_shop
from goodwill.consent import Asked
from goodwill.purposes import SHIPPED
from goodwill.shop import Shop, Who
from goodwill.storage import Database, metadata
from goodwill.web.store import Scope

AMINA, BRUNO = {"user_id": "amina"}, {"user_id": "bruno"}


def current(client: Client, **asked: str) -> dict[str, Any]:
    answer = client.get("/api/v1/notices/current", params=asked)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def consent(client: Client, **more: Any) -> Any:
    body = {"person": BRUNO, "purpose": "recommendations", "categories": ["purchases"], "yes": True, **more}
    return client.post("/api/v1/consent", json=body)


def lines(client: Client, person: str = "bruno") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get(f"/api/v1/people/{person}/consents").json()["consents"]
    return rows


def test_a_notice_comes_word_for_word_in_the_nearest_language(client):
    notice = current(client, language="de-AT", region="AT")
    assert (notice["language"], notice["notice"], notice["labels"]["refuse"]) == ("de", "banner", "Alles ablehnen")
    assert notice["purposes"][0]["categories"][0] == {
        "category": "purchases",
        "sentence": "Was Sie gekauft haben, wann und für wie viel",
    }
    assert notice["reference"] == f"banner@{notice['version']}#{notice['hash']}"


def test_an_answer_with_the_snapshot_is_proven_and_leads_to_the_words(client):
    notice = current(client, language="de")
    receipt = consent(client, snapshot=notice["snapshot"]).json()
    assert (receipt["state"], receipt["notice"]) == ("given", notice["reference"])
    (row,) = lines(client)
    assert (row["evidence"], row["asked"]["language"]) == ("proven", "de")
    again = client.get(f"/api/v1/notices/shown/{row['notice'].partition('#')[2]}").json()
    assert {name: again[name] for name in ("title", "text", "purposes")} == {
        name: notice[name] for name in ("title", "text", "purposes")
    }
    assert "snapshot" not in again


def test_without_a_snapshot_everything_is_as_it_was(client):
    receipt = consent(client, notice="checkout-2026-11", asked={"how": "checkout", "words": "Suggest things"}).json()
    assert (receipt["state"], receipt["notice"]) == ("given", "checkout-2026-11")
    (row,) = lines(client)
    assert (row["evidence"], row["asked"]["words"]) == ("claimed", "Suggest things")


def test_the_same_answer_again_gives_the_same_receipt(client):
    snapshot = current(client)["snapshot"]
    first = consent(client, snapshot=snapshot, categories=None).json()
    assert consent(client, snapshot=snapshot, categories=None).json() == first
    assert len(first["positions"]) == 4


@pytest.mark.parametrize("snapshot", ["nonsense", "WyJiYW5uZXIiXQ.AAAA"])
def test_a_bad_snapshot_is_refused_by_name_and_nothing_is_written(client, shop, snapshot):
    answer = consent(client, snapshot=snapshot)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["pointer"], fault["found"]) == ("#/snapshot", "changed")
    assert shop.find("bruno") is None


def test_a_no_needs_no_snapshot_that_holds(client):
    answer = consent(client, person=AMINA, snapshot="nonsense", yes=False)
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert not client.get("/api/v1/can", params={**AMINA, "purpose": "recommendations"}).json()["categories"][0][
        "allowed"
    ]


def test_a_snapshot_made_for_somebody_serves_nobody_else(client):
    snapshot = current(client, user_id="bruno")["snapshot"]
    assert consent(client, person={"user_id": "dev"}, snapshot=snapshot).json()["errors"][0]["found"] == "other-person"
    assert consent(client, snapshot=snapshot).json()["state"] == "given"


def test_a_snapshot_of_another_shop_is_refused(client, quiet):
    assert consent(client, snapshot=current(quiet)["snapshot"]).json()["errors"][0]["found"] == "changed"


def test_a_snapshot_says_the_words_so_nobody_else_may(client):
    answer = consent(client, snapshot=current(client)["snapshot"], notice="mine")
    assert answer.json()["errors"][0]["pointer"] == "#/notice"


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ({"language": "German!"}, 422, "language"),
        ({"region": "california"}, 422, "region"),
        ({"user_id": "a", "anonymous_id": "b"}, 422, "user_id"),
        ({"notice": "footer"}, 404, None),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_place(client, query, status, parameter):
    answer = client.get("/api/v1/notices/current", params=query)
    assert answer.status_code == status
    if parameter:
        assert answer.json()["errors"][0]["parameter"] == parameter


def test_words_that_were_never_shown_are_not_found(client):
    assert client.get(f"/api/v1/notices/shown/{'0' * 64}").status_code == 404


def test_a_yes_to_news_waits_for_its_confirmation(client, shop):
    with shop.database.transaction() as connection:
        from goodwill import people

        people.identify(connection, shop.cipher, {"user_id": "bruno", "email": "bruno@example.org"}, now=shop.clock())
    snapshot = current(client)["snapshot"]
    receipt = consent(client, purpose="email-marketing", categories=["contact"], snapshot=snapshot).json()
    assert receipt["state"] == "requested"
    assert not client.get("/api/v1/can", params={**BRUNO, "purpose": "email-marketing"}).json()["allowed"]


def test_a_claimed_yes_to_news_waits_too_unless_the_address_was_confirmed_elsewhere(client, shop):
    with shop.database.transaction() as connection:
        from goodwill import people

        people.identify(connection, shop.cipher, {"user_id": "bruno", "email": "bruno@example.org"}, now=shop.clock())
    asked, before = {"how": "checkout"}, shop.post.counts().get("waiting", 0)
    receipt = consent(client, purpose="email-marketing", categories=["contact"], asked=asked).json()
    assert receipt["state"] == "requested"
    (note,) = receipt["notes"]
    assert "counts once the code from a letter to the person's address is typed in" in note
    assert "no mail server is set (smtp_host)" in note
    assert shop.post.counts() == {"waiting": before + 1}
    assert not client.get("/api/v1/can", params={**BRUNO, "purpose": "email-marketing"}).json()["allowed"]
    asked["confirmed_at"] = "2026-03-01T10:00:00Z"
    receipt = consent(client, purpose="email-marketing", categories=["contact"], asked=asked).json()
    assert (receipt["state"], "notes" in receipt) == ("given", False)
    assert lines(client)[-1]["asked"]["confirmed_at"] == "2026-03-01T10:00:00Z"
    assert client.get("/api/v1/can", params={**BRUNO, "purpose": "email-marketing"}).json()["allowed"]


@pytest.mark.parametrize(
    "moment", ["2026-03-01", "2026-03-01T10:00:00", "2026-13-01T10:00:00Z", "2027-01-01T00:00:00Z"]
)
def test_what_is_no_moment_that_has_been_confirms_nothing(client, shop, moment):
    answer = consent(client, purpose="email-marketing", asked={"how": "checkout", "confirmed_at": moment})
    assert answer.status_code == 422
    assert shop.find("bruno") is None or shop.consents("bruno") == []


def test_a_snapshot_is_confirmed_here_and_nowhere_else(client):
    asked = {"how": "banner", "confirmed_at": "2026-03-01T10:00:00Z"}
    answer = consent(client, snapshot=current(client)["snapshot"], asked=asked)
    assert answer.json()["errors"][0]["pointer"] == "#/asked/confirmed_at"


def test_a_notice_says_whether_somebody_of_the_shop_stands_for_it(client, shop):
    assert current(client)["origin"] == "starter"
    shop.notices.sign_off("banner", "en", by="Amina Winter")
    shop.notices.publish("banner", "en")
    assert current(client)["origin"] == "shop"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.none(),
        st.text(max_size=5),
        st.integers(),
        st.floats(allow_nan=False),
        st.lists(st.booleans(), max_size=3),
    )
)
def test_nothing_but_true_is_a_yes(quiet, quiet_shop, answer):
    body = {"person": {"user_id": "erik"}, "purpose": "recommendations", "yes": answer}
    assert quiet.post("/api/v1/consent", json=body).status_code == 422
    assert quiet_shop.find("erik") is None


def test_leaving_the_answer_out_is_no_yes(quiet, quiet_shop):
    body = {"person": {"user_id": "erik"}, "purpose": "recommendations"}
    assert quiet.post("/api/v1/consent", json=body).status_code == 422
    assert quiet_shop.find("erik") is None


# ---- privacy signals -------------------------------------------------------------------------------------------------

HEARD = {"Sec-GPC": "1"}


def test_the_shop_says_that_it_honours_the_signal(client_of, quiet_shop):
    answer = client_of(quiet_shop).get("/.well-known/gpc.json")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == {"gpc": True, "lastUpdate": "2026-11-28"}


def test_the_header_is_honoured_and_said_with_every_answer(client, shop):
    answers = [
        client.post("/api/v1/decide", json={"person": AMINA}, headers=HEARD).json(),
        client.get("/api/v1/can", params={**AMINA, "purpose": "recommendations"}, headers=HEARD).json(),
        client.post("/api/v1/consent", json={"person": AMINA, "purpose": "offers", "yes": True}, headers=HEARD).json(),
    ]
    for answer in answers:
        assert "honoured" in answer["notes"][0]
    assert shop.notices.signalled("amina") is not None
    assert lines(client, "amina")[-1]["asked"]["despite"] == "gpc"


@pytest.fixture
def seller(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    """A shop that tailors its pages until somebody objects."""
    home = tmp_path / "seller"
    home.mkdir()
    (home / "register.toml").write_text(SHIPPED.read_text("utf-8") + SELLING, encoding="utf-8")
    where = database.url or f"sqlite:///{database.file}"
    opened = create_shop(home, clock=clock, database=where, columns="database", purposes="register.toml")
    yield opened
    opened.close()


def everything(shop: Shop) -> dict[str, list[str]]:
    """All rows of all tables but those that tell who looked."""
    tables = {name: table for name, table in metadata.tables.items() if name not in ("reads", "api_keys")}
    with shop.database.reading() as connection:
        return {
            name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for name, table in tables.items()
        }


def test_asking_with_the_header_is_answered_as_if_it_were_written_down_and_writes_nothing(client_of, seller, clock):
    client = client_of(seller, Scope.CONSENT, Scope.DECIDE, Scope.READ)
    seller.grant("amina", "tailoring", asked=Asked("till"))
    seller.grant("dev", "recommendations", asked=Asked("till"), yes=False)
    clock.turn(seconds=1)
    before = everything(seller)
    for person, purpose, plainly in (
        ("amina", "tailoring", True),
        ("dev", "tailoring", True),
        ("amina", "statistics", True),
    ):
        asked = {"user_id": person, "purpose": purpose}
        assert client.get("/api/v1/can", params=asked).json()["allowed"] is plainly
        answer = client.get("/api/v1/can", params=asked, headers=HEARD).json()
        assert (answer["allowed"], answer["reason"]) == (
            (True, "allowed") if purpose == "statistics" else (False, "objected")
        )
        assert "Asking writes nothing down" in answer["notes"][0]
    for path in (
        "/api/v1/notices/current?language=de", "/api/v1/people/amina/consents", "/api/v1/people/amina/decisions",
        "/.well-known/gpc.json", "/privacy", "/privacy/ask",
    ):  # fmt: skip
        assert client.get(path, headers=HEARD).status_code == 200, path
    assert everything(seller) == before
    client.post("/api/v1/decide", json={"person": AMINA}, headers=HEARD)
    assert everything(seller)["signals"] != before["signals"]


def test_nobody_becomes_known_by_the_header(client, shop):
    notes = client.post("/api/v1/decide", json={"person": {"anonymous_id": "passer-by"}}, headers=HEARD).json()["notes"]
    assert "nobody is known" in notes[0]
    assert shop.find(Who(anonymous_id="passer-by")) is None
    assert "nobody was named" in client.post("/api/v1/decide", json={}, headers=HEARD).json()["notes"][0]


@pytest.mark.parametrize("proven", [True, False])
def test_a_first_word_that_comes_with_the_header_is_said_despite_it_and_lasts(client, shop, proven):
    body = {"person": BRUNO, "purpose": "offers" if not proven else "recommendations", "yes": True}
    more = {"snapshot": current(client)["snapshot"]} if proven else {}
    client.post("/api/v1/consent", json=body | more, headers=HEARD)
    first = shop.notices.signalled("bruno").first_at
    rows = [row for row in shop.consents("bruno") if row.purpose == body["purpose"]]
    assert all(row.said_at >= first for row in rows)
    assert lines(client)[-1]["asked"]["despite"] == "gpc"
    for law in ("US-CA", "DE"):
        assert shop.notices.signal("bruno", regime=shop.regimes.of(law)).objected == ()


def test_without_the_header_nothing_is_said_of_it(client):
    assert "notes" not in client.get("/api/v1/can", params={**AMINA, "purpose": "offers"}).json()
    assert "notes" not in client.post("/api/v1/decide", json={"person": AMINA}, headers={"Sec-GPC": "0"}).json()


def test_a_script_can_pass_the_signal_on_and_cannot_take_it_back(client, shop):
    said = client.post("/api/v1/signals", json={"person": {"anonymous_id": "d1"}, "region": "US-CA"}).json()
    assert said["honoured"] is True
    assert said["since"] == "2026-11-22T09:00:00Z"
    undone = client.post("/api/v1/signals", json={"person": {"anonymous_id": "d1"}, "on": False}).json()
    assert (undone["honoured"], undone["objected"]) == (True, [])
    never = client.post("/api/v1/signals", json={"person": {"anonymous_id": "d2"}, "on": False}).json()
    assert (never["honoured"], never["since"]) == (False, None)
    assert shop.find(Who(anonymous_id="d2")) is None


@pytest.mark.parametrize("body", [{"person": {}}, {"person": AMINA, "how": "pigeon"}, {"person": AMINA, "region": "x"}])
def test_a_signal_that_makes_no_sense_is_refused(client, body):
    assert client.post("/api/v1/signals", json=body).status_code == 422


def test_only_a_key_for_consent_may_pass_a_signal_on(client_of: MakeClient, shop: Shop):
    assert client_of(shop, Scope.READ).post("/api/v1/signals", json={"person": AMINA}).status_code == 403
