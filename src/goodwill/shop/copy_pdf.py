"""The own copy to read and print: dated, in the person's language, with an outline and page x of y.

It is set in a font that every reader has. Names with other letters (Polish, Greek, Cyrillic …) are set in DejaVu where
this machine has it; where it has not, such a letter becomes "?", and the last page says so. Nothing is fetched.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from goodwill.access.view import Happened, Section
from goodwill.basics.clock import date_of, day_of, moment
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import opaque
from goodwill.basics.money import Money
from goodwill.consent import Evidence, Row
from goodwill.shop.copy_json import Copy, said
from goodwill.shop.paper import broken, font_for, is_plain
from goodwill.shop.tagged import Tags

if TYPE_CHECKING:
    from fpdf import FPDF

_PIECE = 1 << 16
_HIGH = 4.2  # millimetres of a line in a table
_TALL = 30  # lines of one row that are worth a new page

# These have a section of their own, or are counted at a glance and told whole where they come from.
TOLD: Final = frozenset(
    {"identities", "profiles", "consent_now", "consent_rows", "events", "reads", "audit_rows", "before_import"}
)
# By which columns the rows of each other table are told, under which heading, and how; JSON has all of them.
ROWS: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "deliveries": (("at", "when", "time"), ("state", "state", "sent_state")),
    "erasures": (("asked_at", "when", "time"), ("state", "state", "erasure"), ("finished_at", "ended", "time")),
    "holds": (("at", "when", "time"), ("held", "what", "held"), ("reason", "why", "hold")),
    "hook_messages": (("at", "when", "time"), ("topic", "what", "topic"), ("state", "state", "sent_state")),
    "hook_objects": (("kind", "what", "record"), ("at", "since", "time")),
    "merges": (("at", "when", "time"), ("undone_at", "ended", "time")),
    "moved": (
        ("what", "what", "moved"), ("category", "data", "category"), ("sealed", "value", "text"),
        ("at", "since", "time"),
    ),
    "moved_events": (("day", "day", "day"),),
    "opt_ins": (
        ("asked_at", "when", "time"), ("about", "purpose", "pairs"), ("ends_at", "until", "time"),
        ("outcome", "state", "opt_in"),
    ),
    "outbox": (
        ("at", "when", "time"), ("name", "what", "letter"), ("state", "state", "sent_state"),
        ("language", "language", "language"),
    ),
    "people": (("created_at", "since", "time"),),
    "requests": (
        ("received_at", "when", "time"), ("right", "what", "right"), ("state", "state", "request_state"),
        ("due_on", "until", "day"), ("closed_at", "ended", "time"), ("reason", "why", "text"),
    ),
    "sign_in_sessions": (("at", "since", "time"), ("seen_at", "last", "time")),
    "sign_in_tries": (("at", "when", "time"), ("used_at", "ended", "time")),
    "signals": (("first_at", "since", "time"), ("last_at", "last", "time")),
}  # fmt: skip


def printed(copy: Copy) -> Iterator[bytes]:
    """The document, in pieces.

    Raises:
        BadInput: fpdf2 is not installed.
    """
    if find_spec("fpdf") is None:
        raise BadInput("A PDF needs fpdf2, which is not installed: pip install 'goodwill[report]'")
    data = _Paper(copy).made()
    return (bytes(data[start : start + _PIECE]) for start in range(0, len(data), _PIECE))


class _Paper:
    """The pages while they are written."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self.told = copy.telling
        self.words = copy.telling.words
        self.zone = copy.shop.settings.zone
        self.lost = False
        self.pdf = self._opened()

    def made(self) -> bytearray:
        self._begin()
        self._held()
        self._known()
        self._consents()
        self._happened()
        self._files()
        self._totals()
        self._reads()
        self._staff()
        for section in self.copy.person.more:
            if section.table not in TOLD:
                self._more(section)
        self._end()
        return self.pdf.output()

    # ---- sections ----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        shop, person = self.copy.shop, self.copy.person
        self.pdf.add_page()
        self._line(self._says("title", shop=shop.settings.name), size=18, bold=True, kind="H1")
        made = self.words.plain_time(self.copy.made, self.zone)
        self._line(self._says("made", when=made, number=person.person))
        self._line(self._says("lead"))
        if self.copy.has_orders:
            self._line(self._says("orders"))
        if person.left_out:
            self._line(self.words.plain_count("paper.left_out", person.left_out))
        if shop.settings.watermark:
            self._line(shop.settings.watermark, bold=True)

    def _held(self) -> None:
        told = self.told
        self._heading("held")
        rows = [
            (told.table(one.table), one.rows, self._day(one.since), self._day(one.until), told.kept(one.table))
            for one in self.copy.person.held
        ]
        self._table(["what", "many", "from", "to", "kept"], rows, widths=(5, 1.3, 1.7, 1.7, 5))

    def _known(self) -> None:
        person, told = self.copy.person, self.told
        self._heading("known_as")
        self._table(["kind", "value"], [(told.kind(kind), value) for kind, value in person.identities])
        self._heading("facts")
        self._table(["what", "value"], [(told.fact(field), told.value(field, text)) for field, text in
                                        person.profile.items()])  # fmt: skip

    def _consents(self) -> None:
        said_so = self.copy.person.consents
        self._heading("consents")
        if any(row.evidence is not Evidence.PROVEN for row in said_so):
            self._line(self._says("noted"))
        for purpose in dict.fromkeys(row.purpose for row in said_so):
            self._line(self.told.purpose(purpose), bold=True, kind="H3")
            rows = [self._answer(row) for row in said_so if row.purpose == purpose]
            self._table(["when", "answer", "data", "how", "until", "row"], rows, widths=(2.4, 2.5, 3.6, 3, 1.7, 0.9))

    def _answer(self, row: Row) -> Sequence[object]:
        when = self._time(row.said_at) if row.said_at else self.words.plain("receipts.not_given")
        if self.told.noted_later(row, self.zone):
            when = f"{when}; {self.words.plain('receipts.noted_on', day=self._day(row.recorded_at))}"
        data = self.told.category(row.category)
        return when, self.told.answer(row), data, self.told.how(row), self._day(row.until), row.position

    def _happened(self) -> None:
        self._heading("happened")
        rows = (self._event(event) for event in self.copy.person.events)
        self._table(["when", "what", "which", "amount", "code"], rows, widths=(2.6, 2.6, 5.4, 2, 2.4))

    def _event(self, event: Happened) -> Sequence[object]:
        product, decimal = self.copy.product(event.product), self.words.texts["language.decimal"]
        few = event.quantity is not None and event.quantity != 1000
        times = f"{(event.quantity or 0) / 1000:g} × ".replace(".", decimal) if few else ""
        which = f"{times}{product.name or product.external}" if product else ""
        which = f"{which} {self.told.detail(event.type, event.detail)}".strip()
        money = Money(event.amount, event.currency) if event.amount is not None and event.currency else None
        amount = str(money).replace(".", decimal) if money else ""
        code = opaque(event.reference) if event.reference is not None else ""
        return self._time(event.at), self.told.event(event.type), which, amount, code

    def _files(self) -> None:
        self._heading_of(self.words.plain("files.title"))
        rows = [
            (
                f"{one.file} ({self.words.plain('files.taken_back')})" if one.taken_back else one.file,
                self._day(one.at), "; ".join(self.told.brought(one)),
            )
            for one in self.copy.traces.files
        ]  # fmt: skip
        self._table(["files.file", "files.when", "files.brought"], rows, widths=(4, 2, 6))

    def _totals(self) -> None:
        self._heading_of(self.words.plain("totals.title"))
        if not self.copy.traces.totals:
            self._line(self.words.plain("totals.none"))
            return
        self._line(self.words.plain("totals.lead"))
        rows = [
            (
                self.told.total(one), self.told.purpose(one.purpose), self.told.crowd(one),
                self._day(one.since) if one.with_something else self.words.plain("totals.empty"), self._day(one.as_of),
            )
            for one in self.copy.traces.totals
        ]  # fmt: skip
        names = ["totals.what", "paper.purpose", "totals.many", "totals.since", "totals.as_of"]
        self._table(names, rows, widths=(4, 4, 3, 2, 2))

    def _reads(self) -> None:
        self._heading("reads")
        rows = [
            (
                self._day(read.first_at), self.told.purpose(read.purpose), self.told.categories(read.categories),
                read.times,
            )
            for read in self.copy.person.reads
        ]  # fmt: skip
        self._table(["day", "purpose", "data", "times"], rows, widths=(2, 6, 4, 1.2))

    def _staff(self) -> None:
        self._heading("staff")
        rows = [
            (date_of(look.day).isoformat(), self.told.role(look.who), self.told.action(look.action), look.times)
            for look in self.copy.staff
        ]
        self._table(["day", "who", "what", "times"], rows, widths=(2, 3, 7, 1.2))

    def _more(self, section: Section) -> None:
        columns = ROWS[section.table]
        self._heading_of(self.told.table(section.table))
        rows = [[self._cell(row.get(name), way) for name, _, way in columns] for row in section.rows]
        self._table([heading for _, heading, _ in columns], rows)

    def _cell(self, value: Any, way: str) -> str:
        """What stands in a column of another table, in words."""
        if value is None or value == "":
            return ""
        ways: Mapping[str, Callable[[Any], str]] = {
            "time": self._time, "day": lambda day: date_of(day).isoformat(), "text": str, "hold": self.told.hold,
            "held": lambda held: self.words.plain("hold.begun" if held else "hold.over"),
            "category": self.told.category, "pairs": self.told.pairs,
            "language": lambda code: self.told.value("language", code),
            "right": lambda right: self.told.one_of("right", f"{right}.name"),
            "request_state": lambda state: self.told.one_of("request_state", state.replace(" ", "_")),
        }  # fmt: skip
        return ways[way](value) if way in ways else self.told.one_of(way, value)

    def _end(self) -> None:
        if self.lost:
            self._line(self._says("lost"))

    def _says(self, key: str, **values: object) -> str:
        return self.words.plain(f"paper.{key}", **values)

    # ---- how it is set -----------------------------------------------------------------------------------------------

    def _opened(self) -> "FPDF":
        from fpdf import FPDF, ViewerPreferences  # noqa: PLC0415 - an optional extra

        copy = self.copy

        day = self.words.plain_day(date_of(day_of(copy.made, self.zone)))

        class Pages(FPDF):
            def add_page(page, *args: Any, **more: Any) -> None:  # noqa: N805 - `self` is the paper
                with self.tags.apart():
                    super().add_page(*args, **more)

            def footer(page) -> None:  # noqa: N805
                page.set_y(-12)
                page.set_font(self.font, size=8)
                says = self._says("foot", shop=copy.shop.settings.name, day=day, page=page.page_no(), pages="{nb}")
                with self.tags.beside():
                    page.cell(0, 6, self._letters(says), align="C")

        pdf = Pages(format="A4")
        self.tags = Tags(pdf)
        pdf.core_fonts_encoding = "cp1252"  # what the plain font is declared with: quotation marks, dashes and €
        pdf.set_auto_page_break(auto=True, margin=16)
        pdf.set_title(self._says("title", shop=copy.shop.settings.name))
        pdf.set_author(copy.shop.settings.name)
        pdf.set_lang(self.words.language)
        pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)  # read out in place of the file's name
        pdf.set_creation_date(datetime.fromisoformat(copy.made_at))
        self.font, self.wide = font_for(pdf, self._texts())
        return pdf

    def _texts(self) -> Iterator[str]:
        """Everything that may hold letters that the plain font has not."""
        person = self.copy.person
        yield self.copy.shop.settings.name
        yield from self.words.texts.values()
        yield from (value for _, value in person.identities)
        yield from person.profile.values()
        yield from (f"{product.name} {product.external}" for product in self.copy.products.values())
        yield from (event.detail or "" for event in person.events)
        yield from (str(value) for section in person.more for row in section.rows for value in row.values())

    def _letters(self, text: str) -> str:
        if self.wide:
            return text
        if not is_plain(text):
            self.lost = True
        return text.encode("cp1252", "replace").decode("cp1252")

    def _line(self, text: str, *, size: int = 10, bold: bool = False, kind: str = "P") -> None:
        self.pdf.set_font(self.font, "B" if bold else "", size)
        if self.pdf.will_page_break(size * 0.5):
            self.pdf.add_page()
        letters = self._letters(text)
        with self.tags.marked(self.tags.part(kind, says=letters)):
            self.pdf.multi_cell(0, size * 0.5, letters, align="L", new_x="LMARGIN", new_y="NEXT")
        self.pdf.ln(1)

    def _heading(self, key: str) -> None:
        self._heading_of(self._says(key))

    def _heading_of(self, text: str) -> None:
        self.pdf.ln(4)
        if self.pdf.will_page_break(24):
            self.pdf.add_page()
        self.pdf.start_section(self._letters(text))
        self._line(text, size=13, bold=True, kind="H2")

    def _table(self, names: Sequence[str], rows: Any, widths: Sequence[float] | None = None) -> None:
        """Rows under headings, by their keys; a cell too long for its column is broken into lines, never cut."""
        names = [self.words.plain(name if "." in name else f"paper.{name}") for name in names]
        share = widths or [1.0] * len(names)
        columns = [self.pdf.epw * one / sum(share) for one in share]
        table = None
        for row in rows:
            if table is None:
                table = self.tags.part("Table")
                self._row(names, columns, table, bold=True)
            elif self.pdf.will_page_break(10):
                self.pdf.add_page()
                self._row(names, columns, None, bold=True)  # for the eye alone: they were told
            self._row([str(cell) for cell in row], columns, table)
        if table is None:
            self._line(self._says("nothing"))

    def _row(self, cells: Sequence[str], columns: Sequence[float], table: Any, *, bold: bool = False) -> None:
        pdf = self.pdf
        pdf.set_font(self.font, "B" if bold else "", 8)
        texts = [self._letters(cell) for cell in cells]
        fits = all(pdf.get_string_width(text) <= width - 2 for text, width in zip(texts, columns, strict=True))
        lines_of = [[text] if fits else self._broken(text, width) for text, width in zip(texts, columns, strict=True)]
        many = max(map(len, lines_of))
        if many < _TALL and pdf.will_page_break(_HIGH * many):
            pdf.add_page()
        parts = [None] * len(texts) if table is None else self.tags.row(table, texts, lines_of, head=bold)
        for nth in range(many):
            self._print([lines[nth] if nth < len(lines) else "" for lines in lines_of], columns, parts)

    def _broken(self, text: str, width: float) -> list[str]:
        return broken(self.pdf, text, width - 2, wide=self.wide)

    def _print(self, texts: Sequence[str], columns: Sequence[float], parts: Sequence[Any]) -> None:
        """One line, by the plainest means that there are: a long life has tens of thousands of cells."""
        pdf = self.pdf
        if pdf.will_page_break(_HIGH):
            pdf.add_page()
        left, top = pdf.l_margin + pdf.c_margin, pdf.get_y()
        for text, width, part in zip(texts, columns, parts, strict=True):
            if text:
                with self.tags.beside() if part is None else self.tags.marked(part):
                    pdf.text(left, top + _HIGH * 0.7, text)
            left += width
        pdf.set_xy(pdf.l_margin, top + _HIGH)

    def _time(self, at: int) -> str:
        return f"{moment(at).astimezone(self.zone):%Y-%m-%d %H:%M}"

    def _day(self, at: int | None) -> str:
        return f"{moment(at).astimezone(self.zone):%Y-%m-%d}" if at and said(at) else ""
