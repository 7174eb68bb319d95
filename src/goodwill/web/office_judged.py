"""The office's pages of what is judged on the shop as it is: the data that suggestions need, and other ways of drawing.

Neither tells of a period. Each is worked out once for everybody and stays until the next period closes, the plan is
changed or the server is started again: two looks around one withdrawal would tell whose it was.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from goodwill.basics.errors import BadInput, GoodwillError
from goodwill.basics.money import digits_of
from goodwill.basics.words import number, quantity
from goodwill.measure.answer import Column, Table
from goodwill.measure.figure import SMALL
from goodwill.measure.minimisation import Effect, Line, Minimisation
from goodwill.shop import Shop
from goodwill.shop.measuring import Minimised
from goodwill.shop.other_ways import Judged
from goodwill.staff import Act, Session
from goodwill.web.desk import Desk
from goodwill.web.drawn import table_charts
from goodwill.web.jobs import Done, Job
from goodwill.web.office import Office
from goodwill.web.problems import problem_of
from goodwill.web.rooms import MEASURES
from goodwill.web.staff_pages import Reply, Visit, route

MINIMISATION, OFFPOLICY = "minimisation", "offpolicy"
SAYS: Final = {
    MINIMISATION: "how much of people's data the suggestions really need",
    OFFPOLICY: "what another way of drawing content or offers would have brought",
}
MAY: Final = {MINIMISATION: Act.MEASURE, OFFPOLICY: Act.PLAN}
_TOO_FEW: Final = "too few"


class JudgedPages(Office):
    """The pages of one shop."""

    def minimisation_page(self, visit: Visit) -> Reply:
        """What the suggestions lose with less data."""
        session = self._admitted(visit, MAY[MINIMISATION])
        return self._asked(visit, session, MINIMISATION, (), _minimisation, self._minimised)

    def other_way_page(self, visit: Visit) -> Reply:
        """Another way of drawing, judged before anybody meets it."""
        session = self._admitted(visit, MAY[OFFPOLICY])
        slot, target = visit.query.get("slot", ""), visit.query.get("target", "") or "uniform"
        days = visit.query.get("days", "") or "90"
        if not slot:
            return self._told(visit, session, OFFPOLICY)
        many = int(days) if days.isdecimal() and len(days) < 5 else 0  # 0 days are refused, in words
        return self._asked(
            visit, session, OFFPOLICY, (slot, target, many),
            partial(_judged, slot=slot, target=target, days=many), self._other_way,
        )  # fmt: skip

    def _asked(
        self, visit: Visit, session: Session, name: str, key: tuple[Any, ...], work: Callable[[Shop], Any],
        told: Callable[[Any], dict[str, Any]],
    ) -> Reply:  # fmt: skip
        shop = self.desk.shop
        until = shop.measures.period().end, shop.planning.plan().upto
        try:
            _only(visit, _FIELDS if name == OFFPOLICY else ())
            found: Done[Any] | Job = self.desk.jobs.of(name, (*until, *key), work, keep=True)
        except GoodwillError as error:
            if (status := problem_of(error).kind.status) >= 500:
                raise
            return self._told(visit, session, name, status, wrong=str(error))
        if isinstance(found, Job):
            path = f"{MEASURES}/{name}"
            return self._waits(visit, session, path, found, f"Working out: {name}", trail=_trail(name))
        return self._told(visit, session, name, **told(found.value))

    def _told(
        self, visit: Visit, session: Session, name: str, status: int = 200, *, facts: Sequence[tuple[str, str]] = (),
        said: Sequence[str] = (), refused: str = "", tables: Sequence[Table] = (), wrong: str = "", query: str = "",
    ) -> Reply:  # fmt: skip
        slots = [one for one, slot in self.desk.shop.planning.plan().slots.items() if slot.kind != "products"]
        return self._room(
            "judged", f"{MEASURES}/{name}", visit, session, status, asked={}, trail=_trail(name), measure=name,
            says=SAYS[name], facts=facts, said=said, refused=refused, wrong=wrong, query=query,
            pictures=list(table_charts(tables, self.desk.pictures, self.settings.currency)),
            asks=name == OFFPOLICY, slots=slots, given={one: visit.query.get(one, "") for one in _FIELDS},
        )  # fmt: skip

    # ---- in words ----------------------------------------------------------------------------------------------------

    def _minimised(self, told: Minimised) -> dict[str, Any]:
        found = told.found
        facts = (
            ("Judged", _people(found.people) + " who allow 'model-improvement', on their last visit"),
            ("Light", number(found.light, "visits") + " before it, or fewer"),
            ("Heavy", number(found.heavy, "visits") + " before it, or more"),
        )
        needs = tuple((one.category, one.stage, one.verdict) for one in (*told.inference, *told.training))
        tables = (
            _lines("looked at", "Looking at less of the person herself", (found.without_inference, *found.inference)),
            _lines("learned from", "Learning from less of everybody", (found.without_training, *found.training)),
            Table("categories", "What the purposes may use, and whether it is needed.",
                  (Column("category"), Column("for"), Column("verdict")), needs),
        )  # fmt: skip
        said = (_enough(found, "inference", "Looked at"), _enough(found, "training", "Learned from"))
        return {
            "facts": facts, "said": (*said, *found.warnings), "tables": tables, "query": "goodwill measure minimisation"
        }  # fmt: skip

    def _other_way(self, told: Judged) -> dict[str, Any]:
        found, currency = told.found, self.settings.currency
        one = told.one / 10 ** digits_of(currency)
        facts = (
            ("Judged", f"{told.target}, in slot {told.slot}"),
            ("From", f"{number(found.decisions, 'decisions')} of {_people(told.people)}"),
            ("Left out", f"{_people(told.left_out)} who do not allow it today"),
            ("Worth", f"{number(round(found.ess), 'decisions')}, {number(round(found.rewards), 'rewards')}"),
            ("Mean weight", f"{found.mean_weight:.3f} (near 1 if the chances are true)"),
        )
        estimates = (("SNIPS", found.snips), ("doubly robust", found.dr), ("IPS", found.ips))
        rows = tuple(
            (name, *(end * one for end in (some.value, some.low, some.high)))
            for name, some in estimates
            if some is not None
        )
        says = "What a decision would have brought on average, by three ways of reckoning; read SNIPS first."
        columns = (Column("estimate"), Column("a decision", currency), Column("low", currency),
                   Column("high", currency))  # fmt: skip
        as_it_was = told.brought
        said = () if as_it_was is None or found.refused else (
            f"As it was, a decision brought {quantity(as_it_was * one, currency, currency)}.",)  # fmt: skip
        query = f"goodwill measure offpolicy --slot {told.slot} --target {told.target} --days {told.until - told.since}"
        return {
            "facts": facts, "said": said, "refused": found.refused, "query": query,
            "tables": () if found.refused else (Table("estimates", says, columns, rows),),
        }  # fmt: skip


_FIELDS: Final = ("slot", "target", "days")


def _minimisation(shop: Shop) -> Minimised:
    return shop.minimisation()


def _judged(shop: Shop, *, slot: str, target: str, days: int) -> Judged:
    return shop.other_way(slot, target, days=days)


def _trail(name: str) -> tuple[tuple[str, str], ...]:
    return ((MEASURES, "Measures"), (f"{MEASURES}/{name}", name))


def _only(visit: Visit, known: Sequence[str]) -> None:
    """Raise BadInput where something is asked that the page has no answer to, such as a day."""
    strange = next((one for one, text in visit.query.items() if text.strip() and one not in (*known, "follow")), "")
    if strange:
        raise BadInput(f"This figure has no option '{strange}'. It tells of the shop as it is now.")


def _people(count: int) -> str:
    return f"fewer than {SMALL} people" if 0 < count < SMALL else number(count, "people")


def _lines(name: str, says: str, lines: Sequence[Line]) -> Table:
    """What is left of the suggestions' quality, a line for each way of using less."""
    rows = tuple(
        (one.what, *_kept(one.everyone), one.share, _short(one.light), _short(one.heavy), one.everyone.verdict)
        for one in lines
    )
    columns = (
        Column("used"), Column("everyone", "share"), Column("low", "share"), Column("high", "share"),
        Column("of the data", "share"), Column("light"), Column("heavy"), Column("the rest is"),
    )  # fmt: skip
    return Table(name, f"{says}: nDCG@10 beside that of everything, which is 100 %.", columns, rows)


def _kept(one: Effect) -> tuple[float | str, ...]:
    ends = (one.relative, one.low, one.high)
    return tuple(_TOO_FEW if end != end else 1 + end for end in ends)  # noqa: PLR0124 - nan alone differs from itself


def _short(one: Effect | None) -> str:
    value = _TOO_FEW if one is None else _kept(one)[0]
    return value if isinstance(value, str) else quantity(value, "share", "")


def _enough(found: Minimisation, stage: str, what: str) -> str:
    visits = found.enough(stage)
    if visits is None:
        return f"{what}: none of these is enough for sure; with each, something noticeable may be lost."
    return f"{what}: the last {visits} visits are enough; what is older changes less than 1 % for everyone together."


# ---- routes ----------------------------------------------------------------------------------------------------------


def handlers(desk: Desk) -> list[HTTPRouteHandler]:
    """The routes of both pages."""
    made = JudgedPages(desk)
    return [
        route(made, f"{MEASURES}/{MINIMISATION}", "GET", made.minimisation_page),
        route(made, f"{MEASURES}/{OFFPOLICY}", "GET", made.other_way_page),
    ]
