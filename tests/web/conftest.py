"""A shop behind HTTP, with the cast: Amina allows everything, Bruno was never asked, Chiara withdrew, Dev is new."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient
from tests.copies import shop_of_a_kind

from goodwill.app import create_shop
from goodwill.consent import Asked
from goodwill.shop import Shop, Who
from goodwill.storage import Database
from goodwill.web.application import application
from goodwill.web.keys import create_key
from goodwill.web.logs import log_to
from goodwill.web.store import Scope

Client = TestClient[Any]
MakeClient = Callable[..., Client]


def furnish(shop: Shop) -> Shop:
    """Let Amina allow all, and Chiara allow suggestions and take it back."""
    asked = Asked(how="test")
    for entry in shop.register.asked():
        shop.grant(Who(user_id="amina"), entry.name, asked=asked)
    shop.grant(Who(user_id="chiara"), "recommendations", asked=asked)
    shop.grant(Who(user_id="chiara"), "recommendations", asked=asked, yes=False)
    shop.rights.open("access", address="asked@example.com")
    shop.segments.new("Quiet", "offers", {"is": "never", "what": "bought"})
    return shop


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """The clients that a test opened."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def shop(database: Database, tmp_path: Path, clock: Any, clients: ExitStack) -> Iterator[Shop]:
    """A shop of its own, on either database; closed after its clients."""
    opened, _ = shop_of_a_kind(
        "corner",
        lambda made: furnish(made).settings.name,
        database,
        tmp_path / "home",
        clock,
        name="Corner café",
        base_url="https://shop.example",
        columns="database",  # the first decision need not wait for DuckDB to start
    )
    yield opened
    clients.close()
    opened.close()


@pytest.fixture(scope="session")
def quiet_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop that many tests ask and none changes."""
    opened = create_shop(
        tmp_path_factory.mktemp("quiet") / "home",
        name="Quiet <shop>",
        watermark="demo: consents invented – all of them",
        columns="database",
    )
    furnish(opened).faithful.measure()  # of no decision: there is a figure to read all the same
    opened.proofs.checkpoint()
    yield opened
    opened.close()


@dataclass(eq=False)
class Quiet:
    """The quiet shop's one application: making one takes longer than most of what is asked of it.

    Attributes:
        lines: where its log goes just now.
    """

    shop: Shop
    lines: io.StringIO = field(default_factory=io.StringIO)

    def write(self, text: str) -> int:
        return self.lines.write(text)

    def flush(self) -> None:
        self.lines.flush()

    def running(self) -> Client:
        log: Any = self
        return TestClient(application(self.shop, log=log_to(log)))


@pytest.fixture(scope="session")
def quiet_site(quiet_shop: Shop) -> Iterator[tuple[Quiet, Client]]:
    quiet = Quiet(quiet_shop)
    with quiet.running() as client:
        yield quiet, client


@pytest.fixture
def lines() -> io.StringIO:
    """What the application wrote to its log."""
    return io.StringIO()


@pytest.fixture
def an_application_each(lines: io.StringIO, clients: ExitStack) -> MakeClient:
    """Open a shop's application for a client; it is closed at the end."""

    def client_of(shop: Shop, *scopes: Scope, **options: Any) -> Client:
        client: Client = clients.enter_context(TestClient(application(shop, log=log_to(lines), **options)))
        return with_key(client, shop, *scopes)

    return client_of


@pytest.fixture
def client_of(an_application_each: MakeClient) -> MakeClient:
    return an_application_each


@pytest.fixture
def one_application(
    lines: io.StringIO, quiet_site: tuple[Quiet, Client], an_application_each: MakeClient
) -> MakeClient:
    """The same, but the quiet shop's application is made once: where many tests ask it, and its counters do not count.

    Where a whole file is of that kind, it says that this is its ``client_of``.
    """
    quiet, running = quiet_site
    quiet.lines = lines

    def client_of(shop: Shop, *scopes: Scope, **options: Any) -> Client:
        if shop is not quiet.shop or options:
            return an_application_each(shop, *scopes, **options)
        client: Client = copy(running)
        client.headers, client.cookies = httpx.Headers(), httpx.Cookies()
        return with_key(client, shop, *scopes)

    return client_of


def with_key(client: Client, shop: Shop, *scopes: Scope) -> Client:
    if scopes:
        client.headers["Authorization"] = f"Bearer {key_for(shop, *scopes)}"
    return client


@pytest.fixture
def quiet(client_of: MakeClient, quiet_shop: Shop) -> Client:
    """A client of the quiet shop with a key for everything."""
    return client_of(quiet_shop, *Scope)


@pytest.fixture
def client(client_of: MakeClient, shop: Shop) -> Client:
    """A client of a shop of its own, with a key for everything."""
    return client_of(shop, *Scope)


def key_for(shop: Shop, *scopes: str) -> str:
    with shop.database.transaction() as connection:
        return create_key(connection, "a test", scopes, now=shop.clock()).text
