"""An arm as exact whole-number sums: they add, and a customer who leaves is subtracted as if she had never been there.

What one customer adds is `part`: whole numbers of 64 bits. Squares of cents soon need more than that, so products are
kept in two halves, p = high · 2³² + low with 0 ≤ low < 2³², and each half is added for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from operator import mul
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodwill.basics.errors import BadInput, Overflow
from goodwill.measure.experiments.arm import Arm
from goodwill.sums import Sums, Whole, whole

LARGEST: Final = 2**47  # minor units of one customer: both halves of a product then fit into 64 bits

_HALF: Final = 32
_LOW: Final = (1 << _HALF) - 1
_MOST: Final = 2**63 - 1
_FEW: Final = 64  # blocks of fewer rows are not worth NumPy's while


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over the customers of one arm, in minor units; whole numbers of any size.

    Attributes:
        people: how many were assigned. bought: how many of them have an outcome other than 0.
        sums: of the outcome, then of each thing known before; 1 + k numbers.
        products: of each two of them, as in the upper half of a matrix, row by row; (1 + k)(2 + k)/2 numbers.

    Raises:
        BadInput: fewer than no customers, or sums that do not belong together.
    """

    people: int
    bought: int
    sums: tuple[int, ...]
    products: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.bought <= self.people:
            raise BadInput(
                f"There cannot be {self.people} customers of whom {self.bought} bought: somebody was taken out who was "
                "not in, or put in twice. Form the sums anew."
            )
        if len(self.products) != len(_pairs(len(self.sums))) or not self.sums:
            raise BadInput(f"{len(self.sums)} sums do not go with {len(self.products)} products: form them anew.")

    @classmethod
    def of_rows(cls, outcome: ArrayLike, pre: ArrayLike | None = None) -> "Moments":
        """The sums of customers in rows.

        Args:
            outcome: whole minor units, shape (n,). pre: the same, known before; shape (n,) or (n, k).

        Raises:
            BadInput: a number is not whole, or the lengths differ.
        """
        lines = _lines(outcome, pre)
        return cls(
            people=lines[0].size,
            bought=int(np.count_nonzero(lines[0])),
            sums=tuple(_added(line, np.ones_like(line)) for line in lines),
            products=tuple(_added(lines[i], lines[j]) for i, j in _pairs(len(lines))),
        )

    @classmethod
    def of_sums(cls, total: Sums) -> "Moments":
        """The same from what the parts of customers add up to."""
        low, high = total.array("product_low").tolist(), total.array("product_high").tolist()
        return cls(
            people=total.number("people"),
            bought=total.number("bought"),
            sums=tuple(total.array("sum").tolist()),
            products=tuple((above << _HALF) + below for below, above in zip(low, high, strict=True)),
        )

    def __add__(self, other: "Moments") -> "Moments":
        return self._with(other, 1)

    def __sub__(self, other: "Moments") -> "Moments":
        return self._with(other, -1)

    def _with(self, other: "Moments", sign: int) -> "Moments":
        if len(self.sums) != len(other.sums):
            raise BadInput(f"Sums of {len(self.sums)} numbers a customer do not add to sums of {len(other.sums)}.")
        return Moments(
            self.people + sign * other.people,
            self.bought + sign * other.bought,
            tuple(mine + sign * more for mine, more in zip(self.sums, other.sums, strict=True)),
            tuple(mine + sign * more for mine, more in zip(self.products, other.products, strict=True)),
        )

    @property
    def arm(self) -> Arm:
        """Means and scatter. All is exact but the last division, which rounds once."""
        n, wide = max(1, self.people), len(self.sums)
        scatter = np.zeros((wide, wide))
        for (i, j), product in zip(_pairs(wide), self.products, strict=True):
            scatter[i, j] = scatter[j, i] = (n * product - self.sums[i] * self.sums[j]) / n
        return Arm(self.people, self.bought, np.array([one / n for one in self.sums]), scatter)


