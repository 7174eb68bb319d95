"""Each night the reasons that were told are tried: true ones pass, and reasons that only sound likely do not."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.conftest import FakeClock
from tests.small_shop import ASKED, Bakery, bakery

from goodwill.app import jobs
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.decide import companions, pick
from goodwill.decide.because import because_basket, because_together, because_usual, cited
from goodwill.decide.choose import Context
from goodwill.decide.faithful import fell
from goodwill.decide.plan import Offer, Slot
from goodwill.measure.share import share
from goodwill.shop import Shop
from goodwill.storage import Database, audit


@pytest.fixture
def small(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Bakery]:
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


@pytest.fixture
def shop(small: Bakery) -> Shop:
    return small.shop


def decide_for_all(shop: Shop) -> None:
    for name in ("amina", "bruno", "dev", *(f"c{n}" for n in range(30))):
        shop.decide(name, count=5)


def test_reasons_that_were_told_are_true(shop: Shop):
    decide_for_all(shop)
    found = shop.faithful.measure(seed=1)
    assert found.decisions == 31, "everybody but Bruno, who allows nothing, and Dev, who bought nothing"
    assert (found.untried, found.anew) == ({"taken-back": 0, "differs": 0}, 0)
    assert found.kinds["usual"].of == 31
    assert found.kinds["new"].of >= 15
    assert found.all.value >= 0.95
    assert found.enough
    assert shop.faithful.latest() == found, "published as it was measured"


def shuffled(names: Sequence[str]) -> dict[str, str]:
    """Each name as that of another thing."""
    others = sorted(names)
    return dict(zip(others, others[1:] + others[:1], strict=True))


def test_a_model_whose_reasons_are_shuffled_fails(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    wrong = shuffled(shop.shelf().names)

    def turned(told):
        reasons, covered = told
        swapped = (replace(one, text=one.text.replace(cited(one.text), wrong[cited(one.text)])) for one in reasons)
        return tuple(swapped), covered

    monkeypatch.setattr(pick, "because_usual", lambda *given: turned(because_usual(*given)))
    monkeypatch.setattr(pick, "because_together", lambda *given: turned(because_together(*given)))
    decide_for_all(shop)
    found = shop.faithful.measure(seed=1)
    assert found.untried["differs"] == 0, "the same shuffled reasons come out again"
    assert found.all.of >= 31
    assert found.all.value < 0.5
    assert found.enough is False


def test_a_decision_that_comes_out_otherwise_is_counted_and_not_tried(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(pick, "because_usual", lambda habit, _: because_usual(habit, "Something"))
        decide_for_all(shop)
    found = shop.faithful.measure(seed=1)
    assert found.untried["differs"] > 0
    assert found.enough is False


def test_nobody_who_took_it_back_is_used_again_for_it(shop: Shop):
    decide_for_all(shop)
    for name in ("amina", "c1"):
        shop.grant(name, "recommendations", asked=ASKED, yes=False)
    found = shop.faithful.measure(seed=1)
    assert found.untried["taken-back"] == 2
    assert found.kinds["usual"].of == 29


def test_one_withdrawal_by_anybody_does_not_end_the_test(shop: Shop):
    decide_for_all(shop)
    shop.grant("c3", "model-improvement", asked=ASKED, yes=False)
    found = shop.faithful.measure(seed=1)
    assert found.untried == {"taken-back": 0, "differs": 0}
    assert found.anew == 31, "the models of then hold c3, so the same is asked of today's"
    assert found.kinds["usual"].of == 31
    assert found.enough
    assert shop.faithful.latest() == found


def test_what_is_asked_anew_can_fail_too(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    decide_for_all(shop)
    shop.grant("c3", "model-improvement", asked=ASKED, yes=False)
    wrong = shuffled(shop.shelf().names)

    def turned(told):
        return tuple(replace(one, text=one.text.replace(cited(one.text), wrong[cited(one.text)])) for one in told[0]), 1

    monkeypatch.setattr(pick, "because_usual", lambda *given: turned(because_usual(*given)))
    found = shop.faithful.measure(seed=1)
    assert found.anew == 31
    assert found.kinds["usual"].value < 0.5
    assert found.enough is False


def test_what_rests_on_another_catalogue_is_asked_anew(shop: Shop):
    decide_for_all(shop)
    with shop.database.transaction() as connection:
        catalogue.upsert_many(connection, [Product("new", "Something new", category="food")])
    shop.learn()
    found = shop.faithful.measure()
    assert (found.anew, found.kinds["usual"].of) == (31, 31)


def test_an_empty_test_does_not_pass_and_one_of_a_few_says_nothing(shop: Shop):
    nothing = shop.faithful.measure()
    assert (nothing.all.of, nothing.enough) == (0, None)
    for name in ("amina", "c1", "c2"):
        shop.decide(name, count=5)
    few = shop.faithful.measure()
    assert 0 < few.all.of < 30
    assert few.enough is None, "all are true, and they are too few to say so"


def test_a_night_in_which_many_could_not_be_tried_does_not_pass(shop: Shop):
    decide_for_all(shop)
    for n in range(7):
        shop.grant(f"c{n}", "recommendations", asked=ASKED, yes=False)
    found = shop.faithful.measure()
    assert (found.untried["taken-back"], found.decisions) == (7, 31)
    assert found.all.of >= 30
    assert found.enough is None


def test_what_goes_with_the_basket_is_tried_too(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    for name in ("amina", *(f"c{n}" for n in range(30))):
        shop.decide(name, count=5, context=Context(basket=("coffee", "wine"), viewing=("bread",)))
    found = shop.faithful.measure(seed=2)
    assert found.kinds["companion"].of >= 10
    assert found.kinds["companion"].value >= 0.95
    wrong = shuffled(shop.shelf().names)

    def turned(told):
        return tuple(replace(one, text=one.text.replace(cited(one.text), wrong[cited(one.text)])) for one in told[0]), 1

    monkeypatch.setattr(companions, "because_basket", lambda *given: turned(because_basket(*given)))
    for name in ("amina", *(f"c{n}" for n in range(30))):
        shop.decide(name, count=5, context=Context(basket=("coffee", "wine"), viewing=("bread",)))
    assert shop.faithful.measure(seed=2, most=500).kinds["companion"].value < 0.8


def test_offers_are_not_drawn_as_they_are_not_made_again(shop: Shop):
    shop.grant("amina", "offers", asked=ASKED)
    shop.planning.set_slot("deals", Slot(kind="offers", count=1))
    shop.planning.new_offer("ten", Offer("Ten", "A tenth off.", percent=10, products=("bread",)))
    shop.planning.approve("offer-ten")
    shop.planning.start_offer("ten")
    shop.decide("amina", slot="deals")
    assert shop.faithful.measure().decisions == 0


def test_only_the_last_day_is_drawn_and_no_more_than_asked_for(shop: Shop, clock: FakeClock):
    decide_for_all(shop)
    assert shop.faithful.measure(most=7).decisions == 7
    one, other = shop.faithful.measure(most=7, seed=3), shop.faithful.measure(most=7, seed=3)
    assert (one.all, one.kinds) == (other.all, other.kinds), "the same seed draws the same"
    clock.turn(days=2)
    assert shop.faithful.measure().decisions == 0


def test_the_job_measures_and_what_it_found_stands_in_the_audit_log_and_names_nobody(shop: Shop):
    assert shop.faithful.latest() is None
    decide_for_all(shop)
    next(job for job in jobs(shop) if job.name == "faithfulness").do()
    with shop.database.reading() as connection:
        line = audit.latest(connection, 1, action="faithfulness.measure")[0]
    assert (line.actor, line.person, line.outcome) == ("job faithfulness", None, "done")
    assert line.detail["decisions"] == 31


def test_an_item_falls_only_when_it_is_gone_another_kind_or_weaker_and_no_higher(shop: Shop):
    made = shop.decide("amina", count=4)
    one, other, *rest = made.items

    def again(*items):
        return replace(made, items=tuple(items))

    assert not fell(made, made, one)
    assert fell(made, again(other, *rest), one)
    assert fell(made, again(replace(one, kind="new"), other, *rest), one)
    assert fell(made, again(other, replace(one, score=one.score / 2), *rest), one)
    assert fell(made, again(replace(one, score=one.score / 2), other, *rest), one)
    assert not fell(made, again(other, one, *rest), one), "lower in the list, and as strong as before"
    assert not fell(made, again(replace(other, score=other.score / 2), one, *rest), other), "weaker, and higher"


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(hits: int, of: int, low: float, high: float):
    found = share(hits, of)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_a_share_of_nothing_is_not_known_and_more_than_all_is_none():
    assert (share(0, 0).low, share(0, 0).high) == (0, 1)
    assert share(5, 5).high == 1
    with pytest.raises(ValueError, match="no share"):
        share(3, 2)
