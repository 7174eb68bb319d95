"""Every letter has words in every language, in text and HTML; no value can break out of a header."""

import re
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.reach import letters
from goodwill.reach.letters import LANGUAGES, Kind, Letter, language_of, write
from goodwill.reach.mail import mail

PAGE = "https://shop.example/privacy/requests/x?a=1&b=2"
RIGHTS = ("access", "port", "rectify", "erase", "restrict", "object", "human-review")
ALL = (
    *(letters.request_code(right=right, code="K7QM-2XPD", minutes=60, page=PAGE) for right in RIGHTS),
    letters.request_started(right="erase", due="2026-12-28", hold_hours=24, page=PAGE, cancel=PAGE + "&cancel"),
    letters.request_started(right="access", due="2026-12-28", hold_hours=0, page=PAGE, cancel=PAGE + "&cancel"),
    letters.request_paused(right="access", reason="Please tell us your customer number.", page=PAGE),
    letters.request_resumed(right="access", due="2026-12-28", page=PAGE),
    letters.request_extended(
        right="access",
        reason="Many orders.",
        due="2027-02-28",
        regulator="CNIL",
        complaint="https://c.example",
        page=PAGE,
    ),
    letters.request_refused(
        right="erase", reason="The law.", regulator="CNIL", complaint="https://c.example", appeal=PAGE, page=PAGE
    ),
    *(
        letters.request_fulfilled(right="erase", outcome=outcome, note="One note stays.", page=PAGE)
        for outcome in ("done", "ready", "erased", "nothing-held")
    ),
    letters.request_cancelled(right="erase", page=PAGE),
    letters.sign_in(code="K7QM-2XPD", minutes=30, page=PAGE),
    letters.confirm_consent(sentences=["News by mail", "Offers"], code="K7QM-2XPD", days=7, page=PAGE),
    letters.news(subject="Bread & more", paragraphs=["Fresh", "<b>bread</b>"], unsubscribe=PAGE, preferences=PAGE),
)
NAMES = {function for function, value in vars(letters).items() if getattr(value, "__module__", "") == letters.__name__
         and getattr(value, "__annotations__", {}).get("return") is Letter}  # fmt: skip


def test_every_letter_is_tried_here():
    assert {letter.name.replace("-", "_") for letter in ALL} == NAMES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("letter", ALL, ids=lambda letter: f"{letter.name}-{next(iter(letter.context.values()))}")
def test_a_letter_says_the_same_in_text_and_html_in_each_language(letter, language):
    written = write(letter, shop="Café <Amina>", language=language)
    assert written.subject
    assert "Café <Amina>" in written.text
    assert "Café &lt;Amina&gt;" in written.html
    assert "<b>bread" not in written.html
    assert f'<html lang="{language}">' in written.html
    links = {value for value in letter.context.values() if isinstance(value, str) and value.startswith("https://")}
    assert links <= set(written.text.split())
    assert {link.replace("&", "&amp;") for link in links} <= set(re.findall(r'href="([^"]+)"', written.html))
    if code := letter.context.get("code"):
        assert code in written.text
        assert code in written.html
        assert code not in written.subject  # it would show on a locked screen
    assert max(map(len, (line for line in written.text.splitlines() if not line.startswith("https://")))) <= 78


@pytest.mark.parametrize("letter", ALL, ids=lambda letter: letter.name)
def test_each_language_has_words_of_its_own(letter):
    texts = {write(letter, shop="x", language=language).text for language in LANGUAGES}
    assert len(texts) == len(LANGUAGES)


def test_a_date_is_written_as_people_write_it():
    letter = letters.request_resumed(right="access", due="2026-03-05", page=PAGE)
    assert "5 March 2026" in write(letter, shop="x", language="en").text
    assert "5. März 2026" in write(letter, shop="x", language="de").text


@pytest.mark.parametrize(
    ("wanted", "default", "chosen"),
    [("de-CH", "en", "de"), ("de_AT", "en", "de"), ("fr", "de", "de"), (None, "de", "de"), ("", "xx", "en")],
)
def test_the_language_is_hers_or_the_shops(wanted, default, chosen):
    assert language_of(wanted, default) == chosen


def test_marketing_without_a_way_out_is_no_letter():
    with pytest.raises(BadInput, match="has no way out"):
        write(Letter("news", Kind.MARKETING, {}), shop="x", language="en")


# ---- headers -------------------------------------------------------------------------------------------------------

BREAKS = ["\r\nBcc: eve@evil.example", "\nX: y", "\r", "\0", "\x0b", "\x85", "\u2028", "\x1b[31m"]


def envelope(*, shop="Café Amina", sender="Café Amina <hello@cafe.example>", to="amina@example.com", unsubscribe=None):
    letter = letters.request_cancelled(right="erase", page=PAGE)
    written = write(letter, shop=shop, language="en")
    return mail(written, sender=sender, to=to, number=7, at=1_795_338_000_000_000, unsubscribe=unsubscribe)


def test_the_headers_are_what_mail_programs_expect():
    held = message_from_bytes(envelope(unsubscribe="https://shop.example/u/abc").as_bytes(), policy=default)
    assert held["From"] == "Café Amina <hello@cafe.example>"
    assert held["To"] == "amina@example.com"
    assert held["Message-ID"] == "<aaaaaaaaaaaao@cafe.example>"
    assert held["List-Unsubscribe"] == "<https://shop.example/u/abc>"
    assert held["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert held["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in held.iter_parts()] == ["text/plain", "text/html"]
    assert envelope().as_bytes().isascii()


@pytest.mark.parametrize("breaks", BREAKS, ids=ascii)
def test_a_line_break_never_reaches_a_header(breaks):
    for given_by in ("sender", "to", "unsubscribe"):
        value = {"sender": f"Café{breaks} <a@cafe.example>", "to": f"amina@example.com{breaks}"}.get(given_by, breaks)
        with pytest.raises(BadInput):
            envelope(**{given_by: value})


@settings(max_examples=30)
@given(st.text(max_size=40))
def test_whatever_a_shop_is_called_its_letters_have_the_same_headers(name):
    try:
        held = message_from_bytes(envelope(shop=name).as_bytes(), policy=default)
    except BadInput:
        return
    assert set(held.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted", "X-Auto-Response-Suppress",
        "MIME-Version", "Content-Type",
    }  # fmt: skip


@pytest.mark.parametrize(
    "address", ["", "amina", "amina@", "@example.com", "a b@example.com", "a@b@c.example", "a@-.x"]
)
def test_what_is_no_address_gets_no_letter(address):
    with pytest.raises(BadInput, match="no address"):
        envelope(to=address)


def test_a_domain_with_its_own_letters_is_written_in_the_form_that_servers_know():
    assert envelope(to="amina@bücher.example").to == "amina@xn--bcher-kva.example"
