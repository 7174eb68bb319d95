"""Notices are signed off, published and never changed; an answer is proven only by the token of what was shown."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from tests.conftest import FakeClock
from tests.reach.peer import Box, peer, plainly

from goodwill import people
from goodwill.app import create_shop, open_shop
from goodwill.basics.errors import BadInput, Conflict, NotFound, Refused
from goodwill.collect import imports
from goodwill.consent import Asked, Evidence, Herself, State
from goodwill.consent.codes import Code, make
from goodwill.consent.notices import STARTERS, canonical
from goodwill.consent.snapshot import BadSnapshot, Fault
from goodwill.consent.states import Status
from goodwill.shop import Shop, Who
from goodwill.shop.notices import Notices
from goodwill.storage import Database, audit
from goodwill.storage.audit import Actor

RECOMMEND, MAIL = "recommendations", "email-marketing"
PURCHASES, BROWSING, CONTACT = "purchases", "browsing", "contact"
ENGLISH = STARTERS.joinpath("banner.en.toml").read_text("utf-8")


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    where = database.url or f"sqlite:///{database.file}"
    opened = create_shop(tmp_path / "home", clock=clock, database=where, columns="database")
    yield opened.acting(Actor("staff 3"))
    opened.close()


@pytest.fixture
def notices(shop: Shop) -> Notices:
    return shop.notices


@dataclass(frozen=True)
class Remembering:
    """Makes codes and remembers them, so that a test need not open the letters."""

    made: list[Code] = field(default_factory=list)

    def __call__(self) -> Code:
        self.made.append(make())
        return self.made[-1]


@pytest.fixture
def posted() -> list[Code]:
    """The codes of the letters that went into the outbox."""
    return []


@pytest.fixture
def mailing(shop: Shop, posted: list[Code]) -> Notices:
    return Notices(shop, codes=Remembering(made=posted))


def draft(shop: Shop, words: str = ENGLISH, *, find: str = "", put: str = "", name: str = "banner.toml") -> None:
    folder = shop.folder / "notices"
    folder.mkdir(exist_ok=True)
    assert find in words
    (folder / name).write_text(words.replace(find, put, 1), encoding="utf-8")


def publish(shop: Shop, *, find: str = "", put: str = "", language: str = "en", region: str = "") -> int:
    if find or put:
        draft(shop, find=find, put=put)
    shop.notices.sign_off("banner", language, region, by="Amina Winter")
    return shop.notices.publish("banner", language, region).version


def rows(shop: Shop, who: str = "amina") -> list[tuple[str, str, str, str]]:
    return [(row.purpose, row.category, row.state.value, row.evidence.value) for row in shop.consents(who)]


# ---- publishing ------------------------------------------------------------------------------------------------------


def test_nothing_is_published_without_a_signature_under_exactly_these_words(shop, notices):
    with pytest.raises(Refused, match="Nobody has signed off these words of 'banner en'"):
        notices.publish("banner", "en")
    notices.sign_off("banner", "en", by="Amina Winter")
    draft(shop, find="May we use", put="Can we use")
    with pytest.raises(Refused, match="Nobody has signed off"):
        notices.publish("banner", "en")
    notices.sign_off("banner", "en", by="Amina Winter")
    made = notices.publish("banner", "en")
    assert (made.version, made.signed_by, made.published_by) == (3, "Amina Winter", "staff 3")


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        ('refuse = "Refuse all"', 'refuse = "Not now"', "label refuse: 'Not now' does not say no"),
        ('off = "We do not count you."', "", "measurement off: Nobody is told"),
        ("We do not count you.", "You will miss out.", "'miss out' plays on feelings"),
    ],
)
def test_a_notice_that_the_lint_mends_is_neither_signed_nor_published(shop, notices, find, put, says):
    draft(shop, find=find, put=put)
    for act in (lambda: notices.sign_off("banner", "en", by="Amina"), lambda: notices.publish("banner", "en")):
        with pytest.raises(Refused, match=says):
            act()
    assert notices.list()[0].passes is False


def test_a_version_never_changes(shop, notices):
    publish(shop)
    for change in ("UPDATE notice_versions SET document = '{}'", "DELETE FROM notice_versions",
                   "UPDATE notice_signatures SET signed_by = 'x'", "DELETE FROM notice_signatures"):  # fmt: skip
        with pytest.raises(DatabaseError, match="only grows"), shop.database.transaction() as connection:
            connection.execute(text(change))


def test_publishing_the_same_again_is_refused_and_going_back_is_a_new_version(shop, notices):
    assert publish(shop) == 3  # what comes with goodwill is 1 in German and 2 in English
    with pytest.raises(Conflict, match="nothing to do"):
        publish(shop)
    assert publish(shop, find="May we use", put="Can we use") == 4
    draft(shop)
    assert publish(shop) == 5
    assert notices.current("en").title == "May we use your data?"
    assert notices.current("en").version == 5


def test_what_stands_is_listed(shop, notices):
    german, english = notices.list()
    for one, language, version in ((german, "de", 1), (english, "en", 2)):
        assert (one.language, one.state, one.version, one.passes, one.signed_by) == (
            language, "starter", version, True, "",
        )  # fmt: skip
    publish(shop)
    assert [(one.state, one.version, one.signed_by) for one in notices.list()] == [
        ("draft", 1, ""),
        ("published", 3, "Amina Winter"),
    ]
    draft(shop, find="May we use", put="Can we use")
    english, _ = notices.list()
    assert (english.state, english.version, english.source) == ("changed", 3, "banner.toml")
    assert notices.diff("banner", "en") == [("title", "May we use your data?", "Can we use your data?")]
    assert notices.diff("banner", "en", version=3) == notices.diff("banner", "en")
    assert notices.preview("banner", "en").title == "Can we use your data?"
    assert notices.preview("banner", "en", version=3).title == "May we use your data?"


def test_signing_and_publishing_stand_in_the_audit_log(shop, notices):
    publish(shop)
    with shop.database.reading() as connection:
        lines = audit.lines(connection)
    assert [(line.action, line.outcome, line.detail["notice"]) for line in lines] == [
        ("notice.sign-off", "done", "banner en"),
        ("notice.publish", "done", "banner en"),
    ]


def test_names_that_lead_nowhere_say_what_there_is(notices):
    with pytest.raises(NotFound, match="There is no notice 'footer en'"):
        notices.lint("footer", "en")
    with pytest.raises(NotFound, match="has no version 7"):
        notices.preview("banner", "en", version=7)
    with pytest.raises(NotFound, match="No notice 'footer' is published"):
        notices.current("en", key="footer")
    with pytest.raises(NotFound, match="ever shown"):
        notices.shown("banner@1#0123")
    with pytest.raises(BadInput, match="Say who"):
        notices.sign_off("banner", "en", by=" ")


# ---- showing ---------------------------------------------------------------------------------------------------------


def test_a_new_shop_shows_what_comes_with_goodwill_in_the_readers_language(notices):
    assert (notices.current("de-AT").language, notices.current("en").language) == ("de", "en")
    assert notices.current("fr").language == "en"
    assert {notices.current("de").version, notices.current("en").version} == {1, 2}


def test_what_comes_with_goodwill_says_that_nobody_of_the_shop_signed_it_off(shop, notices):
    assert notices.current("en").origin == "starter"
    publish(shop)
    assert notices.current("en").origin == "shop"
    assert notices.shown("banner@2#" + notices.current("en").hash).origin == "starter"  # the first with these words


def test_showing_a_notice_writes_nothing_and_opening_the_shop_again_adds_nothing(shop, notices, clock):
    def kept() -> list[tuple[object, ...]]:
        with shop.database.reading() as connection:
            rows = connection.execute(text("SELECT * FROM notice_versions ORDER BY notice, version"))
            return [tuple(row) for row in rows]

    before = kept()
    assert [name for name, *_ in before] == ["banner", "banner", "banner-on-pages", "banner-on-pages"]
    notices.current("en")
    assert notices.on_pages("en") is not None
    notices.current("de-AT", "AT")
    open_shop(shop.folder, clock=clock).close()
    assert kept() == before


def test_the_place_counts_more_than_the_language_and_the_part_more_than_the_country(shop, notices):
    publish(shop)
    for place in ("US", "US-CA"):
        draft(shop, find='language = "en"', put=f'language = "en"\nregion = "{place}"', name=f"{place}.toml")
        publish(shop, region=place)
    seen = [notices.current("de", place).region for place in ("", "DE", "US", "US-NY", "US-CA")]
    assert seen == ["", "", "US", "US", "US-CA"]


def test_what_was_shown_is_found_by_its_hash_for_ever(shop, notices):
    starter = notices.current("en")
    publish(shop, find="May we use", put="Can we use")
    now = notices.current("en")
    for one in (starter, now):
        again = notices.shown(one.reference)
        assert canonical(again.document) == canonical(one.document)
        assert notices.shown(one.hash).title == one.title
    assert starter.hash != now.hash


def test_a_purpose_is_shown_with_its_sentence_what_it_does_and_its_data(notices):
    offer = notices.current("de").purposes[0]
    assert offer.purpose == RECOMMEND
    assert offer.sentence == "Produkte vorschlagen, die Ihnen gefallen könnten, aus dem Erlaubten"
    assert offer.categories[PURCHASES] == "Was Sie gekauft haben, wann und für wie viel"
    assert offer.on
    assert offer.off


# ---- answering -------------------------------------------------------------------------------------------------------


def test_an_answer_with_the_token_is_proven_and_leads_to_the_words(shop, notices):
    shown = notices.current("en")
    given, refused = notices.answer(
        "amina", {(RECOMMEND, PURCHASES): True, (RECOMMEND, BROWSING): False}, token=shown.token, how="banner"
    )
    assert (given.state, refused.state) == (State.GIVEN, State.REFUSED)
    assert rows(shop) == [
        (RECOMMEND, PURCHASES, "given", "proven"),
        (RECOMMEND, BROWSING, "refused", "proven"),
    ]
    (row, _) = shop.consents("amina")
    assert row.notice == shown.reference == f"banner@{shown.version}#{shown.hash}"
    assert notices.shown(row.notice).title == shown.title
    assert json.loads(row.asked) == {"how": "banner", "language": "en", "proof": "snapshot", "regime": "default"}


def test_without_a_token_an_answer_is_a_claim(shop, notices):
    notices.answer("amina", {(RECOMMEND, PURCHASES): True})
    assert rows(shop) == [(RECOMMEND, PURCHASES, "given", "claimed")]


def test_what_is_not_answered_stays_as_it_is(shop, notices, clock):
    token = notices.current("en").token
    notices.answer("amina", {(RECOMMEND, PURCHASES): True, (RECOMMEND, BROWSING): True}, token=token)
    clock.turn(seconds=60)
    notices.answer("amina", {(RECOMMEND, BROWSING): False}, token=notices.current("en").token)
    allowed = {line.category: line.reason for line in shop.can("amina", RECOMMEND).categories}
    assert allowed == {"purchases": "allowed", "browsing": "withdrawn", "preferences": "never-asked",
                       "feedback": "never-asked"}  # fmt: skip


def test_the_same_answers_under_the_same_token_are_written_once(shop, notices, clock):
    token = notices.current("en").token
    answers = {(RECOMMEND, PURCHASES): True, (RECOMMEND, BROWSING): False}
    first = notices.answer("amina", answers, token=token)
    clock.turn(seconds=5)
    assert notices.answer("amina", answers, token=token) == first
    assert len(shop.consents("amina")) == 2


def test_a_yes_to_a_later_notice_renews_the_one_that_stands(shop, notices, clock):
    answers = {(RECOMMEND, PURCHASES): True}
    notices.answer("amina", answers, token=notices.current("en").token)
    until = shop.can("amina", RECOMMEND).categories[0].until
    clock.turn(days=400)
    (renewed,) = notices.answer("amina", answers, token=notices.current("en").token)
    assert renewed.state is State.RENEWED
    assert shop.can("amina", RECOMMEND).categories[0].until - until == 400 * 86_400_000_000
    assert notices.status("amina", RECOMMEND)[PURCHASES] is Status.RENEWED


def test_a_proof_follows_a_claim(shop, notices):
    notices.answer("amina", {(RECOMMEND, PURCHASES): True})
    notices.answer("amina", {(RECOMMEND, PURCHASES): True}, token=notices.current("en").token)
    assert [evidence for *_, evidence in rows(shop)] == ["claimed", "proven"]


def test_closing_a_notice_refuses_what_was_not_allowed_and_takes_nothing_back(shop, notices, clock):
    notices.answer("amina", {(RECOMMEND, PURCHASES): True}, token=notices.current("en").token)
    clock.turn(seconds=60)
    notices.dismiss("amina", notices.current("en").token)
    assert shop.can("amina", RECOMMEND).allowed
    states = {(purpose, category): state for purpose, category, state, _ in rows(shop)}
    assert states[RECOMMEND, PURCHASES] == "given"
    assert states[RECOMMEND, BROWSING] == states[MAIL, CONTACT] == "refused"
    assert {json.loads(row.asked)["how"] for row in shop.consents("amina")} == {"page", "dismissed"}


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({}, "no answer"),
        ({("bookkeeping", PURCHASES): True}, "no choice"),
        ({(RECOMMEND, "location"): True}, "does not use 'location'"),
        ({(RECOMMEND, PURCHASES): "yes"}, "must be true or false"),
        ({(RECOMMEND, PURCHASES): None}, "must be true or false"),
        ({(RECOMMEND, PURCHASES): 1}, "must be true or false"),
    ],
)
def test_what_is_no_clear_answer_is_no_answer(shop, notices, answers, says):
    with pytest.raises(BadInput, match=says):
        notices.answer("amina", answers)
    assert shop.find("amina") is None


def test_one_bad_answer_keeps_all_of_them_out(shop, notices):
    with pytest.raises(BadInput):
        notices.answer("amina", {(RECOMMEND, PURCHASES): True, (RECOMMEND, "location"): True})
    with pytest.raises(BadInput, match="did not ask about 'benchmarking'"):
        token = notices.current("en").token
        notices.answer("amina", {(RECOMMEND, PURCHASES): True, ("benchmarking", PURCHASES): True}, token=token)
    assert shop.find("amina") is None


# ---- attacks on the token --------------------------------------------------------------------------------------------

YES, NO = {(RECOMMEND, PURCHASES): True}, {(RECOMMEND, PURCHASES): False}


def refused_for(notices: Notices, token: str, who: Who | str = "amina") -> Fault:
    with pytest.raises(BadSnapshot) as caught:
        notices.answer(who, YES, token=token)
    return caught.value.fault


def test_a_token_of_another_shop_opens_nothing(shop, notices, tmp_path, clock):
    other = create_shop(tmp_path / "other", clock=clock)
    theirs = other.notices.current("en").token
    other.close()
    assert refused_for(notices, theirs) is Fault.CHANGED


def test_a_token_of_a_copied_shop_with_another_id_opens_nothing(shop, notices):
    """Even with the same secret: the shop's id is part of what is signed."""
    twin = replace(shop, settings=replace(shop.settings, shop_id="f" * 32))
    notices.current("en")
    assert refused_for(notices, twin.notices.current("en").token) is Fault.CHANGED


