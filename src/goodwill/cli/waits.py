"""What waits for somebody, for the doctor: letters that do not leave, erasures that are not through, late answers."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from goodwill.cli import out
from goodwill.cli.findings import Finding, State

if TYPE_CHECKING:
    from goodwill.app import Settings
    from goodwill.storage import Database

Command = Callable[..., str]  # a command of goodwill's, for the same shop
_LATELY = 30  # days; what was given up before that is history
_SHOWN = 3


def look(settings: "Settings", database: "Database", command: Command) -> Iterator[Finding]:
    """Look at all that waits; says nothing where nothing does."""
    yield from _letters(settings, database, command)
    yield from _erasures(settings, database, command)
    yield from _requests(settings, database, command)
    yield from _webhooks(database, command)


def _letters(settings: "Settings", database: "Database", command: Command) -> Iterator[Finding]:
    from goodwill.basics.clock import DAY, system_clock
    from goodwill.reach import store
    from goodwill.reach.outbox import ERASED, NOT_ALLOWED

    with database.reading() as connection:
        waiting = store.counts(connection).get(store.WAITING, 0)
        stuck = store.stuck(connection, since=system_clock() - _LATELY * DAY, but=(ERASED, NOT_ALLOWED))
    if waiting and not settings.smtp_host:
        found = f"{out.number(waiting, 'letters')} cannot leave: no mail server is set"
        yield Finding("mail", State.WRONG, found, "smtp_host and smtp_from in goodwill.toml")
    for state, words in (
        (store.WAITING, "could not be delivered yet"),
        (store.GIVEN_UP, f"given up in {_LATELY} days"),
        (store.UNKNOWN, f"of {_LATELY} days that may have arrived or not"),
    ):
        if these := [one for one in stuck if one.state == state]:
            reasons = "; ".join(one.reason for one in these[:_SHOWN])
            letters = out.number(sum(one.letters for one in these), "letters")
            yield Finding("mail", State.NOTE, f"{letters} {words}: {reasons}", command("mail", "show"))


def _erasures(settings: "Settings", database: "Database", command: Command) -> Iterator[Finding]:
    from goodwill.people import erasures

    with database.reading() as connection:
        unfinished = erasures.unfinished(connection)
    for one in unfinished:
        status = "pending: residue" if one.state is erasures.State.ERASED else "pending"
        asked = out.when(one.asked_at, ZoneInfo(settings.zone))
        found = f"of id:{one.person}, asked for {asked}, is {status}"
        yield Finding("erasure", State.NOTE, found, command("people", "erased", "--finish"))


def _requests(settings: "Settings", database: "Database", command: Command) -> Iterator[Finding]:
    from goodwill.basics.clock import day_of, system_clock
    from goodwill.basics.ids import opaque
    from goodwill.rights import store

    zone = ZoneInfo(settings.zone)
    today = day_of(system_clock(), zone)
    with database.reading() as connection:
        open_now = store.queue(connection, closed=False, limit=1 << 30)
    for one in open_now:
        # Where the clock stands, it stands from the day on which it was paused.
        late = (today if one.paused_at is None else day_of(one.paused_at, zone)) - one.due_on
        if late > 0:
            found = f"{opaque(one.id)} ({one.right}) is {out.number(late, 'days')} overdue"
            yield Finding("request", State.WRONG, found, command("requests", "show", opaque(one.id)))


def _webhooks(database: "Database", command: Command) -> Iterator[Finding]:
    from goodwill.basics.clock import system_clock
    from goodwill.collect.connectors import gaps, store

    with database.reading() as connection:
        for source in store.sources(connection):
            for alarm in gaps.alarms(connection, source, now=system_clock()):
                name = f"{source.system} '{source.name}'"
                yield Finding("webhooks", State.NOTE, f"{name}: {alarm}", command("webhooks", "list"))
