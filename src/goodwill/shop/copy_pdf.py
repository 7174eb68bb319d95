"""The own copy to read and print: dated, in words that a customer knows, with an outline and page x of y.

It is set in a font that every reader has. Names with other letters (Polish, Greek, Cyrillic …) are set in DejaVu where
this machine has it; where it has not, such a letter becomes "?", and the last page says so. Nothing is fetched.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goodwill.access.view import Happened
from goodwill.basics.clock import date_of, moment
from goodwill.basics.errors import BadInput
from goodwill.basics.ids import opaque
from goodwill.basics.money import Money
from goodwill.consent import State
from goodwill.shop.copy_json import Copy, in_words, said

if TYPE_CHECKING:
    from fpdf import FPDF

_PIECE = 1 << 16
_HIGH = 4.2  # millimetres of a line in a table
_TALL = 30  # lines of one row that are worth a new page
_FONT_FOLDERS = (
    "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu-sans-fonts", "/usr/share/fonts/TTF",
    "/usr/local/share/fonts/dejavu", "/opt/homebrew/share/fonts", "/Library/Fonts",
)  # fmt: skip

_WHAT = {
    "viewed": "You looked at", "searched": "You searched", "carted": "Into your basket", "ordered": "Your order",
    "bought": "You bought", "refunded": "Refunded to you", "told": "You told us", "answered": "You answered",
    "reviewed": "You reviewed", "sent": "We wrote to you", "opened": "You opened our letter",
    "decided": "We chose for you", "shown": "We showed you", "clicked": "You clicked", "asked": "You asked",
    "located": "Roughly where you were", "met": "Your device",
}  # fmt: skip
_SAID = {
    State.GIVEN: "you said yes", State.RENEWED: "you said yes again", State.REFUSED: "you said no",
    State.WITHDRAWN: "you took it back", State.REQUESTED: "we asked you", State.INVALIDATED: "taken back as not valid",
}  # fmt: skip
_LABELS = {
    "kind": "kind", "value": "value", "field": "what", "category": "sort of data", "changed_at": "since",
    "verified_at": "confirmed", "created_at": "since", "import_id": "from file no.", "at": "when", "actor": "who",
    "action": "did what", "outcome": "how it ended", "detail": "more", "position": "row", "held": "set aside",
    "said_at": "said", "until": "until",
}  # fmt: skip
# These are told in words above; a second list of them would only confuse.
_TOLD = {"identities", "profiles", "consent_now", "audit_rows"}


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
        self.zone = copy.shop.settings.zone
        self.lost = False
        self.pdf = self._opened()

    def made(self) -> bytearray:
        self._begin()
        self._held()
        self._known()
        self._consents()
        self._happened()
        self._reads()
        self._staff()
        for section in self.copy.person.more:
            if section.table not in _TOLD:
                rows = [in_words(row) for row in section.rows]
                names = list(dict.fromkeys(name for row in rows for name in row))
                self._heading(section.under[:1].upper() + section.under[1:])
                self._table([_LABELS.get(name, name.replace("_", " ")) for name in names],
                            [[row.get(name, "") for name in names] for row in rows])  # fmt: skip
        self._end()
        return self.pdf.output()

    # ---- sections ----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        shop = self.copy.shop
        self.pdf.add_page()
        self._line(f"Your data at {shop.settings.name}", size=18, bold=True)
        made = datetime.fromisoformat(self.copy.made_at).astimezone(self.zone)
        self._line(f"Made on {made:%d %B %Y at %H:%M} ({self.zone}). Your number here: {self.copy.person.person}.")
        self._line(
            "This is everything that we hold about you: what it is, since when, what we used it for, and how long we "
            "keep it. You may ask us to correct it, to delete it, or to stop using it."
        )
        for note in self.copy.notes:
            self._line(note.replace("order_code", "The order code"))
        if shop.settings.watermark:
            self._line(shop.settings.watermark, bold=True)

    def _held(self) -> None:
        self._heading("What we hold, at a glance")
        rows = [
            (held.under, held.rows, self._day(held.since), self._day(held.until), held.kept)
            for held in self.copy.person.held
        ]
        self._table(["what", "how many", "from", "to", "how long we keep it"], rows, widths=(5, 1.3, 1.7, 1.7, 5))

    def _known(self) -> None:
        self._heading("Your names and addresses")
        self._table(["kind", "value"], [(kind.replace("_", " "), value) for kind, value in self.copy.person.identities])
        self._heading("What we know of you")
        self._table(["what", "value"], list(self.copy.person.profile.items()))

    def _consents(self) -> None:
        self._heading("What you allowed")
        register = self.copy.shop.register
        for purpose in dict.fromkeys(row.purpose for row in self.copy.person.consents):
            self._line(register[purpose].sentence if purpose in register else purpose, bold=True)
            rows = [
                (self._time(row.said_at), _SAID[row.state], row.category, self._day(row.until), row.position)
                for row in self.copy.person.consents
                if row.purpose == purpose
            ]
            self._table(["when", "what", "for which data", "until", "row"], rows, widths=(3, 3, 3, 2, 1))

    def _happened(self) -> None:
        self._heading("What happened")
        rows = (self._event(event) for event in self.copy.person.events)
        self._table(["when", "what", "which", "how much", "code"], rows, widths=(2.6, 2.6, 5.4, 2, 2.4))

    def _event(self, event: Happened) -> Sequence[object]:
        product = self.copy.product(event.product)
        times = f"{event.quantity / 1000:g} × " if event.quantity is not None and event.quantity != 1000 else ""
        which = f"{times}{product.name or product.external}" if product else ""
        if event.detail is not None and event.type != "decided":
            which = f"{which} {event.detail}".strip()
        amount = str(Money(event.amount, event.currency)) if event.amount is not None and event.currency else ""
        code = opaque(event.reference) if event.reference is not None else ""
        return self._time(event.at), _WHAT.get(event.type, event.type), which, amount, code

    def _reads(self) -> None:
        self._heading("Who looked at your data, and what for")
        register = self.copy.shop.register
        rows = [
            (
                self._day(read.first_at),
                register[read.purpose].sentence if read.purpose in register else read.purpose,
                read.categories or "nothing",
                read.times,
            )
            for read in self.copy.person.reads
        ]
        self._table(["day", "what for", "which data", "times"], rows, widths=(2, 6, 4, 1.2))

    def _staff(self) -> None:
        self._heading("What staff and programs did about you")
        rows = [(date_of(look.day).isoformat(), look.who, look.action, look.times) for look in self.copy.staff]
        self._table(["day", "who", "what", "times"], rows)

    def _end(self) -> None:
        if self.lost:
            self._line(
                "Some letters cannot be printed with the fonts of this machine and are shown as a question mark. The "
                "JSON form of this copy has them all."
            )

    # ---- how it is set -----------------------------------------------------------------------------------------------

    def _opened(self) -> "FPDF":
        from fpdf import FPDF  # noqa: PLC0415 - an optional extra

        copy = self.copy

        class Pages(FPDF):
            def footer(page) -> None:  # noqa: N805 - `self` is the paper
                page.set_y(-12)
                page.set_font(self.font, size=8)
                says = f"{copy.shop.settings.name} - {copy.made_at} - page {page.page_no()} of {{nb}}"
                page.cell(0, 6, self._letters(says), align="C")

        pdf = Pages(format="A4")
        pdf.set_auto_page_break(auto=True, margin=16)
        pdf.set_title(f"Your data at {copy.shop.settings.name}")
        pdf.set_author(copy.shop.settings.name)
        pdf.set_lang("en")
        pdf.set_creation_date(datetime.fromisoformat(copy.made_at))
        self.font, self.wide = "Helvetica", False
        folder = next((Path(name) for name in _FONT_FOLDERS if (Path(name) / "DejaVuSans.ttf").exists()), None)
        if folder is not None and not all(map(_is_plain, self._texts())):
            pdf.add_font("DejaVu", "", folder / "DejaVuSans.ttf")
            bold = folder / "DejaVuSans-Bold.ttf"
            pdf.add_font("DejaVu", "B", bold if bold.exists() else folder / "DejaVuSans.ttf")
            self.font, self.wide = "DejaVu", True
        return pdf

    def _texts(self) -> Iterator[str]:
        """Everything that may hold letters that the plain font has not."""
        person = self.copy.person
        yield self.copy.shop.settings.name
        yield from (value for _, value in person.identities)
        yield from person.profile.values()
        yield from (f"{product.name} {product.external}" for product in self.copy.products.values())
        yield from (event.detail or "" for event in person.events)
        yield from (str(value) for section in person.more for row in section.rows for value in row.values())

    def _letters(self, text: str) -> str:
        if self.wide:
            return text
        if not _is_plain(text):
            self.lost = True
        return text.encode("cp1252", "replace").decode("cp1252")

    def _line(self, text: str, *, size: int = 10, bold: bool = False) -> None:
        self.pdf.set_font(self.font, "B" if bold else "", size)
        self.pdf.multi_cell(0, size * 0.5, self._letters(text), align="L", new_x="LMARGIN", new_y="NEXT")
        self.pdf.ln(1)

    def _heading(self, text: str) -> None:
        self.pdf.ln(4)
        if self.pdf.will_page_break(24):
            self.pdf.add_page()
        self.pdf.start_section(self._letters(text))
        self._line(text, size=13, bold=True)

    def _table(self, names: Sequence[str], rows: Any, widths: Sequence[float] | None = None) -> None:
        """Rows under names; a cell that is too long for its column is broken into lines, never cut."""
        share = widths or [1.0] * len(names)
        columns = [self.pdf.epw * one / sum(share) for one in share]
        some = False
        for row in rows:
            if not some:
                self._row(names, columns, bold=True)
            elif self.pdf.will_page_break(10):
                self.pdf.add_page()
                self._row(names, columns, bold=True)
            some = True
            self._row([str(cell) for cell in row], columns)
        if not some:
            self._line("Nothing.")

    def _row(self, cells: Sequence[str], columns: Sequence[float], *, bold: bool = False) -> None:
        pdf = self.pdf
        pdf.set_font(self.font, "B" if bold else "", 8)
        texts = [self._letters(cell) for cell in cells]
        if all(pdf.get_string_width(text) <= width - 2 for text, width in zip(texts, columns, strict=True)):
            self._print(texts, columns)
            return
        broken = [self._broken(text, width) for text, width in zip(texts, columns, strict=True)]
        many = max(map(len, broken))
        if many < _TALL and pdf.will_page_break(_HIGH * many):
            pdf.add_page()
        for nth in range(many):
            self._print([lines[nth] if nth < len(lines) else "" for lines in broken], columns)

    def _broken(self, text: str, width: float) -> list[str]:
        lines: Any = self.pdf.multi_cell(width - 2, _HIGH, text, dry_run=True, output="LINES") if text else []
        return list(lines)

    def _print(self, texts: Sequence[str], columns: Sequence[float]) -> None:
        """One line, by the plainest means that there are: a long life has tens of thousands of cells."""
        pdf = self.pdf
        if pdf.will_page_break(_HIGH):
            pdf.add_page()
        left, top = pdf.l_margin + pdf.c_margin, pdf.get_y()
        for text, width in zip(texts, columns, strict=True):
            if text:
                pdf.text(left, top + _HIGH * 0.7, text)
            left += width
        pdf.set_xy(pdf.l_margin, top + _HIGH)

    def _time(self, at: int | None) -> str:
        return f"{moment(at).astimezone(self.zone):%Y-%m-%d %H:%M}" if at else "time not given"

    def _day(self, at: int | None) -> str:
        return f"{moment(at).astimezone(self.zone):%Y-%m-%d}" if at and said(at) else ""


def _is_plain(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
