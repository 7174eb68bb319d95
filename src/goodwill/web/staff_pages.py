"""The pages on which staff sign in and look after their account; plain forms, which work without JavaScript.

GET shows and never changes anything. Each form repeats a token that belongs to the visitor's own cookie.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from goodwill.basics.clock import moment
from goodwill.basics.errors import BadInput, Conflict, GoodwillError
from goodwill.shop.staff import Begun
from goodwill.staff import Session
from goodwill.staff.refusals import CodeNeeded, NotRecognised
from goodwill.staff.roles import WORDS, needs_second_factor
from goodwill.staff.sessions import device_of, form_token
from goodwill.web import pages
from goodwill.web.desk import Desk, Headers
from goodwill.web.forms import fields_of, receive_form
from goodwill.web.problems import NOT_SIGNED_IN, Problem, problem_of
from goodwill.web.rooms import HOME, rooms_for
from goodwill.web.sessions import Kept, address_of, first, only_cookie

SIGN_IN, CODE, FACTOR, ACCOUNT = "/staff/sign-in", "/staff/code", "/staff/second-factor", "/staff"
_NOT_HERE = (
    "Staff sign in over https only, or on this machine itself. Whoever runs the shop sets base_url to its address."
)
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; {scripts}base-uri 'none'; form-action 'self'{more}; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a browser sent."""

    method: str
    headers: Headers
    form: Mapping[str, str]
    query: Mapping[str, str]
    address: str
    path: str = ""

    def said(self, name: str) -> str:
        return self.form.get(name, "")


@dataclass(frozen=True, slots=True)
class Reply:
    """What it gets: a page, or another address to look at.

    Attributes:
        sends_to: another site to which a form of the page may lead.
        again: after how many seconds the page looks at which address by itself; for whoever asked it to.
        scripts: whether our own script runs on it.
    """

    page: bytes = b""
    status: int = 200
    location: str = ""
    cookies: tuple[Kept, ...] = ()
    sends_to: str = ""
    again: tuple[int, str] | None = None
    scripts: bool = False


