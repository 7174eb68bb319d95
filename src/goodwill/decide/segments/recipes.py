"""Ready rules for what shops ask most, each with a few numbers or names to set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from goodwill.basics.errors import BadInput, NotFound
from goodwill.decide.segments import rule as rules
from goodwill.decide.segments.rule import Node

Value: TypeAlias = "int | tuple[str, ...]"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A ready rule.

    Attributes:
        values: what can be set, with what it is unless set; an empty tuple stands for names that must be given.
    """

    name: str
    values: Mapping[str, Value]
    make: Callable[..., dict[str, Any]]

    def rule(self, given: Mapping[str, str | int]) -> Node:
        """The rule with some values set.

        Raises:
            BadInput: there is no such value, it is no number where one is needed, or a name is missing.
        """
        if strange := [name for name in given if name not in self.values]:
            may = ", ".join(self.values) or "none"
            raise BadInput(f"'{self.name}' has no '{strange[0][:40]}' to set. It has: {may}.")
        values = {name: self._value(name, given.get(name)) for name in self.values}
        return rules.read(self.make(**values))

    def example(self) -> Node:
        """The rule as it is if nothing is set, with … for names."""
        return self.rule({name: "…" for name, value in self.values.items() if value == ()})

    def _value(self, name: str, said: str | int | None) -> int | list[str]:
        usual = self.values[name]
        if said is None and usual == ():
            raise BadInput(f"'{self.name}' needs '{name}': say which, several with commas between them.")
        if isinstance(usual, tuple):
            return [part.strip() for part in str(said).split(",")] if said is not None else list(usual)
        if said is None:
            return usual
        try:
            return int(str(said))
        except ValueError:
            raise BadInput(f"'{name}' of '{self.name}' is a whole number, such as {usual}.") from None


def _all(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"is": "all", "of": list(parts)}


def _did(what: str, **more: Any) -> dict[str, Any]:
    return {"is": "did", "what": what, **more}


def _last(what: str, **days_ago: int) -> dict[str, Any]:
    return {"is": "last", "what": what, "days_ago": days_ago}


def _never(what: str, days: int) -> dict[str, Any]:
    return {"is": "never", "what": what, "within_days": days}


def _regulars(visits: int, days: int) -> dict[str, Any]:
    return _did("bought", within_days=days, visits={"at_least": visits})


def _lapsed_regulars(visits: int, away: int) -> dict[str, Any]:
    return _all(_did("bought", visits={"at_least": visits}), _last("bought", at_least=away))


def _new(days: int) -> dict[str, Any]:
    return {"is": "first", "what": "bought", "days_ago": {"at_most": days}}


def _loves_category(category: list[str], times: int, days: int) -> dict[str, Any]:
    return _did("bought", things={"categories": category}, within_days=days, times={"at_least": times})


def _birthday_week(days: int) -> dict[str, Any]:
    return {"is": "birthday", "within_days": days}


def _big_spenders(amount: int, days: int) -> dict[str, Any]:
    return _did("bought", within_days=days, spent={"at_least": amount})


def _once_only(away: int) -> dict[str, Any]:
    return _all(_did("bought", visits={"at_least": 1, "at_most": 1}), _last("bought", at_least=away))


def _silent_subscribers(letters: int, days: int) -> dict[str, Any]:
    return _all(_did("sent", within_days=days, times={"at_least": letters}), _never("opened", days))


def _looked_not_bought(days: int) -> dict[str, Any]:
    return _all(_did("viewed", within_days=days), _never("bought", days))


def _in_town(town: list[str]) -> dict[str, Any]:
    return {"is": "fact", "field": "city", "one_of": town}


RECIPES: Final[Mapping[str, Recipe]] = {
    one.name: one
    for one in (
        Recipe("regulars", {"visits": 4, "days": 90}, _regulars),
        Recipe("lapsed-regulars", {"visits": 5, "away": 60}, _lapsed_regulars),
        Recipe("new-this-month", {"days": 30}, _new),
        Recipe("loves-category", {"category": (), "times": 3, "days": 180}, _loves_category),
        Recipe("birthday-week", {"days": 7}, _birthday_week),
        Recipe("big-spenders", {"amount": 20_000, "days": 90}, _big_spenders),
        Recipe("once-only", {"away": 60}, _once_only),
        Recipe("silent-subscribers", {"letters": 5, "days": 90}, _silent_subscribers),
        Recipe("looked-not-bought", {"days": 14}, _looked_not_bought),
        Recipe("in-town", {"town": ()}, _in_town),
    )
}


def recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        NotFound: there is none.
    """
    try:
        return RECIPES[name]
    except KeyError:
        raise NotFound(f"'{name[:40]}' is no recipe. There are: {', '.join(RECIPES)}.") from None
