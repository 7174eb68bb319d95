"""Choices are saved at once and obeyed by the very next question; who never answered finds nothing chosen."""

import re
from datetime import date

import pytest
from tests.shop.test_notices import Remembering

from goodwill import people
from goodwill.access.wishes import Wishes
from goodwill.basics.errors import LeftAlone, Refused
from goodwill.consent import Asked
from goodwill.decide.because import cited
from goodwill.people import suppress
from goodwill.reach import letters
from goodwill.shop import Who
from goodwill.shop.notices import Notices
from goodwill.shop.words import catalogues
from goodwill.storage import audit

IN = "/privacy"


def lines(street):
    """What was entered in the audit log."""
    with street.shop.database.reading() as connection:
        return [line.action for line in audit.lines(connection)]


def buttons(page):
    """What each button of a row would send, by purpose and category."""
    found = re.findall(r'id="button-([a-z-]+)-([a-z]+)" class="equal" name="yes" value="(yes|no)"', page)
    return {(purpose, category): value for purpose, category, value in found}


def standing(street, name):
    """How each consent stands on the server."""
    return {
        (choice.entry.name, line.category): line.allowed
        for choice in street.shop.centre.choices(street.person(name))
        for line in choice.lines
    }


def offered(page):
    """What the page says stands now: a button offers the contrary."""
    return {place: value == "no" for place, value in buttons(page).items()}


def test_nothing_is_chosen_for_somebody_who_never_answered(street):
    page = street.signed_in("bruno").get(IN).text
    shown = offered(page)
    needs_yes = {place for place in shown if street.shop.register[place[0]].basis == "consent"}
    assert needs_yes
    assert not any(shown[place] for place in needs_yes)
    assert "have not answered yet" in page
    assert "checked" not in page


def test_one_press_changes_one_thing_and_the_next_decision_obeys(street):
    street.shop.learn()
    browser = street.signed_in("amina")
    before = standing(street, "amina")
    assert street.shop.decide("amina", count=2).personalised
    for category in ("purchases", "browsing", "preferences", "feedback"):
        answer = browser.press("/privacy/choices", purpose="recommendations", category=category, yes="no")
        assert answer.headers["location"] == f"/privacy#row-recommendations-{category}"
    after = standing(street, "amina")
    assert {place for place in after if after[place] != before[place]} == {
        ("recommendations", category) for category in ("purchases", "browsing", "preferences", "feedback")
    }
    assert not street.shop.decide("amina", count=2).personalised
    assert not street.shop.can("amina", "recommendations").allowed
    page = browser.see(IN)
    assert "We stopped using “Your ratings, answers and complaints”" in page
    assert offered(browser.get(IN).text) == after
    assert "We stopped using" not in browser.see(IN)  # said once


def test_everything_is_allowed_or_refused_with_one_press_each(street, clock):
    browser = street.signed_in("dev")
    for word, answer in (("yes", True), ("no", False), ("yes", True)):
        clock.turn(seconds=1)  # of two words said at the same moment the "no" counts
        assert browser.press("/privacy/choices/all", yes=word).status_code == 303
        assert set(standing(street, "dev").values()) == {answer}
        assert offered(browser.get(IN).text) == standing(street, "dev")


def test_after_a_no_to_news_nobody_elses_word_brings_them_back(street):
    street.signed_in("bruno").press("/privacy/choices/all", yes="no")
    with pytest.raises(LeftAlone):
        street.shop.grant("bruno", "email-marketing", asked=Asked(how="till"))
    assert not street.shop.can("bruno", "email-marketing").allowed


