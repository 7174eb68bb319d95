"""Staff: inviting, signing in and out, second factors, roles, lock-outs; each with its line in the audit log."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.conftest import FakeClock
from tests.small_shop import ASKED
from tests.staff.working import GOOD, cheaply, hired

from goodwill.app import create_shop
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.protect.passwords import Cost, Passwords
from goodwill.shop import Actor, Shop
from goodwill.staff.refusals import CodeNeeded, NotAllowed, NotRecognised, TooManyTries
from goodwill.staff.roles import Act, Role
from goodwill.storage import Database, audit


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    opened = cheaply(create_shop(tmp_path / "home", clock=clock, name="Corner café", database=where))
    yield opened
    opened.close()


def lines(shop: Shop) -> list[tuple[str, str, str]]:
    with shop.database.reading() as connection:
        return [(line.actor, line.action, line.outcome) for line in audit.lines(connection)]


def everything_kept(shop: Shop) -> str:
    with shop.database.reading() as connection:
        tables = ("staff_accounts", "staff_sessions", "staff_recovery", "staff_tries", "staff_approvals", "audit_rows")
        return repr([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])


# ---- accounts --------------------------------------------------------------------------------------------------------


def test_somebody_is_invited_chooses_a_password_and_signs_in(shop):
    invited = shop.staff.invite("Amina@Shop.example", "Amina Winter", "marketer")
    assert (invited.account.email, invited.account.state) == ("amina@shop.example", "invited")
    begun = shop.staff.set_up(invited.token, GOOD)
    assert begun.session.is_whole
    again = shop.staff.sign_in("AMINA@shop.example", GOOD)
    assert again.session.account.name == "Amina Winter"
    assert [line[1:] for line in lines(shop)] == [
        ("staff.invite", "done"), ("staff.set-up", "done"), ("staff.sign-in", "done")
    ]  # fmt: skip


def test_what_is_kept_of_staff_is_sealed_or_hashed(shop):
    owner = hired(shop, "owner", "olga@shop.example")
    owner.sign_in()
    kept = everything_kept(shop)
    for secret in ("olga", "The owner", GOOD, owner.token, owner.secret, *owner.recovery):
        assert secret not in kept


def test_a_set_up_token_works_once_and_for_three_days(shop, clock):
    once = shop.staff.invite("a@shop.example", "A", "marketer").token
    shop.staff.set_up(once, GOOD)
    late = shop.staff.invite("b@shop.example", "B", "marketer").token
    clock.turn(days=3)
    for token in (once, late, "", "nonsense"):
        with pytest.raises(NotRecognised):
            shop.staff.set_up(token, GOOD)


def test_a_weak_password_is_refused_and_the_token_still_works(shop):
    token = shop.staff.invite("a@shop.example", "A", "marketer").token
    for weak in ("short", "cornercafé2026", "password1234"):
        with pytest.raises(BadInput):
            shop.staff.set_up(token, weak)
    assert shop.staff.set_up(token, GOOD).session.is_whole


@pytest.mark.parametrize(
    ("email", "name", "role"), [("nonsense", "A", "owner"), ("a@x.example", " ", "owner"), ("a@x.example", "A", "king")]
)
def test_an_account_needs_an_address_a_name_and_a_role(shop, email, name, role):
    with pytest.raises(BadInput):
        shop.staff.invite(email, name, role)
    assert not shop.staff.accounts()


def test_an_address_has_one_account(shop):
    shop.staff.invite("a@shop.example", "A", "owner")
    with pytest.raises(Conflict):
        shop.staff.invite("A@SHOP.example", "B", "analyst")


def test_the_last_owner_stays(shop):
    olga = hired(shop, "owner")
    for act in (lambda: shop.staff.disable(olga.number), lambda: shop.staff.set_role(olga.number, "analyst")):
        with pytest.raises(Conflict):
            act()
    hired(shop, "owner", "other@shop.example")
    assert shop.staff.set_role(olga.email, "analyst").role == "analyst"


def test_an_account_that_is_not_there_is_not_found(shop):
    for who in (9, "9", "nobody@shop.example", "nonsense"):
        with pytest.raises(NotFound):
            shop.staff.disable(who)


# ---- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_only_owners_manage_staff(shop, role):
    begun = hired(shop, role).sign_in()
    acting = shop.acting(begun.session.actor())
    with pytest.raises(NotAllowed):
        acting.staff.invite("x@shop.example", "X", "owner")
    assert lines(shop)[-1] == (begun.session.account.actor, "staff.invite", "NotAllowed")


def test_an_owner_needs_a_fresh_code_and_cannot_change_herself(shop, clock):
    olga, mia = hired(shop, "owner"), hired(shop, "marketer")
    session = olga.sign_in().session
    acting = shop.acting(session.actor())
    assert acting.staff.set_role(mia.number, "analyst").role == "analyst"
    for act in (acting.staff.disable, acting.staff.reset, acting.staff.drop_second_factor):
        with pytest.raises(NotAllowed):
            act(olga.number)
    clock.turn(seconds=601)
    stale = shop.acting(shop.staff.session(olga.token).actor())
    with pytest.raises(CodeNeeded):
        stale.staff.set_role(mia.number, "owner")
    renewed = shop.staff.answer(olga.token, olga.code())
    assert shop.acting(renewed.session.actor()).staff.set_role(mia.number, "marketer")


def test_a_change_of_role_and_a_closed_account_hold_at_once(shop):
    mia = hired(shop, "marketer")
    assert Act.WRITE_CONSENT in shop.staff.session(mia.token).acts
    shop.staff.set_role(mia.number, "read-only")
    assert Act.WRITE_CONSENT not in shop.staff.session(mia.token).acts
    shop.staff.disable(mia.number)
    assert shop.staff.session(mia.token) is None
    with pytest.raises(NotRecognised):
        shop.staff.sign_in(mia.email, GOOD)
    shop.staff.enable(mia.number)
    assert shop.staff.session(mia.token) is None, "sessions that ended do not come back"
    assert shop.staff.sign_in(mia.email, GOOD).session.is_whole


# ---- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_ends_after_half_an_hour_without_use_and_twelve_hours_at_the_latest(shop, clock):
    mia = hired(shop, "marketer")
    clock.turn(seconds=29 * 60)
    shop.staff.seen(mia.token)
    clock.turn(seconds=29 * 60)
    assert shop.staff.session(mia.token)
    clock.turn(seconds=60)
    assert shop.staff.session(mia.token) is None
    mia.sign_in()
    for _ in range(24):
        assert shop.staff.session(mia.token)
        clock.turn(seconds=30 * 60 - 1)
        shop.staff.seen(mia.token)
    clock.turn(seconds=24)
    assert shop.staff.session(mia.token) is None


def test_a_code_gives_the_session_a_new_secret_and_the_old_one_opens_nothing(shop, clock):
    olga = hired(shop, "owner")
    half = shop.staff.sign_in(olga.email, GOOD)
    assert half.session.step == "code"
    assert not half.session.acts
    clock.turn(seconds=30)
    whole = shop.staff.answer(half.token, olga.code())
    assert shop.staff.session(half.token) is None
    clock.turn(seconds=30)
    stronger = shop.staff.answer(whole.token, olga.code())
    assert shop.staff.session(whole.token) is None
    assert stronger.session.created_at == whole.session.created_at, "a step up does not make it last longer"


def test_between_password_and_code_there_are_ten_minutes(shop, clock):
    olga = hired(shop, "owner")
    half = shop.staff.sign_in(olga.email, GOOD)
    clock.turn(seconds=600)
    with pytest.raises(NotRecognised):
        shop.staff.answer(half.token, olga.code())


def test_a_half_session_opens_nothing_else(shop):
    olga = hired(shop, "owner")
    half = shop.staff.sign_in(olga.email, GOOD)
    for act in (
        lambda: shop.staff.change_password(half.token, GOOD, "mango vortex quill"),
        lambda: shop.staff.sign_out_everywhere(half.token),
        lambda: shop.staff.begin_second_factor(half.token),
        lambda: shop.staff.new_recovery_codes(half.token),
    ):
        with pytest.raises(NotRecognised):
            act()


def test_signing_out_ends_one_session_or_all(shop):
    mia = hired(shop, "marketer")
    first, second = mia.sign_in().token, mia.sign_in(device="Firefox on Linux").token
    assert {one.device for one in shop.staff.sessions(mia.number)} == {"", "Firefox on Linux"}
    shop.staff.sign_out(first)
    assert shop.staff.session(first) is None
    assert shop.staff.session(second)
    assert shop.staff.sign_out_everywhere(second) == 2
    assert shop.staff.session(second) is None
    assert not shop.staff.sessions(mia.number)


def test_what_has_ended_is_cleared_away(shop, clock):
    mia = hired(shop, "marketer")
    with pytest.raises(NotRecognised):
        shop.staff.sign_in("nobody@shop.example", GOOD)
    clock.turn(days=1)
    shop.staff.tidy()
    with shop.database.reading() as connection:
        for table in ("staff_sessions", "staff_tries"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    assert mia.sign_in().session.is_whole


# ---- the second factor -----------------------------------------------------------------------------------------------


def test_whoever_may_reveal_has_to_set_up_a_second_factor_first(shop):
    token = shop.staff.invite("p@shop.example", "P", "privacy-officer").token
    begun = shop.staff.set_up(token, GOOD)
    assert begun.session.step == "enrol"
    assert not begun.session.acts
    wrong = shop.staff.begin_second_factor(begun.token)
    assert shop.staff.shown_second_factor(begun.token) == wrong
    with pytest.raises(NotRecognised):
        shop.staff.confirm_second_factor(begun.token, "000000")
    assert shop.staff.session(begun.token).step == "enrol"


def test_a_code_counts_once(shop, clock):
    olga = hired(shop, "owner")
    clock.turn(seconds=30)
    code = olga.code()
    shop.staff.answer(shop.staff.sign_in(olga.email, GOOD).token, code)
    second = shop.staff.sign_in(olga.email, GOOD)
    with pytest.raises(NotRecognised):
        shop.staff.answer(second.token, code)
    with pytest.raises(NotRecognised):
        shop.staff.answer(second.token, olga.code(-30))
    clock.turn(seconds=30)
    assert shop.staff.answer(second.token, olga.code()).session.is_whole


def test_the_code_that_confirmed_counts_no_second_time(shop):
    olga = hired(shop, "owner")
    with pytest.raises(NotRecognised):
        shop.staff.answer(shop.staff.sign_in(olga.email, GOOD).token, olga.code())


def test_a_recovery_code_opens_once_in_place_of_the_phone(shop):
    olga = hired(shop, "owner")
    assert len(olga.recovery) == 10
    code = olga.recovery[0].upper().replace("-", " ")
    assert shop.staff.answer(shop.staff.sign_in(olga.email, GOOD).token, code).session.fresh
    with pytest.raises(NotRecognised):
        shop.staff.answer(shop.staff.sign_in(olga.email, GOOD).token, code)
    assert shop.staff.recovery_left(olga.number) == 9


def test_new_recovery_codes_end_the_old_and_need_a_fresh_code(shop, clock):
    olga = hired(shop, "owner")
    new = shop.staff.new_recovery_codes(olga.token)
    with pytest.raises(NotRecognised):
        shop.staff.answer(shop.staff.sign_in(olga.email, GOOD).token, olga.recovery[0])
    token = shop.staff.answer(shop.staff.sign_in(olga.email, GOOD).token, new[0]).token
    clock.turn(seconds=600)
    with pytest.raises(CodeNeeded):
        shop.staff.new_recovery_codes(token)


def test_another_second_factor_needs_a_code_of_the_first(shop, clock):
    olga = hired(shop, "owner")
    clock.turn(seconds=600)
    with pytest.raises(CodeNeeded):
        shop.staff.begin_second_factor(olga.token)
    assert shop.staff.shown_second_factor(olga.token) is None


def test_a_lost_second_factor_is_dropped_by_an_owner_and_set_up_anew(shop):
    olga, pia = hired(shop, "owner"), hired(shop, "privacy-officer")
    acting = shop.acting(olga.sign_in().session.actor())
    acting.staff.drop_second_factor(pia.number)
    assert shop.staff.session(pia.token) is None
    begun = shop.staff.sign_in(pia.email, GOOD)
    assert begun.session.step == "enrol"
    assert shop.staff.recovery_left(pia.number) == 0


# ---- passwords -------------------------------------------------------------------------------------------------------


def test_a_changed_password_ends_all_other_sessions(shop):
    mia = hired(shop, "marketer")
    other = shop.staff.sign_in(mia.email, GOOD).token
    changed = shop.staff.change_password(mia.token, GOOD, "mango vortex quill")
    assert shop.staff.session(other) is None
    assert shop.staff.session(mia.token) is None, "the secret changes with the password"
    assert shop.staff.session(changed.token)
    with pytest.raises(NotRecognised):
        shop.staff.sign_in(mia.email, GOOD)
    assert shop.staff.sign_in(mia.email, "mango vortex quill")


def test_the_old_password_is_asked_for_and_the_new_one_looked_at(shop):
    mia = hired(shop, "marketer")
    with pytest.raises(NotRecognised):
        shop.staff.change_password(mia.token, "not that one", "mango vortex quill")
    with pytest.raises(BadInput):
        shop.staff.change_password(mia.token, GOOD, "password1234")


def test_a_reset_ends_the_old_password_and_all_sessions(shop):
    mia = hired(shop, "marketer")
    invited = shop.staff.reset(mia.number)
    assert shop.staff.session(mia.token) is None
    with pytest.raises(NotRecognised):
        shop.staff.sign_in(mia.email, GOOD)
    shop.staff.set_up(invited.token, "mango vortex quill")


def test_a_reset_leaves_the_second_factor_in_place(shop):
    olga = hired(shop, "owner")
    begun = shop.staff.set_up(shop.staff.reset(olga.number).token, "mango vortex quill")
    assert begun.session.step == "code"


def test_a_password_is_hashed_anew_when_a_hash_shall_cost_more(shop):
    mia = hired(shop, "marketer")
    dearer = replace(shop, passwords=Passwords(Cost(memory=128, passes=1)))
    assert "m=64," in everything_kept(shop)
    dearer.staff.sign_in(mia.email, GOOD)
    assert "m=128," in everything_kept(shop)
    assert dearer.staff.sign_in(mia.email, GOOD).session.is_whole


# ---- guessing --------------------------------------------------------------------------------------------------------


def test_ten_wrong_passwords_lock_the_account_for_a_while_even_for_the_right_one(shop, clock):
    mia = hired(shop, "marketer")
    for n in range(10):
        with pytest.raises(NotRecognised):
            shop.staff.sign_in(mia.email, "wrong", address=f"10.0.0.{n}")
    for password in ("wrong", GOOD):
        with pytest.raises(TooManyTries) as told:
            shop.staff.sign_in(mia.email, password, address="10.0.1.1")
    clock.turn(seconds=told.value.wait)
    assert shop.staff.sign_in(mia.email, GOOD, address="10.0.1.1").session.is_whole


def test_an_account_that_does_not_exist_is_locked_alike(shop):
    said = []
    hired(shop, "marketer", "mia@shop.example")
    for email in ("mia@shop.example", "nobody@shop.example", "no address at all"):
        for _ in range(12):
            try:
                shop.staff.sign_in(email, "wrong", address=email)
            except (NotRecognised, TooManyTries) as error:
                said.append(str(error))
    assert said[:12] == said[12:24] == said[24:]


def test_one_place_is_slowed_whatever_accounts_it_tries(shop):
    for n in range(30):
        with pytest.raises(NotRecognised):
            shop.staff.sign_in(f"nobody{n}@shop.example", "wrong", address="10.0.0.1")
    with pytest.raises(TooManyTries):
        shop.staff.sign_in("other@shop.example", "wrong", address="10.0.0.1")
    with pytest.raises(NotRecognised):
        shop.staff.sign_in("other@shop.example", "wrong", address="10.0.0.2")


def test_a_lock_out_leaves_one_line_and_writes_nothing_more(shop):
    for _ in range(10):
        with pytest.raises(NotRecognised):
            shop.staff.sign_in("nobody@shop.example", "wrong")
    before = len(lines(shop))
    for _ in range(5):
        with pytest.raises(TooManyTries):
            shop.staff.sign_in("nobody@shop.example", "wrong")
    assert lines(shop)[before:] == [("somebody signing in", "staff.sign-in", "TooManyTries")]


def test_codes_are_counted_like_passwords(shop):
    olga = hired(shop, "owner")
    half = shop.staff.sign_in(olga.email, GOOD)
    for _ in range(9):
        with pytest.raises(NotRecognised):
            shop.staff.answer(half.token, "000000")
    with pytest.raises(TooManyTries):
        shop.staff.answer(half.token, olga.code(30))


def test_signing_in_wholly_forgets_the_wrong_tries(shop):
    mia = hired(shop, "marketer")
    for _ in range(3):
        for _ in range(6):
            with pytest.raises(NotRecognised):
                shop.staff.sign_in(mia.email, "wrong", address="x")
        mia.sign_in(address="y")


def test_an_unknown_account_costs_the_same_work(shop):
    """Against the usual cost: the hash is most of the time, and it is made either way."""
    dear = replace(shop, passwords=Passwords(Cost(memory=19 * 1024)))
    mia = hired(dear, "marketer")
    taken: dict[str, list[float]] = {mia.email: [], "nobody@shop.example": []}
    for n in range(8):
        for email, times in taken.items():
            start = time.thread_time()  # not the clock on the wall: what else this machine does is no work of ours
            with pytest.raises(NotRecognised):
                dear.staff.sign_in(email, "wrong", address=f"{email} {n // 2}")
            times.append(time.thread_time() - start)
    known, unknown = (min(times[2:]) for times in taken.values())
    assert 0.4 < known / unknown < 2.5


def test_a_failed_try_is_entered_without_what_was_typed(shop):
    mia = hired(shop, "marketer")
    for email in (mia.email, "my password by mistake"):
        with pytest.raises(NotRecognised):
            shop.staff.sign_in(email, "wrong")
    with shop.database.reading() as connection:
        known, unknown = audit.lines(connection)[-2:]
    assert (known.actor, known.action, known.outcome) == ("somebody signing in", "staff.sign-in", "NotRecognised")
    assert known.detail == {"account": mia.number}
    assert unknown.detail == {}
    assert "mistake" not in everything_kept(shop)


def test_the_line_of_a_member_of_staff_tells_her_role(shop):
    mia = hired(shop, "marketer")
    shop.acting(shop.staff.session(mia.token).actor("she asked for it")).grant("amina", "recommendations", asked=ASKED)
    with shop.database.reading() as connection:
        line = audit.lines(connection)[-1]
    assert (line.actor, line.detail["role"], line.reason) == (f"staff {mia.number}", "marketer", "she asked for it")
    assert shop.actor == Actor("program")
