"""The links in the shop's letters with which somebody wants less: made for a letter, looked at, and used."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from goodwill import consent, people
from goodwill.access.wishes import LESS_OFTEN, PAUSE, wishes_of
from goodwill.basics.clock import date_of, day_of
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, Evidence, Proof, Said, State
from goodwill.protect import Box
from goodwill.purposes import EMAIL_MARKETING, Category
from goodwill.rights import ratchet
from goodwill.rights.ratchet import Less, Link
from goodwill.storage.audit import Actor
from goodwill.storage.engine import LEDGER, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Change, Shop

PAUSE_DAYS = 90
_CONTACT = Category("contact")


@dataclass(frozen=True, slots=True)
class Links:
    """What one shop's letters offer."""

    shop: "Shop"

    def to(self, person: PersonId, less: Less, purpose: str = "") -> str:
        """The address of a link that does one thing less for somebody.

        Raises:
            NotFound: there is no such purpose.
        """
        if less is Less.WITHDRAW:
            self.shop.register[purpose]
        token = ratchet.token(self._box, Link(person, less, purpose))
        return f"{self.shop.settings.reached_at}/u/{token}"

    def look(self, token: str) -> Link | None:
        """What a link would do; nothing is changed by looking."""
        link = ratchet.read(self._box, token)
        if link is not None and link.purpose and link.purpose not in self.shop.register:
            return None
        return link

    def use(self, token: str) -> bool:
        """Do it. Using a link again, or several in any order, comes to the same; False where it is none of ours."""
        link = self.look(token)
        if link is None:
            return False
        with self.shop.acting(Actor("a link in a letter")).change(f"link.{link.less}") as change:
            self.shop.unwelcome.take_turn(change.connection)
            one_at_a_time(change.connection, LEDGER)
            person = people.merge.survivor(change.connection, link.person)
            if person is None:  # erased: less is not possible
                change.entry.detail["changed"] = False
                return True
            change.entry.person = person
            change.entry.detail["changed"] = self._done(change, replace(link, person=person))
        return True

    def _done(self, change: "Change", link: Link) -> bool:
        match link.less:
            case Less.WITHDRAW:
                return self._withdrawn(change, link)
            case Less.PAUSE:
                return self._paused(change, link.person)
            case Less.FEWER:
                return self._wished(change, link.person, LESS_OFTEN, "yes")

    def _withdrawn(self, change: "Change", link: Link) -> bool:
        entry, now = self.shop.register[link.purpose], self.shop.clock()
        change.entry.detail["purpose"] = entry.name
        lines = consent.standing(
            change.connection, link.person, entry, at=now, day=day_of(now, self.shop.settings.zone)
        )
        allowed = [line.category for line in lines if line.allowed]
        asked = Asked(how="link in a letter", by="the person", evidence=Evidence.PROVEN, proof=Proof.LINK)
        no = [Said(link.person, entry.name, line.category, State.WITHDRAWN, now, asked) for line in lines]
        if entry.name == EMAIL_MARKETING:
            self.shop.unwelcome.left(change.connection, link.person, at=now)
        self.shop.erasure.heed(change.connection, no)
        if allowed:
            consent.withdraw(change.connection, link.person, entry, allowed, asked=asked, now=now)
        return bool(allowed)

    def _paused(self, change: "Change", person: PersonId) -> bool:
        until = self._today() + timedelta(days=PAUSE_DAYS)
        already = wishes_of(change.connection, self.shop.cipher, person).again_from
        if already is not None and already >= until:
            return False
        return self._wished(change, person, PAUSE, until.isoformat())

    def _wished(self, change: "Change", person: PersonId, field: str, text: str) -> bool:
        told = {field: (_CONTACT, text)}
        return people.set_profile(change.connection, self.shop.cipher, person, told, now=self.shop.clock()).changed > 0

    def _today(self) -> date:
        return date_of(day_of(self.shop.clock(), self.shop.settings.zone))

    @property
    def _box(self) -> Box:
        return self.shop.cipher.box(ratchet.USE)
