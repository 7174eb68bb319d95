"""A question is written once, with stand-ins for how far its answer reaches; what is asked has the numbers."""

import re

import pytest

from goodwill.access import columns, many
from goodwill.people.types import BOUGHT
from goodwill.purposes import MODEL_IMPROVEMENT, Category, shipped
from goodwill.storage import AsOf

REACH = AsOf(consent=1_000_011, events=1_000_012, holds=1_000_013, at=1_000_014)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "duckdb"])
@pytest.mark.parametrize("current", [True, False])
def test_every_number_is_asked_for_and_no_stand_in(dialect, current):
    entry, seen = shipped()[MODEL_IMPROVEMENT], frozenset({Category("purchases")})
    who = many._allowed(entry, seen, current=current)
    tables = [*who.given.values(), who.any(), many._frame(entry, seen, (BOUGHT,), None, current=current)]
    asked = " ".join(columns._written(table, dialect, many._reached(REACH)) for table in tables)
    assert not re.search(r"\d{19}", asked.replace(str(2**63 - 1), ""))
    reached = {REACH.holds, REACH.at + 1} | (set() if current else {REACH.consent, REACH.events})
    assert {int(number) for number in re.findall(r"\b1000\d{3}\b", asked)} == reached
