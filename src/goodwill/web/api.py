"""The API: choose, ask whether something is allowed, write an answer down, and read back what is known and why."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from goodwill.basics.errors import NotFound
from goodwill.basics.ids import from_opaque, opaque
from goodwill.consent import Asked
from goodwill.consent import Receipt as Written
from goodwill.consent.snapshot import BadSnapshot
from goodwill.decide.choose import Context
from goodwill.decide.decision import Decision
from goodwill.purposes import Category
from goodwill.shop import Shop, Who
from goodwill.shop.answering import as_one
from goodwill.shop.copies import ENDING, MEDIA
from goodwill.shop.deciding import Question
from goodwill.staff import Act
from goodwill.web import answers
from goodwill.web.bodies import wrong
from goodwill.web.desk import Call, Streamed, decided, endpoint
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
    ExportRequest,
    OwnCopy,
    Person,
    Receipt,
    WhyRequest,
)
from goodwill.web.problems import NO_CONSENT, NOT_FOUND, OTHER_REQUEST, REFUSED, Problem, Wrong
from goodwill.web.store import Scope
from goodwill.web.together import Asking


def _to_decide(call: Call[DecideRequest]) -> Asking:
    ask = call.ask
    who = None if ask.person is None else person_of(ask.person)
    notes, said = honour(call, who), ask.context
    context = Context(
        tuple(said.basket), tuple(said.viewing), said.new, said.personal, region=said.region, language=said.language
    )

    def tell(decisions: Sequence[Decision]) -> DecideAnswer:
        (decision,) = decisions
        call.metrics.note_decision(personalised=decision.personalised, reason=decision.reason)
        return answers.decision(call.shop, decision, notes, said.language)

    return Asking([Question(who, ask.slot, ask.count, context)], tell)


@endpoint(
    "POST", "/api/v1/decide", Scope.DECIDE, may=Act.SUGGEST,
    tag="Decide",
    within=5,
    asking=_to_decide,
    example={"person": {"user_id": "amina"}, "slot": "home", "count": 4, "context": {"basket": ["P1"]}},
)  # fmt: skip
def decide(call: Call[DecideRequest]) -> DecideAnswer:
    """Choose products, content or offers for one person, as the slot says.

    Uses only the data categories that this person allows for what the slot is for (`recommendations`,
    `personal-content`, `offers`), and gives the reasons. Where the answer is no, or nobody is named, it is what
    everyone gets: `personalised` is false and `reason` says why. That is not an error.

    The header `Sec-GPC: 1` (Global Privacy Control), passed on from the browser, is honoured first and mentioned in
    `notes`: nothing is chosen that needs no yes. A yes that the person clicked here still counts.
    """
    return decided(call, _to_decide(call), DecideAnswer)


@endpoint("GET", "/api/v1/can", Scope.DECIDE, Scope.CONSENT, Scope.READ, may=Act.ASK, tag="Consent", within=5)
def can(call: Call[CanRequest]) -> CanAnswer:
    """Ask whether a purpose is allowed for a person.

    Unknown people, silence, expiry and withdrawal all mean no; `reason` says which it is, and `position` names the row
    of the consent ledger that decides it. `allowed` is true when at least one data category is; `categories` has each.
    `Sec-GPC: 1` is honoured in the answer, and written down nowhere, for asking changes nothing: the next decision or
    answer that comes with it, or POST /api/v1/signals, does that.
    """
    ask = call.ask
    _check_purpose(call.shop, ask.purpose, parameter="purpose")
    who = _who(ask.user_id, ask.anonymous_id, parameter="user_id")
    heard = call.letter.header(b"sec-gpc") == "1"
    if heard:
        call.metrics.note_signal()
    answer = call.shop.can(who, ask.purpose, signal=heard)
    notes = [_ONLY_ASKED] if heard else []
    if not answer.allowed:
        call.metrics.note_refusal(answer.reason)
    return answers.can(call.shop, answer, notes)


_ONLY_ASKED = (
    "Sec-GPC: 1 was honoured in this answer. Asking writes nothing down: pass the signal on with a decision or an "
    "answer, or to POST /api/v1/signals, as well."
)


@endpoint(
    "POST", "/api/v1/consent", Scope.CONSENT, may=Act.WRITE_CONSENT,
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

    The rows say that your system claims this answer (`evidence: claimed`). With `snapshot`, from
    GET /api/v1/notices/current, they say `proven` and lead to exactly the words that were shown. `Sec-GPC: 1` is
    honoured first, and a yes that comes with it is recorded as made despite it.

    A yes to being written to counts once the address is confirmed by the code of a letter: until then `state` is
    `requested`, and `notes` says what it waits for. Where your own system has confirmed the address, say when in
    `asked.confirmed_at`. The shop's setting `confirm_email` may ask for more, or for less.

    With an `Idempotency-Key` the same request is written once within a day, and gets the same receipt again.
    """
    ask = call.ask
    _check_purpose(call.shop, ask.purpose, pointer="#/purpose")
    categories = _categories(call.shop, ask)
    who = person_of(ask.person)
    if ask.snapshot is not None:
        notes = honour(call, who)
        return answers.receipt(call.shop, _shown(call, who, categories, signal=bool(notes)), notes)
    # Whoever says something becomes known; the signal comes first, or it would seem to come after her own click.
    notes = honour(call, who, known=not ask.yes)
    asked = Asked(
        how=ask.asked.how,
        notice=ask.notice,
        words=ask.asked.words,
        language=ask.asked.language,
        by=call.by,
        confirmed_at=ask.asked.confirmed_at,
        despite="gpc" if notes and ask.yes else None,
    )
    written = call.shop.grant(who, ask.purpose, categories, asked=asked, yes=ask.yes)
    return answers.receipt(call.shop, written, notes)


