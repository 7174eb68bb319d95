"""Each night: are the reasons that were told true? A sample of the day's decisions is tried, and the figure published.

What comes of it stands in the audit log: it is about nobody, belongs to nobody's data, and cannot be made nicer later.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from goodwill import people
from goodwill.access import Door
from goodwill.basics.clock import DAY, day_of
from goodwill.basics.errors import Conflict, NotFound, Quarantined, Refused
from goodwill.basics.ids import opaque
from goodwill.decide import record
from goodwill.decide.again import asked_now, check_allowed, then_of
from goodwill.decide.decision import Decision
from goodwill.decide.faithful import FITTING, KINDS, Trial, trials
from goodwill.decide.placed_again import falls, placed_then
from goodwill.learn.library import Models
from goodwill.measure.share import Share, share
from goodwill.purposes import RECOMMENDATIONS
from goodwill.storage import Database, audit

if TYPE_CHECKING:
    from goodwill.decide.shelf import Shelf
    from goodwill.shop.shop import Shop

SAMPLE: Final = 200  # decisions
WANTED: Final = 0.95
LEAST: Final = 30  # reasons; of fewer nothing is said
MOST_UNTRIED: Final = 0.2  # of the decisions that were drawn; where more could not be tried, nothing is said
_ACTION: Final = "faithfulness.measure"
# Why a decision could not be tried: she took back what it used, or is gone; made again it differs from what was written
# down.
_UNTRIED: Final = ("taken-back", "differs")


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """How many of the reasons that were told are true.

    Attributes:
        at: when it was measured.
        seed: which decisions were drawn, and which items of them.
        decisions: how many were drawn; untried: how many of them could not be tried, by why.
        anew: how many were asked anew of today's models and tried on that, as their own models are gone.
        all: of all reasons that were tried; kinds: of those for usual items, new ones, and what goes with a basket.
    """

    at: int
    seed: int
    decisions: int
    untried: dict[str, int]
    anew: int
    all: Share
    kinds: dict[str, Share]

    @property
    def enough(self) -> bool | None:
        """Whether the share is what is asked for and each decision came out the same; None: too little was tried."""
        few = self.all.of < LEAST or sum(self.untried.values()) > MOST_UNTRIED * self.decisions
        if self.untried["differs"] or self.all.high < WANTED or (not few and self.all.value < WANTED):
            return False
        return None if few else True


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A decision that is to be tried, and as it was written down."""

    made: Decision
    written: str

    @property
    def rests_on(self) -> str:
        """Names the models that it was made with."""
        footing = self.made.footing
        return f"{footing.models} {footing.reach} {footing.weight} {footing.floored}"


@dataclass
class _Tried:
    """What comes of one night, while it is under way."""

    decisions: int = 0
    anew: int = 0
    untried: Counter[str] = field(default_factory=Counter)
    reasons: list[Trial] = field(default_factory=list)
    models: dict[str, Models] = field(default_factory=dict)


