"""What one person adds to an experiment: what she paid since it began, and before, in the arm that she was put into.

By intention to treat: she counts in her arm whatever she did or was shown, and with 0 where she bought nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from goodwill.access import Frame, Log, View
from goodwill.measure.apart import apart
from goodwill.measure.bought import Bought, Numbers, bought, of_frame
from goodwill.measure.buying import EDGES, OfBought
from goodwill.measure.experiments.moments import parts
from goodwill.people.types import REFUNDED
from goodwill.purposes import STATISTICS, Purpose
from goodwill.sums import Sums

_QUANTILE: Final = 0.999


@dataclass(frozen=True, kw_only=True)
class InArm(OfBought):
    """What she paid since a day and in as long before as is looked at, by arm; and whether she gave something back.

    ``spent`` are the sums of `Moments` by arm: of what she paid since (minor units), then before. ``back`` are those of
    yes or no. ``sizes`` counts people by what they paid, in steps of 2 %, over all arms: the tail is cut by it.

    Attributes:
        since: the first day of the experiment. before: days that are looked at before it.
        arms: how many there are; the number of arms itself stands for being in none of them.
        arm_of: the arm of each person, a pure function of ids.
        most: what counts at most, minor units; 0: all.
        others: lengths in days up to the last one that the figure is held against, see `apart`.
    """

    name: str = "in-arm"
    purpose: Purpose = STATISTICS
    since: int
    before: int
    arms: int
    arm_of: Callable[[Numbers], Numbers] = field(compare=False)
    most: int = 0
    others: tuple[int, ...] = ()

    def group_of(self, persons: Numbers) -> Numbers:
        return self.arm_of(persons)

    def part(self, view: View) -> Sums:
        person = np.zeros(len(view.events), np.int64)
        group = self.arm_of(np.array([view.person], np.int64))
        return self._by_arm(bought(person, view.events, self.until), person, view.events, group)

    def whole(self, frame: Frame) -> Sums:
        if frame.group is None:
            raise ValueError(
                "An experiment is counted by arms; the door tells them of a contribution that asks for groups"
            )
        return self._by_arm(of_frame(frame, self.until), frame.person, frame.events, frame.group)

    def _sums(self, bought: Bought) -> Sums:
        raise NotImplementedError("what somebody adds hangs on her arm")

    def _by_arm(self, orders: Bought, person: Numbers, events: Log, group: Numbers) -> Sums:
        people, inside = group.size, (group >= 0) & (group < self.arms)
        after, before = np.zeros(people, np.int64), np.zeros(people, np.int64)
        late = orders.day >= self.since
        early = ~late & (orders.day >= self.since - self.before)
        np.add.at(after, orders.person[late], orders.amount[late])
        np.add.at(before, orders.person[early], orders.amount[early])
        back = np.zeros(people, np.int64)
        back[person[(events.type == REFUNDED) & (events.day >= self.since) & (events.day <= self.until)]] = 1
        sizes = np.bincount(np.searchsorted(EDGES, after[inside], side="right"), minlength=EDGES.size + 1)
        paid = np.minimum(after, self.most) if self.most else after
        arm = group[inside]
        spent = parts(np.stack([paid[inside], before[inside]]), arm, self.arms)
        gave_back = parts(back[None, inside], arm, self.arms)
        own = orders.where(~orders.foreign & inside[orders.person])
        length = self.until - self.since + 1
        return Sums({
            **apart(own.person, own.day, until=self.until, length=length, others=self.others),
            **{f"spent_{name}": part for name, part in spent.items()},
            **{f"back_{name}": part for name, part in gave_back.items()},
            "sizes": sizes, "foreign": int((late & orders.foreign & inside[orders.person]).sum()),
        })  # fmt: skip


def under(total: Sums, prefix: str) -> Sums:
    """The sums whose names begin so, without that beginning."""
    return Sums({name.removeprefix(prefix): total[name] for name in total if name.startswith(prefix)})


def tail_of(total: Sums, quantile: float = _QUANTILE) -> int:
    """What all but so few paid at most, minor units, within 2 %; 0 where that is nothing."""
    sizes = total.array("sizes")
    people = int(sizes.sum())
    if not people:
        return 0
    place = int(np.searchsorted(np.cumsum(sizes), quantile * people))
    return int(EDGES[place] - 1) if 0 < place < EDGES.size else 0
