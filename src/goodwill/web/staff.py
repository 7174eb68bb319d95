"""The API for staff: signing in and out, accounts, looks at one customer, approvals, and the audit log."""

from urllib.parse import urlencode

from msgspec import UNSET

from goodwill.basics.clock import iso
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import from_opaque, opaque
from goodwill.shop import Shop, Who
from goodwill.shop.approvals import Approval
from goodwill.shop.looks import Outline
from goodwill.shop.staff import Begun, Invited
from goodwill.staff import Account, Act, Session
from goodwill.staff.refusals import CodeNeeded
from goodwill.staff.sessions import device_of, form_token
from goodwill.storage.audit import Line
from goodwill.web import staff_messages as shapes
from goodwill.web.answers import mark, moment
from goodwill.web.bodies import wrong
from goodwill.web.desk import Call, endpoint
from goodwill.web.problems import (
    AWAY_NOW,
    BAD_INPUT,
    CONFLICT,
    NOT_FOUND,
    NOT_SIGNED_IN,
    SECOND_FACTOR,
    TOO_MANY,
    Problem,
    Wrong,
)

# ---- sessions --------------------------------------------------------------------------------------------------------


@endpoint(
    "POST", "/api/v1/staff/session",
    tag="Staff", apart=True, problems=(NOT_SIGNED_IN, SECOND_FACTOR, BAD_INPUT, TOO_MANY, AWAY_NOW),
    example={"email": "amina@shop.example", "password": "…", "code": "123456"},
)  # fmt: skip
def begin_session(call: Call[shapes.SignInRequest]) -> shapes.OpenSession:
    """Sign in: the answer sets a cookie.

    An address without an account gets the same answer as a wrong password, after the same work. Where the account has a
    second factor, send its code along; without it the answer is `second-factor`.
    """
    ask, staff = call.ask, call.shop.staff
    _check_from_here(call, signed_in=False)
    device = device_of(call.letter.header(b"user-agent") or "")
    begun = staff.sign_in(ask.email, ask.password, address=call.letter.address, device=device)
    if begun.session.step == "enrol":
        raise CodeNeeded("Set up your second factor first, at /staff/sign-in.")
    if begun.session.step == "code":
        if ask.code is None:
            raise CodeNeeded("Send a code of your second factor along.")
        begun = staff.answer(begun.token, ask.code, address=call.letter.address)
    return _begun(call, begun)


@endpoint("GET", "/api/v1/staff/session", may=Act.OWN_ACCOUNT, tag="Staff")
def show_session(call: Call[shapes.NothingRequest]) -> shapes.OpenSession:
    """Read one's own session: who one is, what one may do, and the token that changes have to repeat."""
    return _session(call, _own(call), call.door.token(call.letter.headers))


@endpoint("DELETE", "/api/v1/staff/session", may=Act.OWN_ACCOUNT, tag="Staff")
def end_session(call: Call[shapes.NothingRequest]) -> shapes.Ended:
    """Sign out."""
    call.shop.staff.sign_out(call.door.token(call.letter.headers))
    call.letter.notes.headers["Set-Cookie"] = call.door.drop_cookie().header
    return shapes.Ended(1)


@endpoint("DELETE", "/api/v1/staff/sessions", may=Act.OWN_ACCOUNT, tag="Staff")
def end_sessions(call: Call[shapes.NothingRequest]) -> shapes.Ended:
    """Sign out everywhere: end every session of one's own account, this one too."""
    ended = call.shop.staff.sign_out_everywhere(call.door.token(call.letter.headers))
    call.letter.notes.headers["Set-Cookie"] = call.door.drop_cookie().header
    return shapes.Ended(ended)


@endpoint("POST", "/api/v1/staff/session/code", may=Act.OWN_ACCOUNT, tag="Staff", apart=True,
          example={"code": "123456"})  # fmt: skip
def strengthen_session(call: Call[shapes.CodeRequest]) -> shapes.OpenSession:
    """Give a code of the second factor, before something risky. The cookie and the form's token change with it."""
    token = call.door.token(call.letter.headers)
    return _begun(call, call.shop.staff.answer(token, call.ask.code, address=call.letter.address))


# ---- accounts --------------------------------------------------------------------------------------------------------


@endpoint("GET", "/api/v1/staff", may=Act.STAFF, tag="Staff")
def list_staff(call: Call[shapes.NothingRequest]) -> shapes.StaffList:
    """List everybody who works here."""
    return shapes.StaffList([_account(one) for one in call.shop.staff.accounts()])


@endpoint("GET", "/api/v1/staff/{id}", may=Act.STAFF, tag="Staff", problems=(NOT_FOUND,))
def show_staff(call: Call[shapes.AccountRequest]) -> shapes.StaffMember:
    """Read one account."""
    return _account(call.shop.staff.account(call.ask.id))


@endpoint("POST", "/api/v1/staff", may=Act.STAFF, tag="Staff",
          example={"email": "erin@shop.example", "name": "Erin Alba", "role": "marketer"})  # fmt: skip
