"""A segment looks at no more than its purpose lists, and its purpose chooses something for people."""

from dataclasses import replace

import pytest

from goodwill.basics.errors import BadInput, NotFound, Refused
from goodwill.decide.segments import RECIPES, categories, check, purposes, read, recipe
from goodwill.purposes import EMAIL_MARKETING, RECOMMENDATIONS, Category, shipped

REGISTER = shipped()
BOUGHT = read({"is": "did", "what": "bought"})
TOWN = read({"is": "fact", "field": "city", "one_of": ["Wien"]})


def test_a_category_that_the_purpose_does_not_list_is_refused_with_a_sentence():
    check(TOWN, REGISTER[EMAIL_MARKETING], REGISTER)
    with pytest.raises(Refused, match="'city' is of the data category 'contact', which 'recommendations' may"):
        check(TOWN, REGISTER[RECOMMENDATIONS], REGISTER)
    with pytest.raises(Refused, match=r"'viewed' is of the data category 'browsing'.*may use contact, purchases"):
        check(read({"is": "any", "of": [{"is": "never", "what": "viewed"}]}), REGISTER[EMAIL_MARKETING], REGISTER)


@pytest.mark.parametrize("purpose", ["fulfilment", "bookkeeping", "model-improvement", "measurement", "statistics"])
def test_a_purpose_that_chooses_nobody_makes_no_segment(purpose):
    with pytest.raises(Refused, match=rf"'{purpose}' chooses nobody.*recommendations"):
        check(BOUGHT, REGISTER[purpose], REGISTER)


def test_a_sensitive_category_is_refused_also_where_it_is_listed():
    kinds = {**REGISTER.kinds, "contact": replace(REGISTER.category("contact"), sensitive=True)}
    with pytest.raises(Refused, match="sensitive category 'contact'"):
        check(TOWN, REGISTER[EMAIL_MARKETING], replace(REGISTER, kinds=kinds))


def test_a_field_of_the_shops_own_needs_a_category_of_the_register():
    own = read({"is": "fact", "field": "roast", "category": "taste", "one_of": ["dark"]})
    with pytest.raises(NotFound, match="'taste' is not a data category"):
        check(own, REGISTER[EMAIL_MARKETING], REGISTER)


def test_what_the_purpose_needs_has_to_be_allowed_too():
    assert categories(BOUGHT, REGISTER[EMAIL_MARKETING]) == {"purchases", "contact"}
    assert categories(BOUGHT, REGISTER[RECOMMENDATIONS]) == {"purchases"}


@pytest.mark.parametrize("ready", RECIPES.values(), ids=lambda one: one.name)
def test_a_recipe_is_a_rule_with_or_without_values_of_ones_own(ready):
    assert ready.example() == ready.example()
    for name, usual in ready.values.items():
        others = {other: "…" for other, value in ready.values.items() if value == () and other != name}
        assert ready.rule({**others, name: "Tea, Cake" if usual == () else "17"}) != ready.example()


def test_a_birthday_fits_once_the_register_lists_it():
    week = recipe("birthday-week").example()
    assert purposes(week, REGISTER) == ()
    entry = REGISTER[EMAIL_MARKETING]
    wider = replace(entry, categories=(*entry.categories, Category("demographics")))
    more = replace(REGISTER, entries={**REGISTER.entries, entry.name: wider})
    assert [one.name for one in purposes(week, more)] == [EMAIL_MARKETING]


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("regulars", {"weeks": 3}, "has no 'weeks' to set. It has: visits, days"),
        ("regulars", {"days": "many"}, "'days' of 'regulars' is a whole number, such as 90"),
        ("loves-category", {}, "needs 'category'"),
        ("birthday-week", {"days": 365}, "from 0 to 60"),
    ],
)
def test_what_cannot_be_set_is_said(name, values, says):
    with pytest.raises(BadInput, match=says):
        recipe(name).rule(values)


def test_an_unknown_recipe_is_not_found():
    with pytest.raises(NotFound, match="There are: regulars"):
        recipe("souffle")
