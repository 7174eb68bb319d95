"""Serve a shop over HTTP until told to stop; what was begun is finished first."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import BinaryIO

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar.types import ASGIApp

from goodwill import __version__
from goodwill.basics.errors import Conflict, GoodwillError
from goodwill.shop import Shop
from goodwill.shop.measures import NAMES, named
from goodwill.shop.today import Contacts, Today
from goodwill.web import pages
from goodwill.web.application import ENDPOINTS, REQUESTS_A_MINUTE, application, told
from goodwill.web.choosers import Chooser, Tally, choose
from goodwill.web.desk import Desk
from goodwill.web.logs import Log, Together, log_to

_LONGEST_HEAD = 16 * 1024  # bytes of request line and headers together
_AT_ONCE = 256  # requests in work; more wait in the socket's queue
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (to ask ourselves when we listen everywhere)
_TRIES = 3_000  # of 10 ms each
_NEW_THINGS = 20_000  # that may hold others, until Python looks for waste among them


def serve(
    shop: Shop,
    host: str = "127.0.0.1",
    port: int = 8400,
    *,
    per_minute: int = REQUESTS_A_MINUTE,
    log: Log | None = None,
    when_listening: Callable[[str], None] | None = None,
    choosers: Sequence[Sequence[str]] = (),
    aside: Sequence[str] = (),
) -> None:
    """Serve until SIGINT or SIGTERM, in this process; then finish the requests at hand and return.

    Args:
        per_minute: how many requests one key may make in a minute.
        choosers: commands that each begin a further process, which calls `choose_beside`; without, this one chooses.
        aside: a command, to which a home may be added, that begins a process which calls `work_aside`: it works out
            what takes long, and draws; without, this one does.
        when_listening: called with the shop's address once requests are taken.

    Raises:
        Conflict: something else listens at this address.
    """
    log = log or log_to(Together(sys.stderr))
    _check_free(host, port)
    beside = [Chooser(command) for command in choosers]
    try:
        for one in beside:
            if not one.wait():
                log.error("no chooser")
        app = application(reached_over(shop, host, port), per_minute=per_minute, log=log, choosers=beside, aside=aside)
        asyncio.run(_until_stopped(app, shop, host, port, log, when_listening))
    finally:
        for one in beside:
            one.close()


def choose_beside(shop: Shop, host: str, port: int, heard: BinaryIO, said: BinaryIO) -> None:
    """Choose for a server of another process, reached at an address, until it has nothing more to say."""
    here, tally = reached_over(shop, host, port), Tally()
    desk = Desk(here, per_minute=REQUESTS_A_MINUTE, metrics=tally)
    try:
        _spare_the_collector()
        choose(desk, tally, ENDPOINTS, partial(told, log_to(), here.settings.reached_at), heard, said)
    finally:
        desk.close()


def reached_over(shop: Shop, host: str, port: int) -> Shop:
    """The shop with links that lead here, unless its settings say where it is reached from outside."""
    here = _address(_ANY.get(host, host), port)
    return replace(shop, settings=replace(shop.settings, base_url=shop.settings.base_url or here))


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _until_stopped(
    app: ASGIApp, shop: Shop, host: str, port: int, log: Log, when_listening: Callable[[str], None] | None
) -> None:
    # Granian calls its embedding experimental; what we use of it (one worker, HTTP/1.1, a clean stop) a test holds.
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=_LONGEST_HEAD),
        websockets=False,
        backpressure=_AT_ONCE,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, server.stop)
    address = _address(host, port)
    announcing = loop.create_task(_announce(shop, host, port, address, log, when_listening))
    try:
        await server.serve()
    finally:
        announcing.cancel()
        log.info("stopped", address=address)


async def _announce(
    shop: Shop, host: str, port: int, address: str, log: Log, when_listening: Callable[[str], None] | None
) -> None:
    """Say that requests are taken, once one would be: granian's own start-up hooks run a moment too early."""
    for _ in range(_TRIES):
        try:
            _, line = await asyncio.open_connection(_ANY.get(host, host), port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        line.close()
        log.info("listening", address=address, version=__version__)
        if when_listening is not None:
            when_listening(address)
        await asyncio.to_thread(warm)
        await asyncio.to_thread(warm_home, shop)
        _spare_the_collector()
        return


def warm() -> None:
    """Load what pages of the office would load one by one when they are first asked for.

    It is done once requests are taken, so that nobody waits for it: no other command, and no start of a server.
    """
    pages.read_all()
    for name in NAMES:
        named(name)
    import_module("goodwill.access.many")  # by name: whatever imports this module otherwise has no need of that one


def warm_home(shop: Shop) -> None:
    """Ask once what the home asks: to put a question into SQL for the first time takes longer than to answer it."""
    today = Today(shop)
    asked = (today.first_steps, today.needs, today.sent, today.complaints, today.health, today.week)
    with suppress(GoodwillError):  # whoever opens the home is told
        for ask in (Contacts(shop).now, *asked):
            ask()


def _spare_the_collector() -> None:
    """What is there by now stays, so Python need not look through it for waste again, and looks less often at all."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_THINGS, 20, 20)


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise Conflict(f"Cannot listen at {host}:{port}: {error.strerror}. Choose another with --port.") from error
