"""What a cell says: ids, numbers, money, currencies, yes and no.

Nothing is guessed. "1.234" is one thousand two hundred and thirty-four in Berlin and a little more than one in London;
it is read only where the rest of the column says which, and is otherwise given back with what to write instead.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntFlag

from goodwill.basics.money import digits_of
from goodwill.collect.columns import Unreadable, shown

MOST = 2**62  # what whole-number sums can still add
_SPACES = "\ufeff\u200b\u200e\u200f \t\r\n\xa0\u202f\u2007\u2009"

# ---- texts and ids -----------------------------------------------------------------------------------------------

NOTHING = frozenset(("", "null", "none", "nan", "n/a", "#n/a", "nil", "undefined", "(blank)", "-"))
_NO_LETTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_MARKED = re.compile("^'(?=[=+\\-@\\d\uff1d\uff0b\uff0d\uff20])")  # a spreadsheet's own way to say "this is text"
_EXCEL_TEXT = re.compile(r'^="(.*)"$')
_EXCEL_ROUNDED = re.compile(r"^\d[.,]?\d*[eE]\+\d{1,3}$")
_LONGEST_ID = 500
_PLAIN_ID = re.compile("[A-Za-z0-9][A-Za-z0-9_.@-]{0,399}", re.ASCII)  # no number with an exponent, as that has a plus


def read_text(value: object) -> str:
    """A text without spaces around it and without the mark by which a spreadsheet keeps it from being a formula.

    Raises:
        Unreadable: it holds bytes that are no letters in the file's encoding.
    """
    text = shown(value).strip(_SPACES)
    if _NO_LETTER.search(text):
        raise Unreadable("holds characters that are no letters", "save the file as UTF-8 and correct the cell")
    return _MARKED.sub("", text)


def read_id(value: object) -> str | None:
    """An id as text: "'00123" and ="00123" are "00123", 900.0 is "900"; None where nothing is said."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and _PLAIN_ID.fullmatch(value):  # nearly all are: read ten times faster
        return value if value.casefold() not in NOTHING else None
    text = _EXCEL_TEXT.sub(r"\1", read_text(value)).removeprefix("'")
    if text.casefold() in NOTHING:
        return None
    if _EXCEL_ROUNDED.match(text):
        raise Unreadable(
            "was rounded by a spreadsheet, so several ids look alike",
            "export again, and import the file without opening it in a spreadsheet",
        )
    if len(text) > _LONGEST_ID:
        raise Unreadable(f"is longer than {_LONGEST_ID} letters", "check that the columns are the right ones")
    return text


# ---- numbers -----------------------------------------------------------------------------------------------------


class Seen(IntFlag):
    """What one number tells about how its column writes decimals."""

    NOTHING = 0
    POINT = 1  # "1,234.56": the point begins the decimals
    COMMA = 2  # "1.234,56"
    EITHER = 4  # "1.234" or "1,234": could be both
    NO_NUMBER = 8


@dataclass(frozen=True, slots=True)
class _Written:
    """A number taken apart: its sign, its digits with the marks between them, and what stands around."""

    negative: bool
    digits: str
    symbol: str


_SIGN = re.compile("[()+\\-\u2212\u2013]")
_NEGATIVE = ("-", "()", "\u2212", "\u2013")
_INNER = r"[\d.,'\u2019\s\xa0\u202f]*"
_NUMBER = re.compile(rf"^([^\d.,]*)({_INNER}\d{_INNER})(\D*)$")
_GROUPED = re.compile(r"^\d{1,3}(?:[\s\xa0\u202f'\u2019]\d{3})+(?=$|[.,])")
_PLAIN = re.compile(r"^\d+$")
_ONE_MARK = re.compile(r"^(\d*)([.,])(\d*)$")
_POINT_DECIMALS = re.compile(r"^\d{1,3}(?:,\d{3})+\.\d*$|^\d{1,3}(?:,\d{3}){2,}$")
_COMMA_DECIMALS = re.compile(r"^\d{1,3}(?:\.\d{3})+,\d*$|^\d{1,3}(?:\.\d{3}){2,}$")
_CENTS = re.compile(r"\d{1,13}\.\d\d", re.ASCII)  # as programs write most amounts, and quick to read
_COUNTED = frozenset(("", "x", "st", "st.", "stk", "stk.", "pc", "pcs", "pce", "ud", "uds", "pz", "szt", "szt."))


def seen_in(value: str) -> Seen:
    """What a text tells about decimals."""
    if _CENTS.fullmatch(value):
        return Seen.POINT
    try:
        written = _taken_apart(value)
    except Unreadable:
        return Seen.NO_NUMBER
    return _seen(written.digits) if written else Seen.NOTHING


def _taken_apart(value: str) -> _Written | None:
    text = read_text(value).removeprefix("'")
    if text.casefold() in NOTHING:
        return None
    found = _NUMBER.match(text)
    if found is None:
        raise Unreadable("is not a number", "write it like 1234.50")
    around = found[1] + found[3]
    signs = "".join(_SIGN.findall(around))
    if signs not in ("", "+", *_NEGATIVE):
        raise Unreadable("is not a number", "write it like 1234.50")
    digits = found[2].strip(_SPACES)
    grouped = _GROUPED.match(digits)
    if grouped:
        digits = re.sub(r"\D", "", grouped.group()) + digits[grouped.end() :]
    symbol = "".join(_SIGN.sub("", around).split()).casefold()
    return _Written(signs in _NEGATIVE, digits, symbol)


