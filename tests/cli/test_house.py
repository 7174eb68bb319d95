"""Setting a shop up: init, config, purposes, simulate."""

import os
import stat

import pytest
from tests.cli.conftest import Run

from goodwill.cli.ends import Code
from goodwill.cli.house import _without_password


def test_init_makes_a_home_that_only_its_owner_can_look_into(run: Run, tmp_path):
    ended = run("init", "--home", tmp_path / "cafe", "--name", "Café", "--zone", "Europe/Rome", "--json")
    assert ended.code == 0
    assert ended.document["name"] == "Café"
    assert ended.document["zone"] == "Europe/Rome"
    assert (tmp_path / "cafe" / "goodwill.toml").exists()
    assert (tmp_path / "cafe" / "shop.db").exists()
    keys = tmp_path / "cafe" / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert stat.S_IMODE((keys / "master.key").stat().st_mode) == 0o600


def test_init_twice_is_a_conflict_and_changes_nothing(run: Run, tmp_path):
    assert run("init", "--home", tmp_path, "--name", "First").code == 0
    before = (tmp_path / "goodwill.toml").read_bytes()
    again = run("init", "--home", tmp_path, "--name", "Second")
    assert again.code == Code.CONFLICT
    assert (tmp_path / "goodwill.toml").read_bytes() == before


def test_init_refuses_what_is_no_currency(run: Run, tmp_path):
    ended = run("init", "--home", tmp_path / "cafe", "--currency", "euros")
    assert ended.code == Code.USAGE
    assert "EUR" in ended.err
    assert not (tmp_path / "cafe" / "goodwill.toml").exists()


def test_the_home_may_stand_before_the_command_after_it_or_in_the_environment(run: Run, home, monkeypatch):
    def of(*words: object) -> str:
        return str(run(*words, "--json").document["home"])

    assert of("--home", home, "config", "show") == str(home)
    assert of("config", "show", "--home", home) == str(home)
    monkeypatch.setenv("GOODWILL_HOME", str(home))
    assert of("config", "show") == str(home)


def test_config_show_tells_where_each_value_comes_from_and_hides_the_password(run: Run, home, monkeypatch):
    monkeypatch.setenv("GOODWILL_PORT", "8500")
    monkeypatch.setenv("GOODWILL_DATABASE", "postgresql://shop:geheim@db.example/cafe")
    ended = run("config", "show", "--home", home, "--json")
    found = {one["name"]: (one["value"], one["origin"]) for one in ended.document["settings"]}
    assert found["port"] == (8500, "GOODWILL_PORT")
    assert found["name"] == ("Café Amina", str(home / "goodwill.toml"))
    assert found["new_in_ten"] == (1, "default")
    assert "geheim" not in ended.out
    assert "geheim" not in run("config", "show", "--home", home).out


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://shop:se@cr:et@db.example/cafe", "postgresql://shop:***@db.example/cafe"),
        ("postgresql://db.example/cafe?user=shop&password=secret&sslmode=require",
         "postgresql://db.example/cafe?user=shop&password=***&sslmode=require"),
        ("postgresql://shop@db.example:5432/cafe", "postgresql://shop@db.example:5432/cafe"),
        ("sqlite:////srv/cafe/shop.db", "sqlite:////srv/cafe/shop.db"),
        ("", ""),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_its_password(url, shown):
    assert _without_password(url) == shown


def test_config_show_refuses_what_does_not_fit_and_names_where_it_stands(run: Run, home, monkeypatch):
    (home / "goodwill.toml").write_text((home / "goodwill.toml").read_text() + "port = 0\n")
    in_file = run("config", "show", "--home", home, "--json")
    assert in_file.code == Code.USAGE
    said = in_file.document["error"]["message"]
    assert said == f"'port' in {home / 'goodwill.toml'} must be a whole number from 1 to 65535, not 0."
    monkeypatch.setenv("GOODWILL_PORT", "http")
    in_environment = run("config", "show", "--home", home)
    assert in_environment.code == Code.USAGE
    assert "GOODWILL_PORT must be a whole number from 1 to 65535, not 'http'." in in_environment.err


