"""Measures from the command line: the meter as two tables and a list, and the same for programs."""

from tests.cli.conftest import Run


def test_the_meter_is_shown_in_tables_a_shopkeeper_can_read(shop: Run):
    ended = shop("measure", "minimisation")
    assert ended.code == 0, ended.err
    for words in ("no purchases", "last 1 visit", "last 50 visits", "light", "heavy", "browsing", "not used"):
        assert words in ended.out
    assert "nan" not in ended.out
    assert "too few" in ended.out, "this shop has a handful of customers"
    assert "of fewer than 10 no figure" in ended.err


def test_programs_get_the_same(shop: Run):
    document = shop("measure", "minimisation", "--json").document
    assert document["people"] > 0
    assert {one["category"] for one in document["categories"] if one["verdict"] != "not used"} == {"purchases"}
    assert len(document["inference"]) == len(document["training"]) == 7


def test_what_can_be_measured_is_listed(shop: Run):
    assert "minimisation" in shop("measure", "list").out


def test_what_each_way_of_choosing_costs_is_shown_beside_what_it_finds(shop: Run):
    ended = shop("slot", "cost")
    assert ended.code == 0, ended.err
    for words in ("as it is", "new_in_ten=3", "calibration=40", "first purchases found"):
        assert words in ended.out
    assert "nan" not in ended.out
    assert "too few" in ended.out, "this shop has a handful of customers"
    document = shop("slot", "cost", "--json").document
    assert document["ways"][0]["way"] == "as it is"
    assert len(document["ways"]) == 9


def test_every_measure_is_a_command_that_says_what_may_be_asked_of_it(shop: Run):
    listed = shop("measure", "list").out
    for name in ("clv", "cohorts", "ecltv", "experiment", "holdout", "opted-in", "revenue"):
        assert name in listed
        assert shop("measure", name, "--help").code == 0
    assert "--horizon" in shop("measure", "clv", "--help").out
    helped = shop("measure", "before-after", "--help").out
    assert "goodwill measure before-after --since DATE" in helped
    assert "Usually None" not in helped


def test_a_figure_of_too_few_is_refused_in_words_and_nothing_else_is_shown(shop: Run):
    ended = shop("measure", "clv")
    assert ended.code == 0, ended.err
    assert "No figure for" in ended.out
    assert "Again: goodwill measure clv --at" in ended.out
    assert "nan" not in ended.out
    document = shop("measure", "clv", "--json").document
    assert document["headline"]["value"] is None
    assert document["headline"]["refused"]


def test_what_cannot_be_asked_of_a_measure_is_a_sentence(shop: Run):
    for words, code, said in (
        (("clv", "--horizon", "soon"), 2, "a length of time such as 12 months"),
        (("clv", "--at", "2199-01-01"), 2, "has not come yet"),
        (("revenue", "--days", "13"), 2, "'days' is 0, 7, 28, 91, 182, 364 or 728, not '13'."),
        (("cohorts", "--period", "21"), 2, "'period' is 28, not '21'."),
        (("experiment", "nope"), 4, "There is no experiment 'nope'"),
        (("before-after",), 2, "Say since: the day on which it began"),
        (("before-after", "--since", "soon"), 2, "'since' is a day such as 2026-11-22, not 'soon'."),
        (
            ("before-after", "--since", "2026-09-07", "--treated", "category=Nothing"),
            4,
            "There is no category 'Nothing'",
        ),
        (("targeting", "--experiment", "nope"), 4, "There is no experiment 'nope'"),
    ):
        ended = shop("measure", *words)
        assert (ended.code, said in ended.err) == (code, True), ended.err


def test_before_an_experiment_starts_it_is_said_what_it_could_show(shop: Run):
    ended = shop("experiment", "plan", "--weeks", "13", "--hoped", "3")
    assert ended.code == 0, ended.err
    assert "Again: goodwill measure detectable" in ended.out
