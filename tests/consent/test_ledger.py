"""The last word counts, in doubt the "no", and whatever cannot be read is a no as well."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import DBAPIError
from tests.consent.world import (
    AMINA,
    ASKED,
    BROWSING,
    BRUNO,
    CAST,
    CHIARA,
    COUNT,
    DELIVER,
    DEV,
    NOW,
    PURCHASES,
    RECOMMEND,
    TODAY,
    allowed,
    folded,
    kept_answers,
    reasons,
    said,
)
from tests.failing import DATABASE_ERRORS

from goodwill.basics.clock import DAY, Micros, day_number
from goodwill.basics.errors import BadInput, NotFound
from goodwill.basics.ids import PersonId, Position
from goodwill.consent import (
    Asked,
    Evidence,
    Proof,
    Said,
    State,
    allowed_categories,
    append,
    grant,
    history,
    invalidate,
    last_position,
    refuse,
    standing,
    withdraw,
)
from goodwill.consent.relation import allowing
from goodwill.consent.tables import consent_now, consent_rows
from goodwill.purposes import Basis, Category, Purpose, shipped
from goodwill.storage.questions import Question

EVERYTHING = set(RECOMMEND.categories)


@pytest.fixture
def book(database):
    """A connection inside one transaction that is undone at the end."""
    with database.engine.connect() as connection:
        yield connection


# ---- the cast ------------------------------------------------------------------------------------------------------


def test_amina_who_said_yes_is_allowed_and_gets_the_rows_numbers(book):
    receipt = grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    assert allowed(book, AMINA) == EVERYTHING
    assert receipt.positions == (1, 2, 3, 4)
    assert receipt.until == NOW + 730 * DAY
    assert (receipt.person, receipt.purpose, receipt.state) == (AMINA, "recommendations", State.GIVEN)
    assert (receipt.categories, receipt.notice) == (RECOMMEND.categories, "notice-1")
    lines = standing(book, AMINA, RECOMMEND, at=NOW, day=TODAY)
    assert [line.position for line in lines] == [1, 2, 3, 4]
    assert {(line.reason, line.since, line.until) for line in lines} == {("allowed", NOW, receipt.until)}


def test_bruno_who_said_no_is_not_allowed(book):
    refuse(book, BRUNO, RECOMMEND, asked=ASKED, now=NOW)
    assert allowed(book, BRUNO) == set()
    assert reasons(book, BRUNO) == {"refused"}


def test_chiara_who_took_it_back_is_not_allowed_from_that_row_on(book):
    grant(book, CHIARA, RECOMMEND, asked=ASKED, now=NOW)
    before = last_position(book)
    withdraw(book, CHIARA, RECOMMEND, asked=ASKED, now=Micros(NOW + 1))
    assert allowed(book, CHIARA, at=NOW + 1) == set()
    assert reasons(book, CHIARA) == {"withdrawn"}
    for as_of in range(last_position(book) + 1):
        people = book.execute(allowing(RECOMMEND.name, PURCHASES, at=NOW, as_of=as_of)).scalars().all()
        assert people == ([CHIARA] if 1 <= as_of <= before else [])


def test_dev_who_was_never_asked_is_not_allowed(book):
    assert allowed(book, DEV) == set()
    assert reasons(book, DEV) == {"never-asked"}
    append(book, [said(DEV, State.REQUESTED)], now=NOW)  # asked, and no answer yet
    assert allowed(book, DEV) == set()
    assert reasons(book, DEV) == {"never-asked"}


def test_taking_back_one_category_leaves_the_others(book):
    grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    receipt = withdraw(book, AMINA, RECOMMEND, [BROWSING], asked=ASKED, now=Micros(NOW + 1))
    assert receipt.categories == (BROWSING,)
    assert allowed(book, AMINA, at=NOW + 1) == EVERYTHING - {BROWSING}


def test_one_persons_no_is_nobody_elses(book):
    for person in CAST:
        grant(book, person, RECOMMEND, [PURCHASES], asked=ASKED, now=NOW)
    withdraw(book, CHIARA, RECOMMEND, [PURCHASES], asked=ASKED, now=NOW)
    people = book.execute(allowing(RECOMMEND.name, PURCHASES, at=NOW)).scalars().all()
    assert sorted(people) == [AMINA, BRUNO, DEV]


# ---- which word counts ---------------------------------------------------------------------------------------------


def test_of_two_words_said_at_the_same_moment_the_no_counts(book):
    for person, order in ((AMINA, [State.GIVEN, State.REFUSED]), (BRUNO, [State.WITHDRAWN, State.RENEWED])):
        for state in order:
            append(book, [said(person, state)], now=NOW)
        append(book, [said(PersonId(person + 10), state) for state in order], now=NOW)
    assert [allowed(book, PersonId(person)) for person in (1, 2, 11, 12)] == [set()] * 4


def test_a_word_said_earlier_does_not_count_though_it_is_told_later(book):
    withdraw(book, CHIARA, RECOMMEND, asked=ASKED, now=NOW)
    grant(book, CHIARA, RECOMMEND, asked=ASKED, now=Micros(NOW + DAY), said_at=Micros(NOW - 1))
    assert allowed(book, CHIARA, at=NOW + DAY) == set()
    grant(book, CHIARA, RECOMMEND, asked=ASKED, now=Micros(NOW + DAY), said_at=Micros(NOW + 1))
    assert allowed(book, CHIARA, at=NOW + DAY) == EVERYTHING


def test_a_word_said_in_the_future_is_said_now(book):
    """So that a wrong clock of another system cannot outvote a no for years."""
    receipt = grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW, said_at=Micros(NOW + 9000 * DAY))
    assert (receipt.said_at, receipt.recorded_at, receipt.until) == (NOW, NOW, NOW + 730 * DAY)
    append(book, [said(BRUNO, State.GIVEN, NOW + 9000 * DAY)], now=NOW)
    withdraw(book, AMINA, RECOMMEND, asked=ASKED, now=Micros(NOW + 1))
    withdraw(book, BRUNO, RECOMMEND, asked=ASKED, now=Micros(NOW + 1))
    assert allowed(book, AMINA) == allowed(book, BRUNO) == set()


@pytest.mark.parametrize("back", [1, 3600 * 1_000_000, 400 * DAY])
def test_a_withdrawal_counts_though_the_clock_went_back(book, back):
    grant(book, CHIARA, RECOMMEND, asked=ASKED, now=NOW)
    receipt = withdraw(book, CHIARA, RECOMMEND, asked=ASKED, now=Micros(NOW - back))
    assert allowed(book, CHIARA, at=NOW - back) == set()
    assert receipt.said_at == receipt.recorded_at == NOW + 1
    grant(book, CHIARA, RECOMMEND, asked=ASKED, now=Micros(NOW - back + 5))  # and so does a new yes after it
    assert allowed(book, CHIARA, at=NOW - back + 5) == EVERYTHING


def test_a_consent_ends_at_its_microsecond(book):
    until = grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW).until
    assert until is not None
    assert allowed(book, AMINA, at=until - 1) == EVERYTHING
    assert allowed(book, AMINA, at=until) == set()
    assert reasons(book, AMINA, at=until) == {"expired"}
    grant(book, AMINA, RECOMMEND, asked=ASKED, now=until)  # asked again, she says yes again
    assert allowed(book, AMINA, at=until) == EVERYTHING


def test_a_longer_consent_said_earlier_does_not_outlive_the_last_word(book):
    append(book, [said(AMINA, State.GIVEN, NOW - 5, until=None)], now=NOW)
    append(book, [said(AMINA, State.RENEWED, NOW, until=NOW + 10)], now=NOW)
    assert PURCHASES not in allowed(book, AMINA, at=NOW + 10)


# ---- bases and purposes --------------------------------------------------------------------------------------------


def test_legitimate_interests_hold_until_somebody_objects(book):
    everything = set(COUNT.categories)
    assert allowed(book, DEV, COUNT) == everything
    withdraw(book, DEV, COUNT, [PURCHASES], asked=ASKED, now=NOW)
    assert allowed(book, DEV, COUNT) == everything - {PURCHASES}
    assert reasons(book, DEV, COUNT) == {"objected", "allowed"}
    refuse(book, DEV, COUNT, asked=ASKED, now=NOW)
    assert allowed(book, DEV, COUNT) == set()
    grant(book, DEV, COUNT, asked=ASKED, now=Micros(NOW + 1))
    assert allowed(book, DEV, COUNT, at=NOW + 3000 * DAY) == everything  # and nothing ends by itself


def test_a_contract_needs_no_answer_and_records_none(book):
    assert allowed(book, DEV, DELIVER) == set(DELIVER.categories)
    for do in (grant, refuse, withdraw):
        with pytest.raises(BadInput, match="rests on contract, so there is no choice"):
            do(book, DEV, DELIVER, asked=ASKED, now=NOW)
    append(book, [said(DEV, State.REFUSED, entry=DELIVER)], now=NOW)
    assert allowed(book, DEV, DELIVER) == set(DELIVER.categories)


@pytest.mark.parametrize("basis", list(Basis))
def test_a_purpose_that_expired_allows_nothing_whatever_anybody_said(book, basis):
    entry = replace(RECOMMEND, basis=basis, expiry=date(2026, 11, 22))
    grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    for day, open_still in ((TODAY - 1, True), (TODAY, False), (TODAY + 1, False)):
        yes = allowed_categories(book, AMINA, entry, at=NOW, day=day)
        assert yes == (EVERYTHING if open_still else set())
        assert reasons(book, AMINA, entry, day=day) == {"allowed" if open_still else "purpose-expired"}


def test_a_yes_to_a_category_that_the_purpose_no_longer_lists_allows_nothing_more(book):
    append(book, [said(AMINA, State.GIVEN, category=Category("location"))], now=NOW)
    assert allowed(book, AMINA) == set()


def test_the_choices_must_fit_the_purpose(book):
    with pytest.raises(BadInput, match="does not use location; its data categories are purchases, browsing"):
        grant(book, AMINA, RECOMMEND, [PURCHASES, Category("location")], asked=ASKED, now=NOW)
    with pytest.raises(BadInput, match="Name at least one data category for 'recommendations'"):
        withdraw(book, AMINA, RECOMMEND, [], asked=ASKED, now=NOW)
    assert last_position(book) == 0


def test_a_category_named_twice_is_written_once(book):
    assert grant(book, AMINA, RECOMMEND, [PURCHASES, PURCHASES], asked=ASKED, now=NOW).positions == (1,)


# ---- taking rows back ----------------------------------------------------------------------------------------------


def test_what_a_row_replaced_counts_again_once_it_is_taken_back(book):
    grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    wrong = withdraw(book, AMINA, RECOMMEND, asked=Asked("import"), now=Micros(NOW + 1))
    before = last_position(book)
    undone = invalidate(book, wrong.positions, asked=ASKED, now=Micros(NOW + 2))
    assert allowed(book, AMINA, at=NOW + 2) == EVERYTHING
    assert [row.refers for row in history(book, AMINA) if row.state is State.INVALIDATED] == list(wrong.positions)
    assert kept_answers(book) == folded(book, undone[-1]) != folded(book, before)


def test_a_first_yes_that_is_taken_back_leaves_nothing(book):
    receipt = grant(book, DEV, RECOMMEND, asked=ASKED, now=NOW)
    invalidate(book, receipt.positions, asked=ASKED, now=NOW)
    assert reasons(book, DEV) == {"never-asked"}
    assert kept_answers(book) == set()


def test_taking_back_a_row_that_does_not_count_changes_no_answer(book):
    first = grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    withdraw(book, AMINA, RECOMMEND, asked=ASKED, now=Micros(NOW + 1))
    invalidate(book, first.positions, asked=ASKED, now=Micros(NOW + 2))
    assert reasons(book, AMINA) == {"withdrawn"}


def test_taking_back_again_adds_nothing(book):
    receipt = grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    assert len(invalidate(book, receipt.positions[:2], asked=ASKED, now=NOW)) == 2
    again = invalidate(book, [*receipt.positions, receipt.positions[0]], asked=ASKED, now=NOW)
    assert len(again) == 2
    assert invalidate(book, receipt.positions, asked=ASKED, now=NOW) == []


def test_taking_back_is_final(book):
    receipt = grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    undone = invalidate(book, receipt.positions, asked=ASKED, now=NOW)
    with pytest.raises(BadInput, match="takes another back, which is final"):
        invalidate(book, undone, asked=ASKED, now=NOW)
    assert allowed(book, AMINA) == set()


def test_a_row_that_is_not_there_cannot_be_taken_back(book):
    receipt = grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    with pytest.raises(NotFound, match="no row 99; its last is 4"):
        invalidate(book, [*receipt.positions, Position(99)], asked=ASKED, now=NOW)
    assert allowed(book, AMINA) == EVERYTHING


def test_rows_are_taken_back_only_through_invalidate(book):
    grant(book, AMINA, RECOMMEND, asked=ASKED, now=NOW)
    for word in (said(AMINA, State.INVALIDATED), replace(said(AMINA, State.RENEWED), refers=Position(1))):
        with pytest.raises(BadInput, match=r"consent\.invalidate"):
            append(book, [word], now=NOW)


# ---- nothing is fail-open ------------------------------------------------------------------------------------------

ROW = {
    "position": 1, "person": AMINA, "purpose": "recommendations", "category": "purchases", "state": "given", "yes": 1,
    "said_at": 1, "recorded_at": 1, "until": None, "evidence": "proven", "notice": None, "asked": "{}", "refers": None,
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "pondering", "yes": 1},
        {"state": "pondering", "yes": None},
        {"state": "withdrawn", "yes": 1},
        {"state": "requested", "yes": 1},
        {"state": "given", "yes": 0},
        {"state": "given", "yes": 2},
        {"state": "given", "yes": None},
        {"said_at": 2},
        {"refers": 1},
        {"state": "invalidated", "yes": None, "refers": 1},
    ],
)
def test_the_database_refuses_a_row_that_contradicts_itself(book, wrong):
    with pytest.raises(DBAPIError):
        book.execute(insert(consent_rows), {**ROW, **wrong})


def test_a_state_of_a_later_version_is_a_no(book):
    grant(book, AMINA, RECOMMEND, [PURCHASES], asked=ASKED, now=NOW)
    book.execute(
        insert(consent_rows), {**ROW, "position": 2, "state": "revoked", "yes": 0, "said_at": NOW, "recorded_at": NOW}
    )
    assert book.execute(allowing(RECOMMEND.name, PURCHASES, at=NOW, as_of=2)).all() == []
    withdraw(book, AMINA, RECOMMEND, [BROWSING], asked=ASKED, now=NOW)
    book.execute(consent_now.update().values(yes=0, position=2))
    assert allowed(book, AMINA) == set()
    assert "unreadable" in reasons(book, AMINA)


def without_its_checks(connection):
    """As if bits had rotted: the database takes what it would refuse."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        return
    for table in (consent_rows, consent_now):
        for check in table.constraints:
            if str(check.name).startswith("ck_"):
                connection.exec_driver_sql(f"ALTER TABLE {table.name} DROP CONSTRAINT {check.name}")


