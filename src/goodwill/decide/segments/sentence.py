"""A rule read back as a sentence, in the languages that staff read; so that nobody has to trust a tree of JSON."""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeAlias

from goodwill.decide.segments.rule import (
    AllOf,
    AnyOf,
    Birthday,
    Deed,
    Did,
    Fact,
    First,
    Last,
    Never,
    Node,
    NoneOf,
    Range,
    Things,
)

USUAL: Final = "en"
# The verbs that stand without an object: "opened a letter from us", never "opened … something".
_WHOLE: Final = ("searched", "answered", "sent", "opened")
Says: TypeAlias = Callable[[int], str]  # an amount in minor units as people write it


@cache
def languages() -> Mapping[str, Mapping[str, Any]]:
    """The words of every language."""
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def recipe_words(name: str, language: str = USUAL) -> str:
    """What a recipe is for."""
    return str(_words(language)["recipes"][name])


def sentence(rule: Node, language: str = USUAL, *, money: Says = str) -> str:
    """Whom a rule chooses, as a sentence.

    Args:
        language: one that goodwill has no words for is answered in English.
        money: how amounts are written.
    """
    spoken = _Spoken(_words(language), money)
    return _tidy(spoken.say("people", rule=spoken.clause(rule)))


def _words(language: str) -> Mapping[str, Any]:
    there = languages()
    return there.get(language.lower().split("-")[0], there[USUAL])


def _tidy(text: str) -> str:
    return " ".join(text.split()).replace(" .", ".").replace(" ,", ",").replace("( ", "(").replace(" )", ")")


class _Spoken:
    """A rule in one language."""

    def __init__(self, words: Mapping[str, Any], money: Says) -> None:
        self._words = words
        self._money = money

    def say(self, key: str, **values: object) -> str:
        return str(self._words[key]).format_map(values)

    def clause(self, node: Node) -> str:
        match node:
            case AllOf():
                return self._group("all", "and", node.of)
            case AnyOf():
                return self._group("any", "or", node.of)
            case NoneOf():
                return self._group("none", "or", node.of)
            case Fact() | Birthday():
                return self._known(node)
            case Did():
                return self._did(node)
            case Never():
                never = self._words["nevers"][node.what]
                return self.say("never", never=never, things=self._things(node, "not_"), when=self._when(node))
            case Last() | First():
                ago = self._range("ago", node.days_ago)
                return self.say("last" if isinstance(node, Last) else "first", ago=ago, **self._verb(node))

    def _known(self, node: Fact | Birthday) -> str:
        if isinstance(node, Birthday):
            return self.say("birthday" if node.within_days else "birthday_today", days=node.within_days)
        facts = self._words["facts"]
        said = facts[node.field if node.field in facts else "other"]
        return str(said).format_map({"field": node.field, "values": self._listed(node.one_of)})

    def _did(self, node: Did) -> str:
        how = ""
        if node.spent is not None:
            kind = "spent" if node.things is not None else "spent_any"
            key = kind if node.what == "bought" else f"spent_{node.what}"
            return self.say(key, how=self._range("spent", node.spent), things=self._things(node), when=self._when(node))
        if node.visits is not None:
            how = self._range("visits", node.visits)
        elif node.times is not None:
            how = self._range("times", node.times)
        return self.say("did", how=how, when=self._when(node), **self._verb(node))

    def _group(self, key: str, joint: str, parts: tuple[Node, ...]) -> str:
        if len(parts) == 1 and key != "none":
            return self.clause(parts[0])
        said = [self._inside(part) for part in parts]
        return self.say(key, parts=self.say(joint).join(said))

    def _inside(self, node: Node) -> str:
        said = self.clause(node)
        return self.say("grouped", rule=said) if isinstance(node, AllOf | AnyOf | NoneOf) else said

    def _verb(self, node: Deed) -> dict[str, str]:
        return {"verb": self._words["verbs"][node.what], "things": self._things(node)}

    def _things(self, node: Deed, sign: str = "") -> str:
        if node.what in _WHOLE:
            return ""
        return self.say(f"{sign}anything") if node.things is None else self._named(node.things, sign)

    def _named(self, things: Things, sign: str) -> str:
        lists = {name: getattr(things, name) for name in ("products", "categories", "types", "tags")}
        said = [self.say(f"{sign}things_{name}", names=self._listed(names)) for name, names in lists.items() if names]
        return self.say("list_or").join(said)

    def _listed(self, names: tuple[str, ...]) -> str:
        return self.say("list_or").join(self.say("name", name=name) for name in names)

    def _range(self, key: str, wanted: Range) -> str:
        least, most = wanted.at_least, wanted.at_most
        shown = self._money if key == "spent" else str
        values = {"least": "" if least is None else shown(least), "most": "" if most is None else shown(most)}
        ending = "least" if most is None else "most" if least is None else "exact" if least == most else "both"
        if (key, least, most) == ("visits", 1, 1):
            return self.say("visits_once")
        return self.say(f"{key}_{ending}", **values)

    def _when(self, node: Did | Never) -> str:
        if node.within_days is not None:
            return self.say("within" if node.within_days else "today", days=node.within_days)
        key = {(True, True): "between", (True, False): "since", (False, True): "until"}.get(
            (node.since is not None, node.until is not None), "ever"
        )
        return self.say(key, since=node.since, until=node.until)
