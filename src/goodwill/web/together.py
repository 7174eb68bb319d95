"""Whoever asks at once is answered together: while one group is worked out the next one gathers; nobody waits for more.

One look, one commit and one step from thread to thread serve all of a group, which is most of what an answer costs.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from goodwill.basics.errors import Busy
from goodwill.decide.decision import Decision
from goodwill.shop.deciding import Question

MOST_AT_ONCE: Final = 32  # so that the last of a group need not wait long for the first
MOST_WAITING: Final = 1_000
# Where several groups are worked out side by side, and one is, the next waits so long to grow to so many: the few who
# come first after an answer would else be a group of their own, which costs nearly as much as a large one.
ENOUGH: Final = 24
LINGER: Final = 0.006  # seconds

Tell = Callable[[Sequence[Decision]], msgspec.Struct]


class Asking(NamedTuple):
    """What a request wants chosen, and how its answer is made of that."""

    questions: list[Question]
    tell: Tell


@dataclass(frozen=True, slots=True)
class _Waiting:
    given: Any
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"


class Gathering:
    """Hands over what many bring, each group in one thread.

    Args:
        answers: each, in a thread of its own, works some of it out; tells of each the answer, or the error that it ends
            in.
    """

    def __init__(self, *answers: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._closed = False
        self._at_work = 0
        self._news = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, args=(answer,), name="goodwill-together", daemon=True)
            for answer in answers
        ]
        for thread in self._threads:
            thread.start()

    def bring(self, given: Any) -> "asyncio.Future[Any]":
        """The answer, once it is there.

        Raises:
            Busy: too many wait, or the server is closing.
        """
        loop = asyncio.get_running_loop()
        one = _Waiting(given, loop, loop.create_future())
        with self._news:
            if self._closed or len(self._waiting) >= MOST_WAITING:
                raise Busy("Too many ask at once; try again in a moment.")
            self._waiting.append(one)
            self._news.notify()
        return one.done

    def close(self) -> None:
        """Answer whoever waits, and end."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self, answer: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
        while some := self._next():
            try:
                self._work(answer, some)
            finally:
                with self._news:
                    self._at_work -= 1

    def _next(self) -> list[_Waiting]:
        """The next group; none when there is nothing more to do."""
        while True:
            with self._news:
                while not self._waiting and not self._closed:
                    self._news.wait()
                grows = self._at_work and len(self._waiting) < ENOUGH and not self._closed
            if grows:
                time.sleep(LINGER)
            with self._news:
                some = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
                if some or self._closed:  # else another took them meanwhile
                    self._at_work += bool(some)
                    return some

    def _work(self, answer: Callable[[Sequence[Any]], Sequence[Any]], some: Sequence[_Waiting]) -> None:
        try:
            answers = answer([one.given for one in some])
        except Exception as error:  # noqa: BLE001 (whoever asked is told)
            answers = [error] * len(some)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        for one, told in zip(some, answers, strict=True):
            by_loop.setdefault(one.loop, []).append((one.done, told))
        for loop, pairs in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, pairs)


def _settle(pairs: Sequence[tuple["asyncio.Future[Any]", Any]]) -> None:
    for done, answer in pairs:
        if done.done():  # whoever asked has gone, or was told to come back
            continue
        if isinstance(answer, Exception):
            done.set_exception(answer)
        else:
            done.set_result(answer)
