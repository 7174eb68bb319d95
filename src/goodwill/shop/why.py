"""The page of one decision, opened by a link of its own: what it shows, and the few things that can be done there.

Whoever holds the link sees that one decision, and can only make the shop do less with it, or have a human look at it. A
link is a keyed mark of the decision's id; nothing is kept of it, and some time after the decision it opens nothing.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import DAY, Micros
from goodwill.basics.errors import NotFound
from goodwill.basics.ids import PersonId, from_opaque
from goodwill.decide.decision import Choice, Decision
from goodwill.people.verdicts import TAKES_AWAY, Verdict
from goodwill.protect import Box
from goodwill.protect.cipher import Cipher
from goodwill.rights.request import Right
from goodwill.shop.who import Who
from goodwill.storage.audit import Actor

if TYPE_CHECKING:
    from goodwill.shop.opening import Ticket
    from goodwill.shop.shop import Shop

LASTS: Final = 90 * DAY
_USE: Final = "why links"
_BYTES: Final = 18  # of the mark that stand in the address: 144 bits
_NONE: Final = "This link opens nothing; it may have run out."


@dataclass(frozen=True)
class Why:
    """The pages of one shop's decisions."""

    shop: "Shop"

    def address(self, decision: str) -> str:
        """The address of a decision's page."""
        return f"{self.shop.settings.reached_at}/why/{decision}/{self._mark(decision)}"

    def look(self, decision: str, mark: str) -> Decision:
        """The decision that a link opens; nothing is changed by looking.

        Raises:
            NotFound: the link is none of ours, it has run out, or the decision was erased.
        """
        if not hmac.compare_digest(self._mark(decision).encode(), mark.encode()):
            raise NotFound(_NONE)
        made = self.shop.explain(decision)
        if self.shop.clock() > self.until(made):
            raise NotFound(_NONE)
        return made

    @staticmethod
    def until(decision: Decision) -> Micros:
        """Until when a decision's link opens its page."""
        return Micros(decision.at + LASTS)

    def judge(self, decision: str, mark: str, product: str, verdict: str, *, reason: int | None = None) -> Choice:
        """Write down that less of something is wanted, never any, or that it or a reason is wrong; never that more is.

        Args:
            reason: which of its reasons she means, from 0.

        Raises:
            NotFound: the link opens nothing, or no such product was chosen for anybody there.
            BadInput: this is no verdict that takes away.
        """
        self.look(decision, mark)
        acting = self.shop.acting(Actor("a link of a decision")).centre
        only = (*sorted(TAKES_AWAY), Verdict.INTRUSIVE)
        return acting.judge(self._hers(decision), decision, product, verdict, only=only, reason=reason)

    def ask_human(self, decision: str, mark: str, *, words: str = "", language: str | None = None) -> "Ticket":
        """Let a human look at the decision; what was asked twice about the same one is one request.

        Raises:
            NotFound: the link opens nothing, or nobody's data may be used there.
        """
        self.look(decision, mark)
        wanted = {"decision": decision, **({"words": words} if words else {})}
        return self.shop.acting(Actor("a link of a decision")).rights.open(
            Right.HUMAN_REVIEW, who=Who(id=self._hers(decision)), shown="by the link of the decision", origin="form",
            language=language, wanted=wanted,
        )  # fmt: skip

    # ---- whose it is -------------------------------------------------------------------------------------------------

    def whose(self, decision: str) -> PersonId | None:
        """Whose a decision is; None where it is nobody's in particular."""
        with self.shop.database.reading() as connection:
            return owner(connection, decision)

    def _hers(self, decision: str) -> PersonId:
        person = self.whose(decision)
        if person is None:
            raise NotFound("This was chosen for nobody in particular.")
        return person

    def _mark(self, decision: str) -> str:
        return urlsafe_b64encode(_box(self.shop.cipher).mark("decision", decision)[:_BYTES]).decode()


def owner(connection: Connection, decision: str) -> PersonId | None:
    """Whose a decision is, by the number that is hers by now; None where it is nobody's, or there is none."""
    try:
        found = people.log.whose_decision(connection, from_opaque(decision))
    except ValueError:
        return None
    if found is None or found.person is None:
        return None
    return people.merge.survivor(connection, found.person)


@lru_cache(maxsize=4)
def _box(cipher: Cipher) -> Box:
    """Made once, as every decision has its link."""
    return cipher.box(_USE)
