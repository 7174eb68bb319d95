"""The page of one decision: whoever has its link sees why, and can only make the shop do less; each button counts."""

import re

import pytest
from msgspec.structs import replace
from tests.shop.test_explaining import buys
from tests.small_shop import ASKED
from tests.web.centre.conftest import SITE

from goodwill.basics.clock import DAY
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide.because import cited
from goodwill.decide.plan import Offer, Slot
from goodwill.people.verdicts import Verdict
from goodwill.shop import explaining
from goodwill.shop.why import LASTS
from goodwill.shop.words import catalogues
from goodwill.storage import audit
from goodwill.web.centre.answering import LETTERS_A_MINUTE


@pytest.fixture
def made(street):
    street.shop.learn()
    return street.shop.decide("amina", count=5)


def path(street, made):
    return street.shop.why.address(made.id).removeprefix(SITE)


def items(street, name="amina"):
    return {one.item for one in street.shop.decide(name, count=6).items}


def test_the_link_of_an_answer_opens_the_page_in_her_language_and_without_signing_in(street, made):
    browser = street.browser()
    answer = browser.get(path(street, made))
    assert answer.status_code == 200
    text = browser.see(path(street, made))
    assert "Why you saw this" in text
    assert "We chose this from what you bought." in text
    assert "We did not use what you looked at" in text
    for one in made.items:
        assert one.name in text
    assert "% of the reasons)" in text
    assert "Without your" in text
    assert "Warum Sie das sahen" in browser.see(path(street, made) + "?lang=de")
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
    assert answer.headers["referrer-policy"] == "same-origin"


def test_the_page_of_an_offer_for_a_segment_says_whom_it_is_for_its_rule_its_prices_and_the_label(street, clock):
    shop = street.shop
    shop.learn()
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("wine", price=900, currency="EUR")], at=clock())
    shop.grant("amina", "offers", asked=ASKED)
    shop.segments.new("Quiet", "offers", {"is": "never", "what": "clicked"})
    shop.planning.set_slot("deals", Slot(kind="offers", count=1))
    offer = Offer("Wine for you", "Ten percent off wine for whoever follows nothing.", percent=10, products=("wine",))
    shop.planning.new_offer("wine", replace(offer, segment="Quiet"))
    shop.planning.approve("offer-wine")
    shop.planning.start_offer("wine")
    made = shop.decide("amina", "deals")
    told = street.browser().see(path(street, made))
    for words in ("what we showed you", "The rule of this offer: Ten percent off wine", "8.10", "instead of",
                  "This price was personalised for you", "you are among those for whom this is: "):  # fmt: skip
        assert words in told
    assert "Prices stay the same" not in told
    assert "This is what everyone gets" not in told


def test_it_shows_nothing_else_of_hers(street, made):
    other = street.shop.decide("amina", slot="checkout", count=2)
    page = street.browser().get(path(street, made)).text
    for word in ("amina", "example.org", other.id, "checkout", "/privacy/decisions", "/privacy/data"):
        assert word not in page


@pytest.mark.parametrize("spoil", ["cut", "other", "none", "letters"])
def test_a_link_that_is_none_of_ours_opens_nothing_and_says_no_more(street, made, spoil):
    whole = path(street, made)
    other = path(street, street.shop.decide("amina", count=2)).rpartition("/")[2]
    wrong = {"cut": whole[:-1], "other": f"/why/{made.id}/{other}", "none": f"/why/{made.id}/x",
             "letters": f"/why/{made.id}/%C3%A4"}[spoil]  # fmt: skip
    answer, nowhere = street.browser().get(wrong), street.browser().get("/why/aaaaaaaaaaaaa/x")
    assert answer.status_code == nowhere.status_code == 404
    assert made.items[0].name not in answer.text
    assert street.browser().press(wrong, on=whole, product=made.items[0].product, verdict="less").status_code == 404
    assert street.shop.centre.verdicts(street.person("amina")) == {}


