"""Whoever asked to be left alone is written to by nobody, brought in by nothing; her own new word alone changes it."""

import csv
from pathlib import Path

import pytest
from tests.conftest import FakeClock

from goodwill import people
from goodwill.app import create_shop, open_shop
from goodwill.basics.errors import BadInput, LeftAlone
from goodwill.collect import imports
from goodwill.consent import Asked, Evidence, Herself, Proof
from goodwill.people import suppress
from goodwill.people.together import Id, identify_rows
from goodwill.shop import Shop, Who

MAIL, OTHER = "chiara@example.org", "dev@example.org"
CLAIMED = Asked(how="a file", confirmed_at="2026-11-20T09:00:00Z")


@pytest.fixture
def shop(database, tmp_path: Path, clock: FakeClock):
    where = database.url or f"sqlite:///{database.file}"
    opened = create_shop(tmp_path / "home", clock=clock, database=where, currency="EUR", zone="UTC", columns="database")
    with opened.database.transaction() as connection:
        for name, mail in (("chiara", MAIL), ("dev", OTHER)):
            people.identify(connection, opened.cipher, {"user_id": name, "email": mail}, now=clock())
    yield opened
    opened.close()


@pytest.fixture
def erased(shop: Shop) -> Shop:
    shop.erasure.erase("chiara")
    return shop


def is_left_alone(shop: Shop, kind: str, value: str) -> bool:
    with shop.database.reading() as connection:
        return suppress.suppressed(connection, shop.cipher, kind, value)


def written(folder: Path, name: str, *rows: tuple[str, ...]) -> list[Path]:
    with (folder / name).open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return [folder / name]


def brought_in(shop: Shop, files: list[Path]):
    planned = imports.plan(files)
    return imports.run(
        shop.database, shop.tools, planned, rejects_to=shop.folder / "exports" / "rejects.csv", settle=shop.settle
    )


def says_herself(shop: Shop, who: str | Who, purpose: str, *, yes: bool = True) -> None:
    """She answers where she is signed in."""
    answers = {(purpose, str(category)): yes for category in shop.register[purpose].categories}
    shop.notices.answer(who, answers, herself=Herself.SIGNED_IN)


def signs_in(shop: Shop, address: str) -> None:
    waiting = shop.sign_in.ask(address, language="en")
    assert waiting.letter is not None
    assert shop.sign_in.open_by_code(waiting.letter.code, browser=waiting.browser) is not None


def many(shop: Shop) -> int:
    with shop.database.reading() as connection:
        return people.count(connection)


# ---- after an erasure ------------------------------------------------------------------------------------------------


def test_an_erasure_puts_all_ids_on_the_list_in_whatever_way_they_are_written(erased):
    assert is_left_alone(erased, "email", "  Chiara@EXAMPLE.org ")
    assert is_left_alone(erased, "user_id", "chiara")
    assert not is_left_alone(erased, "email", OTHER)
    assert not is_left_alone(erased, "email", "no address")


def test_nobody_brings_her_in_by_an_id(erased, clock):
    before = many(erased)
    with erased.database.transaction() as connection:
        with pytest.raises(LeftAlone):
            people.identify(connection, erased.cipher, {"user_id": "chiara", "email": MAIL}, now=clock())
        found = people.identify_many(connection, erased.cipher, "email", [MAIL, OTHER], now=clock())
        assert set(found) == {OTHER}
        met = identify_rows(connection, erased.cipher, [{"email": Id(MAIL, MAIL)}], now=clock())
        assert met == [None]
    assert many(erased) == before


def test_nobody_is_made_of_what_stands_beside_her_id(erased, clock, tmp_path):
    before = many(erased)
    with erased.database.transaction() as connection:
        with pytest.raises(LeftAlone):
            people.identify(connection, erased.cipher, {"user_id": "shop-17", "email": MAIL}, now=clock())
        rows = [{"user_id": Id("shop-17", "shop-17"), "email": Id(MAIL, MAIL)}]
        assert identify_rows(connection, erased.cipher, rows, now=clock()) == [None]
    customers = ("customer id", "email", "city"), ("shop-17", MAIL, "Ulm"), ("shop-18", "new@example.org", "Ulm")
    assert brought_in(erased, written(tmp_path, "customers.csv", *customers)).kept == 1
    lines = (
        ("order", "date", "customer id", "email", "product", "quantity", "amount"),
        ("1", "2026-03-01", "shop-17", MAIL, "bread", "1", "2.50"),
        ("2", "2026-03-01", "dev", MAIL, "bread", "1", "2.50"),
        ("3", "2026-03-01", "shop-18", "", "bread", "1", "2.50"),
    )
    report = brought_in(erased, written(tmp_path, "lines.csv", *lines))
    assert (report.kept, report.rejected) == (2, 0)
    assert [remark.lines for remark in report.remarks if "left alone" in remark.problem] == [(2,)]
    assert erased.find("shop-17") is None
    assert many(erased) == before + 1


