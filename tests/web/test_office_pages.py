"""The office's home, people, consent and figures: who sees what, that it is true, and that each look is noted."""

import json
import re
import time
from datetime import date
from html import unescape
from threading import Event

import pytest
from litestar.testing import TestClient
from tests.conftest import FakeClock
from tests.small_shop import ASKED, bakery
from tests.staff.working import cheaply, hired
from tests.web.test_staff_pages import HOST, Browser

from goodwill import people
from goodwill.access import SignedIn
from goodwill.app import create_shop
from goodwill.basics.clock import Day
from goodwill.basics.money import digits_of
from goodwill.basics.words import about, quantity
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked
from goodwill.decide.plan import Slot
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.estimate import Estimate
from goodwill.measure.figure import Coverage, Figure, Grade, Reproduce
from goodwill.measure.offpolicy import Estimate as Of
from goodwill.measure.offpolicy import Evaluation
from goodwill.purposes import Category
from goodwill.shop import Who
from goodwill.shop.measures.returning import Extra, extra
from goodwill.shop.other_ways import Judged
from goodwill.simulate.world import Knobs, draw, live
from goodwill.simulate.world.fill import fill
from goodwill.storage import audit
from goodwill.web.application import application
from goodwill.web.charts import PATIENCE, Pictures, form_of
from goodwill.web.drawn import drawn
from goodwill.web.office_home import income_of
from goodwill.web.rooms import ROOMS

ROLES = ("owner", "developer", "privacy-officer", "marketer", "reviewer", "analyst", "read-only")
PLAIN = [room.path for room in ROOMS]
MAY_LOOK = {"owner", "privacy-officer", "marketer", "read-only"}
MAY_MEASURE = {"owner", "privacy-officer", "marketer", "reviewer", "analyst", "read-only"}
KNOBS = Knobs(people=360, start=date(2026, 2, 16))


class House:
    """A shop of invented people with the cast among them, and its staff."""

    def __init__(self, shop, client, clock):
        self.shop, self.client, self.clock = shop, client, clock
        self.staff = {role: hired(shop, role) for role in ROLES}
        asked = Asked(how="test", notice="banner@1#aa", words="May we?", confirmed_at="2026-11-20T09:00:00Z")
        self._browsers: dict[str, Browser] = {}
        with shop.database.transaction() as connection:
            catalogue.upsert_many(connection, [Product("bread")])
            for name in ("amina", "bruno", "chiara"):
                ids = {"user_id": name, "email": f"{name}@example.org"}
                person = people.identify(connection, shop.cipher, ids, now=clock())
                fields = {"first_name": (Category("contact"), name.capitalize())}
                people.profile.set_profile(connection, shop.cipher, person, fields, now=clock())
        for entry in shop.register.asked():
            shop.grant(Who(user_id="amina"), entry.name, asked=asked)
            shop.grant(Who(user_id="chiara"), entry.name, asked=asked)
            shop.grant(Who(user_id="chiara"), entry.name, asked=asked, yes=False)
        self.number = {name: int(shop.known(Who(user_id=name))) for name in ("amina", "bruno", "chiara")}

    def browser(self, role):
        """Somebody at work, who stays signed in: too many sign-ins from one place are refused."""
        if role not in self._browsers:
            self._browsers[role] = self.fresh(role)
        return self._browsers[role]

    def fresh(self, role):
        return Browser(self.client).signed_in(self.staff[role])


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def house(request, tmp_path_factory):
    if request.param == "postgresql":
        with request.getfixturevalue("postgresql").database() as where:
            yield from _open(tmp_path_factory, where)
    else:
        yield from _open(tmp_path_factory, "")


def _open(tmp_path_factory, where):
    clock, folder = FakeClock(1_795_338_000_000_000), tmp_path_factory.mktemp("pages") / "home"
    shop = cheaply(create_shop(folder, clock=clock, base_url=HOST, columns="database", database=where))
    fill(shop.database, shop.tools, live(draw(KNOBS, 5)))
    with TestClient(application(shop), base_url=HOST) as client:
        house = House(shop, client, clock)
        _ask_before_anybody_objects(shop)
        yield house
    shop.close()


