"""The shop's figures: of a closed period, kept and told again to the last byte, and never of a few."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conftest import FakeClock
from tests.copies import shop_of_a_kind

from goodwill import people
from goodwill.app import create_shop
from goodwill.basics.clock import DAY, Micros, date_of, day_number
from goodwill.basics.errors import BadInput, NotFound
from goodwill.consent import Asked
from goodwill.decide.experiments import is_held_out
from goodwill.decide.plan import Arm
from goodwill.measure import store
from goodwill.measure.answer import Answer
from goodwill.purposes import MEASUREMENT, STATISTICS
from goodwill.shop import Shop
from goodwill.shop.measures import NAMES
from goodwill.simulate.world import Knobs, draw, effect_of_programme, live
from goodwill.simulate.world.fill import fill
from goodwill.storage import Database

KNOBS = Knobs(people=300, foreign=0.05, start=date(2026, 2, 16))
ASKED = Asked(how="test")
END = day_number(KNOBS.start) + 7 * KNOBS.weeks  # Monday 2026-11-16; the tests' clock stands in the week after it


NEEDED: dict[str, dict[str, Any]] = {
    "before-after": {"since": "2026-10-05", "weeks": 1}, "experiment": {"experiment": "more-new"},
}  # fmt: skip


def world(shop: Shop) -> None:
    shop.planning.new_experiment("more-new", "Does it sell more?", [Arm("as-is"), Arm("new")])
    fill(shop.database, shop.tools, live(draw(KNOBS, 5)))


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    made, _ = shop_of_a_kind("measured world", world, database, tmp_path / "home", clock, columns="database")
    yield made
    made.close()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_figure_says_gives_it_again_does_so(shop: Shop, name: str) -> None:
    told = shop.measures.answer(name, **NEEDED.get(name, {}))
    for figure in (told.headline, *told.others):
        if figure.suppressed:
            continue
        assert figure.reproduce.call == "shop.measure"
        again = shop.measure(**dict(figure.reproduce.arguments))  # type: ignore[arg-type]
        assert again.to_dict() == told.headline.to_dict()


def kept(shop: Shop) -> int:
    with shop.database.reading() as connection:
        return len(connection.execute(store.kept_answers.select()).all())


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_tells_a_number_or_says_in_words_why_not(shop: Shop, name: str) -> None:
    told = shop.measures.answer(name, **NEEDED.get(name, {}))
    assert told.headline.refused or told.headline.value is not None
    needed = {"experiment": " more-new"}.get(name, "")
    named = {"before-after": " --since 2026-10-05 --weeks 1"}.get(name, "")
    assert told.query == f"goodwill measure {name}{needed} --at {date_of(END - 1)}{named}"
    assert Answer.read(json.loads(json.dumps(told.to_dict(), allow_nan=False))) == told
    for one in (told.headline, *told.others):
        assert one.coverage.exist in (KNOBS.people, 0)
        assert one.n is None or one.n >= 0


@pytest.mark.parametrize("name", NAMES)
def test_before_anything_happened_every_measure_says_so_in_words(shop: Shop, name: str) -> None:
    if name == "experiment":
        return  # it is told of its own days
    told = shop.measures.answer(name, "2001-01-01", **NEEDED.get(name, {}))
    assert told.headline.value is None
    assert told.headline.refused
    json.dumps(told.to_dict(), allow_nan=False)


def test_what_was_told_is_told_again_to_the_last_byte_whatever_was_said_since(shop: Shop) -> None:
    first = json.dumps(shop.measures.answer("repeat-purchase").to_dict())
    assert kept(shop) == 1
    for name in ("w000000", "w000001", "w000002"):
        shop.grant(name, STATISTICS, asked=ASKED, yes=False)
    assert json.dumps(shop.measures.answer("repeat-purchase").to_dict()) == first
    assert kept(shop) == 1


def test_who_objected_is_in_no_figure_of_the_next_period(shop: Shop, clock: FakeClock) -> None:
    before = shop.measures.answer("repeat-purchase").others[0]
    gone = next(f"w{n:06d}" for n in range(300) if _bought(shop, f"w{n:06d}"))
    shop.grant(gone, STATISTICS, asked=ASKED, yes=False)
    clock.turn(days=7)
    after = shop.measures.answer("repeat-purchase").others[0]
    assert before.coverage.counted is not None
    assert after.coverage.counted == before.coverage.counted - 1
    assert after.coverage.exist == before.coverage.exist


def _bought(shop: Shop, name: str) -> bool:
    from goodwill.access import SignedIn

    own = shop.own(SignedIn(shop.known(name), "test"))
    return any(one.type == "ordered" for one in own.events)


def test_a_period_long_past_says_when_it_was_worked_out(shop: Shop) -> None:
    told = shop.measures.answer("repeat-purchase", date_of(END - 50))
    assert any("Worked out on" in warning for warning in told.headline.warnings)
    assert told.query.endswith(f"--at {date_of(END - 50)}")


def test_figures_of_too_few_are_withheld_and_nothing_of_them_is_kept(shop: Shop) -> None:
    for n in range(KNOBS.people):
        if shop.can(f"w{n:06d}", MEASUREMENT).allowed and n >= 12:
            shop.grant(f"w{n:06d}", MEASUREMENT, asked=ASKED, yes=False)
    told = shop.measures.answer("clv").headline
    assert "Fewer than 10 people allow 'measurement'" in told.refused
    assert told.suppressed
    assert kept(shop) == 0


def test_clv_without_a_margin_is_revenue_and_says_so(shop: Shop) -> None:
    told = shop.measures.answer("clv", draws="50")
    names = " ".join(one.name for one in (told.headline, *told.others))
    assert "revenue" in names
    assert "margin" in shop.measures.answer("clv", draws="50", margin=40).headline.name


def test_cells_of_few_are_withheld(shop: Shop) -> None:
    grid = shop.measures.answer("cohorts").tables[0]
    shown = [row for row in grid.rows if row[5] is not None]
    hidden = [row for row in grid.rows if row[5] is None]
    assert shown
    assert hidden
    assert all(row[5] >= 20 for row in shown)  # type: ignore[operator]
    assert all(value is None for row in hidden for value in row[2:])


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("repeat-purchase", {"windw": "3"}, "Did you mean 'window'"),
        ("repeat-purchase", {"window": "0"}, "'window' is 7, 28, 91, 182, 364 or 728, not '0'"),
        ("clv", {"horizon": "soon"}, "a length of time such as 12 months"),
        ("clv", {"margin": "140"}, "percent from 0 to 100"),
        ("cohorts", {"of": "x"}, "share or amount"),
        ("cohorts", {"at": "yesterday"}, "is no day"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(
    shop: Shop, name: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        shop.measures.answer(name, **options)


def test_an_unknown_measure_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFound, match="Did you mean 'clv'"):
        shop.measure("clvv")


def test_the_same_asked_in_other_words_is_the_same(shop: Shop) -> None:
    one = shop.measures.answer("clv", horizon="12 months", draws=50)
    assert shop.measures.answer("clv", horizon=" 12months", draws="50") == one
    assert shop.measure("clv", draws=50) == one.headline


# ---- what doing something caused -------------------------------------------------------------------------------------

LARGE = Knobs(people=1_500, start=KNOBS.start)


@pytest.fixture
def held(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    """A shop that held 30 % out from the launch on; all others got the programme, whose true effect is known."""
    today = clock()
    clock.at = Micros((day_number(LARGE.start) + 7 * LARGE.weeks_before) * DAY)
    where = database.url or f"sqlite:///{database.file}"
    with create_shop(tmp_path / "held", clock=clock, database=where, columns="database", currency="EUR") as shop:
        shop.planning.hold_out(30)
        holdout, names = shop.planning.plan().holdout, [f"w{n:06d}" for n in range(LARGE.people)]
        with shop.database.transaction() as connection:
            ids = people.identify_many(connection, shop.cipher, "user_id", names, now=clock())
        treated = np.array([not is_held_out(holdout, ids[name]) for name in names])
        clock.at = today
        fill(shop.database, shop.tools, live(draw(LARGE, 5), programme=treated))
        yield shop


def test_the_holdout_tells_what_the_programme_really_brought(held: Shop) -> None:
    crowd = draw(LARGE, 5)
    truth = effect_of_programme(crowd).spend.mean()
    told = held.measures.answer("holdout")
    assert told.headline.grade.name == "A"
    assert told.headline.low is not None
    assert told.headline.high is not None
    assert told.headline.low <= truth <= told.headline.high
    beside = {one.name: one for one in told.others}
    plain = beside["the same without the past"]
    assert plain.low is not None
    assert plain.high is not None
    assert told.headline.high - told.headline.low < plain.high - plain.low, "the past makes it surer"
    kept = held.measures.answer("holdout", margin=40).headline
    assert kept.value == pytest.approx(0.4 * (told.headline.value or 0))
    arms = told.tables[0].rows
    assert [row[0] for row in arms] == ["holdout", "all others"]
    assert arms[0][4] == "not defined", "it is held against nothing, and nothing of it is withheld"
    assert isinstance(arms[1][4], float)
    assert sum(int(str(row[1])) for row in arms) == told.headline.coverage.counted


def test_the_return_rests_on_the_same_comparison_as_the_holdout(held: Shop) -> None:
    told, roi = held.measures.answer("holdout", margin=0), held.measures.answer("roi", margin=30)
    extra = next(one for one in roi.others if one.name == "extra sales of a customer")
    assert (extra.value, extra.low, extra.high) == pytest.approx(
        (told.headline.value, told.headline.low, told.headline.high), rel=1e-4
    )
    assert extra.coverage.counted == told.headline.coverage.counted
    margin = held.measures.answer("holdout", margin=30).others[0]
    parts = next(table for table in roi.tables if table.name == "parts").rows[0]
    assert parts[0] == "B1 margin in the window"
    assert margin.low is not None
    assert margin.high is not None
    near = 1e-5 * (margin.high - margin.low)  # an end may lie at 0, of which nothing is a small share
    assert parts[1:4] == pytest.approx((margin.value, margin.low, margin.high), rel=1e-5, abs=near)


def test_arms_that_are_not_divided_as_planned_block_the_headline(held: Shop) -> None:
    out = held.planning.plan().holdout
    for n in range(LARGE.people):
        name = f"w{n:06d}"
        if is_held_out(out, held.known(name)) and n % 2:
            held.grant(name, STATISTICS, asked=ASKED, yes=False)
    told = held.measures.answer("holdout")
    assert "not divided as planned" in told.headline.refused
    assert all(one.value is None for one in told.others)
    assert told.tables[0].rows, "the numbers of people say what is wrong"


def test_what_cannot_be_measured_is_said_before_anybody_is_tried_on(held: Shop) -> None:
    told = held.measure("detectable", weeks=4, hoped=1)
    assert any("cannot be measured in this window" in warning for warning in told.warnings)
    assert not any("cannot be measured" in warning for warning in held.measure("detectable", hoped=50).warnings)


def test_an_experiment_is_told_from_the_day_on_which_it_was_started(held: Shop, clock: FakeClock) -> None:
    held.planning.new_experiment("ab", "Does it sell more?", [Arm("as-is"), Arm("new")])
    assert "was not started yet" in held.measure("experiment", experiment="ab").refused
    clock.turn(days=-40)
    held.planning.approve("experiment-ab", reason="try")
    held.planning.start("ab")
    clock.turn(days=40)
    told = held.measures.answer("experiment", experiment="ab")
    assert told.headline.value is not None
    assert told.headline.low is not None
    five = 5 / 1.96 * (told.headline.value - told.headline.low)
    assert abs(told.headline.value) < five, "nothing was done differently"
    assert told.query.startswith("goodwill measure experiment ab --at")


def test_those_who_opted_in_are_described_and_no_cause_is_told(held: Shop) -> None:
    told = held.measures.answer("opted-in")
    assert (told.headline.value or 0) > 0
    assert told.headline.grade.name == "C"
    assert "cannot be told" in told.others[0].refused
    counted = {row[0]: row[5] for row in told.tables[0].rows}
    assert set(counted) == {"opted in", "others"}
