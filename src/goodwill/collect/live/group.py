"""Group commit: many requests wait while one writes, so that what is acknowledged is on disk without a commit for each.

While one group is being written the next one gathers; nobody waits for a timer. What would not fit into memory is sent
away at once with the word to come back, before it is read.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from goodwill.basics.errors import Busy
from goodwill.collect.live.reading import Given, Outcome

MOST_AT_ONCE: Final = 5_000  # messages in one transaction
MOST_WAITING: Final = 20_000  # messages that wait for theirs
MOST_BYTES: Final = 32 * 1024 * 1024

Outcomes = list[Outcome]
Take = Callable[[Sequence[Given]], list[Outcomes]]


class Full(Busy):
    """Too much waits to be written; nothing of this was taken."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    given: Given
    bytes: int
    done: "Future[Outcomes]" = field(default_factory=Future)


class Group:
    """Hands over what many bring, in one thread.

    Args:
        take: writes what some requests brought, whole or not at all, and commits it.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._waiting: deque[_Waiting] = deque()
        self._messages = self._bytes = 0
        self._closed = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="goodwill-intake", daemon=True)
        self._thread.start()

    def bring(self, given: Given, size: int) -> "Future[Outcomes]":
        """What becomes of the messages of a request, once they are on disk.

        Args:
            size: of the request, in bytes.

        Raises:
            Full: too much waits.
        """
        one = _Waiting(given, size)
        with self._news:
            if self._closed:
                raise Full("The server is closing.")
            if self._messages and (
                self._messages + len(given.messages) > MOST_WAITING or self._bytes + size > MOST_BYTES
            ):
                raise Full("Too much is waiting to be written; send it again in a moment.")
            self._waiting.append(one)
            self._messages += len(given.messages)
            self._bytes += size
            self._news.notify()
        return one.done

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return self._messages

    def close(self) -> None:
        """Write what waits, and end."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._closed:
                    self._news.wait()
                some = self._some()
            if not some:
                return
            self._write(some)
            with self._news:
                self._messages -= sum(len(one.given.messages) for one in some)
                self._bytes -= sum(one.bytes for one in some)

    def _some(self) -> list[_Waiting]:
        some: list[_Waiting] = []
        messages = 0
        while self._waiting and (not some or messages + len(self._waiting[0].given.messages) <= MOST_AT_ONCE):
            some.append(self._waiting.popleft())
            messages += len(some[-1].given.messages)
        return some

    def _write(self, some: Sequence[_Waiting]) -> None:
        some = [one for one in some if one.done.set_running_or_notify_cancel()]
        if not some:
            return
        try:
            taken = self._take([one.given for one in some])
        except Busy as error:
            for one in some:
                one.done.set_exception(error)
        except Exception as error:  # noqa: BLE001 (whoever brought it is told; nobody else suffers by it)
            if len(some) == 1:
                some[0].done.set_exception(error)
                return
            for one in some:
                self._write_alone(one)
        else:
            for one, outcomes in zip(some, taken, strict=True):
                one.done.set_result(outcomes)

    def _write_alone(self, one: _Waiting) -> None:
        try:
            one.done.set_result(self._take([one.given])[0])
        except Exception as error:  # noqa: BLE001 (as above)
            one.done.set_exception(error)
