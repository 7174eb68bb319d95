"""Whom chance left out for good: the yardstick of the return, and since when it stands as it does now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import Day, day_of
from goodwill.basics.errors import CannotTell
from goodwill.basics.ids import PersonId
from goodwill.decide.experiments import place

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

NONE: Final = (
    "Nobody is left out by chance, so nothing shows what would have happened anyway. Leave some out: goodwill "
    "experiment holdout 10"
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The shop's own holdout.

    Attributes:
        share: of all people, 0 to 1. since: the first whole day on which the same share was left out.
    """

    share: float
    salt: str
    since: Day

    def arm(self, persons: NDArray[np.int64]) -> NDArray[np.int64]:
        """1 for those left out, 0 for all others; shape (n,)."""
        out = (place(self.salt, PersonId(person)) < self.share for person in persons.tolist())
        return np.fromiter(out, np.int64, persons.size)


def left_out(shop: "Shop") -> LeftOut:
    """Who is left out now.

    Raises:
        CannotTell: nobody.
    """
    rows = [row for row in shop.planning.journal() if row.kind == "holdout"]
    holdout = shop.planning.plan().holdout
    if not rows or not holdout.percent:
        raise CannotTell(NONE)
    since = Day(day_of(rows[-1].at, shop.settings.zone) + 1)
    return LeftOut(holdout.percent / 100, holdout.salt, since)
