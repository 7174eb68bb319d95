"""What is to be said of many rows at once: the same word about the same column is said once, with how many rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

LINES = 3  # named of each group
MOST = 50  # groups that are kept apart; of further ones only their rows are counted
LEFT_ALONE = "about somebody who asked to be left alone; it was not kept"
LONGEST = 200  # letters of a value that is shown


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one file of which the same is to be said.

    Attributes:
        column: the heading of the value that it is about, "" if it is the whole row.
        value: of the first of them. lines: where the first few begin. rows: how many there are.
    """

    file: str
    column: str
    problem: str
    remedy: str
    value: str
    lines: tuple[int, ...]
    rows: int

    @property
    def what_to_do(self) -> str:
        return f"{self.problem}: {self.remedy}"

    @property
    def said(self) -> tuple[str, str, str, str]:
        return self.file, self.column, self.problem, self.remedy


def left_alone(file: str, lines: Sequence[int]) -> list[Group]:
    """What is said of rows about people who asked to be left alone: which rows, and nothing of what they hold."""
    if not lines:
        return []
    return [Group(file, "", LEFT_ALONE, "nothing is to be done", "", tuple(lines[:LINES]), len(lines))]


class Groups:
    """Groups as they come in, piece by piece of a file; those that say the same become one."""

    def __init__(self, known: Iterable[Group] = ()) -> None:
        self._groups = {group.said: group for group in known}

    def add(self, groups: Iterable[Group]) -> None:
        for group in groups:
            earlier = self._groups.get(group.said)
            if earlier is not None:
                lines = (*earlier.lines, *group.lines)[:LINES]
                self._groups[group.said] = replace(earlier, lines=lines, rows=earlier.rows + group.rows)
            elif len(self._groups) < MOST:
                self._groups[group.said] = replace(group, value=group.value[:LONGEST], lines=group.lines[:LINES])

    @property
    def listed(self) -> tuple[Group, ...]:
        """In the order in which the first of each was met."""
        return tuple(self._groups.values())
