"""What comes in with files, and is taken back: each import and each undo is entered with who did it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goodwill.collect import imports
from goodwill.collect.imports import ImportReport, Plan, Progress
from goodwill.collect.undo import Undone
from goodwill.staff.roles import Act

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop


@dataclass(frozen=True)
class Intake:
    """The imports of one shop."""

    shop: "Shop"

    def run(
        self,
        planned: Plan,
        *,
        rejects_to: Path,
        dry_run: bool = False,
        strict: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> ImportReport:
        """Import what was planned; a try that takes everything back (``dry_run``) changes nothing and has no line.

        Its pieces are committed one by one, so the line comes last: an import that was killed has none until somebody
        goes on with it or takes it back.

        Raises:
            Conflict, BadFile: as `collect.imports.run`.
        """

        def done() -> ImportReport:
            return imports.run(
                self.shop.database, self.shop.tools, planned, dry_run=dry_run, strict=strict, rejects_to=rejects_to,
                progress=progress, settle=self.shop.settle, contact=self.shop.may_contact_in,
                tell=self.shop.told.answered,
            )  # fmt: skip

        if dry_run:
            self.shop.staff.demand(Act.IMPORT)
            return done()
        with self.shop.change("import.run") as change:
            self.shop.staff.demand(Act.IMPORT)
            report = done()
            change.entry.detail.update(number=report.id, state=report.state, kept=report.kept, rejected=report.rejected)
        self.shop.noes.said()
        return report

    def undo(self, number: int) -> Undone:
        """Take a whole import back.

        Raises:
            NotFound, Conflict: as `collect.imports.undo`.
        """
        with self.shop.change("import.undo") as change:
            self.shop.staff.demand(Act.IMPORT)
            change.entry.detail["number"] = number
            undone = imports.undo(
                self.shop.database, self.shop.tools, number, settle=self.shop.settle, tell=self.shop.told.answered
            )
        self.shop.noes.said()
        return undone
