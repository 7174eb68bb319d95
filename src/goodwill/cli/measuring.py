"""Measures: figures about the shop, each with its interval and whom it covers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from goodwill.cli import out
from goodwill.cli.shell import SUGGESTIONS, Shell, command, group

if TYPE_CHECKING:
    from goodwill.measure.minimisation import Effect, Line, Minimisation
    from goodwill.shop.measuring import Minimised

measure = group("measure", "Figures about the shop, each with its interval and whom it covers.", panel=SUGGESTIONS)
_ALL = {"minimisation": "how much of people's data the suggestions really need"}


@command(measure, "list")
def list_(shell: Shell) -> None:
    """List what can be measured.

    Example: goodwill measure list
    """
    shell.answer(_ALL, out.table(("measure", "says"), list(_ALL.items())))


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
