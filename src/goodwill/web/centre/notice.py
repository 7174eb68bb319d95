"""What the page of choices shows, as a document: the words that an answer given there is bound to.

The page is made from the register and the page's own words, and so is this, so that its hash leads to what was read.
"""

from goodwill.consent.notices import FORM, Document
from goodwill.purposes import Basis, Entry, Register
from goodwill.shop.words import Words

KEY = "privacy-centre"


def page_of(register: Register, t: Words) -> Document:
    """The page of choices in one language: every purpose that a customer decides about, with its kinds of data."""
    return {
        "form": FORM,
        "notice": KEY,
        "language": t.language,
        "region": "",
        "title": _said(t, "choices.title"),
        "text": [_said(t, "choices.lead"), _said(t, "choices.all_title")],
        "labels": {
            "accept": _said(t, "choices.allow_all"),
            "refuse": _said(t, "choices.refuse_all"),
            "choose": _said(t, "choices.switch_on"),
            "save": _said(t, "choices.switch_off"),
            "on": _said(t, "choices.on"),
            "off": _said(t, "choices.off"),
        },
        "purposes": [
            {
                "purpose": str(entry.name),
                "basis": entry.basis.value,
                "sentence": register.sentence(entry, t.language) or entry.sentence,
                "on": _said(t, *_on(entry)),
                "off": _said(t, "choices.off" if entry.basis is Basis.CONSENT else "choices.objected"),
                "ticked": False,
                "categories": [
                    {"category": str(kind.name), "sentence": register.sentence(kind, t.language) or kind.sentence}
                    for kind in map(register.category, entry.categories)
                ],
            }
            for entry in register.asked()
        ],
    }


def _on(entry: Entry) -> list[str]:
    """What the page says of a purpose while it is on."""
    if entry.basis is Basis.CONSENT:
        return ["choices.may", "choices.reserved"] if entry.reserved else ["choices.on"]
    return ["choices.by_law", *(["choices.unobjected", "choices.reserved"] if entry.reserved else ["choices.standing"])]


def _said(t: Words, *keys: str) -> str:
    return " ".join(t(key).unescape() for key in keys)
