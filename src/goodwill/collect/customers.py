"""Customers: who they are, and facts about them, each sealed with the person's own key."""

from base64 import b64encode
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection

from goodwill import people
from goodwill.basics.ids import PersonId
from goodwill.collect import store
from goodwill.collect.groups import left_alone
from goodwill.collect.named import Named
from goodwill.collect.plans import PartPlan
from goodwill.collect.tables import Chunk
from goodwill.collect.values import read_text
from goodwill.collect.writing import Faults, Making, Prepared, Texts, Tools, Wrote, blank_rows, broken_rows
from goodwill.people.profile import Before
from goodwill.people.together import Id, Met, identify_rows
from goodwill.purposes import Category


class Customers:
    """Reads and writes customers."""

    def __init__(self, part: PartPlan, tools: Tools, making: Making, _: str | None) -> None:
        self._part = part
        self._tools = tools
        self._making = making
        self._named = Named(part, tools.region)
        fields = part.kind.fields
        categories = ((name, fields[name].category) for name in part.known.columns)
        self._facts = {name: category for name, category in categories if category is not None}
        self._texts = Texts(read_text)

    def prepare(self, chunk: Chunk) -> Prepared:
        faults = Faults(self._part, chunk)
        ids = self._named.read(chunk, faults)
        facts = {name: self._read_facts(chunk, faults, name) for name in self._facts}
        good = np.flatnonzero(faults.none).tolist()
        skipped = blank_rows(self._part, chunk, ~faults.none)
        faults.which[skipped] = -1
        told = [(ids[row], {name: column[row] for name, column in facts.items() if column[row]}) for row in good]

        lines = [chunk.lines[row] for row in good]

        def write(connection: Connection) -> Wrote:
            return self._write(connection, told, lines)

        blank = int(np.count_nonzero(skipped))
        rejects = [*broken_rows(self._part, chunk), *faults.rejects()]
        return Prepared(chunk.rows + len(chunk.broken), rejects, write, {"blank rows": blank} if blank else {})

    def _read_facts(self, chunk: Chunk, faults: Faults, field: str) -> list[str]:
        found = self._texts.of(chunk.column(self._part.known.columns[field]))
        bad = np.fromiter((text is None for text in found), bool, chunk.rows)
        faults.because(
            bad, field, "holds characters that are no letters", "save the file as UTF-8 and correct the cell"
        )
        return [text or "" for text in found]

    def _write(
        self, connection: Connection, told: list[tuple[dict[str, Id], dict[str, str]]], lines: Sequence[int]
    ) -> Wrote:
        met = self._meet(connection, [ids for ids, _ in told])
        fields = self._by_person(met, [facts for _, facts in told])
        now, import_id = self._making.now, self._making.id
        fills = self._part.known.fills
        done = people.set_profiles(connection, self._tools.cipher, fields, now=now, import_id=import_id, fills=fills)
        store.keep_before(connection, import_id, "profile", map(_kept, done.before))
        changed = {was.person for was in done.before}
        kept = sum(one is not None and (one.new or one.person in changed) for one in met)
        alone = [line for line, one in zip(lines, met, strict=True) if one is None]
        return Wrote(kept, len(told) - kept - len(alone), remarks=left_alone(self._part.name, alone))

    def _by_person(
        self, met: Sequence[Met | None], told: Sequence[Mapping[str, str]]
    ) -> dict[PersonId, dict[str, tuple[Category, str | None]]]:
        """The facts of each person; of two rows about one person the later one counts, or the first, if it fills."""
        fields = {one.person: dict[str, tuple[Category, str | None]]() for one in met if one is not None}
        rows = list(zip(met, told, strict=True))
        for one, facts in reversed(rows) if self._part.known.fills else rows:
            if one is not None:
                fields[one.person].update({name: (self._facts[name], text) for name, text in facts.items()})
        return fields

    def _meet(self, connection: Connection, ids: list[dict[str, Id]]) -> list[Met | None]:
        return identify_rows(
            connection, self._tools.cipher, ids, now=self._making.now, import_id=self._making.id,
            region=self._tools.region,
        )  # fmt: skip


def _kept(was: Before) -> tuple[Mapping[str, object], Mapping[str, object] | None]:
    """A profile's line as JSON can hold it: still sealed."""
    key = {"person": was.person, "field": was.field}
    if was.line is None:
        return key, None
    return key, {
        "category": was.line.category,
        "epoch": was.line.sealed.epoch,
        "data": b64encode(was.line.sealed.data).decode(),
        "changed_at": was.line.changed_at,
        "import_id": was.line.import_id,
    }