def part(outcome: int, pre: Sequence[int] = ()) -> Sums:
    """What one customer adds to the total of her arm.

    Args:
        outcome, pre: minor units, each between −2⁴⁷ and 2⁴⁷.

    Raises:
        Overflow: a number is larger.
    """
    known = (outcome, *pre)
    if any(abs(one) > LARGEST for one in known):
        raise Overflow(
            f"One customer's {max(map(abs, known))} is more than can be squared and added; look for a mistake."
        )
    products = [known[i] * known[j] for i, j in _pairs(len(known))]
    return Sums(
        people=1,
        bought=int(outcome != 0),
        sum=known,
        product_low=[product & _LOW for product in products],
        product_high=[product >> _HALF for product in products],
    )


def parts(known: Whole, group: Whole, groups: int) -> Sums:
    """What many customers add, each to the total of her group: the sum of their `part`s, with a first axis for groups.

    Args:
        known: the outcome of each, then what was known before, in minor units; int64, shape (1 + k, n).
        group: of each, 0 to ``groups`` − 1; shape (n,).

    Raises:
        Overflow: a number is larger than 2⁴⁷, or a sum leaves 64 bits.
    """
    if _size(known.reshape(-1)) > LARGEST:
        raise Overflow("One customer's amount is more than can be squared and added; look for a mistake.")
    pairs = _pairs(len(known))
    low, high = (
        np.stack([_by_group(_half(known[i], known[j], half), group, groups) for i, j in pairs], axis=1)
        for half in (0, 1)
    )
    sums = np.stack([_by_group(line, group, groups) for line in known], axis=1)
    bought = np.bincount(group[known[0] != 0], minlength=groups)
    people = np.bincount(group, minlength=groups)
    return Sums(people=people, bought=bought, sum=sums, product_low=low, product_high=high)


def of_group(total: Sums, group: int) -> Moments:
    """The customers of one group of such a total."""
    names = ("people", "bought", "sum", "product_low", "product_high")
    return Moments.of_sums(Sums({name: total.array(name)[group] for name in names}))


def _by_group(values: Whole, group: Whole, groups: int) -> NDArray[Any]:
    """What each group adds up to: whole numbers without end where they might leave 64 bits, which `Sums` then sees."""
    kind = np.int64 if _size(values) * values.size <= _MOST else object
    found = np.zeros(groups, kind)
    np.add.at(found, group, values.astype(kind))
    return found


def _half(a: Whole, b: Whole, high: int) -> Whole:
    """The lower or the higher 32 bits of each product, exactly, whatever its size."""
    if _size(a) * _size(b) <= _MOST:
        product = a * b
        return product >> _HALF if high else product & _LOW
    exact = a.astype(object) * b.astype(object)
    found: Whole = (exact >> _HALF if high else exact & _LOW).astype(np.int64)
    return found


def _pairs(wide: int) -> list[tuple[int, int]]:
    return list(combinations_with_replacement(range(wide), 2))


def _lines(outcome: ArrayLike, pre: ArrayLike | None) -> list[Whole]:
    try:
        first, known = whole(outcome), None if pre is None else whole(pre)
    except (TypeError, ValueError):
        raise BadInput("Sums are of whole minor units (cents, not 3.40 euros): multiply and round first.") from None
    before = [] if known is None else list(np.ascontiguousarray((known[:, None] if known.ndim == 1 else known).T))
    if first.ndim != 1 or any(line.size != first.size for line in before):
        raise BadInput(
            f"There are {first.size} outcomes, but {0 if known is None else len(known)} rows of what was known before: "
            "give one row for each of the same customers, 0 for whoever did nothing then."
        )
    return [first, *before]


def _added(a: Whole, b: Whole) -> int:
    """Σ a·b, exactly: in blocks that cannot leave 64 bits, or one by one where even few of them would."""
    largest = _size(a) * _size(b)
    rows = _MOST // largest if largest else a.size
    if rows < min(_FEW, a.size):
        return sum(map(mul, a.tolist(), b.tolist()))
    rows = max(1, rows)
    return sum(int(a[start : start + rows] @ b[start : start + rows]) for start in range(0, a.size, rows))


def _size(line: Whole) -> int:
    return max(abs(int(line.min(initial=0))), int(line.max(initial=0)))
