"""Offers, and what else may stand in slots: described, approved, given, and what counts as their success."""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodwill.basics.errors import BadInput
from goodwill.cli import out
from goodwill.cli.planning import slot
from goodwill.cli.shell import SUGGESTIONS, Shell, command, group, switch

if TYPE_CHECKING:
    from goodwill.decide.plan import Content, Offer, Plan, Rewards
    from goodwill.shop import Shop

offer = group("offer", "Reductions by a published rule: who gets what, what it costs.", panel=SUGGESTIONS)
content = group("content", "Texts and pictures that may stand in slots.", of=slot)
rewards = group("rewards", "What counts as success of what is shown in a slot.", of=slot)

_OFFERS, _CONTENT, _SLOTS = "goodwill offer list", "goodwill slot content list", "goodwill slot list"
_Name = Annotated[str, typer.Argument(metavar="NAME", help="1 to 64 small letters, digits and hyphens.")]
_TEXT = typer.Option(help="More than the title says.")
_LINK = typer.Option(help="Where it leads: https://… or /…")
_IMAGE = typer.Option(help="A picture: https://… or /…")
_TAG = typer.Option("--tag", help="urgent, credit, upsell or sensitive; may be repeated.")
_FROM = typer.Option("--from", metavar="DAY", help="First day, such as 2026-12-01.")
_UNTIL = typer.Option("--until", metavar="DAY", help="Last day.")


@command(content, "add", lost=_SLOTS)
def add(
    shell: Shell,
    name: _Name,
    *,
    place: Annotated[str, typer.Option("--slot", help="Where it may stand; a slot of the kind content.")],
    title: Annotated[str, typer.Option(help="What stands above it.")],
    text: Annotated[str, _TEXT] = "",
    link: Annotated[str, _LINK] = "",
    image: Annotated[str, _IMAGE] = "",
    tag: Annotated[list[str] | None, _TAG] = None,
    about: Annotated[list[str] | None, typer.Option(help="A kind or product it is about; may be repeated.")] = None,
    language: Annotated[str, typer.Option(help="Of the text; for every page unless given.")] = "",
    since: Annotated[str, _FROM] = "",
    until: Annotated[str, _UNTIL] = "",
) -> None:
    """Let a text or a picture stand in a slot; one of the same name is replaced.

    Example: goodwill slot content add new-bread --slot banner --title "Rye, from today" --about Bread --link /rye
    """
    from goodwill.decide.plan import Content

    with shell.shop() as shop:
        given = Content(place, title, text, link, image, tuple(tag or ()), tuple(about or ()), language, since, until)
        document = _content(name, shop.planning.add_content(name, given))
        shell.answer(document, out.pairs(_facts(document)))
        if place not in shop.planning.plan().slots:
            shell.note(f"Next: goodwill slot set {place} --kind content --count 1")


@command(content, "list")
def list_content(shell: Shell) -> None:
    """List all texts and pictures that may stand in slots."""
    with shell.shop() as shop:
        found = [_content(name, one) for name, one in shop.planning.plan().content.items()]
        rows = [(one["content"], one["slot"], one["title"], ", ".join(one["tags"]), _days(one)) for one in found]
        table = out.table(("content", "slot", "title", "tags", "days"), rows)
        shell.answer({"content": found}, table if found else "There is no content.")


@command(content, "remove", lost=_CONTENT)
def remove(shell: Shell, name: _Name) -> None:
    """Let a content stand nowhere any more."""
    with shell.shop() as shop:
        shop.planning.remove_content(name)
        shell.answer({"content": name, "removed": True}, f"'{name}' stands nowhere any more.")


# ---- offers ----------------------------------------------------------------------------------------------------------


_ENDS_WITH_THE_BUDGET = (
    "Mind: to whoever is known and allows it a part of the budget is promised for two weeks; whoever allows nothing "
    "is told the code and has no promise. When the budget is used up, the code gives nothing any more. Let it be large "
    "enough, or give no --budget."
)


