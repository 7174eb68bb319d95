"""Staff, approvals and the audit log on the command line."""

import io
import re
import stat

import pyotp
import pytest
from tests.cli.conftest import Run

from goodwill.app import open_shop
from goodwill.cli.ends import Code

GOOD = "seven blue anvils"


@pytest.fixture
def typed(monkeypatch):
    """Lines on standard input, as a script gives them."""
    return lambda *lines: monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@pytest.fixture
def hire(shop: Run, home):
    """Add somebody, set the account up as the pages would, and tell the recovery codes."""

    def hire(email, role):
        token = shop("staff", "add", email, "--name", "A name", "--role", role).out.strip()
        with open_shop(home) as opened:
            begun = opened.staff.set_up(token, GOOD)
            secret = opened.staff.begin_second_factor(begun.token).secret
            return list(opened.staff.confirm_second_factor(begun.token, pyotp.TOTP(secret).now()).codes)

    return hire


def test_the_token_is_printed_once_alone_on_stdout(shop: Run):
    ended = shop("staff", "add", "amina@shop.example", "--name", "Amina Winter", "--role", "owner")
    assert ended.code == Code.DONE
    assert re.fullmatch(r"[\w-]{43}\n", ended.out)
    assert "/staff/set-up" in ended.err
    listed = shop("staff", "list", "--json")
    assert ended.out.strip() not in listed.out
    assert listed.document["staff"][0] | {"created_at": 0} == {
        "number": 1, "email": "amina@shop.example", "name": "Amina Winter", "role": "owner", "second_factor": False,
        "state": "invited", "created_at": 0, "signed_in_at": None, "disabled_at": None,
    }  # fmt: skip


def test_without_anybody_the_list_says_how_to_begin(shop: Run):
    assert "goodwill staff add" in shop("staff", "list").out


def test_the_roles_are_listed_with_what_they_may(shop: Run):
    roles = {one["role"]: one for one in shop("staff", "list", "--roles", "--json").document["roles"]}
    assert "reveal" in roles["privacy-officer"]["may"]
    assert not roles["marketer"]["second_factor"]


def test_a_role_that_does_not_exist_and_the_last_owner_are_refused(shop: Run):
    assert shop("staff", "add", "a@x.example", "--name", "A", "--role", "king").code == Code.USAGE
    shop("staff", "add", "a@x.example", "--name", "A", "--role", "owner")
    assert shop("staff", "disable", "1", "--yes").code == Code.CONFLICT
    assert shop("staff", "disable", "9", "--yes").code == Code.NOT_FOUND
    shop("staff", "add", "b@x.example", "--name", "B", "--role", "owner")
    assert shop("staff", "disable", "a@x.example", "--yes", "--json").document["state"] == "disabled"
    assert shop("staff", "enable", "1", "--json").document["state"] == "invited"
    assert shop("staff", "role", "1", "analyst", "--json").document["role"] == "analyst"
    assert len(shop("staff", "reset", "1", "--yes").out.strip()) == 43
    assert not shop("staff", "second-factor", "1", "--yes", "--json").document["second_factor"]


def test_two_people_approve_and_one_does_not(shop: Run, typed, hire):
    olga, rosa = hire("olga@shop.example", "owner"), hire("rosa@shop.example", "reviewer")
    typed(GOOD, olga.pop())
    asked = shop("approvals", "ask", "export", "ALL", "--reason", "we move to another system",
                 "--as", "olga@shop.example", "--json")  # fmt: skip
    assert asked.code == Code.DONE, asked.err
    name = asked.document["id"]
    typed(GOOD, olga.pop())
    alone = shop("approvals", "approve", name, "--as", "olga@shop.example")
    assert alone.code == Code.REFUSED
    assert "Somebody else" in alone.err
    typed(GOOD, rosa.pop())
    assert shop("approvals", "approve", name, "--as", "rosa@shop.example", "--json").document["state"] == "approved"
    typed(GOOD, rosa.pop())
    assert shop("approvals", "refuse", name, "--as", "rosa@shop.example").code == Code.CONFLICT
    assert shop("approvals", "list", "--json").document["approvals"][0]["answered_by"] == "staff 2"
    typed()
    assert shop("approvals", "refuse", name, "--as", "rosa@shop.example").code == Code.USAGE


