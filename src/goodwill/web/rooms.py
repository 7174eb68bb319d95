"""The office's pages: where each stands, what it is called, who may see it, and which key leads there."""

from dataclasses import dataclass
from typing import Final

from goodwill.staff.roles import MAY, Act, Role

HOME: Final = "/"
PEOPLE, CONSENT = "/office/people", "/office/consent"
MEASURES: Final = "/office/measures"
EXPERIMENTS: Final = "/office/experiments"
RETURN: Final = "/office/return"
IMPORTS, INTAKE, WEBHOOKS = "/office/imports", "/office/intake", "/office/webhooks"
KEYS: Final = "/office/keys"


@dataclass(frozen=True, slots=True)
class Room:
    """One page of the office.

    Attributes:
        act: what a member of staff must be allowed to do to see it.
        key: the letter after ``g``.
    """

    path: str
    words: str
    act: Act
    key: str


ROOMS: Final = (
    Room(HOME, "Home", Act.OWN_ACCOUNT, "h"),
    Room(PEOPLE, "People", Act.READ, "p"),
    Room(CONSENT, "Consent", Act.READ_CONSENT, "c"),
    Room(MEASURES, "Measures", Act.MEASURE, "m"),
    Room(EXPERIMENTS, "Experiments", Act.PLAN, "e"),
    Room(RETURN, "Return", Act.MEASURE, "r"),
    Room(IMPORTS, "Files", Act.IMPORT, "f"),
    Room(INTAKE, "What comes in", Act.WATCH, "i"),
    Room(WEBHOOKS, "Webhooks", Act.WATCH, "w"),
)


def rooms_for(role: Role) -> list[Room]:
    """The pages that a role may see."""
    return [room for room in ROOMS if room.act in MAY[role]]


def name_of(path: str) -> str:
    """What the page at an address is called."""
    return next((room.words for room in ROOMS if room.path == path), "Keys")
