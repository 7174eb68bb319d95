"""Mark, settle, erase: history changes only when every total has taken out what it added, and no kill leaves a lie.

The deeds that change history are run step by step: an undo of an import that brought two people whom nobody knows
otherwise, an undo that takes something from people who stay, and a merge. At every step another process may have
looked, or may die.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.laws.lives import ASKED, Village
from tests.lessons import CountsLines, register_with

from goodwill.access import settle
from goodwill.basics.errors import Conflict
from goodwill.collect import undo
from goodwill.collect.writing import nobody_listens
from goodwill.learn.library import MODELS
from goodwill.people import holds, log, merge
from goodwill.people import undo as people_undo

OFFERS = CountsLines("offers-lines", "offers")


@dataclass(frozen=True)
class Deed:
    """What changes history, in its three steps, and what the people it concerned were called."""

    mark: Callable[[], object]
    settle: Callable[[], object]
    erase: Callable[[], object]
    whom: tuple[str, ...]


@pytest.fixture
def village(database, cipher, clock, tmp_path):
    """Amina and Dev allow everything, Bruno was never asked, Chiara withdrew; an import brought Ezio and Fatma.

    The shop keeps two totals under two purposes.
    """
    made = Village(
        database, cipher, clock, tmp_path, register=register_with(), lessons=(MODELS, OFFERS),
        purposes=(*Village.purposes, OFFERS.purpose),
    )  # fmt: skip
    made.knows("amina", "bruno", "chiara", "dev")
    made.agrees("amina", "chiara", "dev")
    made.buys("amina", 0, 1, day=20)
    made.buys("amina", 0, 2, day=10)
    made.buys("bruno", 1, 2, day=10)
    made.buys("chiara", 2, 3, day=10)
    made.buys("dev", 0, 1, 2, day=9)
    clock.turn(seconds=1)
    for purpose in made.purposes:
        made.shop.grant("chiara", purpose, asked=ASKED, yes=False)
    in_memory(made.shop)()  # so that settling need not learn first, which takes longer than all the rest
    yield made
    made.columns.close()


def undoing(village, names):
    """An import that brought some purchases, and whoever of its people was not known before, with their answers."""
    number = village.begins_import()
    new = [name for name in names if name not in village.person]
    if new:
        village.knows(*new, import_id=number)
        village.brought(number, village.agrees(*new))
    for name in names:
        village.buys(name, 0, 3, day=5, import_id=number)
        village.buys(name, 1, 3, day=2, import_id=number)
    tools = village.shop.tools

    def mark():
        with village.database.transaction() as connection:
            undo._mark(connection, tools, number, nobody_listens)

    def erase():
        with village.database.transaction() as connection:
            undo._erase(connection, tools, number, 0, 0)

    return Deed(mark, village.shop.settle, erase, names)


def merging(village, keep, other):
    pair = village.person[keep], village.person[other]

    def mark():
        with village.database.transaction() as connection:
            merge.mark(connection, *pair, now=village.clock())

    def move():
        with village.database.transaction() as connection:
            merge.move(connection, village.cipher, village.shop.register, *pair, now=village.clock())

    return Deed(mark, village.shop.settle, move, (keep, other))


DEEDS = {
    "an undo after which some are gone": lambda village: undoing(village, ("ezio", "fatma")),
    "an undo after which all stay": lambda village: undoing(village, ("amina", "bruno")),
    "an undo after which some stay": lambda village: undoing(village, ("amina", "ezio")),
    "a merge of two who agree": lambda village: merging(village, "amina", "dev"),
    "a merge with one who never did": lambda village: merging(village, "amina", "bruno"),
    "a merge into one who withdrew": lambda village: merging(village, "chiara", "dev"),
}


@pytest.fixture(params=list(DEEDS.values()), ids=list(DEEDS))
def deed(request, village):
    return request.param(village)


def agree_with_the_database(village, *settled):
    """Each of some totals, by the lesson's name, is the one worked out anew."""
    anew = {lesson.name: village.anew(lesson) for lesson in village.lessons}
    for totals in settled:
        assert totals
        for name, total in totals.items():
            assert total.people == anew[name].people
            assert total.sums == anew[name].sums
            assert total.hash == anew[name].hash


def in_memory(shop):
    """What a decision does: catch up, and keep nothing."""
    names = [lesson.name for lesson in shop.library.lessons]
    return lambda: {name: shop.library.caught_up(shop._at_the_door, shop._look_at_shelf(), name) for name in names}


def keeping(shop):
    """What the hourly job does."""
    return shop.settle_all


def nothing():
    """Whoever does not look."""


def test_the_right_order_works_and_every_step_tells_the_truth(village, deed):
    agree_with_the_database(village, village.shop.settle_all())
    deed.mark()
    agree_with_the_database(village, village.shop.settle_all())
    deed.erase()
    agree_with_the_database(village, village.shop.settle_all())


def test_erasing_before_every_total_settled_is_refused_and_leaves_all_as_it_was(village, deed):
    village.shop.settle()
    deed.mark()
    before = village.stands()
    with pytest.raises(Conflict, match=r"not settled .* held: models"):
        deed.erase()
    assert village.stands() == before
    deed.settle()
    deed.erase()
    agree_with_the_database(village, village.shop.settle_all())


def test_erasing_without_a_mark_is_refused_and_leaves_all_as_it_was(village, deed):
    village.shop.settle()
    before = village.stands()
    with pytest.raises(Conflict, match="held"):
        deed.erase()
    assert village.stands() == before
    agree_with_the_database(village, village.shop.settle_all())


