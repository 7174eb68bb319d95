"""What can be turned in the world with known truth. Everything left alone is as the design has it."""

import re
from dataclasses import dataclass, fields
from datetime import date

from goodwill.basics.errors import BadInput


@dataclass(frozen=True, slots=True)
class Knobs:
    """The world's settings.

    Attributes:
        people: how many customers, 20 to 200,000.
        weeks_before: weeks before the launch, 1 to 104; nobody is asked and nothing is offered in them.
        weeks_after: weeks from the launch on, 1 to 260; a longer world begins as the shorter one.
        churn_before: whether people may leave before the launch already; else the experiment begins with all of them.
        effect: times everything that the shop's doing does: programme, asking, messages; exactly 0 for none of it.
        email, social, retargeting: what a message of that channel adds to the logarithm of the order rate in its week.
        treated: share of people assigned to the programme, 0 to 1.
        waves: in how many weekly waves people enter (programme, question for consent) from the launch on.
        confounding: times what trust and X₂ add to the consent's log-odds; 0: consent is drawn by lot.
        hidden_trust: whether the shop does not know anybody's trust (`Crowd.covariates`).
        consent_share: expected share of those who consent, 0.1 to 0.9; None: log-odds of 0.1, about half.
        overlap: above 0 to 1; below 1, X₃, which is measured, drives consent too, by (1/overlap − 1)·X₃.
        reliability: of the trust scale (the mean of its items), 0.5 to 1.
        seasonality: height of the yearly wave in the logarithm of the order rate.
        shock: what is added to the logarithm of everybody's order rate from the launch on.
        interference: what a friend in the programme adds to the logarithm of the order rate.
        untracked: share of those without consent whose doing the shop no longer sees from their entry on.
        srm: share of the programme's people who are missing from the records.
        duplicates: share of order records that come twice.
        ties: share of orders that are stamped at noon of their day.
        late: share of order records that arrive up to three weeks late.
        currency: of the shop, three capital letters.
        foreign: share of people who pay in ``foreign_currency``; one of the shop's own is ``rate`` of it.
        offer_ratio: offer rate of group 1 over that of group 0, over all.
        conditional_ratio: the same among people who are alike (in one stratum).
        start: the first day, a Monday for a week as calendars have it.
    """

    people: int = 20_000
    weeks_before: int = 13
    weeks_after: int = 26
    churn_before: bool = False
    effect: float = 1.0
    email: float = 0.10
    social: float = 0.05
    retargeting: float = 0.0
    treated: float = 0.5
    waves: int = 1
    confounding: float = 1.0
    hidden_trust: bool = True
    consent_share: float | None = None
    overlap: float = 1.0
    reliability: float = 0.8
    seasonality: float = 0.0
    shock: float = 0.0
    interference: float = 0.0
    untracked: float = 0.0
    srm: float = 0.0
    duplicates: float = 0.0
    ties: float = 0.0
    late: float = 0.0
    currency: str = "EUR"
    foreign: float = 0.0
    foreign_currency: str = "USD"
    rate: float = 1.1
    offer_ratio: float = 0.78
    conditional_ratio: float = 1.0
    start: date = date(2025, 1, 6)

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_range(field.name, getattr(self, field.name))
        for name in ("currency", "foreign_currency"):
            if not re.fullmatch("[A-Z]{3}", getattr(self, name)):
                raise BadInput(
                    f"The world's '{name}' is three capital letters, such as EUR; got {getattr(self, name)!r}."
                )
        if self.waves > self.weeks_after:
            raise BadInput(
                f"{self.waves} weekly waves do not fit into {self.weeks_after} weeks; give more weeks_after."
            )

    @property
    def weeks(self) -> int:
        return self.weeks_before + self.weeks_after

    @property
    def channels(self) -> tuple[float, float, float]:
        """What a message adds to the logarithm of the order rate, in the order of `CHANNELS`."""
        return self.email, self.social, self.retargeting


CHANNELS = ("email", "social", "retargeting")
_RANGES: dict[str, tuple[float, float]] = {
    "people": (20, 200_000),
    "weeks_before": (1, 104),
    "weeks_after": (1, 260),
    "effect": (-10, 10),
    "email": (-2, 2),
    "social": (-2, 2),
    "retargeting": (-2, 2),
    "treated": (0, 1),
    "waves": (1, 260),
    "confounding": (0, 10),
    "consent_share": (0.1, 0.9),
    "overlap": (0.05, 1),
    "reliability": (0.5, 1),
    "seasonality": (0, 2),
    "shock": (-2, 2),
    "interference": (-2, 2),
    "untracked": (0, 1),
    "srm": (0, 0.9),
    "duplicates": (0, 1),
    "ties": (0, 1),
    "late": (0, 1),
    "foreign": (0, 1),
    "rate": (0.000_001, 1_000_000),
    "offer_ratio": (0.1, 2),
    "conditional_ratio": (0.1, 2),
}


_WHOLE = {"people", "weeks_before", "weeks_after", "waves"}


def _check_range(name: str, value: object) -> None:
    if name not in _RANGES or (value is None and name == "consent_share"):
        return
    low, high = _RANGES[name]
    kind, called = (int, "whole number") if name in _WHOLE else (int | float, "number")
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        raise BadInput(f"The world's '{name}' is a {called} between {low:g} and {high:g}; got {value!r}.")
