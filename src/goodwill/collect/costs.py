"""Costs: each row adds one to the ledger of what the shop spends, unless it stands there already."""

from collections import Counter
from collections.abc import Callable

import numpy as np
from sqlalchemy import Connection

from goodwill.basics.clock import Day
from goodwill.basics.errors import BadInput
from goodwill.collect import values
from goodwill.collect.columns import BAD, BLANK, Memo, Numbers, Reason, Unreadable
from goodwill.collect.groups import Group
from goodwill.collect.plans import PartPlan
from goodwill.collect.tables import Chunk
from goodwill.collect.when import When
from goodwill.collect.writing import (
    Faults,
    Making,
    Prepared,
    Texts,
    Tools,
    Wrote,
    blank_rows,
    broken_rows,
    group_of,
)
from goodwill.costs import Cost, Kind, believable, kind_of
from goodwill.costs.store import add_new

_KINDS = tuple(Kind)
_SAID = {"channel": "cost-channel", "programme": "programme", "note": "cost-note"}


class Costs:
    """Reads and writes costs."""

    def __init__(self, part: PartPlan, tools: Tools, making: Making, currency: str | None) -> None:
        self._part = part
        self._making = making
        self._own = tools.currency
        known = part.known
        self._currencies = [known.constants.get("currency") or known.currency or currency or tools.currency]
        self._when = When(part, tools, making)
        self._kinds = Memo(_kind)
        self._currency_memo = Memo(self._currency)
        self._money: dict[int, Memo] = {}
        self._texts = Texts(values.read_text)
        self._seen: Counter[str] = Counter()

    def prepare(self, chunk: Chunk) -> Prepared:
        faults = Faults(self._part, chunk)
        at = self._when.read(chunk, faults)
        faults.because(at == BLANK, "time", "is empty", "write the day, like 2026-01-31")
        kinds, (currency, amount) = self._read_kinds(chunk, faults), self._read_amounts(chunk, faults)
        words = {name: self._read_words(chunk, faults, field) for name, field in _SAID.items()}
        nothing = amount == 0  # programs for advertising export days on which nothing was spent
        skipped = blank_rows(self._part, chunk, ~faults.none)
        faults.which[skipped] = -1
        rows = np.flatnonzero(faults.none & ~nothing & ~skipped)
        days = self._when.calendar.days(at[rows]).tolist()
        costs, wrong = self._costs(rows, days, kinds, currency, amount, words)
        self._blame(faults, wrong)
        told = [(cost, self._nth(cost)) for cost in costs.values()]

        def write(connection: Connection) -> Wrote:
            kept = add_new(connection, told, at=self._making.now, import_id=self._making.id)
            return Wrote(kept, len(told) - kept)

        idle = int(np.count_nonzero(nothing & faults.none & ~skipped))
        skips = {"blank rows": int(np.count_nonzero(skipped)), "rows of nothing": idle}
        rejects = [*broken_rows(self._part, chunk), *faults.rejects()]
        kept_rows = np.fromiter(costs, np.int64, len(costs))
        remarks = self._foreign(chunk, kept_rows, [cost.currency for cost in costs.values()])
        return Prepared(
            chunk.rows + len(chunk.broken), rejects, write, {why: n for why, n in skips.items() if n}, remarks
        )

    def _foreign(self, chunk: Chunk, rows: Numbers, codes: list[str]) -> list[Group]:
        """What to know of costs in another currency than the shop's."""
        found = []
        for code in sorted(set(codes) - {self._own}):
            these = rows[np.fromiter((each == code for each in codes), bool, rows.size)]
            problem = f"the cost is kept in {code}; it is added to others in {self._own} by a dated rate alone"
            reason = Reason(problem, f"write down the rate of its day: goodwill cost rate add {code} RATE")
            found += group_of(self._part, chunk, these, "spent", reason)
        return found

    def _costs(
        self, rows: Numbers, days: list[int], kinds: Numbers, currency: Numbers, amount: Numbers,
        words: dict[str, list[str]],
    ) -> tuple[dict[int, Cost], dict[int, str]]:  # fmt: skip
        """The costs of some rows, and what is wrong with the others."""
        costs, wrong = dict[int, Cost](), dict[int, str]()
        for row, day in zip(rows.tolist(), days, strict=True):
            said = {name: column[row] for name, column in words.items() if column}
            code = self._currencies[int(currency[row])]
            try:
                costs[row] = believable(Cost(Day(day), _KINDS[int(kinds[row])], int(amount[row]), code, **said))
            except BadInput as error:
                wrong[row] = str(error)
        return costs, wrong

    def _blame(self, faults: Faults, wrong: dict[int, str]) -> None:
        rows = np.zeros(faults.none.size, bool)
        rows[list(wrong)] = True
        faults.mark(rows, lambda row: ("", "", Reason("cannot be kept as a cost", wrong[row])))

    def _nth(self, cost: Cost) -> int:
        """How many equal costs stand before it in the file."""
        self._seen[cost.key] += 1
        return self._seen[cost.key] - 1

    def _says(self, field: str) -> bool:
        return field in self._part.known.columns

    def _read_kinds(self, chunk: Chunk, faults: Faults) -> Numbers:
        if not self._says("cost-kind"):
            said = self._part.known.constants["cost-kind"]
            return np.full(chunk.rows, _KINDS.index(kind_of(said)), np.int64)
        found = self._kinds.of(chunk.column(self._part.known.columns["cost-kind"]))
        faults.unreadable(found == BAD, "cost-kind", self._kinds)
        faults.because(found == BLANK, "cost-kind", "is empty", f"write one of: {', '.join(_KINDS)}")
        return found

    def _currency(self, value: object) -> int | None:
        code = values.read_currency(value)
        if code is not None and code not in self._currencies:
            self._currencies.append(code)
        return self._currencies.index(code) if code is not None else None

    def _read_amounts(self, chunk: Chunk, faults: Faults) -> tuple[Numbers, Numbers]:
        numbers = np.zeros(chunk.rows, np.int64)
        if self._says("currency"):
            numbers = self._currency_memo.of(chunk.column(self._part.known.columns["currency"]))
            faults.unreadable(numbers == BAD, "currency", self._currency_memo)
            numbers = np.where(numbers > BAD, numbers, 0)
        amount = np.full(chunk.rows, BLANK, np.int64)
        column = chunk.column(self._part.known.columns["spent"])
        for number in np.unique(numbers).tolist():
            memo, rows = self._money_memo(number), numbers == number
            amount[rows] = memo.of(column.some(rows))
            faults.unreadable(rows & (amount == BAD), "spent", memo)
        faults.because(amount == BLANK, "spent", "is empty", "write what was paid, or leave the row out")
        return numbers, amount

    def _money_memo(self, number: int) -> Memo:
        if number not in self._money:
            mark = self._part.survey.marks.get("spent", "")
            self._money[number] = Memo(_paid(values.money_reader(self._currencies[number], mark)))
        return self._money[number]

    def _read_words(self, chunk: Chunk, faults: Faults, field: str) -> list[str]:
        """A column of texts, or what was said for all rows; empty where neither is."""
        if not self._says(field):
            said = self._part.known.constants.get(field, "")
            return [said] * chunk.rows if said else []
        found = self._texts.of(chunk.column(self._part.known.columns[field]))
        unread = np.fromiter((text is None for text in found), bool, len(found))
        remedy = "save the file as UTF-8 and correct the cell"
        faults.because(unread, field, "holds characters that are no letters", remedy)
        return [text or "" for text in found]


def _paid(read: Callable[[object], int | None]) -> Callable[[object], int | None]:
    """Reads what was paid; what came back is no cost."""

    def paid(value: object) -> int | None:
        try:
            return read(value)
        except Unreadable as error:
            if error.reason.problem == values.BELOW_ZERO:
                remedy = "take back the cost that it corrects (goodwill cost undo), and write what was really paid"
                raise Unreadable(values.BELOW_ZERO, remedy) from None
            raise

    return paid


def _kind(value: object) -> int | None:
    text = values.read_text(value)
    if not text.strip():
        return None
    try:
        return _KINDS.index(kind_of(text))
    except BadInput:
        raise Unreadable("is no kind of cost", f"write one of: {', '.join(_KINDS)}") from None