def test_altered_words_open_nothing(shop, notices):
    token = notices.current("en").token
    for place in (0, 5, len(token) // 2, len(token) - 1):
        flipped = "A" if token[place] != "A" else "B"
        changed = f"{token[:place]}{flipped}{token[place + 1 :]}"
        assert refused_for(notices, changed) is Fault.CHANGED
    for changed in ("", "x", token[:-1], f"{token}.{token}", token.split(".")[0], "é" * 40, "A" * 5000):
        assert refused_for(notices, changed) is Fault.CHANGED


def test_a_signature_made_for_another_purpose_opens_nothing(shop, notices):
    payload = ["banner", 1, "en", "", notices.current("en").hash, int(shop.clock()), "", ""]
    secret = shop.keys.secret("snapshot")
    for salt in ("goodwill links", "itsdangerous"):
        assert refused_for(notices, str(URLSafeSerializer(secret, salt=salt).dumps(payload))) is Fault.CHANGED


def test_a_token_ends_after_a_day_and_does_not_begin_before_it_was_made(shop, notices, clock):
    token = notices.current("en").token
    clock.turn(seconds=-1)
    assert refused_for(notices, token) is Fault.EXPIRED
    clock.turn(days=1, seconds=0)
    notices.answer("amina", YES, token=token)
    clock.turn(seconds=1)
    assert refused_for(notices, token) is Fault.EXPIRED


def test_a_token_for_one_person_serves_nobody_else(shop, notices):
    token = notices.current("en", to=Who(anonymous_id="device-1")).token
    assert refused_for(notices, token, Who(anonymous_id="device-2")) is Fault.OTHER_PERSON
    assert refused_for(notices, token, Who(user_id="device-1")) is Fault.OTHER_PERSON
    notices.answer(Who(anonymous_id="device-1"), YES, token=token)
    assert shop.consents(Who(anonymous_id="device-1"))[0].evidence is Evidence.PROVEN


def test_a_token_proves_nothing_about_another_notice(shop, notices):
    """The words of one are not the words of the other: a purpose that only the second asks about stays unproven."""
    draft(shop, find=ENGLISH[ENGLISH.index('[[purpose]]\nname = "measurement"') :])
    publish(shop)
    old = notices.current("en")
    draft(shop)
    publish(shop)
    with pytest.raises(BadInput, match="did not ask about 'measurement'"):
        notices.answer("amina", {("measurement", PURCHASES): True}, token=old.token)
    notices.answer("amina", YES, token=old.token)
    assert shop.consents("amina")[0].notice == old.reference


def test_a_token_of_words_that_were_never_kept_here_opens_nothing(shop, notices):
    shown = notices.current("en")
    signer = notices._snapshots
    forged = signer.make(replace(signer.open(shown.token, now=shop.clock()), hash="0" * 64))
    assert refused_for(notices, forged) is Fault.OTHER_NOTICE


def test_a_no_is_taken_with_any_token_or_none_and_proves_nothing(shop, notices, clock):
    token = notices.current("en").token
    notices.answer("amina", YES, token=token)
    clock.turn(days=2)
    (receipt,) = notices.answer("amina", NO, token=token)
    assert receipt.state is State.WITHDRAWN
    assert rows(shop)[-1] == (RECOMMEND, PURCHASES, "withdrawn", "claimed")
    assert not shop.can("amina", RECOMMEND).allowed


# ---- double opt-in ---------------------------------------------------------------------------------------------------

EMAIL = Who(email="Amina@example.org")
NEWS = {(MAIL, CONTACT): True, (MAIL, PURCHASES): True}


def ask(mailing: Notices, who: Who = EMAIL, answers: dict[tuple[str, str], bool] | None = None):
    return mailing.answer(who, answers or NEWS, token=mailing.current("en").token, how="banner")


def test_a_yes_to_news_counts_once_it_is_confirmed(shop, mailing, posted):
    (receipt,) = ask(mailing)
    assert receipt.state is State.REQUESTED
    assert not shop.can(EMAIL, MAIL).allowed
    assert mailing.status(EMAIL, MAIL)[CONTACT] is Status.REQUESTED
    (letter,) = posted
    assert shop.post.counts() == {"waiting": 1}
    (confirmed,) = mailing.confirm(letter.text)
    assert (confirmed.state, set(confirmed.categories)) == (State.GIVEN, {CONTACT, PURCHASES})
    assert shop.can(EMAIL, MAIL).allowed
    (*_, row) = shop.consents(EMAIL)
    assert row.evidence is Evidence.PROVEN
    assert json.loads(row.asked)["how"] == "banner, confirmed by mail"
    assert mailing.shown(row.notice).language == "en"
    assert mailing.pending(EMAIL) == []


def test_the_letter_comes_by_mail_in_the_language_of_the_notice_and_its_code_opens(shop, mailing):
    box = Box()
    with peer(box) as port:
        settings = replace(shop.settings, mail_from="shop@example.org")
        sending = replace(shop, channel=plainly(port), settings=settings)
        mailing = Notices(sending, codes=mailing.codes)
        mailing.answer(EMAIL, NEWS, token=mailing.current("de").token, how="banner")
        sending.post.deliver()
    (mail,) = box.mails
    text = mail.get_body(("plain",)).get_content()
    assert box.to == ["Amina@example.org"]
    assert "Ihnen per E-Mail von Neuem und Angeboten schreiben" in text
    number = re.search(r"/privacy/confirm/([a-z2-7]{13})\b", text)
    letters = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b", text)
    assert number
    assert letters
    mailing.confirm(f"{number[1]}-{letters[0]}")
    assert shop.can(EMAIL, MAIL).allowed


def test_a_verified_address_needs_no_letter(shop, mailing, posted, clock):
    ask(mailing, answers={(MAIL, CONTACT): True})
    mailing.confirm(posted[0].text)
    clock.turn(seconds=1)
    ask(mailing)
    assert len(posted) == 1
    assert [line.allowed for line in shop.can(EMAIL, MAIL).categories] == [True, True, False, False]


def test_after_a_no_to_mail_only_her_own_word_brings_it_back(shop, mailing, posted, clock):
    """What was shown is proven by the token; who clicked is not."""
    ask(mailing)
    mailing.confirm(posted[0].text)
    mailing.answer(EMAIL, dict.fromkeys(NEWS, False))
    clock.turn(seconds=1)
    (receipt,) = ask(mailing)
    assert receipt.state is State.REQUESTED
    assert not shop.can(EMAIL, MAIL).allowed
    mailing.confirm(posted[1].text)
    assert shop.can(EMAIL, MAIL).allowed
    mailing.answer(EMAIL, dict.fromkeys(NEWS, False))
    clock.turn(seconds=1)
    mailing.answer(EMAIL, NEWS, herself=Herself.SIGNED_IN)
    assert shop.can(EMAIL, MAIL).allowed
    assert len(posted) == 2


def test_a_confirmed_address_is_verified(shop, mailing, posted):
    ask(mailing)
    mailing.confirm(posted[0].text)
    with shop.database.transaction() as connection:
        (one,) = shop.post.reach(connection, shop.known(EMAIL)).addresses
    assert (one.kind, one.verified_at) == ("email", shop.clock())


def test_a_code_opens_once(mailing, posted):
    ask(mailing)
    mailing.confirm(posted[0].text)
    with pytest.raises(Refused, match="opens nothing"):
        mailing.confirm(posted[0].text)


def test_a_code_can_be_typed_with_capitals_and_spaces(mailing, posted):
    ask(mailing)
    number, _, letters = posted[0].text.partition("-")
    assert mailing.confirm(f" {number.upper()}-{letters[:4].lower()} {letters[4:]} ")


@pytest.mark.parametrize("days", [7, 400])
def test_a_code_opens_nothing_after_a_week(mailing, posted, clock, days):
    ask(mailing)
    clock.turn(days=days)
    with pytest.raises(Refused, match="opens nothing"):
        mailing.confirm(posted[0].text)


def test_ten_wrong_tries_close_it(shop, mailing, posted):
    ask(mailing)
    number = posted[0].text.partition("-")[0]
    for wrong in (f"{number}-aaaaaaa{n}" for n in range(10)):
        with pytest.raises(Refused):
            mailing.confirm(wrong)
    with pytest.raises(Refused):
        mailing.confirm(posted[0].text)
    assert not shop.can(EMAIL, MAIL).allowed


def test_nine_wrong_tries_do_not(mailing, posted):
    ask(mailing)
    number = posted[0].text.partition("-")[0]
    for n in range(9):
        with pytest.raises(Refused):
            mailing.confirm(f"{number}-aaaaaaa{n}")
    assert mailing.confirm(posted[0].text)


def test_whatever_is_wrong_with_a_code_gets_one_answer(mailing, posted):
    ask(mailing)
    number = posted[0].text.partition("-")[0]
    said = set()
    for code in ("", "x", "aaaaaaaaaaaaa-bbbbbbbb", f"{number}-", number, f"{number}-aaaaaaaa", "\0", "é-é"):
        with pytest.raises(Refused) as caught:
            mailing.confirm(code)
        said.add(str(caught.value))
    assert len(said) == 1


def test_no_code_is_kept_as_it_was_sent(shop, mailing, posted):
    ask(mailing)
    letters = posted[0].text.partition("-")[2]
    with shop.database.reading() as connection:
        (row,) = connection.execute(text("SELECT * FROM opt_ins")).mappings()
    assert len(row["code"]) == 32
    assert letters.lower() not in str(dict(row)).lower()
    assert "amina" not in str(dict(row)).lower()


def test_a_no_meanwhile_wins(shop, mailing, posted, clock):
    ask(mailing)
    clock.turn(seconds=60)
    mailing.answer(EMAIL, {(MAIL, CONTACT): False})
    clock.turn(seconds=60)
    (confirmed,) = mailing.confirm(posted[0].text)
    assert confirmed.categories == (PURCHASES,)
    reasons = {line.category: line.reason for line in shop.can(EMAIL, MAIL).categories}
    assert (reasons[CONTACT], reasons[PURCHASES]) == ("refused", "allowed")


def test_a_no_said_meanwhile_and_told_later_wins_too(shop, mailing, posted, clock):
    """It came on paper before the confirmation and is typed in after it."""
    ask(mailing)
    meanwhile = clock.turn(seconds=60)
    clock.turn(seconds=60)
    mailing.confirm(posted[0].text)
    assert shop.can(EMAIL, MAIL).allowed
    from goodwill import consent

    with shop.database.transaction() as connection:
        person, entry = shop.known(EMAIL), shop.register[MAIL]
        consent.withdraw(connection, person, entry, asked=Asked("paper"), now=clock(), said_at=meanwhile)
    assert not shop.can(EMAIL, MAIL).allowed


def test_one_letter_asks_for_all_that_waits_and_the_older_code_ends(shop, mailing, posted, clock):
    ask(mailing, answers={(MAIL, CONTACT): True})
    clock.turn(seconds=5)
    ask(mailing, answers={(MAIL, PURCHASES): True})
    first, second = posted
    with pytest.raises(Refused):
        mailing.confirm(first.text)
    (confirmed, *more) = mailing.confirm(second.text)
    assert {category for one in (confirmed, *more) for category in one.categories} == {CONTACT, PURCHASES}


def test_the_same_yes_again_sends_no_second_letter(mailing, posted):
    token = mailing.current("en").token
    first = mailing.answer(EMAIL, NEWS, token=token)
    assert mailing.answer(EMAIL, NEWS, token=token) == first
    assert len(posted) == 1


def test_a_yes_after_a_no_is_asked_for_anew(shop, mailing, posted, clock):
    mailing.answer(EMAIL, NEWS)
    clock.turn(seconds=60)
    mailing.answer(EMAIL, dict.fromkeys(NEWS, False))
    clock.turn(seconds=60)
    mailing.answer(EMAIL, NEWS)
    assert len(posted) == 2
    mailing.confirm(posted[1].text)
    assert shop.can(EMAIL, MAIL).allowed


def test_nobody_can_be_flooded_with_letters(mailing, posted, clock):
    for _ in range(8):
        ask(mailing)
        clock.turn(seconds=600)
    assert len(posted) == 3
    clock.turn(days=1)
    ask(mailing)
    assert len(posted) == 4


def test_can_tells_that_a_yes_waits_for_its_confirmation_until_that_comes_or_is_too_late(shop, mailing, posted, clock):
    def said() -> dict[str, str]:
        return {line.category: line.reason for line in shop.can(EMAIL, MAIL).categories}

    mailing.ask_by_mail(EMAIL, [RECOMMEND])  # not by mail: it needs no confirmation, and changes nothing here
    ask(mailing)
    assert said() == {
        CONTACT: "requested", PURCHASES: "requested", "preferences": "never-asked", "engagement": "never-asked",
    }  # fmt: skip
    assert (shop.can(EMAIL, MAIL).allowed, shop.can(EMAIL, MAIL).reason) == (False, "requested")
    assert mailing.may_ask(EMAIL, MAIL).reason == "pending"
    clock.turn(days=8)
    assert set(said().values()) == {"never-asked"}
    ask(mailing)
    shop.grant(EMAIL, MAIL, [PURCHASES], asked=Asked("test"), yes=False)
    assert (said()[CONTACT], said()[PURCHASES]) == ("requested", "refused")
    mailing.confirm(posted[-1].text)
    assert (said()[CONTACT], shop.can(EMAIL, MAIL).reason) == ("allowed", "allowed")


def test_without_an_address_the_wish_is_kept_and_nothing_is_sent(shop, mailing, posted):
    (receipt,) = ask(mailing, Who(user_id="amina"))
    assert receipt.state is State.REQUESTED
    assert posted == []
    assert not shop.can("amina", MAIL).allowed


def test_asking_by_mail_is_one_letter_for_all_its_purposes(mailing, posted):
    mailing.ask_by_mail(EMAIL, [MAIL])
    assert len(posted) == 1
    assert {category for _, category in mailing.pending(EMAIL)[0].about} == {
        "contact", "purchases", "preferences", "engagement",
    }  # fmt: skip


def test_a_confirmation_follows_a_merge(shop, mailing, posted):
    ask(mailing)
    shop.grant("keeper", RECOMMEND, asked=Asked("test"))
    shop.identity.merge("keeper", EMAIL)
    mailing.confirm(posted[0].text)
    assert shop.can("keeper", MAIL).allowed


def test_a_confirmation_dies_with_the_address(shop, mailing, posted):
    ask(mailing)
    with shop.database.transaction() as connection:
        connection.execute(text("DELETE FROM identities WHERE kind = 'email'"))
    with pytest.raises(Refused):
        mailing.confirm(posted[0].text)


def test_a_confirmation_dies_with_the_person(shop, mailing, posted):
    ask(mailing)
    with shop.database.transaction() as connection:
        connection.execute(text("UPDATE people SET erased_at = 1"))
    with pytest.raises(Refused):
        mailing.confirm(posted[0].text)


# ---- what waits, by the shop's setting -----------------------------------------------------------------------------


def claims(shop: Shop, *, confirmed: bool) -> State:
    asked = Asked("till", confirmed_at="2026-03-01T10:00:00Z" if confirmed else None)
    return shop.grant(EMAIL, MAIL, [CONTACT], asked=asked).state


@pytest.mark.parametrize(
    ("setting", "here", "claimed", "confirmed"),
    [
        ("asked-here", State.REQUESTED, State.REQUESTED, State.GIVEN),
        ("always", State.REQUESTED, State.REQUESTED, State.REQUESTED),
        ("never", State.GIVEN, State.RENEWED, State.RENEWED),
    ],
)
def test_which_yes_to_news_waits_is_the_shops_setting(shop, setting, here, claimed, confirmed, clock):
    shop = replace(shop, settings=replace(shop.settings, confirm_email=setting))
    (asked,) = shop.notices.answer(EMAIL, {(MAIL, CONTACT): True}, token=shop.notices.current("en").token)
    assert asked.state is here
    clock.turn(seconds=1)
    assert claims(shop, confirmed=False) is claimed
    clock.turn(seconds=1)
    assert claims(shop, confirmed=True) is confirmed
    assert shop.can(EMAIL, MAIL).allowed is (setting != "always")


@pytest.mark.parametrize(("setting", "allowed"), [("asked-here", True), ("always", False), ("never", True)])
def test_a_list_of_another_system_counts_unless_everything_must_be_confirmed_here(shop, setting, allowed, tmp_path):
    shop = replace(shop, settings=replace(shop.settings, confirm_email=setting))
    with shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"email": "dev@example.org"}, now=shop.clock(), verified=True)
    file = tmp_path / "list.csv"
    file.write_text(
        "email,purpose,state,said_at\namina@example.org,email-marketing,yes,2026-03-02\n"
        "dev@example.org,email-marketing,yes,2026-03-02\nchiara@example.org,email-marketing,no,2026-03-02\n"
    )
    plan = imports.plan([file])
    for kept in (3, 0):
        report = imports.run(shop.database, shop.tools, plan, rejects_to=tmp_path / "no.csv", settle=shop.settle)
        assert (report.kept, report.rejected) == (kept, 0)
    assert (shop.can(EMAIL, MAIL).allowed, shop.consents(EMAIL)[0].state) == (
        allowed, State.GIVEN if allowed else State.REQUESTED,
    )  # fmt: skip
    assert shop.can(Who(email="dev@example.org"), MAIL).allowed  # whose address is known to be hers
    assert shop.post.counts() == {}