def test_a_link_ends(street, made, clock):
    clock.turn(days=LASTS // DAY - 1)
    assert street.browser().get(path(street, made)).status_code == 200
    clock.turn(days=2)
    assert street.browser().get(path(street, made)).status_code == 404


def test_without_the_key_of_links_nobody_can_make_one(street, made):
    """Another use of the same key store marks the same decision otherwise."""
    box = street.shop.cipher.box("forms")
    from base64 import urlsafe_b64encode

    forged = urlsafe_b64encode(box.mark("decision", made.id)[:18]).decode()
    assert street.browser().get(f"/why/{made.id}/{forged}").status_code == 404


@pytest.mark.parametrize("verdict", ["less", "never", "wrong"])
def test_each_button_counts_from_the_very_next_decision_on(street, made, verdict):
    shown, browser = made.items[0], street.browser()
    assert shown.item in items(street)
    answer = browser.press(path(street, made), on=path(street, made), product=shown.product, verdict=verdict)
    assert answer.status_code == 303
    assert "Saved." in browser.see(answer.headers["location"])
    assert shown.item not in items(street)
    assert shown.item in items(street, "c0"), "her word is about her alone"
    with street.shop.database.reading() as connection:
        line = audit.latest(connection, 1, action="decision.judge")[0]
    assert (line.actor, line.detail["verdict"]) == ("a link of a decision", verdict)


def test_a_link_can_only_make_it_less(street, made):
    browser, shown = street.browser(), made.items[0].product
    for verdict in ("fine", "more", ""):
        answer = browser.press(path(street, made), on=path(street, made), product=shown, verdict=verdict)
        assert answer.status_code == 422
    browser.press(path(street, made), on=path(street, made), product=shown, verdict="never")
    browser.press(path(street, made), on=path(street, made), product=shown, verdict="less")
    assert street.shop.centre.verdicts(street.person("amina")) == {shown: Verdict.NEVER}
    assert (
        browser.press(path(street, made), on=path(street, made), product="no such", verdict="less").status_code == 404
    )


def test_a_form_of_another_site_is_refused(street, made):
    browser, shown = street.browser(), made.items[0].product
    link = path(street, made)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "none"}):
        assert browser.press(link, on=link, headers=headers, product=shown, verdict="less").status_code == 403
    assert browser.ask("POST", link, data={"product": shown, "verdict": "less"}).status_code == 403
    assert street.shop.centre.verdicts(street.person("amina")) == {}


@pytest.mark.parametrize(("verdict", "gone", "back"), [("wrong", 334, 398), ("less", 334, 398)])
def test_what_is_wrong_is_not_taken_for_true_again_for_twelve_months(street, made, clock, verdict, gone, back):
    """About eleven months later it is still left out, whatever else speaks for it; about thirteen later it may be."""
    new = next(one for one in made.items if one.kind == "new")
    street.browser().press(path(street, made), on=path(street, made), product=new.product, verdict=verdict)
    clock.turn(days=gone)
    # What she buys now speaks for it on other grounds than those that stood behind it then.
    buys(street.bakery, "amina", "olives" if new.item != "Olives" else "wine", clock)
    street.shop.learn()
    assert new.item not in items(street)
    kept = {one.rule for one in street.shop.decide("amina", count=6).interventions}
    assert "unwanted" in kept, "a model would propose it, and is not let"
    clock.turn(days=back - gone)
    street.shop.learn()
    assert new.item in items(street)


