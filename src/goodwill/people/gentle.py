"""What makes a shop hold back from somebody: what she said of suggestions, a hard time, a wish not to be guided at all.

Such a word only ever takes something away, so it is obeyed whatever else she allows, like a hold. It is no reason to
choose anything, and goes into no total. The room answers with what to leave out and how to be, and nothing more.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, literal_column, select, union_all

from goodwill.basics.clock import DAY, Micros
from goodwill.basics.ids import PersonId, ProductId, hash64
from goodwill.people import log
from goodwill.people.columns import EventRow
from goodwill.people.tables import events
from goodwill.people.types import event_type
from goodwill.people.verdicts import OBEYED_FOR, Verdict, obeyed, said_wrong
from goodwill.storage.questions import Question

TOLD: Final = event_type("told").code
PROPOSED: Final = event_type("proposed").code
CARE_FOR: Final = 90 * DAY
_END: Final = (1 << 63) - 1  # no event has a higher number


class Care(StrEnum):
    """Why to be careful with somebody: the four drivers of vulnerability (FCA FG21/1), and age. No more is noted."""

    BEREAVEMENT = "bereavement"  # life events
    PAYMENT_TROUBLE = "payment-trouble"  # resilience
    HEALTH = "health"
    NEEDS_HELP = "needs-help"  # capability
    SELF_DECLARED = "self-declared"
    MINOR = "minor"  # under age: nothing is chosen from what she did


class OfLetters(StrEnum):
    """What somebody says of the shop's letters altogether, and of no one thing in them."""

    UNSUBSCRIBE = "unsubscribe"
    COMPLAINT = "complaint"  # she called one spam


@dataclass(frozen=True, slots=True)
class Gentle:
    """How to be with somebody.

    Attributes:
        left_out: products that she wants no more of.
        wrong: those of which she said that they are wrong about her: they are no ground for anything else either.
        care: whether she is having a hard time: nothing is urged on her.
        impersonal: whether nothing is to be chosen from her data: she switched it off, or is under age.
        unwanted: content and offers that she wants no more of, as `content/NAME` and `offers/NAME`.
    """

    left_out: tuple[ProductId, ...] = ()
    wrong: tuple[ProductId, ...] = ()
    care: bool = False
    impersonal: bool = False
    unwanted: frozenset[str] = frozenset()


ORDINARY: Final = Gentle()


class Word(NamedTuple):
    """Something that was noted of how to be with somebody: what she told, or that something was proposed to her."""

    id: int
    type: int
    product: int | None
    detail: str | None
    at: int
    day: int


_WORD = (
    events.c.person, events.c.id, events.c.type, events.c.product, events.c.detail, events.c.at, events.c.day
)  # fmt: skip
_WORDS = Question(
    lambda lists: union_all(
        select(*_WORD).where(
            events.c.person.in_(lists.numbers("persons")),
            events.c.type == literal_column(str(TOLD)),
            events.c.id <= bindparam("upto"),
        ),
        select(*_WORD).where(
            events.c.person.in_(lists.numbers("resting")),
            events.c.type == literal_column(str(PROPOSED)),
            events.c.id <= bindparam("upto"),
        ),
    )
)


def words_of(
    connection: Connection,
    persons: Collection[PersonId],
    *,
    resting: Collection[PersonId] | None = None,
    upto: int = _END,
) -> dict[PersonId, list[Word]]:
    """What was noted of how to be with each of some people, oldest first, by one question.

    Args:
        resting: of whom also what was proposed to them; all of them unless said.
        upto: the last event that counts.
    """
    found: dict[PersonId, list[Word]] = {person: [] for person in persons}
    if not found:
        return found
    proposed = found if resting is None else resting
    for person, *word in sorted(_WORDS.ask(connection, persons=list(found), resting=list(proposed), upto=upto)):
        found[person].append(Word(*word))
    return found


def gentle_with(connection: Connection, person: PersonId, *, at: int, upto: int = _END) -> Gentle:
    """How to be with somebody now; see `gentle_by`."""
    return gentle_by(words_of(connection, [person], upto=upto)[person], at=at)


