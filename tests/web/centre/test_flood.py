"""Opening requests is slowed by where one comes from and by the address named, for known and unknown alike."""

import pytest

from goodwill.web.flood import Flood, place_of

ASK = "/privacy/ask/rectify"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.250", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:192.0.2.9", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::1%wlan0", True),
        ("a name", "another", False),
    ],
)
def test_neighbours_are_one_place(one, other, same):
    assert (place_of(one) == place_of(other)) is same


def test_a_place_and_an_address_each_have_their_measure_and_it_fills_again(clock):
    flood = Flood(clock)
    waits = [flood.wait(client=f"192.0.2.{n}", address=f"p{n}@example.org") for n in range(21)]
    assert waits[:20] == [0] * 20
    assert 0 < waits[20] <= 180
    assert flood.wait(client="198.51.100.1", address="new@example.org") == 0
    written = ("Amina@Example.org", "amina@example.org", " AMINA@example.org")
    waits = [flood.wait(client=f"10.{n}.0.1", address=written[n % 3]) for n in range(6)]
    assert waits[:5] == [0] * 5
    assert waits[5] > 0
    clock.turn(seconds=waits[5])
    assert flood.wait(client="10.9.0.1", address="amina@example.org") == 0


def test_the_sixth_request_for_an_address_is_the_same_no_for_known_and_unknown(street):
    seen = []
    for address in ("amina@example.org", "nobody@example.org"):
        answers = [street.browser().press(ASK, on=ASK, address=address, field="name", value="A") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [303] * 5 + [429]
        seen.append((answers[5].headers["retry-after"], len(answers[5].text)))
    assert seen[0] == seen[1]
    assert int(seen[0][0]) >= 1


def test_a_full_place_opens_no_more_for_anybody_and_says_when(street):
    for n in range(20):
        assert street.browser().press(ASK, on=ASK, address=f"p{n}@example.org", value="A").status_code == 303
    answer = street.browser().press(ASK, on=ASK, address="other@example.org", value="A")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 180
    assert len(street.shop.rights.queue()) == 20
