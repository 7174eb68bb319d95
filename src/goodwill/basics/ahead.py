"""One step ahead: the next thing is made while the one before it is used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar, cast

T = TypeVar("T")
_END: Final = object()


def ahead(things: Iterator[T]) -> Iterator[T]:
    """The same things in the same order, each made in a thread of its own while the one before it is used.

    Whatever goes wrong while one is made is raised in its turn. Whoever stops early waits for the one at hand.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="goodwill-ahead") as thread:
        coming = thread.submit(next, things, _END)
        while (thing := coming.result()) is not _END:
            coming = thread.submit(next, things, _END)
            yield cast("T", thing)
            del thing
