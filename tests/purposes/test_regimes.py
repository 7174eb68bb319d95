"""The table of regimes that ships is whole and dated; one that is broken is refused; legal months end as law says."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodwill.basics.errors import BadInput, NotFound
from goodwill.purposes.due import Span, Unit, months_after, next_open, open_days
from goodwill.purposes.regimes import DEFAULT, DUTIES, load_regimes, parse, regime_of, shipped_regimes

EU = set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())  # noqa: SIM905
EEA = {"IS", "LI", "NO"}
SIGNAL_STATES = ("CA", "CO", "CT", "DE", "MD", "MN", "MT", "NE", "NH", "NJ", "OR", "TX")

ROW = """
name = "A law"
regions = {regions}
source = "https://law.example/1"
checked = 2026-11-28
answer = "1 month"
regulator = "Somebody"
complaint_url = "https://law.example/complain"
reask_days = 180
signal_reask_days = 365
"""
_ITALY = '["IT"]'
SMALL = f'version = "1"\n[regime.default]{ROW.format(regions="[]")}'
ITALY = f"[regime.law]{ROW.format(regions=_ITALY)}"

days = st.dates(date(2020, 1, 1), date(2060, 12, 31))
regions = st.sampled_from(["IT", "DE-BY", "GB", "US-CA", "US-TX", "BR", "CA", "CA-QC", "XX", ""])

# ---- the shipped one -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "law"),
    [
        *((country, "gdpr") for country in sorted(EU | EEA)),
        *((f"US-{state}", "ccpa" if state == "CA" else f"us-{state.lower()}") for state in SIGNAL_STATES),
        ("GB", "uk-gdpr"), ("BR", "lgpd"), ("CA", "pipeda"), ("CA-ON", "pipeda"), ("CA-QC", "quebec-25"),
        ("DE-BY", "gdpr"), ("de-by", "gdpr"), ("US", DEFAULT), ("US-VA", DEFAULT), ("JP", DEFAULT), ("", DEFAULT),
        (None, DEFAULT),
    ],
)  # fmt: skip
def test_a_region_has_its_law_and_every_other_place_has_our_own(region, law):
    assert regime_of(region).id == law


@pytest.mark.parametrize("state", SIGNAL_STATES)
def test_states_that_recognise_signals_bind_us_to_them(state):
    law = regime_of(f"US-{state}")
    assert law.binding == ("gpc",)
    assert {"sale", "targeted-advertising"} <= set(law.turns_off)


def test_where_no_law_binds_us_to_a_signal_our_own_rule_does():
    law = regime_of("IT")
    assert (law.binding, law.signals) == ((), ("gpc",))
    assert set(law.turns_off) == {"sale", "sharing", "targeted-advertising"}


@pytest.mark.parametrize("law", [*shipped_regimes()], ids=lambda law: law.id)
def test_a_row_is_dated_sourced_and_never_milder_than_our_own_rule(law):
    own = shipped_regimes()[DEFAULT]
    assert law.checked <= date(2026, 11, 28)
    assert law.source.startswith("https://")
    assert law.reask_days >= own.reask_days >= 180
    assert law.signal_reask_days >= own.signal_reask_days >= 365
    assert set(own.duties) <= set(law.duties) <= set(DUTIES)
    assert set(own.signals) <= set(law.signals)


def test_the_clock_may_stand_only_where_the_law_lets_it():
    assert [law.id for law in shipped_regimes() if law.pauses] == ["gdpr", "uk-gdpr"]


def test_an_unknown_regime_is_not_found():
    with pytest.raises(NotFound, match="There are: default, gdpr"):
        shipped_regimes()["nowhere"]


def test_italy_complains_in_italy_and_malta_to_the_list_of_authorities():
    law = regime_of("IT")
    assert law.regulator_of("IT").name.startswith("Garante")
    assert law.regulator_of("IT-25").name.startswith("Garante")
    assert law.regulator_of("MT").complaint_url.startswith("https://www.edpb.europa.eu/")


# ---- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "received", "due", "latest"),
    [
        ("IT", date(2026, 3, 5), date(2026, 4, 7), date(2026, 6, 5)),  # 5 April 2026 is Easter Sunday, 6 its Monday
        ("IE", date(2026, 8, 31), date(2026, 9, 30), date(2026, 11, 30)),  # EDPB guidelines 01/2022, 159
        ("MT", date(2027, 1, 31), date(2027, 3, 1), date(2027, 4, 30)),  # 28 February 2027 is a Sunday
        ("GB", date(2024, 1, 31), date(2024, 2, 29), date(2024, 4, 30)),
        ("", date(2027, 1, 31), date(2027, 2, 28), date(2027, 4, 30)),  # our own rule moves nothing
        ("US-CA", date(2026, 11, 28), date(2027, 1, 12), date(2027, 2, 26)),
        ("BR", date(2026, 11, 28), date(2026, 12, 13), date(2026, 12, 13)),
        ("CA-QC", date(2026, 11, 28), date(2026, 12, 28), date(2026, 12, 28)),
        ("CA", date(2026, 11, 28), date(2026, 12, 28), date(2027, 1, 27)),
    ],
)
def test_answers_are_due_on_the_day_the_law_names(region, received, due, latest):
    law = regime_of(region)
    assert (law.due(received, region), law.latest(received, region)) == (due, latest)


def test_california_counts_business_days_around_its_holidays():
    law = regime_of("US-CA")
    # Thursday 26 November 2026 is Thanksgiving, and in California the day after is closed too.
    assert law.acknowledge_by(date(2026, 11, 25), "US-CA") == date(2026, 12, 11)
    assert law.opted_out_by(date(2026, 12, 18), "US-CA") == date(2027, 1, 12)
    assert regime_of("IT").acknowledge_by(date(2026, 11, 25), "IT") is None


@given(days, st.integers(1, 60))
def test_a_legal_month_ends_on_the_same_day_or_the_months_last(day, count):
    end = months_after(day, count)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == count
    assert end.day == day.day or (end.day < day.day and (end + timedelta(days=1)).day == 1)


@given(days, days, st.integers(1, 24))
def test_a_later_request_is_never_due_earlier(one, other, count):
    earlier, later = sorted((one, other))
    for unit in Unit:
        span, is_open = Span(count, unit), open_days("IT")
        assert span.after(earlier, is_open) <= span.after(later, is_open)


@given(days, st.integers(1, 30), regions)
def test_as_many_working_days_lie_in_a_span_as_it_counts(day, count, region):
    is_open = open_days(region)
    end = Span(count, Unit.BUSINESS_DAY).after(day, is_open)
    passed = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(map(is_open, passed)) == count
    assert is_open(end)


@given(days, regions)
def test_no_clock_ends_before_it_began_and_none_ends_on_a_closed_day_where_it_moves(day, region):
    law = regime_of(region)
    due, latest = law.due(day, region), law.latest(day, region)
    assert day < due <= latest
    if law.moves:
        is_open = open_days(region)
        assert is_open(due)
        assert is_open(latest)
        assert due == next_open(law.answer.after(day, is_open), is_open)
    if law.extension is not None:
        assert law.extension_said_by(day, region) <= due


@pytest.mark.parametrize("text", ["1 month", "2 months", "45 days", "10 business days", "1 day"])
def test_a_span_is_written_as_it_is_read(text):
    assert str(Span.read(text)) == text


@pytest.mark.parametrize("text", ["", "0 days", "1 week", "-1 days", "1  month", "1 months late", "1e3 days"])
def test_other_words_are_no_span(text):
    with pytest.raises(ValueError, match="not a span"):
        Span.read(text)


# ---- a shop's own table --------------------------------------------------------------------------------------------


def test_a_small_table_is_enough():
    table = parse(SMALL + ITALY, "mine")
    assert table.of("IT").id == "law"
    assert table.of("FR").id == DEFAULT
    assert table.of("IT").extension is None
    assert table.of("IT").latest(date(2026, 1, 1), "IT") == table.of("IT").due(date(2026, 1, 1), "IT")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[regime", "mine is not valid TOML"),
        (ITALY, r"mine lacks \[regime.default\]"),
        (SMALL + "[law.x]\na = 1\n", "unknown tables or keys: law"),
        (SMALL + ITALY + "secret = 1\n", r"\[regime.law\] in mine has unknown keys: secret"),
        (SMALL + ITALY.replace('source = "https://law.example/1"\n', ""), r"\[regime.law\] in mine lacks source"),
        (SMALL + ITALY.replace("https://law.example/1", "http://law.example/1"), "source must be an address"),
        (SMALL + ITALY.replace("2026-11-28", '"2026-11-28"'), "checked must be a date such as"),
        (SMALL + ITALY.replace("1 month", "4 weeks"), "answer must be a span of time such as"),
        (SMALL + ITALY.replace('"IT"', '"Italy"'), "regions must be a list of countries"),
        (SMALL + ITALY.replace('"IT"', '"IT", "IT"'), "regions must be a list of countries or parts of them, none"),
        (SMALL + ITALY.replace('["IT"]', "[]"), "it would count nowhere"),
        (SMALL.replace("[]", '["IT"]'), "regions must be empty"),
        (SMALL + ITALY + ITALY.replace("regime.law", "regime.other"), "both .* count in IT"),
        (SMALL + ITALY + 'extension = "1 month"\n', "extension and extension_said go together"),
        (SMALL + ITALY + 'signals = ["gpc"]\n', "signals and turns_off go together"),
        (SMALL + ITALY + 'signals = ["dnt"]\nturns_off = ["sale"]\n', "signals must be a list of some of these"),
        (SMALL + ITALY + 'duties = ["be nice"]\n', "duties must be a list of some of these words: appeal-route"),
        (SMALL + ITALY.replace("reask_days = 180", "reask_days = 90"), "reask_days is below the 180 of our own rule"),
        (SMALL + ITALY + "pauses = 1\n", "pauses must be true or false"),
        (SMALL + ITALY + '[regime.law.regulators.FR]\nname = "X"\ncomplaint_url = "https://x"\n', "names FR, which"),
        (SMALL + ITALY + '[regime.law.regulators.IT]\nname = "X"\n', "regulators.IT lacks complaint_url"),
        (SMALL + ITALY + 'regulators = {IT = "X"}\n', "regulators.IT must be a table"),
    ],
)
def test_a_broken_table_is_refused_with_what_is_wrong(text, says):
    with pytest.raises(BadInput, match=says):
        parse(text, "mine")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(BadInput, match=r"The table of regimes .*none.toml cannot be read"):
        load_regimes(tmp_path / "none.toml")
