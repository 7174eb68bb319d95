"""She sees which files told of her and which totals count her, and both are true."""

import csv

import pytest
from tests.small_shop import ASKED, bakery

from goodwill import people
from goodwill.access import SignedIn
from goodwill.basics.clock import DAY
from goodwill.collect import imports
from goodwill.learn.library import MODELS, contribution
from goodwill.purposes import MODEL_IMPROVEMENT
from goodwill.shop.traces import ANSWERS, traces_of
from goodwill.storage import kept


@pytest.fixture
def made(database, clock, tmp_path):
    made = bakery(database, tmp_path, clock)
    with made.shop:
        yield made


def traces(made, name):
    return traces_of(made.shop, made.shop.own(SignedIn(made.person[name], "test")))


# ---- files -----------------------------------------------------------------------------------------------------------

CUSTOMERS = [("customer_id", "email", "city"), ("amina", "amina@example.org", "Roma"), ("bruno", "b@example.org", "")]
ORDERS = [
    ("order_id", "customer_id", "ordered_at", "product_id", "quantity", "amount", "currency"),
    ("1", "amina", "2026-11-01T10:00:00Z", "bread", "1", "2.50", "EUR"),
    ("1", "amina", "2026-11-01T10:00:00Z", "cheese", "1", "4.00", "EUR"),
    ("2", "bruno", "2026-11-02T10:00:00Z", "bread", "1", "2.50", "EUR"),
]
CONSENTS = [
    ("customer_id", "purpose", "data category", "answer", "said at", "words", "how"),
    ("amina", "offers", "purchases", "yes", "2026-11-01T10:00:00Z", "May we?", "till"),
]


def brings(made, tmp_path, name, rows):
    """Import a file, and give its number."""
    file = tmp_path / name
    with file.open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    report = imports.run(
        made.shop.database, made.shop.tools, imports.plan([file]), rejects_to=tmp_path / f"rejects-{name}"
    )
    assert report.rejected == 0
    return report


def test_each_file_that_told_of_her_is_named_with_what_it_brought(made, tmp_path):
    for name, rows in (("people.csv", CUSTOMERS), ("sales.csv", ORDERS), ("answers.csv", CONSENTS)):
        brings(made, tmp_path, name, rows)
    files = {one.file: one for one in traces(made, "amina").files}
    assert files.keys() == {"people.csv", "sales.csv", "answers.csv"}
    assert files["people.csv"].brought == {"identities": 1, "profiles": 1}
    assert dict(files["sales.csv"].happened) == {"purchases": 2}
    assert files["answers.csv"].brought == {ANSWERS: 1}
    assert files["sales.csv"].at == made.shop.clock()
    assert {one.file for one in traces(made, "bruno").files} == {"people.csv", "sales.csv"}
    assert traces(made, "chiara").files == ()


def test_a_file_that_changed_her_says_how_much_it_changed(made, tmp_path):
    brings(made, tmp_path, "people.csv", CUSTOMERS)
    brings(made, tmp_path, "moved.csv", [CUSTOMERS[0], ("amina", "amina@example.org", "Milano")])
    first, second = traces(made, "amina").files
    assert first.brought == {"identities": 1}
    assert second.brought == {"profiles": 1, "before_import": 1}


def test_a_file_that_was_taken_back_says_so(made, tmp_path):
    brings(made, tmp_path, "answers.csv", CONSENTS)
    brings(made, tmp_path, "sales.csv", ORDERS)
    for number in (1, 2):
        made.shop.intake.undo(number)
    (left,) = traces(made, "amina").files
    assert (left.file, left.taken_back, left.brought) == ("answers.csv", True, {ANSWERS: 1})


# ---- totals ----------------------------------------------------------------------------------------------------------


def test_everybody_whom_the_total_counts_is_told_so_and_nobody_else(made):
    made.shop.learn()
    with made.shop.database.reading() as connection:
        (total,) = kept.kept(connection, MODELS.name)
    counted = [name for name in made.person if traces(made, name).totals]
    assert len(counted) == total.people
    assert "amina" in counted
    assert {"bruno", "chiara"}.isdisjoint(counted)


def test_what_is_said_of_a_total_follows_from_her_yes_and_her_first_purchase(made):
    made.shop.learn()
    (amina,), (dev,) = (traces(made, name).totals for name in ("amina", "dev"))
    yes_noted = made.shop.clock() - DAY  # all that she bought came before
    assert (amina.name, amina.purpose, amina.with_something) == ("models", MODEL_IMPROVEMENT, True)
    assert amina.since == yes_noted
    assert amina.as_of == made.shop.clock()
    assert not dev.with_something, "he bought nothing yet"


def test_how_many_people_are_in_it_is_said_in_tens(made):
    """Looked at twice, the number itself would tell that somebody left."""
    made.shop.learn()
    with made.shop.database.reading() as connection:
        (total,) = kept.kept(connection, MODELS.name)
    (told,) = traces(made, "amina").totals
    assert told.people % 10 == 0
    assert 0 <= total.people - told.people < 10


def test_whoever_takes_her_yes_back_is_in_no_total_once_it_settled(made):
    made.shop.learn()
    made.shop.grant("amina", MODEL_IMPROVEMENT, asked=ASKED, yes=False)
    assert traces(made, "amina").totals, "the total as it was last brought up to date still has her"
    made.shop.learn()
    assert traces(made, "amina").totals == ()


def test_a_yes_that_was_given_anew_counts_from_the_new_one(made, clock):
    made.shop.grant("amina", MODEL_IMPROVEMENT, asked=ASKED, yes=False)
    clock.turn(days=2)
    made.shop.grant("amina", MODEL_IMPROVEMENT, asked=ASKED)
    again = clock()
    clock.turn(days=1)
    made.shop.learn()
    (told,) = traces(made, "amina").totals
    assert told.since == again


def test_whoever_is_held_is_in_no_total(made):
    with made.shop.database.transaction() as connection:
        people.holds.hold(connection, [made.person["amina"]], "restriction", now=made.shop.clock())
    made.shop.learn()
    assert traces(made, "amina").totals == ()


def test_what_a_total_uses_is_what_its_contribution_says(made):
    assert contribution(made.shop._look_at_shelf()).categories == MODELS.uses


def test_the_overview_tells_of_both(made, tmp_path):
    brings(made, tmp_path, "people.csv", CUSTOMERS)
    made.shop.learn()
    overview = made.shop.centre.overview(made.person["amina"])
    assert [one.file for one in overview.traces.files] == ["people.csv"]
    assert overview.traces.totals
