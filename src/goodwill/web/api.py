"""The API: choose, ask whether something is allowed, write an answer down, and read back what is known and why."""

from goodwill.consent import Asked, Evidence
from goodwill.decide.choose import Context
from goodwill.purposes import Category
from goodwill.shop import Shop, Who
from goodwill.web import answers
from goodwill.web.bodies import wrong
from goodwill.web.desk import Call, endpoint
from goodwill.web.messages import (
    CanAnswer,
    CanRequest,
    ConsentRequest,
    Consents,
    ConsentsRequest,
    DecideAnswer,
    DecideRequest,
    Decisions,
    DecisionsRequest,
    Person,
    Receipt,
    WhyRequest,
)
from goodwill.web.problems import NO_CONSENT, NOT_FOUND, OTHER_REQUEST, REFUSED, Wrong
from goodwill.web.store import Scope

_GPC = (
    "Sec-GPC: 1 was seen and counted. A suggestion here rests on this shop's own recorded consent and nothing is sold "
    "or shared, so the signal does not change it; to record it as an objection, call POST /api/v1/consent."
)


@endpoint(
    "POST", "/api/v1/decide", Scope.DECIDE,
    tag="Decide",
    example={"person": {"user_id": "amina"}, "slot": "home", "count": 4, "context": {"basket": ["P1"]}},
)  # fmt: skip
def decide(call: Call[DecideRequest]) -> DecideAnswer:
    """Choose products for one person.

    Uses only the data categories that this person allows for recommendations, and gives the reasons. Where the answer
    is no, or nobody is named, it is what everyone gets: `personalised` is false and `reason` says why. That is not an
    error; there is always something to show.

    The header `Sec-GPC: 1` (Global Privacy Control), passed on from the browser, is counted and mentioned in `notes`.
    It does not change the choice: it speaks of selling and sharing, and nothing here is sold or shared.
    """
    ask = call.ask
    who = None if ask.person is None else _person(ask.person)
    context = Context(basket=tuple(ask.context.basket), new=ask.context.new)
    decision = call.shop.decide(who, slot=ask.slot, count=ask.count, context=context)
    call.metrics.note_decision(personalised=decision.personalised, reason=decision.reason)
    if call.letter.header(b"sec-gpc") != "1":
        return answers.decision(call.shop, decision)
    call.metrics.note_signal()
    return answers.decision(call.shop, decision, notes=[_GPC])


@endpoint("GET", "/api/v1/can", Scope.DECIDE, Scope.CONSENT, Scope.READ, tag="Consent")
def can(call: Call[CanRequest]) -> CanAnswer:
    """Ask whether a purpose is allowed for a person.

    Unknown people, silence, expiry and withdrawal all mean no; `reason` says which it is, and `position` names the row
    of the consent ledger that decides it. `allowed` is true when at least one data category is; `categories` has each.
    """
    ask = call.ask
    _check_purpose(call.shop, ask.purpose, parameter="purpose")
    who = _who(ask.user_id, ask.anonymous_id, parameter="user_id")
    answer = call.shop.can(who, ask.purpose)
    if not answer.allowed:
        call.metrics.note_refusal(answer.reason)
    return answers.can(call.shop, answer)


@endpoint(
    "POST", "/api/v1/consent", Scope.CONSENT,
    tag="Consent",
    problems=(OTHER_REQUEST, REFUSED),
    once=True,
    example={
        "person": {"user_id": "amina"},
        "purpose": "recommendations",
        "categories": ["purchases"],
        "yes": True,
        "notice": "checkout-2026-11",
        "asked": {"how": "checkout", "words": "Suggest products you may like, from what you allow", "language": "en"},
    },
)  # fmt: skip
def consent(call: Call[ConsentRequest]) -> Receipt:
    """Write a person's answer into the consent ledger.

    `yes: true` allows the purpose. `yes: false` withdraws what was allowed, or records a refusal where nothing was.
    Nothing is ever overwritten: each call adds rows, and the word said last counts. The next decision follows it.

    The rows say that your system claims this answer (`evidence: claimed`); proof comes from forms that a customer fills
    in here. With an `Idempotency-Key` the same request is written once within a day, and gets the same receipt again.
    """
    ask = call.ask
    _check_purpose(call.shop, ask.purpose, pointer="#/purpose")
    categories = _categories(call.shop, ask)
    asked = Asked(
        how=ask.asked.how,
        notice=ask.notice,
        words=ask.asked.words,
        language=ask.asked.language,
        by=f"key {call.key.id}",
        evidence=Evidence.CLAIMED,
    )
    written = call.shop.grant(_person(ask.person), ask.purpose, categories, asked=asked, yes=ask.yes)
    return answers.receipt(call.shop, written)


@endpoint("GET", "/api/v1/people/{id}/consents", Scope.CONSENT, Scope.READ, tag="People", problems=(NOT_FOUND,))
def consents(call: Call[ConsentsRequest]) -> Consents:
    """Read a person's rows of the consent ledger, oldest first."""
    return answers.consents(call.shop, call.shop.consents(Who(user_id=call.ask.id)))


@endpoint("GET", "/api/v1/people/{id}/decisions", Scope.READ, tag="People", problems=(NOT_FOUND, NO_CONSENT))
def decisions(call: Call[DecisionsRequest]) -> Decisions:
    """Read what was decided for a person, latest first, with the reasons given then."""
    return answers.decisions(call.shop, call.shop.decisions(Who(user_id=call.ask.id), limit=call.ask.limit))


@endpoint("GET", "/why/{decision}", Scope.READ, tag="Decide", problems=(NOT_FOUND,))
def why(call: Call[WhyRequest]) -> DecideAnswer:
    """Read one decision again: what was chosen, from which data, and why."""
    return answers.decision(call.shop, call.shop.explain(call.ask.decision))


ENDPOINTS = (decide, can, consent, consents, decisions, why)


def _person(person: Person) -> Who:
    return _who(person.user_id, person.anonymous_id, pointer="#/person")


def _who(user_id: str | None, anonymous_id: str | None, **place: str) -> Who:
    if (user_id is None) == (anonymous_id is None):
        raise wrong(Wrong(detail="Name the person by exactly one of user_id and anonymous_id.", **place))
    return Who(user_id=user_id, anonymous_id=anonymous_id)


def _check_purpose(shop: Shop, purpose: str, **place: str) -> None:
    if purpose not in shop.register:
        registered = ", ".join(entry.name for entry in shop.register)
        raise wrong(Wrong(detail=f"'{purpose}' is not a registered purpose. Registered are: {registered}.", **place))


def _categories(shop: Shop, ask: ConsentRequest) -> list[Category] | None:
    if ask.categories is None:
        return None
    uses = shop.register[ask.purpose].categories
    faults = [
        Wrong(
            detail=f"'{name}' is not a data category of '{ask.purpose}'; it has {', '.join(uses)}.",
            pointer=f"#/categories/{n}",
        )
        for n, name in enumerate(ask.categories)
        if name not in uses
    ]
    if faults:
        raise wrong(*faults)
    return [Category(name) for name in dict.fromkeys(ask.categories)]
