"""Whether leaving some people out of the programme would do better than everybody, by what was known of them before."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from goodwill.access import Total
from goodwill.basics.ids import PersonId
from goodwill.basics.money import digits_of
from goodwill.decide.experiments import place
from goodwill.measure.answer import Answer, Column, Table
from goodwill.measure.bought import Numbers
from goodwill.measure.estimate import Estimate
from goodwill.measure.experiments.split import sample_ratio
from goodwill.measure.figure import SMALL, Figure, Grade, told_of
from goodwill.measure.helping import FOLDS, KNOWN, TOO_FEW, Best, ByPast, Helped, Tried, helped, tried_of
from goodwill.measure.period import Period
from goodwill.purposes import STATISTICS
from goodwill.shop.measures.divided import Trial, holdout_of, trial_of
from goodwill.shop.measures.measure import (
    Asked,
    Measure,
    Option,
    Options,
    in_money,
    is_of_few,
    left_out,
    name,
    total_of,
)

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_SEED: Final = 91
_SALT: Final = "goodwill targeting folds"  # apart from every lot, so that a fold says nothing of an arm
_METHOD: Final = (
    f"Foretold of each by {', '.join(KNOWN[:-1])} and {KNOWN[-1]}, as known before the first day; learned from people "
    "other than those it is tried on (residual on residual, one fold after another). Amounts in steps of 2 %."
)
_QINI: Final = "Area between the Qini curve and chance, of the largest there could be; interval by resampling people."
_WELCH: Final = "Welch's t interval."


def _targeting(shop: "Shop", period: Period, options: Options) -> Answer:
    wanted = options["experiment"]
    trial = trial_of(shop, wanted, period) if wanted else holdout_of(shop, period)
    total = total_of(
        shop,
        ByPast(
            until=trial.until, currency=shop.settings.currency, since=trial.since, arm_of=trial.arm_of, fold_of=_folds
        ),
    )
    told = _Told(Asked("targeting", period, options), trial, total, shop.settings.currency)
    return told.answer()


def _folds(persons: Numbers) -> Numbers:
    """By a lot of its own, so that each keeps her fold for good."""
    return np.array([int(FOLDS * place(_SALT, PersonId(one))) for one in persons.tolist()], np.int64)


class _Told:
    """How it is told whom a lot's arm helped."""

    def __init__(self, asked: Asked, trial: Trial, total: Total, currency: str) -> None:
        self._asked, self._trial, self._total, self._currency = asked, trial, total, currency
        self._of = tried_of(total.sums)
        control, treated, *_ = (*trial.shares, trial.control)
        self._between = f"'{treated}' beside '{control}', {trial.days}"

    def answer(self) -> Answer:
        """The Qini of the forecast with its verdict, or why there is none."""
        if why := self._blocks(self._of):
            return Answer(self._qini(Estimate.refuse(why)))
        found = helped(self._of, seed=_SEED)
        if found.qini.refused:
            return Answer(self._qini(found.qini))
        said = (found.verdict, *self._noted())
        headline = self._qini(replace(found.qini, warnings=(*said, *found.qini.warnings)))
        return Answer(headline, self._halves(found), (self._table(found.best),) if found.best else ())

    def _blocks(self, of: Tried) -> str:
        """Why nothing of the comparison may be told; "" where it may."""
        if of.people.min() < SMALL:
            return f"An arm has fewer than {SMALL} people who allow '{STATISTICS}', and no figure is about so few."
        planned = [*self._trial.shares.values()][:2]
        if blocks := sample_ratio([[0, 0], of.people.tolist()], [one / sum(planned) for one in planned]).blocks:
            return blocks
        return TOO_FEW if is_of_few(of.bought) else ""

    def _noted(self) -> tuple[str, ...]:
        foreign = self._total.sums.number("foreign")
        said = [f"{told_of(foreign, 'orders')} in another currency than {self._currency} are left out."]
        return (*(said if foreign else ()), "Amounts are revenue, not what stays of it.")

    def _qini(self, estimate: Estimate) -> Figure:
        what = f"how well the past foretells whom it helps (Qini): {self._between}"
        return self._figure(estimate, what, "share", _QINI, seed=_SEED)

    def _halves(self, found: Helped) -> tuple[Figure, ...]:
        """What it brings somebody of the best half, and of the rest."""
        half = next((one for one in found.best if one.share == 0.5), None)
        if half is None:
            return ()
        named = (("the half whom it should help most", half.best), ("the other half", half.rest))
        return tuple(
            self._figure(in_money(one, self._currency), f"what it brings one of {who}", self._currency, _WELCH)
            for who, one in named
        )

    def _figure(self, estimate: Estimate, what: str, unit: str, method: str, seed: int | None = None) -> Figure:
        return self._asked.figure(
            estimate, self._total, counted=int(self._of.people.sum()), name=what, unit=unit,
            method=f"{method} {_METHOD}", grade=Grade.A, seed=seed,
            why=left_out(STATISTICS, bought="are in no arm that is compared here"),
        )  # fmt: skip

    def _table(self, best: tuple[Best, ...]) -> Table:
        """The best so many beside the rest, in money of a customer."""
        one = 10 ** digits_of(self._currency)
        rows = []
        for cut in best:
            ends = [
                None if end is None else end / one
                for side in (cut.best, cut.rest)
                for end in (side.value, side.low, side.high)
            ]
            rows.append((cut.share, *ends))
        says = "What it brings a customer among the best so many by the forecast, and among all others."
        ends_of = ("brings", "low", "high")
        columns = [Column(f"{who} {end}", self._currency) for who in ("best", "rest") for end in ends_of]
        return Table("best and rest", says, (Column("best", "share"), *columns), tuple(rows))


MEASURES = (
    Measure(
        "targeting", "whether leaving some out of the programme, by their past, would do better than everybody",
        STATISTICS,
        (Option("experiment", "an experiment whose arms are compared; usually those who are held out and all others",
                None, name("an experiment")),),
        _targeting, "share",
    ),
)  # fmt: skip
