"""Measures of mails, and of what customers say: what came of letters that were sent, and how many would recommend."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from goodwill.basics.errors import CannotTell
from goodwill.measure.answer import Answer
from goodwill.measure.engagement import UNRELIABLE
from goodwill.measure.joining import OfMails
from goodwill.measure.period import Period
from goodwill.measure.rates import Rate, rate_of, share_of
from goodwill.measure.trials import under
from goodwill.purposes import MEASUREMENT
from goodwill.shop.measures.measure import Asked, Measure, Option, Options, left_out, step, total_of

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

_ALONE: Final = "no others, as figures of two lengths would tell of few by their difference"
_UNNAMED = (
    "No mail that was sent here carries a number which a click could name, so clicks cannot be counted by mail. Let "
    "whoever sends them write the same number on 'sent' and 'clicked'."
)


def _mail(shop: "Shop", period: Period, options: Options) -> Answer:
    days, follow = options["days"], options["follow"]
    total = total_of(
        shop, OfMails(until=period.end, currency=shop.settings.currency, since=period.end - days + 1, follow=follow)
    )
    asked = Asked("mail", period, options)
    why = left_out(MEASUREMENT, bought=f"got no mail in that time which could be followed for {follow} days")
    clicks, opens = (_named(share_of(under(total.sums, f"{rate}_"))) for rate in ("clicks", "opens"))
    orders = rate_of(under(total.sums, "orders_"))
    if not orders.n:
        raise CannotTell(
            f"No mail was sent in the {days} days up to the end to anybody who allows '{MEASUREMENT}', as far as the "
            "shop knows. Mails are events 'sent'."
        )
    headline = asked.figure(
        clicks, total, counted=clicks.n, name="clicks of a delivered mail", unit="share", why=why,
        method="Mails with a click that names them, of mails that carry a number; mails of one person hang together "
        "(Korn and Graubard's interval).",
    )  # fmt: skip
    others = (
        asked.figure(
            orders, total, counted=orders.n, name=f"orders within {follow} days of a mail", unit="orders", why=why,
            method="Orders that followed a mail, each once; they need not have come of it. Interval of a negative "
            "binomial distribution.",
        ),
        asked.figure(
            opens if opens.refused else replace(opens, warnings=(UNRELIABLE, *opens.warnings)), total, counted=opens.n,
            name="opens of a delivered mail (unreliable)", unit="share", why=why, method="As counted; see the warning.",
        ),
    )  # fmt: skip
    return Answer(headline, others)


def _named(rate: Rate) -> Rate:
    """The same, or why there is none where no mail carries a number."""
    return rate if rate.n else Rate.refuse(_UNNAMED, level=rate.level)


def _nps(shop: "Shop", period: Period, options: Options) -> Answer:  # noqa: ARG001 - as every measure is asked
    raise CannotTell(
        "Nobody was asked yet whether they would recommend this shop: it has no survey. With numbers from elsewhere: "
        "goodwill.measure.nps(promoters, passives, detractors) in Python."
    )


MEASURES = (
    Measure(
        "mail", "what came of mails: clicks and orders of each that was delivered", MEASUREMENT,
        (
            Option("days", f"of mails sent in so many days up to the end; {_ALONE}", 91, step("days", 91)),
            Option("follow", f"days for which each mail is followed; {_ALONE}", 7, step("follow", 7)),
        ),
        _mail,
    ),
    Measure("nps", "how many would recommend the shop, less those who would not", MEASUREMENT, (), _nps, "points"),
)  # fmt: skip
