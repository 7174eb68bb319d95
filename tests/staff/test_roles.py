"""The table of roles: who may do what, and what nobody may do to themselves."""

import pytest

from goodwill.staff.roles import MAY, RISKY, WORDS, About, Act, Role, Sight, acts_of, may, needs_second_factor, sight
from goodwill.storage.audit import Actor


def staff(role: Role, number: int = 3, *, fresh: bool = True) -> Actor:
    return Actor(f"staff {number}", role=role, acts=frozenset(map(str, acts_of(role, fresh=fresh))))


def test_every_role_is_in_the_table_and_has_words():
    assert set(MAY) == set(WORDS) == set(Role)


def test_every_act_is_given_to_somebody_beside_the_owner_or_is_the_owners_alone():
    others = frozenset().union(*(acts for role, acts in MAY.items() if role is not Role.OWNER))
    assert frozenset(Act) - others == {Act.STAFF}


def test_who_may_reveal_export_or_manage_needs_a_second_factor():
    needing = {role for role in Role if needs_second_factor(role)}
    assert needing == {Role.OWNER, Role.PRIVACY_OFFICER, Role.REVIEWER, Role.DEVELOPER}
    for role in needing:
        assert not acts_of(role, fresh=False) & RISKY


@pytest.mark.parametrize("role", [Role.MARKETER, Role.ANALYST, Role.READ_ONLY])
def test_marketing_cannot_look_behind_the_mask_or_take_anything_out(role):
    assert not MAY[role] & {Act.REVEAL, Act.EXPORT, Act.ERASE, Act.BULK_ASK, Act.BULK_APPROVE, Act.AUDIT, Act.STAFF}


def test_nobody_changes_their_own_account_with_the_owners_power():
    owner = staff(Role.OWNER)
    assert may(owner, Act.STAFF, About(account=4))
    assert not may(owner, Act.STAFF, About(account=3))


def test_nobody_approves_what_they_asked_for():
    assert may(staff(Role.REVIEWER), Act.BULK_APPROVE, About(asked_by="staff 4"))
    assert not may(staff(Role.REVIEWER), Act.BULK_APPROVE, About(asked_by="staff 3"))
    assert not may(Actor("command line"), Act.BULK_APPROVE, About(asked_by="command line"))


def test_fields_are_masked_hidden_or_clear_by_role_and_reason():
    marketer, analyst, owner = staff(Role.MARKETER), staff(Role.ANALYST), staff(Role.OWNER)
    assert sight(marketer, "email") is Sight.MASKED
    assert sight(marketer, "email", revealed=True) is Sight.MASKED
    assert sight(marketer, "user_id") is Sight.CLEAR
    assert sight(analyst, "email") is sight(analyst, "user_id") is Sight.HIDDEN
    assert sight(owner, "email") is Sight.MASKED
    assert sight(owner, "email", revealed=True) is Sight.CLEAR
    assert sight(staff(Role.OWNER, fresh=False), "email", revealed=True) is Sight.MASKED


def test_who_works_on_the_machine_itself_has_no_list():
    assert all(may(Actor("command line"), act) for act in Act)
    assert not any(may(Actor("key x", acts=frozenset()), act) for act in Act)
