"""Arms: a number and a salt decide, and nothing else ever does."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput, Conflict
from goodwill.basics.ids import PersonId
from goodwill.decide.experiments import assign, place
from goodwill.decide.plan import (
    Arm,
    Experiment,
    Gate,
    Holdout,
    Plan,
    Row,
    State,
    Status,
    Ways,
    plan_of,
)

PEOPLE = [PersonId(n) for n in range(1, 20_001)]
TWO = (Arm("as-is"), Arm("more", 3, Ways(new_in_ten=3)))


def a_plan(*, percent: int = 0, holdout: int = 0, salt: str = "s", state: State = State.RUNNING) -> Plan:
    experiment = Experiment("does it help?", TWO, salt, ("home",), holdout, state)
    return Plan(
        1, {}, {"try": experiment}, {"experiment-try": Gate(Status.APPROVED)}, Holdout(percent, "w" if percent else "")
    )


def shares(plan: Plan) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for person in PEOPLE:
        one = assign(plan, "home", person)
        found[one.experiment, one.arm] = found.get((one.experiment, one.arm), 0) + 1 / len(PEOPLE)
    return found


def test_people_are_divided_as_the_weights_say_and_the_propensity_is_the_share():
    plan = a_plan(percent=5, holdout=20)
    for (_, arm), share in shares(plan).items():
        told = {assign(plan, "home", person).propensity for person in PEOPLE if assign(plan, "home", person).arm == arm}
        if arm != "holdout":  # the shop's and the experiment's own have different chances
            assert list(told) == [pytest.approx(share, abs=0.012)]
    assert shares(plan)["shop", "holdout"] == pytest.approx(0.05, abs=0.006)
    assert shares(plan)["try", "holdout"] == pytest.approx(0.95 * 0.2, abs=0.01)
    assert shares(plan)["try", "more"] == pytest.approx(0.95 * 0.8 * 0.75, abs=0.012)


def test_the_chances_of_all_arms_add_up_to_one():
    plan = a_plan(percent=7, holdout=13)
    arms = {(one.experiment, one.arm): one.propensity for one in (assign(plan, "home", p) for p in PEOPLE)}
    assert sum(arms.values()) == pytest.approx(1)


@given(st.integers(1, 1 << 62), st.integers(0, 49), st.integers(1, 50))
def test_a_larger_holdout_adds_people_and_lets_nobody_go(person, percent, more):
    before = Plan(holdout=Holdout(percent, "w"))
    after = Plan(holdout=Holdout(min(100, percent + more), "w"))
    if assign(before, "home", PersonId(person)).is_held_out:
        assert assign(after, "home", PersonId(person)).is_held_out


def test_two_experiments_divide_people_independently():
    for one, other in combinations(("a", "b", "c"), 2):
        both = sum(place(one, p) < 0.5 and place(other, p) < 0.5 for p in PEOPLE) / len(PEOPLE)
        assert both == pytest.approx(0.25, abs=0.012)


def test_the_place_of_a_person_is_frozen_for_other_programs():
    assert place("5f", PersonId(42)) == pytest.approx(0.4154906959421476, abs=1e-15)


@pytest.mark.parametrize("state", [State.DRAFT, State.STOPPED])
def test_an_experiment_that_does_not_run_divides_nobody(state):
    assert assign(a_plan(state=state), "home", PersonId(1)).arm == "all"


def test_an_experiment_that_was_suspended_divides_nobody_from_then_on():
    plan = a_plan()
    assert assign(plan, "home", PersonId(1)).experiment == "try"
    suspended = Plan(2, plan.slots, plan.experiments, {"experiment-try": Gate(Status.SUSPENDED)})
    assert assign(suspended, "home", PersonId(1)).arm == "all"


def test_elsewhere_and_for_nobody_in_particular_there_is_no_arm():
    assert assign(a_plan(), "basket", PersonId(1)).experiment == ""
    assert assign(a_plan(percent=50), "home", None).arm == "all"


@pytest.mark.parametrize("arms", [(), (Arm("a"), Arm("a")), (Arm("holdout"), Arm("a")), (Arm("a"),)])
def test_what_compares_nothing_is_refused(arms):
    with pytest.raises(BadInput):
        Experiment("why?", arms, "s").checked()


def test_two_experiments_in_one_slot_are_refused():
    running = a_plan().experiments["try"]
    for slots in ((), ("home",), ("home", "basket")):
        plan = Plan(1, {}, {"try": running, "other": Experiment("why?", TWO, "x", slots)})
        with pytest.raises(Conflict, match="'try' runs there already"):
            plan.can_start("other")
    Plan(1, {}, {"try": running, "other": Experiment("why?", TWO, "x", ("basket",))}).can_start("other")


def test_the_last_row_about_a_name_counts_and_the_journal_can_be_read_as_of_any_row():
    rows = [
        Row(1, "gate", "usual", Gate(Status.APPROVED), "a", 0),
        Row(2, "gate", "usual", Gate(Status.SUSPENDED), "a", 0),
        Row(3, "holdout", "", Holdout(5, "w"), "a", 0),
    ]
    assert plan_of(rows[:1]).may("usual")
    assert not plan_of(rows).may("usual")
    assert (plan_of(rows[:2]).holdout.percent, plan_of(rows).holdout.percent) == (0, 5)
    assert not Plan().may("usual"), "what nobody approved may not choose"
