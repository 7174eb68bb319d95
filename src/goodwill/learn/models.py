"""The lesson of every shop: the usual, what goes together, what is like it, what everyone gets; all from one total."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from goodwill.access import Door, Total
from goodwill.learn.affinity import Affinity, BoughtTogether, inner, shown
from goodwill.learn.baskets import HoldBack
from goodwill.learn.best import BestSellers, faces
from goodwill.learn.composed import Composed, only
from goodwill.learn.lesson import Doors, Items, Lesson, Plain
from goodwill.learn.likeness import Likeness, LikeThings
from goodwill.learn.moment import BoughtByMoment, Moments
from goodwill.learn.moved import moved
from goodwill.learn.path import path
from goodwill.learn.popular import BoughtByMany, Popular
from goodwill.learn.usual import BuysAgain, Usual
from goodwill.purposes import MODEL_IMPROVEMENT, Category
from goodwill.storage import AsOf


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Fitted models, all from one total that holds nobody who said no.

    Attributes:
        exact: what goes together, following a withdrawal at once; `together` may show the floored one.
        moments: what is bought at each time of the week; likeness: what nobody bought yet, by what is like it.
        faces: the product that most people bought, for each item.
        people: how many the total counts.
        version: names the total that they were fitted from.
        as_of: how far that total reaches.
    """

    usual: Usual
    exact: Affinity
    together: Affinity
    popular: Popular
    moments: Moments
    likeness: Likeness
    faces: Mapping[int, int]
    people: int
    version: str
    as_of: AsOf

    @property
    def floored(self) -> bool:
        """Whether pairs that too few people share are left out of what goes together."""
        return self.together is not self.exact


class ShopModels(Lesson[Items, Models]):
    """What the shop's suggestions come from."""

    name = "models"
    purpose = MODEL_IMPROVEMENT
    uses = frozenset({Category("purchases")})
    first_weight = 500.0  # λ, in people; only a shop that never learned uses it

    def counted(self, door: Door, items: Items) -> Items:  # noqa: ARG002 - what the catalogue counts
        return items

    def mark(self, counted: Items) -> Plain:
        mapping = hashlib.sha256(counted.item_of.astype("<i8").tobytes()).hexdigest()
        return {
            "items": counted.items, "item_of": mapping, "tags": counted.tags.version, "zone": str(counted.zone),
        }  # fmt: skip

    def contribution(self, counted: Items) -> Composed:
        return contribution(counted)

    def fit(self, counted: Items, total: Total, weight: float) -> Models:
        """All models, the shown one without pairs that too few people share."""
        together = only(total.sums, "bought-together")
        return _models(counted, total, inner(together, weight), shown(together, weight))

    def follow(self, known: Models, counted: Items, total: Total, weight: float) -> Models:
        """All models after a change: the exact one follows, and is shown until the next fit from the ground."""
        pairs = only(total.sums, "bought-together")
        exact = moved(known.exact, pairs.array("pairs")) or inner(pairs, weight)
        return _models(counted, total, exact, exact)

    def again(self, counted: Items, total: Total, weight: float, *, floored: bool) -> Models:
        """The models of a total as they were shown once: without pairs that few share, or following a withdrawal."""
        if floored:
            return self.fit(counted, total, weight)
        exact = inner(only(total.sums, "bought-together"), weight)
        return _models(counted, total, exact, exact)

    def weight(self, doors: Doors, counted: Items) -> float:
        """λ that suggests best for each person's last fifth of visits, learned from the others."""
        hold_back = (HoldBack.LAST_FIFTH,)
        with doors() as door:
            early = door.total(BoughtTogether(counted.item_of, counted.items, hold_back=hold_back))
        trial = path(early.sums, counted.item_of, hold_back)
        with doors() as door:
            return trial.fit(door.total(trial).sums)


MODELS = ShopModels()


def contribution(items: Items) -> Composed:
    """What each person who allows it adds to the models of a shop."""
    return Composed(
        MODELS.name,
        (
            BuysAgain(items.item_of, items.items),
            BoughtTogether(items.item_of, items.items),
            BoughtByMany(items.item_of, items.items),
            BestSellers(items.item_of.size),
            _by_moment(items),
            _like(items),
        ),
    )


def _by_moment(items: Items) -> BoughtByMoment:
    return BoughtByMoment(items.item_of, items.items, items.zone)


def _like(items: Items) -> LikeThings:
    return LikeThings(items.item_of, items.items, tags=items.tags)


def _models(items: Items, total: Total, exact: Affinity, together: Affinity) -> Models:
    moment, like = _by_moment(items), _like(items)
    again, by_many = BuysAgain(items.item_of, items.items), BoughtByMany(items.item_of, items.items)
    popular = by_many.fit(only(total.sums, by_many.name))
    return Models(
        usual=again.fit(only(total.sums, again.name)),
        exact=exact,
        together=together,
        popular=popular,
        moments=moment.fit(only(total.sums, moment.name), popular),
        likeness=like.fit(only(total.sums, like.name), popular.people),
        faces=faces(only(total.sums, "best-sellers").array("buyers"), items.item_of),
        people=total.people,
        version=total.hash[:12],
        as_of=total.as_of,
    )