def _ask_before_anybody_objects(shop):
    """What is first asked of a period after one word has changed is withheld; what was told before stays."""
    for name, options in (("retention", {"window": "28"}), ("cohorts", {}), ("repeat-purchase", {})):
        assert shop.measures.answer(name, **options).headline.value is not None


def whole(browser, path):
    """A page, waited for while it is worked out."""
    for _ in range(240):
        answer = browser.get(path)
        if "refresh" not in answer.headers:
            return answer
        time.sleep(0.25)
    raise AssertionError(f"{path} is never done")


# ---- who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_the_pages_that_lead_there_and_is_told_why_not_the_others(house, role):
    browser = house.browser(role)
    home = browser.get("/").text
    for room in ROOMS:
        leads = f'href="{room.path}" data-key="{room.key}"' in home
        status = whole(browser, room.path).status_code
        assert (leads, status) == ((True, 200) if leads else (False, 403)), room.path
    assert ("/office/people" in home) == (role in MAY_LOOK)
    assert ("/office/measures" in home) == (role in MAY_MEASURE)


def test_whoever_is_not_signed_in_sees_what_runs_here_and_nothing_of_the_shop(house):
    stranger = Browser(house.client)
    text = stranger.get("/").text
    assert "Nothing about any customer is shown without a key" in text
    assert "You may e-mail" not in text
    for path in PLAIN[1:]:
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in")


def test_a_stale_session_sees_the_public_home(house):
    old = house.fresh("owner")
    assert "You may e-mail" in old.get("/").text
    house.shop.staff.sign_out(old.cookies["__Host-goodwill"])
    assert "You may e-mail" not in old.get("/").text


