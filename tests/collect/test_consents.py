"""Answers about consent come in: only a yes is a yes, and a later no beats it, whatever the file leaves open."""

import pytest

from goodwill import consent
from goodwill.basics.clock import day_of, iso
from goodwill.basics.ids import PersonId
from goodwill.collect import separated
from goodwill.purposes import shipped

HEAD = "user_id,purpose,data_category,state,said_at,notice,source\n"


def allows(desk, who, purpose="offers"):
    entry = shipped()[purpose]
    tools = desk.tools
    with desk.database.reading() as connection:
        at = tools.clock()
        lines = consent.standing(connection, PersonId(desk.person(who)), entry, at=at, day=day_of(at, tools.zone))
    return [line.category for line in lines if line.allowed]


def rows_of(desk, who, purpose="offers"):
    with desk.database.reading() as connection:
        return [row for row in consent.history(connection, desk.person(who)) if row.purpose == purpose]


def test_amina_allows_bruno_was_not_asked_chiara_withdrew(desk, write):
    path = write(
        "consents.csv",
        HEAD
        + "amina,offers,,given,2026-03-02T08:00:00Z,n1,website\n"
        + "bruno,offers,,,2026-03-02T08:00:00Z,n1,website\n"
        + "chiara,offers,,given,2026-03-02T08:00:00Z,n1,website\n"
        + "chiara,offers,,withdrawn,2026-04-02T08:00:00Z,,website\n",
    )
    report = desk.take(path)
    assert (report.kept, report.skipped, report.rejected) == (3, 1, 0)
    assert allows(desk, "amina") == ["purchases", "preferences", "engagement"]
    assert allows(desk, "chiara") == []
    assert desk.person("bruno") is None
    assert "1 row without an answer was passed over" in " ".join(report.notes)


def test_the_same_file_again_says_nothing_new(desk, write, clock):
    path = write("c.csv", HEAD + "amina,offers,,yes,2026-03-02,n1,web\nbruno,offers,,no,,,\nchiara,offers,,yes,,,\n")
    desk.take(path)
    before = desk.ask("SELECT * FROM consent_rows ORDER BY position")
    clock.turn(days=30)
    again = desk.take(path)
    assert (again.kept, again.unchanged) == (0, 3)
    assert desk.ask("SELECT * FROM consent_rows ORDER BY position") == before


@pytest.mark.parametrize("blank", ["", " ", "null", "pending", "unconfirmed", "not specified"])
def test_a_blank_is_never_a_yes_and_takes_none_back(desk, write, blank):
    desk.take(write("a.csv", HEAD + "amina,offers,,yes,2026-03-02,,\n"))
    report = desk.take(write("b.csv", HEAD + f"amina,offers,,{blank},2026-05-02,,\nbruno,offers,,{blank},,,\n"))
    assert (report.kept, report.skipped) == (0, 2)
    assert allows(desk, "amina")
    assert desk.person("bruno") is None


@pytest.mark.parametrize("word", ["x", "ok", "2", "tak", "active", "maybe"])
def test_a_word_that_is_neither_is_given_back(desk, write, word):
    report = desk.take(write("a.csv", HEAD + f"amina,offers,,yes,2026-03-02,,\nbruno,offers,,{word},2026-03-02,,\n"))
    assert [(one.line, one.column, one.value) for one in report.rejects] == [(3, "state", word)]
    assert desk.person("bruno") is None


def test_a_purchase_is_no_consent(desk, lines):
    desk.take(lines)
    assert desk.count("consent_rows") == 0


def test_an_older_yes_does_not_beat_a_later_no(desk, write):
    desk.take(write("no.csv", HEAD + "amina,offers,,unsubscribed,2026-05-02T10:00:00Z,,\n"))
    desk.take(write("old.csv", HEAD + "amina,offers,,yes,2026-03-02T10:00:00Z,,\n"))
    assert allows(desk, "amina") == []
    desk.take(write("new.csv", HEAD + "amina,offers,,yes,2026-06-02T10:00:00Z,,\n"))
    assert allows(desk, "amina")


def test_a_yes_without_a_time_loses_to_any_other_word(desk, write, clock):
    desk.take(write("a.csv", HEAD + "amina,offers,,no,1995-01-01,,\n"))
    desk.take(write("b.csv", HEAD + "amina,offers,,yes,,,\nchiara,offers,,yes,,,\n"))
    assert allows(desk, "amina") == []
    assert allows(desk, "chiara")  # nobody said anything else, so it counts, as the weakest evidence there is
    (row, *_) = rows_of(desk, "chiara")
    assert (row.said_at, row.evidence) == (0, "none")
    clock.turn(days=364)
    assert allows(desk, "chiara")
    clock.turn(days=2)  # half of two years, as nobody knows how old it was
    assert allows(desk, "chiara") == []


