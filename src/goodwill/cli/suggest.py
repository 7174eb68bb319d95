"""Suggestions: choose for somebody, learn, and forget."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import RenderableType

from goodwill.cli import out
from goodwill.cli.ends import Code
from goodwill.cli.named import LOST, Person, who
from goodwill.cli.shell import SUGGESTIONS, Shell, app, command, switch

if TYPE_CHECKING:
    from goodwill.decide.decision import Choice, Decision, Reason
    from goodwill.shop import Forgotten, Shop
    from goodwill.shop.forgetting import Proved

UNLEARNED = "Nothing was learned yet; run: goodwill learn"
_BASKET = typer.Option("--basket", metavar="PRODUCT", help="What is in the basket now; may be given more than once.")
_VIEWING = typer.Option("--viewing", metavar="PRODUCT", help="What the page shows now; may be given more than once.")
_PERSONAL = typer.Option("--personal/--impersonal", help="Impersonal: this once nothing from their data.")
_NEW = typer.Option(min=0, max=100, help="How many of them shall be new to the person; else by the setting new_in_ten.")
_PROVE = switch("--prove", help="Show the hash of every total: before, after, and built anew without them.")
_KEEP = typer.Option("--keep", metavar="DIR", help="Write here what a third party needs to check the proof.")
_PROVED = (
    "Proved: the total equals, bit for bit, one that never had them.",
    "Proved: each of the {} totals equals, bit for bit, one that never had them.",
)


@command(app, "recommend", panel=SUGGESTIONS)
def recommend(
    shell: Shell,
    person: Person,
    slot: Annotated[str, typer.Option(help="The place in the shop that the suggestions are for.")] = "home",
    count: Annotated[int | None, typer.Option(help="How many; as the slot says unless given.", min=1, max=100)] = None,
    basket: Annotated[list[str] | None, _BASKET] = None,
    viewing: Annotated[list[str] | None, _VIEWING] = None,
    new: Annotated[int | None, _NEW] = None,
    personal: Annotated[bool, _PERSONAL] = True,
) -> None:
    """Choose products for somebody from what they allow, with the reasons; without consent, what everyone gets.

    Example: goodwill recommend amina --count 4 --basket croissant
    """
    from goodwill.decide.choose import Context

    with shell.shop() as shop:
        context = Context(tuple(basket or ()), tuple(viewing or ()), new, personal)
        decision = shop.decide(who(shop, person), slot=slot, count=count, context=context)
        show(shell, shop, decision)
        people = learned_from(shop)
        if people is None:
            shell.note(UNLEARNED)
        elif not decision.items:
            shell.note(
                f"Learned from {out.number(people, 'people')}; what fewer than 5 of them bought is not suggested."
            )


def learned_from(shop: "Shop") -> int | None:
    """From how many people the models of this shop were learned; None if they never were."""
    from goodwill.storage.kept import kept

    with shop.database.reading() as connection:
        return next((total.people for total in kept(connection, "models")), None)


def show(shell: Shell, shop: "Shop", decision: "Decision") -> None:
    """A decision as it was made."""
    from goodwill.web import answers

    lines = told(decision, shop.settings.zone)
    shell.answer(answers.decision(shop, decision), *lines, watermark=shop.settings.watermark)


def told(decision: "Decision", zone: ZoneInfo) -> Iterator[RenderableType]:
    """What was chosen, from what, and why."""
    if decision.personalised:
        yield "Chosen for this person."
    else:
        yield f"What everyone gets, because: {decision.reason}."
    yield out.pairs(
        [
            ("decision", decision.id),
            ("for", f"{decision.purpose}, slot {decision.slot}"),
            ("when", out.when(decision.at, zone)),
            ("used", ", ".join(sorted(decision.used)) or "nothing personal"),
            ("withheld", ", ".join(sorted(decision.withheld)) or "nothing"),
            ("allowed, not used", ", ".join(sorted(decision.unused)) or "nothing"),
            *([("arm", f"{decision.arm} of {decision.experiment}")] if decision.experiment else []),
            *([("guardrails", _guardrails(decision))] if decision.interventions else []),
        ]
    )
    yield ""
    if decision.items:
        rows = (_choice(place, choice) for place, choice in enumerate(decision.items, start=1))
        yield out.table(("##", "product", "name", "kind", "because", "covered#"), rows)
        yield from _placed(decision)
    else:
        yield "Nothing could be suggested."


def _placed(decision: "Decision") -> Iterator[str]:
    """Of content and offers: with which chance each was drawn, the rule, the prices, and what must be said of them."""
    from goodwill.decide.labels import words_of

    for choice in decision.items:
        if (placed := choice.placed) is None:
            continue
        yield ""
        yield f"{choice.product}: drawn with a chance of {out.share(placed.chance)}. {placed.rule}".rstrip()
        if placed.code:
            yield f"  With the code {placed.code} whoever meets the rule gets this, whatever they allow."
        for price in placed.prices:
            was, now, least = (
                out.money(minor, price.currency) if price.currency else str(minor)
                for minor in (price.public, price.price, price.lowest)
            )
            yield f"  {price.name}: {now} instead of {was} (lowest of the last 30 days: {least})"
        if placed.label:
            yield f"  {words_of(placed.label)}"


def _guardrails(decision: "Decision") -> str:
    return "; ".join(f"{one.rule} {one.does} ({one.count})" for one in decision.interventions)


def _choice(place: int, choice: "Choice") -> tuple[object, ...]:
    why = "; ".join(map(_reason, choice.because)) or "–"
    return place, choice.product, choice.name, choice.kind, why, out.share(choice.covered)


def _reason(reason: "Reason") -> str:
    return f"{reason.text} ({out.share(reason.share)})" if reason.share > 0 else reason.text


@command(app, "learn", panel=SUGGESTIONS)
def learn(shell: Shell) -> None:
    """Work all totals out anew from those who allow it, and fit the models to them."""
    with shell.shop() as shop:
        shell.note("Adding up what everyone who allows it contributes …")
        learned = shop.learn()
        if not learned.people:
            shell.note("Nobody allows model-improvement, so there was nothing to learn from.")
        document = {
            "people": learned.people,
            "items": learned.items,
            "models": list(learned.models),
            "seconds": round(learned.seconds, 3),
        }
        facts = [
            ("people", out.number(learned.people)),
            ("items", out.number(learned.items)),
            ("models", ", ".join(learned.models) or "none"),
            ("took", out.number(learned.seconds, "s")),
        ]
        shell.answer(document, out.pairs(facts), watermark=shop.settings.watermark)


@command(app, "forget", panel=SUGGESTIONS, lost=LOST)
def forget(
    shell: Shell,
    person: Person,
    prove: Annotated[bool, _PROVE] = False,
    keep: Annotated[Path | None, _KEEP] = None,
) -> int:
    """Take back all that somebody allowed, so that no total and no model holds them any more.

    Example: goodwill forget chiara --prove
    """
    with shell.shop() as shop:
        somebody = who(shop, person)
        shop.consents(somebody)  # not found is said before anything is asked
        shell.make_sure(f"Withdraw every consent of '{person}'? Only they can give it again.")
        forgotten = shop.forget(somebody, keep)
        if keep is not None:
            shell.note(f"What a third party needs to check it lies in {keep}; how: docs/forgetting.md")
        shell.answer(_document(shop, forgotten), *_forgotten(forgotten, prove=prove), watermark=shop.settings.watermark)
    return int(Code.DONE if forgotten.equal else Code.FAILED)


def _document(shop: "Shop", forgotten: "Forgotten") -> dict[str, object]:
    from goodwill.shop.forgetting import document
    from goodwill.web import answers

    totals = [document(one) for one in forgotten.totals]
    return {
        "proved": forgotten.equal,
        "equal": forgotten.equal,
        "was_counted": forgotten.was_counted,
        "totals": totals,
        **_of_the_models(totals),
        "milliseconds": round(forgotten.milliseconds, 2),
        "receipts": [answers.receipt(shop, receipt) for receipt in forgotten.receipts],
    }


def _of_the_models(totals: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The same for the total of the models beside the list, where it stood before there were others."""
    found = next((one for one in totals if one["name"] == "models"), {})
    return {name: value for name, value in found.items() if name.startswith(("hash_", "people_"))}


