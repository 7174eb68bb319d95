"""Forget somebody: take back all that she allowed, and prove that nothing learned holds her any more."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from goodwill import consent
from goodwill.access import Total
from goodwill.basics.clock import day_of
from goodwill.basics.ids import PersonId
from goodwill.consent import Asked, Receipt
from goodwill.learn.totals import save
from goodwill.purposes import Basis, Purpose

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop, Who

FORM: Final = "goodwill receipt of forgetting, version 1"
_TRIES = 5  # to see a total and its rebuild at one point of time


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


def forget(shop: "Shop", who: "Who | str", keep: Path | None = None) -> Forgotten:
    """Take back all that somebody allowed, and prove of every total that it holds her no more.

    All are settled before, settled again after the withdrawal, and then worked out anew from the database by another
    way than the one that settles; the last two must be equal, bit for bit.

    Args:
        keep: a folder that gets what a third party needs to check the proof; see `handed_over`.

    Raises:
        NotFound: nobody of that name is known.
    """
    person = shop.known(who)
    before = shop.settle_all()
    start = perf_counter()
    with shop.change("person.forget", about=person) as change:
        receipts = _withdraw_all(shop, change.connection, person)
        shop.erasure.leave_alone(change.connection, person)
    for name in before:
        shop.caught_up(name)
    took = (perf_counter() - start) * 1_000
    found = settled_and_rebuilt(shop, before)
    shop.settle_all()
    purposes = {lesson.name: lesson.purpose for lesson in shop.library.lessons}
    totals = tuple(_proved(purposes[name], name, before[name], *found[name]) for name in before)
    forgotten = Forgotten(person, totals, took, tuple(receipts))
    if keep is not None:
        handed_over(keep, forgotten, {name: (before[name], *found[name]) for name in before})
    return forgotten


def settled_and_rebuilt(shop: "Shop", names: Iterable[str]) -> dict[str, tuple[Total, Total]]:
    """Some totals, each as it settles and as it is built anew from the database.

    Others buy and answer meanwhile: where the two differ and a log has grown between them, both are worked out again.
    """
    return {name: _both(shop, name) for name in names}


def _both(shop: "Shop", name: str) -> tuple[Total, Total]:
    after, rebuilt = shop.caught_up(name), shop.rebuilt(name)
    for _ in range(_TRIES):
        if after.hash == rebuilt.hash or _reach(after) == _reach(rebuilt):
            break
        after, rebuilt = shop.caught_up(name), shop.rebuilt(name)
    return after, rebuilt


def _reach(total: Total) -> tuple[int, int, int]:
    return total.as_of.consent, total.as_of.events, total.as_of.holds


def _proved(purpose: Purpose, name: str, before: Total, after: Total, rebuilt: Total) -> Proved:
    return Proved(name, purpose, before.hash, after.hash, rebuilt.hash, before.people, after.people)


def document(one: Proved) -> dict[str, object]:
    """One total of a receipt, in plain values."""
    return {
        "name": one.name,
        "purpose": one.purpose,
        "equal": one.equal,
        "was_counted": one.was_counted,
        "hash_before": one.hash_before,
        "hash_after": one.hash_after,
        "hash_rebuilt_without": one.hash_rebuilt_without,
        "people_before": one.people_before,
        "people_after": one.people_after,
    }


def handed_over(folder: Path, forgotten: Forgotten, totals: Mapping[str, tuple[Total, Total, Total]]) -> None:
    """Write what a third party needs to check a proof, without what would tell her data.

    The totals after and built anew are written out. Of the one before, only the hash of each array: before less after
    is what she bought. Nothing names her.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    each = []
    for one in forgotten.totals:
        before, after, rebuilt = totals[one.name]
        save(after.sums, folder / f"{one.name}-after.npz")
        save(rebuilt.sums, folder / f"{one.name}-rebuilt.npz")
        each.append({**document(one), "arrays_before": before.sums.array_hashes})
    receipt = {"form": FORM, "proved": forgotten.equal, "totals": each}
    text = json.dumps(receipt, ensure_ascii=False, indent=2) + "\n"
    (folder / "receipt.json").write_text(text, encoding="utf-8")


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
