"""The log: one JSON line per request, with fields from a list; nothing else can get in, so no personal data can."""

import asyncio
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Protocol, TextIO

import msgspec
import structlog

# The key's public id and the route's template are in; addresses, query strings, bodies, messages and names are not.
FIELDS = frozenset(
    (
        "event",
        "level",
        "at",
        "request",
        "method",
        "route",
        "status",
        "ms",
        "key",
        "error",
        "where",
        "address",
        "version",
        "process",
    )
)


class Log(Protocol):
    """What the web room needs of a logger."""

    def info(self, event: str, **fields: object) -> Any: ...
    def error(self, event: str, **fields: object) -> Any: ...


class Together:
    """A stream that writes what one round of the event loop says in one go: each write lets go of Python's lock.

    Outside an event loop it writes at once.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []

    def write(self, text: str) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._stream.write(text)
            self._stream.flush()
            return
        self._lines.append(text)
        if len(self._lines) == 1:
            loop.call_soon(self._write)

    def flush(self) -> None:
        """Nothing: what was said is written at the end of the round."""

    def _write(self) -> None:
        said, self._lines = "".join(self._lines), []
        self._stream.write(said)
        self._stream.flush()


def log_to(stream: "TextIO | Together | None" = None) -> Log:
    """A log that writes JSON lines, to standard error unless told."""
    log = structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),  # type: ignore[arg-type] # it writes and flushes, and no more
        processors=[
            structlog.processors.add_log_level,
            only_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.JSONRenderer(serializer=_text),
        ],
    )
    bound: Log = log.bind()  # once, not for each line
    return bound


def _text(line: object, **_: object) -> str:
    return msgspec.json.encode(line).decode()


def only_allowed(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list."""
    return {name: value for name, value in line.items() if name in FIELDS}


def where(error: BaseException) -> str:
    """Where an error came from, innermost call last, without its message: that may quote what somebody sent."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
