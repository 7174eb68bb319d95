"""Who gets in: every operation of the API with every role and every scope, against the table in docs/staff.md.

An operation that is added without saying who may is missing from the table, and fails here.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.staff.working import GOOD, Member, cheaply, hired
from tests.web.asking import ask
from tests.web.conftest import furnish, key_for
from tests.web.test_openapi import described, fits

from goodwill.app import create_shop
from goodwill.purposes import shipped
from goodwill.shop import Shop
from goodwill.staff import Role
from goodwill.web.application import OPERATIONS, application
from goodwill.web.openapi import document
from goodwill.web.store import Scope

PAGE = Path(__file__).resolve().parents[2] / "docs" / "staff.md"
OPERATED = [one for one in OPERATIONS if one.tag not in ("Reading", "Running")]
_ROW = re.compile(r"^\| `(\w+) (/\S+)` \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def table() -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """Method and path → scopes and roles, as the page tells them."""
    rows = _ROW.findall(PAGE.read_text("utf-8"))
    return {(method, path): (words(scopes), words(roles)) for method, path, scopes, roles in rows}


def words(cell: str) -> set[str]:
    cell = cell.strip()
    return set(Role) if cell == "all" else set() if cell == "–" else {word.strip() for word in cell.split(",")}


TABLE = table()
# A code, a merge, a delivery and a target that are made up, an offer that was not shown, somebody unknown.
GOES_NOWHERE = {
    "strengthen_session": 401, "unmerge": 404, "replay_webhook": 404, "rotate_webhook": 404, "click": 404,
    "redemption": 404, "claim": 404, "offpolicy": 404, "verdict": 404, "faithfulness": 404, "remove_segment": 404,
    "tell_taste": 404,
}  # fmt: skip
ENDS = ("end_session", "end_sessions")  # whoever asked for them needs another session


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    opened = create_shop(
        tmp_path_factory.mktemp("staffed") / "home", name="Corner café", base_url="https://shop.example",
        columns="database",
    )  # fmt: skip
    furnished = furnish(cheaply(opened))
    furnished.proofs.checkpoint()  # as every hour
    yield furnished
    opened.close()


@pytest.fixture(scope="module")
def client(shop):
    with TestClient(application(shop)) as opened:
        yield opened


class Browser:
    """A member of staff with a session, as her browser sends it."""

    def __init__(self, client: TestClient[Any], member: Member) -> None:
        self.client, self.member = client, member

    def request(self, method: str, path: str, *, headers: dict[str, str], **more: Any) -> Any:
        from goodwill.staff.sessions import form_token

        form = {"X-Goodwill-Form": form_token(self.member.token)} if method != "GET" else {}
        kept = {"Cookie": f"__Host-goodwill={self.member.token}", "Goodwill-Reason": "she%20asked%20on%20the%20phone"}
        self.client.cookies.clear()
        return self.client.request(method, path, headers={**kept, **form, **headers}, **more)


@pytest.fixture(scope="module")
def staff(shop: Shop, client):
    made = {role: hired(shop, role, f"{role}@staff.example", factor=True) for role in Role}
    return {role: Browser(client, member) for role, member in made.items()}


@pytest.fixture(scope="module")
def key(shop: Shop):
    """A key for everything that keys can be for."""
    return key_for(shop, *Scope)


@pytest.fixture(scope="module")
def doc():
    return document(OPERATIONS, shipped(), base_url="https://shop.example", shop="Corner café")


@pytest.fixture(scope="module")
def about(shop: Shop):
    decision = shop.decide("amina").id
    other = shop.staff.invite("other@shop.example", "Other", "analyst").account.id
    return {"decision": decision, "account": other}


def test_the_table_tells_of_every_operation_and_of_no_other():
    assert {(one.method, one.path) for one in OPERATED} == set(TABLE), "write the operation into docs/staff.md"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("operation", OPERATED, ids=lambda one: one.name)
def test_a_role_does_what_the_table_says_and_nothing_else(shop, staff, about, operation, role):
    if operation.free:
        return
    browser = staff[role]
    answer = ask(browser, operation, **about, approval="none")
    kind = answer.json().get("type", "").rpartition("/")[2] if answer.status_code >= 400 else ""
    if operation.name in ENDS:
        browser.member = hired(shop, role, f"{role}{operation.name}@staff.example", factor=True)
    assert kind in ("", "not-found", "not-signed-in") or role not in TABLE[operation.method, operation.path][1], kind
    assert (kind == "role") == (role not in TABLE[operation.method, operation.path][1])
    if operation.scopes == () and role not in TABLE[operation.method, operation.path][1]:
        assert kind == "role"


def test_the_table_tells_the_scopes_of_every_operation():
    """That a key does what its scope says and nothing else is held over HTTP in test_access."""
    for one in OPERATED:
        assert TABLE[one.method, one.path][0] == set(map(str, one.scopes)), one.path


@pytest.mark.parametrize("operation", [one for one in OPERATED if one.may and not one.scopes], ids=lambda one: one.name)
def test_a_key_opens_nothing_that_is_for_staff(client, about, key, operation):
    client.cookies.clear()
    answer = ask(client, operation, **about, Authorization=f"Bearer {key}")
    assert answer.status_code in (401, 403), answer.text


@pytest.mark.parametrize("operation", [one for one in OPERATED if one.may is not None], ids=lambda one: one.name)
def test_answers_to_staff_fit_the_shapes_that_were_promised(shop, staff, about, doc, operation):
    other = staff[Role.PRIVACY_OFFICER].member
    waits = shop.acting(shop.staff.session(other.token).actor()).staff.approvals.ask(
        "export", {"people": "all"}, reason="we move elsewhere"
    )
    answer = ask(staff[Role.OWNER], operation, **about, approval=waits.id)
    if operation.name in ENDS:
        staff[Role.OWNER].member = hired(shop, "owner", f"again-{operation.name}@staff.example")
    promised = described(doc)[operation.method, operation.path]["responses"][str(answer.status_code)]
    if operation.name in GOES_NOWHERE:
        assert answer.status_code == GOES_NOWHERE[operation.name]
    else:
        assert answer.status_code == 200, answer.text
        assert fits(answer.json(), promised["content"]["application/json"]["schema"], doc)
        assert not fits({**answer.json(), "more": 1}, promised["content"]["application/json"]["schema"], doc)


@pytest.fixture(scope="module")
def stale(shop: Shop, client):
    """An owner whose code was given too long ago; another one where her session has ended."""
    kept: list[Browser] = []

    def stale() -> Browser:
        if not kept or shop.staff.session(kept[-1].member.token) is None:
            member = hired(shop, "owner", f"stale{len(kept)}@staff.example")
            with shop.database.transaction() as connection:
                connection.exec_driver_sql(
                    "UPDATE staff_sessions SET strong_at = 1 WHERE account = ?", (member.number,)
                )
            kept.append(Browser(client, member))
        return kept[-1]

    return stale


@pytest.mark.parametrize("operation", [one for one in OPERATED if one.may is not None], ids=lambda one: one.name)
def test_without_a_fresh_code_nothing_risky_happens(shop, stale, about, operation):
    from goodwill.staff.roles import RISKY

    answer = ask(stale(), operation, **about, approval="none")
    kind = answer.json().get("type", "").rpartition("/")[2] if answer.status_code >= 400 else ""
    assert (kind == "second-factor") == (operation.may in RISKY)


def test_a_key_is_told_that_this_is_for_people(client, key):
    answer = client.get("/api/v1/audit", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("This is for staff who are signed in, and no key opens it")


def test_an_owner_who_has_not_set_up_the_second_factor_is_told_so_and_not_of_roles(shop, client):
    invited = shop.staff.invite("half@shop.example", "Half", "owner")
    begun = shop.staff.set_up(invited.token, GOOD)
    half = Browser(client, Member(shop, invited.account.id, "half@shop.example", token=begun.token))
    answer = half.request("GET", "/api/v1/audit", headers={})
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/api/problems/second-factor")
    assert answer.json()["detail"] == "Set up your second factor first, at /staff/second-factor."


def test_signing_in_over_the_api_needs_the_code_and_sets_a_cookie(shop, client):
    member = hired(shop, "reviewer", "rosa@staff.example")
    body = {"email": member.email, "password": GOOD}
    half = client.post("/api/v1/staff/session", json=body)
    assert half.json()["type"].endswith("/second-factor")
    assert "set-cookie" not in half.headers
    whole = client.post("/api/v1/staff/session", json={**body, "code": member.recovery[0]})
    assert whole.status_code == 200
    assert whole.json()["account"]["email"] == member.email
    assert whole.headers["set-cookie"].startswith("__Host-goodwill=")
    client.cookies.clear()
