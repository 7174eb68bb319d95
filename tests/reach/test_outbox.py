"""A letter goes out if what it tells of was committed, at least once if it must and once at most if it may not."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.reach.peer import Box, peer, plainly
from tests.small_shop import ASKED

from goodwill import people
from goodwill.app import create_shop
from goodwill.basics.errors import BadInput, GoodwillError, NotFound, Refused
from goodwill.purposes import EMAIL_MARKETING
from goodwill.reach import letters, outbox, store
from goodwill.reach.outcome import Later, Unknown
from goodwill.shop import Who

PAGE = "https://shop.example/privacy"
CODE = letters.sign_in(code="K7QM-2XPD", minutes=30, page=PAGE)
NEWS = letters.news(subject="Bread", paragraphs=["Fresh."], unsubscribe=PAGE + "/u/x", preferences=PAGE)


@pytest.fixture
def shop(database, tmp_path, clock):
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(tmp_path / "home", clock=clock, database=where, name="Bakery", smtp_from="hello@bakery.example")
    with made.database.transaction() as connection:
        for name in ("amina", "bruno"):
            ids = {"user_id": name, "email": f"{name}@example.com"}
            people.identify(connection, made.cipher, ids, now=clock(), region=None, verified=name == "amina")
    yield made
    made.close()


@pytest.fixture
def box():
    return Box()


def put(shop, letter=CODE, **to):
    with shop.database.transaction() as connection:
        return shop.post.send(connection, letter=letter, **to)


def row(shop, number):
    with shop.database.reading() as connection:
        return store.Row(**dict(connection.execute(text(f"SELECT * FROM outbox WHERE id = {number}")).one()._mapping))


def deliver(shop, port, **others):
    return replace(shop, channel=plainly(port, **others)).post.deliver()


def test_a_letter_to_a_person_and_one_to_a_stranger_arrive_and_leave_no_address_behind(shop, box):
    first, second = put(shop, person=shop.known("amina")), put(shop, address="new@example.com", language="de")
    assert {row(shop, first).state, row(shop, second).state} == {"waiting"}
    with peer(box) as port:
        assert deliver(shop, port).sent == 2
        assert deliver(shop, port).sent == 0
    assert sorted(box.to) == ["amina@example.com", "new@example.com"]
    assert all("K7QM-2XPD" in words for words in box.texts)
    assert {mail["Content-Language"] for mail in box.mails} == {"en", "de"}
    for number in (first, second):
        after = row(shop, number)
        assert (after.state, after.sealed, after.lease) == ("sent", None, None)
    assert shop.post.counts() == {"sent": 2}


def test_nothing_is_sent_if_the_change_it_tells_of_was_undone(shop, box):
    with pytest.raises(BadInput), shop.change("test.undone") as change:
        shop.post.send(change.connection, letter=CODE, address="new@example.com")
        raise BadInput("no")
    with peer(box) as port:
        assert deliver(shop, port).sent == 0
    assert box.mails == []


def test_what_lies_in_the_outbox_cannot_be_read_without_the_keys(shop):
    number = put(shop, address="new@example.com")
    held = row(shop, number)
    assert b"new@example.com" not in held.sealed
    assert b"K7QM" not in held.sealed
    with pytest.raises(BadInput, match="does not open"):
        shop.cipher.box("outbox").open(held.sealed, "letter", 7)
    with pytest.raises(BadInput, match="does not open"):
        shop.cipher.box("requests").open(held.sealed, "letter", number)


@pytest.mark.parametrize(
    ("address", "error"),
    [("amina@example.com\r\nBcc: eve@evil.example", BadInput), ("amina", BadInput), (None, NotFound)],
)
def test_a_letter_to_nowhere_is_refused_before_it_waits(shop, address, error):
    with pytest.raises(error):
        put(shop, address=address)
    assert shop.post.counts() == {}


def test_an_erased_person_gets_no_letter(shop, box):
    number = put(shop, person=shop.known("amina"))
    shop.keys.destroy(shop.known("amina"))
    with peer(box) as port:
        assert deliver(shop, port).given_up == 1
    assert row(shop, number).reason == "the person was erased"
    assert box.mails == []


# ---- failures ------------------------------------------------------------------------------------------------------


def test_without_a_mail_server_letters_wait(shop):
    put(shop, address="new@example.com")
    assert shop.post.deliver().reason == "no mail server is set: smtp_host is empty"
    assert shop.post.counts() == {"waiting": 1}


def test_a_server_that_is_away_is_tried_again_later_and_given_up_after_five_days(shop, box, clock):
    box.greeting = "421 busy"
    number = put(shop, address="new@example.com")
    with peer(box) as port:
        assert "421" in deliver(shop, port).reason
        assert deliver(shop, port).later == 0  # not yet again
        clock.turn(seconds=61)
        deliver(shop, port)
        assert (row(shop, number).tries, row(shop, number).state) == (2, "waiting")
        assert [one.reason for one in shop.post.failures()] == [row(shop, number).reason]
        clock.turn(days=6)
        deliver(shop, port)
    after = row(shop, number)
    assert (after.state, after.sealed) == ("given up", None)


def test_a_soft_no_is_tried_again_and_a_hard_one_is_not(shop, box, clock):
    soft, hard = put(shop, address="soft@example.com"), put(shop, address="hard@example.com")
    box.rcpt = ["450 later", "550 nobody"]
    with peer(box) as port:
        deliver(shop, port)
        states = {row(shop, soft).state, row(shop, hard).state}
        clock.turn(seconds=61)
        deliver(shop, port)
    assert states == {"waiting", "given up"}
    assert len(box.mails) == 1


def test_a_letter_about_rights_whose_fate_nobody_knows_is_sent_again_as_the_same_letter(shop, box, clock):
    put(shop, address="new@example.com")
    box.behave = ["drop"]
    with peer(box) as port:
        assert deliver(shop, port).later == 1
        clock.turn(seconds=61)
        assert deliver(shop, port).sent == 1
    assert len({mail["Message-ID"] for mail in box.mails}) == 1
    assert len(box.mails) == 2


def test_it_is_not_sent_for_ever(shop, box, clock):
    number = put(shop, address="new@example.com")
    box.behave = ["drop"] * 9
    with peer(box) as port:
        for _ in range(9):
            deliver(shop, port)
            clock.turn(days=1)
    assert len(box.mails) == 3
    assert row(shop, number).state == "unknown"


def test_marketing_whose_fate_nobody_knows_is_never_sent_again(shop, box, clock):
    shop.grant("amina", EMAIL_MARKETING, asked=ASKED)
    number = put(shop, NEWS, person=shop.known("amina"))
    box.behave = ["drop"]
    with peer(box) as port:
        assert deliver(shop, port).unknown == 1
        clock.turn(days=1)
        assert deliver(shop, port).sent == 0
    assert row(shop, number).state == "unknown"
    assert box.mails[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_marketing_needs_a_yes_when_it_is_written_and_when_it_goes(shop, box):
    with pytest.raises(Refused, match="only to people who allow it"):
        put(shop, NEWS, person=shop.known("bruno"))
    with pytest.raises(Refused, match="only to people who allow it"):
        put(shop, NEWS, address="new@example.com")
    shop.grant("amina", EMAIL_MARKETING, asked=ASKED)
    number = put(shop, NEWS, person=shop.known("amina"))
    shop.grant("amina", EMAIL_MARKETING, asked=ASKED, yes=False)
    with peer(box) as port:
        assert deliver(shop, port).given_up == 1
    assert (box.mails, row(shop, number).reason) == ([], "not allowed any more")


def test_marketing_goes_to_no_address_that_is_left_alone_and_letters_about_rights_do(shop, box):
    amina = shop.known("amina")
    shop.grant("amina", EMAIL_MARKETING, asked=ASKED)
    early = put(shop, NEWS, person=amina, address="Bruno@Example.com")
    shop.grant("bruno", EMAIL_MARKETING, asked=ASKED, yes=False)  # he takes his address out in between
    with pytest.raises(Refused, match="left alone"):
        put(shop, NEWS, person=amina, address="Bruno@Example.com")
    put(shop, CODE, address="bruno@example.com")
    put(shop, NEWS, person=amina)
    with peer(box) as port:
        delivered = deliver(shop, port)
    assert (delivered.sent, delivered.given_up) == (2, 1)
    assert row(shop, early).reason == "not allowed any more"
    assert {(to, mail["List-Unsubscribe"] is not None) for to, mail in zip(box.to, box.mails, strict=True)} == {
        ("bruno@example.com", False),
        ("amina@example.com", True),
    }


def test_a_code_that_has_run_out_is_not_sent(shop, box, clock):
    number = put(shop, address="new@example.com", until=clock() + 60_000_000)
    clock.turn(seconds=61)
    with peer(box) as port:
        assert deliver(shop, port).given_up == 1
    assert (box.mails, row(shop, number).reason) == ([], "too late to say anything")


# ---- two senders ---------------------------------------------------------------------------------------------------


def claimed(shop, lease):
    now = shop.clock()
    with shop.database.transaction() as connection:
        return store.claim(connection, lease, now=now, leased_until=now + outbox.LEASE)


def test_a_letter_that_one_is_sending_no_other_takes_until_its_lease_is_over(shop, box, clock):
    number = put(shop, address="new@example.com")
    assert claimed(shop, 1).id == number
    assert claimed(shop, 2) is None
    clock.turn(seconds=601)
    with peer(box) as port:
        assert deliver(shop, port).sent == 1  # about rights: whoever held it may have died before or after
    with shop.database.transaction() as connection:
        assert not store.note(connection, number, 1, {"state": store.WAITING})  # it comes too late


def test_marketing_whose_sender_died_is_not_sent_again(shop, box, clock):
    shop.grant("amina", EMAIL_MARKETING, asked=ASKED)
    put(shop, NEWS, person=shop.known("amina"))
    claimed(shop, 1)
    clock.turn(seconds=601)
    with peer(box) as port:
        assert deliver(shop, port).unknown == 1
    assert box.mails == []


class Steps:
    """A channel whose every answer is written down before."""

    broken = False

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)

    def line(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def send(self, mail):
        assert mail.to
        return self.outcomes.pop(0)


def test_waiting_grows_with_every_try(shop, clock):
    number, waits = put(shop, address="new@example.com"), []
    channel = Steps(*[Later("450")] * 8)
    for _ in range(8):
        before = clock()
        replace(shop, channel=channel).post.deliver()
        waits.append((row(shop, number).due_at - before) // 1_000_000)
        clock.at = row(shop, number).due_at
    assert waits == [60, 300, 900, 3_600, 14_400, 28_800, 28_800, 28_800]


def test_a_letter_that_may_have_arrived_says_how_often(shop):
    number = put(shop, address="new@example.com")
    replace(shop, channel=Steps(Unknown("silence"))).post.deliver()
    assert row(shop, number).unknowns == 1


def test_writing_to_somebody_is_noted_where_she_can_see_it(shop):
    person = shop.known(Who(email="amina@example.com"))
    put(shop, person=person)
    with shop.database.reading() as connection:
        noted = connection.execute(text(f"SELECT purpose, verb FROM reads WHERE person = {person}")).all()
    assert [tuple(one) for one in noted] == [("letter about her rights", "own")]


def test_the_first_address_goes_to_no_other_person(shop):
    with pytest.raises(GoodwillError), shop.database.transaction() as connection:
        shop.post.send(connection, letter=CODE, person=shop.known("nobody"))
