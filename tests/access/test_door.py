"""The door: who gets in, what is handed over, what is written down."""

import pytest
from tests.access.contributions import FIRST, Mixed, SpentPerDay
from tests.access.world import World

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import BadInput, NoConsent, TooFew
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, grant, refuse, withdraw
from goodwill.people.types import BOUGHT, event_type
from goodwill.purposes import FULFILMENT, MEASUREMENT, RECOMMENDATIONS, STATISTICS, Category
from goodwill.storage import Database
from goodwill.storage.kept import reads_of

ASKED = Asked(how="test")
VIEWED = event_type("viewed").code
PURCHASES, BROWSING = Category("purchases"), Category("browsing")


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
def cast(world: World) -> dict[str, PersonId]:
    """Amina allows everything, Bruno was never asked, Chiara withdrew, Dev is new and allows purchases only."""
    entry = world.register[RECOMMENDATIONS]
    with world.database.transaction() as connection:
        names = {name: world.somebody(connection) for name in ("amina", "bruno", "chiara", "dev")}
        for person in names.values():
            world.happens(connection, person, BOUGHT, FIRST, product=3)
            world.happens(connection, person, VIEWED, FIRST + 1, product=4)
        grant(connection, names["amina"], entry, asked=ASKED, now=world.now)
        grant(connection, names["chiara"], entry, asked=ASKED, now=world.now)
        withdraw(connection, names["chiara"], entry, asked=ASKED, now=Micros(world.now + 1))
        grant(connection, names["dev"], entry, [PURCHASES], asked=ASKED, now=world.now)
    world.now = Micros(world.now + 10)
    return names


def test_a_person_is_seen_as_far_as_she_allows(world: World, cast: dict[str, PersonId]) -> None:
    with world.database.transaction() as connection:
        amina = world.door(connection).one(cast["amina"], purpose=RECOMMENDATIONS)
        dev = world.door(connection).one(cast["dev"], purpose=RECOMMENDATIONS)
    assert amina.events.product.tolist() == [3, 4]
    assert amina.withheld == frozenset()
    assert dev.events.product.tolist() == [3]
    assert BROWSING in dev.withheld
    assert dev.used == {PURCHASES}


@pytest.mark.parametrize(("name", "reason"), [("bruno", "never-asked"), ("chiara", "withdrawn")])
def test_no_means_no(world: World, cast: dict[str, PersonId], name: str, reason: str) -> None:
    with world.database.transaction() as connection, pytest.raises(NoConsent) as refusal:
        world.door(connection).one(cast[name], purpose=RECOMMENDATIONS)
    assert refusal.value.reason == reason


def test_a_stranger_is_nobody(world: World, cast: dict[str, PersonId]) -> None:
    with world.database.transaction() as connection, pytest.raises(NoConsent, match="unknown-person"):
        world.door(connection).one(PersonId(max(cast.values()) + 999), purpose=FULFILMENT)


def test_consent_ends_by_itself_at_its_moment(world: World, cast: dict[str, PersonId]) -> None:
    days = world.register[RECOMMENDATIONS].consent_days
    assert days is not None
    granted = Micros(world.now - 10)
    with world.database.transaction() as connection:
        world.now = Micros(granted + days * DAY - 1)
        assert len(world.door(connection).one(cast["amina"], purpose=RECOMMENDATIONS).events) == 2
        world.now = Micros(granted + days * DAY)
        with pytest.raises(NoConsent) as refusal:
            world.door(connection).one(cast["amina"], purpose=RECOMMENDATIONS)
    assert refusal.value.reason == "expired"


def test_a_held_person_is_not_seen(world: World, cast: dict[str, PersonId]) -> None:
    with world.database.transaction() as connection:
        world.hold(connection, cast["amina"], held=True)
        with pytest.raises(NoConsent, match="held"):
            world.door(connection).one(cast["amina"], purpose=RECOMMENDATIONS)
        world.hold(connection, cast["amina"], held=False)
        assert len(world.door(connection).one(cast["amina"], purpose=RECOMMENDATIONS).events) == 2


def test_an_unregistered_purpose_opens_nothing(world: World, cast: dict[str, PersonId]) -> None:
    with world.database.transaction() as connection, pytest.raises(Exception, match="not a registered purpose"):
        world.door(connection).one(cast["amina"], purpose="curiosity")  # type: ignore[arg-type]


def test_every_reading_is_written_down_once_a_day_with_its_count(world: World, cast: dict[str, PersonId]) -> None:
    for _ in range(3):
        with world.database.transaction() as connection:
            world.door(connection).one(cast["dev"], purpose=RECOMMENDATIONS)
    with world.database.reading() as connection:
        (line,) = reads_of(connection, cast["dev"])
    assert (line.purpose, line.verb, line.times, line.categories) == (RECOMMENDATIONS, "one", 3, "purchases")


def test_a_refusal_reads_nothing_and_logs_nothing(world: World, cast: dict[str, PersonId]) -> None:
    with world.database.transaction() as connection, pytest.raises(NoConsent):
        world.door(connection).one(cast["bruno"], purpose=RECOMMENDATIONS)
    with world.database.reading() as connection:
        assert reads_of(connection, cast["bruno"]) == []


def test_each_gives_exactly_those_who_allow(world: World, cast: dict[str, PersonId]) -> None:
    with world.database.transaction() as connection:
        found = {view.person: view.used for view in world.door(connection).each(purpose=RECOMMENDATIONS)}
    assert set(found) == {cast["amina"], cast["dev"]}
    assert found[cast["dev"]] == {PURCHASES}


def test_a_total_about_too_few_people_is_refused(world: World, cast: dict[str, PersonId]) -> None:
    with world.database.transaction() as connection:
        grant(connection, cast["amina"], world.register[MEASUREMENT], asked=ASKED, now=world.now)
    with world.database.transaction() as connection, pytest.raises(TooFew, match="at least 10"):
        world.door(connection).total(SpentPerDay())


def test_statistics_count_everyone_but_those_who_object(world: World) -> None:
    with world.database.transaction() as connection:
        crowd = [world.somebody(connection) for _ in range(12)]
        for person in crowd:
            world.happens(connection, person, BOUGHT, FIRST, amount=250)
        refuse(connection, crowd[0], world.register[STATISTICS], asked=ASKED, now=world.now)
    with world.database.transaction() as connection:
        total = world.door(connection).total(SpentPerDay(purpose=STATISTICS))
    assert total.people == 11
    assert total.sums.array("cents").sum() == 11 * 250


def test_a_contribution_may_not_want_more_than_its_purpose_lists(world: World, cast: dict[str, PersonId]) -> None:
    greedy = Mixed(purpose=MEASUREMENT)
    with world.database.transaction() as connection, pytest.raises(BadInput, match="browsing"):
        world.door(connection).total(greedy)


def test_a_purpose_past_its_expiry_day_is_off(world: World, cast: dict[str, PersonId]) -> None:
    world.now = Micros(world.now + 365 * 10 * DAY)
    with world.database.transaction() as connection:
        with pytest.raises(NoConsent, match="purpose-expired"):
            world.door(connection).one(cast["amina"], purpose=RECOMMENDATIONS)
        assert world.door(connection).total(Mixed()).people == 0