def test_several_are_erased_at_once_by_one_who_asked_and_another_who_approved(shop: Run, typed, hire):
    olga, rosa = hire("olga@shop.example", "owner"), hire("rosa@shop.example", "reviewer")
    typed(GOOD, olga.pop())
    asked = shop("approvals", "ask", "erase", "amina", "bruno", "--reason", "both asked by letter",
                 "--as", "olga@shop.example", "--json").document  # fmt: skip
    typed(GOOD, rosa.pop())
    shop("approvals", "approve", asked["id"], "--as", "rosa@shop.example")
    as_olga = ("--approval", asked["id"], "--as", "olga@shop.example", "--yes", "--json")
    typed(GOOD, olga.pop())
    assert shop("people", "erase", "amina", "chiara", *as_olga).code == Code.REFUSED
    typed(GOOD, olga.pop())
    done = shop("people", "erase", "bruno", "amina", *as_olga)
    assert [one["status"] for one in done.document] == ["done", "done"], done.err
    lines = shop("audit", "list", "--actor", "staff 1", "--json").document["lines"]
    assert [(line["action"], line["outcome"]) for line in lines if line["action"].startswith("pe")] == [
        ("person.erase", "done"), ("person.erase", "done"), ("people.erase-many", "done"),
        ("people.erase-many", "NotAllowed"),
    ]  # fmt: skip
    assert len(shop("people", "erased", "--json").document) == 2


def test_several_own_copies_are_handed_out_by_one_who_asked_and_another_who_approved(shop: Run, typed, hire, tmp_path):
    folder = tmp_path / "copies"
    alone = shop("people", "export", "amina", "bruno", "--out", folder)
    assert alone.code == Code.REFUSED
    assert "goodwill approvals ask export" in alone.err
    olga, rosa = hire("olga@shop.example", "owner"), hire("rosa@shop.example", "reviewer")
    typed(GOOD, olga.pop())
    asked = shop("approvals", "ask", "export", "amina", "bruno", "--reason", "both asked by letter",
                 "--as", "olga@shop.example", "--json").document  # fmt: skip
    typed(GOOD, rosa.pop())
    shop("approvals", "approve", asked["id"], "--as", "rosa@shop.example")
    as_olga = ("--approval", asked["id"], "--as", "olga@shop.example", "--json")
    refused = [
        (("amina", "bruno"), Code.USAGE),  # no folder
        (("amina", "bruno", "--out", folder, "--format", "xml"), Code.USAGE),
        (("amina", "bruno", "--out", folder, "--reason", "because"), Code.USAGE),
        (("amina", "chiara", "--out", folder), Code.REFUSED),
    ]
    for words, code in refused:
        typed(GOOD, olga.pop())
        assert shop("people", "export", *words, *as_olga).code == code, words
    assert not list(folder.glob("*"))
    typed(GOOD, olga.pop())
    done = shop("people", "export", "bruno", "amina", "--out", folder, *as_olga)
    numbers = [shop("people", "find", name, "--json").document["person"] for name in ("bruno", "amina")]
    assert done.document == {"files": [str(folder / f"{number}.json") for number in numbers]}, done.err
    assert folder.stat().st_mode & 0o077 == 0
    for number, name in zip(numbers, ("bruno", "amina"), strict=True):
        file = folder / f"{number}.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert f"{name}@example.org" in file.read_text()
    typed(GOOD, olga.pop())
    assert shop("people", "export", "bruno", "amina", "--out", folder, *as_olga).code == Code.REFUSED  # once


def test_the_audit_log_is_listed_exported_and_looked_over(shop: Run, home, tmp_path):
    shop("consent", "withdraw", "amina", "recommendations", "--how", "phone")
    shop("staff", "add", "a@x.example", "--name", "A", "--role", "king")
    lines = shop("audit", "list", "--json").document["lines"]
    assert [(line["action"], line["outcome"]) for line in lines[:2]] == [
        ("staff.invite", "BadInput"), ("consent.withdraw", "done")
    ]  # fmt: skip
    about = shop("audit", "list", "--person", "amina", "--json").document["lines"]
    assert {line["action"] for line in about} == {"consent.withdraw"}
    file = tmp_path / "audit.ndjson"
    assert shop("audit", "export", "--out", file).code == Code.DONE
    assert file.stat().st_mode & 0o077 == 0
    assert file.read_text() == shop("audit", "export").out
    assert shop("audit", "verify", "--json").document["whole"]


def test_a_line_that_was_taken_out_is_missed(shop: Run, home):
    from sqlalchemy import text

    for how in ("phone", "till", "letter"):
        shop("consent", "withdraw", "amina", "recommendations", "--how", how)
    with open_shop(home) as opened, opened.database.transaction() as connection:
        connection.execute(text("DROP TRIGGER only_add_audit_rows_delete"))
        connection.execute(text("DELETE FROM audit_rows WHERE position = 2"))
    ended = shop("audit", "verify")
    assert ended.code == Code.FAILED
    assert "lacks row 2" in ended.out


def test_init_may_invite_the_owner(run: Run, tmp_path):
    home = tmp_path / "new"
    ended = run("init", "--home", home, "--owner", "olga@shop.example", "--zone", "UTC", "--json", "--no-input")
    assert len(ended.document["token"]) == 43
    listed = run("staff", "list", "--home", home, "--json").document["staff"]
    assert [(one["email"], one["role"], one["state"]) for one in listed] == [("olga@shop.example", "owner", "invited")]
    assert run("init", "--home", tmp_path / "other", "--owner", "nonsense", "--zone", "UTC").code == Code.USAGE
    assert not (tmp_path / "other").exists()
