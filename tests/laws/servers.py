"""Real server processes on one shop, and the history of what clients asked and were told, for laws about them."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from tests.processes import Loaded, loaded

_SCRIPT = """
import sys
from goodwill.app import open_shop
from goodwill.web.serve import serve

with open_shop(sys.argv[1]) as shop:
    shop.warm()
    serve(shop, port=int(sys.argv[2]), when_listening=lambda address: print(address, flush=True))
"""


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def serving(home: Path) -> Iterator[tuple[Loaded, str]]:
    """A server process and its address, once it listens; killed at the end if it still runs."""
    with loaded(_SCRIPT, home, free_port()) as process:
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), process.complained
            yield process, address
        finally:
            process.kill()


def told(client: httpx.Client, path: str, body: object) -> Any:
    """The answer to a request; an answer that is an error is one too."""
    return client.post(path, json=body).raise_for_status().json()


class Said(NamedTuple):
    """One request of a history: when it was begun and when answered (monotonic seconds), what was asked and told.

    ``told`` is None where no answer came: it may have been done or not.
    """

    begun: float
    ended: float
    asked: Any
    told: Any


@dataclass
class History:
    """What several clients did at the same time."""

    lines: list[Said] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, asked: Any, do: Callable[[], Any], *, lost: type[Exception] | tuple[type[Exception], ...]) -> Said:
        """Do it, and write down when it began, when it ended, and what came back; None where the answer was lost."""
        begun = time.monotonic()
        try:
            told = do()
        except lost:
            told = None
        line = Said(begun, time.monotonic(), asked, told)
        with self._lock:
            self.lines.append(line)
        return line