# ---- the frame -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PLAIN, "/office/keys", "/office/measures/repeat-purchase"])
def test_every_page_has_the_frame_and_lets_nothing_run_but_our_own(house, path):
    answer = whole(house.browser("owner"), path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    text = answer.text
    assert len(answer.content) < 60_000  # with both style sheets and the script it stays below 100 kB
    assert text.index('class="skip" href="#main"') < text.index("<header>") < text.index('<main id="main"')
    assert len(re.findall("<h1>", text)) == 1
    assert not re.search(r' (style|on[a-z]+)="', text)
    assert re.findall(r'<script[^>]*src="([^"]+)"', text) == ["/assets/office.js"]
    assert len(re.findall("<script", text)) == 1
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    if path != "/":
        assert '<nav class="crumbs"' in text


def test_the_keys_stand_on_a_page_for_whoever_runs_no_script(house):
    text = house.browser("owner").get("/office/keys").text
    for room in ROOMS:
        assert f"<kbd>g</kbd> <kbd>{room.key}</kbd></dt><dd>{room.words}</dd>" in text
    assert len({room.key for room in ROOMS}) == len(ROOMS)


# ---- home ------------------------------------------------------------------------------------------------------------


@pytest.mark.both
def test_the_home_tells_the_four_numbers_as_the_shop_knows_them(house):
    text = house.browser("owner").get("/").text
    contact = house.shop.may_contact()
    assert f"You may e-mail <strong>{contact.yes:,} of {contact.of:,}</strong> people" in text
    assert "You sent <strong>0</strong> letters" in text
    assert '<strong class="words">not measured</strong>' in text
    assert "Nobody is left out, so nothing can tell" in text
    assert "Customers sent <strong>0</strong> complaints" in text
    for what in ("Files", "Mail", "Webhooks"):
        assert f"<dt>{what}</dt>" in text


def test_who_may_see_nobody_is_told_tens_so_that_no_withdrawal_shows(house):
    text = house.browser("analyst").get("/").text
    told = house.shop.may_contact()
    assert f"{about(told.yes)} of {about(told.of)}" in text
    assert "Why not the others" not in text
    assert "Why not the others" in house.browser("owner").get("/").text or not told.why_not


HUNDRED = Coverage(100, 120, "the others said no")
SINCE, UNTIL = Day(20703), Day(20779)


def figure(name, value, low, high, *, unit="EUR"):
    return Figure(
        name=name, value=value, low=low, high=high, unit=unit, n=100, coverage=HUNDRED, grade=Grade.A, method="by lot",
        reproduce=Reproduce.by("shop.measure"), refused="" if value is not None else "Too early: look again.",
    )  # fmt: skip


def brought(low, high, often, early=""):
    """What people brought more whom it was for."""
    return Extra(SINCE, UNTIL, Estimate(value=(low + high) / 2, low=low, high=high, n=100), often, early)


def test_extra_income_that_may_be_nothing_is_no_number_on_the_home_but_a_range_with_its_days():
    told = income_of(brought(-100, 2_300, (-500, 2_700)), "EUR")
    assert (told.value, told.words) == ("", "too early to say")
    assert "etween -100.00 EUR and 2,300.00 EUR, from 2026-09-07 to 2026-11-22" in told.why
    assert "may as well be nothing" in told.why


@pytest.mark.parametrize(
    ("often", "early", "value", "words", "why"),
    [
        ((-200, 2_600), "", "", "too early to say", "For who looks again and again it may as well be nothing."),
        (None, "Too early: 57 customers of an arm bought so far.", "", "too early to say", "57 customers of an arm"),
        ((100, 2_300), "", "1,200.00 EUR", "", "Its cost is not taken off."),
    ],
    ids=["unclear for who looks often", "too few bought", "clear for who looks often"],
)
def test_extra_income_is_a_number_only_where_it_is_clear_for_who_looks_again_and_again(often, early, value, words, why):
    told = income_of(brought(200, 2_200, often, early), "EUR")
    assert (told.value, told.words) == (value, words)
    assert "etween 200.00 EUR and 2,200.00 EUR, from 2026-09-07 to 2026-11-22" in told.why
    assert why in told.why


def test_the_home_tells_what_the_measure_of_those_left_out_tells(tmp_path):
    clock = FakeClock(1_773_000_000_000_000)  # 2026-03-08
    shop = create_shop(tmp_path / "home", clock=clock, columns="database", margin=40)
    shop.planning.hold_out(30)
    fill(shop.database, shop.tools, live(draw(KNOBS, 5)))
    clock.turn(seconds=120 * 86_400)
    answer, currency = shop.measures.answer("holdout"), shop.settings.currency
    told = income_of(extra(shop, shop.measures.period(), 40), currency)
    shop.close()
    together = next(one for one in answer.others if one.name.endswith("of all of them"))
    low, high = (quantity(end, together.unit, together.unit) for end in together.interval)
    assert told.why.startswith(f"Between {low} and {high}, from 2026-03-09 to 2026-07-05")


def test_a_clear_loss_is_told_on_the_home_as_a_loss():
    told = income_of(brought(-2_200, -200, (-2_300, -100)), "EUR", "did not")
    assert told.value == "-1,200.00 EUR"
    assert told.why.endswith("With its cost taken off, the report says: did not.")


def test_an_objection_is_a_complaint_of_this_month_and_stands_on_the_home(house):
    house.shop.rights.open("object", address="amina@example.org")
    assert "Customers sent <strong>1</strong> complaint" in house.browser("owner").get("/").text


def test_what_needs_somebody_is_shown_to_whoever_may_mend_it(house):
    words = "nobody of the shop stands for them yet"
    assert words in house.browser("owner").get("/").text
    assert words not in house.browser("developer").get("/").text


def test_the_start_list_ticks_itself(house):
    text = house.browser("owner").get("/").text
    steps = re.findall(r"<li( class=\"done\")?>.*?(Bring your shop in|Say whom|Stand for|Let it learn)", text)
    assert {words: bool(done) for done, words in steps} == {
        "Bring your shop in": True, "Say whom": True, "Stand for": False, "Let it learn": False,
    }  # fmt: skip


# ---- people ----------------------------------------------------------------------------------------------------------


def test_the_list_masks_names_and_addresses_and_says_who_may_be_written_to(house):
    text = house.browser("marketer").get("/office/people").text
    assert "amina · A…" in text
    assert "a…@e….org" in text
    assert "amina@example.org" not in text
    assert "Amina" not in text
    row = re.search(r"<tr><th[^>]*><a[^>]*>amina.*?</tr>", text)[0]
    assert '<span class="may yes">May be e-mailed</span>' in row
    row = re.search(r"<tr><th[^>]*><a[^>]*>chiara.*?</tr>", text)[0]
    assert '<span class="may no">No: took the yes back</span>' in row
    row = re.search(r"<tr><th[^>]*><a[^>]*>bruno.*?</tr>", text)[0]
    assert '<span class="may no">No: was never asked</span>' in row


@pytest.mark.both
def test_the_list_is_gone_through_by_pages_and_nobody_is_missed_or_shown_twice(house):
    browser, path, seen = house.browser("owner"), "/office/people", []
    while path:
        text = browser.get(path).text
        seen += re.findall(r'<a href="/office/people/(\d+)">', text)
        found = re.search(r'<a href="([^"]+)" rel="next">', text)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == house.shop.may_contact().of


def looked(browser, path):
    """A page, once pairs are not being looked for any more."""
    for _ in range(240):
        if "are being looked for" not in (text := browser.get(path).text):
            return text
        time.sleep(0.05)
    raise AssertionError("pairs are never found")


def known_twice(house, address):
    """The numbers of somebody who has shown twice that an address is hers."""
    with house.shop.database.transaction() as connection:
        return [
            int(people.identify(connection, house.shop.cipher, ids, now=house.clock(), verified=True))
            for ids in ({"user_id": address}, {"email": address})
        ]


@pytest.mark.both
def test_two_numbers_that_showed_the_same_address_stand_below_the_list_until_they_are_one(house):
    browser, nobody = house.browser("owner"), "No two people have shown that the same id is theirs."
    assert nobody in looked(browser, "/office/people")
    (gino, also_gino), (pia, also_pia) = (known_twice(house, f"{name}@example.org") for name in ("gino", "pia"))
    house.shop.identity.merge(Who(id=pia), Who(id=also_pia))  # which lets it be looked again within the hour
    text = looked(browser, "/office/people")
    assert f'href="/office/people/{gino}">id:{gino}</a> and' in text
    assert f"<code>goodwill people merge id:{gino} id:{also_gino}</code>" in text
    assert "Both have shown that the same e-mail address is theirs" in text
    assert "gino@example.org" not in text
    assert text.count("<code>goodwill people merge") == 1
    for role in ("marketer", "read-only"):
        assert "Probably one person" not in house.browser(role).get("/office/people").text
    house.shop.identity.merge(Who(id=gino), Who(id=also_gino))
    assert nobody in looked(browser, "/office/people")


@pytest.mark.both
def test_a_filter_stands_in_the_address_and_holds_over_the_pages(house):
    text = house.browser("owner").get("/office/people?may=withdrawn").text
    assert "chiara" in text
    assert "amina" not in text
    assert "May be e-mailed" not in text


def test_an_address_that_is_looked_for_never_stands_in_one_of_ours(house):
    browser = house.browser("owner")
    browser.get("/office/people")
    for who in ("amina@example.org", "amina", f"id:{house.number['amina']}"):
        answer = browser.post("/office/people/find", who=who)
        assert answer.headers["location"] == f"/office/people/{house.number['amina']}"
    missed = browser.post("/office/people/find", who="nobody@example.org")
    assert missed.status_code == 404
    assert "Nobody is known as" in missed.text
    assert browser.post("/office/people/find", who=" ").status_code == 404
    assert browser.post("/office/people/find", form="0" * 64, who="amina").status_code == 403


@pytest.mark.both
def test_that_staff_looked_stands_in_each_persons_own_copy(house):
    browser = house.browser("read-only")
    browser.get("/office/people?may=withdrawn")
    browser.get(f"/office/people/{house.number['chiara']}")
    reads = house.shop.own(SignedIn(house.number["chiara"], "test")).reads
    noted = {read.purpose for read in reads}
    assert "own copy, staff, read-only, list, masked" in noted
    assert "own copy, staff, read-only, masked" in noted


def test_a_life_shows_what_she_said_with_receipts_and_masks_who_she_is(house):
    text = house.browser("owner").get(f"/office/people/{house.number['amina']}").text
    assert "amina@example.org" not in text
    assert "Amina" not in text
    assert "Yes: email-marketing, contact" in text
    assert "notice banner@1#aa" in text
    assert "evidence: claimed" in text
    receipt = re.search(r'href="(/api/v1/people/amina/receipts/\d+)"', text)[1]
    assert house.browser("owner").get(receipt).status_code == 200
    assert "<td>A…</td>" in text
    assert "told to the shop" in text


def buyer(shop):
    """Somebody of the world who bought, and may be told by an id."""
    for n in range(KNOBS.people):
        name = f"w{n:06d}"
        own = shop.own(SignedIn(shop.known(Who(user_id=name)), "test"))
        kinds = {one.category for one in own.events}
        if "purchases" in kinds and "engagement" in kinds:
            return name, own
    raise AssertionError("nobody bought")


@pytest.mark.both
def test_a_life_shows_only_what_she_allows_or_her_contract_needs_and_counts_the_rest(house):
    name, own = buyer(house.shop)
    asked = Asked(how="test")
    for entry in house.shop.register.asked():
        house.shop.grant(Who(user_id=name), entry.name, asked=asked, yes=False)
    path = f"/office/people/{int(own.person)}"
    text = house.browser("marketer").get(path).text
    engaged = sum(one.category == "engagement" for one in own.events)
    assert f"{engaged:,} of engagement" in text
    assert "Was written to" not in text
    assert re.search("Ordered|Bought", text)


def test_the_moments_of_a_life_are_chosen_by_their_kinds(house):
    text = house.browser("owner").get(f"/office/people/{house.number['amina']}?consent=1").text
    assert re.findall(r'<li class="(\w+)"><time>', text)
    assert set(re.findall(r'<li class="(\w+)"><time>', text)) == {"consent"}
    none = house.browser("owner").get(f"/office/people/{house.number['bruno']}?orders=1").text
    assert "Nothing yet of these kinds" in none


def test_a_held_person_is_shown_with_what_she_said_alone(house):
    name, own = buyer(house.shop)
    house.shop.identity.restrict(Who(user_id=name))
    try:
        text = house.browser("owner").get(f"/office/people/{int(own.person)}").text
        assert "She counts in nothing for now" in text
        assert set(re.findall(r'<li class="(\w+)"><time>', text)) <= {"consent"}
    finally:
        house.shop.identity.lift(Who(user_id=name))


def test_a_look_in_clear_takes_a_reason_a_role_and_a_fresh_code_and_is_entered(house):
    path, why = f"/office/people/{house.number['amina']}", "she asked on the phone where it is"
    owner = house.fresh("owner")
    owner.get(path)
    assert owner.post(f"{path}/reveal", reason="short").status_code == 422
    clear = owner.post(f"{path}/reveal", reason=why)
    assert clear.status_code == 200
    assert "amina@example.org" in clear.text
    with house.shop.database.reading() as connection:
        lines = audit.lines(connection, person=house.number["amina"])
    assert [line.reason for line in lines if line.action == "person.reveal" and line.outcome == audit.DONE] == [why]
    marketer = house.browser("marketer")
    marketer.get(path)
    assert marketer.post(f"{path}/reveal", reason=why).status_code == 403
    house.clock.turn(seconds=660)
    owner.get(path)
    assert owner.post(f"{path}/reveal", reason=why).headers["location"] == "/staff/code"


@pytest.mark.parametrize("number", ["0", "999999", "amina", "1" * 40])
def test_a_number_that_nobody_has_is_not_found(house, number):
    answer = house.browser("owner").get(f"/office/people/{number}")
    assert answer.status_code == 404
    assert "<h1>" in answer.text


# ---- consent ---------------------------------------------------------------------------------------------------------


def test_consent_is_told_of_ten_or_more_and_never_of_fewer(house):
    text = whole(house.browser("reviewer"), "/office/consent").text
    assert "How consent stands" in text
    assert re.search(r"<th scope=\"row\">banner@1</th>.*?fewer than 10", text)
    for number in re.findall(r"<td class=\"number\">(\d+)</td>", text):
        assert int(number) == 0 or int(number) >= 10


# ---- figures ---------------------------------------------------------------------------------------------------------


def test_a_figure_is_shown_as_it_was_told_with_its_range_people_grade_and_query(house):
    text = whole(house.browser("analyst"), "/office/measures/retention?window=28").text
    told = house.shop.measures.answer("retention", window="28")
    head = told.headline
    assert f'<p class="big">{100 * head.value:.1f} %</p>' in text
    assert f"{100 * head.low:.1f} % to {100 * head.high:.1f} %" in text
    assert f"{head.coverage.counted} of {head.coverage.exist} people" in text
    assert f'<span class="grade">{head.grade.name}</span>' in text
    assert told.query in text
    assert "--window 28" in told.query
    listed = house.browser("analyst").get("/office/measures").text
    assert "repeat-purchase" in listed


def test_a_figure_comes_as_a_file_with_the_same_numbers(house):
    browser = house.browser("analyst")
    told = house.shop.measures.answer("cohorts")
    path = "/office/measures/cohorts/download?format="
    assert json.loads(browser.get(f"{path}json").content) == json.loads(json.dumps(told.to_dict()))
    figures = browser.get(f"{path}csv")
    assert figures.headers["content-disposition"] == 'attachment; filename="cohorts.csv"'
    lines = figures.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2 + len(told.others)
    table = browser.get(f"{path}csv&table=0").content.decode("utf-8-sig").splitlines()
    assert len(table) == 1 + len(told.tables[0].rows)
    assert browser.get(f"{path}csv&table=9").status_code == 422
    assert house.browser("developer").get(f"{path}json").status_code == 403


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ("repeat-purchase?windw=3", 422, "Did you mean"),
        ("repeat-purchase?window=none", 422, "7, 28, 91"),
        ("repeat-purchase?at=2031-01-01", 422, "has not come"),
        ("repat-purchase", 404, "Did you mean"),
        ("before-after?since=soon", 422, "such as 2026-11-22"),
        ("before-after?since=2026-09-07&treated=category%3DNothing", 404, "There is no category"),
        ("before-after", 200, "the day on which it began"),
        ("targeting", 200, "Nobody is left out by chance"),
    ],
)
def test_what_a_figure_cannot_be_asked_is_said_in_words(house, asked, status, words):
    answer = whole(house.browser("owner"), f"/office/measures/{asked}")
    assert answer.status_code == status
    assert words in answer.text


