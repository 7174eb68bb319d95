"""A decision in the customer's words: at most forty for the whole, and a line or two for each thing that was shown.

It says what was used, what was left aside, and what she could have done to see something else. It tells facts that she
knows of herself, such as what she bought; never what they might say about her, and no thing that is sensitive.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UnsetType

from goodwill.basics.money import Money
from goodwill.decide.account import HER_ANSWER, Account, Instead, Weighed
from goodwill.decide.decision import Choice, Decision, Placed, Price
from goodwill.decide.labels import words_of
from goodwill.shop.reasons import in_words
from goodwill.shop.words import Words

MOST_WORDS: Final = 40
_LOOKED_AT: Final = 3  # kinds of data that are named for whom an offer is
_AGAINST: Final = 2  # things that counted against an item, the weightiest
_LEAST: Final = 0.01  # of all that weighed; below that nothing is told to have counted against
# How much of a name and of a list is told, the most first: shop names of products run to a dozen words.
_ROOM: Final = ((6, 4), (4, 4), (3, 3), (2, 2), (1, 1))


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was shown, as the customer is told of it.

    Attributes:
        reasons: each with the share of what spoke for it, 0 to 1.
        against: what counted against it.
        instead: what would have made a difference; "" where nothing alone would have, or it cannot be said any more.
        untold: how much of what spoke for it these reasons are, where it is not all.
        rule: of an offer, who gets what, and until when. prices: what it makes of prices, a sentence each. label: what
            the law wants said of them; "" where nothing.
    """

    product: str
    name: str
    kind: str
    reasons: tuple[tuple[str, float], ...]
    against: tuple[str, ...]
    instead: str
    covered: float
    untold: str = ""
    rule: str = ""
    prices: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class ForCustomer:
    """A decision as the customer is told of it.

    Attributes:
        text: all of it in at most forty words.
        rules: what rules of ours did to it, in a sentence each.
    """

    decision: str
    language: str
    personalised: bool
    text: str
    items: tuple[Told, ...]
    rules: tuple[str, ...] = ()


def for_customer(made: Decision, account: Account | None, words: Words, currency: str = "") -> ForCustomer:
    """The customer's register.

    Args:
        account: what was weighed; None where it cannot be worked out any more.
        currency: of prices that name none.
    """
    items = tuple(_told(made, choice, account, words, currency) for choice in made.items)
    return ForCustomer(
        made.id, words.language, made.personalised, in_brief(made, account, words), items, rules_of(made, words)
    )


def in_brief(made: Decision, account: Account | None, words: Words) -> str:
    """What was used, what was not, and what would have made a difference, in at most forty words."""
    if not made.personalised:
        now = any(choice.kind == "companion" for choice in made.items)
        key = "why.brief_now" if now else f"why.brief_{made.reason}"
        key = key if words.has(key) else "why.brief_everyone"
        without = f"{key}_without"
        return words.plain(without if _at_her_word(made) and words.has(without) else key)
    if not made.used:
        return words.plain("why.brief_allowed")
    found = account.instead if account is not None else ()
    nearest = next((one for one in found if one.seen), next(iter(found), None))
    tries = [" ".join(_sentences(made, nearest, words, *room)) for room in _ROOM]
    return next((text for text in tries if len(text.split()) <= MOST_WORDS), tries[-1])


def _sentences(made: Decision, nearest: Instead | None, words: Words, of_a_name: int, of_a_list: int) -> Iterator[str]:
    yield words.plain("why.used", data=_listed(sorted(made.used), words, of_a_list, "and"))
    heard = _at_her_word(made)
    # What she told us to leave out was used, and only for that.
    if aside := sorted({*made.unused, *made.withheld} - ({"preferences"} if heard else set())):
        yield words.plain("why.aside", data=_listed(aside, words, of_a_list, "or"))
    if heard:
        yield words.plain(f"rule_told.{heard[0]}")
    if nearest is not None:
        yield instead_in_words(nearest, words, of_a_name)


def _at_her_word(made: Decision) -> list[str]:
    """The rules that spoke because of something that she told us."""
    return [one.rule for one in made.interventions if one.rule in ("unwanted", "not-used", "care")]


def rules_of(made: Decision, words: Words) -> tuple[str, ...]:
    """What rules did to a decision, in a sentence each; of those about sensitive things nothing is said."""
    return tuple(words.plain(key) for one in made.interventions if words.has(key := f"rule_told.{one.rule}"))


