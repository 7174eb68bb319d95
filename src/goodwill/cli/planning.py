"""What the shop decides about choosing: slots, experiments, and what may run at all."""

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodwill.basics.errors import BadInput
from goodwill.cli import out
from goodwill.cli.figures import told
from goodwill.cli.named import LOST, Person, who
from goodwill.cli.people import people
from goodwill.cli.shell import SUGGESTIONS, Shell, command, group, switch

if TYPE_CHECKING:
    from goodwill.decide.plan import Arm, Experiment, Plan, Slot, Ways
    from goodwill.shop.tastes import TasteQuestion

slot = group("slot", "The places where something is chosen, and how it is chosen there.", panel=SUGGESTIONS)
experiment = group("experiment", "Try ways of choosing beside each other, and hold people out.", panel=SUGGESTIONS)
govern = group("govern", "Which models and initiatives may run.", panel=SUGGESTIONS)

_SLOTS, _EXPERIMENTS, _STATUS = "goodwill slot list", "goodwill experiment list", "goodwill govern status"
_Name = Annotated[str, typer.Argument(metavar="NAME", help="1 to 64 small letters, digits and hyphens.")]
_WAY = typer.Option(
    "--way",
    metavar="NAME=VALUE",
    help="new_in_ten, companions_in_ten, calibration, outside, rests_after, rest_days (numbers) or personal (yes, no); "
    "may be repeated.",
)
_ARM = typer.Option(
    "--arm", metavar="NAME[,WAY=VALUE…]", help="An arm with its ways, such as more-new,new_in_ten=3,weight=2."
)
_REASON = typer.Option("--reason", help="Why; it stands in the plan's journal.")


@command(slot, "set", lost=_SLOTS)
def set_slot(
    shell: Shell,
    name: _Name,
    kind: Annotated[str, typer.Option(help="products, content or offers.")] = "products",
    count: Annotated[int, typer.Option(min=1, max=100, help="How many, where the question does not say.")] = 10,
    way: Annotated[list[str] | None, _WAY] = None,
    discreet: Annotated[
        bool,
        typer.Option(
            "--discreet/--not-discreet",
            help="Not discreet: a sensitive thing may be shown to whoever looks at its like just now.",
        ),
    ] = True,
    floor: Annotated[
        int, typer.Option(min=0, max=100, help="Content and offers: percent of all chances given to everything alike.")
    ] = 10,
    week: Annotated[
        int, typer.Option(min=1, max=7, help="Content and offers: on how many days of seven the same is shown.")
    ] = 5,
    overall: Annotated[
        int, typer.Option(min=1, max=1000, help="How many contents and offers in seven days, in all slots together.")
    ] = 20,
) -> None:
    """Describe a slot: how many, how much that is new, how much of other kinds.

    Example: goodwill slot set home --count 4 --way new_in_ten=2
    """
    from goodwill.decide.plan import Slot

    with shell.shop() as shop:
        made = shop.planning.set_slot(name, Slot(kind, count, _ways(way or ()), discreet, floor, week, overall))
        shell.answer(_slot(name, made), out.pairs(_facts(_slot(name, made))))


@command(slot, "list")
def list_slots(shell: Shell) -> None:
    """List the slots that somebody described; every other name is an ordinary one for products."""
    with shell.shop() as shop:
        found = [_slot(name, one) for name, one in shop.planning.plan().slots.items()]
        rows = [(one["slot"], one["kind"], one["count"], _said(one["ways"]), _yes(one["discreet"])) for one in found]
        table = out.table(("slot", "kind", "count#", "ways", "discreet"), rows)
        shell.answer({"slots": found}, table if found else "All slots are ordinary ones for products.")


