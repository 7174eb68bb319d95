"""A shop served by a process of its own, and a real browser before it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.laws.servers import free_port
from tests.processes import loaded
from tests.reach.peer import Box, peer, plainly
from tests.small_shop import Bakery, bakery

from goodwill import people
from goodwill.basics.clock import system_clock
from goodwill.shop import Shop
from goodwill.storage import Database

_ALONE = [  # it calls nobody but the shop
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
_SERVE = """
import sys
from goodwill.app import open_shop
from goodwill.web.serve import serve
with open_shop(sys.argv[1]) as shop:
    serve(shop, port=int(sys.argv[2]), when_listening=lambda address: print(address, flush=True))
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's browser; the tests bring none of their own."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ALONE)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A browser of somebody's own before the served shop, and what went wrong in it.

    Attributes:
        faults: what the browser complains of: scripts that broke, what the page's own policy forbade.
        asked: every address that it asked for.
    """

    page: Page
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "the server responded with a status of" not in text:
            self.faults.append(text)


@dataclass
class Served:
    """The served shop."""

    bakery: Bakery
    address: str
    chromium: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def shop(self) -> Shop:
        return self.bakery.shop

    def visitor(self, **wishes: Any) -> Visitor:
        """Somebody's own browser."""
        context = self.chromium.new_context(**{"locale": "en-GB", "base_url": self.address} | wishes)
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        return Visitor(context.new_page())

    def letter(self) -> str:
        """Let the letters that wait go through a real mail server, and read the last one."""
        box = Box()
        with peer(box) as port:
            replace(self.shop, channel=plainly(port)).post.deliver()
        return box.texts[-1]

    def sign_in(self, visitor: Visitor, name: str) -> None:
        """Follow the link in a letter, and type its code."""
        letter = self.shop.sign_in.ask(f"{name}@example.org", language="en").letter
        assert letter is not None
        visitor.page.goto("/privacy/link/" + letter.link.rpartition("/")[2])
        visitor.page.fill("#code", letter.code)
        visitor.page.press("#code", "Enter")
        visitor.page.wait_for_url("**/privacy")


@pytest.fixture
def served(database: Database, tmp_path: Path, chromium: Browser) -> Iterator[Served]:
    """A bakery that has chosen something for Amina, with addresses for her, Bruno and Dev."""
    settings: dict[str, Any] = {"name": "Corner bakery", "columns": "database", "smtp_from": "hello@bakery.example"}
    made = bakery(database, tmp_path, system_clock, **settings)
    shop = made.shop
    with shop.database.transaction() as connection:
        for name in ("amina", "bruno", "dev"):
            ids = {"user_id": name, "email": f"{name}@example.org"}
            people.identify(connection, shop.cipher, ids, now=shop.clock())
    shop.learn()
    shop.decide("amina", count=4)
    with loaded(_SERVE, shop.folder, free_port()) as process:
        there = Served(made, process.stdout.readline().strip(), chromium)
        try:
            yield there
        finally:
            for context in there.contexts:
                context.close()
            process.terminate()
            process.wait(timeout=20)
    shop.close()
