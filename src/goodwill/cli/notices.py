"""Notices: what customers are asked, in which words; who signed them off; and which yeses end soon."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from goodwill.basics.errors import BadInput
from goodwill.cli import out
from goodwill.cli.consents import consent
from goodwill.cli.ends import Code
from goodwill.cli.shell import Shell, command, group

if TYPE_CHECKING:
    from goodwill.consent.wording import Judged
    from goodwill.shop.notices import Listed

LIST = "goodwill consent notices list"
Key = Annotated[str, typer.Argument(metavar="NOTICE", help="Its key, such as banner; `list` shows all.")]
Language = Annotated[str, typer.Option(help="Its language, such as en or de-AT.")]
Region = Annotated[str, typer.Option(help="Its region, such as DE or US-CA; without it the one for everywhere.")]
Version = Annotated[int | None, typer.Option("--version", help="A version that was published, instead of the draft.")]
_BY = typer.Option("--by", help="Who has read it and stands for it, by a name that people in the shop know.")
_HTML = typer.Option("--html", metavar="FILE", help="Write it as a piece of HTML here, to be looked at in a browser.")
_WITHIN = typer.Option("--within", help="How many days to look ahead.")

notices = group(
    "notices", "What customers are asked, in which words; drafts are files in the folder notices.", of=consent
)


@command(notices, "list", lost=LIST)
def list_(shell: Shell) -> None:
    """List every notice in every language, and how it stands."""
    with shell.shop() as shop:
        found = shop.notices.list()
        document = [
            {
                "notice": one.notice,
                "language": one.language,
                "region": one.region,
                "state": one.state,
                "version": one.version,
                "passes": one.passes,
                "signed_by": one.signed_by,
                "register_changed": one.register_changed,
                "source": one.source,
            }
            for one in found
        ]
        columns = ("notice", "language", "region", "state", "version#", "lint", "signed off by", "from")
        table = out.table(columns, (_listed(one) for one in found))
        shell.answer({"notices": document}, table, watermark=shop.settings.watermark)
        if any(one.state == "starter" for one in found):
            shell.note(
                "Customers are asked in the words that come with goodwill (starter). Nobody of the shop has signed "
                "them off. To stand for them: goodwill consent notices preview; then sign-off --by NAME, then publish."
            )
        for one in found:
            if one.register_changed:
                shell.note(f"The register changed since '{one.notice} {one.language}' was published: publish it anew.")


def _listed(one: "Listed") -> tuple[object, ...]:
    lint = "passes" if one.passes else "to mend"
    version, source = one.version or "–", one.source.partition(",")[0]
    return one.notice, one.language, one.region or "–", one.state, version, lint, one.signed_by or "–", source


@command(notices, "show", lost=LIST)
def show(shell: Shell, named: Annotated[str, typer.Argument(metavar="HASH", help="Or what a row says.")]) -> None:
    """Show exactly what somebody was shown, by the hash in a row of the ledger.

    Example: goodwill consent notices show banner@3#9f86d081…
    """
    from goodwill.consent.preview import as_text
    from goodwill.web import notices as shapes

    with shell.shop() as shop:
        shown = shop.notices.shown(named)
        shell.answer(shapes.notice(shop, shown), as_text(shown), watermark=shop.settings.watermark)


@command(notices, "preview", lost=LIST)
def preview(
    shell: Shell,
    key: Key = "banner",
    language: Language = "en",
    region: Region = "",
    version: Version = None,
    html: Annotated[Path | None, _HTML] = None,
) -> None:
    """Show a notice as customers would see it.

    Example: goodwill consent notices preview banner --language de --html banner.html
    """
    from goodwill.consent.preview import as_html, as_text
    from goodwill.web import notices as shapes

    with shell.shop() as shop:
        shown = shop.notices.preview(key, language, region, version=version)
        if html is None:
            shell.answer(shapes.notice(shop, shown), as_text(shown), watermark=shop.settings.watermark)
            return
        try:
            html.write_text(f'<!doctype html><meta charset="utf-8">{as_html(shown)}\n', encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{html} cannot be written: {error.strerror}.") from None
        shell.answer({"file": str(html)}, str(html), watermark=shop.settings.watermark)


@command(notices, "lint", lost=LIST)
def lint(shell: Shell, key: Key = "banner", language: Language = "en", region: Region = "") -> int:
    """Say whether a notice is plain and fair, and how to mend it; ends with 0 for yes and 3 for no."""
    with shell.shop() as shop:
        judged = shop.notices.lint(key, language, region)
        document = {
            "passes": judged.passes,
            "grades": dict(judged.grades),
            "findings": [
                {"rule": one.rule, "place": one.place, "says": one.says, "mend": one.mend} for one in judged.findings
            ],
        }
        shell.answer(document, *_judged(judged), watermark=shop.settings.watermark)
    return int(Code.DONE if judged.passes else Code.REFUSED)


def _judged(judged: "Judged") -> Iterator[RenderableType]:
    grades = ", ".join(f"{name} {grade:.1f}" for name, grade in judged.grades.items())
    says = "Plain and fair" if judged.passes else "Not yet"
    yield f"{says}. Reading grade: {grades or 'none known for this language'}."
    if judged.findings:
        rows = ((one.place, one.rule, one.says, one.mend) for one in judged.findings)
        yield out.table(("where", "rule", "what", "how to mend it"), rows)


@command(notices, "diff", lost=LIST)
def diff(
    shell: Shell, key: Key = "banner", language: Language = "en", region: Region = "", version: Version = None
) -> None:
    """Show what a draft would change against what is published."""
    with shell.shop() as shop:
        changed = shop.notices.diff(key, language, region, version=version)
        document = {"changes": [{"place": place, "was": was, "is": now} for place, was, now in changed]}
        table = out.table(("where", "was", "is"), ((place, was or "–", now or "–") for place, was, now in changed))
        shell.answer(document, table if changed else "Nothing is different.", watermark=shop.settings.watermark)


@command(notices, "sign-off", lost=LIST)
def sign_off(
    shell: Shell, by: Annotated[str, _BY], key: Key = "banner", language: Language = "en", region: Region = ""
) -> None:
    """Write down who has read a draft and stands for exactly its words.

    Example: goodwill consent notices sign-off banner --language de --by "Amina Winter"
    """
    with shell.shop() as shop:
        signed = shop.notices.sign_off(key, language, region, by=by)
        when = out.when(signed.at, shop.settings.zone)
        document = {"hash": signed.hash, "by": signed.by, "at": when}
        text = f"Signed off by {signed.by}, {when}. Publish it with: goodwill consent notices publish {key}"
        shell.answer(document, f"{text} --language {language}", watermark=shop.settings.watermark)


@command(notices, "publish", lost=LIST)
def publish(shell: Shell, key: Key = "banner", language: Language = "en", region: Region = "") -> None:
    """Make a draft the notice that everybody sees from now on; a version is never changed."""
    with shell.shop() as shop:
        made = shop.notices.publish(key, language, region)
        document = {"notice": made.notice, "version": made.version, "language": made.language, "hash": made.hash}
        text = f"Published: {made.notice}@{made.version}, signed off by {made.signed_by}."
        shell.answer(document, text, watermark=shop.settings.watermark)


@command(consent, "expiring")
def expiring(shell: Shell, within: Annotated[int, _WITHIN] = 30) -> None:
    """List the yeses that end by themselves soon, so that people can be asked again in time."""
    from goodwill.basics.clock import iso

    with shell.shop() as shop:
        found = shop.notices.expiring(within)
        document = [
            {"person": one.person, "purpose": one.purpose, "categories": list(one.categories), "until": iso(one.until)}
            for one in found
        ]
        zone = shop.settings.zone
        rows = (
            (f"id:{one.person}", one.purpose, out.when(one.until, zone), ", ".join(one.categories)) for one in found
        )
        table = out.table(("person", "purpose", "ends", "data"), rows)
        nothing = f"No yes ends within {out.number(within, 'days')}."
        shell.answer({"expiring": document}, table if found else nothing, watermark=shop.settings.watermark)