def test_somebody_known_stays_known_beside_her_id(erased, clock):
    dev = erased.find("dev")
    with erased.database.transaction() as connection:
        ids = {"user_id": "dev", "email": MAIL}
        assert people.identify(connection, erased.cipher, ids, now=clock()) == dev
        rows = [{kind: Id(text, text) for kind, text in ids.items()}]
        (met,) = identify_rows(connection, erased.cipher, rows, now=clock())
        assert met is not None
        assert met.person == dev
    assert erased.find(Who(email=MAIL)) is None


# ---- an address is one, under whichever kind of id it comes in -------------------------------------------------------


def test_who_was_known_by_her_address_as_a_number_is_left_alone_by_it_as_an_address(shop, tmp_path, clock):
    ida = "Ida@example.net"
    brought_in(shop, written(tmp_path, "a.csv", ("customer id", "city"), (ida, "Ulm"), ("+49 30 1234567", "Ulm")))
    shop.erasure.erase(ida)
    shop.erasure.erase("+49 30 1234567")
    before = many(shop)
    customers = ("customer id", "email", "phone"), ("77", "ida@example.net", ""), ("78", "", "0049 30 1234567")
    assert brought_in(shop, written(tmp_path, "b.csv", *customers)).kept == 0
    consents = ("email", "purpose", "consent", "date"), ("ida@example.net", "email-marketing", "yes", "2026-11-21")
    assert brought_in(shop, written(tmp_path, "c.csv", *consents)).kept == 0
    with shop.database.transaction() as connection:
        for kind in ("external", "anonymous_id", "shopify"):
            with pytest.raises(LeftAlone):
                people.identify(connection, shop.cipher, {kind: "ida@EXAMPLE.net"}, now=clock())
    with pytest.raises(LeftAlone):
        shop.grant(Who(email="ida@example.net"), "email-marketing", asked=CLAIMED)
    assert many(shop) == before


def test_who_was_known_by_an_address_is_left_alone_by_it_as_a_number(erased, tmp_path, clock):
    before = many(erased)
    with pytest.raises(LeftAlone):
        erased.grant(Who("Chiara@example.org"), "recommendations", asked=CLAIMED)
    lines = (
        ("order", "date", "customer id", "product", "quantity", "amount"),
        ("1", "2026-03-01", MAIL, "bread", "1", "2.50"),
    )
    for rows in (
        (("customer id", "city"), (MAIL, "Ulm")),
        (("customer id", "purpose", "consent", "date"), (MAIL, "email-marketing", "yes", "2026-11-21")),
        lines,
    ):
        assert brought_in(erased, written(tmp_path, "rows.csv", *rows)).kept == 0
    with erased.database.transaction() as connection:
        assert not people.identify_many(connection, erased.cipher, "user_id", [MAIL], now=clock())
    assert many(erased) == before


def test_her_own_word_about_the_address_lets_her_in_by_it_under_every_kind(shop, clock):
    with shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"user_id": "ida@example.net"}, now=clock())
    shop.erasure.erase("ida@example.net")
    signs_in(shop, "ida@example.net")
    with shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"external": "ida@example.net"}, now=clock())
    assert is_left_alone(shop, "user_id", "ida@example.net")  # for mail, which waits for a yes of hers
    says_herself(shop, Who(email="ida@example.net"), "email-marketing")
    assert not is_left_alone(shop, "user_id", "ida@example.net")


def test_an_unsubscribe_of_who_is_known_by_the_address_as_a_number_stops_mail_to_it(shop, tmp_path, clock):
    with shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"user_id": "ida@example.net"}, now=clock())
    says_herself(shop, "ida@example.net", "email-marketing", yes=False)
    assert is_left_alone(shop, "email", "ida@example.net")
    head = ("customer id", "purpose", "consent", "date")
    rows = (head, ("ida@example.net", "email-marketing", "yes", "2026-11-23"))
    assert brought_in(shop, written(tmp_path, "yes.csv", *rows)).kept == 0


