"""All studies, and the worlds of one: what another process is asked for."""

from collections.abc import Sequence

from goodwill.basics.errors import CannotTell
from validation import lifetime, opting, people, returning, trials
from validation.study import Found, Study

STUDIES: tuple[Study, ...] = (
    *trials.STUDIES,
    *returning.STUDIES,
    *people.STUDIES,
    *opting.STUDIES,
    *lifetime.STUDIES,
)


def several(place: int, seeds: Sequence[int]) -> list[Found]:
    """What a study finds in some worlds."""
    found = []
    for seed in seeds:
        try:
            found.append(STUDIES[place].trial(seed))
        except CannotTell:  # refused in words: it counts nowhere, and the page says of how many worlds a figure is
            found.append({})
    return found
