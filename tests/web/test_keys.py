from base64 import b64encode

import pytest
from sqlalchemy import select

from goodwill.basics.errors import BadInput, NotFound
from goodwill.storage import Database
from goodwill.web.keys import Keyring, create_key, key_text, list_keys, revoke_key
from goodwill.web.problems import Problem
from goodwill.web.store import Scope, api_keys


def made(database: Database, clock, name="web shop", scopes=("decide",)):
    with database.transaction() as connection:
        return create_key(connection, name, scopes, now=clock())


@pytest.fixture
def ring(database: Database, clock):
    opened = Keyring(database, clock)
    yield opened
    opened.close()


def test_a_key_opens_by_its_text_and_only_its_hash_is_kept(database, clock, ring):
    new = made(database, clock, scopes=("collect", "export"))
    assert ring.recognise(new.text).scopes == {Scope.COLLECT, Scope.EXPORT}
    secret = new.text.split("_", 2)[2]
    with database.reading() as connection:
        kept = repr(connection.execute(select(api_keys)).all())
    assert secret not in kept
    assert secret not in repr(new)


def test_keys_are_listed_oldest_first_without_secrets(database, clock):
    first = made(database, clock, "till")
    clock.turn(seconds=1)
    second = made(database, clock, "web shop")
    with database.reading() as connection:
        assert [key.name for key in list_keys(connection)] == ["till", "web shop"]
        assert list_keys(connection) == [first.key, second.key]


@pytest.mark.parametrize("text", ["", "gw_", "gw_aaaaaaaaaaaaa_", "nonsense", "gw_aaaaaaaaaaaaa_" + "A" * 43])
def test_a_text_that_was_never_made_opens_nothing(database, clock, ring, text):
    made(database, clock)
    with pytest.raises(Problem) as refused:
        ring.recognise(text)
    assert refused.value.kind.status == 401


def test_a_right_id_with_a_wrong_secret_opens_nothing(database, clock, ring):
    text = made(database, clock).text
    other = text[:-1] + ("A" if text[-1] != "A" else "B")
    with pytest.raises(Problem):
        ring.recognise(other)


def test_a_revoked_key_opens_nothing_from_the_next_request_on(database, clock, ring):
    new = made(database, clock)
    ring.recognise(new.text)
    clock.turn(seconds=5)
    with database.transaction() as connection:
        revoked = revoke_key(connection, new.key.id, now=clock())
    assert revoked.revoked_at == clock()
    with pytest.raises(Problem):
        ring.recognise(new.text)


def test_revoking_again_keeps_the_first_moment(database, clock):
    new = made(database, clock)
    with database.transaction() as connection:
        first = revoke_key(connection, new.key.id, now=clock())
    clock.turn(days=1)
    with database.transaction() as connection:
        assert revoke_key(connection, new.key.id, now=clock()) == first


def test_revoking_a_key_that_is_not_there_says_so(database, clock):
    with database.transaction() as connection, pytest.raises(NotFound, match="zzz"):
        revoke_key(connection, "zzz", now=clock())


@pytest.mark.parametrize(("name", "scopes"), [("", ["read"]), ("  ", ["read"]), ("till", []), ("till", ["all"])])
def test_a_key_needs_a_name_and_scopes_that_exist(database, clock, name, scopes):
    with pytest.raises(BadInput):
        made(database, clock, name, scopes)


def used_at(database, key_id):
    with database.reading() as connection:
        return next(key.used_at for key in list_keys(connection) if key.id == key_id)


def test_use_is_noted_at_most_once_a_minute(database, clock):
    new = made(database, clock)
    seen = []
    for seconds in (0, 30, 29, 1):
        clock.turn(seconds=seconds)
        ring = Keyring(database, clock)  # a new one each time: the database itself keeps to the minute
        ring.recognise(new.text)
        ring.close()
        seen.append(used_at(database, new.key.id))
    start = clock() - 60_000_000
    assert seen == [start, start, start, clock()]


def bearer(value):
    return [(b"authorization", value.encode())]


def test_a_key_comes_as_bearer_or_as_the_user_of_basic():
    assert key_text(bearer("Bearer gw_a_b")) == "gw_a_b"
    assert key_text(bearer("bearer  gw_a_b ")) == "gw_a_b"
    assert key_text(bearer("Basic " + b64encode(b"gw_a_b:").decode())) == "gw_a_b"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        bearer("Digest x"),
        bearer("Basic !!!"),
        bearer("Basic " + b64encode(b"\xff\xff").decode()),
        bearer("Bearer a") + bearer("Bearer b"),
    ],
)
def test_no_key_several_keys_and_other_kinds_are_refused(headers):
    with pytest.raises(Problem) as refused:
        key_text(headers)
    assert refused.value.kind.status == 401
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")