@pytest.mark.parametrize(("state", "yes"), [("pondering", 1), ("", 1), ("given", 2), ("given", None), ("GIVEN", 1)])
def test_a_row_that_makes_no_sense_is_a_no(book, state, yes):
    without_its_checks(book)
    grant(book, AMINA, RECOMMEND, [PURCHASES], asked=ASKED, now=NOW)
    sound = {**ROW, "position": 2, "said_at": NOW + 1, "recorded_at": NOW + 1}
    book.execute(insert(consent_rows), {**sound, "state": state, "yes": yes})
    assert book.execute(allowing(RECOMMEND.name, PURCHASES, at=NOW, as_of=1)).scalars().all() == [AMINA]
    assert book.execute(allowing(RECOMMEND.name, PURCHASES, at=NOW, as_of=2)).all() == []


@pytest.mark.parametrize("entry", [RECOMMEND, COUNT], ids=lambda entry: entry.name)
def test_an_answer_that_makes_no_sense_is_a_no(book, entry):
    without_its_checks(book)
    grant(book, AMINA, entry, [PURCHASES], asked=ASKED, now=NOW)
    book.execute(consent_now.update().values(yes=7))
    assert PURCHASES not in allowed(book, AMINA, entry)
    assert "unreadable" in reasons(book, AMINA, entry)


