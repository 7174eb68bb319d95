"""Somebody wants no more of the shop's letters: she is heeded, and what was shown to her is worth less for it.

Whoever leaves, or calls a letter spam, seldom says which offer drove her to it. So that she said it is noted beside
what was shown to her, and only where she allows that her words are learned from; her no itself counts in any case.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill import consent, people
from goodwill.basics.clock import Micros, day_of
from goodwill.basics.errors import NotFound
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, Said, State
from goodwill.people.gentle import OfLetters
from goodwill.purposes import EMAIL_MARKETING, OFFERS, PERSONAL_CONTENT, Category
from goodwill.shop.who import Who
from goodwill.staff.roles import Act
from goodwill.storage.engine import EVENTS, LEDGER, PEOPLE, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Change, Shop

# Without one of them nothing that was shown to her, or nothing that she says of it, is learned from.
_LEARNED_FROM: Final = frozenset({Category("preferences"), Category("engagement")})
_LEARN: Final = (PERSONAL_CONTENT, OFFERS)


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of it that somebody wants no more letters.

    Attributes:
        stopped: whether she got any until now.
        counted: whether it is noted, so that what was shown to her is worth less.
    """

    stopped: bool
    counted: bool


@dataclass(frozen=True)
class Unwelcome:
    """Letters of one shop that are not wanted."""

    shop: "Shop"

    def stop(self, who: Who | str, word: OfLetters, asked: Asked, *, at: Micros | None = None) -> Stopped:
        """Write nothing more to somebody who left the shop's letters, or complained of one; told twice it is once.

        Args:
            at: when she said so; now unless given.

        Raises:
            NotFound: nobody of that name is known.
        """
        known = self.shop.known(who)
        with self.shop.change(f"letters.{word}", about=known) as change:
            self.shop.staff.demand(Act.WRITE_CONSENT)
            self.take_turn(change.connection)
            one_at_a_time(change.connection, LEDGER)
            person = people.merge.survivor(change.connection, known)
            if person is None:
                raise NotFound("This person was erased a moment ago.")
            change.entry.person = person
            counted = self._note(change.connection, person, word, at or self.shop.clock())
            stopped = self._stopped(change, person, asked)
            change.entry.detail |= {"stopped": stopped, "counted": counted}
        return Stopped(stopped, counted)

    def _stopped(self, change: "Change", person: PersonId, asked: Asked) -> bool:
        """Take back that she may be written to; her addresses are left alone whether she had allowed it or not."""
        connection, entry, now = change.connection, self.shop.register[EMAIL_MARKETING], self.shop.clock()
        allowed = self._allowed(connection, person, EMAIL_MARKETING)
        no = [Said(person, entry.name, category, State.WITHDRAWN, now, asked) for category in entry.categories]
        self.shop.erasure.heed(connection, no)
        if allowed:
            consent.withdraw(connection, person, entry, sorted(allowed), asked=asked, now=now)
        return bool(allowed)

    def take_turn(self, connection: Connection) -> None:
        """Before the ledger is locked by whoever may call `left`: locks are taken in everybody's order."""
        for lock in (PEOPLE, EVENTS):
            one_at_a_time(connection, lock)

    def left(self, connection: Connection, person: PersonId, *, at: Micros) -> bool:
        """Before a no to letters is written down: note that she leaves them, if she got any until now."""
        if not self._allowed(connection, person, EMAIL_MARKETING):
            return False
        return self._note(connection, person, OfLetters.UNSUBSCRIBE, at)

    def _note(self, connection: Connection, person: PersonId, word: OfLetters, at: Micros) -> bool:
        """Note what she said, where anything may be learned from it; tells whether it may."""
        if not self.shop.proofs.trusts(consent.last_position(connection)):
            return False
        if not any(self._allowed(connection, person, one) >= _LEARNED_FROM for one in _LEARN):
            return False
        people.gentle.say_of_letters(connection, person, word, at=at, day=day_of(at, self.shop.settings.zone))
        return True

    def _allowed(self, connection: Connection, person: PersonId, purpose: str) -> frozenset[Category]:
        now, entry = self.shop.clock(), self.shop.register[purpose]
        return consent.allowed_categories(connection, person, entry, at=now, day=day_of(now, self.shop.settings.zone))
