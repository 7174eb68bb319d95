"""Another process works out what takes long, so that no page waits for its turn at Python's one lock.

It opens the same home, with the settings of the server, and asks everything anew. It is begun when there is work, ended
when there was none for a while, and ends by itself as soon as the server is gone, however that ended.
"""

import os
import pickle
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread, Timer
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from goodwill.basics.errors import Busy, GoodwillError
from goodwill.web.logs import Log, where
from goodwill.web.piped import read, write

if TYPE_CHECKING:
    from goodwill.shop import Shop

Of = TypeVar("Of")

IDLE: Final = 60.0  # seconds without work after which the process ends: what it holds of memory is given back
_NOT_NOW: Final = "What takes long could not be worked out just now; try again in a moment."


class Ended(Busy):
    """The process ended before it was done, twice."""


class Broke(Exception):
    """Something broke there that nobody foresaw; the log has a line of where."""


@dataclass(frozen=True, slots=True)
class _Raised:
    """An error on its way to whoever asked; it is not made anew there, for some are made of other words than theirs."""

    kind: type[Exception]
    args: tuple[Any, ...]
    more: dict[str, Any]

    def again(self) -> Exception:
        error = self.kind.__new__(self.kind, *self.args)
        vars(error).update(self.more)
        return error


# ---- in the server ---------------------------------------------------------------------------------------------------


class Aside:
    """One such process, or none while there is no work.

    Args:
        command: starts it; it speaks through its standard streams.
        idle: seconds without work after which it ends.
        greeting: what it hears first: how the server has the shop open, for what lies in the home may have changed.
        gone: hears the number of a process that ended by itself.
    """

    def __init__(
        self, command: Sequence[str], idle: float = IDLE, *, greeting: bytes = b"",
        gone: Callable[[int], object] = lambda _: None,
    ) -> None:  # fmt: skip
        self._command, self._idle = list(command), idle
        self._greeting, self._gone = greeting, gone
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: Timer | None = None
        self._over = False

    @property
    def number(self) -> int:
        """Of the process; 0 while there is none."""
        process = self._process
        return process.pid if process is not None else 0

    def do(self, work: "Callable[[Shop], Of]") -> Of:
        """What the work gives there; what it raises is raised here.

        Args:
            work: a function of a module, or such a one with its arguments; there it gets the shop of that process.

        Raises:
            Ended: the process ended before it was done, twice.
            Broke: something that nobody foresaw.
        """
        message = pickle.dumps(work)
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            # One that ended left nothing half done: what is kept of a figure is kept in one transaction.
            answer = self._asked(message) or self._asked(message)
            self._timer = Timer(self._idle, self._rest)
            self._timer.daemon = True
            self._timer.start()
        if answer is None:
            raise Ended(_NOT_NOW)
        given = pickle.loads(answer)  # noqa: S301 - from the other end, over a pipe that nobody else holds
        if isinstance(given, _Raised):
            raise given.again()
        found: Of = given
        return found

    def close(self) -> None:
        """End it at once: nobody waits for what it works on any more."""
        self._over = True
        if (process := self._process) is not None:
            process.kill()  # whoever waits for it lets go of the lock
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._end()

    def _asked(self, message: bytes) -> bytes | None:
        """What it answers; None where it ended first."""
        if self._over:
            return None
        begins = self._process is None
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        number, heard, said = self._process.pid, self._process.stdout, self._process.stdin
        try:
            if said is not None:
                for one in (self._greeting, message) if begins else (message,):
                    write(said, one)
            answer = None if heard is None else read(heard, None)
        except OSError:
            answer = None
        if answer is None:
            self._end()
            if not self._over:
                self._gone(number)
        return answer

    def _rest(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                _let_go(stream)


def _let_go(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except OSError:
        return  # what was not said yet is for nobody


# ---- in the other process --------------------------------------------------------------------------------------------


def work_aside(shop: "Shop | None", log: Log, heard: IO[bytes], said: IO[bytes]) -> None:
    """Work out one thing after the other, for as long as this process lives.

    Args:
        shop: None where what is worked out has no need of one, such as pictures.
    """
    asked = SimpleQueue[bytes]()
    Thread(target=_listen, args=(heard, asked), daemon=True).start()
    while True:
        write(said, _answer(shop, log, asked.get()))


def _listen(heard: IO[bytes], asked: "SimpleQueue[bytes]") -> None:
    """Hear what is asked; whoever asked is gone when there is nothing more to hear, and so is all reason to go on."""
    while (message := read(heard, None)) is not None:
        asked.put(message)
    os._exit(0)


def _answer(shop: "Shop | None", log: Log, message: bytes) -> bytes:
    work: Callable[[Shop | None], Any] = pickle.loads(message)  # noqa: S301 - from the other end, over a pipe that nobody else holds
    try:
        return pickle.dumps(work(shop))
    except (GoodwillError, ImportError) as error:  # what is not installed, its own page says
        return pickle.dumps(_Raised(type(error), error.args, vars(error)))
    except Exception as error:  # noqa: BLE001 - whoever asked hears that it broke, and the log where
        return pickle.dumps(_broke(log, error))


def _broke(log: Log, error: Exception) -> _Raised:
    log.error("broke", error=type(error).__name__, where=where(error))
    return _Raised(Broke, (type(error).__name__,), {})
