"""What she is shown of herself: who said it, when it was said, and nothing by a name of the program's own."""

import re

from goodwill.basics.clock import DAY
from goodwill.consent import Asked, Evidence, Proof, Said, State, append
from goodwill.purposes import RECOMMENDATIONS

SHOWN = Asked(how="page", notice="banner@1", evidence=Evidence.PROVEN, proof=Proof.SNAPSHOT)


def says(street, name, asked, *, said_at=None, state=State.GIVEN, purpose=RECOMMENDATIONS):
    """Write an answer of hers to a purpose into the ledger."""
    now = street.shop.clock()
    with street.shop.database.transaction() as connection:
        words = [
            Said(street.person(name), purpose, category, state, now if said_at is None else said_at, asked)
            for category in street.shop.register[purpose].categories
        ]
        append(connection, words, now=now)


def receipt(page, number):
    """The line of one receipt."""
    found = re.search(rf'<th scope="row">{number}</th>(.*?)</tr>', page, re.DOTALL)
    assert found, page
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[1]))


def last_row(street):
    return max(row.position for row in street.shop.consents("bruno"))


def test_a_yes_that_somebody_claims_for_her_is_told_as_a_claim(street):
    says(street, "bruno", Asked(how="import", by="import"))
    browser = street.signed_in("bruno")
    assert "The shop noted a yes for you here and holds no proof" in browser.see("/privacy")
    assert "Noted by the shop, without proof." in browser.see("/privacy")
    line = receipt(browser.get("/privacy/receipts").text, last_row(street))
    assert "Yes, as noted here" in line
    assert "from a file of the shop" in line
    assert "it holds no proof" in line


def test_a_yes_that_is_proven_is_told_as_hers(street):
    says(street, "bruno", SHOWN)
    browser = street.signed_in("bruno")
    assert "oted by the shop" not in browser.see("/privacy")
    assert "The shop noted a yes" not in browser.see("/privacy")
    line = receipt(browser.get("/privacy/receipts").text, last_row(street))
    assert "as noted" not in line
    assert "It is on record what you were shown" in line


def test_allowing_it_herself_makes_a_claimed_yes_her_own_word(street):
    says(street, "bruno", Asked(how="import", by="import"))
    browser = street.signed_in("bruno")
    browser.press("/privacy/choices/purpose", purpose=RECOMMENDATIONS, yes="yes")
    assert "oted by the shop" not in browser.see("/privacy")
    assert "The shop noted a yes" not in browser.see("/privacy")


def test_a_receipt_tells_when_she_said_it_and_when_it_was_noted(street):
    says(street, "bruno", Asked(how="import", by="import"), said_at=street.shop.clock() - 40 * DAY)
    line = receipt(street.signed_in("bruno").get("/privacy/receipts").text, last_row(street))
    assert "13 October 2026" in line
    assert "noted on 22 November 2026" in line


def test_a_receipt_without_a_time_says_so(street):
    says(street, "bruno", Asked(how="import", by="import", evidence=Evidence.NONE), said_at=0)
    browser = street.signed_in("bruno")
    line = receipt(browser.get("/privacy/receipts").text, last_row(street))
    assert "time not given" in line
    assert "noted on 22 November 2026" in line
    assert "1970" not in browser.get("/privacy/receipts").text + browser.get("/privacy").text
    assert "nobody noted since when" in browser.see("/privacy")


def test_the_same_in_german(street):
    says(street, "bruno", Asked(how="import", by="import", evidence=Evidence.NONE), said_at=0)
    browser = street.signed_in("bruno")
    assert "einen Beleg, dass Sie es gesagt haben, hat er nicht" in browser.see("/privacy?lang=de")
    assert "Ja, so ist es notiert" in browser.see("/privacy/receipts")
