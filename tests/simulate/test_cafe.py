"""The invented café: same seed, same bytes; habits that can be found; the cast in every world."""

import csv
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from goodwill.basics.clock import date_of
from goodwill.basics.errors import BadInput
from goodwill.purposes import Basis, shipped
from goodwill.simulate.cafe import CAST, USUAL, ZONE, World, cafe
from goodwill.simulate.consents import GIVEN, REFUSED, WITHDRAWN
from goodwill.simulate.files import write
from goodwill.simulate.menu import AFTERNOON, MORNING, NOON, PRODUCTS


@pytest.fixture(scope="module")
def world() -> World:
    return cafe(people=400, seed=7)


def _local(world: World) -> list[datetime]:
    return [datetime.fromtimestamp(at / 1e6, ZONE) for at in world.lines.at.tolist()]


def _sold(world: World, person: str) -> Counter[str]:
    mine = world.lines.product[world.lines.person == world.index(person)]
    return Counter(world.products[index].name for index in mine.tolist())


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as sheet:
        return list(csv.DictReader(sheet))


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, cafe(people=30, seed=3, days=40))
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_another_seed_is_another_world() -> None:
    one, other = cafe(people=30, seed=3, days=40), cafe(people=30, seed=4, days=40)
    assert one.lines.at.tolist() != other.lines.at.tolist()
    assert one.consents != other.consents


def test_a_cafe_needs_the_cast_and_two_weeks() -> None:
    for people, days in ((3, 40), (10, 13)):
        with pytest.raises(BadInput, match="at least 4 people"):
            cafe(people=people, days=days)


def test_the_cast_comes_first_in_every_world(world: World) -> None:
    assert tuple(person.id for person in world.people[:4]) == CAST
    assert tuple(person.id for person in cafe(people=4, seed=99, days=14).people) == CAST


def test_the_cast_lives_as_it_always_does(world: World) -> None:
    assert _sold(world, "amina").most_common(1)[0][0] == "Butter croissant"
    assert _sold(world, "bruno").most_common(1)[0][0] == "Tomato soup with bread"
    assert _sold(world, "chiara").most_common(1)[0][0] == "Slice of cheesecake"
    assert not _sold(world, "dev")
    assert world.people[3].joined == date_of(world.last)


def test_amina_consents_bruno_never_did_chiara_withdrew_dev_is_new(world: World) -> None:
    asked = {
        (entry.name, category) for entry in shipped() if entry.basis is Basis.CONSENT for category in entry.categories
    }

    def said(person: str, state: str) -> set[tuple[str, str]]:
        return {
            (word.purpose, word.category) for word in world.consents if word.person == person and word.state == state
        }

    assert said("amina", GIVEN) == said("dev", GIVEN) == said("chiara", GIVEN) == said("chiara", WITHDRAWN) == asked
    assert not any(word.person == "bruno" for word in world.consents)
    assert not said("amina", WITHDRAWN) | said("amina", REFUSED) | said("dev", WITHDRAWN)
    assert max(word.at for word in world.consents) < world.end


def test_a_withdrawal_always_follows_what_it_takes_back(world: World) -> None:
    given = {(word.person, word.purpose, word.category): word.at for word in world.consents if word.state == GIVEN}
    taken = [word for word in world.consents if word.state == WITHDRAWN]
    assert taken
    assert all(given[word.person, word.purpose, word.category] < word.at for word in taken)


def test_the_shop_is_open_when_it_sells(world: World) -> None:
    times = _local(world)
    assert all(7 <= time.hour < 18 for time in times)
    assert all(time.weekday() != 0 for time in times)  # closed on Mondays
    assert {date_of(world.first) <= time.date() <= date_of(world.last) for time in times} == {True}


def test_croissants_sell_in_the_morning_soup_at_noon_cake_in_the_afternoon(world: World) -> None:
    hours: dict[str, list[int]] = {}
    for index, time in zip(world.lines.product.tolist(), _local(world), strict=True):
        hours.setdefault(PRODUCTS[index].category, []).append(time.hour)
    average = {category: np.mean(of) for category, of in hours.items()}
    assert average["Viennoiserie"] < 11 < average["Soups"] < 14 < average["Cakes"]


