"""Each guardrail of content and offers by itself: what it keeps back, and that it keeps back nothing else."""

from typing import Any

import numpy as np
import pytest
from tests.decide.test_guardrails import seen

from goodwill.access.view import Log, View
from goodwill.decide import guardrails, holding_back
from goodwill.decide.candidates import Candidate
from goodwill.decide.eligible import Met
from goodwill.decide.holding_back import RULES, Asked, Held, rule_against
from goodwill.decide.plan import Content, Gate, Offer, Plan, Slot, State, Status, Ways
from goodwill.decide.prices import Reduced
from goodwill.people.gentle import CLICKED, Gentle, number_of
from goodwill.people.types import BOUGHT
from goodwill.purposes import OFFERS
from goodwill.storage import AsOf

DAY = 20_000
SLOT = Slot(kind="offers", count=1)
OFFER = Offer("Ten off", "Everybody gets ten percent off.", percent=10, state=State.RUNNING)
APPROVED = Plan(gates={"offer-ten": Gate(Status.APPROVED)})
REAL = Reduced((), frozenset({1}), 0, 0)


def candidate(body: Content | Offer = OFFER, **more: Any) -> Candidate:
    values: dict[str, Any] = {
        "name": "ten", "body": body, "number": number_of("deals", "ten"), "about": np.zeros(0, bool), "subject": "",
        "sensitive": False, "reduced": REAL,
    }  # fmt: skip
    return Candidate(**{**values, **more})


def asked(plan: Plan = APPROVED, *, personal: bool = True, **more: Any) -> Asked:
    others = {name: more.pop(name) for name in ("spent", "is_in", "basket") if name in more}
    return Asked(seen(slot_name="deals", slot=SLOT, **more), plan, personal, **others)


def happened(*rows: tuple[int, int, int, int]) -> View:
    """A view of some events: type, day, product, reference."""
    types, days, products, references = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    count = np.arange(len(rows))
    log = Log(count, types, days * 86_400_000_000, days, products, count, count, references)
    return View(1, OFFERS, AsOf(0, 0, 0, 0), frozenset(), frozenset(), log)  # type: ignore[arg-type]


def test_every_rule_has_a_name_that_decisions_know_and_the_order_is_deny_then_limit():
    assert set(RULES) <= set(guardrails.RULES)
    does = [guardrails.RULES[name] for name in RULES]
    assert does == sorted(does), "denied before limited"
    assert rule_against(candidate(), asked()) == ""


def test_not_approved():
    assert rule_against(candidate(), asked(Plan())) == "not-approved"
    suspended = Plan(gates={"offer-ten": Gate(Status.SUSPENDED)})
    assert rule_against(candidate(), asked(suspended)) == "not-approved"
    assert rule_against(candidate(Content("deals", "Hello")), asked(Plan())) == "", "content is no initiative"


def test_sensitive():
    assert rule_against(candidate(sensitive=True), asked()) == "sensitive"


def test_unwanted():
    assert rule_against(candidate(), asked(gentle=Gentle(unwanted=frozenset({"offers/ten"})))) == "unwanted"
    assert rule_against(candidate(), asked(gentle=Gentle(unwanted=frozenset({"content/ten"})))) == ""


def test_not_eligible():
    for_some = candidate(Offer("t", "r", percent=5, segment="new", state=State.RUNNING))
    view = happened((BOUGHT, DAY, 1, 1))
    assert rule_against(for_some, asked(view=view)) == "not-eligible", "nobody can tell who is in it"
    new, old = (lambda name, wanted=wanted: Met() if name == wanted else None for wanted in ("new", "old"))
    assert rule_against(for_some, asked(view=view, is_in=new)) == ""
    assert rule_against(for_some, asked(view=view, is_in=old)) == "not-eligible"


@pytest.mark.parametrize("offer", [{"segment": "new"}, {"same_price": False}])
def test_same_price(offer: Any):
    own = candidate(Offer("t", "r", percent=5, state=State.RUNNING, **offer))
    assert rule_against(own, asked(personal=False, is_in=lambda _: Met())) == "same-price"
    assert rule_against(own, asked(view=happened((BOUGHT, DAY, 1, 1)), is_in=lambda _: Met())) == ""
    assert rule_against(candidate(), asked(personal=False)) == ""


def test_essential_and_price():
    some = Offer("t", "r", percent=5, products=("p",), state=State.RUNNING)
    assert rule_against(candidate(some, reduced=Reduced((), frozenset(), 2, 0)), asked()) == "essential"
    assert rule_against(candidate(some, reduced=Reduced((), frozenset(), 0, 2)), asked()) == "price"
    assert rule_against(candidate(some, reduced=REAL), asked()) == ""


