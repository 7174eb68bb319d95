"""Codes sent to an address, to prove that whoever uses them reads it: a number that finds, letters that open."""

from dataclasses import dataclass, field

from goodwill.basics import codes
from goodwill.basics.ids import Reference, from_opaque, new_reference, opaque


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was just made; of the letters only a keyed hash is kept.

    Attributes:
        number: stands in the letter's link, and opens nothing by itself.
        letters: to be typed from the letter.
    """

    number: Reference
    letters: codes.Code = field(repr=False)

    @property
    def text(self) -> str:
        """Both together, as `parts` takes them apart."""
        return f"{opaque(self.number)}-{self.letters}"


def make() -> Code:
    return Code(new_reference(), codes.new_code())


def parts(text: str) -> tuple[Reference | None, codes.Code]:
    """The number and the letters of a code as somebody gives it; no number where it cannot be one."""
    number, _, letters = text.strip().partition("-")
    try:
        return from_opaque(number.lower()), codes.typed(letters)
    except ValueError:
        return None, codes.typed(letters)