def test_a_claimed_yes_that_was_confirmed_by_the_code_counts_and_stays_a_claim(shop, mailing, posted):
    person = shop.grant(EMAIL, RECOMMEND, asked=Asked("till")).person
    with shop.change("consent.grant") as change:
        entry = shop.register[MAIL]
        receipt = mailing.request(change.connection, EMAIL, person, entry, entry.categories, Asked("till"))
    assert receipt.state is State.REQUESTED
    assert "no mail server is set" in mailing.why_waits(receipt)
    (confirmed,) = mailing.confirm(posted[0].text)
    assert confirmed.state is State.GIVEN
    assert shop.can(EMAIL, MAIL).allowed
    assert shop.consents(EMAIL)[-1].evidence is Evidence.CLAIMED


def test_where_a_yes_to_news_stands_a_further_claim_sends_no_letter(shop, clock):
    assert claims(shop, confirmed=True) is State.GIVEN
    clock.turn(seconds=1)
    assert claims(shop, confirmed=False) is State.RENEWED
    assert shop.post.counts() == {}


# ---- privacy signals -------------------------------------------------------------------------------------------------

SELLING = """
[purpose.sharing]
sentence = "Share what you buy with other shops for their ads"
basis = "consent"
categories = ["purchases"]
consent_days = 730
owner = "shop owner"
review = 2027-06-30
expiry = 2029-12-31
dpv = "dpv:Marketing"
fideslang = "third_party_sharing"

[purpose.tailoring]
sentence = "Order our pages by what you looked at"
basis = "legitimate-interests"
why_lawful = "Small, expected, and everyone may object."
categories = ["browsing"]
owner = "shop owner"
review = 2027-06-30
expiry = 2029-12-31
dpv = "dpv:ServicePersonalisation"
fideslang = "personalize.content"
"""


