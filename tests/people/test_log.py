"""The log: nothing twice, nothing lost, numbers that rise in the order of commits."""

import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from goodwill import people
from goodwill.basics.errors import BadInput, Conflict, NotFound, Overflow
from goodwill.consent import Asked, grant
from goodwill.people import holds, log
from goodwill.people.log import EventColumns
from goodwill.people.tables import events
from goodwill.people.types import BOUGHT, DECIDED
from goodwill.purposes import shipped
from goodwill.storage import AsOf, Kept
from goodwill.storage.kept import keep

NOW = 1_795_338_000_000_000
DAY = 20_000
MOST = 2**63 - 1


@pytest.fixture
def cast(database, cipher):
    """Amina, Bruno and Chiara, by number."""
    with database.transaction() as connection:
        known = people.identify_many(connection, cipher, "user_id", ["amina", "bruno", "chiara"], now=NOW)
    return list(known.values())


def columns(person, keys, *, day=DAY, **more):
    keys = list(keys)
    many = len(keys)
    return EventColumns(
        person=[person] * many, type=[BOUGHT] * many, at=[NOW] * many, day=[day] * many, key=keys, **more
    )  # fmt: skip


def append(database, given):
    with database.transaction() as connection:
        return log.append(connection, given)


def stored(database):
    with database.reading() as connection:
        return connection.execute(select(events).order_by(events.c.id)).all()


def test_every_column_comes_back_as_it_was_given(database, cast):
    append(
        database,
        EventColumns(
            person=[cast[0], None, -1],
            type=[BOUGHT, DECIDED, DECIDED],
            at=[NOW, NOW + 1, -5],
            day=[DAY, DAY, -1],
            key=[7, 8, 9],
            product=[3, None, -1],
            quantity=[350, None, -1],
            amount=[-340, None, 0],
            currency=["EUR", None, "JPY"],
            reference=[MOST, None, -1],
            import_id=4,
            detail=['{"a": "🍞"}', None, ""],
        ),
    )
    assert [tuple(row)[1:] for row in stored(database)] == [
        (cast[0], BOUGHT, NOW, DAY, 3, 350, -340, "EUR", MOST, 7, 4, '{"a": "🍞"}'),
        (None, DECIDED, NOW + 1, DAY, None, None, None, None, None, 8, 4, None),
        (None, DECIDED, -5, -1, None, -1, 0, "JPY", None, 9, 4, ""),
    ]


def test_arrays_and_lists_are_the_same_to_it(database, cast):
    rows = [[cast[0], BOUGHT, NOW, DAY, key, -1 if key % 2 else key, 1000, -key, 2**62 + key] for key in range(50)]
    fields = ("person", "type", "at", "day", "key", "product", "quantity", "amount", "reference")
    lists = dict(zip(fields, map(list, zip(*rows, strict=True)), strict=True))
    append(database, EventColumns(**lists, currency="EUR"))
    first = [tuple(row)[1:] for row in stored(database)]
    with database.transaction() as connection:
        connection.execute(events.delete())
    arrays = {name: np.array(values) for name, values in lists.items()}
    append(database, EventColumns(**arrays, currency="EUR"))
    assert [tuple(row)[1:] for row in stored(database)] == first
    assert first[1][4] is None
    assert first[2][4] == 2


def test_a_replay_keeps_nothing_and_changes_nothing(database, cast):
    given = columns(cast[0], range(100))
    once = append(database, given)
    assert (once.kept, once.repeated, once.last_id - once.first_id) == (100, 0, 99)
    before = stored(database)
    again = append(database, given)
    assert (again.kept, again.repeated, again.first_id, again.last_id) == (0, 100, None, None)
    assert stored(database) == before


def test_a_repeat_is_told_by_day_and_key_alone(database, cast):
    append(database, columns(cast[0], [1, 2]))
    assert append(database, columns(cast[1], [2, 3])).kept == 1
    assert append(database, columns(cast[0], [1, 2], day=DAY + 1)).kept == 2


def test_a_repeat_within_one_batch_counts_once_and_the_first_stays(database, cast):
    done = append(database, columns(cast[0], [5, 5, 6, 5], amount=[1, 2, 3, 4]))
    assert (done.kept, done.repeated) == (2, 2)
    assert [(row.key, row.amount) for row in stored(database)] == [(5, 1), (6, 3)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=some.lists(some.lists(some.tuples(some.integers(0, 3), some.integers(0, 5))), max_size=5))
