"""Offers and content from the same call as suggestions: who gets what, what is learned, and what is taken out again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import FakeClock
from tests.small_shop import ASKED, Bakery, add_smokers, bakery

from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision, Draw
from goodwill.decide.drawing import IN_TURN, drawn
from goodwill.decide.plan import Arm, Content, Offer, Rewards, Slot, Ways
from goodwill.shop import Shop
from goodwill.storage import Database, audit, kept

MORNING = Offer("Morning ten", "Ten percent off croissants and coffee.", percent=10, products=("croissant", "coffee"))
EVENING = Offer("Evening ten", "Ten percent off wine and cheese.", percent=10, products=("wine", "cheese"))


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=furnish)
    yield made
    made.shop.close()


def furnish(shop: Shop) -> None:
    """Slots for offers and content, prices, and people who allow both."""
    shop.learn()
    priced = [Product(name, price=price) for name, price in (("croissant", 200), ("coffee", 300), ("wine", 900),
                                                             ("cheese", 500))]  # fmt: skip
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, priced, at=shop.clock())
    for name in ("amina", "dev", *(f"c{n}" for n in range(12))):
        for purpose in ("offers", "personal-content"):
            shop.grant(name, purpose, asked=ASKED)
    shop.planning.set_slot("deals", Slot(kind="offers", count=1))
    shop.planning.set_slot("banner", Slot(kind="content", count=1))


@pytest.fixture
def shop(small: Bakery) -> Shop:
    return small.shop


def give(shop: Shop, **offers: Offer) -> None:
    for name, offer in offers.items():
        shop.planning.new_offer(name, offer)
        shop.planning.approve(f"offer-{name}")
        shop.planning.start_offer(name)


def rules(decision: Decision) -> dict[str, int]:
    return {one.rule: one.count for one in decision.interventions}


def names(decision: Decision) -> list[str]:
    return [choice.product for choice in decision.items]


# ---- who gets what ---------------------------------------------------------------------------------------------------


def test_an_offer_is_refused_until_it_is_approved_and_gone_when_it_is_stopped(shop: Shop):
    shop.planning.new_offer("morning", MORNING)
    with pytest.raises(Refused, match="Nobody approved 'offer-morning'"):
        shop.planning.start_offer("morning")
    assert shop.decide("amina", "deals").items == ()
    shop.planning.approve("offer-morning")
    assert shop.decide("amina", "deals").items == (), "approved, and not started"
    shop.planning.start_offer("morning")
    made = shop.decide("amina", "deals")
    assert names(made) == ["morning"]
    assert (made.purpose, made.personalised, made.reason) == ("offers", True, "")
    assert set(made.used) == {"purchases"}
    assert shop.explain(made.id) == made
    shop.planning.suspend("offer-morning")
    assert rules(shop.decide("amina", "deals")) == {"not-approved": 1}
    shop.planning.approve("offer-morning")
    shop.planning.stop_offer("morning")
    assert shop.decide("amina", "deals").items == ()
    with pytest.raises(Conflict):
        shop.planning.stop_offer("morning")
    with pytest.raises(Conflict, match="never changed"):
        shop.planning.new_offer("morning", MORNING)


def test_prices_are_told_with_the_lowest_of_30_days(shop: Shop, clock: FakeClock):
    give(shop, morning=MORNING)
    placed = shop.decide("amina", "deals").items[0].placed
    assert placed is not None
    told = {price.product: (price.public, price.lowest, price.price) for price in placed.prices}
    assert told == {"croissant": (200, 200, 180), "coffee": (300, 300, 270)}
    assert (placed.rule, placed.label) == (MORNING.rule, "")
    clock.turn(days=1)
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("coffee", price=350)], at=clock())
    made = shop.decide("amina", "deals")
    assert made.items[0].placed is not None
    assert [price.product for price in made.items[0].placed.prices] == ["croissant"]
    assert rules(made)["price"] == 1, "315 is more than the 300 of yesterday"
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("croissant", price=250)], at=clock())
    assert rules(shop.decide("amina", "deals")) == {"price": 1}


@pytest.mark.parametrize("who", [None, "bruno", "chiara", "nobody-knows"])
def test_whoever_allows_nothing_gets_a_good_answer_that_is_everybodys(shop: Shop, who: str | None):
    own = replace_offer(EVENING, same_price=False)
    give(shop, morning=MORNING, evening=EVENING, own=own)
    made = [shop.decide(who, "deals", 2) for _ in range(12)]
    for one in made:
        assert not one.personalised
        assert one.person is None
        assert sorted(names(one)) == ["evening", "morning"]
        assert rules(one) == {"same-price": 1}
        first, second = (choice.placed for choice in one.items)
        assert first is not None
        assert second is not None
        assert (first.chance, second.chance) == (0.5, 1.0)
        assert one.items[0].because == (IN_TURN,)
    first_of = {names(one)[0] for one in made}
    for _ in range(60):  # of a dozen draws all may be alike; of so many more, never
        if len(first_of) < 2:
            first_of.add(names(shop.decide(who, "deals", 2))[0])
    assert len(first_of) == 2, "each in turn"


def replace_offer(offer: Offer, **values: object) -> Offer:
    import msgspec

    return msgspec.structs.replace(offer, **values)


def test_no_service_is_lost_by_opting_out(shop: Shop):
    give(shop, morning=MORNING, evening=EVENING)
    before = shop.decide("amina", "deals", 2)
    shop.planning.personal("amina", personal=False)
    after = shop.decide("amina", "deals", 2)
    assert sorted(names(after)) == sorted(names(before))
    assert (after.personalised, after.reason) == (False, "switched-off")
    assert rules(after)["not-personal"] == 2
    prices = {choice.product: choice.placed.prices for choice in before.items if choice.placed}
    assert {choice.product: choice.placed.prices for choice in after.items if choice.placed} == prices


def test_who_is_held_out_gets_what_everyone_gets(shop: Shop):
    give(shop, morning=MORNING)
    shop.planning.hold_out(100)
    made = shop.decide("amina", "deals")
    assert (names(made), made.personalised, made.reason, made.arm) == (["morning"], False, "holdout", "holdout")


def test_a_price_that_is_not_everybodys_is_disclosed_in_the_words_of_the_place(shop: Shop):
    give(shop, own=replace_offer(EVENING, same_price=False))
    made = shop.decide("amina", "deals", context=Context(region="US-NY"))
    assert made.items[0].placed is not None
    assert made.items[0].placed.label == "us-ny"
    assert rules(made)["personal-price"] == 1
    other = shop.decide("amina", "deals", context=Context(region="DE")).items[0].placed
    assert other is not None
    assert other.label == "personalised"


def test_somebody_in_a_hard_time_is_not_pressed(shop: Shop):
    for name, tags in (("calm", ()), ("last-call", ("urgent",)), ("pay-later", ("credit",)), ("bigger", ("upsell",))):
        shop.planning.add_content(name, Content("banner", name, tags=tags))
    assert len(shop.decide("amina", "banner", 4).items) == 4
    shop.planning.care("amina", "payment-trouble")
    made = shop.decide("amina", "banner", 4)
    assert names(made) == ["calm"]
    assert rules(made)["care"] == 3


def test_sensitive_things_stand_nowhere(shop: Shop):
    give(shop, smoke=Offer("Smoke", "Ten off tobacco.", percent=10, products=("B-9",)))
    shop.planning.add_content("test", Content("banner", "A test for you", tags=("sensitive",)))
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("B-9", price=900)])
    assert rules(shop.decide("amina", "deals")) == {"sensitive": 1}
    assert rules(shop.decide(None, "banner")) == {"sensitive": 1}


def test_what_is_not_taken_rests_and_comes_back(shop: Shop, clock: FakeClock):
    shop.planning.add_content("hello", Content("banner", "Hello"))
    shown = []
    for _ in range(20):
        shown.append(bool(shop.decide("amina", "banner").items))
        clock.turn(days=1)
    assert shown == [True] * 3 + [False] * 11 + [True] * 3 + [False] * 3


def test_what_was_followed_does_not_rest_but_has_its_days_of_a_week(shop: Shop, clock: FakeClock):
    shop.planning.add_content("hello", Content("banner", "Hello"))
    shown = []
    for day in range(8):
        made = shop.decide("amina", "banner")
        shown.append(bool(made.items))
        if day == 1:
            shop.placed.click(made.id, "hello")
        clock.turn(days=1)
    assert shown == [True] * 5 + [False] * 2 + [True]


def test_content_has_its_days_and_its_language(shop: Shop, clock: FakeClock):
    shop.planning.add_content("advent", Content("banner", "Advent", since="2026-11-23", until="2026-11-23"))
    shop.planning.add_content("hallo", Content("banner", "Hallo", language="de"))
    everybody = Context(language="de-AT")
    assert names(shop.decide(None, "banner", 5)) == []
    assert names(shop.decide(None, "banner", 5, everybody)) == ["hallo"]
    clock.turn(days=1)
    assert sorted(names(shop.decide(None, "banner", 5, everybody))) == ["advent", "hallo"]
    clock.turn(days=1)
    assert names(shop.decide(None, "banner", 5, everybody)) == ["hallo"]


def test_the_draw_hangs_on_the_decisions_id_alone(shop: Shop):
    give(shop, morning=MORNING, evening=EVENING)
    for _ in range(10):
        made = shop.decide(None, "deals")
        n = drawn(np.array([0.5, 0.5]), f"{made.id}|0|2")
        assert names(made) == [["evening", "morning"][n]]


def test_the_propensity_is_that_of_the_draw_times_that_of_the_arm(shop: Shop):
    give(shop, morning=MORNING, evening=EVENING)
    shop.planning.new_experiment("fair", "Does it matter?", [Arm("as-is"), Arm("fair", 3, Ways(personal=False))],
                                 slots=["deals"])  # fmt: skip
    shop.planning.approve("experiment-fair")
    shop.planning.start("fair")
    for n in range(12):
        made = shop.decide(f"c{n}", "deals")
        placed = made.items[0].placed
        assert placed is not None
        assert placed.propensity == pytest.approx(placed.chance * made.propensity)
        assert made.personalised == (made.arm == "as-is")


# ---- offers for a segment --------------------------------------------------------------------------------------------


NEVER_CLICKED = {"is": "never", "what": "clicked"}
NEVER_BOUGHT = {"is": "never", "what": "bought"}


def for_segment(shop: Shop, rule: object, **offer: object) -> None:
    shop.segments.new("Quiet", "offers", rule)
    give(shop, quiet=replace_offer(EVENING, segment="Quiet", **offer))


def test_an_offer_for_a_segment_says_what_the_segment_looked_at_even_of_somebody_without_history(shop: Shop):
    for_segment(shop, NEVER_BOUGHT)
    made = shop.decide("dev", "deals")
    assert names(made) == ["quiet"]
    assert (made.personalised, made.reason, made.used) == (True, "", ("purchases",))
    assert made.items[0].because[0].text == "you are among those for whom this is: People who did not buy anything"
    assert made.items[0].kind == "fitting"
    assert rules(made)["personal"] == rules(made)["personal-price"] == 1
    told = shop.explaining.for_customer(made, "en")
    assert told.text.startswith("We chose this from what you bought.")
    assert (told.items[0].rule, len(told.items[0].prices)) == (EVENING.rule, 2)
    assert "personalised for you" in told.items[0].label
    assert "Sie gehören zu denen" in shop.explaining.for_customer(made, "de").items[0].reasons[0][0]
    assert "purchases" in {str(row.category) for row in shop.explaining.consents(made)}
    assert shop.decide("amina", "deals").items == (), "she bought, and is not in it"


def test_what_the_rule_of_a_segment_read_is_not_called_unused(small: Bakery):
    shop = small.shop
    for_segment(shop, NEVER_CLICKED)
    made = shop.decide("amina", "deals")
    assert made.used == ("engagement", "purchases"), "the rule read the one, the draw the other"
    assert "engagement" not in made.unused


def test_a_segments_price_is_personal_also_where_nothing_was_learned_or_may_be(shop: Shop):
    for_segment(shop, NEVER_CLICKED)
    shop.planning.suspend("arms")
    made = shop.decide("amina", "deals")
    assert (names(made), made.personalised, made.reason) == (["quiet"], True, "")
    assert made.used == ("engagement",)
    assert made.items[0].because[0].share == 1.0


def instead(shop: Shop, made: Decision) -> list[str]:
    return [one.instead for one in shop.explaining.for_customer(made, "en").items]


def test_what_she_could_have_kept_from_us_so_that_it_came_out_otherwise_is_told_and_true(shop: Shop):
    for_segment(shop, NEVER_BOUGHT)
    said = "Had you not let us look at what you bought, this would not have been shown to you."
    made = shop.decide("dev", "deals")
    assert (names(made), instead(shop, made)) == (["quiet"], [said])
    german = shop.explaining.for_customer(made, "de").items[0].instead
    assert german == "Hätten Sie uns nicht sehen lassen, was Sie kauften, wäre Ihnen das nicht gezeigt worden."
    shop.grant("dev", "offers", ["purchases"], asked=ASKED, yes=False)
    assert names(shop.decide("dev", "deals")) == [], "and so it is"


def test_of_a_price_of_ones_own_it_is_the_yes_and_of_a_code_that_it_is_told_to_all(shop: Shop):
    give(shop, own=replace_offer(EVENING, same_price=False))
    made = shop.decide("dev", "deals")
    assert instead(shop, made) == ["Had you not let us choose offers for you, this would not have been shown to you."]
    shop.planning.stop_offer("own")
    for_segment(shop, NEVER_BOUGHT, code="QUIET-10")
    assert "by its code, as everybody is" in instead(shop, shop.decide("dev", "deals"))[0]
    shop.grant("dev", "offers", asked=ASKED, yes=False)
    assert names(shop.decide("dev", "deals")) == ["quiet"]
    assert shop.decide("dev", "deals").items[0].placed is not None
    assert instead(shop, shop.decide("dev", "deals")) == [""], "nothing of hers was used"


def test_where_it_was_drawn_it_is_said_that_no_one_thing_surely_made_it(shop: Shop):
    give(shop, morning=MORNING, evening=EVENING)
    made = shop.decide("amina", "deals")
    assert made.items[0].placed is not None
    chance = round(100 * made.items[0].placed.chance)
    (said,) = instead(shop, made)
    assert said.startswith(f"It was drawn, with a chance of {chance} %. We can name no one thing of yours")
    assert instead(shop, shop.decide(None, "deals")) == [""]


NOBODY_ASKED = (None, "bruno", "chiara", "nobody-knows")


@pytest.mark.parametrize("who", [*NOBODY_ASKED, "amina"])
def test_with_a_code_nobody_loses_the_price_of_a_segment_by_a_no(shop: Shop, who: str | None):
    for_segment(shop, NEVER_BOUGHT, code="QUIET-10")
    if who == "amina":  # she bought, allows it all, and then switches off that anything is chosen from her data
        shop.planning.personal("amina", personal=False)
    made = shop.decide(who, "deals")
    assert names(made) == ["quiet"]
    assert (made.personalised, made.used) == (False, ())
    assert made.items[0].because == (IN_TURN,)
    placed = made.items[0].placed
    assert placed is not None
    assert (placed.code, placed.label, placed.meant, placed.set_aside) == ("QUIET-10", "", "", 0)
    assert "personal-price" not in rules(made)
    assert shop.explain(made.id) == made


def test_by_a_yes_nobody_sees_less_than_by_a_no(shop: Shop):
    """Amina bought, so she is not in the segment: where nothing else is left she is told of it as Bruno is."""
    for_segment(shop, NEVER_BOUGHT, code="QUIET-10", cost=50, budget=100)
    made = shop.decide("amina", "deals")
    assert names(made) == names(shop.decide("bruno", "deals")) == ["quiet"]
    placed = made.items[0].placed
    assert placed is not None
    assert (placed.code, placed.label, placed.meant, placed.set_aside) == ("QUIET-10", "", "", 0)
    assert shop.planning.set_aside() == {}, "nothing is promised to her"
    assert rules(made).keys() <= {"personal"}
    assert shop.explaining.replay(made.id).same, "byte for byte"
    give(shop, morning=MORNING)
    beside = shop.decide("amina", "deals")
    assert (names(beside), rules(beside)["not-eligible"]) == (["morning"], 1), "something else is left"


def test_what_else_keeps_an_offer_with_a_code_back_does_so_for_who_is_not_in_its_segment(shop: Shop):
    for_segment(shop, NEVER_BOUGHT, code="QUIET-10")
    shown = shop.decide("amina", "deals")
    shop.placed.tell(shown.id, "quiet", "never")
    made = shop.decide("amina", "deals")
    assert (names(made), rules(made)) == ([], {"unwanted": 1})


def test_who_does_not_allow_what_a_segment_looks_at_is_told_the_code_and_nothing_of_hers_is_read(shop: Shop):
    for_segment(shop, NEVER_CLICKED, code="QUIET-10")
    hers = shop.decide("dev", "deals")
    assert (hers.personalised, set(hers.used)) == (True, {"engagement"})
    assert hers.items[0].placed is not None
    assert (hers.items[0].placed.code, bool(hers.items[0].placed.label)) == ("QUIET-10", True)
    assert shop.explaining.replay(hers.id).same, "byte for byte"
    shop.grant("dev", "offers", ["engagement"], asked=ASKED, yes=False)
    made = shop.decide("dev", "deals")
    assert names(made) == ["quiet"]
    assert (made.personalised, made.used) == (False, ())
    assert made.items[0].placed is not None
    assert (made.items[0].placed.code, made.items[0].placed.label) == ("QUIET-10", "")
    assert shop.explaining.replay(made.id).same, "byte for byte"


@pytest.mark.both
def test_a_code_is_given_at_the_till_as_long_as_the_budget_lasts_and_keeps_nobody(shop: Shop):
    for_segment(shop, NEVER_BOUGHT, code="QUIET-10", cost=50, budget=100)
    for _ in range(2):
        name, offer = shop.planning.claim(" quiet-10 ")
        assert (name, offer.percent) == ("quiet", 10)
    with pytest.raises(Conflict, match="Nothing is left of the budget"):
        shop.planning.claim("QUIET-10")
    assert rules(shop.decide("bruno", "deals")) == {"budget": 1}
    with shop.database.reading() as connection:
        lines = [line for line in audit.lines(connection) if line.action == "offer.claim"]
    assert [line.person for line in lines] == [None] * 3
    shop.planning.give_back("quiet", 50)
    assert shop.planning.set_aside() == {"quiet": 50}
    shop.planning.stop_offer("quiet")
    with pytest.raises(NotFound, match="No offer has this code"):
        shop.planning.claim("QUIET-10")
    shop.planning.new_offer("again", replace_offer(EVENING, code="QUIET-10"))
    with pytest.raises(Conflict, match="is not given now"):
        shop.planning.claim("QUIET-10")


@pytest.mark.both
def test_a_claim_is_undone_without_taking_what_is_promised_to_others(shop: Shop):
    for_segment(shop, NEVER_BOUGHT, code="QUIET-10", cost=50, budget=200)
    promised = shop.decide("dev", "deals")
    with pytest.raises(Conflict, match="No claim of the offer 'quiet' is left"):
        shop.planning.take_back_claim("QUIET-10")
    shop.planning.claim("QUIET-10")
    assert shop.planning.take_back_claim(" quiet-10 ")[0] == "quiet"
    assert shop.planning.set_aside() == {"quiet": 50}, "what is promised to Dev"
    with pytest.raises(Conflict, match="No claim of the offer 'quiet' is left"):
        shop.planning.take_back_claim("QUIET-10")
    assert shop.placed.redeem(promised.id, "quiet"), "his promise is whole"
    with pytest.raises(NotFound, match="No offer has this code"):
        shop.planning.take_back_claim("NOBODYS")


def test_a_code_is_one_offers_and_of_a_price_for_all_who_meet_the_rule(shop: Shop):
    shop.planning.new_offer("one", replace_offer(EVENING, code="TEN"))
    with pytest.raises(Conflict, match="is that of the offer 'one'"):
        shop.planning.new_offer("two", replace_offer(EVENING, code="TEN"))
    with pytest.raises(BadInput, match="for a price that all who meet the rule get"):
        shop.planning.new_offer("two", replace_offer(EVENING, code="ELEVEN", same_price=False))
    for wrong in ("ten", "A", "A B C"):
        with pytest.raises(BadInput):
            shop.planning.new_offer("two", replace_offer(EVENING, code=wrong))


def test_what_stands_beside_an_offer_for_a_segment_is_hers_too(shop: Shop):
    for_segment(shop, NEVER_BOUGHT)
    give(shop, morning=MORNING)
    made = shop.decide("dev", "deals", 2)
    open_to_all = next(choice for choice in made.items if choice.product == "morning")
    assert open_to_all.because[0].text == "each of a few that are for you is shown in turn"
    assert open_to_all.placed is not None
    assert open_to_all.placed.label == ""


def test_a_price_of_ones_own_rests_on_nothing_but_a_yes(shop: Shop):
    give(shop, own=replace_offer(EVENING, same_price=False))
    made = shop.decide("dev", "deals")
    assert (made.personalised, made.used, made.reason) == (True, (), "")
    told = shop.explaining.for_customer(made, "en")
    assert told.text == "This is only for those who let us choose for them. We used nothing else about you."
    assert told.items[0].label


# ---- what gives sensitive things away --------------------------------------------------------------------------------


def test_what_gives_sensitive_things_away_targets_nobody(small: Bakery):
    shop = small.shop
    add_smokers(small, "recommendations", "model-improvement", "personal-content", "offers")
    shop.planning.add_content("papers", Content("banner", "New papers", about=("papers",)))
    give(shop, papers=Offer("Papers", "Ten off papers.", percent=10, products=("papers",)))
    for who in ("s1", "amina", None):
        for slot in ("banner", "deals"):
            made = shop.decide(who, slot)
            assert (names(made), rules(made)) == ([], {"tells-of-sensitive": 1})
    shop.planning.add_content("both", Content("banner", "Papers and tea", about=("papers", "tea")))
    made = shop.decide("s1", "banner")
    assert names(made) == ["both"]
    assert made.items[0].placed is not None
    assert made.items[0].placed.subject == "Tea", "what is left of it"
    assert isinstance(made.draw, Draw)
    share = made.draw.eligible[0].traits[6]
    assert share == 256 // 3, "of a pouch, papers and tea, the tea alone counts"
    assert len(made.draw.left_out) == 1


# ---- budgets ---------------------------------------------------------------------------------------------------------


def test_looks_of_people_without_a_name_leave_a_budget_alone(shop: Shop):
    give(shop, morning=replace_offer(MORNING, cost=300, budget=300))
    for who in (None, "bruno", "chiara", "nobody-knows"):
        for _ in range(3):
            assert names(shop.decide(who, "deals")) == ["morning"]
    assert shop.planning.set_aside() == {}
    assert names(shop.decide("amina", "deals")) == ["morning"]
    assert rules(shop.decide(None, "deals")) == {"budget": 1}, "nobody is shown what nobody can have any more"


@pytest.mark.both
def test_a_budget_is_never_overspent_and_what_is_given_back_can_be_given_again(shop: Shop):
    give(shop, morning=replace_offer(MORNING, cost=300, budget=1000))
    assert [len(shop.decide(f"c{n}", "deals").items) for n in range(5)] == [1, 1, 1, 0, 0]
    assert shop.planning.set_aside() == {"morning": 900}
    made = shop.decide("c4", "deals")
    assert (rules(made), made.reason) == ({"budget": 1}, "kept-back")
    assert shop.planning.give_back("morning", 300) == 600
    assert len(shop.decide("c4", "deals").items) == 1
    with pytest.raises(BadInput):
        shop.planning.give_back("morning", 901)


def test_what_was_promised_to_somebody_is_set_aside_once(shop: Shop):
    give(shop, morning=replace_offer(MORNING, cost=300, budget=300))
    assert [names(shop.decide("amina", "deals")) for _ in range(3)] == [["morning"]] * 3
    assert shop.planning.set_aside() == {"morning": 300}
    assert shop.decide("dev", "deals").items == ()


def test_a_promise_that_nobody_redeemed_ends_after_two_weeks(shop: Shop, clock: FakeClock):
    give(shop, morning=replace_offer(MORNING, cost=300, budget=600))
    kept = shop.decide("amina", "deals")
    shop.decide("c1", "deals")
    assert shop.placed.redeem(kept.id, "morning")
    clock.turn(days=13)
    assert shop.planning.set_aside() == {"morning": 600}
    assert shop.decide("dev", "deals").items == ()
    clock.turn(days=1)
    assert shop.planning.set_aside() == {"morning": 300}, "what was redeemed stays spent"
    assert names(shop.decide("dev", "deals")) == ["morning"]
    assert shop.planning.set_aside() == {"morning": 600}
    assert shop.decide("c2", "deals").items == ()
    assert not shop.placed.redeem(kept.id, "morning"), "it is over, and was redeemed before"


def test_what_is_shown_day_after_day_is_promised_anew_when_the_promise_is_over(shop: Shop, clock: FakeClock):
    give(shop, morning=replace_offer(MORNING, cost=300, budget=10_000))
    shop.planning.set_slot("deals", Slot(kind="offers", count=1, week=7, ways=Ways(rests_after=0)))
    aside = []
    for _ in range(16):
        aside.append(sum(choice.placed.set_aside for choice in shop.decide("amina", "deals").items if choice.placed))
        assert shop.planning.set_aside() == {"morning": 300}
        clock.turn(days=1)
    assert aside == [300] + [0] * 13 + [300, 0]


@pytest.mark.both
def test_decisions_at_the_same_moment_do_not_overspend(shop: Shop):
    give(shop, morning=replace_offer(MORNING, cost=100, budget=700))
    shop.decide("amina", "deals")
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: len(shop.decide(f"c{n}", "deals").items), range(12)))
    assert sum(made) == 6
    assert shop.planning.set_aside() == {"morning": 700}


# ---- what she says and does ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["less", "wrong", "intrusive", "complaint", "unsubscribe"])
def test_her_word_counts_from_the_next_decision_on_until_she_takes_it_back(small: Bakery, word: str):
    shop = small.shop
    give(shop, morning=MORNING, evening=EVENING)
    made = shop.decide("amina", "deals", 2)
    shop.centre.judge(small.person["amina"], made.id, "morning", word)
    after = shop.decide("amina", "deals", 2)
    assert names(after) == ["evening"]
    assert rules(after)["unwanted"] == 1
    shop.centre.judge(small.person["amina"], made.id, "morning", "fine")
    assert sorted(names(shop.decide("amina", "deals", 2))) == ["evening", "morning"]


def test_a_click_is_of_what_was_shown_and_needs_a_yes(shop: Shop):
    give(shop, morning=MORNING)
    made = shop.decide("amina", "deals")
    with pytest.raises(NotFound):
        shop.placed.click(made.id, "evening")
    with pytest.raises(NotFound):
        shop.placed.click("aaaaaaaaaaaaa", "morning")
    assert shop.placed.click(made.id, "morning")
    everyones = shop.decide(None, "deals")
    assert not shop.placed.click(everyones.id, "morning"), "it was shown to nobody in particular"
    shop.grant("amina", "offers", ["engagement"], asked=ASKED, yes=False)
    later = shop.decide("amina", "deals")
    assert not shop.placed.click(later.id, "morning")


# ---- learning --------------------------------------------------------------------------------------------------------


def lived(small: Bakery, clock: FakeClock, days: int = 4) -> None:
    """Two weeks of offers: those who come in the morning buy after the morning offer, nobody after the other."""
    shop = small.shop
    give(shop, morning=MORNING, evening=EVENING)
    shop.planning.set_slot("deals", Slot(kind="offers", count=1, week=7, ways=Ways(rests_after=0)))
    shop.planning.set_rewards("deals", Rewards(days=3, margin=100, one=1000))
    for _ in range(days):
        for n in range(12):
            made = shop.decide(f"c{n}", "deals")
            if names(made) == ["morning"]:
                shop.placed.click(made.id, "morning")
                buys(small, f"c{n}", "croissant", 2000)
        clock.turn(days=4)


def buys(small: Bakery, name: str, product: str, amount: int) -> None:
    from goodwill import people
    from goodwill.basics.clock import DAY
    from goodwill.basics.ids import hash64
    from goodwill.people.types import BOUGHT

    at = int(small.shop.clock()) + 60_000_000
    with small.shop.database.transaction() as connection:
        number = catalogue.ids_of(connection, [product])[product]
        people.log.append_one(
            connection, person=small.person[name], type_=BOUGHT, at=at, day=at // DAY, product=number, quantity=1000,
            amount=amount, currency="EUR", reference=hash64("o", name, at), key=hash64("k", name, at),
        )  # fmt: skip


def notes(shop: Shop) -> dict[str, str]:
    with shop.database.reading() as connection:
        return {one.name: one.hash for one in kept.kept(connection)}


def test_it_learns_which_offer_brings_more_and_says_why(small: Bakery, clock: FakeClock):
    shop = small.shop
    lived(small, clock)
    shop.learn()
    made = [shop.decide(f"c{n % 12}", "deals") for n in range(36)]
    chances = [one.items[0].placed.chance for one in made if one.items[0].placed]
    morning = [chance if names(one) == ["morning"] else 1 - chance for chance, one in zip(chances, made, strict=True)]
    assert np.mean(morning) > 0.6
    assert all(0.05 <= chance <= 0.95 for chance in morning), "and it goes on trying"
    first = next(one for one in made if names(one) == ["morning"])
    choice = first.items[0]
    assert choice.kind == "fitting"
    assert choice.model == notes(shop)["offers"][:12] == first.footing.models
    assert 0 < choice.covered <= 1
    assert "Croissant" in "; ".join(reason.text for reason in choice.because) or choice.because
    assert choice.placed is not None
    assert 0.05 <= choice.placed.chance < 1


def test_only_what_is_over_counts(small: Bakery, clock: FakeClock):
    shop = small.shop
    lived(small, clock, days=1)

    def shown() -> int:
        shop.settle()
        return int(shop.caught_up("offers").sums.array("shown").sum())

    assert shown() == 12
    for n in range(5):
        shop.decide(f"c{n}", "deals")
    assert shown() == 12, "their three days are not over"
    clock.turn(days=3)
    assert shown() == 12
    clock.turn(days=1)
    assert shown() == 17
    shop.planning.set_rewards("deals", Rewards(days=20))
    assert shown() == 0


def test_a_withdrawal_takes_exactly_her_part_out(small: Bakery, clock: FakeClock):
    shop = small.shop
    lived(small, clock)
    shop.learn()
    before, total = notes(shop), shop.caught_up("offers")
    shop.grant("c3", "offers", asked=ASKED, yes=False)
    shop.settle()
    after = notes(shop)
    assert after["offers"] != before["offers"]
    assert after["models"] == before["models"]
    assert after["offers"] == shop.rebuilt("offers").hash
    clock.turn(seconds=1)
    shop.grant("c3", "offers", asked=Asked(how="test"))
    again = shop.settle_all()["offers"]
    assert again.hash == before["offers"] == total.hash
    proof = shop.forget("c5")
    assert proof.equal
    assert proof.total("offers").was_counted
    assert proof.total("offers").hash_after == proof.total("offers").hash_rebuilt_without


def test_without_engagement_nothing_is_learned_of_her_and_it_rests_all_the_same(shop: Shop, clock: FakeClock):
    give(shop, morning=MORNING)
    shop.grant("amina", "offers", ["engagement"], asked=ASKED, yes=False)
    shown = []
    for _ in range(5):
        shown.append(bool(shop.decide("amina", "deals").items))
        clock.turn(days=1)
    assert shown == [True] * 3 + [False] * 2
    clock.turn(days=20)
    shop.settle()
    assert shop.caught_up("offers").sums.array("shown").sum() == 0


def test_a_shop_without_offers_keeps_no_total_of_them(shop: Shop):
    shop.settle()
    assert set(notes(shop)) == {"models"}
    shop.planning.new_offer("morning", MORNING)
    shop.settle()
    assert set(notes(shop)) == {"models", "offers"}
    shop.planning.remove_slot("deals")
    shop.settle()
    assert set(notes(shop)) == {"models"}


def test_suspended_arms_choose_by_turn(shop: Shop):
    give(shop, morning=MORNING)
    shop.planning.suspend("arms")
    made = shop.decide("amina", "deals")
    assert (names(made), made.personalised, made.reason) == (["morning"], False, "not-approved")


@pytest.mark.parametrize(
    ("offer", "says"),
    [
        (Offer("t", "r"), "one of"),
        (Offer("t", "r", percent=5, off=5), "one of"),
        (Offer("t", "r", price=5), "A fixed price is for products"),
        (Offer("t", "r", percent=5, budget=100), "A budget needs a cost"),
        (Offer("t", "r", percent=5, since="2026-12-02", until="2026-12-01"), "before it begins"),
        (Offer("t", "r", percent=5, until="2026-02-30"), "is no day"),
        (Offer("t", "r", percent=101), "does not fit"),
        (Offer("", "r", percent=5), "does not fit"),
        (Offer("t", "r", percent=5, link="javascript:alert(1)"), "does not fit"),
    ],
)
def test_an_offer_that_does_not_fit_is_refused_and_nothing_is_written(shop: Shop, offer: Offer, says: str):
    before = shop.planning.journal()
    with pytest.raises(BadInput, match=says):
        shop.planning.new_offer("x", offer)
    assert shop.planning.journal() == before


def test_every_change_of_an_offer_stands_in_the_audit_log(shop: Shop):
    give(shop, morning=MORNING)
    shop.planning.stop_offer("morning")
    shop.planning.add_content("hello", Content("banner", "Hello"))
    shop.planning.remove_content("hello")
    shop.planning.set_rewards("deals", Rewards(days=7))
    with shop.database.reading() as connection:
        actions = [line.action for line in audit.lines(connection)]
    assert actions[-7:] == ["offer.new", "plan.approve", "offer.start", "offer.stop", "content.add", "content.remove",
                            "slot.rewards"]  # fmt: skip


# ---- made again, and accounted for -----------------------------------------------------------------------------------


@pytest.fixture
def learned(small: Bakery, clock: FakeClock) -> Bakery:
    """After some weeks of offers; one for a segment and one of one's own stand beside them."""
    lived(small, clock)
    small.shop.segments.new("Quiet", "offers", NEVER_CLICKED)
    give(small.shop, quiet=replace_offer(EVENING, segment="Quiet"), own=replace_offer(EVENING, same_price=False))
    small.shop.planning.set_slot("deals", Slot(kind="offers", count=2, week=7, ways=Ways(rests_after=0)))
    small.shop.planning.add_content("bread", Content("banner", "New bread", about=("bread",)))
    small.shop.planning.add_content("hello", Content("banner", "Hello"))
    small.shop.learn()
    return small


