"""Measures: figures about the shop, each with its interval and whom it covers."""

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from goodwill.cli import out
from goodwill.cli.figures import told
from goodwill.cli.shell import SUGGESTIONS, Group, Shell, command, group

if TYPE_CHECKING:
    from goodwill.measure.minimisation import Effect, Line, Minimisation
    from goodwill.shop import Shop
    from goodwill.shop.measures.measure import Option
    from goodwill.shop.measuring import Minimised
    from goodwill.shop.other_ways import Judged


class _Measures(Group):
    """Its verbs, and every measure of the shop by its name; each is loaded when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        from goodwill.shop.measures import NAMES

        return [*super().list_commands(ctx), *NAMES]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        from goodwill.shop.measures import NAMES

        return _of_measure(cmd_name) if cmd_name in NAMES else super().get_command(ctx, cmd_name)


measure = group(
    "measure",
    "Figures about the shop, each with its interval and whom it covers.",
    panel=SUGGESTIONS,
    cls=_Measures,
)
_ALL = {
    "minimisation": "how much of people's data the suggestions really need",
    "offpolicy": "what another way of drawing content or offers would have brought",
}


@command(measure, "list")
def list_(shell: Shell) -> None:
    """List what can be measured.

    Example: goodwill measure list
    """
    from goodwill.shop.measures import NAMES, named

    every = dict(sorted({**_ALL, **{name: named(name).says for name in NAMES}}.items()))
    shell.answer(every, out.table(("measure", "says"), list(every.items())))


@command(measure, "minimisation")
def minimisation(shell: Shell) -> None:
    """Show what the suggestions lose with less data: fewer of somebody's last visits, or none of a category.

    Example: goodwill measure minimisation
    """
    from goodwill.shop.measuring import document

    with shell.shop() as shop:
        with shell.working("Suggesting for everybody's last visit, with less and less data"):
            told = shop.minimisation()
        shell.answer(document(told), *_told(told), watermark=shop.settings.watermark)
        for warning in told.found.warnings:
            shell.note(warning)


@command(measure, "offpolicy", lost="goodwill slot list")
def offpolicy(
    shell: Shell,
    place: Annotated[str, typer.Option("--slot", help="A slot for content or offers.")],
    target: Annotated[
        str,
        typer.Option(
            help="The other way: uniform (all alike), best (always what is believed to bring most), floor=PERCENT, "
            "always=NAME, or as-it-was."
        ),
    ] = "uniform",
    days: Annotated[int, typer.Option(min=1, max=730, help="From decisions of so many days.")] = 90,
) -> None:
    """Judge another way of drawing content or offers from this shop's own decisions, before anybody meets it.

    Example: goodwill measure offpolicy --slot deals --target floor=50
    """
    from goodwill.shop.other_ways import document

    with shell.shop() as shop:
        with shell.working("Reckoning what came of each decision"):
            told = shop.other_way(place, target, days=days)
        shell.answer(document(told), *_other_way(shop, told), watermark=shop.settings.watermark)


_AT = Annotated[str, typer.Option("--at", metavar="DAY", help="The period that closed by this day, 2026-11-22.")]


def _of_measure(name: str) -> Any:
    """The command of one measure, made of what may be asked of it."""
    from goodwill.shop.measures import named

    asked = named(name)

    def do(shell: Shell, at: str, **given: str) -> None:
        with shell.shop() as shop:
            with shell.working("Working it out"):
                answer = shop.measures.answer(name, at or None, **{one: text or None for one, text in given.items()})
            shell.answer(answer.to_dict(), *told(answer, shop.settings.currency), watermark=shop.settings.watermark)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [
        inspect.Parameter(
            option.name.replace("-", "_"), kind, default="",
            annotation=Annotated[
                str,
                typer.Argument(help=_help(option), show_default=False, metavar=option.name.upper())
                if option.stands_alone
                else typer.Option(f"--{option.name}", help=_help(option), show_default=False, metavar=option.metavar),
            ],
        )
        for option in asked.options
    ]  # fmt: skip
    shell = inspect.Parameter("shell", kind, annotation=Shell)
    vars(do)["__signature__"] = inspect.Signature(
        [shell, inspect.Parameter("at", kind, default="", annotation=_AT), *own]
    )
    needed = [
        option.name.upper() if option.stands_alone else f"--{option.name} {option.metavar}"
        for option in asked.options
        if option.needed
    ]
    do.__doc__ = f"Tell {asked.says}.\n\nExample: goodwill measure {' '.join((name, *needed))}"
    alone = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
    command(alone, name)(do)
    return typer.main.get_command(alone)


def _help(option: "Option") -> str:
    unsaid = callable(option.default) or option.default is None
    usual = "" if unsaid or option.needed else f" Usually {option.default}."
    return f"{option.help[0].upper()}{option.help[1:]}.{usual}"


def _other_way(shop: "Shop", told: "Judged") -> Iterator[RenderableType]:
    found = told.found
    yield out.pairs(
        [
            ("judged", f"{told.target}, in slot {told.slot}"),
            ("from", out.number(found.decisions, f"decisions of {told.people} people")),
            ("left out", out.number(told.left_out, "people who do not allow it today")),
            ("worth", f"{out.number(round(found.ess), 'decisions')}, {out.number(round(found.rewards), 'rewards')}"),
            ("mean weight", f"{found.mean_weight:.3f} (near 1 if the chances are true)"),
        ]
    )
    yield ""
    if found.refused:
        yield f"No figure: {found.refused}"
        return

    def money(value: float) -> str:
        return out.money(round(value * told.one), shop.settings.currency)

    estimates = (("SNIPS", found.snips), ("doubly robust", found.dr), ("IPS", found.ips))
    rows = [(name, money(one.value), f"{money(one.low)} to {money(one.high)}") for name, one in estimates if one]
    yield out.table(("estimate", "a decision#", "95 % interval"), rows)
    if told.brought is not None:
        yield f"As it was, a decision brought {money(told.brought)}. Read SNIPS first (docs/off-policy.md)."


def _told(told: "Minimised") -> Iterator[RenderableType]:
    found = told.found
    yield out.pairs(
        [
            ("judged", out.number(found.people, "people who allow model-improvement, on their last visit")),
            ("light", f"{out.number(found.light)} visits before it, or fewer"),
            ("heavy", f"{out.number(found.heavy)} visits before it, or more"),
        ]
    )
    yield ""
    stages = (
        ("inference", "Looking at less of the person herself (nDCG@10 beside that of everything):",
         (found.without_inference, *found.inference)),
        ("training", "Learning from less of everybody:", (found.without_training, *found.training)),
    )  # fmt: skip
    for stage, title, lines in stages:
        yield title
        yield out.table(("used", "of the data#", "everyone#", "light#", "heavy#", "the rest is"), map(_line, lines))
        yield _enough(found, stage)
        yield ""
    yield "Categories that the purposes may use:"
    rows = [(need.category, need.stage, need.verdict) for need in (*told.inference, *told.training)]
    yield out.table(("category", "for", "verdict"), rows)


def _line(one: "Line") -> tuple[object, ...]:
    groups = (_effect(one.everyone), _effect(one.light), _effect(one.heavy))
    return one.what, out.share(one.share), *groups, one.everyone.verdict


def _effect(one: "Effect | None") -> str:
    if one is None or one.relative != one.relative:
        return "too few"
    return f"{100 * (1 + one.relative):.1f}% ± {50 * (one.high - one.low):.1f}"


def _enough(found: "Minimisation", stage: str) -> str:
    visits = found.enough(stage)
    if visits is None:
        return "None of these is enough for sure: with each, something noticeable may be lost."
    lines = found.inference if stage == "inference" else found.training
    line = next(line for line in lines if line.visits == visits)
    heavy = f" Heavy customers keep {_effect(line.heavy)}." if line.heavy is not None else ""
    return f"The last {visits} visits are enough: what is older changes less than 1% for everyone together.{heavy}"