@pytest.fixture
def seller(database: Database, tmp_path: Path, clock: FakeClock) -> Iterator[Shop]:
    """A shop that also sells, and tailors until somebody objects."""
    from goodwill.purposes import SHIPPED

    (tmp_path / "home").mkdir()
    register = tmp_path / "home" / "register.toml"
    register.write_text(SHIPPED.read_text("utf-8") + SELLING, encoding="utf-8")
    where = database.url or f"sqlite:///{database.file}"
    opened = create_shop(tmp_path / "home", clock=clock, database=where, columns="database", purposes="register.toml")
    yield opened
    opened.close()


def test_a_signal_objects_where_silence_would_allow(seller, clock):
    seller.notices.answer("amina", {("tailoring", BROWSING): True})
    clock.turn(seconds=1)
    assert seller.can("bruno", "tailoring").reason == "unknown-person"
    done = seller.notices.signal("bruno")
    assert done.objected == ("tailoring",)
    assert (seller.can("bruno", "tailoring").allowed, seller.can("bruno", "tailoring").reason) == (False, "objected")
    assert seller.can("bruno", "statistics").allowed  # totals choose nothing for anybody
    assert "honoured" in done.says
    seller.notices.signal("amina", how="script")
    assert not seller.can("amina", "tailoring").allowed


