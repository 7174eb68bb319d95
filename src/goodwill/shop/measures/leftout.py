"""Whom chance left out for good: the yardstick of the return, and since when it stands as it does now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import Day, date_of, day_of
from goodwill.basics.errors import CannotTell
from goodwill.basics.ids import PersonId
from goodwill.decide.experiments import place
from goodwill.decide.plan import Row

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


def left_out(shop: "Shop", until: Day) -> LeftOut:
    """Who was left out on the last day of a period, or since, where nobody was.

    What is changed later says nothing of the days before: a period that has closed is told alike ever after.

    Raises:
        CannotTell: nobody.
    """
    zone, rows = shop.settings.zone, _changes(shop)
    then = [row for row in rows if day_of(row.at, zone) <= until]
    row = next((row for row in (*then[-1:], *rows[-1:]) if row.body.percent), None)
    if row is None:
        raise CannotTell(NONE)
    return LeftOut(row.body.percent / 100, row.body.salt, Day(day_of(row.at, zone) + 1))


@dataclass(frozen=True, slots=True)
class Changed:
    """Another share than that of a period, which is left out after it.

    Attributes:
        since: the first whole day of it; a window begins there. percent: of all people.
    """

    since: Day
    percent: int

    def __str__(self) -> str:
        if not self.percent:
            return f"From {date_of(self.since)} on nobody is left out, so no later report goes on from here."
        return (
            f"From {date_of(self.since)} on {self.percent} % are left out: reports that reach so far begin a new "
            "window there, without the days before it."
        )


def changed_after(shop: "Shop", until: Day) -> Changed | None:
    """What was changed last after a period that somebody was left out in; None where nothing was."""
    rows = _changes(shop)
    then = [row for row in rows if day_of(row.at, shop.settings.zone) <= until]
    if not then or not then[-1].body.percent or rows[-1] is then[-1]:
        return None
    return Changed(Day(day_of(rows[-1].at, shop.settings.zone) + 1), rows[-1].body.percent)


def _changes(shop: "Shop") -> list[Row]:
    """Every word about the share that changed it, in order."""
    said = [row for row in shop.planning.journal() if row.kind == "holdout"]
    return [row for before, row in zip((None, *said), said, strict=False) if before is None or before.body != row.body]
