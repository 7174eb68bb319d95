"""Staff look at one customer: masked as a rule, in clear with a reason; and she can see that they did.

A look in clear is a line in the audit log, which her own copy tells of by day and role, never by name.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goodwill import catalogue, consent, people
from goodwill.access import Everything, SignedIn
from goodwill.access.roll import roll
from goodwill.basics.clock import day_of
from goodwill.basics.errors import QUARANTINED
from goodwill.basics.ids import PersonId
from goodwill.people.contact import Listed, listed
from goodwill.purposes import EMAIL_MARKETING
from goodwill.shop.approvals import fit, said
from goodwill.shop.life import Life, lived, used_now
from goodwill.staff.roles import Act, Sight, sight
from goodwill.storage import audit

if TYPE_CHECKING:
    from goodwill.shop.shop import Answer, Shop, Who

MOST_DECISIONS: Final = 50
_NOT_HERS = ("the person",)  # what she did herself, and what nobody did by hand, is no look of staff


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of somebody, in outline.

    Attributes:
        known_as: ids and addresses, as far as whoever looks may see them.
        allows: for each purpose that people are asked about, her answer.
    """

    person: PersonId
    known_as: tuple[tuple[str, str], ...]
    profile: Mapping[str, str]
    events: Mapping[str, int]
    first: int | None
    last: int | None
    allows: "tuple[tuple[str, Answer], ...]"
    consent_rows: int
    reads: int
    in_clear: bool


@dataclass(frozen=True, slots=True)
class Known:
    """One person of a list, as far as whoever looks may see her.

    Attributes:
        known_as: ids and the parts of her name. reason: ``yes``, or why she may not be written to.
        said_at: when she said so; last_at: when she last did something here.
    """

    person: PersonId
    known_as: tuple[tuple[str, str], ...]
    reason: str
    said_at: int | None
    last_at: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some people of a list; ``after`` is the last one's number where more come after her."""

    people: tuple[Known, ...]
    after: PersonId | None


@dataclass(frozen=True, slots=True)
class StaffLook:
    """What staff, or a program of the shop's, did about somebody on one day.

    Attributes:
        who: a role, ``command line`` or ``program``; never a name.
    """

    day: int
    who: str
    action: str
    times: int


