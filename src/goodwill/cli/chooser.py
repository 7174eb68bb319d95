"""A process that chooses for a server: ``python -m goodwill.cli.chooser HOME HOST PORT``, begun by ``goodwill serve``.

It hears on its standard input and answers on its standard output, and ends when there is nothing more to hear; so what
stops the server stops it too, after it has finished what it began.
"""

import os
import signal
import sys


def main(home: str, host: str, port: int) -> None:
    """Choose until the server is gone."""
    for sign in (signal.SIGINT, signal.SIGTERM):  # they are meant for the server, which lets this one finish
        signal.signal(sign, signal.SIG_IGN)
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed goes where the log goes
    from goodwill.app import open_shop
    from goodwill.web.serve import choose_beside

    with open_shop(home) as shop:
        shop.warm()
        choose_beside(shop, host, port, sys.stdin.buffer, said)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
