"""Signing in by mail, and everything that must not open: guesses, replays, other browsers, scanners, forged forms."""

import re
from dataclasses import replace

from tests.reach.peer import Box, peer, plainly
from tests.web.centre.conftest import CSRF, path_of

from goodwill.basics.codes import TRIES
from goodwill.people.types import event_type
from goodwill.rights.sign_in.store import MOST_LETTERS
from goodwill.shop import Who
from goodwill.storage import audit

IN = "/privacy"


def test_the_browser_that_asked_opens_the_link_with_one_press(street):
    browser, box = street.browser(), Box()
    assert browser.press("/privacy/sign-in", address="Amina@Example.org").headers["location"] == "/privacy/code"
    with peer(box) as port:
        replace(street.shop, channel=plainly(port)).post.deliver()
    assert box.to == ["amina@example.org"]
    path = re.findall(r"https://shop.example(/privacy/link/\S+)", box.texts[0])[0]
    assert "Press the button" in browser.see(path)
    opened = browser.press(path, on=path)
    assert opened.status_code == 303
    assert "Your choices" in browser.see(IN)
    for cookie in opened.headers.get_list("set-cookie"):
        assert re.search(r"^__Host-\S+=.*; HttpOnly;.* Path=/; SameSite=lax; Secure", cookie), cookie
    session = browser.cookies["__Host-goodwill-person"]
    assert session not in box.texts[0]
    assert browser.get(path).status_code == 410  # once only
    elsewhere = street.browser()
    assert elsewhere.press(path, on=path).status_code == 403
    assert "Your choices" not in elsewhere.see(IN)


def test_any_other_browser_needs_the_code_from_the_letter_too(street):
    letter, browser = street.letter("amina@example.org"), street.browser()
    path = path_of(letter)
    assert "another browser" in browser.see(path)
    pressed = browser.press(path, on=path)
    assert pressed.status_code == 403
    assert "another browser" in pressed.text
    assert browser.press(path, on=path, code="ABCD-EFGH").status_code == 422
    assert browser.press(path, on=path, code=letter.code.lower().replace("-", " ")).status_code == 303
    assert "Your choices" in browser.see(IN)
    again = street.browser()
    assert again.press(path, on=IN, code=letter.code).status_code == 410


def test_the_code_alone_opens_nothing_in_a_browser_that_did_not_ask(street):
    letter, browser = street.letter("amina@example.org"), street.browser()
    assert browser.press("/privacy/code", code=letter.code).status_code == 422
    assert browser.press("/privacy/sign-in", address="bruno@example.org").status_code == 303
    assert browser.press("/privacy/code", on="/privacy/code", code=letter.code).status_code == 422


def test_ten_wrong_codes_end_a_letter(street):
    letter, browser = street.letter("amina@example.org"), street.browser()
    path = path_of(letter)
    for _ in range(TRIES):
        answer = browser.press(path, on=path, code="AAAA-AAAA")
    assert answer.status_code == 410
    assert browser.press(path, on=IN, code=letter.code).status_code == 410


def test_a_letter_ends_after_half_an_hour_and_a_session_when_nobody_is_there(street, clock):
    letter = street.letter("amina@example.org")
    browser = street.signed_in("amina")
    clock.turn(seconds=29 * 60)
    assert "Your choices" in browser.see(IN)
    clock.turn(seconds=29 * 60)
    assert "Your choices" in browser.see(IN)
    assert browser.get(path_of(letter)).status_code == 410
    clock.turn(seconds=31 * 60)
    assert "Your choices" not in browser.see(IN)
    ended = browser.get("/privacy/data")
    assert (ended.status_code, "Please sign in" in ended.text) == (403, True)


def test_even_somebody_busy_is_signed_out_after_twelve_hours(street, clock):
    browser = street.signed_in("amina")
    for _ in range(36):
        clock.turn(seconds=20 * 60)
        last = "Your choices" in browser.see(IN)
    assert not last