def test_however_events_are_split_and_repeated_each_counts_once(database, cast, batches):
    """Batches of (day, key): what is kept is what was new, numbers rise, and the order within a batch stays."""
    with database.transaction() as connection:
        connection.execute(events.delete())
    seen = {}
    for batch in batches:
        with database.reading() as connection:
            last = log.last_id(connection)
        days, keys = [day for day, _ in batch], [key for _, key in batch]
        many = len(batch)
        done = append(
            database, EventColumns(person=[cast[0]] * many, type=[BOUGHT] * many, at=[NOW] * many, day=days, key=keys)
        )
        new = list(dict.fromkeys(event for event in batch if event not in seen))
        seen |= dict.fromkeys(new)
        assert (done.kept, done.repeated) == (len(new), many - len(new))
        assert done.first_id is None or done.first_id > last
    assert [(row.day, row.key) for row in stored(database)] == list(seen)


def test_an_empty_batch_is_nothing(database):
    assert append(database, columns(1, [])).kept == 0


def test_two_batches_in_one_transaction_do_not_mix(database, cast):
    with database.transaction() as connection:
        assert log.append(connection, columns(cast[0], [1, 2])).kept == 2
        assert log.append(connection, columns(cast[1], [2, 3, 4])).kept == 2
    assert [(row.person, row.key) for row in stored(database)] == [
        (cast[0], 1), (cast[0], 2), (cast[1], 3), (cast[1], 4),
    ]  # fmt: skip


def test_a_batch_does_not_bring_back_what_was_removed_after_the_one_before(database, cast):
    with database.transaction() as connection:
        log.append(connection, columns(cast[0], [1, 2]))
        connection.execute(events.delete())
        assert log.append(connection, columns(cast[0], [3])).kept == 1
    assert [row.key for row in stored(database)] == [3]


def test_a_batch_that_is_undone_leaves_nothing(database, cast):
    with pytest.raises(RuntimeError), database.transaction() as connection:
        log.append(connection, columns(cast[0], range(10)))
        raise RuntimeError
    assert stored(database) == []
    assert append(database, columns(cast[0], range(10))).kept == 10


# ---- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [("key", MOST), ("key", 0), ("reference", MOST), ("amount", MOST), ("amount", -(2**63)), ("quantity", MOST),
     ("product", MOST)],
)  # fmt: skip
def test_numbers_up_to_63_bits_are_kept(database, cast, field, value):
    given = {"key": [1], field: [value]}
    append(database, columns(cast[0], given.pop("key"), **given))
    assert getattr(stored(database)[0], field) == value


@pytest.mark.parametrize("field", ["key", "reference", "amount", "quantity", "product"])
@pytest.mark.parametrize("value", [[MOST + 1], [-(2**63) - 1], [2**80], np.array([2**63], np.uint64)])
def test_a_number_beyond_63_bits_is_an_overflow_and_nothing_is_written(database, cast, field, value):
    if field == "key":
        given = EventColumns(person=[cast[0]], type=[BOUGHT], at=[NOW], day=[DAY], key=value)
    else:
        given = columns(cast[0], [1], **{field: value})
    with pytest.raises(Overflow, match=field):
        append(database, given)
    assert stored(database) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": [99]},
        {"type": [0]},
        {"type": [None]},
        {"key": [-1]},
        {"key": [None]},
        {"key": [1.0]},
        {"key": [True]},
        {"at": [10**18]},
        {"at": [None]},
        {"day": [10**8]},
        {"product": [-2]},
        {"reference": [-2]},
        {"amount": [1.5]},
        {"amount": ["3"]},
        {"amount": np.array([1.5])},
        {"amount": [1, 2]},
        {"currency": ["eur"]},
        {"currency": ["EURO"]},
        {"currency": "E\x00R"},
        {"currency": ["EUR", "EUR"]},
        {"detail": ["a\x00b"]},
        {"detail": ["\ud800"]},
        {"detail": ["{}", "{}"]},
        {"person": [0.5]},
    ],
)
def test_what_cannot_be_kept_is_refused_whole(database, cast, wrong):
    right = {"person": [cast[0]], "type": [BOUGHT], "at": [NOW], "day": [DAY], "key": [1]}
    with pytest.raises(BadInput):
        append(database, EventColumns(**right | wrong))
    assert stored(database) == []


def test_an_event_of_a_stranger_is_refused_whole(database, cast):
    with pytest.raises(NotFound, match="no person 999"):
        append(
            database, EventColumns(person=[cast[0], 999], type=[BOUGHT] * 2, at=[NOW] * 2, day=[DAY] * 2, key=[1, 2])
        )
    assert stored(database) == []


# ---- one event -----------------------------------------------------------------------------------------------------


def one(database, **more):
    given = {"type_": DECIDED, "at": NOW, "day": DAY, "key": 1, "person": None, **more}
    with database.transaction() as connection:
        return log.append_one(connection, **given)


def test_one_event_is_written_like_many(database, cast):
    first = one(database, person=cast[0], reference=MOST, key=MOST, detail='{"n": 1}', amount=-1, currency="EUR")
    row = stored(database)[0]
    assert (row.id, row.person, row.reference, row.key, row.detail, row.amount) == (
        first, cast[0], MOST, MOST, '{"n": 1}', -1,
    )  # fmt: skip
    assert one(database, person=cast[0], key=MOST) is None
    assert one(database, key=2) > first


