"""Figures about the shop itself, each from totals over people who allow it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from goodwill.learn.purchases import OfPurchases
from goodwill.measure.minimisation import Effect, Line, Minimisation, Need, minimisation_by
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS, Category
from goodwill.sums import Sums

if TYPE_CHECKING:
    from goodwill.decide.shelf import Shelf
    from goodwill.shop.shop import Shop

READ: Final = frozenset({Category("purchases")})  # what decisions read of somebody; a test compares it with them


@dataclass(frozen=True, slots=True)
class Minimised:
    """What the shop's suggestions need of people's data.

    Attributes:
        found: by length of history.
        inference: the categories that `recommendations` may use; training: those of `model-improvement`.
    """

    found: Minimisation
    inference: tuple[Need, ...]
    training: tuple[Need, ...]


def minimised(
    shop: "Shop", totals: Callable[[Sequence[OfPurchases]], list[Sums]], shelf: "Shelf"
) -> Minimised:  # fmt: skip
    """Measure it on the shop's own purchases, of everybody who allows `model-improvement`."""
    found = minimisation_by(totals, shelf.item_of, shelf.items, new=shop.settings.new_in_ten)
    learned = (lesson.uses for lesson in shop.library.lessons if lesson.purpose == MODEL_IMPROVEMENT)
    trained = frozenset[Category]().union(*learned)
    register = shop.register
    return Minimised(
        found,
        found.needs("inference", register[RECOMMENDATIONS].categories, READ),
        found.needs("training", register[MODEL_IMPROVEMENT].categories, trained),
    )


def document(told: Minimised) -> Mapping[str, Any]:
    """The same in plain values, for programs; what cannot be told is null."""
    found = told.found
    return {
        "people": found.people,
        "items": found.items,
        "places": found.places,
        "light_visits_at_most": found.light,
        "heavy_visits_at_least": found.heavy,
        "interval": "paired normal interval of the ratio, 95 %",
        "inference": [_line(one) for one in (found.without_inference, *found.inference)],
        "training": [_line(one) for one in (found.without_training, *found.training)],
        "enough_visits": {stage: found.enough(stage) for stage in ("inference", "training")},
        "categories": [
            {"category": one.category, "stage": one.stage, "verdict": one.verdict,
             "effect": _effect(one.line.everyone) if one.line else None}
            for one in (*told.inference, *told.training)
        ],
        "warnings": list(found.warnings),
    }  # fmt: skip


def _line(one: Line) -> dict[str, Any]:
    groups = {"everyone": one.everyone, "light": one.light, "heavy": one.heavy}
    told = {name: _effect(some) if some is not None else None for name, some in groups.items()}
    return {"what": one.what, "visits": one.visits, "share_of_data": round(one.share, 4), **told}


def _effect(one: Effect) -> dict[str, Any]:
    plain = {name: _number(value) for name, value in asdict(one).items()}
    return {**plain, "verdict": one.verdict}


def _number(value: float) -> float | None:
    return None if value != value else round(value, 6)  # noqa: PLR0124 - nan alone differs from itself
