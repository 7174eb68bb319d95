"""Why nothing is done with somebody for now, in a sentence for whoever asked and got "held"."""

from collections.abc import Collection
from typing import Final

from goodwill.people import erase, pending, restrict

ASKED, GOES, RESTRICTED, OTHERWISE = (
    "This person asked to be erased. Until that is done or stopped, nothing of theirs is used.",
    "This person is being erased.",
    "The use of this person's data is restricted.",
    "Nothing is done with this person while two are merged, an import is taken back, or what is over is deleted.",
)
_WHY: Final = ((erase.REASON, GOES), (erase.GONE, GOES), (pending.REASON, ASKED), (restrict.REASON, RESTRICTED))


def why_held(reasons: Collection[str]) -> str:
    """The sentence for the reasons of somebody's holds; of several, the gravest."""
    return next((sentence for reason, sentence in _WHY if reason in reasons), OTHERWISE)
