"""What customers are asked, in which words, and their answers: notices, snapshots, double opt-in, privacy signals.

A notice is a draft in a file until somebody signs it off and it is published; what was published, or shown, is kept for
ever. An answer is proven only by the token of what was shown; everything else is somebody's claim.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goodwill import consent, people
from goodwill.basics.clock import DAY, day_of
from goodwill.basics.errors import BadInput
from goodwill.consent import Row, State, opt_in, states
from goodwill.consent.cells import cells_of
from goodwill.consent.duties import MayAsk, duties_of, may_ask
from goodwill.consent.expiring import Expiring, expiring
from goodwill.consent.states import Status
from goodwill.purposes import Basis, Category, Regime
from goodwill.shop.answering import Answering
from goodwill.shop.publishing import Listed
from goodwill.shop.signalling import BROWSER, Signalled
from goodwill.shop.who import Who

__all__ = ["Listed", "Notices", "Signalled"]


@dataclass(frozen=True)
class Notices(Answering):
    """The notices of one shop, its customers' answers, and when they may be asked again."""

    def may_ask(self, who: Who | str, purpose: str, *, regime: Regime | None = None) -> MayAsk:
        """Whether somebody may be shown a question about a purpose now, and why or why not.

        What she opens herself, such as the preference centre, is no question.
        """
        entry, at = self.shop.register[purpose], self.shop.clock()
        if entry.basis is not Basis.CONSENT:
            return MayAsk(False, "no-choice")
        if entry.is_off(day_of(at, self.shop.settings.zone)):
            return MayAsk(False, "purpose-expired")
        with self.shop.database.reading() as connection:
            person = self.shop.find(self.shop.named(who))
            if person is None:
                return MayAsk(True, "never-asked")
            if people.holds.reasons(connection, [person]):
                return MayAsk(False, "held")
            numbers = people.merge.numbers(connection, person)
            waits = opt_in.pending(connection, numbers, at=at)
            if waiting := [one for one in waits if any(purpose == entry.name for purpose, _ in one.about)]:
                return MayAsk(False, "pending", max(one.ends_at for one in waiting))
            said = [row for number in numbers for row in consent.history(connection, number, purpose=entry.name)]
            gone = {row.refers for row in said}
            answered = [
                row.said_at
                for row in said
                if row.position not in gone and row.state in _ANSWERS and not _said_by_browser(row)
            ]
            mine = [cell for (name, _), cell in cells_of(connection, person).items() if name == entry.name]
            came = self.signal_of(connection, person)
        return may_ask(mine, max(answered, default=None), came, duties_of(self.regime_here(regime)), at=at)

    def expiring(self, within_days: int = 30) -> Sequence[Expiring]:
        """Yeses that end within some days, the soonest first."""
        if within_days < 1:
            raise BadInput(f"Look at least one day ahead, not {within_days}.")
        at = self.shop.clock()
        with self.shop.database.reading() as connection:
            found = expiring(connection, at=at, before=at + within_days * DAY)
            here = people.merge.survivors(connection, {one.person for one in found})
        return [one for one in found if here.get(one.person) == one.person]

    def status(self, who: Who | str, purpose: str) -> Mapping[Category, Status]:
        """How a purpose stands for somebody, in the vocabulary's words, for each category."""
        entry = self.shop.register[purpose]
        with self.shop.database.reading() as connection:
            person = self.shop.find(self.shop.named(who))
            if person is None:
                return dict.fromkeys(entry.categories, Status.UNKNOWN)
            return states.statuses(connection, person, entry, at=self.shop.clock())


_ANSWERS = {State.GIVEN, State.RENEWED, State.REFUSED, State.WITHDRAWN}


def _said_by_browser(row: Row) -> bool:
    return bool(json.loads(row.asked).get("by") == BROWSER)
