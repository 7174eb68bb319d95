"""The shop's figures by their names: each of a period that has closed, worked out once and then told as it was kept.

Whoever adds a measure writes it in one of the modules here, and its name below.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from goodwill.basics.clock import date_of, day_of
from goodwill.basics.errors import BadInput, CannotTell, NotFound, TooFew
from goodwill.measure import store
from goodwill.measure.answer import Answer
from goodwill.measure.figure import NOTHING, Coverage, Figure, Grade, Plain, Reproduce
from goodwill.measure.period import Period
from goodwill.measure.store import KeptAnswer
from goodwill.shop.measures.since import withheld
from goodwill.storage import AsOf

if TYPE_CHECKING:
    from goodwill.shop.measures.measure import Measure
    from goodwill.shop.shop import Shop

# Each is loaded when it is first asked for, so that a command which needs one does not wait for the others.
_WHERE: Final = {
    "attribution": "crediting",
    "before-after": "interrupting",
    "cac": "acquiring",
    "churn": "selling",
    "clv": "value",
    "cohorts": "buying",
    "detectable": "trials",
    "ecltv": "engaged",
    "experiment": "trials",
    "holdout": "trials",
    "mail": "mailing",
    "nps": "mailing",
    "opted-in": "comparing",
    "order-value": "selling",
    "repeat-purchase": "buying",
    "retention": "selling",
    "revenue": "selling",
    "roi": "returning",
    "targeting": "targeting",
    "visit-frequency": "selling",
}
NAMES: Final = tuple(sorted(_WHERE))
# What tells of the shop as it is and of no period; it takes a minute or two, and is asked for in its own way.
_AS_IT_IS: Final = {
    "minimisation": "Ask with: goodwill measure minimisation, in Python shop.minimisation(), or in the office.",
    "offpolicy": "Ask with: goodwill measure offpolicy --slot NAME, in Python shop.other_way(…), or over HTTP at "
    "/api/v1/measures/offpolicy?slot=NAME.",
}


def named(name: str) -> "Measure":
    """The measure of a name.

    Raises:
        NotFound: there is none.
    """
    if name in _AS_IT_IS:
        raise NotFound(f"'{name}' tells of the shop as it is and not of a period. {_AS_IT_IS[name]}")
    if name not in _WHERE:
        near = get_close_matches(name, NAMES, 1)
        helps = f"Did you mean '{near[0]}'?" if near else "List them with: goodwill measure list"
        raise NotFound(f"There is no measure '{name}'. {helps}")
    module = import_module(f"goodwill.shop.measures.{_WHERE[name]}")
    found: Measure = next(one for one in module.MEASURES if one.name == name)
    return found


class Measures:
    """What can be measured of a shop."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop

    def all(self) -> tuple["Measure", ...]:
        """All measures, by name."""
        return tuple(map(named, NAMES))

    def period(self, at: str | date | None = None) -> Period:
        """The period that closed last, or last by the end of a day.

        Raises:
            BadInput: that is no day, or has not come yet.
        """
        today = day_of(self._shop.clock(), self._shop.settings.zone)
        return Period.closed(today, self._shop.settings.figures_every, _day(at))

    def options(self, name: str, **given: Plain) -> Mapping[str, Plain]:
        """Every option of a measure with its value; as it usually is, where nothing is given.

        Raises:
            NotFound: there is no such measure. BadInput: an option is unknown or does not fit.
        """
        return self._chosen(named(name), given)

    def answer(self, name: str, at: str | date | None = None, **options: Plain) -> Answer:
        """The figure of a name with what belongs to it, of the period that closed last or last by a day.

        It is worked out once, of those who allow it then, and kept: whoever asks for the same again is told the same.

        Args:
            options: of the measure, by name; hyphens as underscores.

        Raises:
            NotFound: there is no such measure.
            BadInput: an option is unknown or does not fit, or the day has not come yet.
            Quarantined: the ledger may not be believed now, and this was not told before.
        """
        kept = self.kept(name, at, **options)
        if kept is not None:
            return kept
        measure, period = named(name), self.period(at)
        chosen = self._chosen(measure, options)
        found = self._worked_out(measure, period, chosen)
        if not (measure.is_kept and found.tells):  # what tells nothing may be asked again: nothing compares with it
            return found
        asked = store.Asked(period.end, period.every, name, _canonical(chosen))
        try:
            return self._kept(measure, asked, found)
        except CannotTell as why:
            return Answer(self._refusal(measure, period, chosen, str(why)), query=found.query)

    def kept(self, name: str, at: str | date | None = None, **options: Plain) -> Answer | None:
        """The same, if it was told before; nothing is worked out.

        Raises:
            NotFound, BadInput: as `answer`.
        """
        measure, period = named(name), self.period(at)
        asked = store.Asked(period.end, period.every, name, _canonical(self._chosen(measure, options)))
        if not measure.is_kept:
            return None
        with self._shop.database.reading() as connection:
            kept = store.kept_answer(connection, asked)
        return None if kept is None else Answer.read(json.loads(kept.answer))

    def _chosen(self, measure: "Measure", given: Mapping[str, Plain]) -> dict[str, Plain]:
        """Every option of a measure with its value."""
        known = {option.name: option for option in measure.options}
        plain = {name.replace("_", "-"): value for name, value in given.items()}
        for name in plain:
            if name not in known:
                raise BadInput(_unknown(measure, name))
        return {name: option.of(self._shop, plain.get(name)) for name, option in known.items()}

    def _worked_out(self, measure: "Measure", period: Period, chosen: Mapping[str, Plain]) -> Answer:
        try:
            found = measure.work(self._shop, period, chosen)
        except TooFew as few:
            why = f"Fewer than {few.least} people allow '{few.purpose}', and no figure is about so few."
            found = Answer(self._refusal(measure, period, chosen, why))
        except CannotTell as why:
            found = Answer(self._refusal(measure, period, chosen, str(why)))
        if not period.latest:
            now = date_of(day_of(self._shop.clock(), self._shop.settings.zone))
            late = f"Worked out on {now}, of those who allow it today: this period closed before."
            found = replace(
                found, headline=replace(found.headline, warnings=(*found.headline.warnings, late))
            )  # fmt: skip
        return replace(found, query=_query(self._shop, measure, period, chosen))

    def _refusal(self, measure: "Measure", period: Period, chosen: Mapping[str, Plain], why: str) -> Figure:
        told = {name: value for name, value in chosen.items() if value is not None}
        unit = self._shop.settings.currency if measure.unit == "money" else measure.unit
        return Figure(
            name=measure.name, value=None, unit=unit, n=None, grade=Grade.C, refused=why, suppressed=True,
            coverage=Coverage(None, 0, "nothing was counted"), method=NOTHING,
            reproduce=Reproduce.by("shop.measure", name=measure.name, at=str(date_of(period.end)), **told),
        )  # fmt: skip

    def _kept(self, measure: "Measure", asked: store.Asked, found: Answer) -> Answer:
        """Keep what tells something.

        Raises:
            CannotTell: beside what was told of the period before, it would tell of few.
        """
        as_of = next((one.as_of for one in (found.headline, *found.others) if one.as_of), AsOf(0, 0, 0, 0))
        new = KeptAnswer(asked, _json(found.to_dict()), as_of, self._shop.clock())
        with self._shop.database.transaction() as connection:
            store.one_question_at_a_time(connection)
            if (told := store.kept_answer(connection, asked)) is not None:
                return Answer.read(json.loads(told.answer))
            if why := withheld(self._shop, connection, asked, measure.purpose, as_of, apart_by=measure.apart_by):
                raise CannotTell(why)
            return Answer.read(json.loads(store.keep_answer(connection, new).answer))