def test_a_signal_leaves_an_explicit_yes_alone_unless_the_law_says_otherwise(seller, clock):
    yes = {("sharing", PURCHASES): True, (RECOMMEND, PURCHASES): True}
    for who, region, kept in (("amina", "DE", True), ("chiara", "US-CA", False), ("dev", None, True)):
        seller.notices.answer(who, yes)
        clock.turn(seconds=1)
        seller.notices.signal(who, regime=seller.regimes.of(region))
        assert seller.can(who, "sharing").allowed is kept
        assert seller.can(who, RECOMMEND).allowed


def test_a_click_after_the_signal_works_is_noted_and_lasts(seller, clock):
    seller.notices.signal("amina")
    clock.turn(seconds=5)
    seller.notices.answer("amina", {("sharing", PURCHASES): True, ("tailoring", BROWSING): True}, signal=True)
    despite = [json.loads(row.asked).get("despite") for row in seller.consents("amina")][-2:]
    assert despite == ["gpc", "gpc"]
    for days in (0, 2, 200):
        clock.turn(days=days)
        assert seller.notices.signal("amina", regime=seller.regimes.of("US-CA")).objected == ()
        assert seller.can("amina", "sharing").allowed
        assert seller.can("amina", "tailoring").allowed


def test_a_first_answer_that_comes_with_the_signal_records_it_and_wins_where_it_says_yes(seller, clock):
    seller.notices.answer("dev", {("sharing", PURCHASES): True}, signal=True)
    assert seller.notices.signalled("dev").first_at == seller.consents("dev")[-1].said_at
    assert not seller.can("dev", "tailoring").allowed  # of which nothing was said
    clock.turn(days=3)
    seller.notices.signal("dev", regime=seller.regimes.of("US-CA"))
    assert seller.can("dev", "sharing").allowed


