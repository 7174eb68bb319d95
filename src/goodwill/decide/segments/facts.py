"""Which facts about a person a segment may look at, which never, and what they say."""

import re
from calendar import isleap
from datetime import date
from typing import Final

BIRTHDAY: Final = "birthday"
# Fields of the profile that goodwill knows by itself, with the data category of each.
FACTS: Final = {
    "city": "contact", "region": "contact", "country": "contact", "language": "contact", BIRTHDAY: "demographics",
    "age": "demographics", "gender": "demographics", "household-size": "demographics",
    "household-kind": "demographics",
}  # fmt: skip
_NAMES: Final = "it names one person, and a segment is no way to look somebody up"
_MONEY: Final = "what somebody earns or owns is nothing to choose customers by"
LOCKED: Final = {
    **dict.fromkeys(("name", "first-name", "last-name", "company", "email", "phone", "user_id", "customer"), _NAMES),
    **dict.fromkeys(("street", "postcode"), "it says too exactly where somebody lives; town, region and country may"),
    **dict.fromkeys(("income", "home-ownership"), _MONEY),
    "marital-status": "whom somebody lives with is nothing to choose customers by",
    "children": "children are nothing to choose customers by",
    **dict.fromkeys(("write_again_from", "write_less_often"), "it is a wish that is obeyed, not a trait to choose by"),
}

# 1980-03-04, --03-04 and 03-04: the year plays no part, and need not be known.
_DAY: Final = re.compile(r"(?:\d{4}-|--)?(\d{2})-(\d{2})")


def same(text: str) -> str:
    """A text as it is compared: without regard to capitals and to spaces around it."""
    return " ".join(text.casefold().split())


def days_to_birthday(text: str, today: date) -> int | None:
    """Days from today to the next birthday, 0 on the day; None where the text is none.

    Who was born on 29 February has a birthday on 28 February in other years.
    """
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return None
    month, day = int(found[1]), int(found[2])
    try:
        date(2000, month, day)  # a leap year has every day that any year has
    except ValueError:
        return None
    coming = _in_year(today.year, month, day)
    return ((coming if coming >= today else _in_year(today.year + 1, month, day)) - today).days


def _in_year(year: int, month: int, day: int) -> date:
    return date(year, month, 28 if (month, day) == (2, 29) and not isleap(year) else day)
