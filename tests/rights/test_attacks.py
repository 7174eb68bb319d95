"""What attackers try: guess codes, replay them, use one request for another, find out whether somebody is known."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.reach.peer import plainly
from tests.rights.desk import desk

from goodwill.basics.errors import Conflict, NotFound, Refused
from goodwill.rights.request import MOST_CODES

AMINA = "amina@example.com"


@pytest.fixture
def made(database, tmp_path, clock):
    with desk(database, tmp_path, clock) as opened:
        yield opened


def refused(made, token, code):
    with pytest.raises(Refused) as said:
        made.shop.rights.verify(token, code)
    return str(said.value)


# ---- codes ---------------------------------------------------------------------------------------------------------


def test_a_code_is_tried_ten_times_and_then_the_right_one_is_wrong_too(made):
    ticket = made.shop.rights.open("access", address=AMINA)
    code = made.code(AMINA)
    said = {refused(made, ticket.token, guess) for guess in ["AAAAAAAA", "", "💥" * 50, *["BBBB-BBBB"] * 7]}
    said.add(refused(made, ticket.token, code))
    assert len(said) == 1


def test_another_code_gives_ten_more_tries_but_only_five_are_ever_sent(made, clock):
    ticket = made.shop.rights.open("access", address=AMINA)
    for _ in range(9):
        made.shop.rights.send_code(ticket.token)  # too soon, or too many: nothing is said
        clock.turn(seconds=61)
    assert len(made.read(AMINA)) == MOST_CODES
    first = made.box.texts[0]
    refused(made, ticket.token, first[first.index("-") - 4 : first.index("-") + 5])  # an older one is none any more
    assert made.shop.rights.verify(ticket.token, made.code(AMINA)).state == "verified"


def test_a_code_runs_out(made, clock):
    ticket = made.shop.rights.open("access", address=AMINA)
    code = made.code(AMINA)
    clock.turn(seconds=3_601)
    refused(made, ticket.token, code)


def test_a_code_fits_its_own_request_alone_and_once(made):
    access = made.shop.rights.open("access", address=AMINA)
    code = made.code(AMINA)
    erase = made.shop.rights.open("erase", address=AMINA)
    refused(made, erase.token, code)
    made.shop.rights.verify(access.token, code)
    refused(made, access.token, code)
    assert made.shop.rights.status(erase.token).state == "identity unverified"


def test_whoever_asks_for_somebody_else_gets_no_further_with_his_own_code(made):
    hers = made.shop.rights.open("access", address=AMINA)
    his = made.shop.rights.open("access", address="eve@example.com")
    refused(made, hers.token, made.code("eve@example.com"))
    made.shop.rights.verify(his.token, made.code("eve@example.com"))
    assert made.shop.rights.status(his.token).outcome == "nothing-held"
    assert made.shop.rights.status(hers.token).state == "identity unverified"


def test_a_verified_request_lends_nothing_to_a_second_one(made):
    made.verified("erase")
    second = made.shop.rights.open("erase", address=AMINA)
    other = made.shop.rights.open("erase", address="amina@work.example")
    states = {made.shop.rights.status(one.token).state for one in (second, other)}
    assert states == {"identity unverified"}
    for one in (second, other):
        with pytest.raises(Refused, match="not shown who asks"):
            made.shop.rights.fulfil(one.id, by_hand=True)


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a" * 5_000, "' OR 1=1 --", "\0"])
def test_links_that_are_none_lead_nowhere(made, token):
    with pytest.raises(NotFound):
        made.shop.rights.status(token)
    with pytest.raises(NotFound):
        made.shop.rights.cancel(token)
    refused(made, token, "K7QM-2XPD")
    made.shop.rights.send_code(token)


def test_the_link_that_stops_shows_nothing_and_the_page_that_shows_is_no_link_that_stops(made):
    ticket = made.verified("access")
    link = made.cancel_link(AMINA)
    with pytest.raises(NotFound):
        made.shop.rights.status(link)
    with pytest.raises(NotFound):
        made.shop.rights.cancel(ticket.token)


def test_staff_cannot_say_it_is_she_for_an_address_that_is_not_hers(made):
    ticket = made.shop.rights.open("access", address="eve@example.com")
    with pytest.raises(Refused, match="not one of hers"):
        made.shop.rights.verify_by_hand(ticket.id, "amina", "passport shown in the shop")
    mine = made.shop.rights.open("access", address=AMINA)
    shown = made.shop.rights.verify_by_hand(mine.id, "amina", "passport shown in the shop")
    assert shown.state == "verified"  # and held all the same
    assert made.shop.rights.evidence(mine.id)["verified_how"] == "by staff: passport shown in the shop"


def test_one_address_cannot_be_flooded(made):
    for _ in range(5):
        made.shop.rights.open("access", address=AMINA)
    with pytest.raises(Conflict, match="come tomorrow"):
        made.shop.rights.open("erase", address=AMINA)
    assert len(made.read(AMINA)) == 5


def test_no_way_leads_to_her_data_before_the_hold_is_over(made, clock):
    ticket = made.verified("access")
    for moved in (0, 3_600, 22 * 3_600):
        clock.turn(seconds=moved)
        made.shop.rights.advance()
        with pytest.raises((Refused, Conflict)):
            made.shop.rights.fulfil(ticket.id)
        with pytest.raises((Refused, Conflict)):
            made.shop.rights.fulfil(ticket.id, by_hand=True)


# ---- whether somebody is known (I18) -------------------------------------------------------------------------------


def rows_of(made, table):
    with made.shop.database.reading() as connection:
        return connection.execute(text(f"SELECT * FROM {table}")).mappings().all()


@pytest.mark.parametrize("mail", ["up", "down", "none"])
def test_what_a_stranger_sees_and_what_is_done_is_the_same_whether_or_not_an_address_is_known(made, mail):
    shop = made.shop
    if mail != "up":
        shop = replace(shop, channel=None if mail == "none" else plainly(1))
    seen, done = [], []
    for address in (AMINA, "nobody@example.com"):
        before = {
            table: len(rows_of(made, table)) for table in ("requests", "request_steps", "outbox", "reads", "people")
        }
        ticket = shop.rights.open("access", address=address, language="en")
        status = shop.rights.status(ticket.token)
        wrong = refused(made, ticket.token, "AAAA-AAAA")
        shop.rights.send_code(ticket.token)
        shop.post.deliver()
        seen.append((len(ticket.id), len(ticket.token), replace(status, id=""), wrong))
        done.append({table: len(rows_of(made, table)) - count for table, count in before.items()})
    assert seen[0] == seen[1]
    assert done[0] == done[1] == {"requests": 1, "request_steps": 1, "outbox": 1, "reads": 0, "people": 0}
    one, other = rows_of(made, "outbox")[-2:]
    same = ("person", "name", "kind", "language", "state", "tries", "until")
    assert [one[key] for key in same] == [other[key] for key in same]


def test_neither_addresses_nor_codes_nor_tokens_lie_in_the_database(made):
    ticket = made.shop.rights.open("rectify", address=AMINA, wanted={"first-name": "Aminata"})
    code = made.code(AMINA).replace("-", "")
    held = repr([dict(row) for table in ("requests", "request_steps", "outbox") for row in rows_of(made, table)])
    for hidden in (AMINA, code, ticket.token, "Aminata"):
        assert hidden not in held
        assert hidden.encode().hex() not in held