def _shown(call: Call[ConsentRequest], who: Who, categories: list[Category] | None, *, signal: bool) -> Written:
    """Write down an answer to a notice that was shown; the receipt is of all categories that have one state."""
    ask = call.ask
    if ask.notice is not None or ask.asked.words is not None:
        says = "The snapshot says which notice and words were shown: leave out `notice` and `asked.words`."
        place = "#/notice" if ask.notice is not None else "#/asked/words"
        raise wrong(Wrong(detail=says, pointer=place, expected="nothing, beside a snapshot", found="a text"))
    if ask.asked.confirmed_at is not None:
        says = "With a snapshot the answer was asked for here, and is confirmed here: leave out `asked.confirmed_at`."
        place, found = "#/asked/confirmed_at", ask.asked.confirmed_at
        raise wrong(Wrong(detail=says, pointer=place, expected="nothing, beside a snapshot", found=found))
    chosen = call.shop.register[ask.purpose].categories if categories is None else categories
    try:
        written = call.shop.notices.answer(
            who,
            {(ask.purpose, category): ask.yes for category in chosen},
            token=ask.snapshot,
            how=ask.asked.how,
            by=f"key {call.key.id}",
            signal=signal,
        )
    except BadSnapshot as error:
        wanted = "a snapshot of this shop that still holds"
        raise wrong(Wrong(detail=str(error), pointer="#/snapshot", expected=wanted, found=error.fault.value)) from None
    return as_one(written)


def honour(call: Call[Any], who: Who | None, *, known: bool = True) -> list[str]:
    """Honour the header Sec-GPC before anything else; what to say of it.

    Args:
        known: nobody becomes known by it: whoever is not known has nothing that a signal could turn off.
    """
    if call.letter.header(b"sec-gpc") != "1":
        return []
    call.metrics.note_signal()
    if who is None:
        return ["Sec-GPC: 1 was honoured: nobody was named, so nothing was chosen for anybody."]
    done = call.shop.notices.signal(who, how="header", known=known)
    return [f"Sec-GPC: 1. {done.says}" if done.says else "Sec-GPC: 1 was honoured: nobody is known by that id."]


@endpoint(
    "GET", "/api/v1/people/{id}/consents", Scope.CONSENT, Scope.READ, may=Act.READ_CONSENT,
    tag="People", problems=(NOT_FOUND,), paged=True,
)  # fmt: skip
def consents(call: Call[ConsentsRequest]) -> Consents:
    """Read a person's rows of the consent ledger, oldest first.

    Where more follow, the header `Link` has the address of the next page (`rel="next"`).
    """
    ask = call.ask
    after = _position(ask.after) if ask.after is not None else 0
    rows = [row for row in call.shop.consents(Who(user_id=ask.id)) if row.position > after]
    return answers.consents(call.shop, _page(call, rows, ask.limit, lambda row: opaque(row.position)))


def _position(cursor: str) -> int:
    try:
        return from_opaque(cursor)
    except ValueError:
        raise _no_cursor(cursor) from None


@endpoint(
    "GET", "/api/v1/people/{id}/decisions", Scope.READ, may=Act.READ,
    tag="People", problems=(NOT_FOUND, NO_CONSENT), paged=True,
)  # fmt: skip
def decisions(call: Call[DecisionsRequest]) -> Decisions:
    """Read what was decided for a person, latest first, with the reasons given then.

    Where more follow, the header `Link` has the address of the next page (`rel="next"`). What is decided meanwhile
    moves nothing between pages.
    """
    ask, who = call.ask, Who(user_id=call.ask.id)
    try:
        made = call.shop.decisions(who, ask.limit + 1, after=ask.after)
    except NotFound:
        if ask.after is None or call.shop.find(who) is None:
            raise
        raise _no_cursor(ask.after) from None
    return answers.decisions(call.shop, _page(call, made, ask.limit, lambda decision: decision.id))


