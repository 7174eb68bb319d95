"""The shop deletes what no purpose needs any longer: as planned, after totals have let go of it, on after a kill."""

import pytest
from tests.laws.lives import ASKED, Village

from goodwill.basics.errors import Conflict
from goodwill.collect import store as imports
from goodwill.people import holds, merge
from goodwill.people.retention import REASON
from goodwill.people.suppress import suppressed
from goodwill.purposes import MODEL_IMPROVEMENT
from goodwill.storage import audit

OLD = 3700  # days: older than any purpose keeps a purchase


@pytest.fixture
def village(database, cipher, clock, tmp_path):
    """Amina and Bruno bought long ago and lately, Chiara only long ago; Dev never said a word."""
    made = Village(database, cipher, clock, tmp_path)
    made.knows("amina", "bruno", "chiara", "dev")
    made.agrees("amina", "bruno", "chiara")
    for name, days in (("amina", (OLD, 20, 10)), ("bruno", (OLD + 1, 9)), ("chiara", (OLD,)), ("dev", (OLD, 5))):
        for day in days:
            made.buys(name, 0, 1, day=day)
    clock.turn(seconds=1)
    yield made
    made.columns.close()


def reads_out(plan):
    return {(line.table, line.category): line.rows for line in plan.due}


def bought(village, name):
    with village.shop._at_the_door() as door:
        from goodwill.access import SignedIn

        return len(door.own(SignedIn(village.person[name], "test")).events)


def test_the_run_does_what_the_plan_says_and_leaves_lines(village):
    plan = village.shop.retention.plan()
    assert reads_out(plan) == {("events", "purchases"): 8}
    assert {line.why for line in plan.stays} == {"bookkeeping"}
    (line,) = plan.due
    assert line.oldest == line.newest - 1
    done = village.shop.retention.run()
    assert dict(done.rows) == reads_out(plan)
    assert done.people == 4
    assert [bought(village, name) for name in ("amina", "bruno", "chiara", "dev")] == [4, 2, 0, 2]
    assert village.shop.retention.plan().due == ()
    assert village.shop.retention.run().people == 0
    with village.database.reading() as connection:
        erased = [line for line in audit.lines(connection) if line.action == "retention.erase"]
    assert sum(int(line.detail["rows"]) for line in erased) == 8


def test_kept_totals_are_the_totals_worked_out_anew_afterwards(village):
    before = village.shop.settle()
    assert village.shop.retention.run().rows
    after = village.shop.settle()
    assert after.hash == village.anew().hash
    assert after.hash != before.hash
    assert after.people == before.people
    other = village.another_process()
    assert other.settle().hash == after.hash


def test_nothing_is_deleted_while_a_total_still_counts_it(village, monkeypatch):
    village.shop.settle()
    monkeypatch.setattr(type(village.shop), "settle", lambda shop: None)
    with pytest.raises(Conflict, match="have not settled"):
        village.shop.retention.run()
    assert bought(village, "amina") == 6


def test_a_run_that_was_killed_goes_on_and_nobody_stays_marked(village, monkeypatch):
    village.shop.settle()

    def killed(shop):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(village.shop), "settle", killed)
    with pytest.raises(KeyboardInterrupt):
        village.shop.retention.run()
    monkeypatch.undo()
    with village.database.reading() as connection:
        assert len(holds.held_for(connection, REASON)) == 3, "who never said a word needs no mark"
    assert village.shop.can("amina", MODEL_IMPROVEMENT).reason == "held"
    assert sum(village.shop.retention.run().rows.values()) == 8
    with village.database.reading() as connection:
        assert holds.held_for(connection, REASON) == []
    assert village.shop.settle().hash == village.anew().hash


def test_a_later_moment_shows_what_will_be_due(village):
    assert village.shop.retention.plan(village.clock() + 100 * 86_400_000_000).rows == 8
    later = village.shop.retention.plan(village.clock() + 4000 * 86_400_000_000)
    assert later.rows == 16
    assert bought(village, "amina") == 6


def test_after_a_withdrawal_only_what_something_else_needs_is_left(village):
    village.shop.retention.run()
    for name in ("amina", "bruno", "chiara"):
        village.shop.grant(name, MODEL_IMPROVEMENT, asked=ASKED, yes=False)
    village.clock.turn(days=31)
    assert village.shop.retention.plan().due == ()
    assert {line.why for line in village.shop.retention.plan().stays} == {"bookkeeping"}


def test_whoever_is_left_with_ids_alone_is_erased(village):
    village.knows("ezio")
    village.clock.turn(days=31)
    assert village.shop.retention.plan().empty == (village.person["ezio"],)
    assert village.shop.retention.run().erased == 1
    assert village.shop.find("ezio") is None
    assert village.shop.retention.plan().empty == ()
    assert village.shop.find("amina") == village.person["amina"]


def test_a_no_outlives_whoever_said_it_and_is_gone(village):
    village.knows("ezio", "fatma")
    village.shop.grant("fatma", MODEL_IMPROVEMENT, asked=ASKED, yes=False)
    village.clock.turn(days=31)
    assert village.shop.retention.run().erased == 2
    with village.database.reading() as connection:
        left_alone = [suppressed(connection, village.cipher, "user_id", name) for name in ("ezio", "fatma")]
    assert left_alone == [False, True]


def test_what_was_kept_for_taking_things_back_goes_too(village):
    merged = village.shop.identity.merge("amina", "dev")
    number = village.begins_import()
    with village.database.transaction() as connection:
        imports.keep_before(connection, number, "profile", [({"person": 1, "field": "city"}, None)])
        imports.close(connection, number, "done", now=village.clock())
    village.clock.turn(days=91)
    plan = village.shop.retention.plan()
    assert (plan.merges, plan.imports) == (1, 0)
    village.clock.turn(days=300)
    assert village.shop.retention.plan().imports == 1
    done = village.shop.retention.run()
    assert (done.merges, done.imports) == (1, 1)
    with village.database.reading() as connection:
        assert merge.survivor(connection, merged.other) == merged.person
