"""How callers name somebody."""

from dataclasses import dataclass
from typing import Final

from goodwill.basics.ids import PersonId

KINDS: Final = ("user_id", "anonymous_id", "email")  # of ids, in the order in which they are looked up


@dataclass(frozen=True, slots=True)
class Who:
    """How a caller names somebody: by any of the ids that the shop knows."""

    user_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None
    id: PersonId | None = None

    @property
    def words(self) -> dict[str, str]:
        given = (self.user_id, self.anonymous_id, self.email)
        return {kind: value for kind, value in zip(KINDS, given, strict=True) if value is not None}
