"""After people left, however they left, the shop is the one that never had them: same totals, same lists.

The scenarios of ERASE (2026) and of recommenders of which data can be taken back: many small requests one after the
other with decisions between them, everybody of a group, a catalogue that changes meanwhile, another weight meanwhile,
and people who come back. Beside the shop stands a second one that never heard of those who leave; the shop's totals
must have its hashes, and everybody else must get its lists: the same products in the same order, for the same reasons.
"""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from tests.laws.lives import ASKED, Village

from goodwill import people
from goodwill.basics.clock import DAY
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.learn.models import MODELS, ShopModels
from goodwill.people.columns import EventColumns
from goodwill.people.types import BOUGHT
from goodwill.protect import Cipher, KeyStore
from goodwill.purposes import MODEL_IMPROVEMENT
from goodwill.storage import connect

KINDS = ("bread", "cheese", "wine", "fruit", "sweets", "coffee")
GOODS = tuple(f"{kind}-{n}" for kind in KINDS for n in range(4))
RARE = len(GOODS)  # bought by a few alone
TOP = 10


@dataclass
class Town:
    """A shop with some of the people: each has habits of her own, which do not depend on who else is there."""

    village: Village
    names: Sequence[str]
    goods: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.village.knows(*self.names)
        with self.village.database.transaction() as connection:
            things = [Product(name, name.capitalize(), category=name.split("-")[0]) for name in (*GOODS, "truffle")]
            self.goods = tuple(int(product) for product in catalogue.upsert_many(connection, things).ids)
        self.village.agrees(*self.names)
        self.buy(self.names)

    @property
    def shop(self):
        return self.village.shop

    def buy(self, names: Sequence[str], *, weeks: Sequence[int] = range(8, 0, -1)) -> None:
        today = int(self.village.clock()) // DAY
        lines = [
            (int(self.village.person[name]), today - 7 * week, self.goods[thing], 1000 * habits(name).seed + week)
            for name in names for week in weeks for thing in habits(name).basket(week)
        ]  # fmt: skip
        person, day, product, reference = (list(column) for column in zip(*lines, strict=True))
        first = self.village.key + 1
        self.village.key += len(lines)
        many, keys = len(lines), list(range(first, first + len(lines)))
        visit = EventColumns(
            person=person, type=[BOUGHT] * many, at=[on * DAY + 9 * 3_600_000_000 for on in day], day=day,
            product=product, quantity=[1000] * many, amount=[250] * many, currency="EUR", reference=reference, key=keys,
        )  # fmt: skip
        with self.village.database.transaction() as connection:
            people.log.append(connection, visit)

    def lists(self, names: Sequence[str], shop=None):
        """What everybody gets: products in order, with the kind, the words, and the score but for its last digits."""
        return {
            name: [
                (one.product, one.kind, round(one.score, 9), [reason.text for reason in one.because])
                for one in (shop or self.shop).decide(name, count=TOP).items
            ]
            for name in names
        }


@dataclass(frozen=True)
class Habits:
    """What somebody buys: mostly of two kinds, and a truffle if she is one of the few."""

    seed: int
    rich: bool

    def basket(self, week: int) -> list[int]:
        chance = np.random.default_rng((self.seed, week))
        kinds = np.random.default_rng(self.seed).choice(len(KINDS), 2, replace=False)
        own = [int(kind) * 4 + int(chance.integers(0, 4)) for kind in kinds]
        basket = {*own, int(kinds[0]) * 4, int(chance.integers(0, len(GOODS)))}
        return sorted(basket | ({RARE} if self.rich and week % 2 else set()))


def habits(name: str) -> Habits:
    number = int(name.removeprefix("p"))
    return Habits(number, rich=number % 10 == 7)


def names(upto: int) -> list[str]:
    return [f"p{n}" for n in range(upto)]


@pytest.fixture
def town(database, cipher, clock, tmp_path, migrated_file):
    """Makes two shops: one of everybody, and beside it one that never had those who leave."""
    with ExitStack() as opened:

        def make(everybody: Sequence[str], leaving: Sequence[str]) -> tuple[Town, Town]:
            shutil.copyfile(migrated_file, tmp_path / "never.db")
            keys = opened.enter_context(_keys(tmp_path / "never-keys", clock))
            beside = connect(tmp_path / "never.db")
            opened.callback(beside.close)
            made = [
                Town(Village(database, cipher, clock, tmp_path / "home"), list(everybody)),
                Town(
                    Village(beside, Cipher(keys, "test-shop"), clock, tmp_path / "never"),
                    [name for name in everybody if name not in set(leaving)],
                ),
            ]
            for one in made:
                opened.callback(one.village.columns.close)
            clock.turn(seconds=1)
            return made[0], made[1]

        yield make


@contextmanager
def _keys(folder, clock):
    store = KeyStore.open(folder, clock=clock)
    yield store
    store.close()


def are_one(had: Town, never: Town) -> None:
    """Nothing tells the shop from the one that never had them: as it ran on, opened anew, and learned anew."""
    stay, total = never.names, never.shop.settle()
    settled = had.shop.settle()
    assert (settled.hash, settled.people) == (total.hash, total.people)
    reborn = had.village.another_process()
    reborn.warm()
    for shop in (had.shop, reborn):
        suggests_alike(known(shop), MODELS.fit(shop._look_at_shelf(), total, known(shop).weight))
    for one in (had, never):
        one.shop.learn()
    assert known(had.shop).weight == known(never.shop).weight
    lists = had.lists(stay)
    assert lists == never.lists(stay)
    assert any(one[1] == "new" for chosen in lists.values() for one in chosen), "what goes together too"


def known(shop):
    return shop.library._settled["models"]._known