@pytest.mark.both
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/office/measures/holdout", "Nobody is left out"), ("/office/measures/roi", "No margin is known"),
        ("/office/return", "Nobody is left out"),
    ],
)  # fmt: skip
def test_a_refused_figure_is_worked_out_once_until_something_moves(house, path, words, monkeypatch):
    worked, browser = [], house.browser("owner")
    for owner, name in ((type(house.shop.measures), "answer"), (type(house.shop.reporting), "report")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, _real=real, **b: (worked.append(path), _real(*a, **b))[1])
    house.shop.planning.hold_out(5)
    house.shop.planning.hold_out(0)
    assert words in whole(browser, path).text
    begun = len(worked)
    assert begun > 0
    for _ in range(3):
        assert words in browser.get(path).text
    assert len(worked) == begun
    house.shop.planning.hold_out(10)
    whole(browser, path)
    house.shop.planning.hold_out(0)
    assert len(worked) > begun


def test_what_is_judged_on_the_shop_as_it_is_has_its_pages_for_whoever_may_see_it(house):
    listed = house.browser("analyst").get("/office/measures").text
    for name in ("minimisation", "offpolicy"):
        assert f'href="/office/measures/{name}"' in listed
    assert "/office/measures/offpolicy" not in house.browser("read-only").get("/office/measures").text
    assert house.browser("read-only").get("/office/measures/offpolicy").status_code == 403
    assert house.browser("developer").get("/office/measures/minimisation").status_code == 403


