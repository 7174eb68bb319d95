"""The privacy centre behind HTTP, as a browser meets it: over TLS, with cookies, saying where a form came from."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient
from tests.small_shop import Bakery, bakery
from tests.web.conftest import Client

from goodwill import people
from goodwill.basics.ids import PersonId
from goodwill.shop import Shop
from goodwill.shop.sign_in import SignInLetter
from goodwill.storage import Database
from goodwill.web.application import application

SITE = "https://shop.example"
HIDDEN = re.compile(r'name="(csrf|notice)" value="([^"]*)"')
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@dataclass
class Browser:
    """A browser with its own cookies."""

    site: Client
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    headers: dict[str, str] = field(default_factory=lambda: {"Sec-Fetch-Site": "same-origin"})

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Make a request with this browser's cookies, and keep those of the answer."""
        self.site.cookies = self.cookies
        answer: httpx.Response = self.site.request(method, path, follow_redirects=False, **more)
        self.cookies = self.site.cookies
        return answer

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers=headers)

    def press(self, path: str, *, on: str = "/privacy", headers: dict[str, str] | None = None, **fields: str) -> Any:
        """Send a form as the page ``on`` has it."""
        page = self.get(on).text
        sent = {"csrf": "", **dict(HIDDEN.findall(page)), **fields}
        return self.ask("POST", path, data=sent, headers=self.headers | (headers or {}))

    def see(self, path: str) -> str:
        """The text of a page, without its tags."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


@dataclass
class Street:
    """The shop, its people, and a browser for whoever comes by."""

    bakery: Bakery
    site: Client

    @property
    def shop(self) -> Shop:
        return self.bakery.shop

    def browser(self) -> Browser:
        return Browser(self.site)

    def person(self, name: str) -> PersonId:
        return self.bakery.person[name]

    def letter(self, address: str) -> SignInLetter:
        letter = self.shop.sign_in.ask(address, language="en").letter
        assert letter is not None
        return letter

    def signed_in(self, name: str) -> Browser:
        """A browser that somebody has signed in with, by link and code."""
        browser, letter = self.browser(), self.letter(f"{name}@example.org")
        path = path_of(letter)
        assert browser.press(path, on=path, code=letter.code).status_code == 303
        return browser


def path_of(letter: SignInLetter) -> str:
    return letter.link.removeprefix(SITE)


@pytest.fixture
def street(database: Database, tmp_path: Path, clock: Any) -> Iterator[Street]:
    """A bakery whose people have addresses, on either database."""
    settings = {"base_url": SITE, "name": "Corner <bakery>", "columns": "database", "smtp_from": "hello@bakery.example"}
    made = bakery(database, tmp_path, clock, then=give_addresses, **settings)
    with TestClient(application(made.shop), base_url=SITE) as site:
        yield Street(made, site)
    made.shop.close()


def give_addresses(shop: Shop) -> None:
    with shop.database.transaction() as connection:
        for name in ("amina", "bruno", "chiara", "dev"):
            ids = {"user_id": name, "email": f"{name}@example.org"}
            people.identify(connection, shop.cipher, ids, now=shop.clock())


@pytest.fixture
def everything_kept(street: Street) -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """All rows of all tables, but for the log of looking and when a browser was last seen."""
    from sqlalchemy import select

    from goodwill.storage import metadata

    def rows() -> dict[str, list[tuple[Any, ...]]]:
        with street.shop.database.reading() as connection:
            return {
                name: sorted(
                    map(tuple, connection.execute(select(*(c for c in table.c if c.name != "seen_at")))), key=repr
                )
                for name, table in metadata.tables.items()
                if name != "reads"
            }

    return rows
