"""What the shop was once told of people for a period, kept for measures that also rest on what is written by hand.

A cost that is written down later changes the return at once. What is known of people stays what it was first, so that
nobody learns of one person by asking again: only the ledger may move.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from goodwill.access import Total
from goodwill.basics.errors import CannotTell
from goodwill.learn.composed import only
from goodwill.measure import store
from goodwill.measure.period import Period
from goodwill.measure.store import KeptAnswer
from goodwill.measure.together import Member, Together
from goodwill.shop.measures.measure import total_of
from goodwill.shop.measures.since import withheld
from goodwill.storage import AsOf

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be known of people.

    Attributes:
        name, options: under which it is kept. what: what people contribute.
        made: plain values of their total; raises CannotTell where it tells nothing.
    """

    name: str
    options: Mapping[str, Any]
    what: Member
    made: Callable[[Total], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was told first, in plain values, and how far the data then reached."""

    told: Mapping[str, Any]
    as_of: AsOf


def facts(shop: "Shop", period: Period, wanted: Wanted) -> Facts:
    """What was told of people of a period; worked out and kept where it was not yet.

    Raises:
        TooFew, CannotTell: it was not, and cannot be told.
    """
    kept = _kept(shop, period, wanted) or _keep(shop, period, wanted, total_of(shop, wanted.what))
    return Facts(json.loads(kept.answer), kept.as_of)


def read_together(shop: "Shop", period: Period, wanted: Sequence[Wanted]) -> None:
    """Work several out in one reading of people, where more than one is not kept yet.

    Raises:
        TooFew: fewer people may be counted than the purpose asks for.
    """
    lacking = [one for one in wanted if _kept(shop, period, one) is None]
    if len(lacking) < 2:
        return
    total = total_of(shop, Together(tuple(one.what for one in lacking)))
    for one in lacking:
        try:
            _keep(shop, period, one, replace(total, sums=only(total.sums, one.what.name)))
        except CannotTell:
            continue  # whoever asks for it alone is told why


def _kept(shop: "Shop", period: Period, wanted: Wanted) -> KeptAnswer | None:
    with shop.database.reading() as connection:
        return store.kept_answer(connection, _asked(period, wanted))


def _keep(shop: "Shop", period: Period, wanted: Wanted, total: Total) -> KeptAnswer:
    document = json.dumps(wanted.made(total), allow_nan=False)
    asked = _asked(period, wanted)
    new = KeptAnswer(asked, document, total.as_of, shop.clock())
    with shop.database.transaction() as connection:
        store.one_question_at_a_time(connection)
        if (told := store.kept_answer(connection, asked)) is not None:
            return told
        if why := withheld(shop, connection, asked, wanted.what.purpose, total.as_of):
            raise CannotTell(why)
        return store.keep_answer(connection, new)


def _asked(period: Period, wanted: Wanted) -> store.Asked:
    return store.Asked(period.end, period.every, wanted.name, json.dumps(dict(wanted.options), sort_keys=True))