def test_an_end_that_is_no_number_is_a_no_or_an_error(book):
    if book.dialect.name != "sqlite":
        with pytest.raises(DBAPIError):
            book.exec_driver_sql("UPDATE consent_now SET until = 'never'")
        return
    grant(book, AMINA, RECOMMEND, [PURCHASES], asked=ASKED, now=NOW)
    book.exec_driver_sql("UPDATE consent_now SET until = 'never'")
    assert book.execute(allowing(RECOMMEND.name, PURCHASES, at=NOW)).all() == []
    with pytest.raises(TypeError):
        allowed_categories(book, AMINA, RECOMMEND, at=NOW, day=TODAY)
    with pytest.raises(TypeError):
        standing(book, AMINA, RECOMMEND, at=NOW, day=TODAY)


def test_a_standing_answer_tells_how_well_it_can_be_proved(book):
    grant(book, AMINA, RECOMMEND, [PURCHASES], asked=ASKED, now=NOW)
    proven = replace(ASKED, evidence=Evidence.PROVEN, proof=Proof.SNAPSHOT)
    grant(book, AMINA, RECOMMEND, [BROWSING], asked=proven, now=NOW)
    grades = {line.category: line for line in standing(book, AMINA, RECOMMEND, at=NOW, day=TODAY)}
    assert (grades[PURCHASES].evidence, grades[PURCHASES].is_hearsay) == (Evidence.CLAIMED, True)
    assert (grades[BROWSING].evidence, grades[BROWSING].is_hearsay) == (Evidence.PROVEN, False)
    unsaid = [line for category, line in grades.items() if category not in (PURCHASES, BROWSING)]
    assert unsaid
    assert not any(line.evidence or line.is_hearsay for line in unsaid)


