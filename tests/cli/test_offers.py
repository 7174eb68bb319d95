"""Offers, content and rewards on the command line."""

import pytest
from tests.cli.conftest import Run

from goodwill.cli.ends import Code

NEW = ("offer", "new", "ten", "--title", "Ten off", "--rule", "Ten percent off for everybody.", "--percent", 10)


def test_an_offer_is_described_approved_given_shown_and_ended(shop: Run):
    shop("slot", "set", "deals", "--kind", "offers", "--count", 1, "--week", 7)
    made = shop(*NEW, "--cost", "0.50", "--budget", "20", "--json").document
    assert (made["offer"], made["state"], made["approved"], made["cost"]) == ("ten", "draft", False, 50)
    assert shop("offer", "start", "ten").code == Code.REFUSED
    shop("govern", "approve", "offer-ten")
    shop("offer", "start", "ten")
    told = shop("recommend", "amina", "--slot", "deals")
    assert "Ten percent off for everybody." in told.out
    assert "drawn with a chance of 100 %" in told.out
    shown = shop("offer", "show", "ten", "--json").document
    assert (shown["set_aside"], shown["left"], shown["gives"]) == (50, 1950, "10 % off the whole basket")
    assert shop("offer", "give-back", "ten", "0.50", "--json").document == {"offer": "ten", "set_aside": 0}
    assert "ten" in shop("offer", "list").out
    assert shop("offer", "stop", "ten", "--json").document["state"] == "stopped"
    assert not shop("recommend", "amina", "--slot", "deals", "--json").document["items"]
    assert shop("offer", "show", "eleven").code == Code.NOT_FOUND


def test_who_gets_an_offer_is_said_and_a_code_is_claimed(shop: Run):
    shop("slot", "set", "deals", "--kind", "offers")
    shop("offer", "new", "ten", *NEW[3:], "--code", "TEN-OFF")
    assert "with the code TEN-OFF at the till, whatever they allow" in shop("offer", "show", "ten").out
    assert shop("offer", "claimed", "TEN-OFF").code == Code.CONFLICT
    shop("govern", "approve", "offer-ten")
    shop("offer", "start", "ten")
    assert "10 % off the whole basket" in shop("offer", "claimed", "ten-off").out
    assert "With the code TEN-OFF" in shop("recommend", "bruno", "--slot", "deals").out
    assert shop("offer", "claimed", "OTHER").code == Code.NOT_FOUND
    assert "is undone" in shop("offer", "claimed", "ten-off", "--undo").out
    shop("offer", "new", "own", *NEW[3:], "--own-price")
    assert "only to whom it is shown; not after a no" in shop("offer", "show", "own").out
    assert "has no promise" not in shop("offer", "new", "two", *NEW[3:], "--code", "TWO-OFF").err
    limited = shop("offer", "new", "three", *NEW[3:], "--code", "THREE-OFF", "--cost", "0.50", "--budget", "20")
    assert "whoever allows nothing is told the code and has no promise" in " ".join(limited.err.split())
    shop("offer", "new", "all", *NEW[3:])
    assert "everybody, whatever they allow" in shop("offer", "show", "all").out


def test_what_was_redeemed_stays_spent_and_another_way_is_judged(shop: Run):
    shop("slot", "set", "deals", "--kind", "offers", "--count", 1, "--overall", 9)
    shop(*NEW, "--cost", "0.50", "--budget", "20")
    shop("govern", "approve", "offer-ten")
    shop("offer", "start", "ten")
    made = shop("recommend", "amina", "--slot", "deals", "--json").document["decision"]
    assert "was redeemed" in shop("offer", "redeemed", made, "ten").out
    assert "not any more" in shop("offer", "redeemed", made, "ten").out
    assert "byte for byte" in shop("explain", made, "--replay").out
    judged = shop("measure", "offpolicy", "--slot", "deals", "--target", "uniform")
    assert "No figure: These are decisions of 0 people" in judged.out
    wrong = shop("measure", "offpolicy", "--slot", "deals", "--target", "magic")
    assert (wrong.code, "no way of drawing" in wrong.err) == (Code.USAGE, True)


@pytest.mark.parametrize("wrong", [("--off", "1"), ("--budget", "5"), ("--until", "soon"), ("--cost", "cheap")])
def test_what_does_not_fit_is_said(shop: Run, wrong):
    assert shop(*NEW, *wrong).code == Code.USAGE
    assert shop("offer", "list", "--json").document == {"offers": []}


def test_content_is_added_listed_and_removed(shop: Run):
    shop("slot", "set", "banner", "--kind", "offers")
    assert shop("slot", "content", "add", "rye", "--slot", "banner", "--title", "Rye").code == Code.CONFLICT
    shop("slot", "set", "banner", "--kind", "content")
    shop(
        "slot",
        "content",
        "add",
        "rye",
        "--slot",
        "banner",
        "--title",
        "Rye",
        "--tag",
        "upsell",
        "--until",
        "2099-01-01",
    )
    assert shop("slot", "content", "list", "--json").document["content"][0]["tags"] == ["upsell"]
    assert "… to 2099-01-01" in shop("slot", "content", "list").out
    assert shop("recommend", "amina", "--slot", "banner", "--json").document["items"][0]["name"] == "Rye"
    shop("slot", "content", "remove", "rye")
    assert shop("slot", "content", "list", "--json").document == {"content": []}


def test_a_complaint_of_a_letter_stops_them_and_says_whether_it_is_counted(shop: Run):
    shop("consent", "withdraw", "amina", "personal-content")
    shop("consent", "withdraw", "amina", "offers")
    told = shop("consent", "complaint", "amina", "--how", "phone")
    assert told.out == "No more letters from now on. It is counted in no reward: that is not allowed.\n"
    assert shop("can", "amina", "email-marketing").code == Code.REFUSED
    again = shop("consent", "complaint", "amina", "--json").document
    assert (again["stopped"], again["counted"]) == (False, False)
    assert shop("consent", "complaint", "nobody-knows").code == Code.NOT_FOUND


def test_rewards_are_shown_and_set(shop: Run):
    shop("slot", "set", "banner", "--kind", "content")
    shop("slot", "rewards", "set", "banner", "--weight", "intrusive=20.00", "--weight", "days=7")
    found = shop("slot", "rewards", "show", "banner", "--json").document
    assert (found["intrusive"], found["days"], found["margin"]) == (2000, 7, 30)
    told = shop("slot", "rewards", "show", "banner").out
    assert "20.00" in told
    assert "Counted, for 7 days after it was shown, of whoever allows 'personal-content'" in told
    assert "Not counted: words of anybody else" in told
    assert shop("slot", "rewards", "show", "home", "--json").document["not_counted"][0].startswith("'home' is no slot")
    for wrong in ("luck=1", "days=many", "click=x", "days=400"):
        assert shop("slot", "rewards", "set", "banner", "--weight", wrong).code == Code.USAGE
