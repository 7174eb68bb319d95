"""Who works in the shop: accounts, roles, and what needs a second pair of eyes."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from goodwill.cli import out
from goodwill.cli.ends import AnswerNeeded
from goodwill.cli.named import who
from goodwill.cli.shell import STAFF, Shell, command, group

if TYPE_CHECKING:
    from goodwill.shop import Shop
    from goodwill.shop.approvals import Approval
    from goodwill.shop.staff import Invited
    from goodwill.staff import Account

staff = group("staff", "Who works here: accounts, roles, second factors.", panel=STAFF)
approvals = group("approvals", "What one asks for and another approves: bulk exports and erasures.", panel=STAFF)
_LOST, _NO_APPROVAL = "goodwill staff list", "goodwill approvals list"

Who = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="Its number, as `goodwill staff list` shows it, or its address.")
]
As = Annotated[
    str, typer.Option("--as", metavar="ADDRESS", help="Your own account; its password and code are asked for.")
]
Which = Annotated[str, typer.Argument(metavar="ID", help="As `goodwill approvals list` shows it.")]


@command(staff, "add")
def add(
    shell: Shell,
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="Their e-mail address, with which they sign in.")],
    name: Annotated[str, typer.Option(help="Their name, as colleagues see it.")],
    role: Annotated[
        str, typer.Option(help="What they are here; `goodwill staff list --roles` tells what each may do.")
    ],
) -> None:
    """Invite somebody: print a token, this once, with which they choose a password.

    Roles: owner, marketer, analyst, developer, reviewer, privacy-officer, read-only.

    Example: goodwill staff add amina@shop.example --name "Amina Winter" --role marketer
    """
    with shell.shop() as shop:
        _hand_over(shell, shop, shop.staff.invite(email, name, role))


_ROLES = typer.Option("--roles", help="List the roles instead, and what each may do.", show_default=False)


@command(staff, "list")
def list_(shell: Shell, roles: Annotated[bool, _ROLES] = False) -> None:
    """List everybody who works here, or the roles there are."""
    from goodwill.staff.roles import MAY, WORDS, needs_second_factor

    if roles:
        document = [
            {"role": role, "may": sorted(MAY[role]), "second_factor": needs_second_factor(role), "words": words}
            for role, words in WORDS.items()
        ]
        lines = ((role, words, "needed" if needs_second_factor(role) else "wished") for role, words in WORDS.items())
        shell.answer({"roles": document}, out.table(("role", "may", "second factor"), lines))
        return
    with shell.shop() as shop:
        found, zone = shop.staff.accounts(), shop.settings.zone
    table = out.table(("number#", "address", "name", "role", "second factor", "signed in", "state"),
                      (_line(one, zone) for one in found))  # fmt: skip
    nothing = "Nobody yet. Begin with: goodwill staff add ADDRESS --name NAME --role owner"
    shell.answer({"staff": [_document(one) for one in found]}, table if found else nothing)


@command(staff, "role", lost=_LOST)
def role(
    shell: Shell, account: Who, role: Annotated[str, typer.Argument(metavar="ROLE", help="The role they get.")]
) -> None:
    """Give somebody another role; it holds from their next request on.

    Example: goodwill staff role amina@shop.example reviewer
    """
    with shell.shop() as shop:
        _changed(shell, shop.staff.set_role(account, role))


@command(staff, "disable", lost=_LOST)
def disable(shell: Shell, account: Who) -> None:
    """Close an account: its sessions end at once, and nobody signs in to it."""
    shell.make_sure(f"Close the account {account}?")
    with shell.shop() as shop:
        _changed(shell, shop.staff.disable(account))


@command(staff, "enable", lost=_LOST)
def enable(shell: Shell, account: Who) -> None:
    """Open an account again."""
    with shell.shop() as shop:
        _changed(shell, shop.staff.enable(account))


@command(staff, "reset", lost=_LOST)
def reset(shell: Shell, account: Who) -> None:
    """Print a new token for choosing a password; the old password and all sessions end at once."""
    shell.make_sure(f"End the password and the sessions of {account}?")
    with shell.shop() as shop:
        _hand_over(shell, shop, shop.staff.reset(account))


@command(staff, "second-factor", lost=_LOST)
def second_factor(shell: Shell, account: Who) -> None:
    """Take a lost second factor away: whoever signs in next sets up another, and sessions end at once.

    Make sure that it is them who ask: from here on the password alone lets somebody in as far as that.
    """
    shell.make_sure(f"Take the second factor of {account} away?")
    with shell.shop() as shop:
        _changed(shell, shop.staff.drop_second_factor(account))


# ---- approvals -------------------------------------------------------------------------------------------------------


@command(approvals, "ask")
def ask(
    shell: Shell,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="export or erase.")],
    people: Annotated[list[str], typer.Argument(metavar="PERSON…", help="Whom it concerns, or ALL.")],
    reason: Annotated[str, typer.Option(help="Why; at least ten characters.")],
    as_: As,
) -> None:
    """Ask somebody else to approve a bulk export or erasure.

    It holds for a day, once, for exactly these people.

    Example: goodwill approvals ask export ALL --reason "we move to another system" --as amina@shop.example
    """
    with shell.shop() as shop, signed_in(shell, shop, as_) as acting:
        whom = "all" if people == ["ALL"] else [int(shop.known(who(shop, one))) for one in people]
        _asked(shell, acting, acting.staff.approvals.ask(action, {"people": whom}, reason=reason))
        shell.note("Somebody else approves it with: goodwill approvals approve ID --as ADDRESS")


@command(approvals, "list")
def list_approvals(shell: Shell) -> None:
    """List what was asked for, and what became of it."""
    with shell.shop() as shop:
        found, zone = shop.staff.approvals.list(), shop.settings.zone
    lines = (
        (one.id, one.words, one.reason, one.asked_by, out.when(one.until, zone), one.answered_by or "–", one.state)
        for one in found
    )
    table = out.table(("id", "what", "why", "asked by", "until", "answered by", "state"), lines)
    shell.answer({"approvals": [_approval(one) for one in found]}, table if found else "Nothing was asked for yet.")


@command(approvals, "approve", lost=_NO_APPROVAL)
def approve(shell: Shell, approval: Which, as_: As) -> None:
    """Approve what somebody else asked for."""
    with shell.shop() as shop, signed_in(shell, shop, as_) as acting:
        _asked(shell, acting, acting.staff.approvals.approve(approval))


@command(approvals, "refuse", lost=_NO_APPROVAL)
def refuse(shell: Shell, approval: Which, as_: As) -> None:
    """Refuse what somebody else asked for."""
    with shell.shop() as shop, signed_in(shell, shop, as_) as acting:
        _asked(shell, acting, acting.staff.approvals.refuse(approval))


@contextmanager
def signed_in(shell: Shell, shop: "Shop", email: str) -> "Iterator[Shop]":
    """The shop as a member of staff uses it, who shows here and now that it is her; the session ends with the block."""
    begun = shop.staff.sign_in(
        email, unseen(shell, f"Password of {email}"), address="command line", device="Command line"
    )
    if begun.session.step == "enrol":
        shop.staff.sign_out(begun.token)
        raise AnswerNeeded(f"Set up your second factor first, at {shop.settings.reached_at}/staff")
    if begun.session.step == "code":
        begun = shop.staff.answer(begun.token, unseen(shell, "Code of your second factor"), address="command line")
    try:
        yield shop.acting(begun.session.actor())
    finally:
        shop.staff.sign_out(begun.token)


def unseen(shell: Shell, question: str) -> str:
    """Something that is not shown while it is typed; a script gives it as a line on standard input."""
    if sys.stdin.isatty() and not shell.no_input:
        return getpass.getpass(f"{question}: ", stream=sys.stderr)
    line = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not line:
        raise AnswerNeeded(f"{question}: nobody can be asked here; give it as a line on standard input.")
    return line


def _hand_over(shell: Shell, shop: "Shop", invited: "Invited") -> None:
    until = out.when(invited.until, shop.settings.zone)
    shell.answer({**_document(invited.account), "token": invited.token, "until": until}, invited.token)
    shell.note(
        f"Hand this token to {invited.account.name}, by another way than e-mail if you can. It works once, "
        f"until {until}, at {shop.settings.reached_at}/staff/set-up; it is not shown again."
    )


def _changed(shell: Shell, account: "Account") -> None:
    shell.answer(
        _document(account),
        out.pairs([("number", account.id), ("role", account.role), ("state", account.state),
                   ("second factor", "yes" if account.has_second_factor else "no")]),
    )  # fmt: skip


def _asked(shell: Shell, shop: "Shop", asked: "Approval") -> None:
    shell.answer(
        _approval(asked),
        out.pairs([("id", asked.id), ("what", asked.words), ("why", asked.reason), ("asked by", asked.asked_by),
                   ("digest", asked.digest[:16]), ("until", out.when(asked.until, shop.settings.zone)),
                   ("state", asked.state)]),
    )  # fmt: skip


def _line(account: "Account", zone: ZoneInfo) -> tuple[object, ...]:
    factor = "yes" if account.has_second_factor else "no"
    seen = out.when(account.signed_in_at, zone)
    return account.id, account.email, account.name, account.role, factor, seen, account.state


def _document(account: "Account") -> dict[str, object]:
    return {
        "number": account.id,
        "email": account.email,
        "name": account.name,
        "role": str(account.role),
        "second_factor": account.has_second_factor,
        "state": account.state,
        "created_at": _iso(account.created_at),
        "signed_in_at": _iso(account.signed_in_at),
        "disabled_at": _iso(account.disabled_at),
    }


def _approval(asked: "Approval") -> dict[str, object]:
    return {
        "id": asked.id,
        "action": asked.action,
        "words": asked.words,
        "digest": asked.digest,
        "reason": asked.reason,
        "state": asked.state,
        "asked_by": asked.asked_by,
        "asked_at": _iso(asked.asked_at),
        "until": _iso(asked.until),
        "answered_by": asked.answered_by,
        "answered_at": _iso(asked.answered_at),
        "used_at": _iso(asked.used_at),
    }


def _iso(at: int | None) -> str | None:
    from goodwill.basics.clock import iso

    return None if at is None else iso(at)