def test_a_purchase_that_she_says_is_wrong_is_no_ground_for_anything_else_for_twelve_months(street, made, clock):
    new = next(one for one in made.items if one.kind == "new")
    thing = cited(new.because[0].text)
    browser = street.browser()
    assert "Do not use this" in browser.get(path(street, made)).text
    browser.press(path(street, made), on=path(street, made), product=new.product, verdict="wrong", reason="0")
    assert f"For a year we leave {thing} out" in browser.see(path(street, made))

    def said(days: int) -> tuple[set[str], set[str]]:
        clock.turn(days=days)
        again = street.shop.decide("amina", count=6)
        return {cited(one.text) for choice in again.items for one in choice.because}, {
            one.rule for one in again.interventions
        }

    for days in (0, 300):
        grounds, rules = said(days)
        assert thing not in grounds
        assert "not-used" in rules
    replayed = street.shop.explaining.replay(street.shop.decide("amina", count=6).id)
    assert (replayed.cannot, replayed.same) == ("", True)
    assert "not-used" not in said(70)[1], "after a year it counts again"


def test_a_reason_that_names_no_purchase_of_hers_cannot_be_wrong(street, made):
    browser, new = street.browser(), next(one for one in made.items if one.kind == "new")
    for reason, status in (("9", 404), ("x", 422), ("-1", 422)):
        answer = browser.press(
            path(street, made), on=path(street, made), product=new.product, verdict="wrong", reason=reason
        )
        assert answer.status_code == status
    answer = browser.press(path(street, made), on=path(street, made), product=new.product, verdict="never", reason="0")
    assert answer.status_code == 422
    assert street.shop.centre.verdicts(street.person("amina")) == {}


def test_looking_is_counted_by_place_and_worked_out_once(street, made, monkeypatch):
    browser, worked_out = street.browser(), []
    account_of = explaining.account_of
    monkeypatch.setattr(explaining, "account_of", lambda *given: worked_out.append(1) or account_of(*given))
    answers = [browser.get(path(street, made)).status_code for _ in range(LETTERS_A_MINUTE + 1)]
    assert answers[:-1] == [200] * LETTERS_A_MINUTE
    assert answers[-1] == 429
    assert len(worked_out) == 1


def test_never_has_no_end_until_she_says_so_and_outlives_what_is_deleted(street, made, clock):
    shown = made.items[0]
    street.browser().press(path(street, made), on=path(street, made), product=shown.product, verdict="never")
    mine = street.signed_in("amina")
    mine.press("/privacy/choices", purpose="recommendations", category="preferences", yes="no")
    for _ in range(7):
        clock.turn(days=100)
        street.shop.retention.run()
        items(street)
    street.shop.learn()
    assert shown.item not in items(street)
    mine = street.signed_in("amina")
    again = street.shop.decide("amina", count=2)
    assert street.shop.centre.verdicts(street.person("amina")) == {shown.product: Verdict.NEVER}
    with pytest.raises(Exception, match="Nothing of the kind"):
        street.shop.centre.judge(street.person("amina"), again.id, shown.product, "fine")


def test_never_outlives_everything_she_allowed_and_all_that_is_deleted_then(street, made, clock):
    shown = made.items[0]
    street.browser().press(path(street, made), on=path(street, made), product=shown.product, verdict="never")
    for purpose in ("recommendations", "model-improvement"):
        street.shop.grant("amina", purpose, asked=ASKED, yes=False)
    for _ in range(20):
        clock.turn(days=35)
        street.shop.retention.run()
    assert shown.product not in [choice.product for choice in street.shop.decide("amina", count=8).items]
    assert street.shop.centre.verdicts(street.person("amina")) == {shown.product: Verdict.NEVER}
    street.shop.erasure.erase("amina")
    assert street.shop.find("amina") is None, "she herself can have it deleted with everything else"


def test_what_everyone_gets_has_a_page_too_and_nothing_to_press(street, made):
    general = street.shop.decide("bruno", count=3)
    browser = street.browser()
    text = browser.see(path(street, general))
    assert "This is what everyone gets. We used nothing about you." in text
    assert "<form" not in browser.get(path(street, general)).text
    link = path(street, general)
    answer = browser.press(link, on=path(street, made), product=general.items[0].product, verdict="less")
    assert answer.status_code == 404


# ---- a human ---------------------------------------------------------------------------------------------------------