def test_events_alone_are_not_removed_before_settling_either(village):
    undoing(village, ("amina",))
    village.shop.settle()
    before = village.stands()
    for removal in (log.remove_import, lambda *about: people_undo.remove_import(*about, now=village.clock())):
        with pytest.raises(Conflict), village.database.transaction() as connection:
            removal(connection, 1)
        assert village.stands() == before


# Every moment and both ways of looking every day, and all of them together in `make soak`.
@pytest.mark.parametrize(
    ("when", "how"),
    [
        ("before", keeping),
        ("at the mark", in_memory),
        pytest.param("settled", in_memory, marks=pytest.mark.soak),
        ("settled", keeping),
    ],
)
def test_a_process_that_looked_earlier_ends_with_the_total_worked_out_anew(village, deed, when, how):
    """Its total may hold parts that nobody can work out any more; then it must not try to subtract them."""
    elsewhere = village.another_process()
    look = {when: how(elsewhere)}
    village.shop.settle()
    in_memory(elsewhere)()
    look.get("before", nothing)()
    deed.mark()
    look.get("at the mark", nothing)()
    deed.settle()
    look.get("settled", nothing)()
    deed.erase()
    village.buys("amina", 2, 3, day=1)  # life goes on: the log is longer again than when they looked
    totals = [
        in_memory(elsewhere)(),
        village.shop.settle_all(),
        elsewhere.settle_all(),
        village.another_process().settle_all(),
    ]
    agree_with_the_database(village, *totals)


def test_a_process_that_looked_earlier_decides_from_models_without_them(village, deed):
    elsewhere = village.another_process()
    village.shop.settle()
    in_memory(elsewhere)()
    deed.mark()
    deed.settle()
    deed.erase()
    decision = elsewhere.decide("dev", count=2)
    assert {choice.model for choice in decision.items} <= {village.anew().hash[:12]}
    agree_with_the_database(village, in_memory(elsewhere)())


@pytest.mark.parametrize("steps", [1, 2])
def test_who_is_killed_between_the_steps_leaves_no_wrong_total_and_can_go_on(village, deed, steps):
    village.shop.settle()
    for step in (deed.mark, deed.settle)[:steps]:
        step()
    reborn = village.another_process()  # the old one is gone, with all that it had in memory
    agree_with_the_database(village, in_memory(reborn)())
    for name in deed.whom:
        decision = reborn.decide(name, count=2)
        # Bruno never said a word: no total counts him, so he need not be held to count in nothing.
        with village.database.reading() as connection:
            held = bool(holds.reasons(connection, [village.person[name]]))
        assert (decision.personalised, decision.reason) == (False, "held" if held else "never-asked")
        assert held or name == "bruno"
    agree_with_the_database(village, reborn.settle_all())
    deed.mark()
    reborn.settle()
    deed.erase()
    agree_with_the_database(village, reborn.settle_all())


def test_who_is_killed_while_erasing_has_erased_nothing(village, deed, monkeypatch):
    village.shop.settle()
    deed.mark()
    deed.settle()
    before = village.stands()

    def killed(*_, **__):
        raise KeyboardInterrupt

    for room in (undo.holds, merge.holds):
        monkeypatch.setattr(room, "release", killed)  # the last thing that each of them does about people
    with pytest.raises(KeyboardInterrupt):
        deed.erase()
    monkeypatch.undo()
    assert village.stands() == before
    agree_with_the_database(village, village.another_process().settle_all())
    deed.erase()
    agree_with_the_database(village, village.shop.settle_all())


def test_a_total_that_learned_nothing_of_a_merge_is_not_older_than_it(village):
    """The shop's own verb settles before and after, so that nothing is left to do."""
    village.shop.settle()
    elsewhere = village.another_process()
    in_memory(elsewhere)()
    village.shop.identity.merge("amina", "dev")
    agree_with_the_database(village, in_memory(elsewhere)())
    agree_with_the_database(village, in_memory(village.shop)())


# ---- while somebody reads --------------------------------------------------------------------------------------------


def test_a_total_that_is_read_while_history_changes_is_of_one_time(village, deed, monkeypatch):
    """Between two looks at the log a whole deed goes by, and the answer would be partly from before, partly after."""
    village.shop.settle()
    read = village.columns.run_together

    def disturbed(*asked):
        monkeypatch.undo()
        deed.mark()
        deed.settle()
        deed.erase()
        return read(*asked)

    monkeypatch.setattr(village.columns, "run_together", disturbed)
    total = village.anew()
    agree_with_the_database(village, {MODELS.name: total})
    assert total.as_of.holds > 1


def test_where_history_never_rests_somebody_is_told(village, monkeypatch):
    read = village.columns.run_together
    people = iter(range(100, 200))

    def disturbed(*asked):
        with village.database.transaction() as connection:
            holds.hold(connection, [next(people)], "restriction", now=village.clock())
        return read(*asked)

    monkeypatch.setattr(village.columns, "run_together", disturbed)
    with pytest.raises(Conflict, match="Try again"):
        village.anew()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # on SQLite a transaction sees one time only
def test_a_total_that_settles_while_history_changes_is_of_one_time(village, deed, monkeypatch):
    village.shop.settle()
    elsewhere = village.another_process()
    in_memory(elsewhere)()
    village.buys("amina", 2, 3, day=1)
    find = settle.changed_people

    def disturbed(*about):
        monkeypatch.undo()
        found = find(*about)
        deed.mark()
        deed.settle()
        deed.erase()
        return found

    monkeypatch.setattr(settle, "changed_people", disturbed)
    agree_with_the_database(village, in_memory(elsewhere)())
