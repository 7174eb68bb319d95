"""The kinds of things that are never suggested unasked, as long as a shop names no others, in English and German.

The special categories of personal data (GDPR art. 9), and what does as much harm when it shows: pregnancy, addiction,
money trouble. Parts of words, chosen so that everyday goods do not hold them: "hiv" would hide chives.
"""

from collections.abc import Mapping
from typing import Final

BY_KIND: Final[Mapping[str, tuple[str, ...]]] = {
    "health": (
        "pharmac", "apothek", "medicin", "medikament", "arznei", "prescription", "antidepress", "incontinen",
        "inkontinen", "laxative", "abführmittel", "hemorrhoid", "hämorrhoid", "hiv test", "hiv-test", "weight loss",
        "diet pill", "diätpille",
    ),
    "sex life": ("contracepti", "verhütung", "condom", "kondom", "erotic", "erotik", "sexual", "feminine hyg",
                 "monatshygiene", "intimate care", "intimpflege"),
    "pregnancy": ("family plan", "pregnan", "schwanger", "fertility", "ovulation"),
    "addiction": ("tobacco", "tabak", "cigar", "zigar", "nicotin", "nikotin", "e-liquid", "gambl", "casino", "lottery",
                  "lotterie", "glücksspiel"),
    "belief": ("relig", "bible", "bibel", "quran", "koran", "torah", "rosary", "rosenkranz"),
    "politics": ("politic", "politik", "trade union", "gewerkschaft"),
    "money": ("payday", "debt advice", "debt relief", "schuldner", "pawn shop", "pfandleih"),
}  # fmt: skip

SENSITIVE: Final = tuple(word for words in BY_KIND.values() for word in words)