def gentle_by(words: Iterable[Word], *, at: int) -> Gentle:
    """How to be with somebody, by what was noted; her last word of each kind counts.

    What she said of a product is obeyed for a year ("never" for ever), a hard time for 90 days, a switch and her
    age until taken back.
    """
    told: list[tuple[int, object, int]] = []
    unwanted: dict[str, bool] = {}
    cares: dict[object, bool] = {}
    impersonal = False
    for _, kind, product, detail, said_at, _ in words:
        if kind != TOLD:
            continue
        said = _read(detail)
        if product is not None and "verdict" in said:
            told.append((product, said["verdict"], said_at))
        if product is None and "verdict" in said and "of" in said:
            lasts = said["verdict"] == Verdict.NEVER or said_at > at - OBEYED_FOR
            unwanted[str(said["of"])] = said["verdict"] != Verdict.FINE and lasts
        if "care" in said:
            cares[said["care"]] = said.get("over") is not True and (
                said["care"] == Care.MINOR or said_at > at - CARE_FOR
            )
        if "personal" in said:
            impersonal = said["personal"] is False
    if not (told or unwanted or cares or impersonal):
        return ORDINARY
    no_more = frozenset(name for name, is_out in unwanted.items() if is_out)
    return Gentle(
        tuple(obeyed(told, at=at)), tuple(said_wrong(told, at=at)), any(cares.values()),
        impersonal or cares.get(Care.MINOR, False), no_more,
    )  # fmt: skip


def is_under_age(words: Iterable[Word]) -> bool:
    """Whether somebody is noted as under age, by what was noted."""
    found = False
    for word in words:
        said = _read(word.detail) if word.type == TOLD else {}
        if said.get("care") == Care.MINOR:
            found = said.get("over") is not True
    return found


@dataclass(frozen=True, slots=True)
class Manner:
    """How she herself asked to be treated.

    Attributes:
        personal: False: she switched off that anything is chosen from her data.
        gentle_until: until when nothing is to be urged on her; None where she did not ask for that, or it is over.
    """

    personal: bool = True
    gentle_until: Micros | None = None


def manner(connection: Connection, person: PersonId, *, at: int) -> Manner:
    """What somebody switched for herself, as it stands now; what staff noted is not in it."""
    personal, until = True, 0
    for word in words_of(connection, [person])[person]:
        said = _read(word.detail)
        if "personal" in said:
            personal = said["personal"] is not False
        if said.get("care") == Care.SELF_DECLARED:
            until = 0 if said.get("over") is True else word.at + CARE_FOR
    return Manner(personal, Micros(until) if until > at else None)


def note_care(connection: Connection, person: PersonId, why: Care, *, over: bool, at: Micros, day: int) -> None:
    """Note that somebody is to be treated with care, or no longer."""
    _tell(connection, person, {"care": why.value, **({"over": True} if over else {})}, at=at, day=day)


def switch(connection: Connection, person: PersonId, *, personal: bool, at: Micros, day: int) -> None:
    """Note whether anything may be chosen from her data at all, beside what she allows."""
    _tell(connection, person, {"personal": personal}, at=at, day=day)


def _tell(connection: Connection, person: PersonId, said: Mapping[str, Any], *, at: Micros, day: int) -> None:
    detail = json.dumps(said)
    key = hash64("gentle", person, detail, at)
    log.append_one(connection, person=person, type_=TOLD, at=at, day=day, key=key, detail=detail)


def _read(detail: str | None) -> Mapping[str, Any]:
    found = json.loads(detail) if detail else None
    return found if isinstance(found, dict) else {}


# ---- what was proposed, so that it can rest ------------------------------------------------------------------------


def proposal(person: PersonId, product: ProductId, *, decision: int, at: int, day: int) -> EventRow:
    """The row of the log by which something new that was proposed to her can rest."""
    key = hash64("proposed", decision, product)
    return EventRow(person=person, type=PROPOSED, at=at, day=day, product=product, reference=decision, key=key)


def proposed_days(connection: Connection, person: PersonId, *, since: int, upto: int = _END) -> dict[int, int]:
    """On how many days since a day each product was proposed to her as something new."""
    return proposed_by(words_of(connection, [person], upto=upto)[person], since=since)


def proposed_by(words: Iterable[Word], *, since: int) -> dict[int, int]:
    """The same by what was noted."""
    proposed = {(word.product, word.day) for word in words if word.type == PROPOSED and word.day > since}
    return dict(Counter(product for product, _ in proposed if product is not None))


# ---- content and offers --------------------------------------------------------------------------------------------

SHOWN: Final = event_type("shown").code
CLICKED: Final = event_type("clicked").code


def number_of(slot: str, name: str, word: str = "") -> int:
    """The number by which the log knows a content or an offer in a slot, or a word that somebody said of it."""
    return hash64("placed", slot, name, word)


