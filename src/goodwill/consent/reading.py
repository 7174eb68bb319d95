"""How hard a text is to read: school grades by published formulas, for English and German.

Syllables are counted by rules, not by a dictionary; the formulas themselves are exact. Sources: Flesch and Kincaid 1975
(Navy report 8-75), Coleman and Liau 1975 (J. Applied Psychology 60), Bamberger and Vanecek 1984 (first Wiener
Sachtextformel).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:[-’'.][^\W_]+)*")
# Not after a letter that stands alone, as in U.S.; an empty line ends a sentence too.
_SENTENCE_END = re.compile(r"(?<!\b[A-ZÄÖÜ])[.!?…]+(?=[\s\"'”’)\]]|$)|\n\s*\n")
_EN_GROUPS = re.compile(r"[aeiouy]+")
_DE_GROUPS = re.compile(r"au|äu|ei|ai|ey|ay|eu|ie|aa|ee|oo|[aeiouäöüyé]")
# Where a group of vowels is spoken as two: cre-ate, sci-ence, po-em, flu-id, the-ory, ra-di-o, be-ing.
_EN_TWO = re.compile(
    r"ia(?!l\b|n\b|ge)|riet|dien|iu|io(?!n|us)|ie(?=nce|nt|ty)|[aeo]ism|eo(?=\b|[dr])|creat(?!u)|[dr]ea$|[eo]ing$|[^qg]ua(?=l|t)|oe[mt]|ui(?=d\b|n)"
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the formulas need to know of a text.

    Attributes:
        letters: letters and digits, punctuation left out.
        long: words of more than six letters; many: of three syllables or more; single: of one.
    """

    sentences: int
    words: int
    letters: int
    syllables: int
    long: int
    many: int
    single: int


def counts(text: str, language: str) -> Counts:
    """Count a text; the part of a language code before the hyphen says how syllables are counted."""
    words = _WORD.findall(text)
    syllables = [syllables_of(word, language) for word in words]
    parts = (part for part in _SENTENCE_END.split(text) if _WORD.search(part))
    return Counts(
        sentences=sum(1 for _ in parts),
        words=len(words),
        letters=sum(_letters(word) for word in words),
        syllables=sum(syllables),
        long=sum(_letters(word) > 6 for word in words),
        many=sum(count >= 3 for count in syllables),
        single=sum(count == 1 for count in syllables),
    )


def _letters(word: str) -> int:
    return sum(sign.isalnum() for sign in word)


def syllables_of(word: str, language: str) -> int:
    """How many syllables a word has, by rules; at least one."""
    plain = "".join(sign for sign in word.lower() if sign.isalpha())
    return max(1, _german(plain) if language.startswith("de") else _english(plain))


def _english(word: str) -> int:
    count = len(_EN_GROUPS.findall(word)) + len(_EN_TWO.findall(word))
    if word.endswith("e") and not re.search(r"[^aeiouy]le$|[aeiouy]e$", word):
        count -= 1  # like, choose: the last e is silent; ta-ble is not
    elif re.search(r"[^aeiouydt]ed$|[^aeiouyscxzg]es$|[^aeiouysc]hes$", word) and not re.search(r"[sc]hes$|les$", word):
        count -= 1  # stored, likes; but want-ed, choi-ces
    count -= len(re.findall(r"[^aeiouy]e(?=ly$|ment|ful$|less$|time|thing)", word)[:1])  # safe-ly, place-ment
    return count


def _german(word: str) -> int:
    return len(_DE_GROUPS.findall(word.replace("qu", "k")))


def flesch_kincaid(count: Counts) -> float:
    """School grade: 0.39 words a sentence + 11.8 syllables a word − 15.59."""
    return 0.39 * count.words / count.sentences + 11.8 * count.syllables / count.words - 15.59


def coleman_liau(count: Counts) -> float:
    """School grade: 0.0588 L − 0.296 S − 15.8, with letters (L) and sentences (S) in a hundred words."""
    return 0.0588 * 100 * count.letters / count.words - 0.296 * 100 * count.sentences / count.words - 15.8


def wiener_sachtextformel(count: Counts) -> float:
    """School grade from 4 to 15: 0.1935 MS + 0.1672 SL + 0.1297 IW − 0.0327 ES − 0.875.

    MS, IW and ES are the percentages of words with three syllables or more, with more than six letters, and with one
    syllable; SL is the number of words in a sentence.
    """
    many, long, single = (100 * part / count.words for part in (count.many, count.long, count.single))
    return 0.1935 * many + 0.1672 * count.words / count.sentences + 0.1297 * long - 0.0327 * single - 0.875


FORMULAS: Mapping[str, Mapping[str, Callable[[Counts], float]]] = {
    "en": {"Flesch–Kincaid": flesch_kincaid, "Coleman–Liau": coleman_liau},
    "de": {"Wiener Sachtextformel": wiener_sachtextformel},
}


def grades(text: str, language: str) -> dict[str, float]:
    """The school grades that a text is for, by formula; none where no formula is known for the language."""
    count = counts(text, language)
    if not count.words:
        return {}
    return {name: formula(count) for name, formula in FORMULAS.get(language.partition("-")[0], {}).items()}