@pytest.mark.parametrize(
    "ask",
    [
        lambda book: allowed_categories(book, AMINA, RECOMMEND, at=NOW, day=TODAY),
        lambda book: allowed_categories(book, AMINA, COUNT, at=NOW, day=TODAY),
        lambda book: standing(book, AMINA, RECOMMEND, at=NOW, day=TODAY),
        lambda book: book.execute(allowing(RECOMMEND.name, PURCHASES, at=NOW)).all(),
    ],
)
def test_a_ledger_that_cannot_be_read_allows_nobody(database, ask, monkeypatch):
    """The first question fails, then the second, and so on, until all get through: none ever ends in an answer."""

    class Unplugged(Exception):
        pass

    asked = 0

    @event.listens_for(database.engine, "before_cursor_execute")
    def pull_the_plug(connection, cursor, statement, *rest):
        nonlocal asked
        if "consent" in statement:
            asked += 1
            if asked == fails_at:
                raise Unplugged

    by_the_driver = Question.ask

    def unplugged(question, *given, **values):
        pull_the_plug(None, None, "consent")
        return by_the_driver(question, *given, **values)

    monkeypatch.setattr(Question, "ask", unplugged)

    fails_at, failures = 1, 0
    while True:
        asked = 0
        try:
            with database.reading() as connection:
                ask(connection)
        except Unplugged:
            failures += 1
            fails_at += 1
        else:
            break
    event.remove(database.engine, "before_cursor_execute", pull_the_plug)
    assert failures >= 1


