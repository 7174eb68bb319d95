"""The OpenAPI 3.1 document, built from the same operations that the router serves; so the two cannot differ."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from goodwill import __version__
from goodwill.purposes import Register
from goodwill.staff.roles import MAY, Role
from goodwill.web import problems
from goodwill.web.desk import Operation
from goodwill.web.problems import Kind, ProblemDocument
from goodwill.web.store import SCOPES

Json = dict[str, Any]

_TAGS = {
    "Decide": "What to show to whom, and why.",
    "Consent": "What a person allows, and what the ledger has written down.",
    "People": "What is known about one person.",
    "Segments": "Rules that say for whom something is meant, and how many people that is.",
    "Collecting": "What programs and pages send in, and what became of it.",
    "Webhooks": "What the shop's other systems send by themselves, and whom it tells of what happens.",
    "Measures": "How well the shop does what it promises, with the range of each figure.",
    "Requests": "What customers ask for: copies, corrections, erasure; and the clock that runs.",
    "Staff": "Who works here: sessions, accounts, approvals, the audit log. Opened by signing in, not by a key.",
    "Running": "For whoever runs this shop.",
    "Reading": "Pages and documents.",
}
_WITH_KEY = (
    problems.NO_KEY, problems.KEY_SCOPE, problems.CONFLICT, problems.GONE, problems.BAD_INPUT, problems.TOO_MANY,
    problems.AWAY_NOW,
)  # fmt: skip
_WITH_SESSION = (
    problems.NOT_SIGNED_IN, problems.ROLE, problems.SECOND_FACTOR, problems.FORGED, problems.CONFLICT, problems.GONE,
    problems.BAD_INPUT, problems.TOO_MANY, problems.AWAY_NOW,
)  # fmt: skip
_WITH_BODY = (problems.MALFORMED, problems.TOO_LARGE, problems.MEDIA)


def document(operations: Iterable[Operation], register: Register, *, base_url: str, shop: str) -> Json:
    """The whole document.

    Args:
        register: the purposes and data categories that may be named in this shop.
        base_url: where this shop is reached; "" stands for wherever the document came from.
        shop: the shop's name, for the title.
    """
    operations = tuple(operations)
    schemas, refs = _schemas(operations)
    _complete(schemas, register)
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas, refs)
    used = {operation.tag for operation in operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{shop}: goodwill",
            "version": __version__,
            "summary": "Personalise only with what each customer allowed, and say why.",
            "description": _introduction(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url or "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items() if name in used],
        "paths": paths,
        "components": {
            "schemas": _without_parameters(schemas, operations),
            "headers": _HEADERS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "gw_<id>_<secret>",
                    "description": _about_keys(),
                },
                "basic": {"type": "http", "scheme": "basic", "description": "The key as user, with an empty password."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-goodwill",
                    "description": "Of staff who are signed in. What changes something repeats `X-Goodwill-Form`.",
                },
            },
        },
    }


def _introduction() -> str:
    return (
        "Every answer carries X-Request-Id. Every error is a problem document (RFC 9457) whose `type` is an address "
        "where it is explained and whose `instance` is the request's id. Bodies are JSON in UTF-8 of at most 512 KB. "
        "Times are in UTC."
    )


def _about_keys() -> str:
    return (
        "Made with `goodwill keys create`. Scopes: "
        + "; ".join(f"{name} ({what})" for name, what in SCOPES.items())
        + "."
    )


_HEADERS: Json = {
    "RequestId": {"description": "The request's id; it stands in the log too.", "schema": {"type": "string"}},
    "RateLimit": {"description": "Requests left (r) and seconds to a full quota (t).", "schema": {"type": "string"}},
    "RateLimitPolicy": {"description": "The quota (q) per seconds (w).", "schema": {"type": "string"}},
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "Authenticate": {"description": "How to send a key.", "schema": {"type": "string"}},
    "Allow": {"description": "The methods that work here.", "schema": {"type": "string"}},
    "Link": {
        "description": 'The address of the next page, `rel="next"` (RFC 8288); absent on the last.',
        "schema": {"type": "string"},
    },
    "Replayed": {
        "description": "`true`: this was answered before, and is the same answer.",
        "schema": {"type": "string"},
    },
}


def _schemas(operations: tuple[Operation, ...]) -> tuple[Json, dict[type, Json]]:
    shapes = [shape for operation in operations for shape in (operation.asks, operation.gives) if shape is not None]
    shapes.append(ProblemDocument)
    unique = list(dict.fromkeys(shapes))
    found, schemas = msgspec.json.schema_components(unique, ref_template="#/components/schemas/{name}")
    return schemas, dict(zip(unique, found, strict=True))


def _complete(schemas: Json, register: Register) -> None:
    """Say what types cannot: exactly one id for a person, and the purposes and categories that there are."""
    ids = schemas["Person"]["properties"]
    schemas["Person"]["oneOf"] = [{"required": [name], "properties": {name: {"type": "string"}}} for name in ids]
    schemas["CanRequest"]["properties"]["purpose"]["enum"] = [str(entry.name) for entry in register]
    said = schemas["ConsentRequest"]["properties"]
    said["purpose"]["enum"] = [str(entry.name) for entry in register.asked()]
    for choice in said["categories"]["anyOf"]:
        if choice["type"] == "array":
            choice["items"]["enum"] = sorted(register.kinds)


def _without_parameters(schemas: Json, operations: tuple[Operation, ...]) -> Json:
    """The shapes of GET parameters are written out where they are used, so they need no name."""
    hidden = {operation.asks.__name__ for operation in operations if operation.asks and not operation.has_body}
    return {name: schema for name, schema in sorted(schemas.items()) if name not in hidden}


def _operation(operation: Operation, schemas: Json, refs: dict[type, Json]) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.about or operation.summary,
        "tags": [operation.tag],
        "security": _security(operation),
        "responses": _responses(operation, refs),
    }
    if operation.may is not None:
        described["x-goodwill-roles"] = [str(role) for role in Role if operation.may in MAY[role]]
    if parameters := _parameters(operation, schemas):
        described["parameters"] = parameters
    if operation.asks is not None and operation.has_body:
        content: Json = {"schema": refs[operation.asks]}
        if operation.example is not None:
            content["examples"] = {"usual": {"value": dict(operation.example)}}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _security(operation: Operation) -> list[Json]:
    keyed: list[Json] = [
        {kind: [str(scope)]} for scope in (*operation.scopes, *operation.more_with) for kind in ("bearer", "basic")
    ]
    if operation.may is not None:
        keyed.append({"session": []})
    return [{}, *keyed] if operation.more_with else keyed


def _parameters(operation: Operation, schemas: Json) -> list[Json]:
    parameters: list[Json] = []
    if operation.asks is not None and not operation.has_body:
        shape = schemas[operation.asks.__name__]
        in_path = set(re.findall(r"{(\w+)}", operation.path))
        for name, schema in shape["properties"].items():
            required = name in shape.get("required", ()) or name in in_path
            parameters.append(_parameter(name, "path" if name in in_path else "query", schema, required=required))
    if operation.has_body:
        named = {"type": "string", "minLength": 1, "description": "The shop's own id of the person."}
        parameters += [
            _parameter(name, "path", named, required=True) for name in re.findall(r"{(\w+)}", operation.path)
        ]
    if operation.may is not None and operation.method not in ("GET", "HEAD"):
        about = "With a session: its token, from `GET /api/v1/staff/session`."
        parameters.append(
            _parameter("X-Goodwill-Form", "header", {"type": "string", "description": about}, required=False)
        )
    if operation.may is not None and operation.scopes:
        about = "With a session: why, percent-encoded; it stands in the audit log."
        parameters.append(
            _parameter("Goodwill-Reason", "header", {"type": "string", "description": about}, required=False)
        )
    if operation.once:
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        about = "Any fresh text, such as a UUID; the same request under it is written once within a day."
        parameters.append(_parameter("Idempotency-Key", "header", {**schema, "description": about}, required=False))
    if operation.name == "decide":
        about = "`1`: Global Privacy Control, passed on from the browser; counted and mentioned in `notes`."
        parameters.append(_parameter("Sec-GPC", "header", {"type": "string", "description": about}, required=False))
    return parameters


def _parameter(name: str, place: str, schema: Json, *, required: bool) -> Json:
    schema = _without_null(schema)
    about = schema.pop("description", None)
    parameter: Json = {"name": name, "in": place, "required": required, "schema": schema}
    return parameter | ({"description": about} if about else {})


def _without_null(schema: Json) -> Json:
    """``X or null`` means in an address that the parameter may be left out; so what is left is ``X``."""
    kept = {name: value for name, value in schema.items() if not (name == "default" and value is None)}
    choices = [choice for choice in kept.pop("anyOf", []) if choice != {"type": "null"}]
    return kept | (choices[0] if choices else {})


def _responses(operation: Operation, refs: dict[type, Json]) -> Json:
    schema: Json = refs[operation.gives] if operation.gives is not None else {"type": "string"}
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if not operation.free:
        headers |= {
            "RateLimit": {"$ref": "#/components/headers/RateLimit"},
            "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
        }
    if operation.paged:
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    if operation.once:
        headers["Idempotent-Replayed"] = {"$ref": "#/components/headers/Replayed"}
    responses: Json = {
        "200": {
            "description": _first_line(operation),
            "headers": headers,
            "content": {
                operation.media: {"schema": schema},
                **{media: {"schema": {"type": "string", "contentMediaType": media}} for media in operation.also},
            },
        }
    }
    by_status: dict[int, list[Kind]] = {}
    for kind in dict.fromkeys(problems_of(operation)):
        by_status.setdefault(kind.status, []).append(kind)
    for status, kinds in sorted(by_status.items()):
        responses[str(status)] = _problem(status, kinds, refs[ProblemDocument])
    return responses


def _first_line(operation: Operation) -> str:
    if operation.gives is None:
        return operation.summary + "."
    return (operation.gives.__doc__ or operation.summary).strip().partition("\n")[0]


def problems_of(operation: Operation) -> tuple[Kind, ...]:
    """Every kind of problem that an operation may answer with."""
    with_key = (
        *(_WITH_KEY if operation.scopes else ()),
        *(_WITH_SESSION if operation.may is not None else ()),
    )
    with_body = _WITH_BODY if operation.has_body else ()
    return (*with_key, *with_body, *operation.problems, problems.INTERNAL)


_HEADER_OF_STATUS = {
    401: ("WWW-Authenticate", "Authenticate"),
    429: ("Retry-After", "RetryAfter"),
    503: ("Retry-After", "RetryAfter"),
}


def _problem(status: int, kinds: list[Kind], schema: Json) -> Json:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if status in _HEADER_OF_STATUS:
        name, ref = _HEADER_OF_STATUS[status]
        headers[name] = {"$ref": f"#/components/headers/{ref}"}
    return {
        "description": " ".join(f"{kind.title} ({kind.slug})." for kind in kinds),
        "headers": headers,
        "content": {problems.MEDIA_TYPE: {"schema": schema}},
    }
