"""What waits for somebody, as the doctor tells of it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from goodwill.cli.findings import Finding, State

if TYPE_CHECKING:
    from goodwill.app import Settings
    from goodwill.storage import Database

Command = Callable[..., str]  # a command of goodwill's, for the same shop


def look(settings: "Settings", database: "Database", command: Command) -> Iterator[Finding]:
    """Look at all that waits; says nothing where nothing does."""
    from goodwill.basics.clock import system_clock
    from goodwill.shop import waiting

    zone, can_send = ZoneInfo(settings.zone), bool(settings.smtp_host)
    for one in waiting.look(database, zone=zone, now=system_clock(), can_send=can_send):
        state = State.WRONG if one.wrong else State.NOTE
        yield Finding(one.what, state, one.found, one.helps or command(*one.command))
