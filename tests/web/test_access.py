"""Who gets in: every operation with every kind of key."""

from base64 import b64encode

import pytest
from tests.web.asking import ask
from tests.web.conftest import key_for

from goodwill.web.application import OPERATIONS
from goodwill.web.keys import revoke_key
from goodwill.web.store import Scope

KEYED = [operation for operation in OPERATIONS if operation.scopes]
OPEN = [operation for operation in OPERATIONS if operation.free and operation.name != "begin_session"]
SHOWS_PERSONAL_DATA = {
    "decide",
    "can",
    "consent",
    "consents",
    "decisions",
    "export",
    "erase",
    "why",
    "explain",
    "signal",
    "person_receipt",
    "checkpoint",
    "inclusion",
    "consistency",
    "open_request",
    "list_requests",
    "show_request",
    "request_evidence",
    "act_on_request",
    "candidates",
    "merge",
    "unmerge",
    "evaluate_slot",
    "evaluate_slots",
    "click",
    "redemption",
    "verdict",
    "taste",
    "tell_taste",
    "remove_taste",
}
# They name nobody, and ask for a key all the same: they are for the shop's own systems.
NAMES_NOBODY = {
    "current_notice", "intake", "shown_notice", "webhook_deliveries", "webhooks", "segments", "segment_recipes",
    "keep_segment", "remove_segment", "count_segment", "count_rule", "plan", "slots", "experiments", "contents",
    "offers", "faithfulness", "offpolicy", "claim", "measures", "figure", "report",
}  # fmt: skip


@pytest.fixture
def client_of(one_application):
    return one_application


def name_of(operation):
    return operation.name


def found(operation):
    """What a good request is answered with: there is no merge here to take back, no such segment, and no offer."""
    nowhere = ("unmerge", "remove_segment", "click", "redemption", "claim", "verdict", "offpolicy", "tell_taste")
    return 404 if operation.name in nowhere else 200


def test_whatever_shows_personal_data_needs_a_key():
    assert {operation.name for operation in KEYED} == SHOWS_PERSONAL_DATA | NAMES_NOBODY


@pytest.fixture(scope="module")
def decision(quiet_shop):
    return quiet_shop.decide("amina").id


@pytest.mark.parametrize("operation", KEYED, ids=name_of)
def test_without_a_key_nobody_gets_in(client_of, quiet_shop, operation):
    answer = ask(client_of(quiet_shop), operation)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "amina" not in answer.text


@pytest.mark.parametrize("operation", KEYED, ids=name_of)
@pytest.mark.parametrize("key", ["", "nonsense", "gw_aaaaaaaaaaaaa_" + "A" * 43])
def test_with_a_key_that_was_never_made_nobody_gets_in(client_of, quiet_shop, operation, key):
    assert ask(client_of(quiet_shop), operation, Authorization=f"Bearer {key}").status_code == 401


@pytest.mark.parametrize("operation", KEYED, ids=name_of)
def test_with_a_revoked_key_nobody_gets_in(client_of, quiet_shop, operation):
    key = key_for(quiet_shop, *Scope)
    with quiet_shop.database.transaction() as connection:
        revoke_key(connection, key.split("_")[1], now=quiet_shop.clock())
    assert ask(client_of(quiet_shop), operation, Authorization=f"Bearer {key}").status_code == 401


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("operation", KEYED, ids=name_of)
def test_a_key_does_what_its_scope_says_and_nothing_else(client_of, quiet_shop, decision, operation, scope):
    answer = ask(client_of(quiet_shop, scope), operation, decision=decision)
    assert answer.status_code == (found(operation) if scope in operation.scopes else 403), answer.text
    if scope not in operation.scopes:
        assert answer.json()["type"].endswith("/api/problems/key-scope")
        assert str(operation.scopes[0]) in answer.json()["detail"]


@pytest.mark.parametrize("operation", KEYED, ids=name_of)
def test_the_key_works_as_the_user_of_basic_too(quiet_shop, client_of, decision, operation):
    basic = b64encode(f"{key_for(quiet_shop, *Scope)}:".encode()).decode()
    answer = ask(client_of(quiet_shop), operation, decision=decision, Authorization=f"Basic {basic}")
    assert answer.status_code == found(operation)


@pytest.mark.parametrize("operation", OPEN, ids=name_of)
def test_what_needs_no_key_names_nobody(client_of, quiet_shop, quiet, operation):
    ask(quiet, KEYED[0])
    answer = ask(client_of(quiet_shop), operation)
    assert answer.status_code == 200
    for name in ("bruno", "chiara"):
        assert name not in answer.text.lower()


def test_a_key_that_asks_too_fast_is_slowed_and_others_are_not(client_of, shop, clock):
    hasty, calm = client_of(shop, Scope.READ, per_minute=3), key_for(shop, Scope.READ)
    path = "/api/v1/people/amina/consents"
    answers = [hasty.get(path) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert answers[-1].json()["type"].endswith("/api/problems/too-many")
    assert hasty.get(path, headers={"Authorization": f"Bearer {calm}"}).status_code == 200
    clock.turn(seconds=int(answers[-1].headers["retry-after"]))
    assert hasty.get(path).status_code == 200