@pytest.mark.parametrize("why", [suppress.UNSUBSCRIBE, suppress.OBJECTION, suppress.ERASURE])
def test_an_address_that_said_no_under_another_number_is_shown_and_her_own_yes_changes_it(street, clock, why):
    browser, news = street.signed_in("bruno"), ("email-marketing", "contact")
    browser.press("/privacy/choices/purpose", purpose="email-marketing", yes="yes")
    assert street.shop.can("bruno", "email-marketing").allowed
    suppress.suppress(street.shop.cipher, [("email", "bruno@example.org")], why)
    clock.turn(seconds=60)
    assert street.shop.can("bruno", "email-marketing").reason == "left-alone"
    page = browser.get(IN).text
    assert "Off: you allowed this, but we do not write to you." in page
    assert "nobody writes news to you, although a yes of yours stands here" in page
    assert buttons(page)[news] == "yes", "it offers to change that"
    (choice,) = (one for one in street.shop.centre.choices(street.person("bruno")) if one.left_alone)
    assert {line.category for line in choice.lines if choice.is_stopped(line)} == {"contact"}
    assert "Darum schreibt Ihnen niemand Neues" in browser.get(IN + "?lang=de").text
    browser.press("/privacy/choices", purpose="email-marketing", category="contact", yes="yes")
    assert street.shop.can("bruno", "email-marketing").allowed
    page = browser.get(IN + "?lang=en").text
    assert "although a yes of yours stands here" not in page
    assert buttons(page)[news] == "no"


def test_whoever_allows_no_news_is_not_told_that_nobody_writes(street):
    suppress.suppress(street.shop.cipher, [("email", "bruno@example.org")], suppress.UNSUBSCRIBE)
    assert "nobody writes news to you" not in street.signed_in("bruno").get(IN).text


def test_an_answer_is_proved_by_what_was_read(street):
    browser = street.signed_in("bruno")
    browser.get(IN + "?lang=de")
    browser.press("/privacy/choices", purpose="offers", category="purchases", yes="yes")
    (row,) = street.shop.consents("bruno")
    assert (row.state, row.evidence) == ("given", "proven")
    assert '"how":"privacy centre"' in row.asked
    assert '"language":"de"' in row.asked
    register, shown = street.shop.register, street.shop.notices.shown(row.notice)
    (offer,) = (one for one in shown.purposes if one.purpose == "offers")
    assert offer.sentence == register.sentence(register["offers"], "de")
    assert offer.categories["purchases"] == register.sentence(register.category("purchases"), "de")
    assert f"„{register.sentence(register.category('purchases'), 'de')}“" in browser.see(IN)


def test_a_yes_to_what_is_published_is_bound_to_exactly_what_was_shown(street):
    browser = street.signed_in("bruno")
    fields = {"purpose": "recommendations", "category": "purchases", "yes": "yes"}
    assert browser.press("/privacy/choices", **fields, notice="forged").status_code == 422
    assert street.shop.consents("bruno") == []
    assert browser.press("/privacy/choices", **fields).status_code == 303
    (row,) = street.shop.consents("bruno")
    assert (row.state, row.evidence) == ("given", "proven")
    shown = street.shop.notices.shown(row.notice)
    assert ("recommendations", "purchases") in shown.cells
    assert browser.press("/privacy/choices", **fields | {"yes": "no"}, notice="forged").status_code == 303
    assert not street.shop.can("bruno", "recommendations").allowed


def test_allowing_everything_is_one_change_whose_every_row_leads_to_what_the_page_showed(street):
    browser = street.signed_in("bruno")
    seen = browser.see(IN)
    before = lines(street)
    assert browser.press("/privacy/choices/all", yes="yes").status_code == 303
    assert lines(street)[len(before) :] == ["consent.answer"]
    rows = street.shop.consents("bruno")
    register = street.shop.register
    assert {(row.purpose, row.category) for row in rows} == {
        (entry.name, category)
        for entry in register.asked()
        if entry.basis == "consent"
        for category in entry.categories
    } | {(row.purpose, row.category) for row in rows if register[row.purpose].basis != "consent"}
    assert {(row.evidence, row.notice) for row in rows} == {("proven", rows[0].notice)}
    shown = street.shop.notices.shown(rows[0].notice)
    assert (shown.notice, shown.version, shown.language) == ("privacy-centre", 1, "en")
    words = [shown.title, *shown.text, shown.labels["accept"], shown.labels["refuse"], shown.labels["choose"]]
    for offer in shown.purposes:
        words += [offer.sentence, *offer.categories.values()]
    assert not [text for text in words if not all(part in seen for part in re.split(r"(?<=[.!?]) ", text))]
    assert "Allow all" in words
    browser.press("/privacy/choices/all", yes="yes")
    assert street.shop.consents("bruno") == rows  # it was so already, and proven