def suggests_alike(one, never) -> None:
    """The same ten things for whatever somebody has, from a model that followed and from one fitted from the ground."""
    chance = np.random.default_rng(5)
    for _ in range(60):
        row = np.unique(chance.integers(0, len(GOODS), 4))
        top = [[found.item for found in model.exact.recommend(row, TOP)] for model in (one.model, never)]
        assert top[0] == top[1]
        assert np.allclose(one.model.exact.scores(row), never.exact.scores(row), rtol=0, atol=1e-12)
    assert np.array_equal(one.model.popular.visits, never.popular.visits)
    assert one.model.faces == never.faces
    assert one.model.version == never.version


def leave(town: Town, some: Sequence[str]) -> None:
    """One after the other, with somebody else's decision after each, which is already without her."""
    stay = [name for name in town.names if name not in set(some)]
    for turn, name in enumerate(some):
        before = known(town.shop).total.people
        town.shop.grant(name, MODEL_IMPROVEMENT, asked=ASKED, yes=False)
        town.shop.decide(stay[turn % len(stay)] if turn % 4 else None, count=TOP)
        assert known(town.shop).total.people == before - 1


def test_sixty_small_requests_one_after_the_other(town):
    leaving = names(90)[::3] + names(90)[1::3]
    had, never = town(names(90), leaving)
    had.shop.warm()
    assert len(leaving) == 60
    leave(had, leaving)
    are_one(had, never)


@pytest.mark.soak
def test_six_hundred_of_a_thousand_one_after_the_other(town):
    leaving = names(1_000)[::5] + names(1_000)[1::5] + names(1_000)[2::5]
    had, never = town(names(1_000), leaving)
    had.shop.learn()
    leave(had, leaving)
    are_one(had, never)


def test_every_request_is_proved_by_itself(town):
    leaving = names(40)[::4]
    had, never = town(names(40), leaving)
    had.shop.learn()
    people = 40
    for name in leaving:
        proof = had.shop.forget(name)
        people -= 1
        assert proof.equal
        assert (proof.total("models").people_after, proof.was_counted) == (people, True)
    are_one(had, never)


def test_everybody_who_ever_bought_something_goes_and_it_is_suggested_to_nobody(town):
    leaving = [name for name in names(90) if habits(name).rich]
    assert len(leaving) == 9
    had, never = town(names(90), leaving)
    had.shop.learn()
    shelf = had.shop._look_at_shelf()
    truffle = shelf.names.index("Truffle") if "Truffle" in shelf.names else shelf.names.index("truffle")
    assert truffle in known(had.shop).model.exact.known
    leave(had, leaving)
    stay = never.names
    assert not [one for chosen in had.lists(stay).values() for one in chosen if one[0] == "truffle"]
    assert "truffle" not in [one.product for one in had.shop.decide(count=TOP).items]
    are_one(had, never)
    learned = known(had.shop).model
    assert truffle not in learned.exact.known
    assert truffle not in learned.faces


def test_everybody_who_is_erased_at_once(town):
    leaving = [name for name in names(40) if int(name[1:]) % 4 == 1]
    had, never = town(names(40), leaving)
    had.shop.learn()
    for certificate in had.shop.erasure.erase_all(leaving, chosen=False):
        assert certificate.document["totals"]["proved"] is True
    are_one(had, never)


def test_a_catalogue_that_is_counted_otherwise_meanwhile(town):
    leaving = names(60)[::3]
    had, never = town(names(60), leaving)
    had.shop.learn()
    leave(had, leaving[:7])
    had.village.shop = replace(had.shop, settings=replace(had.shop.settings, items="category"))
    had.shop.settle()
    had.shop.learn()
    leave(had, leaving[7:14])
    had.village.shop = replace(had.shop, settings=replace(had.shop.settings, items="product"))
    had.shop.settle()
    leave(had, leaving[14:])
    are_one(had, never)


def test_new_products_come_in_meanwhile(town):
    leaving = names(60)[::3]
    had, never = town(names(60), leaving)
    for one in (had, never):
        one.shop.learn()  # items are numbered as they come, whoever buys them
    leave(had, leaving[:10])
    for one in (had, never):
        with one.village.database.transaction() as connection:
            added = catalogue.upsert_many(connection, [Product("aniseed", "Aniseed", category="sweets")])
        one.goods = (*one.goods[:3], int(added.ids[0]), *one.goods[4:])  # bread-3 is what they call it from now on
    had.shop.learn()
    for one in (had, never):
        one.buy(never.names[::2], weeks=[0])
    leave(had, leaving[10:])
    are_one(had, never)


def test_another_weight_is_chosen_meanwhile(town, monkeypatch):
    leaving = names(60)[::3]
    had, never = town(names(60), leaving)
    for weight, some in ((3.0, leaving[:7]), (40.0, leaving[7:14]), (900.0, leaving[14:])):
        monkeypatch.setattr(ShopModels, "weight", lambda *_, weight=weight: weight)
        had.shop.learn()
        assert known(had.shop).weight == weight
        leave(had, some)
    monkeypatch.undo()
    are_one(had, never)


def test_who_comes_back_is_there_as_if_she_had_never_gone_and_may_go_again(town, clock):
    back = names(60)[::6]
    leaving = names(60)[::3]
    had, never = town(names(60), [name for name in leaving if name not in back])
    had.shop.learn()
    leave(had, leaving)
    clock.turn(seconds=1)
    for name in back:
        had.shop.grant(name, MODEL_IMPROVEMENT, asked=ASKED)
    are_one(had, never)
    first = had.shop.settle().hash
    leave(had, back)
    clock.turn(seconds=1)
    for name in reversed(back):
        had.shop.grant(name, MODEL_IMPROVEMENT, asked=ASKED)
    assert had.shop.settle().hash == first
