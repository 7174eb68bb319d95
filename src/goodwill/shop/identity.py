"""Who is who, and what may be done about it: merging and its undoing, corrections, restriction, objection."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from goodwill import consent, people
from goodwill.access import SignedIn
from goodwill.basics.clock import Micros, day_of
from goodwill.basics.errors import BadInput
from goodwill.collect.corrections import settle_if_kept
from goodwill.collect.kinds import vocabulary
from goodwill.consent import Asked, Evidence, Receipt
from goodwill.people import merge, rectify, restrict, suppress, unmerge
from goodwill.people.candidates import Candidate, candidates
from goodwill.people.merge import Merged
from goodwill.people.unmerge import Unmerged
from goodwill.purposes import Basis, Category
from goodwill.shop.naming import asked_without_names
from goodwill.storage import audit

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop, Who


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a person's timeline.

    Attributes:
        what: bought, sent, decided …; given, refused, withdrawn …; merged, held.
        about: the product's number, the purpose and category, in words.
        position: of the row in its log: ``event 7``, ``consent 12``.
    """

    at: Micros
    what: str
    about: str
    position: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is who in one shop."""

    shop: "Shop"

    # ---- one of two ------------------------------------------------------------------------------------------------

    def candidates(self) -> list[Candidate]:
        """Pairs who share a verified id, with the reason; nobody is merged by it."""
        with self.shop.database.reading() as connection:
            return candidates(connection, self.shop.cipher, region=self.shop.settings.region)

    def merge(self, keep: "Who | str", other: "Who | str", reason: str = "") -> Merged:
        """Make one person of two: what is known of the other becomes the first one's, who allows what both did.

        Interrupted, it leaves both uncounted and otherwise as they were; the same call goes on. Once they are one, it
        changes nothing more.

        Raises:
            NotFound: nobody of one of the names is known.
            Conflict: one of them is held for something else, or a total has not settled; the message says which.
        """
        shop = self.shop
        person, merging = shop.known(keep), shop.known(other)
        if person == merging:
            return Merged(person, merging)
        with shop.change("person.merge-begin", about=person, reason=reason) as change:
            change.entry.detail["other"], change.entry.others = int(merging), (merging,)
            merge.mark(change.connection, person, merging, now=shop.clock())
        settle_if_kept(shop.database, shop.settle)
        with shop.change("person.merge", about=person, reason=reason) as change:
            change.entry.detail["other"], change.entry.others = int(merging), (merging,)
            merged = merge.move(
                change.connection, shop.cipher, shop.register, person, merging, now=shop.clock()
            )  # fmt: skip
            change.entry.detail |= {"merge": merged.id, "narrowed": len(merged.narrowed)}
        settle_if_kept(shop.database, shop.settle)
        return merged

    def unmerge(self, number: int, reason: str = "") -> Unmerged:
        """Take a merge back: what the other had before is his again; neither allows more than before or than now.

        Interrupted, it leaves both uncounted and otherwise as they were; the same call goes on.

        Raises:
            NotFound: there is no such merge, or one of the two is gone.
            Conflict: it was taken back, is too old, or something later stands on it; the message says which.
        """
        shop = self.shop
        with shop.change("person.unmerge-begin", reason=reason) as change:
            change.entry.detail["merge"] = number
            unmerge.mark(change.connection, number, now=shop.clock())
        settle_if_kept(shop.database, shop.settle)
        with shop.change("person.unmerge", reason=reason) as change:
            change.entry.detail["merge"] = number
            back = unmerge.move_back(change.connection, shop.cipher, shop.register, number, now=shop.clock())
            change.entry.person = back.person
            change.entry.detail |= {"other": int(back.other), "narrowed": len(back.narrowed)}
        settle_if_kept(shop.database, shop.settle)
        return back

    # ---- corrections -----------------------------------------------------------------------------------------------

    def rectify(
        self,
        who: "Who | str",
        field: str,
        value: str | None,
        *,
        was: str | None = None,
        category: str | None = None,
        verified: bool = False,
        reason: str = "",
    ) -> bool:
        """Correct a field of somebody's profile or an id that she is known by; False if it says so already.

        The audit log names the field and never a value; what stood there is gone.

        Args:
            value: the right one; None takes the wrong one away.
            was: of several e-mail addresses or numbers, the wrong one.
            category: the data category of a field that the shop has no name for yet.
            verified: she has shown that a new address is hers.

        Raises:
            NotFound: nobody of that name is known, or there is no such category.
            BadInput, Conflict: as `goodwill.people.rectify.replace_id` and `set_profile`.
        """
        shop, now = self.shop, self.shop.clock()
        person = shop.known(who)
        with shop.change("person.rectify", about=person, reason=reason) as change:
            change.entry.detail["field"] = field
            if rectify.is_id(field, rectify.kinds_of(change.connection, person)):
                return rectify.replace_id(
                    change.connection, shop.cipher, person, field, value, now=now, was=was, verified=verified,
                    region=shop.settings.region,
                )  # fmt: skip
            told = {field: (self._category(field, category), value)}
            return people.set_profile(change.connection, shop.cipher, person, told, now=now).changed > 0

    def _category(self, field: str, given: str | None) -> Category:
        if given is not None:
            return self.shop.register.category(given).name
        known = vocabulary().kinds["customers"].fields.get(field)
        if known is None or known.category is None:
            raise BadInput(
                f"'{field}' is not a field that customers have here. Name its data category too, such as contact or "
                "demographics."
            )
        return known.category

    # ---- restriction and objection ---------------------------------------------------------------------------------

    def restrict(self, who: "Who | str", reason: str = "") -> bool:
        """Keep what is known of somebody and use nothing of it, until it is lifted; False if that is so already."""
        person = self.shop.known(who)
        with self.shop.change("person.restrict", about=person, reason=reason) as change:
            return restrict.restrict(change.connection, person, now=self.shop.clock())

    def lift(self, who: "Who | str", reason: str = "") -> bool:
        """End a restriction; False if there was none."""
        person = self.shop.known(who)
        with self.shop.change("person.lift", about=person, reason=reason) as change:
            return restrict.lift(change.connection, person, now=self.shop.clock())

    def is_restricted(self, who: "Who | str") -> bool:
        person = self.shop.known(who)
        with self.shop.database.reading() as connection:
            return restrict.is_restricted(connection, person)

    def object_to_all(self, who: "Who | str", asked: Asked | None = None) -> tuple[Receipt, ...]:
        """Object to everything that rests on the shop's own interests, whole or not at all; what was, is left as it is.

        Raises:
            NotFound: nobody of that name is known.
        """
        shop, now = self.shop, self.shop.clock()
        person = shop.known(who)
        how = asked or Asked(how="objection", by=shop.actor.name, evidence=Evidence.CLAIMED)
        receipts = []
        with shop.change("consent.object", about=person) as change:
            how = asked_without_names(shop, change.connection, person, how, says_yes=False)
            for entry in shop.register:
                if entry.basis is not Basis.LEGITIMATE_INTERESTS:
                    continue
                day = day_of(now, shop.settings.zone)
                lines = consent.standing(change.connection, person, entry, at=now, day=day)
                open_ = [line.category for line in lines if line.allowed]
                if open_:
                    receipts.append(consent.withdraw(change.connection, person, entry, open_, asked=how, now=now))
            change.entry.detail["purposes"] = len(receipts)
            shop.erasure.leave_alone(change.connection, person, suppress.OBJECTION)
        return tuple(receipts)

    # ---- in one column ---------------------------------------------------------------------------------------------

    def timeline(self, who: "Who | str", by: str) -> list[Moment]:
        """All that happened to somebody in one column, oldest first: orders, letters, decisions, consent, staff.

        Args:
            by: who looks, for the read log.
        """
        shop = self.shop
        person = shop.known(who)
        own = shop.own(SignedIn(person, by))
        lines = [
            Moment(Micros(event.at), event.type, _product(event.product), f"event {event.id}") for event in own.events
        ]
        lines += [
            Moment(row.recorded_at, str(row.state), f"{row.purpose}, {row.category}", f"consent {row.position}")
            for row in own.consents
        ]
        with shop.database.reading() as connection:
            about = audit.lines(connection, person=person)
        lines += [Moment(Micros(line.at), line.action, line.outcome, f"audit {line.position}") for line in about]
        return sorted(lines, key=lambda line: (line.at, line.position))


def _product(number: int | None) -> str:
    return "" if number is None else f"product {number}"
