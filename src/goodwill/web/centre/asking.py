"""What she may ask for: in plain words, with or without signing in, and a page that tells how it goes."""

import json

from goodwill.basics.errors import BadInput, Conflict, Refused
from goodwill.purposes import Basis
from goodwill.rights.request import HELD, Right
from goodwill.shop.copies import ENDING, MEDIA
from goodwill.shop.rights import Status
from goodwill.web.centre.answering import File, Onward, Shown, page
from goodwill.web.centre.visit import Fault, Visit

RIGHTS = tuple(Right)
FORMS = tuple(MEDIA)
_FIELDS = ("name", "email", "phone")  # what can be corrected without signing in; of others nothing is shown
_LONGEST = 1_000


@page("GET", "/privacy/ask", private=False)
def rights(_: Visit) -> Shown:
    return Shown("rights.html", {"rights": RIGHTS})


@page("GET", "/privacy/ask/{right}", private=False)
def one_right(visit: Visit) -> Shown:
    return _asking(visit, _right(visit))


@page("POST", "/privacy/ask/{right}", private=False, counted=True, opens=True)
def ask(visit: Visit) -> Shown | Onward:
    right = _right(visit)
    if right is Right.ERASE and visit.sent("confirm").strip().casefold() != str(visit.words("ask.word")).casefold():
        return _asking(visit, right, "problem.not_confirmed", 422)
    wanted, language = _wanted(visit, right), visit.words.language
    if right is Right.RECTIFY and not next(iter(wanted.values()), ""):
        return _asking(visit, right, "problem.nothing_said", 422)
    if visit.session is not None:
        ticket = visit.acting.rights.open(right, who=visit.who, signed_in=True, language=language, wanted=wanted)
        return Onward(f"/privacy/requests/{ticket.token}")
    address = visit.sent("address")
    try:
        visit.shop.sign_in.check(address)
    except BadInput:
        return _asking(visit, right, "problem.bad_address", 422)
    try:
        ticket = visit.acting.rights.open(right, address=address, language=language, wanted=wanted)
    except Conflict:  # as many as may wait for codes at this address do
        raise Fault("too_many", 429, wait=3_600) from None
    return Onward(f"/privacy/requests/{ticket.token}")


def _right(visit: Visit) -> Right:
    try:
        return Right(visit.arrived.path["right"])
    except ValueError:
        raise Fault("not_here", 404) from None


def _asking(visit: Visit, right: Right, fault: str = "", status: int = 200) -> Shown:
    fields = list(_FIELDS)
    if visit.session is not None and right is Right.RECTIFY:
        fields += [name for name in visit.shop.centre.fields(visit.person) if name not in fields]
    mine = (Basis.CONSENT, Basis.LEGITIMATE_INTERESTS)
    return Shown(
        "ask.html",
        {
            "right": right,
            "hours": visit.shop.settings.hold_hours if right in HELD else 0,
            "fault": fault,
            "fields": fields,
            "purposes": [entry for entry in visit.shop.register if entry.basis in mine],
            "decision": visit.query.get("decision", "") if visit.query.get("decision", "").isalnum() else "",
        },
        status,
    )


def _wanted(visit: Visit, right: Right) -> dict[str, str | None]:
    """What she wrote into the form of a right, and nothing else that somebody may have sent."""
    said = {name: text.strip()[:_LONGEST] for name, text in visit.form.items()}
    match right:
        case Right.RECTIFY:
            return {said.get("field") or _FIELDS[0]: said.get("value", "")}
        case Right.OBJECT:
            return {"purpose": said["purpose"]} if said.get("purpose") else {}
        case Right.HUMAN_REVIEW:
            return {name: said[name] for name in ("decision", "words") if said.get(name)}
    return {}


# ---- how it goes ---------------------------------------------------------------------------------------------------


@page("GET", "/privacy/requests/{token}", private=False)
def request_status(visit: Visit) -> Shown:
    return _status(visit, visit.shop.rights.status(_token(visit)))


@page("POST", "/privacy/requests/{token}", private=False, counted=True)
def show_it_is_hers(visit: Visit) -> Shown | Onward:
    token = _token(visit)
    try:
        visit.acting.rights.verify(token, visit.sent("code"))
    except Refused:
        return _status(visit, visit.shop.rights.status(token), "problem.bad_code", 422)
    visit.say("status", "request.shown")
    return Onward(f"/privacy/requests/{token}")


@page("POST", "/privacy/requests/{token}/code", private=False, counted=True)
def another_code(visit: Visit) -> Onward:
    token = _token(visit)
    visit.acting.rights.send_code(token)
    visit.say("status", "request.code_again")
    return Onward(f"/privacy/requests/{token}")


@page("POST", "/privacy/requests/{token}/stop", private=False)
def stop(visit: Visit) -> Onward:
    token = _token(visit)
    visit.acting.rights.cancel(token, by="status")
    return Onward(f"/privacy/requests/{token}")


@page("GET", "/privacy/requests/{token}/cancel", private=False)
def look_at_cancelling(visit: Visit) -> Shown:
    """From a letter; looking stops nothing."""
    return Shown("cancel.html", {"token": _token(visit), "done": False})


@page("POST", "/privacy/requests/{token}/cancel", private=False)
def cancel(visit: Visit) -> Shown:
    visit.acting.rights.cancel(_token(visit))
    return Shown("cancel.html", {"token": _token(visit), "done": True})


@page("GET", "/privacy/requests/{token}/certificate", private=False)
def certificate(visit: Visit) -> File:
    """From the letter after an erasure: what went and what stays, by number; it names nobody."""
    document = dict(visit.shop.rights.certificate(_token(visit)).document)
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return File("erasure-certificate.json", "application/json", iter([text.encode()]))


@page("GET", "/privacy/requests")
def requests(visit: Visit) -> Shown:
    mine = list(reversed(visit.shop.rights.of(visit.who)))
    return Shown("requests.html", {"requests": mine, "ready": _is_ready(visit), "forms": FORMS})


def _status(visit: Visit, status: Status, fault: str = "", code: int = 200) -> Shown:
    return Shown("request.html", {"status": status, "token": _token(visit), "fault": fault, "forms": FORMS}, code)


def _token(visit: Visit) -> str:
    return visit.arrived.path["token"]


# ---- the copy ------------------------------------------------------------------------------------------------------


@page("GET", "/privacy/copy/{form}")
def copy(visit: Visit) -> File:
    """Her own copy, once a request for it was granted: a fresh look at a mailbox does not hand out a whole life."""
    form = visit.arrived.path["form"]
    if form not in FORMS:
        raise Fault("not_here", 404)
    if not _is_ready(visit):
        raise Fault("no_copy", 403)
    pieces = visit.acting.copies.made(visit.signed_in, form, language=visit.words.language)
    return File(f"my-data.{ENDING[form]}", MEDIA[form], pieces)


def _is_ready(visit: Visit) -> bool:
    return visit.shop.rights.copy_open_until(visit.who) is not None


PAGES = (
    rights, one_right, ask, request_status, show_it_is_hers, another_code, stop, look_at_cancelling, cancel,
    certificate, requests, copy,
)  # fmt: skip
