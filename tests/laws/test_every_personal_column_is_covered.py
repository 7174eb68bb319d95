"""Every column about people is covered: her own copy shows it, erasure removes it or keeps a bare number, a merge leads
to it. The law reads the schema first, and shows on made-up tables that it would notice one that is left out; then it
plants a row about somebody in every table and looks for it.
"""

from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    insert,
    inspect,
)
from tests.conftest import FakeClock

from goodwill import people
from goodwill.basics.clock import Micros
from goodwill.basics.ids import PersonId
from goodwill.people import merge, registry, unmerge
from goodwill.purposes import shipped
from goodwill.storage import Database
from goodwill.storage.schema import Erase, Merge, Personal, load_rooms, metadata


def made_up(*columns: Column[Any], says: object = None) -> MetaData:
    made = MetaData()
    Table("people", made, Column("id", Integer, primary_key=True))
    Table("offender", made, *columns, info={} if says is None else {"personal": says})
    return made


def says(**more: Any) -> Personal:
    return Personal(
        **{"person": "person", "under": "u", "erase": Erase.DELETED, "merge": Merge.MOVED, "kept": "k"} | more
    )


OFFENDERS = {
    "a number of a person": made_up(Column("person", BigInteger)),
    "somebody by another word": made_up(Column("shown_to_person", BigInteger)),
    "a foreign key": made_up(Column("who", ForeignKey("people.id"))),
    "sealed text": made_up(Column("note_sealed", LargeBinary)),
    "an address": made_up(Column("email", Text)),
    "a second person": made_up(Column("person", BigInteger), Column("by_person", BigInteger), says=says()),
    "sealed text that is not opened": made_up(Column("person", BigInteger), Column("sealed", LargeBinary), says=says()),
    "sealed text without its epoch": made_up(
        Column("person", BigInteger), Column("sealed", LargeBinary), says=says(sealed=("sealed",))
    ),
    "bytes": made_up(Column("person", BigInteger), Column("face", LargeBinary), says=says()),
    "a column that is not there": made_up(Column("person", BigInteger), says=says(inner=("lookup",))),
    "no heading": made_up(Column("person", BigInteger), says=says(under=" ")),
    "something else in its place": made_up(Column("person", BigInteger), says="personal"),
}


@pytest.mark.parametrize("tables", OFFENDERS.values(), ids=OFFENDERS)
def test_a_table_that_is_left_out_would_be_noticed(tables):
    assert registry.uncovered(tables)


def test_every_table_that_tells_of_people_says_so():
    load_rooms()
    assert registry.uncovered(metadata) == []


def test_the_registry_knows_every_table_of_the_database(database):
    registry.told()
    there = set(inspect(database.engine).get_table_names())
    assert there - {"alembic_version"} == set(metadata.tables)


# ---- on real rows ----------------------------------------------------------------------------------------------------

_AT = 1_795_000_000_000_000


class Planted:
    """A row about somebody in every table, each value one of its own."""

    def __init__(self, database: Database, cipher: Any, person: PersonId) -> None:
        self.next = 7_100_000 + person * 1_000
        self.rows: dict[str, dict[str, Any]] = {}
        self.clear: dict[tuple[str, str], Any] = {}
        with database.transaction() as connection:
            for one in registry.told():
                if one.name == "people":
                    continue
                row = {column.name: self.value(one, column, person) for column in one.table.c}
                self.clear |= {(one.name, name): row[name] for name in row}
                for name in one.says.sealed:
                    named = one.says.sealed_as or name
                    sealed = cipher.seal(person, str(row.get(named, named)), row[name])
                    row |= {name: sealed.data, "epoch": sealed.epoch}
                connection.execute(insert(one.table).values(row))
                self.rows[one.name] = row

    def value(self, one: registry.Told, column: Column[Any], person: PersonId) -> Any:
        self.next += 1
        if column.name == one.says.person:
            return person
        if column.name in one.says.sealed:
            return f"canary {self.next}"
        fixed = FIXED.get((one.name, column.name), FIXED.get(("", column.name)))
        if fixed is not None:
            return fixed(self.next) if callable(fixed) else fixed
        if isinstance(column.type, LargeBinary):
            return f"bytes {self.next}".encode()
        if isinstance(column.type, Text):
            return f"word {self.next}"
        return self.next % 30_000 if isinstance(column.type, SmallInteger) else self.next