def test_a_yes_that_somebody_claimed_is_proven_once_she_says_it_here(street, clock):
    street.shop.grant("bruno", "offers", ["purchases"], asked=Asked(how="till"))
    clock.turn(seconds=1)
    street.signed_in("bruno").press("/privacy/choices", purpose="offers", category="purchases", yes="yes")
    assert [(row.state, row.evidence) for row in street.shop.consents("bruno")] == [
        ("given", "claimed"), ("renewed", "proven"),
    ]  # fmt: skip


def test_what_waits_for_its_confirmation_says_so_and_the_code_can_be_typed_there(street):
    codes = Remembering()
    other = Who(email="bruno@work.example")
    notices = Notices(street.shop, codes=codes)
    with street.shop.database.transaction() as connection:
        ids = {"user_id": "bruno", "email": "bruno@work.example"}
        people.identify(connection, street.shop.cipher, ids, now=street.shop.clock())
    notices.answer(other, {("email-marketing", "contact"): True}, token=notices.current("en").token)
    browser = street.signed_in("bruno")
    page = browser.see(IN)
    assert page.count("Off: your yes waits for the code from our letter.") == 1
    assert "It counts once you type the code from the letter" in page
    assert browser.press("/privacy/choices/confirm", code="aaaa-aaaa").headers["location"] == "/privacy#waiting"
    assert "This code does not fit" in browser.see(IN)
    assert not street.shop.can("bruno", "email-marketing").allowed
    assert street.signed_in("dev").press("/privacy/choices/confirm", code=codes.made[0].letters).status_code == 303
    assert not street.shop.can("bruno", "email-marketing").allowed  # it is nobody else's code
    browser.press("/privacy/choices/confirm", code=codes.made[0].letters)
    page = browser.see(IN)
    assert "Your yes to our news counts now" in page
    assert "waits for the code" not in page
    assert street.shop.can("bruno", "email-marketing").allowed


def test_the_browsers_signal_is_written_down_and_a_press_on_yes_still_counts(street):
    browser = street.signed_in("bruno")
    browser.headers["Sec-GPC"] = "1"
    assert street.shop.notices.signalled("bruno") is None
    browser.get(IN, **{"Sec-GPC": "1"})
    assert street.shop.notices.signalled("bruno") is None  # looking writes nothing
    browser.press("/privacy/choices", purpose="recommendations", category="purchases", yes="yes")
    assert street.shop.notices.signalled("bruno") is not None
    assert street.shop.can("bruno", "recommendations").allowed
    other = street.signed_in("dev")
    assert other.press("/privacy/signal").status_code == 303  # told by the script
    assert street.shop.notices.signalled("dev") is not None


def test_saying_the_same_again_adds_nothing_to_the_ledger(street):
    browser = street.signed_in("bruno")
    for _ in range(2):
        browser.press("/privacy/choices", purpose="offers", category="purchases", yes="no")
    assert [row.state for row in street.shop.consents("bruno")] == ["refused"]
    assert "was so already" in browser.see(IN)


def test_what_nobody_asks_about_cannot_be_answered(street):
    browser = street.signed_in("amina")
    before = len(street.shop.consents("amina"))
    for fields, status in (
        ({"purpose": "fulfilment", "category": "purchases", "yes": "no"}, 422),
        ({"purpose": "nothing", "category": "purchases", "yes": "no"}, 404),
        ({"purpose": "offers", "category": "location", "yes": "yes"}, 422),
        ({"purpose": "offers", "category": "purchases", "yes": "maybe"}, 422),
        ({"purpose": "offers", "yes": "yes"}, 422),
    ):
        assert browser.press("/privacy/choices", **fields).status_code == status, fields
    assert len(street.shop.consents("amina")) == before


