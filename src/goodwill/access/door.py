"""The door's four verbs. A fifth needs a decision record."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from goodwill.access import rows, settle
from goodwill.access.columns import Columns
from goodwill.access.own import everything, only_events
from goodwill.access.view import (
    Aggregate,
    BySaid,
    ByWord,
    Contribution,
    Everything,
    Selection,
    Total,
    View,
    currency_of,
)
from goodwill.basics.clock import Clock, day_of
from goodwill.basics.errors import QUARANTINED, BadInput, Conflict, NoConsent, Quarantined, Refused, TooFew
from goodwill.basics.ids import PersonId
from goodwill.consent import Standing, allowed_by, allowed_categories, standing_of
from goodwill.people.types import event_type
from goodwill.protect.cipher import Cipher
from goodwill.purposes import Basis, Category, Entry, Purpose, Register
from goodwill.storage import AsOf
from goodwill.storage.kept import Read, note_reads
from goodwill.sums import Running, Sums

_TRIES = 5  # looks at one person whose word changes meanwhile


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person who has shown who she is, or a member of staff who acts on her request.

    Attributes:
        by: how that was established, for the read log.
    """

    person: PersonId
    by: str


@dataclass(frozen=True, slots=True, eq=False)
class Door:
    """The door, open for one transaction.

    Args:
        connection: the transaction; what is read is logged in it.
        columns: the engine for many people; it sees what is committed.
        cipher: opens profile fields, for purposes that may see them.
        zone: the shop's, for the day of the read log and of a purpose's expiry.
        trusts: whether a ledger that reaches to some row may be believed. Where it may not, nobody allows anything
            that rests on it.
        later: where a transaction that only reads collects what is to be logged; whoever opened it writes that down
            before anything of what was read is handed on. None: it is written down at once.
    """

    connection: Connection
    register: Register
    columns: Columns
    cipher: Cipher | None
    clock: Clock
    zone: ZoneInfo
    trusts: Callable[[int], bool]
    later: list[Read] | None = None

    def one(self, person: PersonId, *, purpose: Purpose, only: Selection | None = None) -> View:
        """One person, as far as she allows the purpose.

        Args:
            only: hand over no other events and facts than it looks at, and those only if she allows all of them and
                did not switch off that anything is chosen from her data.

        Raises:
            NoConsent: she does not, for any category, or is not known here, or the ledger is in quarantine; the reason
                says which.
        """
        found = self.ones([person], purpose=purpose, only=only)[person]
        if isinstance(found, NoConsent):
            raise found
        return found

    def ones(
        self, persons: Collection[PersonId], *, purpose: Purpose, only: Selection | None = None
    ) -> dict[PersonId, View | NoConsent]:
        """The same verb for several people at once, in as many questions as for one: each one's view, or why none.

        Raises:
            Conflict: the word of one of them is being changed over and over.
        """
        entry, left = self.register[purpose], list(dict.fromkeys(persons))
        found: dict[PersonId, View | NoConsent] = {}
        for _ in range(_TRIES):
            if not left:
                return found
            as_of, seen = self._seen(left, entry, only)
            # Where each question of a transaction sees what is committed by then, a word may have changed between two
            # of them: then she is looked at again, so that what is handed over was allowed where it says.
            left = list(rows.changed_meanwhile(self.connection, left, as_of))
            for person, view in seen.items():
                if person not in left:
                    found[person] = view
                    if isinstance(view, View):
                        used = view.used if only is None else only.categories
                        self._note(entry, "one", used, as_of, person=person, people=1)
        if not left:
            return found
        raise Conflict("What this person allows is being changed over and over. Try again in a moment.")

    def _seen(
        self, persons: list[PersonId], entry: Entry, only: Selection | None
    ) -> tuple[AsOf, dict[PersonId, View | NoConsent]]:
        at = self.clock()
        day = day_of(at, self.zone)
        as_of = rows.as_of_now(self.connection, at)
        if entry.rests_on_ledger and not self.trusts(as_of.consent):
            return as_of, {person: NoConsent(entry.name, QUARANTINED) for person in persons}
        here = rows.arriving(self.connection, persons)
        free = [person for person in persons if here.get(person) is False]
        standing = standing_of(self.connection, free, entry, at=at, day=day) if free else {}
        found: dict[PersonId, View | NoConsent] = {}
        alike: dict[frozenset[Category], list[PersonId]] = {}
        for person in persons:
            if person not in here:
                found[person] = NoConsent(entry.name, "unknown-person")
            elif here[person]:
                found[person] = NoConsent(entry.name, "held")
            elif not (allowed := allowed_by(standing[person], entry)):
                found[person] = NoConsent(entry.name, _why_not(standing[person]))
            elif only is not None and (lacks := only.categories - allowed):
                found[person] = NoConsent(entry.name, _why_not(standing[person], among=lacks))
            elif only is not None and rows.is_impersonal(self.connection, person, as_of):
                found[person] = NoConsent(entry.name, "switched-off")
            else:
                alike.setdefault(allowed, []).append(person)
        types, fields = (None, None) if only is None else (only.types, only.fields)
        for allowed, some in alike.items():
            found |= rows.views_of(
                self.connection, some, entry, allowed, as_of, types=types, fields=fields, cipher=self.cipher
            )
        return as_of, found

    def each(self, *, purpose: Purpose) -> Iterator[View]:
        """Everyone who allows the purpose, one view after another, to act for those who asked for it.

        Raises:
            Quarantined: the ledger may not be believed now.
        """
        entry, at = self.register[purpose], self.clock()
        day = day_of(at, self.zone)
        as_of = rows.as_of_now(self.connection, at)
        self._refuse_quarantined(entry, as_of)
        for person in self._everyone(entry, as_of, day):
            # Now, and at the point that the view names: while one is dealt with, another may say no, or yes.
            allowed = allowed_categories(self.connection, person, entry, at=at, day=day)
            allowed &= rows.categories_as_of(self.connection, person, entry, as_of, day=day)
            if (
                allowed
                and not rows.is_held(self.connection, person, as_of.holds)
                and rows.is_known(self.connection, person)
            ):
                view = rows.view_of(self.connection, person, entry, allowed, as_of, cipher=self.cipher)
                self._note(entry, "each", view.used, as_of, person=person, people=1)
                yield view

    def total(
        self, what: Contribution | Aggregate | Selection, *, since: Total | None = None, back_to: AsOf | None = None
    ) -> Total:
        """What all who allow it contribute together; nobody is visible.

        A selection counts only who allows all of its categories, and tells how many there are beside.

        Args:
            since: an earlier total of the same contribution. Only people about whom something changed are looked at
                again; the result is bit for bit the one worked out anew.
            back_to: an earlier point: the total as it was then, from ``since``, which reaches to now.

        Raises:
            Refused: ``back_to`` is before somebody took her yes back: what she gave is not used again.
            Conflict: ``back_to`` is before history was changed, or so far back that too many people would be looked at.
            TooFew: the purpose sets a least number of people, and fewer would be counted.
            BadInput: the contribution wants a category that its purpose does not list.
            Quarantined: the ledger may not be believed now.
        """
        entry = self.register[what.purpose]
        if unlisted := sorted(what.categories - frozenset(entry.categories)):
            raise BadInput(f"'{what.name}' wants {', '.join(unlisted)}, which '{entry.name}' does not list.")
        total = None
        if since is not None and not isinstance(what, Selection):
            if back_to is not None:
                return self._as_it_was(entry, what, since, back_to)
            total = self._settled(entry, what, since)
        if total is None:
            total = self._anew(entry, what)
        # Asked of the very rows that it rests on; and only now, because the first question to this connection begins a
        # transaction, for which everybody who writes would wait as long as the adding up takes.
        self._refuse_quarantined(entry, total.as_of)
        if total.people < entry.minimum_group and entry.minimum_group > 1:
            raise TooFew(total.people, entry.minimum_group, entry.name)
        self._note(entry, "total", what.categories, total.as_of, person=0, people=total.people)
        return total

    def own(self, person: SignedIn, *, types: Collection[str] | None = None) -> Everything:
        """The person's own copy: all that is held about her, in clear.

        Args:
            types: of events; then these alone are handed over, and nothing that is sealed is opened.
        """
        who, at = person.person, self.clock()
        if types is not None:
            used = " ".join(sorted({event_type(name).category for name in types}))
            self._log(f"own copy, {person.by}", who, "own", used, 1, rows.as_of_now(self.connection, at))
            return only_events(self.connection, who, types)
        if self.cipher is None:
            raise BadInput("A person's own copy needs the key store; open the shop with its keys.")
        self._log(f"own copy, {person.by}", who, "own", "everything", 1, rows.as_of_now(self.connection, at))
        return everything(self.connection, self.cipher, who)

    # ---- how a total is worked out ---------------------------------------------------------------------------------

    def _anew(self, entry: Entry, what: Contribution | Aggregate | Selection) -> Total:
        """By the column engine, from one steady picture of what is committed."""
        from goodwill.access import many

        at = self.clock()
        off = entry.is_off(day_of(at, self.zone))
        if isinstance(what, Selection):
            return many.selection(self.columns, entry, what, self.cipher, at=at, off=off)
        word = self.register[what.word] if isinstance(what, ByWord) else None
        said = tuple(map(self.register.__getitem__, what.said.purposes)) if isinstance(what, BySaid) else ()
        return many.total(self.columns, entry, what, at=at, off=off, word=word, said=said)

    def _settled(self, entry: Entry, what: Contribution | Aggregate, since: Total) -> Total | None:
        """From an earlier total, person by person; None where that is not possible or not worth it.

        Only where people join by a word in the ledger: under other bases somebody new counts without any.
        """
        if isinstance(what, ByWord | BySaid):
            return None  # what people say of other purposes changes it too, and is not looked for
        at = self.clock()
        day = day_of(at, self.zone)
        now = rows.as_of_now(self.connection, at)
        if entry.basis is not Basis.CONSENT or entry.is_off(day) or not _reaches_back(since.as_of, now):
            return None
        if settle.history_was_rewritten(self.connection, since.as_of, now):
            return None
        changed = settle.changed_people(self.connection, entry, what.categories, what.types, since.as_of, now)
        if len(changed) > settle.MANY:
            return None
        if not changed:
            return Total(since.sums, now, since.people)
        before_day = day_of(since.as_of.at, self.zone)
        running, people = Running(since.sums), since.people
        for person in sorted(changed):
            old = self._part(person, entry, what, since.as_of, before_day)
            new = self._part(person, entry, what, now, day)
            people += (new is not None) - (old is not None)
            if old is not None:
                running.subtract(old)
            if new is not None:
                running.add(new)
        if rows.as_of_now(self.connection, at).holds != now.holds:
            return None  # history may have changed between two of the parts (PostgreSQL shows each as it then stands)
        return Total(running.given_up(), now, people)

    def _as_it_was(self, entry: Entry, what: Contribution | Aggregate, since: Total, then: AsOf) -> Total:
        """A total at an earlier point, person by person, from one that reaches further."""
        now = since.as_of
        self._refuse_quarantined(entry, now)
        if not _reaches_back(then, now) or settle.history_was_rewritten(self.connection, then, now):
            raise Conflict("What was counted then has been changed since: merged, corrected, taken back or erased.")
        changed = settle.changed_people(self.connection, entry, what.categories, what.types, then, now)
        if isinstance(what, ByWord | BySaid) or entry.basis is not Basis.CONSENT or len(changed) > settle.MANY:
            raise Conflict(f"Since then something changed about more than {settle.MANY} people, too many to go back.")
        then_day, day = day_of(then.at, self.zone), day_of(now.at, self.zone)
        running, people = Running(since.sums), since.people
        for person in sorted(changed):
            allowed, before = (
                rows.categories_as_of(self.connection, person, entry, point, day=on) & what.categories
                for point, on in ((now, day), (then, then_day))
            )
            if not before <= allowed or rows.is_held(self.connection, person, now.holds):
                raise Refused("Somebody who was counted then has taken her yes back; what she gave is not used again.")
            old = self._part(person, entry, what, then, then_day)
            new = self._part(person, entry, what, now, day)
            people += (old is not None) - (new is not None)
            if new is not None:
                running.subtract(new)
            if old is not None:
                running.add(old)
        self._note(entry, "total", what.categories, then, person=0, people=people)
        return Total(running.given_up(), then, people)

    def _part(
        self, person: PersonId, entry: Entry, what: Contribution | Aggregate, as_of: AsOf, day: int
    ) -> Sums | None:
        """One person's part as of a point; None if she does not count there."""
        allowed = rows.categories_as_of(self.connection, person, entry, as_of, day=day) & what.categories
        if (
            not allowed
            or rows.is_held(self.connection, person, as_of.holds)
            or not rows.is_known(self.connection, person)
        ):
            return None
        currency = currency_of(what)
        view = rows.view_of(self.connection, person, entry, allowed, as_of, types=what.types, currency=currency)
        if isinstance(what, ByWord):
            word = rows.categories_as_of(self.connection, person, self.register[what.word], as_of, day=day)
            view = replace(view, group=int(bool(word)))
        return what.part(view)

    def _everyone(self, entry: Entry, as_of: AsOf, day: int) -> list[PersonId]:
        from goodwill.access import many

        if entry.is_off(day):
            return []
        return [PersonId(person) for person in many.people_allowing(self.columns, entry, as_of).tolist()]

    def _refuse_quarantined(self, entry: Entry, as_of: AsOf) -> None:
        """Nobody is read together with others while the ledger may not be believed.

        Raises:
            Quarantined: it may not.
        """
        if entry.rests_on_ledger and not self.trusts(as_of.consent):
            raise Quarantined(
                f"The consent ledger is in quarantine, so nobody is read for '{entry.name}'. It says what is missing, "
                "and what helps: goodwill consent verify"
            )

    # ---- the read log ----------------------------------------------------------------------------------------------

    def _note(
        self, entry: Entry, verb: str, used: frozenset[Category], as_of: AsOf, *, person: int, people: int
    ) -> None:
        self._log(entry.name, person, verb, " ".join(sorted(used)), people, as_of)

    def _log(self, purpose: str, person: int, verb: str, categories: str, people: int, as_of: AsOf) -> None:
        day, at = day_of(as_of.at, self.zone), as_of.at
        line = Read(day, person, purpose, verb, categories, 1, people, at, at, as_of.consent)
        if self.later is None:
            note_reads(self.connection, [line])
        else:
            self.later.append(line)


def _why_not(lines: Sequence[Standing], *, among: frozenset[Category] | None = None) -> str:
    lines = [line for line in lines if among is None or line.category in among]
    reasons = [line.reason for line in sorted(lines, key=lambda line: -(line.since or 0))]
    return reasons[0] if reasons else "never-asked"


def _reaches_back(old: AsOf, now: AsOf) -> bool:
    """Whether an earlier point really is earlier in every log; a restored or foreign total is not."""
    return old.consent <= now.consent and old.events <= now.events and old.holds <= now.holds and old.at <= now.at
