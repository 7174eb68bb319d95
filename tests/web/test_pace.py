from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.clock import SECOND, Micros
from goodwill.web.pace import Pace


def test_a_full_bucket_gives_its_quota_at_once_and_then_waits(clock):
    pace = Pace(quota=3, window=60, clock=clock)
    assert [pace.take("a").remaining for _ in range(3)] == [2, 1, 0]
    no = pace.take("a")
    assert (no.allowed, no.wait, no.full_in) == (False, 20, 60)
    clock.turn(seconds=20)
    assert pace.take("a").allowed
    assert not pace.take("a").allowed


def test_one_key_does_not_slow_another(clock):
    pace = Pace(quota=1, window=60, clock=clock)
    assert pace.take("a").allowed
    assert pace.take("b").allowed
    assert not pace.take("a").allowed


def test_a_clock_that_is_set_back_shuts_no_key_out_for_longer_than_a_window(clock):
    pace = Pace(quota=2, window=60, clock=clock)
    pace.take("a")
    clock.turn(days=-1)
    assert pace.take("a").wait <= 60
    clock.turn(seconds=60)
    assert pace.take("a").allowed


def test_the_headers_name_quota_rest_and_wait(clock):
    pace = Pace(quota=2, window=60, clock=clock)
    assert pace.headers(pace.take("a")) == {"RateLimit-Policy": '"key";q=2;w=60', "RateLimit": '"key";r=1;t=30'}
    pace.take("a")
    assert pace.headers(pace.take("a"))["Retry-After"] == "30"


@given(st.integers(1, 500), st.lists(st.integers(0, 5 * SECOND), max_size=300))
def test_no_window_ever_lets_more_through_than_twice_the_quota(quota, gaps):
    now = [Micros(0)]
    pace = Pace(quota=quota, window=10, clock=lambda: now[0])
    passed = []
    for gap in gaps:
        now[0] = Micros(now[0] + gap)
        passed += [now[0]] * pace.take("a").allowed
    for start in passed:
        assert sum(start <= at < start + 10 * SECOND for at in passed) <= 2 * quota