def test_how_much_data_is_needed_is_told_as_the_command_line_tells_it_and_once_for_everybody(database, tmp_path):
    clock = FakeClock(1_795_338_000_000_000)
    shop = cheaply(bakery(database, tmp_path, clock, base_url=HOST).shop)
    found = shop.minimisation().found
    staff = hired(shop, "analyst")
    with TestClient(application(shop), base_url=HOST) as client:
        browser = Browser(client).signed_in(staff)
        text = whole(browser, "/office/measures/minimisation").text
        assert f"{found.people:,} people who allow" in text
        for line in (found.without_inference, *found.inference, *found.training):
            assert f'<td class="number">{100 * line.share:.1f} %</td>' in text
            assert f'<th scope="row">{line.what}</th>' in text
            assert f'<td class="number">{100 * (1 + line.everyone.relative):.1f} %</td>' in text
        shop.grant("c1", "model-improvement", asked=ASKED, yes=False)
        assert shop.minimisation().found.people == found.people - 1
        assert f"{found.people:,} people who allow" in browser.get("/office/measures/minimisation").text
        strange = browser.get("/office/measures/minimisation?at=2026-01-01")
        assert (strange.status_code, "no option &#39;at&#39;" in strange.text) == (422, True)
    shop.close()


def test_another_way_of_drawing_is_told_in_money_with_its_ranges(house, monkeypatch):
    one = Of(value=1.5, error=0.1, low=1.3, high=1.75)
    found = Evaluation(one, one, one, 300, 250.0, 120.0, 0.01, 1.002)
    judged = Judged("deals", "uniform", found, 1.25, 120, 4, 1_000, 20_000, 20_090)
    monkeypatch.setattr(type(house.shop), "other_way", lambda *_, **__: judged)
    text = whole(house.browser("owner"), "/office/measures/offpolicy?slot=deals").text
    one = 10 ** digits_of(house.shop.settings.currency)
    for value in (1.5, 1.3, 1.75, 1.25):
        assert quantity(1_000 * value / one, house.shop.settings.currency, house.shop.settings.currency) in text
    assert "300 decisions of 120 people" in text
    assert "fewer than 10 people who do not allow it" in text
    assert "--slot deals --target uniform --days 90" in text


