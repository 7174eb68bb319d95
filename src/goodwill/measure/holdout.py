"""How good the suggestions are: each person's latest visits set aside, the models learned from the rest, and compared.

Next basket: the last visit is set aside; a list of ten is judged by what was bought then. First purchases: the last
fifth of visits is set aside; a list of ten things that she never had is judged by what she then bought for the first
time. Items count that were bought on at least 20 visits before everybody's last. What simple counting reaches (her own
most frequent items, filled up with best sellers; best sellers alone) stands beside the models in the same run. No
setting is chosen on visits that are judged: the weight of the affinity comes from visits before them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from goodwill.access import Door, Frame
from goodwill.learn.affinity import Affinity, BoughtTogether, shown
from goodwill.learn.baskets import Baskets, HoldBack, Numbers, learnt, of_frame, tried
from goodwill.learn.composed import Composed, only
from goodwill.learn.habits import habits
from goodwill.learn.path import path
from goodwill.learn.popular import BoughtByMany, Popular
from goodwill.learn.purchases import OfPurchases
from goodwill.learn.rows import rows
from goodwill.learn.usual import BuysAgain, Usual
from goodwill.measure.ranking import Mean, Score, Tally, beyond, lists, scores, shapes
from goodwill.sums import Sums

PLACES = 10
LEAST_VISITS = 20

_NEXT = ("usual_new", "usual", "popular", "counting")
_FIRST = ("affinity", "popular")
_LAST, _FIFTH = (HoldBack.LAST_VISIT,), (HoldBack.LAST_FIFTH,)
BEFORE = (HoldBack.LAST_FIFTH, HoldBack.LAST_FIFTH)  # the fifth of what is left before the fifth that is judged

Totals = Callable[[Sequence[OfPurchases]], list[Sums]]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What the suggestions would have been worth to people on visits that the models did not see.

    Attributes:
        items: how many counted; places: length of the lists; new: how many places go to something new.
        weight: λ of the affinity.
        people: judged on their next basket.
        usual_new: the usual with something new at the end, what the shop shows; usual: without; counting: own
            frequency, filled up with best sellers; popular: best sellers for everyone.
        gain: nDCG of usual_new beyond counting, person by person.
        seekers: people judged on first purchases.
        affinity: new things by what goes together; popular_new: best sellers that she never had.
        gain_new: nDCG of affinity beyond popular_new, person by person.
    """

    items: int
    places: int
    new: int
    weight: float
    people: int
    usual_new: Score
    usual: Score
    counting: Score
    popular: Score
    gain: Mean
    seekers: int
    affinity: Score
    popular_new: Score
    gain_new: Mean


def accuracy(frame: Frame, item_of: Numbers, items: int, *, new: int = 1, least_visits: int = LEAST_VISITS) -> Accuracy:
    """The accuracy for the people of a frame; arguments as for `accuracy_by`."""
    read: dict[int, Baskets] = {}

    def totals(wanted: Sequence[OfPurchases]) -> list[Sums]:
        numbering = wanted[0].item_of
        if id(numbering) not in read:
            read[id(numbering)] = of_frame(frame, numbering, wanted[0].items)
        return [what.whole_of(read[id(numbering)]) for what in wanted]

    return accuracy_by(totals, item_of, items, new=new, least_visits=least_visits)


def through(door: Door) -> Totals:
    """Totals as the door gives them: over people who allow it, some contributions in one reading."""

    def totals(wanted: Sequence[OfPurchases]) -> list[Sums]:
        found = door.total(Composed("accuracy", tuple(wanted))).sums
        return [only(found, what.name) for what in wanted]

    return totals


def accuracy_by(
    totals: Totals, item_of: Numbers, items: int, *, new: int = 1, least_visits: int = LEAST_VISITS
) -> Accuracy:
    """The accuracy from totals alone.

    Args:
        totals: gives some totals at once, see `through`.
        item_of: item of each product, indexed by product id; −1 where a product counts as no item.
        items: how many items there are.
        new: how many of the ten places go to something new.
        least_visits: how often an item must have been bought to count.
    """
    item_of, items = common_items(totals, item_of, items, least_visits)
    again = BuysAgain(item_of, items, _LAST)
    together, together_fifth, early = (
        BoughtTogether(item_of, items, rule, name=f"bought-together-{n}")
        for n, rule in enumerate((_LAST, _FIFTH, BEFORE))
    )
    many, many_fifth = (
        BoughtByMany(item_of, items, rule, name=f"bought-by-many-{n}") for n, rule in enumerate((_LAST, _FIFTH))
    )
    learned = dict(enumerate(totals([again, together, together_fifth, early, many, many_fifth])))
    trial = path(learned[3], item_of, BEFORE)
    weight = trial.fit(*totals([trial]))
    basket = NextBasket(
        item_of, items, _LAST,
        usual=again.fit(learned[0]), affinity=shown(learned[1], weight), popular=many.fit(learned[4]), new=new,
    )  # fmt: skip
    first = FirstPurchases(
        item_of, items, _FIFTH, affinity=shown(learned[2], weight), popular=many_fifth.fit(learned[5])
    )
    return _told(*totals([basket, first]), items=items, new=new, weight=weight)


