"""How callers name somebody."""

from dataclasses import dataclass

from goodwill.basics.ids import PersonId


@dataclass(frozen=True, slots=True)
class Who:
    """How a caller names somebody: by any of the ids that the shop knows."""

    user_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None
    id: PersonId | None = None

    @property
    def words(self) -> dict[str, str]:
        given = {"user_id": self.user_id, "anonymous_id": self.anonymous_id, "email": self.email}
        return {kind: value for kind, value in given.items() if value is not None}
