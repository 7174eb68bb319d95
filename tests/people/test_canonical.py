"""One form for each way of writing an id, and none for words that name nobody."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as some

from goodwill.basics.errors import BadInput
from goodwill.people import canonical

TEXTS = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
NOBODY = [
    "", " ", "null", "NULL", " Null ", "None", "none", "nil", "undefined", "NaN", "guest", "GUEST", "anonymous", "Anon",
    "-1", "Test@test",
    "unknown", "n/a", "N/A", "0", "00", "0.0", "-", "--", "000-000", "[object Object]", "true", "False", "not set",
    "00000000-0000-0000-0000-000000000000", "\ufeffnull", "\u200b", "\u00a0", "distinct_id", "x" * 401,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["user_id", "external", "anonymous_id", "email", "phone", "shopify"])
@pytest.mark.parametrize("value", NOBODY)
def test_words_for_nobody_identify_nobody(kind, value):
    assert canonical(kind, value) is None


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (" 1001 ", "1001"),
        ("\ufeff1001", "1001"),
        ("007", "007"),
        ("-7", "-7"),
        ("Amina", "Amina"),
        ("e\u0301", "\u00e9"),
        ("'; DROP TABLE people; --", "'; DROP TABLE people; --"),
        ("🍞", "🍞"),
        ("nullable", "nullable"),
        ("guest42", "guest42"),
        ("x" * 400, "x" * 400),
    ],
)
def test_an_id_is_kept_as_written_but_for_what_nobody_sees(value, form):
    assert canonical("user_id", value) == form


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("Amina@Example.ORG", "amina@example.org"),
        ("  amina@example.org\t", "amina@example.org"),
        ("amina+shop@example.org", "amina+shop@example.org"),
        ("amina@shop.test", "amina@shop.test"),
        ("chiara@BÜCHER.example.de", "chiara@xn--bcher-kva.example.de"),
        ("chiara@xn--bcher-kva.example.de", "chiara@xn--bcher-kva.example.de"),
        ("m\u0131ke@example.org", "m\u0131ke@example.org"),  # a dotless i is another letter, and so another mailbox
        ("MIKE@example.org", "mike@example.org"),
        ("ÉLISE@example.org", "Élise@example.org"),
        ("amina@", None),
        ("amina", None),
        ("amina@localhost", None),
        ("amina @example.org", None),
        ("Amina <amina@example.org>", None),
        ("amina@example.org, bruno@example.org", None),
        ("amina@example.org\nBcc: x@example.org", None),
        ("@example.org", None),
    ],
)
def test_an_email_address_has_one_form(value, form):
    assert canonical("email", value) == form


@pytest.mark.parametrize(
    ("value", "region", "form"),
    [
        ("+39 06 1234 5678", None, "+390612345678"),
        ("0039 06 1234 5678", None, "+390612345678"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("+39 06 1234 5678", "DE", "+390612345678"),
        ("'+390612345678", None, "+390612345678"),
        ("(212) 555-2368", "US", "+12125552368"),
        ("(212) 555-2368", None, "2125552368"),
        ("(212) 555-2368", "", "2125552368"),
        ("212 555 2368 ext. 7", "US", "+12125552368;ext=7"),
        ("٠٦١٢٣٤٥٦٧٨", None, "0612345678"),
        ("12", None, None),
        ("no phone", "IT", None),
        ("0000000000", "IT", None),
    ],
)
def test_a_telephone_number_has_one_form(value, region, form):
    assert canonical("phone", value, region=region) == form


@pytest.mark.parametrize("value", ["a\x00b", "\x00", "\ud800"])
def test_what_no_database_can_keep_is_refused(value):
    with pytest.raises(BadInput):
        canonical("user_id", value)


@pytest.mark.parametrize("kind", ["", "User_id", "e mail", "1st", "x" * 41, "mail;"])
def test_a_kind_is_a_plain_name(kind):
    with pytest.raises(BadInput, match="kind of id"):
        canonical(kind, "1001")


@given(TEXTS, some.sampled_from(["user_id", "email", "phone"]))
def test_the_one_form_is_its_own_form(value, kind):
    form = canonical(kind, value)
    if form is not None and ";ext=" not in form:
        assert canonical(kind, form) == form


@given(
    some.from_regex(r"[A-Za-z0-9_+.-]{1,12}@[A-Za-z0-9.-]{1,14}\.(com|de|test|local|Museum|xn--p1ai|c)", fullmatch=True)
)
def test_the_quick_way_to_read_an_address_is_the_long_way(address):
    try:
        read = validate_email(address, check_deliverability=False, test_environment=True)
        long = f"{read.local_part.lower()}@{read.ascii_domain.lower()}"
    except EmailNotValidError:
        long = None
    assert canonical("email", address) == long
