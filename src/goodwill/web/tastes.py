"""One question for the shop's own pages: what would you like to see? Its choices are read, and answers written down."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from goodwill.basics.clock import iso
from goodwill.decide.taste import ASKED
from goodwill.shop import Shop
from goodwill.shop.tastes import TasteQuestion
from goodwill.shop.telling import language_of
from goodwill.shop.words import catalogues
from goodwill.staff import Act
from goodwill.web import answers
from goodwill.web.api import person_of
from goodwill.web.desk import Call, endpoint
from goodwill.web.messages import Id, Mark, Moment, Person
from goodwill.web.problems import NO_CONSENT, NOT_FOUND, REFUSED
from goodwill.web.store import Scope

_Kind = Annotated[str, Meta(min_length=1, max_length=200, description="A kind of things, as the choices name it.")]


class TasteRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Of whom; exactly one of the two ids."""

    user_id: Id | None = None
    anonymous_id: Id | None = None
    language: Annotated[str, Meta(max_length=20, description="Of the question; else the shop's own.")] = ""


class TasteAnswerRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """What somebody likes."""

    person: Person
    kinds: Annotated[
        list[_Kind],
        Meta(max_length=4 * ASKED, description="Of the choices; an empty list: they have no preference, and said so."),
    ]


class TasteRemovalRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Whose answer goes."""

    person: Person


class TasteTold(Struct, frozen=True):
    """What somebody told."""

    kinds: Annotated[list[str], Meta(description="What they like; empty: no preference.")]
    at: Moment


class TasteShown(Struct, frozen=True):
    """The question as it stands for one person."""

    ask: Annotated[
        bool, Meta(description="Whether to ask now: they allow it, have bought nothing yet and not answered.")
    ]
    reason: Annotated[
        str,
        Meta(
            description="Why not: `answered`, `bought`, `nothing-to-ask`, `switched-off` (an answer is kept, and "
            "counts when they switch it on again), `contextual-only` (nothing is ever chosen from their data) or "
            "`holdout` (they get what everyone gets; of both no answer is kept), `no-preferences` (they do "
            "not allow that what they told is looked at), or why they allow no suggestions, as in `GET /api/v1/can`."
        ),
    ]
    question: Annotated[str, Meta(description="To be shown.")]
    choices: Annotated[list[str], Meta(description="Kinds of things; empty where they may not answer.")]
    no_preference: Annotated[str, Meta(description="What the choice of none is called.")]
    answer: TasteTold | None
    watermark: Mark | UnsetType = UNSET


class TasteRemoved(Struct, frozen=True):
    """What became of it."""

    removed: Annotated[bool, Meta(description="False: there was no answer.")]


@endpoint("GET", "/api/v1/taste", Scope.DECIDE, Scope.CONSENT, may=Act.SUGGEST, tag="Decide", within=5)
def taste(call: Call[TasteRequest]) -> TasteShown:
    """Read the one question for whoever has bought nothing yet, with its choices, and what this person answered.

    `ask` is true while it is worth asking. Whoever allows `recommendations` with `preferences` may answer at any time;
    of whoever does not, nothing is read, and `choices` is empty. The choices are the kinds of things by which people's
    purchases differ most; none that is sensitive is among them.
    """
    ask = call.ask
    who = person_of(Person(ask.user_id, ask.anonymous_id))
    return shown(call.shop, call.shop.taste.question(who), ask.language)


@endpoint("POST", "/api/v1/taste", Scope.CONSENT, may=Act.WRITE_CONSENT, tag="Decide", within=5,
          problems=(NOT_FOUND, NO_CONSENT, REFUSED), example={"person": {"user_id": "dev"}, "kinds": []})  # fmt: skip
def tell_taste(call: Call[TasteAnswerRequest]) -> TasteShown:
    """Write down what somebody says they like; the next decision follows it.

    Things of these kinds come first until they buy; with each day on which they buy afterwards the answer has a fourth
    of the places less, and what they usually buy keeps its own. Without their yes nothing is written, nor
    where nothing would ever come of it (`contextual-only`, `holdout`).
    """
    return shown(call.shop, call.shop.taste.tell(person_of(call.ask.person), call.ask.kinds))


@endpoint("POST", "/api/v1/taste/removal", Scope.CONSENT, may=Act.WRITE_CONSENT, tag="Decide", within=5,
          problems=(NOT_FOUND,), example={"person": {"user_id": "dev"}})  # fmt: skip
def remove_taste(call: Call[TasteRemovalRequest]) -> TasteRemoved:
    """Delete what somebody said they like; the next decision is made as if they had never said it."""
    return TasteRemoved(call.shop.taste.take_away(person_of(call.ask.person)))


ENDPOINTS = (taste, tell_taste, remove_taste)


def shown(shop: Shop, one: TasteQuestion, language: str = "") -> TasteShown:
    """The question as it goes over the wire, in the page's language where the shop speaks it."""
    spoken = catalogues()[language_of(shop.settings.language, language)]
    told = TasteTold(list(one.answer.kinds), iso(one.answer.at)) if one.answer is not None else None
    return TasteShown(
        one.ask, one.reason, spoken.plain("taste.title"), list(one.choices), spoken.plain("taste.none"), told,
        answers.mark(shop),
    )  # fmt: skip
