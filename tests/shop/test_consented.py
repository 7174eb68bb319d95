"""How consent stands: an alarm where fewer refuse after a redesign, and nothing of fewer than ten people."""

import pytest
from tests.conftest import FakeClock

from goodwill.app import create_shop
from goodwill.basics.clock import DAY, day_of
from goodwill.collect.live.store import Came, note_many
from goodwill.consent import Asked
from goodwill.people.asked import Answered
from goodwill.shop import Who
from goodwill.shop.consented import alarms, overview, reach


def answered(notice: str, all_: int, none: int, some: int = 0) -> Answered:
    return Answered(notice, all_, some, none, all_)


@pytest.mark.parametrize(
    ("before", "after", "rings"),
    [
        ((60, 40), (88, 12), True),  # 40 % to 12 %
        ((60, 40), (62, 38), False),  # no difference that chance does not make
        ((60, 40), (30, 70), False),  # more refuse
        ((60, 40), (95, 5), False),  # fewer than ten refuse: nothing is told of them
    ],
)
def test_it_rings_where_fewer_refuse_after_a_new_version(before, after, rings):
    found = alarms([answered("banner@1", *before), answered("banner@2", *after)])
    assert bool(found) is rings
    if rings:
        assert "Since banner@2 fewer people refuse: 12 % of 100, after 40 % of 100 with banner@1." in found[0]


def test_it_does_not_compare_one_notice_with_another():
    assert alarms([answered("banner@1", 60, 40), answered("checkout@1", 88, 12)]) == []


@pytest.fixture
def shop(database, tmp_path):
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(tmp_path / "home", clock=FakeClock(1_795_338_000_000_000), database=where, columns="database")
    yield made
    made.close()


def say(shop, notice, names, *, yes):
    asked = Asked(how="test", notice=notice, words="May we?")
    for name in names:
        shop.grant(Who(user_id=name), "recommendations", asked=asked, yes=yes)


@pytest.mark.both
def test_what_was_said_today_is_told_tomorrow_but_on_the_first_day(shop):
    say(shop, "banner@1#a", [f"a{n}" for n in range(20)], yes=True)
    say(shop, "banner@1#b", [f"b{n}" for n in range(12)], yes=False)
    first = overview(shop, reach(shop))
    assert [(one.notice, one.answered, one.all, one.none) for one in first.notices] == [("banner@1", 32, 20, 12)]
    shop.clock.turn(days=1)
    say(shop, "banner@2#c", [f"c{n}" for n in range(15)], yes=True)
    upto = reach(shop)
    assert [one.notice for one in overview(shop, upto).notices] == ["banner@1"]
    assert upto.position == 0
    for n in range(10):
        shop.grant(Who(user_id=f"a{n}"), "recommendations", asked=Asked(how="test"), yes=False)
    assert overview(shop, upto).notices[0].answered == 32
    shop.clock.turn(days=1)
    found = overview(shop, reach(shop))
    assert [(one.notice, one.stands) for one in found.notices] == [("banner@1", 10), ("banner@2", 15)]
    assert found.evidence["claimed"]["recommendations"] == 25


@pytest.mark.both
def test_of_fewer_than_ten_nothing_is_told_and_nothing_follows_from_the_rest(shop):
    say(shop, "banner@1#a", [f"a{n}" for n in range(20)], yes=True)
    say(shop, "banner@1#a", [f"b{n}" for n in range(4)], yes=False)
    say(shop, "checkout@1#x", ["amina"], yes=True)
    banner, checkout = overview(shop, reach(shop)).notices
    assert (banner.answered, banner.all, banner.some, banner.none, banner.refused) == (24, None, None, None, None)
    assert (checkout.answered, checkout.all, checkout.stands) == (None, None, None)


@pytest.mark.both
def test_where_few_took_their_yes_back_no_number_tells_how_many(shop):
    say(shop, "banner@1#a", [f"a{n}" for n in range(40)], yes=True)
    shop.clock.turn(seconds=60)
    before = overview(shop, reach(shop))
    assert (before.notices[0].stands, before.evidence["claimed"]) == (40, {"recommendations": 40})
    say(shop, "centre@1#a", [f"a{n}" for n in range(3)], yes=False)
    found = overview(shop, reach(shop))
    assert (found.notices[0].answered, found.notices[0].all, found.notices[0].stands) == (40, 40, None)
    assert found.evidence["claimed"] == {"recommendations": None}
    say(shop, "centre@1#a", [f"a{n}" for n in range(3, 12)], yes=False)
    found = overview(shop, reach(shop))
    assert (found.notices[0].stands, found.evidence["claimed"]) == (28, {"recommendations": 28})


@pytest.mark.both
def test_where_few_say_something_else_than_the_files_the_evidence_is_not_told_either(shop):
    imported(shop, [f"a{n}" for n in range(40)], yes=True)
    imported(shop, [f"b{n}" for n in range(3)], yes=False)
    shop.clock.turn(seconds=60)
    say(shop, "banner@1#a", [f"b{n}" for n in range(3)], yes=True)  # less the file's forty it would be three
    found = overview(shop, reach(shop))
    assert found.drift == {"recommendations": (0, None)}
    assert {count for of in found.evidence.values() for count in of.values()} == {None}


@pytest.mark.both
def test_answers_on_the_pages_count_the_unknown_too_and_ring_where_fewer_refuse(shop):
    today = day_of(shop.clock(), shop.settings.zone)
    with shop.database.transaction() as connection:
        for days, accept, refuse in ((40, 60, 40), (5, 88, 12)):
            counts = {Came("k", "banner: accept", ""): accept, Came("k", "banner: refuse", ""): refuse}
            note_many(connection, counts, list(counts), day=today - days, now=shop.clock() - days * DAY)
    found = overview(shop, reach(shop))
    assert [(one.answers["accept"], one.refused, one.of) for one in found.pages] == [(88, 12, 100), (60, 40, 100)]
    assert any("On your pages fewer refuse" in alarm for alarm in found.alarms)


def imported(shop, names, *, yes):
    """What a file of the shop said of some people, as an import writes it down."""
    asked = Asked(how="import", by="import", words='May we? "by":"import"')
    for name in names:
        shop.grant(Who(user_id=name), "recommendations", asked=asked, yes=yes)


@pytest.mark.both
def test_where_files_say_something_else_than_people_said_here_it_is_counted_each_way(shop):
    imported(shop, [f"a{n}" for n in range(40)], yes=True)
    imported(shop, [f"b{n}" for n in range(15)], yes=False)
    shop.clock.turn(seconds=60)
    say(shop, "banner@1#a", [f"a{n}" for n in range(12)], yes=False)
    say(shop, "banner@1#a", [f"b{n}" for n in range(3)], yes=True)
    say(shop, "banner@1#a", [f"c{n}" for n in range(30)], yes=True)  # whom no file names
    assert overview(shop, reach(shop)).drift == {"recommendations": (12, None)}  # three are "fewer than 10"
    shop.clock.turn(seconds=60)
    imported(shop, [f"a{n}" for n in range(12)], yes=False)  # the next file knows of it
    say(shop, "banner@1#a", [f"b{n}" for n in range(3)], yes=False)
    assert overview(shop, reach(shop)).drift == {}


@pytest.mark.both
def test_an_imported_yes_that_has_ended_is_a_no_here(shop):
    imported(shop, [f"a{n}" for n in range(11)], yes=True)
    assert overview(shop, reach(shop)).drift == {}
    shop.clock.turn(days=3_000)
    assert overview(shop, reach(shop)).drift == {"recommendations": (11, 0)}
