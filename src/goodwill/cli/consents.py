"""What people allow: ask, write down, take back."""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import RenderableType

from goodwill.basics.errors import NotFound
from goodwill.cli import out
from goodwill.cli.ends import Code
from goodwill.cli.named import LOST, Person, who
from goodwill.cli.shell import PEOPLE, Shell, app, command, group

if TYPE_CHECKING:
    from goodwill.consent import Asked, Receipt, Row, Standing
    from goodwill.shop import Answer

Purpose = Annotated[
    str,
    typer.Argument(metavar="PURPOSE", help="What for, such as recommendations; `goodwill purposes` lists all."),
]
Categories = Annotated[
    list[str] | None,
    typer.Option("--category", help="Only this kind of data; may be given more than once. Without it: all of it."),
]
How = Annotated[str, typer.Option(help="Where the person said so: till, phone, paper …")]
Notice = Annotated[
    str | None, typer.Option(help="The notice that was shown, such as banner@2; one from elsewhere needs --words.")
]
Words = Annotated[str | None, typer.Option(help="The words that were shown or read out.")]
Language = Annotated[str | None, typer.Option(help="Their language, such as en or de-CH.")]
Confirmed = Annotated[
    str | None,
    typer.Option(
        "--confirmed-at",
        metavar="TIME",
        help="For news by mail: when the address was confirmed elsewhere, such as 2026-11-22T09:30:00Z.",
    ),
]


@command(app, "can", panel=PEOPLE, lost="goodwill purposes")
def can(shell: Shell, person: Person, purpose: Purpose) -> int:
    """Say whether somebody allows a purpose, and why; ends with 0 for yes and 3 for no.

    Example: goodwill can amina recommendations
    """
    from goodwill.web import answers

    with shell.shop() as shop:
        answer = shop.can(who(shop, person), purpose)
        zone = shop.settings.zone
        document = answers.can(shop, answer)
        shell.answer(document, *_lines_of(answer, person, zone), watermark=shop.settings.watermark)
    return int(Code.DONE if answer.allowed else Code.REFUSED)


def _lines_of(answer: "Answer", person: str, zone: ZoneInfo) -> Iterator[RenderableType]:
    if answer.reason == "unknown-person":
        yield f"No: unknown-person. Nobody is known here as '{person}', and whoever is not known allows nothing."
        return
    when = ", time not given" if answer.since == 0 else f" since {out.when(answer.since, zone)}"
    row = f"{when} (row {answer.position} of the ledger)" if answer.position else ""
    more = _MORE.get(answer.reason, answer.why)
    yield f"{'Yes' if answer.allowed else 'No'}: {answer.reason}{row}.{f' {more}' if more else ''}"
    if answer.categories:
        rows = (_standing(line, zone) for line in answer.categories)
        yield out.table(("data", "allowed", "because", "since", "until", "row#"), rows)


_MORE = {
    "requested": "It counts once the code that went out by mail is given back.",
    "purpose-expired": "The purpose is off since its expiry day, whatever anybody allowed.",
}


def _standing(line: "Standing", zone: ZoneInfo) -> tuple[object, ...]:
    allowed = "yes" if line.allowed else "no"
    return (
        line.category,
        allowed,
        line.reason,
        out.said(line.since, zone),
        out.when(line.until, zone),
        line.position or "–",
    )


consent = group("consent", "Who allowed what: read the ledger, add to it.", panel=PEOPLE)


@command(consent, "show", lost=LOST)
def show(shell: Shell, person: Person) -> None:
    """Show everything that somebody said about consent, oldest first."""
    from goodwill.web import answers

    with shell.shop() as shop:
        rows = shop.consents(who(shop, person))
        lines = (_line(list(some), shop.settings.zone) for _, some in groupby(rows, _answer_of))
        table = out.table(("row", "purpose", "said", "when", "until", "evidence", "notice", "data"), lines)
        nothing = "Nothing was ever said; only what needs no consent is allowed."
        document = answers.consents(shop, rows)
        shell.answer(document, table if rows else nothing, watermark=shop.settings.watermark)


def _answer_of(row: "Row") -> tuple[object, ...]:
    """What rows that were written for one answer have in common: all but the data category."""
    return row.purpose, row.state, row.said_at, row.recorded_at, row.until, row.evidence, row.notice, row.asked