@command(offer, "new")
def new(
    shell: Shell,
    name: _Name,
    *,
    title: Annotated[str, typer.Option(help="What stands above it.")],
    rule: Annotated[str, typer.Option(help="The published rule in a sentence: who gets what.")],
    percent: Annotated[int | None, typer.Option(min=1, max=100, help="Percent off.")] = None,
    off: Annotated[str | None, typer.Option(metavar="AMOUNT", help="An amount off, such as 2.50.")] = None,
    price: Annotated[str | None, typer.Option(metavar="AMOUNT", help="A fixed price below the public one.")] = None,
    product: Annotated[list[str] | None, typer.Option(help="For which product; may be repeated.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="For which type, category or department.")] = None,
    place: Annotated[
        list[str] | None, typer.Option("--slot", help="Where; in all slots for offers if not given.")
    ] = None,
    cost: Annotated[str, typer.Option(metavar="AMOUNT", help="Set aside each time that it is promised.")] = "0",
    budget: Annotated[str | None, typer.Option(metavar="AMOUNT", help="How much may be set aside altogether.")] = None,
    segment: Annotated[str, typer.Option(help="Who is eligible, by a segment's name; everybody unless given.")] = "",
    same_price: Annotated[
        bool, typer.Option("--same-price/--own-price", help="Whoever meets the rule gets it, asked or not.")
    ] = True,
    text: Annotated[str, _TEXT] = "",
    link: Annotated[str, _LINK] = "",
    image: Annotated[str, _IMAGE] = "",
    tag: Annotated[list[str] | None, _TAG] = None,
    since: Annotated[str, _FROM] = "",
    until: Annotated[str, _UNTIL] = "",
    code: Annotated[
        str, typer.Option(help="With it whoever meets the rule gets it at the till, whatever they allow: BREAD10.")
    ] = "",
) -> None:
    """Describe an offer, which is given when it was approved and started, and is never changed.

    Example: goodwill offer new bread-ten --title "Ten off bread" --rule "Ten percent off all bread for everybody."
    --percent 10 --kind Bread --cost 0.50 --budget 200
    """
    from goodwill.decide.plan import Offer

    with shell.shop() as shop:
        given = Offer(
            title, rule, percent, _money(shop, "off", off), _money(shop, "price", price), tuple(product or ()),
            tuple(kind or ()), tuple(place or ()), _money(shop, "cost", cost) or 0, _money(shop, "budget", budget),
            segment, same_price, text, link, image, tuple(tag or ()), since, until, code=code,
        )  # fmt: skip
        shop.planning.new_offer(name, given)
        document = _offers(shop)[name]
        shell.answer(document, out.pairs(_told(shop, document)))
        if code and budget is not None:
            shell.note(_ENDS_WITH_THE_BUDGET)
        shell.note(f"Next: goodwill govern approve offer-{name}; then: goodwill offer start {name}")


@command(offer, "list")
def list_offers(shell: Shell) -> None:
    """List all offers with what is left of their budgets."""
    with shell.shop() as shop:
        found = list(_offers(shop).values())
        rows = [
            (one["offer"], one["state"], "yes" if one["approved"] else "no", one["gives"], _left(shop, one), _days(one))
            for one in found
        ]
        table = out.table(("offer", "state", "approved", "gives", "left#", "days"), rows)
        shell.answer({"offers": found}, table if found else "There is no offer.")


@command(offer, "show", lost=_OFFERS)
def show(shell: Shell, name: _Name) -> None:
    """Show an offer."""
    with shell.shop() as shop:
        shop.planning.plan().offer(name)
        document = _offers(shop)[name]
        shell.answer(document, out.pairs(_told(shop, document)))


@command(offer, "start", lost=_OFFERS)
def start(shell: Shell, name: _Name) -> None:
    """Give an offer that was approved, from the next decision on."""
    with shell.shop() as shop:
        shop.planning.start_offer(name)
        shell.answer(_offers(shop)[name], f"Offer '{name}' is given from now on.")


@command(offer, "stop", lost=_OFFERS)
def stop(shell: Shell, name: _Name) -> None:
    """Give an offer to nobody any more."""
    with shell.shop() as shop:
        shop.planning.stop_offer(name)
        shell.answer(_offers(shop)[name], f"Offer '{name}' is given no more. What was promised by it holds.")


@command(offer, "redeemed", lost="goodwill recommend PERSON --slot SLOT")
def redeemed(
    shell: Shell,
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="The decision that promised it.")],
    name: _Name,
) -> None:
    """Note that an offer was redeemed: what was set aside for it stays spent, and is not given back in two weeks."""
    with shell.shop() as shop:
        noted = shop.placed.redeem(decision, name)
        told = f"Noted: '{name}' was redeemed." if noted else "Nothing was set aside for it there, or not any more."
        shell.answer({"offer": name, "decision": decision, "noted": noted}, told)