def test_another_way_of_drawing_is_asked_for_in_a_form_and_refused_in_words(house):
    browser = house.browser("analyst")
    assert "No slot draws content or offers yet" in browser.get("/office/measures/offpolicy").text
    assert "There is no slot" in whole(browser, "/office/measures/offpolicy?slot=sales").text
    house.shop.planning.set_slot("sales", Slot(kind="offers", count=1))
    assert '<option value="sales"' in browser.get("/office/measures/offpolicy").text
    told = whole(browser, "/office/measures/offpolicy?slot=sales&target=floor%3D50&days=30").text
    assert "floor=50, in slot sales" in told
    assert "No figure: " in told
    assert "goodwill measure offpolicy --slot sales --target floor=50 --days 30" in told
    for wrong in ("target=worst", "days=0", "days=all"):
        answer = whole(browser, f"/office/measures/offpolicy?slot=sales&{wrong}")
        assert answer.status_code == 422
        assert "There are: uniform" in answer.text or "Look at 1 to 730 days" in answer.text


def test_the_return_report_is_the_same_on_the_page_and_on_paper(house):
    browser = house.browser("owner")
    text = whole(browser, "/office/return").text
    report = house.shop.report()
    assert report.sentence.replace("'", "&#39;") in text
    assert report.query in text
    paper = whole(browser, "/office/return/paper")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.headers["content-disposition"] == f'attachment; filename="return-{report.until}.pdf"'
    assert paper.content.startswith(b"%PDF")


