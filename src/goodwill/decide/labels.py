"""What must be said beside a price that is not everybody's, by where it is read.

A label is kept with the decision by its name; its words are frozen, because laws prescribe them.
"""

from typing import Final

ALGORITHM: Final = "us-ny"
PERSONALISED: Final = "personalised"

# New York, General Business Law § 349-a, in force since 10 November 2025: these very words, in English.
_NEW_YORK: Final = "THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA"
# Directive 2011/83/EU, art. 6(1)(ea): that the price was personalised on the basis of automated decision-making. What
# the Union asks for is said everywhere else too.
_PERSONALISED: Final = {
    "en": "This price was personalised for you by automated decision-making. It is never above the public price.",
    "de": "Dieser Preis wurde automatisiert für Sie personalisiert. Er liegt nie über dem öffentlichen Preis.",
}


def label_for(region: str) -> str:
    """The label that counts in a region such as IT or US-NY; the Union's where no other does."""
    return ALGORITHM if region.upper() == "US-NY" else PERSONALISED


def words_of(label: str, language: str = "en") -> str:
    """What a label says, in a language where the law leaves that open; nothing for no label."""
    if not label:
        return ""
    if label == ALGORITHM:
        return _NEW_YORK
    return _PERSONALISED.get(language.partition("-")[0].lower(), _PERSONALISED["en"])


_BUT_NOT: Final = {"en": "Not on what everybody needs.", "de": "Nicht auf das, was alle brauchen."}


def but_not(language: str = "en") -> str:
    """What a price that some alone have for a whole basket leaves out, in the language of the shop's pages."""
    return _BUT_NOT.get(language.partition("-")[0].lower(), _BUT_NOT["en"])
