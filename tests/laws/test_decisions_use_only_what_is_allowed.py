"""A decision uses only what was allowed at its position; what cannot be read, is not known or is over counts as "no".

Every question that a decision puts to the database is made to fail in turn, tables are taken away and answers spoilt:
the shop may refuse to answer, or give what everyone gets, but it never goes on as if somebody had said yes.
"""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from tests.failing import DATABASE_ERRORS
from tests.laws.lives import ASKED, Village

from goodwill.access.rows import as_of_now
from goodwill.basics.clock import DAY, SECOND
from goodwill.basics.errors import GoodwillError, NoConsent
from goodwill.consent import Said, State, append
from goodwill.decide import record
from goodwill.people import holds
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS, Basis, Category
from goodwill.shop import Who
from goodwill.storage.questions import Question

PURCHASES, BROWSING = Category("purchases"), Category("browsing")
CAST = ("amina", "bruno", "chiara", "dev")  # allows everything; never asked; withdrew; her yes is over


class Unreadable(Exception):
    """What an injected fault raises; nothing in the house knows it, so nothing can mistake it for a refusal."""


@pytest.fixture
def village(database, cipher, clock, tmp_path):
    made = Village(database, cipher, clock, tmp_path)
    made.knows(*CAST)
    for name in CAST:
        made.buys(name, 0, 1, day=20)
        made.buys(name, 0, 2, day=10)
    made.agrees("amina", "chiara")
    words = [
        Said(made.person["dev"], purpose, category, State.GIVEN, clock.at - DAY, ASKED, clock.at)
        for purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT)
        for category in (PURCHASES, BROWSING)
    ]
    with database.transaction() as connection:
        append(connection, words, now=clock.at)
    for purpose in (RECOMMENDATIONS, MODEL_IMPROVEMENT):
        made.shop.grant("chiara", purpose, asked=ASKED, yes=False)
    made.shop.library.caught_up(made.shop._at_the_door, made.shop._look_at_shelf())
    made.shop.settle()
    yield made
    made.columns.close()


@contextmanager
def questions(database, broken=None):
    """Counts what is asked of the database, and lets the question of one number fail."""
    asked = []

    def ask(_connection, _cursor, statement, *_):
        asked.append(statement)
        if len(asked) - 1 == broken:
            raise Unreadable(statement)

    def by_the_driver(do):
        def asking(question, *given, **values):
            ask(None, None, str(question))
            return do(question, *given, **values)

        return asking

    event.listen(database.engine, "before_cursor_execute", ask)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Question, "ask", by_the_driver(Question.ask))
            patch.setattr(Question, "do", by_the_driver(Question.do))
            yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", ask)


def personalised(shop, name):
    """Whether somebody gets suggestions of her own; a shop that cannot answer gives none."""
    try:
        return shop.decide(name, count=2).personalised
    except (GoodwillError, *DATABASE_ERRORS, Unreadable, TypeError, ValueError):
        return False


def allowed(shop, name, purpose=RECOMMENDATIONS):
    try:
        return shop.can(name, purpose).allowed
    except (GoodwillError, *DATABASE_ERRORS, Unreadable, TypeError, ValueError):
        return False


# ---- what is not a yes -----------------------------------------------------------------------------------------------


def test_who_allows_it_gets_her_own_and_the_others_what_everyone_gets(village):
    """So that the tests below cannot pass by never suggesting anything to anybody."""
    assert [personalised(village.shop, name) for name in CAST] == [True, False, False, False]
    assert [allowed(village.shop, name) for name in CAST] == [True, False, False, False]
    assert village.shop.settle().people == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bruno", "never-asked"),
        ("chiara", "withdrawn"),
        ("dev", "expired"),
        ("nobody", "unknown-person"),
        (None, "anonymous"),
    ],
)
def test_what_is_not_a_yes_uses_nothing_and_withholds_everything(village, name, reason):
    decision = village.shop.decide(name, count=2)
    assert (decision.personalised, decision.reason, decision.used) == (False, reason, ())
    assert set(decision.withheld) == set(village.shop.register[RECOMMENDATIONS].categories)


def test_a_yes_is_over_at_its_very_moment(village, clock):
    end = clock.at + village.shop.register[RECOMMENDATIONS].consent_days * DAY
    clock.at = end - 1
    assert personalised(village.shop, "amina")
    assert village.shop.settle().people == 1
    clock.at = end
    assert village.shop.decide("amina", count=2).reason == "expired"
    assert village.shop.settle().people == 0


def test_a_purpose_that_is_over_allows_nobody(village, clock):
    village.shop.grant("amina", RECOMMENDATIONS, asked=ASKED)
    days = (village.shop.register[RECOMMENDATIONS].expiry.toordinal() - 719_163) - clock.at // DAY
    clock.turn(days=days - 100)
    village.shop.grant("amina", RECOMMENDATIONS, asked=ASKED)
    assert personalised(village.shop, "amina")
    clock.turn(days=100)
    assert village.shop.decide("amina", count=2).reason == "purpose-expired"