def test_a_list_made_before_addresses_were_seen_in_numbers_holds_for_its_kind(shop, clock):
    shop.keys.leave_alone(shop.cipher.leave_alone_marks("user_id", ["ida@example.net"]), suppress.ERASURE)
    with pytest.raises(LeftAlone), shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"user_id": "ida@example.net"}, now=clock())


def test_a_short_number_of_the_shop_is_no_telephone_number(shop, clock):
    with shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"user_id": "1002003"}, now=clock())
    shop.erasure.erase("1002003")
    assert not is_left_alone(shop, "phone", "1002003")
    assert is_left_alone(shop, "user_id", "1002003")


def test_a_claim_of_somebody_else_is_refused_and_says_nothing_of_her(erased):
    with pytest.raises(LeftAlone) as refused:
        erased.grant(Who(email=MAIL), "recommendations", asked=CLAIMED)
    assert MAIL not in str(refused.value)
    assert erased.find(Who(email=MAIL)) is None


def test_a_yes_by_a_number_does_not_reach_an_address_that_said_no(shop, clock):
    """Eve is known by a number, under which she said yes; her address, which comes to it later, was unsubscribed."""
    suppress.suppress(shop.cipher, [("email", "eve@example.org")], suppress.UNSUBSCRIBE)
    shop.grant(Who(user_id="eve"), "email-marketing", asked=CLAIMED)
    assert shop.can("eve", "email-marketing").allowed
    with shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"user_id": "eve", "email": "Eve@Example.org"}, now=clock())
    answer = shop.can("eve", "email-marketing")
    assert (answer.allowed, answer.reason) == (False, "left-alone")
    assert "their own yes" in answer.why
    shop.grant(Who(user_id="eve"), "recommendations", asked=CLAIMED)
    assert shop.can("eve", "recommendations").allowed  # the list is about mail
    says_herself(shop, "eve", "email-marketing", yes=False)
    assert shop.can("eve", "email-marketing").reason == "withdrawn"  # her own no tells more
    clock.turn(seconds=60)  # of a yes and a no at one moment the no counts
    says_herself(shop, "eve", "email-marketing")
    assert shop.can("eve", "email-marketing").reason == "requested"  # a letter asks whether that is her address


def test_the_code_from_a_letter_lets_her_in_again_and_her_own_yes_lets_mail_come(erased):
    signs_in(erased, MAIL)
    assert erased.find(Who(email=MAIL)) is not None
    assert is_left_alone(erased, "email", MAIL)  # looking at one's data is no yes to news
    with pytest.raises(LeftAlone):
        erased.grant(Who(email=MAIL), "email-marketing", asked=CLAIMED)
    says_herself(erased, Who(email=MAIL), "email-marketing")
    assert erased.can(Who(email=MAIL), "email-marketing").allowed
    assert not is_left_alone(erased, "email", MAIL)
    assert is_left_alone(erased, "user_id", "chiara")  # of which she showed nothing


@pytest.mark.parametrize("purpose", ["email-marketing", "recommendations"])
def test_nothing_but_her_own_act_lets_her_in_again_however_well_it_is_proved(erased, purpose, tmp_path):
    token = erased.notices.current("en").token
    answers = {(purpose, str(category)): True for category in erased.register[purpose].categories}
    with pytest.raises(LeftAlone):
        erased.grant(Who(email=MAIL), purpose, asked=Asked(how="phone"))
    with pytest.raises(BadInput, match="writes claims"):
        erased.grant(Who(email=MAIL), purpose, asked=Asked("page", evidence=Evidence.PROVEN, proof=Proof.SIGNED_IN))
    with pytest.raises(LeftAlone):
        erased.notices.answer(Who(email=MAIL), answers, token=token)
    head = ("email", "purpose", "consent", "date", "notice", "asked how")
    rows = (head, (MAIL, purpose, "yes", "2026-11-21", "n", "web"))
    assert brought_in(erased, written(tmp_path, "yes.csv", *rows)).kept == 0
    assert erased.find(Who(email=MAIL)) is None
    assert is_left_alone(erased, "email", MAIL)


