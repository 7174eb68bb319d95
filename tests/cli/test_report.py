"""The return on the command line: measured, reported, printed; and what is missing is asked for in words."""

from tests.cli.conftest import Run

from goodwill.cli.ends import Code


def test_a_shop_without_a_holdout_is_told_what_to_do(shop: Run):
    told = shop("report")
    assert told.code == Code.DONE
    assert "goodwill experiment holdout 10" in told.out or "Set margin in goodwill.toml" in told.out
    document = shop("report", "--json").document
    assert (document["verdict"], document["told"]) == ("not known", None)


def test_just_after_people_were_left_out_it_is_too_early_and_says_when_to_look(shop: Run, monkeypatch):
    monkeypatch.setenv("GOODWILL_MARGIN", "40")
    shop("experiment", "holdout", 10)
    told = shop("report")
    assert told.out.startswith("Too early: people are left out since ")
    assert "Look again in " in told.out
    assert "Too early" in shop("measure", "roi").out


def test_what_a_customer_costs_is_asked_for_and_told(shop: Run, monkeypatch):
    assert "goodwill cost add" in shop("measure", "cac").out
    assert shop("cost", "add", "--kind", "media", "--amount", "500", "--json").code == Code.DONE
    told = shop("measure", "cac", "--days", 182)
    assert told.code == Code.DONE
    assert "Again: goodwill measure cac" in told.out
    assert shop("measure", "cac", "--days", "many").code == Code.USAGE


def test_paper_is_written_where_it_is_asked_for(shop: Run, tmp_path):
    ended = shop("report", "--pdf", tmp_path / "report.pdf")
    assert ended.code == Code.DONE
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "Written: " in ended.err
    lost = shop("report", "--pdf", tmp_path / "nowhere" / "report.pdf")
    assert lost.code == Code.USAGE
    assert "cannot be written" in lost.err


def test_a_day_that_has_not_come_or_is_none_is_refused(shop: Run):
    assert "has not come yet" in shop("report", "--at", "2999-01-01").err
    assert shop("report", "--at", "soon").code == Code.USAGE


def test_who_changes_the_share_left_out_is_told_that_reports_begin_anew(shop: Run):
    first, same, more, none = (shop("experiment", "holdout", percent) for percent in (10, 10, 25, 0))
    assert (first.err, same.err) == ("", "")
    assert more.err.startswith("From tomorrow on reports begin a new window: the days in which 10 % were held out stay")
    assert none.err.startswith("From tomorrow on no report tells what the programme brings: the days in which 25 %")
