"""Somebody's time with the shop in one column: orders, visits, letters, choices and what she said, newest first.

Pure: what was read is given, and who looks decides what is shown of it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goodwill.access import Everything
from goodwill.access.view import Happened
from goodwill.basics.money import Money
from goodwill.basics.words import money
from goodwill.consent import Row
from goodwill.decide.decision import Decision
from goodwill.purposes import Basis, Category, Register

if TYPE_CHECKING:
    from goodwill.shop.looks import Outline

KINDS: Final = ("orders", "visits", "letters", "choices", "consent", "other")
_KIND_OF: Final[Mapping[str, str]] = {
    "ordered": "orders", "bought": "orders", "refunded": "orders", "viewed": "visits", "searched": "visits",
    "carted": "visits", "sent": "letters", "opened": "letters", "decided": "choices", "proposed": "choices",
    "shown": "choices", "clicked": "choices", "explained": "choices",
}  # fmt: skip
_VERBS: Final[Mapping[str, str]] = {
    "viewed": "Looked at", "searched": "Searched", "carted": "Put into the basket", "ordered": "Ordered",
    "bought": "Bought", "refunded": "Was given back", "told": "Told us a preference", "answered": "Answered",
    "reviewed": "Reviewed", "sent": "Was written to", "opened": "Opened a letter", "shown": "Was shown",
    "clicked": "Clicked", "asked": "Asked something", "located": "Was somewhere", "met": "Came with a device",
    "proposed": "Was proposed", "explained": "Asked why",
}  # fmt: skip
_ANSWERS: Final[Mapping[str, str]] = {
    "given": "Yes", "renewed": "Yes again", "refused": "No", "withdrawn": "Taken back", "requested": "Asked, to be "
    "confirmed by mail", "invalidated": "An earlier row was taken back",
}  # fmt: skip
# A choice is told by its own record; a line of what is held for ever is told by the ledger.
_TOLD_ELSEWHERE: Final = ("decided",)
_THOUSANDTHS: Final = 1_000
_LINES: Final = 12  # of one visit to the till


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened.

    Attributes:
        kind: one of `KINDS`. at: 0 where nobody knows the time.
        what: in a few words; more: what else there is to say, a line each.
        position: of a word on consent, its row in the ledger, for its receipt; 0 of all else.
        decision: of a choice, its id; "" of all else.
    """

    at: int
    kind: str
    what: str
    more: tuple[str, ...] = ()
    position: int = 0
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that is noted of somebody, and where it is from."""

    field: str
    value: str
    category: str
    changed_at: int | None
    origin: str


@dataclass(frozen=True, slots=True)
class Life:
    """Somebody's time with the shop, as far as whoever looks may see it.

    Attributes:
        moments: newest first. traits: what is noted of her.
        hidden: events that are kept and not shown, by data category: nothing that she allows uses them now.
        held: whether she counts in nothing for now; then only what she said is shown.
    """

    outline: "Outline"
    moments: tuple[Moment, ...]
    traits: tuple[Trait, ...]
    hidden: Mapping[str, int]
    held: bool


def used_now(register: Register, outline: "Outline") -> frozenset[Category]:
    """The data categories that may be looked at: she allows a purpose that uses them, or her contract needs them."""
    if any(answer.reason == "held" for _, answer in outline.allows):
        return frozenset()
    allowed = {line.category for _, answer in outline.allows for line in answer.categories if line.allowed}
    needed = {category for entry in register if entry.basis is Basis.CONTRACT for category in entry.categories}
    return frozenset(allowed | needed)


def lived(
    everything: Everything,
    outline: "Outline",
    decisions: Sequence[Decision],
    products: Mapping[int, str],
    allowed: Collection[Category] | None,
    shown: Callable[[str, str], str | None],
) -> Life:
    """Put somebody's life together.

    Args:
        products: their names, by number.
        allowed: the data categories that may be looked at; None: all.
        shown: a field and its value, as far as whoever looks may see it.
    """
    hidden = Counter(
        str(one.category)
        for one in everything.events
        if allowed is not None and one.category not in allowed and one.type not in _TOLD_ELSEWHERE
    )
    may = [
        one
        for one in everything.events
        if one.type not in _TOLD_ELSEWHERE and (allowed is None or one.category in allowed)
    ]
    moments = [
        *_baskets([one for one in may if one.type == "bought"], products),
        *(_event(one, products) for one in may if one.type != "bought"),
        *(_said(row) for row in everything.consents),
        *_letters(everything),
        *(_choice(one, allowed) for one in decisions),
    ]  # fmt: skip
    held = any(answer.reason == "held" for _, answer in outline.allows)
    if held and allowed is not None:
        moments = [one for one in moments if one.kind == "consent"]
    moments.sort(key=lambda one: (one.at, one.position), reverse=True)
    return Life(outline, tuple(moments), tuple(_traits(everything, allowed, shown)), hidden, held)


def _baskets(bought: Sequence[Happened], products: Mapping[int, str]) -> Iterator[Moment]:
    """What was bought at one time is one visit to the till."""
    visits = defaultdict[tuple[int, int | None], list[Happened]](list)
    for one in bought:
        visits[one.at, one.reference].append(one)
    for lines in visits.values():
        if len(lines) == 1:
            yield _event(lines[0], products)
            continue
        sums = Counter[str]()
        for one in lines:
            sums[one.currency or ""] += one.amount or 0
        paid = " and ".join(money(Money(amount, currency)) for currency, amount in sums.items() if currency)
        told = [_event(one, products).what.removeprefix("Bought ") for one in lines[:_LINES]]
        more = [f"and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
        what = f"Bought {len(lines)} things{f' for {paid}' if paid else ''}"
        yield Moment(lines[0].at, "orders", what, (*told, *more, *_origin(lines[0])))


def _origin(one: Happened) -> tuple[str, ...]:
    return (f"from import {one.import_id}",) if one.import_id is not None else ()


def _event(one: Happened, products: Mapping[int, str]) -> Moment:
    what = [_VERBS.get(one.type, one.type)]
    if one.quantity is not None and one.quantity != _THOUSANDTHS:
        what.append(f"{one.quantity / _THOUSANDTHS:g} ×")
    if one.product is not None:
        what.append(products.get(one.product, "a product that is no more"))
    if one.amount and one.currency:
        what.append(f"for {money(Money(one.amount, one.currency))}")
    return Moment(one.at, _KIND_OF.get(one.type, "other"), " ".join(what), _origin(one))


def _said(row: Row) -> Moment:
    asked = json.loads(row.asked)
    more = (
        f"notice {row.notice}" if row.notice else "", f"“{asked['words']}”" if asked.get("words") else "",
        f"came by {asked['how']}" if asked.get("how") else "", f"noted by {asked['by']}" if asked.get("by") else "",
        f"evidence: {row.evidence.value}",
    )  # fmt: skip
    what = f"{_ANSWERS.get(row.state.value, row.state.value)}: {row.purpose}, {row.category}"
    return Moment(row.said_at, "consent", what, tuple(one for one in more if one), position=row.position)


def _letters(everything: Everything) -> Iterator[Moment]:
    for row in next((section.rows for section in everything.more if section.table == "outbox"), ()):
        at = row["done_at"] or row["at"]
        yield Moment(int(str(at)), "letters", f"Letter “{row['name']}”: {row['state']}", (f"kind: {row['kind']}",))


def _choice(made: Decision, allowed: Collection[Category] | None) -> Moment:
    """A choice with what spoke for it; the reasons tell of her data, so they are shown as her data are."""
    names = ", ".join(choice.name or choice.product for choice in made.items) or "nothing"
    may = allowed is None or all(category in allowed for category in made.used)
    reasons = [f"{choice.name or choice.product}: {choice.because[0].text}" for choice in made.items if choice.because]
    why = reasons if may else ["What spoke for it rests on data that she does not allow any more."]
    base = ", ".join(sorted(made.used)) if made.personalised else f"what everyone gets ({made.reason})"
    rules = [f"guardrail {one.rule}: {one.does}" for one in made.interventions]
    arm = [f"experiment {made.experiment}, arm {made.arm}"] if made.experiment else []
    more = (f"for {made.purpose}, from {base}", *arm, *rules, *why)
    return Moment(made.at, "choices", f"Chosen in {made.slot}: {names}", more, decision=made.id)


def _traits(
    everything: Everything, allowed: Collection[Category] | None, shown: Callable[[str, str], str | None]
) -> Iterator[Trait]:
    """What is noted of her; names and addresses are masked anyway, and so may be shown."""
    for row in next((section.rows for section in everything.more if section.table == "profiles"), ()):
        category = str(row["category"])
        value = shown(str(row["field"]), str(row["sealed"]))
        if value is None or (allowed is not None and category not in ("contact", *allowed)):
            continue
        origin = f"import {row['import_id']}" if row["import_id"] is not None else "told to the shop"
        yield Trait(str(row["field"]), value, category, _moment(row["changed_at"]), origin)


def _moment(value: object) -> int | None:
    return value if isinstance(value, int) else None