def _forgotten(forgotten: "Forgotten", *, prove: bool) -> Iterator[RenderableType]:
    rows = sum(len(receipt.positions) for receipt in forgotten.receipts)
    names = ", ".join(receipt.purpose for receipt in forgotten.receipts)
    after = f"{forgotten.milliseconds:,.1f} ms later nothing learned held them any more."
    yield f"Withdrawn: {names} ({rows} rows of the ledger); {after}" if rows else "They allowed nothing to take back."
    if prove:
        for one in forgotten.totals:
            yield f"Total '{one.name}', under {one.purpose}:"
            yield _hashes(one)
    if wrong := [one.name for one in forgotten.totals if not one.equal]:
        many = f"{out.number(len(wrong), 'totals')} differ{'s' if len(wrong) == 1 else ''} from one that never had them"
        yield f"NOT PROVED: {many} ({', '.join(wrong)}). Build it anew with: goodwill learn"
    elif forgotten.was_counted:
        yield _PROVED[len(forgotten.totals) > 1].format(out.number(len(forgotten.totals)))
    else:
        yield "Nothing of them was in any total before, so nothing had to leave it."


def _hashes(one: "Proved") -> RenderableType:
    after = out.number(one.people_after)
    return out.table(
        ("total", "people#", "hash"),
        [
            ("before", out.number(one.people_before), one.hash_before),
            ("after", after, one.hash_after),
            ("built anew without them", after, one.hash_rebuilt_without),
        ],
    )