def test_experiments_show_their_question_arms_and_where_they_stand(house):
    house.shop.planning.hold_out(10)
    text = house.browser("analyst").get("/office/experiments").text
    assert "10 % of all people get what everyone gets" in text
    house.shop.planning.hold_out(0)
    assert "Nobody is left out" in house.browser("analyst").get("/office/experiments").text


# ---- pictures --------------------------------------------------------------------------------------------------------


def test_a_picture_is_one_image_with_a_name_in_the_colours_of_the_page(house):
    pictures = Pictures()
    try:
        from goodwill.web.charts import intervals

        spec = intervals([{"y": "<b>", "x": 1, "l": 0, "h": 2}], y="y", x="x", low="l", high="h")
        svg, missing = pictures.of(spec, name="one", title="A <title>", says="It says.", patience=60)
    finally:
        pictures.close()
    assert missing == ""
    assert svg.startswith('<svg class="chart" role="img" aria-labelledby="one-title one-says"')
    assert '<title id="one-title">A &lt;title&gt;</title>' in svg
    assert "var(--leaf)" in svg
    assert "<b>" not in svg
    assert not re.search(r"#0[1-6]0[1-6]0[1-6]|style=|<script|http(?!://www.w3.org)", svg)


def pictured(answer):
    """The pictures of an answer, by their names, drawn; the words on each picture too."""
    pictures = Pictures()
    pictures.warm()
    try:
        for _ in range(400):
            charts = list(drawn(answer, pictures, "EUR"))
            if not any("being drawn" in one.missing for one in charts):
                break
            time.sleep(0.05)
    finally:
        pictures.close()
    return {one.name: (one.picture, re.findall(r">([^<>]+)</t(?:ext|span)>", one.picture)) for one in charts}


