"""What becomes of a letter that was given to a channel: four answers, and one reason why there was none."""

from dataclasses import dataclass

from goodwill.basics.errors import GoodwillError


class Unreachable(GoodwillError):
    """The channel cannot be reached at all; every letter waits."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it."""


@dataclass(frozen=True, slots=True)
class Later:
    """It was not taken, and may be tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not taken and never will be."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was handed over whole, and then there was silence."""

    reason: str


Outcome = Sent | Later | Refused | Unknown
