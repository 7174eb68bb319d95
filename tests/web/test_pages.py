"""The pages: plain, complete, and nothing in them from anybody else's machine."""

import re
from html.parser import HTMLParser

import pytest

from goodwill.web.application import OPERATIONS
from goodwill.web.problems import ALL

PAGES = ("/", "/api/docs", "/api/problems/bad-input")


@pytest.fixture
def client_of(one_application):
    return one_application


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value)
            if name == "id":
                self.ids.append(value)
            assert name != "style", "a style attribute would be blocked by the page's own policy"
            assert not name.startswith("on"), "a handler would be blocked by the page's own policy"


@pytest.mark.parametrize("path", PAGES)
def test_pages_take_nothing_from_elsewhere_and_run_no_script(quiet, path):
    page = Page(quiet.get(path).text)
    assert "script" not in page.tags
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in page.links)


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(quiet, path):
    page = Page(quiet.get(path).text)
    assert len(set(page.ids)) == len(page.ids)
    for link in set(page.links):
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert quiet.get(link).status_code == 200, link


@pytest.mark.parametrize("path", PAGES)
def test_words_of_the_program_are_set_as_such(quiet, path):
    assert "`" not in quiet.get(path).text


def test_every_kind_of_problem_has_a_page_and_no_other(quiet):
    text = quiet.get("/api/docs").text
    for kind in ALL:
        assert f'href="{kind.path}"' in text
        assert f"<h1>{kind.title}</h1>" in quiet.get(kind.path).text
    assert quiet.get("/api/problems/none").status_code == 404


def test_the_shops_name_is_text_never_markup(quiet):
    assert "Quiet &lt;shop&gt;" in quiet.get("/").text
    assert "<shop>" not in quiet.get("/").text + quiet.get("/api/docs").text


def test_the_reference_shows_every_operation_and_every_problem(quiet):
    text = quiet.get("/api/docs").text
    for operation in OPERATIONS:
        assert operation.path in text
        assert f'id="{operation.name}"' in text
    for kind in ALL:
        assert f'id="problem-{kind.slug}"' in text


def test_copied_examples_name_the_shop_and_a_key_and_no_real_host(quiet):
    text = quiet.get("/api/docs").text
    assert re.search(r"curl -X POST \$SHOP/api/v1/decide", text)
    assert "Bearer $GOODWILL_KEY" in text


def test_the_style_is_ours_and_kept_by_browsers(quiet):
    answer = quiet.get("/assets/goodwill.css")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "prefers-color-scheme: dark" in answer.text
    assert "url(" not in answer.text
    assert quiet.get("/assets/goodwill.svg").headers["content-type"] == "image/svg+xml"
