"""The doctor finds what is wrong, says what helps, and changes nothing."""

import shlex
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.conftest import Ended, Run

from goodwill.app import open_shop
from goodwill.cli.ends import Code
from goodwill.collect import imports, store
from goodwill.decide.plan import Offer
from goodwill.decide.segments import store as store_of_segments


def _found(ended: Ended, what: str) -> list[dict[str, str]]:
    return [finding for finding in ended.document["findings"] if finding["what"] == what]


@pytest.mark.usefixtures("with_duckdb")
def test_a_furnished_shop_is_well(shop: Run):
    ended = shop("doctor", "--json")
    assert ended.document["well"] is True
    assert ended.code == Code.DONE
    passed = ("environment", "settings")  # it has not said yet where it is and who answers for it
    wanting = [one for one in ended.document["findings"] if one["state"] != "ok" and one["what"] not in passed]
    assert [one["what"] for one in wanting] == ["notices"]  # which somebody of the shop must read
    assert "SQLite 3." in _found(ended, "database")[0]["found"]


def test_what_the_shop_has_not_said_of_itself_is_named_with_what_breaks(run: Run, tmp_path):
    run("init", "--home", tmp_path)
    wanted = {
        "base_url": ("https://shop.example", "127.0.0.1:8400"),
        "contact_email": ("privacy@shop.example", "not stated"),
        "postal_address": ("Via Roma 1", "not stated"),
        "smtp_host": ("mail.shop.example", "outbox"),
    }
    told = [one for one in _found(run("doctor", "--home", tmp_path, "--json"), "settings") if one["state"] == "look"]
    assert [one["found"].split(" is not set")[0] for one in told] == list(wanted)
    for one, (name, (_, breaks)) in zip(told, wanted.items(), strict=True):
        assert breaks in one["found"]
        assert one["mend"].startswith(f"{name} = ")
    with (tmp_path / "goodwill.toml").open("a") as file:
        file.writelines(f'{name} = "{value}"\n' for name, (value, _) in wanted.items())
    (well,) = _found(run("doctor", "--home", tmp_path, "--json"), "settings")
    assert well["state"] == "ok"


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


def test_a_notice_that_nobody_of_the_shop_signed_off_is_noted_until_somebody_does(run: Run, home: Path):
    (noted,) = _found(run("doctor", "--home", home, "--json"), "notices")
    assert (noted["state"], "nobody of the shop has signed them off" in noted["found"]) == ("look", True)
    assert "sign-off --by NAME" in noted["mend"]
    assert "Nobody of the shop has signed them off" in run("consent", "notices", "list", "--home", home).err
    run("consent", "notices", "sign-off", "--by", "Amina Winter", "--home", home)
    run("consent", "notices", "publish", "--home", home)
    (well,) = _found(run("doctor", "--home", home, "--json"), "notices")
    assert (well["state"], well["found"]) == ("ok", "banner@3, signed off by Amina Winter")
    assert "Nobody of the shop" not in run("consent", "notices", "list", "--home", home).err


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


def test_settings_and_keys_that_others_may_read_are_worth_a_look(run: Run, home: Path):
    for place, mode in ((home / "goodwill.toml", 0o644), (home / "keys", 0o755), (home / "keys" / "keys.db", 0o640)):
        before = place.stat().st_mode
        place.chmod(mode)
        ended = run("doctor", "--home", home, "--json")
        (found,) = _found(ended, "secrets")
        assert found["state"] == "look"
        assert found["mend"] == f"chmod {'700' if place.is_dir() else '600'} {place}"
        place.chmod(before)
    assert _found(run("doctor", "--home", home, "--json"), "secrets") == []


def test_an_offer_that_runs_without_its_segment_is_named(run: Run, home: Path):
    with open_shop(home) as shop:
        kept = shop.segments.new("Quiet", "offers", {"is": "never", "what": "bought"})
        shop.planning.new_offer("ten", Offer("Ten", "Ten off.", percent=10, segment="Quiet", code="QUIET-10"))
        shop.planning.approve("offer-ten")
        shop.planning.start_offer("ten")
        with shop.database.transaction() as connection:  # as could be before removing asked for offers
            line = replace(store_of_segments.newest(connection)[0], version=kept.version + 1, rule=None)
            store_of_segments.add(connection, line)
    (found,) = _found(run("doctor", "--home", home, "--json"), "segments")
    assert (found["state"], found["mend"]) == ("look", "goodwill offer stop OFFER, or make the segment anew")
    assert "the offer 'ten' is given and its segment 'Quiet' was removed" in found["found"]


@pytest.fixture
def half_made(home: Path, cafe_files: Path) -> tuple[Path, int]:
    """A home with an import that was cut off after its first piece, and its number."""
    file = cafe_files / "order_lines.csv"
    planned = imports.plan([file], currency="EUR", mapping={"customer": "user_id"})

    def cut(_: object) -> None:
        raise KeyboardInterrupt

    with open_shop(home) as opened:
        with suppress(KeyboardInterrupt):
            rejects = home / "exports" / "rejects.csv"
            imports.run(opened.database, opened.tools, planned, rejects_to=rejects, progress=cut)
        with opened.database.reading() as connection:
            last = imports.list_imports(connection)[-1]
    assert last.state == "running"
    return home, last.id