def test_signing_out_ends_the_session_on_the_server_too(street):
    browser = street.signed_in("amina")
    kept = dict(browser.cookies)
    assert browser.press("/privacy/sign-out").headers["location"] == "/privacy/out"
    assert "signed out" in browser.see("/privacy/out")
    thief = street.browser()
    thief.cookies.update(kept)
    assert "Your choices" not in thief.see(IN)


def test_the_answer_does_not_tell_whether_an_address_is_known(street):
    answers = []
    for address in ("amina@example.org", "nobody@example.org", "bruno@example.org", "someone.else@example.net"):
        browser = street.browser()
        answer = browser.press("/privacy/sign-in", address=address)
        headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "set-cookie")}
        cookies = sorted(re.sub(r"=[\w-]{43};", "=…;", line) for line in answer.headers.get_list("set-cookie"))
        page = CSRF.sub("", browser.get("/privacy/code").text)
        answers.append((answer.status_code, answer.content, headers, cookies, page))
    assert all(answer == answers[0] for answer in answers[1:])
    assert street.shop.find(Who(email="nobody@example.org")) is None


def test_whoever_was_unknown_is_known_once_she_showed_her_address(street):
    browser, letter = street.browser(), street.letter("new@example.org")
    path = path_of(letter)
    assert browser.press(path, on=path, code=letter.code).status_code == 303
    assert "nothing about you but the address" in browser.see("/privacy/data")
    assert "you have not been asked yet" in browser.see(IN)
    assert street.shop.find(Who(email="new@example.org")) is not None


def test_one_address_gets_a_few_letters_and_whoever_asks_for_more_sees_no_difference(street, clock):
    answers = [street.browser().press("/privacy/sign-in", address="amina@example.org") for _ in range(MOST_LETTERS + 2)]
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(303, "/privacy/code")}
    with street.shop.database.reading() as connection:
        sent = [line.detail["letter"] for line in audit.lines(connection) if line.action == "sign-in.ask"]
    assert sent == [True] * MOST_LETTERS + [False] * 2
    clock.turn(seconds=31 * 60)
    assert street.shop.sign_in.ask("amina@example.org", language="en").letter is not None


def test_one_place_on_the_net_may_ask_only_so_often(street):
    browser = street.browser()
    answers = [browser.press("/privacy/sign-in", address=f"a{n}@example.org").status_code for n in range(32)]
    assert answers[:30] == [303] * 30
    assert answers[30:] == [429] * 2


NO_ADDRESSES = (
    "", "amina", "a@b", "amina@example.org\r\nBcc: all@example.org", "x" * 300 + "@b.example",
    "amina@example.org,bruno@example.org", "Amina <amina@example.org>", "amina@exa\x85mple.org",
)  # fmt: skip


def test_what_is_no_address_gets_no_letter(street):
    browser = street.browser()
    for address in NO_ADDRESSES:
        answer = browser.press("/privacy/sign-in", address=address)
        assert answer.status_code == 422, address
        assert "looks like name@example.org" in answer.text
    with street.shop.database.reading() as connection:
        assert not [line for line in audit.lines(connection) if line.action == "sign-in.ask"]


def test_nothing_that_opens_something_is_kept_as_it_is(street, everything_kept):
    letter = street.letter("secret.person@example.org")
    browser = street.browser()
    browser.press("/privacy/sign-in", address="amina@example.org")
    inside = street.signed_in("amina")
    kept = repr(everything_kept())
    secrets = [path_of(letter).rpartition("/")[2], letter.code.replace("-", ""), "secret.person"]
    secrets += [*browser.cookies.values(), *inside.cookies.values()]
    assert [one for one in secrets if one in kept] == []


