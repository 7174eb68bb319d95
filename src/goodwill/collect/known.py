"""How a file of a known format is understood: each of its views with our fields, as the owner may change them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from goodwill.collect.kinds import Shape, plain, vocabulary
from goodwill.collect.recognise import ANSWERS, Left, Recognised, hints
from goodwill.collect.tables import Table
from goodwill.collect.views import Format, Known, Through, View


def views_of(table: Table, format_: Format, mapping: Mapping[str, str]) -> list[tuple[Through, Recognised]]:
    """The views of a file that it can fill, each with how it is understood; the first tells what is left behind."""
    known = Known(format_, table)
    said = {plain(name).replace(" ", "-"): column for name, column in mapping.items()}
    shown = [_understood(known, view, said) for view in format_.views(known.heads)]
    full = [(view, how) for view, how in shown if _has_what_it_needs(how)]
    left = tuple(_left_behind(table, format_, [how for _, how in full]))
    note = f"{table.name} is {format_.about}."
    first = len(full) - 1
    return [
        (
            Through(known, view, takes_broken=number == first),
            replace(how, left=left, notes=(note,)) if number == 0 else how,
        )
        for number, (view, how) in enumerate(full)
    ]


def _understood(known: Known, view: View, said: Mapping[str, str]) -> tuple[View, Recognised]:
    kind = vocabulary().kinds[view.kind]
    columns = {name: heading for name, these in view.says.items() if (heading := known.heads.first(*these)) is not None}
    constants = dict(view.constants)
    cells = {heading: made for name, made in view.cells.items() if (heading := known.heads.first(name)) is not None}
    for name, column in said.items():
        if name in ANSWERS or name not in kind.fields:
            continue
        columns.pop(name, None)
        constants.pop(name, None)
        if column.startswith("="):
            constants[name] = column[1:]
        elif (heading := known.heads.first(column)) is not None:
            columns[name] = heading
            cells.pop(heading, None)  # what the owner points at is taken as it stands
    told = {name: hints(heading) for name, heading in columns.items()}
    money = [told[name].currency for name in columns if kind.fields[name].shape is Shape.MONEY]
    how = Recognised(
        kind, columns, constants, (),
        utc=frozenset(name for name, hint in told.items() if hint.utc),
        currency=next((currency for currency in money if currency), ""),
        fills=view.fills,
    )  # fmt: skip
    return replace(view, cells=cells), how


def _has_what_it_needs(how: Recognised) -> bool:
    """Whether the file can fill this view: an older export may lack a column that it rests on."""
    return all(how.says(*group) for group in how.kind.needs)


def _left_behind(table: Table, format_: Format, hows: Sequence[Recognised]) -> Iterable[Left]:
    used = {heading for how in hows for heading in how.columns.values()} | _used_by(format_, table)
    leave = vocabulary().leave
    for heading in table.headings:
        word = plain(heading)
        if heading in used or word.startswith("rejected ") or word == "what to do":
            continue
        yield Left(heading, format_.why_left(heading) or leave.get(word) or "nothing here uses it")


def _used_by(format_: Format, table: Table) -> set[str]:
    """What a format reads to know what the rest means."""
    words = {plain(one) for one in (*format_.filled, *format_.reads)}
    return {heading for heading in table.headings if plain(heading) in words}
