"""How commands end: codes for scripts, sentences for people, never a traceback."""

import io
import os
import re
import subprocess
import sys

import pytest
import typer
from sqlalchemy.exc import OperationalError
from tests.cli.conftest import Run

from goodwill.app import open_shop
from goodwill.basics.errors import (
    BadInput,
    Busy,
    Conflict,
    KeyDestroyed,
    KeyMissing,
    NoConsent,
    NotFound,
    Overflow,
    Refused,
    TooFew,
)
from goodwill.cli import out
from goodwill.cli.ends import AnswerNeeded, Code, end_of
from goodwill.cli.shell import Shell
from goodwill.storage.engine import LEDGER, one_at_a_time

CODES = [
    (BadInput("x"), 2),
    (AnswerNeeded("x"), 2),
    (Refused("x"), 3),
    (NoConsent("recommendations", "withdrawn"), 3),
    (TooFew(3, 10, "statistics"), 3),
    (NotFound("x"), 4),
    (KeyDestroyed("x"), 4),
    (FileNotFoundError(2, "No such file or directory", "orders.csv"), 4),
    (Conflict("x"), 5),
    (Busy("x", "inside"), 5),
    (KeyMissing("x"), 1),
    (Overflow("x"), 1),
    (PermissionError(13, "Permission denied", "shop.db"), 1),
    (OperationalError("SELECT secret", {}, Exception("no route to 10.0.0.7")), 1),
    (typer.Abort(), 1),
    (ZeroDivisionError("division by zero"), 1),
    (KeyboardInterrupt(), 130),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=[type(error).__name__ for error, _ in CODES])
def test_every_error_has_its_exit_code_and_one_sentence(error, code):
    end = end_of(error, command="goodwill people show")
    assert end.code == code
    assert end.sentence.endswith((".", "?", "!"))
    assert "\n" not in end.sentence


def test_an_error_that_names_a_command_needs_no_second_hint():
    assert end_of(NotFound("No shop. Make one with: goodwill init"), lost="goodwill keys list").help == ""


def test_a_setting_that_does_not_fit_sends_nobody_to_the_help_of_a_command(run: Run, home, monkeypatch):
    monkeypatch.setenv("GOODWILL_PORT", "http")
    ended = run("can", "amina", "offers", "--home", home)
    assert ended.code == Code.USAGE
    assert "Try:" not in ended.err


def test_what_was_not_found_comes_with_the_command_that_lists_it():
    assert end_of(NotFound("There is no import 7."), lost="goodwill import list").help == "goodwill import list"


def test_a_database_that_is_away_shows_neither_its_address_nor_the_statement():
    end = end_of(OperationalError("SELECT secret", {}, Exception("no route to 10.0.0.7")))
    assert end.sentence == "The database does not answer."
    assert end.help == "goodwill doctor"


def test_a_server_that_is_away_is_named_with_what_helps_and_without_its_password(run: Run, home, monkeypatch):
    monkeypatch.setenv("GOODWILL_DATABASE", "postgresql://shop:s3cret@127.0.0.1:1/cafe")
    for words in (("can", "amina", "offers"), ("recommend", "amina"), ("import", "list")):
        ended = run(*words, "--home", home)
        assert ended.code == Code.CONFLICT
        assert "PostgreSQL at 127.0.0.1:1, database cafe: Connection refused." in ended.err
        assert "goodwill config show" in ended.err
        assert "s3cret" not in ended.err


def test_whether_something_is_allowed_can_be_asked_while_somebody_writes(run: Run, home):
    with open_shop(home) as opened, opened.database.transaction() as connection:
        one_at_a_time(connection, LEDGER)
        assert run("can", "amina", "recommendations", "--home", home).code == Code.DONE


def test_a_decision_does_not_wait_long_for_whoever_writes(run: Run, home, monkeypatch):
    from goodwill.shop import deciding as room

    monkeypatch.setattr(room, "_FOR_A_PAGE", 0.3)
    with open_shop(home) as opened, opened.database.transaction() as connection:
        one_at_a_time(connection, LEDGER)
        ended = run("recommend", "amina", "--home", home, "--json")
    assert ended.code == Code.CONFLICT
    assert "try again in a moment" in ended.document["error"]["message"]


def test_an_unknown_command_is_a_usage_error_with_a_suggestion(run: Run):
    ended = run("recomend", "amina")
    assert ended.code == Code.USAGE
    assert "recommend" in ended.err
    assert "goodwill --help" in ended.err
    assert ended.out == ""


def test_a_usage_error_under_json_is_one_document_too(run: Run):
    ended = run("can", "--json")
    assert ended.code == Code.USAGE
    assert ended.document["error"]["code"] == 2
    assert ended.document["error"]["help"] == "goodwill can --help"
    assert ended.document["error"]["message"] in ended.err


