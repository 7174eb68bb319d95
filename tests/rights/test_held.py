"""What cannot be taken back waits a day, also for whoever is signed in: the session may be somebody else's."""

import pytest
from tests.rights.desk import desk

from goodwill import people
from goodwill.basics.clock import DAY
from goodwill.basics.errors import NotFound, Refused
from goodwill.consent import Asked
from goodwill.people import holds
from goodwill.shop import held
from goodwill.web import answers

AMINA, WORK = "amina@example.com", "amina@work.example"


@pytest.fixture
def made(database, tmp_path, clock):
    with desk(database, tmp_path, clock) as opened:
        yield opened


def ask(made, right):
    return made.shop.rights.open(right, who="amina", signed_in=True)


def yes(made, purpose="recommendations"):
    made.shop.grant("amina", purpose, asked=Asked("form", by="the person"))


@pytest.mark.parametrize("right", ["access", "port", "erase"])
def test_signed_in_it_is_held_told_to_every_address_and_stopped_from_any_of_them(made, clock, right):
    ticket = ask(made, right)
    shown = made.shop.rights.status(ticket.token)
    assert (shown.state, shown.hold_until) == ("verified", clock() + DAY)
    with pytest.raises(Refused, match="waits until"):
        made.shop.rights.fulfil(ticket.id)
    assert all("We wait 24 hours" in made.said(address) for address in (AMINA, WORK))
    made.shop.rights.cancel(made.cancel_link(WORK))
    clock.turn(days=2)
    assert made.shop.rights.advance() == 0
    assert made.shop.find("amina") is not None
    assert made.shop.rights.copy_open_until("amina") is None


def test_a_copy_can_be_fetched_for_two_weeks_after_the_hold(made, clock):
    ticket = ask(made, "access")
    assert made.shop.rights.copy_open_until("amina") is None
    clock.turn(days=1)
    made.shop.rights.advance()
    assert made.shop.rights.copy_open_until("amina") == clock() + 14 * DAY
    assert "within 14 days" in made.said(AMINA)
    clock.turn(days=14)
    assert made.shop.rights.copy_open_until("amina") is None
    assert made.shop.rights.status(ticket.token).ready_until is None


def test_a_new_address_opens_neither_a_new_copy_nor_one_that_is_ready(made, clock):
    ask(made, "access")
    clock.turn(days=1)
    made.shop.rights.advance()
    clock.turn(seconds=60)
    with made.shop.database.transaction() as connection:
        ids = {"user_id": "amina", "email": "eve@example.com"}
        people.identify(connection, made.shop.cipher, ids, now=clock(), verified=True)
    assert made.shop.rights.copy_open_until("amina") is None
    again = ask(made, "port")
    clock.turn(days=2)
    made.shop.rights.advance()
    assert "changed in the last 30 days" in made.shop.rights.show(again.id).blockers[0]
    assert made.shop.rights.copy_open_until("amina") is None
    clock.turn(days=30)
    made.shop.rights.advance()
    assert made.shop.rights.copy_open_until("amina") is not None


@pytest.mark.parametrize("mailed", [True, False])
def test_while_an_erasure_waits_she_is_used_for_nothing(made, clock, mailed):
    yes(made)
    assert made.shop.can("amina", "recommendations").allowed
    ticket = made.verified("erase") if mailed else ask(made, "erase")
    answer = made.shop.can("amina", "recommendations")
    assert (answer.reason, answer.why) == ("held", held.ASKED)
    assert answers.can(made.shop, answer).notes == [held.ASKED]
    assert "From now on we use your data for nothing" in made.said(WORK)
    if mailed:
        made.shop.rights.cancel(made.cancel_link(WORK))
    else:
        made.shop.rights.refuse(ticket.id, "There is a bill to be paid.")
    assert made.shop.can("amina", "recommendations").allowed


def test_stopping_an_erasure_does_not_lift_a_restriction(made):
    yes(made)
    made.shop.identity.restrict("amina")
    ask(made, "erase")
    made.shop.rights.cancel(made.cancel_link(AMINA))
    answer = made.shop.can("amina", "recommendations")
    assert (answer.reason, answer.why) == ("held", held.RESTRICTED)
    assert made.shop.identity.is_restricted("amina")


def test_after_the_hold_she_is_erased_and_the_letter_leads_to_a_certificate_that_names_nobody(made, clock):
    person = made.shop.known("amina")
    ticket = ask(made, "erase")
    with pytest.raises(NotFound):
        made.shop.rights.certificate(ticket.token)
    clock.turn(days=1)
    made.shop.rights.advance()
    assert made.shop.find("amina") is None
    told = made.said(AMINA)
    assert "a scrambled mark of your address" in told
    assert f"{ticket.token}/certificate" in told
    document = made.shop.rights.certificate(ticket.token).document
    assert document["status"] == "done"
    assert document["person"] == person
    assert "left_alone" in [kept["table"] for kept in document["kept"]]
    assert "amina" not in repr(document).lower()


def test_with_no_hours_to_wait_it_is_done_at_once(database, tmp_path, clock):
    with desk(database, tmp_path, clock, hold_hours=0) as made:
        ask(made, "access")
        assert made.shop.rights.copy_open_until("amina") is not None
        ask(made, "erase")
        assert made.shop.find("amina") is None


def test_staff_on_the_command_line_erase_without_waiting(made):
    made.shop.erasure.erase("amina", reason="she asked on the phone")
    assert made.shop.find("amina") is None
    with made.shop.database.reading() as connection:
        assert people.pending.REASON not in {row.reason for row in connection.execute(holds.holds.select())}


def test_long_after_its_end_a_request_says_no_longer_whose_it_was(made, clock):
    first = made.verified("human-review")
    made.shop.rights.fulfil(first.id, note="We looked.")
    second = made.verified("rectify", wanted={"first-name": "A"})
    made.shop.rights.refuse(second.id, "It was right already.")
    open_ = made.verified("human-review")
    days = made.shop.register.request_days
    clock.turn(days=days - 1)
    assert made.shop.retention.plan().requests == 0
    clock.turn(days=3)
    assert made.shop.retention.plan().requests == 2
    assert made.shop.retention.run().requests == 2
    packs = {one.id: made.shop.rights.evidence(one.id) for one in (first, second, open_)}
    for one, state in ((first, "fulfilled"), (second, "refused")):
        assert (packs[one.id]["person"], packs[one.id]["verified_how"], packs[one.id]["reason"]) == (None, None, "")
        assert packs[one.id]["state"] == state
    assert packs[open_.id]["person"] is not None
    assert made.shop.retention.run().requests == 0
