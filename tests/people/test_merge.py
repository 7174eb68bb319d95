"""Two people become one: everything moves, nothing is allowed that not both allowed, and order does not matter."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from tests.small_shop import ASKED, bakery

from goodwill import consent, people
from goodwill.access import SignedIn
from goodwill.basics.clock import DAY
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.consent import Said, State, allowed_categories
from goodwill.consent.tables import consent_now
from goodwill.people import holds, log, merge
from goodwill.people.log import EventColumns
from goodwill.people.tables import events, identities, profiles
from goodwill.people.tables import people as rows_of_people
from goodwill.people.types import BOUGHT
from goodwill.protect import Sealed
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS, STATISTICS, Category, shipped
from goodwill.shop import Shop, Who
from goodwill.storage import AsOf, Kept
from goodwill.storage.kept import keep as keep_total
from goodwill.storage.schema import metadata

NOW = 1_795_338_000_000_000
PURCHASES, BROWSING = Category("purchases"), Category("browsing")
REGISTER = shipped()


@dataclass
class Two:
    """A database with Amina and Bruno in it, who will turn out to be one."""

    database: object
    cipher: object
    key: int = 0
    now: int = NOW
    person: dict[str, int] = field(default_factory=dict)

    def knows(self, name, **ids):
        with self.database.transaction() as connection:
            self.person[name] = people.identify(connection, self.cipher, {"user_id": name, **ids}, now=self.now)
        return self.person[name]

    def sells_to(self, person, times=1, **more):
        keys = range(self.key + 1, self.key + 1 + times)
        self.key += times
        rows = EventColumns(
            person=[person] * times, type=[BOUGHT] * times, at=[NOW] * times, day=[1] * times, key=list(keys), **more
        )
        with self.database.transaction() as connection:
            return log.append(connection, rows)

    def tells(self, person, fields, **more):
        with self.database.transaction() as connection:
            return people.set_profile(connection, self.cipher, person, fields, now=self.now, **more)

    def says(self, person, purpose, state, *, category=PURCHASES, until=None, ago=0):
        word = Said(person, purpose, category, state, self.now - ago, ASKED, until)
        with self.database.transaction() as connection:
            return consent.append(connection, [word], now=self.now)

    def marks(self, keep, other):
        with self.database.transaction() as connection:
            return merge.mark(connection, keep, other, now=self.now)

    def moves(self, keep, other):
        with self.database.transaction() as connection:
            return merge.move(connection, self.cipher, REGISTER, keep, other, now=self.now)

    def merges(self, keep, other):
        self.marks(keep, other)
        return self.moves(keep, other)

    def allows(self, person, purpose=RECOMMENDATIONS, at=None):
        at = self.now if at is None else at
        with self.database.reading() as connection:
            return allowed_categories(connection, person, REGISTER[purpose], at=at, day=NOW // DAY)

    def finds(self, kind, value):
        with self.database.reading() as connection:
            return people.find(connection, self.cipher, kind, value)

    def everything(self):
        """All rows that a merge may touch, to see that it touched none."""
        tables = [metadata.tables[name] for name in ("people", "identities", "profiles", "events", "consent_rows")]
        with self.database.reading() as connection:
            return [connection.execute(select(table).order_by(*table.primary_key)).all() for table in tables]


@pytest.fixture
def two(database, cipher):
    made = Two(database, cipher)
    made.knows("amina", email="amina@example.org")
    made.knows("bruno", email="bruno@example.org", phone="+39 06 1234567")
    return made


@pytest.fixture
def amina(two):
    return two.person["amina"]


@pytest.fixture
def bruno(two):
    return two.person["bruno"]


# ---- what moves ------------------------------------------------------------------------------------------------------


def test_all_that_is_known_of_the_other_becomes_the_survivors(two, amina, bruno):
    two.sells_to(amina, 2)
    two.sells_to(bruno, 3, import_id=7)
    two.tells(bruno, {"city": ("demographics", "Roma")}, import_id=7)
    merged = two.merges(amina, bruno)
    assert (merged.identities, merged.fields, merged.events) == (3, 1, 3)
    assert {two.finds("user_id", "bruno"), two.finds("email", "bruno@example.org")} == {amina}
    with two.database.reading() as connection:
        rows = connection.execute(select(events.c.person, events.c.import_id).order_by(events.c.id)).all()
        assert rows == [(amina, None)] * 2 + [(amina, 7)] * 3
        for row in connection.execute(select(identities)):
            assert row.person == amina
            assert two.cipher.open(amina, row.kind, Sealed(row.epoch, row.sealed))
        (city,) = connection.execute(select(profiles)).all()
        assert (city.person, city.import_id, city.changed_at) == (amina, 7, NOW)
        assert two.cipher.open(amina, "city", Sealed(city.epoch, city.sealed)) == "Roma"
        assert people.count(connection) == 1


def test_a_field_that_both_have_stays_the_survivors(two, amina, bruno):
    two.tells(amina, {"city": ("demographics", "Roma")})
    two.tells(bruno, {"city": ("demographics", "Bari"), "name": ("contact", "B.")})
    assert two.merges(amina, bruno).fields == 1
    with two.database.reading() as connection:
        told = {
            row.field: two.cipher.open(amina, row.field, Sealed(row.epoch, row.sealed))
            for row in connection.execute(select(profiles))
        }
    assert told == {"city": "Roma", "name": "B."}


def test_what_was_logged_before_is_known_as_a_repeat_after(two, amina, bruno):
    two.sells_to(bruno)
    two.merges(amina, bruno)
    two.key -= 1
    assert two.sells_to(amina).repeated == 1


def test_the_other_number_leads_to_the_survivor_however_often_she_was_merged(two, amina, bruno):
    chiara = two.knows("chiara")
    two.merges(bruno, chiara)
    two.merges(amina, bruno)
    with two.database.reading() as connection:
        assert [merge.survivor(connection, one) for one in (amina, bruno, chiara, 999)] == [amina, amina, amina, None]
        assert merge.numbers(connection, amina) == [amina, bruno, chiara]


def test_an_undo_takes_away_what_it_brought_wherever_a_merge_took_it(two, amina, bruno):
    two.tells(bruno, {"city": ("demographics", "Roma")})
    done = two.tells(bruno, {"city": ("demographics", "Bari"), "name": ("contact", "B.")}, import_id=7)
    two.tells(amina, {"phone": ("contact", "1")})
    two.merges(amina, bruno)
    with two.database.transaction() as connection:
        assert people.put_back(connection, done.before, import_id=7) == 2
        assert connection.execute(select(profiles.c.field)).scalars().all() == ["phone"]


# ---- mark, settle, move ----------------------------------------------------------------------------------------------


def test_nothing_moves_without_a_mark(two, amina, bruno):
    two.sells_to(bruno)
    before = two.everything()
    with pytest.raises(Conflict, match="not held"):
        two.moves(amina, bruno)
    assert two.everything() == before


def test_nothing_moves_while_a_total_still_counts_them(two, amina, bruno):
    two.sells_to(bruno)
    two.says(amina, RECOMMENDATIONS, State.GIVEN)
    needed = two.marks(amina, bruno)
    before = two.everything()
    for name, reached in (("monthly", needed), ("models", needed - 1)):
        with two.database.transaction() as connection:
            keep_total(connection, Kept(name, "measurement", AsOf(0, 0, reached, NOW), 2, "r", "h", "f"))
    with pytest.raises(Conflict, match=r"held: models\."):
        two.moves(amina, bruno)
    assert two.everything() == before


def test_the_survivor_counts_again_and_the_other_never(two, amina, bruno):
    two.merges(amina, bruno)
    with two.database.reading() as connection:
        assert dict(holds.reasons(connection, [amina, bruno])) == {
            bruno: {merge.reason(amina, bruno), f"merged into {amina}"}
        }


def test_marking_twice_adds_nothing(two, amina, bruno):
    assert two.marks(amina, bruno) == two.marks(amina, bruno) == 2


def test_whoever_is_held_for_something_else_is_not_merged(two, amina, bruno):
    with two.database.transaction() as connection:
        holds.hold(connection, [bruno], "restriction", now=NOW)
    with pytest.raises(Conflict, match="restriction"):
        two.marks(amina, bruno)
    with two.database.transaction() as connection:
        holds.release(connection, [bruno], "restriction", now=NOW)
    two.marks(amina, bruno)
    with two.database.transaction() as connection:
        holds.hold(connection, [amina], "undo of import 3", now=NOW)
    with pytest.raises(Conflict, match="undo of import 3"):
        two.moves(amina, bruno)


def test_a_merge_that_was_begun_is_not_turned_round(two, amina, bruno):
    two.marks(amina, bruno)
    with pytest.raises(Conflict, match=f"merge of {bruno} into {amina}"):
        two.marks(bruno, amina)


def test_only_two_people_who_are_there_can_be_merged(two, amina, bruno):
    chiara = two.knows("chiara")
    with pytest.raises(BadInput, match="herself"):
        two.marks(amina, amina)
    two.merges(amina, bruno)
    for keep, other in ((amina, bruno), (bruno, chiara), (chiara, 999), (999, chiara)):
        with pytest.raises(NotFound):
            two.marks(keep, other)


# ---- consents --------------------------------------------------------------------------------------------------------

SOON, LATER = NOW + 5 * DAY, NOW + 50 * DAY

# Amina's answer, Bruno's, what Amina then allows, and until when.
CASES = [
    ((State.GIVEN, None), (State.GIVEN, None), True, None),
    ((State.GIVEN, None), None, False, None),
    ((State.GIVEN, None), (State.REFUSED, None), False, None),
    ((State.RENEWED, None), (State.WITHDRAWN, None), False, None),
    (None, (State.GIVEN, None), False, None),
    ((State.REFUSED, None), (State.GIVEN, None), False, None),
    (None, (State.WITHDRAWN, None), False, None),
    ((State.GIVEN, LATER), (State.GIVEN, SOON), True, SOON),
    ((State.GIVEN, SOON), (State.GIVEN, LATER), True, SOON),
    ((State.GIVEN, None), (State.RENEWED, SOON), True, SOON),
    ((State.GIVEN, None), (State.GIVEN, NOW - 1), False, None),
    ((State.REQUESTED, None), (State.GIVEN, None), False, None),
    ((State.GIVEN, None), (State.REQUESTED, None), False, None),
]


@pytest.mark.parametrize(("hers", "his", "allowed", "until"), CASES)
def test_only_what_both_allow_is_allowed_after(two, amina, bruno, hers, his, allowed, until):
    for person, answer in ((amina, hers), (bruno, his)):
        if answer is not None:
            two.says(person, RECOMMENDATIONS, answer[0], until=answer[1], ago=10)
    merged = two.merges(amina, bruno)
    assert (two.allows(amina) == {PURCHASES}) is allowed
    with two.database.reading() as connection:
        rows = [row for row in consent.history(connection, amina) if row.position in merged.narrowed]
        assert len(rows) == len(merged.narrowed)
    for row in rows:
        assert '"how":"merge"' in row.asked
        assert row.state in {State.REFUSED, State.WITHDRAWN} or row.until is not None
    if until is not None:
        assert two.allows(amina, at=until - 1) == {PURCHASES}
        assert two.allows(amina, at=until) == set()


def test_where_no_yes_is_needed_only_an_objection_is_taken_over(two, amina, bruno):
    listed = set(REGISTER[STATISTICS].categories)
    two.says(bruno, STATISTICS, State.WITHDRAWN, category=PURCHASES)
    two.says(amina, STATISTICS, State.GIVEN, category=BROWSING)
    two.merges(amina, bruno)
    assert two.allows(amina, STATISTICS) == listed - {PURCHASES}


def test_a_no_that_she_said_before_and_that_comes_in_after_still_counts(two, amina, bruno):
    two.says(amina, RECOMMENDATIONS, State.GIVEN, until=LATER, ago=100)
    two.says(bruno, RECOMMENDATIONS, State.GIVEN, until=SOON, ago=100)
    two.merges(amina, bruno)
    assert two.allows(amina) == {PURCHASES}
    two.now += 1
    two.says(amina, RECOMMENDATIONS, State.WITHDRAWN, ago=50)
    assert two.allows(amina) == set()


def test_a_yes_said_before_the_merge_and_that_comes_in_after_does_not_undo_it(two, amina, bruno):
    two.says(amina, RECOMMENDATIONS, State.GIVEN, ago=100)
    two.merges(amina, bruno)
    two.now += 1
    two.says(amina, RECOMMENDATIONS, State.GIVEN, ago=50)
    assert two.allows(amina) == set()
    two.says(amina, RECOMMENDATIONS, State.GIVEN)
    assert two.allows(amina) == {PURCHASES}


def test_a_clock_that_went_back_opens_nothing(two, amina, bruno):
    two.says(amina, RECOMMENDATIONS, State.GIVEN, until=SOON)
    two.says(bruno, RECOMMENDATIONS, State.REFUSED)
    two.now = LATER
    two.merges(amina, bruno)
    assert two.allows(amina, at=NOW) == set()


# ---- in any order ----------------------------------------------------------------------------------------------------

PLACES = ((RECOMMENDATIONS, PURCHASES), (RECOMMENDATIONS, BROWSING), (STATISTICS, PURCHASES))
answers = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(PLACES),
        st.sampled_from([State.GIVEN, State.RENEWED, State.REFUSED, State.WITHDRAWN, State.REQUESTED]),
        st.integers(0, 3),  # said so long ago
        st.none() | st.integers(-2, 4),  # until
    ),
    max_size=10,
)


def standing(connection, person):
    """How far each place is open: until when, for ever, or (None) not at all; and what can be asked agrees."""
    found = {}
    for row in connection.execute(select(consent_now).where(consent_now.c.person == person)):
        place = (row.purpose, row.category)
        if place in PLACES:
            lasts = row.until is None or place[0] == STATISTICS  # an end is for what needs a yes
            found[place] = None if row.yes != 1 else float("inf") if lasts else row.until
    for place in PLACES:
        found.setdefault(place, float("inf") if place[0] == STATISTICS else None)
    for at in (NOW - 3, NOW, NOW + 2, NOW + 9):
        seen = allowed_categories(connection, person, REGISTER[RECOMMENDATIONS], at=at, day=NOW // DAY)
        ends = {category: found[RECOMMENDATIONS, category] for category in (PURCHASES, BROWSING)}
        assert seen == {category for category, end in ends.items() if end is not None and end > at}
    return found


def open_to_all(standings):
    return {
        place: None if any(one[place] is None for one in standings) else min(one[place] for one in standings)
        for place in PLACES
    }


@given(said=answers)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merging_is_associative_and_commutative_in_what_is_allowed(database, cipher, said):
    with database.engine.connect() as connection:  # one transaction for all, undone at its end
        crowd = [
            connection.execute(insert(rows_of_people).values(created_at=NOW)).inserted_primary_key[0] for _ in range(3)
        ]
        words = [
            Said(crowd[who], *place, state, NOW - ago, ASKED, None if until is None else NOW + until)
            for who, place, state, ago, until in said
        ]
        consent.append(connection, words, now=NOW)
        expected = open_to_all([standing(connection, person) for person in crowd])

        def merged(*pairs):
            point = connection.begin_nested()
            for keep, other in pairs:
                merge.mark(connection, keep, other, now=NOW)
                merge.move(connection, cipher, REGISTER, keep, other, now=NOW)
                assert consent.narrow(connection, keep, other, REGISTER, by="again", now=NOW) == []
            found = standing(connection, pairs[-1][0])
            point.rollback()
            return found

        one, two, three = crowd
        for a, b, c in ((one, two, three), (two, one, three), (three, two, one)):
            assert merged((a, b), (a, c)) == expected  # (a b) c
            assert merged((b, c), (a, b)) == expected  # a (b c)
        assert merged((one, two)) == open_to_all([standing(connection, person) for person in (one, two)])


# ---- the shop --------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(database, tmp_path, clock):
    made = bakery(database, tmp_path, clock, then=Shop.learn)
    yield made
    made.shop.close()


def test_a_shop_merges_two_people_and_counts_them_as_one(small):
    shop, before = small.shop, small.shop.settle()
    merged = shop.identity.merge("c1", "c0")
    assert merged.person == small.person["c1"]
    assert merged.events > 0
    assert shop.find("c0") == shop.find(Who(id=merged.other)) == merged.person
    after = shop.settle()
    assert after.people == before.people - 1
    assert after.hash == shop.library.rebuilt(shop._at_the_door).hash
    shown = {choice.product for choice in shop.decide("c0", count=8).items if choice.kind == "usual"}
    assert shown >= {"coffee", "bread"}, "she takes in the morning what he took in the evening"
    assert shop.identity.merge("c1", "c0") == merge.Merged(merged.person, merged.person), "once is enough"


def test_whoever_never_agreed_brings_no_consent_and_takes_the_survivors(small):
    shop = small.shop
    assert shop.decide("c1", count=3).personalised
    shop.identity.merge("c1", "bruno")
    for name in ("c1", "bruno"):
        assert not shop.decide(name, count=3).personalised
    assert shop.can("c1", RECOMMENDATIONS).reason == "withdrawn"
    assert shop.settle().hash == shop.library.rebuilt(shop._at_the_door).hash


def test_her_own_copy_shows_what_was_said_and_read_under_both_numbers(small):
    shop = small.shop
    decision = shop.decide("c0", count=3)
    merged = shop.identity.merge("c1", "c0")
    own = shop.own(SignedIn(merged.person, by="test"))
    assert {("user_id", "c0"), ("user_id", "c1")} <= set(own.identities)
    assert {row.person for row in own.consents} == {merged.person, merged.other}
    assert [row.position for row in shop.consents("c0")] == [row.position for row in own.consents]
    assert {read.person for read in own.reads} == {merged.person, merged.other}
    assert decision.id in {shown.id for shown in shop.decisions("c1")}


def test_a_no_given_by_the_other_number_reaches_the_survivor(small):
    shop = small.shop
    merged = shop.identity.merge("c1", "c0")
    shop.grant(Who(id=merged.other), MODEL_IMPROVEMENT, asked=ASKED, yes=False)
    assert shop.can("c1", MODEL_IMPROVEMENT).reason == "withdrawn"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite's writers come one after the other
def test_a_no_that_crosses_the_merge_reaches_the_survivor(small, monkeypatch):
    shop, find = small.shop, Shop._find

    def found_then_merged(self, connection, who):
        found = find(self, connection, who)
        monkeypatch.undo()
        shop.identity.merge("c1", "c0")
        return found

    monkeypatch.setattr(Shop, "_find", found_then_merged)
    receipt = shop.grant("c0", RECOMMENDATIONS, asked=ASKED, yes=False)
    assert receipt.person == small.person["c1"]
    assert not shop.decide("c1", count=3).personalised
