"""Explain a decision: to the customer, to staff, to an auditor; make it again; and whether the reasons are true."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from goodwill.cli import out, suggest
from goodwill.cli.ends import Code
from goodwill.cli.shell import SUGGESTIONS, Shell, app, command, switch

if TYPE_CHECKING:
    from goodwill.decide.account import Instead
    from goodwill.decide.again import Replayed
    from goodwill.decide.decision import Decision
    from goodwill.measure.share import Share
    from goodwill.shop import Shop
    from goodwill.shop.explained import ForCustomer
    from goodwill.shop.explaining import ForStaff
    from goodwill.shop.faithfulness import Faithfulness

FAITHFULNESS = "faithfulness"
_READERS = ("customer", "staff", "auditor")
_WHICH = typer.Argument(
    metavar="DECISION",
    help="Its id, as it was printed; or 'faithfulness': whether reasons that were told are true.",
)
_FOR = typer.Option("--for", help="Who reads it: customer (at most 40 words), staff (everything) or auditor (JSON).")
_LANGUAGE = typer.Option("--language", help="Of what a customer reads, such as de; else the shop's own.")
_REPLAY = switch("--replay", help="Make the decision again, and say whether it comes out byte for byte (0, 1, or 3).")
_NOW = switch("--now", help="With 'faithfulness': measure it now, on the decisions of the last 24 hours.")
_UNTRIED = {
    "taken-back": "rest on what somebody took back",
    "differs": "came out otherwise than they were written down",
    "changed": "cannot be made again from what was written down",
}


@command(app, "explain", panel=SUGGESTIONS, lost="goodwill recommend PERSON")
def explain(
    shell: Shell,
    decision: Annotated[str, _WHICH],
    reader: Annotated[str | None, _FOR] = None,
    language: Annotated[str, _LANGUAGE] = "",
    replay: Annotated[bool, _REPLAY] = False,
    now: Annotated[bool, _NOW] = False,
) -> int:
    """Show a decision that was made earlier: what was chosen, from which data, and why.

    Example: goodwill explain cwekd3ivkasqa --for customer --language de
    """
    if reader is not None and reader not in _READERS:
        raise typer.BadParameter(f"'{reader}' is none of {', '.join(_READERS)}.", param_hint="--for")
    word = decision.strip().lower()
    with shell.shop() as shop:
        if word == FAITHFULNESS:
            return _faithfulness(shell, shop, now=now)
        if replay:
            return _replayed(shell, word, shop.explaining.replay(word))
        if reader is None:
            suggest.show(shell, shop, shop.explain(word))
        else:
            _explained(shell, shop, word, reader, language)
    return int(Code.DONE)


def _explained(shell: Shell, shop: "Shop", decision: str, reader: str, language: str) -> None:
    from goodwill.shop.telling import language_of
    from goodwill.web import explanations

    made = shop.explain(decision)
    document = explanations.explanation(shop, decision, reader, language)  # type: ignore[arg-type] # one of the three
    if reader == "customer":
        spoken = language_of(shop.settings.language, language)
        lines: Iterator[RenderableType] = _for_customer(shop.explaining.for_customer(made, spoken))
    elif reader == "staff":
        lines = _for_staff(shop, shop.explaining.for_staff(decision))
    else:
        out.write_json(document)  # an auditor's program reads it, whether or not it said so
        return
    shell.answer(document, *lines, watermark=shop.settings.watermark)


def _for_customer(told: "ForCustomer") -> Iterator[RenderableType]:
    yield told.text
    yield from (rule for rule in told.rules if rule not in told.text)
    for one in told.items:
        yield ""
        yield one.name
        for line in (one.rule, *one.prices, one.label):
            if line:
                yield f"  {line}"
        for text, share in one.reasons:
            yield f"  + {text} ({out.share(share)})" if told.personalised and share else f"  + {text}"
        if one.untold:
            yield f"  {one.untold}"
        for text in one.against:
            yield f"  - {text}"
        if one.instead:
            yield f"  {one.instead}"


def _for_staff(shop: "Shop", seen: "ForStaff") -> Iterator[RenderableType]:
    yield from suggest.told(seen.made, shop.settings.zone)
    yield ""
    yield from _consents(seen)
    if seen.account is None:
        yield f"What was weighed cannot be worked out any more: {seen.cannot}"
        return
    for scales in seen.account.scales:
        yield ""
        yield f"{_name(seen.made, scales.product)} ({scales.kind}, score {scales.score:.4f}):"
        rows = ((one.what, f"{one.weight:+.4f}", "yes" if one.told else "no") for one in scales.weighed)
        yield out.table(("weighed", "weight#", "told"), rows)
        if not scales.adds_up:
            yield "These do NOT add up to the score that was written down."
    if seen.account.instead:
        yield ""
        others = ((one.product, one.without, _orders(one), one.seen or "nothing") for one in seen.account.instead)
        yield out.table(("instead of", "without", "orders#", "would have been seen"), others)
    if seen.account.moved_at_most is not None:
        yield ""
        yield f"Their data move the shared model by at most {seen.account.moved_at_most:.4f}."


def _orders(one: "Instead") -> str:
    return "–" if not one.orders else f"{'latest ' if one.latest else 'all '}{one.orders}"


def _consents(seen: "ForStaff") -> Iterator[RenderableType]:
    if seen.consents:
        rows = ((row.position, row.category, row.state.value, row.notice or "–") for row in seen.consents)
        yield out.table(("ledger row#", "data", "said", "notice"), rows)


def _name(made: "Decision", product: str) -> str:
    return next((choice.name for choice in made.items if choice.product == product), product)


def _replayed(shell: Shell, decision: str, came: "Replayed") -> int:
    document = {"decision": decision, "same": came.same, "cannot": came.cannot, "differs": list(came.differs)}
    if came.cannot:
        shell.answer(document, f"It cannot be made again: {came.cannot}")
        return int(Code.REFUSED)
    if came.same:
        shell.answer(document, "Made again: it came out byte for byte as it was written down.")
        return int(Code.DONE)
    shell.answer(document, f"Made again: it differs in {', '.join(came.differs) or 'how it was written down'}.")
    return int(Code.FAILED)


# ---- whether the reasons are true ------------------------------------------------------------------------------------


def _faithfulness(shell: Shell, shop: "Shop", *, now: bool) -> int:
    from goodwill.web.explanations import measured

    if now:
        with shell.working("Trying the reasons of the last day"):
            found: Faithfulness | None = shop.faithful.measure()
    else:
        found = shop.faithful.latest()
    if found is None:
        shell.answer({"measured": None}, "It was not measured yet. Now: goodwill explain faithfulness --now")
        return int(Code.REFUSED)
    shell.answer(measured(shop, found), *_figure(shop, found), watermark=shop.settings.watermark)
    return int({True: Code.DONE, False: Code.FAILED, None: Code.REFUSED}[found.enough])


def _figure(shop: "Shop", found: "Faithfulness") -> Iterator[RenderableType]:
    from goodwill.shop.faithfulness import LEAST, MOST_UNTRIED

    yield "Without what a reason cites, the item must fall."
    yield out.pairs([("measured", out.when(found.at, shop.settings.zone)), ("decisions drawn", found.decisions)])
    yield ""
    yield out.table(("reasons of", "tried#", "true#", "share#", "95 % interval"), map(_row, *_shares(found)))
    for why, many in found.untried.items():
        if many:
            yield f"Not tried: {out.number(many, 'decisions')} {_UNTRIED[why]}."
    if found.anew:
        yield f"{out.number(found.anew, 'decisions')} asked anew of today's models, as their own are gone."
    if found.enough is False:
        yield "NOT ENOUGH: at least 95 % must be true, and every decision must come out as it was written down."
    elif found.enough is None:
        yield (
            f"TOO LITTLE TO SAY: {LEAST} reasons must be tried at least, and of the decisions no more than "
            f"{MOST_UNTRIED:.0%} be left untried."
        )


def _shares(found: "Faithfulness") -> tuple[list[str], list["Share"]]:
    return [*(f"{kind} items" for kind in found.kinds), "all"], [*found.kinds.values(), found.all]


def _row(name: str, one: "Share") -> tuple[object, ...]:
    if not one.of:
        return name, 0, 0, "–", "–"
    return name, one.of, one.hits, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}"
