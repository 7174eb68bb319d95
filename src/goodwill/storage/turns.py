"""Writers of one process take turns, first come first served.

SQLite lets one write at a time and has the others ask again and again, at ever longer intervals: whoever comes by at
the right moment goes first, and somebody else may wait for seconds. Here the next one is called when it is their turn.
"""

from collections import deque
from threading import Lock


class Turns:
    """A lock that is handed on in the order of arrival."""

    def __init__(self) -> None:
        self._door = Lock()  # held for a moment only
        self._waiting: deque[Lock] = deque()
        self._holder: object | None = None

    def take(self, who: object, patience: float) -> bool:
        """Wait for a turn; False if it did not come within ``patience`` seconds."""
        with self._door:
            if self._holder is None:
                self._holder = who
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        called = mine.acquire(timeout=patience)
        with self._door:
            if not called and mine in self._waiting:
                self._waiting.remove(mine)
                return False
            self._holder = who  # called, or called in the very moment when patience ended
            return True

    def give(self, who: object) -> None:
        """End one's turn and call the next; whoever has none changes nothing."""
        with self._door:
            if self._holder is not who:
                return
            if self._waiting:
                self._holder = self._waiting[0]  # until the one who is called says who it is
                self._waiting.popleft().release()
            else:
                self._holder = None
