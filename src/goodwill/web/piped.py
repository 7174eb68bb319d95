"""Messages between a server and the processes that it begins, each with its length before it."""

import os
import select
import time
from typing import IO, Final

_LENGTH: Final = 8  # bytes before each message that say how long it is


def write(said: IO[bytes], message: bytes) -> None:
    """Say a message, with its length before it."""
    said.write(len(message).to_bytes(_LENGTH, "big") + message)
    said.flush()


def read(heard: IO[bytes], seconds: float | None) -> bytes | None:
    """The next message; None where there is none any more, or none whole within some seconds."""
    due = None if seconds is None else time.monotonic() + seconds
    head = _exactly(heard, _LENGTH, due)
    return None if head is None else _exactly(heard, int.from_bytes(head, "big"), due)


def _exactly(heard: IO[bytes], size: int, due: float | None) -> bytes | None:
    """So many bytes, read past what the stream would keep for later, which `select` would not see."""
    found, file = bytearray(), heard.fileno()
    while len(found) < size:
        left = None if due is None else max(0.0, due - time.monotonic())
        if left is not None and not select.select([file], [], [], left)[0]:
            return None
        some = os.read(file, size - len(found))
        if not some:
            return None
        found += some
    return bytes(found)
