"""Drafts are read whole or refused with a reason; the hash stands for every word and their order; the lint bites."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput
from goodwill.consent.notices import (
    STARTERS,
    Draft,
    canonical,
    difference,
    document_of,
    drafts_in,
    hash_of,
    parse,
    shown_of,
    starters,
    words_of,
)
from goodwill.consent.preview import as_html, as_text
from goodwill.consent.wording import judge
from goodwill.purposes import Basis, register, shipped

REGISTER = shipped()
TEXT = STARTERS.joinpath("banner.en.toml").read_text("utf-8")
DRAFT = parse(TEXT, "banner.en.toml")


def document(draft: Draft = DRAFT):
    return document_of(draft, REGISTER)


def labelled(**labels: str) -> Draft:
    return replace(DRAFT, labels={**DRAFT.labels, **labels})


# ---- what comes with goodwill ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("draft", starters(REGISTER), ids=lambda draft: draft.name)
def test_the_starters_are_plain_and_fair(draft):
    judged = judge(document(draft))
    assert judged.passes, judged.findings
    assert all(grade <= 8 for grade in judged.grades.values())
    assert judged.grades


def test_starters_come_in_english_and_german_and_ask_the_same():
    english, german = sorted(starters(REGISTER), key=lambda draft: draft.language, reverse=True)
    assert (english.language, german.language) == ("en", "de")
    assert [toggle.purpose for toggle in english.toggles] == [toggle.purpose for toggle in german.toggles]


def test_they_ask_about_all_that_is_used_and_needs_a_yes():
    asked = {entry.name for entry in REGISTER.asked() if not entry.reserved and entry.basis is Basis.CONSENT}
    assert {toggle.purpose for toggle in DRAFT.toggles} == asked


def test_every_purpose_and_category_is_said_in_german_in_at_most_twelve_words():
    for one in [*REGISTER, *REGISTER.kinds.values()]:
        said = REGISTER.sentence(one, "de")
        assert said is not None
        assert said != one.sentence
        assert len(said.split()) <= 12


# ---- drafts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        ('title = "May we use your data?"', "", "lacks title"),
        ('title = "May', 'titel = ""\ntitle = "May', "unknown names: titel"),
        ('language = "en"', 'language = "English"', "language must look like"),
        ('key = "banner"', 'key = "banner"\nregion = "california"', "region must look like"),
        ('refuse = "Refuse all"', "", r"lacks \[labels\] refuse"),
        ('refuse = "Refuse all"', "refuse = 3", "labels.refuse must be a text"),
        ('name = "measurement"', 'name = "recommendations"', "asks about 'recommendations' twice"),
        ("[labels]", "[labels", "not valid TOML"),
    ],
)
def test_a_broken_draft_is_refused_with_its_place(find, put, says):
    assert find in TEXT
    with pytest.raises(BadInput, match=says):
        parse(TEXT.replace(find, put, 1), "mine.toml")


@pytest.mark.parametrize(("purpose", "says"), [("snooping", "nobody decides"), ("bookkeeping", "nobody decides")])
def test_a_notice_cannot_ask_about_what_nobody_decides(purpose, says):
    toggles = (replace(DRAFT.toggles[0], purpose=purpose),)
    with pytest.raises(BadInput, match=says):
        document(replace(DRAFT, toggles=toggles))


def test_a_notice_in_a_language_that_the_register_does_not_speak_says_what_is_missing():
    with pytest.raises(BadInput, match=r"does not say in 'fr' what 'recommendations' is; add sentences.fr"):
        document(replace(DRAFT, language="fr"))


def test_two_files_for_one_notice_are_refused(tmp_path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    with pytest.raises(BadInput, match=r"b.toml and a.toml are both the notice 'banner en'"):
        drafts_in(tmp_path)


def test_a_draft_reads_with_a_byte_order_mark_and_windows_line_ends(tmp_path):
    (tmp_path / "banner.toml").write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    (draft,) = drafts_in(tmp_path)
    assert hash_of(document(draft)) == hash_of(document())


# ---- the hash --------------------------------------------------------------------------------------------------------


def changes():
    yield replace(DRAFT, title=DRAFT.title + " ")
    yield replace(DRAFT, text=DRAFT.text[::-1])
    yield replace(DRAFT, language="de")
    yield replace(DRAFT, region="DE")
    yield replace(DRAFT, toggles=DRAFT.toggles[::-1])
    yield replace(DRAFT, toggles=DRAFT.toggles[1:])
    yield replace(DRAFT, toggles=(replace(DRAFT.toggles[0], ticked=True), *DRAFT.toggles[1:]))
    yield from (labelled(**{name: "Other"}) for name in DRAFT.labels)
    for number, toggle in enumerate(DRAFT.toggles):
        for change in ({"on": "Other."}, {"off": "Other."}):
            yield replace(
                DRAFT, toggles=(*DRAFT.toggles[:number], replace(toggle, **change), *DRAFT.toggles[number + 1 :])
            )


def test_every_word_choice_and_order_changes_the_hash():
    hashes = [hash_of(document(draft)) for draft in (DRAFT, *changes())]
    assert len(set(hashes)) == len(hashes) == 26


def test_a_word_of_the_register_changes_the_hash_too():
    text = register.SHIPPED.read_text("utf-8").replace("What you bought, when", "What you bought and when")
    assert hash_of(document_of(DRAFT, register.parse(text, "changed"))) != hash_of(document())


def test_the_bytes_are_canonical():
    shuffled = dict(reversed(list(document().items())))
    assert canonical(shuffled) == canonical(document())


@settings(max_examples=20)
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_two_titles_have_one_hash_only_if_they_are_one(one, other):
    first, second = (hash_of({**document(), "title": title}) for title in (one, other))
    assert (first == second) == (one == other)


def test_a_difference_names_the_place_and_both_words():
    new = replace(DRAFT, title="Shall we?", toggles=DRAFT.toggles[:-1])
    changed = difference(document(), document(new))
    assert ("title", DRAFT.title, "Shall we?") in changed
    assert ("measurement off", "We do not count you.", "") in changed
    assert difference(document(), document()) == []
    assert len(difference(None, document())) == len(list(words_of(document())))
    assert difference(document(), document(replace(DRAFT, toggles=DRAFT.toggles[::-1])))[0][0] == "order or switches"


# ---- the lint --------------------------------------------------------------------------------------------------------

HARD = (
    "Notwithstanding the aforementioned considerations regarding personalisation, the organisation hereby "
    "endeavours to facilitate individualised recommendations predicated upon comprehensive behavioural characteristics."
)
HARD_IN_GERMAN = "Einwilligungsverwaltungsvorschriften konkretisieren Datenverarbeitungstätigkeiten. "
UNFAIR = {
    "grade": replace(DRAFT, text=(HARD,) * 6),
    "parity": labelled(accept="Yes", refuse="No, refuse all of these choices for ever"),
    "refuse": labelled(refuse="Not now"),
    "accept": labelled(accept="OK"),
    "guilt": replace(DRAFT, text=("You will miss out if you say no.",)),
    "pressure": replace(DRAFT, text=("By using this shop you say yes.",)),
    "double-negative": replace(DRAFT, text=("Do not tick this if you do not want our mail.",)),
    "pre-ticked": replace(DRAFT, toggles=(replace(DRAFT.toggles[0], ticked=True),)),
    "effect": replace(DRAFT, toggles=(replace(DRAFT.toggles[0], off=""),)),
    "fickle": labelled(accept="Accept all"),
    "shouting": replace(DRAFT, title="LAST question"),
    "language": replace(DRAFT, language="en"),
}


@pytest.mark.parametrize("rule", [rule for rule in UNFAIR if rule != "language"])
def test_the_lint_finds_what_is_unfair(rule):
    found = {finding.rule for finding in judge(document(UNFAIR[rule])).findings}
    assert rule in found


def test_one_hard_text_does_not_hide_among_easy_ones():
    title = "May we utilise your personally identifiable information notwithstanding?"
    judged = judge(document(replace(DRAFT, title=title)))
    assert all(grade <= 8 for grade in judged.grades.values())
    assert [(finding.rule, finding.place) for finding in judged.findings] == [("grade", "title")]


@pytest.mark.parametrize(
    ("rule", "german"),
    [
        ("guilt", 'text = ["Schade, dann verpassen Sie etwas."]'),
        ("pressure", 'text = ["Durch Weitersurfen sagen Sie Ja."]'),
        ("double-negative", 'text = ["Wählen Sie es nicht aus, wenn Sie keine Mail wollen."]'),
        ("grade", f'text = ["{HARD_IN_GERMAN * 20}"]'),
    ],
)  # fmt: skip
def test_the_lint_reads_german(rule, german):
    text = STARTERS.joinpath("banner.de.toml").read_text("utf-8")
    broken = re.sub(r"text = \[.*?^\]", german, text, flags=re.MULTILINE | re.DOTALL)
    judged = judge(document(parse(broken, "x.toml")))
    assert rule in {finding.rule for finding in judged.findings}, judged


def test_a_language_without_a_reading_grade_cannot_pass():
    assert [one.rule for one in judge({**document(), "language": "fr"}).findings] == ["language"]


def test_every_finding_says_how_to_mend_it():
    for draft in UNFAIR.values():
        for finding in judge(document(draft)).findings:
            assert finding.says.endswith(".")
            assert finding.mend.endswith(".")


# ---- previews --------------------------------------------------------------------------------------------------------


def test_a_preview_shows_every_word_and_ticks_nothing():
    shown = shown_of(document(), 3, token="t0k3n")
    text, html = as_text(shown), as_html(shown, action="/privacy/choices")
    for _, word in words_of(document()):
        assert word in text
        assert word in html
    assert "checked" not in html
    assert html.count('type="checkbox"') == len(shown.cells)
    assert 'name="snapshot" value="t0k3n"' in html


def test_accept_and_refuse_are_buttons_of_one_kind_side_by_side():
    buttons = re.findall(r"<button[^>]*>", as_html(shown_of(document(), 1)))[:2]
    plain = [re.sub(r'name="[^"]*"', "", button) for button in buttons]
    assert [re.search(r'name="([^"]*)"', button)[1] for button in buttons] == ["answer-refuse", "answer-accept"]
    assert all(one == other for one, other in pairwise(plain))


def test_a_preview_takes_no_word_for_markup():
    draft = replace(DRAFT, title='<script>alert("x")</script> & "more"', language="en")
    html = as_html(shown_of(document(draft), 1), action='"><b>')
    assert "<script>" not in html
    assert '"><b>' not in html
    assert "&lt;script&gt;" in html