def test_bread_sells_on_saturdays_and_plum_cake_in_its_season(world: World) -> None:
    saturdays: Counter[tuple[str, bool]] = Counter()
    months = set()
    for index, time in zip(world.lines.product.tolist(), _local(world), strict=True):
        saturdays[PRODUCTS[index].category, time.weekday() == 5] += 1
        if PRODUCTS[index].name == "Slice of plum cake":
            months.add(time.month)
    share = {
        kind: saturdays[kind, True] / (saturdays[kind, True] + saturdays[kind, False]) for kind in ("Bread", "Coffee")
    }
    assert share["Bread"] > 1.2 * share["Coffee"]
    assert months == {8, 9, 10}


def test_the_truth_shows_in_what_people_buy(world: World) -> None:
    """Of those with twenty lines or more, most buy one of their usual items most often."""
    bought = np.zeros((len(world.people), len(PRODUCTS)), dtype=int)
    np.add.at(bought, (world.lines.person, world.lines.product), 1)
    regulars = np.flatnonzero(bought.sum(axis=1) >= 20)
    top = bought[regulars].argmax(axis=1)
    hit = (world.truth.usual[regulars] == top[:, None]).any(axis=1)
    assert regulars.size > 100
    assert hit.mean() > 0.85


def test_truth_has_the_shapes_it_promises(world: World) -> None:
    truth, people = world.truth, len(world.people)
    assert truth.usual.shape == truth.habit.shape == (people, USUAL)
    assert ((truth.usual >= 0) == (truth.habit > 0)).all()
    assert (np.diff(truth.habit, axis=1) <= 0).all()
    assert set(truth.daypart.tolist()) == {MORNING, NOON, AFTERNOON}
    assert [product.name for product in truth.usual_of(0)] == ["Butter croissant", "Cappuccino", "Sourdough loaf"]


def test_nobody_buys_before_joining_or_after_lapsing(world: World) -> None:
    day = np.array([(time.date() - date(1970, 1, 1)).days for time in _local(world)])
    person = world.lines.person
    assert (day >= world.truth.first[person]).all()
    assert (day <= world.truth.last[person]).all()
    assert (world.truth.last < world.last).any()


def test_the_files_agree_with_the_world_and_with_each_other(world: World, tmp_path: Path) -> None:
    files = write(tmp_path, world)
    lines, orders = _read(files.lines), _read(files.orders or Path())
    assert len(lines) == len(world.lines)
    totals: Counter[str] = Counter()
    for line in lines:
        totals[line["order_id"]] += round(float(line["amount"]) * 100)
    assert {order["order_id"]: round(float(order["total"]) * 100) for order in orders} == dict(totals)
    assert {line["product_id"] for line in lines} <= {product["product_id"] for product in _read(files.products)}
    assert len(_read(files.customers or Path())) == len(world.people)
    assert len(_read(files.consents)) == len(world.consents)


def test_times_in_files_are_the_tills_own_with_their_offset(world: World, tmp_path: Path) -> None:
    files = write(tmp_path, world)
    written = [datetime.fromisoformat(line["ordered_at"]) for line in _read(files.lines)]
    assert [round(time.timestamp() * 1e6) for time in written] == world.lines.at.tolist()
    assert {time.utcoffset() for time in written} == {time.utcoffset() for time in _local(world)}
    assert len({time.utcoffset() for time in written}) == 2  # summer and winter


def test_no_customer_can_be_written_to(world: World) -> None:
    assert all(person.email.endswith("@example.org") for person in world.people)
    assert len({person.email for person in world.people}) == len(world.people)


def test_the_truth_is_in_no_file(world: World, tmp_path: Path) -> None:
    write(tmp_path, world)
    headers = {file.name: file.read_text(encoding="utf-8").splitlines()[0] for file in tmp_path.iterdir()}
    assert len(headers) == 5
    assert not any(word in header for header in headers.values() for word in ("habit", "usual", "curiosity", "rate"))
