"""Who takes part: what people did counts, what their mail programs did never."""

import numpy as np
import pytest

from goodwill.basics.errors import BadInput
from goodwill.measure.engagement import (
    UNRELIABLE,
    Mails,
    adjusted_opens,
    mail_rates,
    mail_rates_of,
    mail_sums,
    per_thousand,
    visit_frequency,
)


def mails(**changed):
    """Two people with two mails each; the first one's mailbox fetches by itself."""
    return Mails(
        **{
            "person": [7, 7, 9, 9],
            "clicked": [1, 0, 1, 0],
            "orders": [2, 0, 0, 0],
            "opened": [1, 1, 1, 0],
            "prefetched": [1, 1, 0, 0],
            "unsubscribed": [0, 0, 0, 1],
            "complained": [0, 0, 0, 0],
            **changed,
        }
    )


@pytest.mark.parametrize(
    ("fetches", "opened", "raw", "adjusted"), [(0, 0, 0, 0), (0, 1, 1, 1), (1, 0, 0, 0), (1, 1, 1, 0)]
)
@pytest.mark.parametrize("clicked", [0, 1])
def test_the_truth_table_of_opens(fetches, opened, raw, adjusted, clicked):
    assert adjusted_opens([opened], [fetches]).tolist() == [bool(adjusted)]
    column = {
        name: [value] * 4 for name, value in {"opened": opened, "prefetched": fetches, "clicked": clicked}.items()
    }
    found = mail_rates(mails(**column))
    assert found.raw_opens.value == raw
    assert found.clicks.value == clicked  # a click counts, whatever the mailbox fetches
    if fetches:
        assert (found.opens.value, found.opens.refused) == (None, "There was nobody to count.")
    else:
        assert found.opens.value == adjusted


def test_rates_are_per_mail_delivered_and_opens_are_labelled():
    found = mail_rates(mails())
    assert (found.clicks.value, found.orders.value, found.unsubscribed.value) == (0.5, 0.5, 0.25)
    assert (found.clicks.n, found.clicks.exposure) == (2, 4)
    assert found.raw_opens.value == 0.75
    assert (found.raw_opens.warnings[0], found.opens.warnings[0]) == (UNRELIABLE, UNRELIABLE)
    assert UNRELIABLE not in found.clicks.warnings


def test_sums_of_people_give_the_rates_and_hers_can_be_taken_out():
    dice = np.random.default_rng(5)

    def some(people):
        n = people.size
        draws = {
            name: dice.integers(0, 2, n) for name in ("clicked", "opened", "prefetched", "unsubscribed", "complained")
        }
        return Mails(person=people, orders=dice.integers(0, 3, n), **draws)

    one, others = some(np.full(5, 1)), some(dice.integers(2, 30, 200))
    names = ("person", "clicked", "orders", "opened", "prefetched", "unsubscribed", "complained")
    both = Mails(**{name: np.r_[getattr(one, name), getattr(others, name)] for name in names})
    total = {name: mail_sums(one)[name] + mail_sums(others)[name] for name in mail_sums(one)}
    assert mail_rates_of(total) == mail_rates(both)
    assert {name: mail_sums(both)[name] - mail_sums(one)[name] for name in total} == mail_sums(others)


def test_visits_are_told_per_active_week():
    found = visit_frequency([4, 0, 8, 2] * 10, [4, 2, 4, 4] * 10)
    assert (found.value, found.n, found.exposure) == (pytest.approx(1.0), 40, 140)
    assert 0.7 < found.low < 1 < found.high < 1.4


def test_reactions_per_thousand_know_that_posts_differ_where_each_is_given():
    posts = np.array([2, 3, 90, 1, 4, 2, 60, 3, 1, 2, 5, 3])
    each, whole = per_thousand(posts, np.full(12, 2_000)), per_thousand(posts.sum(), 24_000)
    assert each.value == pytest.approx(whole.value) == pytest.approx(1_000 * 176 / 24_000)
    assert each.high - each.low > 3 * (whole.high - whole.low)
    assert "Only totals were given" in whole.warnings[0]
    assert per_thousand(0, 0).refused


def test_lists_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match="not equally long"):
        mail_rates(mails(clicked=[1]))
    with pytest.raises(BadInput, match="alike"):
        per_thousand(5, [1_000])
    with pytest.raises(BadInput, match="'reached'"):
        per_thousand(5, -1)
