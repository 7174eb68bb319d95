"""Segments on the command line: of a recipe or of a rule, read back, counted, asked."""

import json

import pytest
from tests.cli.conftest import Run

from goodwill.cli.ends import Code
from goodwill.web.segments import SegmentAnswer, SegmentCount


def test_recipes_say_what_can_be_set_and_for_which_purposes(shop: Run):
    recipes = {one["recipe"]: one for one in shop("segment", "recipes", "--json").document["recipes"]}
    assert recipes["lapsed-regulars"]["set"] == {"visits": 5, "away": 60}
    assert "email-marketing" in recipes["lapsed-regulars"]["purposes"]
    assert recipes["birthday-week"]["purposes"] == []
    assert "docs/segments.md" in shop("segment", "recipes").out
    assert "Stammkunden" in shop("segment", "recipes", "--language", "de").out


def test_a_segment_of_a_recipe_is_read_back_and_counted(shop: Run):
    made = shop("segment", "new", "Regulars", "--purpose", "offers", "--recipe", "regulars", "--set", "visits=2")
    assert made.code == Code.DONE
    assert "People who bought something on at least 2 different days in the last 90 days." in made.out
    assert "left out for lack of consent" in made.out
    counted = shop("segment", "count", "regulars", "--json").document
    assert counted["count"].keys() == set(SegmentCount.__struct_fields__) - {"watermark"}
    assert counted.keys() == {*SegmentAnswer.__struct_fields__, "count"} - {"watermark"}
    assert counted["looks_at"] == ["purchases"]
    listed = shop("segment", "list", "--json").document["segments"]
    assert [(one["segment"], one["name"], one["version"]) for one in listed] == [(1, "Regulars", 1)]


def test_a_rule_of_ones_own_is_changed_shown_and_removed(shop: Run, tmp_path):
    rule = tmp_path / "quiet.json"
    rule.write_text(json.dumps({"is": "never", "what": "bought", "within_days": 30}))
    assert shop("segment", "new", "Quiet", "--purpose", "offers", "--rule", rule).code == Code.DONE
    changed = shop("segment", "change", "Quiet", "--recipe", "once-only", "--json").document
    assert (changed["version"], changed["recipe"]) == (2, "once-only")
    shown = shop("segment", "show", "quiet")
    assert "bought something on one day only" in shown.out
    assert [one["version"] for one in shop("segment", "show", "1", "--json").document["versions"]] == [2, 1]
    assert shop("segment", "remove", "Quiet", "--dry-run").code == Code.DONE
    assert shop("segment", "list", "--json").document["segments"]
    assert shop("segment", "remove", "Quiet", "--yes").code == Code.DONE
    assert shop("segment", "list", "--json").document == {"segments": []}
    assert "goodwill segment recipes" in shop("segment", "list").out


def test_a_dry_run_keeps_nothing(shop: Run):
    tried = shop("segment", "new", "New", "--purpose", "offers", "--recipe", "new-this-month", "--dry-run", "--json")
    assert tried.document["sentence"] == "People who first bought something at most 30 days ago."
    assert tried.document["count"]["people"] == 60
    assert shop("segment", "list", "--json").document == {"segments": []}


def test_it_is_said_when_a_segment_was_tried_last_and_what_was_found(shop: Run):
    assert "There is no segment." in shop("segment", "try").out
    shop("segment", "new", "Regulars", "--purpose", "offers", "--recipe", "regulars", "--set", "visits=2")
    assert "not yet" in shop("segment", "list").out
    assert shop("segment", "list", "--json").document["segments"][0]["tried"] is None
    (tried,) = shop("segment", "try", "--json").document["tried"]
    assert (tried["segment"], tried["found"], tried["why"]) == (1, "fine", "")
    assert shop("segment", "list", "--json").document["segments"][0]["tried"]["at"] == tried["at"]
    assert ": fine." in shop("segment", "show", "Regulars").out
    assert "1 tried, and all can be asked" in shop("doctor").out
    assert shop("segment", "try", "Others").code == Code.NOT_FOUND


def test_a_person_is_asked_about(shop: Run):
    shop("segment", "new", "Regulars", "--purpose", "recommendations", "--recipe", "regulars", "--set", "visits=1")
    assert shop("segment", "check", "1", "amina", "--json").document["verdict"] == "matched"
    assert "Left out" in shop("segment", "check", "Regulars", "bruno").out
    assert "never-asked" in shop("segment", "check", "Regulars", "bruno").out
    assert shop("segment", "check", "Regulars", "nobody-we-know").code == Code.NOT_FOUND
    assert shop("segment", "check", "Others", "amina").code == Code.NOT_FOUND


REFUSED = {
    "not listed by the purpose": (
        ["--purpose", "offers", "--recipe", "in-town", "--set", "town=Wien"], Code.REFUSED, "'city'"
    ),
    "a birthday, by the shipped register": (
        ["--purpose", "email-marketing", "--recipe", "birthday-week"], Code.REFUSED, "demographics"
    ),
    "a purpose of totals": (["--purpose", "statistics", "--recipe", "regulars"], Code.REFUSED, "chooses nobody"),
    "an unknown purpose": (["--purpose", "snooping", "--recipe", "regulars"], Code.NOT_FOUND, "not a registered"),
    "an unknown recipe": (["--purpose", "offers", "--recipe", "souffle"], Code.NOT_FOUND, "There are: regulars"),
    "nothing to go by": (["--purpose", "offers"], Code.USAGE, "either --recipe or --rule"),
    "a value that sets nothing": (
        ["--purpose", "offers", "--recipe", "regulars", "--set", "visits"], Code.USAGE, "looks like days=60"
    ),
    "a category nobody sells": (
        ["--purpose", "offers", "--recipe", "loves-category", "--set", "category=Spaceships"], Code.USAGE, "Spaceships"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("words", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_with_a_sentence(shop: Run, words, code, says):
    ended = shop("segment", "new", "S", *words)
    assert (ended.code, says in ended.err) == (code, True), ended.err


@pytest.mark.parametrize(
    "words", [b"{", b"\xff", b'{"is":"did"}', b"[" * 100_000], ids=["cut", "bytes", "half", "deep"]
)
def test_a_file_that_is_no_rule_is_refused(shop: Run, tmp_path, words):
    file = tmp_path / "rule.json"
    file.write_bytes(words)
    assert shop("segment", "count", "--purpose", "offers", "--rule", file).code == Code.USAGE


def test_a_rule_of_no_file_is_refused(shop: Run, tmp_path):
    ended = shop("segment", "count", "--purpose", "offers", "--rule", tmp_path / "none.json")
    assert "cannot be read" in ended.err
    assert "Name a segment" in shop("segment", "count").err
