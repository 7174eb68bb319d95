"""The choice itself: nine usual and one new, guarded, with the reasons that carried them; else what everyone gets.

Nothing is read here but what can be had: all else stands in the situation, the models and the shelf.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache, partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from goodwill.catalogue.products import Product
from goodwill.decide.because import because_many, because_moment, because_together, because_usual
from goodwill.decide.cold import cold_things, with_a_cold_one
from goodwill.decide.companions import Companions, not_among, places_beside
from goodwill.decide.decision import Choice, Reason
from goodwill.decide.guardrails import Bars, bars_for, marked, resting
from goodwill.decide.history import NOTHING_BOUGHT, History, history_of
from goodwill.decide.plan import Plan
from goodwill.decide.proposal import Because, Proposal
from goodwill.decide.shelf import Shelf
from goodwill.decide.situation import PREFERENCES, Situation
from goodwill.decide.taste import KIND as TOLD
from goodwill.decide.taste import Told
from goodwill.learn.affinity import even
from goodwill.learn.calibrate import calibrated, main_kind, outside_wanted
from goodwill.learn.library import Models
from goodwill.learn.moment import cell_at
from goodwill.purposes import Category

_PURCHASES = Category("purchases")
_SPARE = 3  # proposals for each place, as some cannot be had
_TO_DRAW_FROM = 50  # usual things at least that a list in her proportions is drawn from
_DECIMALS = 9  # of what is written down; what comes behind depends on how a model was worked out
_OFF_THE_SHELF = 10  # times as many are looked at, as some cannot be had

# Asked for the products to show for some items, by item; those of which nothing can be had are left out.
Shown = tuple[Proposal, Product]
ToShow = Callable[[Sequence[int], Mapping[int, int]], dict[int, Product]]


@dataclass(frozen=True, slots=True)
class Picked:
    """What was picked.

    Attributes:
        personal: whether her data carried any of it.
        reason: why not; "" where it did.
        counts: what rules kept back, as (rule, how many items).
        missing: items that were proposed and could not be had, rising.
        used: the data categories that carried it, where any did.
    """

    choices: tuple[Choice, ...]
    personal: bool
    reason: str
    counts: tuple[tuple[str, int], ...] = ()
    missing: tuple[int, ...] = ()
    used: tuple[Category, ...] = (_PURCHASES,)


@dataclass(frozen=True, eq=False)
class Picking:
    """One choice under way.

    Attributes:
        known: what she bought, where that was worked out for several at once.
    """

    seen: Situation
    models: Models
    shelf: Shelf
    plan: Plan
    to_show: ToShow
    telling: NDArray[np.bool_]
    known: History | None = None
    counts: list[tuple[str, int]] = field(default_factory=list)
    missing: set[int] = field(default_factory=set)

    def picked(self) -> Picked:
        """What to show, for her or for everyone."""
        bars = bars_for(self.seen, self.shelf, self.telling)
        chosen, reason = self._for_her(bars)
        personal = bool(chosen)
        if len(chosen) < self.seen.count:
            chosen += self._others(bars, chosen)
        if personal:
            chosen = self._with_some_outside(bars, chosen)
            self.counts.append(("personal", len(chosen)))
        choices = tuple(self._choice(proposal, product) for proposal, product in chosen)
        return Picked(
            choices, personal, "" if personal else reason, tuple(self.counts), tuple(sorted(self.missing)),
            self._used(chosen),
        )  # fmt: skip

    def _used(self, chosen: Sequence[Shown]) -> tuple[Category, ...]:
        """What of her carried the list: what she bought, what she told us she likes, or both."""
        if not any(proposal.kind == TOLD for proposal, _ in chosen):
            return (_PURCHASES,)
        return (_PURCHASES, PREFERENCES) if self._history.items.size else (PREFERENCES,)

    def _others(self, bars: Bars, chosen: Sequence[Shown]) -> list[Shown]:
        """What everyone gets, for the places left; beside what she told us she likes, things of other kinds first."""
        taken = {proposal.item for proposal, _ in chosen}
        if self._told is None or not any(proposal.kind == TOLD for proposal, _ in chosen):
            return self._for_everyone(bars, taken)
        found = self._for_everyone(Bars((*bars.masks, ("told", self._told.inside))), taken)
        taken |= {proposal.item for proposal, _ in found}
        return found if len(taken) >= self.seen.count else [*found, *self._for_everyone(bars, taken)]

    def _for_her(self, bars: Bars) -> tuple[list[Shown], str]:
        seen = self.seen
        if seen.view is None:
            return [], seen.reason
        if seen.not_personal:
            if seen.not_personal != "holdout":
                self.counts.append(("not-personal", seen.count))
            return [], seen.not_personal
        refused = [name for name in ("usual", "together") if not self.plan.may(name)]
        self.counts.extend(("not-approved", 1) for _ in refused)
        if len(refused) == 2:
            return self._as_told(bars), "not-approved"
        if not self._history.items.size:
            return self._as_told(bars), "no-history"
        if left_out := int(np.count_nonzero(np.isin(self._bought.row, self._wrong))):
            self.counts.append(("not-used", left_out))
        return self._personal(bars, self._history), "no-history"

    @cached_property
    def _history(self) -> History:
        """What she bought, without what she said is wrong about her as a ground for anything else."""
        return self._bought.but_not(self._wrong)

    @cached_property
    def _wrong(self) -> NDArray[np.int64]:
        return self.shelf.items_of(self.seen.wrong)

    @cached_property
    def _bought(self) -> History:
        """What she bought; asked only where her view may carry the choice."""
        if self.known is not None or self.seen.view is None:
            return self.known or NOTHING_BOUGHT
        return history_of(self.seen.view, self.shelf, self.models.usual, self.seen.day)

    # ---- what she told us she likes ----------------------------------------------------------------------------------

    @cached_property
    def _told(self) -> Told | None:
        """Her answer; None where she gave none, has no preference, or what many buy may not choose."""
        taste = self.seen.taste
        if taste is None or not taste.kinds or not self.plan.may("popular"):
            return None
        return Told(taste, self.shelf, self.models.popular)

    def _as_told(self, bars: Bars) -> list[Shown]:
        """A list by her answer alone, with places left for something else: new to her, or beside what she holds."""
        if self._told is None:
            return []
        beside = places_beside(self.seen.count, self.seen.ways.companions_in_ten or 0)
        beside = min(beside, len(self._companions(bars, beside))) if beside else 0
        room = self.seen.count - self._places_for_new() - beside
        found = self._by_told(bars.all, room)
        had = self._had(found, NOTHING_BOUGHT) if found else {}
        return [(one, had[one.item]) for one in found if one.item in had][: self._at_most(room)]

    def _by_told(self, barred: NDArray[np.bool_], room: int) -> list[Proposal]:
        """Things of the kinds that she named for so many places or fewer, and some to spare."""
        wanted = self._at_most(room)
        return self._told.proposals(barred, wanted + _SPARE) if self._told is not None and wanted else []

    def _at_most(self, room: int) -> int:
        if self._told is None or self.seen.view is None:
            return 0
        return max(0, min(room, self._told.places(self.seen.count, self.seen.view)))

    def _beside_usual(self, bars: Bars, history: History, room: int) -> list[Proposal]:
        """The same beside things that she buys, which need no answer of hers."""
        if self._told is None:
            return []
        barred = bars.all.copy()
        barred[history.items] = True
        return self._by_told(barred, room)

    # ---- personal --------------------------------------------------------------------------------------------------

    def _personal(self, bars: Bars, history: History) -> list[Shown]:
        count, new = self.seen.count, self._places_for_new()
        usual = self._usual(bars, history, self._candidates(count)) if self.plan.may("usual") else []
        wanted = max(new, count - len(usual)) if not self.seen.careful else 0
        fresh = self._new(bars, history, wanted + _SPARE) if wanted else []
        told = self._beside_usual(bars, history, count - new - len(usual))
        had = self._had([*usual, *told, *fresh], history)
        # Something new for which no reason can be told is not suggested: only discreet things would stand behind it.
        usual = [proposal for proposal in usual if proposal.item in had]
        told = [proposal for proposal in told if proposal.item in had][: self._at_most(count - new - len(usual))]
        telling = (one for one in not_among(fresh, {one.item for one in told}) if one.item in had and one.because()[0])
        fresh = list(islice(telling, max(new, count - len(usual) - len(told))))
        places = max(0, count - min(new, len(fresh)))
        ordered = self._calibrated(usual, history, places)
        ordered = self._with_companions(bars, ordered, places, had, history)
        return [(one, had[one.item]) for one in [*[*ordered[:places], *told][:places], *fresh][:count]]

    def _candidates(self, count: int) -> int:
        """How many usual things are looked at: a list that is drawn to her proportions needs some to choose from."""
        return max(_TO_DRAW_FROM, 5 * count) if self.seen.ways.calibration else count + _SPARE

    def _places_for_new(self) -> int:
        """How many places go to something new: at least one of three or more, if the shop wants any."""
        seen = self.seen
        new_in_ten = seen.ways.new_in_ten or 0
        wanted = seen.context.new
        if wanted is None:
            few = new_in_ten == 0 or seen.count < 3
            wanted = 0 if few else min(seen.count, max(1, round(seen.count * new_in_ten / 10)))
        if wanted and seen.careful:
            self.counts.append(("care", wanted))
            return 0
        return wanted

    def _usual(self, bars: Bars, history: History, count: int) -> list[Proposal]:
        """Her usual things, likeliest first; what rules kept back among them is counted."""
        found = self._open(bars, history, count)
        ranked = history.items[history.order]
        barred = bars.all[ranked]
        if barred.any():
            last = found[: self.seen.count + _SPARE][-1].score if found else 0.0
            self.counts.extend(bars.counted(ranked[barred & (history.habits.scores[history.order] >= last)]).items())
        return found

    def _open(self, bars: Bars, history: History, count: int) -> list[Proposal]:
        chosen = history.order[~bars.all[history.items[history.order]]][:count]
        names = self.shelf.names
        return [
            Proposal(habit.item, "usual", habit.score, partial(because_usual, habit, names[habit.item]))
            for habit in history.habits.told(chosen)
        ]

    def _new(self, bars: Bars, history: History, count: int) -> list[Proposal]:
        row = self._speaking
        if not row.size:
            return []
        rests = resting(self.seen, self.shelf)
        open_to = Bars((*bars.masks, ("resting", rests)))
        barred = open_to.all.copy()
        barred[history.items] = True
        cold = self._cold(row, barred)
        if not self.plan.may("together"):
            return cold[:1]
        found = self._liked(open_to, history, count)
        if found:
            bound = round(found[-1].score, 10)
            kept = open_to.all.copy()
            kept[history.items] = False
            would = np.flatnonzero(kept & (self._scores > bound - 1e-9))
            self.counts.extend(open_to.counted(would[even(self._scores[would]) >= bound]).items())
        return with_a_cold_one(found, cold, count - _SPARE)

    def _liked(self, bars: Bars, history: History, count: int) -> list[Proposal]:
        """New things that go with hers, best first."""
        together, row, shelf = self.models.together, self._speaking, self.shelf
        if not row.size:
            return []
        barred = bars.all.copy()
        barred[history.items] = True

        @cache
        def because(item: int) -> tuple[tuple[Reason, ...], float]:
            return because_together(together.explain(row, item), shelf.names, shelf.hidden)

        found = together.recommend(row, count, barred=barred, scored=self._scores)
        return [Proposal(liked.item, "new", liked.score, partial(because, liked.item)) for liked in found]

    @cached_property
    def _speaking(self) -> NDArray[np.int64]:
        """What she bought that may carry something else: nothing sensitive, and nothing that gives it away."""
        row = self._history.row
        return row[~(self.shelf.hidden | self.telling)[row]]

    @cached_property
    def _scores(self) -> NDArray[np.float64]:
        """How well everything goes with that."""
        return self.models.together.scores(self._speaking)

    def _cold(self, row: NDArray[np.int64], barred: NDArray[np.bool_]) -> list[Proposal]:
        """What nobody bought yet and suits her by the catalogue."""
        if not self.plan.may("cold"):
            return []
        return cold_things(self.models.likeness, self.shelf, row, barred, 1)

    @cached_property
    def _beside(self) -> Companions:
        return Companions(self.seen, self.models, self.shelf, self.telling)

    def _companions(self, bars: Bars, count: int) -> list[Proposal]:
        """What goes with what she holds or looks at."""
        may = self.plan.may("companions") and self.plan.may("together")
        return self._beside.proposals(bars, count) if may else []

    def _with_companions(
        self, bars: Bars, usual: list[Proposal], places: int, had: dict[int, Product], history: History
    ) -> list[Proposal]:
        """The usual, with the last of so many places given to what goes with her basket."""
        wanted = 0 if self.seen.careful else places_beside(self.seen.count, self.seen.ways.companions_in_ten or 0)
        wanted = min(wanted, places)
        taken = {one.item for one in usual[: places - wanted]} | {item for item in had if item not in history.product}
        found = not_among(self._companions(bars, wanted + len(taken) + _SPARE), taken) if wanted else []
        found = found[: wanted + _SPARE]
        had.update(self._had([one for one in found if one.item not in had], history))
        found = [one for one in found if one.item in had][:wanted]
        others = not_among(usual, {one.item for one in found})
        front = others[: places - len(found)]
        return [*front, *found, *others[len(front) :]]

    def _had(self, proposals: Sequence[Proposal], history: History) -> dict[int, Product]:
        """The products to show for some proposals; those that cannot be had are counted."""
        items = [proposal.item for proposal in proposals]
        faces, hers = self.models.faces, history.product
        had = self._shown(items, {item: hers.get(item, faces.get(item, -1)) for item in items})
        if missing := len(items) - len(had):
            self.counts.append(("not-to-be-had", missing))
        return had

    def _calibrated(self, usual: list[Proposal], history: History, places: int) -> list[Proposal]:
        weight = (self.seen.ways.calibration or 0) / 100
        if not weight:
            return usual
        scores = np.array([proposal.score for proposal in usual])
        kinds = self.shelf.kind[[proposal.item for proposal in usual]]
        first = calibrated(scores, kinds, self.shelf.kind[history.bought], places, weight)
        rest = [n for n in range(len(usual)) if n not in set(first)]
        return [usual[n] for n in (*first, *rest)]

    # ---- some of it outside what she buys most -----------------------------------------------------------------------

    def _with_some_outside(self, bars: Bars, chosen: list[Shown]) -> list[Shown]:
        """The list, with places given to other kinds where nearly all is of the kind she buys most."""
        kind, main = self.shelf.kind, main_kind(self.shelf.kind, self._history.bought)
        wanted = outside_wanted(len(chosen), self.seen.ways.outside or 0) if main >= 0 else 0
        missing = wanted - sum(int(kind[one.item]) != main for one, _ in chosen)
        if missing <= 0:
            return chosen
        taken = np.array([one.item for one, _ in chosen], np.int64)
        inside, rests = marked(self.shelf, np.flatnonzero(kind == main), taken), resting(self.seen, self.shelf)
        open_to = Bars((*bars.masks, ("inside", inside), ("resting", rests)))
        others = list(islice(self._outside(open_to, missing), missing))
        # Something new stays where it is as long as there is anything else to take away.
        given = [n for n, (one, _) in enumerate(chosen) if kind[one.item] == main]
        given.sort(key=lambda n: (chosen[n][0].kind != "new", n))
        for place, other in zip(sorted(given[len(given) - len(others) :]), others, strict=False):
            chosen[place] = other
        told = (("outside", len(others)), ("outside-unmet", missing - len(others)))
        self.counts.extend((rule, count) for rule, count in told if count)
        return chosen

    def _outside(self, bars: Bars, count: int) -> Iterator[Shown]:
        """Things that are not barred: of her own, then what goes with them, then what many buy."""
        seen: set[int] = set()
        for propose in (self._hers, self._fresh, self._many):
            proposals = not_among(propose(bars, count), seen)
            seen |= {one.item for one in proposals}
            had = self._had(proposals, self._history) if proposals else {}
            yield from ((one, had[one.item]) for one in proposals if one.item in had and one.because()[0])

    def _hers(self, bars: Bars, count: int) -> list[Proposal]:
        return self._open(bars, self._history, count + _SPARE) if self.plan.may("usual") else []

    def _fresh(self, bars: Bars, count: int) -> list[Proposal]:
        may = self.plan.may("together") and not self.seen.careful
        return self._liked(bars, self._history, count + _SPARE) if may else []

    def _many(self, bars: Bars, count: int) -> list[Proposal]:
        if not self.plan.may("popular"):
            return []
        found = self.models.popular.recommend(count + _SPARE, barred=bars.all)
        return [Proposal(item, "everyone", *self._worth(None, item)) for item in found]

    # ---- for everyone ----------------------------------------------------------------------------------------------

    def _for_everyone(self, bars: Bars, taken: set[int]) -> list[Shown]:
        """What goes with the basket, then what many people buy, without what is left out or chosen already."""
        wanted = self.seen.count - len(taken)
        proposed = not_among(self._companions(bars, wanted + len(taken) + _SPARE), taken)
        products = self._shown([one.item for one in proposed], self.models.faces) if proposed else {}
        found = [(one, products[one.item]) for one in proposed if one.item in products][:wanted]
        self._count_left_out(bars, wanted + len(taken) + _SPARE)
        return [*found, *self._by_many(bars, taken | {one.item for one, _ in found})]

    def _count_left_out(self, bars: Bars, many: int) -> None:
        """Count what a list that is nobody's loses at her word; whose word it is stands nowhere."""
        if self.seen.view is not None or not self.seen.gentle.left_out:
            return
        others = bars.but("unwanted")
        would = {one.item for one in self._companions(others, many)}
        if self.plan.may("popular"):
            would |= set(self._ranked(others.all, many + 2 * self.seen.count))
        self.counts.extend(bars.counted(np.array(sorted(would), np.int64)).items())

    def _by_many(self, bars: Bars, taken: set[int]) -> list[Shown]:
        """What many people buy, at this time of the week where that is known to differ."""
        if len(taken) >= self.seen.count:
            return []
        if not self.plan.may("popular"):
            self.counts.append(("not-approved", 1))
            return []
        barred, wanted = bars.all, self.seen.count - len(taken)
        names = {self.shelf.names[item] for item in taken}
        cell = self._cell
        found = self._ranked(barred, wanted + 2 * len(taken) + _SPARE)
        ranked = [item for item in found if self.shelf.names[item] not in names]
        products = self._shown(ranked, self.models.faces)
        return [
            (Proposal(item, "everyone", *self._worth(cell, item)), products[item])
            for item in ranked
            if item in products
        ][:wanted]

    def _ranked(self, barred: NDArray[np.bool_], count: int) -> list[int]:
        """What many people buy, best first."""
        ranking = None if self._cell is None else self.models.moments.ranking(self._cell)
        return self.models.popular.recommend(count, barred=barred, ranking=ranking)

    @cached_property
    def _cell(self) -> int | None:
        """This time of the week, where what is bought at it is known to differ; None where all times count alike."""
        if not self.plan.may("moment"):
            return None
        cell = cell_at(self.seen.at, self.seen.offset)
        return cell if self.models.moments.better[cell] else None

    def _worth(self, cell: int | None, item: int) -> tuple[float, Because]:
        """The score of what everyone gets: on how many visits it was bought, or its share of those at this time."""
        moments = self.models.moments
        if cell is None:
            return float(self.models.popular.visits[item]), because_many
        told = because_moment if moments.raised(cell, item) else because_many
        return float(moments.shares[cell, item]), told

    def _shown(self, items: Sequence[int], preferred: Mapping[int, int]) -> dict[int, Product]:
        found = self.to_show(items, preferred)
        self.missing.update(item for item in items if item not in found)
        return found

    def _choice(self, proposal: Proposal, product: Product) -> Choice:
        if proposal.because is because_many:  # the same for all who get it
            name = self.shelf.names[proposal.item]
            return _bought_by_many(product.external, product.name or product.external, name, proposal.kind,
                                   proposal.score, self.models.version)  # fmt: skip
        reasons, covered = proposal.because()
        return Choice(
            product=product.external,
            name=product.name or product.external,
            item=self.shelf.names[proposal.item],
            kind=proposal.kind,
            because=tuple(Reason(reason.text, round(reason.share, _DECIMALS)) for reason in reasons),
            covered=round(covered, _DECIMALS),
            score=round(proposal.score, _DECIMALS),
            model=self.models.version,
        )