@command(offer, "claimed", lost=_OFFERS)
def claimed(
    shell: Shell,
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as BREAD10.")],
    undo: Annotated[bool, switch("--undo", help="Take one claim back: the rule did not fit after all.")] = False,
) -> None:
    """Note that somebody got an offer by its code, and tell what it gives to whom; nobody is asked for or looked at.

    Example: goodwill offer claimed BREAD10
    """
    with shell.shop() as shop:
        name, one = (shop.planning.take_back_claim if undo else shop.planning.claim)(code)
        if undo:
            shell.answer({"offer": name, "undone": True}, f"One claim of '{name}' is undone.")
            return
        told = (f"'{name}': {_gives(shop, one)}.", f"Its rule: {one.rule}")
        shell.answer({"offer": name, "rule": one.rule, "gives": _gives(shop, one)}, *told)


@command(offer, "give-back", lost=_OFFERS)
def give_back(
    shell: Shell, name: _Name, amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Such as 12.50.")]
) -> None:
    """Give back to an offer's budget what was promised and not asked for; a claim is undone by `claimed --undo`."""
    with shell.shop() as shop:
        left = shop.planning.give_back(name, _money(shop, "the amount", amount) or 0)
        told = f"{out.money(left, shop.settings.currency)} is set aside for '{name}' now."
        shell.answer({"offer": name, "set_aside": left}, told)


# ---- rewards ---------------------------------------------------------------------------------------------------------


@command(rewards, "show", lost=_SLOTS)
def show_rewards(shell: Shell, place: Annotated[str, typer.Argument(metavar="SLOT", help="Where.")]) -> None:
    """Show what counts as success of what is shown in a slot."""
    with shell.shop() as shop:
        _answer_rewards(shell, shop, place)


@command(rewards, "set", lost=_SLOTS)
def set_rewards(
    shell: Shell,
    place: Annotated[str, typer.Argument(metavar="SLOT", help="Where.")],
    weight: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=VALUE",
            help="days, margin (percent), or an amount: visit, click, less, never, wrong, intrusive, complaint, "
            "unsubscribe, one (what a reward of 1 is); may be repeated.",
        ),
    ],
) -> None:
    """Say what counts as success of what is shown in a slot; what was learned is weighed anew.

    Example: goodwill slot rewards set banner --weight margin=40 --weight intrusive=20.00
    """
    import msgspec

    with shell.shop() as shop:
        before = shop.planning.plan().rewards_of(place)
        given = msgspec.structs.replace(before, **_weights(shop, weight))
        shop.planning.set_rewards(place, given)
        _answer_rewards(shell, shop, place)


def _answer_rewards(shell: Shell, shop: "Shop", place: str) -> None:
    plan = shop.planning.plan()
    document, words = _rewards(place, plan.rewards_of(place)), _words(shop, plan, place)
    table = out.pairs(_said_rewards(shop, document))
    shell.answer(document | words, table, "", *(line for lines in words.values() for line in lines))


def _words(shop: "Shop", plan: "Plan", place: str) -> dict[str, list[str]]:
    """Which words cost a reward in a slot, and which do not, each in a sentence."""
    from goodwill.decide.situation import PURPOSES

    kind = plan.slot(place).kind
    if kind == "products":
        return {
            "counted": [],
            "not_counted": [f"'{place}' is no slot for content or offers: nothing is learned there."],
        }
    purpose, days = PURPOSES[kind], plan.rewards_of(place).days
    listed = shop.register[purpose].categories
    if missing := [name for name in ("engagement", "preferences") if name not in listed]:
        said = f"No word is counted: the purpose '{purpose}' lists no {' and no '.join(missing)} in this register."
        return {"counted": [], "not_counted": [said]}
    return {
        "counted": [
            f"Counted, for {days} days after it was shown, of whoever allows '{purpose}' engagement and preferences:",
            "  what they say of it, that they leave the letters, and that they call one spam.",
        ],
        "not_counted": [
            "Not counted: words of anybody else, which are obeyed all the same; a no to letters that comes in a file;",
            "  complaints of which nobody tells (goodwill consent complaint --help).",
        ],
    }


