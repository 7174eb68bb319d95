"""Who is who: merges that can be explained and taken back, corrections, restriction, objection."""

import pytest
from sqlalchemy import select
from tests.laws.lives import ASKED, Village

from goodwill import people
from goodwill.access import SignedIn
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.people.tables import moved, moved_events
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS, STATISTICS
from goodwill.shop import Who
from goodwill.storage import audit


@pytest.fixture
def village(database, cipher, clock, tmp_path):
    """Amina, Dev and the crowd allow everything, Bruno was never asked, Chiara withdrew."""
    made = Village(database, cipher, clock, tmp_path)
    made.knows("amina", "bruno", "chiara", "dev")
    made.agrees("amina", "chiara", "dev")
    for turn, name in enumerate(("amina", "bruno", "chiara", "dev")):
        made.buys(name, 0, 1, day=20 - turn)
        made.buys(name, 0, 2 + turn % 2, day=10 - turn)
    clock.turn(seconds=1)
    for purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT):
        made.shop.grant("chiara", purpose, asked=ASKED, yes=False)
    clock.turn(seconds=1)
    yield made
    made.columns.close()


def tells(village, name, **fields):
    told = {field: ("demographics", text) for field, text in fields.items()}
    with village.database.transaction() as connection:
        people.set_profile(connection, village.cipher, village.person[name], told, now=village.clock())


def known(village, name):
    """What is known of somebody, in clear: ids, fields, and how many events."""
    own = village.shop.own(SignedIn(village.person[name], "test"))
    return dict(own.identities), dict(own.profile), len(own.events)


def allowed(village, name):
    return {
        (purpose, line.category)
        for purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT, STATISTICS)
        for line in village.shop.can(Who(id=village.person[name]), purpose).categories
        if line.allowed
    }


def lines(village, action):
    with village.database.reading() as connection:
        return [line for line in audit.lines(connection) if line.action == action]


# ---- merging and taking it back --------------------------------------------------------------------------------------


def test_what_was_the_others_is_the_others_again(village):
    tells(village, "amina", city="Roma")
    tells(village, "dev", city="Bari", size="3")
    before = known(village, "amina"), known(village, "dev")
    merged = village.shop.identity.merge("amina", "dev")
    assert merged.dropped == ("city",)
    assert (merged.identities, merged.fields, merged.events) == (1, 1, 4)
    back = village.shop.identity.unmerge(merged.id)
    assert (back.identities, back.fields, back.events) == (1, 2, 4)
    assert (known(village, "amina"), known(village, "dev")) == before
    assert village.shop.find("dev") == village.person["dev"]


def test_totals_after_taking_it_back_are_the_totals_from_before(village):
    before = village.shop.settle()
    merged = village.shop.identity.merge("amina", "dev")
    assert village.shop.settle().hash != before.hash
    village.shop.identity.unmerge(merged.id)
    after = village.shop.settle()
    assert (after.hash, after.people) == (before.hash, before.people)
    assert after.hash == village.anew().hash


def test_what_came_after_stays_with_the_survivor(village):
    tells(village, "dev", city="Bari", size="3")
    merged = village.shop.identity.merge("amina", "dev")
    village.clock.turn(days=1)
    village.buys("amina", 3)
    tells(village, "amina", city="Roma")
    village.shop.identity.unmerge(merged.id)
    assert known(village, "amina")[1:] == ({"city": "Roma"}, 5)
    assert known(village, "dev")[1:] == ({"city": "Bari", "size": "3"}, 4)


def test_what_was_taken_away_since_does_not_come_back(village):
    tells(village, "dev", city="Bari", size="3")
    merged = village.shop.identity.merge("amina", "dev")
    village.shop.identity.rectify("amina", "city", None)
    village.shop.identity.unmerge(merged.id)
    assert known(village, "dev")[1] == {"size": "3"}


def test_what_was_withdrawn_since_stays_withdrawn_for_both(village):
    merged = village.shop.identity.merge("amina", "dev")
    village.clock.turn(seconds=1)
    village.shop.grant("amina", RECOMMENDATIONS, ["purchases"], asked=ASKED, yes=False)
    together = allowed(village, "amina")
    village.clock.turn(seconds=1)
    village.shop.identity.unmerge(merged.id)
    assert allowed(village, "amina") == allowed(village, "dev") == together
    assert (RECOMMENDATIONS, "purchases") not in together