def test_nobody_can_speak_for_somebody_else(street):
    browser = street.signed_in("bruno")
    before = street.shop.consents("amina")
    fields = {"person": str(street.person("amina")), "user_id": "amina", "who": "amina"}
    browser.press("/privacy/choices/all", yes="yes", **fields)
    assert street.shop.consents("amina") == before
    assert {row.person for row in street.shop.consents("bruno")} == {street.person("bruno")}


def test_a_pause_is_obeyed_by_whoever_asks_before_writing(street, clock):
    browser = street.signed_in("dev")
    browser.press("/privacy/choices/all", yes="yes")
    assert street.shop.can("dev", "email-marketing").allowed
    assert browser.press("/privacy/pause", days="30").status_code == 303
    assert "no news and offers before 22 December 2026" in browser.see(IN).replace("No news", "no news")
    answer = street.shop.can("dev", "email-marketing")
    assert (answer.allowed, answer.reason) == (False, "paused")
    assert street.shop.can("dev", "recommendations").allowed
    news = letters.news(subject="Bread", paragraphs=["Fresh."], unsubscribe="https://shop.example/u/x", preferences="")
    with pytest.raises(Refused), street.shop.database.transaction() as connection:
        street.shop.post.send(connection, letter=news, person=street.person("dev"))
    clock.turn(days=31)
    assert street.shop.can("dev", "email-marketing").allowed
    assert browser.press("/privacy/pause", days="30").status_code == 403  # the session ended long ago


def test_wishes_are_kept_and_shown_as_they_stand(street):
    browser, dev = street.signed_in("dev"), street.person("dev")
    browser.press("/privacy/less-often", yes="yes")
    browser.press("/privacy/language", language="de")
    browser.press("/privacy/pause", days="90")
    wishes = street.shop.wishes_of("dev")
    assert wishes == street.shop.centre.wishes(dev)
    assert (wishes.less_often, wishes.language, wishes.again_from) == (True, "de", date(2027, 2, 20))
    assert street.shop.wishes_of("nobody") == Wishes()
    page = browser.see(IN)
    assert "You want fewer letters" in page
    assert "We write to you in Deutsch" in page
    browser.press("/privacy/less-often", yes="no")
    browser.press("/privacy/pause", days="0")
    wishes = street.shop.centre.wishes(dev)
    assert (wishes.less_often, wishes.again_from) == (False, None)
    assert browser.press("/privacy/pause", days="12000").status_code == 422
    assert browser.press("/privacy/language", language="xx").status_code == 422


def test_global_privacy_control_is_said_to_be_honoured(street):
    for browser in (street.browser(), street.signed_in("amina")):
        seen = browser.get(IN, **{"Sec-GPC": "1"}).text
        assert re.search(r'<p class="signal" role="status" data-signal>[^<]+Global Privacy Control', seen)
        assert re.search(r"<p [^>]*data-signal hidden>", browser.get(IN).text)


# ---- what is held and chosen ---------------------------------------------------------------------------------------