@command(slot, "cost")
def cost(
    shell: Shell,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Lists as long as this slot's; of ten unless given.")
    ] = "",
) -> None:
    """Show what each way of choosing would have cost on everybody's last visit, and what it would have found.

    Example: goodwill slot cost home
    """
    with shell.shop() as shop:
        with shell.working("Suggesting for everybody's last visit, in several ways"):
            found = shop.cost_of_ways(name)
        lines = (found.plain, *found.lines)
        document = {
            "people": found.people, "seekers": found.seekers, "places": found.places,
            "interval": "paired normal interval, 95 %", "ways": [one.document for one in lines],
        }  # fmt: skip
        rows = [
            (one.way, _or_too_few(one.ndcg, f"{one.ndcg:.3f}"), one.lost, _or_too_few(one.found, _percent(one.found)))
            for one in lines
        ]
        table = out.table(("way", f"nDCG@{found.places}#", "beside as it is#", "first purchases found#"), rows)
        said = (
            f"Lists of {found.places} for the last visit of {out.number(found.people, 'people')} who allow "
            f"model-improvement; {out.number(found.seekers)} of them bought something for the first time then."
        )
        shell.answer(document, said, "", table, watermark=shop.settings.watermark)


@command(slot, "remove", lost=_SLOTS)
def remove_slot(shell: Shell, name: _Name) -> None:
    """Make a slot an ordinary one again."""
    with shell.shop() as shop:
        shop.planning.remove_slot(name)
        shell.answer({"slot": name, "removed": True}, f"Slot '{name}' is an ordinary one again.")


# ---- experiments -----------------------------------------------------------------------------------------------------


@command(experiment, "new")
def new(
    shell: Shell,
    name: _Name,
    question: Annotated[str, typer.Option(help="What it is to answer, in a sentence.")],
    arm: Annotated[list[str], _ARM],
    slot: Annotated[list[str] | None, typer.Option(help="Where; everywhere unless given. May be repeated.")] = None,
    holdout: Annotated[int, typer.Option(min=0, max=100, help="Percent who get what everyone gets.")] = 0,
) -> None:
    """Describe an experiment, which begins when it was approved and started, and is never changed.

    Example: goodwill experiment new more-new --question "Do three new things sell more?" --arm as-is --arm
    three,new_in_ten=3 --slot home --holdout 10
    """
    with shell.shop() as shop:
        made = shop.planning.new_experiment(
            name, question, [_arm(text) for text in arm], slots=slot or (), holdout=holdout
        )
        shell.answer(_experiment(name, made), out.pairs(_facts(_experiment(name, made))))
        shell.note(f"Next: goodwill govern approve experiment-{name}; then: goodwill experiment start {name}")


@command(experiment, "plan")
def plan_experiment(
    shell: Shell,
    weeks: Annotated[int, typer.Option(help="For which it would run: 1, 4, 13, 26, 52 or 104.")] = 4,
    customers: Annotated[int, typer.Option(min=0, help="Who would be in it; 0: as many as allow it.")] = 0,
    treated: Annotated[int, typer.Option(min=1, max=99, help="Percent who would get something else.")] = 50,
    hoped: Annotated[
        int, typer.Option(min=0, help="The change for a customer that would be worth it; 0: half of what one brings.")
    ] = 0,
) -> None:
    """Say, before it starts, which change an experiment could show at all; nothing is begun.

    Example: goodwill experiment plan --weeks 13 --hoped 3
    """
    with shell.shop() as shop:
        answer = shop.measures.answer("detectable", weeks=weeks, customers=customers, treated=treated, hoped=hoped)
        shell.answer(answer.to_dict(), *told(answer, shop.settings.currency), watermark=shop.settings.watermark)


@command(experiment, "list")
def list_experiments(shell: Shell) -> None:
    """List all experiments and the shop's own holdout."""
    with shell.shop() as shop:
        plan = shop.planning.plan()
        found = [_experiment(name, one) for name, one in plan.experiments.items()]
        rows = [
            (one["experiment"], one["state"], ", ".join(one["slots"]) or "everywhere",
             ", ".join(arm["name"] for arm in one["arms"]), f"{one['holdout']} %", one["question"])
            for one in found
        ]  # fmt: skip
        table = out.table(("experiment", "state", "slots", "arms", "holdout#", "question"), rows)
        document = {"holdout": plan.holdout.percent, "experiments": found}
        shell.answer(document, _held(plan), *([table] if found else ["There is no experiment."]))