def test_no_script_undoes_a_signal(seller):
    seller.notices.signal("amina")
    before = seller.consents("amina")
    assert seller.notices.signal("amina", on=False, how="script").objected == ()
    assert seller.consents("amina") == before
    assert seller.notices.signalled("amina") is not None
    assert not seller.can("amina", "tailoring").allowed


def test_a_signal_with_every_page_is_written_once_a_day(seller, clock):
    for _ in range(3):
        seller.notices.signal("amina")
        clock.turn(seconds=60)
    with seller.database.reading() as connection:
        assert sum(line.action == "consent.signal" for line in audit.lines(connection)) == 1
    clock.turn(days=2)
    seller.notices.signal("amina")
    came = seller.notices.signalled("amina")
    assert came.last_at - came.first_at > 2 * 86_400_000_000
    with seller.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM signals")).scalar_one() == 1


def test_nobody_becomes_known_by_a_signal_that_only_looks(seller):
    assert seller.notices.signal(Who(anonymous_id="passer-by"), known=True).person is None
    assert seller.find(Who(anonymous_id="passer-by")) is None
    with pytest.raises(BadInput, match="header, script"):
        seller.notices.signal("amina", how="letter")


def test_a_signal_follows_a_merge(seller):
    seller.notices.signal(Who(anonymous_id="device"))
    seller.grant("amina", RECOMMEND, asked=Asked("test"))
    seller.identity.merge("amina", Who(anonymous_id="device"))
    assert seller.notices.signalled("amina") is not None
    assert not seller.can("amina", "tailoring").allowed


