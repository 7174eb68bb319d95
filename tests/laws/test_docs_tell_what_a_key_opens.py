"""The table of scopes in docs/http.md names what each scope opens: all of it, and nothing else."""

import re
from pathlib import Path

import pytest

from goodwill.web.application import ENDPOINTS
from goodwill.web.store import Scope

DOC = Path(__file__).resolve().parents[2] / "docs" / "http.md"
_ROW = re.compile(r"^\| `([a-z]+)` \| (.*) \|$", re.MULTILINE)
_OPENED = re.compile(r"`((?:GET|POST) /(?:api/v1|ofrep)/[^`…]+|GET /why/[^`…]+)`")


def plain(address: str) -> str:
    return re.sub(r"{\w+}", "{}", address)


def told() -> dict[str, set[str]]:
    return {scope: {plain(found) for found in _OPENED.findall(row)} for scope, row in _ROW.findall(DOC.read_text())}


@pytest.mark.parametrize("scope", [str(scope) for scope in Scope])
def test_the_row_of_a_scope_names_what_it_opens(scope: str) -> None:
    opened = {
        plain(f"{one.operation.method} {one.operation.path}")
        for one in ENDPOINTS
        if Scope(scope) in one.operation.scopes
    }
    shown = told().get(scope, set())
    assert shown - opened == set(), "told, and not opened"
    assert opened - shown == set(), "opened, and not told"
