"""Real libraries of other makers send to a real server; between them stands a wire that can be made to fail."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.laws.servers import serving

from goodwill.app import create_shop, open_shop
from goodwill.catalogue import store as catalogue
from goodwill.catalogue.products import Product
from goodwill.consent import Asked
from goodwill.people.tables import events
from goodwill.people.types import BY_CODE
from goodwill.shop import Shop, Who
from goodwill.web.keys import create_key

ASKED = Asked(how="test")


@dataclass
class Wire:
    """Hands requests on to the server, and answers the first ones itself with what `fail` lists.

    Attributes:
        seen: method, path and headers (in small letters) of each request.
    """

    server: str
    address: str = ""
    fail: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass
class Place:
    """A shop that is being served."""

    home: Path
    wire: Wire
    server_key: str
    pages_key: str

    def shop(self) -> Shop:
        return open_shop(self.home)

    def agrees(self, who: Who, purpose: str = "recommendations") -> None:
        """Somebody allows suggestions, or something else."""
        with self.shop() as shop:
            shop.grant(who, purpose, asked=ASKED)

    def held(self, who: Who) -> list[tuple[str, str | None]]:
        """The events of somebody: type and product."""
        with self.shop() as shop, shop.database.transaction() as connection:
            person = shop.find_in(connection, who)
            if person is None:
                return []
            rows = connection.execute(events.select().where(events.c.person == person).order_by(events.c.id)).all()
            names = catalogue.of_ids(connection, {row.product for row in rows if row.product is not None})
        return [(BY_CODE[row.type].name, names[row.product].external if row.product else None) for row in rows]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A shop with three products, served; each test lets customers of its own agree to something."""
    home = tmp_path_factory.mktemp("place") / "home"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("postgresql").database())
        yield stack.enter_context(_place(home, url or f"sqlite:///{home}/shop.db"))


@contextmanager
def _place(home: Path, url: str) -> Iterator[Place]:
    with create_shop(home, name="Corner café", database=url, columns="database", currency="EUR") as shop:
        now = shop.clock()
        with shop.database.transaction() as connection:
            catalogue.upsert_many(connection, [Product(name, name.title()) for name in ("bread", "wine", "olives")])
            server = create_key(connection, "shop", ["collect"], now=now).text
            pages = create_key(connection, "pages", ["collect"], now=now, public=True).text
    with serving(home) as (_, address), _wired(address) as wire:
        yield Place(home, wire, server, pages)


class _wired:  # noqa: N801 (used as a function)
    def __init__(self, server: str) -> None:
        wire = self.wire = Wire(server)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._handle()

            def do_GET(self) -> None:
                self._handle()

            def do_OPTIONS(self) -> None:
                self._handle()

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                wire.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                if self.command == "POST" and wire.fail:
                    status, headers = wire.fail.pop(0)
                    self._answer(status, headers, b'{"code":"later","message":"Come back."}')
                    return
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                given = httpx.request(self.command, wire.server + self.path, headers=headers, content=body, timeout=30)
                if self.command == "POST":
                    wire.answers.append((given.status_code, given.content))
                kept = {k: v for k, v in given.headers.items() if k not in ("content-length", "connection", "date")}
                self._answer(given.status_code, kept, given.content)

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.wire.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Wire:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.wire

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