# ---- asking again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("yes", [True, False])
def test_nobody_is_asked_again_for_half_a_year_after_either_answer(notices, clock, yes):
    assert notices.may_ask("amina", RECOMMEND).reason == "never-asked"
    notices.answer("amina", {(RECOMMEND, PURCHASES): yes})
    clock.turn(days=179)
    assert (notices.may_ask("amina", RECOMMEND).allowed, notices.may_ask("amina", RECOMMEND).reason) == (
        False, "answered",
    )  # fmt: skip
    clock.turn(days=5)
    asked = notices.may_ask("amina", RECOMMEND)
    assert (asked.allowed, asked.reason) == ((False, "allowed") if yes else (True, "long-ago"))
    assert notices.may_ask("amina", "measurement").allowed  # of which nothing was said


def test_a_yes_that_ends_soon_may_be_asked_for_again(notices, clock):
    notices.answer("amina", {(RECOMMEND, PURCHASES): True})
    clock.turn(days=701)
    assert notices.may_ask("amina", RECOMMEND).reason == "ends-soon"
    clock.turn(days=30)
    assert notices.may_ask("amina", RECOMMEND).reason == "ended"
    assert notices.status("amina", RECOMMEND)[PURCHASES] is Status.EXPIRED


def test_a_signal_keeps_questions_away_for_a_year(shop, notices, clock):
    notices.signal("amina")
    clock.turn(days=364)
    assert notices.may_ask("amina", RECOMMEND).reason == "signal"
    clock.turn(days=2)
    assert notices.may_ask("amina", RECOMMEND).allowed
    assert notices.may_ask("amina", "bookkeeping").reason == "no-choice"


