"""The audit log as faces show it: the latest lines, a check of the whole, and all of it to take away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goodwill.staff.roles import Act
from goodwill.storage import audit
from goodwill.storage.audit import Line

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop, Who

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look over the whole log found.

    Attributes:
        lines: how many there are.
        checkpoints: how many of those that lie outside it was compared with.
        faults: what is wrong with it, in sentences; nothing when it is whole.
    """

    lines: int
    checkpoints: int
    faults: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class Audit:
    """The audit log of one shop."""

    shop: "Shop"

    def latest(
        self,
        limit: int = 50,
        *,
        before: int | None = None,
        about: "Who | str | None" = None,
        actor: str = "",
        action: str = "",
    ) -> list[Line]:
        """Lines, newest first.

        Args:
            before: a position; those that were written before it.

        Raises:
            NotFound: nobody of the name in ``about`` is known.
            NotAllowed: whoever asks may not read it.
        """
        self.shop.staff.demand(Act.AUDIT)
        person = None if about is None else self.shop.known(about)
        with self.shop.database.reading() as connection:
            return audit.latest(connection, limit, before=before, person=person, actor=actor, action=action)

    def all(self) -> Iterator[Line]:
        """Every line, oldest first, some at a time."""
        self.shop.staff.demand(Act.AUDIT)
        after = 0
        while True:
            with self.shop.database.reading() as connection:
                some = audit.lines(connection, after=after, limit=_AT_ONCE)
            yield from some
            if len(some) < _AT_ONCE:
                return
            after = some[-1].position

    def verify(self) -> Checked:
        """Read the whole log and compare it with every checkpoint outside.

        Raises:
            NotAllowed: whoever asks may not read it.
        """
        self.shop.staff.demand(Act.AUDIT)
        found = self.shop.proofs.verdict(audit.LOG)
        return Checked(found.size, found.checkpoints, found.findings)