def test_she_sees_what_is_held_of_her_what_for_and_who_looked(street):
    street.shop.learn()
    street.shop.decide("amina", count=2)
    street.shop.identity.merge(Who(user_id="amina"), Who(user_id="c0"))
    page = street.signed_in("amina").see("/privacy/data")
    assert "amina@example.org" in page
    assert re.search(
        r"What you bought, when, and for how much Kept as long as what it is used for needs it. \d+ entries", page
    )
    assert "Suggest products you may like, from what you allow" in page
    assert "joined two entries that are both you" in page
    assert "bruno" not in page


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_table_that_holds_something_of_her_has_its_line_with_count_and_since_when(street, language):
    street.shop.learn()
    street.shop.decide("amina", count=2)
    street.shop.identity.merge(Who(user_id="amina"), Who(user_id="c0"))
    t = catalogues()[language]
    page = street.signed_in("amina").see(f"/privacy/data?lang={language}")
    held = {one.table: one for one in street.shop.copies.held("amina")}
    assert {"people", "identities", "consent_rows", "consent_now", "audit_rows", "reads", "merges"} <= held.keys()
    for one in held.values():
        since = "–" if one.since is None else t.time(one.since, street.shop.settings.zone).striptags()
        kept = t("data.kept", long=t(f"kept.{one.table}"))
        line = f"{t('table.' + one.table)} {kept} {t.count('data.entries', one.rows)} {since}"
        assert (line in page) == (one.table != "events"), line  # events are split by category


def test_a_product_that_she_does_not_want_is_left_out_from_the_next_decision_on(street, clock):
    street.shop.learn()
    first = street.shop.decide("amina", count=3)
    product = first.items[0]
    browser = street.signed_in("amina")
    assert "because you bought" in browser.see("/privacy/decisions").lower()
    path = f"/privacy/decisions/{first.id}"
    assert browser.press(path, product=product.product, verdict="less").status_code == 303
    assert f"We leave {product.name} out from now on" in browser.see("/privacy/decisions")
    assert product.item not in {item.item for item in street.shop.decide("amina", count=5).items}
    browser.press(path, product=product.product, verdict="fine")
    assert product.item in {item.item for item in street.shop.decide("amina", count=5).items}
    browser.press(path, product=product.product, verdict="wrong")
    assert product.item not in {item.item for item in street.shop.decide("amina", count=5).items}
    others = {item.item for item in street.shop.decide("c0", count=5).items}
    assert product.item in others  # her word is about her alone
    clock.turn(days=366)
    street.shop.learn()
    assert product.item in {item.item for item in street.shop.decide("amina", count=5).items}


def test_a_purchase_that_stands_behind_a_reason_can_be_called_wrong_and_what_is_untold_is_said(street):
    street.shop.learn()
    made = street.shop.decide("amina", count=6)
    new = next(one for one in made.items if one.kind == "new")
    thing, browser = cited(new.because[0].text), street.signed_in("amina")
    page = browser.see("/privacy/decisions")
    assert "Do not use this" in page
    told = [one for one in made.items if one.covered and round(100 * one.covered) < 100]
    assert told
    assert page.count("of what spoke for it") == len(told)
    path = f"/privacy/decisions/{made.id}"
    assert browser.press(path, product=new.product, verdict="wrong", reason="x").status_code == 422
    assert browser.press(path, product=new.product, verdict="wrong", reason="0").status_code == 303
    assert f"For a year we leave {thing} out" in browser.see("/privacy/decisions")
    again = street.shop.decide("amina", count=6)
    assert thing not in {cited(one.text) for choice in again.items for one in choice.because}


def test_her_word_counts_even_where_she_allows_no_look_at_what_she_told(street):
    street.shop.learn()
    first = street.shop.decide("amina", count=3)
    browser = street.signed_in("amina")
    browser.press("/privacy/choices", purpose="recommendations", category="preferences", yes="no")
    browser.press(f"/privacy/decisions/{first.id}", product=first.items[0].product, verdict="less")
    after = street.shop.decide("amina", count=5)
    assert first.items[0].item not in {item.item for item in after.items}
    assert "preferences" not in after.used


def test_nobody_sees_or_judges_what_was_chosen_for_somebody_else(street):
    street.shop.learn()
    made = street.shop.decide("amina", count=2)
    browser = street.signed_in("bruno")
    assert made.id not in browser.get("/privacy/decisions").text
    answer = browser.press(f"/privacy/decisions/{made.id}", product=made.items[0].product, verdict="less")
    assert answer.status_code == 404
    assert browser.get(f"/privacy/decisions?after={made.id}").status_code == 404
    mine = street.signed_in("amina")
    assert mine.press(f"/privacy/decisions/{made.id}", product="no such", verdict="less").status_code == 404
    assert mine.press(f"/privacy/decisions/{made.id}", product=made.items[0].product, verdict="more").status_code == 422
    assert street.shop.centre.verdicts(street.person("amina")) == {}


