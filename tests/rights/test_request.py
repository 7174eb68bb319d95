"""Every way through the states, tried: none leads to a request in work or answered that was not shown to be hers."""

from dataclasses import replace
from itertools import product

import pytest

from goodwill.basics.clock import SECOND
from goodwill.basics.errors import Conflict, GoodwillError, Refused
from goodwill.purposes import regime_of
from goodwill.rights import Request, Right, State, Step
from goodwill.rights.request import OPEN, WAYS, due

NOW = 1_795_338_000 * SECOND
NEW = Request(
    id=1, right=Right.ERASE, state=State.UNVERIFIED, person=None, origin="form", regime="gdpr", region="IT",
    language="en", received_at=NOW, received_on=20_779, due_on=20_809, verified_at=None, verified_how=None,
    hold_until=None, paused_at=None, paused_days=0, extended_at=None, contact_cleared=False, executing_until=None,
    closed_at=None, outcome=None, reason="", attached_to=None, code_sent_at=None, codes_sent=0,
)  # fmt: skip
EXECUTED = {State.IN_WORK, State.FULFILLED}


def taken(request, step, person=7):
    """What the shop writes down for a step."""
    state = request.after(step, now=NOW)
    if step is Step.VERIFY:
        return replace(request, state=state, verified_at=NOW, person=person, hold_until=NOW)
    return replace(request, state=state)


@pytest.mark.parametrize("person", [7, None])
def test_no_steps_from_a_new_request_reach_work_without_showing_who_asks(person):
    worked = 0
    for steps in product(Step, repeat=4):
        request = NEW
        for step in steps:
            try:
                request = taken(request, step, person)
            except GoodwillError:
                continue
        if request.state in EXECUTED:
            worked += 1
            assert request.verified_at is not None
            assert request.state is State.FULFILLED or request.person is not None
    assert worked


def test_every_state_that_was_executed_is_reached_through_verified_alone():
    reached, edge = {State.UNVERIFIED}, [State.UNVERIFIED]
    while edge:  # the same graph without its one way in: then nothing of the kind can be reached
        state = edge.pop()
        for (start, step), end in WAYS.items():
            if start is state and step is not Step.VERIFY and end not in reached:
                reached.add(end)
                edge.append(end)
    assert not reached & EXECUTED


@pytest.mark.parametrize("state", [state for state in State if state not in OPEN])
@pytest.mark.parametrize("step", Step)
def test_what_is_over_stays_over(state, step):
    with pytest.raises(Conflict, match="cannot be taken"):
        replace(NEW, state=state, verified_at=NOW, person=7).after(step, now=NOW)


@pytest.mark.parametrize(
    "flaw",
    [
        {"verified_at": None},
        {"person": None},
        {"hold_until": NOW + 1},
        {"paused_at": NOW - 5},
    ],
    ids=str,
)
def test_a_row_that_says_in_work_and_lacks_proof_is_not_carried_out(flaw):
    request = replace(NEW, state=State.IN_WORK, verified_at=NOW, person=7, hold_until=NOW)
    assert request.after(Step.FULFIL, now=NOW) is State.FULFILLED
    with pytest.raises(Refused):
        replace(request, **flaw).after(Step.FULFIL, now=NOW)


def test_nothing_is_found_only_where_nobody_is():
    shown = replace(NEW, state=State.VERIFIED, verified_at=NOW)
    assert shown.after(Step.FIND_NOTHING, now=NOW) is State.FULFILLED
    with pytest.raises(Refused):
        replace(shown, person=7).after(Step.FIND_NOTHING, now=NOW)
    with pytest.raises(Refused):
        replace(shown, verified_at=None).after(Step.FIND_NOTHING, now=NOW)


def test_while_it_is_carried_out_nothing_else_is_done_with_it():
    request = replace(NEW, state=State.IN_WORK, verified_at=NOW, person=7, executing_until=NOW + 1)
    with pytest.raises(Conflict, match="being carried out"):
        request.after(Step.CANCEL, now=NOW)
    assert request.after(Step.CANCEL, now=NOW + 1) is State.CANCELLED


def test_the_last_day_moves_with_the_days_on_which_the_clock_stood_and_past_closed_days():
    law = regime_of("IT")
    request = replace(NEW, received_on=20_785)  # 28 November 2026
    assert str(due(law, request, stood=0)) == "2026-12-28"
    assert str(due(law, request, stood=4)) == "2027-01-04"  # New Year's Day is a Friday
    assert str(due(law, replace(request, extended_at=NOW), stood=0)) == "2027-03-01"
