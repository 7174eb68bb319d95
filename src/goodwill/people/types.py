"""The registered types of events, and the data category that each belongs to."""

from dataclasses import dataclass
from typing import NewType

from goodwill.basics.errors import NotFound
from goodwill.purposes import Category

TypeCode = NewType("TypeCode", int)


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: its number in the log, its name, and the category that consent speaks of."""

    code: TypeCode
    name: str
    category: Category


# Numbers are for ever: they stand in every database.
_TYPES = (
    (1, "viewed", "browsing"),
    (2, "searched", "browsing"),
    (3, "carted", "browsing"),
    (4, "ordered", "purchases"),
    (5, "bought", "purchases"),
    (6, "refunded", "purchases"),
    (7, "told", "preferences"),
    (8, "answered", "feedback"),
    (9, "reviewed", "feedback"),
    (10, "sent", "engagement"),
    (11, "opened", "engagement"),
    (12, "decided", "decisions"),
    (13, "shown", "engagement"),
    (14, "clicked", "engagement"),
    (15, "asked", "feedback"),
    (16, "located", "location"),
    (17, "met", "device"),
    (18, "proposed", "decisions"),
    (19, "explained", "decisions"),
)
ALL = tuple(EventType(TypeCode(code), name, Category(category)) for code, name, category in _TYPES)
BY_NAME = {kind.name: kind for kind in ALL}
BY_CODE = {kind.code: kind for kind in ALL}


def event_type(name: str) -> EventType:
    """The type of that name.

    Raises:
        NotFound: no such type is registered.
    """
    try:
        return BY_NAME[name]
    except KeyError:
        raise NotFound(f"'{name}' is not a registered type of event. There are: {', '.join(BY_NAME)}.") from None


def codes_of(categories: frozenset[Category]) -> list[int]:
    """The numbers of all types in some categories, rising."""
    return [kind.code for kind in ALL if kind.category in categories]


BOUGHT, ORDERED, REFUNDED, DECIDED = (event_type(name).code for name in ("bought", "ordered", "refunded", "decided"))