def test_a_ledger_without_its_table_allows_nobody(book):
    book.execute(text("DROP TABLE consent_now"))
    with pytest.raises(DATABASE_ERRORS):
        allowed_categories(book, AMINA, COUNT, at=NOW, day=TODAY)


# ---- what a row holds ----------------------------------------------------------------------------------------------


def test_a_row_holds_how_it_was_asked(book):
    asked = Asked("café counter", "notice-2", "May we suggest? €5", "it", "Dev")
    grant(book, AMINA, RECOMMEND, [PURCHASES], asked=asked, now=NOW, said_at=Micros(NOW - DAY))
    withdraw(book, AMINA, RECOMMEND, [PURCHASES], asked=Asked("link"), now=Micros(NOW + 1))
    grant(book, AMINA, COUNT, [PURCHASES], asked=ASKED, now=Micros(NOW + 2))
    first, second, third = history(book, AMINA)
    assert (first.position, second.position, third.position) == (1, 2, 3)
    assert (first.said_at, first.recorded_at, first.until) == (NOW - DAY, NOW, NOW + 729 * DAY)
    assert (first.state, first.evidence, first.notice) == (State.GIVEN, Evidence.CLAIMED, "notice-2")
    assert json.loads(first.asked) == {
        "how": "café counter",
        "words": "May we suggest? €5",
        "language": "it",
        "by": "Dev",
    }
    assert (second.state, second.until, second.notice, second.asked) == (State.WITHDRAWN, None, None, '{"how":"link"}')
    assert history(book, AMINA, purpose=COUNT.name) == [third]
    assert history(book, AMINA, upto=2) == [first, second]
    assert history(book, BRUNO) == []


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
@pytest.mark.parametrize("field", ["how", "notice", "words", "language", "by"])
def test_what_a_database_cannot_keep_is_refused_before_it_is_written(field, text):
    with pytest.raises(BadInput, match=f"'{field}' .* a character"):
        Asked(**{"how": "page", field: text})