def test_who_may_come_back_stands_on_no_list(shop):
    shop.erasure.erase("chiara", leave_alone=False)
    assert not is_left_alone(shop, "email", MAIL)
    shop.grant(Who(email=MAIL), "recommendations", asked=CLAIMED)
    assert shop.find(Who(email=MAIL)) is not None


def test_the_list_outlasts_rotation_and_is_read_by_others(erased, clock):
    erased.erasure.rotate()
    with open_shop(erased.folder, clock=clock) as again:
        assert is_left_alone(again, "email", MAIL)


def test_only_hashes_stand_on_it(erased):
    from goodwill.protect.canary import Canaries

    assert erased.keys.cut_log()
    assert not Canaries([MAIL, "chiara"]).in_folder(erased.folder / "keys")


# ---- imports -------------------------------------------------------------------------------------------------------


def test_customers_are_dropped_with_a_reason_that_tells_nothing(erased, tmp_path):
    before = many(erased)
    files = written(tmp_path, "customers.csv", ("email", "first name"), (MAIL, "Chiara"), ("new@example.org", "New"))
    report = brought_in(erased, files)
    assert many(erased) == before + 1
    assert (report.kept, report.rejected) == (1, 0)
    (remark,) = report.remarks
    assert (remark.lines, remark.rows, remark.value) == ((2,), 1, "")
    assert "left alone" in remark.problem
    assert not [word for word in (MAIL, "Chiara") if word in str(report)]
    assert not list((erased.folder / "exports").iterdir())


def test_what_she_bought_is_dropped_and_counted_by_nobody(erased, tmp_path):
    rows = (
        ("order", "date", "email", "product", "quantity", "amount"),
        ("1", "2026-03-01", MAIL, "bread", "1", "2.50"),
        ("2", "2026-03-01", OTHER, "bread", "1", "2.50"),
        ("3", "2026-03-02", "", "bread", "1", "2.50"),
    )
    report = brought_in(erased, written(tmp_path, "lines.csv", *rows))
    assert (report.kept, report.rejected) == (2, 0)
    assert [remark.rows for remark in report.remarks if "left alone" in remark.problem] == [1]


def test_consents_are_dropped(erased, tmp_path):
    rows = (
        ("email", "purpose", "consent", "date"),
        (MAIL, "recommendations", "yes", "2026-11-01"),
        (OTHER, "recommendations", "yes", "2026-11-01"),
    )
    report = brought_in(erased, written(tmp_path, "consents.csv", *rows))
    assert (report.kept, report.rejected) == (1, 0)
    assert erased.find(Who(email=MAIL)) is None


# ---- unsubscribing ---------------------------------------------------------------------------------------------------


def test_an_unsubscribe_stops_mail_and_nothing_else(shop, clock):
    says_herself(shop, "chiara", "email-marketing")
    says_herself(shop, "chiara", "email-marketing", yes=False)
    assert is_left_alone(shop, "email", MAIL)
    assert not is_left_alone(shop, "user_id", "chiara")
    with shop.database.transaction() as connection:
        assert people.identify(connection, shop.cipher, {"email": MAIL}, now=clock()) == shop.find("chiara")
    shop.grant("chiara", "recommendations", asked=CLAIMED)


def test_after_an_unsubscribe_only_she_herself_can_allow_mail_again(shop, tmp_path, clock):
    says_herself(shop, "chiara", "email-marketing", yes=False)
    with pytest.raises(LeftAlone):
        shop.grant("chiara", "email-marketing", asked=CLAIMED)
    rows = (("email", "purpose", "consent", "date"), (MAIL, "email-marketing", "yes", "2026-11-21"))
    assert brought_in(shop, written(tmp_path, "yes.csv", *rows)).kept == 0
    assert not shop.can("chiara", "email-marketing").allowed
    clock.turn(seconds=1)
    signs_in(shop, MAIL)
    says_herself(shop, "chiara", "email-marketing")
    assert shop.can("chiara", "email-marketing").allowed
    assert not is_left_alone(shop, "email", MAIL)


def test_an_erasure_after_an_unsubscribe_is_the_stronger_reason(shop, clock):
    says_herself(shop, "chiara", "email-marketing", yes=False)
    shop.erasure.erase("chiara")
    with pytest.raises(LeftAlone), shop.database.transaction() as connection:
        people.identify(connection, shop.cipher, {"email": MAIL}, now=clock())
