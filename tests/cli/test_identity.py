"""Who is who and how long things are kept, from the command line."""

from tests.cli.conftest import Run

from goodwill.cli.ends import Code


def test_two_become_one_and_two_again(shop: Run):
    number = {name: shop("people", "find", name, "--json").document["person"] for name in ("amina", "bruno")}
    assert shop("people", "merge", "amina", "bruno", "--no-input").code != Code.DONE, "it asks first"
    merged = shop("people", "merge", "amina", "bruno", "--reason", "told at the till", "--yes", "--json").document
    assert (merged["person"], merged["other"]) == (number["amina"], number["bruno"])
    assert merged["identities"] >= 1
    assert shop("people", "find", "bruno", "--json").document["person"] == number["amina"]
    assert "one already" in shop("people", "merge", "amina", "bruno", "--yes").out
    assert not shop("can", "amina", "recommendations", "--json").document["allowed"], "Bruno never said yes"
    back = shop("people", "unmerge", str(merged["merge"]), "--yes", "--json").document
    assert back["events"] == merged["events"]
    assert shop("people", "find", "bruno", "--json").document["person"] == number["bruno"]
    assert shop("people", "unmerge", str(merged["merge"]), "--yes").code == Code.CONFLICT
    assert shop("people", "unmerge", "999", "--yes").code == Code.NOT_FOUND


def test_the_timeline_is_one_column_with_positions(shop: Run):
    line = shop("people", "timeline", "amina", "--json").document["timeline"]
    assert {"bought", "given"} <= {moment["what"] for moment in line}
    assert [moment["at"] for moment in line] == sorted(moment["at"] for moment in line)
    assert all(" " in moment["position"] for moment in line)


def test_nobody_is_a_candidate_without_having_shown_anything(shop: Run):
    assert shop("people", "candidates", "--json").document["candidates"] == []
    assert "Nobody shares" in shop("people", "candidates").out


def test_a_correction_a_restriction_and_an_objection(shop: Run):
    assert shop("people", "rectify", "amina", "city", "Hamburg", "--json").document == {"changed": True}
    assert "says so already" in shop("people", "rectify", "amina", "city", "Hamburg").out
    assert shop("people", "restrict", "amina", "--json").document == {"restricted": True, "changed": True}
    assert shop("can", "amina", "recommendations", "--json").document["reason"] == "held"
    assert shop("can", "amina", "recommendations").out.startswith(
        "No: held. The use of this person's data is restricted."
    )
    assert shop("people", "restrict", "amina", "--lift", "--json").document == {"restricted": False, "changed": True}
    assert shop("people", "object", "amina", "--json").document == {"objected": ["statistics"]}
    assert shop("can", "amina", "statistics", "--json").document["reason"] == "objected"


def test_what_is_kept_is_planned_before_it_is_deleted(shop: Run):
    now = shop("retention", "plan", "--json").document
    assert {line["why"] for line in now["stays"]} >= {"bookkeeping"}
    later = shop("retention", "plan", "--at", "2045-01-01", "--json").document
    assert sum(line["rows"] for line in later["due"]) > sum(line["rows"] for line in now["due"])
    assert "No purpose needs any longer" in shop("retention", "plan", "--at", "2045-01-01").out
    assert shop("retention", "plan", "--at", "soon").code == Code.USAGE
    assert shop("retention", "run", "--no-input").code != Code.DONE, "it asks first"
    done = shop("retention", "run", "--yes", "--json").document
    assert sum(row["rows"] for row in done["deleted"]) == sum(line["rows"] for line in now["due"])
    assert shop("retention", "plan", "--json").document["due"] == []