@endpoint(
    "GET", "/api/v1/people/{id}/export", Scope.EXPORT,
    may=Act.EXPORT,
    tag="People",
    problems=(NOT_FOUND,),
    gives=OwnCopy,
    also=(MEDIA["csv"], MEDIA["pdf"]),
)  # fmt: skip
def export(call: Call[ExportRequest]) -> Streamed:
    """Fetch a person's own copy: all that is held about them, in clear.

    `format` says in which form: one JSON document, a ZIP with a CSV file for each heading, or a PDF to read and print.
    Orders, customers and consents of the ZIP can be imported again. Hand it to that person only. It is noted in the
    read log with the id of the key, and the next copy shows that. Staff give a reason in `Goodwill-Reason`; it stands
    in the audit log. More than a few people in 24 hours (`alone_a_day`) need an `approval`.
    """
    form, who = call.ask.format, Who(user_id=call.ask.id)
    copies, approval = call.shop.copies, call.ask.approval
    if call.session is not None:
        person, parts = copies.one(who, form, reason=call.shop.actor.reason, approval=approval)
    else:
        person, parts = copies.by_key(who, form, by=call.by, approval=approval)
    name = "" if form == "json" else f"own-copy-{person}.{ENDING[form]}"
    return Streamed(parts, MEDIA[form], name)


@endpoint("GET", "/why/{decision}", Scope.READ, may=Act.READ, tag="Decide", problems=(NOT_FOUND,))
def why(call: Call[WhyRequest]) -> DecideAnswer:
    """Read one decision again: what was chosen, from which data, and why."""
    return answers.decision(call.shop, call.shop.explain(call.ask.decision))


ENDPOINTS = (decide, can, consent, consents, decisions, export, why)


T = TypeVar("T")


def _page(
    call: Call[ConsentsRequest] | Call[DecisionsRequest], found: Sequence[T], limit: int, cursor_of: Callable[[T], str]
) -> Sequence[T]:
    """The first of what was found; where more follow, the answer's headers say where."""
    page = found[:limit]
    if len(found) > limit:
        path = call.path.replace("{id}", quote(call.ask.id, safe=""))
        query = urlencode({"limit": limit, "cursor": cursor_of(page[-1])})
        call.letter.notes.headers["Link"] = f'<{call.shop.settings.reached_at}{path}?{query}>; rel="next"'
    return page


def _no_cursor(cursor: str) -> Problem:
    says = "This cursor leads nowhere any more. Begin again without one, and follow `Link`."
    return wrong(Wrong(detail=says, parameter="cursor", expected="a cursor from `Link`", found=cursor))


def person_of(person: Person, pointer: str = "#/person") -> Who:
    """Whom a request names.

    Raises:
        Problem: by none or by several of the ids; it names the place.
    """
    return _who(person.user_id, person.anonymous_id, pointer=pointer)


def _who(user_id: str | None, anonymous_id: str | None, **place: str) -> Who:
    if (user_id is None) == (anonymous_id is None):
        given = "both" if user_id is not None else "neither"
        says = f"Name the person by exactly one of user_id and anonymous_id, not {given}."
        raise wrong(Wrong(detail=says, expected="user_id or anonymous_id", found=given, **place))
    return Who(user_id=user_id, anonymous_id=anonymous_id)


def _check_purpose(shop: Shop, purpose: str, **place: str) -> None:
    if purpose not in shop.register:
        registered = ", ".join(entry.name for entry in shop.register)
        says = f"'{purpose}' is not a registered purpose. Registered are: {registered}."
        raise wrong(Wrong(detail=says, expected=f"one of {registered}", found=purpose, **place))


def _categories(shop: Shop, ask: ConsentRequest) -> list[Category] | None:
    if ask.categories is None:
        return None
    uses = shop.register[ask.purpose].categories
    faults = [
        Wrong(
            detail=f"'{name}' is not a data category of '{ask.purpose}'; it has {', '.join(uses)}.",
            pointer=f"#/categories/{n}",
            expected=f"one of {', '.join(uses)}",
            found=name,
        )
        for n, name in enumerate(ask.categories)
        if name not in uses
    ]
    if faults:
        raise wrong(*faults)
    return [Category(name) for name in dict.fromkeys(ask.categories)]
