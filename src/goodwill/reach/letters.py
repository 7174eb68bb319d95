"""What a shop writes to people. Each letter is a function that gives its context; templates make text and HTML of it.

One template per letter and language gives both: it speaks of paragraphs, codes and links, and two layouts say how these
look. Whatever ends up in a header is refused if it could begin another one.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from textwrap import fill

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from goodwill.basics.errors import BadInput

LANGUAGES = ("en", "de")
Value = str | int | tuple[str, ...] | None
_WIDTH = 76  # characters in a line of text (RFC 5322: should be 78 at most)


class Kind(StrEnum):
    """What a letter is for: it decides what happens when nobody knows whether it arrived."""

    RIGHTS = "rights"  # about a person's rights or her signing in: sent again rather than lost
    SERVICE = "service"  # about something she ordered or asked for: sent again too
    MARKETING = "marketing"  # only with consent, only with a way out, and never twice


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said, before it has words.

    Attributes:
        name: the template.
        context: what the template is filled with; texts, whole numbers, dates as ``2026-11-28``.
        unsubscribe: for marketing: the address that a mail program calls to take the consent back (RFC 8058).
    """

    name: str
    kind: Kind
    context: Mapping[str, Value]
    unsubscribe: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in words."""

    subject: str
    text: str
    html: str
    language: str


# ---- the letters -----------------------------------------------------------------------------------------------------


def request_code(*, right: str, code: str, minutes: int, page: str) -> Letter:
    """To the address that a request named, whether or not anybody is known by it."""
    return Letter("request-code", Kind.RIGHTS, {"right": right, "code": code, "minutes": minutes, "page": page})


def request_started(*, right: str, due: str, hold_hours: int, page: str, cancel: str) -> Letter:
    """To everywhere she can be reached, once a request is known to be hers."""
    context: dict[str, Value] = {
        "right": right, "due": due, "hold_hours": hold_hours, "page": page, "cancel": cancel,
    }  # fmt: skip
    return Letter("request-started", Kind.RIGHTS, context)


def request_paused(*, right: str, reason: str, page: str) -> Letter:
    """The clock stands while it is in doubt who asks."""
    return Letter("request-paused", Kind.RIGHTS, {"right": right, "reason": reason, "page": page})


def request_resumed(*, right: str, due: str, page: str) -> Letter:
    """The clock runs again."""
    return Letter("request-resumed", Kind.RIGHTS, {"right": right, "due": due, "page": page})


def request_extended(*, right: str, reason: str, due: str, regulator: str, complaint: str, page: str) -> Letter:
    """It takes longer, and why."""
    context: dict[str, Value] = {
        "right": right, "reason": reason, "due": due, "regulator": regulator, "complaint": complaint, "page": page,
    }  # fmt: skip
    return Letter("request-extended", Kind.RIGHTS, context)


def request_refused(
    *, right: str, reason: str, regulator: str, complaint: str, appeal: str | None, page: str
) -> Letter:
    """A no, with its reason and where to complain."""
    context: dict[str, Value] = {
        "right": right, "reason": reason, "regulator": regulator, "complaint": complaint, "appeal": appeal,
        "page": page,
    }  # fmt: skip
    return Letter("request-refused", Kind.RIGHTS, context)


def request_fulfilled(*, right: str, outcome: str, note: str | None, page: str, days: int = 0) -> Letter:
    """Done.

    Args:
        outcome: ``done``, ``ready`` (to be fetched on the page), ``erased`` or ``nothing-held``.
        days: for which a copy can be fetched.
    """
    context: dict[str, Value] = {"right": right, "outcome": outcome, "note": note, "page": page, "days": days}
    return Letter("request-fulfilled", Kind.RIGHTS, context)


def request_cancelled(*, right: str, page: str) -> Letter:
    """It was stopped, by her or by somebody who reads her mail."""
    return Letter("request-cancelled", Kind.RIGHTS, {"right": right, "page": page})


def sign_in(*, code: str, minutes: int, page: str) -> Letter:
    """To sign in to the privacy centre."""
    return Letter("sign-in", Kind.RIGHTS, {"code": code, "minutes": minutes, "page": page})


def confirm_consent(*, sentences: Iterable[str], code: str, days: int, page: str) -> Letter:
    """The second half of a double opt-in: what was asked for, in the words that were shown."""
    context: dict[str, Value] = {"sentences": tuple(sentences), "code": code, "days": days, "page": page}
    return Letter("confirm-consent", Kind.SERVICE, context)


def news(*, subject: str, paragraphs: Iterable[str], unsubscribe: str, preferences: str) -> Letter:
    """What the shop has to tell those who asked to hear it."""
    context: dict[str, Value] = {
        "subject": subject, "paragraphs": tuple(paragraphs), "unsubscribe": unsubscribe, "preferences": preferences,
    }  # fmt: skip
    return Letter("news", Kind.MARKETING, context, unsubscribe)


# ---- words -----------------------------------------------------------------------------------------------------------


def language_of(wanted: str | None, default: str = "en") -> str:
    """The language that a letter is written in: the one wanted if there are words in it, else the shop's own."""
    for tag in (wanted, default):
        short = (tag or "").lower().replace("_", "-").partition("-")[0]
        if short in LANGUAGES:
            return short
    return LANGUAGES[0]


