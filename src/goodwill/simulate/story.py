"""The demo on a screen: each chapter in a few sentences and a table, for somebody who never heard of goodwill."""

from collections.abc import Iterable, Sequence
from functools import singledispatch

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from goodwill.simulate.told import (
    Accuracy,
    Closing,
    Contact,
    Decided,
    Forgetting,
    Import,
    Item,
    Learn,
    Opening,
    Returned,
)

_WHY_NOT = {
    "never-asked": "never asked",
    "refused": "said no",
    "withdrawn": "said yes, and took it back",
    "expired": "said yes too long ago",
    "no-address": "said yes, but no address is known",
    "left-alone": "said yes, but an address of theirs said no",
    "unknown-person": "not known here",
    "no-history": "nothing bought yet",
}
_METHODS = {
    "usual+new": "nine usual + one new (what the shop shows)",
    "usual": "the usual alone",
    "own-frequency+popularity": "counting: own most frequent, then best sellers",
    "popularity": "counting: best sellers for everyone",
    "affinity": "what goes together with own purchases",
}


@singledispatch
def tell(chapter: object) -> RenderableType:
    """A chapter as it is printed."""
    raise TypeError(f"The demo has no chapter {type(chapter).__name__}")


@tell.register
def _opening(chapter: Opening) -> RenderableType:
    mark = Text(f" {chapter.watermark} ", style="bold black on yellow") if chapter.watermark else Text()
    return Group(mark, *(Text(note) for note in chapter.notes))


@tell.register
def _import(chapter: Import) -> RenderableType:
    files = [(one.kind, _number(one.rows), _number(one.kept), _number(one.rejected)) for one in chapter.files]
    said = (
        f"{_number(chapter.rows)} rows came in from {len(chapter.files)} files in {chapter.seconds:.1f} s "
        f"({_number(chapter.rows_per_second)} rows/s)."
    )
    not_taken = [f"Not taken: {_number(count)} × {why}." for why, count in chapter.why.items()]
    return _chapter("1 Import", said, *not_taken, table=_table(("file of", "rows#", "kept#", "not taken#"), files))


@tell.register
def _contact(chapter: Contact) -> RenderableType:
    said = f"{_number(chapter.yes)} of {_number(chapter.of)} people may be written to by e-mail. The others:"
    why = [(_WHY_NOT.get(why, why), _number(count)) for why, count in chapter.why_not.items()]
    return _chapter("2 Who may be contacted", said, table=_table(("because", "people#"), why))


@tell.register
def _learn(chapter: Learn) -> RenderableType:
    sums = (
        f"{_number(chapter.people)} people allow that their purchases help to suggest better to everyone. "
        f"Each adds whole numbers to one total over {_number(chapter.items)} kinds of products."
    )
    models = f"The models ({', '.join(chapter.models)}) come from that total alone; made in {chapter.seconds:.1f} s."
    return _chapter("3 Learn", sums, models)


@tell.register
def _decided(chapter: Decided) -> RenderableType:
    if chapter.role == "withdrawn":
        return _chapter(f"6 What {chapter.person} sees now", _after(chapter))
    number = {"Amina": "4a", "Bruno": "4b", "Chiara": "4c"}.get(chapter.person, "4")
    return _chapter(f"{number} {_title(chapter)}", _said(chapter), table=_suggestions(chapter.items))


def _title(chapter: Decided) -> str:
    if chapter.personalised:
        return f"For {chapter.person} (household {chapter.user_id}), who allows suggestions"
    return f"For {chapter.person} (household {chapter.user_id}): {_why(chapter)}"


def _why(chapter: Decided) -> str:
    return _WHY_NOT.get(chapter.reason, chapter.reason)


def _said(chapter: Decided) -> str:
    if not chapter.personalised:
        return "So nothing about this household was read, and it gets what everyone gets."
    withheld = f" Withheld, because not allowed: {', '.join(chapter.withheld)}." if chapter.withheld else ""
    covered = f" The reasons carry {_share(chapter.covered)} of the evidence, on average."
    return f"Used: {', '.join(chapter.used)}.{withheld}{covered}"


def _after(chapter: Decided) -> str:
    now = {item.product for item in chapter.items}
    before = chapter.before.items if chapter.before else ()
    gone = sum(item.product not in now for item in before)
    return f"What everyone gets, because: {_why(chapter)}. Of {len(before)} suggestions before, {gone} are gone."