class StaffPages:
    """The pages of one shop."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.door = desk.door
        self.staff = desk.shop.staff
        self.settings = desk.shop.settings

    # ---- signing in ------------------------------------------------------------------------------------------------

    def sign_in_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        elsewhere = self.desk.shop.elsewhere
        to = elsewhere.origin if elsewhere is not None else ""  # "" while the provider does not answer
        provider = elsewhere.name if elsewhere is not None and to else ""
        page = self._open_page("sign_in", visit, status, wrong=wrong, email=visit.said("email"), provider=provider)
        return replace(page, sends_to=to)

    def sign_in(self, visit: Visit) -> Reply:
        def signed() -> Begun:
            return self.staff.sign_in(
                visit.said("email"), visit.said("password"), address=visit.address, device=self._device(visit)
            )

        return self._arrive(visit, signed, self.sign_in_page)

    def leave(self, visit: Visit) -> Reply:
        """Send somebody to the identity provider."""
        elsewhere = self.desk.shop.elsewhere
        if elsewhere is None or not self.door.fit_to_sign_in():
            return Reply(location=SIGN_IN)
        self.door.check(visit.method, visit.headers, self._form_secret(visit), visit.said("form"))
        try:
            url, sealed = elsewhere.leave()
        except Conflict as error:
            return self.sign_in_page(visit, str(error), 503)
        return Reply(location=url, cookies=(self.door.trip(sealed),))

    def back(self, visit: Visit) -> Reply:
        """Somebody comes back from there: by a link from another site, which only the waiting cookie vouches for."""
        elsewhere = self.desk.shop.elsewhere
        if elsewhere is None:
            return Reply(location=SIGN_IN)
        kept = only_cookie(visit.headers, self.door.trip_cookie)
        try:
            begun = elsewhere.arrive(kept, visit.query, device=self._device(visit))
        except (NotRecognised, Conflict) as error:
            refused = self.sign_in_page(visit, str(error), 401)
            return replace(refused, cookies=(*refused.cookies, self.door.trip("", 0)))
        arrived = self._go_on(begun)
        return replace(arrived, cookies=(*arrived.cookies, self.door.trip("", 0)))

    def set_up_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        return self._open_page("set_up", visit, status, wrong=wrong, token=visit.said("token"))

    def set_up(self, visit: Visit) -> Reply:
        def signed() -> Begun:
            return self.staff.set_up(
                visit.said("token"), visit.said("password"), address=visit.address, device=self._device(visit)
            )

        return self._arrive(visit, signed, self.set_up_page)

    def code_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        session = self._session(visit, "code", "whole")
        if session.is_whole and not session.account.has_second_factor:
            return Reply(location=ACCOUNT)
        return self._page("code", visit, status, wrong=wrong, whole=session.is_whole)

    def code(self, visit: Visit) -> Reply:
        self._check(visit)
        try:
            begun = self.staff.answer(self.door.token(visit.headers), visit.said("code"), address=visit.address)
        except (NotRecognised, BadInput) as error:
            if self._lost(visit):
                return self._begin_anew(str(error))
            return self.code_page(visit, str(error), 401)
        return self._go_on(begun)

    # ---- the second factor -----------------------------------------------------------------------------------------

    def factor_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        session = self._session(visit, "enrol", "whole")
        if session.account.has_second_factor and not session.fresh:
            return Reply(location=CODE)
        shown = self.staff.shown_second_factor(self.door.token(visit.headers))
        needed = needs_second_factor(session.account.role)
        return self._page("second_factor", visit, status, wrong=wrong, factor=shown, needed=needed)

    def new_factor(self, visit: Visit) -> Reply:
        self._check(visit)
        try:
            self.staff.begin_second_factor(self.door.token(visit.headers))
        except CodeNeeded:
            return Reply(location=CODE)
        return Reply(location=FACTOR)

    def factor(self, visit: Visit) -> Reply:
        self._check(visit)
        token = self.door.token(visit.headers)
        try:
            done = self.staff.confirm_second_factor(token, visit.said("code"), address=visit.address)
        except CodeNeeded:
            return Reply(location=FACTOR)
        except NotRecognised as error:
            if self._lost(visit):
                return self._begin_anew(str(error))
            return self.factor_page(visit, str(error), 401)
        return Reply(self._render("recovery", codes=done.codes), cookies=(self.door.set_cookie(done.begun.token),))

    def recovery_codes(self, visit: Visit) -> Reply:
        self._check(visit)
        try:
            codes = self.staff.new_recovery_codes(self.door.token(visit.headers))
        except CodeNeeded:
            return Reply(location=CODE)
        return Reply(self._render("recovery", codes=codes))

    # ---- one's own account -----------------------------------------------------------------------------------------

    def account_page(self, visit: Visit, wrong: str = "", status: int = 200) -> Reply:
        session = self._session(visit, "whole")
        account, zone = session.account, self.settings.zone

        def at(when: int) -> str:
            return f"{moment(when).astimezone(zone):%Y-%m-%d %H:%M %Z}"

        rows = [
            {"device": one.device, "since": at(one.created_at), "seen": at(one.seen_at), "mine": one.id == session.id}
            for one in self.staff.sessions(account.id)
        ]
        said = "The password was changed; your other sessions have ended." if "changed" in visit.query else ""
        return self._page(
            "account", visit, status, wrong=wrong, said=said, account=account, words=WORDS[account.role],
            sessions=rows, left=self.staff.recovery_left(account.id), fresh=session.fresh,
            rooms=rooms_for(account.role),
        )  # fmt: skip

    def password(self, visit: Visit) -> Reply:
        self._check(visit)
        token = self.door.token(visit.headers)
        try:
            begun = self.staff.change_password(token, visit.said("old"), visit.said("new"), address=visit.address)
        except (NotRecognised, BadInput, Conflict) as error:
            if self._lost(visit):
                return self._begin_anew(str(error))
            return self.account_page(visit, str(error), 400)
        return Reply(location=f"{ACCOUNT}?changed", cookies=(self.door.set_cookie(begun.token),))

    def sign_out(self, visit: Visit) -> Reply:
        self._check(visit)
        self.staff.sign_out(self.door.token(visit.headers))
        return Reply(location=SIGN_IN, cookies=(self.door.drop_cookie(),))

    def sign_out_everywhere(self, visit: Visit) -> Reply:
        self._check(visit)
        self.staff.sign_out_everywhere(self.door.token(visit.headers))
        return Reply(location=SIGN_IN, cookies=(self.door.drop_cookie(),))

    # ---- inside ----------------------------------------------------------------------------------------------------

    def told(self, do: Callable[[Visit], Reply], visit: Visit) -> Reply:
        """What a page or a form comes to; what went wrong is a page too."""
        try:
            return do(visit)
        except Exception as error:
            problem = problem_of(error)
            if problem.kind.status >= 500:
                raise
            if problem.kind is NOT_SIGNED_IN and visit.method == "GET":
                return Reply(location=SIGN_IN)
            page = self._render("trouble", title=problem.kind.title, detail=problem.detail)
            return Reply(page, problem.kind.status)

    def _arrive(self, visit: Visit, signed: Callable[[], Begun], again: Callable[..., Reply]) -> Reply:
        """Sign in by one way or another; where it fails, the same page says why."""
        if not self.door.fit_to_sign_in():
            return again(visit, _NOT_HERE, 403)
        self.door.check(visit.method, visit.headers, self._form_secret(visit), visit.said("form"))
        try:
            return self._go_on(signed())
        except GoodwillError as error:
            problem = problem_of(error)
            if problem.kind.status >= 500:
                raise
            return again(visit, str(error), problem.kind.status)

    def _go_on(self, begun: Begun) -> Reply:
        self.desk.pictures.warm()  # the first picture takes a second; meanwhile a code is typed
        to = {"code": CODE, "enrol": FACTOR, "whole": HOME}[begun.session.step]
        return Reply(location=to, cookies=(self.door.set_cookie(begun.token),))

    def _begin_anew(self, why: str) -> Reply:
        raise Problem(NOT_SIGNED_IN, why)

    def _lost(self, visit: Visit) -> bool:
        return self.staff.session(self.door.token(visit.headers)) is None

    def _session(self, visit: Visit, *steps: str) -> Session:
        """Who visits, if they are that far."""
        session = self.door.recognise(visit.headers)
        if session.step not in steps:
            raise Problem(NOT_SIGNED_IN, "You are not signed in wholly yet.")
        return session

    def _check(self, visit: Visit) -> None:
        self.door.check(visit.method, visit.headers, self.door.token(visit.headers), visit.said("form"))

    def _form_secret(self, visit: Visit) -> str:
        return only_cookie(visit.headers, self.door.form_cookie)

    def _device(self, visit: Visit) -> str:
        return device_of(first(visit.headers, b"user-agent") or "")

    def _open_page(self, template: str, visit: Visit, status: int, *, wrong: str, **values: object) -> Reply:
        """A page for somebody who is not signed in: its form belongs to a cookie of its own."""
        secret, cookies = self._form_secret(visit), tuple[Kept, ...]()
        if not secret:
            secret, cookie = self.door.new_form_cookie()
            cookies = (cookie,)
        fit = self.door.fit_to_sign_in()
        page = self._render(template, form=form_token(secret), fit=fit, wrong=wrong if fit else _NOT_HERE, **values)
        return Reply(page, status if fit else 403, cookies=cookies)

    def _page(self, template: str, visit: Visit, status: int, **values: object) -> Reply:
        return Reply(self._render(template, form=form_token(self.door.token(visit.headers)), **values), status)

    def _render(self, template: str, **values: object) -> bytes:
        folder = "" if "/" in template else "staff/"
        shop = {"name": self.settings.name, "watermark": self.settings.watermark}
        return pages.page(f"{folder}{template}.html", **shop, **values)


# ---- routes ----------------------------------------------------------------------------------------------------------

Asked = Request[Any, Any, Any]


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The routes of all pages."""
    made = StaffPages(desk)
    shown = {
        SIGN_IN: made.sign_in_page, "/staff/set-up": made.set_up_page, CODE: made.code_page, FACTOR: made.factor_page,
        ACCOUNT: made.account_page, "/staff/back": made.back,
    }  # fmt: skip
    done = {
        SIGN_IN: made.sign_in, "/staff/set-up": made.set_up, CODE: made.code, FACTOR: made.factor,
        "/staff/second-factor/new": made.new_factor, "/staff/recovery-codes": made.recovery_codes,
        "/staff/password": made.password, "/staff/sign-out": made.sign_out,
        "/staff/sign-out-everywhere": made.sign_out_everywhere, "/staff/elsewhere": made.leave,
    }  # fmt: skip
    return [
        *(route(made, path, "GET", do) for path, do in shown.items()),
        *(route(made, path, "POST", do) for path, do in done.items()),
    ]


