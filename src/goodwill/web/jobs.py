"""Work that may take longer than a page should: whoever asks gets it, or a page that tells how far it is.

The same is worked out once, whoever asks for it meanwhile, and in another process where there is one for it.
"""

import pickle
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from goodwill.web.aside import Aside

if TYPE_CHECKING:
    from goodwill.shop import Shop

Of = TypeVar("Of")

PATIENCE: Final = 0.12  # seconds that a page waits before it tells how far the work is: a page has 0.2 in all
_KEPT: Final = 100
_THREADS: Final = 2  # one long work keeps a short one from nobody


@dataclass
class Job:
    """Work under way.

    Attributes:
        asked: when, by a clock that only counts. before: seconds that the same kind took last; None: never done yet.
        state: of what it is worked out from, as it was when it began. told: whether somebody got it already.
    """

    kind: str
    future: "Future[Any]"
    before: float | None
    state: Hashable = None
    told: bool = False
    asked: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """For how long it has been asked for."""
        return time.monotonic() - self.asked


@dataclass(frozen=True, slots=True)
class Done(Generic[Of]):
    """What came of it."""

    value: Of


class Jobs:
    """All work of one server that pages asked for.

    Args:
        aside: starts a process that works things out (see `Aside`); without, a thread of this one does.
        gone: hears the number of such a process that ended by itself.
    """

    def __init__(
        self, shop: "Shop", aside: Sequence[str] = (), gone: Callable[[int], object] = lambda _: None
    ) -> None:  # fmt: skip
        self._shop = shop
        self._asides = [Aside(aside, greeting=_greeting(shop), gone=gone) for _ in range(_THREADS)] if aside else []
        self._free = list(self._asides)
        self._jobs: dict[Hashable, Job] = {}
        self._took: dict[str, float] = {}
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="goodwill-jobs")

    def of(
        self, kind: str, key: Hashable, work: "Callable[[Shop], Of]", *, patience: float = PATIENCE,
        keep: bool = False, state: Hashable = None,
    ) -> Done[Of] | Job:  # fmt: skip
        """What the work gives, if it is done soon enough, or how far it is; what it raises is raised.

        Args:
            kind: works of one kind take about as long. key: the same work has the same.
            work: a function of a module, or a `partial` of one: it may be sent to another process.
            keep: tell the same to whoever asks later, as long as the state is the same; else it is worked out again for
                whoever comes after it was told.
            state: of what it is worked out from. Work under way is not begun again because that has moved meanwhile.
        """
        job = self._begun(kind, (kind, key), work, state)
        try:
            done = Done(job.future.result(timeout=patience))
        except Late:
            return job
        except BaseException:
            self._forget((kind, key), job)  # what went wrong may go well when it is asked for again
            raise
        job.told = True
        if not keep:
            self._forget((kind, key), job)
        return done

    def close(self) -> None:
        for one in self._asides:
            one.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _begun(self, kind: str, key: Hashable, work: "Callable[[Shop], Of]", state: Hashable) -> Job:
        with self._lock:
            job = self._jobs.get(key)
            if job is None or (job.told and job.state != state):
                done = [one for one, other in self._jobs.items() if other.future.done()]
                for old in done[: max(0, len(self._jobs) - _KEPT + 1)]:
                    del self._jobs[old]
                job = Job(kind, self._threads.submit(self._timed, kind, work), self._took.get(kind), state)
                self._jobs[key] = job
            return job

    def _timed(self, kind: str, work: "Callable[[Shop], Of]") -> Of:
        begins = time.monotonic()
        given = self._done(work)
        self._took[kind] = time.monotonic() - begins
        return given

    def _done(self, work: "Callable[[Shop], Of]") -> Of:
        if not self._asides:
            return work(self._shop)
        one = self._free.pop()  # one for each thread; who rested last is taken first, so that mostly there is but one
        try:
            return one.do(work)
        finally:
            self._free.append(one)

    def _forget(self, key: Hashable, job: Job) -> None:
        with self._lock:
            if self._jobs.get(key) is job:
                del self._jobs[key]


def _greeting(shop: "Shop") -> bytes:
    """How this process has the shop open; nothing where that was not read from a home."""
    return pickle.dumps((shop.opened_with, shop.settings)) if shop.opened_with else b""
