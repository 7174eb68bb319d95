"""The pages for staff in a real browser without scripts: what a form sends from there is what the checks expect."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from benchmarks import shopify_export
from tests.staff.working import GOOD

from goodwill.app import create_shop
from goodwill.basics.clock import day_of
from goodwill.collect.connectors.store import FAILED, add, change, sources
from goodwill.collect.live.store import Came, note

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a shop that is served by the command, and an owner's token."""
    home = tmp_path_factory.mktemp("served") / "home"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with create_shop(home, name="Café Amina", columns="database", port=port) as shop:
        token = shop.staff.invite("olga@shop.example", "Olga Berg", "owner").token
        shop.webhooks.add("shopify", "main", "hush-hush-hush")
        with shop.database.transaction() as connection:
            came = [("Product Viewed", ""), ("Order Completed", "no-consent"), ("Product Added", "unknown-product")]
            now = shop.clock()
            for event, rule in came:
                line = Came("a-key-of-pages", event, rule)
                note(connection, line, day=day_of(now, shop.settings.zone), now=now)
            source = sources(connection)[0].id
            number = add(connection, source, "d-1", "orders/create", now=now) or 0
            change(connection, number, {"state": FAILED, "reason": "Busy", "sealed": b"sealed"})
    command = [sys.executable, "-m", "goodwill", "serve", "--home", str(home)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"http://localhost:{port}", token
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(port: int) -> None:
    for _ in range(600):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not start")


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        opened = browser.new_context(java_script_enabled=False).new_page()
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()


def fits(page: Any) -> bool:
    """Whether nothing stands beyond the edge of a narrow screen."""
    page.set_viewport_size({"width": 320, "height": 700})
    widest = max(box["x"] + box["width"] for one in page.query_selector_all("main *") if (box := one.bounding_box()))
    page.set_viewport_size({"width": 900, "height": 700})
    return bool(widest <= 320)


def test_an_owner_finds_the_way_in_and_out_with_forms_alone(served, page):
    address, token = served
    page.goto(f"{address}/staff/sign-in")
    assert fits(page)
    page.click("text=Choose a password")
    page.fill("#token", token)
    page.fill("#password", "password1234")
    page.click("text=Choose it")
    assert "guessed first" in page.inner_text("[role=alert]")
    assert fits(page)
    page.fill("#password", GOOD)
    page.click("text=Choose it")
    page.click("text=Show the key")
    assert fits(page)
    page.fill("#code", pyotp.TOTP(page.inner_text(".key")).now())
    page.click("text=Use this phone")
    assert page.locator(".codes li").count() == 10
    assert fits(page)
    codes = page.locator(".codes code").all_inner_texts()
    page.click("text=I have them")
    assert "Chrome on Linux (this one)" in page.inner_text("main")
    assert fits(page)
    page.click("text=Sign out everywhere")
    page.fill("#email", "olga@shop.example")
    page.fill("#password", GOOD)
    page.keyboard.press("Enter")
    page.fill("#code", codes[0])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    page.goto(f"{address}/staff")
    assert "9 of 10" in page.inner_text("main")
    kept = {cookie["name"]: cookie for cookie in page.context.cookies()}["goodwill"]
    assert (kept["httpOnly"], kept["sameSite"], kept["path"]) == (True, "Lax", "/")


def enter(served: tuple[str, str], page: Any) -> str:
    """Be at the owner's page: still signed in from the test before, or for the first time; tells the address."""
    address, token = served
    page.goto(f"{address}/staff")
    if page.url.endswith("/sign-in"):
        page.click("text=Choose a password")
        page.fill("#token", token)
        page.fill("#password", GOOD)
        page.click("text=Choose it")
        page.click("text=Show the key")
        page.fill("#code", pyotp.TOTP(page.inner_text(".key")).now())
        page.click("text=Use this phone")
        page.click("text=I have them")
    return address


def test_the_office_is_there_for_every_eye_and_looks_again_when_asked(served, page):
    address = enter(served, page)
    page.click("text=What comes in")
    assert page.locator("tbody tr").count() == 6
    page.select_option("#became", "refused")
    page.click("text=Show")
    assert page.locator(".state.refused").count() == 2
    page.click("text=Look again by itself")
    with page.expect_navigation(timeout=20_000):
        pass
    assert "follow=88" in page.url or "follow=89" in page.url
    assert "became=refused" in page.url
    page.click("a:text-is('Stop')")
    assert "follow" not in page.url
    page.click("nav >> text=Webhooks")
    assert page.locator("main button").count() == 1
    kept = page.context.storage_state()
    for scheme in ("light", "dark"):
        context = page.context.browser.new_context(storage_state=kept, color_scheme=scheme)
        looking = context.new_page()
        for path in ("/office/intake", "/office/intake?follow=0", "/office/webhooks"):
            looking.goto(address + path)
            found = Axe().run(looking)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            looking.set_viewport_size({"width": 320, "height": 700})  # tables scroll by themselves, the page does not
            assert looking.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            looking.set_viewport_size({"width": 900, "height": 700})
        context.close()


def test_files_come_in_without_a_script_and_every_page_of_the_way_is_for_every_eye(served, page, tmp_path):
    enter(served, page)
    file = tmp_path / "orders_export.csv"
    shopify_export.write(file, 40)
    page.click("text=Files")
    page.set_input_files("#files", file)
    look_at(page, "choose")
    page.click("button:text-is('See what would come in')")
    page.wait_for_selector("text=This is what would come in", timeout=60_000)
    page.wait_for_selector("text=Take it in", timeout=60_000)
    assert "You would then be allowed to e-mail" in page.inner_text("main")
    look_at(page, "seen")
    page.click("button:text-is('Take it in')")
    page.wait_for_selector("text=Take it back", timeout=60_000)
    assert "40 orders" in page.inner_text("main")
    look_at(page, "taken")
    page.click("button:text-is('Take it back')")
    page.wait_for_selector("text=is taken back", timeout=60_000)
    (tmp_path / "riddle.csv").write_text("one,two\n1,2\n")
    page.set_input_files("#files", tmp_path / "riddle.csv")
    page.click("button:text-is('See what would come in')")
    page.wait_for_selector("text=The files hold", timeout=60_000)
    look_at(page, "asked")


def test_a_workbook_comes_in_by_the_sheet_that_is_said_on_the_page(served, page, tmp_path):
    enter(served, page)
    page.click("text=Files")
    workbook = openpyxl.Workbook()
    workbook.active.title = "Read me"
    for row in (["Exported by", "on"], ["the till", datetime.fromisoformat("2026-11-01 08:15")]):
        workbook.active.append(row)
    people, orders = workbook.create_sheet("People"), workbook.create_sheet("Orders")
    for row in (
        ["customer", "e-mail", "born"],
        ["00942", "wanda@example.org", date(1990, 5, 17)],
        [943, "no address", None],
    ):
        people.append(row)
    for row in (["order", "customer", "time", "total"], [1, "00942", datetime.fromisoformat("2026-11-01 08:15"), 4.9]):
        orders.append(row)
    workbook.save(tmp_path / "till.xlsx")
    page.set_input_files("#files", tmp_path / "till.xlsx")
    page.click("button:text-is('See what would come in')")
    page.wait_for_selector("text=A question about your files", timeout=60_000)
    question = page.inner_text("[role=alert]")
    assert "Others are People, Orders: say which in the field 'sheet'." in question
    assert "--" not in question
    look_at(page, "workbook-asked")
    page.select_option("#more", "sheet")
    page.fill("#value", "People")
    page.click("button:text-is('Look again')")
    page.wait_for_selector("text=Take it in", timeout=60_000)
    assert "no address" in page.inner_text("main")  # the one that is rejected
    look_at(page, "workbook-seen")
    with page.expect_download() as kept:
        page.click("a:has-text('rejects')")
    rejected = Path(kept.value.path()).read_text("utf-8-sig")
    assert "943" in rejected
    assert "wanda" not in rejected
    page.click("button:text-is('Take it in')")
    page.wait_for_selector("text=Take it back", timeout=60_000)
    page.click("button:text-is('Take it back')")
    page.wait_for_selector("text=is taken back", timeout=60_000)
    (tmp_path / "cut.xlsx").write_bytes((tmp_path / "till.xlsx").read_bytes()[:-200])
    page.set_input_files("#files", tmp_path / "cut.xlsx")
    page.click("button:text-is('See what would come in')")
    page.wait_for_selector("text=These files cannot be read", timeout=60_000)
    look_at(page, "workbook-cut")


def look_at(page: Any, name: str) -> None:
    """Look at what stands there in both themes and on a narrow screen."""
    kept, at = page.context.storage_state(), page.url
    for scheme in ("light", "dark"):
        context = page.context.browser.new_context(storage_state=kept, color_scheme=scheme)
        looking = context.new_page()
        looking.goto(at)
        found = Axe().run(looking)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        if kept_in := os.environ.get("GOODWILL_PICTURES"):
            looking.screenshot(path=f"{kept_in}/{name}-{scheme}.png", full_page=True)
        looking.set_viewport_size({"width": 320, "height": 700})  # tables scroll by themselves, the page does not
        assert looking.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        context.close()
