"""What each role may do, as a table; and the one function that says whether somebody may do something.

Whoever adds something that staff can do adds an act here and gives it to the roles that need it. Nobody has an act
because it was forgotten: what no role lists, no member of staff may do.
"""

from dataclasses import dataclass
from enum import StrEnum

from goodwill.storage.audit import Actor


class Act(StrEnum):
    """Something that a member of staff may be allowed to do."""

    SUGGEST = "suggest"
    ASK = "ask-permission"  # whether a purpose is allowed for somebody
    READ = "read-people"  # one person at a time, masked
    READ_CONSENT = "read-consent"
    WRITE_CONSENT = "write-consent"
    REVEAL = "reveal"  # names and addresses in clear, with a reason
    EXPORT = "export"  # somebody's own copy, in clear
    REQUESTS = "work-on-requests"  # what customers ask for: a copy, a correction, an erasure
    ERASE = "erase"
    WHO_IS_WHO = "say-who-is-who"  # merge two people, take a merge back
    NOTICES = "write-notices"
    SIGN_OFF = "sign-off-notices"
    IMPORT = "import"
    LEARN = "learn"
    MEASURE = "read-figures"  # of the shop; they are about many, never about one
    PLAN = "plan"  # slots, experiments, segments, offers
    APPROVE = "approve"  # that a model or an initiative may run
    KEYS = "manage-keys"
    WATCH = "watch-what-comes-in"  # and which rule stopped what did not stay; it names nobody
    STAFF = "manage-staff"
    AUDIT = "read-audit"
    BULK_ASK = "ask-for-bulk"  # ask others to approve a bulk export or erasure
    BULK_APPROVE = "approve-bulk"
    OWN_ACCOUNT = "own-account"


class Role(StrEnum):
    """What somebody is here."""

    OWNER = "owner"
    MARKETER = "marketer"
    ANALYST = "analyst"
    DEVELOPER = "developer"
    REVIEWER = "reviewer"
    PRIVACY_OFFICER = "privacy-officer"
    READ_ONLY = "read-only"


MAY: dict[Role, frozenset[Act]] = {
    Role.OWNER: frozenset(Act),
    Role.PRIVACY_OFFICER: frozenset(
        {
            Act.OWN_ACCOUNT, Act.ASK, Act.READ, Act.READ_CONSENT, Act.WRITE_CONSENT, Act.REVEAL, Act.EXPORT,
            Act.REQUESTS, Act.ERASE, Act.WHO_IS_WHO, Act.NOTICES, Act.SIGN_OFF, Act.AUDIT, Act.BULK_ASK,
            Act.BULK_APPROVE, Act.WATCH, Act.MEASURE,
        }
    ),
    Role.REVIEWER: frozenset(
        {
            Act.OWN_ACCOUNT, Act.ASK, Act.READ_CONSENT, Act.SIGN_OFF, Act.AUDIT, Act.BULK_APPROVE, Act.APPROVE,
            Act.MEASURE,
        }
    ),
    Role.MARKETER: frozenset(
        {
            Act.OWN_ACCOUNT, Act.SUGGEST, Act.ASK, Act.READ, Act.READ_CONSENT, Act.WRITE_CONSENT, Act.REQUESTS,
            Act.NOTICES, Act.IMPORT, Act.PLAN, Act.MEASURE,
        }
    ),
    Role.ANALYST: frozenset({Act.OWN_ACCOUNT, Act.LEARN, Act.PLAN, Act.MEASURE}),
    Role.DEVELOPER: frozenset({Act.OWN_ACCOUNT, Act.KEYS, Act.WATCH, Act.IMPORT, Act.LEARN}),
    Role.READ_ONLY: frozenset({Act.OWN_ACCOUNT, Act.ASK, Act.READ, Act.READ_CONSENT, Act.MEASURE}),
}  # fmt: skip

# These need a code of the second factor from the last ten minutes; a role that has one of them needs the factor at all.
RISKY = frozenset(
    {Act.REVEAL, Act.EXPORT, Act.ERASE, Act.KEYS, Act.STAFF, Act.BULK_ASK, Act.BULK_APPROVE}
)  # fmt: skip

WORDS = {
    Role.OWNER: "everything",
    Role.PRIVACY_OFFICER: "customers' rights, consent, notices, the audit log; reveals and exports with a reason",
    Role.REVIEWER: "signs notices off, reads the audit log, approves bulk work of others",
    Role.MARKETER: "looks at people (masked), writes down their answers, imports, makes segments, works on requests",
    Role.ANALYST: "models and figures; sees no single person",
    Role.DEVELOPER: "keys for programs, what comes in, imports, models; sees no single person",
    Role.READ_ONLY: "looks at people (masked) and at their consents",
}


@dataclass(frozen=True, slots=True)
class About:
    """What an act is about, as far as that decides whether it is allowed.

    Attributes:
        account: the number of the account that it changes, or None.
        asked_by: who asked for what is to be approved, as the audit log names them.
    """

    account: int | None = None
    asked_by: str = ""


def acts_of(role: Role, *, fresh: bool) -> frozenset[Act]:
    """What a role may do now.

    Args:
        fresh: whether a code of the second factor came within the last ten minutes.
    """
    return MAY[role] if fresh else MAY[role] - RISKY


def needs_second_factor(role: Role) -> bool:
    return bool(MAY[role] & RISKY)


def may(actor: Actor, act: Act, about: About | None = None) -> bool:
    """Whether somebody may do something, here and to this.

    Whoever can run commands on the shop's own machine, and the shop's own jobs, have no list of acts and may do all
    but one thing: approve what they asked for themselves.
    """
    about = about or About()
    if act is Act.BULK_APPROVE and about.asked_by == actor.name:
        return False
    if actor.acts is None:
        return True
    if act not in actor.acts:
        return False
    # Nobody raises, lowers, disables or resets themselves: a stolen session must not settle in.
    return not (act is Act.STAFF and about.account is not None and actor.name == name_of(about.account))


def name_of(account: int) -> str:
    """How the audit log names a member of staff."""
    return f"staff {account}"


# ---- fields ----------------------------------------------------------------------------------------------------------


class Sight(StrEnum):
    """How much of a field somebody sees."""

    CLEAR = "clear"
    MASKED = "masked"
    HIDDEN = "hidden"


_IDS = frozenset(
    {"user_id", "anonymous_id", "external"}
)  # numbers of the shop's own; they are how a person is asked for


def sight(actor: Actor, field: str, *, revealed: bool = False) -> Sight:
    """How much of one field of a customer somebody sees.

    Args:
        field: the kind of an id (``email``) or the name of a field of the profile.
        revealed: whether a reason for seeing all was given and noted.
    """
    if not may(actor, Act.READ):
        return Sight.HIDDEN
    if revealed and may(actor, Act.REVEAL):
        return Sight.CLEAR
    return Sight.CLEAR if field in _IDS else Sight.MASKED
