"""Week by week: trust moves, messages arrive, people order, complain and leave; and what would have been otherwise.

Two worlds of one crowd draw the same random numbers, so the difference between them, person by person, was caused by
what was decided differently: the true effect, without any error of sampling (common random numbers).
"""

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from goodwill.basics.errors import BadInput
from goodwill.simulate.world.crowd import Crowd
from goodwill.simulate.world.knobs import Knobs
from goodwill.simulate.world.noise import Bools, Doubles, Floats, Source, poisson, stream

Choice: TypeAlias = bool | NDArray[Any] | None  # for everybody, for each, or as it comes
_PULL, _ETHICAL, _UNASKED, _SHAKE = 0.08, 0.016, 0.012, 0.15  # how trust moves in a week
_TRUST_SELLS, _PROGRAMME_SELLS = 0.15, 0.12  # on the logarithm of the order rate
_MAIL, _SOCIAL = 0.35, 0.2  # chance of a message in a week
_YEAR = 52


@dataclass(frozen=True, eq=False)
class World:
    """What happened to a crowd, week by week. Arrays of n people, w weeks; ``knobs.weeks_before`` is the launch's.

    Attributes:
        programme: who is in the programme (its ethical treatment begins in the week of entry), shape (n,).
        consent: who says yes when asked, in the week of entry, shape (n,).
        trust: trust θ in the week, also of those who have left, shape (n, w), float32.
        present: whether they have not left before the week, shape (n, w).
        orders: orders in the week, shape (n, w), int16.
        complaints: whether they complain in the week, shape (n, w).
        exposures: whether a message of each of `CHANNELS` reached them, shape (3, n, w); none reaches those who left.
        tracked: whether the shop still sees what they do after their entry, shape (n,).
        recorded: whether the experiment's records know them, shape (n,).
    """

    crowd: Crowd
    programme: Bools
    consent: Bools
    trust: NDArray[np.float32]
    present: Bools
    orders: NDArray[np.int16]
    complaints: Bools
    exposures: Bools
    tracked: Bools
    recorded: Bools

    @property
    def knobs(self) -> Knobs:
        return self.crowd.knobs

    @property
    def spend(self) -> Doubles:
        """Major units of the shop's currency, shape (n, w)."""
        return self.orders * self.crowd.spend[:, None]

    @property
    def before(self) -> NDArray[np.int64]:
        """Orders before the launch, shape (n,): nothing that the shop does has touched them."""
        return _added(self.orders[:, : self.knobs.weeks_before])

    @property
    def after(self) -> NDArray[np.int64]:
        """Orders from the launch on, shape (n,)."""
        return _added(self.orders[:, self.knobs.weeks_before :])

    @property
    def visible(self) -> Bools:
        """Whether the shop sees a person in a week, shape (n, w); whoever is not tracked is gone from the entry on."""
        return self.tracked[:, None] | (np.arange(self.knobs.weeks) < self.crowd.entry[:, None])


