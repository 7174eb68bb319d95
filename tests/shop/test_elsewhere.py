"""Signing in with an identity provider: real HTTP, PKCE, and every way in which a token can be wrong."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey
from litestar.testing import TestClient
from tests.conftest import FakeClock
from tests.staff.provider import CLIENT, SECRET, IdentityProvider
from tests.staff.working import GOOD, cheaply, hired

from goodwill.app import create_shop, open_shop
from goodwill.basics.errors import BadInput, Conflict
from goodwill.shop import Shop
from goodwill.shop.elsewhere import Elsewhere
from goodwill.staff.refusals import NotRecognised
from goodwill.storage import Database, audit
from goodwill.web.application import application

MIA = {"sub": "u-1", "email": "mia@shop.example", "email_verified": True, "name": "Mia"}


@pytest.fixture
def provider(clock: FakeClock) -> Iterator[IdentityProvider]:
    with IdentityProvider(person=dict(MIA), now=lambda: clock() / 1_000_000, key=KEY) as running:
        yield running


KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
NEW = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def opened(home: Path, clock: FakeClock, provider: IdentityProvider, database: str = "", **more: object) -> Shop:
    named = {"oidc_issuer": provider.issuer, "oidc_client": CLIENT, "oidc_secret": SECRET}
    return cheaply(create_shop(home, clock=clock, database=database, **named, **more))


@pytest.fixture
def shop(home: Path, clock: FakeClock, provider: IdentityProvider, migrated_file: Path) -> Iterator[Shop]:
    home.parent.mkdir(exist_ok=True)
    file = shutil.copyfile(migrated_file, home.parent / "shop.db")
    made = opened(home, clock, provider, f"sqlite:///{file}")
    yield made
    made.close()


def elsewhere(shop: Shop) -> Elsewhere:
    found = shop.elsewhere
    assert found
    return found


def arrive(shop: Shop, provider: IdentityProvider, **said: str):
    url, kept = elsewhere(shop).leave()
    return elsewhere(shop).arrive(kept, {**provider.sign_in(url), **said})


def test_somebody_with_an_account_is_signed_in_on_either_database(database: Database, home, clock, provider):
    where = database.url or f"sqlite:///{database.file}"
    shop = opened(home, clock, provider, where)
    mia = hired(shop, "marketer", "Mia@shop.example")
    begun = arrive(shop, provider)
    assert begun.session.is_whole
    assert begun.session.account.id == mia.number
    with shop.database.reading() as connection:
        line = audit.lines(connection)[-1]
    assert (line.action, line.outcome, line.detail["account"]) == ("staff.sign-in-elsewhere", "done", mia.number)
    shop.close()


def test_nobody_new_is_let_in(shop, provider):
    with pytest.raises(NotRecognised, match="does not yet"):
        arrive(shop, provider)
    assert not shop.staff.accounts()


def test_somebody_new_is_let_in_where_the_setting_says_so(home, clock, provider):
    shop = opened(home, clock, provider, oidc_new="read-only")
    assert arrive(shop, provider).session.account.role == "read-only"
    assert arrive(shop, provider).session.account.id == 1, "the second time it is the same account"
    shop.close()


def test_a_role_comes_from_a_claim_and_whoever_has_none_is_not_let_in(home, clock, provider):
    roles = ("shop-admins=owner", "shop-people=marketer")
    shop = opened(home, clock, provider, oidc_new="read-only", oidc_claim="groups", oidc_roles=roles)
    provider.claims["groups"] = ["shop-people", "others"]
    assert arrive(shop, provider).session.account.role == "marketer"
    provider.claims["groups"] = "shop-admins"
    begun = arrive(shop, provider)
    assert begun.session.account.role == "owner"
    assert begun.session.step == "enrol", "what the new role needs, it needs at once"
    provider.claims["groups"] = ["shop-people"]
    with pytest.raises(Conflict, match="only owner"):
        arrive(shop, provider)
    for none in (["others"], None, [], 7):
        provider.claims["groups"] = none
        with pytest.raises(NotRecognised):
            arrive(shop, provider)
    shop.close()


def test_an_address_that_is_not_verified_is_nobodys(shop, provider):
    hired(shop, "marketer", "mia@shop.example")
    for verified in (False, None, "true", 1):
        provider.claims["email_verified"] = verified
        with pytest.raises(NotRecognised, match="verified"):
            arrive(shop, provider)


def test_once_known_she_stays_the_same_whatever_address_she_takes_and_nobody_takes_hers(shop, provider):
    mia, olga = hired(shop, "marketer", "mia@shop.example"), hired(shop, "marketer", "olga@shop.example")
    arrive(shop, provider)
    provider.person["email"] = "olga@shop.example"
    assert arrive(shop, provider).session.account.id == mia.number
    provider.person.update(sub="u-2", email="mia@shop.example")
    with pytest.raises(NotRecognised, match="somebody else"):
        arrive(shop, provider)
    assert olga.number != mia.number


def test_a_closed_account_stays_closed(shop, provider):
    mia = hired(shop, "marketer", "mia@shop.example")
    arrive(shop, provider)
    shop.staff.disable(mia.number)
    with pytest.raises(NotRecognised):
        arrive(shop, provider)


def test_our_own_second_factor_is_asked_for_unless_the_provider_asked_for_one(shop, provider):
    hired(shop, "owner", "mia@shop.example")
    assert arrive(shop, provider).session.step == "code"
    provider.claims["amr"] = ["pwd", "mfa"]
    begun = arrive(shop, provider)
    assert (begun.session.step, begun.session.fresh) == ("whole", True)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"}, {"nonce": None}, {"aud": "somebody-else"}, {"aud": None},
        {"aud": [CLIENT, "somebody-else"]}, {"aud": [CLIENT, "x"], "azp": "x"}, {"iss": "https://evil.example"},
        {"iss": None}, {"exp": 1_795_338_000 - 100}, {"exp": None}, {"iat": 1_795_338_000 + 900}, {"sub": None},
        {"nbf": 1_795_338_000 + 900},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_says_something_wrong_opens_nothing(shop, provider, claims):
    hired(shop, "marketer", "mia@shop.example")
    provider.claims.update(claims)
    with pytest.raises(NotRecognised):
        arrive(shop, provider)
    assert not [one for one in shop.staff.sessions(1) if one.device == "x"]


@pytest.mark.parametrize("signs", ["none", "HS256", "RS512"])
def test_a_token_that_is_signed_otherwise_opens_nothing(shop, provider, signs):
    hired(shop, "marketer", "mia@shop.example")
    provider.signs = signs
    with pytest.raises(NotRecognised):
        arrive(shop, provider)


def test_a_token_of_another_key_opens_nothing_and_a_changed_key_is_fetched_once(shop, provider, clock):
    hired(shop, "marketer", "mia@shop.example")
    arrive(shop, provider)
    provider.key, provider.published = OTHER, KEY
    with pytest.raises(NotRecognised):
        arrive(shop, provider)
    clock.turn(seconds=61)
    provider.key, provider.published = NEW, None
    assert arrive(shop, provider).session.is_whole
    assert provider.asked.count("/keys") == 2


def test_a_way_back_that_was_begun_elsewhere_is_refused(shop, provider, clock):
    """Mixed-up state, a stolen code, another browser's cookie, and a code that was used."""
    hired(shop, "marketer", "mia@shop.example")
    door = elsewhere(shop)
    first, mine = door.leave()
    second, other = door.leave()
    said = provider.sign_in(first)
    for kept, back in (
        (other, said), (mine, {**said, "state": "x"}), (mine, {"code": said["code"]}), ("", said), ("nonsense", said),
        (mine, {**said, "iss": "https://evil.example"}), (mine, {"state": said["state"], "error": "access_denied"}),
        (other, {**said, "state": provider.sign_in(second)["state"]}),
    ):  # fmt: skip
        with pytest.raises(NotRecognised):
            door.arrive(kept, back)
    again, kept = door.leave()
    used = provider.sign_in(again)
    assert door.arrive(kept, used).session.is_whole
    with pytest.raises(NotRecognised):
        door.arrive(kept, used)
    late, kept = door.leave()
    clock.turn(seconds=600)
    with pytest.raises(NotRecognised, match="too long"):
        door.arrive(kept, provider.sign_in(late))


