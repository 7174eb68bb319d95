"""Segments: rules that say for whom something is meant, read back as a sentence, counted live."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import RenderableType

from goodwill.basics.errors import BadInput
from goodwill.cli import out
from goodwill.cli.named import LOST, Person, who
from goodwill.cli.shell import SUGGESTIONS, Shell, command, group, switch

if TYPE_CHECKING:
    from goodwill.decide.segments import Node
    from goodwill.shop import Shop
    from goodwill.shop.segments import Counted, Segment
    from goodwill.shop.trying_segments import Tried

segment = group("segment", "Rules that say for whom something is meant; counted with consent.", panel=SUGGESTIONS)

_LIST = "goodwill segment list"
_Segment = Annotated[str, typer.Argument(metavar="SEGMENT", help="Its number or its name, as list shows them.")]
_Purpose = Annotated[
    str, typer.Option("--purpose", help="What it is for, such as email-marketing; goodwill purposes lists them.")
]
_MaybePurpose = Annotated[str | None, typer.Option("--purpose", help="What it is for; needed for a rule not kept yet.")]
_Rule = Annotated[
    Path | None, typer.Option("--rule", metavar="FILE", help="A rule in JSON (docs/segments.md); - reads stdin.")
]
_Recipe = Annotated[str | None, typer.Option("--recipe", help="A ready rule; goodwill segment recipes lists them.")]
_Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Something of the recipe; may be given more than once."),
]
_Language = Annotated[str | None, typer.Option("--language", help="en or de; else the shop's own.")]
_DRY = switch("--dry-run", help="Keep nothing; read the rule back and count.")


@command(segment, "recipes")
def recipes(shell: Shell, language: _Language = None) -> None:
    """List ready rules, what can be set in each, and for which purposes of this shop each may be used."""
    from goodwill.decide.segments import RECIPES, purposes, recipe_words

    with shell.shop() as shop:
        spoken = language or shop.settings.language
        documents = [
            {
                "recipe": one.name,
                "about": recipe_words(one.name, spoken),
                "set": {name: list(value) if isinstance(value, tuple) else value for name, value in one.values.items()},
                "purposes": [entry.name for entry in purposes(one.example(), shop.register)],
                "sentence": shop.segments.sentence(one.example(), spoken),
            }
            for one in RECIPES.values()
        ]
        shell.answer(
            {"recipes": documents}, out.table(("recipe", "for whom", "set", "purposes"), map(_ready, documents))
        )
        shell.note("Use one: goodwill segment new 'Our regulars' --purpose email-marketing --recipe regulars")


def _ready(one: dict[str, Any]) -> tuple[object, ...]:
    values = ", ".join(f"{name}={'…' if value == [] else value}" for name, value in one["set"].items())
    nowhere = "none of this shop's yet: see docs/segments.md"
    return one["recipe"], one["about"], values, ", ".join(one["purposes"]) or nowhere


@command(segment, "new")
def new(
    shell: Shell,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called here.")],
    purpose: _Purpose,
    recipe: _Recipe = None,
    values: _Set = None,
    rule: _Rule = None,
    dry_run: Annotated[bool, _DRY] = False,
) -> None:
    """Make a segment of a recipe or of a rule in JSON, read it back as a sentence, and count it.

    Example: goodwill segment new 'Coffee lovers' --purpose offers --recipe loves-category --set category=Coffee

    Example: goodwill segment new Quiet --purpose email-marketing --rule quiet.json --dry-run
    """
    with shell.shop() as shop:
        made = _given(shop, purpose, recipe, values, rule)
        if dry_run:
            _show_unkept(shell, shop, made, purpose)
            return
        kept = shop.segments.new(name, purpose, made, recipe=recipe)
        _show(shell, shop, kept, shop.segments.count(kept.id))


@command(segment, "change", lost=_LIST)
def change(
    shell: Shell,
    segment: _Segment,
    purpose: _MaybePurpose = None,
    recipe: _Recipe = None,
    values: _Set = None,
    rule: _Rule = None,
    dry_run: Annotated[bool, _DRY] = False,
) -> None:
    """Let a segment go by another rule from now on; the earlier one stays on record."""
    with shell.shop() as shop:
        before = shop.segments.get(segment)
        made = _given(shop, purpose or before.purpose, recipe, values, rule)
        if dry_run:
            _show_unkept(shell, shop, made, purpose or before.purpose)
            return
        kept = shop.segments.change(before.id, made, purpose=purpose, recipe=recipe)
        _show(shell, shop, kept, shop.segments.count(kept.id))


@command(segment, "list")
def list_(shell: Shell, language: _Language = None) -> None:
    """List all segments, each with its rule as a sentence."""
    with shell.shop() as shop:
        found = shop.segments.all()
        tried, zone = shop.trying_segments.latest(), shop.settings.zone
        rows = [
            (one.id, one.name, one.purpose, shop.segments.sentence(one.rule, language), _when(tried.get(one.id), zone))
            for one in found
        ]
        nothing = "No segment yet. Begin with: goodwill segment recipes"
        table = out.table(("#", "name", "purpose", "for whom", "last tried"), rows)
        shell.answer({"segments": [_document(shop, one, language) for one in found]}, table if found else nothing)


@command(segment, "show", lost=_LIST)
def show(shell: Shell, segment: _Segment, language: _Language = None) -> None:
    """Show a segment: its rule as a sentence and as JSON, and who changed it when."""
    import json

    from goodwill.decide.segments import written

    with shell.shop() as shop:
        one, zone = shop.segments.get(segment), shop.settings.zone
        versions = shop.segments.versions(one.id)
        rows = [(v.version, out.when(v.at, zone), v.made_by, v.purpose, v.recipe or "–") for v in versions]
        document = {
            **_document(shop, one, language),
            "versions": [{"version": v.version, "at": _iso(v.at), "by": v.made_by} for v in versions],
        }
        shell.answer(
            document,
            shop.segments.sentence(one.rule, language),
            "",
            *_pairs(one, zone),
            f"Last tried: {_when(shop.trying_segments.latest().get(one.id), zone)}.",
            "",
            out.table(("version", "since", "by", "purpose", "recipe"), rows),
            "",
            json.dumps(written(one.rule), ensure_ascii=False, indent=2),
        )


@command(segment, "count", lost=_LIST)
def count(
    shell: Shell,
    segment: Annotated[str | None, typer.Argument(metavar="SEGMENT", help="Its number or its name.")] = None,
    purpose: _MaybePurpose = None,
    recipe: _Recipe = None,
    values: _Set = None,
    rule: _Rule = None,
) -> None:
    """Count for how many people a segment is, or a rule that is not kept: with those left out and those unknown.

    Example: goodwill segment count Regulars

    Example: goodwill segment count --purpose offers --recipe once-only --set away=90
    """
    with shell.shop() as shop:
        if segment is not None:
            one = shop.segments.get(segment)
            _show(shell, shop, one, shop.segments.count(one.id))
            return
        if purpose is None:
            raise BadInput("Name a segment, or give --purpose with --recipe or --rule.")
        _show_unkept(shell, shop, _given(shop, purpose, recipe, values, rule), purpose)


@command(segment, "try", lost=_LIST)
def try_(
    shell: Shell,
    segment: Annotated[str | None, typer.Argument(metavar="SEGMENT", help="Its number or its name; else all.")] = None,
) -> None:
    """Try now what is tried each night: whether segments can still be asked, and give away nothing sensitive.

    An offer for one that gives somebody away is suspended.
    """
    with shell.shop() as shop:
        trying = shop.trying_segments
        found = trying.run() if segment is None else [trying.one(shop.segments.get(segment))]
        rows = [(one.segment, shop.segments.get(one.segment).name, one.found, one.why or "–") for one in found]
        table = out.table(("#", "name", "found", "why"), rows)
        document = {"tried": [_tried(one) for one in found]}
        shell.answer(document, table if found else "There is no segment.", watermark=shop.settings.watermark)


def _tried(one: "Tried") -> Any:
    from msgspec import to_builtins

    from goodwill.web.segments import tried_of

    return to_builtins(tried_of(one)) | {"segment": one.segment}


def _when(one: "Tried | None", zone: ZoneInfo) -> str:
    """When a segment was tried last, and what was found."""
    if one is None:
        return "not yet, as it stands now"
    return f"{out.when(one.at, zone)}: {one.why or 'fine'}"


@command(segment, "check", lost=LOST)
def check(shell: Shell, segment: _Segment, person: Person) -> None:
    """Say whether somebody belongs to a segment; the audit log keeps that it was asked, and she can see it."""
    with shell.shop() as shop:
        one = shop.segments.get(segment)
        found = shop.segments.check(one.id, who(shop, person))
        document = {"segment": one.id, "name": one.name, "verdict": str(found.verdict), "reason": found.reason}
        because = f" ({found.reason})" if found.reason else ""
        shell.answer(document, f"{_VERDICTS[str(found.verdict)]}{because}.", watermark=shop.settings.watermark)


_VERDICTS = {
    "matched": "Yes, the rule holds for this person",
    "unmatched": "No, the rule does not hold for this person",
    "left-out": "Left out: this person did not allow what the rule looks at, so nothing was looked at",
    "unknown": "Not known",
}


@command(segment, "remove", lost=_LIST)
def remove(
    shell: Shell,
    segment: _Segment,
    dry_run: Annotated[bool, switch("--dry-run", help="Remove nothing; say which it would be.")] = False,
) -> None:
    """Take a segment out of use; what it was stays on record."""
    with shell.shop() as shop:
        one = shop.segments.get(segment)
        if not dry_run:
            shell.make_sure(f"Take the segment '{one.name}' out of use?")
            shop.segments.remove(one.id)
        said = f"'{one.name}' {'would be' if dry_run else 'is'} out of use."
        shell.answer({**_document(shop, one, None), "removed": not dry_run}, said)


# ---- reading and showing ---------------------------------------------------------------------------------------------


def _given(
    shop: "Shop", purpose: str, recipe: str | None, values: Sequence[str] | None, rule: Path | None
) -> dict[str, Any]:
    """The rule that was asked for, as JSON has it, once it was seen to be one for this purpose."""
    from goodwill.decide.segments import written

    if (recipe is None) == (rule is None):
        raise BadInput("Give either --recipe or --rule: goodwill segment recipes lists what there is.")
    if recipe is not None:
        return written(shop.segments.from_recipe(recipe, dict(map(_pair, values or ())), purpose))
    if values:
        raise BadInput("--set belongs to a recipe; a rule of your own says everything itself.")
    return written(shop.segments.read(_json(rule), purpose))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"'{text[:40]}' sets nothing; it looks like days=60.")
    return name.strip(), value.strip()


_LARGEST = 512 * 1024


def _json(file: Path | None) -> object:
    import msgspec

    try:
        said = sys.stdin.buffer.read(_LARGEST) if str(file) == "-" else Path(str(file)).read_bytes()
        return msgspec.json.decode(said)
    except OSError as error:
        raise BadInput(f"The rule in {file} cannot be read: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{file} is not valid JSON: {str(error).rstrip('.')}.") from None


def _show(shell: Shell, shop: "Shop", one: "Segment", counted: "Counted") -> None:
    document = {**_document(shop, one, None), "count": _counted(counted)}
    lines = [shop.segments.sentence(one.rule), "", *_pairs(one, shop.settings.zone), "", *_lines(counted)]
    shell.answer(document, *lines, watermark=shop.settings.watermark)


def _show_unkept(shell: Shell, shop: "Shop", made: dict[str, Any], purpose: str) -> None:
    from goodwill.decide.segments import read

    counted, rule = shop.segments.count_rule(made, purpose), read(made)
    document = {"purpose": purpose, "rule": made, "sentence": _said(shop, rule), "count": _counted(counted)}
    shell.answer(document, _said(shop, rule), "", *_lines(counted), watermark=shop.settings.watermark)
    shell.note("Nothing was kept.")


def _said(shop: "Shop", rule: "Node") -> str:
    return shop.segments.sentence(rule)


def _pairs(one: "Segment", zone: ZoneInfo) -> Iterator[RenderableType]:
    made = f"{out.when(one.at, zone)}, by {one.made_by}"
    yield out.pairs([("segment", f"{one.id}: {one.name}"), ("for", one.purpose), ("version", f"{one.version}, {made}")])


def _lines(counted: "Counted") -> Iterator[RenderableType]:
    from goodwill.shop.segments import SMALLEST

    def number(name: str, value: int | None) -> str:
        return (
            out.number(value) if value is not None else f"fewer than {SMALLEST}" if name in counted.few else "not told"
        )

    yield out.pairs(
        [
            ("matched", number("matched", counted.matched)),
            ("not matched", number("unmatched", counted.unmatched)),
            ("left out for lack of consent", out.number(counted.left_out)),
            ("unknown", number("unknown", counted.unknown)),
            ("all", out.number(counted.people, "people")),
        ]
    )
    yield from (f"\n{remark}" for remark in counted.remarks)


def _counted(counted: "Counted") -> Any:
    from goodwill.web.segments import counted as shape

    return shape(counted)


def _document(shop: "Shop", one: "Segment", language: str | None) -> dict[str, Any]:
    from msgspec import to_builtins

    from goodwill.web.segments import segment_of

    found: dict[str, Any] = to_builtins(segment_of(shop, one, language))
    return found


def _iso(at: int) -> str:
    from goodwill.basics.clock import iso

    return iso(at)
