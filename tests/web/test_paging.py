"""Long answers come in pages: each names the next, and together they hold everything once."""

from typing import Any

import pytest
from tests.web.conftest import Client


def pages(client: Client, path: str, name: str, limit: int) -> list[list[Any]]:
    """Follow `Link` from the first page to the last."""
    found = []
    where: str | None = f"{path}?limit={limit}"
    while where is not None:
        answer = client.get(where)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()[name])
        link = answer.links.get("next")
        assert link is None or link["url"].startswith("https://shop.example/api/v1/people/")
        where = link["url"].removeprefix("https://shop.example") if link is not None else None
    return found


@pytest.fixture
def decided(client, clock) -> list[str]:
    """The ids of Amina's decisions, latest first."""
    made = []
    for _ in range(7):
        clock.turn(seconds=1)
        made.append(client.post("/api/v1/decide", json={"person": {"user_id": "amina"}, "count": 1}).json()["decision"])
    return made[::-1]


def test_the_pages_of_the_ledger_hold_every_row_once_in_order(client):
    path = "/api/v1/people/amina/consents"
    (whole,) = pages(client, path, "consents", 1000)
    in_pages = pages(client, path, "consents", 7)
    assert [len(page) for page in in_pages[:-1]] == [7] * (len(in_pages) - 1)
    assert [row for page in in_pages for row in page] == whole
    assert len(in_pages) > 2


def test_the_pages_of_decisions_hold_each_once_latest_first(client, decided):
    in_pages = pages(client, "/api/v1/people/amina/decisions", "decisions", 3)
    assert [len(page) for page in in_pages] == [3, 3, 1]
    assert [decision["decision"] for page in in_pages for decision in page] == decided


def test_what_is_decided_meanwhile_moves_nothing_between_pages(client, decided):
    first = client.get("/api/v1/people/amina/decisions", params={"limit": 3})
    client.post("/api/v1/decide", json={"person": {"user_id": "amina"}})
    then = client.get(first.links["next"]["url"].removeprefix("https://shop.example"))
    assert [decision["decision"] for decision in then.json()["decisions"]] == decided[3:6]


def test_the_last_page_leads_nowhere(client, decided):
    assert "link" not in client.get("/api/v1/people/amina/decisions", params={"limit": 7}).headers
    assert "link" in client.get("/api/v1/people/amina/decisions", params={"limit": 6}).headers


def test_an_id_with_odd_signs_stays_one_part_of_the_next_address(client):
    odd = "b c?é"
    client.post("/api/v1/consent", json={"person": {"user_id": odd}, "purpose": "recommendations", "yes": True})
    first = client.get("/api/v1/people/b%20c%3F%C3%A9/consents", params={"limit": 2})
    assert client.get(first.links["next"]["url"].removeprefix("https://shop.example")).status_code == 200


@pytest.mark.parametrize("path", ["consents", "decisions"])
@pytest.mark.parametrize("cursor", ["nonsense", "aaaaaaaaaaaaz", "d'--"])
def test_a_cursor_that_leads_nowhere_is_refused_by_name(client, path, cursor):
    answer = client.get(f"/api/v1/people/amina/{path}", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "cursor"


def test_one_persons_cursor_does_not_open_anothers_list(client, decided):
    assert client.get("/api/v1/people/chiara/decisions", params={"cursor": decided[0]}).status_code == 422
    assert client.get("/api/v1/people/nobody/decisions", params={"cursor": decided[0]}).status_code == 404


def test_the_reference_tells_of_limit_cursor_and_link(client):
    described = client.get("/api/openapi.json").json()["paths"]
    for name in ("consents", "decisions"):
        one = described[f"/api/v1/people/{{id}}/{name}"]["get"]
        assert {"limit", "cursor"} <= {parameter["name"] for parameter in one["parameters"]}
        assert "Link" in one["responses"]["200"]["headers"]
