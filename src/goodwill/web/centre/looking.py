"""What is held of her, what was chosen for her and why, and the receipts of all that she said."""

import json

from goodwill.basics.money import Money
from goodwill.decide.because import cited, said_of
from goodwill.decide.labels import words_of
from goodwill.shop.explained import untold
from goodwill.shop.reasons import in_words
from goodwill.web.centre.answering import File, Onward, Shown, page
from goodwill.web.centre.visit import Fault, Visit

_AT_ONCE = 10
_SEEN_AT = {"consent_rows": "/privacy/receipts", "requests": "/privacy/requests"}  # what has a page of its own


@page("GET", "/privacy/data")
def held(visit: Visit) -> Shown:
    overview = visit.acting.centre.overview(visit.person)
    register = visit.shop.register
    everything = overview.everything
    return Shown(
        "data.html",
        {
            "overview": overview,
            "everything": everything,
            "kinds": register.kinds,
            "seen_at": _SEEN_AT,
            "only_the_address": not (everything.events or everything.profile or len(everything.identities) > 1),
        },
    )


@page("GET", "/privacy/decisions")
def chosen(visit: Visit) -> Shown:
    after = visit.query.get("after")
    found = visit.acting.centre.decisions(visit.person, after=after, limit=_AT_ONCE + 1)
    return Shown(
        "decisions.html",
        {
            "decisions": found[:_AT_ONCE],
            "older": found[_AT_ONCE - 1].id if len(found) > _AT_ONCE else None,
            "after": after,
            "out": visit.shop.centre.verdicts(visit.person),
            "reviews": visit.shop.rights.reviews(visit.person),
            "untold": lambda choice: untold(choice, visit.words),
            "because": lambda reason: in_words(reason.text, visit.words),
            "kinds": visit.shop.register.kinds,
            "label": lambda name: words_of(name, visit.words.language),
            "money": lambda minor, price: str(Money(minor, price.currency or visit.shop.settings.currency)),
        },
    )


@page("POST", "/privacy/decisions/{decision}")
def judge(visit: Visit) -> Onward:
    decision, product, verdict = visit.arrived.path["decision"], visit.sent("product"), visit.sent("verdict")
    reason = reason_of(visit)
    judged = visit.acting.centre.judge(visit.person, decision, product, verdict, reason=reason)
    if reason is None:
        visit.say(f"choice-{decision}", f"decisions.saved_{verdict}", product=judged.name)
    else:
        say_ground(visit, f"choice-{decision}", judged.because[reason].text)
    return Onward(f"/privacy/decisions?{_after(visit)}#choice-{decision}")


def reason_of(visit: Visit) -> int | None:
    """Which reason of an item she means; None where she means the item."""
    said = visit.form.get("reason", "")
    if not said:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) == 1):
        raise Fault("misread", 422)
    return int(said)


def say_ground(visit: Visit, where: str, reason: str) -> None:
    """Say what becomes of a reason that she called wrong: a purchase, or what she told that she likes."""
    if kind := said_of(reason):
        visit.say(where, "why.saved_told", thing=kind)
    else:
        visit.say(where, "why.saved_ground", thing=cited(reason))


def _after(visit: Visit) -> str:
    after = visit.form.get("after", "")
    return f"after={after}" if after.isalnum() else ""


@page("GET", "/privacy/receipts")
def receipts(visit: Visit) -> Shown:
    from_ledger = reversed(visit.acting.consents(visit.who))
    return Shown("receipts.html", {"rows": list(from_ledger)})


@page("POST", "/privacy/receipts/{position}")
def receipt(visit: Visit) -> File:
    """One receipt, signed, to be checked without the shop; by a button, as the log may be signed anew for it."""
    position = visit.arrived.path["position"]
    hers = {str(row.position): row.position for row in visit.acting.consents(visit.who)}
    if position not in hers:
        raise Fault("not_here", 404)
    signed = visit.acting.proofs.receipt(hers[position])
    document = json.dumps({"document": signed.document, "jws": signed.jws}, ensure_ascii=False, indent=2)
    return File(f"receipt-{position}.json", "application/json", iter([document.encode()]))


PAGES = (held, chosen, judge, receipts, receipt)
