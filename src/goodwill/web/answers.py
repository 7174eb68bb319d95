"""What the shop answers, in the shapes that go over the wire; a script reads the same from ``--json``."""

import json
from collections.abc import Iterable

from msgspec import UNSET, UnsetType

from goodwill.basics.clock import iso
from goodwill.consent import Receipt, Row
from goodwill.decide.decision import Choice, Decision, Placed
from goodwill.decide.labels import words_of
from goodwill.shop import Answer, Shop
from goodwill.web import messages


def can(shop: Shop, answer: Answer, notes: Iterable[str] = ()) -> messages.CanAnswer:
    """Whether something is allowed."""
    lines = [
        messages.Standing(str(one.category), one.allowed, one.reason, said(one.since), one.position, moment(one.until))
        for one in answer.categories
    ]
    return messages.CanAnswer(
        answer.allowed, answer.basis.value, answer.reason, said(answer.since), answer.position, lines, mark(shop),
        [*([answer.why] if answer.why else []), *notes] or UNSET,
    )  # fmt: skip


def decision(shop: Shop, chosen: Decision, notes: Iterable[str] = (), language: str = "") -> messages.DecideAnswer:
    """What was chosen, from which data, and why.

    Args:
        language: of what has to be said of prices, where the law leaves that open; the shop's own unless given.
    """
    language = language or shop.settings.language
    return messages.DecideAnswer(
        decision=chosen.id,
        personalised=chosen.personalised,
        purpose=str(chosen.purpose),
        used=sorted(chosen.used),
        withheld=sorted(chosen.withheld),
        items=[_item(choice, language) for choice in chosen.items],
        arm=chosen.arm,
        why_url=shop.why.address(chosen.id),
        slot=chosen.slot,
        at=iso(chosen.at),
        unused=sorted(chosen.unused),
        guardrails=[messages.Guardrail(one.rule, one.does, one.count) for one in chosen.interventions],
        experiment=chosen.experiment or UNSET,
        propensity=round(chosen.propensity, 6) if chosen.experiment else UNSET,
        reason=chosen.reason or UNSET,
        watermark=mark(shop),
        notes=list(notes) or UNSET,
    )


def _item(choice: Choice, language: str) -> messages.Item:
    reasons = [messages.Because(reason.text, round(reason.share, 4)) for reason in choice.because]
    placed = UNSET if choice.placed is None else _placed(choice.placed, language)
    return messages.Item(
        choice.product, choice.name, choice.item, choice.kind, reasons, round(choice.covered, 4), placed
    )


def _placed(placed: Placed, language: str) -> messages.PlacedThing:
    prices = [
        messages.OfferPrice(one.product, one.name, one.public, one.lowest, one.price, one.currency)
        for one in placed.prices
    ]
    return messages.PlacedThing(
        text=placed.text,
        link=placed.link,
        image=placed.image,
        chance=round(placed.chance, 6),
        propensity=round(placed.propensity, 6),
        rule=placed.rule or UNSET,
        until=placed.until or UNSET,
        code=placed.code or UNSET,
        prices=prices or UNSET,
        label=words_of(placed.label, language) or UNSET,
    )


def decisions(shop: Shop, made: Iterable[Decision]) -> messages.Decisions:
    """Several decisions, in the order given."""
    return messages.Decisions([decision(shop, one) for one in made], mark(shop))


def receipt(shop: Shop, written: Receipt, notes: Iterable[str] = ()) -> messages.Receipt:
    """What the ledger wrote down, and what it waits for if it does; it names nobody."""
    waits = shop.notices.why_waits(written)
    return messages.Receipt(
        purpose=str(written.purpose),
        categories=[str(category) for category in written.categories],
        state=written.state.value,
        positions=list(written.positions),
        said_at=iso(written.said_at),
        recorded_at=iso(written.recorded_at),
        until=moment(written.until),
        notice=written.notice,
        watermark=mark(shop),
        notes=[*notes, *([waits] if waits else [])] or UNSET,
    )


def consents(shop: Shop, rows: Iterable[Row]) -> messages.Consents:
    """Rows of the consent ledger, in the order given."""
    return messages.Consents([line(row) for row in rows], mark(shop))


def line(row: Row) -> messages.Line:
    """One row of the consent ledger."""
    return messages.Line(
        row.position, str(row.purpose), str(row.category), row.state.value, said(row.said_at), iso(row.recorded_at),
        moment(row.until), row.evidence.value, row.notice, json.loads(row.asked), row.refers,
    )  # fmt: skip


def said(at: int | None) -> str | None:
    """When something was said, if anybody knows: a yes from a file without times is kept with the time 0."""
    return moment(at or None)


def moment(at: int | None) -> str | None:
    """A moment in UTC, if there is one."""
    return None if at is None else iso(at)


def mark(shop: Shop) -> str | UnsetType:
    """The shop's watermark, if it has one."""
    return shop.settings.watermark or UNSET