def test_a_no_without_a_time_beats_every_yes_before_the_import(desk, write, clock):
    desk.take(write("a.csv", HEAD + "amina,offers,,yes,2026-11-21T23:00:00Z,,\n"))
    path = write("b.csv", HEAD + "amina,offers,,no,,,\n")
    desk.take(path)
    assert allows(desk, "amina") == []
    clock.turn(days=3)
    desk.take(write("c.csv", HEAD + "amina,offers,,yes,2026-11-24,,\n"))
    assert allows(desk, "amina")
    desk.take(path)  # the same old file once more: no new word
    assert allows(desk, "amina")


def test_on_one_day_a_no_without_a_time_of_day_beats_a_yes(desk, write):
    desk.take(write("a.csv", HEAD + "amina,offers,,yes,2026-03-02 15:00,,\namina,offers,,no,2026-03-02,,\n"))
    assert allows(desk, "amina") == []
    assert iso(rows_of(desk, "amina")[-1].said_at) == "2026-03-02T22:59:59Z"


def test_a_yes_ends_as_the_register_says_counted_from_when_it_was_said(desk, write, clock):
    desk.take(write("a.csv", HEAD + "amina,offers,,yes,2024-11-30,,\nbruno,offers,,yes,2024-11-01,,\n"))
    assert allows(desk, "amina")
    assert allows(desk, "bruno") == []
    clock.turn(days=9)
    assert allows(desk, "amina") == []


@pytest.mark.parametrize(
    ("row", "grade"),
    [
        ("amina,offers,,yes,2026-03-02,n1,newsletter form", "proven"),
        ("amina,offers,,yes,2026-03-02,n1,", "claimed"),
        ("amina,offers,,yes,2026-03-02,,form", "claimed"),
        ("amina,offers,,yes,2026-03-02,,", "claimed"),
        ("amina,offers,,yes,,n1,form", "none"),
        ("amina,offers,,no,,,", "none"),
        ("amina,offers,,no,2026-03-02,,", "claimed"),
    ],
)
def test_evidence_is_graded_by_what_the_file_brings(desk, write, row, grade):
    desk.take(write("a.csv", HEAD + row + "\n"))
    assert {one.evidence for one in rows_of(desk, "amina")} == {grade}


def test_one_category_may_be_allowed_alone(desk, write):
    desk.take(
        write(
            "a.csv",
            HEAD + 'amina,offers,purchases,yes,2026-03-02,,\nbruno,offers,"purchases; engagement",yes,2026-03-02,,\n',
        )
    )
    assert allows(desk, "amina") == ["purchases"]
    assert allows(desk, "bruno") == ["purchases", "engagement"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("amina,horoscopes,,yes,2026-03-02,,", "is not a registered purpose"),
        ("amina,fulfilment,,yes,2026-03-02,,", "no choice to record"),
        ("amina,offers,location,yes,2026-03-02,,", "does not use the data category 'location'"),
        (",offers,,yes,2026-03-02,,", "names nobody"),
        ("guest,offers,,yes,2026-03-02,,", "names nobody"),
        ("amina,offers,,yes,2026-13-02,,", "is not a date"),
        ("amina,offers,,yes,2027-03-02,,", "is in the future"),
    ],
)
def test_what_cannot_be_recorded_is_given_back(desk, write, row, problem):
    report = desk.take(write("a.csv", HEAD + "chiara,offers,,yes,2026-03-02,,\n" + row + "\n"))
    assert [(one.line, problem in one.problem, bool(one.remedy)) for one in report.rejects] == [(3, True, True)]
    assert report.kept == 1


def test_a_newsletter_list_is_about_email_marketing(desk, write):
    report = desk.take(
        write("a.csv", "E-Mail;Newsletter;Opt-in date\namina@example.org;ja;02.03.2026\nbruno@example.org;nein;\n"),
        mapping={"words": "=Neues von uns?", "asked-how": "=website"},
    )
    assert report.kept == 2
    assert "email-marketing" in report.notes[0]
    amina = desk.person("amina@example.org", "email")
    assert {row[0] for row in desk.ask("SELECT purpose FROM consent_rows WHERE person = :p", p=amina)} == {
        "email-marketing"
    }


def test_the_purpose_may_be_said_for_all(desk, write):
    desk.take(
        write("a.csv", "user_id,consent,said at\namina,yes,2026-03-02\n"),
        mapping={"purpose": "=recommendations", "words": "=unknown"},
    )
    assert allows(desk, "amina", "recommendations")


