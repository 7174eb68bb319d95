"""The meter on a shop's own purchases: of those who allow it, through the door, with every category named."""

import pytest
from tests.small_shop import ASKED, bakery

from goodwill.basics.errors import Quarantined
from goodwill.measure.minimisation import UNUSED
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS
from goodwill.shop.measuring import READ, document
from goodwill.storage.kept import reads_of


@pytest.fixture
def small(database, tmp_path, clock):
    made = bakery(database, tmp_path, clock)
    yield made
    made.shop.close()


def test_every_category_that_the_purposes_list_is_named_with_its_verdict(small):
    told = small.shop.minimisation()
    for purpose, needs in ((RECOMMENDATIONS, told.inference), (MODEL_IMPROVEMENT, told.training)):
        assert tuple(need.category for need in needs) == small.shop.register[purpose].categories
        assert {need.category for need in needs if need.verdict != UNUSED} == {"purchases"}


def test_what_it_says_is_read_is_what_decisions_and_models_read(small):
    assert set(small.shop.decide("amina").used) == READ
    used = [lesson.uses for lesson in small.shop.library.lessons if lesson.purpose == MODEL_IMPROVEMENT]
    told = small.shop.minimisation()
    assert {need.category for need in told.training if need.verdict != UNUSED} == frozenset().union(*used)


def test_only_those_who_allow_it_are_judged_and_whoever_leaves_is_judged_no_more(small):
    before = small.shop.minimisation().found
    assert before.people == 31, "Amina and the crowd; Dev bought nothing, Bruno and Chiara do not allow it"
    small.shop.grant("c1", MODEL_IMPROVEMENT, asked=ASKED, yes=False)
    assert small.shop.minimisation().found.people == 30


def test_it_reads_totals_alone_and_says_so(small):
    with small.shop.database.reading() as connection:
        before = {(read.purpose, read.verb): read.times for read in reads_of(connection, 0)}
    small.shop.minimisation()
    with small.shop.database.reading() as connection:
        after = {(read.purpose, read.verb): read.times for read in reads_of(connection, 0)}
    assert {place for place in after if after[place] != before.get(place)} == {(MODEL_IMPROVEMENT, "total")}


def test_the_document_is_plain_and_whole(small):
    plain = document(small.shop.minimisation())
    assert [line["visits"] for line in plain["inference"]] == [0, 1, 3, 5, 10, 20, 50]
    assert [line["visits"] for line in plain["training"]] == [0, 1, 3, 5, 10, 20, 50]
    for line in (*plain["inference"], *plain["training"]):
        assert set(line["everyone"]) == {"people", "full", "ndcg", "relative", "low", "high", "verdict"}
        assert line["light"] is None or line["light"]["people"] >= 10
    assert plain["inference"][-1]["everyone"]["verdict"] == "not needed"
    assert plain["warnings"]


def test_in_quarantine_nobody_is_judged(small, monkeypatch):
    from goodwill.shop.proofs import Proofs

    monkeypatch.setattr(Proofs, "trusts", lambda *_: False)
    with pytest.raises(Quarantined):
        small.shop.minimisation()