def test_a_provider_that_calls_itself_otherwise_or_is_away_signs_nobody_in(shop, provider, clock):
    provider.issuer_said = "https://evil.example"
    with pytest.raises(Conflict):
        elsewhere(shop).leave()
    assert elsewhere(shop).origin == ""
    provider.issuer_said = ""
    with pytest.raises(Conflict, match="in a minute"):
        elsewhere(shop).leave()
    clock.turn(seconds=60)
    assert elsewhere(shop).origin == provider.issuer


@pytest.mark.parametrize(
    "values",
    [
        {"oidc_issuer": "https://id.example"},
        {"oidc_issuer": "http://id.example", "oidc_client": "c", "oidc_secret": "s"},
        {"oidc_issuer": "https://id.example", "oidc_client": "c", "oidc_secret": "s", "oidc_claim": "groups"},
        {"oidc_roles": ("admins",)},
        {"oidc_roles": ("admins=king",)},
        {"oidc_new": "owner"},
    ],
)
def test_settings_that_do_not_fit_together_are_refused(home, clock, values):
    with pytest.raises(BadInput, match="oidc"):
        create_shop(home, clock=clock, **values)


def test_in_the_browser_it_is_a_button_a_trip_and_a_cookie(home, clock, provider):
    import re

    import httpx

    shop = opened(home, clock, provider, base_url="https://shop.example", oidc_name="the café's id")
    hired(shop, "marketer", "mia@shop.example")
    with TestClient(application(shop), base_url="https://shop.example") as client:
        page = client.get("/staff/sign-in")
        assert "Sign in with the café" in page.text
        assert f"form-action 'self' {provider.issuer}" in page.headers["content-security-policy"]
        form = re.search(r'name="form" value="(\w+)"', page.text)[1]
        assert client.post("/staff/elsewhere", data={"form": "x"}, follow_redirects=False).status_code == 403
        sent = client.post("/staff/elsewhere", data={"form": form}, follow_redirects=False)
        assert sent.headers["set-cookie"].startswith("__Host-goodwill-trip=")
        back = httpx.get(sent.headers["location"]).headers["location"]
        assert back.startswith("https://shop.example/staff/back?")
        arrived = client.get(back, headers={"Sec-Fetch-Site": "cross-site"}, follow_redirects=False)
        assert arrived.headers["location"] == "/"
        assert "mia@shop.example" in client.get("/staff", headers={"Sec-Fetch-Site": "cross-site"}).text
        stolen = client.get(back, follow_redirects=False)
        assert stolen.status_code == 401
        assert "not begun in this browser" in stolen.text
    shop.close()


def test_the_secret_is_not_shown(home, clock, provider, capsys):
    from goodwill.cli import main

    opened(home, clock, provider).close()
    main(["config", "show", "--home", str(home)])
    said = capsys.readouterr().out
    assert SECRET not in said
    assert SECRET not in repr(open_shop(home).oidc.provider)
    assert GOOD
