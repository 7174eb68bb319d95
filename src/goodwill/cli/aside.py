"""A process that works out what takes long: ``python -m goodwill.cli.aside [HOME]``, begun by ``goodwill serve``.

Without a home it does what needs no shop: it draws. It first hears how the server has the shop open: what lies in the
home may have been changed since, and one server should say one thing.

It hears on its standard input and answers on its standard output, and ends when there is nothing more to hear; so what
stops the server stops it too.
"""

import os
import pickle
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goodwill.shop import Shop

_NICE = 5  # pages go first where both want the same processor


def main(home: str | None = None) -> None:
    """Work until the server is gone."""
    for sign in (signal.SIGINT, signal.SIGTERM):  # they are meant for the server, which ends this one
        signal.signal(sign, signal.SIG_IGN)
    os.nice(_NICE)
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed goes where the log goes
    from goodwill.web.aside import work_aside
    from goodwill.web.logs import log_to
    from goodwill.web.piped import read

    if (greeting := read(sys.stdin.buffer, None)) is None:
        return  # the server is gone already
    if home is None:
        work_aside(None, log_to(), sys.stdin.buffer, said)
        return
    with _opened(home, greeting) as shop:
        work_aside(shop, log_to(), sys.stdin.buffer, said)


def _opened(home: str, greeting: bytes) -> "Shop":
    """The shop as whoever greets has it open; as its files say, where that is not told."""
    from goodwill.app import open_alike, open_shop

    if not greeting:
        return open_shop(home)
    opened_with, settings = pickle.loads(greeting)  # noqa: S301 - from the server, over a pipe that nobody else holds
    return replace(open_alike(home, opened_with), settings=settings)


if __name__ == "__main__":
    main(*sys.argv[1:2])
