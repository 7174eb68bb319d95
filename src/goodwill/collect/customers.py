"""Customers: who they are, and facts about them, each sealed with the person's own key."""

from base64 import b64encode
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection

from goodwill import people
from goodwill.collect import store
from goodwill.collect.groups import left_alone
from goodwill.collect.named import Ids, Named
from goodwill.collect.plans import PartPlan
from goodwill.collect.tables import Chunk
from goodwill.collect.values import read_text
from goodwill.collect.writing import Faults, Making, Prepared, Texts, Tools, Wrote, blank_rows, broken_rows
from goodwill.people.profile import Before, Place, What
from goodwill.people.together import Met, identify_rows


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
        met, lines = [ids[row] for row in good], [chunk.lines[row] for row in good]
        told = {name: [column[row] for row in good] for name, column in facts.items()}

        def write(connection: Connection) -> Wrote:
            return self._write(connection, met, told, lines)

        blank = int(np.count_nonzero(skipped))
        rejects = [*broken_rows(self._part, chunk), *faults.rejects()]
        return Prepared(chunk.rows + len(chunk.broken), rejects, write, {"blank rows": blank} if blank else {})

    def _read_facts(self, chunk: Chunk, faults: Faults, field: str) -> list[str]:
        found = self._texts.of(chunk.column(self._part.known.columns[field]))
        if None in found:
            bad = np.fromiter((text is None for text in found), bool, chunk.rows)
            remedy = "save the file as UTF-8 and correct the cell"
            faults.because(bad, field, "holds characters that are no letters", remedy)
        return [text or "" for text in found]

    def _write(
        self, connection: Connection, ids: Sequence[Ids], told: Mapping[str, Sequence[str]], lines: Sequence[int]
    ) -> Wrote:
        met = self._meet(connection, ids)
        wanted = self._by_place(met, told)
        now, import_id = self._making.now, self._making.id
        fills = self._part.known.fills
        done = people.set_facts(connection, self._tools.cipher, wanted, now=now, import_id=import_id, fills=fills)
        # What this import brought goes with it by its number; only what stood before has to be kept.
        earlier = (was for was in done.before if was.line is not None and was.line.import_id != import_id)
        store.keep_before(connection, import_id, "profile", map(_kept, earlier))
        changed = {was.person for was in done.before}
        kept = sum(one is not None and (one.new or one.person in changed) for one in met)
        alone = [line for line, one in zip(lines, met, strict=True) if one is None]
        return Wrote(kept, len(met) - kept - len(alone), remarks=left_alone(self._part.name, alone))

    def _by_place(self, met: Sequence[Met | None], told: Mapping[str, Sequence[str]]) -> dict[Place, What]:
        """The facts of each person; of two rows about one person the later one counts, or the first, if it fills."""
        wanted: dict[Place, What] = {}
        for name, texts in told.items():
            category = self._facts[name]
            rows = [(one.person, text) for one, text in zip(met, texts, strict=True) if text and one is not None]
            for person, text in reversed(rows) if self._part.known.fills else rows:
                wanted[person, name] = category, text
        return wanted

    def _meet(self, connection: Connection, ids: Sequence[Ids]) -> list[Met | None]:
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
