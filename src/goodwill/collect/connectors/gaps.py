"""What somebody should look at: a source that went quiet, orders that never came, webhooks that did not get through."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from sqlalchemy import Connection

from goodwill.basics.clock import DAY, SECOND, iso
from goodwill.collect.connectors import store
from goodwill.collect.connectors.store import OPEN, REVOKED, Source

_HOUR: Final = 3_600 * SECOND
_LOOKED_AT: Final = 28 * DAY
_LEAST: Final = 10  # deliveries, before anybody can say what is usual
_LONGER: Final = 3  # times the longest silence so far
_GRACE: Final = _HOUR  # in which a delivery that was overtaken may still come
_SHOWN: Final = 5


def alarms(connection: Connection, source: Source, *, now: int) -> list[str]:
    """What is wrong with a source, each in a sentence; nothing where all is well."""
    found: list[str] = []
    if source.all_go_by is not None:
        found.append(
            f"{source.system} asks that everybody who came by it be erased by {iso(source.all_go_by)[:10]}: "
            f"goodwill webhooks redact {source.system} {source.name}"
        )
    if source.state == REVOKED:
        return found
    if many := store.stuck(connection).get(source.id):
        found.append(f"{many} did not get through: goodwill webhooks deliveries --failed")
    if source.state == OPEN:
        times = store.times(connection, source.id, since=now - _LOOKED_AT)
        if (silence := silent_for(times, now)) is not None:
            found.append(
                f"nothing came for {_long(silence)}, which is unusual here: see whether the sender has switched it off"
            )
        if lost := sorted(int(number) for number, since in source.missing.items() if now - since > _GRACE):
            named = ", ".join(map(str, lost[:_SHOWN])) + (" …" if len(lost) > _SHOWN else "")
            found.append(f"orders that never came ({len(lost)}): {named}; import them from a file")
    return found


def silent_for(times: Sequence[int], now: int) -> int | None:
    """How long nothing came, if that is much longer than ever before; None if all is as usual, or nobody can say.

    Args:
        times: of the deliveries of the last weeks, oldest first.
    """
    if len(times) < _LEAST:
        return None
    longest = max(later - earlier for earlier, later in pairwise(times))
    silence = now - times[-1]
    return silence if silence > max(_LONGER * longest, 6 * _HOUR) else None


def _long(span: int) -> str:
    hours = span // _HOUR
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"