def test_who_consents_by_address_is_who_buys_by_number(desk, write):
    desk.take(write("c.csv", "user_id,email\namina,amina@example.org\n"))
    desk.take(write("a.csv", "email,purpose,state,said_at\nAmina@example.org,offers,yes,2026-03-02\n"))
    assert allows(desk, "amina")


def said(desk, who):
    """State and day of each row about offers and purchases."""
    return [(row.state, iso(row.said_at)[:10]) for row in rows_of(desk, who) if row.category == "purchases"]


def test_a_later_yes_where_one_stands_renews_it_and_an_older_or_undated_one_says_nothing(desk, write):
    desk.take(write("a.csv", HEAD + "amina,offers,,yes,2026-03-02,,\n"))
    report = desk.take(write("b.csv", HEAD + "amina,offers,,yes,2026-02-01,,\namina,offers,,yes,,n1,web\n"))
    assert (report.kept, report.unchanged) == (0, 2)
    later = write("c.csv", HEAD + "amina,offers,,yes,2026-06-02,,\n")
    assert desk.take(later).kept == 1
    assert said(desk, "amina") == [("given", "2026-03-01"), ("renewed", "2026-06-01")]
    ends = [row.until - row.said_at for row in rows_of(desk, "amina")]
    assert len(set(ends)) == 1  # it lasts from then on anew
    assert desk.take(later).kept == 0
    desk.take(write("d.csv", HEAD + "amina,offers,,no,2026-07-01,,\n"))
    before = said(desk, "amina")
    assert desk.take(later).kept == 0  # the file that renewed it says nothing new after a no either
    assert said(desk, "amina") == before


def test_within_one_file_words_follow_each_other_by_their_times_whatever_the_order_of_its_rows(desk, write):
    rows = [
        "amina,offers,purchases,yes,2026-06-02,,", "amina,offers,purchases,no,2026-04-02,,",
        "amina,offers,purchases,yes,2026-03-02,,", "amina,offers,purchases,yes,2026-08-02,,",
        "amina,offers,purchases,yes,2026-08-02,,", "amina,offers,purchases,no,2026-04-02,,",
    ]  # fmt: skip
    report = desk.take(write("a.csv", HEAD + "\n".join(rows) + "\n"))
    assert (report.kept, report.unchanged) == (4, 2)
    assert sorted(said(desk, "amina"), key=lambda row: row[1]) == [
        ("given", "2026-03-01"), ("refused", "2026-04-02"), ("given", "2026-06-01"), ("renewed", "2026-08-01"),
    ]  # fmt: skip


def test_a_yes_after_the_earlier_one_had_ended_is_given_anew(desk, write):
    desk.take(write("a.csv", HEAD + "amina,offers,purchases,yes,2024-01-01,,\n"))
    desk.take(write("b.csv", HEAD + "amina,offers,purchases,yes,2026-06-01,,\n"))
    assert [state for state, _ in said(desk, "amina")] == ["given", "given"]


def test_a_text_that_names_its_customer_does_not_come_in_and_keeps_no_no_out(desk, write):
    head = "email,purpose,state,said_at,words,asked how\n"
    rows = "".join(
        f"{who}@example.org,offers,{word},2026-03-02T08:00:00Z,{text},till\n"
        for who, word, text in (
            ("amina", "given", "may we write to amina@example.org?"),
            ("dev", "given", "may we write to you?"),
            ("chiara", "withdrawn", "CHIARA@example.org wants no more"),
        )
    )
    report = desk.take(write("consents.csv", head + rows))
    assert (report.kept, report.rejected) == (2, 1)
    kept = str(desk.ask("SELECT person, state, asked FROM consent_rows"))
    assert "withdrawn" in kept
    assert "may we write to you?" in kept
    assert "@example.org" not in kept


# ---- a no is never lost ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", ["11/12/2026", "2027-01-05", "not a date", "1900-01-01", "05/04/2026"])
def test_a_no_counts_whatever_stands_for_its_time_and_is_said_now(desk, write, clock, time):
    desk.take(write("a.csv", HEAD + "chiara,offers,,yes,2026-11-20,,\n"))
    others = "".join(f"other-{number},offers,,yes,2026-10-25,,\n" for number in range(4))
    rows = f"amina,offers,,no,{time},,\namina,offers,,yes,2026-10-25,,\nchiara,offers,,no,{time},,\n"
    report = desk.take(write("b.csv", HEAD + others + rows))
    assert (report.kept, report.rejected) == (7, 0)
    assert allows(desk, "amina") == allows(desk, "chiara") == []
    (remark,) = report.remarks
    assert (remark.column, remark.value, remark.rows) == ("said_at", time, 2)
    assert "counts as said" in remark.problem
    newest = max(rows_of(desk, "chiara"), key=lambda row: row.position)
    assert (newest.state, newest.evidence) == ("refused", "none")
    assert clock() - 2 <= newest.said_at <= clock()


