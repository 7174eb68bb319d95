"""Which channel is credited with orders, in every usual way of sharing out, and how far these are apart."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from goodwill.access import Total
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.credit import RULES, Attribution, attribution
from goodwill.measure.crediting import CHANNELS, MAIL, PAGE, REST, Walked, Walks, walks_of
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import NOTHING, SMALL, Figure, Grade, Plain
from goodwill.measure.period import Period
from goodwill.people.gentle import number_of
from goodwill.purposes import MEASUREMENT
from goodwill.shop.measures.measure import Asked, Measure, Option, Options, left_out, step, total_of

if TYPE_CHECKING:
    from goodwill.decide.plan import Plan
    from goodwill.shop.shop import Shop

_SEED: Final = 71
_WAYS: Final = (*RULES, "markov", "shapley")
_ALONE: Final = "no others, as credits of two lengths would tell of few by their difference"
_NO_ORDERS: Final = "No order in these days had a message or something shown in the days before it."
_NO_CAUSE: Final = (
    "Credits share out orders; they do not say what a channel caused. No holdout of a single channel has tested them, "
    "so they enter no return on investment."
)


def _attribution(shop: "Shop", period: Period, options: Options) -> Answer:
    what = walked(shop.planning.plan(), period, days=options["days"], back=options["back"])
    total = total_of(shop, what)
    walks = walks_of(total.sums, what)
    told = _Telling(Asked("attribution", period, options), total, walks)
    if not sum(walks.ended):
        return Answer(told.figure(Estimate.refuse(_NO_ORDERS), "disagreement between ways", "times", NOTHING))
    return told.answer(attribution(walks.paths, walks.ended, walks.not_ended, seed=_SEED))


def walked(plan: "Plan", period: Period, *, days: int, back: int) -> Walked:
    """The contribution, with a channel for each slot for content or offers; of too many the last are one."""
    slots = sorted(name for name, slot in plan.slots.items() if slot.kind in ("content", "offers"))
    alone = slots if len(slots) <= CHANNELS - 2 else slots[: CHANNELS - 3]
    channels = (MAIL, PAGE, *alone, *((REST,) if len(slots) > len(alone) else ()))
    of_slot = {slot: min(2 + place, len(channels) - 1) for place, slot in enumerate(slots)}
    known = {number_of(slot, name): of_slot[slot] for slot in slots for name in plan.placed_in(slot)}
    since = period.end - days + 1
    return Walked(since=since, until=period.end, back=back, channels=channels, slots=tuple(sorted(known.items())))


class _Telling:
    """How what was found is told."""

    def __init__(self, asked: Asked, total: Total, walks: Walks) -> None:
        self._asked, self._total, self._walks = asked, total, walks

    def figure(self, found: Estimate, name: str, unit: str, method: str) -> Figure:
        why = left_out(MEASUREMENT, bought="were sent and shown nothing in those days")
        return self._asked.figure(
            found, self._total, counted=self._total.sums.number("touched"), name=name, unit=unit, method=method,
            grade=Grade.D, why=why, seed=_SEED,
        )  # fmt: skip

    def answer(self, found: Attribution) -> Answer:
        few = {channel for channel in found.disagreement if self._walks_with(channel) < SMALL}
        told = [channel for channel in found.disagreement if channel not in few]
        ended, orders = sum(self._walks.ended), self._total.sums.number("orders")
        apart = max((found.disagreement[channel] for channel in told), default=0.0)
        headline = self.figure(
            Estimate(value=apart, n=ended, warnings=(_NO_CAUSE, *_about(few))), "disagreement between ways", "times",
            f"Of the channel where {len(_WAYS)} ways of sharing out orders are farthest apart: the largest credit less "
            "the smallest, in units of their mean.",
        )  # fmt: skip
        untouched = (
            f"{orders - ended:,} of {orders:,} days of purchase had no touch in the {self._asked.options['back']} days "
            "before and are credited to nobody."
        )
        others = tuple(self._credit(found, channel, untouched) for channel in told)
        return Answer(headline, others, (self._table(found, told),))

    def _walks_with(self, channel: str) -> int:
        each = zip(self._walks.paths, self._walks.ended, self._walks.not_ended, strict=True)
        return sum(yes + no for path, yes, no in each if channel in path)

    def _credit(self, found: Attribution, channel: str, untouched: str) -> Figure:
        credit = found.ways["markov"].of(channel)
        method = (
            "Orders credited by the removal effects of an order-1 Markov chain, computed exactly; bootstrap interval "
            "over whole walks."
        )
        kept = replace(credit.orders, warnings=(*credit.orders.warnings, untouched))
        return self.figure(kept, f"orders credited to {channel}", "orders", method)

    def _table(self, found: Attribution, told: list[str]) -> Table:
        columns = (Column("channel"), Column("way"), Column("orders"), Column("low"), Column("high"), Column("share"))
        rows: list[tuple[Plain, ...]] = []
        for channel in told:
            for way in _WAYS:
                one = found.ways[way].of(channel)
                rows.append((channel, way, one.orders.value, one.orders.low, one.orders.high, one.share))
        says = (
            "Each channel's credit for orders in each way of sharing out. Where they disagree none of them knows: only "
            "a holdout tells what a channel caused."
        )
        return Table("credits", says, columns, tuple(rows))


def _about(few: set[str]) -> tuple[str, ...]:
    if not few:
        return ()
    return (f"{', '.join(sorted(few))}: fewer than {SMALL} walks, so nothing is told.",)


MEASURES = (
    Measure(
        "attribution",
        "which channel is credited with orders, in every usual way, and how far these are apart",
        MEASUREMENT,
        (
            Option("days", f"orders of so many days up to the end of the period; {_ALONE}", 91, step("days", 91)),
            Option("back", f"days that a touch stays in mind; {_ALONE}", 28, step("back", 28)),
        ),
        _attribution,
        unit="times",
    ),
)  # fmt: skip
