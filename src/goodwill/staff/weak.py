"""Which passwords somebody would guess first, told by rule: common words and names, with what people add to them.

Lists of leaked passwords are made of other people's secrets; this is made of words, keyboards and habits. What it lets
through still costs a guess 20 milliseconds, and ten guesses lock an account for minutes.
"""

import re
import unicodedata
from collections.abc import Iterable

LEAST, MOST = 12, 200  # letters

# Words that begin most passwords people choose, in small letters; whatever stands before and after does not help.
_WORDS = [
    "abc",
    "access",
    "account",
    "admin",
    "administrator",
    "adobe",
    "amazon",
    "angel",
    "apple",
    "april",
    "asdf",
    "august",
    "autumn",
    "baby",
    "bailey",
    "banana",
    "baseball",
    "batman",
    "beauty",
    "berlin",
    "boss",
    "business",
    "buster",
    "butterfly",
    "cafe",
    "change",
    "changeme",
    "charlie",
    "cheese",
    "chelsea",
    "chocolate",
    "coffee",
    "computer",
    "cookie",
    "daniel",
    "december",
    "default",
    "demo",
    "diamond",
    "dog",
    "donald",
    "dragon",
    "email",
    "enter",
    "facebook",
    "family",
    "february",
    "flower",
    "football",
    "forever",
    "freedom",
    "friday",
    "friend",
    "goodwill",
    "google",
    "guest",
    "hallo",
    "hannah",
    "happy",
    "harley",
    "hello",
    "hockey",
    "holiday",
    "home",
    "hunter",
    "iloveyou",
    "instagram",
    "internet",
    "january",
    "jennifer",
    "jessica",
    "jesus",
    "jordan",
    "july",
    "june",
    "kennwort",
    "killer",
    "kitten",
    "letmein",
    "liverpool",
    "login",
    "london",
    "lovely",
    "magic",
    "maggie",
    "manager",
    "march",
    "master",
    "matrix",
    "maverick",
    "may",
    "merlin",
    "michael",
    "mickey",
    "monday",
    "money",
    "monkey",
    "mother",
    "mustang",
    "my",
    "naruto",
    "new",
    "ninja",
    "november",
    "october",
    "office",
    "orange",
    "paris",
    "parola",
    "pass",
    "passe",
    "passport",
    "passw",
    "passwort",
    "password",
    "passwd",
    "pepper",
    "pizza",
    "please",
    "pokemon",
    "princess",
    "private",
    "pumpkin",
    "purple",
    "qazwsx",
    "qwer",
    "qwert",
    "qwerty",
    "rainbow",
    "ranger",
    "root",
    "saturday",
    "school",
    "secret",
    "secure",
    "security",
    "september",
    "server",
    "service",
    "shadow",
    "shop",
    "silver",
    "soccer",
    "solo",
    "sommer",
    "spring",
    "starwars",
    "store",
    "summer",
    "sunday",
    "sunshine",
    "superman",
    "system",
    "temp",
    "temporary",
    "test",
    "thomas",
    "thursday",
    "tigger",
    "trustno",
    "tuesday",
    "user",
    "very",
    "welcome",
    "wednesday",
    "whatever",
    "william",
    "winter",
    "wordpass",
    "work",
    "world",
    "yankees",
    "yellow",
    "you",
    "the",
    "is",
    "it",
    "love",
    "me",
    "i",
    "a",
    "and",
    "our",
    "your",
    "this",
    "in",
    "secure",
]
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "1234567890", "abcdefghijklmnopqrstuvwxyz",
         "qazwsxedcrfvtgbyhnujmikolp")  # fmt: skip
_AS_LETTERS = str.maketrans("0134578@$!|", "oieastbasii")


def why_weak(password: str, about: Iterable[str] = ()) -> str:
    """What is wrong with a password, in a sentence; "" if nothing is.

    Args:
        about: words that a guesser knows: the shop's name, the person's own name and address.
    """
    if len(password) < LEAST:
        return f"A password has at least {LEAST} characters. Several words in a row are easy to keep in mind."
    if len(password) > MOST:
        return f"A password has at most {MOST} characters."
    plain = unicodedata.normalize("NFKC", password).casefold()
    known = {word for text in about for word in re.split(r"[\W_]+", text.casefold()) if len(word) >= 3}
    if len(set(plain)) < 5 or _is_repeated(plain):
        return "This password repeats itself. Take several words that do not belong together."
    if _is_run(plain):
        return "This password runs along the keyboard or the alphabet. Take several words that do not belong together."
    if _is_guessed(plain, {*_WORDS, *known}):
        return (
            "This password is made of words that are guessed first (common words, names and dates of this shop or "
            "yours). Take several words that do not belong together."
        )
    return ""


def _is_repeated(text: str) -> bool:
    return any(text == (text[:size] * (len(text) // size + 1))[: len(text)] for size in range(1, len(text) // 2 + 1))


def _is_run(text: str) -> bool:
    """Whether at most three runs along a row, forward or back, make it up."""
    left, runs = text, 0
    while left and runs < 4:
        size = max(_run_at_start(left, row) for row in _ROWS)
        if size < 2:
            return False
        left, runs = left[size:], runs + 1
    return not left


def _run_at_start(text: str, row: str) -> int:
    best = 0
    for one in (row * 2, (row * 2)[::-1]):
        size = 0
        while size < len(text) and text[: size + 1] in one:
            size += 1
        best = max(best, size)
    return best


def _is_guessed(text: str, words: set[str]) -> bool:
    """Whether nothing is left of it but common words, digits and signs."""
    return any(_is_words(re.sub(r"[\W\d_]+", "", form), words) for form in {text, text.translate(_AS_LETTERS)})


def _is_words(letters: str, words: set[str]) -> bool:
    """Whether at most three words, one after the other, spell it whole (by length reached, as in word wrap)."""
    fewest = {0: 0}
    for end in range(1, len(letters) + 1):
        ways = [
            fewest[end - len(word)] + 1
            for word in words
            if end - len(word) in fewest and letters.endswith(word, 0, end)
        ]
        if ways:
            fewest[end] = min(ways)
    return fewest.get(len(letters), 4) <= 3
