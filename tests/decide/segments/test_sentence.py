"""A rule reads back as a sentence, in both languages."""

import pytest
from hypothesis import given
from tests.decide.segments.making import RULES

from goodwill.decide.segments import RECIPES, read, recipe_words, sentence
from goodwill.decide.segments.facts import BIRTHDAY, FACTS
from goodwill.decide.segments.rule import DEEDS
from goodwill.decide.segments.sentence import languages

BOUGHT = {"is": "did", "what": "bought"}
SAID = {
    "once": (BOUGHT, "People who bought something.", "Menschen, die etwas gekauft haben."),
    "visits": (
        {**BOUGHT, "within_days": 90, "visits": {"at_least": 4}},
        "People who bought something on at least 4 different days in the last 90 days.",
        "Menschen, die in den letzten 90 Tagen an mindestens 4 verschiedenen Tagen etwas gekauft haben.",
    ),
    "money": (
        {**BOUGHT, "spent": {"at_least": 2_000, "at_most": 5_000}},
        "People who spent 2000 to 5000.",
        "Menschen, die 2000 bis 5000 ausgegeben haben.",
    ),
    "never": (
        {"is": "never", "what": "bought", "things": {"categories": ["Tea"]}, "since": "2026-01-01"},
        "People who did not buy anything of the category “Tea” since 2026-01-01.",
        "Menschen, die seit 2026-01-01 nichts aus der Kategorie „Tea“ gekauft haben.",
    ),
    "groups": (
        {
            "is": "all",
            "of": [
                {"is": "last", "what": "bought", "days_ago": {"at_least": 60}},
                {"is": "any", "of": [{"is": "fact", "field": "city", "one_of": ["Wien"]}, BOUGHT]},
            ],
        },
        (
            "People who last bought something at least 60 days ago, and who (either live in “Wien”, "
            "or who bought something)."
        ),
        (
            "Menschen, die vor mindestens 60 Tagen zuletzt etwas gekauft haben, und die (entweder in „Wien“ wohnen, "
            "oder die etwas gekauft haben)."
        ),
    ),
}


@pytest.mark.parametrize(("rule", "english", "german"), SAID.values(), ids=SAID)
def test_a_rule_reads_back(rule, english, german):
    assert sentence(read(rule)) == english
    assert sentence(read(rule), "de-AT") == german
    assert sentence(read(rule), "fi") == english


def keys(words, before=""):
    for name, value in words.items():
        yield from keys(value, f"{before}{name}.") if isinstance(value, dict) else [f"{before}{name}"]


def test_every_language_has_every_word():
    english, *others = [set(keys(words)) for words in languages().values()]
    assert others
    assert all(other == english for other in others)


def test_every_deed_fact_and_recipe_has_words():
    for words in languages().values():
        assert words["verbs"].keys() == words["nevers"].keys() == set(DEEDS)
        assert set(words["facts"]) - {"other"} == set(FACTS) - {BIRTHDAY}
        assert set(words["recipes"]) == set(RECIPES)
    assert recipe_words("regulars", "de").startswith("Stammkunden")


@given(RULES)
def test_every_rule_has_a_sentence(rule):
    for language in languages():
        said = sentence(read(rule), language)
        assert said.endswith(".")
        assert not any(sign in said for sign in ("{", "  ", " .", " ,"))
