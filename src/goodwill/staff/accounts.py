"""Accounts of staff as others may see them, and the sealing of their names and addresses."""

from dataclasses import dataclass

from goodwill.basics.clock import DAY
from goodwill.basics.errors import BadInput
from goodwill.people.canonical import canonical, clean
from goodwill.protect import Box
from goodwill.staff.roles import Role, name_of
from goodwill.staff.store import AccountRow

INVITE_FOR = 3 * DAY


@dataclass(frozen=True, slots=True)
class Account:
    """A member of staff.

    Attributes:
        state: invited (no password yet), active, disabled.
        has_second_factor: whether codes are asked for.
    """

    id: int
    email: str
    name: str
    role: Role
    state: str
    has_second_factor: bool
    created_at: int
    signed_in_at: int | None
    disabled_at: int | None

    @property
    def actor(self) -> str:
        """How the audit log names her."""
        return name_of(self.id)


def account_of(row: AccountRow, box: Box) -> Account:
    waits = row.password is None and (row.invite_until is not None or row.signed_in_at is None)
    state = "disabled" if row.disabled_at is not None else "invited" if waits else "active"
    return Account(
        row.id,
        box.open(row.mailbox, "staff", row.id, "email"),
        box.open(row.name, "staff", row.id, "name"),
        Role(row.role),
        state,
        row.secret is not None,
        row.created_at,
        row.signed_in_at,
        row.disabled_at,
    )


def role_of(text: str) -> Role:
    """The role that a text names.

    Raises:
        BadInput: there is none such.
    """
    if text not in set(Role):
        raise BadInput(f"'{text}' is not a role. There are: {', '.join(Role)}.")
    return Role(text)


def address_of(text: str) -> str:
    """An e-mail address in its one form.

    Raises:
        BadInput: it is none.
    """
    found = canonical("email", text)
    if found is None:
        raise BadInput(f"'{text[:60]}' is not an e-mail address.")
    return found


def called(text: str) -> str:
    """A name fit to be kept.

    Raises:
        BadInput: it is empty, too long, or cannot be kept.
    """
    name = " ".join(clean(text, "name").split())
    if not 1 <= len(name) <= 100:
        raise BadInput("A name has 1 to 100 characters.")
    return name
