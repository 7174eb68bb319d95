"""Erasing a person, and letting backups forget her: what the shop does, step by step, so that each step can be resumed.

The keys go before the rows. No total is worked out from what is sealed, so a person's part can still be computed, and
subtracted, when her key is gone. The steps are:

1. *Mark*: she is held, and that she is to be erased is written down. She counts in nothing from here on.
2. *Key*: her ids go on the list of those to be left alone and her keys are destroyed, in one transaction of the key
   store. From here on names and addresses are unreadable in every copy of the data, and there is no way back.
3. *Unname*: what only her key could open is deleted; files that name her are cleaned.
4. *Settle*: every kept total catches up, which takes her part out; then each is built anew, and must be the same.
5. *Erase*: every other row about her goes, her sales become sums of nobody, and her number is closed for good.
6. *Residue*: the write-ahead log is cut, tables are vacuumed, totals are written anew, and everything is searched.

Whoever is interrupted has a person who counts in nothing; `finish` goes on from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress as suppressing
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from goodwill import people
from goodwill.access import Total
from goodwill.basics.clock import SECOND
from goodwill.basics.errors import Conflict, LeftAlone, NotFound
from goodwill.basics.ids import PersonId
from goodwill.collect import store as samples
from goodwill.collect.corrections import settle_if_kept
from goodwill.consent import Herself, Said
from goodwill.consent import State as Answer
from goodwill.people import erase as rows
from goodwill.people import erasures, holds, index, merge, registry, suppress
from goodwill.people.canonical import ending_digits
from goodwill.people.erase import Names
from goodwill.people.erasures import Erasure, State
from goodwill.people.search import blank_free_texts, in_tables
from goodwill.protect.canary import LEAST_DIGITS, Canaries, Found, Mark, Traces
from goodwill.purposes import EMAIL_MARKETING
from goodwill.reach.webhooks.outbox import ERASED
from goodwill.shop import leftovers
from goodwill.shop.certificate import Certificate, certificate_of
from goodwill.shop.forgetting import settled_and_rebuilt
from goodwill.staff.roles import Act
from goodwill.storage.audit import Actor
from goodwill.storage.engine import EVENTS, HOLDS, PEOPLE, one_at_a_time
from goodwill.storage.kept import Kept, kept
from goodwill.storage.residue import let_go
from goodwill.storage.schema import ONLY_GROWING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from goodwill.shop.shop import Shop, Who

_HOUR = 3_600 * SECOND
_CONTACT = "contact"
_REASONS = (suppress.ERASURE, suppress.OBJECTION, suppress.UNSUBSCRIBE)
_NO, _YES = frozenset({Answer.REFUSED, Answer.WITHDRAWN}), frozenset({Answer.GIVEN, Answer.RENEWED})
_AT_ONCE = 100  # people erased in one transaction, so that others get their turn
_TABLE = "table "
_TAKE_OUT = "take that out, then: goodwill people erased --finish"
_PUT_BACK = "erased before; this copy of the data is older"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation of the keys did.

    Attributes:
        epoch: the number of the new one.
        people: whose keys were locked anew; ids: what is found by new hashes.
        pending: what is not gone from the disk yet, and why; nothing when it is done.
    """

    epoch: int
    people: int
    ids: int
    seconds: float
    pending: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would do: rows that go and rows that stay, by table."""

    person: PersonId
    goes: dict[str, int]
    stays: dict[str, int]


@dataclass(frozen=True)
class Erasures:
    """Erasing people, and the epochs of their keys."""

    shop: "Shop"

    # ---- erasing ---------------------------------------------------------------------------------------------------

    def erase(
        self, who: "Who | str", *, reason: str = "", leave_alone: bool = True, approval: str = "", chosen: bool = True
    ) -> Certificate:
        """Erase all that is held about a person, under all her numbers; see `erase_all`."""
        return self.erase_all([who], reason=reason, leave_alone=leave_alone, approval=approval, chosen=chosen)[0]

    def erase_all(
        self,
        whos: "Iterable[Who | str]",
        *,
        reason: str = "",
        leave_alone: bool = True,
        approval: str = "",
        chosen: bool = True,
    ) -> list[Certificate]:
        """Erase some people, and give a certificate for each: of what went, what stays, and what was searched for.

        There is no way back. What is not gone from the disk yet when this returns, the certificate calls pending; the
        job `finish` does the rest.

        Args:
            reason: why, in words; for the audit log and the certificate.
            leave_alone: keep her ids as hashes on the list of those who are not written to nor brought in again.
            approval: of somebody else, which staff, keys and the command line need for more than one person at once
                and for more than a few in a day.
            chosen: somebody here chose whom; not where she asked for it herself, or retention's rules say it.

        Raises:
            NotFound: somebody is not known, or was erased before; then nobody is erased.
            NotAllowed: nobody approved it.
            Conflict: somebody is being merged; that must end first.
        """
        shop = self.shop
        wanted = list(dict.fromkeys(shop.known(who) for who in whos))
        if chosen:
            shop.staff.approvals.open_bulk("erase", wanted, approval, reason=reason)
        for person in wanted:
            with shop.change("person.erase", about=person, reason=reason) as change:
                shop.staff.demand(Act.ERASE)
                now = shop.clock()
                for lock in (PEOPLE, EVENTS, HOLDS):
                    one_at_a_time(change.connection, lock)
                numbers = merge.numbers(change.connection, person)
                _check_merging(change.connection, person)
                before = {total.name: total.hash for total in kept(change.connection)}
                holds.hold(change.connection, numbers, rows.REASON, now=now)
                if erasures.find(change.connection, person) is None:
                    erasures.begin(
                        change.connection, person, numbers, reason=reason, leave_alone=leave_alone, now=now,
                        notes={"totals before": before},
                    )  # fmt: skip
        return self._go_on(wanted)

    def preview(self, who: "Who | str") -> Preview:
        """What erasing somebody would do; nothing is changed.

        Raises:
            NotFound: she is not known, or was erased before.
        """
        person = self.shop.known(who)
        with self.shop.database.reading() as connection:
            held = registry.holdings(connection, merge.numbers(connection, person))
        going = {one.name for one in registry.to_erase()}
        return Preview(
            person,
            {one.table: one.rows for one in held if one.table in going},
            {one.table: one.rows for one in held if one.table not in going},
        )

    def finish(self, *, waited: int = 0) -> list[Certificate]:
        """Go on with what was interrupted, or could not be cleaned because somebody was reading.

        Args:
            waited: only those asked for so many microseconds ago or more; others may be under way elsewhere.
        """
        with self.shop.database.reading() as connection:
            left = erasures.unfinished(connection)
        late = self.shop.clock() - waited
        return self._go_on([one.person for one in left if not waited or one.asked_at <= late])

    def erased(self) -> list[Certificate]:
        """The certificates of everybody who was erased, by number, the earliest first."""
        with self.shop.database.reading() as connection:
            return [certificate_of(self.shop, one) for one in erasures.all_of(connection)]

    def certificate(self, person: PersonId) -> Certificate:
        """The certificate of somebody who was erased.

        Raises:
            NotFound: nobody of that number was.
        """
        with self.shop.database.reading() as connection:
            found = erasures.find(connection, person)
        if found is None:
            raise NotFound(f"Nobody with the number {person} was erased. goodwill people erased lists everybody.")
        return certificate_of(self.shop, found)

    def _go_on(self, persons: Sequence[PersonId]) -> list[Certificate]:
        if not persons:
            return []
        told = self._destroy_keys(persons)
        self._unname(persons, told)
        self._clean(persons, told)
        settle_if_kept(self.shop.database, self.shop.settle)
        self._prove(persons)
        self._erase(persons)
        settle_if_kept(self.shop.database, self.shop.settle)  # anew: a second row of the holds stands about each
        self._note_totals(persons)
        self._let_go(persons, told)
        return [self.certificate(person) for person in persons]

    def _some(self, persons: Iterable[PersonId]) -> list[Erasure]:
        with self.shop.database.reading() as connection:
            return [erasures.get(connection, person) for person in persons]

    def _destroy_keys(self, persons: Sequence[PersonId]) -> "Mapping[PersonId, _Told]":
        """Destroy the keys, and keep in memory what people were called, to look for it."""
        shop, told = self.shop, {}
        marks: list[bytes] = []
        these = [one for one in self._some(persons) if one.state is State.MARKED]
        with shop.database.reading() as connection:
            for one in these:
                if not shop.keys.live(one.numbers):
                    continue  # whoever was interrupted here has taken the names with it
                names = rows.names_of(connection, shop.cipher, one.numbers)
                hers = suppress.marks(shop.cipher, names.ids, region=shop.settings.region) if one.leave_alone else []
                told[one.person] = _Told(names, rows.lookups_of(connection, one.numbers), len(hers))
                marks += hers
        if these:
            with suppressing(Conflict):  # destroyed for every use; what a reader keeps from being cut is residue
                shop.keys.destroy_all([number for one in these for number in one.numbers], leave_alone=marks)
        return told

    def _unname(self, persons: Sequence[PersonId], told: "Mapping[PersonId, _Told]") -> None:
        for some in _parts(persons):
            with self.shop.database.transaction() as connection:
                one_at_a_time(connection, PEOPLE)
                for one in (erasures.get(connection, person) for person in some):
                    if one.state is State.MARKED:
                        gone = rows.unname(connection, one.numbers)
                        notes: dict[str, object] = {"unnamed": gone}
                        if one.person in told:
                            notes["left alone"] = told[one.person].left_alone
                        now = self.shop.clock()
                        erasures.move(connection, one.person, State.UNNAMED, key_destroyed_at=now, notes=notes)

    def _clean(self, persons: Sequence[PersonId], told: "Mapping[PersonId, _Told]") -> None:
        """Clean the files; where nobody knows any more what to look for, those that may name her go whole."""
        waiting = [one for one in self._some(persons) if "files" not in one.notes]
        if not waiting:
            return
        home, canaries = self.shop.folder, _canaries(told.values())
        known = all(one.person in told for one in waiting)
        cleaned = leftovers.clean(home, canaries) if known else leftovers.remove_all(home)
        notes = {"files": {"rows blanked": cleaned.blanked, "removed": list(cleaned.removed)}}
        with self.shop.database.transaction() as connection:
            samples.forget_samples(
                connection, lambda value: not known or bool(canaries.in_bytes(value.encode("utf-8", "ignore"), ""))
            )
            if known:
                blank_free_texts(connection, _canaries(told.values(), naming=True))
            for one in waiting:
                erasures.move(connection, one.person, one.state, notes=notes)

    def _prove(self, persons: Sequence[PersonId]) -> None:
        """Build every total anew while she is held, and note whether that equals what is left after her part went."""
        waiting = [one for one in self._some(persons) if one.state is State.UNNAMED]
        with self.shop.database.reading() as connection:
            noted = kept(connection)
        if not waiting:
            return
        found = settled_and_rebuilt(self.shop, [total.name for total in noted])
        for some in _parts([one.person for one in waiting]):
            with self.shop.database.transaction() as connection:
                for one in (erasures.get(connection, person) for person in some):
                    before = one.notes.get("totals before", {})
                    proof = [_line(total, before.get(total.name), *found[total.name]) for total in noted]
                    erasures.move(connection, one.person, one.state, notes={"proof": proof})

    def _erase(self, persons: Sequence[PersonId]) -> None:
        for some in _parts(persons):
            with self.shop.database.transaction() as connection:
                for lock in (PEOPLE, EVENTS, HOLDS):
                    one_at_a_time(connection, lock)
                for one in (erasures.get(connection, person) for person in some):
                    if one.state is State.UNNAMED:
                        now = self.shop.clock()
                        gone = rows.erase(connection, one.numbers, now=now)
                        notes = {"deleted": gone.rows, "sales": gone.sales}
                        erasures.move(connection, one.person, State.ERASED, erased_at=now, notes=notes)
                        # Of nobody: what told of her went with her.
                        self.shop.told.tell(connection, ERASED, {"person": one.person, "numbers": list(one.numbers)})
                index.note_tombstones(connection, self.shop.keys.tombstones())

    def _note_totals(self, persons: Sequence[PersonId]) -> None:
        with self.shop.database.transaction() as connection:
            after = {total.name: total.hash for total in kept(connection)}
            for person in persons:
                one = erasures.get(connection, person)
                if "totals after" not in one.notes:
                    stays = {name: list(what) for name, what in rows.kept(connection, one.numbers).items()}
                    erasures.move(connection, person, one.state, notes={"totals after": after, "kept": stays})

    def _let_go(self, persons: Sequence[PersonId], told: "Mapping[PersonId, _Told]") -> None:
        """Let the disk forget too, then look for her everywhere; what is in the way is noted for the next time."""
        these = self._some(persons)
        pending = let_go(self.shop.database, {name for one in these for name in _touched(one)})
        if not self.shop.keys.cut_log():
            pending.append("the key store's write-ahead log: somebody is reading it")
        found, canaries = self._search(told)
        residue = {one.person: self._residue(one, told.get(one.person), found) for one in these}
        with self.shop.database.transaction() as connection:
            for one in these:
                left = residue[one.person]
                notes: dict[str, object] = {"pending": [*pending, *left.pending], **left.notes}
                if one.person in told:
                    notes["search"] = {
                        "words": canaries.words, "too short": canaries.too_short, "forms": canaries.count,
                        "found": [f"{each.where} ({each.form})" for each in sorted(found)],
                        "unread": sorted(canaries.unread),
                    }  # fmt: skip
                done = not (pending or left.pending)
                state, finished = (State.DONE, self.shop.clock()) if done else (State.ERASED, None)
                erasures.move(connection, one.person, state, finished_at=finished, notes=notes)
        if not pending:
            let_go(
                self.shop.database, {"erasures"}
            )  # what was just written, so that the log is left as it was promised

    def _search(self, told: "Mapping[PersonId, _Told]") -> tuple[set[Found], Canaries]:
        canaries = _canaries(told.values())
        return (self._look_at(canaries) if canaries.count else set()), canaries

    def _look_at(self, canaries: Canaries | Traces, places: Iterable[str] | None = None) -> set[Found]:
        """What stands in all tables and files, or in some of them, as `Found.where` names them."""
        if places is None:
            with self.shop.database.reading() as connection:
                found = in_tables(connection, canaries)
            return found | canaries.in_folder(self.shop.folder)
        names = {place.partition(": ")[0] for place in places}
        tables = {name.removeprefix(_TABLE) for name in names if name.startswith(_TABLE)}
        with self.shop.database.reading() as connection:
            found = in_tables(connection, canaries, tables) if tables else set()
        files = [name for name in names if not name.startswith(_TABLE)]
        return found | {one for name in files for one in canaries.in_file(self.shop.folder / name, name)}

    def _residue(self, one: Erasure, told: "_Told | None", found: set[Found]) -> "_Residue":
        """What of all that was found names her, or still does.

        Nobody knows her names once the call ends in which they were read; so what stands where it can be taken away is
        kept as marks under a secret, until it is gone.
        """
        secret = self.shop.keys.secret("traces")
        if told is not None:
            naming = _canaries([told], naming=True)
            hers = self._look_at(naming, {each.where for each in found}) if found else set()
            marks = naming.marks(hers, secret)
        elif kept := one.notes.get("traces"):
            marks = [Mark(*mark) for mark in kept["marks"]]
            hers = self._look_at(Traces(marks, secret), kept["places"])
        else:
            return _Residue((), {})
        logs = {each for each in hers if each.where.removeprefix(_TABLE) in ONLY_GROWING}
        # The database's own file holds what its tables hold.
        file = self.shop.database.file
        inside = {each for each in hers if logs and file is not None and each.where.startswith(file.name)}
        left = sorted(hers - logs - inside)
        notes: dict[str, object] = {"traces": None}
        if told is not None:
            notes["logs"] = sorted({each.where for each in logs})
        elif one.notes.get("search"):
            gone = set(one.notes["traces"]["places"]) - {each.where for each in left}
            still = [each for each in one.notes["search"]["found"] if each.rpartition(" (")[0] not in gone]
            notes["search"] = {**one.notes["search"], "found": still}
        if left:
            notes["traces"] = {
                "places": sorted({each.where for each in left}),
                "marks": [[mark.length, mark.sum, mark.mac, mark.form] for mark in marks],
            }
        return _Residue(tuple(dict.fromkeys(f"{each.where}: names the person; {_TAKE_OUT}" for each in left)), notes)

    # ---- whom to leave alone ---------------------------------------------------------------------------------------

    def leave_alone(self, connection: "Connection", person: PersonId, why: str = suppress.UNSUBSCRIBE) -> None:
        """Put somebody's addresses on the list of those that are not written to, because she said so."""
        if addresses := self._addresses(connection, person):
            suppress.suppress(self.shop.cipher, addresses, why, region=self.shop.settings.region)

    def heed(self, connection: "Connection", words: Sequence[Said], *, herself: Herself | None = None) -> None:
        """Before words are written down: a no to mail puts addresses on the list, her own yes takes them off.

        Args:
            herself: how it is known that she says so herself; None: somebody says it of her. How well a word can be
                proved does not matter here.

        Raises:
            LeftAlone: somebody says that she allows mail, and an address of hers is on the list.
        """
        about_mail = [word for word in words if word.purpose == EMAIL_MARKETING and word.category == _CONTACT]
        for word in about_mail:
            if word.state in _NO:
                self.leave_alone(connection, word.person)
            elif word.state in _YES and self.shop.keys.leaves_anybody_alone():
                if herself is not None:
                    addresses = self._addresses(connection, word.person)
                    suppress.lift(self.shop.cipher, addresses, region=self.shop.settings.region)
                elif self.is_left_alone(connection, word.person):
                    raise LeftAlone

    def welcome(self, ids: Mapping[str, str], herself: Herself) -> None:  # noqa: ARG002 - whoever calls must know it
        """Somebody who was erased comes back: the ids that she showed to be hers may be known again.

        Nobody writes to her for that: news need a yes of hers, which `heed` hears of.
        """
        if self.shop.keys.leaves_anybody_alone():
            suppress.let_in(self.shop.cipher, ids.items(), region=self.shop.settings.region)

    def is_left_alone(self, connection: "Connection", person: PersonId) -> bool:
        """Whether an address of hers is on the list: nobody may write there until she herself says otherwise."""
        if not self.shop.keys.leaves_anybody_alone():
            return False
        return suppress.stands_on_it(
            self.shop.cipher, self._addresses(connection, person), region=self.shop.settings.region
        )

    def why_left_alone(self, connection: "Connection", person: PersonId) -> str:
        """Why an address of hers is on the list, the gravest of several reasons; nothing where none is."""
        if not self.shop.keys.leaves_anybody_alone():
            return ""
        addresses = self._addresses(connection, person)
        found = suppress.reasons(self.shop.cipher, addresses, region=self.shop.settings.region)
        return next((why for why in _REASONS if why in found), "")

    def _addresses(self, connection: "Connection", person: PersonId) -> list[tuple[str, str]]:
        names = rows.names_of(connection, self.shop.cipher, merge.numbers(connection, person))
        return suppress.addresses(names.ids, region=self.shop.settings.region)

    # ---- epochs ----------------------------------------------------------------------------------------------------

    def rotate(self) -> Rotated:
        """Begin a new epoch of the keys and destroy the one before, so that older copies of the keys open nothing.

        First ids are found by hashes of the new epoch, then every key is locked in it, then the old one is destroyed.
        Killed at any point, everything opens, and the next call goes on.
        """
        start, keys = perf_counter(), self.shop.keys
        epoch = keys.begin_epoch()
        with self.shop.change("keys.rotate") as change:
            ids = index.lock_anew(change.connection, self.shop.cipher, epoch)
            change.entry.detail.update(epoch=epoch, ids=ids)
        moved = keys.end_epochs_before(epoch)
        pending = () if keys.cut_log() else ("the key store's write-ahead log: somebody is reading it",)
        return Rotated(epoch, moved, ids, perf_counter() - start, pending)

    def rotate_when_due(self) -> Rotated | None:
        """Rotate if a key was destroyed in this epoch and the epoch is old enough, or a rotation was interrupted.

        Where nobody was erased there is nothing that older copies should forget, and they stay good.
        """
        keys, shop = self.shop.keys, self.shop
        is_old = shop.clock() - keys.epoch_begun_at >= shop.settings.epoch_hours * _HOUR
        if keys.is_between_epochs or not keys.is_rooted or (is_old and keys.has_destroyed_in_epoch()):
            return self.rotate()
        return None

    # ---- at opening ------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Bring the database up to what the key store knows; nothing to do unless one of them was put back."""
        keys, shop = self.shop.keys, self.shop
        with shop.database.reading() as connection:
            now = index.followed(connection)
            empty = people.count_all(connection) == 0
        tombstones = keys.tombstones()
        if now is not None and now.epoch in keys.epochs and now.tombstones == tombstones:
            return
        if empty:
            with shop.database.transaction() as connection:
                index.follow(connection, keys.epoch, tombstones)
            return
        self._replay()
        with shop.change("keys.follow") as change:
            connection = change.connection
            if now is None or now.epoch not in keys.epochs:
                change.entry.detail["ids"] = index.build_anew(connection, shop.cipher, region=shop.settings.region)
                index.follow(connection, keys.epoch, tombstones)
            index.note_tombstones(connection, keys.tombstones())
            change.entry.detail["epoch"] = keys.epoch

    def _replay(self) -> None:
        """Erase again who was erased after this copy of the data was made.

        And destroy keys that an older copy of the key store has brought back.
        """
        keys, shop = self.shop.keys, self.shop.acting(Actor("opening the shop"))
        with shop.database.reading() as connection:
            gone = rows.erased_people(connection)
            back = rows.not_erased_yet(connection, keys.destroyed())
            under_way = {number for one in erasures.unfinished(connection) for number in one.numbers}
        if alive := keys.live(gone):
            keys.destroy_all(alive)
        again = [person for person in back if person not in under_way]  # those are somebody else's work, or `finish`'s
        for person in again:
            with shop.change("person.erase", about=person, reason=_PUT_BACK) as change:
                now = shop.clock()
                holds.hold(change.connection, [person], rows.REASON, now=now)
                erasures.begin(
                    change.connection, person, [person], reason=_PUT_BACK, leave_alone=False, now=now, notes={}
                )
        shop.erasure._go_on(again)  # noqa: SLF001 - ourselves, acting under another name