def test_every_answer_has_its_receipt(street):
    browser = street.signed_in("chiara")
    page = browser.see("/privacy/receipts")
    numbers = [row.position for row in street.shop.consents("chiara")]
    assert all(f" {number} " in page for number in numbers)
    assert "No more" in page
    for number in numbers[:1]:
        signed = browser.press(f"/privacy/receipts/{number}", on="/privacy/receipts")
        assert signed.headers["content-disposition"] == f'attachment; filename="receipt-{number}.json"'
        assert signed.json()["jws"] == street.shop.proofs.receipt(number).jws
        assert street.signed_in("amina").press(f"/privacy/receipts/{number}").status_code == 404
    assert browser.press("/privacy/receipts/1%20or%201").status_code == 404


def test_pages_are_small_and_take_nothing_from_elsewhere(street):
    browser = street.signed_in("amina")
    assets = sum(len(browser.get(f"/assets/{name}").content) for name in ("centre.css", "centre.js", "goodwill.svg"))
    for path in (IN, "/privacy/data", "/privacy/decisions", "/privacy/receipts"):
        answer = browser.get(path)
        assert assets + len(answer.content) < 100_000, path
        policy = answer.headers["content-security-policy"]
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert "Corner &lt;bakery&gt;" in answer.text
        assert "<bakery>" not in answer.text
        links = re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
        assert all(link.startswith(("/", "#", "?")) and not link.startswith("//") for link in links)
        assert " style=" not in answer.text
        assert " on" + "click" not in answer.text


def test_what_cannot_be_read_gets_a_page_that_says_so(street):
    browser = street.signed_in("amina")
    assert browser.get("/privacy?lang=en&lang=de").status_code == 422
    assert browser.get("/privacy?a=%00").status_code == 422
    long = browser.press("/privacy/pause", days="3" * 20_000)
    assert long.status_code == 413
    other = browser.ask("POST", "/privacy/pause", content=b"{}", headers={"Content-Type": "application/json"})
    assert other.status_code == 415
    browser.cookies.set("__Host-goodwill-said", "%%%")
    assert browser.get(IN).status_code == 200
    browser.cookies.set("__Host-goodwill-letter", "x; drop")
    assert browser.get("/privacy/code").status_code == 303


def test_a_purpose_is_stopped_or_allowed_whole_by_one_press(street, clock):
    browser = street.signed_in("bruno")
    for word, answer in (("yes", True), ("no", False)):
        clock.turn(seconds=1)
        told = browser.press("/privacy/choices/purpose", purpose="offers", yes=word)
        assert told.headers["location"] == "/privacy#purpose-offers"
        after = standing(street, "bruno")
        assert {allowed for place, allowed in after.items() if place[0] == "offers"} == {answer}
        assert not any(allowed for place, allowed in after.items() if place[0] == "recommendations")
    assert "We stopped all of this" in browser.see(IN)


def test_what_a_purpose_cannot_do_without_decides_about_it(street, clock):
    browser = street.signed_in("bruno")

    def says(category, word):
        clock.turn(seconds=1)
        browser.press("/privacy/choices", purpose="email-marketing", category=category, yes=word)
        answer = street.shop.can("bruno", "email-marketing")
        return answer.allowed, answer.reason

    assert says("purchases", "yes") == (False, "never-asked")
    assert "has no effect as long as you do not allow" in browser.see(IN)
    assert says("contact", "yes") == (True, "allowed")
    assert "has no effect" not in browser.see(IN)
    assert says("contact", "no") == (False, "withdrawn")