def test_price_of_a_whole_basket():
    assert rule_against(candidate(), asked(basket=(Held(200, 150),))) == "price", "it cost less within 30 days"
    assert rule_against(candidate(), asked(basket=(Held(200, 150), Held(100, 100)))) == ""
    assert rule_against(candidate(), asked()) == "", "nothing is in it yet"


def test_a_personal_price_for_a_whole_basket_is_none_for_what_everybody_needs():
    view, bread = happened((BOUGHT, DAY, 1, 1)), Held(200, 200, essential=True)
    own = candidate(Offer("t", "r", percent=5, same_price=False, state=State.RUNNING))
    assert rule_against(own, asked(view=view, basket=(bread,))) == "essential"
    assert rule_against(own, asked(view=view, basket=(bread, Held(100, 100)))) == "", "something else is in it"
    assert rule_against(own, asked(view=view, basket=(bread, Held(100, 50)))) == "price", "which saves nothing"
    assert rule_against(candidate(), asked(view=view, basket=(bread,))) == "", "everybody gets it"


def test_overall():
    view, ways = happened((BOUGHT, DAY, 1, 1)), Ways(rests_after=0)
    others = {n: tuple(DAY - day for day in range(5)) for n in range(4)}
    assert rule_against(candidate(), asked(view=view, ways=ways, placed=others)) == "overall", "20 in a week"
    fewer = {**others, 3: (DAY, DAY - 1, DAY - 2, DAY - 3, DAY - 7)}
    assert rule_against(candidate(), asked(view=view, ways=ways, placed=fewer)) == "", "one of them is over"
    today = {**others, number_of("deals", "ten"): (DAY,)}
    assert rule_against(candidate(), asked(view=view, ways=ways, placed=today)) == "", "once more today"


def test_resting_and_what_was_taken():
    number = number_of("deals", "ten")
    shown = {number: (DAY - 9, DAY - 5, DAY - 2)}
    nothing = happened((BOUGHT, DAY - 3, 7, 1))
    assert rule_against(candidate(), asked(view=nothing, placed=shown)) == "resting"
    assert rule_against(candidate(), asked(view=nothing, placed={number: shown[number][1:]})) == ""
    followed = happened((CLICKED, DAY - 4, -1, number))
    assert rule_against(candidate(), asked(view=followed, placed=shown)) == ""
    earlier = happened((CLICKED, DAY - 12, -1, number))
    assert rule_against(candidate(), asked(view=earlier, placed=shown)) == "resting"
    about = np.zeros(8, bool)
    about[7] = True
    assert rule_against(candidate(about=about), asked(view=nothing, placed=shown)) == "", "she bought what it is about"
    never = Ways(rests_after=0, rest_days=14)
    assert rule_against(candidate(), asked(view=nothing, placed=shown, ways=never)) == ""


def test_frequency():
    ways = Ways(rests_after=0)
    number = number_of("deals", "ten")
    week = tuple(DAY - n for n in (6, 5, 4, 3, 1))
    assert rule_against(candidate(), asked(ways=ways, placed={number: week})) == "frequency"
    assert rule_against(candidate(), asked(ways=ways, placed={number: week[1:]})) == ""
    assert rule_against(candidate(), asked(ways=ways, placed={number: (*week, DAY)})) == "", "once more today"
    assert rule_against(candidate(), asked(ways=ways, placed={number: (DAY - 8, *week[1:])})) == "", "a week is over"


def test_budget():
    dear = candidate(Offer("t", "r", percent=5, cost=300, budget=1000, state=State.RUNNING))
    assert rule_against(dear, asked(spent={"ten": 700})) == ""
    assert rule_against(dear, asked(spent={"ten": 701})) == "budget"
    known, full = happened((BOUGHT, DAY, 1, 1)), {"ten": 1000}
    assert rule_against(dear, asked(view=known, spent=full, promised={dear.number: DAY - 13})) == "", "promised to her"
    assert rule_against(dear, asked(view=known, spent=full, promised={dear.number: DAY - 14})) == "budget"
    assert rule_against(dear, asked(spent=full)) == "budget", "nobody is promised what is used up"


@pytest.mark.parametrize("tag", sorted(holding_back.URGENT))
def test_care(tag: Any):
    pressing = candidate(Content("deals", "Now", tags=(tag,)))
    assert rule_against(pressing, asked(gentle=Gentle(care=True))) == "care"
    assert rule_against(pressing, asked()) == ""
    assert rule_against(candidate(Content("deals", "Hello")), asked(gentle=Gentle(care=True))) == ""
