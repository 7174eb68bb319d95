"""Each lesson has a total of its own, under its own purpose; one that is switched off takes its statistics with it."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from tests.laws.lives import ASKED, Village
from tests.lessons import CountsLines, register_with

from goodwill.access.rows import as_of_now
from goodwill.basics.clock import DAY, date_of
from goodwill.learn.library import LESSONS, MODELS
from goodwill.purposes import Basis
from goodwill.shop.words import catalogues
from goodwill.storage import kept

OFFERS, CONTENT = CountsLines("offers-lines", "offers"), CountsLines("content-lines", "personal-content")
MANY = CountsLines("models-of-many", "statistics")  # begins like another total's name; ten people at least
PURPOSES = ("recommendations", "model-improvement", "offers", "personal-content")


@pytest.fixture
def village(database, cipher, clock, tmp_path):
    made = Village(
        database, cipher, clock, tmp_path, register=register_with(), lessons=(MODELS, OFFERS, CONTENT, MANY),
        purposes=PURPOSES,
    )  # fmt: skip
    made.knows("amina", "bruno", "chiara", "dev")
    made.agrees("amina", "chiara", "dev")
    for day, name in enumerate(("amina", "bruno", "chiara", "dev"), start=2):
        made.buys(name, 0, day % 4, day=day)
        made.buys(name, 1, day=day - 1)
    yield made
    made.columns.close()


def with_register(village: Village, **changes: Any) -> None:
    """The shop as it is opened after its register was changed."""
    village.register = register_with(**changes)
    village.shop = village.another_process()


def notes(village: Village) -> dict[str, str]:
    with village.database.reading() as connection:
        return {one.name: one.hash for one in kept.kept(connection)}


def files(village: Village) -> set[str]:
    return {file.name for file in (village.folder / "totals").iterdir()}


def whole(village: Village) -> bool:
    """Every note has its one file, and there is no file without a note."""
    return files(village) == {f"{name}-{digest[:16]}.npz" for name, digest in notes(village).items()}


def test_every_lesson_keeps_a_total_of_its_own_under_its_own_purpose(village):
    learned = village.shop.learn()
    assert learned.totals == {"models": 3, "offers-lines": 3, "content-lines": 3}
    assert set(notes(village)) == set(learned.totals)
    assert whole(village)
    with village.database.reading() as connection:
        assert {one.purpose for one in kept.kept(connection)} == set(PURPOSES) - {"recommendations"}
    for lesson in (MODELS, OFFERS, CONTENT):
        assert notes(village)[lesson.name] == village.anew(lesson).hash


def test_a_no_to_one_purpose_leaves_its_total_alone(village):
    village.shop.learn()
    before = notes(village)
    village.shop.grant("chiara", "offers", asked=ASKED, yes=False)
    village.shop.settle()
    after = notes(village)
    assert {name for name in before if before[name] != after[name]} == {"offers-lines"}
    assert after["offers-lines"] == village.anew(OFFERS).hash
    assert whole(village)


def test_what_is_fitted_follows_at_the_next_use(village):
    village.shop.learn()

    def lines() -> int:
        with village.shop._at_the_door() as door:
            shelf, now = village.shop._choosing.shelf, as_of_now(door.connection, village.clock())
            return sum(village.shop.library.model(OFFERS, door, shelf, now).values())

    assert lines() == 9
    village.shop.grant("chiara", "offers", asked=ASKED, yes=False)
    assert lines() == 6
    village.buys("amina", 2)
    assert lines() == 6, "what is new may wait a few minutes"
    village.clock.turn(seconds=16 * 60)
    assert lines() == 7


def test_another_process_takes_up_every_total_as_it_was_kept(village):
    village.shop.learn()
    before = notes(village)
    again = village.another_process()
    assert {name: total.hash for name, total in again.settle_all().items()} == before
    assert notes(village) == before


switched_off = pytest.mark.parametrize(
    "change",
    [
        {"off": "offers"},
        {"offers": {"expiry": date(2020, 1, 1)}},
        {"offers": {"reserved": True}},
        {"offers": {"categories": ("preferences",)}},
    ],
    ids=["not in the register", "expired", "reserved", "without the category"],
)


@switched_off
def test_a_purpose_that_is_switched_off_takes_exactly_its_own_statistics_with_it(village, change):
    village.shop.learn()
    before = notes(village)
    with_register(village, **change)
    settled = village.shop.settle_all()
    assert notes(village) == {name: digest for name, digest in before.items() if name != "offers-lines"}
    assert not [name for name in files(village) if name.startswith("offers-lines")]
    assert whole(village)
    assert set(settled) == {"models", "content-lines"}


def test_a_purpose_whose_basis_changed_begins_anew_with_whom_the_new_basis_counts(village):
    village.shop.learn()
    before = notes(village)
    with_register(village, offers={"basis": Basis.LEGITIMATE_INTERESTS, "consent_days": None, "why_lawful": "a test"})
    village.shop.settle()
    after = notes(village)
    assert {name for name in before if before[name] != after[name]} == {"offers-lines"}
    assert after["offers-lines"] == village.anew(OFFERS).hash
    assert village.anew(OFFERS).people == 4, "Bruno, who was never asked, did not object"
    assert whole(village)


def test_a_purpose_that_expires_while_the_shop_is_open_is_obeyed_at_the_next_use(village):
    tomorrow = date_of(int(village.clock()) // DAY + 1)
    with_register(village, offers={"expiry": tomorrow})
    village.shop.learn()
    others = {name: digest for name, digest in notes(village).items() if name != "offers-lines"}

    def lines() -> int:
        with village.shop._at_the_door() as door:
            shelf, now = village.shop._choosing.shelf, as_of_now(door.connection, village.clock())
            return sum(village.shop.library.model(OFFERS, door, shelf, now).values())

    assert lines() == 9
    village.clock.at = (int(village.clock()) // DAY + 1) * DAY - 1
    assert lines() == 9
    village.clock.at += 1
    assert lines() == 0
    village.shop.settle()
    assert notes(village) == others
    assert whole(village)


def test_the_models_go_with_their_purpose_too(village):
    village.shop.learn()
    with_register(village, model_improvement={"expiry": date(2020, 1, 1)})
    assert village.shop.settle().people == 0
    assert "models" not in notes(village)
    assert whole(village)
    assert village.shop.decide(count=2).items == (), "nothing is known of many"
    assert {choice.kind for choice in village.shop.decide("amina", count=2).items} == {"usual"}, "her own purchases"


def test_a_total_of_too_few_is_not_kept_and_one_that_becomes_so_goes(village):
    village.shop.learn()
    assert "models-of-many" not in notes(village), "four people, where the purpose asks for ten"
    village.knows(*(f"c{n}" for n in range(7)))
    village.shop.settle()
    assert notes(village)["models-of-many"] == village.anew(MANY).hash
    village.shop.grant("c0", "statistics", asked=ASKED, yes=False)
    assert "models-of-many" in village.shop.settle_all(), "ten are left of eleven"
    village.shop.grant("c1", "statistics", asked=ASKED, yes=False)
    assert "models-of-many" not in village.shop.settle_all()
    assert set(notes(village)) == {"models", "offers-lines", "content-lines"}
    assert whole(village)


def test_a_total_that_nobody_learns_any_more_goes(village):
    village.shop.learn()
    before = notes(village)
    village.lessons = (MODELS, CONTENT)
    village.shop = village.another_process()
    village.shop.settle()
    assert notes(village) == {name: before[name] for name in ("models", "content-lines")}
    assert whole(village)


def test_forgetting_is_proved_of_every_total(village):
    village.shop.learn()
    before = notes(village)
    proof = village.shop.forget("chiara")
    assert proof.equal
    assert {one.name: one.hash_before for one in proof.totals} == before
    for one in proof.totals:
        assert one.was_counted
        assert one.people_after == one.people_before - 1
        assert one.hash_after == one.hash_rebuilt_without == notes(village)[one.name] != one.hash_before


def test_one_total_that_differs_is_told_by_its_name(village, monkeypatch):
    village.shop.learn()
    monkeypatch.setattr(type(village.shop), "rebuilt", lambda shop, name: shop.library._settled["models"]._known.total)
    proof = village.shop.forget("chiara")
    assert not proof.equal
    assert {one.name for one in proof.totals if not one.equal} == {"offers-lines", "content-lines"}


def test_forgetting_objects_to_what_needs_no_yes(village):
    village.knows(*(f"c{n}" for n in range(9)))
    village.shop.learn()
    proof = village.shop.forget("bruno")
    assert proof.equal
    assert [one.name for one in proof.totals if one.was_counted] == ["models-of-many"]


def test_every_lesson_of_a_shop_has_words_and_a_purpose_that_is_in_use():
    register = register_with()
    for lesson in LESSONS:
        assert lesson.uses <= set(register[lesson.purpose].categories)
        for words in catalogues().values():
            assert words.has(f"totals.{lesson.name}")


def test_numbers_in_a_total_are_whole(village):
    village.shop.learn()
    total = village.anew(OFFERS)
    assert total.sums.array("lines").dtype == np.int64