def common_items(totals: Totals, item_of: Numbers, items: int, least_visits: int) -> tuple[Numbers, int]:
    """The items that count, numbered anew."""
    (before,) = totals([BoughtByMany(item_of, items, _LAST)])
    common = before.array("visits") >= least_visits
    number = np.append(np.where(common, np.cumsum(common) - 1, -1), -1)  # the last place answers for item −1
    return number[item_of], int(common.sum())


def _told(basket: Sums, first: Sums, *, items: int, new: int, weight: float) -> Accuracy:
    of_next, of_first = scores(basket, _NEXT), scores(first, _FIRST)
    return Accuracy(
        items=items,
        places=PLACES,
        new=new,
        weight=weight,
        people=basket.number("people"),
        **of_next,
        gain=beyond(basket, _NEXT)["usual_new"],
        seekers=first.number("people"),
        affinity=of_first["affinity"],
        popular_new=of_first["popular"],
        gain_new=beyond(first, _FIRST)["affinity"],
    )


# ---- what is added up over people ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class NextBasket(OfPurchases):
    """How good lists for the visit that was set aside are, for people with something bought before and then.

    Attributes:
        usual, affinity, popular: learned from the visits before.
        new: how many of the ten places go to something new.
    """

    name: str = "next-basket"
    usual: Usual = field(kw_only=True)
    affinity: Affinity = field(kw_only=True)
    popular: Popular = field(kw_only=True)
    new: int = field(default=1, kw_only=True)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return shapes(_NEXT)

    def whole_of(self, baskets: Baskets) -> Sums:
        before, then = learnt(baskets, self.hold_back), tried(baskets, self.hold_back)
        row, had, wanted = rows(before), rows(before, None), rows(then, None)
        today = np.zeros(baskets.people, np.int64)
        came = then.visits > 0
        today[came] = then.day[then.starts[:-1][came]]
        found = habits(before, today)
        own = (found.person, found.item)
        by_usual = lists(*own, self.usual.scores(found), baskets.people, PLACES)
        rank = np.empty(self.items)
        rank[np.lexsort((np.arange(self.items), -self.popular.visits))] = np.arange(self.items)
        by_count = lists(*own, found.times - rank[found.item] / max(1, self.items), baskets.people, PLACES)
        best = self.popular.ranking
        tally = Tally(_NEXT, PLACES)
        for person in np.flatnonzero(had.sizes * wanted.sizes).tolist():
            mine = had.of(person)
            usual, counted = (_filled(line[person], mine, best) for line in (by_usual, by_count))
            chosen = self._with_new(by_usual[person], row.of(person), mine, best)
            tally.add(wanted.of(person), chosen, usual, best[:PLACES], counted)
        return tally.sums

    def _with_new(self, usual: Numbers, row: Numbers, had: Numbers, best: Numbers) -> Numbers:
        """The usual, and new things on the last places: as a shop decides."""
        usual = usual[usual >= 0][: PLACES - self.new]
        barred = np.zeros(self.items, bool)
        barred[had] = True
        fresh = [found.item for found in self.affinity.recommend(row, PLACES - usual.size, barred=barred)]
        return _filled(np.append(usual, fresh).astype(np.int64), had, best)


@dataclass(frozen=True, eq=False)
class FirstPurchases(OfPurchases):
    """How good lists of things that a person never had are, by what she bought for the first time on visits set aside.

    Attributes:
        affinity, popular: learned from the visits before.
    """

    name: str = "first-purchases"
    affinity: Affinity = field(kw_only=True)
    popular: Popular = field(kw_only=True)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return shapes(_FIRST)

    def whole_of(self, baskets: Baskets) -> Sums:
        before = learnt(baskets, self.hold_back)
        row, had, then = rows(before), rows(before, None), rows(tried(baskets, self.hold_back), None)
        best = self.popular.ranking_by_people
        tally = Tally(_FIRST, PLACES)
        for person in np.flatnonzero(row.sizes * then.sizes).tolist():
            mine = had.of(person)
            wanted = np.setdiff1d(then.of(person), mine, assume_unique=True)
            if wanted.size:
                barred = np.zeros(self.items, bool)
                barred[mine] = True
                found = [one.item for one in self.affinity.recommend(row.of(person), PLACES, barred=barred)]
                tally.add(wanted, np.array(found, np.int64), best[~barred[best]][:PLACES])
        return tally.sums


def _filled(line: Numbers, had: Numbers, best: Numbers) -> Numbers:
    """A list whose empty places are filled with best sellers that the person never had."""
    line = line[line >= 0]
    if line.size == PLACES:
        return line
    more = best[~np.isin(best, np.append(had, line))]
    return np.append(line, more[: PLACES - line.size])
