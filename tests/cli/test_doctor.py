"""The doctor finds what is wrong, says what helps, and changes nothing."""

from pathlib import Path

from tests.cli.conftest import Ended, Run

from goodwill.cli.ends import Code


def _found(ended: Ended, what: str) -> list[dict[str, str]]:
    return [finding for finding in ended.document["findings"] if finding["what"] == what]


def test_a_furnished_shop_is_well(shop: Run):
    ended = shop("doctor", "--json")
    assert ended.document["well"] is True
    assert ended.code == Code.DONE
    wanting = [one for one in ended.document["findings"] if one["state"] != "ok" and one["what"] != "environment"]
    assert wanting == []
    assert "SQLite 3." in _found(ended, "database")[0]["found"]


def test_without_a_shop_it_says_how_to_make_one_and_makes_nothing(run: Run, tmp_path):
    ended = run("doctor", "--home", tmp_path / "none", "--json")
    assert ended.code == Code.FAILED
    assert _found(ended, "shop")[0]["mend"].startswith("goodwill init")
    assert not (tmp_path / "none").exists()


def test_an_empty_shop_needs_products_people_and_learning(run: Run, tmp_path):
    run("init", "--home", tmp_path)
    ended = run("doctor", "--home", tmp_path, "--json")
    assert ended.code == Code.DONE
    assert [_found(ended, what)[0]["state"] for what in ("catalogue", "people", "models")] == ["look"] * 3


def test_a_key_that_others_may_read_is_wrong(run: Run, home: Path):
    (home / "keys" / "master.key").chmod(0o644)
    ended = run("doctor", "--home", home, "--json")
    assert ended.code == Code.FAILED
    assert "chmod 600" in _found(ended, "keys")[0]["found"]


def test_a_lost_key_store_is_wrong_and_is_not_made_anew(run: Run, home: Path):
    (home / "keys" / "keys.db").unlink()
    ended = run("doctor", "--home", home, "--json")
    assert ended.code == Code.FAILED
    assert "restore" in _found(ended, "keys")[0]["mend"]
    assert not (home / "keys" / "keys.db").exists()


def test_a_review_that_is_overdue_is_worth_a_look_and_an_expired_purpose_is_wrong(run: Run, home: Path):
    from importlib.resources import files

    text = files("goodwill.purposes").joinpath("register.toml").read_text(encoding="utf-8")
    blocks = text.split("[purpose.")
    late = [block if not block.startswith("offers]") else _dated(block, "review", "2020-01-01") for block in blocks]
    off = [block if not block.startswith("benchmarking]") else _dated(block, "expiry", "2020-01-02") for block in late]
    off = [block if not block.startswith("benchmarking]") else _dated(block, "review", "2020-01-01") for block in off]
    (home / "own.toml").write_text("[purpose.".join(off), encoding="utf-8")
    with (home / "goodwill.toml").open("a") as settings:
        settings.write('purposes = "own.toml"\n')
    registers = _found(run("doctor", "--home", home, "--json"), "register")
    named = {(one["state"], one["found"].split("'")[1]) for one in registers if "'" in one["found"]}
    assert named == {("look", "offers"), ("wrong", "benchmarking")}


def _dated(block: str, name: str, day: str) -> str:
    return "\n".join(f"{name} = {day}" if line.startswith(f"{name} =") else line for line in block.split("\n"))


def test_a_setting_that_does_not_fit_is_named(run: Run, home: Path):
    text = (home / "goodwill.toml").read_text().replace("Europe/Berlin", "Middle/Earth")
    (home / "goodwill.toml").write_text(text)
    ended = run("doctor", "--home", home, "--json")
    assert ended.code == Code.FAILED
    assert "Middle/Earth" in _found(ended, "settings")[0]["found"]


def test_a_misspelt_variable_is_noticed(run: Run, home: Path, monkeypatch):
    monkeypatch.setenv("GOODWILL_DATABSE", "x")
    assert "GOODWILL_DATABSE" in _found(run("doctor", "--home", home, "--json"), "environment")[0]["found"]


def test_a_database_that_does_not_answer_is_wrong_and_its_password_stays_hidden(run: Run, home: Path, monkeypatch):
    monkeypatch.setenv("GOODWILL_DATABASE", "postgresql://shop:secret@127.0.0.1:1/cafe")
    ended = run("doctor", "--home", home, "--json")
    assert ended.code == Code.FAILED
    assert _found(ended, "database")[0]["state"] == "wrong"
    assert "secret" not in ended.out + ended.err