def test_the_log_of_changes_tells_of_each_try_and_names_nobody(street):
    letter, browser = street.letter("amina@example.org"), street.browser()
    path = path_of(letter)
    browser.press(path, on=path, code="AAAA-AAAA")
    browser.press(path, on=path, code=letter.code)
    with street.shop.database.reading() as connection:
        lines = audit.lines(connection)
    tries = [(line.actor, line.detail["opened"], line.person) for line in lines if line.action == "sign-in.try"]
    assert tries == [("the person", False, None), ("the person", True, street.person("amina"))]
    assert "example.org" not in repr(lines)


# ---- forms from elsewhere ------------------------------------------------------------------------------------------

FORMS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/privacy/choices", {"purpose": "recommendations", "category": "purchases", "yes": "no"}),
    ("/privacy/choices/all", {"yes": "yes"}),
    ("/privacy/pause", {"days": "30"}),
    ("/privacy/less-often", {"yes": "yes"}),
    ("/privacy/language", {"language": "de"}),
    ("/privacy/sign-out", {}),
    ("/privacy/sign-in", {"address": "amina@example.org"}),
)


def test_a_form_that_another_site_sends_changes_nothing(street, everything_kept):
    browser = street.signed_in("amina")
    good = CSRF.search(browser.get(IN).text)[1]
    other = CSRF.search(street.signed_in("bruno").get(IN).text)[1]
    before = everything_kept()
    for path, fields in FORMS:
        for proof, headers in (
            ("", {"Sec-Fetch-Site": "same-origin"}),
            (other, {"Sec-Fetch-Site": "same-origin"}),
            (good, {"Sec-Fetch-Site": "cross-site"}),
            (good, {"Sec-Fetch-Site": "same-site"}),
            (good, {"Origin": "https://evil.example"}),
            (good, {"Origin": "null"}),
        ):
            answer = browser.ask("POST", path, data={**fields, "csrf": proof}, headers=headers)
            assert answer.status_code == 403, (path, headers)
            assert "was not sent from our page" in answer.text
    assert everything_kept() == before


def test_an_old_browser_that_says_little_is_let_in_by_the_proof_in_the_form(street):
    browser = street.signed_in("amina")
    for headers in ({}, {"Origin": "https://shop.example"}):
        browser.headers = headers
        assert browser.press("/privacy/pause", days="30").status_code == 303


# ---- looking never changes anything ------------------------------------------------------------------------------

EXPLAINED = event_type("explained").code


def without_what_was_told(kept: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """All that is kept but what a first look at a decision keeps for her: what she was told of it, once."""
    told = [row for row in kept["events"] if row[2] == EXPLAINED]
    assert len(told) <= 1
    return kept | {"events": [row for row in kept["events"] if row[2] != EXPLAINED]}


def test_looking_never_changes_anything_whoever_looks_and_however_often(street, everything_kept):
    from goodwill.web.centre.pages import PAGES

    letter, browser = street.letter("amina@example.org"), street.signed_in("amina")
    street.shop.learn()
    made = street.shop.decide("amina", count=2)
    stranger = street.browser()
    token = path_of(letter).rpartition("/")[2]
    for language in ("en", "de"):  # the first look at a notice that came with goodwill enters it among those shown
        browser.get(f"/privacy?lang={language}")
    before = everything_kept()
    looked = 0
    some = "aaaaaaaaaaaaa"
    given: dict[str, object] = {
        "token": token,
        "decision": made.id,
        "mark": street.shop.why.address(made.id).rpartition("/")[2],
        "number": some,
        "position": 1,
        "right": "access",
        "form": "json",
    }
    for page in PAGES:
        for visitor in (browser, stranger):
            path = page.path.format(**given)
            for method in ("GET", "HEAD"):
                answer = visitor.ask(method, path + "?lang=de")
                looked += answer.status_code < 400
    assert looked > 20
    assert without_what_was_told(everything_kept()) == before
    assert street.browser().press(path_of(letter), on=path_of(letter), code=letter.code).status_code == 303