def test_a_word_is_a_claim_unless_something_proves_it():
    assert Asked("phone").evidence is Evidence.CLAIMED
    assert Asked("page", evidence=Evidence.PROVEN, proof=Proof.SNAPSHOT).evidence is Evidence.PROVEN
    for evidence, proof in ((Evidence.PROVEN, None), (Evidence.CLAIMED, Proof.SNAPSHOT), (Evidence.NONE, Proof.FILE)):
        with pytest.raises(BadInput, match=r"by nothing else: shop\.notices\.answer takes the snapshot"):
            Asked("phone", evidence=evidence, proof=proof)


def test_what_proves_a_row_stands_in_it(book):
    asked = Asked("page", evidence=Evidence.PROVEN, proof=Proof.SNAPSHOT, confirmed_at="2026-03-01T10:00:00Z")
    grant(book, AMINA, RECOMMEND, asked=asked, now=NOW)
    assert json.loads(history(book, AMINA)[-1].asked) == {
        "how": "page", "proof": "snapshot", "confirmed_at": "2026-03-01T10:00:00Z",
    }  # fmt: skip


def test_nothing_said_is_nothing_written(book):
    assert append(book, [], now=NOW) == []
    assert invalidate(book, [], asked=ASKED, now=NOW) == []
    assert last_position(book) == 0


# ---- several at once, and many -------------------------------------------------------------------------------------