def _day(at: str | date | None) -> date | None:
    if at is None or isinstance(at, date):
        return at
    try:
        return date.fromisoformat(at.strip())
    except ValueError:
        raise BadInput(f"'{at}' is no day. Write it as 2026-11-22.") from None


def _unknown(measure: "Measure", name: str) -> str:
    names = [option.name for option in measure.options]
    near = get_close_matches(name, names, 1)
    if near:
        return f"'{measure.name}' has no option '{name}'. Did you mean '{near[0]}'?"
    has = f"It has: {', '.join(names)}." if names else "It has none."
    return f"'{measure.name}' has no option '{name}'. {has}"


def _canonical(chosen: Mapping[str, Plain]) -> str:
    return json.dumps(dict(chosen), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _query(shop: "Shop", measure: "Measure", period: Period, chosen: Mapping[str, Plain]) -> str:
    """The command that gives it again."""
    words = ["goodwill measure", measure.name, *(str(chosen[one.name]) for one in measure.options if one.stands_alone)]
    words += ["--at", str(date_of(period.end))]
    for name, value in _unusual(shop, measure, chosen):
        text = str(value)
        words += [f"--{name}", f'"{text}"' if " " in text else text]
    return " ".join(words)


def _unusual(shop: "Shop", measure: "Measure", chosen: Mapping[str, Plain]) -> Iterator[tuple[str, Plain]]:
    for option in measure.options:
        if option.stands_alone:
            continue
        if option.needed or chosen[option.name] != option.of(shop, None):
            yield option.name, chosen[option.name]
