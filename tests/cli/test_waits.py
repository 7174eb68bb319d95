"""The doctor names what waits for somebody: letters that do not leave, erasures that are pending, late answers."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.conftest import FakeClock
from tests.reach.peer import Box, peer, plainly
from tests.small_shop import ASKED

from goodwill import people
from goodwill.app import create_shop
from goodwill.basics.clock import system_clock
from goodwill.basics.ids import PersonId
from goodwill.cli.ends import Code
from goodwill.purposes import EMAIL_MARKETING
from goodwill.reach import letters
from goodwill.shop import Shop, erasure
from goodwill.storage import Database

PAGE = "https://shop.example/privacy"
WRONG = {"city": "Rome"}
CODE = letters.sign_in(code="K7QM-2XPD", minutes=30, page=PAGE)
NEWS = letters.news(subject="Bread", paragraphs=["Fresh."], unsubscribe=PAGE + "/u/x", preferences=PAGE)


@pytest.fixture
def waiting(database: Database, tmp_path: Path) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(
        tmp_path / "home", clock=FakeClock(system_clock()), database=where, name="Bakery", columns="database",
        smtp_from="hello@bakery.example", region="IT",
    )  # fmt: skip
    with made.database.transaction() as connection:
        for name in ("amina", "bruno"):
            ids = {"user_id": name, "email": f"{name}@example.com"}
            people.identify(connection, made.cipher, ids, now=made.clock(), region=None, verified=True)
    yield made
    made.close()


def found(run: Run, what: str) -> list[tuple[str, str, str]]:
    ended = run("--home", "home", "doctor", "--json")
    assert (ended.code == Code.FAILED) == (not ended.document["well"])
    return [(one["state"], one["found"], one["mend"]) for one in ended.document["findings"] if one["what"] == what]


@pytest.fixture
def doctor(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> partial[list[tuple[str, str, str]]]:
    monkeypatch.chdir(tmp_path)
    return partial(found, run)


def put(
    shop: Shop, letter: letters.Letter = CODE, *, person: PersonId | None = None, address: str | None = None
) -> None:
    with shop.database.transaction() as connection:
        shop.post.send(connection, letter=letter, person=person, address=address)


def test_letters_that_wait_without_a_mail_server_are_wrong(waiting, doctor):
    assert doctor("mail") == []
    put(waiting, address="new@example.com")
    ((state, words, mend),) = doctor("mail")
    assert (state, words) == ("wrong", "1 letter cannot leave: no mail server is set")
    assert "smtp_host" in mend


def test_letters_given_up_or_of_unknown_fate_are_named_with_the_reason_and_what_was_meant_is_not(waiting, doctor):
    waiting.grant("amina", EMAIL_MARKETING, asked=ASKED)
    for letter in (CODE, NEWS, CODE):
        put(waiting, letter, person=waiting.known("amina"))
        waiting.clock.turn(seconds=1)
    box, done = Box(behave=["drop"]), []
    with peer(box) as port:
        sending = replace(waiting, channel=plainly(port))
        for answers in (["550 nobody"], [], ["450 not now"]):
            box.rcpt = answers
            done.append(sending.post.deliver(limit=1))
    assert [(one.given_up, one.unknown, one.later) for one in done] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    put(waiting, NEWS, person=waiting.known("amina"))
    waiting.grant("amina", EMAIL_MARKETING, asked=ASKED, yes=False)
    assert sending.post.deliver().given_up == 1  # she took it back: as it should be
    no_server, later, given_up, unknown = doctor("mail")
    assert no_server[0] == "wrong"
    assert {later[0], given_up[0], unknown[0]} == {"look"}
    assert later[1].startswith("1 letter could not be delivered yet: ")
    assert "450" in later[1]
    assert given_up[1].startswith("1 letter given up in 30 days: ")
    assert "550" in given_up[1]
    assert unknown[1].startswith("1 letter of 30 days that may have arrived or not: ")
    assert given_up[2] == "goodwill --home home mail show"


def test_an_erasure_whose_residue_is_pending_is_named_until_it_is_done(waiting, doctor, monkeypatch):
    def kept(*_: object, **__: object) -> list[str]:
        return ["a reader keeps the log"]

    assert doctor("erasure") == []
    with monkeypatch.context() as patched:
        patched.setattr(erasure, "let_go", kept)
        assert waiting.erasure.erase("bruno").status == "pending: residue"
    ((state, words, mend),) = doctor("erasure")
    assert state == "look"
    assert words.endswith("is pending: residue")
    assert mend == "goodwill --home home people erased --finish"
    waiting.erasure.finish()
    assert doctor("erasure") == []


def test_a_request_that_is_overdue_is_wrong_and_one_whose_clock_stands_is_not(waiting, doctor):
    waiting.clock.turn(days=-90)
    late = waiting.rights.open("rectify", who="amina", signed_in=True, wanted=WRONG)
    paused = waiting.rights.open("rectify", who="bruno", signed_in=True, wanted=WRONG)
    waiting.rights.pause(paused.id, "it is in doubt who asks")
    waiting.clock.turn(days=90)
    waiting.rights.open("port", who="amina")
    ((state, words, mend),) = doctor("request")
    assert state == "wrong"
    assert words.startswith(f"{late.id} (rectify) is ")
    assert words.endswith(f"{-waiting.rights.show(late.id).days_left} days overdue")
    assert mend == f"goodwill --home home requests show {late.id}"