def test_a_human_is_asked_about_exactly_this_decision_and_the_answer_is_shown_beside_it(street, made):
    browser, link = street.browser(), path(street, made)
    answer = browser.press(f"{link}/human", on=link, words="I never liked it.")
    assert answer.status_code == 303
    text = browser.see(answer.headers["location"])
    assert "One of us looks at it and answers you." in text
    assert "You get an answer by" in text
    asked = street.shop.rights.queue()
    assert [(one.right, one.decision, one.is_open) for one in asked] == [("human-review", made.id, True)]
    assert asked[0].due > "2026-11"
    # The same again is the same request; another decision is another.
    other = street.shop.decide("amina", count=2)
    for decision in (made, other):
        street.shop.why.ask_human(decision.id, path(street, decision).rpartition("/")[2])
    assert {one.decision for one in street.shop.rights.queue()} == {made.id, other.id}
    assert len(street.shop.rights.queue()) == 2

    street.shop.rights.fulfil(asked[0].id, note="We looked.", changed="We do not show this to you any more.")
    assert "What changed: We do not show this to you any more." in browser.see(link).replace(" :", ":")
    assert "We do not show this" not in browser.see(path(street, other))
    mine = street.signed_in("amina")
    assert "We do not show this to you any more." in mine.see("/privacy/decisions")
    assert "What changed" in mine.see("/privacy/requests")


def test_whoever_has_no_address_on_file_can_ask_a_human_too(street, made):
    theirs = street.shop.decide("c0", count=3)
    street.shop.why.ask_human(theirs.id, path(street, theirs).rpartition("/")[2], words="Why?")
    asked = street.shop.rights.queue()[0]
    assert asked.decision == theirs.id
    street.shop.rights.fulfil(asked.id, changed="Nothing had to.")
    assert "Nothing had to." in street.browser().see(path(street, theirs))


# ---- the switches ----------------------------------------------------------------------------------------------------


def test_one_press_and_nothing_is_chosen_from_her_data(street, made):
    browser = street.signed_in("amina")
    assert "Prices stay the same" in browser.see("/privacy")
    assert browser.press("/privacy/personal", yes="no").status_code == 303
    assert "We choose nothing from your data." in browser.see("/privacy")
    after = street.shop.decide("amina", count=4)
    assert (after.personalised, after.reason, after.used) == (False, "switched-off", ())
    assert "You asked us to choose nothing from your data." in street.browser().see(path(street, after))
    browser.press("/privacy/personal", yes="yes")
    assert street.shop.decide("amina", count=4).personalised


def test_one_press_and_nothing_new_is_urged_on_her_for_ninety_days(street, made, clock):
    assert any(one.kind == "new" for one in made.items)
    browser = street.signed_in("amina")
    browser.press("/privacy/gentle", yes="yes")
    page = browser.see("/privacy")
    assert "For 90 days we urge nothing new on you." in page
    assert "until 20 February 2027" in page
    assert all(one.kind != "new" for one in street.shop.decide("amina", count=5).items)
    clock.turn(days=89)
    assert all(one.kind != "new" for one in street.shop.decide("amina", count=5).items)
    clock.turn(days=2)
    assert street.shop.centre.manner(street.person("amina")).gentle_until is None
    browser = street.signed_in("amina")
    browser.press("/privacy/gentle", yes="yes")
    browser.press("/privacy/gentle", yes="no")
    assert "We may show you something new." in browser.see("/privacy")


def test_a_link_is_no_wider_than_its_buttons(street, made):
    """Nothing on the page posts elsewhere than to the page itself."""
    page = street.browser().get(path(street, made)).text
    link = path(street, made)
    assert set(re.findall(r'<form method="post" action="([^"]+)"', page)) == {link, f"{link}/human"}
    assert set(re.findall(r'name="verdict" value="(\w+)"', page)) == {"less", "never", "wrong"}
    assert catalogues()["en"].texts["why.title"] in page
