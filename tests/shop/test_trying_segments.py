"""Kept segments are tried again as people, answers and the catalogue change."""

from dataclasses import replace

import pytest
from tests.small_shop import ASKED, add_smokers, bakery

from goodwill.basics.errors import Conflict
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide.plan import Offer, Slot
from goodwill.decide.segments import store
from goodwill.shop.trying_segments import CANNOT, FINE, GIVES_AWAY, NAMES, orphans, troubles
from goodwill.storage import audit

BY_PAPERS = {"is": "did", "what": "bought", "things": {"products": ["papers"]}}
EVER = {"is": "did", "what": "bought"}


@pytest.fixture
def made(database, tmp_path, clock):
    found = bakery(database, tmp_path, clock)
    yield found
    found.shop.close()


@pytest.fixture
def shop(made):
    return made.shop


def offer_for(shop, segment, **more):
    shop.planning.set_slot("deals", Slot(kind="offers", count=2))
    shop.planning.new_offer("ten", Offer("Ten off", "Ten percent off for some.", percent=10, segment=segment, **more))
    shop.planning.approve("offer-ten")
    shop.planning.start_offer("ten")


def found_troubles(shop):
    with shop.database.reading() as connection:
        return troubles(connection)


def test_a_segment_that_can_be_asked_is_fine_and_says_when_it_was_tried(shop, clock):
    kept = shop.segments.new("Buyers", "offers", EVER)
    assert shop.trying_segments.latest() == {}
    (tried,) = shop.trying_segments.run()
    assert (tried.segment, tried.version, tried.found, tried.why) == (kept.id, 1, FINE, "")
    assert shop.trying_segments.latest() == {kept.id: tried}
    assert found_troubles(shop) == []
    shop.segments.change(kept.id, {"is": "never", "what": "bought"})
    assert shop.trying_segments.latest() == {}, "as it stands now it was not tried"
    clock.turn(days=1)
    shop.trying_segments.run()
    clock.turn(days=1)
    shop.trying_segments.run()
    assert shop.trying_segments.latest()[kept.id].at == shop.clock()


def test_no_few_people_are_told_in_the_log(shop):
    for name in ("amina", "dev"):
        shop.grant(name, "offers", asked=ASKED)
    shop.segments.new("Buyers", "offers", EVER)
    (tried,) = shop.trying_segments.run()
    assert set(tried.parts) <= {"people", "left_out", "unknown"}, "one matches and one does not"
    with shop.database.reading() as connection:
        (line,) = audit.latest(connection, 1, action="segment.try")
    assert "matched" not in line.detail
    assert "unmatched" not in line.detail


@pytest.mark.both
def test_what_comes_to_give_smokers_away_is_found_and_its_offers_are_suspended(made):
    """When the segment was made nobody bought papers; by now only those do who buy tobacco."""
    shop = made.shop
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("papers", "Rolling papers", category="papers", price=200)])
    kept = shop.segments.new("Papers", "offers", BY_PAPERS)
    offer_for(shop, "Papers")
    for name in ("amina", "dev", *(f"c{n}" for n in range(30))):
        shop.grant(name, "offers", asked=ASKED)
    assert shop.trying_segments.run()[0].found == FINE
    assert shop.planning.plan().may("offer-ten")
    add_smokers(made, "offers")
    assert [choice.product for choice in shop.decide("s1", "deals").items] == ["ten"]
    (tried,) = shop.trying_segments.run()
    assert (tried.found, tried.suspended) == (GIVES_AWAY, 1)
    assert "'tobacco'" in tried.why
    assert not shop.planning.plan().may("offer-ten")
    assert shop.decide("s1", "deals").items == ()
    (trouble,) = found_troubles(shop)
    assert trouble.startswith(f"segment {kept.id} ('Papers'): it gives away who bought a thing of the kind 'tobacco'")
    assert trouble.endswith("suspended for it: 1 of the offers")
    assert shop.trying_segments.run()[0].suspended == 0, "it is suspended already"


@pytest.mark.both
def test_an_offer_whose_segment_names_a_discreet_thing_is_nobodys_at_once_and_suspended_by_night(shop):
    """Papers were a thing as any other when the segment was made; by now the catalogue calls them tobacco."""
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("papers", "Rolling papers", category="papers", price=200)])
    shop.segments.new("Papers", "offers", BY_PAPERS)
    offer_for(shop, "Papers", code="PAPERS-10")
    shop.grant("dev", "offers", asked=ASKED)
    assert [choice.product for choice in shop.decide("bruno", "deals").items] == ["ten"]
    assert shop.planning.claim("PAPERS-10")[0] == "ten"
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("papers", "Rolling papers", category="tobacco", price=200)])
    for name in (None, "bruno", "dev"):
        made = shop.decide(name, "deals")
        assert made.items == ()
        assert [one.rule for one in made.interventions] == ["sensitive"]
    with pytest.raises(Conflict, match="its segment 'Papers' names what this shop keeps discreet"):
        shop.planning.claim("PAPERS-10")
    (tried,) = shop.trying_segments.run()
    assert (tried.found, tried.suspended) == (NAMES, 1)
    assert not shop.planning.plan().may("offer-ten")
    assert found_troubles(shop)[0].endswith("suspended for it: 1 of the offers")


@pytest.mark.both
def test_a_segment_goes_only_after_the_offers_for_it_and_none_begins_without_its_own(shop):
    kept = shop.segments.new("Buyers", "offers", EVER)
    offer_for(shop, " buyers ", code="BUYERS-10")
    with pytest.raises(Conflict, match="Stop it first: goodwill offer stop ten"):
        shop.segments.remove(kept.id)
    assert shop.segments.get("Buyers") == kept
    shop.planning.stop_offer("ten")
    shop.segments.remove(kept.id)
    with pytest.raises(Conflict, match="was removed, so nobody can tell for whom it is"):
        shop.planning.start_offer("ten")
    assert shop.decide("bruno", "deals").items == ()


def test_an_offer_that_runs_without_its_segment_is_named(shop):
    kept = shop.segments.new("Buyers", "offers", EVER)
    offer_for(shop, "Buyers", code="BUYERS-10")
    with shop.database.transaction() as connection:  # as could be before removing asked for offers
        assert orphans(connection) == []
        line = replace(store.newest(connection)[0], version=kept.version + 1, rule=None)
        store.add(connection, line)
    with shop.database.reading() as connection:
        assert [one[:27] for one in orphans(connection)] == ["the offer 'ten' is given an"]


def test_a_thing_that_the_catalogue_does_not_know_any_more_is_found(shop):
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("cake", "Cake", category="Sweet things")])
    shop.segments.new("Sweet", "offers", {**EVER, "things": {"categories": ["Sweet things"]}})
    assert shop.trying_segments.run()[0].found == FINE
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("cake", "Cake", category="Cakes")])
    (tried,) = shop.trying_segments.run()
    assert tried.found == CANNOT
    assert "knows nothing called 'Sweet things'" in tried.why
    assert len(found_troubles(shop)) == 1
