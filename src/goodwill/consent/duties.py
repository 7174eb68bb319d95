"""What a place's law adds to the one rule that holds everywhere here: nothing without an explicit yes.

Duties only ever add up: of two, each takes the stricter. So no law can loosen the default, whatever a table says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from goodwill.basics.clock import DAY, Micros
from goodwill.consent.cells import Cell
from goodwill.consent.signals import Signal
from goodwill.purposes import Basis, Entry, Regime, regimes


class Use(StrEnum):
    """What a privacy signal can speak about."""

    SALE = "sale"  # selling, sharing, advertising by or for others
    PROFILING = "profiling"  # choosing for one person by what is known of her


# By the public ids of a purpose, so that a shop's own register needs no field of its own.
_USES = (
    (Use.SALE, ("third_party_sharing", "marketing.advertising.third_party", "marketing.advertising.serving")),
    (Use.PROFILING, ("personalize", "marketing.advertising")),
)
_SELLS = "dpv:Sell"
_SIGNAL, _SALE = "gpc", {"sale", "sharing", "targeted-advertising"}  # as the table of laws words them


def use_of(entry: Entry) -> Use | None:
    """What a purpose is, as far as a signal is concerned."""
    if entry.dpv.startswith(_SELLS):
        return Use.SALE
    ids = (use for use, names in _USES for name in names if f"{entry.fideslang}.".startswith(f"{name}."))
    return next(ids, None)


@dataclass(frozen=True, slots=True)
class Duties:
    """What must be kept to; the values are our own default.

    Attributes:
        reask_days: nobody is asked again sooner after any answer (CNIL: about six months, either way).
        signal_reask_days: nor after a signal (California: twelve months).
        signal_stops: uses that a signal turns off where they need no yes. No law here asks for profiling; we do.
        signal_beats_yes: uses for which it also takes back a yes that was given before it. By default none: a yes to
            this shop, in words that were read, says more than a browser's general wish, and the signal means "do not
            sell or share". Where a law says that the signal is a valid request to opt out, it does.
    """

    reask_days: int = 183
    signal_reask_days: int = 365
    signal_stops: frozenset[Use] = frozenset(Use)
    signal_beats_yes: frozenset[Use] = frozenset()

    def plus(self, other: "Duties") -> "Duties":
        """Both together: the stricter of each."""
        return Duties(
            max(self.reask_days, other.reask_days),
            max(self.signal_reask_days, other.signal_reask_days),
            self.signal_stops | other.signal_stops,
            self.signal_beats_yes | other.signal_beats_yes,
        )


DEFAULT = Duties()


def duties_of(regime: Regime) -> Duties:
    """What a row of the table of laws asks for, together with our own rule.

    Where a law binds shops to the signal (the row's own ``signals``) as a request to stop selling and sharing, the
    signal also takes back an earlier yes to those.
    """
    binds = regime.id != regimes.DEFAULT and _SIGNAL in regime.binding and _SALE.intersection(regime.turns_off)
    beats = {Use.SALE} if binds else set()
    return DEFAULT.plus(Duties(regime.reask_days, regime.signal_reask_days, signal_beats_yes=frozenset(beats)))


def silenced(entry: Entry, cell: Cell | None, signal: Signal, duties: Duties, *, at: int) -> bool:
    """Whether a signal must be entered as a "no" to a purpose, given the answer that counts now.

    A yes that was said after the signal first came was said despite it, and stays.
    """
    use = use_of(entry)
    if entry.basis is Basis.LEGITIMATE_INTERESTS:
        return use in duties.signal_stops and (cell is None or (cell.yes and cell.said_at < signal.first_at))
    if entry.basis is Basis.CONSENT and cell is not None and cell.allows(at):
        return use in duties.signal_beats_yes and cell.said_at < signal.first_at
    return False


@dataclass(frozen=True, slots=True)
class MayAsk:
    """Whether somebody may be asked about a purpose now.

    Attributes:
        reason: never-asked · long-ago · ends-soon · ended, or why not: allowed · answered · pending · signal · held ·
            no-choice · purpose-expired.
        until: when that ends, if it does.
    """

    allowed: bool
    reason: str
    until: Micros | None = None


_SOON = 30 * DAY


def may_ask(
    cells: Iterable[Cell], answered_at: Micros | None, signal: Signal | None, duties: Duties, *, at: Micros
) -> MayAsk:
    """Whether to ask, by what was answered and signalled.

    Args:
        cells: the answers that count now for the purpose, a cell each.
        answered_at: when anything was last said about it.
    """
    if signal is not None and at < (quiet := Micros(signal.last_at + duties.signal_reask_days * DAY)):
        return MayAsk(False, "signal", quiet)
    if answered_at is None:
        return MayAsk(True, "never-asked")
    if at < (quiet := Micros(answered_at + duties.reask_days * DAY)):
        return MayAsk(False, "answered", quiet)
    yes = [cell for cell in cells if cell.yes]
    if not yes:
        return MayAsk(True, "long-ago")
    ends = [cell.until for cell in yes if cell.until is not None]
    if not ends:
        return MayAsk(False, "allowed")
    if min(ends) <= at:
        return MayAsk(True, "ended")
    soon = Micros(min(ends) - _SOON)
    return MayAsk(True, "ends-soon", min(ends)) if soon <= at else MayAsk(False, "allowed", soon)