def test_positions_are_without_gaps_and_repetition_though_many_write(database):
    def speak(number):
        with database.transaction() as connection:
            states = [State.GIVEN, State.WITHDRAWN, State.GIVEN][: 1 + number % 3]
            return append(
                connection, [said(PersonId(number % 5 + 1), state) for state in states], now=Micros(NOW + number)
            )

    with ThreadPoolExecutor(4) as pool:
        given = [position for positions in pool.map(speak, range(40)) for position in positions]
    assert sorted(given) == list(range(1, len(given) + 1))
    with database.reading() as connection:
        assert list(
            connection.execute(select(consent_rows.c.position).order_by(consent_rows.c.position)).scalars()
        ) == sorted(given)
        recorded = list(
            connection.execute(select(consent_rows.c.recorded_at).order_by(consent_rows.c.position)).scalars()
        )
        assert recorded == sorted(recorded)
        assert kept_answers(connection) == folded(connection, len(given))


def test_a_failed_transaction_leaves_no_gap(database):
    with database.transaction() as connection:
        grant(connection, AMINA, RECOMMEND, asked=ASKED, now=NOW)
        connection.rollback()
    with database.transaction() as connection:
        assert grant(connection, AMINA, RECOMMEND, asked=ASKED, now=NOW).positions[0] == 1


def test_many_rows_at_once_say_the_same_as_one_by_one(database):
    states = [State.GIVEN, State.REFUSED, State.WITHDRAWN, State.REQUESTED, State.RENEWED]
    notice = Asked("import", 'tab\there, "quotes", back\\slash, new\nline, \\N, ü €')
    words = [
        Said(
            PersonId(number % 37),
            RECOMMEND.name,
            PURCHASES,
            states[number % 5],
            NOW - number * 7 % 11,
            notice,
            NOW + number,
        )
        for number in range(300)
    ]
    with database.engine.connect() as connection:
        append(connection, words, now=NOW)
        at_once, answers = connection.execute(select(consent_rows)).all(), kept_answers(connection)
        connection.rollback()
        for word in words:
            append(connection, [word], now=NOW)
        assert connection.execute(select(consent_rows)).all() == at_once
        assert kept_answers(connection) == answers == folded(connection, 300)


def test_an_import_of_more_rows_than_a_question_may_name_is_undone_whole(database):
    with database.engine.connect() as connection:
        kept = grant(connection, AMINA, RECOMMEND, [PURCHASES], asked=ASKED, now=NOW)
        words = [said(PersonId(1 + number % 20_000), State.WITHDRAWN) for number in range(20_100)]
        done = append(connection, words, now=Micros(NOW + 1))
        assert len(invalidate(connection, done, asked=ASKED, now=Micros(NOW + 2))) == len(done)
        assert {row[4] for row in kept_answers(connection)} == set(kept.positions)


@pytest.mark.soak
def test_a_hundred_thousand_answers_are_written_and_undone_in_time(database):
    names = list(RECOMMEND.categories)
    words = [
        Said(PersonId(1 + n // 4), RECOMMEND.name, names[n % 4], State.GIVEN, NOW - n, ASKED) for n in range(100_000)
    ]
    for first_or_again in range(2):
        start = time.perf_counter()
        with database.transaction() as connection:
            done = append(connection, words, now=Micros(NOW + first_or_again))
        assert len(words) / (time.perf_counter() - start) >= 20_000
    taken = []
    for number in range(50):
        start = time.perf_counter()
        with database.transaction() as connection:
            withdraw(connection, PersonId(number + 1), RECOMMEND, asked=ASKED, now=Micros(NOW + 10))
        taken.append(time.perf_counter() - start)
    assert sorted(taken)[25] < 0.02  # beside 200,000 rows, and whatever their number
    with database.transaction() as connection:
        invalidate(connection, done, asked=ASKED, now=Micros(NOW + 20))


def test_the_shipped_purposes_are_those_of_the_tests():
    assert {entry.basis for entry in shipped()} == set(Basis)
    assert Purpose("recommendations") == RECOMMEND.name
    assert day_number(date(2026, 11, 22)) == TODAY