def test_config_show_never_shows_a_master_key(run: Run, home, monkeypatch):
    key = (home / "keys" / "master.key").read_bytes().hex()
    monkeypatch.setenv("GOODWILL_MASTER_KEY", key)
    for words in (("config", "show"), ("config", "show", "--json"), ("doctor",), ("can", "amina", "offers")):
        ended = run(*words, "--home", home)
        assert ended.code == Code.DONE
        assert key not in ended.out + ended.err


def test_an_unknown_setting_is_refused_by_name(run: Run, home):
    (home / "goodwill.toml").write_text((home / "goodwill.toml").read_text() + "colour = 'red'\n")
    ended = run("config", "show", "--home", home)
    assert ended.code == Code.USAGE
    assert "colour" in ended.err


def test_purposes_lists_the_shipped_register_without_any_shop(run: Run, tmp_path):
    ended = run("purposes", "--home", tmp_path / "nowhere", "--json")
    assert ended.code == 0
    names = [purpose["name"] for purpose in ended.document["purposes"]]
    assert {"recommendations", "bookkeeping", "statistics"} <= set(names)
    plain = run("purposes", "--home", tmp_path / "nowhere")
    assert "only with a recorded yes" in plain.out
    assert not (tmp_path / "nowhere").exists()


def test_simulate_gives_the_same_files_for_the_same_seed(run: Run, tmp_path):
    for name in ("one", "two"):
        assert run("simulate", "--people", 10, "--seed", 3, "--days", 30, "--out", tmp_path / name, "-q").code == 0
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_simulate_writes_over_files_only_when_told(run: Run, tmp_path):
    words = ("simulate", "--people", 10, "--days", 30, "--out", tmp_path)
    assert run(*words).code == 0
    before = (tmp_path / "orders.csv").read_bytes()
    assert run(*words, "--seed", 9, "--no-input").code == Code.USAGE
    assert (tmp_path / "orders.csv").read_bytes() == before
    assert run(*words, "--seed", 9, "--yes").code == 0
    assert (tmp_path / "orders.csv").read_bytes() != before


def test_simulate_writes_a_world_and_tells_its_truth(run: Run, tmp_path):
    told = run("simulate", "--world", "--people", 200, "--seed", 3, "--out", tmp_path / "one", "--json").document
    again = run("simulate", "--world", "--people", 200, "--seed", 3, "--out", tmp_path / "two", "--json").document
    assert told["truth"] == again["truth"]
    assert told["truth"]["consent"] > 0
    orders = (tmp_path / "one" / "orders.csv").read_text()
    assert len(orders.splitlines()) == told["orders"] + 1
    assert sorted(file.name for file in (tmp_path / "one").iterdir()) == ["consents.csv", "customers.csv", "orders.csv"]
    assert orders == (tmp_path / "two" / "orders.csv").read_text()
    again = run("simulate", "--world", "--people", 200, "--out", tmp_path / "one", "--no-input")
    assert again.code == Code.USAGE


def test_a_world_that_is_too_small_is_refused_and_nothing_is_written(run: Run, tmp_path):
    ended = run("simulate", "--world", "--people", 5, "--out", tmp_path / "x")
    assert ended.code == Code.USAGE
    assert "between 20 and 200000" in ended.err
    assert not (tmp_path / "x").exists()


def test_a_cafe_needs_its_cast(run: Run, tmp_path):
    ended = run("simulate", "--people", 2, "--out", tmp_path / "x")
    assert ended.code == Code.USAGE
    assert "4 people" in ended.err


def test_colour_is_left_out_where_nobody_sees_it(run: Run, home):
    assert "\x1b" not in run("purposes", "--home", home).out
    assert os.environ.get("NO_COLOR") is None
