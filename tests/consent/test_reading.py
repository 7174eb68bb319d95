"""Grades that others published for the same sentences; syllables of words that rules find hard."""

import pytest

from goodwill.consent.reading import (
    Counts,
    coleman_liau,
    counts,
    flesch_kincaid,
    grades,
    syllables_of,
    wiener_sachtextformel,
)

# Coleman and Liau, J. Applied Psychology 60 (1975), the abstract: 5 sentences, 119 words, 639 letters, grade 14.5.
ABSTRACT = (
    "Existing computer programs that measure readability are based largely upon subroutines which estimate number of "
    "syllables, usually by counting vowels. The shortcoming in estimating syllables is that it necessitates "
    "keypunching the prose into the computer. There is no need to estimate syllables since word length in letters is "
    "a better predictor of readability than word length in syllables. Therefore, a new readability formula was "
    "computed that has for its predictors letters per 100 words and sentences per 100 words. Both predictors can be "
    "counted by an optical scanning device, and thus the formula makes it economically feasible for an organization "
    "such as the U.S. Office of Education to calibrate the readability of all textbooks for the public school system."
)
PLATYPUS = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
DUCKS = "Alle meine Entchen schwimmen auf dem See, Köpfchen unters Wasser, Schwänzchen in die Höh."
PARTIES = (
    "Alle Parteien widmen dem Thema rein quantitativ betrachtet nennenswerte Aufmerksamkeit, die Grünen wenig "
    "überraschend am meisten."
)


def test_the_abstract_of_coleman_and_liau_has_the_grade_that_they_give_it():
    count = counts(ABSTRACT, "en")
    assert (count.sentences, count.words, count.letters) == (5, 119, 639)
    assert round(coleman_liau(count), 1) == 14.5


def test_the_platypus_is_for_grade_eleven():
    """Wikipedia, Flesch–Kincaid readability tests: 24 syllables and 13 words, grade 11.3."""
    count = counts(PLATYPUS, "en")
    assert (count.words, count.syllables) == (13, 24)
    assert round(flesch_kincaid(count), 1) == 11.3


@pytest.mark.parametrize(
    ("text", "language", "formula", "grade"),
    [
        ("Cool dogs wear da sunglasses.", "en", "Flesch–Kincaid", 2.88),  # textstat's own test
        ("The quick fox jumped over the lazy dog.", "en", "Coleman–Liau", 3.3),  # readable.com
        (DUCKS, "de", "Wiener Sachtextformel", 3.77),  # textstat's own tests
        (PARTIES, "de", "Wiener Sachtextformel", 13.913),
    ],
)
def test_sentences_have_the_grades_that_others_find(text, language, formula, grade):
    assert grades(text, language)[formula] == pytest.approx(grade, abs=0.05)


@pytest.mark.parametrize(
    ("counted", "formula", "grade"),
    [
        (Counts(1, 1, 1, 1, 0, 0, 1), flesch_kincaid, -3.4),  # the lowest there is, by the formula
        (
            Counts(34, 432, 0, 607, 0, 0, 0),
            flesch_kincaid,
            5.94,
        ),  # 12.71 words, 1.41 syllables: a published grade of 5.9
        (Counts(1, 10, 0, 0, 2, 1, 5), wiener_sachtextformel, 3.691),  # 1.935 + 1.672 + 2.594 − 1.635 − 0.875
    ],
)
def test_the_formulas_are_the_published_ones(counted, formula, grade):
    assert formula(counted) == pytest.approx(grade, abs=0.01)


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("create", 2), ("science", 2), ("poem", 2), ("fluid", 2), ("radio", 3), ("idea", 3), ("purchases", 3),
        ("suggestions", 3), ("choose", 1), ("changed", 1), ("wanted", 2), ("table", 2), ("choices", 2), ("likes", 1),
        ("safely", 2), ("something", 2), ("being", 2), ("the", 1), ("one", 1), ("society", 4), ("e-mail", 2),
    ],
)  # fmt: skip
def test_english_syllables(word, syllables):
    assert syllables_of(word, "en-GB") == syllables


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("Einwilligung", 4), ("Vorschläge", 3), ("Bestellung", 3), ("Telefonnummer", 5), ("Einkäufe", 3), ("quer", 1),
        ("Familie", 3), ("jederzeit", 3), ("Häuser", 2),
    ],
)  # fmt: skip
def test_german_syllables(word, syllables):
    assert syllables_of(word, "de-AT") == syllables


def test_a_language_without_a_formula_and_a_text_without_words_have_no_grade():
    assert grades("Une phrase.", "fr") == {}
    assert grades(" … ", "en") == {}