def _listed(categories: Sequence[str], words: Words, most: int, joined: str) -> str:
    """Kinds of data in a few words each; what has no such words, or no room, is "other data"."""
    named = [words.plain(f"data_used.{one}") for one in categories if words.has(f"data_used.{one}")][:most]
    if len(named) < len(categories):
        named.append(words.plain("data_used.other"))
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} {words.plain(f'why.{joined}')} {named[-1]}"


def instead_in_words(one: Instead, words: Words, of_a_name: int = 12) -> str:
    """What would have made a difference, such as "Without your 2 orders of X you would have seen Y"."""
    told = "_told" if one.without == HER_ANSWER else ""
    key = f"why.without{told}{'_latest' if one.latest else ''}{'' if one.seen else '_nothing'}"
    named = {name: shortened(text, of_a_name) for name, text in
             (("thing", one.without), ("seen", one.seen), ("shown", one.product))}  # fmt: skip
    found = words.plain(key, **named) if told else words.plain_count(key, one.orders, **named)
    return found.replace("….", "…")


def shortened(name: str, most: int) -> str:
    """The first words of a name."""
    parts = name.split()
    return name if len(parts) <= most else f"{' '.join(parts[:most]).rstrip(' ,;:.-(')}…"


def _told(made: Decision, choice: Choice, account: Account | None, words: Words, currency: str) -> Told:
    scales = next((one for one in account.scales if one.product == choice.product), None) if account else None
    nearest = next((one for one in account.instead if one.product == choice.name), None) if account else None
    return Told(
        product=choice.product,
        name=choice.name,
        kind=choice.kind,
        reasons=tuple((in_words(reason.text, words).unescape(), reason.share) for reason in choice.because),
        against=tuple(_against(scales.weighed, choice.kind, words)) if scales is not None else (),
        instead=instead_in_words(nearest, words) if nearest is not None else _instead_of_placed(made, choice, words),
        covered=choice.covered,
        untold=untold(choice, words),
        **(_of_offer(choice.placed, words, currency) if choice.placed is not None else {}),
    )


def _instead_of_placed(made: Decision, choice: Choice, words: Words) -> str:
    """Of content and offers: what in her hands would have made a difference, or that no one thing surely would have.

    Without her yes the rules keep back a price of a segment or of one's own, so that is certain. What was learned only
    moves chances: without one purchase another could have been drawn, or the same.
    """
    if choice.placed is None or not made.personalised or isinstance(made.draw, UnsetType):
        return ""
    one = next((one for one in made.draw.eligible if one.name == choice.product), None)
    if one is not None and one.segment and one.looked_at:
        key = "why.without_look_code" if choice.placed.code else "why.without_look"
        return words.plain(key, data=_listed(sorted(one.looked_at), words, _LOOKED_AT, "or"))
    if one is not None and one.own:
        return words.plain("why.without_yes")
    return words.plain("why.drawn", percent=str(round(100 * choice.placed.chance)))


def untold(choice: Choice, words: Words) -> str:
    """How much of what spoke for an item its reasons are; "" where it is all, or nothing of hers spoke."""
    percent = round(100 * choice.covered)
    if choice.kind not in ("usual", "new", "companion", "fitting") or not choice.covered or percent == 100:
        return ""
    return words.plain("why.untold", percent=str(percent) if percent else "<1")


def _of_offer(placed: Placed, words: Words, currency: str) -> dict[str, Any]:
    """What has to be told of an offer beside its reasons."""
    until = f" {words.plain('decisions.until', day=placed.until)}" if placed.rule and placed.until else ""
    code = f" {words.plain('decisions.code', code=placed.code)}" if placed.code else ""
    return {
        "rule": f"{placed.rule}{until}{code}",
        "prices": tuple(_price(one, words, currency) for one in placed.prices),
        "label": words_of(placed.label, words.language),
    }


def _price(one: Price, words: Words, currency: str) -> str:
    told = {name: str(Money(getattr(one, name), one.currency or currency)) for name in ("price", "public", "lowest")}
    return words.plain("decisions.price", name=one.name, **told)


def _against(weighed: Sequence[Weighed], kind: str, words: Words) -> Iterator[str]:
    """What counted against an item and may be told, weightiest first."""
    all_of_it = sum(abs(one.weight) for one in weighed)
    lightest = [one for one in weighed if one.told and -one.weight >= _LEAST * all_of_it]
    for one in sorted(lightest, key=lambda one: one.weight)[:_AGAINST]:
        if kind == "fitting":
            yield in_words(one.what, words).unescape()
        elif kind == "new":
            yield words.plain("reason.together", name=one.what)
        elif words.has(f"against.{one.what}"):
            yield words.plain(f"against.{one.what}")
