"""Whom a unit of work has met: nobody else can change who is who before it ends, so nobody is looked up twice.

Files name the same people again and again, and shop systems say several things of each in one row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from goodwill.basics.ids import PersonId
from goodwill.protect import PersonKey
from goodwill.storage.engine import PEOPLE, one_at_a_time

_CIRCLE: Final = "goodwill: whom it has met"


@dataclass(slots=True)
class Circle:
    """What is known of some people for as long as nobody else can change it.

    Attributes:
        held: whether it lasts for more than one question.
        persons: who is behind an id, by its kind and its one form.
        keys: of the people who were made here. blank: those of them of whom no fact is written down yet.
        silent: those who have not answered anything yet.
    """

    held: bool = False
    persons: dict[tuple[str, str], PersonId] = field(default_factory=dict)
    keys: dict[PersonId, PersonKey] = field(default_factory=dict)
    blank: set[PersonId] = field(default_factory=set)
    silent: set[PersonId] = field(default_factory=set)

    def take_in(self, made: dict[PersonId, PersonKey]) -> None:
        """People who were made just now."""
        self.keys.update(made)
        self.blank.update(made)
        self.silent.update(made)


@contextmanager
def remembering(connection: Connection) -> Iterator[None]:
    """Look up nobody twice in this block, which ends no later than the transaction; others who make people wait."""
    one_at_a_time(connection, PEOPLE)
    connection.info[_CIRCLE] = Circle(held=True)
    try:
        yield
    finally:
        del connection.info[_CIRCLE]


def circle_of(connection: Connection) -> Circle:
    """Whom the unit of work under way has met; nobody, where it does not remember."""
    return connection.info.get(_CIRCLE) or Circle()
