"""Rules that say who belongs to a segment: a small tree of conditions, read from JSON and checked whole.

A rule is data and stays data: whatever it says becomes whole numbers before any database sees it, never a word of SQL.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from goodwill.basics.errors import BadInput
from goodwill.decide.segments.facts import BIRTHDAY, FACTS, LOCKED
from goodwill.people.types import BY_NAME

DEEPEST, MOST_NODES, MOST_CHOICES = 6, 40, 200
LONGEST_TEXT: Final = 200
LARGEST: Final = 10**12  # of any number in a rule: sums stay far from the end of 64 bits
MOST_DAYS: Final = 36_500
MOST_BIRTHDAYS: Final = 60

# What a rule may look at: what people did and what was done for them. What the shop decided is no ground for more, and
# what somebody told of herself, or asked for help with, only ever makes the shop hold back.
_NO_GROUND: Final = ("told", "asked")
DEEDS: Final = tuple(
    name
    for name, kind in BY_NAME.items()
    if kind.category not in ("decisions", "location", "device") and name not in _NO_GROUND
)
WITH_MONEY: Final = ("bought", "ordered", "refunded")
WITH_THINGS: Final = ("viewed", "carted", "bought", "refunded", "reviewed", "shown", "clicked")


class Range(Struct, frozen=True, omit_defaults=True):
    """From a least to a most number, both included; at least one of them is given."""

    at_least: int | None = None
    at_most: int | None = None

    def holds(self, number: int) -> bool:
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


class Things(Struct, frozen=True, omit_defaults=True):
    """Some products: whichever any of these lists names; a name is compared without regard to capitals."""

    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class AllOf(Struct, frozen=True, tag_field="is", tag="all"):
    """Every one of these holds."""

    of: "tuple[Node, ...]"


class AnyOf(Struct, frozen=True, tag_field="is", tag="any"):
    """At least one of these holds."""

    of: "tuple[Node, ...]"


class NoneOf(Struct, frozen=True, tag_field="is", tag="none"):
    """None of these holds."""

    of: "tuple[Node, ...]"


class Did(Struct, frozen=True, tag_field="is", tag="did", omit_defaults=True):
    """Something happened: so many times, on so many days, or for so much money; once at least unless said.

    Attributes:
        within_days: today and so many days before; or ``since`` and ``until``, both included.
        times: how often; visits: on how many different days; spent: for how much, in minor units.
    """

    what: str
    things: Things | None = None
    within_days: int | None = None
    since: date | None = None
    until: date | None = None
    times: Range | None = None
    visits: Range | None = None
    spent: Range | None = None


class Never(Struct, frozen=True, tag_field="is", tag="never", omit_defaults=True):
    """Something did not happen, ever or within some time."""

    what: str
    things: Things | None = None
    within_days: int | None = None
    since: date | None = None
    until: date | None = None


class Last(Struct, frozen=True, tag_field="is", tag="last", omit_defaults=True):
    """The latest of its kind was so many days ago; whoever never did it does not fit."""

    what: str
    days_ago: Range
    things: Things | None = None


class First(Struct, frozen=True, tag_field="is", tag="first", omit_defaults=True):
    """The first of its kind was so many days ago; whoever never did it does not fit."""

    what: str
    days_ago: Range
    things: Things | None = None


class Fact(Struct, frozen=True, tag_field="is", tag="fact", omit_defaults=True):
    """Something known of the person is one of these texts; of whom it is not known, nothing follows.

    Attributes:
        category: of a field of the shop's own; those that goodwill knows have theirs.
    """

    field: str
    one_of: tuple[str, ...]
    category: str | None = None


class Birthday(Struct, frozen=True, tag_field="is", tag="birthday"):
    """The next birthday is today or within so many days."""

    within_days: int


Group: TypeAlias = AllOf | AnyOf | NoneOf
Deed: TypeAlias = Did | Never | Last | First
Known: TypeAlias = Fact | Birthday
Node: TypeAlias = Group | Deed | Known

GROUPS: Final = (AllOf, AnyOf, NoneOf)
_NODES: Final[Mapping[str, type[Struct]]] = {
    "all": AllOf, "any": AnyOf, "none": NoneOf, "did": Did, "never": Never, "last": Last, "first": First, "fact": Fact,
    "birthday": Birthday,
}  # fmt: skip


def read(given: object) -> Node:
    """A rule, from what JSON gave.

    Raises:
        BadInput: it is none; the sentence names the place, what is wrong there and what would be right.
    """
    return _node(given, "$", 1, _Counter())


def written(rule: Node) -> dict[str, Any]:
    """The JSON form of a rule; `read` gives the same rule again."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rule))
    return plain


