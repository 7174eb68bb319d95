"""Who meets the rule of an offer: a segment by its name, asked of one person's view and of nothing else."""

from collections.abc import Callable

from goodwill.access import View

# Whether somebody is in a segment, from what she allows; False where nobody can tell.
IsIn = Callable[[str, View], bool]


def in_none(_segment: str, _view: View) -> bool:
    """While nobody can tell who is in a segment, nobody is: an offer for one is given to nobody."""
    return False