def test_one_event_of_a_stranger_or_of_nonsense_is_refused(database):
    with pytest.raises(NotFound, match="no person 999"):
        one(database, person=999)
    with pytest.raises(BadInput):
        one(database, detail="\x00")
    with pytest.raises(Overflow):
        one(database, key=MOST + 1)
    assert stored(database) == []


def test_whose_decision_it_is(database, cast):
    one(database, person=cast[0], reference=5, detail="hers")
    one(database, reference=6, key=2, detail="nobody's")
    append(database, columns(cast[1], [3], reference=[7]))
    with database.reading() as connection:
        assert log.whose_decision(connection, 5) == (cast[0], None)
        assert log.whose_decision(connection, 6) == (None, "nobody's")
        assert log.whose_decision(connection, 7) is None  # a purchase, not a decision


# ---- order ---------------------------------------------------------------------------------------------------------


def test_numbers_follow_the_order_of_commits(database, cast):
    """Who begins to write second commits second, and gets the higher numbers."""
    writing, done = threading.Event(), {}

    def second():
        writing.wait(10)
        done["second"] = append(database, columns(cast[1], range(100, 110)))
        done["at"] = time.monotonic()

    thread = threading.Thread(target=second)
    thread.start()
    with database.transaction() as connection:
        first = log.append(connection, columns(cast[0], range(10)))
        writing.set()
        time.sleep(0.5)
        committing = time.monotonic()
    thread.join()
    assert done["at"] > committing
    assert done["second"].first_id > first.last_id


def test_many_writers_at_once_lose_nothing_and_share_no_number(database, cast):
    done = []

    def write(writer):
        done.extend(
            append(database, columns(cast[writer % 3], range(writer * 100 + n, writer * 100 + n + 20)))
            for n in (0, 10, 40)
        )

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(batch.kept for batch in done) == 4 * 50
    assert len(stored(database)) == 4 * 50
    spans = sorted((batch.first_id, batch.last_id) for batch in done)
    assert all(here[1] < there[0] for here, there in pairwise(spans))


# ---- undo ----------------------------------------------------------------------------------------------------------


def undo(database, import_id):
    with database.transaction() as connection:
        return log.remove_import(connection, import_id)


def says_yes(database, person):
    """Only those who ever said a word can be in a total."""
    with database.transaction() as connection:
        grant(connection, person, shipped()["model-improvement"], asked=Asked(how="test"), now=NOW)


def test_the_events_of_somebody_who_never_said_a_word_go_without_a_hold(database, cast):
    append(database, columns(cast[0], range(5), import_id=3))
    with database.transaction() as connection:
        keep(connection, Kept("affinity", "model-improvement", AsOf(0, 0, 0, NOW), 2, "r", "h", "f"))
    assert undo(database, 3) == 5


def test_an_import_goes_only_after_hold_and_settling(database, cast):
    says_yes(database, cast[0])
    append(database, columns(cast[0], range(5), import_id=3))
    append(database, columns(cast[1], range(5, 8), import_id=4))
    with pytest.raises(Conflict, match="not held"):
        undo(database, 3)
    with database.transaction() as connection:
        keep(connection, Kept("affinity", "model-improvement", AsOf(0, 8, 0, NOW), 2, "r", "h", "f"))
        needed = holds.hold(connection, [cast[0]], "undo of import 3", now=NOW)
    with pytest.raises(Conflict, match="affinity"):
        undo(database, 3)
    assert len(stored(database)) == 8
    with database.transaction() as connection:
        keep(connection, Kept("affinity", "model-improvement", AsOf(0, 8, needed, NOW), 1, "r", "h", "f"))
    assert undo(database, 3) == 5
    assert {row.import_id for row in stored(database)} == {4}
    assert undo(database, 3) == 0


def test_a_number_is_not_given_out_twice_after_an_undo(database, cast):
    done = append(database, columns(cast[0], range(5), import_id=3))
    with database.transaction() as connection:
        holds.hold(connection, [cast[0]], "undo of import 3", now=NOW)
    undo(database, 3)
    again = append(database, columns(cast[0], range(5), import_id=4))
    assert (again.kept, again.repeated) == (5, 0)
    assert again.first_id > done.last_id


def test_a_large_batch_is_written_whole(database, cast):
    keys = np.arange(30_000)
    given = EventColumns(
        person=np.resize(np.array(cast), keys.size), type=np.full(keys.size, BOUGHT), at=NOW + keys,
        day=np.full(keys.size, DAY), key=keys[::-1].copy(), amount=keys, currency="EUR",
    )  # fmt: skip
    assert append(database, given).kept == keys.size
    assert [row.amount for row in stored(database)] == keys.tolist()
