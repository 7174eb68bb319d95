"""The ZIP of a Mailchimp audience: the file somebody is in says whether she subscribed, and a no stays a no."""

import io
import zipfile

import pytest
from tests.collect.formats.exports import (
    MAILCHIMP,
    MAILCHIMP_CLEANED,
    MAILCHIMP_UNSUBSCRIBED,
    SHOPIFY_CUSTOMERS,
    table,
)

from goodwill.basics.clock import moment

SUBSCRIBED = "subscribed_email_audience_export_a1b2c3.csv"


def member(email, **cells):
    return {
        "Email Address": email, "First Name": "Amina", "OPTIN_TIME": "2025-03-01 10:00:00", "OPTIN_IP": "192.0.2.7",
        "CONFIRM_TIME": "2025-03-01 10:05:00", "CONFIRM_IP": "192.0.2.7", "LATITUDE": "51.05", "LONGITUDE": "13.73",
        "CC": "DE", "LAST_CHANGED": "2025-03-01 10:05:00", "LEID": "1", "EUID": "e1", "TAGS": '"vip","press, local"',
        **cells,
    }  # fmt: skip


def audience(**files):
    """A ZIP with a file for each state."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}_email_audience_export_a1b2c3.csv", content)
    return packed.getvalue()


@pytest.fixture
def whole(write):
    return write(
        "audience_export.zip",
        audience(
            subscribed=table(MAILCHIMP, [member("amina@example.org"), member("dev@example.org", CONFIRM_TIME="")]),
            unsubscribed=table(
                MAILCHIMP_UNSUBSCRIBED,
                [
                    member("chiara@example.org", UNSUB_TIME="2026-02-01 09:00:00", UNSUB_REASON="NO_LONGER_INTERESTED"),
                    member("emil@example.org", UNSUB_TIME=""),
                ],
            ),
            cleaned=table(MAILCHIMP_CLEANED, [member("gone@example.org", CLEAN_TIME="2026-01-01 00:00:00")]),
            nonsubscribed=table(MAILCHIMP, [member("bruno@example.org")]),
        ),
    )


def answers(desk, email):
    return desk.ask(
        "SELECT DISTINCT state, said_at, evidence, purpose FROM consent_rows WHERE person = :p ORDER BY said_at",
        p=desk.person(email, "email"),
    )


def allowed(desk, email):
    return desk.ask(
        "SELECT DISTINCT yes FROM consent_now WHERE person = :p AND purpose = 'email-marketing'",
        p=desk.person(email, "email"),
    ) == [(1,)]


def at(text):
    return int(moment(0).fromisoformat(text).timestamp() * 1_000_000)


def test_the_file_somebody_is_in_is_the_answer(desk, whole):
    report = desk.take(whole)
    assert not report.rejects
    confirmed, form = at("2025-03-01T10:05:00+00:00"), at("2025-03-01T10:00:00+00:00")
    assert answers(desk, "amina@example.org") == [("given", confirmed, "claimed", "email-marketing")]
    assert answers(desk, "dev@example.org") == [("given", form, "claimed", "email-marketing")]
    left = at("2026-02-01T09:00:00+00:00")
    assert answers(desk, "chiara@example.org") == [("withdrawn", left, "claimed", "email-marketing")]
    assert answers(desk, "emil@example.org")[0][0] == "withdrawn"
    assert answers(desk, "gone@example.org")[0][:2] == ("refused", at("2026-01-01T00:00:00+00:00"))
    assert answers(desk, "bruno@example.org")[0][0] == "refused"
    assert not any(allowed(desk, f"{who}@example.org") for who in ("chiara", "emil", "bruno", "gone"))
    assert desk.count("people") == 6


def test_when_an_address_was_confirmed_stays_with_the_answer(desk, whole):
    desk.take(whole)
    asked = desk.ask(
        "SELECT DISTINCT asked FROM consent_rows WHERE person = :p", p=desk.person("amina@example.org", "email")
    )
    assert "2025-03-01T10:05:00Z" in asked[0][0]
    unconfirmed = desk.ask(
        "SELECT DISTINCT asked FROM consent_rows WHERE person = :p", p=desk.person("dev@example.org", "email")
    )
    assert "confirmed" not in unconfirmed[0][0]


def test_the_same_zip_again_says_nothing_new(desk, whole, clock):
    desk.take(whole)
    rows = desk.count("consent_rows")
    clock.turn(days=3)
    assert desk.take(whole).state == "nothing-new"
    assert desk.count("consent_rows") == rows


@pytest.mark.parametrize("first", ["yes", "no"])
def test_a_later_no_beats_an_older_yes_whichever_file_comes_first(desk, write, first):
    yes = write(SUBSCRIBED, table(MAILCHIMP, [member("chiara@example.org")]))
    no = write(f"un{SUBSCRIBED}", table(MAILCHIMP_UNSUBSCRIBED, [member("chiara@example.org", UNSUB_TIME="2026-02-01 09:00:00")]))  # fmt: skip  # noqa: E501
    for path in (yes, no) if first == "yes" else (no, yes):
        desk.take(path)
    assert not allowed(desk, "chiara@example.org")


def test_a_yes_of_no_time_from_a_shop_does_not_beat_the_no_of_an_audience(desk, write, whole):
    shop = {"Customer ID": "7001", "First Name": "Chiara", "Email": "Chiara@Example.org", "Accepts Email Marketing": "yes"}  # fmt: skip  # noqa: E501
    desk.take(write("customers.csv", table(SHOPIFY_CUSTOMERS, [shop])))
    assert allowed(desk, "chiara@example.org")
    desk.take(whole)
    assert not allowed(desk, "chiara@example.org")


def test_places_and_machines_and_notes_stay_behind(desk, whole):
    left = {one.column: one.why for _, one in desk.take(whole).left_behind}
    assert left["LATITUDE"] == left["LONGITUDE"] == "exact places are not taken in"
    assert left["OPTIN_IP"] == left["CONFIRM_IP"] == "addresses of machines are not taken in"
    assert {"TAGS", "NOTES", "MEMBER_RATING", "UNSUB_REASON", "TIMEZONE"} <= set(left)


def test_where_neither_name_nor_columns_tell_nobody_has_answered(desk, write):
    report = desk.take(write("list.csv", table(MAILCHIMP, [member("amina@example.org")])))
    assert [part.kind for part in report.parts] == ["customers"]
    assert desk.count("consent_rows") == 0
    assert "the name of the file says" in " ".join(report.notes)


def test_the_owner_may_say_what_everybody_in_it_answered(desk, write):
    path = write(f"{SUBSCRIBED}", table(MAILCHIMP, [member("amina@example.org")]))
    desk.take(path, mapping={"answer": "=unsubscribed"})
    assert not allowed(desk, "amina@example.org")