def live(crowd: Crowd, *, programme: Choice = None, consent: Choice = None) -> World:
    """Let a crowd live through all weeks.

    Args:
        programme: who is in the programme: True for all, False for nobody, one for each; None as they were assigned.
        consent: who says yes when asked: in the same way; None as they would.

    Raises:
        BadInput: one for each, and not as many as there are people, or neither true nor false.
    """
    arm = _chosen(crowd, "programme", programme, crowd.assigned)
    yes = _chosen(crowd, "consent", consent, crowd.consents)
    diary = _Diary.blank(crowd.knobs.weeks, len(crowd))
    present, trust = np.ones(len(crowd), dtype=np.bool_), crowd.trust.astype(np.float32)
    drift = _Drift.of(crowd, arm, yes)
    for week in range(crowd.knobs.weeks):
        trust = drift.move(trust, week)
        messages = drift.messages(week) & present
        rate = crowd.rate * np.exp(drift.appetite(trust, messages, week))
        diary.trust[week], diary.present[week], diary.exposures[:, week] = trust, present, messages
        diary.orders[week] = np.where(present, poisson(rate, _chance(crowd, Source.ORDERS, week)), 0)
        diary.complaints[week] = present & (_short(crowd, Source.COMPLAINS, week) < 0.02 * np.exp(-0.8 * trust))
        present = present & ~drift.leaves(trust, week)
    return World(
        crowd=crowd, programme=arm, consent=yes, tracked=_tracked(crowd, yes), recorded=_recorded(crowd, arm),
        **diary.by_person(),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Drift:
    """What a week does to people, given what was decided about them."""

    crowd: Crowd
    baseline: NDArray[np.float32]
    arm: Bools
    yes: Bools
    retargeted: NDArray[np.float32]

    @classmethod
    def of(cls, crowd: Crowd, arm: Bools, yes: Bools) -> "_Drift":
        chance = np.minimum(0.8, 2.5 * crowd.rate).astype(np.float32)
        return cls(crowd, crowd.trust.astype(np.float32), arm, yes, chance)

    def move(self, trust: NDArray[np.float32], week: int) -> NDArray[np.float32]:
        """θ ← θ + 0.08 (θ₀ − θ) + 0.016 E − 0.012 U + 0.15 ε."""
        crowd, inside = self.crowd, self._entered(week)
        noise = stream(crowd.seed, Source.TRUST, week).standard_normal(len(crowd), dtype=np.float32)
        ethical, unasked = inside & self.arm, inside & self.yes & ~self.arm
        done = crowd.knobs.effect * (_ETHICAL * ethical - _UNASKED * unasked)
        moved: NDArray[np.float32] = trust + np.float32(_PULL) * (self.baseline - trust) + np.float32(_SHAKE) * noise
        return moved + done.astype(np.float32)

    def messages(self, week: int) -> Bools:
        """Whom each channel reaches in a week, shape (3, n): e-mail only those who said yes."""
        crowd = self.crowd
        email = _short(crowd, Source.EMAIL, week) < _MAIL
        social = _short(crowd, Source.SOCIAL, week) < _SOCIAL
        return np.stack([email & self.yes & self._entered(week), social,
                         _short(crowd, Source.RETARGETING, week) < self.retargeted])  # fmt: skip

    def appetite(self, trust: Floats, messages: Bools, week: int) -> Doubles:
        """What is added to the logarithm of each order rate in a week, shape (n,)."""
        knobs, inside = self.crowd.knobs, self._entered(week)
        friend = self.arm[self.crowd.friend] & self._entered(week)[self.crowd.friend] if knobs.interference else 0
        done = _PROGRAMME_SELLS * (inside & self.yes & self.arm) + knobs.interference * friend
        for delta, reached in zip(knobs.channels, messages, strict=True):
            done = done + delta * reached if delta else done
        calendar = knobs.seasonality * np.sin(2 * np.pi * week / _YEAR) + knobs.shock * (week >= knobs.weeks_before)
        added: Doubles = _TRUST_SELLS * trust.astype(np.float64) + knobs.effect * done + calendar
        return added

    def leaves(self, trust: NDArray[np.float32], week: int) -> Bools:
        """Who is gone after a week, for good, shape (n,): logit⁻¹(−4 − 0.45 θ) of those who are there."""
        crowd = self.crowd
        if week < crowd.knobs.weeks_before and not crowd.knobs.churn_before:
            return np.zeros(len(crowd), dtype=np.bool_)
        gone: Bools = _short(crowd, Source.LEAVES, week) < 1 / (1 + np.exp(4.0 + 0.45 * trust))
        return gone

    def _entered(self, week: int) -> Bools:
        return self.crowd.entry <= week


@dataclass(frozen=True, eq=False)
class _Diary:
    """What is written down while the weeks pass, a row per week: so that each is written in one piece."""

    trust: NDArray[np.float32]
    present: Bools
    orders: NDArray[np.int16]
    complaints: Bools
    exposures: Bools

    @classmethod
    def blank(cls, weeks: int, people: int) -> "_Diary":
        shape = (weeks, people)
        return cls(
            trust=np.empty(shape, dtype=np.float32),
            present=np.empty(shape, dtype=np.bool_),
            orders=np.empty(shape, dtype=np.int16),
            complaints=np.empty(shape, dtype=np.bool_),
            exposures=np.empty((3, *shape), dtype=np.bool_),
        )

    def by_person(self) -> dict[str, Any]:
        """The same with people first; nothing is copied, and nobody may write into it."""
        turned = {field.name: np.swapaxes(getattr(self, field.name), -1, -2) for field in fields(self)}
        for one in turned.values():
            one.flags.writeable = False
        return turned


def _added(counts: NDArray[Any]) -> NDArray[np.int64]:
    total: NDArray[np.int64] = counts.sum(axis=1, dtype=np.int64)
    return total


def _chosen(crowd: Crowd, name: str, choice: Choice, otherwise: Bools) -> Bools:
    if choice is None:
        return otherwise
    if isinstance(choice, bool):
        return np.full(len(crowd), choice)
    given = np.asarray(choice)
    if given.shape != (len(crowd),) or not np.isin(given, (0, 1)).all():
        raise BadInput(
            f"'{name}' is True, False, or one true or false for each of the {len(crowd)} people; got {given.shape}."
        )
    return given.astype(np.bool_)


def _tracked(crowd: Crowd, yes: Bools) -> Bools:
    return yes | (stream(crowd.seed, Source.TRACKED).random(len(crowd)) >= crowd.knobs.untracked)


def _recorded(crowd: Crowd, arm: Bools) -> Bools:
    return ~arm | (stream(crowd.seed, Source.RECORDED).random(len(crowd)) >= crowd.knobs.srm)


def _chance(crowd: Crowd, source: Source, week: int) -> Doubles:
    return stream(crowd.seed, source, week).random(len(crowd))


def _short(crowd: Crowd, source: Source, week: int) -> NDArray[np.float32]:
    """As `_chance`, in half the space: for what happens or does not."""
    return stream(crowd.seed, source, week).random(len(crowd), dtype=np.float32)