@command(experiment, "start", lost=_EXPERIMENTS)
def start(shell: Shell, name: _Name) -> None:
    """Begin an experiment that was approved."""
    with shell.shop() as shop:
        started = shop.planning.start(name)
        shell.answer(
            _experiment(name, started), f"Experiment '{name}' runs. Everybody stays in the arm that they are in."
        )


@command(experiment, "stop", lost=_EXPERIMENTS)
def stop(shell: Shell, name: _Name) -> None:
    """End an experiment."""
    with shell.shop() as shop:
        stopped = shop.planning.stop(name)
        shell.answer(_experiment(name, stopped), f"Experiment '{name}' is over.")


@command(experiment, "holdout")
def holdout(
    shell: Shell, percent: Annotated[int, typer.Argument(metavar="PERCENT", min=0, max=50, help="Of all people.")]
) -> None:
    """Give some percent of all people what everyone gets, for good: the yardstick for all that personalising brings.

    Example: goodwill experiment holdout 5
    """
    with shell.shop() as shop:
        before = shop.planning.plan().holdout.percent
        shop.planning.hold_out(percent)
        shell.answer({"holdout": percent}, _held(shop.planning.plan()))
        if before not in (0, percent):
            shell.note(_begins_anew(before, percent))


@command(experiment, "arm", lost=LOST)
def arm_of(shell: Shell, person: Person, slot: Annotated[str, typer.Option(help="Where.")] = "home") -> None:
    """Show the arm that somebody is in; it never depends on what they allow."""
    with shell.shop() as shop:
        found = shop.planning.assigned(who(shop, person), slot)
        document = {
            "slot": slot, "experiment": found.experiment, "arm": found.arm, "propensity": round(found.propensity, 6)
        }  # fmt: skip
        shell.answer(document, out.pairs(_facts(document)))


# ---- what may run ----------------------------------------------------------------------------------------------------


@command(govern, "status")
def status(shell: Shell) -> None:
    """Show which models and initiatives may run, and who said so."""
    from goodwill.shop.planning import gated

    with shell.shop() as shop:
        plan = shop.planning.plan()
        last = {row.name: row for row in shop.planning.journal() if row.kind == "gate"}
        found = [
            {
                "name": name,
                "may_run": plan.may(name),
                "status": str(plan.gates[name].status) if name in plan.gates else "not approved",
                "reason": plan.gates[name].reason if name in plan.gates else "",
                "by": last[name].actor if name in last else "",
            }
            for name in gated(plan)
        ]
        rows = [(one["name"], one["status"], one["by"], one["reason"]) for one in found]
        shell.answer({"models_and_initiatives": found}, out.table(("name", "status", "by", "reason"), rows))


@command(govern, "approve", lost=_STATUS)
def approve(shell: Shell, name: _Name, reason: Annotated[str, _REASON] = "") -> None:
    """Let a model or an initiative run; it stands in the audit log.

    Example: goodwill govern approve experiment-more-new --reason "small, in one slot, with a holdout"
    """
    with shell.shop() as shop:
        gate = shop.planning.approve(name, reason)
        shell.answer({"name": name, "status": str(gate.status)}, f"'{name}' may run.")


@command(govern, "suspend", lost=_STATUS)
def suspend(shell: Shell, name: _Name, reason: Annotated[str, _REASON] = "") -> None:
    """Stop a model or an initiative from the next decision on."""
    with shell.shop() as shop:
        gate = shop.planning.suspend(name, reason)
        shell.answer({"name": name, "status": str(gate.status)}, f"'{name}' chooses nothing any more.")


