"""Figures over HTTP: listed with what may be asked of each, told as they are kept, refused in sentences."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.small_shop import bakery
from tests.web.conftest import MakeClient

from goodwill.collect import imports
from goodwill.shop.measures import NAMES
from goodwill.shop.report_pdf import printed
from goodwill.storage import Database
from goodwill.web.store import Scope


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock):
    with bakery(database, tmp_path, clock).shop as made:
        yield made


@pytest.fixture
def client(shop, client_of: MakeClient, clients: ExitStack):
    yield client_of(shop, Scope.READ)
    clients.close()


def test_all_measures_are_listed_with_their_options(client):
    listed = {one["name"]: one for one in client.get("/api/v1/measures").json()["measures"]}
    assert sorted(listed) == list(NAMES)
    assert {option["name"] for option in listed["clv"]["options"]} >= {"horizon", "margin"}


def test_a_figure_is_the_one_of_the_library_and_stays_as_it_was_told(client, shop):
    told = client.get("/api/v1/measures/repeat-purchase", params={"window": "28"}).json()
    assert told["headline"]["coverage"]["counted"] == 33, "all but Dev, who bought nothing"
    assert told["headline"]["value"] == 1
    assert told["query"].endswith("--window 28")
    mine = shop.measures.answer("repeat-purchase", window=28).to_dict()
    assert {name: told[name] for name in mine} == mine
    assert client.get("/api/v1/measures/repeat-purchase?window=28").json() == told


def test_what_cannot_be_asked_is_refused(client):
    wrong = client.get("/api/v1/measures/repeat-purchase", params={"windw": "14"})
    assert (wrong.status_code, "Did you mean 'window'" in wrong.text) == (422, True)
    assert client.get("/api/v1/measures/repeat-purchase", params={"at": "2199-01-01"}).status_code == 422
    assert client.get("/api/v1/measures/nothing-such").status_code == 404
    meter = client.get("/api/v1/measures/minimisation")
    assert (meter.status_code, "Ask with: goodwill measure minimisation" in meter.text) == (404, True)


def test_a_part_of_the_path_is_no_parameter_and_is_not_called_given_twice(client):
    wrong = client.get("/api/v1/measures/repeat-purchase", params={"name": "x"})
    assert (wrong.status_code, "'name' is part of the path here, and no parameter" in wrong.text) == (422, True)
    twice = client.get("/api/v1/measures/repeat-purchase?at=2026-11-01&at=2026-11-08")
    assert (twice.status_code, "'at' is given more than once" in twice.text) == (422, True)


def test_a_figure_in_money_that_is_refused_has_the_currency_for_its_unit(client):
    refused = client.get("/api/v1/measures/before-after", params={"since": "2026-11-01"}).json()
    assert refused["headline"]["refused"]
    assert refused["headline"]["unit"] == "EUR"


def test_what_a_new_customer_costs_says_how_where_nothing_was_worked_out(client):
    told = client.get("/api/v1/measures/cac").json()
    ways = {one["method"] for one in (told["headline"], *told["others"]) if one["refused"]}
    assert "Nothing was worked out." in ways
    assert "Nothing." not in ways


def test_what_has_to_be_said_is_asked_for(client):
    lacking = client.get("/api/v1/measures/before-after")
    assert (lacking.status_code, "Say since: the day on which it began" in lacking.text) == (422, True)
    told = client.get("/api/v1/measures/before-after", params={"since": "2026-09-07", "weeks": "1"}).json()
    assert told["headline"]["value"] is not None or told["headline"]["refused"]
    assert told["query"].endswith("--since 2026-09-07 --weeks 1")


def test_a_key_without_the_scope_reads_none(shop, client_of: MakeClient, clients: ExitStack):
    with clients:
        assert client_of(shop, Scope.DECIDE).get("/api/v1/measures/revenue").status_code == 403


def test_the_report_comes_on_paper_too(shop, client):
    paper = client.get("/api/v1/report", params={"format": "pdf"})
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    assert paper.content == printed(shop.report())
    assert f"return-{shop.report().until}.pdf" in paper.headers["content-disposition"]


def test_a_report_of_no_day_or_without_the_scope_is_refused(shop, client_of: MakeClient, clients: ExitStack):
    with clients:
        assert client_of(shop, Scope.DECIDE).get("/api/v1/report").status_code == 403
        for wrong in ({"at": "2199-01-01"}, {"at": "soon"}, {"format": "docx"}, {"bogus": "1"}):
            assert client_of(shop, Scope.READ).get("/api/v1/report", params=wrong).status_code == 422


def test_a_length_of_time_is_one_of_a_few_steps(client):
    """With free lengths two figures tell by their difference what one person paid."""
    wrong = client.get("/api/v1/measures/revenue", params={"days": "13"})
    assert (wrong.status_code, "0, 7, 28, 91, 182, 364 or 728, not '13'" in wrong.text) == (422, True)
    listed = {one["name"]: one for one in client.get("/api/v1/measures").json()["measures"]}
    days = next(option for option in listed["revenue"]["options"] if option["name"] == "days")
    assert "7, 28, 91, 182, 364 or 728" in days["help"]


def test_a_length_that_tells_one_person_apart_is_withheld_in_words(client, shop, tmp_path):
    """All thirty-three come every week; Dev came once, before the last of them."""
    path = tmp_path / "dev.csv"
    path.write_text("order_id,customer_id,ordered_at,total\nD1,dev,2026-10-28 10:00,77.77\n")
    assert shop.intake.run(imports.plan([path]), rejects_to=tmp_path / "rejects.csv").rejected == 0
    asked = [client.get("/api/v1/measures/revenue", params={"days": days}).json() for days in ("0", "28", "91")]
    assert [one["headline"]["n"] for one in asked] == [33, None, None]
    assert [one["headline"]["suppressed"] for one in asked] == [False, True, True]
    assert all("fewer than 10 people did" in one["headline"]["refused"] for one in asked[1:])
