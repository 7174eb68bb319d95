"""The shapes of what staff ask and are told over the wire."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from goodwill.web.messages import Cursor, Id, Mark, Moment

Address = Annotated[str, Meta(min_length=3, max_length=320, description="An e-mail address.")]
Secret = Annotated[str, Meta(min_length=1, max_length=400)]
Code = Annotated[str, Meta(min_length=6, max_length=60, description="Of the second factor, or a recovery code.")]
Number = Annotated[int, Meta(ge=1, le=2**53, description="The account's number.")]
Role = Annotated[str, Meta(description="owner, marketer, analyst, developer, reviewer, privacy-officer or read-only")]
Reason = Annotated[
    str, Meta(min_length=10, max_length=300, description="Why; it stands in the audit log, and the customer can ask.")
]


class SignInRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """A password and, where the account has a second factor, a code of it."""

    email: Address
    password: Secret
    code: Code | None = None


class CodeRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """A code of the second factor."""

    code: Code


class NothingRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Nothing more is asked."""


class AccountRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which account."""

    id: Number


class InviteRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whom to invite, and as what."""

    email: Address
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Role


class ChangeRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """What to do with an account."""

    account: Number
    role: Annotated[Role, Meta(description="Only for `role`.")] | None = None


class LookRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """At whom."""

    id: Id


class RevealRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """At whom, and why in clear."""

    user_id: Id
    reason: Reason


class AskRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """What somebody else shall approve, for whom, and why; without `people` it is for all."""

    action: Annotated[str, Meta(description="export or erase")]
    reason: Reason
    people: Annotated[list[Id], Meta(min_length=2, max_length=255)] | None = None


class ApprovalRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """The answer to what somebody else asked for."""

    approval: Annotated[str, Meta(min_length=1, max_length=40)]
    approve: bool


class AuditRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which lines, and how many at once."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    after: Cursor | None = field(default=None, name="cursor")
    user_id: Annotated[Id, Meta(description="Only what was done about this person.")] | None = None
    actor: Annotated[str, Meta(max_length=100, description="Only what they did, such as `staff 3`.")] = ""
    action: Annotated[str, Meta(max_length=100, description="Only this, such as `person.reveal`.")] = ""


# ---- what is told ----------------------------------------------------------------------------------------------------


class StaffMember(Struct, frozen=True):
    """An account of staff."""

    id: int
    email: str
    name: str
    role: str
    state: Annotated[str, Meta(description="`invited`, `active` or `disabled`")]
    second_factor: bool
    created_at: Moment
    signed_in_at: Moment | None
    disabled_at: Moment | None


class StaffList(Struct, frozen=True):
    """Everybody who works here."""

    staff: list[StaffMember]


class Invitation(Struct, frozen=True):
    """A token with which somebody chooses a password; it is told this once."""

    account: StaffMember
    token: str
    until: Moment
    at: Annotated[str, Meta(description="The page where it is typed in.")]


class OpenSession(Struct, frozen=True):
    """One's own session, with the token that has to come back with whatever changes something."""

    account: StaffMember
    may: list[str]
    fresh: Annotated[bool, Meta(description="Whether a code of the second factor came within the last ten minutes.")]
    form: Annotated[str, Meta(description="Comes back as `X-Goodwill-Form`.")]
    since: Moment
    device: str
    others: Annotated[int, Meta(description="How many more sessions of this account are open.")]


class Ended(Struct, frozen=True):
    """How many sessions ended."""

    ended: int


class Allowed(Struct, frozen=True):
    """What somebody said about one purpose."""

    purpose: str
    allowed: bool
    reason: str
    categories: list[str]


class KnownBy(Struct, frozen=True):
    """One way in which the shop knows somebody, as far as it may be seen."""

    kind: str
    value: str


class Outline(Struct, frozen=True):
    """What is known of somebody, in outline; names and addresses masked unless a reason was given."""

    person: int
    in_clear: bool
    known_as: list[KnownBy]
    profile: dict[str, str]
    events: dict[str, int]
    first: Moment | None
    last: Moment | None
    allows: list[Allowed]
    watermark: Mark | UnsetType = UNSET


class AuditLine(Struct, frozen=True):
    """One line of the audit log."""

    position: int
    at: Moment
    actor: str
    action: str
    person: Annotated[int, Meta(description="goodwill's own number of whom it is about.")] | None
    reason: str
    outcome: Annotated[str, Meta(description="`done`, or why not")]
    detail: dict[str, str | int | bool | None]


class AuditLines(Struct, frozen=True):
    """Lines of the audit log, newest first."""

    lines: list[AuditLine]


class Approval(Struct, frozen=True):
    """A question to a second person, and what became of it."""

    id: str
    action: str
    words: str
    digest: Annotated[str, Meta(description="SHA-256 of exactly what; both see the same.")]
    reason: str
    state: Annotated[str, Meta(description="`waits`, `approved`, `refused`, `used` or `late`")]
    asked_by: str
    asked_at: Moment
    until: Moment
    answered_by: str | None
    people: Annotated[list[int], Meta(description="Whom exactly, by goodwill's own numbers.")] | UnsetType = UNSET


class Approvals(Struct, frozen=True):
    """What was asked for, the latest first."""

    approvals: list[Approval]
