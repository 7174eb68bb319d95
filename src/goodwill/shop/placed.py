"""What people do with content and offers that were shown to them; noted only for whoever allows that."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.clock import Micros, day_of
from goodwill.basics.errors import BadInput, NotFound
from goodwill.basics.ids import PersonId, from_opaque
from goodwill.consent import allowed_categories
from goodwill.decide import record, store
from goodwill.decide.decision import Choice, Decision
from goodwill.decide.situation import PURPOSES
from goodwill.people.verdicts import Verdict
from goodwill.purposes import Category
from goodwill.storage.engine import EVENTS, PEOPLE, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_ENGAGEMENT = Category("engagement")
KINDS = {purpose: kind for kind, purpose in PURPOSES.items()}


@dataclass(frozen=True)
class PlacedThings:
    """Content and offers of one shop, once they were shown."""

    shop: "Shop"

    def click(self, decision: str, name: str) -> bool:
        """Note that somebody followed a content or an offer; tells whether anything was noted.

        Nothing is of what everyone gets, nor of somebody who does not allow `engagement` for what it was chosen for.

        Raises:
            NotFound: there is no such decision, or it did not show that.
        """
        with self.shop.at_the_door() as door:
            made = record.read(door, door.connection, decision)
            _shown(made, name)
            if made.person is None or not self._allows(door.connection, made.person, made):
                return False
            now = self.shop.clock()
            people.gentle.click(
                door.connection, made.person, made.slot, name, decision=from_opaque(decision), at=now,
                day=day_of(now, self.shop.settings.zone),
            )  # fmt: skip
            return True

    def redeem(self, decision: str, name: str) -> bool:
        """Let what was set aside for an offer stay spent, because it was redeemed; else it is given back after a while.

        Tells whether anything was: nothing is of what nobody was promised, nor twice, nor when the promise is over.

        Raises:
            NotFound: there is no such decision, or it did not show that.
        """
        zone = self.shop.settings.zone
        with self.shop.change("offer.redeem") as change:
            connection = change.connection
            for lock in (PEOPLE, EVENTS):
                one_at_a_time(connection, lock)
            change.entry.detail |= {"decision": decision, "offer": name}
            made = record.read(self.shop.door_in(connection), connection, decision)
            placed, day = _shown(made, name).placed, day_of(made.at, zone)
            if placed is None or not placed.set_aside or made.person is None:
                return False
            change.entry.person = person = people.merge.survivor(connection, made.person) or made.person
            noted = people.gentle.redemption(
                connection, person, made.slot, name, decision=from_opaque(decision), at=Micros(made.at), day=day
            )
            today = day_of(self.shop.clock(), zone)
            return noted and store.redeem(connection, name, placed.set_aside, day=day, today=today)

    def judge(self, connection: Connection, person: PersonId, made: Decision, name: str, verdict: Verdict) -> None:
        """Write down what she says of a content or an offer, in a unit of work that enters who said so."""
        now = self.shop.clock()
        people.gentle.say_of_placed(
            connection, person, KINDS[made.purpose], made.slot, name, verdict, at=now,
            day=day_of(now, self.shop.settings.zone),
        )  # fmt: skip

    def tell(self, decision: str, name: str, verdict: str) -> Choice:
        """Write down what somebody says of a content or an offer that was shown to her; the next decision obeys.

        Raises:
            NotFound: there is no such decision about anybody, or it did not show that.
            BadInput: this is no verdict.
        """
        if verdict not in set(Verdict):
            raise BadInput(f"Say one of: {', '.join(Verdict)}.")
        with self.shop.change("decision.judge") as change:
            for lock in (PEOPLE, EVENTS):
                one_at_a_time(change.connection, lock)
            made = record.read(self.shop.door_in(change.connection), change.connection, decision)
            chosen = _shown(made, name)
            if made.person is None:
                raise NotFound("This was shown to nobody in particular, so nobody can be meant.")
            person = people.merge.survivor(change.connection, made.person) or made.person
            change.entry.person = person
            change.entry.detail |= {"decision": decision, "verdict": verdict}
            self.judge(change.connection, person, made, name, Verdict(verdict))
            return chosen

    def _allows(self, connection: Connection, person: PersonId, made: Decision) -> bool:
        at: Micros = self.shop.clock()
        entry, day = self.shop.register[made.purpose], day_of(at, self.shop.settings.zone)
        return _ENGAGEMENT in allowed_categories(connection, person, entry, at=at, day=day)


def _shown(made: Decision, name: str) -> Choice:
    found = next((choice for choice in made.items if choice.product == name and choice.placed is not None), None)
    if found is None:
        raise NotFound(f"Decision '{made.id}' did not show '{name[:64]}'.")
    return found
