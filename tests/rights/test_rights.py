"""Requests over their whole life: opened, shown to be hers, held, carried out, answered, and written down."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from tests.rights.desk import desk

from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.people.rectify import replace_id
from goodwill.rights import Right
from goodwill.shop import Who
from goodwill.storage import audit

AMINA = "amina@example.com"


@pytest.fixture
def made(database, tmp_path, clock):
    with desk(database, tmp_path, clock) as opened:
        yield opened


def state(made, ticket):
    return made.shop.rights.status(ticket.token).state


# ---- the usual way -------------------------------------------------------------------------------------------------


def test_a_copy_is_asked_for_by_mail_held_a_day_and_then_ready(made, clock):
    rights = made.shop.rights
    ticket = rights.open("access", address="AMINA@example.com")
    assert state(made, ticket) == "identity unverified"
    assert rights.verify(ticket.token, made.code(AMINA).lower().replace("-", " ")).state == "verified"
    assert "We wait 24 hours" in made.said(AMINA)
    assert "Stop this request" in made.said("amina@work.example")  # a notice to every verified address
    rights.advance()
    assert state(made, ticket) == "verified"
    clock.turn(days=1)
    assert rights.advance() == 1
    assert rights.advance() == 0
    shown = rights.status(ticket.token)
    assert (shown.state, shown.outcome) == ("fulfilled", "ready")
    assert "Sign in on this page" in made.said(AMINA)
    assert len(made.read("amina@work.example")) == 1  # the answer itself goes to the address that asked


def test_the_answer_for_an_address_that_nobody_has_is_that_nothing_is_held(made):
    ticket = made.verified("access", "stranger@example.com")
    assert made.shop.rights.status(ticket.token).outcome == "nothing-held"
    assert "we hold no data under this address" in made.said("stranger@example.com")


def test_an_erasure_is_held_carried_out_and_told_to_the_address_that_asked(made, clock):
    ticket = made.verified("erase")
    assert made.shop.find("amina") is not None
    clock.turn(days=1)
    made.shop.rights.advance()
    assert made.shop.find("amina") is None
    assert made.shop.rights.status(ticket.token).outcome == "erased"
    assert "Your data are erased." in made.said(AMINA)
    assert _hidden(made, ticket) == (None, None, None)


def test_whoever_is_signed_in_waits_for_no_code(made):
    ticket = made.shop.rights.open("restrict", who="amina", signed_in=True)
    assert state(made, ticket) == "fulfilled"
    assert made.shop.identity.is_restricted("amina")
    assert ["has begun" in mail["Subject"] for mail in made.box.mails] == []  # sent with the next run
    assert "You need not sign in" in made.read("amina@work.example")[0]


def test_an_objection_stops_the_one_purpose_that_was_named(made):
    made.verified("object", wanted={"purpose": "measurement"})
    assert made.shop.can("amina", "measurement").reason in ("refused", "objected", "withdrawn")
    with pytest.raises(NotFound, match="not a registered purpose"):
        made.shop.rights.open("object", address=AMINA, wanted={"purpose": "nonsense"})


def test_a_correction_waits_for_staff_and_then_changes_what_was_wrong(made):
    ticket = made.verified("rectify", wanted={"first-name": "Amina"})
    assert state(made, ticket) == "in work"
    assert made.shop.rights.advance() == 0
    made.shop.rights.fulfil(ticket.id)
    own = made.shop.own(_signed_in(made, "amina"))
    assert own.profile["first-name"] == "Amina"
    assert "It is done." in made.said(AMINA)


def test_a_review_is_answered_in_the_words_of_whoever_looked(made):
    ticket = made.verified("human-review", wanted={"decision": "x", "words": "Why?"})
    made.shop.rights.fulfil(ticket.id, note="We looked at it, and changed it.")
    assert "We looked at it, and changed it." in made.said(AMINA)


def _signed_in(made, name):
    from goodwill.access import SignedIn

    return SignedIn(made.shop.known(name), "test")


# ---- stopping ------------------------------------------------------------------------------------------------------


def test_a_link_in_the_notice_stops_it_from_any_of_her_addresses(made, clock):
    ticket = made.verified("access")
    link = made.cancel_link("amina@work.example")
    assert made.shop.rights.cancel(link).state == "cancelled"
    assert made.shop.rights.cancel(link).state == "cancelled"  # twice does no harm
    clock.turn(days=2)
    assert made.shop.rights.advance() == 0
    assert state(made, ticket) == "cancelled"
    assert all("was stopped" in made.said(address) for address in (AMINA, "amina@work.example"))


def test_what_was_answered_cannot_be_stopped(made, clock):
    made.verified("access")
    link = made.cancel_link(AMINA)
    clock.turn(days=1)
    made.shop.rights.advance()
    with pytest.raises(Conflict):
        made.shop.rights.cancel(link)


def test_a_request_whose_code_never_came_back_lapses_after_a_week(made, clock):
    ticket = made.shop.rights.open("erase", address=AMINA)
    clock.turn(days=8)
    assert made.shop.rights.advance() == 1
    assert state(made, ticket) == "lapsed"
    assert _hidden(made, ticket) == (None, None, None)


@pytest.mark.parametrize("end", ["fulfil", "refuse", "cancel"])
def test_once_it_is_over_address_and_wishes_are_gone(made, end):
    ticket = made.verified("human-review", wanted={"words": "Why?"})
    if end == "cancel":
        made.shop.rights.cancel(ticket.token, by="status")
    elif end == "refuse":
        made.shop.rights.refuse(ticket.id, "It was not ours.")
    else:
        made.shop.rights.fulfil(ticket.id, note="Because.")
    assert _hidden(made, ticket) == (None, None, None)


def _hidden(made, ticket):
    from goodwill.basics.ids import from_opaque
    from goodwill.rights import store

    with made.shop.database.transaction() as connection:
        _, hidden = store.locked(connection, from_opaque(ticket.id))
    return hidden.contact_mark, hidden.content, hidden.code_mark


# ---- the clock of the law ------------------------------------------------------------------------------------------


def test_staff_see_the_most_urgent_first_with_the_days_that_are_left(made, clock):
    slow = made.verified("rectify", wanted={"first-name": "A"}, region="US-CA")
    clock.turn(days=1)
    quick = made.verified("human-review", region="BR")
    queue = made.shop.rights.queue()
    assert [one.id for one in queue] == [quick.id, slow.id]
    assert [one.days_left for one in queue] == [15, 44]
    clock.turn(days=20)
    assert made.shop.rights.show(quick.id).days_left == -5
    assert made.shop.rights.show(quick.id).regulator.startswith("Autoridade")


def test_more_time_is_taken_once_in_time_and_with_a_reason(made, clock):
    ticket = made.verified("rectify", wanted={"first-name": "A"})
    before = made.shop.rights.show(ticket.id)
    after = made.shop.rights.extend(ticket.id, "Many orders to look through.")
    assert (before.due, after.due) == ("2027-04-02", "2027-06-03")
    assert "extended" in after.state
    assert "Garante" in made.said(AMINA)
    with pytest.raises(Refused, match="taken already"):
        made.shop.rights.extend(ticket.id, "More.")
    late = made.verified("human-review")
    clock.turn(days=40)
    with pytest.raises(Refused, match="had to be announced by"):
        made.shop.rights.extend(late.id, "Too late.")
    made.shop.rights.refuse(ticket.id, "Done otherwise.")
    brazil = made.verified("rectify", region="BR", wanted={"name": "A"})
    with pytest.raises(Refused, match="no further time"):
        made.shop.rights.extend(brazil.id, "More.")


def test_the_clock_stands_only_where_the_law_lets_it_and_goes_on_where_it_stood(made, clock):
    ticket = made.verified("human-review")
    before = made.shop.rights.show(ticket.id).days_left
    assert made.shop.rights.pause(ticket.id, "Please tell us your order's number.").state == "paused"
    clock.turn(days=10)
    assert before <= made.shop.rights.show(ticket.id).days_left <= before + 3  # a weekend may lie at the end
    with pytest.raises(Refused, match="paused"):
        made.shop.rights.fulfil(ticket.id)
    assert made.shop.rights.resume(ticket.id).state == "in work"
    assert made.shop.rights.show(ticket.id).days_left >= before - 1
    with pytest.raises(Conflict, match="not paused"):
        made.shop.rights.resume(ticket.id)
    with pytest.raises(Refused, match="stops no clock"):
        made.shop.rights.pause(made.verified("rectify", region="US-CA", wanted={"name": "A"}).id, "x")


def test_a_refusal_has_a_reason_and_says_where_to_complain(made):
    ticket = made.verified("human-review", region="US-TX")
    with pytest.raises(BadInput, match="Say the reason"):
        made.shop.rights.refuse(ticket.id, " ")
    assert made.shop.rights.refuse(ticket.id, "Nothing was decided about you.").state == "refused"
    words = made.said(AMINA)
    assert "Nothing was decided about you." in words
    assert "Attorney General of Texas" in words
    assert "ask us to look at it again" in words
    with pytest.raises(Conflict, match="is over"):
        made.shop.rights.extend(ticket.id, "More.")


def test_nobody_is_written_to_who_was_not_shown_to_ask_and_staff_are_told_what_is_missing(made):
    ticket = made.shop.rights.open("rectify", address=AMINA, wanted={"first-name": "A"})
    with pytest.raises(Refused, match="It was not shown who asks"):
        made.shop.rights.extend(ticket.id, "Amina has many orders.")
    with pytest.raises(Refused, match=f"goodwill requests verify {ticket.id} PERSON"):
        made.shop.rights.fulfil(ticket.id)
    made.shop.rights.pause(ticket.id, "Amina must show her passport.")
    assert made.shop.rights.status(ticket.token).reason == ""
    assert made.shop.rights.show(ticket.id).reason == "Amina must show her passport."
    made.shop.rights.refuse(ticket.id, "Amina never bought anything.")
    assert [len(made.read(AMINA)), "Amina must" in made.said(AMINA)] == [1, False]  # the code alone
    assert made.shop.rights.status(ticket.token).reason == ""


# ---- the same twice ------------------------------------------------------------------------------------------------


def test_the_same_asked_twice_is_one_request_and_each_needs_its_own_code(made):
    first = made.verified("access")
    second = made.shop.rights.open("access", address=AMINA)
    assert state(made, second) == "identity unverified"  # nothing of the first shows
    made.shop.rights.verify(second.token, made.code(AMINA))
    assert (state(made, first), state(made, second)) == ("verified", "attached")
    assert len(made.shop.rights.queue()) == 1


def test_whoever_is_signed_in_gets_the_request_that_is_open(made):
    first = made.shop.rights.open("access", who="amina", signed_in=True)
    assert made.shop.rights.open("access", who="amina", signed_in=True) == first
    review = made.shop.rights.open("human-review", who="amina", signed_in=True)
    assert made.shop.rights.open("human-review", who="amina", signed_in=True) == review


# ---- evidence ------------------------------------------------------------------------------------------------------


def test_everything_that_was_done_can_be_shown_without_address_code_or_token(made, clock):
    ticket = made.verified("access")
    code = made.code(AMINA)
    clock.turn(days=1)
    made.shop.rights.advance()
    made.read(AMINA)
    pack = made.shop.rights.evidence(ticket.id)
    assert [step["step"] for step in pack["steps"]] == ["open", "verify", "begin", "fulfil"]
    assert [letter["letter"] for letter in pack["letters"]].count("request-started") == 2
    assert {letter["state"] for letter in pack["letters"]} == {"sent"}
    assert pack["law"]["regime"] == "gdpr"
    words = repr(pack).lower()
    assert not any(hidden in words for hidden in ("amina", "example.com", code.lower(), ticket.token.lower()))


def test_each_change_is_in_the_audit_log_once_and_so_is_a_try_that_failed(made):
    with made.shop.database.reading() as connection:
        before = audit.last_position(connection)
    ticket = made.verified("rectify", wanted={"first-name": "A"})
    made.shop.rights.extend(ticket.id, "Many orders.")
    with pytest.raises(Refused):
        made.shop.rights.extend(ticket.id, "Many orders.")
    with made.shop.database.reading() as connection:
        lines = [(line.action, line.outcome) for line in audit.lines(connection, after=before)]
    assert lines == [
        ("request.open", "done"), ("request.verify", "done"), ("request.begin", "done"), ("request.extend", "done"),
        ("request.extend", "Refused"),
    ]  # fmt: skip


def test_her_requests_are_hers_to_see(made):
    ticket = made.verified("rectify", wanted={"first-name": "A"})
    assert [one.id for one in made.shop.rights.of("amina")] == [ticket.id]
    assert made.shop.rights.of(Who(email="bruno@example.com")) == []


@pytest.mark.parametrize("right", ["", "ACCESS", "everything"])
def test_what_is_no_right_is_refused(made, right):
    with pytest.raises(BadInput, match="nothing that can be asked for"):
        made.shop.rights.open(right, address=AMINA)


def test_a_copy_waits_for_staff_where_an_address_was_changed_lately(made, clock):
    with made.shop.database.transaction() as connection:
        replace_id(
            connection, made.shop.cipher, made.shop.known("amina"), "email", "eve@example.com", now=clock(),
            was="amina@work.example", verified=True,
        )  # fmt: skip
    ticket = made.verified("port", "eve@example.com")
    clock.turn(days=2)
    made.shop.rights.advance()
    shown = made.shop.rights.show(ticket.id)
    assert shown.state == "in work"
    assert "changed in the last 30 days" in shown.blockers[0]
    with pytest.raises(Refused, match="changed in the last 30 days"):
        made.shop.rights.fulfil(ticket.id)
    made.shop.rights.clear_contact(ticket.id, "She came to the shop with her passport.")
    assert made.shop.rights.fulfil(ticket.id).outcome == "ready"


@pytest.mark.parametrize("change", ["UPDATE request_steps SET at = 1", "DELETE FROM request_steps"])
def test_what_was_done_cannot_be_rewritten(made, change):
    made.verified("access")
    with pytest.raises(DatabaseError, match="request_steps only grows"), made.shop.database.transaction() as connection:
        connection.execute(text(change))


def test_all_rights_have_their_place():
    assert [right.value for right in Right] == [
        "access", "port", "rectify", "erase", "restrict", "object", "human-review",
    ]  # fmt: skip
