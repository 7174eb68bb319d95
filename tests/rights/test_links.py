"""Links in letters only ever make the shop do less: whoever presses them, how often, and in which order (I14)."""

from io import StringIO
from itertools import count, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient
from sqlalchemy import text
from tests.small_shop import ASKED

from goodwill import people
from goodwill.access.wishes import wishes_of
from goodwill.app import create_shop
from goodwill.basics.errors import LeftAlone, NotFound
from goodwill.consent import Asked
from goodwill.purposes import EMAIL_MARKETING, RECOMMENDATIONS
from goodwill.rights.ratchet import Less
from goodwill.shop import Who
from goodwill.web.application import application
from goodwill.web.logs import log_to

FRESH = count(100)
PURPOSES = (EMAIL_MARKETING, RECOMMENDATIONS)


@pytest.fixture
def shop(database, tmp_path, clock):
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(tmp_path / "home", clock=clock, database=where, columns="database")
    yield made
    made.close()


@pytest.fixture
def client(shop):
    with TestClient(application(shop, log=log_to(StringIO()))) as opened:
        yield opened


def somebody(shop, name="amina"):
    with shop.database.transaction() as connection:
        person = people.identify(connection, shop.cipher, {"user_id": name}, now=shop.clock())
    for purpose in PURPOSES:
        shop.grant(name, purpose, asked=ASKED)
    return person


def links(shop, person):
    """Every link that there is."""
    made = [shop.links.to(person, Less.WITHDRAW, purpose) for purpose in PURPOSES]
    made += [shop.links.to(person, less) for less in (Less.PAUSE, Less.FEWER)]
    return [link.removeprefix(shop.settings.reached_at) for link in made]


def standing(shop, person):
    """What somebody allows, and how she wants to be written to."""
    with shop.database.reading() as connection:
        wishes = wishes_of(connection, shop.cipher, person)
    return tuple(shop.can(Who(id=person), purpose).allowed for purpose in PURPOSES), wishes


def rows(shop):
    with shop.database.reading() as connection:
        return connection.execute(text("SELECT count(*) FROM consent_rows")).scalar_one()


def test_looking_changes_nothing_and_pressing_does(shop, client):
    amina = somebody(shop)
    before = standing(shop, amina)
    for link in links(shop, amina):
        for _ in range(2):
            page = client.get(link)
            assert (page.status_code, "<form" in page.text) == (200, True)
            assert client.head(link).status_code == 200
    assert standing(shop, amina) == before
    for link in links(shop, amina):
        assert client.post(link).status_code == 200
    allowed, wishes = standing(shop, amina)
    assert allowed == (False, False)
    assert wishes.less_often
    assert wishes.paused(shop.centre.today)


def test_a_mail_programs_own_button_works_in_either_form_without_cookies_or_being_led_elsewhere(shop, client):
    for name, body in (
        ("amina", {"data": {"List-Unsubscribe": "One-Click"}}),
        ("bruno", {"files": {"List-Unsubscribe": (None, "One-Click")}}),
    ):
        person = somebody(shop, name)
        answer = client.post(links(shop, person)[0], follow_redirects=False, **body)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert not shop.can(Who(id=person), EMAIL_MARKETING).allowed
        assert shop.can(Who(id=person), RECOMMENDATIONS).allowed  # that list, and nothing else


def test_any_order_comes_to_the_same(shop, client):
    ends = set()
    for n, order in enumerate(permutations(range(4))):
        person = somebody(shop, f"p{n}")
        made = links(shop, person)
        for place in order:
            client.post(made[place])
        ends.add(standing(shop, person))
    assert len(ends) == 1


def test_pressed_again_it_adds_nothing(shop, client):
    amina = somebody(shop)
    for link in links(shop, amina):
        client.post(link)
    before, end = rows(shop), standing(shop, amina)
    for link in links(shop, amina):
        client.post(link)
    assert (rows(shop), standing(shop, amina)) == (before, end)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["GET", "HEAD", "POST"]), st.integers(0, 3)), max_size=8))
def test_whatever_bots_do_nobody_allows_more_than_before(shop, client, visits):
    amina = somebody(shop, f"p{next(FRESH)}")
    made, before = links(shop, amina), standing(shop, amina)
    for method, place in visits:
        client.request(method, made[place])
        after = standing(shop, amina)
        assert all(now <= then for now, then in zip(after[0], before[0], strict=True))
        if method != "POST":
            assert after == before
        before = after
    pressed = {place for method, place in visits if method == "POST"}
    assert before[0] == (not pressed & {0, 2}, 1 not in pressed)  # a pause stops letters too


def test_after_a_link_stopped_news_nobody_elses_word_starts_them_again(shop, client):
    person = somebody(shop)
    with shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"user_id": "amina", "email": "amina@example.org"}, now=shop.clock())
    link = shop.links.to(person, Less.WITHDRAW, EMAIL_MARKETING).removeprefix(shop.settings.reached_at)
    assert client.post(link).status_code == 200
    with pytest.raises(LeftAlone):
        shop.grant("amina", EMAIL_MARKETING, asked=Asked(how="till"))
    assert not shop.can("amina", EMAIL_MARKETING).allowed


def test_a_link_names_nobody_and_opens_nothing_once_a_letter_of_it_is_changed(shop, client):
    amina = somebody(shop)
    link = links(shop, amina)[0]
    token = link.removeprefix("/u/")
    assert EMAIL_MARKETING not in token
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        changed = client.post(f"/u/{token[:place]}{other}{token[place + 1 :]}")
        assert changed.status_code == 404
    for odd in ("x", "A" * 500, "%00", "ü"):
        assert client.post(f"/u/{odd}").status_code == 404
        assert client.get(f"/u/{odd}").status_code == 404
    assert shop.can(Who(id=amina), EMAIL_MARKETING).allowed


def test_a_link_of_somebody_who_was_merged_is_obeyed_for_the_one_she_is_now(shop, client):
    amina, other = somebody(shop), somebody(shop, "amina2")
    link = links(shop, other)[0]
    shop.identity.merge("amina", "amina2")
    client.post(link)
    assert not shop.can(Who(id=amina), EMAIL_MARKETING).allowed


def test_the_page_speaks_the_readers_language(shop, client):
    link = links(shop, somebody(shop))[0]
    assert "Stop these letters" in client.get(link).text
    assert "Diese Briefe beenden" in client.get(link, headers={"Accept-Language": "de-CH,de;q=0.9"}).text


def test_there_is_no_link_for_what_is_no_purpose(shop):
    with pytest.raises(NotFound, match="not a registered purpose"):
        shop.links.to(somebody(shop), Less.WITHDRAW, "nonsense")