def test_content_and_offers_come_out_the_same_byte_for_byte_when_they_are_made_again(learned: Bakery, clock: FakeClock):
    shop = learned.shop
    made = [
        shop.decide(who, slot, count, context)
        for who in ("amina", "bruno", "chiara", "dev", "c3", "c5", None)
        for slot, count in (("deals", 3), ("banner", None))
        for context in (Context(), Context(personal=False, region="US-NY"))
    ]
    assert {one.personalised for one in made} == {True, False}
    clock.turn(days=2)
    buys(learned, "amina", "coffee", 400)
    shop.planning.suspend("arms")
    shop.planning.hold_out(50)
    shop.planning.set_slot("deals", Slot(kind="offers", count=1, floor=50))
    shop.grant("c7", "offers", asked=ASKED, yes=False)  # somebody else's no ends nothing here
    for one in made:
        again = shop.explaining.replay(one.id)
        assert (again.differs, again.same, again.cannot) == ((), True, "")


def test_a_draw_that_was_tampered_with_is_noticed(learned: Bakery, monkeypatch: pytest.MonkeyPatch):
    from msgspec.structs import replace

    from goodwill.decide import record

    shop = learned.shop
    made = shop.decide("c3", "deals")
    assert isinstance(made.draw, Draw)
    first, *others = made.draw.eligible
    assert first.traits
    spoilt = replace(made, draw=replace(made.draw, eligible=(replace(first, traits=(0,) * 10), *others)))
    monkeypatch.setattr(record, "read_raw", lambda *_: (spoilt, record.encoded(spoilt)))
    again = shop.explaining.replay(made.id)
    assert (again.same, again.differs) == (False, ("draw",))


