"""Explain a decision: to the customer in a few words, to staff in full, to an auditor so that it can be made again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from goodwill.access import Door
from goodwill.basics.errors import Conflict, NoConsent, NotFound, Refused
from goodwill.basics.ids import PersonId
from goodwill.consent import Row, history
from goodwill.decide import record
from goodwill.decide.account import Account, account_of
from goodwill.decide.again import Replayed, Then, check_allowed, replay, then_of
from goodwill.decide.decision import Decision
from goodwill.decide.kept import keep, kept
from goodwill.decide.placed_again import account_of_placed, replay_placed
from goodwill.purposes import MODEL_IMPROVEMENT, RECOMMENDATIONS
from goodwill.shop.explained import ForCustomer, for_customer
from goodwill.shop.words import catalogues

if TYPE_CHECKING:
    from goodwill.access import View
    from goodwill.shop.shop import Shop


@dataclass(frozen=True, slots=True)
class ForStaff:
    """A decision as staff see it.

    Attributes:
        account: all that was weighed; None where it cannot be worked out any more, and `cannot` says why.
        consents: the rows of the ledger that allowed what was used.
    """

    made: Decision
    account: Account | None
    cannot: str
    consents: tuple[Row, ...]


@dataclass(frozen=True)
class Explaining:
    """The account that one shop gives of its decisions."""

    shop: "Shop"

    def replay(self, decision: str) -> Replayed:
        """Make a decision again, and compare it with what was written down.

        Raises:
            NotFound: there is none of that name.
        """
        shelf = self.shop.shelf()
        with self.shop.at_the_door() as door:
            made, written = record.read_raw(door, door.connection, decision)
            if made.purpose != RECOMMENDATIONS:
                return replay_placed(door, shelf, made, written)
            return replay(door, self.shop.library, shelf, made, written)

    def account(self, decision: str) -> Account:
        """All that was weighed for a decision, and what would have made a difference.

        Raises:
            NotFound: there is none of that name.
            Conflict, Refused: it cannot be made again, so nothing can be said for sure.
        """
        shelf = self.shop.shelf()
        with self.shop.at_the_door() as door:
            made = record.read(door, door.connection, decision)
            if made.purpose != RECOMMENDATIONS:
                return account_of_placed(made)
            then = then_of(door, self.shop.library, shelf, made)
            return account_of(then, _shared(door, made.person))

    def account_if_allowed(self, made: Decision) -> Account | None:
        """What a customer may be told of a decision's account, as long as she allows what it read.

        It is worked out when it is first asked for, and kept with the decision: models may change and others may leave.
        None where it was not kept, and the decision cannot be made again any more.
        """
        shelf = self.shop.shelf()
        try:
            with self.shop.at_the_door() as door:
                check_allowed(door, made)
                if made.purpose != RECOMMENDATIONS:
                    return account_of_placed(made)
                found = kept(door, made)
                if found is None:
                    found = account_of(then_of(door, self.shop.library, shelf, made), None)
                    keep(door, found, zone=self.shop.settings.zone)
                return found
        except (Conflict, Refused, NotFound):
            return None

    def for_customer(self, made: Decision, language: str) -> ForCustomer:
        """A decision as the customer is told of it, in at most forty words and a line for each item."""
        return for_customer(made, self.account_if_allowed(made), catalogues()[language], self.shop.settings.currency)

    def then(self, door: Door, decision: Decision) -> Then:
        """A decision with all that it was made from. Raises as `account`."""
        return then_of(door, self.shop.library, self.shop.shelf(), decision)

    def consents(self, decision: Decision) -> tuple[Row, ...]:
        """The rows of the ledger that allowed what a decision used: the last word about each category by then."""
        if decision.person is None:
            return ()
        with self.shop.database.reading() as connection:
            said = history(connection, decision.person, purpose=decision.purpose, upto=decision.as_of.consent)
        last = {row.category: row for row in said}
        allowed = {*decision.used, *decision.unused}
        return tuple(sorted((row for category, row in last.items() if category in allowed), key=lambda r: r.position))

    def for_staff(self, decision: str) -> ForStaff:
        """Everything that was weighed, the rules that spoke, the arm, and the rows of the ledger that allowed it.

        Raises:
            NotFound: there is none of that name.
        """
        made = self.shop.explain(decision)
        try:
            account, cannot = self.account(decision), ""
        except (Conflict, Refused) as error:
            account, cannot = None, str(error)
        return ForStaff(made, account, cannot, self.consents(made))

    def for_auditor(self, decision: str) -> dict[str, Any]:
        """Everything about a decision, as one document."""
        replayed = self.replay(decision)
        made = self.shop.explain(decision)
        document: dict[str, Any] = {
            "record": msgspec.json.decode(replayed.written),
            "consents": [_consent(row) for row in self.consents(made)],
            "replay": {"same": replayed.same, "cannot": replayed.cannot, "differs": list(replayed.differs)},
        }
        if not replayed.cannot:
            document["account"] = msgspec.to_builtins(self.account(decision))
            del document["account"]["decision"]
        return document


def _shared(door: Door, person: PersonId | None) -> "View | None":
    """What the shared model sees of somebody."""
    if person is None:
        return None
    try:
        return door.one(person, purpose=MODEL_IMPROVEMENT)
    except NoConsent:
        return None


def _consent(row: Row) -> dict[str, Any]:
    return {
        "position": row.position, "category": str(row.category), "state": row.state.value, "said_at": row.said_at,
        "notice": row.notice, "evidence": row.evidence.value,
    }  # fmt: skip
