"""Work in bulk makes tens of thousands of small objects at once, none of them in circles.

Python looks through its new objects for circles after every 700 of them; that was a fifth of an import's time.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_AT_ONCE: Final = 50_000  # objects: some megabytes
_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []  # one for each block that is under way


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Look for circles less often in this block, in the whole program; with the last such block all is as it was."""
    with _lock:
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        gc.set_threshold(max(_AT_ONCE, _usual[0][0]), *_usual[0][1:])
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)