# What a column must hold to be a row at all: words of a list, moments, flags.
FIXED: dict[tuple[str, str], Any] = {
    ("", "at"): lambda n: _AT + n,
    ("", "day"): lambda n: 20_000 + n % 5_000,
    ("consent_rows", "state"): "given",
    ("consent_rows", "yes"): 1,
    ("consent_rows", "said_at"): lambda n: _AT + n,
    ("consent_rows", "recorded_at"): lambda n: _AT + 10**9 + n,
    ("consent_rows", "evidence"): "claimed",
    ("consent_rows", "refers"): lambda n: None,
    ("consent_rows", "asked"): lambda n: f'{{"how":"word {n}"}}',
    ("consent_now", "yes"): 1,
    ("events", "type"): 5,
    ("events", "currency"): "EUR",
    ("events", "detail"): lambda n: f'{{"detail":"word {n}"}}',
    ("holds", "held"): 0,
    ("audit_rows", "detail"): lambda n: f'{{"n":{n}}}',
    ("profiles", "category"): "demographics",
    ("identities", "kind"): lambda n: f"kind{n}",
    ("before_import", "what"): "profile",
    ("before_import", "key"): lambda n: f'{{"field":"field {n}"}}',
    ("before_import", "before"): lambda n: None,
}


@pytest.fixture
def known(database, cipher, clock: FakeClock):
    with database.transaction() as connection:
        return [
            people.identify(connection, cipher, {"user_id": name}, now=clock()) for name in ("amina", "bruno", "chiara")
        ]


def test_what_a_person_can_read_is_opened_for_her_and_nobody_else(database, cipher, known):
    amina, bruno, _ = known
    hers, his = Planted(database, cipher, amina), Planted(database, cipher, bruno)
    with database.reading() as connection:
        for one in registry.told():
            if one.name == "people":
                continue
            found = [one.opened(cipher, row) for row in registry.rows(connection, one, [amina])]
            planted = {column.name: hers.clear[one.name, column.name] for column in one.shown}
            assert planted in found, one.name
            others = {column.name: his.clear[one.name, column.name] for column in one.shown}
            assert others not in found, one.name


def test_counts_name_every_table_that_holds_something(database, cipher, known):
    amina, _, chiara = known
    Planted(database, cipher, amina)
    with database.reading() as connection:
        assert {held.table for held in registry.holdings(connection, [amina])} == {one.name for one in registry.told()}
        assert {held.table for held in registry.holdings(connection, [chiara])} == {"people", "identities"}


def test_erasing_removes_every_row_but_those_that_are_kept_as_numbers(database, cipher, known):
    amina, bruno, _ = known
    Planted(database, cipher, amina)
    Planted(database, cipher, bruno)
    with database.transaction() as connection:
        gone = registry.remove(connection, [amina])
        left = {held.table for held in registry.holdings(connection, [amina])}
    assert all(gone[one.name] >= 1 for one in registry.to_erase())
    assert left == {one.name for one in registry.told() if one.says.erase is not Erase.DELETED}
    with database.reading() as connection:
        assert {held.table for held in registry.holdings(connection, [bruno])} == {one.name for one in registry.told()}


def test_what_outlives_a_person_names_a_number_and_holds_nothing_sealed():
    for one in registry.told():
        if one.says.erase is Erase.KEPT:
            assert not one.says.sealed, one.name


def test_a_merge_moves_or_leads_to_every_row_and_taking_it_back_returns_it(database, cipher, known):
    amina, bruno, _ = known
    Planted(database, cipher, amina)
    his = Planted(database, cipher, bruno)
    now = Micros(_AT + 10**12)
    with database.transaction() as connection:
        merge.mark(connection, amina, bruno, now=now)
        merged = merge.move(connection, cipher, shipped(), amina, bruno, now=now)
        hers = merge.numbers(connection, amina)
        assert hers == [amina, bruno]
        for one in registry.told():
            assert shown(his, one) in opened(connection, cipher, one, hers), one.name
            if one.says.merge is Merge.MOVED:
                assert shown(his, one) in opened(connection, cipher, one, [amina]), one.name
                assert opened(connection, cipher, one, [bruno]) == [], one.name
    with database.transaction() as connection:
        unmerge.mark(connection, merged.id, now=now)
        unmerge.move_back(connection, cipher, shipped(), merged.id, now=now)
        for one in registry.told():
            if one.says.merge is Merge.MOVED:
                assert shown(his, one) in opened(connection, cipher, one, [bruno]), one.name
                assert shown(his, one) not in opened(connection, cipher, one, [amina]), one.name


def shown(planted, one):
    if one.name == "people":
        return {}
    return {column.name: planted.clear[one.name, column.name] for column in one.shown}


def opened(connection, cipher, one, persons):
    if one.name == "people":
        return [{}]
    return [one.opened(cipher, row) for row in registry.rows(connection, one, persons)]