def route(
    made: StaffPages, path: str, method: str, do: Callable[[Visit], Reply], *, apart: bool | None = None
) -> HTTPRouteHandler:
    """A page, or what a form of one does.

    Args:
        path: its parts in braces stand in the query of the visit.
        apart: whether it may wait for passwords or an identity provider, apart from the rest; forms may unless said.
    """
    desk = made.desk
    if apart is None:
        apart = method == "POST" or path in (SIGN_IN, "/staff/back")

    async def handle(request: Asked) -> Response[bytes]:
        headers = tuple(request.scope["headers"])
        form = fields_of(await receive_form(request)) if method == "POST" else {}
        query = {**fields_of(request.scope["query_string"]), **request.path_params}
        address = address_of(request.scope, headers, desk.shop.settings.proxies)
        visit = Visit(method, headers, form, query, address, request.scope["path"])
        threads = desk.doormen if apart else desk.threads
        with desk.place_at_the_door() if apart else nullcontext():
            reply = await asyncio.get_running_loop().run_in_executor(threads, made.told, do, visit)
        return answer_of(reply)

    methods = [HttpMethod(method)] if method == "POST" or path == "/staff/back" else [HttpMethod.GET, HttpMethod.HEAD]
    name = name_of_route(method, path)
    return HTTPRouteHandler(path, http_method=methods, name=name, status_code=200, opt={"page": True})(handle)


def name_of_route(method: str, path: str) -> str:
    return f"{method.lower()}_{re.sub(r'[^a-z]+', '_', path.replace(':str', '')).strip('_')}"


def answer_of(reply: Reply) -> Response[bytes]:
    headers = {
        **({"refresh": f"{reply.again[0]}; url={reply.again[1]}"} if reply.again else {}),
        "content-security-policy": _POLICY.format(
            more=f" {reply.sends_to}" if reply.sends_to else "", scripts="script-src 'self'; " if reply.scripts else ""
        ),
        "referrer-policy": "same-origin",  # without any, a browser calls the origin of its own form "null"
    }
    return Response(
        reply.page,
        media_type="text/html",
        status_code=303 if reply.location else reply.status,
        headers={**headers, "location": reply.location} if reply.location else headers,
        cookies=[
            Cookie(
                kept.name, path="/", value=kept.value, max_age=kept.seconds, secure=kept.secure, httponly=True,
                samesite="lax",
            )
            for kept in reply.cookies
        ],
    )  # fmt: skip
