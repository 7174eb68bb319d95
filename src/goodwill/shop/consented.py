"""How the shop's questions are answered: of each version of a notice, of signals, of what ends soon, of its evidence.

It tells of the day that has ended, and of at least ten people at once: fewer are told as "fewer than 10".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING, Final

from goodwill.basics.clock import DAY, date_of, day_number, day_of, micros
from goodwill.basics.errors import Quarantined
from goodwill.collect.live import store as live
from goodwill.collect.live.store import Counted
from goodwill.consent import last_position, published
from goodwill.measure.figure import SMALL
from goodwill.measure.share import Share, share
from goodwill.people import asked
from goodwill.people.asked import Answered, Drift

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

SOON_DAYS: Final = 30
SPAN: Final = 28  # days of the banner's answers that are told
_BANNER: Final = "banner: "
_HOWS: Final = ("accept", "refuse", "dismiss", "choose")


@dataclass(frozen=True, slots=True)
class Reach:
    """Up to where is counted.

    Attributes:
        before: the moment when today began; on the day on which the first answer came in, now.
        position: on that day the ledger's last row, so that it is counted anew whenever something came in; else 0.
    """

    today: date
    before: int
    position: int


@dataclass(frozen=True, slots=True)
class OfNotice:
    """How one version of a notice was answered.

    Attributes:
        answered: people; None: fewer than ten. all, some, none: of them; None where that would tell of fewer than ten.
        stands: people whose yes still counts; None where that would tell that fewer than ten took theirs back.
        refused: the share that said no to everything, with its range.
        published: since when; None where no such version was published here.
    """

    notice: str
    published: date | None
    answered: int | None
    all: int | None
    some: int | None
    none: int | None
    stands: int | None
    refused: Share | None


@dataclass(frozen=True, slots=True)
class OnPages:
    """How the banner was answered on the shop's pages in some days, by known and unknown alike; it names nobody.

    Attributes:
        since, before: the first day, and the first that is not counted any more.
        answers: how often, by how: accept · refuse · dismiss (which is a no) · choose; None: fewer than ten.
        refused, of: answers that were a no, of all; None where that would tell of fewer than ten.
    """

    since: date
    before: date
    answers: Mapping[str, int | None]
    refused: int | None
    of: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """How consent stands at the end of a day.

    Attributes:
        upto: where the counting ends.
        pages: the banner's answers lately, and as long before: before the newest words, where these are newer.
        signalled: people whose browser said no to selling and sharing, of all ``known``; None: fewer than ten.
        ending: people whose yes ends within `SOON_DAYS` days, by purpose.
        evidence: people by purpose, by its evidence; None for all of a purpose where one number, or what it lacks to
            all who ever said yes, would tell of fewer than ten.
        drift: people of whom the last word of an imported file is not what counts here, by purpose: those who have no
            yes here though the file says yes, and those who have one though it says no.
        alarms: what somebody should look at, each in a sentence.
    """

    upto: Reach
    known: int
    notices: tuple[OfNotice, ...]
    pages: tuple[OnPages, OnPages]
    signalled: int | None
    ending: Mapping[str, int | None]
    evidence: Mapping[str, Mapping[str, int | None]]
    drift: Mapping[str, tuple[int | None, int | None]]
    alarms: tuple[str, ...]


def told(count: int) -> int | None:
    """A number of people, where it is not of so few that it would be about one of them."""
    return count if count >= SMALL else None


def reach(shop: "Shop") -> Reach:
    """Up to where is counted today: whoever looks twice on one day sees the same, but for the very first day."""
    now, zone = shop.clock(), shop.settings.zone
    today = date_of(day_of(now, zone))
    midnight = micros(datetime.combine(today, datetime.min.time(), zone))
    with shop.database.reading() as connection:
        if asked.has_answers(connection, before=midnight):
            return Reach(today, midnight, 0)
        return Reach(today, now + 1, last_position(connection))


def overview(shop: "Shop", upto: Reach) -> Overview:
    """How consent stood at that moment.

    Raises:
        Quarantined: the ledger may not be believed now.
    """
    zone, before = shop.settings.zone, upto.before
    with shop.database.reading() as connection:
        if not shop.proofs.trusts(last_position(connection)):
            raise Quarantined("The consent ledger is in quarantine; it says why: goodwill consent verify")
        answers = asked.answered(connection, before=before)
        since = {
            f"{one.notice}@{one.version}": date_of(day_of(one.published_at, zone))
            for one in published.versions_of(connection)
        }
        known, signalled = asked.known(connection, before=before), asked.signalled(connection, before=before)
        ending = asked.ending(connection, after=before, upto=before + SOON_DAYS * DAY)
        evidence = asked.evidence(connection, before=before)
        drift, said = asked.drift(connection, before=before), asked.said_yes(connection, before=before)
        today = day_number(upto.today)
        cut = max((day_number(day) for day in since.values() if today - SPAN < day_number(day) < today), default=0)
        cut = cut or today - SPAN
        counted = live.counted(connection, since=cut - SPAN)
    pages = _on_pages(counted, cut, today), _on_pages(counted, cut - SPAN, cut)
    ordered = sorted(answers, key=_order)
    return Overview(
        upto, known, tuple(_of_notice(one, since.get(one.notice)) for one in ordered), pages, told(signalled),
        {purpose: told(count) for purpose, count in ending.items()},
        _evidence(evidence, said, drift),
        {purpose: _told_of(one) for purpose, one in drift.items() if one.no_here or one.yes_here},
        (*alarms(ordered), *_of_pages(*pages)),
    )  # fmt: skip


def _is_few(count: int) -> bool:
    """Whether a number is of somebody, but of fewer than ten."""
    return 0 < count < SMALL


def _evidence(
    counts: Mapping[str, Mapping[str, int]], said: Mapping[str, int], drift: Mapping[str, Drift]
) -> dict[str, dict[str, int | None]]:  # fmt: skip
    """What may be told of each purpose: its sum is who still says yes, and beside it stands who once did."""
    few = set()
    for purpose in {purpose for of in counts.values() for purpose in of}:
        each = [of[purpose] for of in counts.values() if purpose in of]
        apart = drift.get(purpose, Drift(0, 0))
        if any(map(_is_few, (*each, said.get(purpose, 0) - sum(each), apart.no_here, apart.yes_here))):
            few.add(purpose)
    return {
        grade: {purpose: None if purpose in few else count for purpose, count in of.items()}
        for grade, of in counts.items()
    }


def _told_of(one: Drift) -> tuple[int | None, int | None]:
    """Both numbers; that there is nobody tells of nobody."""
    no_here, yes_here = ((told(count) if count else 0) for count in (one.no_here, one.yes_here))
    return no_here, yes_here


def _order(one: Answered) -> tuple[str, int]:
    key, _, version = one.notice.partition("@")
    return key, int(version) if version.isdecimal() else 0


def _of_notice(one: Answered, since: date | None) -> OfNotice:
    """What may be told of it: of three parts that add up, all or one, or the smallest follows from the others."""
    if one.people < SMALL:
        return OfNotice(one.notice, since, None, None, None, None, None, None)
    apart = min(one.none, one.people - one.none) >= SMALL
    whole = all(count == 0 or count >= SMALL for count in (one.all, one.some, one.none))
    return OfNotice(
        one.notice, since, one.people, one.all if whole else None, one.some if whole else None,
        one.none if whole or apart else None, _stands(one), share(one.none, one.people) if apart else None,
    )  # fmt: skip


def _stands(one: Answered) -> int | None:
    """Whose yes still counts, where that tells neither of few nor that few took theirs back."""
    return None if _is_few(abs(one.all + one.some - one.stands)) or _is_few(one.stands) else one.stands


def alarms(answers: Sequence[Answered]) -> list[str]:
    """Where fewer refuse than before the words or the looks were changed: refusing may have become harder."""
    found = []
    for old, new in pairwise(answers):
        same = old.notice.partition("@")[0] == new.notice.partition("@")[0]
        if not same or min(old.none, new.none, old.people - old.none, new.people - new.none) < SMALL:
            continue
        before, after = share(old.none, old.people), share(new.none, new.people)
        if fell(before, after):
            found.append(
                f"Since {new.notice} fewer people refuse: {_percent(after)} of {new.people:,}, after {_percent(before)}"
                f" of {old.people:,} with {old.notice}. Look whether refusing is still as easy as accepting."
            )
    return found


def _on_pages(counted: Sequence[Counted], since: int, before: int) -> OnPages:
    found = dict.fromkeys(_HOWS, 0)
    for one in counted:
        how = one.event.removeprefix(_BANNER)
        if since <= one.day < before and one.event.startswith(_BANNER) and how in found:
            found[how] += one.messages
    refused, of = found["refuse"] + found["dismiss"], sum(found.values())
    apart = min(refused, of - refused) >= SMALL
    whole = all(count == 0 or count >= SMALL for count in found.values())
    return OnPages(
        date_of(since), date_of(before), {how: count if whole else None for how, count in found.items()},
        refused if apart else None, of if apart or whole else None,
    )  # fmt: skip


def _of_pages(new: OnPages, old: OnPages) -> Iterator[str]:
    if new.refused is None or old.refused is None or not (new.of and old.of):
        return
    before, after = share(old.refused, old.of), share(new.refused, new.of)
    if fell(before, after):
        yield (
            f"On your pages fewer refuse since {new.since}: {_percent(after)} of {new.of:,} answers, after "
            f"{_percent(before)} of {old.of:,} before. Look whether refusing is still as easy as accepting."
        )


def fell(before: Share, after: Share) -> bool:
    """Whether the share that refuses fell, by Newcombe's interval of 95 % (Stat. Med. 17, 1998, method 10)."""
    return after.value - before.value + hypot(after.high - after.value, before.value - before.low) < 0


def _percent(one: Share) -> str:
    return f"{100 * one.value:.0f} %"