def test_no_number_of_an_axis_stands_in_powers_of_ten():
    answer = Answer(
        figure("large", 380_379.0, 361_999.0, 400_012.0), (figure("lost", -55.0, -143.0, 33.0, unit="dollars"),)
    )
    charts = pictured(answer)
    words = [word for _, words in charts.values() for word in words]
    assert {"370,000", "−100"} <= set(words)
    assert not [word for word in words if re.search(r"\de[+−]?\d", word)]


@pytest.mark.parametrize(
    ("ends", "share", "form"),
    [
        ((-619, 15_216), False, ",.0~f"), ((0.2, 0.9), False, ",.1~f"), ((11_000, 11_003), False, ",.1~f"),
        ((0, 5e7), False, "~s"), ((0, 1), True, ",.0~%"), ((0, 0.02), True, ",.1~%"), ((0, 0), False, ",.0~f"),
    ],
)  # fmt: skip
def test_the_numbers_of_a_scale_are_as_fine_as_its_steps(ends, share, form):
    assert form_of(ends, share=share) == form


def test_figures_that_are_fifty_times_apart_have_scales_of_their_own():
    one, all_of_them = figure("of one", 11.5, -1.0, 24.0), figure("of all", 7_298.0, -619.0, 15_216.0)
    _, words = pictured(Answer(one, (all_of_them,)))["figures-0"]
    assert {"10", "20", "10,000"} <= set(words)
    near = pictured(Answer(one, (figure("of a few", 98.0, -8.0, 205.0),)))["figures-0"][1]
    assert "100" in near
    assert "10" not in near


def test_all_pictures_of_a_page_wait_no_longer_than_one():
    go = Event()
    pictures = Pictures(lambda spec: str(go.wait(10)))
    answer = Answer(figure("one", 1.0, 0.0, 2.0), tuple(figure("one", 1.0, 0.0, 2.0, unit=f"u{n}") for n in range(9)))
    begins = time.monotonic()
    charts = list(drawn(answer, pictures, "EUR"))
    took = time.monotonic() - begins
    go.set()
    pictures.close()
    assert len(charts) == 10
    assert all("being drawn" in one.missing for one in charts)
    assert took < 8 * PATIENCE, "ten that wait one after the other take ten times as long"


def test_names_of_different_things_have_no_common_colour_and_their_table_stands():
    columns = tuple(map(Column, ("model", "parameter", "value")))
    parameters = Table("parameters", "It says.", columns, (("a", "p", 0.09), ("a", "v", 294_832.0), ("b", "r", 4.0)))
    ages = Table("ages", "It says.", (Column("from"), Column("age"), Column("share", "share")),
                 (("may", 0, 1.0), ("may", 1, 0.5), ("june", 0, 1.0)))  # fmt: skip
    charts = pictured(Answer(figure("one", 1.0, 0.0, 2.0), (), (parameters, ages)))
    assert charts["table-0"][0] == ""
    assert charts["table-1"][0] != ""


def test_a_long_name_is_broken_into_lines_and_not_cut():
    name = "what a customer who opted in to 'recommendations' paid more in the last 91 days than the others did"
    _, words = pictured(Answer(figure(name, 1.0, 0.0, 2.0)))["figures-0"]
    assert name in unescape(" ".join(words))
    assert "…" not in "".join(words)


def test_an_end_that_nothing_bounds_leaves_the_row_out_of_the_picture():
    columns = tuple(map(Column, ("what", "value", "low", "high")))
    rows = (("bounded", 1.0, 0.0, 2.0), ("open", 1.0, 0.0, float("inf")))
    _, words = pictured(Answer(figure("one", 1.0, 0.0, 2.0), (), (Table("ends", "It says.", columns, rows),)))[
        "table-0"
    ]
    assert "bounded" in words
    assert "open" not in words


def test_without_what_draws_a_page_says_so_and_keeps_its_numbers():
    def missing(spec):
        raise ImportError

    pictures = Pictures(missing)
    svg, words = pictures.of({"a": 1}, name="one", title="t", says="s", patience=5)
    pictures.close()
    assert svg == ""
    assert "pip install 'goodwill[report]'" in words
