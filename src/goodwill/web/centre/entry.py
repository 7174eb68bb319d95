"""The way in and out: an address is typed, a letter comes, and a link or a code opens what is hers."""

from goodwill.basics.codes import Token, token_from
from goodwill.basics.errors import BadInput
from goodwill.shop import Who
from goodwill.shop.sign_in import Opened
from goodwill.web.centre.answering import Onward, Shown, page
from goodwill.web.centre.choosing import choices_page
from goodwill.web.centre.visit import Fault, Visit


@page("GET", "/privacy", private=False)
def centre(visit: Visit) -> Shown:
    """Her choices, or the way in."""
    return choices_page(visit) if visit.session is not None else Shown("welcome.html", {"fault": ""})


@page("POST", "/privacy/sign-in", private=False, counted=True)
def ask_for_letter(visit: Visit) -> Shown | Onward:
    try:
        waiting = visit.acting.sign_in.ask(visit.sent("address"), language=visit.words.language)
    except BadInput:
        return Shown("welcome.html", {"fault": "problem.bad_address"}, 422)
    visit.await_letter(waiting.browser)
    return Onward("/privacy/code")


@page("GET", "/privacy/code", private=False)
def letter_sent(visit: Visit) -> Shown | Onward:
    return Shown("sent.html", {"fault": ""}) if visit.browser is not None else Onward("/privacy")


@page("POST", "/privacy/code", private=False, counted=True)
def type_code(visit: Visit) -> Shown | Onward:
    opened = visit.acting.sign_in.open_by_code(visit.sent("code"), browser=visit.browser)
    return _in(visit, opened) if opened else Shown("sent.html", {"fault": "problem.bad_code"}, 422)


@page("GET", "/privacy/link/{token}", private=False)
def follow_link(visit: Visit) -> Shown:
    """Nothing opens by looking: mail programs and scanners follow links before anybody reads the letter."""
    return _link(visit, _token(visit), "")


@page("POST", "/privacy/link/{token}", private=False, counted=True)
def open_link(visit: Visit) -> Shown | Onward:
    token, sign_in = _token(visit), visit.acting.sign_in
    if "code" in visit.form:
        opened = sign_in.open_by_code(visit.form["code"], link=token)
        return _in(visit, opened) if opened else _link(visit, token, "problem.bad_code", 422)
    opened = sign_in.open_by_link(token, visit.browser)
    return _in(visit, opened) if opened else _link(visit, token, "", 403)


def _link(visit: Visit, token: Token, fault: str, status: int = 200) -> Shown:
    may = visit.shop.sign_in.may_open(token, visit.browser)
    if may is None:
        raise Fault("bad_link", 410)
    return Shown("link.html", {"token": token, "here": may, "fault": fault}, status)


def _token(visit: Visit) -> Token:
    token = token_from(visit.arrived.path["token"])
    if token is None:
        raise Fault("bad_link", 410)
    return token


def _in(visit: Visit, opened: Opened) -> Onward:
    visit.sign_in(opened.session)
    if visit.objects_by_signal:
        visit.acting.notices.signal(Who(id=opened.person), how="header")
    return Onward("/privacy")


@page("POST", "/privacy/sign-out", private=False)
def sign_out(visit: Visit) -> Onward:
    if visit.session is not None:
        visit.acting.sign_in.leave(visit.session)
    visit.sign_out()
    return Onward("/privacy/out")


@page("GET", "/privacy/out", private=False)
def signed_out(_: Visit) -> Shown:
    return Shown("out.html")


@page("POST", "/privacy/signal")
def hear(visit: Visit) -> Onward:
    """The script tells of a signal that came in no header."""
    visit.hear_signal("script")
    return Onward("/privacy")


PAGES = (
    centre,
    ask_for_letter,
    letter_sent,
    type_code,
    follow_link,
    open_link,
    sign_out,
    signed_out,
    hear,
)
