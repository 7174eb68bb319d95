"""Questions that are put together once say what SQLAlchemy would have said."""

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, bindparam, insert, select

from goodwill.storage.questions import Question
from goodwill.storage.schema import Whole

notes = Table(
    "question_notes",
    MetaData(),
    Column("id", Whole, primary_key=True),
    Column("word", Text),
    Column("mark", LargeBinary),
)
ROWS = [
    {"id": 1, "word": 'it\'s "so"', "mark": b"\x00\xff"},
    {"id": 2**62, "word": "żółw ☃", "mark": b"ab"},
    {"id": 3, "word": None, "mark": None},
]


@pytest.fixture
def connection(database):
    with database.transaction() as connection:
        notes.create(connection)
        Question(lambda _: insert(notes).values({name: bindparam(name) for name in ("id", "word", "mark")})).do(
            connection, ROWS
        )
        yield connection
        notes.drop(connection)


def test_numbers_texts_and_bytes_are_listed(connection):
    by_number = Question(lambda lists: select(notes.c.id).where(notes.c.id.in_(lists.numbers("these"))))
    by_word = Question(lambda lists: select(notes.c.id).where(notes.c.word.in_(lists.texts("these"))))
    by_mark = Question(lambda lists: select(notes.c.id, notes.c.mark).where(notes.c.mark.in_(lists.hashes("these"))))
    assert sorted(by_number.ask(connection, these={2**62, 3, 7})) == [(3,), (2**62,)]
    assert by_word.ask(connection, these=['it\'s "so"', "żółw ☃", "%s", ":x"]) == [(1,), (2**62,)]
    assert [(row[0], bytes(row[1])) for row in by_mark.ask(connection, these=[b"\x00\xff"])] == [(1, b"\x00\xff")]
    for nothing in (by_number, by_word, by_mark):
        assert nothing.ask(connection, these=[]) == []


def test_what_stands_in_the_statement_stays_and_what_is_asked_may_change(connection):
    one = Question(lambda _: select(notes.c.word).where(notes.c.id == bindparam("which"), notes.c.word != "turtle"))
    assert [one.ask(connection, which=number) for number in (1, 3, 2**62)] == [
        [("it's \"so\"",)], [], [("żółw ☃",)],
    ]  # fmt: skip
