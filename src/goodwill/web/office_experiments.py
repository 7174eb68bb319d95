"""The office's page of experiments: what is tried beside what, who is left out by chance, and where to see results."""

from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from goodwill.decide.plan import Experiment
from goodwill.staff import Act
from goodwill.staff.roles import MAY
from goodwill.web.desk import Desk
from goodwill.web.office import Office, address_with
from goodwill.web.rooms import EXPERIMENTS, MEASURES, RETURN
from goodwill.web.staff_pages import Reply, Visit, route

_RESULT: Final = "experiment"  # the measure that compares the arms of one


class ExperimentPages(Office):
    """The page of one shop's experiments."""

    def page(self, visit: Visit) -> Reply:
        """What runs, what is a draft, and what has stopped."""
        session = self._admitted(visit, Act.PLAN)
        planning = self.desk.shop.planning
        plan = planning.plan()
        begun: dict[str, int] = {}
        for row in planning.journal():
            if row.kind == "experiment":
                begun.setdefault(row.name, row.at)
        may_read = Act.MEASURE in MAY[session.account.role]
        return self._room(
            "experiments", EXPERIMENTS, visit, session, asked={}, percent=plan.holdout.percent,
            rows=[self._row(name, one, begun.get(name), results=may_read) for name, one in plan.experiments.items()],
            report=RETURN if may_read else "", yardstick=f"{MEASURES}/holdout" if may_read else "",
        )  # fmt: skip

    def _row(self, name: str, one: Experiment, since: int | None, *, results: bool) -> dict[str, Any]:
        whole = sum(arm.weight for arm in one.arms)
        rest = 100 - one.holdout
        arms = [f"{arm.name}: {rest * arm.weight / whole:.0f} %" for arm in one.arms]
        held = [f"left out: {one.holdout} %"] if one.holdout else []
        return {
            "name": name, "question": one.question, "state": str(one.state), "arms": ", ".join((*arms, *held)),
            "where": ", ".join(one.slots) or "everywhere", "since": self._clock_time(since)[:10],
            "result": address_with(f"{MEASURES}/{_RESULT}", {"experiment": name}) if results else "",
        }  # fmt: skip


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The route of the page."""
    made = ExperimentPages(desk)
    return [route(made, EXPERIMENTS, "GET", made.page)]
