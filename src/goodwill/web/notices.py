"""Notices over HTTP: what to show, with the snapshot that its answer is sent with; and a browser's privacy signal."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from goodwill.basics.language import TAG
from goodwill.consent.notices import Shown
from goodwill.shop import Shop, Who
from goodwill.staff import Act
from goodwill.web import answers
from goodwill.web.bodies import wrong
from goodwill.web.desk import Call, Operation, endpoint
from goodwill.web.messages import Id, Mark, Moment, Person
from goodwill.web.problems import NOT_FOUND, Wrong
from goodwill.web.store import Scope

Language = Annotated[
    str,
    Meta(
        pattern=f"^{TAG}$",
        description="BCP 47, such as `de-AT`; the nearest that there is will be given.",
        extra={"words": "a language code such as en or de-AT"},
    ),
]
Region = Annotated[
    str,
    Meta(
        pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        description="Where the person is: a country, with its part where laws differ, such as `US-CA`.",
        extra={"words": "a country, or a part of one, such as DE or US-CA"},
    ),
]

# What a browser is told at /.well-known/gpc.json; https://www.w3.org/TR/gpc/ asks for these two names.
GPC_DOCUMENT = {"gpc": True, "lastUpdate": "2026-11-28"}
GPC = Operation(
    "GET", "/.well-known/gpc.json", "gpc", "That this shop honours Global Privacy Control",
    "Looked for by browsers and by whoever audits shops.", "Consent", media="application/json",
)  # fmt: skip


# ---- what is asked -----------------------------------------------------------------------------------------------


class CurrentRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """For which language and place, and for whom where that is known."""

    language: Language = "en"
    region: Region | None = None
    notice: Annotated[
        str, Meta(pattern="^[a-z][a-z0-9-]{0,39}$", extra={"words": "a notice's key, such as banner"})
    ] = "banner"
    user_id: Id | None = None
    anonymous_id: Id | None = None


class ShownRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Which words."""

    hash: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{64}$",
            description="What stands behind the `#` of a row's `notice`.",
            extra={"words": "the 64 digits and letters behind the # of a row's notice"},
        ),
    ]


class SignalRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whose browser said so, and how it was heard."""

    person: Person
    how: Annotated[
        str,
        Meta(
            pattern="^(header|script)$",
            description="`header`: Sec-GPC: 1. `script`: navigator.globalPrivacyControl.",
            extra={"words": "header or script"},
        ),
    ] = "script"
    on: Annotated[bool, Meta(description="False is not an answer: it is written nowhere and undoes nothing.")] = True
    region: Region | None = None


# ---- what is answered --------------------------------------------------------------------------------------------


class Kind(Struct, frozen=True):
    """One kind of data that can be chosen for a purpose; a box that is empty at first."""

    category: str
    sentence: str


class Offered(Struct, frozen=True):
    """One purpose, in words that a customer reads."""

    purpose: str
    basis: Annotated[str, Meta(description="`consent`: off until a yes. `legitimate-interests`: on until a no.")]
    sentence: str
    on: Annotated[str, Meta(description="What happens when it is on.")]
    off: Annotated[str, Meta(description="What happens when it is off.")]
    categories: list[Kind]


class NoticeAnswer(Struct, frozen=True):
    """A notice to show, word for word and in this order."""

    notice: str
    version: int
    language: str
    region: Annotated[str, Meta(description="Empty: it holds everywhere.")]
    hash: str
    reference: Annotated[str, Meta(description="What a row of the ledger says of it: `banner@3#9f86…`.")]
    origin: Annotated[
        str,
        Meta(
            description="`shop`: somebody of the shop signed it off and published it. `starter`: from the set that "
            "comes with goodwill; nobody of the shop has signed it off."
        ),
    ]
    title: str
    text: list[str]
    labels: dict[str, str]
    purposes: list[Offered]
    snapshot: (
        Annotated[
            str,
            Meta(description="Send it with the answer, within a day: it ties the answer to exactly these words."),
        ]
        | UnsetType
    ) = UNSET
    watermark: Mark | UnsetType = UNSET


class SignalAnswer(Struct, frozen=True):
    """What came of a signal."""

    honoured: bool
    says: Annotated[str, Meta(description="A sentence to show.")]
    objected: Annotated[list[str], Meta(description="Purposes that it turned off now; earlier ones stay off.")]
    since: Moment | None
    watermark: Mark | UnsetType = UNSET


# ---- operations --------------------------------------------------------------------------------------------------


@endpoint(
    "GET", "/api/v1/notices/current", Scope.CONSENT, Scope.DECIDE, Scope.READ, may=Act.READ_CONSENT,
    tag="Consent", problems=(NOT_FOUND,),
)  # fmt: skip
def current_notice(call: Call[CurrentRequest]) -> NoticeAnswer:
    """Fetch the notice to show, with a snapshot for the answer.

    Show every word, in this order, with every box empty and both buttons alike; then send the answer to
    POST /api/v1/consent with `snapshot`. Where `user_id` or `anonymous_id` is given, the snapshot serves nobody else.
    """
    ask = call.ask
    if ask.user_id is not None and ask.anonymous_id is not None:
        says = "Name the person by one of user_id and anonymous_id, or by none."
        raise wrong(Wrong(detail=says, parameter="user_id", expected="one id, or none", found="both"))
    named = ask.user_id is not None or ask.anonymous_id is not None
    to = Who(user_id=ask.user_id, anonymous_id=ask.anonymous_id) if named else None
    return notice(call.shop, call.shop.notices.current(ask.language, ask.region or "", key=ask.notice, to=to))


@endpoint(
    "GET", "/api/v1/notices/shown/{hash}", Scope.CONSENT, Scope.READ, may=Act.READ_CONSENT,
    tag="Consent", problems=(NOT_FOUND,),
)  # fmt: skip
def shown_notice(call: Call[ShownRequest]) -> NoticeAnswer:
    """Read exactly what somebody was shown, by the hash in a row of the ledger."""
    return notice(call.shop, call.shop.notices.shown(call.ask.hash))


@endpoint(
    "POST", "/api/v1/signals", Scope.CONSENT, may=Act.WRITE_CONSENT,
    tag="Consent",
    example={"person": {"anonymous_id": "device-7"}, "how": "script", "region": "US-CA"},
)  # fmt: skip
def signal(call: Call[SignalRequest]) -> SignalAnswer:
    """Honour a browser's Global Privacy Control.

    It says no wherever silence would mean yes, and where the law of `region` says so it takes back an earlier yes to
    selling and sharing. A yes that is clicked after it counts, and nothing but such a click undoes it.
    """
    ask = call.ask
    who = _one(ask.person)
    regime = call.shop.regimes.of(ask.region) if ask.region is not None else None
    if ask.on:
        call.metrics.note_signal()
    done = call.shop.notices.signal(who, on=ask.on, how=ask.how, regime=regime)
    came = call.shop.notices.signalled(who)
    return SignalAnswer(
        came is not None, done.says, [str(purpose) for purpose in done.objected],
        answers.moment(came.first_at if came else None), answers.mark(call.shop),
    )  # fmt: skip


ENDPOINTS = (current_notice, shown_notice, signal)


def _one(person: Person) -> Who:
    if (person.user_id is None) == (person.anonymous_id is None):
        given = "both" if person.user_id is not None else "neither"
        says = f"Name the person by exactly one of user_id and anonymous_id, not {given}."
        raise wrong(Wrong(detail=says, pointer="#/person", expected="user_id or anonymous_id", found=given))
    return Who(user_id=person.user_id, anonymous_id=person.anonymous_id)


def notice(shop: Shop, shown: Shown) -> NoticeAnswer:
    """A notice in the shape that goes over the wire."""
    return NoticeAnswer(
        shown.notice, shown.version, shown.language, shown.region, shown.hash, shown.reference, shown.origin,
        shown.title,
        list(shown.text), dict(shown.labels),
        [
            Offered(
                one.purpose, one.basis, one.sentence, one.on, one.off,
                [Kind(category, sentence) for category, sentence in one.categories.items()],
            )
            for one in shown.purposes
        ],
        shown.token or UNSET,
        answers.mark(shop),
    )  # fmt: skip