def test_a_missing_shop_says_how_to_make_one(run: Run, tmp_path):
    ended = run("can", "amina", "recommendations", "--home", tmp_path / "nowhere", "--json")
    assert ended.code == Code.NOT_FOUND
    assert "goodwill init" in ended.err
    assert "Traceback" not in ended.err
    assert ended.document["error"]["kind"] == "not-found"


def test_the_way_to_an_error_is_shown_only_to_whoever_asks(run: Run, tmp_path, monkeypatch):
    monkeypatch.setenv("GOODWILL_DEBUG", "1")
    ended = run("can", "amina", "recommendations", "--home", tmp_path / "nowhere")
    assert ended.code == Code.NOT_FOUND
    assert "Traceback" in ended.err


def test_a_question_that_nobody_can_answer_is_a_usage_error():
    with pytest.raises(AnswerNeeded, match="--yes"):
        Shell().make_sure("Really?")
    with pytest.raises(AnswerNeeded):
        Shell(no_input=True).make_sure("Really?")
    Shell(yes=True).make_sure("Really?")


def test_wishes_before_and_after_the_command_add_up(tmp_path):
    before = Shell(home=tmp_path, json=True)
    both = before.with_more(home=None, json=False, no_input=False, yes=True, quiet=False)
    assert both == Shell(home=tmp_path, json=True, yes=True)


def test_a_terminal_without_the_letters_gets_marks_and_not_a_fault(home):
    command = [sys.executable, "-m", "goodwill", "config", "show", "--home", str(home)]
    for more in ([], ["--json"]):
        env = {**os.environ, "PYTHONIOENCODING": "ascii"}
        done = subprocess.run([*command, *more], capture_output=True, check=False, env=env)
        assert (done.returncode, done.stderr) == (0, b"")
        assert (b"Caf?" if not more else b"Caf\\u00e9") in done.stdout


def test_a_reader_that_leaves_early_is_no_fault():
    done = subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m goodwill --help | head -1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_numbers_times_and_money_say_what_they_are():
    from zoneinfo import ZoneInfo

    assert out.number(1234567, "rows") == "1,234,567 rows"
    assert out.share(0.413) == "41 %"
    assert [out.share(value) for value in (0, 0.001, 0.005, 0.006, 1)] == [
        "–",
        "under 1 %",
        "under 1 %",
        "1 %",
        "100 %",
    ]
    assert out.said(0, ZoneInfo("UTC")) == "time not given"
    assert out.when(0, ZoneInfo("Europe/Berlin")) == "1970-01-01 01:00 CET"
    assert out.when(None, ZoneInfo("Europe/Berlin")) == "–"
    assert out.money(340, "EUR") == "3.40 EUR"
    assert out.money(340, "JPY") == "340 JPY"


class _Paper(io.StringIO):
    """A terminal of some width."""

    def isatty(self) -> bool:
        return True


def _printed(width: int, table: out.Rows) -> list[str]:
    paper = out.console(_Paper())
    paper.width = width
    with paper.capture() as printed:
        paper.print(table)
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in printed.get().splitlines()]


_SENTENCES = [
    ("recommendations", "Suggest products you may like", "purchases, browsing", 1_095),
    ("offers", "x", "y", 3),
]


def test_a_narrow_terminal_breaks_between_words_and_never_inside_one():
    lines = _printed(60, out.table(("purpose", "what for", "data", "days#"), _SENTENCES))
    assert max(map(len, lines)) <= 60
    words = {word for line in lines for word in line.split()}
    assert {"recommendations", "Suggest", "products", "purchases,", "browsing", "1095"} <= words


def test_a_terminal_too_narrow_for_columns_shows_each_row_by_itself():
    lines = _printed(40, out.table(("purpose", "what for", "data", "days#"), _SENTENCES))
    assert max(map(len, lines)) <= 40
    assert lines[0] == "purpose recommendations"
    assert any("data" in line and "purchases, browsing" in line for line in lines)
    assert "" in lines


def test_a_program_that_reads_gets_every_row_in_one_line(capsys):
    Shell().answer({}, out.table(("purpose", "what for", "data", "days#"), _SENTENCES))
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_data_cannot_move_the_cursor(capsys):
    Shell().answer({}, out.pairs([("name", "Croissant\x1b[2J\x07[bold]")]))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "[bold]" in said


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_tells_count_and_rate_on_a_terminal_only():
    for stream, shown in ((_Terminal(), True), (io.StringIO(), False), (_Terminal(), False)):
        with out.progress(stream, "Importing", unit="rows", shown=shown) as reached:
            reached(1_500, 3_000)
            reached(3_000, 3_000)
        assert ("3,000 of 3,000 rows" in stream.getvalue()) is (shown and stream.isatty())
        assert ("rows/s" in stream.getvalue()) is (shown and stream.isatty())


def test_no_color_means_no_colour_even_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, coloured in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", name)
        stream = _Terminal()
        out.console(stream).print("No such thing.", style="red")
        assert ("\x1b[31m" in stream.getvalue()) is coloured
