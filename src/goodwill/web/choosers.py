"""Further processes that choose, for one that talks: who asks is heard and let in by one process, and answered by all.

What is kept in memory (files that staff bring, counters, the pace of each key, jobs) stays in the one that talks. Those
that choose hear groups of requests that were let in already, work each group out in a transaction of their own, look at
consent in it as always, and say what to answer. Where one is gone, the one that talks chooses itself until it is back.
"""

import select
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import IO, Final

import msgspec

from goodwill.web.desk import Admitted, Desk, Endpoint, Letter, Notes, Told, actor_of
from goodwill.web.logs import Log
from goodwill.web.metrics import Counted, Metrics
from goodwill.web.piped import read, write
from goodwill.web.store import Key

READY: Final = b"ready"
_TO_BEGIN: Final = 120.0  # seconds to open the shop and fetch what was learned
_TO_ANSWER: Final = 20.0  # seconds for a group; whoever asked was told to come back long before
_PAUSE: Final = 10.0  # seconds between two starts of one that ends again and again


class Sent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A request that was let in."""

    operation: str
    key: Key
    headers: list[tuple[bytes, bytes]]
    body: bytes
    query: bytes
    path: dict[str, str]
    address: str
    request: str


class Back(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What to answer to one request; more: further headers of the answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    more: dict[str, str]


class Answers(msgspec.Struct, frozen=True, array_like=True):
    """What to answer to a group, and what is to be counted of it."""

    backs: list[Back]
    counted: Counted


class Gone(Exception):
    """A process that chooses does not answer."""


_SECRETS: Final = frozenset((b"authorization", b"cookie"))
_ENCODER: Final = msgspec.msgpack.Encoder()
_SENT: Final = msgspec.msgpack.Decoder(list[Sent])
_ANSWERS: Final = msgspec.msgpack.Decoder(Answers)


# ---- in the process that talks ---------------------------------------------------------------------------------------


class Chooser:
    """One process that chooses; one thread asks it.

    Args:
        command: starts it; it speaks through its standard streams.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._begun = 0.0
        self._ended = 0
        self._begin()

    @property
    def number(self) -> int:
        """Of the process; 0 while there is none."""
        process = self._process
        return process.pid if process is not None else 0

    @property
    def ended(self) -> int:
        """How often one ended, or was given up, that nobody had asked to."""
        return self._ended

    def wait(self, seconds: float = _TO_BEGIN) -> bool:
        """Whether it is ready, at the latest after some seconds."""
        try:
            return self._is_ready(seconds)
        except Gone:
            return False

    def answer(self, brought: Sequence[tuple[Endpoint, Letter, Admitted]]) -> Answers:
        """What to answer to some requests.

        Raises:
            Gone: it does not answer, or is not there yet.
        """
        with self._lock:
            if self._process is None and time.monotonic() - self._begun > _PAUSE:
                self._begin()
            if not self._is_ready(0):
                raise Gone
            sent = [
                Sent(
                    endpoint.operation.name, admitted.key, _without_secrets(letter), letter.body, letter.query,
                    {name: str(value) for name, value in letter.path.items()}, letter.address, letter.notes.request,
                )
                for endpoint, letter, admitted in brought
            ]  # fmt: skip
            self._say(_ENCODER.encode(sent))
            try:
                found = _ANSWERS.decode(self._hear(_TO_ANSWER))
            except msgspec.MsgspecError:
                self._end()
                raise Gone from None
        if len(found.backs) != len(brought):
            raise Gone
        return found

    def close(self) -> None:
        """Let it finish and end."""
        with self._lock:
            process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            process.wait(_TO_ANSWER)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _begin(self) -> None:
        self._begun, self._ready = time.monotonic(), False
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603

    def _end(self) -> None:
        """Give it up; another one is begun later."""
        process, self._process = self._process, None
        if process is not None:
            self._ended += 1
            process.kill()
            process.wait()

    def _is_ready(self, seconds: float) -> bool:
        if not self._ready and self._process is not None and self._said_something(seconds):
            self._ready = self._hear(seconds) == READY
        return self._ready

    def _said_something(self, seconds: float) -> bool:
        heard = self._process.stdout if self._process is not None else None
        return heard is not None and bool(select.select([heard], [], [], seconds)[0])

    def _say(self, message: bytes) -> None:
        said = self._process.stdin if self._process is not None else None
        if said is None:
            raise Gone
        try:
            write(said, message)
        except OSError:
            self._end()
            raise Gone from None

    def _hear(self, seconds: float) -> bytes:
        heard = self._process.stdout if self._process is not None else None
        if heard is None:
            raise Gone
        message = read(heard, seconds)
        if message is None:
            self._end()
            raise Gone
        return message