@dataclass(frozen=True)
class Looks:
    """Looks of staff at the customers of one shop."""

    shop: "Shop"

    def outline(self, who: "Who | str") -> Outline:
        """What is known of somebody, names and addresses masked.

        Raises:
            NotFound: nobody of that name is known.
            NotAllowed: this role sees no single person.
        """
        self.shop.staff.demand(Act.READ)
        person = self.shop.known(who)
        return self._outline(self.shop.own(SignedIn(person, f"{self._by}, masked")), revealed=False)

    def reveal(self, who: "Who | str", reason: str) -> Outline:
        """The same in clear; the customer can see that it was done.

        Raises:
            BadInput: no reason, or one that says nothing.
            NotAllowed, CodeNeeded: this role may not, or not without a fresh code.
        """
        return self._outline(self._clear("person.reveal", Act.REVEAL, who, reason), revealed=True)

    def copy(self, who: "Who | str", reason: str) -> Everything:
        """Somebody's own copy, in clear, for staff who hand it to her.

        Raises:
            BadInput, NotAllowed, CodeNeeded: as `reveal`.
        """
        return self._clear("person.export", Act.EXPORT, who, reason)

    def page(self, *, below: PersonId | None = None, reason: str = "", limit: int = 50) -> Page:
        """People one after another, who came last first, masked; each of them can see that staff looked.

        Args:
            below: those after the person with this number.
            reason: only those who may be written to (``yes``), or who may not for this reason.

        Raises:
            NotAllowed: this role sees no single person.
        """
        self.shop.staff.demand(Act.READ)
        found = self._listed(limit=limit + 1, below=below, reason=reason)
        return Page(tuple(self._seen(found[:limit])), found[limit - 1].person if len(found) > limit else None)

    def _listed(self, **asked: Any) -> list[Listed]:
        shop, at = self.shop, self.shop.clock()
        entry, day = shop.register[EMAIL_MARKETING], day_of(at, shop.settings.zone)
        with shop.database.reading() as connection:
            return listed(connection, entry, at=at, day=day, **asked)

    def _seen(self, found: list[Listed]) -> Iterator[Known]:
        shop, at = self.shop, self.shop.clock()
        day, trusts = day_of(at, shop.settings.zone), shop.proofs.trusts
        with shop.database.transaction() as connection:
            position = consent.last_position(connection)
            seen = roll(
                connection, shop.cipher, found, by=f"{self._by}, list, masked", at=at, day=day, position=position,
                region=shop.settings.region,
            )  # fmt: skip
            believed = trusts(position)
        for one in seen:
            named = [(kind, self._shown(kind, value)) for kind, value in (*one.known_as, *one.fields)]
            reason = one.reason if believed else QUARANTINED
            shown = tuple((kind, value) for kind, value in named if value is not None)
            yield Known(one.person, shown, reason, one.said_at, one.last_at)

    def life(self, who: "Who | str") -> Life:
        """Somebody's time with the shop, masked, as far as she allows that it is used at all.

        Raises:
            NotFound: nobody of that name is known.
            NotAllowed: this role sees no single person.
        """
        self.shop.staff.demand(Act.READ)
        person = self.shop.known(who)
        return self._life(self.shop.own(SignedIn(person, f"{self._by}, masked")), revealed=False)

    def reveal_life(self, who: "Who | str", reason: str) -> Life:
        """The same in clear and whole; the customer can see that it was done.

        Raises:
            BadInput: no reason, or one that says nothing.
            NotAllowed, CodeNeeded: this role may not, or not without a fresh code.
        """
        return self._life(self._clear("person.reveal", Act.REVEAL, who, reason), revealed=True)

    def _life(self, everything: Everything, *, revealed: bool) -> Life:
        outline = self._outline(everything, revealed=revealed)
        decisions = self.shop.decisions(self.shop.who(everything.person), MOST_DECISIONS)
        with self.shop.database.reading() as connection:
            wanted = {one.product for one in everything.events if one.product is not None}
            names = {
                int(number): product.name or product.external
                for number, product in catalogue.of_ids(connection, wanted).items()
            }

        def shown(field: str, value: str) -> str | None:
            return self._shown(field, value, revealed=revealed)

        allowed = None if revealed else used_now(self.shop.register, outline)
        return lived(everything, outline, decisions, names, allowed, shown)

    def by_staff(self, person: PersonId) -> list[StaffLook]:
        """What staff and programs did about somebody, by day and role; for her own copy."""
        zone = self.shop.settings.zone
        with self.shop.database.reading() as connection:
            hers = people.merge.numbers(connection, person)
            lines = [line for number in hers for line in audit.lines(connection, person=number)]
        counted = Counter(
            (day_of(line.at, zone), _role_of(line), line.action)
            for line in lines
            if line.outcome == audit.DONE and line.actor not in _NOT_HERS and not line.actor.startswith("job ")
        )
        return [StaffLook(day, who, action, times) for (day, who, action), times in sorted(counted.items())]

    @property
    def _by(self) -> str:
        actor = self.shop.actor
        return f"staff, {actor.role or actor.name}"

    def _clear(self, action: str, act: Act, who: "Who | str", reason: str) -> Everything:
        with self.shop.change(action, reason=fit(reason)) as change:
            self.shop.staff.demand(act)
            change.entry.reason = said(reason)
            change.entry.person = person = self.shop.known(who)
            return self.shop.own_in(change.connection, SignedIn(person, f"{self._by}, in clear"))

    def _shown(self, kind: str, value: str, *, revealed: bool = False) -> str | None:
        kind = "email" if "@" in value else kind  # some shops use addresses as ids
        seen = sight(self.shop.actor, kind, revealed=revealed)
        return None if seen is Sight.HIDDEN else value if seen is Sight.CLEAR else masked(kind, value)

    def _outline(self, everything: Everything, *, revealed: bool) -> Outline:
        def shown(kind: str, value: str) -> str | None:
            return self._shown(kind, value, revealed=revealed)

        named = [(kind, shown(kind, value)) for kind, value in everything.identities]
        fields = {field: shown(field, value) for field, value in everything.profile.items()}
        times = [event.at for event in everything.events]
        who = self.shop.who(everything.person)
        return Outline(
            person=everything.person,
            known_as=tuple((kind, value) for kind, value in named if value is not None),
            profile={field: value for field, value in fields.items() if value is not None},
            events=Counter(event.type for event in everything.events),
            first=min(times, default=None),
            last=max(times, default=None),
            allows=tuple((entry.name, self.shop.can(who, entry.name)) for entry in self.shop.register.asked()),
            consent_rows=len(everything.consents),
            reads=sum(read.times for read in everything.reads),
            in_clear=revealed,
        )


def masked(kind: str, value: str) -> str:
    """Enough of a value to recognise it by, too little to use: ``a…@e….org``, ``…42``."""
    if kind == "email" and "@" in value:
        name, _, domain = value.partition("@")
        host, dot, ending = domain.rpartition(".")
        return f"{name[:1]}…@{host[:1]}…{dot}{ending}"
    if kind == "phone":
        return f"…{value[-2:]}"
    return f"{value[:1]}…"


def _role_of(line: audit.Line) -> str:
    role = line.detail.get("role")
    if isinstance(role, str):
        return role
    return line.actor if line.actor == "command line" else "staff" if line.actor.startswith("staff ") else "program"
