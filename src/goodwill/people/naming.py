"""Whether a text names somebody: by an address, a telephone number, an id, or her whole name.

Only what points to one person. A first name alone, or a very short id, stands in texts about others too.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from goodwill.people.erase import Names

_NAMES: Final = {"email": "e-mail address", "phone": "telephone number", "whole": "name"}
_LEAST, _LEAST_DIGITS = 4, 5  # characters of an id that is looked for; of digits alone, a year is none yet
_SAME_END: Final = 8  # digits at the end of a telephone number, however its country is written
_NUMBER: Final = re.compile(r"\+?\d[\d\s()./-]{4,}\d")


def named_in(text: str, names: Names) -> str | None:
    """By what a text names somebody, in words: ``e-mail address``; None where it does not."""
    folded = _folded(text)
    for kind, word in _words(names):
        if kind == "phone":
            if _has_number(text, word):
                return _NAMES[kind]
        elif _stands(_folded(word), folded):
            return _NAMES.get(kind, f"id ({kind})")
    return None


def _words(names: Names) -> Iterator[tuple[str, str]]:
    for kind, word in names.ids:
        if len(word) >= (_LEAST_DIGITS if word.isdigit() else _LEAST):
            yield kind, word
    for name in names.whole:
        yield "whole", name


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _stands(word: str, text: str) -> bool:
    """Whether a word stands in a text, and is no part of a longer one."""
    return (
        bool(word)
        and word in text
        and re.search(rf"(?<!\w)(?<!\w[.@+-]){re.escape(word)}(?!\w|[.@+-]\w)", text) is not None
    )


def _has_number(text: str, number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    end = digits[-_SAME_END:] if len(digits) >= _SAME_END else digits
    return any(re.sub(r"\D", "", found).endswith(end) for found in _NUMBER.findall(text))