def showing(
    person: PersonId, slot: str, name: str, *, decision: int, at: int, day: int, engagement: bool, promised: int = 0
) -> EventRow:
    """The row of the log by which a content or an offer that was shown to her is remembered.

    Args:
        engagement: whether she allows that it is learned from; else it only serves to let it rest.
        promised: what was set aside of an offer's budget for her, in minor units.
    """
    said = {"slot": slot, "shown": name, **({"promised": promised} if promised else {})}
    return EventRow(
        person=person, type=SHOWN if engagement else PROPOSED, at=at, day=day, reference=number_of(slot, name),
        key=hash64("placed", decision, slot, name), detail=json.dumps(said),
    )  # fmt: skip


def redemption(
    connection: Connection, person: PersonId, slot: str, name: str, *, decision: int, at: Micros, day: int
) -> bool:
    """Note that an offer that was promised to her was redeemed; False where that was noted before.

    Args:
        at, day: of the decision, so that it is one event however often it is told.
    """
    noted = log.append_one(
        connection, person=person, type_=PROPOSED, at=at, day=day, reference=number_of(slot, name, "redeemed"),
        key=hash64("placed-redeemed", decision, slot, name), detail=json.dumps({"slot": slot, "redeemed": name}),
    )  # fmt: skip
    return noted is not None


def click(
    connection: Connection, person: PersonId, slot: str, name: str, *, decision: int, at: Micros, day: int
) -> None:
    """Note that she followed a content or an offer; once for each decision."""
    log.append_one(
        connection, person=person, type_=CLICKED, at=at, day=day, reference=number_of(slot, name),
        key=hash64("placed-clicked", decision, slot, name), detail=json.dumps({"slot": slot, "shown": name}),
    )  # fmt: skip


def say_of_placed(
    connection: Connection, person: PersonId, kind: str, slot: str, name: str, verdict: Verdict, *, at: Micros, day: int
) -> None:
    """Write down what somebody said of a content or an offer; her last word about it counts.

    Args:
        kind: content or offers.
    """
    log.append_one(
        connection, person=person, type_=TOLD, at=at, day=day, reference=number_of(slot, name, verdict),
        key=hash64("verdict-of-placed", person, slot, name, verdict, at),
        detail=json.dumps({"verdict": verdict.value, "of": f"{kind}/{name}", "slot": slot}),
    )  # fmt: skip


def number_of_letters(word: OfLetters) -> int:
    """The number by which the log knows a word about the shop's letters; no slot has an empty name."""
    return number_of("", "", word)


def say_of_letters(connection: Connection, person: PersonId, word: OfLetters, *, at: Micros, day: int) -> None:
    """Write down what somebody said of the shop's letters; once a day, however often it is told."""
    log.append_one(
        connection, person=person, type_=TOLD, at=at, day=day, reference=number_of_letters(word),
        key=hash64("of-letters", person, word), detail=json.dumps({"letters": word.value}),
    )  # fmt: skip


_PLACED = (
    select(events.c.reference, events.c.day, events.c.detail)
    .distinct()
    .where(
        events.c.person == bindparam("person"),
        events.c.type.in_([PROPOSED, SHOWN]),
        events.c.day > bindparam("since"),
        events.c.id <= bindparam("upto"),
        events.c.product.is_(None),
        events.c.reference.is_not(None),
    )
)


@dataclass(frozen=True, slots=True)
class Placed:
    """What was shown to somebody lately, by `number_of`.

    Attributes:
        days: on which days each content and offer was, rising.
        promised: the last day on which something was set aside for it.
    """

    days: Mapping[int, tuple[int, ...]]
    promised: Mapping[int, int]


def placed_lately(connection: Connection, person: PersonId, *, since: int, upto: int = _END) -> Placed:
    """What was shown to somebody since a day."""
    days, promised = dict[int, set[int]](), dict[int, int]()
    for number, day, detail in connection.execute(_PLACED, {"person": person, "since": since, "upto": upto}):
        said = _read(detail)
        if "redeemed" in said:  # no showing
            continue
        days.setdefault(number, set()).add(day)
        if said.get("promised"):
            promised[number] = max(day, promised.get(number, day))
    return Placed({number: tuple(sorted(some)) for number, some in days.items()}, promised)


__all__ = [
    "CLICKED",
    "ORDINARY",
    "SHOWN",
    "Care",
    "Gentle",
    "Manner",
    "OfLetters",
    "Placed",
    "Word",
    "click",
    "gentle_by",
    "gentle_with",
    "manner",
    "note_care",
    "number_of",
    "number_of_letters",
    "placed_lately",
    "proposal",
    "proposed_by",
    "proposed_days",
    "redemption",
    "say_of_letters",
    "say_of_placed",
    "showing",
    "switch",
    "words_of",
]
