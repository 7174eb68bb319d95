"""Every text of the pages stands in every language, and nothing that a reader sees is written into a page itself."""

import re
import string
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tests.web.centre.conftest import path_of

from goodwill import shop
from goodwill.decide import because, drawing
from goodwill.decide.traits import NAMES
from goodwill.learn.affinity import Ground
from goodwill.learn.likeness import Like
from goodwill.learn.usual import Habit
from goodwill.people import registry
from goodwill.shop.reasons import in_words
from goodwill.shop.words import Words, catalogues
from goodwill.web import centre
from goodwill.web.centre import words
from goodwill.web.centre.words import language_for, preferred

ENGLISH = catalogues()["en"]
HERE = Path(centre.__file__).parent
TEMPLATES = sorted((HERE.parent / "templates" / "centre").glob("*.html"))
SHOP = Path(shop.__file__).parent
SOURCES = [*TEMPLATES, *sorted(HERE.glob("*.py")), SHOP / "telling.py", SHOP / "copy_pdf.py"]
# Keys put together on the way: a name of the program stands at their end.
GROUPS = (
    "month", "frame", "kind", "fact", "actor", "action", "state", "how", "reason", "problem", "welcome.may_",
    "mail.pause_days", "decisions.", "language", "mail.saved_", "request_state.", "outcome.", "held.", "request.copy_",
    "request.days", "right.", "choices.saved_", "table.", "kept.", "paper.", "noted.", "evidence.", "event.", "detail.",
    "verdict.", "role.", "hold.", "letter.", "sent_state.", "topic.", "record.", "opt_in.", "erasure.", "moved.",
    "brought.", "totals.", "left_alone.", "why.", "rule_told.", "data_used.", "against.", "manner.",
    "care.", "personal.", "letters.",
)  # fmt: skip


