"""Notices on the command line: from a draft to what everybody sees."""

import pytest
from tests.cli.conftest import Run

from goodwill.cli.ends import Code
from goodwill.consent.notices import STARTERS

ENGLISH = STARTERS.joinpath("banner.en.toml").read_text("utf-8")


@pytest.fixture
def home(run: Run, tmp_path):
    folder = tmp_path / "shop"
    assert run("init", "--home", folder, "--quiet").code == 0
    (folder / "notices").mkdir()
    return folder


def test_a_draft_is_linted_diffed_signed_and_published(run: Run, home):
    def do(*words: str):
        return run("consent", "notices", *words, "--home", home)

    assert do("publish", "banner").code == Code.REFUSED
    assert do("lint", "banner", "--language", "de").out.startswith(
        "Plain and fair. Reading grade: Wiener Sachtextformel"
    )
    signed = do("sign-off", "banner", "--by", "Amina Winter")
    assert "Signed off by Amina Winter" in signed.out
    published = do("publish", "banner", "--json")
    assert published.document["version"] == 3
    (home / "notices" / "mine.toml").write_text(ENGLISH.replace("May we", "Can we"), encoding="utf-8")
    assert "Can we use your data?" in do("diff", "banner").out
    assert "May we use your data?" in do("preview", "banner", "--version", "3").out
    assert "May we use your data?" in do("show", published.document["hash"]).out
    listed = do("list", "--json").document["notices"]
    assert [(one["language"], one["state"], one["version"]) for one in listed] == [
        ("en", "changed", 3),
        ("de", "draft", 1),
    ]
    assert "mine.toml" in do("list").out


def test_a_draft_that_is_not_fair_says_how_to_mend_it(run: Run, home):
    (home / "notices" / "mine.toml").write_text(ENGLISH.replace("Refuse all", "Not now"), encoding="utf-8")
    judged = run("consent", "notices", "lint", "--home", home)
    assert judged.code == Code.REFUSED
    assert "'Not now' does not say no" in judged.out
    assert "Refuse all" in judged.out
    refused = run("consent", "notices", "sign-off", "--by", "Amina", "--home", home)
    assert refused.code == Code.REFUSED
    assert "cannot be published yet" in refused.err


def test_a_preview_can_be_looked_at_in_a_browser(run: Run, home, tmp_path):
    file = tmp_path / "look.html"
    assert run("consent", "notices", "preview", "--language", "de", "--html", file, "--home", home).out.strip() == str(
        file
    )
    assert "Dürfen wir Ihre Daten nutzen?" in file.read_text("utf-8")
    gone = run("consent", "notices", "preview", "--html", tmp_path / "no" / "look.html", "--home", home)
    assert (gone.code, "cannot be written" in gone.err) == (Code.USAGE, True)


def test_a_notice_that_is_not_there_is_not_found(run: Run, home):
    ended = run("consent", "notices", "lint", "footer", "--home", home)
    assert ended.code == Code.NOT_FOUND
    assert "There are: banner de, banner en" in ended.err
    assert run("consent", "notices", "show", "0" * 64, "--home", home).code == Code.NOT_FOUND


def test_what_ends_soon_is_listed(run: Run, home):
    assert "No yes ends within 30 days" in run("consent", "expiring", "--home", home).out
    run("consent", "grant", "amina", "recommendations", "--category", "purchases", "--home", home)
    (line,) = run("consent", "expiring", "--within", "800", "--home", home, "--json").document["expiring"]
    assert (line["purpose"], line["categories"]) == ("recommendations", ["purchases"])
    assert "recommendations" in run("consent", "expiring", "--within", "800", "--home", home).out
