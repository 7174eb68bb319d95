"""The pages for staff: plain forms, cookies that no other site can use, and attacks on both."""

import re
from html.parser import HTMLParser

import pytest
from litestar.testing import TestClient
from tests.staff.working import GOOD, cheaply, hired

from goodwill.app import create_shop
from goodwill.shop import Shop
from goodwill.storage import audit
from goodwill.web.application import application

HOST = "https://shop.example"
COOKIE = "__Host-goodwill"


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def house(request, tmp_path_factory):
    """A shop behind HTTP on either database; each test works with people of its own."""
    from tests.conftest import FakeClock

    clock = FakeClock(1_795_338_000_000_000)
    where = ""
    if request.param == "postgresql":
        made = request.getfixturevalue("postgresql")
        with made.database() as where:
            yield from _open(tmp_path_factory, clock, where)
    else:
        yield from _open(tmp_path_factory, clock, where)


def _open(tmp_path_factory, clock, where):
    folder = tmp_path_factory.mktemp("staffed") / "home"
    shop = cheaply(create_shop(folder, clock=clock, base_url=HOST, columns="database", database=where))
    with TestClient(application(shop), base_url=HOST) as client:
        yield shop, client, clock
    shop.close()


class Browser:
    """Follows forms as a browser without JavaScript does."""

    def __init__(self, client, *, site: str = "same-origin", origin: str = HOST, address: str = "10.0.0.1") -> None:
        self.client = client
        self.cookies: dict[str, str] = {}
        self.headers = {"Sec-Fetch-Site": site, "Origin": origin, "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/150"}

    def get(self, path):
        return self._ask("GET", path, headers={k: v for k, v in self.headers.items() if k != "Origin"})

    def post(self, path, *, form=None, **fields):
        form = form if form is not None else self.form
        return self._ask("POST", path, headers=self.headers, data={"form": form, **fields})

    def _ask(self, method, path, **more):
        self.client.cookies.clear()
        headers = {**more.pop("headers"), "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        answer = self.client.request(method, path, headers=headers, follow_redirects=False, **more)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value.strip('"'):
                self.cookies[name] = value
        if found := re.search(r'name="form" value="(\w+)"', answer.text):
            self.form = found[1]
        return answer

    def signed_in(self, member):
        self.get("/staff/sign-in")
        answer = self.post("/staff/sign-in", email=member.email, password=GOOD)
        if answer.headers["location"] == "/staff/code":
            member.shop.clock.turn(seconds=30)
            self.get("/staff/code")
            answer = self.post("/staff/code", code=member.code())
        assert answer.headers["location"] == "/", answer.text
        self.get("/staff")
        return self


@pytest.fixture
def shop(house) -> Shop:
    opened: Shop = house[0]
    return opened


@pytest.fixture
def browser(house):
    return Browser(house[1])


@pytest.fixture
def clock(house):
    return house[2]


_COUNT = iter(range(10_000))


def hire(shop, role, **more):
    return hired(shop, role, f"{role}{next(_COUNT)}@shop.example", **more)


# ---- the way in ------------------------------------------------------------------------------------------------------


def test_an_invited_owner_sets_up_password_and_phone_and_signs_in_with_forms_alone(shop, browser, clock):
    import pyotp

    invited = shop.staff.invite(f"olga{next(_COUNT)}@shop.example", "Olga <b>Berg</b>", "owner")
    assert "Choose a password" in browser.get("/staff/set-up").text
    weak = browser.post("/staff/set-up", token=invited.token, password="password1234")
    assert weak.status_code == 422
    assert 'role="alert"' in weak.text
    assert invited.token in weak.text, "nobody has to type it again"
    assert "password1234" not in weak.text
    assert (
        browser.post("/staff/set-up", token=invited.token, password=GOOD).headers["location"] == "/staff/second-factor"
    )
    assert browser.get("/staff").headers["location"] == "/staff/sign-in", "not before the second factor"
    assert "<svg" not in browser.get("/staff/second-factor").text
    assert browser.post("/staff/second-factor/new").headers["location"] == "/staff/second-factor"
    page = browser.get("/staff/second-factor").text
    secret = re.search(r'class="key">(\w+)<', page)[1]
    assert "<svg" in page
    assert browser.post("/staff/second-factor", code="000000").status_code == 401
    codes = browser.post("/staff/second-factor", code=pyotp.TOTP(secret).at(clock() // 1_000_000))
    assert codes.status_code == 200
    assert len(re.findall(r"<li><code>[a-z2-7-]{27}</code>", codes.text)) == 10
    account = browser.get("/staff").text
    assert "Olga &lt;b&gt;Berg&lt;/b&gt;" in account
    assert "Firefox on Linux (this one)" in account
    browser.post("/staff/sign-out")
    assert browser.get("/staff").headers["location"] == "/staff/sign-in"


def test_password_then_code(shop, browser, clock):
    member = hire(shop, "reviewer")
    browser.get("/staff/sign-in")
    assert browser.post("/staff/sign-in", email=member.email, password=GOOD).headers["location"] == "/staff/code"
    half = browser.cookies[COOKIE]
    assert browser.get("/staff").headers["location"] == "/staff/sign-in"
    browser.get("/staff/code")
    assert browser.post("/staff/code", code="000000").status_code == 401
    clock.turn(seconds=30)
    assert browser.post("/staff/code", code=member.code()).headers["location"] == "/"
    assert browser.cookies[COOKIE] != half


def test_a_changed_password_keeps_this_session_and_says_so(shop, browser):
    member = hire(shop, "marketer")
    browser.signed_in(member)
    wrong = browser.post("/staff/password", old="not that", new="mango vortex quill")
    assert wrong.status_code == 400
    assert "old password" in wrong.text
    assert browser.post("/staff/password", old=GOOD, new="mango vortex quill").headers["location"] == "/staff?changed"
    assert "password was changed" in browser.get("/staff?changed").text


def test_recovery_codes_are_made_anew_with_a_fresh_code_only(shop, browser, clock):
    member = hire(shop, "owner")
    browser.signed_in(member)
    assert "Recovery codes" in browser.post("/staff/recovery-codes").text
    clock.turn(seconds=601)
    assert browser.post("/staff/recovery-codes").headers["location"] == "/staff/code"
    assert browser.get("/staff/second-factor").headers["location"] == "/staff/code"


# ---- cookies ---------------------------------------------------------------------------------------------------------


def test_cookies_are_for_this_host_alone_and_for_no_script(shop, browser, house):
    member = hire(shop, "marketer")
    browser.get("/staff/sign-in")
    answer = browser.post("/staff/sign-in", email=member.email, password=GOOD)
    (line,) = answer.headers.get_list("set-cookie")
    flags = {part.strip().lower() for part in line.split(";")[1:]}
    assert line.startswith("__Host-goodwill=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)
    assert len(line.partition("=")[2].partition(";")[0]) >= 43


@pytest.mark.filterwarnings("ignore:The base_url")
@pytest.mark.parametrize(
    ("address", "name", "status"),
    [
        ("http://127.0.0.1:8400", "goodwill-form", 200),
        ("http://localhost:8400", "goodwill-form", 200),
        ("http://shop.example", "goodwill-form", 403),
        ("https://shop.example", "__Host-goodwill-form", 200),
    ],
)
def test_the_plain_cookie_is_for_this_machine_only(shop, address, name, status):
    from dataclasses import replace

    other = replace(shop, settings=replace(shop.settings, base_url=address))
    with TestClient(application(other), base_url=address) as client:
        answer = client.get("/staff/sign-in")
        assert answer.status_code == status
        assert answer.headers["set-cookie"].startswith(f"{name}=")
        assert ("Secure" in answer.headers["set-cookie"]) == address.startswith("https")
        api = client.post("/api/v1/staff/session", json={"email": "nobody@shop.example", "password": "x"})
        assert api.status_code == 401
        assert ("base_url" in api.text) == (status == 403)


# ---- attacks ---------------------------------------------------------------------------------------------------------


def test_a_session_that_an_attacker_planted_does_not_become_the_victims(shop, browser, house):
    """Session fixation: the secret changes with every step, so one that was known before opens nothing after."""
    attacker, victim = hire(shop, "marketer"), hire(shop, "reviewer")
    planted = Browser(house[1]).signed_in(attacker).cookies[COOKIE]
    browser.cookies[COOKIE] = planted
    browser.get("/staff/sign-in")
    browser.post("/staff/sign-in", email=victim.email, password=GOOD)
    assert browser.cookies[COOKIE] != planted
    assert shop.staff.session(planted).account.id == attacker.number


def test_of_two_cookies_of_the_name_neither_counts(shop, browser, house):
    member = hire(shop, "marketer")
    browser.signed_in(member)
    token = browser.cookies[COOKIE]
    house[1].cookies.clear()
    answer = house[1].get("/staff", headers={"Cookie": f"{COOKIE}=other; {COOKIE}={token}"}, follow_redirects=False)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("site", "origin"),
    [("cross-site", HOST), ("same-site", HOST), ("same-origin", "https://evil.example"), ("cross-site", "null"),
     ("same-origin", "http://shop.example"), ("same-origin", "https://shop.example.evil.example"),
     ("none", HOST)],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/staff/sign-out-everywhere", "/staff/password", "/staff/recovery-codes"])
def test_another_site_changes_nothing_even_with_the_right_token(shop, house, path, site, origin):
    browser = _signed_in_once(shop, house)
    form, cookies = browser.form, dict(browser.cookies)
    evil = Browser(house[1], site=site, origin=origin)
    evil.cookies, evil.form = cookies, form
    answer = evil.post(path, old=GOOD, new="mango vortex quill")
    assert answer.status_code == 403
    assert "another site" in answer.text or "another address" in answer.text
    assert browser.get("/staff").status_code == 200


_ONCE: dict[int, Browser] = {}


def _signed_in_once(shop, house):
    if id(shop) not in _ONCE:
        _ONCE[id(shop)] = Browser(house[1]).signed_in(hire(shop, "owner"))
    _ONCE[id(shop)].get("/staff")
    return _ONCE[id(shop)]


@pytest.mark.parametrize("form", ["", "0" * 64, "x"])
def test_without_the_token_of_the_form_nothing_changes(shop, house, form):
    browser = _signed_in_once(shop, house)
    assert browser.post("/staff/sign-out-everywhere", form=form).status_code == 403
    assert browser.get("/staff").status_code == 200


def test_a_browser_that_says_nothing_of_where_it_comes_from_needs_the_token_all_the_same(shop, house):
    browser = _signed_in_once(shop, house)
    kept, browser.headers = browser.headers, {}
    assert browser.post("/staff/recovery-codes", form="0" * 64).status_code == 403
    assert browser.post("/staff/recovery-codes").status_code in (200, 303)
    browser.headers = kept


def test_nobody_is_signed_in_to_somebody_elses_account_by_a_foreign_form(shop, browser, house):
    """Login CSRF: the form of the sign-in page belongs to a cookie too."""
    member = hire(shop, "marketer")
    mine = Browser(house[1])
    mine.get("/staff/sign-in")
    victim = Browser(house[1])
    assert victim.post("/staff/sign-in", form=mine.form, email=member.email, password=GOOD).status_code == 403
    victim.get("/staff/sign-in")
    assert victim.post("/staff/sign-in", form=mine.form, email=member.email, password=GOOD).status_code == 403
    assert COOKIE not in victim.cookies


def test_get_changes_nothing(shop, house):
    browser = _signed_in_once(shop, house)
    with shop.database.reading() as connection:
        before = audit.last_position(connection)
    for path in ("/staff", "/staff/sign-in", "/staff/set-up", "/staff/code", "/staff/second-factor"):
        assert browser.get(path).status_code in (200, 303)
    for path in ("/staff/sign-out", "/staff/sign-out-everywhere", "/staff/password", "/staff/recovery-codes"):
        assert browser.get(path).status_code == 405
    with shop.database.reading() as connection:
        assert audit.last_position(connection) == before


def test_guessing_over_http_is_slowed_and_tells_nothing(shop, house):
    member = hire(shop, "marketer")
    told = []
    for email in (member.email, f"nobody{next(_COUNT)}@shop.example"):
        browser = Browser(house[1])
        browser.get("/staff/sign-in")
        answers = [browser.post("/staff/sign-in", email=email, password="wrong") for _ in range(11)]
        statuses = [answer.status_code for answer in answers]
        assert statuses[:10] == [401] * 10
        assert statuses[10] == 429
        told.append([re.sub(r'value="[^"]*"', "", answer.text) for answer in answers])
        house[2].turn(seconds=900)
    assert told[0] == told[1]


def test_a_code_that_was_seen_is_worth_nothing_a_second_time(shop, house):
    member = hire(shop, "reviewer")
    browser = Browser(house[1]).signed_in(member)
    assert browser.get("/staff").status_code == 200
    again = Browser(house[1])
    again.get("/staff/sign-in")
    again.post("/staff/sign-in", email=member.email, password=GOOD)
    again.get("/staff/code")
    assert again.post("/staff/code", code=member.code()).status_code == 401


def test_what_is_typed_comes_back_as_text_and_passwords_never_do(browser):
    browser.get("/staff/sign-in")
    answer = browser.post("/staff/sign-in", email='"><script>alert(1)</script>', password="my secret words")
    assert "<script" not in answer.text
    assert "my secret words" not in answer.text


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 20_000, 413),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(40)), 422),
        ("application/x-www-form-urlencoded", b"email=%00", 422),
        ("application/x-www-form-urlencoded", b"email=%ff", 422),
        ("application/x-www-form-urlencoded", "email=é".encode(), 422),
    ],
)
def test_a_form_that_no_page_sends_is_refused(house, kind, body, status):
    answer = house[1].post("/staff/sign-in", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status


def test_pages_say_nothing_to_caches_frames_scripts_or_other_sites(browser):
    answer = browser.get("/staff/sign-in")
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert answer.headers["referrer-policy"] == "same-origin"


class Fields(HTMLParser):
    """Inputs without a label."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []
        self.labels: set[str | None] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "input" and dict(attrs).get("type") != "hidden":
            self.inputs.append(dict(attrs))
        if tag == "label":
            self.labels.add(dict(attrs).get("for"))


def test_every_field_has_a_label_and_says_what_it_takes(shop, house):
    browser = Browser(house[1]).signed_in(hire(shop, "owner"))
    for path in ("/staff/sign-in", "/staff/set-up", "/staff", "/staff/code"):
        found = Fields(browser.get(path).text)
        assert found.inputs
        for one in found.inputs:
            assert one["id"] in found.labels
            assert one["autocomplete"]


# ---- the log ---------------------------------------------------------------------------------------------------------


def test_no_address_of_staff_gets_into_the_log(house, capsys):
    shop, client, _ = house
    member = hire(shop, "marketer")
    Browser(client).signed_in(member)
    said = capsys.readouterr().err
    assert member.email not in said
    assert GOOD not in said