def holes(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", catalogues())
def test_a_language_lacks_nothing_and_fills_in_the_same(language):
    texts = catalogues()[language].texts
    assert texts.keys() == ENGLISH.texts.keys()
    assert {key: holes(text) for key, text in texts.items()} == {key: holes(ENGLISH.texts[key]) for key in texts}
    assert all(text.strip() for text in texts.values())


def test_every_key_that_is_asked_for_is_there_and_none_is_idle():
    source = "\n".join(path.read_text("utf-8") for path in SOURCES)
    groups = {known.split(".")[0] for known in ENGLISH.texts}
    dotted = set(re.findall(r"""["']([a-z_]+\.[a-z_.0-9]+)["']""", source))
    asked = {key for key in dotted if key.split(".")[0] in groups}
    counted = {f"{key}.{form}" for key in re.findall(r"t\.count\('([a-z_.]+)'", source) for form in ("one", "many")}
    prefixes = tuple(key for key in asked if key.endswith((".", "_")))
    for key in asked - set(prefixes):
        assert key in ENGLISH.texts or f"{key}.one" in ENGLISH.texts or key.endswith((".html", ".py")), key
    idle = {key for key in ENGLISH.texts if key not in asked | counted and not key.startswith((*prefixes, *GROUPS))}
    assert not idle


@pytest.mark.parametrize("language", catalogues())
def test_every_table_that_tells_of_people_has_a_name_for_customers(language):
    named = {key.removeprefix("table.") for key in catalogues()[language].texts if key.startswith("table.")}
    assert named == {one.name for one in registry.told()}


def test_words_that_are_filled_in_are_never_markup():
    assert ENGLISH("welcome.title", shop="<b>") == "Your data at &lt;b&gt;"


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("de", "en", "en", "de"),
        (None, "de", "en", "de"),
        (None, None, "de-AT,de;q=0.9,en;q=0.8", "de"),
        (None, None, "fr, en;q=0.5, de;q=0.7", "de"),
        (None, None, "fr", "en"),
        ("xx", "yy", "*, ;;;q=9", "en"),
        (None, None, "de;q=0, en;q=0.1", "en"),
        (None, None, None, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_one_kept_then_the_browsers(asked, kept, accepted, language):
    assert language_for(asked, kept, accepted) == language


def test_a_header_of_any_length_is_read_in_no_time():
    assert preferred("de," * 100_000)[:1] == ["de"]


def test_every_reason_that_a_decision_tells_has_its_translation():
    german = catalogues()["de"]
    told = [
        because._WORDS[name](Habit(**HABIT | {"lately": lately, "since": since}), "Rye & bread")
        for name in because._WORDS
        for lately, since in ((1, 0), (2, 1), (5, 12))
    ]
    told += ["you bought Rye & bread before", "you buy Rye & bread", because.because_many()[0][0].text]
    told += [because.because_moment()[0][0].text]
    spoke = [Ground(0, 1.0, 9), Ground(1, 0.5, 9)]
    told += [one.text for one in because.because_basket(spoke, 0.1, ["Rye & bread"] * 2, np.array([1]))[0]]
    alike = [
        Like(0, 1.0, ("category", "Pastry")),
        Like(0, 0.5, ("brand", "Mill & Sons")),
        Like(0, 0.1, ("tag", "a: b")),
    ]
    told += [one.text for one in because.because_like(alike, ["Rye & bread"])[0]]
    placed = [drawing.said(trait, "Rye & bread") for trait in NAMES]
    told += [reason for reason in placed if reason]
    told += [one.text for one in (drawing.IN_TURN, drawing.HERS_IN_TURN, drawing.ALLOWED)]
    told += ["you are among those for whom this is: Rye & bread"]
    for reason in told:
        said = in_words(reason, german)
        assert not re.search(r"\b(you|your|people|visits|ago|times)\b", said), said
        assert "Rye &amp; bread" in said or "Rye" not in reason
        assert said.unescape() != reason
        assert in_words(reason, ENGLISH).unescape() == reason
    assert in_words("something <new>", german) == "something &lt;new&gt;"


HABIT = {
    "item": 0, "score": 1.0, "shares": (), "times": 3, "visits": 5, "lately": 2, "window": 4, "since": 3, "gap": 7,
}  # fmt: skip


# ---- pages with invented words: what is not in brackets came from somewhere else -----------------------------------


class Seen(HTMLParser):
    """Every text that a reader sees or hears."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.quiet = [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.quiet += tag in ("script", "style")
        self.texts += [
            value for name, value in attrs if name in ("aria-label", "alt", "placeholder", "title") and value
        ]

    def handle_endtag(self, tag):
        self.quiet -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.quiet and data.strip():
            self.texts.append(data.strip())


def invented(english):
    """A language whose texts are longer, accented and in brackets."""
    accents = str.maketrans("aeiouAEIOU", "äéîöüÄÉÎÖÜ")

    def text(key, value):
        if key == "language.direction":
            return "rtl"
        parts = re.split(r"(\{\w+\})", value)
        return "[" + "".join(p if p.startswith("{") else p.translate(accents) for p in parts) + "~~~]"

    return Words("qps", {key: text(key, value) for key, value in english.texts.items()})


def test_nothing_that_is_read_is_written_into_a_page(street, monkeypatch):
    languages = {**catalogues(), "qps": invented(ENGLISH)}
    for module in (words, centre.answering, centre.visit, centre.choosing):
        monkeypatch.setattr(module, "catalogues", lambda: languages)
    street.shop.learn()
    street.shop.decide("amina", count=3)
    street.shop.identity.merge("amina", "c0")
    letter = street.letter("bruno@example.org")
    inside, outside = street.signed_in("amina"), street.browser()
    outside.press("/privacy/sign-in", address="amina@example.org")
    names = {"Corner <bakery>", "Deutsch", "English", "·", "amina", "c0", "amina@example.org", "home"}
    register = street.shop.register
    names |= {kind.sentence for kind in register.kinds.values()} | {entry.sentence for entry in register}
    products = {item.name for made in street.shop.decisions("amina") for item in made.items}
    pages = [
        (outside, "/privacy"), (outside, "/privacy/code"), (outside, path_of(letter)), (outside, "/privacy/out"),
        (outside, "/privacy/data"), (outside, "/privacy/link/x"),
        (inside, "/privacy"), (inside, "/privacy/data"), (inside, "/privacy/decisions"), (inside, "/privacy/receipts"),
    ]  # fmt: skip
    for browser, path in pages:
        page = browser.get(f"{path}?lang=qps").text
        assert '<html lang="qps" dir="rtl">' in page
        whole = " ".join(Seen(page).texts)
        for name in sorted({*names, *products}, key=len, reverse=True):
            whole = whole.replace(name, "")
        outside_brackets = re.sub(r"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*~~~\]", "", whole)
        while (less := re.sub(r"\[[^\[\]]*~~~\]", "", outside_brackets)) != outside_brackets:
            outside_brackets = less
        left = re.findall(r"[^\W\d_]{3,}", outside_brackets)
        assert not set(left) - {"how", "test", "goodwill"}, (path, left)
