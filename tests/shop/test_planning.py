"""Slots, experiments, what may run, and gentleness: what a decision makes of each, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.small_shop import EVENING, Bakery, bakery

from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.decide.plan import Arm, Slot, State, Ways
from goodwill.shop import Shop
from goodwill.storage import Database, audit


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


@pytest.fixture
def shop(small: Bakery) -> Shop:
    return small.shop


def rules(decision: Decision) -> dict[str, int]:
    return {one.rule: one.count for one in decision.interventions}


def kinds(decision: Decision) -> list[str]:
    return [choice.kind for choice in decision.items]


def test_a_decision_says_what_it_stands_on(shop: Shop):
    made = shop.decide("amina", count=5)
    again = shop.explain(made.id)
    assert again == made
    assert made.footing.models == shop.settle().hash[:12]
    assert made.footing.plan == len(shop.planning.journal())
    assert made.footing.shelf
    assert set(made.unused) == {"browsing", "preferences", "feedback"}, "allowed, and left alone"
    assert rules(made)["personal"] == 5


def test_a_slot_says_how_many_and_how_much_is_new(shop: Shop):
    shop.planning.set_slot("home", Slot(count=4, ways=Ways(new_in_ten=5)))
    assert kinds(shop.decide("amina")) == ["usual", "usual", "new", "new"]
    assert kinds(shop.decide("amina", slot="elsewhere", count=5)).count("new") == 1
    shop.planning.remove_slot("home")
    with pytest.raises(NotFound):
        shop.planning.remove_slot("home")


@pytest.mark.parametrize("slot", [Slot(count=0), Slot(kind="magic"), Slot(ways=Ways(new_in_ten=11))])
def test_a_slot_that_does_not_fit_is_refused_and_nothing_is_written(shop: Shop, slot: Slot):
    before = shop.planning.journal()
    with pytest.raises(BadInput, match="does not fit"):
        shop.planning.set_slot("home", slot)
    assert shop.planning.journal() == before


def test_a_model_that_was_suspended_proposes_nothing_from_the_next_decision_on(shop: Shop):
    shop.planning.suspend("usual", "looks odd")
    made = shop.decide("amina", count=3)
    assert "usual" not in kinds(made)
    assert rules(made)["not-approved"] == 1
    shop.planning.suspend("together")
    assert (shop.decide("amina").personalised, shop.decide("amina").reason) == (False, "not-approved")
    shop.planning.suspend("popular")
    last = shop.decide("amina", count=3)
    assert [choice.because[0].text for choice in last.items] == ["it is in our range"] * 3
    for name in ("usual", "together", "popular"):
        shop.planning.approve(name)
    assert kinds(shop.decide("amina", count=5)) == ["usual"] * 4 + ["new"]
    with pytest.raises(NotFound, match="no model or initiative"):
        shop.planning.approve("unheard-of")


def test_another_process_obeys_a_suspension_at_its_next_decision(shop: Shop):
    from goodwill.app import open_shop

    with open_shop(shop.folder, clock=shop.clock) as other:
        assert "usual" in kinds(other.decide("amina"))
        shop.planning.suspend("usual")
        assert "usual" not in kinds(other.decide("amina"))


def test_an_experiment_runs_only_when_it_was_approved(shop: Shop):
    arms = [Arm("as-is"), Arm("more", ways=Ways(new_in_ten=10))]
    shop.planning.new_experiment("more-new", "Do more new things sell?", arms, slots=("home",))
    with pytest.raises(Refused, match="govern approve experiment-more-new"):
        shop.planning.start("more-new")
    assert shop.decide("amina").arm == "all"
    shop.planning.approve("experiment-more-new")
    assert shop.planning.start("more-new").state is State.RUNNING
    seen: dict[str, set[tuple[str, ...]]] = {}
    for n in range(30):
        made = shop.decide(f"c{n}", count=3)
        assert (made.experiment, made.propensity) == ("more-new", 0.5)
        assert made.arm == shop.planning.assigned(f"c{n}", "home").arm
        seen.setdefault(made.arm, set()).add(tuple(kinds(made)))
    assert seen.keys() == {"as-is", "more"}
    assert all("usual" in each for each in seen["as-is"])
    assert all(each.count("usual") < 2 for each in seen["more"])
    with pytest.raises(Conflict):
        shop.planning.start("more-new")
    shop.planning.stop("more-new")
    assert shop.decide("amina").arm == "all"


def test_the_arm_never_depends_on_what_she_allows_and_nothing_is_kept_of_whoever_allows_nothing(small: Bakery):
    shop = small.shop
    shop.planning.hold_out(50)
    before = {name: shop.planning.assigned(name, "home").arm for name in small.person}
    assert set(before.values()) == {"all", "holdout"}
    for name in list(small.person)[4:]:
        shop.grant(name, "recommendations", asked=_asked(), yes=False)
    assert {name: shop.planning.assigned(name, "home").arm for name in small.person} == before
    held_out = next(name for name, arm in before.items() if arm == "holdout" and name[1:].isdigit())
    made = shop.decide(held_out)
    assert (made.person, made.experiment, made.arm, made.reason) == (None, "", "all", "withdrawn")


def _asked():
    from tests.small_shop import ASKED

    return ASKED


def test_who_is_held_out_gets_what_everyone_gets_and_can_see_that(small: Bakery):
    shop = small.shop
    shop.planning.hold_out(50)
    held_out = next(
        name for name in small.person if name[1:].isdigit() and shop.planning.assigned(name, "x").is_held_out
    )
    made = shop.decide(held_out, count=4)
    assert (made.personalised, made.reason, made.used) == (False, "holdout", ())
    assert (made.experiment, made.arm, made.propensity) == ("shop", "holdout", 0.5)
    assert set(kinds(made)) == {"everyone"}
    assert made.person == small.person[held_out], "she allowed it, so it stands in her own log"


def test_nothing_new_is_urged_on_somebody_who_has_a_hard_time(shop: Shop, clock: FakeClock):
    assert "new" in kinds(shop.decide("amina", count=5))
    shop.planning.care("amina", "bereavement")
    made = shop.decide("amina", count=5)
    assert "new" not in kinds(made)
    assert rules(made)["care"] == 1
    assert made.personalised
    clock.turn(days=91)
    assert "new" in kinds(shop.decide("amina", count=5)), "it ends by itself"
    shop.planning.care("amina", "health")
    shop.planning.care("amina", "health", over=True)
    assert "new" in kinds(shop.decide("amina", count=5))
    with pytest.raises(BadInput, match="bereavement"):
        shop.planning.care("amina", "rich")


def test_nothing_is_chosen_from_the_data_of_whoever_is_under_age_or_switched_it_off(shop: Shop, clock: FakeClock):
    shop.planning.care("amina", "minor")
    clock.turn(days=400)
    made = shop.decide("amina")
    assert (made.personalised, made.reason) == (False, "switched-off")
    shop.planning.care("amina", "minor", over=True)
    assert shop.decide("amina", context=Context(personal=False)).reason == "switched-off"
    assert shop.decide("amina").personalised
    shop.planning.personal("amina", personal=False)
    assert rules(shop.decide("amina")) == {"not-personal": 10}
    assert shop.can("amina", "recommendations").allowed, "what she allows stays as it is"
    shop.planning.personal("amina", personal=True)
    assert shop.decide("amina").personalised


def test_something_new_that_is_not_taken_rests(shop: Shop, clock: FakeClock):
    first = next(choice.product for choice in shop.decide("amina", count=5).items if choice.kind == "new")
    assert first in EVENING
    for _ in range(5):  # as often as she looks on one day
        assert first in [choice.product for choice in shop.decide("amina", count=5).items]
    for _ in range(2):
        clock.turn(days=1)
        assert first in [choice.product for choice in shop.decide("amina", count=5).items]
    clock.turn(days=1)
    rested = shop.decide("amina", count=5)
    assert first not in [choice.product for choice in rested.items if choice.kind == "new"]
    assert rules(rested)["resting"] >= 1
    clock.turn(days=15)
    assert first in [choice.product for choice in shop.decide("amina", count=5).items], "and may come again"


def audit_lines(shop: Shop) -> list[audit.Line]:
    with shop.database.reading() as connection:
        return list(audit.lines(connection))


def test_every_word_about_the_plan_stands_in_the_audit_log(shop: Shop):
    before = len(list(audit_lines(shop)))
    shop.planning.set_slot("home", Slot(count=4))
    shop.planning.hold_out(5)
    shop.planning.suspend("usual", "odd")
    with pytest.raises(NotFound):
        shop.planning.suspend("nothing")
    lines = audit_lines(shop)[before:]
    assert {(line.action, line.outcome) for line in lines} == {
        ("slot.set", "done"), ("holdout.set", "done"), ("plan.suspend", "done"), ("plan.suspend", "NotFound")
    }  # fmt: skip


def test_the_database_itself_refuses_to_change_the_journal(shop: Shop):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    for statement in ("UPDATE plan_rows SET name = 'x'", "DELETE FROM plan_rows"):
        with pytest.raises(DBAPIError, match="only grows"), shop.database.transaction() as connection:
            connection.execute(text(statement))