def test_a_yes_said_in_between_counts_for_neither_who_did_not_say_it_before(village):
    merged = village.shop.identity.merge("amina", "bruno")
    assert not any(purpose == RECOMMENDATIONS for purpose, _ in allowed(village, "amina"))
    village.clock.turn(seconds=1)
    village.shop.grant("amina", RECOMMENDATIONS, ["purchases"], asked=ASKED)
    village.clock.turn(seconds=1)
    village.shop.identity.unmerge(merged.id)
    assert (RECOMMENDATIONS, "purchases") not in allowed(village, "bruno"), "he never said so"
    assert (RECOMMENDATIONS, "purchases") in allowed(village, "amina"), "she did, before and after"
    merged = village.shop.identity.merge("chiara", "amina")
    village.clock.turn(seconds=1)
    village.shop.grant("chiara", RECOMMENDATIONS, ["browsing"], asked=ASKED)
    village.clock.turn(seconds=1)
    village.shop.identity.unmerge(merged.id)
    assert (RECOMMENDATIONS, "browsing") not in allowed(village, "chiara")
    assert (RECOMMENDATIONS, "browsing") not in allowed(village, "amina"), "she had not said so any more since Bruno"


def test_merges_are_taken_back_the_last_first_and_once(village):
    first = village.shop.identity.merge("amina", "dev")
    second = village.shop.identity.merge("bruno", "amina")
    with pytest.raises(Conflict, match="was merged into"):
        village.shop.identity.unmerge(first.id)
    village.shop.identity.unmerge(second.id)
    village.shop.identity.unmerge(first.id)
    with pytest.raises(Conflict, match="taken back before"):
        village.shop.identity.unmerge(first.id)
    with pytest.raises(NotFound):
        village.shop.identity.unmerge(99)
    assert {village.shop.find(name) for name in village.person} == set(village.person.values())
    with village.database.reading() as connection:
        assert (
            connection.execute(select(moved.c.id)).all() == connection.execute(select(moved_events.c.day)).all() == []
        )


def test_two_who_were_told_apart_can_be_merged_again(village):
    for keep, other in (("amina", "dev"), ("dev", "amina"), ("amina", "dev")):
        merged = village.shop.identity.merge(keep, other)
        assert village.shop.settle().hash == village.anew().hash
        village.shop.identity.unmerge(merged.id)
        assert village.shop.settle().hash == village.anew().hash


def test_after_ninety_days_nobody_knows_any_more_what_was_whose(village):
    merged = village.shop.identity.merge("amina", "dev")
    village.clock.turn(days=91)
    with pytest.raises(Conflict, match="older than 90 days"):
        village.shop.identity.unmerge(merged.id)


def test_both_leave_a_line_with_its_reason_and_so_does_a_refused_try(village):
    merged = village.shop.identity.merge("amina", "dev", reason="she told us")
    village.shop.identity.unmerge(merged.id, reason="we misheard")
    with pytest.raises(Conflict):
        village.shop.identity.unmerge(merged.id)
    assert [(line.reason, line.detail["merge"]) for line in lines(village, "person.merge")] == [("she told us", 1)]
    (line,) = lines(village, "person.unmerge")
    assert (line.reason, line.detail["other"]) == ("we misheard", village.person["dev"])
    assert [line.outcome for line in lines(village, "person.unmerge-begin")] == ["done", "Conflict"]


def test_words_that_name_nobody_bring_no_two_people_together(village):
    for name in ("null", "guest", "0", "undefined", "Anonymous"):
        for one in ("amina", "dev"):
            with pytest.raises(NotFound):
                village.shop.identity.merge(one, name)
            with pytest.raises(BadInput):
                village.shop.identity.rectify(one, "user_id", name)
    with village.database.transaction() as connection:
        met = [
            people.identify(connection, village.cipher, {"user_id": name, "email": "guest"}, now=village.clock())
            for name in ("amina", "dev")
        ]
    assert met == [village.person["amina"], village.person["dev"]]


# ---- candidates ------------------------------------------------------------------------------------------------------


def identify(village, verified=True, **ids):
    with village.database.transaction() as connection:
        return people.identify(connection, village.cipher, ids, now=village.clock(), verified=verified)


