"""An import while it is made: what became of its rows so far, and how far it got, for whoever goes on after a kill."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from goodwill.collect import store
from goodwill.collect.groups import Group, Groups
from goodwill.collect.plans import Plan
from goodwill.collect.rejects import Reject, RejectFile, grouped
from goodwill.collect.separated import Separated
from goodwill.collect.store import Import
from goodwill.collect.writing import Making, Prepared, Tools, Wrote

SHOWN = 1_000  # rejects in the report itself; all are in the file


@dataclass
class Counts:
    """Rows of one part by what became of them."""

    rows: int = 0
    kept: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: dict[str, int] = field(default_factory=dict)

    def add(self, prepared: Prepared, wrote: Wrote, rejects: int) -> None:
        self.rows += prepared.rows
        self.kept += wrote.kept
        self.unchanged += wrote.unchanged
        self.rejected += rejects
        for why, count in prepared.skipped.items():
            self.skipped[why] = self.skipped.get(why, 0) + count


@dataclass
class Work:
    """An import while it is made.

    Attributes:
        counts: of each part.
        before: rows of each part that an interrupted run had finished.
        positions: stretches of the consent ledger that it wrote, first and last row.
        faults: the rejects, those with the same fault together; remarks: what else the owner should know, likewise.
        rejects: the first of this run.
        place: what the database knows of all this.
        others: interrupted imports of the same files that were understood in another way.
        fresh: rows of this run.
    """

    plan: Plan
    tools: Tools
    making: Making
    counts: list[Counts]
    before: list[int]
    positions: list[list[int]]
    files: list[RejectFile]
    place: Mapping[str, Any]
    resumed: bool
    others: tuple[int, ...]
    faults: Groups
    remarks: Groups
    fresh: int = 0
    rejects: list[Reject] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        return sum(part.rejected for part in self.counts)

    @property
    def totals(self) -> dict[str, int]:
        return {
            name: sum(getattr(part, name) for part in self.counts) for name in ("rows", "kept", "unchanged", "rejected")
        }

    def take_in(self, connection: Connection, told: Sequence[tuple[int, Prepared, Wrote]]) -> None:
        """Count a piece of some parts, write its rejects to their files, and note in the database how far all got."""
        for number, prepared, wrote in told:
            rejects = [*prepared.rejects, *wrote.rejects]
            self.counts[number].add(prepared, wrote, len(rejects))
            self.faults.add(grouped(rejects))
            self.remarks.add((*prepared.remarks, *wrote.remarks))
            self.files[number].add(rejects)
            self._add_positions(wrote)
            self.rejects.extend(rejects[: SHOWN - len(self.rejects)])
            self.fresh += prepared.rows
        place = self._place()
        store.move(connection, self.making.id, self.place, place, self.totals)
        self.place = place

    def _add_positions(self, wrote: Wrote) -> None:
        if wrote.positions is None:
            return
        first, last = wrote.positions
        if self.positions and self.positions[-1][1] == first - 1:
            self.positions[-1][1] = last
        else:
            self.positions.append([first, last])

    def _place(self) -> dict[str, Any]:
        return {
            "parts": [asdict(part) for part in self.counts],
            "rejects": [file.size for file in self.files],
            "positions": [list(stretch) for stretch in self.positions],
            "faults": [asdict(group) for group in self.faults.listed],
            "remarks": [asdict(group) for group in self.remarks.listed],
        }


def begin(connection: Connection, tools: Tools, planned: Plan, rejects_to: Path, *, strict: bool, anew: bool) -> Work:
    """Begin an import, or go on with the same one where it was interrupted.

    Args:
        anew: do not look for an interrupted one.
    """
    now = tools.clock()
    said = said_of(tools, planned, strict=strict)
    running = store.running(connection, planned.sha256)
    alike = [one for one in running if _is(one, planned, said)]
    same = [] if anew else alike
    since = store.first_begun(connection, planned.sha256) or now
    if same:
        begun = same[-1]
        making = Making(begun.id, begun.started_at, since)
        place, rejects_to = begun.place, Path(begun.options["rejects"])
    else:
        paths = [str(path.absolute()) for path in planned.paths]
        options = {**said, "paths": paths, "rejects": str(rejects_to.absolute())}
        number = store.begin(
            connection, kinds=planned.kinds, file=planned.files, sha256=planned.sha256, mapping=planned.mapping,
            options=options, now=now,
        )  # fmt: skip
        making, place = Making(number, now, since), {}
    counts = [Counts(**{**part, "skipped": dict(part["skipped"])}) for part in place.get("parts", [])]
    counts += [Counts() for _ in planned.parts[len(counts) :]]
    return Work(
        plan=planned,
        tools=tools,
        making=making,
        counts=counts,
        before=[part.rows for part in counts],
        positions=[list(stretch) for stretch in place.get("positions", [])],
        files=_reject_files(planned, rejects_to, place.get("rejects", [0] * len(planned.parts))),
        place=place,
        resumed=bool(same),
        others=tuple(one.id for one in running if one not in alike),
        faults=_groups(place.get("faults", [])),
        remarks=_groups(place.get("remarks", [])),
    )


def said_of(tools: Tools, planned: Plan, *, strict: bool) -> dict[str, object]:
    """What decides, besides the files and the mapping, what an import writes: one that differs is another import."""
    return {
        "as": planned.as_,
        "currency": planned.currency,
        "strict": strict,
        "shop": [tools.zone.key, tools.currency, tools.region, tools.source],
    }


def _is(begun: Import, planned: Plan, said: Mapping[str, object]) -> bool:
    """Whether an import is one of the same files understood in the same way."""
    return begun.mapping == planned.mapping and all(begun.options.get(name) == word for name, word in said.items())


def _groups(listed: Sequence[Mapping[str, Any]]) -> Groups:
    return Groups(Group(**{**group, "lines": tuple(group["lines"])}) for group in listed)


def _reject_files(planned: Plan, path: Path, sizes: Sequence[int]) -> list[RejectFile]:
    """One file for a single table; for several, the kind of each stands in its name."""
    several = len(planned.parts) > 1
    sources = {source.absolute() for source in planned.paths}
    files = []
    for number, part in enumerate(planned.parts):
        same = [other for other in planned.parts[:number] if other.kind.name == part.kind.name]
        name = f"-{part.kind.name}" + (f"-{len(same) + 1}" if same else "") if several else ""
        separator = part.table.separator if isinstance(part.table, Separated) else ","
        target = path.with_stem(path.stem + name)
        while target.absolute() in sources:  # mended rejects come in again under the name that they had
            target = target.with_stem(f"{target.stem}-again")
        files.append(RejectFile(target, part.table.headings, separator, sizes[number]))
    return files
