"""What the shop knows of many leaves the house as a few suggestions, never as totals, models or scores of everything.

Whoever saw a total before and after somebody left would know what she bought (deletion inference). So faces, channels
and files get what was chosen and why. The source is read for whoever would reach for more; then a shop that has
learned is asked everything that can be asked over HTTP and on the command line, and all its answers and files are
looked through.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.small_shop import bakery

from goodwill.shop import Shop
from goodwill.storage.kept import kept
from goodwill.web.application import application
from goodwill.web.keys import create_key
from goodwill.web.store import Scope

SOURCE = Path(__file__).resolve().parents[2] / "src" / "goodwill"
FACES = ("web", "cli", "reach", "simulate", "rights", "staff")  # what comes out of these leaves the house
INNER = {"sums", "array_hashes", "inverse", "exact", "together", "scores"}
KNOWS_TOTALS = {"goodwill.sums", "goodwill.learn.totals", "goodwill.learn.settled", "goodwill.access.many"}
WRITES_TOTALS = {"learn/settled.py", "shop/forgetting.py"}  # the folder totals/, and what an auditor is handed
FIT_FOR_FACES = {("simulate/demo.py", "goodwill.learn.library")}  # the name of the models' total, for a chapter


def offences(source: str, where: str) -> Iterator[str]:
    """What a module does that lets out what the shop knows; ``where`` is its path below ``goodwill/``."""
    tree = ast.parse(source)
    room = where.partition("/")[0]
    for node in ast.walk(tree):
        names = {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
        names |= {name.name for name in node.names} if isinstance(node, ast.Import) else set()
        for name in names:
            if name == "goodwill.learn.totals" and where not in WRITES_TOTALS:
                yield f"{where} may write totals: {name}"
            inner = name in KNOWS_TOTALS or name.startswith("goodwill.learn")
            if room in FACES and inner and (where, name) not in FIT_FOR_FACES:
                yield f"{where} knows of totals or models: {name}"
        if room in FACES and isinstance(node, ast.Attribute) and node.attr in INNER:
            yield f"{where}:{node.lineno} reaches for .{node.attr}"


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("web/api.py", "from goodwill.sums import Sums"),
        ("cli/out.py", "def show(shop):\n    print(shop.settle().sums)"),
        ("web/api.py", "import goodwill.learn.affinity"),
        ("reach/mail.py", "def write(model):\n    return model.scores(row)"),
        ("shop/copies.py", "from goodwill.learn.totals import save"),
        ("decide/choose.py", "from goodwill.learn.totals import load"),
    ],
)
def test_an_offender_would_be_found(where, source):
    assert list(offences(source, where))


def test_nobody_who_speaks_to_others_reaches_for_totals_models_or_scores():
    modules = {file.relative_to(SOURCE).as_posix(): file.read_text("utf-8") for file in SOURCE.rglob("*.py")}
    assert {where for where, source in modules.items() if "learn.totals" in source} >= {"shop/forgetting.py"}
    assert [found for where, source in modules.items() for found in offences(source, where)] == []


# ---- what comes out --------------------------------------------------------------------------------------------------

ITEMS = 10  # of the bakery: as many numbers in one list are something about everything
_MEANT = {"positions", "tree_size", "expected", "proof", "path"}  # numbers of rows, by which somebody proves hers


def numbers(document: Any, name: str = "") -> Iterator[tuple[str, int]]:
    """How many numbers stand in each list or table of a document, by the name it has there."""
    inside = list(document.values()) if isinstance(document, dict) else document
    if isinstance(inside, list):
        plain = [one for one in inside if isinstance(one, int | float) and not isinstance(one, bool)]
        yield name, len(plain)
        for key, one in document.items() if isinstance(document, dict) else ((name, one) for one in inside):
            yield from numbers(one, key)


def lets_nothing_out(text: str, hashes: list[str]) -> None:
    assert not [digest for digest in hashes if digest[:16] in text], "a live hash tells whether somebody left"
    if text.lstrip().startswith(("{", "[")):
        long = [(name, many) for name, many in numbers(json.loads(text)) if many >= ITEMS and name not in _MEANT]
        assert long == [], "a number for every item"


def test_a_document_of_everything_would_be_found():
    for leaky in ({"scores": [0.1] * ITEMS}, {"pairs": {str(n): n for n in range(ITEMS)}}, [[1] * ITEMS]):
        with pytest.raises(AssertionError):
            lets_nothing_out(json.dumps(leaky), [])
    with pytest.raises(AssertionError):
        lets_nothing_out("the total is " + "ab" * 32, ["ab" * 32])


@pytest.fixture
def small(database, tmp_path, clock):
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


def hashes_of(shop) -> list[str]:
    with shop.database.reading() as connection:
        return [one.hash for one in kept(connection)]


def test_nothing_that_is_asked_over_http_tells_more_than_the_top(small):
    shop = small.shop
    assert len(hashes_of(shop)) == 1  # a shop without content and offers keeps no totals of them
    with TestClient(application(shop)) as client:
        with shop.database.transaction() as connection:
            key = create_key(connection, "everything", tuple(Scope), now=shop.clock()).text
        client.headers["Authorization"] = f"Bearer {key}"
        paths = client.get("/api/openapi.json").json()["paths"]
        answered = 0
        for path, methods in paths.items():
            if "get" in methods:
                answer = client.get(re.sub(r"\{[^}]+\}", "amina", path), params={"user_id": "amina"})
                answered += answer.status_code == 200
                lets_nothing_out(answer.text if "openapi" not in path else "", hashes_of(shop))
        assert answered > 5
        for person in ({"user_id": "amina"}, {"user_id": "c1"}, None):
            asked = {"slot": "home", "count": 100} | ({"person": person} if person else {})
            answer = client.post("/api/v1/decide", json=asked)
            assert answer.status_code in (200, 201), answer.text
            lets_nothing_out(answer.text, hashes_of(shop))
            for item in answer.json()["items"]:
                assert set(item) == {"product", "name", "item", "kind", "because", "covered"}, "no score of anything"
        for flags in ("/ofrep/v1/evaluate/flags/home", "/ofrep/v1/evaluate/flags"):
            lets_nothing_out(client.post(flags, json={"context": {"targetingKey": "amina"}}).text, hashes_of(shop))
        for page in ("/metrics", "/healthz", "/readyz", "/api/openapi.json"):
            text = client.get(page).text
            assert not [digest for digest in hashes_of(shop) if digest[:12] in text]
            assert not re.search(r"goodwill_(total|model|people)", text)


def test_no_file_but_the_totals_themselves_holds_what_was_learned(small, tmp_path):
    shop = small.shop
    shop.decide("amina")
    shop.forget("c3")
    shop.erasure.erase("c5")
    shop.copies.one("amina", "csv", reason="she asked for it at the counter")
    made = set(shop.folder.rglob("*.npz"))
    assert {file.parent.name for file in made} == {"totals"}
    assert len(made) == 1, "of each the newest alone: nobody finds the one before beside it"
    for folder in ("exports", "logs", "checkpoints"):
        for file in (shop.folder / folder).rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                assert not content.startswith((b"PK", b"\x93NUMPY")), file
                assert not [digest for digest in hashes_of(shop) if digest[:16].encode() in content], file