def _without_secrets(letter: Letter) -> list[tuple[bytes, bytes]]:
    """The headers of a request, without what let it in: it is in."""
    return [line for line in letter.headers if line[0] not in _SECRETS]


def answer_by(
    desk: Desk, chooser: Chooser, log: Log
) -> Callable[[Sequence[tuple[Endpoint, Letter]]], list[bytes | Exception]]:
    """Works a group of requests out: who asks is let in here, what is chosen is worked out there."""

    def elsewhere(good: Sequence[tuple[Endpoint, Letter, Admitted]]) -> list[bytes | Exception]:
        if any(admitted.session is not None for _, _, admitted in good):
            return desk.worked_out(good)
        number, ended = chooser.number, chooser.ended
        try:
            found = chooser.answer(good)
        except Gone:
            if chooser.ended != ended:  # not only not there yet
                _missed(desk, log, number)
            return desk.worked_out(good)
        desk.metrics.add(found.counted)
        for (_, letter, _), back in zip(good, found.backs, strict=True):
            letter.notes.headers.update(back.more)
        return [back.body if back.status == 200 else Told(back.status, back.headers, back.body) for back in found.backs]

    return lambda brought: desk.answer_together(brought, elsewhere)


def _missed(desk: Desk, log: Log, number: int) -> None:
    """Let whoever runs the shop know that a process ended; this one chooses until another one is ready."""
    desk.metrics.note_chooser_gone()
    log.error("chooser gone", process=number)


# ---- in a process that chooses ---------------------------------------------------------------------------------------


def choose(
    desk: Desk,
    tally: "Tally",
    endpoints: Iterable[Endpoint],
    told: Callable[[Mapping[str, object], Exception], tuple[int, list[tuple[bytes, bytes]], bytes]],
    heard: IO[bytes],
    said: IO[bytes],
) -> None:
    """Answer group after group, until there is nothing more to hear.

    Args:
        tally: where the desk counts.
        told: makes an answer of an error.
    """
    known = {endpoint.operation.name: endpoint for endpoint in endpoints if endpoint.asking is not None}
    write(said, READY)
    while (message := read(heard, None)) is not None:
        brought = []
        for one in _SENT.decode(message):
            notes = Notes(one.request, one.key.id)
            letter = Letter(tuple(one.headers), notes, one.body, one.query, one.path, one.address)
            brought.append((known[one.operation], letter, Admitted(one.key, actor_of(one.key), None)))
        backs = []
        for (endpoint, letter, _), answer in zip(brought, desk.worked_out(brought), strict=True):
            if isinstance(answer, bytes):
                status, headers, body = 200, list[tuple[bytes, bytes]](), answer
            else:
                scope = {"path": endpoint.operation.path, "state": {"notes": letter.notes}}
                status, headers, body = told(scope, answer)
            backs.append(Back(status, headers, body, letter.notes.headers))
        write(said, _ENCODER.encode(Answers(backs, tally.taken())))


class Tally(Metrics):
    """Counts for another process: what was counted is taken with each group."""

    def __init__(self) -> None:
        super().__init__()
        self._tally = Counted()

    def note_decision(self, *, personalised: bool, reason: str) -> None:
        self._tally.decisions.append((personalised, reason))

    def note_refusal(self, reason: str) -> None:
        self._tally.refusals.append(reason)

    def note_signal(self) -> None:
        self._tally.signals += 1

    def taken(self) -> Counted:
        """What was counted since this was last asked."""
        tally, self._tally = self._tally, Counted()
        return tally