def test_what_she_took_back_is_not_read_to_make_an_offer_again(learned: Bakery):
    shop = learned.shop
    made = shop.decide("c3", "deals")
    shop.grant("c3", "offers", ["engagement"], asked=ASKED, yes=False)
    again = shop.explaining.replay(made.id)
    assert not again.same
    assert "taken back" in again.cannot
    seen = shop.explaining.for_staff(made.id)
    assert seen.account is not None, "the record itself stays"


def test_what_was_weighed_for_an_offer_adds_up_to_its_score(learned: Bakery):
    shop = learned.shop
    made = shop.decide("c4", "deals", 4)  # all of them: nothing is weighed yet of the two that were never shown
    assert {"morning", "evening"} <= set(names(made))
    account = shop.explaining.account(made.id)
    assert [one.product for one in account.scales] == names(made)
    assert all(one.adds_up for one in account.scales)
    whats = [weighed.what for scales in account.scales for weighed in scales.weighed]
    assert "always" in whats
    told = {reason.text for choice in made.items for reason in choice.because if 0 < reason.share < 1}
    assert told, "something was weighed"
    assert told <= set(whats)
    document = shop.explaining.for_auditor(made.id)
    assert document["replay"]["same"]
    assert document["account"]["scales"]


def test_reasons_of_offers_are_tried_each_night(learned: Bakery, clock: FakeClock):
    shop = learned.shop
    for n in range(12):
        shop.decide(f"c{n}", "deals", 4)  # all of them: of two that were never shown there may be nothing to try
    clock.turn(seconds=300)
    found = shop.faithful.measure()
    assert not any(found.untried.values())
    assert found.kinds["fitting"].of >= 10
    assert found.kinds["fitting"].value == 1.0


