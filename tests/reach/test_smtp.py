"""Letters over SMTP to a real server: what became of each is known, and TLS is never given up quietly."""

import socket

import pytest
from tests.reach.peer import Box, certified, peer, plainly
from tests.reach.test_letters import envelope

from goodwill.basics.errors import BadInput
from goodwill.reach.channels.smtp import Smtp
from goodwill.reach.outcome import Later, Refused, Sent, Unknown, Unreachable


@pytest.fixture
def box():
    return Box()


def send(channel, many=1):
    with channel.line() as line:
        return [line.send(envelope(to=f"amina{n}@example.com")) for n in range(many)]


def test_one_connection_carries_a_batch(box):
    with peer(box) as port:
        assert send(plainly(port), 3) == [Sent()] * 3
    assert box.to == ["amina0@example.com", "amina1@example.com", "amina2@example.com"]
    assert box.lines == 1
    assert "was stopped" in box.texts[0]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"rcpt": ["450 busy <amina@example.com>"]}, Later("450")),
        ({"rcpt": ["550 nobody"]}, Refused("550")),
        ({"data": ["552 full"]}, Refused("552")),
        ({"data": ["451 later"]}, Later("451")),
    ],
)
def test_a_no_says_whether_it_is_for_good_and_the_next_letter_goes(box, answers, outcome):
    vars(box).update(answers)
    with peer(box) as port:
        assert send(plainly(port), 2) == [outcome, Sent()]
    assert len(box.mails) == 1


def test_a_server_that_greets_with_421_is_tried_later(box):
    box.greeting = "421 too many"
    with peer(box) as port, pytest.raises(Unreachable, match="421"):
        send(plainly(port))


def test_silence_after_the_last_line_means_that_nobody_knows(box):
    box.behave = ["drop", "silent"]
    with peer(box) as port:
        assert isinstance(send(plainly(port))[0], Unknown)
        assert isinstance(send(plainly(port, timeout=0.3))[0], Unknown)
    assert len(box.mails) == 2


def test_a_tar_pit_does_not_hold_us_however_it_drips(box):
    box.behave = ["drip"]
    with peer(box) as port, pytest.raises(Unreachable):
        send(plainly(port, timeout=5.0, whole=0.5))


def test_nobody_there_is_said_without_an_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="connection to the mail server broke"):
        send(plainly(port))


# ---- TLS -----------------------------------------------------------------------------------------------------------


def over_tls(port, trust, **others):
    return Smtp("127.0.0.1", port, trust=trust, timeout=2.0, whole=4.0, **others)


def test_a_trusted_server_gets_letters_over_starttls_and_the_right_password(box, tmp_path):
    made = certified(tmp_path)
    with peer(box, tls=made.server, user="shop") as port:
        assert send(over_tls(port, made.trust, user="shop", password="right")) == [Sent()]
        with pytest.raises(Unreachable, match="did not take the user and password"):
            send(over_tls(port, made.trust, user="shop", password="wrong"))


def test_a_certificate_that_nobody_vouches_for_gets_nothing(box, tmp_path):
    made = certified(tmp_path)
    with peer(box, tls=made.server) as port, pytest.raises(Unreachable, match="certificate cannot be trusted"):
        send(Smtp("127.0.0.1", port, timeout=2.0, whole=4.0))
    assert box.mails == []


def test_a_certificate_for_another_name_gets_nothing(box, tmp_path):
    made = certified(tmp_path, "mail.example")
    with peer(box, tls=made.server) as port, pytest.raises(Unreachable, match="certificate cannot be trusted"):
        send(over_tls(port, made.trust))
    assert box.mails == []


def test_where_starttls_was_stripped_nothing_is_sent(box):
    with peer(box) as port, pytest.raises(Unreachable, match="offers no STARTTLS"):
        send(over_tls(port, None))
    assert box.mails == []


def test_a_password_never_goes_in_clear_to_another_machine():
    with pytest.raises(BadInput, match="would send the password"):
        Smtp("mail.example", security="none", user="shop", password="right")
    with pytest.raises(BadInput, match="must be one of starttls, tls, none"):
        Smtp("mail.example", security="maybe")
    assert "right" not in repr(Smtp("mail.example", user="shop", password="right"))