def test_an_import_that_was_cut_off_is_named_with_both_commands_that_mend_it(
    run: Run, half_made: tuple[Path, int], cafe_files: Path, monkeypatch
):
    home, number = half_made
    monkeypatch.setattr("goodwill.cli.doctor._WATCHED", 0.05)
    ended = run("doctor", "--home", home, "--json")
    (found,) = _found(ended, "imports")
    assert (ended.code, found["state"]) == (Code.DONE, "look")
    assert f"import {number} (order_lines.csv)" in found["found"]
    assert "nobody is at it" in found["found"]
    again, back = found["mend"].split("\n")
    assert back == f"or take it back: goodwill --home {home} import undo {number}"
    on = shlex.split(again.removeprefix("go on: goodwill "))
    went_on = run(*on, "--json")
    assert went_on.code == Code.DONE
    assert (went_on.document["state"], went_on.document["resumed"]) == ("nothing-new", True)  # the shop has it all
    assert _found(run("doctor", "--home", home, "--json"), "imports") == []


def test_the_second_command_takes_it_back(run: Run, half_made: tuple[Path, int], monkeypatch):
    home, _ = half_made
    monkeypatch.setattr("goodwill.cli.doctor._WATCHED", 0.05)
    (found,) = _found(run("doctor", "--home", home, "--json"), "imports")
    back = shlex.split(found["mend"].split("\n")[1].partition("goodwill ")[2])
    assert run(*back, "--yes").code == Code.DONE
    assert _found(run("doctor", "--home", home, "--json"), "imports") == []


def test_an_import_that_gets_on_is_left_alone(run: Run, half_made: tuple[Path, int], monkeypatch):
    from goodwill.cli import doctor

    home, number = half_made

    def somebody_gets_on(_: float) -> None:
        with open_shop(home) as opened, opened.database.transaction() as connection:
            begun = store.get(connection, number)
            store.move(connection, number, begun.place, {**begun.place, "more": 1}, {"rows": begun.rows + 1})

    monkeypatch.setattr(doctor, "sleep", somebody_gets_on)
    (found,) = _found(run("doctor", "--home", home, "--json"), "imports")
    assert (found["state"], found["mend"]) == ("ok", "")
    assert "being made right now" in found["found"]


@pytest.mark.usefixtures("with_duckdb")
@pytest.mark.parametrize(
    ("program", "said"), [("", "DuckDB does not start"), ('print(\'{"error": "out of paper"}\')', "out of paper")]
)
def test_the_column_engine_is_tried_and_not_only_looked_for(run: Run, home: Path, tmp_path, monkeypatch, program, said):
    (tmp_path / "reader.py").write_text(program)
    monkeypatch.setattr("goodwill.access.columns._READER", tmp_path / "reader.py")
    ended = run("doctor", "--home", home, "--json")
    (found,) = _found(ended, "columns")
    assert (ended.code, found["state"]) == (Code.FAILED, "wrong")
    assert said in found["found"]


def test_it_says_which_sqlite_is_used(run: Run, home: Path):
    import pysqlite3

    found = _found(run("doctor", "--home", home, "--json"), "database")[0]["found"]
    assert f"SQLite {pysqlite3.sqlite_version} (the one inside pysqlite3" in found


def test_a_register_that_lacks_what_the_program_asks_for_is_wrong(run: Run, home: Path):
    from importlib.resources import files

    text = files("goodwill.purposes").joinpath("register.toml").read_text(encoding="utf-8")
    kept = [block for block in text.split("[purpose.") if not block.startswith("model-improvement]")]
    (home / "own.toml").write_text("[purpose.".join(kept), encoding="utf-8")
    with (home / "goodwill.toml").open("a") as settings:
        settings.write('purposes = "own.toml"\n')
    ended = run("doctor", "--home", home, "--json")
    assert ended.code == Code.FAILED
    assert "model-improvement" in _found(ended, "register")[0]["found"]
    for words in (("can", "amina", "offers"), ("purposes",)):
        refused = run(*words, "--home", home)
        assert refused.code == Code.USAGE
        assert str(home / "own.toml") in refused.err


def test_a_misspelt_variable_is_noticed(run: Run, home: Path, monkeypatch):
    monkeypatch.setenv("GOODWILL_DATABSE", "x")
    noticed = _found(run("doctor", "--home", home, "--json"), "environment")
    assert any("GOODWILL_DATABSE" in one["found"] for one in noticed)


def test_a_database_that_does_not_answer_is_wrong_and_its_password_stays_hidden(run: Run, home: Path, monkeypatch):
    monkeypatch.setenv("GOODWILL_DATABASE", "postgresql://shop:secret@127.0.0.1:1/cafe")
    ended = run("doctor", "--home", home, "--json")
    assert ended.code == Code.FAILED
    (found,) = _found(ended, "database")
    assert found["state"] == "wrong"
    assert "PostgreSQL at 127.0.0.1:1, database cafe: Connection refused" in found["found"]
    assert "secret" not in ended.out + ended.err
