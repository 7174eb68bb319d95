"""What the doctor finds."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something is."""

    OK = "ok"
    NOTE = "look"  # works, and somebody should look at it
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``mend`` says what helps where it is not well."""

    what: str
    state: State
    found: str
    mend: str = ""