# ---- another way of drawing, judged from this shop's own log ---------------------------------------------------------


def test_another_way_is_judged_from_the_shops_own_decisions(small: Bakery, clock: FakeClock):
    shop = small.shop
    for n in range(12, 26):
        shop.grant(f"c{n}", "offers", asked=ASKED)
    give(shop, morning=MORNING, evening=EVENING)
    shop.planning.set_slot("deals", Slot(kind="offers", count=1, week=7, floor=50, ways=Ways(rests_after=0)))
    shop.planning.set_rewards("deals", Rewards(days=2, margin=100, visit=0, one=1000))
    brought = []
    for _ in range(7):
        for n in range(26):
            made = shop.decide(f"c{n}", "deals")
            shop.decide(f"c{n}", "deals")  # again on the same day: it counts once
            brought.append(2.0 if names(made) == ["morning"] else 0.0)
            if names(made) == ["morning"]:
                buys(small, f"c{n}", "croissant", 2000)
        clock.turn(days=4)
    found = shop.other_way("deals", "as-it-was")
    assert (found.people, found.left_out, found.found.decisions) == (26, 0, 7 * 26)
    assert found.brought == pytest.approx(np.mean(brought))
    assert found.found.snips is not None
    assert found.found.snips.value == pytest.approx(np.mean(brought))
    assert found.found.mean_weight == pytest.approx(1.0, abs=1e-6)
    for target in ("uniform", "floor=80"):
        judged = shop.other_way("deals", target).found
        assert judged.snips is not None, judged.refused
        assert judged.snips.value == pytest.approx(1.0, abs=0.5), "half of them bring 2; this is five errors away"
    narrow = shop.other_way("deals", "always=morning", days=8).found
    assert narrow.snips is None
    assert "at least 100 are needed" in narrow.refused
    shop.grant("c3", "offers", ["engagement"], asked=ASKED, yes=False)
    after = shop.other_way("deals", "uniform")
    assert (after.people, after.left_out) == (25, 1)
    early = shop.other_way("deals", "uniform", days=1)
    assert "no figure is told" in early.found.refused
    with pytest.raises(BadInput, match="no way of drawing"):
        shop.other_way("deals", "magic")
    with pytest.raises(NotFound, match="no slot for content or offers called 'home'"):
        shop.other_way("home", "uniform")


