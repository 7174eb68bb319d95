"""Which kind of file this is, and which column says what: from the headings, checked against the values.

What the owner says (``--as``, ``--map``) wins. What nobody can tell is asked, never guessed; what is not used is
listed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from goodwill.basics.errors import BadInput
from goodwill.collect import times, values
from goodwill.collect.columns import Column, Held, Unreadable
from goodwill.collect.kinds import Field, Kind, Shape, Vocabulary, plain, vocabulary
from goodwill.collect.tables import Chunk, Table

# What --map may answer besides "which column is it": how the file is written.
ANSWERS = ("encoding", "separator", "decimal", "dates", "sheet")
_LOOKED_AT = 500  # rows whose values are held against the headings


@dataclass(frozen=True, slots=True)
class Left:
    """A column that is not taken in, and why."""

    column: str
    why: str


@dataclass(frozen=True)
class Recognised:
    """How a table is understood.

    Attributes:
        columns: the heading of each field that a column says.
        constants: the value of each field that the owner said for all rows (``--map purpose==offers``).
        left: the columns that are not used.
        utc: fields whose heading says that their times are UTC.
        currency: the currency that a heading of an amount names, "" if none.
        fills: facts about people count only where nothing is known yet.
        mark: what begins the decimals, where the format says so; "" where the file has to tell.
    """

    kind: Kind
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    left: tuple[Left, ...]
    notes: tuple[str, ...] = ()
    utc: frozenset[str] = frozenset()
    currency: str = ""
    fills: bool = False
    mark: str = ""

    def says(self, *names: str) -> bool:
        """Whether one of some fields is said, by a column or for all rows."""
        return any(name in self.columns or name in self.constants for name in names)


def recognise(table: Table, *, as_: str | None = None, mapping: Mapping[str, str] | None = None) -> Recognised:
    """Understand a table from its headings and first rows.

    Raises:
        BadInput: no kind fits, a field that the kind needs has no column, or two columns could be the same field.
    """
    words = vocabulary()
    sample = next(iter(table.chunks()), None)
    said = {plain(name).replace(" ", "-"): column for name, column in (mapping or {}).items()}
    for name in ANSWERS:
        said.pop(name, None)
    if as_ is not None:
        return _understood(_Reading(table, words.kind(as_), words, sample, said), sure=True)
    readings = [_Reading(table, kind, words, sample, said) for kind in words.kinds.values()]
    fitting = [reading for reading in readings if reading.fits()]
    if not fitting:
        raise BadInput(_unknown(table, readings))
    return _understood(fitting[0], sure=False)


def _unknown(table: Table, readings: "Sequence[_Reading]") -> str:
    nearest = max(readings, key=lambda reading: len(reading.columns))
    kinds = "; ".join(f"{reading.kind.name} ({reading.kind.about})" for reading in readings)
    columns = ", ".join(f"'{heading}'" for heading in table.headings[:20])
    more = f" and {len(table.headings) - 20} more" if len(table.headings) > 20 else ""
    hint = ""
    if nearest.columns:
        found = ", ".join(f"{name} = '{column}'" for name, column in nearest.columns.items())
        hint = f" Known so far: {found}; as {nearest.kind.name} it lacks {nearest.lacking()}."
    hint += "".join(f" '{heading}' is not taken: {why}." for heading, why in nearest.unlike.items())
    if any(_can_be(Shape.TIME, heading) or _can_be(Shape.MONEY, heading) for heading in table.headings):
        hint += " Its first line looks like a row: write a line with headings above it."
    return (
        f"{table.name}: nobody can tell what it holds from its headings {columns}{more}.{hint} Say what it is with "
        f"--as KIND and which column is which with --map FIELD=COLUMN. Kinds: {kinds}."
    )


def _understood(reading: "_Reading", *, sure: bool) -> Recognised:
    kind, table = reading.kind, reading.table
    if sure and (lacking := reading.lacking()):
        columns = ", ".join(f"'{heading}'" for heading in table.headings)
        raise BadInput(
            f"{table.name} lacks {lacking}, which {kind.name} need. Its columns are {columns}. "
            f"Say which one it is: --map {lacking.split(' ')[0]}=COLUMN"
        )
    if reading.unclear:
        name, rivals = next(iter(reading.unclear.items()))
        these = " or ".join(f"'{column}'" for column in rivals)
        raise BadInput(
            f"{table.name}: {these} could be {kind.fields[name].about}. Say which with --map, such as "
            f"--map {name}='{rivals[0]}'"
        )
    constants = dict(reading.constants)
    notes = list(reading.notes)
    if kind.name == "consents" and not reading.has("purpose"):
        purpose = reading.words.implies.get(plain(reading.columns.get("answer", "")))
        if purpose is None:
            raise BadInput(
                f"{table.name} does not say what people were asked about. Name the purpose that the column "
                f"'{reading.columns.get('answer')}' is about: --map purpose==email-marketing"
            )
        constants["purpose"] = purpose
        notes.append(f"'{reading.columns['answer']}' is taken as the answer about '{purpose}'.")
    if kind.name == "consents" and "purpose" not in reading.columns:
        _ask_how(reading)
        constants = {name: value for name, value in constants.items() if plain(value) != _NOBODY_KNOWS}
    told = {name: hints(column) for name, column in reading.columns.items()}
    money = [told[name].currency for name in reading.columns if kind.fields[name].shape is Shape.MONEY]
    return Recognised(
        kind=kind,
        columns=reading.columns,
        constants=constants,
        left=tuple(reading.left_behind()),
        notes=tuple(notes),
        utc=frozenset(name for name, hint in told.items() if hint.utc),
        currency=next((currency for currency in money if currency), ""),
    )


_NOBODY_KNOWS = "unknown"  # what the owner says of a yes of which nobody knows when, or with which words


def _ask_how(reading: "_Reading") -> None:
    """A bare column of yes and no proves little: ask what people ticked, when, and with which words.

    Raises:
        BadInput: that was not answered; what nobody knows may be said to be unknown.
    """
    missing = [] if reading.has("time") else ["--map time=COLUMN (or time==2026-03-01)"]
    if not reading.has("words", "notice"):
        missing.append("--map words='=We may send you news'")
    if missing:
        column = reading.columns.get("answer", "")
        raise BadInput(
            f"{reading.table.name}: '{column}' holds yes and no. What did people tick, when, and with which words? "
            f"Say so with {' and '.join(missing)}. What nobody knows any more, say with --map time==unknown or "
            "--map words==unknown; such a yes counts less than every other word."
        )


@dataclass(frozen=True, slots=True)
class Hints:
    """What a heading says besides its word: "Created (UTC)", "Price (EUR)"."""

    word: str
    utc: bool
    currency: str


_ASIDE = re.compile(r"[(\[]([^)\]]*)[)\]]")


def hints(heading: str) -> Hints:
    asides = [aside.strip() for aside in _ASIDE.findall(heading)]
    utc = any(aside.casefold() in ("utc", "gmt") for aside in asides)
    currency = ""
    for aside in asides:
        try:
            currency = values.read_currency(aside) or currency
        except Unreadable:
            continue
    return Hints(plain(_ASIDE.sub(" ", heading)), utc, "" if utc else currency)


@dataclass
class _Reading:
    """One way to read a table: as one kind of file."""

    table: Table
    kind: Kind
    words: Vocabulary
    sample: Chunk | None
    said: Mapping[str, str]
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, list[str]] = field(default_factory=dict)
    unlike: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._take_what_was_said()
        ranked = sorted(self._candidates(), key=lambda one: one[0])
        for rank, name, heading in ranked:
            if name in self.columns or name in self.constants or heading in self.columns.values():
                continue
            if not self._looks_right(self.kind.fields[name], heading):
                self.unlike[heading] = f"its values do not look like {self.kind.fields[name].about}"
                continue
            rivals = [other for r, n, other in ranked if (r, n) == (rank, name) and other != heading]
            rivals = [other for other in rivals if self._looks_right(self.kind.fields[name], other)]
            if rivals:
                self.unclear[name] = [heading, *rivals]
            self.columns[name] = heading
        self._clock_for_time()
        self._by_shape()

    def has(self, *names: str) -> bool:
        return any(name in self.columns or name in self.constants for name in names)

    def fits(self) -> bool:
        """Whether it may be of this kind, judged by what must be there and what must not."""
        if any(not self.has(*group) for group in self.kind.needs):
            return False
        if self.kind.unless and any(hints(heading).word in self.kind.unless for heading in self.table.headings):
            return False
        if self.kind.name == "consents" and not self.has("purpose"):
            facts = {
                word for one in self.words.kinds["customers"].fields.values() if one.category for word in one.words
            }
            return not any(hints(heading).word in facts - {"language"} for heading in self.table.headings)
        return True

    def lacking(self) -> str:
        """What must be there and is not, in words; "" if nothing."""
        groups = [group for group in self.kind.needs if not self.has(*group)]
        return "; ".join(" or ".join(f"{name} ({self.kind.fields[name].about})" for name in group) for group in groups)

    def left_behind(self) -> Iterator[Left]:
        used = set(self.columns.values())
        answers = self.words.kinds["consents"].fields["answer"].words
        for heading in self.table.headings:
            word = hints(heading).word
            if heading in used or word.startswith("rejected ") or word == "what to do":
                continue
            told = word in answers or (self.kind.name == "customers" and self._all(heading, _is_yes_or_no))
            if told and self.kind.name != "consents" and word not in self.words.leave:
                yield Left(
                    heading, "holds yes and no: say what people ticked, when and with which words, with --as consents"
                )
            else:
                yield Left(heading, self.words.leave.get(word) or self.unlike.get(heading) or "nothing here uses it")

    def _take_what_was_said(self) -> None:
        by_word = {plain(heading): heading for heading in self.table.headings}
        for name, column in self.said.items():
            if name not in self.kind.fields:
                continue
            if column.startswith("="):
                self.constants[name] = column[1:]
            elif column in self.table.headings or plain(column) in by_word:
                self.columns[name] = column if column in self.table.headings else by_word[plain(column)]

    def _candidates(self) -> Iterator[tuple[int, str, str]]:
        for heading in self.table.headings:
            word = hints(heading).word
            for one in self.kind.fields.values():
                if word in one.words and (word not in self.words.leave or word in self.kind.takes):
                    yield one.words.index(word), one.name, heading

    def _looks_right(self, wanted: Field, heading: str) -> bool:
        """Whether at least half of the first values can be what the heading promises."""
        if self.sample is None or self.sample.rows == 0:
            return True
        column = self.sample.column(heading)
        typed = {Shape.TIME: (Held.WALL, Held.MOMENT)}.get(wanted.shape)
        if typed and column.held in typed:
            return True
        said = [text for text in _first_texts(column) if text.strip()]
        return not said or 2 * sum(_can_be(wanted.shape, text) for text in said) >= len(said)

    def _by_shape(self) -> None:
        """Where no heading tells what has to be there, the only column that looks like it is taken; that is said."""
        for needed, looks in (("email", _is_address), ("time", _is_date)):
            groups = self.kind.needs
            lacks = any(needed in group and not self.has(*group) for group in groups)
            if not lacks or not all(self.has(*group) for group in groups if needed not in group):
                continue
            alike = [heading for heading in self.table.headings if self._is_free(heading) and self._all(heading, looks)]
            if len(alike) == 1:
                self.columns[needed] = alike[0]
                self.notes.append(
                    f"'{alike[0]}' is taken for {self.kind.fields[needed].about}, because its values look like it. "
                    f"If it is not, say which column is: --map {needed}=COLUMN"
                )

    def _is_free(self, heading: str) -> bool:
        return heading not in self.columns.values() and hints(heading).word not in self.words.leave

    def _all(self, heading: str, looks: Callable[[str], bool]) -> bool:
        texts = [text for text in _first_texts(self.sample.column(heading)) if text.strip()] if self.sample else []
        return bool(texts) and all(map(looks, texts))

    def _clock_for_time(self) -> None:
        """A column "Time" that holds whole dates is the time itself."""
        heading = self.columns.get("clock")
        if heading and not self.has("time") and self._looks_right(self.kind.fields["time"], heading):
            self.columns["time"] = self.columns.pop("clock")


_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text.strip()) is not None


def _is_date(text: str) -> bool:
    """Whether a text can be nothing but a date: bare digits can."""
    return not text.strip().isdigit() and not times.seen_in(text) & times.Seen.NO_DATE


def _first_texts(column: Column) -> list[str]:
    return [column.text(row) for row in range(min(len(column), _LOOKED_AT))]


def _is_yes_or_no(text: str) -> bool:
    """Whether a value answers, in words; a 1 or a 0 may count anything."""
    if text.strip().isdigit():
        return False
    try:
        return values.read_answer(text) is not None
    except Unreadable:
        return False


def _can_be(shape: Shape, text: str) -> bool:
    if shape is Shape.EMAIL:
        return "@" in text
    if shape is Shape.TIME:
        return not times.seen_in(text) & times.Seen.NO_DATE
    if shape in (Shape.NUMBER, Shape.MONEY):
        return values.seen_in(text) is not values.Seen.NO_NUMBER
    if shape is Shape.PHONE:
        return sum(letter.isdigit() for letter in text) >= 5
    return _reads(shape, text)


def _reads(shape: Shape, text: str) -> bool:
    read = {Shape.CURRENCY: values.read_currency, Shape.ANSWER: values.read_available}.get(shape)
    try:
        if read is not None:
            read(text)
    except Unreadable:
        return False
    return True