@dataclass(frozen=True)
class Faithful:
    """Whether one shop's reasons are true."""

    shop: "Shop"

    def latest(self) -> Faithfulness | None:
        """What came of the last time; None if it was never measured."""
        return latest(self.shop.database)

    def measure(self, *, most: int = SAMPLE, seed: int | None = None) -> Faithfulness:
        """Try the reasons of some of the last day's personalised lists of products, and write down what came of it.

        Nobody who took back what a decision used is used again for it.

        Args:
            seed: which are drawn; by the day unless given.

        Raises:
            Quarantined: nobody's consent counts just now.
        """
        if self.shop.proofs.quarantine is not None:
            raise Quarantined("The consent ledger is in quarantine; it says why: goodwill consent verify")
        now = self.shop.clock()
        seed = day_of(now, self.shop.settings.zone) if seed is None else seed
        dice = Random(seed)  # noqa: S311 - which are drawn is no secret
        tried = _Tried()
        for drawn in self._drawn(dice, most, tried):
            self._try(drawn, dice, tried)
        with self.shop.change(_ACTION) as change:
            change.entry.detail |= _detail(seed, tried)
            return _read(now, change.entry.detail)

    def _drawn(self, dice: Random, most: int, tried: _Tried) -> list[_Drawn]:
        """Personalised lists of products of the last day, by lot; those of the same models one after another."""
        now = self.shop.clock()
        today = day_of(now, self.shop.settings.zone)
        with self.shop.database.reading() as connection:
            numbers = people.log.some_decisions(
                connection, days=(today - 1, today), since=now - DAY, start=dice.getrandbits(62), most=10 * most
            )
        found: list[_Drawn] = []
        for number in numbers:
            if len(found) + tried.untried["taken-back"] == most:
                break
            try:
                with self.shop.at_the_door() as door:
                    one = _Drawn(*record.read_raw(door, door.connection, opaque(number)))
            except NotFound:  # erased a moment ago
                tried.untried["taken-back"] += 1
                continue
            if one.made.personalised and one.made.purpose == RECOMMENDATIONS:
                found.append(one)
        tried.decisions = len(found) + tried.untried["taken-back"]
        return sorted(found, key=lambda one: one.rests_on)

    def _try(self, drawn: _Drawn, dice: Random, tried: _Tried) -> None:
        shop, shelf = self.shop, self.shop.shelf()
        with shop.at_the_door() as door:
            try:
                if drawn.made.purpose != RECOMMENDATIONS:
                    tried.reasons += _of_placed(door, shelf, drawn, dice, tried)
                    return
                check_allowed(door, drawn.made)
            except Refused:
                tried.untried["taken-back"] += 1
                return
            try:
                then = then_of(door, shop.library, shelf, drawn.made, known=tried.models.get(drawn.rests_on))
            except (Refused, Conflict):  # somebody else left, or the catalogue has changed
                self._try_anew(door, drawn.made, dice, tried)
                return
            if then.models is not None:
                tried.models = {drawn.rests_on: then.models}  # the last only: they are large
            try:
                tried.reasons += trials(then, drawn.written, dice)
            except Conflict:
                tried.untried["differs"] += 1

    def _try_anew(self, door: Door, made: Decision, dice: Random, tried: _Tried) -> None:
        """Ask the same of today's models, and try the reasons of what comes of it."""
        deciding = self.shop.deciding
        try:
            then = asked_now(door, self.shop.library, deciding.choosing, deciding.rules, made)
            found = list(trials(then, record.encoded(then.decision), dice))
        except Refused:
            tried.untried["taken-back"] += 1
        except Conflict:
            tried.untried["differs"] += 1
        else:
            tried.reasons += found
            tried.anew += 1


def _of_placed(door: Door, shelf: "Shelf", drawn: _Drawn, dice: Random, tried: _Tried) -> list[Trial]:
    """What comes of trying one reason of a decision on content or offers; none where it rests on nothing of hers."""
    then = placed_then(door, shelf, drawn.made)
    if record.encoded(then.again()) != drawn.written:
        tried.untried["differs"] += 1
        return []
    found = falls(then, dice)
    return [] if found is None else [Trial(FITTING, found)]


def latest(database: Database) -> Faithfulness | None:
    """What came of the last time that it was measured; None if it never was."""
    with database.reading() as connection:
        lines = audit.latest(connection, 10, action=_ACTION)
    done = next((line for line in lines if line.outcome == audit.DONE), None)
    return None if done is None else _read(done.at, done.detail)


def _detail(seed: int, tried: _Tried) -> dict[str, str | int | bool | None]:
    counted: dict[str, str | int | bool | None] = {"seed": seed, "decisions": tried.decisions}
    counted["anew"] = tried.anew
    counted |= {f"untried {why}": tried.untried[why] for why in _UNTRIED}
    for kind in KINDS:
        of_kind = [trial.fell for trial in tried.reasons if trial.kind == kind]
        counted |= {f"{kind} tried": len(of_kind), f"{kind} true": sum(of_kind)}
    return counted


def _read(at: int, detail: Mapping[str, object]) -> Faithfulness:
    number = {name: value for name, value in detail.items() if isinstance(value, int)}
    # An older goodwill tried fewer kinds, and asked nothing anew.
    pairs = {kind: (number.get(f"{kind} true", 0), number.get(f"{kind} tried", 0)) for kind in KINDS}
    return Faithfulness(
        at=at,
        seed=number["seed"],
        decisions=number["decisions"],
        anew=number.get("anew", 0),
        untried={why: number[f"untried {why}"] for why in _UNTRIED},
        all=share(sum(hits for hits, _ in pairs.values()), sum(of for _, of in pairs.values())),
        kinds={kind: share(*pair) for kind, pair in pairs.items()},
    )
