"""Whether a purpose may look at what a rule looks at; where it may not, a sentence that says why and what helps."""

from typing import Final

from goodwill.basics.errors import Refused
from goodwill.decide.segments.facts import BIRTHDAY, FACTS
from goodwill.decide.segments.rule import Birthday, Did, Fact, First, Last, Never, Node, nodes
from goodwill.people.types import event_type
from goodwill.purposes import Category, Entry, Register

# What a segment is for: to choose something for people, or to write to them. Totals and models choose nobody.
_CHOOSES: Final = ("personalize", "marketing")


def category_of(node: Node) -> Category | None:
    """The data category that a condition looks at; None for a group of conditions."""
    match node:
        case Did() | Never() | Last() | First():
            return event_type(node.what).category
        case Fact():
            return Category(FACTS.get(node.field) or node.category or "")
        case Birthday():
            return Category(FACTS[BIRTHDAY])
    return None


def looked_at(rule: Node) -> frozenset[Category]:
    """The data categories that a rule looks at."""
    return frozenset(category for node in nodes(rule) if (category := category_of(node)) is not None)


def categories(rule: Node, entry: Entry) -> frozenset[Category]:
    """What somebody must allow for the purpose to be looked at: what the rule uses, and what the purpose needs."""
    return looked_at(rule) | frozenset(entry.needs)


def may_choose(entry: Entry) -> bool:
    """Whether people may be chosen for a purpose: they decide about it, and it does something for each of them."""
    acts = entry.fideslang.split(".")[0] in _CHOOSES
    return entry.rests_on_ledger and acts and entry.minimum_group == 1


def purposes(rule: Node, register: Register) -> tuple[Entry, ...]:
    """The purposes for which a rule may choose people."""
    return tuple(entry for entry in register if may_choose(entry) and looked_at(rule) <= set(entry.categories))


def check(rule: Node, entry: Entry, register: Register) -> None:
    """See that a purpose may look at all that a rule looks at.

    Raises:
        Refused: it may not; the sentence names the first thing that it may not look at.
        NotFound: a field's category is none of the register.
    """
    if not may_choose(entry):
        able = ", ".join(one.name for one in register if may_choose(one))
        raise Refused(f"'{entry.name}' chooses nobody, so no segment can be made for it. Purposes that do: {able}.")
    for node in nodes(rule):
        if (category := category_of(node)) is None:
            continue
        if register.category(category).sensitive:
            raise Refused(f"{_name(node)} is of the sensitive category '{category}', which no segment may use.")
        if category not in entry.categories:
            raise Refused(_not_listed(node, category, entry))


def _not_listed(node: Node, category: Category, entry: Entry) -> str:
    return (
        f"{_name(node)} is of the data category '{category}', which '{entry.name}' may not use; it may use "
        f"{', '.join(entry.categories)}. Leave it out, choose another purpose, or let your register list it and ask "
        "your customers (docs/segments.md)."
    )


def _name(node: Node) -> str:
    match node:
        case Fact():
            return f"'{node.field}'"
        case Birthday():
            return "The birthday"
        case Did() | Never() | Last() | First():
            return f"'{node.what}'"
    return "A group"