# ---- gentleness ------------------------------------------------------------------------------------------------------


@command(people, "care", lost=LOST)
def care(
    shell: Shell,
    person: Person,
    why: Annotated[
        str, typer.Option("--why", help="bereavement, payment-trouble, health, needs-help, self-declared or minor.")
    ],
    over: Annotated[bool, switch("--over", help="It is over.")] = False,
) -> None:
    """Note that somebody is to be treated with care for 90 days: nothing is urged on them, and nothing rests on it.

    For whoever is under age (minor) it lasts until it is over, and nothing is chosen from their data.

    Example: goodwill people care amina --why bereavement
    """
    with shell.shop() as shop:
        shop.planning.care(who(shop, person), why, over=over)
        told = "It is over." if over else _CARED.get(why, "Nothing is urged on them for 90 days.")
        shell.answer({"person": person, "why": why, "over": over}, told)


_CARED = {
    "minor": "Nothing is chosen from their data, and nothing is urged on them, until it is over (--over): they get "
    "what everyone gets, and are not asked what they like.",
}


@command(people, "personal", lost=LOST)
def personal(
    shell: Shell, person: Person, off: Annotated[bool, typer.Option("--off/--on", help="Off, or on again.")] = True
) -> None:
    """Switch off for somebody that anything is chosen from their data; what they allow stays as it is."""
    with shell.shop() as shop:
        shop.planning.personal(who(shop, person), personal=not off)
        told = "Nothing is chosen from their data now." if off else "What they allow counts again."
        shell.answer({"person": person, "personal": not off}, told)


_LIKES = typer.Option("--likes", metavar="KIND", help="A kind of things, as the choices name it; may be repeated.")
_ANY = switch("--no-preference", help="They say that they have none.")
_AWAY = switch("--remove", help="Delete what they said.")


@command(people, "taste", lost=LOST)
def taste(
    shell: Shell,
    person: Person,
    likes: Annotated[list[str] | None, _LIKES] = None,
    no_preference: Annotated[bool, _ANY] = False,
    remove: Annotated[bool, _AWAY] = False,
) -> None:
    """Show the one question for whoever has bought nothing yet, and what somebody answered; or write an answer down.

    Example: goodwill people taste dev --likes Bread --likes Wine
    """
    if sum((bool(likes), no_preference, remove)) > 1:
        raise BadInput("Say one of: --likes, --no-preference, --remove.")
    from goodwill.web import tastes

    with shell.shop() as shop:
        whom = who(shop, person)
        if remove:
            gone = shop.taste.take_away(whom)
            shell.answer(
                {"removed": gone}, "What they said they like is deleted." if gone else "They had said nothing."
            )
            return
        asked = shop.taste.tell(whom, likes or ()) if likes or no_preference else shop.taste.question(whom)
        document = tastes.shown(shop, asked)
        shell.answer(document, *_taste(asked), watermark=shop.settings.watermark)


def _taste(asked: "TasteQuestion") -> Iterator[str]:
    """What they said, what they can choose from, and whether to ask them now."""
    if asked.answer is not None:
        yield f"They like: {', '.join(asked.answer.kinds)}." if asked.answer.kinds else "They have no preference."
    if asked.choices:
        yield f"The choices are: {', '.join(asked.choices)}; or no preference."
    yield "Ask them now." if asked.ask else _NOT_ASKED.get(asked.reason, _ANOTHER)


