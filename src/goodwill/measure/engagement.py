"""Who takes part: visits a week, clicks and orders a mail, reactions a thousand people reached.

Clicks and orders are what somebody did. Opens are told only beside them and labelled unreliable: mail programs open
mails by themselves.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from goodwill.basics.errors import BadInput
from goodwill.measure.estimate import LEVEL
from goodwill.measure.given import LARGEST, Truths, Whole, equally_long, listed, truths, wholes
from goodwill.measure.rates import NOT_KNOWN_APART, Rate, plain_rate, rate_of, rate_sums, share_of
from goodwill.sums import Sums

UNRELIABLE: Final = (
    "Opens are unreliable: mail programs fetch pictures unasked or not at all. Judge a letter by clicks and orders."
)


def visit_frequency(visits: ArrayLike, weeks: ArrayLike, level: float = LEVEL) -> Rate:
    """Visits per active week.

    Args:
        visits: how often each customer came, shape (n,). weeks: in how many weeks she was active, whole, shape (n,); an
            active week is one in which she was a customer and could have come, whether she came or not.

    The interval is that of a negative binomial distribution; see `rates.rate_of`, which takes the sums themselves.
    """
    return rate_of(rate_sums(visits, weeks, names=("visits", "weeks")), level)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRates:
    """What came of mails, per mail delivered.

    Attributes:
        clicks: the share of mails with a click by a person. orders: orders per mail.
        unsubscribed, complaints: guardrails: shares of mails that drove somebody away.
        raw_opens, opens: the share opened, as counted, and without what a program fetched by itself; unreliable both.
    """

    clicks: Rate
    orders: Rate
    unsubscribed: Rate
    complaints: Rate
    raw_opens: Rate
    opens: Rate

    def to_dict(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name).to_dict() for one in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mails:
    """What happened to each mail that was delivered; all arrays of shape (mails,).

    Attributes:
        person: who received it; mails of one person hang together. orders: how many came of it; the rest yes or no.
        opened: an open was counted. prefetched: the mailbox fetches by itself (Apple's Mail Privacy Protection).
    """

    person: ArrayLike
    clicked: ArrayLike
    orders: ArrayLike
    opened: ArrayLike
    prefetched: ArrayLike
    unsubscribed: ArrayLike
    complained: ArrayLike


def adjusted_opens(opened: ArrayLike, prefetched: ArrayLike) -> Truths:
    """Which mails a person may have opened herself.

    | fetches by itself | open counted | raw | adjusted |
    |---|---|---|---|
    | no | no | no | no |
    | no | yes | yes | yes |
    | yes | no | no | no |
    | yes | yes | yes | never |
    """
    raw, machine = truths("opened", opened), truths("prefetched", prefetched)
    equally_long(opened=raw, prefetched=machine)
    adjusted: Truths = raw & ~machine
    return adjusted


def mail_sums(mails: Mails) -> dict[str, Sums]:
    """For each rate the sums that it is worked out from; a person's can be subtracted.

    The adjusted opens are of mails to mailboxes that do not fetch by themselves: of the others nothing can be known.
    """
    who = wholes("person", mails.person, least=-LARGEST)
    machine, adjusted = truths("prefetched", mails.prefetched), adjusted_opens(mails.opened, mails.prefetched)
    orders = wholes("orders", mails.orders)
    hits: dict[str, Whole | Truths] = {
        "clicks": truths("clicked", mails.clicked), "orders": orders, "raw_opens": truths("opened", mails.opened),
        "unsubscribed": truths("unsubscribed", mails.unsubscribed),
        "complaints": truths("complained", mails.complained),
    }  # fmt: skip
    equally_long(person=who, prefetched=machine, **hits)
    _, place = np.unique(who, return_inverse=True)
    people = int(place.max(initial=-1)) + 1
    delivered = np.bincount(place, minlength=people)
    sums = {name: rate_sums(_of_each(place, hit, people), delivered) for name, hit in hits.items()}
    seen = np.bincount(place[~machine], minlength=people)
    return {**sums, "opens": rate_sums(_of_each(place, adjusted, people), seen)}


def mail_rates(mails: Mails, level: float = LEVEL) -> MailRates:
    """What came of mails; intervals know that several mails go to one person."""
    return mail_rates_of(mail_sums(mails), level)


def mail_rates_of(sums: dict[str, Sums], level: float = LEVEL) -> MailRates:
    """What came of mails, from their sums."""
    shares = {name: share_of(one, level) for name, one in sums.items() if name != "orders"}
    return MailRates(
        clicks=shares["clicks"], orders=rate_of(sums["orders"], level), unsubscribed=shares["unsubscribed"],
        complaints=shares["complaints"], raw_opens=_unreliable(shares["raw_opens"]), opens=_unreliable(shares["opens"]),
    )  # fmt: skip


def per_thousand(interactions: ArrayLike, reached: ArrayLike, level: float = LEVEL) -> Rate:
    """Likes, replies and shares per 1,000 people reached.

    Args:
        interactions, reached: of each post, whole numbers, shape (n,); or two totals, whose interval is only Poisson's.
    """
    names = ("interactions", "reached")
    one, other = listed("interactions", interactions), listed("reached", reached)
    if (one is interactions) != (other is reached):
        raise BadInput("Give 'interactions' and 'reached' alike: both of each post, or both as totals.")
    if one is interactions:
        return rate_of(rate_sums(interactions, reached, names=names), level, per=1_000)
    return replace(plain_rate(interactions, reached, level, per=1_000, names=names), warnings=(NOT_KNOWN_APART,))


def _of_each(place: Whole, hit: Whole | Truths, people: int) -> Whole:
    """How often with each person, whole."""
    return np.rint(np.bincount(place, hit, minlength=people)).astype(np.int64)


def _unreliable(rate: Rate) -> Rate:
    return replace(rate, warnings=(UNRELIABLE, *rate.warnings))
