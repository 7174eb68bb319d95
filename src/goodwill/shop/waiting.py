"""What waits for somebody of the shop: letters that do not leave, erasures that are not through, late answers.

The doctor tells of it on the command line, the owner's home on a page; nobody outside the shop is named.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from goodwill.basics.clock import DAY, day_of, moment
from goodwill.basics.ids import opaque
from goodwill.basics.words import number
from goodwill.collect.connectors import gaps
from goodwill.collect.connectors import store as connectors
from goodwill.people import erasures
from goodwill.reach import store as letters
from goodwill.reach.outbox import ERASED, NOT_ALLOWED
from goodwill.rights import store as requests
from goodwill.storage import Database

_LATELY: Final = 30  # days; what was given up before that is history
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits.

    Attributes:
        what: mail · erasure · request · webhooks.
        wrong: whether it must not stay so; else somebody should look at it.
        helps: what mends it, where no command does. command: the words after ``goodwill``.
    """

    what: str
    wrong: bool
    found: str
    helps: str = ""
    command: tuple[str, ...] = ()


def look(database: Database, *, zone: ZoneInfo, now: int, can_send: bool) -> Iterator[Waiting]:
    """All that waits; nothing where nothing does.

    Args:
        can_send: whether a mail server is set.
    """
    yield from _letters(database, now, can_send=can_send)
    yield from _erasures(database, zone)
    yield from _requests(database, zone, now)
    yield from _webhooks(database, now)


def _letters(database: Database, now: int, *, can_send: bool) -> Iterator[Waiting]:
    with database.reading() as connection:
        waiting = letters.counts(connection).get(letters.WAITING, 0)
        stuck = letters.stuck(connection, since=now - _LATELY * DAY, but=(ERASED, NOT_ALLOWED))
    if waiting and not can_send:
        found = f"{number(waiting, 'letters')} cannot leave: no mail server is set"
        yield Waiting("mail", wrong=True, found=found, helps="smtp_host and smtp_from in goodwill.toml")
    for state, words in (
        (letters.WAITING, "could not be delivered yet"),
        (letters.GIVEN_UP, f"given up in {_LATELY} days"),
        (letters.UNKNOWN, f"of {_LATELY} days that may have arrived or not"),
    ):
        if these := [one for one in stuck if one.state == state]:
            reasons = "; ".join(one.reason for one in these[:_SHOWN])
            many = number(sum(one.letters for one in these), "letters")
            yield Waiting("mail", wrong=False, found=f"{many} {words}: {reasons}", command=("mail", "show"))


def _erasures(database: Database, zone: ZoneInfo) -> Iterator[Waiting]:
    with database.reading() as connection:
        unfinished = erasures.unfinished(connection)
    for one in unfinished:
        status = "pending: residue" if one.state is erasures.State.ERASED else "pending"
        asked = moment(one.asked_at).astimezone(zone)
        found = f"of id:{one.person}, asked for {asked:%Y-%m-%d %H:%M} {asked.tzname()}, is {status}"
        yield Waiting("erasure", wrong=False, found=found, command=("people", "erased", "--finish"))


def _requests(database: Database, zone: ZoneInfo, now: int) -> Iterator[Waiting]:
    today = day_of(now, zone)
    with database.reading() as connection:
        open_now = requests.queue(connection, closed=False, limit=1 << 30)
    for one in open_now:
        # Where the clock stands, it stands from the day on which it was paused.
        late = (today if one.paused_at is None else day_of(one.paused_at, zone)) - one.due_on
        if late > 0:
            found = f"{opaque(one.id)} ({one.right}) is {number(late, 'days')} overdue"
            yield Waiting("request", wrong=True, found=found, command=("requests", "show", opaque(one.id)))


def _webhooks(database: Database, now: int) -> Iterator[Waiting]:
    with database.reading() as connection:
        for source in connectors.sources(connection):
            for alarm in gaps.alarms(connection, source, now=now):
                found = f"{source.system} '{source.name}': {alarm}"
                yield Waiting("webhooks", wrong=False, found=found, command=("webhooks", "list"))
