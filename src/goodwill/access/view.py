"""What the door hands over: one person's view, many people's frame, and totals that show nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.consent import Row
from goodwill.people.registry import Held
from goodwill.people.types import TypeCode
from goodwill.purposes import Category, Purpose
from goodwill.storage import AsOf
from goodwill.storage.kept import Read
from goodwill.sums import Sums

if TYPE_CHECKING:
    import ibis

Numbers = NDArray[np.int64]
Facts = Mapping[str, str]  # profile fields in clear

# The columns of the event log that the door hands out, in this order; −1 stands where there is nothing.
COLUMNS = ("id", "type", "at", "day", "product", "quantity", "amount", "reference")


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """Events as parallel arrays of int64, in the order of (day, at, id).

    Attributes:
        id, type: of the event (see `goodwill.people.types`).
        at: microseconds since 1970; day: the shop's calendar day.
        product: product id, −1 if none; quantity: thousandths, −1 if none; amount: minor units, 0 if none.
        reference: number of the order or decision, −1 if none.
        foreign: 1 where the amount is of another currency than the one that was asked for; None where none was.
    """

    id: Numbers
    type: Numbers
    at: Numbers
    day: Numbers
    product: Numbers
    quantity: Numbers
    amount: Numbers
    reference: Numbers
    foreign: Numbers | None = None

    def __len__(self) -> int:
        return int(self.id.size)

    def where(self, chosen: NDArray[np.bool_]) -> "Log":
        """The events for which ``chosen`` is true."""
        names = COLUMNS if self.foreign is None else (*COLUMNS, "foreign")
        return Log(*(getattr(self, name)[chosen] for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What one purpose may see of one person.

    Attributes:
        used: the categories handed over: listed by the purpose and allowed by the person.
        withheld: listed by the purpose, not allowed by the person.
        facts: profile fields of the used categories, in clear.
        group: 1 or 0 for a `ByWord` contribution, as in `Frame` for a `BySaid` one; None for others.
    """

    person: PersonId
    purpose: Purpose
    as_of: AsOf
    used: frozenset[Category]
    withheld: frozenset[Category]
    events: Log
    facts: Facts = field(default_factory=dict)
    group: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Many people's events, sorted by person and then (day, at, id); a person is a number from 0 to ``people`` − 1.

    The numbers are made for one answer and mean nothing outside it. Someone who allows the purpose and has no events
    is counted in ``people`` all the same.

    Attributes:
        group: of each person, what a `Grouped` contribution made of her id, whether she allows the purpose of a
            `ByWord` one, or the number of what she had said (`BySaid`); shape (people,). None for others.
    """

    people: int
    person: Numbers
    events: Log
    group: Numbers | None = None


@runtime_checkable
class Contribution(Protocol):
    """What one person adds to a total, and how to add many at once.

    ``whole(frame)`` equals the sum of ``part(view)`` over the frame's people, bit for bit; a test holds every
    contribution to it.
    """

    @property
    def name(self) -> str: ...
    @property
    def purpose(self) -> Purpose: ...
    @property
    def categories(self) -> frozenset[Category]: ...
    @property
    def types(self) -> tuple[TypeCode, ...]: ...

    def part(self, view: View) -> Sums: ...
    def whole(self, frame: Frame) -> Sums: ...


@runtime_checkable
class Grouped(Contribution, Protocol):
    """A contribution that tells people apart by a small whole number, such as the arm that a hash puts them into.

    The frame names nobody, so the door alone asks with ids: a pure function, whose answers are 0 to `GROUPS` − 1.
    """

    def group_of(self, persons: Numbers) -> Numbers: ...


@runtime_checkable
class ByWord(Contribution, Protocol):
    """A contribution that compares those who allow a purpose with those who do not; nothing is read for that purpose.

    The door says of each person whether she allows it, for at least one category: 1, or 0 (`Frame.group`).
    """

    @property
    def word(self) -> Purpose: ...


MOST_YES: Final = 7  # levels of yes above none
MOST_DAYS: Final = 3  # days of having said something; more count as so many


@dataclass(frozen=True, slots=True)
class HadSaid:
    """What people had said by some moments, told of each as one small whole number.

    Attributes:
        purposes: those that ask for a yes, of which it is told how many had one; above `MOST_YES` of them in so many
            steps.
        moments: microseconds since 1970, rising. Days of having said anything at all count up to the first.
    """

    purposes: tuple[Purpose, ...]
    moments: tuple[Micros, ...]

    @property
    def steps(self) -> int:
        """The level of somebody who had said yes to all."""
        return min(len(self.purposes), MOST_YES)

    @property
    def kinds(self) -> int:
        """How many different numbers there are: they run from 0 to one less."""
        return int(np.prod(self._shape))

    @property
    def _shape(self) -> tuple[int, ...]:
        return (*(self.steps + 1 for _ in self.moments), MOST_DAYS + 1)

    def number(self, yes: Sequence[Numbers], days: Numbers) -> Numbers:
        """The number of each person.

        Args:
            yes: for each moment, to how many of the purposes each had said yes; shape (n,). days: shape (n,).
        """
        levels = [one * self.steps // len(self.purposes) for one in yes]
        found: Numbers = np.ravel_multi_index((*levels, np.minimum(days, MOST_DAYS)), self._shape).astype(np.int64)
        return found

    def told(self, number: Numbers) -> tuple[list[Numbers], Numbers]:
        """Of each person the level of yes at each moment, 0 to `steps`, and the days, 0 to `MOST_DAYS`."""
        *levels, days = (part.astype(np.int64) for part in np.unravel_index(number % self.kinds, self._shape))
        return levels, days


@runtime_checkable
class BySaid(Contribution, Protocol):
    """A contribution that tells people apart by what they had said before some moments.

    The door alone looks into the ledger, and hands over one number of `HadSaid` (`Frame.group`) for each of those who
    allow the contribution's own purpose now, and of nobody else. Where it is `Grouped` as well, that is added
    to its group times `kinds`.
    """

    @property
    def said(self) -> HadSaid: ...


@runtime_checkable
class Priced(Contribution, Protocol):
    """A contribution that adds up money of one currency; the door says which amounts are of another (`Log.foreign`)."""

    @property
    def currency(self) -> str: ...


GROUPS: Final = 64  # as many groups of people are told apart: enough for arms, too few to single anybody out


def currency_of(what: object) -> str | None:
    """The currency that a contribution adds up; None where it asks for none."""
    return what.currency if isinstance(what, Priced) else None


@runtime_checkable
class Aggregate(Protocol):
    """A contribution that a database can add up alone: a grouped sum over events, and how to read its rows."""

    @property
    def name(self) -> str: ...
    @property
    def purpose(self) -> Purpose: ...
    @property
    def categories(self) -> frozenset[Category]: ...
    @property
    def types(self) -> tuple[TypeCode, ...]: ...

    def part(self, view: View) -> Sums: ...
    def expression(self, events: "ibis.Table") -> "ibis.Table": ...
    def gather(self, people: int, columns: Mapping[str, Numbers]) -> Sums: ...


def nobody(what: Contribution | Aggregate) -> Sums:
    """The total of a contribution over no people: its names and shapes, all zero."""
    if isinstance(what, Aggregate):
        return what.gather(0, {})
    nothing = np.zeros(0, np.int64)
    return what.whole(Frame(0, nothing, Log(*(nothing for _ in (*COLUMNS, "foreign"))), nothing))


@runtime_checkable
class Selection(Protocol):
    """A contribution that says of each person whether a rule fits her, from her events and a few facts.

    It counts only who allows all of its categories, and did not switch off that anything is chosen from her data. The
    database works out of everybody's events a whole number, her pattern; where that does not decide, the facts do,
    which are opened person by person with her own key.

    Attributes:
        fields: of the profile; only those of its categories are opened.
        blank: the pattern of somebody without any event.
    """

    @property
    def name(self) -> str: ...
    @property
    def purpose(self) -> Purpose: ...
    @property
    def categories(self) -> frozenset[Category]: ...
    @property
    def types(self) -> tuple[TypeCode, ...]: ...
    @property
    def fields(self) -> frozenset[str]: ...
    @property
    def blank(self) -> int: ...

    def part(self, view: View) -> Sums: ...
    def patterns(self, events: "ibis.Table") -> "ibis.Table": ...
    def undecided(self, patterns: Numbers) -> NDArray[np.bool_]: ...
    def add_up(self, patterns: Numbers, counts: Numbers, facts: Sequence[tuple[int, Facts]]) -> Sums: ...


@dataclass(frozen=True, slots=True)
class Beside:
    """The people whom a total did not look at; of them only their consent and their holds were read.

    Attributes:
        left_out: who did not allow what it looks at or, for a selection, wants nothing chosen from her data.
        held: who counts in nothing for now.
    """

    left_out: int
    held: int


@dataclass(frozen=True, slots=True, eq=False)
class Total:
    """What all who allow it contributed together.

    Attributes:
        sums: exact.
        as_of: how far it reaches.
        people: how many contributed.
        beside: the others, where they were counted; with them it is everybody who is known.
    """

    sums: Sums
    as_of: AsOf
    people: int
    beside: Beside | None = None

    @property
    def exist(self) -> int:
        """Everybody who is known, where the others were counted."""
        return self.people + (self.beside.left_out + self.beside.held if self.beside is not None else 0)

    @property
    def hash(self) -> str:
        return self.sums.hash


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a person's own copy, in words."""

    id: int
    type: str
    category: Category
    at: int
    product: int | None
    quantity: int | None
    amount: int | None
    currency: str | None
    reference: int | None
    detail: str | None
    import_id: int | None = None
    day: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """What one table holds about a person, in clear: a line per row, by the names of its columns."""

    table: str
    under: str
    rows: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Everything:
    """All that the shop holds about one person, for that person.

    Attributes:
        more: every other table that tells of her, whichever room it belongs to.
        held: how much each table holds, and since when.
        left_out: events that are not shown, because they may be those of somebody who uses the same device.
    """

    person: PersonId
    identities: tuple[tuple[str, str], ...]
    profile: Mapping[str, str]
    events: tuple[Happened, ...]
    consents: tuple[Row, ...]
    reads: tuple[Read, ...]
    more: tuple[Section, ...] = ()
    held: tuple[Held, ...] = ()
    left_out: int = 0