def encoded(rule: Node) -> str:
    """The JSON form as text, the same for the same rule."""
    return msgspec.json.encode(rule, order="sorted").decode()


def decoded(text: str) -> Node:
    """A rule that `encoded` wrote."""
    return read(msgspec.json.decode(text))


def nodes(rule: Node) -> Iterator[Node]:
    """A rule and all that is in it."""
    yield rule
    if isinstance(rule, GROUPS):
        for part in rule.of:
            yield from nodes(part)


# ---- reading, place by place -----------------------------------------------------------------------------------------


class _Counter:
    """How many conditions were read by now."""

    def __init__(self) -> None:
        self.nodes = 0

    def one_more(self, path: str) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _wrong(path, f"is one condition too many: a rule has at most {MOST_NODES}. Make two segments of it.")


def _wrong(path: str, says: str) -> BadInput:
    return BadInput(f"The rule at {path} {says}")


T = TypeVar("T")
_Read: TypeAlias = Callable[[object, str], Any]


def _node(given: object, path: str, depth: int, seen: _Counter) -> Node:
    if depth > DEEPEST:
        raise _wrong(path, f"is nested too deeply: groups stand in each other at most {DEEPEST - 1} deep. Flatten it.")
    seen.one_more(path)
    if not isinstance(given, dict):
        raise _wrong(path, f'must be a condition such as {{"is": "never", "what": "bought"}}, not {_shown(given)}.')
    name = given.get("is")
    kind = _NODES.get(name) if isinstance(name, str) else None
    if kind is None:
        said = "lacks 'is'" if "is" not in given else f"has an 'is' that means nothing here: {_shown(name)}"
        raise _wrong(path, f"{said}. It is one of {', '.join(_NODES)}.")
    if kind in GROUPS:
        return _group(kind, given, path, depth, seen)
    values = _fields(given, path, _READS[kind], needed=_NEEDED[kind])
    node: Node = kind(**values)  # type: ignore[assignment]  # the tables below hold kinds of nodes alone
    _check(node, path)
    return node


def _group(kind: type[Struct], given: dict[Any, Any], path: str, depth: int, seen: _Counter) -> Node:
    parts = _fields(given, path, {"of": lambda value, _: value}, needed=("of",))["of"]
    if not isinstance(parts, list) or not parts:
        raise _wrong(f"{path}.of", f"must be a list of at least one condition, not {_shown(parts)}.")
    made: Group = kind(of=tuple(_node(part, f"{path}.of[{n}]", depth + 1, seen) for n, part in enumerate(parts)))  # type: ignore[assignment]
    return made


def _fields(
    given: dict[Any, Any], path: str, reads: Mapping[str, _Read], *, needed: tuple[str, ...] = ()
) -> dict[str, Any]:
    for name in given:
        if name != "is" and name not in reads:
            raise _wrong(path, f"has {_shown(name)}, which means nothing there. It may have: {', '.join(reads)}.")
    for name in needed:
        if name not in given:
            raise _wrong(path, f"lacks '{name}'.")
    return {name: read(given[name], f"{path}.{name}") for name, read in reads.items() if name in given}


def _deed(given: object, path: str) -> str:
    if not isinstance(given, str) or given not in DEEDS:
        raise _wrong(path, f"must be one of {', '.join(DEEDS)}, not {_shown(given)}.")
    return given


def _whole(least: int, most: int) -> _Read:
    def read(given: object, path: str) -> int:
        if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
            raise _wrong(path, f"must be a whole number from {least} to {most}, not {_shown(given)}.")
        return given

    return read


def _range(most: int) -> _Read:
    def read(given: object, path: str) -> Range:
        if not isinstance(given, dict) or not given:
            raise _wrong(path, f'must be like {{"at_least": 3}} or {{"at_most": 9}}, not {_shown(given)}.')
        number = _whole(0, most)
        found = Range(**_fields(given, path, {"at_least": number, "at_most": number}))
        if found.at_least is None and found.at_most is None:
            raise _wrong(path, "needs 'at_least' or 'at_most'.")
        if found.at_least is not None and found.at_most is not None and found.at_least > found.at_most:
            raise _wrong(path, f"can never hold: at_least {found.at_least} is above at_most {found.at_most}.")
        return found

    return read


def _date(given: object, path: str) -> date:
    try:
        if isinstance(given, str) and len(given) == len("2026-03-31"):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise _wrong(path, f"must be a day such as 2026-03-31, not {_shown(given)}.")


def _text(given: object, path: str) -> str:
    if isinstance(given, str) and given.strip() and len(given) <= LONGEST_TEXT and _is_plain(given):
        return given.strip()
    raise _wrong(path, f"must be a text of 1 to {LONGEST_TEXT} characters in one line, not {_shown(given)}.")