def _seen(digits: str) -> Seen:
    if _PLAIN.match(digits):
        return Seen.NOTHING
    one = _ONE_MARK.match(digits)
    if one is not None:
        before, mark, after = one.groups()
        if len(after) == 3 and 1 <= len(before) <= 3 and before[0] != "0":
            return Seen.EITHER
        return Seen.POINT if mark == "." else Seen.COMMA
    if _POINT_DECIMALS.match(digits):
        return Seen.POINT
    if _COMMA_DECIMALS.match(digits):
        return Seen.COMMA
    return Seen.NO_NUMBER


def _value(written: _Written, mark: str) -> Decimal:
    """The number, given the mark ("." or ",", or "" if nothing tells) that begins the decimals in its column."""
    seen = _seen(written.digits)
    if seen is Seen.NO_NUMBER:
        raise Unreadable("is not a number", "write it like 1234.50")
    if seen is Seen.EITHER and not mark:
        raise Unreadable("can be read in two ways", "say what begins the decimals: --map decimal=. or --map decimal=,")
    mark = {Seen.POINT: ".", Seen.COMMA: ","}.get(seen, mark)
    digits = written.digits.replace("," if mark == "." else ".", "").replace(mark or ".", ".")
    number = Decimal(digits)
    return -number if written.negative else number


# ---- quantities and money ----------------------------------------------------------------------------------------


def quantity_reader(mark: str) -> Callable[[object], int | None]:
    """Reads quantities as thousandths: "1,5" is 1500; None where nothing is said; zero and less are refused."""

    def read(value: object) -> int | None:
        number = _typed(value, 3)
        if isinstance(value, str):
            written = _taken_apart(value)
            if written is None:
                return None
            if written.symbol not in _COUNTED:
                raise Unreadable("carries a unit", "write only the number, in the unit that the price is for")
            number = _value(written, mark).scaleb(3)
        thousandths = _whole(number, "is finer than a thousandth", "round it to three decimals")
        if thousandths <= 0:
            raise Unreadable(
                "is no quantity that can be bought",
                "leave the row out; zero means that nothing was sold, less is a return, and returns are not taken in",
            )
        return thousandths

    return read


def stock_reader(mark: str) -> Callable[[object], int | None]:
    """Reads how many there are as 1 (some) or 0 (none); None where nothing is said."""

    def read(value: object) -> int | None:
        number = _typed(value, 0)
        if isinstance(value, str):
            written = _taken_apart(value)
            if written is None:
                return None
            number = _value(written, mark)
        return int(number > 0)

    return read


BELOW_ZERO = "is below zero"


def money_reader(currency: str, mark: str) -> Callable[[object], int | None]:
    """Reads amounts as whole minor units of a currency; None where nothing is said; less than zero is refused.

    A floating-point number (from a typed column) is rounded to the coin only where it is within a millionth of it.
    """
    digits = digits_of(currency)
    problem, remedy = f"is finer than the smallest coin of {currency}", f"write it with {digits} decimals"

    def read(value: object) -> int | None:
        if digits == 2 and isinstance(value, str) and _CENTS.fullmatch(value):
            return int(value[:-3]) * 100 + int(value[-2:])
        number = _typed(value, digits)
        if isinstance(value, str):
            written = _taken_apart(value)
            if written is None:
                return None
            _check_symbol(written.symbol, currency)
            number = _value(written, mark or _whole_money(written, digits)).scaleb(digits)
        amount = _whole(number, problem, remedy)
        if amount < 0:
            raise Unreadable(
                BELOW_ZERO,
                "take a discount off the line it belongs to, and leave returns out: they are not taken in",
            )
        return amount

    return read


def _whole_money(written: _Written, digits: int) -> str:
    """Where a currency has no decimals, "1,234" can only mean grouped thousands: the mark that they are not."""
    if digits:
        return ""
    return "." if "," in written.digits else ","


def _typed(value: object, digits: int) -> Decimal:
    """A number from a typed column, in units of 10^-digits."""
    if isinstance(value, float):
        scaled = value * 10**digits
        if abs(scaled) >= 2**53:
            raise Unreadable("is too large to be exact", "check the column")
        return Decimal(round(scaled)) if abs(scaled - round(scaled)) <= 1e-6 else Decimal(scaled)
    return Decimal(value).scaleb(digits) if isinstance(value, int) else Decimal(0)


def _whole(scaled: Decimal, problem: str, remedy: str) -> int:
    whole = int(scaled)
    if whole != scaled:
        raise Unreadable(problem, remedy)
    if abs(whole) >= MOST:
        raise Unreadable("is larger than any sum that can be kept", "check the column")
    return whole


# ---- currencies --------------------------------------------------------------------------------------------------

_DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "BRL")
_CROWNS = ("SEK", "NOK", "DKK", "ISK")
_SIGNS = {
    "\u20ac": ("EUR",), "\xa3": ("GBP",), "\xa5": ("JPY", "CNY"), "$": _DOLLARS, "us$": ("USD",), "ca$": ("CAD",),
    "a$": ("AUD",), "r$": ("BRL",), "kr": _CROWNS, "kr.": _CROWNS, "fr": ("CHF",), "fr.": ("CHF",), "sfr": ("CHF",),
    "sfr.": ("CHF",), "z\u0142": ("PLN",), "k\u010d": ("CZK",), "ft": ("HUF",), "lei": ("RON",), "\u20ba": ("TRY",),
    "\u20b9": ("INR",), "\u20bd": ("RUB",), "\u20a9": ("KRW",), "\u20ab": ("VND",), "\u20aa": ("ILS",),
}  # fmt: skip
_CODE = re.compile(r"^[a-z]{3}$")


def _check_symbol(symbol: str, currency: str) -> None:
    """See that the sign beside an amount is one of its currency."""
    if not symbol or symbol == currency.casefold() or currency in _SIGNS.get(symbol, ()):
        return
    if symbol in _SIGNS or _CODE.match(symbol):
        raise Unreadable(
            f"is not in {currency}",
            "say which currency it is in, in a column 'currency' or for the whole file with --map currency==USD",
        )
    raise Unreadable("is not a number", "write it like 1234.50")


def read_currency(value: object) -> str | None:
    """A currency's code: "eur" and the euro sign are "EUR"; None where nothing is said.

    Raises:
        Unreadable: it is no currency, or a sign such as "$" that stands for several.
    """
    text = read_text(value).casefold()
    if text in NOTHING:
        return None
    meant = (text.upper(),) if _CODE.match(text) else _SIGNS.get(text, ())
    if len(meant) != 1:
        raise Unreadable("is not one currency", "write its three letters, such as EUR or USD")
    return meant[0]


# ---- yes and no --------------------------------------------------------------------------------------------------

# Only words that mean yes wherever they are used: "tak" is yes in Poland and thanks in Denmark, "active" tells of an
# account, a cross may mean either. What is not here is rejected, never taken for a yes. A system that says that nobody
# is subscribed, or that it does not write to an address, says no.
_YES = frozenset((
    "yes", "y", "true", "t", "1", "on", "ja", "j", "oui", "si", "s\xec", "s\xed", "sim", "subscribed", "opted-in",
    "opt-in", "optin", "granted", "given", "renewed", "accepted", "consented", "agreed", "allowed",
))  # fmt: skip
WITHDRAWN = frozenset((
    "unsubscribed", "unsubscribe", "opted-out", "opt-out", "optout", "withdrawn", "revoked", "objected", "no-longer",
    "do-not-contact", "do-not-email", "do-not-mail", "dnc", "abgemeldet", "abbestellt", "widerrufen", "widerruf",
    "widersprochen", "ausgetragen", "nicht-mehr", "nicht-kontaktieren",
))  # fmt: skip
_NO = WITHDRAWN | frozenset((
    "no", "n", "false", "f", "0", "off", "nein", "nee", "non", "nao", "n\xe3o", "nie", "nej", "refused", "denied",
    "rejected", "declined", "not-given", "not-granted", "not-consented", "non-subscribed", "nonsubscribed",
    "not-subscribed", "never-subscribed", "not-opted-in", "never", "blocked", "blacklisted", "suppressed", "cleaned",
    "bounced", "complained", "invalidated", "abgelehnt", "verweigert", "nicht-angemeldet", "nicht-abonniert",
    "nicht-erteilt", "nicht-eingewilligt", "gesperrt", "blockiert", "keine-einwilligung",
))  # fmt: skip
# Words that say that nobody has answered yet. None of them is a yes, and none takes back an earlier one.
_OPEN = frozenset((
    "pending", "requested", "unconfirmed", "unknown", "not-specified", "not-set", "invited",
))  # fmt: skip
_IN_STOCK = frozenset(("active", "available", "published", "in-stock", "instock"))
_OUT_OF_STOCK = frozenset(("draft", "archived", "inactive", "out-of-stock", "outofstock", "sold-out", "discontinued"))


def read_answer(value: object) -> int | None:
    """1 for a yes, 0 for a no, None where nobody answered; only words that can mean nothing else count."""
    word = answer_word(value)
    if word in NOTHING or word in _OPEN:
        return None
    if word in _YES:
        return 1
    if word in _NO:
        return 0
    raise Unreadable("is neither a yes nor a no", "write yes or no, or leave it empty if the person was not asked")


def read_available(value: object) -> int | None:
    """Whether a product can be had: yes, no, or a shop system's word for it."""
    word = answer_word(value)
    if word in _IN_STOCK:
        return 1
    return 0 if word in _OUT_OF_STOCK else read_answer(value)


def answer_word(value: object) -> str:
    """An answer as one word: "Opted in" is "opted-in"."""
    return re.sub(r"[\s_]+", "-", read_text(value).casefold())