def write(letter: Letter, *, shop: str, language: str) -> Written:
    """Put a letter into words.

    Raises:
        BadInput: it would put a line break into a header, or it is marketing without a way out.
    """
    if letter.kind is Kind.MARKETING and not letter.unsubscribe:
        raise BadInput(f"The letter '{letter.name}' is marketing and has no way out. Give it an unsubscribe address.")
    values = {**letter.context, "shop": shop, "language": language, "name": f"{language}/{letter.name}.j2"}
    plain, page = (_templates(form, language).get_template(values["name"]) for form in ("text", "html"))  # type: ignore[arg-type]
    subject = " ".join("".join(plain.blocks["subject"](plain.new_context(values))).split())
    text = _BLANK.sub("\n\n", plain.render(values).strip()) + "\n"
    return Written(fit_for_header(subject, "subject"), text, page.render(values), language)


_BLANK = re.compile(r"\n{3,}")


def fit_for_header(value: str, what: str) -> str:
    """A value for a header of a mail, if it cannot break out of it.

    Python before 3.11.15 lets line breaks through some headers (CVE-2026-1299), so this is ours to refuse.

    Raises:
        BadInput: it holds a line break, NUL or another control character, or is no text.
    """
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 or letter in "\u2028\u2029" for letter in value):
        raise BadInput(f"The {what} of a letter may hold no line break and no control character.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"The {what} of a letter is broken Unicode at character {error.start + 1}.") from None
    return value


_MONTHS = {
    "en": "January February March April May June July August September October November December".split(),  # noqa: SIM905
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),  # noqa: SIM905
}


@lru_cache(maxsize=4)
def _templates(form: str, language: str) -> Environment:
    made = Environment(
        loader=PackageLoader("goodwill.reach", "templates"),
        autoescape=form == "html",  # noqa: S701 - the other form is plain text, where nothing is markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["layout"] = f"layout.{form}.j2"
    made.globals.update(_HTML if form == "html" else _TEXT)
    made.filters["day"] = lambda text: _day(text, language)
    return made


def _day(text: str, language: str) -> str:
    """``2026-11-28`` as people write it."""
    day = date.fromisoformat(text)
    return f"{day.day}{'.' if language == 'de' else ''} {_MONTHS[language][day.month - 1]} {day.year}"


_TEXT: Mapping[str, Callable[..., str]] = {
    "para": lambda words: fill(" ".join(str(words).split()), _WIDTH, break_long_words=False) + "\n",
    "item": lambda words: fill(
        " ".join(str(words).split()), _WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False
    ),
    "big": lambda code: f"    {code}\n",
    "link": lambda address, words: f"{words}:\n{address}\n",
}
_HTML: Mapping[str, Callable[..., str]] = {
    "para": lambda words: Markup("<p>{}</p>").format(words),
    "item": lambda words: Markup("<li>{}</li>").format(words),
    "big": lambda code: Markup('<p class="code">{}</p>').format(code),
    "link": lambda address, words: Markup('<p><a href="{}">{}</a></p>').format(address, words),
}