def test_another_category_is_no_permission_for_purchases(village):
    village.shop.grant("bruno", RECOMMENDATIONS, [BROWSING], asked=ASKED)
    decision = village.shop.decide("bruno", count=2)
    assert (decision.personalised, decision.used) == (False, ())
    assert PURCHASES in decision.withheld
    assert BROWSING not in decision.withheld


def test_another_purpose_is_no_permission_for_suggestions(village):
    village.shop.grant("bruno", MODEL_IMPROVEMENT, asked=ASKED)
    assert village.shop.decide("bruno", count=2).reason == "never-asked"
    assert village.shop.settle().people == 2


def test_a_number_that_was_never_given_allows_nothing_and_counts_nowhere(village):
    with village.database.transaction() as connection:  # as if somebody wrote to the ledger past the shop
        words = [Said(999, MODEL_IMPROVEMENT, PURCHASES, State.GIVEN, village.clock.at, ASKED)]
        append(connection, words, now=village.clock.at)
    assert not village.shop.decide(Who(id=999), count=2).personalised
    assert village.shop.settle().people == village.anew().people == 1


# ---- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CAST)
@pytest.mark.parametrize("fresh", [False, True], ids=["warm", "just started"])
def test_whichever_question_fails_nobody_is_decided_for_as_if_she_allowed_it(village, name, fresh):
    for broken in count():
        shop = village.another_process() if fresh else village.shop
        before = village.stands()
        with questions(village.database, broken) as asked:
            try:
                decision = shop.decide(name, count=2)
            except Unreadable:
                decision = None
        if len(asked) <= broken:
            assert broken > 5, "a decision asks whether it may"
            assert decision.personalised == (name == "amina")
            break
        assert decision is None or not decision.personalised
        assert decision is not None or village.stands() == before, "what fails leaves nothing behind"


def test_whichever_question_fails_nobody_is_said_to_allow_it(village):
    for name in CAST:
        for broken in count():
            with questions(village.database, broken) as asked:
                try:
                    answer = village.shop.can(name, RECOMMENDATIONS).allowed
                except Unreadable:
                    answer = False
            if len(asked) <= broken:
                assert answer == (name == "amina")
                break
            assert not answer


def test_whichever_question_fails_no_model_holds_who_said_no(village):
    """Chiara's withdrawal is new to this process: it learns of it, or has no models to give."""
    without = village.shop.settle().hash[:12]

    def models(shop):
        with shop._at_the_door() as door:
            return shop.library.ready(door, shop._choosing.shelf, as_of_now(door.connection, village.clock.at)).version

    for broken in count():
        shop = village.another_process()
        village.clock.turn(seconds=1)
        village.shop.grant("chiara", MODEL_IMPROVEMENT, asked=ASKED)
        assert shop.settle().people == 2
        village.clock.turn(seconds=1)
        village.shop.grant("chiara", MODEL_IMPROVEMENT, asked=ASKED, yes=False)
        with questions(village.database, broken) as asked:
            try:
                assert models(shop) == without
            except Unreadable:
                pass
            else:
                assert len(asked) <= broken
        assert models(shop) == without, "the fault is over, and has left nothing that hides the withdrawal"
        if len(asked) <= broken:
            break


def test_a_column_engine_that_fails_gives_no_total(village, monkeypatch):
    def broken(*_):
        raise Unreadable

    monkeypatch.setattr(village.columns, "run_together", broken)
    with pytest.raises(Unreadable):
        village.anew()


def test_a_decision_that_cannot_be_written_down_is_not_given(village, monkeypatch):
    def broken(*_, **__):
        raise Unreadable

    monkeypatch.setattr(record.log, "append", broken)
    with pytest.raises(Unreadable):
        village.shop.decide("amina", count=2)


@pytest.mark.parametrize("table", ["consent_now", "consent_rows", "holds", "people", "identities", "events", "reads"])
def test_without_a_table_nobody_is_decided_for_as_if_she_allowed_it(village, table):
    with village.database.engine.connect() as connection:
        if village.database.is_sqlite:
            raw = connection.connection.driver_connection
            raw.execute("PRAGMA query_only=OFF")
            raw.execute("PRAGMA foreign_keys=OFF")
            raw.execute(f"DROP TABLE {table}")
        else:
            connection.execute(text(f"DROP TABLE {table} CASCADE"))
            connection.commit()
    village.database.engine.dispose()
    for name in CAST:
        assert not personalised(village.shop, name)
        assert not personalised(village.another_process(), name)
    if table.startswith("consent"):
        with pytest.raises(DATABASE_ERRORS):
            village.anew()


@pytest.mark.parametrize("until", ["'soon'", "''", "x'00'", "1e30", "9e999", "-1"])
def test_an_end_that_is_no_moment_is_over(village, until):
    assert not spoilt(village, "until", until)


