"""Forget somebody: take back all that she allowed, and prove that nothing learned holds her any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill import consent
from goodwill.access import Total
from goodwill.basics.clock import day_of
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, Receipt
from goodwill.purposes import Basis, Purpose

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop, Who


@dataclass(frozen=True, slots=True)
class Proved:
    """What one total said before, after, and when it was built anew.

    Attributes:
        name: of the total; purpose: the one that everybody in it has allowed.
        hash_before: of the whole numbers while they held her.
        hash_after: after her part was subtracted.
        hash_rebuilt_without: of the same total worked out anew from a database in which she says no.
        people_before, people_after: how many people it counts.
    """

    name: str
    purpose: Purpose
    hash_before: str
    hash_after: str
    hash_rebuilt_without: str
    people_before: int
    people_after: int

    @property
    def equal(self) -> bool:
        """Whether subtracting her gave, bit for bit, what never had her."""
        return self.hash_after == self.hash_rebuilt_without

    @property
    def was_counted(self) -> bool:
        return self.hash_before != self.hash_after or self.people_before != self.people_after


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The proof that a person is in nothing that the shop knows any more.

    Attributes:
        totals: every total that the shop keeps, by its name.
        milliseconds: from before the withdrawal until all totals and models are without her, commits included.
        receipts: for what she took back.
    """

    person: PersonId
    totals: tuple[Proved, ...]
    milliseconds: float
    receipts: tuple[Receipt, ...]

    @property
    def equal(self) -> bool:
        """Whether every total equals, bit for bit, one that never had her."""
        return all(one.equal for one in self.totals)

    @property
    def was_counted(self) -> bool:
        """Whether she was in any of them."""
        return any(one.was_counted for one in self.totals)

    def total(self, name: str) -> Proved:
        """The total of that name."""
        return next(one for one in self.totals if one.name == name)


def forget(shop: "Shop", who: "Who | str") -> Forgotten:
    """Take back all that somebody allowed, and prove of every total that it holds her no more.

    All are settled before, settled again after the withdrawal, and then worked out anew from the database by another
    way than the one that settles; the last two must be equal, bit for bit.

    Raises:
        NotFound: nobody of that name is known.
    """
    person = shop.known(who)
    before = shop.settle_all()
    start = perf_counter()
    with shop.change("person.forget", about=person) as change:
        receipts = _withdraw_all(shop, change.connection, person)
        shop.erasure.leave_alone(change.connection, person)
    after = {name: shop.caught_up(name) for name in before}
    took = (perf_counter() - start) * 1_000
    rebuilt = {name: shop.rebuilt(name) for name in before}
    shop.settle_all()
    totals = tuple(_proved(shop, name, before, after, rebuilt) for name in before)
    return Forgotten(person, totals, took, tuple(receipts))


def _proved(
    shop: "Shop", name: str, before: Mapping[str, Total], after: Mapping[str, Total], rebuilt: Mapping[str, Total]
) -> Proved:
    purpose = next(lesson.purpose for lesson in shop.library.lessons if lesson.name == name)
    return Proved(
        name, purpose, before[name].hash, after[name].hash, rebuilt[name].hash, before[name].people, after[name].people
    )


def _withdraw_all(shop: "Shop", connection: Connection, person: PersonId) -> list[Receipt]:
    """Take back every yes that counts today, and object where a total is kept that needs none.

    What was never allowed needs no withdrawal.
    """
    now, learned = shop.clock(), {lesson.purpose for lesson in shop.library.lessons}
    day, asked = day_of(now, shop.settings.zone), Asked(how="forget", by="shop")
    receipts = []
    for entry in shop.register:
        objects = entry.basis is Basis.LEGITIMATE_INTERESTS and entry.name in learned
        allowed = consent.allowed_categories(connection, person, entry, at=now, day=day)
        if (entry.basis is Basis.CONSENT or objects) and allowed:
            receipts.append(consent.withdraw(connection, person, entry, sorted(allowed), asked=asked, now=now))
    return receipts
