"""A process that works out what takes long: ``python -m goodwill.cli.aside [HOME]``, begun by ``goodwill serve``.

Without a home it does what needs no shop: it draws.

It hears on its standard input and answers on its standard output, and ends when there is nothing more to hear; so what
stops the server stops it too.
"""

import os
import signal
import sys

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

    if home is None:
        work_aside(None, log_to(), sys.stdin.buffer, said)
    from goodwill.app import open_shop

    with open_shop(home) as shop:
        work_aside(shop, log_to(), sys.stdin.buffer, said)


if __name__ == "__main__":
    main(*sys.argv[1:2])
