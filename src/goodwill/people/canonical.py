"""One form for each way of writing an id, so that somebody is known again; and none for words that name nobody."""

import re
import unicodedata
from collections.abc import Callable

from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

from goodwill.basics.errors import BadInput

# What shops' systems write where they know nobody; seen as ids they would make one person of many.
_NOBODY = frozenset(
    {
        "", "(null)", "-1", "[object object]", "anon", "anonymous", "distinct_id", "distinctid", "email", "false",
        "guest", "id", "n.a.", "n/a", "na", "nan", "nil", "none", "not set", "not_authenticated", "null", "test@test",
        "true", "undefined", "unknown", "user_id", "userid",
    }
)  # fmt: skip
_KIND = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
_NOTHING = re.compile(r"[0\s._:/|#*?-]*")  # zeros and signs only: 0, -, 0.0, 00000000-0000-0000-0000-000000000000
_LONGEST = 400
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"  # a BOM, and what word processors leave behind


def canonical(kind: str, value: str, *, region: str | None = None) -> str | None:
    """The one form of an id that everything else is worked out from; None if it cannot identify anybody.

    An e-mail address: its local part in ASCII small letters, its domain as DNS writes it. A telephone number: E.164
    where the country is known (a plus sign, or ``region``), else its digits. Any other id: as given, without spaces
    around it, in Unicode's form C; it keeps its capital letters.

    Args:
        region: two letters (``IT``) that say how a telephone number without a country code is meant.

    Raises:
        BadInput: the kind is not a name, or the value holds NUL or broken Unicode.
    """
    if not _KIND.fullmatch(kind):
        raise BadInput(f"'{kind}' is not a kind of id; use small letters, digits and _, such as user_id or email.")
    text = clean(value, kind).strip().strip(_INVISIBLE).strip()
    if len(text) > _LONGEST or text.casefold() in _NOBODY or _NOTHING.fullmatch(text):
        return None
    form = _FORMS.get(kind)
    return form(text, region) if form is not None else unicodedata.normalize("NFC", text)


def clean(text: str, what: str) -> str:
    """The text, if every database can keep it.

    Raises:
        BadInput: it holds NUL, which PostgreSQL cannot store, or broken Unicode.
    """
    if "\x00" in text:
        raise BadInput(f"The text for '{what}' holds the character NUL, which cannot be kept. Take it out.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"The text for '{what}' is broken Unicode at character {error.start + 1}; save it as UTF-8 again."
        ) from None
    return text


# An address as nearly all are: nothing in it that a rule would change but capital letters. Read a hundred times faster.
_PLAIN_EMAIL = re.compile(
    r"(?=.{1,64}@)(?!.{255})[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)$)[A-Za-z]{2,24}",
    re.ASCII | re.IGNORECASE,
)


def _email(text: str, _: str | None) -> str | None:
    if _PLAIN_EMAIL.fullmatch(text):
        return text.lower()
    try:
        address = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    # No mail host in use tells capital from small letters, and a "no" said as Amina@ must reach amina@. ASCII only:
    # lowering other alphabets makes one address of two (CVE-2019-19844).
    return f"{_ascii_lower(address.local_part)}@{address.ascii_domain.lower()}"


def _ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _phone(text: str, region: str | None) -> str | None:
    try:
        number = parse("+" + text[2:] if not region and text.startswith("00") else text, region or None)
    except NumberParseException:
        number = None
    if number is not None and is_possible_number(number):
        extension = f";ext={number.extension}" if number.extension else ""
        return format_number(number, PhoneNumberFormat.E164) + extension
    digits = "".join(str(unicodedata.digit(sign)) for sign in text if sign.isdigit())
    return digits if 5 <= len(digits) <= 17 and digits.strip("0") else None


def ending_digits(number: str) -> str:
    """The digits with which a telephone number ends, whether it is written with its country, a leading zero or not.

    Args:
        number: in its canonical form.
    """
    plain = number.partition(";")[0]
    try:
        return str(parse(plain, None).national_number)
    except NumberParseException:
        return plain.lstrip("0")


_FORMS: dict[str, Callable[[str, str | None], str | None]] = {"email": _email, "phone": _phone}