def test_what_was_given_back_is_no_reward_and_never_costs(small: Bakery, clock: FakeClock):
    from goodwill import people
    from goodwill.decide.reward import Place, Reckoning
    from goodwill.people.types import REFUNDED

    shop = small.shop
    give(shop, morning=MORNING)
    made = shop.decide("c3", "deals")
    buys(small, "c3", "croissant", 2000)
    with shop.database.transaction() as connection:
        own = shop.door_in(connection).one(small.person["c3"], purpose=made.purpose).events
        order, at = int(own.reference[-1]), clock() + 120_000_000
        for number, amount in ((order, 1500), (99, 700)):  # of another order, which came before
            people.log.append_one(
                connection, person=small.person["c3"], type_=REFUNDED, at=at, day=at // 86_400_000_000, key=number,
                amount=amount, reference=number,
            )  # fmt: skip
        events = shop.door_in(connection).one(small.person["c3"], purpose=made.purpose).events
    place = Place("deals", "morning", Rewards(margin=100, visit=0, one=100), np.zeros(0, bool), 10**6)
    one = (np.array([0]), np.array([made.at]), np.array([clock() // 86_400_000_000]))
    assert Reckoning([place]).rewards(events, *one).tolist() == [256 * 5]
    shop.grant("c3", "offers", ["preferences"], asked=ASKED)
    clock.turn(seconds=1)
    shop.centre.judge(small.person["c3"], made.id, "morning", "never")
    with shop.database.transaction() as connection:
        events = shop.door_in(connection).one(small.person["c3"], purpose=made.purpose).events
    assert Reckoning([place]).rewards(events, *one).tolist() == [0]


# ---- altogether, and names that are none -----------------------------------------------------------------------------


def test_all_slots_together_show_no_more_in_a_week_than_a_slot_allows(shop: Shop, clock: FakeClock):
    for n in range(6):
        shop.planning.add_content(f"c{n}", Content("banner", f"Number {n}"))
    give(shop, morning=MORNING)
    shop.planning.set_slot("banner", Slot(kind="content", count=4, overall=6))
    shop.planning.set_slot("deals", Slot(kind="offers", count=1, overall=5))
    first = shop.decide("amina", "banner")
    assert len(first.items) == 4
    assert len(shop.decide("amina", "deals").items) == 1
    clock.turn(days=1)
    second = shop.decide("amina", "banner")
    assert (len(second.items), rules(second)["overall"]) == (1, 3), "five were shown before"
    assert rules(shop.decide("amina", "deals")) == {"overall": 1}
    assert shop.explaining.replay(second.id).same
    assert len(shop.decide(None, "banner").items) == 4, "nobody in particular is counted"
    clock.turn(days=6)
    assert len(shop.decide("amina", "banner").items) == 4, "a week is over"


def test_a_personal_price_for_a_basket_leaves_out_what_everybody_needs(
    database: Database, tmp_path: Path, clock: FakeClock
):
    small = bakery(database, tmp_path, clock, essential=("bread",))
    shop = small.shop
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("bread", price=300), Product("wine", price=900)], at=clock())
    shop.grant("amina", "offers", asked=ASKED)
    shop.planning.set_slot("deals", Slot(kind="offers", count=1))
    give(shop, own=Offer("Five off", "Five percent off for you.", percent=5, same_price=False))
    needed = shop.decide("amina", "deals", context=Context(basket=("bread",)))
    assert (names(needed), rules(needed), needed.reason) == ([], {"essential": 1}, "kept-back")
    beside = shop.decide("amina", "deals", context=Context(basket=("bread", "wine")))
    assert beside.items[0].placed is not None
    assert beside.items[0].placed.rule == "Five percent off for you. Not on what everybody needs."
    assert shop.explaining.replay(beside.id).same
    shop.close()


def test_names_that_are_none_are_refused_with_the_nearest(shop: Shop):
    with pytest.raises(BadInput, match=r"no kind called 'Breadd'\. Did you mean 'bread'"):
        shop.planning.new_offer("ten", replace_offer(MORNING, products=(), kinds=("Breadd",)))
    with pytest.raises(BadInput, match="no kind called 'wein'"):
        shop.planning.add_content("wine", Content("banner", "Wine", about=("wein",)))
    shop.segments.new("Quiet", "offers", NEVER_CLICKED)
    with pytest.raises(BadInput, match=r"no segment 'Quite' for the purpose 'offers'\. Did you mean 'Quiet'"):
        shop.planning.new_offer("ten", replace_offer(MORNING, segment="Quite"))
    with pytest.raises(BadInput, match="is for content, not for offers"):
        shop.planning.new_offer("ten", replace_offer(MORNING, slots=("banner",)))
    with pytest.raises(BadInput, match="'UPPER' is no name"):
        shop.decide("amina", "UPPER")
