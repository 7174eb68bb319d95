"""Every error leaves as a problem document (RFC 9457) and tells nothing of the inside."""

import json
import re

import msgspec
import pytest
from sqlalchemy.exc import OperationalError

from goodwill.basics import errors
from goodwill.web.problems import ALL, INTERNAL, ProblemDocument, problem_of

ERRORS = {
    errors.BadInput("x"): 422,
    errors.BadFile("x"): 422,
    errors.CannotTell("x"): 422,
    errors.NotFound("x"): 404,
    errors.Refused("x"): 403,
    errors.NoConsent("offers", "withdrawn"): 403,
    errors.TooFew(3, 10, "statistics"): 403,
    errors.LeftAlone(): 403,
    errors.Quarantined("x"): 403,
    errors.Conflict("x"): 409,
    errors.Broken("x"): 409,
    errors.Busy("x"): 503,
    errors.KeyDestroyed("x"): 410,
    errors.KeyMissing("x"): 503,
    errors.Overflow("x"): 500,
    OperationalError("select secret from vault", {}, Exception("host db.inside")): 503,
    ValueError("amina@example.org is odd"): 500,
}


@pytest.fixture
def client_of(one_application):
    return one_application


@pytest.mark.parametrize(("error", "status"), ERRORS.items(), ids=lambda value: type(value).__name__)
def test_each_error_has_its_status(error, status):
    assert problem_of(error).kind.status == status


def test_every_error_of_the_house_has_a_status_of_its_own_choosing():
    ours = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.GoodwillError)}
    assert ours - {errors.GoodwillError} == {type(error) for error in ERRORS if isinstance(error, errors.GoodwillError)}


@pytest.mark.parametrize("error", [error for error in ERRORS if not isinstance(error, errors.GoodwillError)])
def test_what_others_raised_is_not_quoted(error):
    document = problem_of(error).document("r", "").decode()
    for inside in ("vault", "db.inside", "amina"):
        assert inside not in document


def test_kinds_have_names_of_their_own():
    assert len({kind.slug for kind in ALL}) == len(ALL)


WRONG = {
    "no such address": ("GET", "/api/v1/nothing", {}, 404),
    "another method": ("DELETE", "/api/v1/consent", {}, 405),
    "no key": ("GET", "/api/v1/can", {"Authorization": ""}, 401),
    "missing parameters": ("GET", "/api/v1/can", {}, 422),
    "not JSON": ("POST", "/api/v1/decide", {"content": b"{", "Content-Type": "application/json"}, 400),
    "a form": ("POST", "/api/v1/decide", {"content": b"a=1", "Content-Type": "application/x-www-form-urlencoded"}, 415),
    "too large": ("POST", "/api/v1/decide", {"content": b" " * 600_000, "Content-Type": "application/json"}, 413),
}


@pytest.mark.parametrize(("method", "path", "more", "status"), WRONG.values(), ids=WRONG.keys())
def test_errors_are_problem_documents_with_the_request_id(quiet, method, path, more, status):
    headers = {name: value for name, value in more.items() if name != "content"}
    answer = quiet.request(method, path, content=more.get("content"), headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = msgspec.json.decode(answer.content, type=ProblemDocument)
    assert problem.status == status
    assert problem.instance == answer.headers["x-request-id"]
    assert problem.title
    assert problem.detail
    assert problem.help
    explained = quiet.get(problem.kind.removeprefix("http://127.0.0.1:8400"))
    assert explained.status_code == 200
    assert f"<h1>{problem.title}</h1>" in explained.text
    assert problem.help.replace("`", "") in re.sub("</?code>", "", explained.text)


def test_405_says_what_works(quiet):
    assert "POST" in quiet.delete("/api/v1/consent").headers["allow"]


def test_what_breaks_inside_is_a_500_without_its_words_and_the_log_says_where(
    quiet_shop, client_of, lines, monkeypatch
):
    def breaks(*_, **__):
        raise ZeroDivisionError("amina@example.org divided by nothing")

    monkeypatch.setattr(type(quiet_shop), "can", breaks)
    answer = client_of(quiet_shop, "read").get("/api/v1/can?user_id=amina&purpose=offers")
    assert answer.status_code == 500
    assert answer.json()["type"].endswith(f"/api/problems/{INTERNAL.slug}")
    assert "amina" not in answer.text + lines.getvalue()
    broke = next(line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "broke")
    assert broke["error"] == "ZeroDivisionError"
    assert "breaks" in broke["where"]
    assert broke["request"] == answer.headers["x-request-id"]


def test_a_conflict_and_a_database_that_is_away_are_told_apart(quiet_shop, client_of, monkeypatch):
    client = client_of(quiet_shop, "read")
    raised = [errors.Conflict("already done"), OperationalError("x", {}, Exception())]

    def fails(*_, **__):
        raise raised.pop(0)

    monkeypatch.setattr(type(quiet_shop), "can", fails)
    conflict, away = (client.get("/api/v1/can?user_id=amina&purpose=offers") for _ in range(2))
    assert conflict.status_code == 409
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")


def test_no_consent_is_a_403_that_says_what_to_offer(quiet_shop, client_of, monkeypatch):
    def refused(*_, **__):
        raise errors.NoConsent("recommendations", "withdrawn")

    monkeypatch.setattr(type(quiet_shop), "decisions", refused)
    answer = client_of(quiet_shop, "read").get("/api/v1/people/amina/decisions")
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/api/problems/no-consent")
    assert "what everyone gets" in answer.json()["detail"]