def test_a_place_may_ask_for_more_patience(shop, notices, clock):
    notices.answer("amina", {(RECOMMEND, PURCHASES): False})
    clock.turn(days=200)
    assert notices.may_ask("amina", RECOMMEND, regime=shop.regimes.of("DE")).allowed
    assert not notices.may_ask("amina", RECOMMEND, regime=shop.regimes.of("US-CA")).allowed


def test_what_waits_for_its_confirmation_is_not_asked_again(mailing, posted):
    ask(mailing)
    assert mailing.may_ask(EMAIL, MAIL).reason == "pending"


def test_what_ends_soon_is_listed_the_soonest_first(shop, notices, clock):
    notices.answer("amina", {(RECOMMEND, PURCHASES): True, (RECOMMEND, BROWSING): True})
    clock.turn(days=10)
    notices.answer("dev", {(RECOMMEND, PURCHASES): True, ("measurement", PURCHASES): True})
    clock.turn(days=700)
    assert [one.person for one in notices.expiring(20)] == [shop.known("amina")]
    soon = notices.expiring(30)
    assert [(one.person, one.purpose, set(one.categories)) for one in soon] == [
        (shop.known("amina"), RECOMMEND, {PURCHASES, BROWSING}),
        (shop.known("dev"), "measurement", {PURCHASES}),
        (shop.known("dev"), RECOMMEND, {PURCHASES}),
    ]
    notices.answer("amina", {(RECOMMEND, PURCHASES): False, (RECOMMEND, BROWSING): True})
    assert shop.known("amina") not in {one.person for one in notices.expiring(30)}
    with pytest.raises(BadInput):
        notices.expiring(0)


# ---- states ----------------------------------------------------------------------------------------------------------


def test_every_state_has_its_id_in_the_vocabulary_and_only_two_allow(notices):
    assert {status.dpv for status in Status} == {
        "dpv:ConsentUnknown", "dpv:ConsentRequested", "dpv:ConsentGiven", "dpv:RenewedConsentGiven",
        "dpv:ConsentRefused", "dpv:ConsentWithdrawn", "dpv:ConsentExpired", "dpv:ConsentInvalidated",
    }  # fmt: skip
    assert [status for status in Status if status.is_valid] == [Status.GIVEN, Status.RENEWED]


def test_rows_that_were_taken_back_leave_an_invalidated_state(shop, notices, clock):
    from goodwill import consent

    (receipt,) = notices.answer("amina", {(RECOMMEND, PURCHASES): True})
    with shop.database.transaction() as connection:
        consent.invalidate(connection, receipt.positions, asked=Asked("undo"), now=clock())
    assert notices.status("amina", RECOMMEND) == {
        "purchases": Status.INVALIDATED, "browsing": Status.UNKNOWN, "preferences": Status.UNKNOWN,
        "feedback": Status.UNKNOWN,
    }  # fmt: skip