_ANOTHER = "They do not allow suggestions from what they told; so they are not asked what they like."
_NOT_ASKED = {
    "answered": "They have answered, and need not be asked again.",
    "bought": "They have bought something, and need not be asked; they may answer all the same.",
    "nothing-to-ask": "There is nothing to choose from yet: import products with their categories, and orders.",
    "no-preferences": "They do not allow that what they told is looked at (recommendations: preferences).",
    "switched-off": "They switched off that anything is chosen from their data; what they say is kept, and counts "
    "when they switch it on again.",
    "contextual-only": "Nothing is ever chosen from their data, as of everybody under age; so they are not asked.",
    "never-asked": "They were never asked whether suggestions may rest on what they told; so they are not asked.",
    "refused": "They said no to suggestions from what they told; so they are not asked for it.",
    "withdrawn": "They took their yes to suggestions back; so they are not asked what they like.",
    "expired": "Their yes to suggestions has ended; ask for it again before asking what they like.",
    "objected": "They objected to suggestions; so they are not asked what they like.",
    "purpose-expired": "The purpose recommendations has ended; until its entry is renewed nobody is asked.",
    "held": "They count in nothing for now (goodwill people show), and are not asked meanwhile.",
    "unknown-person": "Nobody is known here by that name, so there is nobody to ask. See: goodwill people find",
    "quarantined": "Nobody is asked while the ledger of consent may not be believed. See: goodwill doctor",
    "holdout": "They are among those who get what everyone gets (goodwill experiment holdout); so they are not asked.",
}


# ---- reading and saying ----------------------------------------------------------------------------------------------


def _ways(given: Iterable[str]) -> "Ways":
    from goodwill.decide.plan import Ways
    from goodwill.shop.planning import checked

    known = Ways.__struct_fields__
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or name not in known:
            raise BadInput(f"'{text}' is no way of choosing. Write NAME=VALUE; names are: {', '.join(known)}.")
        values[name] = _value(name, value)
    made: Ways = checked(Ways(**values))
    return made


def _value(name: str, value: str) -> bool | int:
    if name == "personal":
        if value not in ("yes", "no"):
            raise BadInput(f"personal is yes or no, not '{value}'.")
        return value == "yes"
    if not value.isdecimal():
        raise BadInput(f"{name} is a whole number, not '{value}'.")
    return int(value)


def _arm(text: str) -> "Arm":
    from goodwill.decide.plan import Arm

    name, *given = (part.strip() for part in text.split(","))
    weight = next((part.partition("=")[2] for part in given if part.startswith("weight=")), "1")
    return Arm(name, int(_value("weight", weight)), _ways(part for part in given if not part.startswith("weight=")))


def _slot(name: str, one: "Slot") -> dict[str, Any]:
    import msgspec

    return {
        "slot": name,
        "kind": one.kind,
        "count": one.count,
        "ways": msgspec.to_builtins(one.ways),
        "discreet": one.discreet,
        **({} if one.kind == "products" else {"floor": one.floor, "week": one.week, "overall": one.overall}),
    }


def _experiment(name: str, one: "Experiment") -> dict[str, Any]:
    import msgspec

    arms = [{"name": arm.name, "weight": arm.weight, "ways": msgspec.to_builtins(arm.ways)} for arm in one.arms]
    return {
        "experiment": name, "state": str(one.state), "question": one.question, "slots": list(one.slots), "arms": arms,
        "holdout": one.holdout,
    }  # fmt: skip


def _held(plan: "Plan") -> str:
    if not plan.holdout.percent:
        return (
            "Nobody is held out, so what personalising brings cannot be told. See: goodwill experiment holdout --help"
        )
    return f"{plan.holdout.percent} % of all people get what everyone gets, whatever runs."


def _begins_anew(before: int, percent: int) -> str:
    """What a changed share does to reports: the days of the share before are not carried on."""
    what = "reports begin a new window" if percent else "no report tells what the programme brings"
    return (
        f"From tomorrow on {what}: the days in which {before} % were held out stay in reports that end before today, "
        f"and setting {before} again would not bring them back."
    )


def _facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, _said(value)) for name, value in document.items()]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return _yes(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={_said(one)}" for name, one in value.items()) or "as usual"
    if isinstance(value, list):
        return "; ".join(_said(one) for one in value) or "everywhere"
    return str(value)


def _or_too_few(value: float, told: str) -> str:
    return "too few" if math.isnan(value) else told


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
