"""Whom a lot divided: the arms of an experiment, or the shop's own holdout, with the days for which they stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from goodwill.basics.clock import date_of, day_of
from goodwill.basics.errors import CannotTell, NotFound
from goodwill.decide.experiments import arms_of, number_of_arm
from goodwill.decide.plan import HOLDOUT, State, plan_of
from goodwill.measure.bought import Numbers
from goodwill.measure.period import Period
from goodwill.shop.measures.leftout import left_out

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop


@dataclass(frozen=True)
class Trial:
    """People divided by lot: who is where, since when, and as of when it is told.

    Attributes:
        shares: of each arm, by its name; the one that the others are held against stands first.
    """

    name: str
    shares: Mapping[str, float]
    since: int
    until: int
    arm_of: Callable[[Numbers], Numbers]

    @property
    def control(self) -> str:
        return next(iter(self.shares))

    @property
    def days(self) -> str:
        return f"{date_of(self.since)} to {date_of(self.until)}"


def trial_of(shop: "Shop", wanted: str, period: Period) -> Trial:
    """An experiment of the shop, from the day on which it was started to the day before it was stopped.

    Raises:
        NotFound: there is no such experiment. CannotTell: it did not run in the period yet.
    """
    journal = shop.planning.journal()
    rows = [row for row in journal if row.kind == "experiment" and row.name == wanted and row.body is not None]
    if not rows:
        raise NotFound(f"There is no experiment '{wanted}'. List them with: goodwill experiment list")
    zone = shop.settings.zone
    began = next((row for row in rows if row.body.state is State.RUNNING), None)
    ended = next((row for row in rows if row.body.state is State.STOPPED), None)
    if began is None:
        raise CannotTell(f"Experiment '{wanted}' was not started yet: goodwill experiment start {wanted}")
    since, until = int(day_of(began.at, zone)), int(period.end)
    if ended is not None:
        until = min(until, day_of(ended.at, zone) - 1)
    if since > until:
        raise CannotTell(
            f"Experiment '{wanted}' began on {date_of(since)}, and no period has closed since. The next closes soon; "
            "earlier figures would be looked at too early."
        )
    holdout = plan_of([row for row in journal if row.id <= began.id]).holdout
    experiment = began.body
    shares = arms_of(experiment)
    names = list(shares)
    order = [HOLDOUT, *(one for one in names if one != HOLDOUT)] if HOLDOUT in names else names
    turned = np.array([*(order.index(one) for one in names), len(names)], np.int64)

    def arm_of(persons: Numbers) -> Numbers:
        return turned[[number_of_arm(experiment, holdout, person) for person in persons.tolist()]]

    return Trial(wanted, {one: shares[one] for one in order}, since, until, arm_of)


def holdout_of(shop: "Shop", period: Period) -> Trial:
    """The shop's own holdout, as it stood at the end of the period.

    Raises:
        CannotTell: nobody is held out, or not for long enough.
    """
    held = left_out(shop, period.end)
    if held.since > period.end:
        raise CannotTell(
            f"{100 * held.share:g} % of people are held out since {date_of(held.since)}, and no period has closed "
            "since. Ask again when one has."
        )
    shares = {HOLDOUT: held.share, "all others": 1 - held.share}
    return Trial("the holdout", shares, held.since, period.end, lambda persons: 1 - held.arm(persons))
