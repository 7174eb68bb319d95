"""The OpenAPI document tells the whole truth about the API."""

import json
import re
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from tests.web.asking import ask

from goodwill.purposes import shipped
from goodwill.web.application import ENDPOINTS, OPERATIONS, application
from goodwill.web.centre.pages import PAGES
from goodwill.web.desk import Endpoint
from goodwill.web.openapi import document
from goodwill.web.straight import Straight

KEYED = [operation for operation in OPERATIONS if operation.scopes]
STAFFED = [operation for operation in OPERATIONS if operation.may is not None and not operation.scopes]


@pytest.fixture
def client_of(one_application):
    return one_application


@pytest.fixture(scope="module")
def doc() -> dict[str, Any]:
    return document(OPERATIONS, shipped(), base_url="https://shop.example", shop="Corner café")


def described(doc):
    return {(method.upper(), path): one for path, methods in doc["paths"].items() for method, one in methods.items()}


def test_every_route_that_answers_is_described_and_no_other(quiet_shop, doc, monkeypatch):
    monkeypatch.setattr("goodwill.web.application.Litestar", Litestar)  # itself, whose routes can be listed
    inside = application(quiet_shop)._inside
    assert isinstance(inside, Straight)  # a few operations go past the framework, which serves them too
    inside = inside._inside
    assert isinstance(inside, Litestar)
    served = {
        (method, re.sub(r":\w+}", "}", route.path))
        for route in inside.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if not handler.opt.get("page")  # forms for people
        for method in handler.http_methods
        if method not in ("OPTIONS", "HEAD")
    }
    for_people = {(page.method, page.path) for page in PAGES}  # the privacy centre is no interface for programs
    assert served == set(described(doc)) | for_people
    assert not for_people & set(described(doc))


def test_every_reference_leads_somewhere(doc):
    for ref in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(doc)):
        place = doc
        for step in ref.split("/"):
            place = place[step]
        assert place


def test_every_shape_is_used(doc):
    text = json.dumps(doc)
    for name in doc["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_operations_are_complete(doc):
    operations = described(doc)
    assert len({one["operationId"] for one in operations.values()}) == len(operations)
    tags = {tag["name"] for tag in doc["tags"]}
    for (method, path), one in operations.items():
        assert one["summary"]
        assert one["description"]
        assert set(one["tags"]) <= tags
        assert "200" in one["responses"]
        assert ("requestBody" in one) == (method == "POST"), path
        in_path = set(re.findall(r"{(\w+)}", path))
        assert {one["name"] for one in one.get("parameters", ()) if one["in"] == "path"} == in_path
        for answer in one["responses"].values():
            assert answer["description"]
            assert "X-Request-Id" in answer["headers"]


def test_security_is_told_for_every_operation(doc):
    for operation in OPERATIONS:
        told = described(doc)[operation.method, operation.path]["security"]
        assert {scope for line in told for scope in line.get("bearer", [])} == {
            str(scope) for scope in (*operation.scopes, *operation.more_with)
        }
        assert ({"session": []} in told) == (operation.may is not None)
        assert set(doc["components"]["securitySchemes"]) == {"bearer", "basic", "session"}


def test_every_keyed_operation_tells_its_errors_as_problem_documents(doc):
    for operation in KEYED:
        responses = described(doc)[operation.method, operation.path]["responses"]
        assert {"401", "403", "409", "410", "422", "429", "500", "503"} <= responses.keys()
        if operation.has_body:
            assert {"400", "413", "415"} <= responses.keys()
        for status, answer in responses.items():
            promised = [operation.media, *operation.also] if status == "200" else ["application/problem+json"]
            assert list(answer["content"]) == promised


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.operation.name)
def test_examples_are_good_requests(endpoint: Endpoint):
    if endpoint.operation.has_body:
        endpoint.decoder.decode(json.dumps(endpoint.operation.example))


KINDS: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


def fits(value: Any, schema: dict[str, Any], doc: dict[str, Any]) -> bool:
    """Whether a value fits a schema; the part of JSON Schema that our shapes use."""
    if "$ref" in schema:
        return fits(value, doc["components"]["schemas"][schema["$ref"].rpartition("/")[2]], doc)
    if "anyOf" in schema:
        return any(fits(value, choice, doc) for choice in schema["anyOf"])
    if "type" not in schema:
        return True
    if schema["type"] == "array":
        return isinstance(value, list) and all(fits(one, schema["items"], doc) for one in value)
    if schema["type"] == "object":
        return isinstance(value, dict) and fits_object(value, schema, doc)
    if not isinstance(value, KINDS[schema["type"]]) or (isinstance(value, bool) and schema["type"] != "boolean"):
        return False
    return "minimum" not in schema or bool(schema["minimum"] <= value)


def fits_object(value: dict[str, Any], schema: dict[str, Any], doc: dict[str, Any]) -> bool:
    if "properties" not in schema:
        return all(fits(one, schema.get("additionalProperties", {}), doc) for one in value.values())
    known = schema["properties"]
    if not set(schema.get("required", ())) <= value.keys() <= known.keys():
        return False
    return all(fits(one, known[name], doc) for name, one in value.items())


# Which a shop that nobody changes cannot answer well.
CHANGES = (
    "begin_session", "unmerge", "remove_segment", "click", "redemption", "claim", "verdict", "offpolicy", "tell_taste",
)  # fmt: skip
WITHOUT_STAFF = [one for one in OPERATIONS if (one.scopes or one.free) and one.name not in CHANGES]


@pytest.mark.parametrize("operation", WITHOUT_STAFF, ids=lambda operation: operation.name)
def test_answers_fit_the_shapes_that_were_promised(quiet, doc, operation):
    decision = quiet.post("/api/v1/decide", json={"person": {"user_id": "amina"}}).json()["decision"]
    answer = ask(quiet, operation, decision=decision)
    promised = described(doc)[operation.method, operation.path]["responses"][str(answer.status_code)]
    assert answer.status_code == 200
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in promised["content"]
    if operation.gives is not None:
        assert fits(answer.json(), promised["content"][kind]["schema"], doc)
        assert not fits({**answer.json(), "more": 1}, promised["content"][kind]["schema"], doc)


@pytest.mark.parametrize("operation", [*KEYED, *STAFFED], ids=lambda operation: operation.name)
def test_refusals_fit_too(quiet_shop, client_of, doc, operation):
    answer = ask(client_of(quiet_shop), operation)
    promised = described(doc)[operation.method, operation.path]["responses"][str(answer.status_code)]
    assert fits(answer.json(), promised["content"]["application/problem+json"]["schema"], doc)


def test_the_document_is_served_and_names_its_own_server(client):
    served = client.get("/api/openapi.json").json()
    assert served["openapi"].startswith("3.1")
    assert served["servers"] == [{"url": "https://shop.example"}]
    assert served["info"]["title"].startswith("Corner café")