def _weights(shop: "Shop", given: Iterable[str]) -> dict[str, int]:
    from goodwill.decide.plan import Rewards

    found: dict[str, int] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or name not in Rewards.__struct_fields__:
            known = ", ".join(Rewards.__struct_fields__)
            raise BadInput(f"'{text}' is no weight. Write NAME=VALUE; names are: {known}.")
        found[name] = _whole(name, value) if name in ("days", "margin") else _money(shop, name, value) or 0
    return found


def _whole(name: str, value: str) -> int:
    if not value.isdecimal():
        raise BadInput(f"{name} is a whole number, not '{value}'.")
    return int(value)


# ---- reading and saying ----------------------------------------------------------------------------------------------


def _content(name: str, one: "Content") -> dict[str, Any]:
    from goodwill.web.planning import as_document, content_of

    return as_document(content_of(name, one))


def _offers(shop: "Shop") -> dict[str, dict[str, Any]]:
    from goodwill.web.planning import as_document, offers_of

    plan = shop.planning.plan()
    return {
        one.offer: {**as_document(one), "gives": _gives(shop, plan.offers[one.offer])} for one in offers_of(shop, plan)
    }


def _rewards(place: str, one: "Rewards") -> dict[str, Any]:
    return {"slot": place, **{name: getattr(one, name) for name in one.__struct_fields__}}


def _gives(shop: "Shop", one: "Offer") -> str:
    of = ", ".join(one.about) or "the whole basket"
    if one.percent is not None:
        return f"{one.percent} % off {of}"
    if one.off is not None:
        return f"{out.money(one.off, shop.settings.currency)} off {of}"
    return f"{of} for {out.money(one.price, shop.settings.currency)}"


def _left(shop: "Shop", document: dict[str, Any]) -> str:
    left = document["left"]
    return "no end" if left is None else out.money(left, shop.settings.currency)


def _told(shop: "Shop", document: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts of an offer, with amounts as people write them; what `gives` says is not said again."""
    amounts = {
        name: out.money(document[name], shop.settings.currency) for name in ("cost", "budget", "set_aside")
        if document[name] is not None
    }  # fmt: skip
    quiet = {"percent", "off", "price", "products", "kinds"}
    told = {name: value for name, value in document.items() if name not in quiet}
    facts = _facts({**told, **amounts, "left": _left(shop, document)})
    return [*facts, ("who gets it", _for_whom(document))]


def _for_whom(document: dict[str, Any]) -> str:
    """Who gets the price, and whether also whoever allows nothing."""
    if document["code"]:
        return f"whoever meets the rule, with the code {document['code']} at the till, whatever they allow"
    if document["segment"]:
        return "who is in the segment and lets us look; by a no it is lost (a code would keep it: --code)"
    return "everybody, whatever they allow" if document["same_price"] else "only to whom it is shown; not after a no"


def _said_rewards(shop: "Shop", document: dict[str, Any]) -> list[tuple[str, str]]:
    says: dict[str, Callable[[Any], str]] = {"slot": str, "days": lambda n: f"{n} days", "margin": lambda n: f"{n} %"}
    return [
        (name, says[name](value) if name in says else out.money(value, shop.settings.currency))
        for name, value in document.items()
    ]


def _days(document: dict[str, Any]) -> str:
    since, until = document["since"], document["until"]
    return f"{since or '…'} to {until or '…'}" if since or until else "always"


def _money(shop: "Shop", what: str, text: str | None) -> int | None:
    from goodwill.basics.money import minor_units

    if text is None:
        return None
    try:
        return minor_units(Decimal(text), shop.settings.currency)
    except (InvalidOperation, ValueError):
        raise BadInput(f"{what} is an amount of {shop.settings.currency} such as 2.50, not '{text}'.") from None


def _facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, _said(value)) for name, value in document.items() if value not in (None, "", [])]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