@pytest.mark.parametrize("yes", ["2", "-1", "0", "'yes'", "x'01'", "1e30"])
def test_an_answer_that_is_neither_yes_nor_no_is_no(village, yes):
    assert not spoilt(village, "yes", yes)


def spoilt(village, column, value):
    """Whether anybody still acts as if Amina allowed it, after her answers were spoilt past the house."""
    with village.database.engine.connect() as connection:
        try:
            if village.database.is_sqlite:
                raw = connection.connection.driver_connection
                raw.execute("PRAGMA query_only=OFF")
                raw.execute("PRAGMA ignore_check_constraints=ON")
                raw.execute(f"UPDATE consent_now SET {column} = {value}")
            else:
                connection.execute(text(f"UPDATE consent_now SET {column} = {value}"))
                connection.commit()
        except DBAPIError:
            return False  # the database itself keeps such a thing out
    village.database.engine.dispose()
    shop = village.another_process()
    with shop.database.transaction() as connection:
        shop._choosing.refresh(connection, shop._rules)
    try:
        people = village.anew().people
    except (GoodwillError, *DATABASE_ERRORS, TypeError, ValueError):
        people = 0
    return personalised(shop, "amina") or allowed(shop, "amina") or people > 0


# ---- at the same time ------------------------------------------------------------------------------------------------


def test_a_no_that_was_acknowledged_is_obeyed_by_every_decision_that_begins_later(village):
    """One says yes and no in turn, others decide and settle all the while; the history is checked afterwards."""
    said, decided, waited = [(time.monotonic(), 0, True)], [], []

    def decide(shop):
        began = time.monotonic()
        decided.append((began, shop.decide("amina", count=2)))

    with meanwhile(
        lambda: decide(village.shop), partial(decide, village.another_process()), village.shop.settle
    ) as trouble:
        for turn in range(20):
            village.clock.turn(seconds=1)
            began = time.monotonic()
            receipt = village.shop.grant("amina", RECOMMENDATIONS, asked=ASKED, yes=turn % 2 == 1)
            waited.append(time.monotonic() - began)
            said.append((time.monotonic(), receipt.positions[-1], turn % 2 == 1))
            soon, enough = time.monotonic() + 5, len(decided) + 3  # of two who decide: one of three began after this
            while len(decided) < enough and time.monotonic() < soon:
                time.sleep(0.005)
    assert not trouble
    assert max(waited) < 8, "nobody waits for somebody who waits for them"
    assert len(decided) > 10
    for start, decision in decided:
        seen = decision.as_of.consent
        assert seen >= max(position for at, position, _ in said if at <= start)
        _, says_yes = max((position, yes) for _, position, yes in said if position <= seen)
        assert says_yes or not decision.personalised
    assert {decision.personalised for _, decision in decided} == {True, False}


@contextmanager
def meanwhile(*deeds):
    """Other threads, each of which does one thing over and over until the block ends; gives what went wrong."""
    over, trouble = threading.Event(), []

    def again_and_again(deed):
        while not over.wait(0.01):  # somebody who never pauses would keep SQLite's one place to write for himself
            try:
                deed()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
                trouble.append(error)

    threads = [threading.Thread(target=again_and_again, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    try:
        yield trouble
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_yes_that_will_end_sooner_is_noticed_before_it_does(village, clock):
    """Amina says yes again, but for a minute only; models may wait for purchases, not for that."""
    shop = village.shop
    assert shop.settle().people == 1
    entry = shop.register[MODEL_IMPROVEMENT]
    clock.turn(seconds=1)
    words = [
        Said(village.person["amina"], entry.name, one, State.RENEWED, clock.at, ASKED, clock.at + 60 * SECOND)
        for one in entry.categories
    ]
    with village.database.transaction() as connection:
        append(connection, words, now=clock.at)
    shop.decide("amina", count=2)
    clock.turn(seconds=60)
    decision = shop.decide("amina", count=2)
    assert decision.personalised
    nobody = village.anew()
    assert nobody.people == 0
    assert {choice.model for choice in decision.items} == {nobody.hash[:12]}


def test_a_register_that_asks_for_a_yes_counts_nobody_who_never_gave_one(village):
    """What was kept under the old register counts people who need not be asked; it must not be gone on with."""
    entries = dict(village.shop.register.entries)
    entries[MODEL_IMPROVEMENT] = replace(entries[MODEL_IMPROVEMENT], basis=Basis.LEGITIMATE_INTERESTS, why_lawful="x")
    lax = replace(village.another_process(), register=replace(village.shop.register, entries=entries))
    assert lax.settle().people == 3
    strict = village.another_process()
    assert strict.settle().people == 1


def test_whoever_is_held_is_not_decided_for(village):
    with village.database.transaction() as connection:
        holds.hold(connection, [village.person["amina"]], "restriction", now=village.clock.at)
    assert village.shop.decide("amina", count=2).reason == "held"
    with village.shop._at_the_door() as door, pytest.raises(NoConsent):
        door.one(village.person["amina"], purpose=RECOMMENDATIONS)