@lru_cache(maxsize=10_000)
def _bought_by_many(product: str, name: str, item: str, kind: str, score: float, model: str) -> Choice:
    reasons, covered = because_many()
    return Choice(product, name, item, kind, reasons, covered, round(score, _DECIMALS), model)


def off_the_shelf(seen: Situation, shelf: Shelf, to_show: ToShow) -> Picked:
    """What stands first in the catalogue: nothing that was learned of anybody stands behind it.

    What was learned may hold people whose "no" the ledger has lost, or may not be used.
    """
    basket = set(shelf.items_of(seen.basket).tolist())
    unwanted = set(shelf.items_of(np.array(seen.gentle.left_out, np.int64)).tolist())
    all_ = [int(item) for item in np.flatnonzero(~shelf.hidden) if int(item) not in basket]
    open_ = [item for item in all_ if item not in unwanted]
    looked_at = open_[: _OFF_THE_SHELF * seen.count]
    left_out = len(unwanted & set(all_[: _OFF_THE_SHELF * seen.count]))
    products = to_show(looked_at, {})
    because = (Reason("it is in our range", 1.0),)
    chosen = [item for item in open_ if item in products][: seen.count]
    return Picked(
        tuple(
            Choice(products[item].external, products[item].name or products[item].external, shelf.names[item],
                   "everyone", because, 1.0, 0.0, "none")
            for item in chosen
        ),
        False,
        seen.reason,
        (("unwanted", left_out),) if left_out else (),
        tuple(item for item in looked_at if item not in products),
    )  # fmt: skip
