"""What is wrong with a request, part by part: where, what was expected there, what was found.

Asked only once a request was refused. It walks the shape that was asked for beside what came in, and names every fault
in our own words; the parser stops at the first, in the words of its library.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import quote

from msgspec import inspect

from goodwill.web.problems import Wrong

_MOST = 20  # faults that are told at once
_SHOWN = 60  # characters of a value that are repeated
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")


def faults_in_body(value: object, shape: type) -> list[Wrong]:
    """The faults of a body, each with its place as a JSON Pointer (RFC 6901, as a fragment)."""
    return _told(_Faults().of(value, inspect.type_info(shape), ()), in_body=True)


def faults_in_parameters(given: dict[str, str], shape: type) -> list[Wrong]:
    """The faults of an address's parameters, each with the name of its parameter."""
    return _told(_Faults(texts_only=True).of(given, inspect.type_info(shape), ()), in_body=False)


def pointer(place: Iterable[str | int]) -> str:
    """``("person", "user_id")`` → ``#/person/user_id``."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in place)
    return "#" + "".join(f"/{quote(step)}" for step in steps)


class _Fault:
    """One fault before it is told."""

    def __init__(self, place: tuple[str | int, ...], says: str, expected: str, found: str) -> None:
        self.place = place
        self.says = says
        self.expected = expected
        self.found = found


def _told(faults: Iterator[_Fault], *, in_body: bool) -> list[Wrong]:
    return [
        Wrong(
            detail=fault.says,
            pointer=pointer(fault.place) if in_body else "",
            parameter="" if in_body else str(next(iter(fault.place), ""))[:100],
            expected=fault.expected,
            found=fault.found,
        )
        for fault in islice(faults, _MOST)
    ]


class _Faults:
    """Walks a value beside its shape.

    Args:
        texts_only: an address holds texts alone, so ``"4"`` is a number there.
    """

    def __init__(self, *, texts_only: bool = False) -> None:
        self._texts_only = texts_only

    def of(self, value: object, shape: inspect.Type, place: tuple[str | int, ...]) -> Iterator[_Fault]:
        """Every fault of a value and of what is in it, from first to last."""
        plain, words = _plain(shape)
        match plain:
            case inspect.UnionType():
                if value is not None:
                    for choice in (one for one in plain.types if not isinstance(one, inspect.NoneType)):
                        yield from self.of(value, choice, place)
            case inspect.StructType() if isinstance(value, dict):
                yield from self._names(value, plain, place)
            case inspect.DictType() if isinstance(value, dict):
                for name, one in value.items():
                    yield from self.of(one, plain.value_type, (*place, str(name)))
            case inspect.ListType() if isinstance(value, list) and _fits_length(value, plain):
                for number, one in enumerate(value):
                    yield from self.of(one, plain.item_type, (*place, number))
            case _ if not self._fits(value, plain):
                yield _misfit(place, words or _expected(plain), value)

    def _names(
        self, value: dict[str, object], shape: inspect.StructType, place: tuple[str | int, ...]
    ) -> Iterator[_Fault]:
        fields = {field.encode_name: field for field in shape.fields}
        for name in value:
            if name not in fields:
                yield _unknown((*place, name), name, list(fields))
        for name, field in fields.items():
            if name in value:
                yield from self.of(value[name], field.type, (*place, name))
            elif field.required:
                plain, words = _plain(field.type)
                expected = words or _expected(plain)
                yield _Fault(
                    (*place, name), f"'{_spoken((*place, name))}' is missing: {expected}.", expected, "nothing"
                )

    def _fits(self, value: object, shape: inspect.Type) -> bool:
        match shape:
            case inspect.StrType():
                return isinstance(value, str) and _fits_text(value, shape)
            case inspect.IntType():
                number = int(value) if self._texts_only and isinstance(value, str) and _is_whole(value) else value
                return type(number) is int and (shape.ge or 0) <= number <= (shape.le or number)
            case inspect.BoolType():
                return isinstance(value, bool)
            case inspect.LiteralType():
                return value in shape.values
        return False


def _plain(shape: inspect.Type) -> tuple[inspect.Type, str]:
    """A shape without what is only said about it, and the words for it where it has its own."""
    words = ""
    while isinstance(shape, inspect.Metadata):
        words = words or str((shape.extra or {}).get("words", ""))
        shape = shape.type
    return shape, words


def _fits_text(text: str, shape: inspect.StrType) -> bool:
    if shape.pattern is not None and not re.search(shape.pattern, text):
        return False
    return (shape.min_length or 0) <= len(text) <= (shape.max_length or len(text))


def _fits_length(values: list[object], shape: inspect.ListType) -> bool:
    return (shape.min_length or 0) <= len(values) <= (shape.max_length or len(values))


def _is_whole(text: str) -> bool:
    return len(text) < 20 and bool(_WHOLE.fullmatch(text))


# ---- in words --------------------------------------------------------------------------------------------------------


def _misfit(place: tuple[str | int, ...], expected: str, value: object) -> _Fault:
    found = _found(value)
    name = f"'{_spoken(place)}'" if place else "The body"
    return _Fault(place, f"{name} must be {expected}, not {found}.", expected, found)


def _unknown(place: tuple[str | int, ...], name: str, known: list[str]) -> _Fault:
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean '{close[0]}'?" if close else "."
    says = f"'{_spoken(place)}' is not known here{meant} Known are: {', '.join(known)}."
    return _Fault(place, says, f"one of {', '.join(known)}", _shortened(name))


def _spoken(place: tuple[str | int, ...]) -> str:
    """``("context", "basket", 1)`` → ``context.basket[1]``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return _shortened(text.removeprefix("."))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _found(value: object) -> str:
    """A value as JSON, or what it is where it is long."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"a text of {len(value)} characters"
    return _shortened(json.dumps(value, ensure_ascii=False))


def _expected(shape: inspect.Type) -> str:
    match shape:
        case inspect.UnionType():
            return (
                f"{', '.join(_of_choice(one) for one in shape.types if not isinstance(one, inspect.NoneType))}, or null"
            )
        case inspect.StructType():
            return f"an object with {', '.join(field.encode_name for field in shape.fields)}"
        case inspect.ListType():
            return f"a list of {_between(shape.min_length or 0, shape.max_length)}"
        case inspect.StrType():
            bound = shape.min_length or shape.max_length
            return "a text" + (f" of {_between(shape.min_length or 0, shape.max_length)} characters" if bound else "")
        case inspect.IntType():
            return f"a whole number from {shape.ge} to {shape.le}"
        case inspect.LiteralType():
            return f"one of {', '.join(map(str, shape.values))}"
        case inspect.DictType():
            return f"an object of at most {shape.max_length} names" if shape.max_length else "an object"
    return "true or false"


def _of_choice(shape: inspect.Type) -> str:
    plain, words = _plain(shape)
    return words or _expected(plain)


def _between(least: int, most: int | None) -> str:
    return f"at least {least}" if most is None else f"{least} to {most}"
