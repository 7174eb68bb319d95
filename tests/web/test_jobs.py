"""Work for pages: done once, told to whoever asks, and done again when what it rests on has moved."""

from threading import Event

import pytest

from goodwill.web.jobs import PATIENCE, Done, Job, Jobs


@pytest.fixture
def jobs():
    made = Jobs(None)
    yield made
    made.close()


def counted():
    """Work that tells how often it was done."""
    times = []

    def work(_):
        times.append(1)
        return len(times)

    return work


def told(jobs, work, **more):
    return jobs.of("sum", "key", work, patience=5, **more)


def test_a_page_waits_so_short_that_it_answers_within_a_fifth_of_a_second():
    assert PATIENCE <= 0.15


def test_what_is_kept_is_told_again_until_its_state_moves(jobs):
    work = counted()
    assert [told(jobs, work, keep=True, state=state) for state in (1, 1, 2, 2, 1)] == list(map(Done, (1, 1, 2, 2, 3)))


def test_what_is_not_kept_is_worked_out_again_once_it_was_told(jobs):
    work = counted()
    assert [told(jobs, work, state=1), told(jobs, work, state=1)] == [Done(1), Done(2)]


def test_work_under_way_is_told_although_the_state_moved_meanwhile(jobs):
    go, work = Event(), counted()

    def late(shop):
        go.wait(5)
        return work(shop)

    found = jobs.of("sum", "key", late, patience=0, keep=True, state=1)
    assert isinstance(found, Job)
    go.set()
    assert told(jobs, late, keep=True, state=2) == Done(1)
    assert told(jobs, late, keep=True, state=2) == Done(2)


def test_what_went_wrong_is_tried_again(jobs):
    work = counted()

    def once_wrong(shop):
        if work(shop) == 1:
            raise ValueError("no")
        return "well"

    with pytest.raises(ValueError, match="no"):
        told(jobs, once_wrong, keep=True, state=1)
    assert told(jobs, once_wrong, keep=True, state=1) == Done("well")
