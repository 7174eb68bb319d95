"""What docs/lifetime-value.md shows is what can be run, on a shop's purchases as they come."""

import re

import numpy as np
from tests.conftest import ROOT
from tests.learn.lifetime.crowd import pareto_crowd


def purchases(n=600):
    """Lines bought by invented people, the first on their first day; names, days, the last day, and amounts."""
    crowd, dice = pareto_crowd(1, n, r=1.0), np.random.default_rng(2)
    first = 364 - np.floor(7 * crowd.T).astype(int)
    last = first + np.ceil(7 * crowd.t_x).astype(int)
    own = [
        [day, end, *dice.integers(day, end + 1, times)] for day, end, times in zip(first, last, crowd.x, strict=True)
    ]
    people = np.repeat([f"P{number}" for number in range(n)], [len(days) for days in own])
    return people, np.concatenate(own).astype(int), 364, dice.gamma(4.0, 10.0, people.size)


def test_the_examples_run_as_they_stand(monkeypatch):
    from goodwill.learn.lifetime import intervals

    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "lifetime-value.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 3
    assert "pymc_marketing" in blocks[2], "which is not installed here; its way out and back is in test_bridge"
    whole = intervals.total_worth
    monkeypatch.setattr(intervals, "total_worth", lambda *given, **named: whole(*given, **named, draws=20))
    names = dict(zip(("people", "days", "end", "amounts"), purchases(), strict=True))
    exec(blocks[0], names)
    dice = np.random.default_rng(3)
    size = names["seen"].x.size
    exec(blocks[1], names | {"rate": dice.random(size), "joined": dice.integers(0, 2, size)})
    assert names["sure"].low < names["worth"].total < names["sure"].high