def test_a_verified_address_under_two_kinds_is_a_candidate_and_nothing_more(village):
    one = identify(village, email="Fatma@example.org")
    two = identify(village, user_id="fatma@example.org")
    identify(village, user_id="gino@example.org")
    identify(village, verified=False, email="gino@example.org")
    (pair,) = village.shop.identity.candidates()
    assert (pair.keep, pair.other, set(pair.kinds), pair.sure) == (one, two, {"email", "user_id"}, True)
    assert "the same e-mail address is theirs" in pair.because
    assert "fatma" not in repr(pair)
    assert village.shop.find(Who(email="fatma@example.org")) == one, "nobody was merged"


def test_the_same_id_in_two_systems_is_said_to_be_unsure(village):
    one, two = identify(village, user_id="K-1001"), identify(village, external="K-1001")
    (pair,) = village.shop.identity.candidates()
    assert (pair.keep, pair.other, pair.sure) == (one, two, False)
    assert "look before you merge" in pair.because


# ---- corrections -----------------------------------------------------------------------------------------------------


def test_a_corrected_field_says_the_new_and_the_old_is_gone(village):
    tells(village, "amina", city="Rmoa")
    assert village.shop.identity.rectify("amina", "city", "Roma", reason="a typing error")
    assert not village.shop.identity.rectify("amina", "city", "Roma")
    assert known(village, "amina")[1] == {"city": "Roma"}
    line = lines(village, "person.rectify")[0]
    assert (line.detail, line.reason) == ({"field": "city"}, "a typing error")
    assert "Rmoa" not in repr(lines(village, "person.rectify"))


def test_a_corrected_address_finds_her_and_the_wrong_one_nobody(village):
    identify(village, user_id="amina", email="amian@example.org")
    assert village.shop.identity.rectify("amina", "email", "amina@example.org")
    assert village.shop.find(Who(email="amina@example.org")) == village.person["amina"]
    assert village.shop.find(Who(email="amian@example.org")) is None
    identify(village, user_id="amina", email="second@example.org")
    with pytest.raises(BadInput, match="which one is wrong"):
        village.shop.identity.rectify("amina", "email", "third@example.org")
    village.shop.identity.rectify("amina", "email", None, was="Second@example.org")
    assert village.shop.find(Who(email="second@example.org")) is None


def test_nobody_takes_over_an_address_by_a_correction(village):
    identify(village, user_id="dev", email="dev@example.org")
    with pytest.raises(Conflict, match="another customer's"):
        village.shop.identity.rectify("amina", "email", "DEV@example.org")
    with pytest.raises(BadInput, match="Erase her instead"):
        village.shop.identity.rectify("amina", "user_id", None)
    with pytest.raises(BadInput, match="data category"):
        village.shop.identity.rectify("amina", "shoe size", "38")
    assert village.shop.identity.rectify("amina", "shoe size", "38", category="demographics")


# ---- restriction and objection ---------------------------------------------------------------------------------------


def test_what_is_restricted_is_kept_and_used_for_nothing(village):
    before, counted = known(village, "amina"), village.shop.settle().people
    assert village.shop.identity.restrict("amina", "she contests an order")
    assert not village.shop.identity.restrict("amina")
    assert village.shop.identity.is_restricted("amina")
    assert village.shop.can("amina", RECOMMENDATIONS).reason == "held"
    assert not village.shop.decide("amina", count=2).personalised
    assert village.shop.settle().people == counted - 1
    assert known(village, "amina") == before
    assert village.shop.identity.lift("amina")
    assert not village.shop.identity.lift("amina")
    assert village.shop.can("amina", RECOMMENDATIONS).allowed
    assert village.shop.settle().hash == village.anew().hash


def test_an_objection_to_all_reaches_every_purpose_that_needs_no_yes(village):
    receipts = village.shop.identity.object_to_all("bruno")
    assert [receipt.purpose for receipt in receipts] == [STATISTICS]
    assert village.shop.can("bruno", STATISTICS).reason == "objected"
    assert village.shop.identity.object_to_all("bruno") == ()
    assert village.shop.can("amina", STATISTICS).allowed
    assert len(lines(village, "consent.object")) == 2


# ---- the timeline ----------------------------------------------------------------------------------------------------


def test_the_timeline_is_one_column_in_order_with_positions(village):
    village.shop.decide("chiara", count=2)
    village.shop.identity.restrict("chiara")
    line = village.shop.identity.timeline("chiara", "test")
    assert [moment.at for moment in line] == sorted(moment.at for moment in line)
    assert {"bought", "given", "withdrawn", "person.restrict"} <= {moment.what for moment in line}
    assert {moment.position.split()[0] for moment in line} == {"event", "consent", "audit"}