def invite_staff(call: Call[shapes.InviteRequest]) -> shapes.Invitation:
    """Invite somebody: the answer holds a token, told this once, with which they choose a password."""
    return _invited(call.shop, call.shop.staff.invite(call.ask.email, call.ask.name, call.ask.role))


@endpoint("POST", "/api/v1/staff/role", may=Act.STAFF, tag="Staff", problems=(NOT_FOUND, CONFLICT),
          example={"account": 2, "role": "analyst"})  # fmt: skip
def set_staff_role(call: Call[shapes.ChangeRequest]) -> shapes.StaffMember:
    """Give somebody else another role; it holds from their next request on."""
    if call.ask.role is None:
        raise wrong(Wrong(detail="Say which role.", pointer="#/role", expected="a role", found="nothing"))
    return _account(call.shop.staff.set_role(call.ask.account, call.ask.role))


@endpoint("POST", "/api/v1/staff/disable", may=Act.STAFF, tag="Staff", problems=(NOT_FOUND, CONFLICT),
          example={"account": 2})  # fmt: skip
def disable_staff(call: Call[shapes.ChangeRequest]) -> shapes.StaffMember:
    """Close somebody else's account: its sessions end at once."""
    return _account(call.shop.staff.disable(call.ask.account))


@endpoint("POST", "/api/v1/staff/enable", may=Act.STAFF, tag="Staff", problems=(NOT_FOUND,), example={"account": 2})
def enable_staff(call: Call[shapes.ChangeRequest]) -> shapes.StaffMember:
    """Open an account again."""
    return _account(call.shop.staff.enable(call.ask.account))


@endpoint("POST", "/api/v1/staff/reset", may=Act.STAFF, tag="Staff", problems=(NOT_FOUND, CONFLICT),
          example={"account": 2})  # fmt: skip
def reset_staff(call: Call[shapes.ChangeRequest]) -> shapes.Invitation:
    """Let somebody else choose a new password: the old one and all their sessions end at once."""
    return _invited(call.shop, call.shop.staff.reset(call.ask.account))


@endpoint("POST", "/api/v1/staff/second-factor", may=Act.STAFF, tag="Staff", problems=(NOT_FOUND,),
          example={"account": 2})  # fmt: skip
def drop_second_factor(call: Call[shapes.ChangeRequest]) -> shapes.StaffMember:
    """Take somebody else's lost second factor away: they set up another when they sign in next."""
    return _account(call.shop.staff.drop_second_factor(call.ask.account))


# ---- looks at one customer -------------------------------------------------------------------------------------------


@endpoint("GET", "/api/v1/people/{id}", may=Act.READ, tag="People", problems=(NOT_FOUND,))
def outline(call: Call[shapes.LookRequest]) -> shapes.Outline:
    """Look at a person in outline: names and addresses are masked."""
    return _outline(call.shop, call.shop.looks.outline(Who(user_id=call.ask.id)))


@endpoint("POST", "/api/v1/reveal", may=Act.REVEAL, tag="People", problems=(NOT_FOUND,),
          example={"user_id": "amina", "reason": "she asked on the phone where her order is"})  # fmt: skip
def reveal(call: Call[shapes.RevealRequest]) -> shapes.Outline:
    """Look at a person in clear, with a reason.

    It stands in the audit log, and the person can see that staff looked.
    """
    return _outline(call.shop, call.shop.looks.reveal(Who(user_id=call.ask.user_id), call.ask.reason))


# ---- four eyes -------------------------------------------------------------------------------------------------------


@endpoint("GET", "/api/v1/approvals", may=Act.BULK_APPROVE, tag="Staff")
def list_approvals(call: Call[shapes.NothingRequest]) -> shapes.Approvals:
    """List what somebody asked for that needs a second pair of eyes, and what became of it."""
    return shapes.Approvals([_approval(one) for one in call.shop.staff.approvals.list()])


@endpoint("POST", "/api/v1/approvals", may=Act.BULK_ASK, tag="Staff", problems=(NOT_FOUND,),
          example={"action": "export", "reason": "we move to another system"})  # fmt: skip
def ask_approval(call: Call[shapes.AskRequest]) -> shapes.Approval:
    """Ask somebody else to approve a bulk export or erasure. It holds for a day, once, for exactly these people."""
    ask = call.ask
    people = "all" if ask.people is None else [int(call.shop.known(Who(user_id=one))) for one in ask.people]
    return _approval(call.shop.staff.approvals.ask(ask.action, {"people": people}, reason=ask.reason))


@endpoint("POST", "/api/v1/approvals/answer", may=Act.BULK_APPROVE, tag="Staff", problems=(NOT_FOUND, CONFLICT),
          example={"approval": "d7f3k2mabcdef", "approve": True})  # fmt: skip
def answer_approval(call: Call[shapes.ApprovalRequest]) -> shapes.Approval:
    """Approve or refuse what somebody else asked for."""
    approvals = call.shop.staff.approvals
    return _approval((approvals.approve if call.ask.approve else approvals.refuse)(call.ask.approval))