def _line(rows: "list[Row]", zone: ZoneInfo) -> tuple[object, ...]:
    first, last = rows[0], rows[-1]
    numbers = str(first.position) if len(rows) == 1 else f"{first.position}–{last.position}"
    data = ", ".join(row.category for row in rows)
    said, until = out.said(first.said_at, zone), out.when(first.until, zone)
    return numbers, first.purpose, first.state.value, said, until, first.evidence.value, first.notice or "–", data


@command(consent, "grant", lost="goodwill purposes")
def grant(
    shell: Shell,
    person: Person,
    purpose: Purpose,
    category: Categories = None,
    how: How = "staff",
    notice: Notice = None,
    words: Words = None,
    language: Language = None,
    confirmed_at: Confirmed = None,
) -> None:
    """Write down that somebody allows a purpose.

    Example: goodwill consent grant amina recommendations --how till --words "May we suggest things?"
    """
    asked = _asked(how=how, notice=notice, words=words, language=language, confirmed_at=confirmed_at)
    _write(shell, person, purpose, category, asked, yes=True)


@command(consent, "withdraw", lost=LOST)
def withdraw(
    shell: Shell,
    person: Person,
    purpose: Purpose,
    category: Categories = None,
    how: How = "staff",
    notice: Notice = None,
    words: Words = None,
    language: Language = None,
) -> None:
    """Write down that somebody takes a purpose back, or says no to it; it counts from now on.

    Example: goodwill consent withdraw chiara recommendations --how phone
    """
    asked = _asked(how=how, notice=notice, words=words, language=language)
    _write(shell, person, purpose, category, asked, yes=False)


@command(consent, "complaint", lost=LOST)
def complaint(shell: Shell, person: Person, how: How = "staff") -> None:
    """Write down that somebody calls a letter of the shop spam: nobody writes to them any more.

    What was shown to them lately is worth less for it, where they allow that (docs/offers.md).

    Example: goodwill consent complaint chiara --how "complaint desk of her mailbox"
    """
    from goodwill.people.gentle import OfLetters

    with shell.shop() as shop:
        asked = _asked(how=how, notice=None, words=None, language=None)
        made = shop.unwelcome.stop(who(shop, person), OfLetters.COMPLAINT, asked)
        stopped = "No more letters from now on." if made.stopped else "There were no letters to stop."
        counted = "It is counted in rewards." if made.counted else "It is counted in no reward: that is not allowed."
        document = {"person": person, "stopped": made.stopped, "counted": made.counted}
        shell.answer(document, f"{stopped} {counted}", watermark=shop.settings.watermark)


def _asked(
    *, how: str, notice: str | None, words: str | None, language: str | None, confirmed_at: str | None = None
) -> "Asked":
    """What staff type is their word for it, a claim; only a form that the person filled in proves more."""
    from goodwill.consent import Asked

    return Asked(how, notice, words, language, by="command line", confirmed_at=confirmed_at)


def _write(shell: Shell, person: str, purpose: str, categories: list[str] | None, asked: "Asked", *, yes: bool) -> None:
    from goodwill.web import answers

    with shell.shop() as shop:
        somebody = who(shop, person)
        known = shop.find(somebody) is not None
        if not known and not yes:
            raise NotFound(f"Nobody known as '{person}' has anything to take back.")
        receipt = shop.grant(somebody, purpose, categories or None, asked=asked, yes=yes)
        document = answers.receipt(shop, receipt)
        if waits := shop.notices.why_waits(receipt):
            shell.note(waits)
        shell.answer(document, *_receipt(receipt, shop.settings.zone), watermark=shop.settings.watermark)
        if not known:
            shell.note(f"'{person}' was not known before and is now.")


def _receipt(receipt: "Receipt", zone: ZoneInfo) -> Iterator[RenderableType]:
    yield f"Written down: {receipt.purpose} {receipt.state.value}."
    yield out.pairs(
        [
            ("data", ", ".join(receipt.categories)),
            ("rows", ", ".join(map(str, receipt.positions))),
            ("when", out.when(receipt.said_at, zone)),
            ("until", out.when(receipt.until, zone)),
            ("notice", receipt.notice or "–"),
        ]
    )