def _suggestions(items: Sequence[Item]) -> Table:
    rows = [(item.name, item.kind, _because(item), _share(item.covered)) for item in items]
    return _table(("suggested", "kind", "because", "covered#"), rows)


def _because(item: Item) -> str:
    """The reason that weighs most, or all where none carries much; the document has them all."""
    told = item.because if item.kind == "new" else item.because[:1]
    return "; ".join(
        f"{reason.text} ({_share(reason.share)})" if item.kind == "new" else reason.text for reason in told
    )


@tell.register
def _forgetting(chapter: Forgetting) -> RenderableType:
    who = f"{chapter.person} (household {chapter.user_id}) takes back every consent."
    when = (
        f"{chapter.milliseconds:.0f} ms later no total and no model holds the household: "
        f"{_number(chapter.people_before)} people before, {_number(chapter.people_after)} after."
    )
    verdict = (
        "The last two are equal, bit for bit: nothing of this household is left in what was learned."
        if chapter.equal
        else "THE LAST TWO DIFFER: the proof failed."
    )
    hashes = [
        ("with the household", chapter.hash_before),
        ("after taking it out", chapter.hash_after),
        ("worked out anew without it", chapter.hash_rebuilt_without),
    ]
    table = _table(("total", "SHA-256"), hashes)
    return Group(_chapter("5 A withdrawal and its proof", who, when, table=table), _line(verdict))


@tell.register
def _accuracy(chapter: Accuracy) -> RenderableType:
    said = (
        f"The last basket of {_number(chapter.people)} people was set aside and guessed with ten suggestions. "
        "recall@10: the share of it that was guessed; nDCG@10 counts early hits more; ± is one standard error."
    )
    scores = [(_METHODS.get(name, name), score) for name, score in chapter.next_basket.items()]
    scores += [(f"new things: {_METHODS.get(name, name)}", score) for name, score in chapter.discovery.items()]
    rows = [(name, _figure(one.recall, one.recall_error), _figure(one.ndcg, one.ndcg_error)) for name, one in scores]
    table = _table(("method", "recall@10#", "nDCG@10#"), rows)
    return Group(_chapter("7 How good is it", said, table=table), *map(_line, _verdicts(chapter)))


def _verdicts(chapter: Accuracy) -> Iterable[str]:
    for gain in chapter.gains:
        sure = abs(gain.value) > 2 * gain.error
        how = ("better than" if gain.value > 0 else "worse than") if sure else "not clearly different from"
        yield (f"{gain.of} is {how} {gain.beyond}: {gain.value:+.4f} ± {gain.error:.4f} nDCG@10, person by person.")


@tell.register
def _returned(chapter: Returned) -> RenderableType:
    said = (chapter.invented, chapter.sentence)
    table = _table(("figure", "value#", "95 % interval#", "grade"), chapter.figures) if chapter.figures else None
    left = [f"Not counted: {line}" for line in chapter.left_out]
    again = f"The whole report, on paper too: {chapter.query} --pdf report.pdf"
    return Group(_chapter("8 What it returned", *said, table=table), *map(_line, (*left, again)))


@tell.register
def _closing(chapter: Closing) -> RenderableType:
    return _chapter(f"Done in {chapter.seconds:.0f} s. {chapter.watermark}")


# ---- how it looks ------------------------------------------------------------------------------------------------


def _chapter(title: str, *said: str, table: Table | None = None) -> RenderableType:
    parts: list[RenderableType] = [Text(), Text(title, style="bold"), *map(_line, said)]
    return Group(*parts, Padding(table, (0, 0, 0, 2), expand=False)) if table is not None else Group(*parts)


def _line(text: str) -> RenderableType:
    return Padding(Text(text), (0, 0, 0, 2), expand=False)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Aligned columns; those whose name ends in ``#`` hold numbers and stand to the right."""
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in columns:
        made.add_column(name.rstrip("#"), justify="right" if name.endswith("#") else "left", overflow="fold")
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def _number(value: int) -> str:
    return f"{value:,}"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _figure(value: float, error: float) -> str:
    return f"{value:.3f} ± {error:.3f}"
