"""The few pages: what runs here, and the reference, written out from the OpenAPI document with our own style sheet."""

import json
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from goodwill import __version__
from goodwill.web import problems

Json = dict[str, Any]

_pages = Environment(
    loader=PackageLoader("goodwill.web", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ASSETS = {
    "goodwill.css": "text/css",
    "goodwill.svg": "image/svg+xml",
    "office.css": "text/css",
    "office.js": "text/javascript",
    "centre.css": "text/css",
    "centre.js": "text/javascript",
}


def home(name: str, watermark: str) -> bytes:
    """What runs here."""
    return page("home.html", name=name, watermark=watermark)


def reference(document: Json, name: str, watermark: str) -> bytes:
    """The reference of the API."""
    operations = [
        _operation(path, method, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    tags = [(tag, [one for one in operations if one["tag"] == tag["name"]]) for tag in document["tags"]]
    return page(
        "reference.html",
        name=name,
        watermark=watermark,
        document=document,
        tags=tags,
        shapes=[_shape(name, schema) for name, schema in document["components"]["schemas"].items()],
        kinds=problems.ALL,
    )


def problem(kind: problems.Kind, name: str, watermark: str) -> bytes:
    """What one kind of problem means, and what helps."""
    return page("problem.html", name=name, watermark=watermark, kind=kind)


def asset(name: str) -> bytes:
    """One of our own files; nothing comes from anywhere else."""
    return files("goodwill.web").joinpath("assets", name).read_bytes()


def read_all() -> None:
    """Make every template ready, so that whoever asks for its page first does not wait for that."""
    for name in _pages.list_templates(extensions=["html"]):
        _pages.get_template(name)


def page(template: str, **values: object) -> bytes:
    """A page from one of our templates."""
    return _pages.get_template(template).render(version=__version__, **values).encode()


def _operation(path: str, method: str, described: Json) -> Json:
    """An operation as the page shows it."""
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = body.get("examples", {}).get("usual", {}).get("value")
    answers = [
        {
            "status": status,
            "about": answer["description"],
            "shape": _type_of(next(iter(answer["content"].values()))["schema"]),
        }
        for status, answer in described["responses"].items()
    ]
    is_open = not described["security"] or {} in described["security"]
    return {
        "id": described["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": described["summary"],
        "paragraphs": described["description"].split("\n\n"),
        "tag": described["tags"][0],
        "open": is_open,
        "roles": described.get("x-goodwill-roles", ()),
        "scopes": sorted({scope for line in described["security"] for scope in line.get("bearer", ())}),
        "parameters": [
            {"description": "", **one, "type": _type_of(one["schema"])} for one in described.get("parameters", ())
        ],
        "body": _type_of(body["schema"]) if body else None,
        "answers": answers,
        "curl": _curl(
            path, method.upper(), example, keyed=any("bearer" in line for line in described["security"]) and not is_open
        ),
    }


def _curl(path: str, method: str, example: Json | None, *, keyed: bool) -> str:
    lines = [f"curl {'-X ' + method + ' ' if method != 'GET' else ''}$SHOP{path}"]
    if keyed:
        lines.append('-H "Authorization: Bearer $GOODWILL_KEY"')
    if example is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d '{json.dumps(example, ensure_ascii=False)}'")
    return " \\\n  ".join(lines)


def _shape(name: str, schema: Json) -> Json:
    required = set(schema.get("required", ()))
    fields = [
        {
            "name": field,
            "type": _type_of(about),
            "about": about.get("description", ""),
            "limits": _limits(about),
            "required": field in required,
        }
        for field, about in schema.get("properties", {}).items()
    ]
    return {"name": name, "about": schema.get("description", ""), "fields": fields}


def _type_of(schema: Json) -> str:
    """``list of Item or null``: a schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type_of(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type_of(schema.get('items', {}))}"
    if schema.get("type") == "object":
        return f"object of {_type_of(schema.get('additionalProperties', {}) or {})}"
    return str(schema.get("format", schema.get("type", "anything")))


_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "{} characters or more",
    "maxLength": "{} characters at most",
    "minItems": "{} or more",
    "maxItems": "{} at most",
    "pattern": "like {}",
    "enum": "one of {}",
    "default": "{} if left out",
}


def _limits(schema: Json) -> str:
    merged = schema | next((choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"), {})
    return ", ".join(
        text.format(json.dumps(merged[name])) for name, text in _LIMITS.items() if merged.get(name) is not None
    )
