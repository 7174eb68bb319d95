"""Nothing is kept for longer than some purpose needs it: first counted, then deleted, by the very same conditions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.collect import store as imports
from goodwill.collect.corrections import settle_if_kept
from goodwill.people import journal, retention
from goodwill.people.retention import Due, Moment
from goodwill.rights import store as requests

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_MARKED_AT_ONCE = 5_000  # people who count in nothing while totals settle
_ERASED_AT_ONCE = 500  # people in one transaction
_IMPORTS_KEPT = 365  # days in which an import can be taken back whole


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run at this moment would delete, and what stays and why.

    Attributes:
        due: rows that no purpose needs any longer.
        stays: rows that some purpose keeps, under the purpose that keeps them longest.
        merges: how many merges can be taken back no longer, so that their journal goes.
        imports: how many rows kept for taking back old imports go.
        requests: how many requests, answered long ago, will name whose they were no longer.
        empty: people of whom nothing is left but their ids; they go by erasure.
    """

    at: Micros
    due: tuple[Due, ...]
    stays: tuple[Due, ...]
    merges: int
    imports: int
    requests: int
    empty: tuple[PersonId, ...]

    @property
    def rows(self) -> int:
        return sum(line.rows for line in self.due)


@dataclass(frozen=True, slots=True)
class Done:
    """What a run deleted: rows by table and category, and how many people it concerned.

    Attributes:
        erased: people of whom nothing had been left but their ids.
    """

    rows: Mapping[tuple[str, str], int]
    people: int
    merges: int
    imports: int
    requests: int
    erased: int


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one shop keeps what."""

    shop: "Shop"

    def plan(self, at: Micros | None = None) -> Plan:
        """What a run would delete at a moment, now unless given; nothing is changed.

        Consents, reads and data are those of today: a later moment shows what will be due if nothing else happens.
        """
        now = self._moment(at)
        with self.shop.database.reading() as connection:
            due, stays = retention.planned(connection, self.shop.register, now)
            return Plan(
                now.at,
                tuple(due),
                tuple(stays),
                len(retention.old_merges(connection, now)),
                imports.count_before(connection, self._imports_before(now)),
                requests.count_named(connection, before=self._requests_before(now)),
                tuple(retention.empty(connection, now, self.shop.register.grace_days)),
            )

    def run(self) -> Done:
        """Delete what is due, in the order mark, settle, erase, some people at a time.

        Interrupted, it leaves whoever was marked uncounted and otherwise as she was; the next run goes on.

        Raises:
            Conflict: a total did not settle; what was not deleted yet is as it was.
        """
        shop, gone, people = self.shop, Counter[tuple[str, str]](), 0
        while True:
            with shop.change("retention.mark") as change:
                marked = retention.concerned(
                    change.connection, shop.register, self._moment(), most=_MARKED_AT_ONCE
                )  # fmt: skip
                retention.mark(change.connection, marked, now=shop.clock())
                change.entry.detail["people"] = len(marked)
            if not marked:
                break
            settle_if_kept(shop.database, shop.settle)
            for some in retention.in_batches(marked, _ERASED_AT_ONCE):
                with shop.change("retention.erase") as change:
                    erased = retention.erase(change.connection, shop.register, some, self._moment())
                    change.entry.detail |= {"people": len(some), "rows": sum(erased.values())}
                gone.update(erased)
            people += len(marked)
        merges, rows, unnamed = self._rest(gone)
        settle_if_kept(shop.database, shop.settle)  # so that those who stay count again
        all_gone = {place: many for place, many in sorted(gone.items()) if many}
        return Done(all_gone, people, merges, rows, unnamed, self._erase_empty())

    def _erase_empty(self) -> int:
        """Erase whoever has nothing left but ids; a no that somebody said stays, as a hash of the address."""
        shop, now = self.shop, self._moment()
        with shop.database.reading() as connection:
            empty = retention.empty(connection, now, shop.register.grace_days)
            said_no = retention.who_said_no(connection, empty)
        for leave_alone, persons in ((True, said_no), (False, [one for one in empty if one not in set(said_no)])):
            for some in retention.in_batches(persons, _ERASED_AT_ONCE):
                whom = [shop.who(person) for person in some]
                why = "nothing about them is needed any longer"
                shop.erasure.erase_all(whom, reason=why, leave_alone=leave_alone, chosen=False)
        return len(empty)

    def _rest(self, gone: "Counter[tuple[str, str]]") -> tuple[int, int, int]:
        """What needs no mark: decisions about nobody, and what was kept for taking old merges and imports back."""
        shop, now = self.shop, self._moment()
        with shop.change("retention.tidy") as change:
            gone.update(retention.erase_nobodys(change.connection, shop.register, now))
            over = retention.old_merges(change.connection, now)
            for number in over:
                journal.forget(change.connection, number)
            rows = imports.forget_old(change.connection, self._imports_before(now))
            unnamed = requests.unname(change.connection, before=self._requests_before(now))
            change.entry.detail |= {"merges": len(over), "imports": rows, "requests": unnamed}
        return len(over), rows, unnamed

    def _moment(self, at: Micros | None = None) -> Moment:
        return Moment(self.shop.clock() if at is None else at, self.shop.settings.zone)

    def _requests_before(self, now: Moment) -> Micros:
        return Micros(now.begins(now.today - self.shop.register.request_days))

    def _imports_before(self, now: Moment) -> int:
        return now.begins(now.today - _IMPORTS_KEPT)
