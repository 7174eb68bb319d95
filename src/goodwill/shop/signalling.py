"""Global Privacy Control: a browser's standing no is honoured wherever silence would mean yes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill import consent, people
from goodwill.basics.clock import Micros
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, Said, Standing, State, signals
from goodwill.consent.cells import cells_of
from goodwill.consent.duties import Duties, duties_of, silenced
from goodwill.consent.signals import Signal
from goodwill.purposes import Basis, Category, Entry, Purpose, Regime
from goodwill.shop.who import Who

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

GPC, BROWSER = "gpc", "browser"


@dataclass(frozen=True, slots=True)
class Signalled:
    """What came of a privacy signal.

    Attributes:
        objected: purposes that it turned off now; earlier ones stay off.
        person: None where nobody is known by that name, and so nothing is done with anybody's data.
    """

    person: PersonId | None
    objected: tuple[Purpose, ...]
    says: str


@dataclass(frozen=True)
class Signalling:
    """Privacy signals to one shop."""

    shop: "Shop"

    def signal(
        self,
        who: Who | str,
        on: bool = True,  # noqa: FBT001, FBT002 - the signal is on or off
        how: str = "header",
        *,
        regime: Regime | None = None,
        known: bool = False,
    ) -> Signalled:
        """Honour a browser's Global Privacy Control: it says no wherever silence would mean yes.

        It never undoes a choice made after it first came, and its absence undoes nothing.

        Args:
            on: False is written nowhere: a script that says nothing is no consent.
            how: header or script.
            regime: what the law of the place adds, such as that the signal takes back an earlier yes to a sale.
            known: only if the person is known; else she becomes known by it.
        """
        if how not in signals.WAYS:
            raise BadInput(f"A signal comes by one of {', '.join(signals.WAYS)}, not '{how}'.")
        who, now, duties = self.shop.named(who), self.shop.clock(), duties_of(self.regime_here(regime))
        person = self.shop.find(who)
        if not on or (known and person is None):
            return Signalled(person, (), "")
        if person is not None and not self._is_news(person, duties, now):
            return Signalled(person, (), _honoured(()))
        with self.shop.change("consent.signal") as change:
            connection = change.connection
            person = self.shop.identified(connection, who)
            change.entry.person, change.entry.detail["how"] = person, how
            objected = self.heed(connection, person, duties, how, now)
            change.entry.detail["purposes"] = len(objected)
        return Signalled(person, objected, _honoured(objected))

    def heed(
        self,
        connection: Connection,
        person: PersonId,
        duties: Duties,
        how: str,
        now: Micros,
        *,
        spared: Collection[tuple[Purpose, Category]] = (),
    ) -> tuple[Purpose, ...]:
        """Write a signal down with the noes that it means; gives the purposes that it turned off.

        Args:
            spared: what the person says yes to herself in the same moment.
        """
        signals.note(connection, person, how, now=now)
        came = self.signal_of(connection, person) or Signal(now, now)
        silent = self._silenced(connection, person, came, duties, how, now)
        words = [word for word in silent if (word.purpose, word.category) not in spared]
        self.shop.erasure.heed(connection, words)
        consent.append(connection, words, now=now)
        return tuple(dict.fromkeys(word.purpose for word in words))

    def silenced(self, person: PersonId, entry: Entry, lines: Sequence[Standing]) -> tuple[Standing, ...]:
        """The same lines as they would be if a signal that comes now were written down."""
        now, duties = self.shop.clock(), duties_of(self.regime_here(None))
        with self.shop.database.reading() as connection:
            came = self.signal_of(connection, person) or Signal(now, now)
            standing = cells_of(connection, person)
        no = "objected" if entry.basis is Basis.LEGITIMATE_INTERESTS else "withdrawn"
        return tuple(
            replace(line, allowed=False, reason=no)
            if line.allowed and silenced(entry, standing.get((entry.name, line.category)), came, duties, at=now)
            else line
            for line in lines
        )

    def signalled(self, who: Who | str) -> Signal | None:
        """Since when somebody's browsers have been saying no, if they have."""
        with self.shop.database.reading() as connection:
            person = self.shop.find(who)
            return None if person is None else self.signal_of(connection, person)

    def signal_of(self, connection: Connection, person: PersonId) -> Signal | None:
        return signals.signal_of(connection, people.merge.numbers(connection, person))

    def _is_news(self, person: PersonId, duties: Duties, now: Micros) -> bool:
        with self.shop.database.reading() as connection:
            came = self.signal_of(connection, person)
            if came is None or not signals.is_fresh(came, now=now):
                return True
            return bool(self._silenced(connection, person, came, duties, "header", now))

    def _silenced(
        self, connection: Connection, person: PersonId, came: Signal, duties: Duties, how: str, now: Micros
    ) -> Sequence[Said]:
        standing = cells_of(connection, person)
        asked = Asked(how=f"{GPC} {how}", by=BROWSER)
        return [
            Said(person, entry.name, category, State.REFUSED if cell is None else State.WITHDRAWN, now, asked)
            for entry in self.shop.register.asked()
            for category in entry.categories
            if silenced(entry, cell := standing.get((entry.name, category)), came, duties, at=now)
        ]

    def regime_here(self, regime: Regime | None) -> Regime:
        return regime or self.shop.regimes.of(self.shop.settings.place)


def _honoured(objected: Sequence[Purpose]) -> str:
    """What to tell whoever sent the signal."""
    off = f" It turned off: {', '.join(objected)}." if objected else ""
    return (
        "Global Privacy Control was honoured: what needs no yes is off where it would sell, share or choose by what is "
        f"known of this person.{off} What the person allowed by an own click still counts."
    )