# ---- the audit log ---------------------------------------------------------------------------------------------------


@endpoint("GET", "/api/v1/audit", may=Act.AUDIT, tag="Staff", problems=(NOT_FOUND,), paged=True)
def audit(call: Call[shapes.AuditRequest]) -> shapes.AuditLines:
    """Read who changed what, about whom, why, and how it ended, newest first; what was refused stands in it too.

    Where more follow, the header `Link` has the address of the next page (`rel="next"`).
    """
    ask = call.ask
    before = None if ask.after is None else _position(ask.after)
    about = None if ask.user_id is None else Who(user_id=ask.user_id)
    found = call.shop.audit.latest(ask.limit + 1, before=before, about=about, actor=ask.actor, action=ask.action)
    page = found[: ask.limit]
    if len(found) > ask.limit:
        same = {"user_id": ask.user_id, "actor": ask.actor, "action": ask.action}
        query = {"limit": ask.limit, "cursor": opaque(page[-1].position), **{k: v for k, v in same.items() if v}}
        here = f"{call.shop.settings.reached_at}{call.path}"
        call.letter.notes.headers["Link"] = f'<{here}?{urlencode(query)}>; rel="next"'
    return shapes.AuditLines([_line(line) for line in page])


ENDPOINTS = (
    begin_session, show_session, end_session, end_sessions, strengthen_session,
    list_staff, show_staff, invite_staff, set_staff_role, disable_staff, enable_staff, reset_staff, drop_second_factor,
    outline, reveal, list_approvals, ask_approval, answer_approval, audit,
)  # fmt: skip


# ---- in the shapes of the wire ---------------------------------------------------------------------------------------


def _check_from_here(call: Call[shapes.SignInRequest], *, signed_in: bool) -> None:
    """Sign nobody in from another site, nor where the cookie would travel in clear."""
    if not call.door.fit_to_sign_in():
        raise Problem(
            SECOND_FACTOR if signed_in else NOT_SIGNED_IN,
            "Staff sign in over https only, or on this machine itself. Set base_url to the address of the shop.",
        )
    call.door.check("GET", call.letter.headers, "", None)


def _own(call: Call[shapes.NothingRequest]) -> Session:
    if call.session is None:
        raise BadInput("This is for members of staff who are signed in.")
    return call.session


def _begun(call: Call[shapes.SignInRequest] | Call[shapes.CodeRequest], begun: Begun) -> shapes.OpenSession:
    call.letter.notes.headers["Set-Cookie"] = call.door.set_cookie(begun.token).header
    return _session(call, begun.session, begun.token)


def _session(
    call: Call[shapes.SignInRequest] | Call[shapes.CodeRequest] | Call[shapes.NothingRequest],
    session: Session,
    token: str,
) -> shapes.OpenSession:
    return shapes.OpenSession(
        account=_account(session.account),
        may=sorted(map(str, session.acts)),
        fresh=session.fresh,
        form=form_token(token),
        since=iso(session.created_at),
        device=session.device,
        others=len(call.shop.staff.sessions(session.account.id)) - 1,
    )


def _account(account: Account) -> shapes.StaffMember:
    return shapes.StaffMember(
        account.id, account.email, account.name, str(account.role), account.state, account.has_second_factor,
        iso(account.created_at), moment(account.signed_in_at), moment(account.disabled_at),
    )  # fmt: skip


def _invited(shop: Shop, invited: Invited) -> shapes.Invitation:
    at = f"{shop.settings.reached_at}/staff/set-up"
    return shapes.Invitation(_account(invited.account), invited.token, iso(invited.until), at)


def _outline(shop: Shop, found: Outline) -> shapes.Outline:
    return shapes.Outline(
        person=found.person,
        in_clear=found.in_clear,
        known_as=[shapes.KnownBy(kind, value) for kind, value in found.known_as],
        profile=dict(found.profile),
        events=dict(found.events),
        first=moment(found.first),
        last=moment(found.last),
        allows=[
            shapes.Allowed(
                purpose, one.allowed, one.reason, [str(line.category) for line in one.categories if line.allowed]
            )
            for purpose, one in found.allows
        ],
        watermark=mark(shop),
    )


def _approval(one: Approval) -> shapes.Approval:
    people = one.parameters.get("people") if one.parameters is not None else None
    return shapes.Approval(
        one.id, one.action, one.words, one.digest, one.reason, one.state, one.asked_by, iso(one.asked_at),
        iso(one.until), one.answered_by, people if isinstance(people, list) else UNSET,
    )  # fmt: skip


def _line(line: Line) -> shapes.AuditLine:
    return shapes.AuditLine(
        line.position, iso(line.at), line.actor, line.action, line.person, line.reason, line.outcome,
        dict(line.detail),
    )  # fmt: skip


def _position(cursor: str) -> int:
    try:
        return from_opaque(cursor)
    except ValueError:
        says = "This cursor leads nowhere. Begin again without one, and follow `Link`."
        raise wrong(Wrong(detail=says, parameter="cursor", expected="a cursor from `Link`", found=cursor)) from None
