"""How long data stay: as long as some purpose keeps them, to the end of the day, and not a day less; never early."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from goodwill import consent
from goodwill.basics.clock import DAY, Micros, date_of, day_number, day_of, micros
from goodwill.consent import Asked, Said, State
from goodwill.people import holds, log, retention
from goodwill.people.columns import EventColumns
from goodwill.people.retention import Moment
from goodwill.people.tables import events, profiles
from goodwill.people.tables import people as rows_of_people
from goodwill.people.types import event_type
from goodwill.purposes import Basis, Category, Purpose, shipped
from goodwill.storage.kept import note_read

REGISTER = shipped()
ROME = ZoneInfo("Europe/Rome")
NOW = micros(datetime(2026, 11, 22, 9, tzinfo=ROME))
TODAY = day_of(NOW, ROME)
ASKED = Asked(how="test")
KINDS = ("viewed", "bought", "told", "answered", "opened", "decided", "located")


class Street:
    """People, what happened to them, and the same as plain lists."""

    def __init__(self, connection, many=3):
        self.connection = connection
        row = insert(rows_of_people)
        self.people = [
            connection.execute(row.values(created_at=NOW - 4000 * DAY)).inserted_primary_key[0] for _ in range(many)
        ]
        self.key = 0

    def happens(self, who, kind, days_ago, zone=ROME, at=None):
        self.key += 1
        at = NOW - days_ago * DAY if at is None else at
        row = EventColumns(
            person=[None if who is None else self.people[who]], type=[event_type(kind).code], at=[at],
            day=[day_of(at, zone)], key=[self.key],
        )  # fmt: skip
        log.append(self.connection, row)

    def tells(self, who, field, category, days_ago):
        values = {
            "person": self.people[who], "field": field, "category": category, "sealed": b"s", "epoch": 1,
            "changed_at": NOW - days_ago * DAY,
        }  # fmt: skip
        self.connection.execute(insert(profiles).values(values))

    def says(self, who, purpose, category, state, days_ago, until=None):
        at = Micros(NOW - days_ago * DAY)
        word = Said(self.people[who], Purpose(purpose), Category(category), state, at, ASKED, until)
        consent.append(self.connection, [word], now=at)

    def reads(self, who, purpose, categories, days_ago):
        note_read(
            self.connection, day=TODAY - days_ago, person=self.people[who], purpose=purpose, verb="one",
            categories=categories, people=1, at=NOW - days_ago * DAY, position=0,
        )  # fmt: skip

    def left(self):
        """What stands: events as (person, type, day), fields as (person, field)."""
        happened = self.connection.execute(select(events.c.person, events.c.type, events.c.day).order_by(events.c.id))
        told = self.connection.execute(select(profiles.c.person, profiles.c.field).order_by(profiles.c.field))
        return [tuple(row) for row in happened], [tuple(row) for row in told]

    def runs(self, now=None):
        moment = now or Moment(NOW, ROME)
        while marked := retention.concerned(self.connection, REGISTER, moment, most=2):
            retention.mark(self.connection, marked, now=moment.at)
            retention.erase(self.connection, REGISTER, marked, moment)
        retention.erase_nobodys(self.connection, REGISTER, moment)

    def plans(self, now=None):
        return retention.planned(self.connection, REGISTER, now or Moment(NOW, ROME))

    def stay(self, who, category, now=None):
        person = self.people[who]
        return retention.stays(self.connection, REGISTER, [person], now or Moment(NOW, ROME))[person][
            Category(category)
        ]


@pytest.fixture
def street(database):
    with database.engine.connect() as connection:  # never committed
        yield Street(connection)


# ---- as the register words it ----------------------------------------------------------------------------------------


def test_purchases_stay_ten_years_for_the_books_whatever_anybody_allows(street):
    assert street.stay(0, "purchases").day == TODAY - 3650
    street.happens(0, "bought", 3649)
    street.happens(0, "bought", 3650)
    street.happens(0, "bought", 3651)
    street.runs()
    assert [TODAY - day for _, _, day in street.left()[0]] == [3649, 3650]


def test_what_no_purpose_needs_goes_after_the_grace(street):
    street.happens(0, "viewed", 30)
    street.happens(0, "viewed", 31)
    street.runs()
    assert [TODAY - day for _, _, day in street.left()[0]] == [30]


def test_a_yes_keeps_for_the_days_of_its_purpose(street):
    street.says(0, "recommendations", "browsing", State.GIVEN, 500)
    assert street.stay(0, "browsing") == retention.Stay(TODAY - 1095, "recommendations")
    assert street.stay(1, "browsing") == retention.Stay(TODAY - 30, "grace")
    assert street.stay(0, "location").why == "grace", "no purpose uses it"


def test_what_is_used_stays_from_its_last_use(street):
    street.says(0, "recommendations", "browsing", State.GIVEN, 2000)
    street.happens(0, "viewed", 1900)
    street.happens(1, "viewed", 1900)
    street.reads(0, "recommendations", "browsing purchases", 1095)
    street.reads(1, "recommendations", "browsing", 1095)
    street.runs()
    assert [person for person, _, _ in street.left()[0]] == [street.people[0]], "a use without a yes keeps nothing"


def test_a_use_for_something_else_keeps_nothing(street):
    street.says(0, "recommendations", "browsing", State.GIVEN, 2000)
    street.happens(0, "viewed", 1900)
    street.reads(0, "recommendations", "purchases", 10)
    street.reads(0, "model-improvement", "browsing", 10)
    street.runs()
    assert street.left()[0] == []


@pytest.mark.parametrize(("ago", "stays"), [(30, True), (31, False)])
def test_after_a_withdrawal_data_stay_for_the_grace_and_no_longer(street, ago, stays):
    street.says(0, "recommendations", "browsing", State.GIVEN, 500)
    street.says(0, "recommendations", "browsing", State.WITHDRAWN, ago)
    street.happens(0, "viewed", 400)
    street.runs()
    assert bool(street.left()[0]) is stays


@pytest.mark.parametrize(("ago", "stays"), [(30, True), (31, False)])
def test_a_yes_that_ended_keeps_for_the_grace_and_no_longer(street, ago, stays):
    street.says(0, "recommendations", "browsing", State.GIVEN, 700, until=NOW - ago * DAY)
    street.happens(0, "viewed", 400)
    street.runs()
    assert bool(street.left()[0]) is stays


def test_fields_of_a_profile_go_like_events(street):
    for who, state in ((0, State.GIVEN), (1, State.WITHDRAWN)):
        street.says(who, "recommendations", "preferences", state, 200)
        street.tells(who, "diet", "preferences", 700)
    street.tells(0, "phone", "contact", 3000)
    street.runs()
    assert street.left()[1] == [(street.people[0], "diet"), (street.people[0], "phone")]


def test_what_only_a_purpose_that_keeps_nothing_would_read_is_kept_for_nobody(street):
    assert not REGISTER["statistics"].keeps, "it reads both, and asks nobody"
    for ago in (30, 31):
        street.tells(0, f"age {ago}", "demographics", ago)
        street.happens(0, "clicked", ago)
    street.runs()
    assert street.left()[1] == [(street.people[0], "age 30")]
    assert [TODAY - day for _, _, day in street.left()[0]] == [30]


def test_decisions_about_nobody_go_with_the_longest_purpose(street):
    for ago in (1095, 1096):
        street.happens(None, "decided", ago)
    street.runs()
    assert [TODAY - day for _, _, day in street.left()[0]] == [1095]


def test_whoever_is_restricted_keeps_everything(street):
    street.happens(0, "viewed", 400)
    holds.hold(street.connection, [street.people[0]], "restriction", now=NOW)
    street.runs()
    assert len(street.left()[0]) == 1
    assert {line.why for line in street.plans()[1]} == {"held"}


# ---- never early -----------------------------------------------------------------------------------------------------


@given(
    zone=st.sampled_from(["Europe/Rome", "America/Sao_Paulo", "Pacific/Apia", "America/New_York", "Asia/Kathmandu"]),
    day=st.dates(date(2012, 1, 1), date(2018, 12, 31)),
    seconds=st.integers(0, 86_399),
    later=st.integers(-3 * DAY, 3 * DAY),
)
@settings(max_examples=60)
def test_the_day_on_which_something_goes_comes_after_the_last_day_that_keeps_it(zone, day, seconds, later):
    there = ZoneInfo(zone)
    at = micros(datetime.combine(day, datetime.min.time(), tzinfo=there) + timedelta(seconds=seconds))
    kept_until = date_of(day_of(at, there)) + timedelta(days=3650)
    now = Micros(micros(datetime.combine(kept_until, datetime.min.time(), tzinfo=there)) + later)
    moment = Moment(now, there)
    first = moment.today - 3650
    gone = day_of(at, there) < first and at < moment.begins(first)
    assert gone is (date_of(day_of(now, there)) > kept_until)


def test_a_clock_that_went_back_deletes_nothing_more(street):
    street.happens(0, "viewed", 20)
    street.runs(Moment(Micros(NOW - 300 * DAY), ROME))
    assert len(street.left()[0]) == 1


def test_an_event_whose_day_and_moment_disagree_waits_for_both(street):
    hour = 3_600_000_000
    street.happens(0, "viewed", 0, zone=ZoneInfo("Pacific/Kiritimati"), at=(TODAY - 31) * DAY + 15 * hour)
    street.happens(0, "viewed", 0, zone=ZoneInfo("Pacific/Pago_Pago"), at=(TODAY - 30) * DAY + 5 * hour)
    days = [TODAY - day for _, _, day in street.left()[0]]
    assert days == [30, 31]
    street.runs()
    assert [TODAY - day for _, _, day in street.left()[0]] == days


# ---- the plan is the run ---------------------------------------------------------------------------------------------

PLACES = [(entry.name, category) for entry in REGISTER.asked() for category in entry.categories]
words = st.tuples(
    st.integers(0, 2),
    st.sampled_from(PLACES),
    st.sampled_from([State.GIVEN, State.REFUSED, State.WITHDRAWN]),
    st.integers(0, 60),
    st.none() | st.integers(-40, 40),
)
ages = st.sampled_from([10, 29, 30, 31, 32, 729, 731, 1094, 1095, 1096, 3650, 3651])
happenings = st.tuples(st.none() | st.integers(0, 2), st.sampled_from(KINDS), ages)
told = st.tuples(st.integers(0, 2), st.sampled_from(sorted(REGISTER.kinds)), st.sampled_from([1, 31, 731, 1096, 3651]))
uses = st.tuples(st.integers(0, 2), st.sampled_from(PLACES), st.sampled_from([5, 1000, 1095, 1096, 2000]))


def kept(category, who, said, used, ago):
    """The same in plain words: some purpose keeps it, or the grace does."""
    if ago <= 30:
        return True
    for entry in REGISTER:
        if category not in entry.categories or (entry.reserved and entry.basis is not Basis.LEGAL_OBLIGATION):
            continue
        if not entry.keeps:
            continue
        here = (entry.name, category)
        mine = [(days, state, until) for w, place, state, days, until in said if w == who and place == here]
        # The word said last; of two said at the same moment the no; then the later one.
        ranked = sorted(enumerate(mine), key=lambda one: (-one[1][0], one[1][1] != State.GIVEN, one[0]))
        last = ranked[-1][1] if ranked else None
        days = max([ago * -1, *(-use for w, place, use in used if w == who and place == here)])
        in_time = -days <= entry.retention_days
        if entry.basis in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION):
            alive = True
        elif last is None:
            alive = entry.basis is Basis.LEGITIMATE_INTERESTS
        elif last[1] == State.GIVEN:
            ends = entry.basis is Basis.CONSENT and last[2] is not None and last[2] <= 0
            alive = not ends or -last[2] <= 30
        else:
            alive = last[1] == State.WITHDRAWN and last[0] <= 30
        if alive and in_time:
            return True
    return False


@given(
    said=st.lists(words, max_size=6),
    happened=st.lists(happenings, max_size=8),
    fields=st.lists(told, max_size=4),
    used=st.lists(uses, max_size=3),
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_plan_is_what_the_run_does_and_both_are_the_rule(database, said, happened, fields, used):
    said = sorted(said, key=lambda word: -word[3])  # the ledger's own clock never goes back here
    with database.engine.connect() as connection:
        street = Street(connection)
        for who, place, state, ago, until in said:
            street.says(who, *place, state, ago, None if until is None else NOW + until * DAY)
        for who, kind, ago in happened:
            street.happens(who, kind, ago)
        for n, (who, category, ago) in enumerate(fields):
            street.tells(who, f"field {n}", category, ago)
        for who, (purpose, category), ago in used:
            street.reads(who, purpose, category, ago)
        everything = street.left()
        due, stays = street.plans()
        street.runs()
        left = street.left()
        assert sum(line.rows for line in due) == sum(map(len, everything)) - sum(map(len, left))
        assert sum(line.rows for line in stays) == sum(map(len, left))
        assert street.plans()[0] == []
        expected = [
            (street.people[who], kind, TODAY - ago)
            for who, kind, ago in happened
            if who is not None and kept(event_type(kind).category, who, said, used, ago)
        ]
        found = [(person, kind, day) for person, kind, day in left[0] if person is not None]
        assert sorted((person, event_type(kind).code, day) for person, kind, day in expected) == sorted(found)
        assert left[1] == [
            (street.people[who], f"field {n}")
            for n, (who, category, ago) in enumerate(fields)
            if kept(category, who, said, used, ago)
        ]
        connection.rollback()


def test_day_numbers_are_the_calendars():
    assert Moment(NOW, ROME).today == day_number(date(2026, 11, 22))
