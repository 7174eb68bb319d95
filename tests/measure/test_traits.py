"""What was true of customers when a window began, beside what they bought in it: counted by hand."""

import numpy as np
from tests.measure.shoppers import UNTIL, Line, frame_of

from goodwill.access import HadSaid
from goodwill.basics.clock import DAY, Micros
from goodwill.measure.traits import HowOftenByTraits, traits_of
from goodwill.purposes import EMAIL_MARKETING, RECOMMENDATIONS, STATISTICS

SINCE = 302  # Monday of a window of fourteen whole weeks
SAID = HadSaid((RECOMMENDATIONS, EMAIL_MARKETING), (Micros(SINCE * DAY),))
WHAT = HowOftenByTraits(until=UNTIL - 1, currency="EUR", since=SINCE, said=SAID, arm=lambda persons: persons % 2)


def number(yes, days, arm=0):
    return int(SAID.number([np.array([yes])], np.array([days]))[0]) + arm * SAID.kinds


def counted(*people):
    """Of each (lines, number): the kinds of customers that they are."""
    lines, numbers = zip(*people, strict=True)
    sums = WHAT.whole(frame_of(lines, np.array(numbers, np.int64)))
    return sums, traits_of(sums, WHAT)


def test_traits_stand_beside_what_she_bought_since():
    amina = [Line(290), Line(310), Line(320), Line(320, 100), Line(345, 500)]
    sums, found = counted((amina, number(2, 3, arm=1)))
    of = found.customers
    assert (of.x.tolist(), of.t_x.tolist(), of.T.tolist(), of.many.tolist()) == ([2.0], [69 / 14], [12 + 3 / 7], [1])
    assert (found.consent.tolist(), found.returns.tolist(), found.programme.tolist()) == ([1.0], [2.0], [0.0])
    assert of.mean[0] > 0
    assert abs(of.mean[0] / 425 - 1) < 0.01, "the day of 350 and the one of 500"
    assert sums.number("new") == 0


def test_who_was_not_known_when_it_began_is_counted_apart():
    dev = [Line(310), Line(330)]
    asked = [Line(310), Line(330), Line(331)]
    sums, found = counted((dev, number(0, 0)), (asked, number(1, 1)), ([Line(10)], number(0, 0)))
    assert sums.number("new") == 1
    assert found.customers.many.tolist() == [1], "who bought nothing since then is no customer of the window"
    assert found.consent.tolist() == [0.5]
    assert found.returns.tolist() == [0.0], "the first word is no coming back"
    assert found.programme.tolist() == [1.0]


def test_alike_customers_with_other_traits_are_other_kinds():
    bought = [Line(200), Line(310), Line(330)]
    _, found = counted(*((bought, number(yes, days)) for yes in (0, 1, 2) for days in (0, 1, 2, 3)))
    told = sorted(zip(found.consent.tolist(), found.returns.tolist(), found.customers.many.tolist(), strict=True))
    assert told == [
        (rate, returns, many) for rate in (0.0, 0.5, 1.0) for returns, many in ((0.0, 1), (0.0, 1), (1.0, 1), (2.0, 1))
    ]
    assert WHAT.purpose == STATISTICS
