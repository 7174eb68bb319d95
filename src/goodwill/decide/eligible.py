"""Who meets the rule of an offer: a segment by its name, asked of one person's view and of nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from goodwill.access import View
from goodwill.purposes import Category


@dataclass(frozen=True, slots=True)
class Met:
    """That somebody meets the rule of a segment.

    Attributes:
        looked_at: the categories of her data that the rule looked at.
        sentence: whom it chooses, in the shop's language.
        sure: False: nobody can tell, because she does not allow all that the rule looks at, or a fact is not known.
    """

    looked_at: tuple[Category, ...] = ()
    sentence: str = ""
    sure: bool = True


CANNOT_TELL = Met(sure=False)

# Whether somebody is in a segment, from what she allows; None where she is not.
IsIn = Callable[[str, View], Met | None]

# Whether a segment names what the shop keeps discreet; asked of the rule, of nobody.
IsDiscreet = Callable[[str], bool]


def is_plain(_segment: str) -> bool:
    """While nobody can tell what a segment names, it names nothing discreet."""
    return False


def in_none(_segment: str, _view: View) -> Met | None:
    """While nobody can tell who is in a segment, nobody is: an offer for one is given to nobody."""
    return None


def once(is_in: IsIn, view: View | None) -> Callable[[str], Met | None]:
    """The same of one person, each segment asked once."""
    known: dict[str, Met | None] = {}

    def met(segment: str) -> Met | None:
        if view is None:
            return None
        if segment not in known:
            known[segment] = is_in(segment, view)
        return known[segment]

    return met