def _is_plain(text: str) -> bool:
    return text.isprintable() and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _texts(given: object, path: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_CHOICES:
        raise _wrong(path, f"must be a list of 1 to {MOST_CHOICES} texts, not {_shown(given)}.")
    return tuple(dict.fromkeys(_text(one, f"{path}[{n}]") for n, one in enumerate(given)))


def _things(given: object, path: str) -> Things:
    if not isinstance(given, dict) or not given:
        raise _wrong(path, f'must be like {{"categories": ["Coffee"]}}, not {_shown(given)}.')
    return Things(**_fields(given, path, dict.fromkeys(("products", "categories", "types", "tags"), _texts)))


_DAYS: Final = _whole(0, MOST_DAYS)
_WHEN: Final[Mapping[str, _Read]] = {"within_days": _DAYS, "since": _date, "until": _date}
_WHAT: Final[Mapping[str, _Read]] = {"what": _deed, "things": _things}
_AGO: Final[Mapping[str, _Read]] = {"days_ago": _range(MOST_DAYS)}
_READS: Final[Mapping[type[Struct], Mapping[str, _Read]]] = {
    Did: {**_WHAT, **_WHEN, **dict.fromkeys(("times", "visits", "spent"), _range(LARGEST))},
    Never: {**_WHAT, **_WHEN},
    Last: {**_WHAT, **_AGO},
    First: {**_WHAT, **_AGO},
    Fact: {"field": _text, "one_of": _texts, "category": _text},
    Birthday: {"within_days": _whole(0, MOST_BIRTHDAYS)},
}
_NEEDED: Final[Mapping[type[Struct], tuple[str, ...]]] = {
    Did: ("what",), Never: ("what",), Last: ("what", "days_ago"), First: ("what", "days_ago"),
    Fact: ("field", "one_of"), Birthday: ("within_days",),
}  # fmt: skip


def _check(node: Node, path: str) -> None:
    """What the parts of a condition mean together."""
    match node:
        case Did() | Never():
            _check_when(node, path)
            _check_things(node, path)
            if isinstance(node, Did):
                _check_measure(node, path)
        case Last() | First():
            _check_things(node, path)
        case Fact():
            _check_fact(node, path)


def _check_when(node: Did | Never, path: str) -> None:
    if node.within_days is not None and (node.since or node.until):
        raise _wrong(path, "has both 'within_days' and a day. Say one: the last so many days, or since … until ….")
    if node.since and node.until and node.since > node.until:
        raise _wrong(path, f"can never hold: since {node.since} comes after until {node.until}.")


def _check_things(node: Deed, path: str) -> None:
    if node.things is not None and node.what not in WITH_THINGS:
        raise _wrong(f"{path}.things", f"names products, and '{node.what}' has none. Leave them out.")


def _check_measure(node: Did, path: str) -> None:
    given = [name for name in ("times", "visits", "spent") if getattr(node, name) is not None]
    if len(given) > 1:
        raise _wrong(path, f"counts both {given[0]} and {given[1]}. Make two conditions of it, in an 'all'.")
    if node.spent is not None and node.what not in WITH_MONEY:
        raise _wrong(f"{path}.spent", f"asks for money, and '{node.what}' costs nothing. It fits: bought.")


def _check_fact(node: Fact, path: str) -> None:
    if node.field == BIRTHDAY:
        raise _wrong(path, 'asks for the birthday itself. Ask when it is: {"is": "birthday", "within_days": 7}.')
    if (why := LOCKED.get(node.field)) is not None:
        raise _wrong(f"{path}.field", f"names '{node.field}', which no segment may use: {why}.")
    if node.field in FACTS and node.category not in (None, FACTS[node.field]):
        raise _wrong(
            f"{path}.category", f"is not that of '{node.field}', which is '{FACTS[node.field]}'. Leave it out."
        )
    if node.field not in FACTS and node.category is None:
        raise _wrong(
            path,
            f"names '{node.field}', which goodwill does not know by itself ({', '.join(FACTS)}). If it is a field of "
            "yours, say its data category too.",
        )


def _shown(value: object) -> str:
    """What was found, short enough for a sentence."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        plain = "".join(sign if sign.isprintable() and not "\ud800" <= sign <= "\udfff" else "?" for sign in value[:40])
        return f"'{plain}{'…' if len(value) > 40 else ''}'"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:.6g}" if isinstance(value, float) else _short(value)


def _short(value: object) -> str:
    return "a number that is too large" if isinstance(value, int) and abs(value) > LARGEST * 10 else str(value)[:40]