def test_a_yes_of_the_future_is_given_back_beside_a_no_of_the_future(desk, write):
    report = desk.take(write("a.csv", HEAD + "amina,offers,,no,2027-01-05,,\namina,offers,,yes,2027-01-06,,\n"))
    assert (report.kept, [one.line for one in report.rejects]) == (1, [3])
    assert allows(desk, "amina") == []


def test_a_no_in_a_column_of_dates_counts_too(desk, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    rows = "('amina', 'offers', 'no', TIMESTAMP '2027-01-05'), ('amina', 'offers', 'yes', TIMESTAMP '2026-10-25')"
    with duckdb.connect() as connection:
        table = f"(VALUES {rows}) t(user_id, purpose, state, said_at)"
        connection.execute(f"COPY (SELECT * FROM {table}) TO '{tmp_path / 'a.parquet'}' (FORMAT PARQUET)")
    assert desk.take(tmp_path / "a.parquet").kept == 2
    assert allows(desk, "amina") == []


def test_a_word_that_nobody_can_read_takes_every_yes_to_the_same_with_it(desk, write, monkeypatch):
    from goodwill.collect import separated

    monkeypatch.setattr(separated, "_PIECE", 64)
    rows = (
        "amina,offers,,yes,2026-03-02,,\n"
        "amina,recommendations,,yes,2026-03-02,,\n"
        "bruno,offers,,yes,2026-03-02,,\n"
        "amina,Offers,,nope,2026-05-02,,\n"
        "amina,offers,,no,2026-02-01,,\n"
        "amina,offers,purchases,yes,,,\n"
    )
    report = desk.take(write("a.csv", HEAD + rows))
    assert [one.line for one in sorted(report.rejects, key=lambda one: one.line)] == [2, 5, 7]
    assert {one.value for one in report.rejects if "beside another row" in one.problem} == {"yes"}
    assert allows(desk, "amina") == []
    assert allows(desk, "amina", "recommendations")
    assert allows(desk, "bruno")


@pytest.mark.parametrize(
    "row", ["amina,not-an-address,offers,,no,2026-05-02", "amina,,offers,location,no,2026-05-02", "amina,,offers,,??,"]
)
def test_a_no_that_is_given_back_for_another_reason_does_so_too(desk, write, row):
    head = "user_id,email,purpose,data_category,state,said_at\n"
    report = desk.take(write("a.csv", head + "amina,amina@example.org,offers,,yes,2026-03-02\n" + row + "\n"))
    assert (report.kept, report.rejected) == (0, 2)
    assert desk.person("amina") is None


def test_it_is_the_same_person_by_whichever_id_a_row_names_her(desk, write):
    desk.take(write("c.csv", "user_id,email\nbruno,bruno@example.org\n"))
    head = "user_id,email,purpose,state,said_at\n"
    rows = (
        "amina,,offers,yes,2026-03-02\n"
        "bruno,,offers,yes,2026-03-02\n"
        "chiara,,offers,yes,2026-03-02\n"
        ",amina@example.org,offers,nope,2026-05-02\n"
        ",bruno@example.org,offers,nope,2026-05-02\n"
        "amina,amina@example.org,recommendations,yes,2026-03-02\n"
    )
    report = desk.take(write("a.csv", head + rows))
    assert {one.line for one in report.rejects} == {2, 3, 5, 6}
    assert allows(desk, "amina") == allows(desk, "bruno") == []
    assert allows(desk, "chiara")
    assert allows(desk, "amina", "recommendations")


def test_an_interrupted_import_with_open_rows_goes_on(desk, write, monkeypatch):
    monkeypatch.setattr(separated, "_PIECE", 100)
    rows = [f"c{n},email-marketing,{'yes' if n % 2 else ''},2026-05-02\n" for n in range(30)]
    path = write("consents.csv", "".join(["user_id,purpose,state,said_at\n", *rows]))
    calls = []

    def stop(now):
        calls.append(now)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.take(path, progress=stop)
    report = desk.take(path)
    assert (report.resumed, report.rows, report.kept, report.parts[0].skipped) == (True, 30, 15, 15)
