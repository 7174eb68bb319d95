"""How fast one key may ask: a bucket that fills steadily, so that one runaway script cannot starve the shop."""

from dataclasses import dataclass
from math import ceil
from threading import Lock

from goodwill.basics.clock import SECOND, Clock

_MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Left:
    """What a key has left after this request.

    Attributes:
        allowed: whether this request may go on.
        remaining: requests that could follow at once.
        wait: seconds until the next one is possible; 0 when it is.
        full_in: seconds until the bucket is full again.
    """

    allowed: bool
    remaining: int
    wait: int
    full_in: int


class Pace:
    """Token buckets by key, in this process.

    Args:
        quota: requests that fit at once.
        window: seconds in which an empty bucket fills.
    """

    def __init__(self, quota: int, window: int, clock: Clock) -> None:
        self.quota = quota
        self.window = window
        self._clock = clock
        self._per_token = window * SECOND / quota
        self._full_at: dict[str, float] = {}  # microseconds
        self._lock = Lock()

    def take(self, key: str) -> Left:
        """Take one request from a key's bucket (generic cell rate algorithm, ITU-T I.371)."""
        now = self._clock()
        with self._lock:
            if len(self._full_at) >= _MOST_REMEMBERED:  # whose bucket is full is as good as unknown
                self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
            # Not beyond one window from now: else a clock that was set back would shut the key out.
            before = min(max(self._full_at.get(key, now), now), now + self.window * SECOND)
            full_at = before + self._per_token
            over = full_at - now - self.window * SECOND
            if over > 0.5:  # half a microsecond: the sums above are floats
                self._full_at[key] = before
                full_in = ceil((before - now) / SECOND)
                return Left(allowed=False, remaining=0, wait=ceil(over / SECOND), full_in=full_in)
            self._full_at[key] = full_at
        spare = self.window * SECOND - (full_at - now)
        remaining = max(0, int(spare / self._per_token + 1e-6))
        return Left(allowed=True, remaining=remaining, wait=0, full_in=ceil((full_at - now) / SECOND))

    def headers(self, left: Left) -> dict[str, str]:
        """The answer's headers (IETF draft "RateLimit header fields for HTTP"), and Retry-After when it is a no."""
        lines = {
            "RateLimit-Policy": f'"key";q={self.quota};w={self.window}',
            "RateLimit": f'"key";r={left.remaining};t={left.full_in}',
        }
        if not left.allowed:
            lines["Retry-After"] = str(max(1, left.wait))
        return lines