@dataclass(frozen=True, slots=True)
class _Told:
    """What somebody was called, and by what hashes she was found."""

    names: Names
    lookups: list[bytes]
    left_alone: int


@dataclass(frozen=True, slots=True)
class _Residue:
    """What names somebody who was erased: what must be taken away, and what is noted about it."""

    pending: tuple[str, ...]
    notes: Mapping[str, object]


def _canaries(told: "Iterable[_Told]", *, naming: bool = False) -> Canaries:
    """What to look for.

    Args:
        naming: only what points to one person; what else is known of her, such as a city, stands in other places too.
    """
    these = list(told)
    words = [text for one in these for _, text in one.names.ids] + [text for one in these for text in one.names.whole]
    if not naming:
        words += [text for one in these for text in one.names.facts]
    phones = [ending_digits(text) for one in these for kind, text in one.names.ids if kind == "phone"]
    return Canaries(
        dict.fromkeys(words),
        [lookup for one in these for lookup in one.lookups],
        [digits for digits in phones if len(digits) >= LEAST_DIGITS],
    )


def _touched(one: Erasure) -> list[str]:
    counts = {**one.notes.get("unnamed", {}), **one.notes.get("deleted", {})}
    return [name for name, many in counts.items() if many]


def _parts(persons: Sequence[PersonId]) -> "Iterable[Sequence[PersonId]]":
    return (persons[first : first + _AT_ONCE] for first in range(0, len(persons), _AT_ONCE))


def _line(total: Kept, before: str | None, after: Total, rebuilt: Total) -> dict[str, object]:
    """What the certificate says of one total; without how many people are in it, which is nobody's business."""
    return {
        "name": total.name, "purpose": total.purpose, "equal": after.hash == rebuilt.hash,
        "hash_before": before, "hash_after": after.hash, "hash_rebuilt_without": rebuilt.hash,
    }  # fmt: skip


def _check_merging(connection: "Connection", person: PersonId) -> None:
    why = holds.reasons(connection, [person])[person]
    if any(reason.startswith("merge of") for reason in why):
        raise Conflict("This person is being merged with another. Merge them again, then erase the one left.")
