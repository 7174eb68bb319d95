"""The return report on paper: two pages of A4 at most, dated, page x of y, the same numbers as everywhere.

Nothing is cut: a cell that is too long is broken into lines, and what would not fit on two pages is set smaller.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from goodwill.basics.errors import BadInput
from goodwill.measure.answer import Table
from goodwill.shop.paper import broken, font_for, is_plain
from goodwill.shop.report import Report, cells_of, range_of, value_of
from goodwill.shop.tagged import Tags

if TYPE_CHECKING:
    from fpdf import FPDF

PAGES: Final = 2
_SIZES: Final = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0, 4.5)  # points of the text, tried from the largest
_HEADINGS: Final = {"lines": "Return by evidence", "parts": "What is added up", "tornado": "What it hangs on",
                    "costs": "Costs", "trend": "Reports before this one"}  # fmt: skip
# How wide columns are beside each other; even where nothing is said.
_WIDTHS: Final = {"lines": (5, 2.2, 2.2, 2.2, 1.6, 1.6, 1.6), "parts": (3.2, 2.4, 2.4, 2.4, 1.1, 4.4),
                  "tornado": (4, 1, 2.2, 2.2, 1.6), "costs": (2, 2, 4), "trend": (1.4, 1.4, 4.5, 4.5)}  # fmt: skip
_PLAINER: Final = str.maketrans({"−": "-", "θ": "theta", "≤": "<=", "≥": ">="})


_NO_BREAK: Final = "\xa0"
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:%|[A-Z]{3})(?:\s|$))")
_AROUND: Final = 1  # millimetre between two columns
_HAIR: Final = 0.01  # millimetres, for what is lost in rounding


def printed(report: Report) -> bytes:
    """The document; of one report always the same bytes.

    Raises:
        BadInput: fpdf2 is not installed.
    """
    if find_spec("fpdf") is None:
        raise BadInput("A PDF needs fpdf2, which is not installed: pip install 'goodwill[report]'")
    sizes = iter(_SIZES)
    paper = _Paper(report, next(sizes))
    while paper.pdf.page_no() > PAGES and (size := next(sizes, None)):
        paper = _Paper(report, size)
    return bytes(paper.pdf.output())


class _Paper:
    """The pages, written in one size."""

    def __init__(self, report: Report, size: float) -> None:
        self.report, self.size = report, size
        self.pdf = self._opened()
        self._begin()
        self._figures()
        for name in ("lines", "parts", "costs", "tornado", "trend"):
            if (table := report.table(name)) is not None:
                self._of(table)
        self._lines("Method", report.method)
        self._lines("What was not counted", report.left_out)
        self._scorecard()
        self._end()

    def _begin(self) -> None:
        report = self.report
        self.pdf.add_page()
        self._line(f"Return report of {report.shop}", scale=1.9, bold=True, kind="H1")
        self._line(
            f"{report.since} to {report.until}; days in {report.zone}, amounts in {report.currency}. Made on "
            f"{report.made}."
        )
        if report.watermark:
            self._line(report.watermark, bold=True)
        self._line(report.sentence, scale=1.35, bold=True)

    def _figures(self) -> None:
        report = self.report
        if not report.figures:
            return
        rows = [
            [one.name, value_of(one, report.currency), range_of(one, report.currency), one.grade.name]
            for one in report.figures
        ]
        self._table(("figure", "value", "95 % interval", "grade"), rows, (3.5, 3, 4.5, 0.9))

    def _of(self, table: Table) -> None:
        self._heading(_HEADINGS[table.name])
        self._line(table.says)
        names = [one.name for one in table.columns]
        self._table(names, cells_of(table, self.report.currency), _WIDTHS[table.name])

    def _lines(self, heading: str, lines: Sequence[str]) -> None:
        if lines:
            self._heading(heading)
        for line in lines:
            self._line(line)

    def _scorecard(self) -> None:
        report = self.report
        if not report.scorecard:
            return
        self._heading("Beside it (no money, weight zero)")
        rows = [
            [one.name, value_of(one, report.currency), range_of(one, report.currency), one.grade.name]
            for one in report.scorecard
        ]
        self._table(("figure", "value", "95 % interval", "grade"), rows, (3.5, 3, 4.5, 0.9))

    def _end(self) -> None:
        report = self.report
        self._heading("What it stands on")
        for line in (report.coverage, *report.warnings, report.stands_on, f"Again: {report.query}"):
            self._line(line)

    # ---- how it is set -----------------------------------------------------------------------------------------------

    def _opened(self) -> "FPDF":
        from fpdf import FPDF, ViewerPreferences  # noqa: PLC0415 - an optional extra

        report = self.report

        class Pages(FPDF):
            def add_page(page, *args: Any, **more: Any) -> None:  # noqa: N805 - `self` is the paper
                with self.tags.apart():
                    super().add_page(*args, **more)

            def footer(page) -> None:  # noqa: N805
                page.set_y(-12)
                page.set_font(self.font, size=7)
                foot = f"{report.shop}, return report to {report.until}, made {report.made}, page {page.page_no()} of "
                with self.tags.beside():
                    page.cell(0, 6, self._letters(foot) + "{nb}", align="C")

        pdf = Pages(format="A4")
        self.tags = Tags(pdf)
        pdf.core_fonts_encoding = "cp1252"
        pdf.set_margin(14)
        pdf.set_auto_page_break(auto=True, margin=15)
        pdf.set_title(f"Return report of {report.shop} to {report.until}")
        pdf.set_author(report.shop)
        pdf.set_subject(report.sentence)
        pdf.set_creator("goodwill")
        pdf.set_lang("en")
        pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
        pdf.set_creation_date(datetime.combine(date.fromisoformat(report.made), datetime.min.time(), UTC))
        self.font, self.wide = font_for(pdf, self._texts())
        return pdf

    def _texts(self) -> Iterator[str]:
        """What may hold letters that the plain font has not."""
        report = self.report
        yield from (one.translate(_PLAINER) for one in (report.shop, report.watermark, report.sentence))
        for table in report.tables:
            yield from (cell.translate(_PLAINER) for row in cells_of(table, report.currency) for cell in row)

    def _letters(self, text: str) -> str:
        if self.wide:
            return text
        plainer = text.translate(_PLAINER)
        return plainer if is_plain(plainer) else plainer.encode("cp1252", "replace").decode("cp1252")

    def _line(self, text: str, *, scale: float = 1.0, bold: bool = False, kind: str = "P") -> None:
        size = self.size * scale
        self.pdf.set_font(self.font, "B" if bold else "", size)
        if self.pdf.will_page_break(size * 0.46):
            self.pdf.add_page()
        letters = self._letters(text)
        with self.tags.marked(self.tags.part(kind, says=letters)):
            self.pdf.multi_cell(0, size * 0.46, letters, align="L", new_x="LMARGIN", new_y="NEXT")
        self.pdf.ln(self.size * 0.08)

    def _heading(self, text: str) -> None:
        self.pdf.ln(self.size * 0.2)
        if self.pdf.will_page_break(self.size * 2.2):
            self.pdf.add_page()
        self.pdf.start_section(self._letters(text))
        self._line(text, scale=1.2, bold=True, kind="H2")

    def _table(self, names: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        columns = self._columns(rows, [self.pdf.epw * one / sum(widths) for one in widths])
        table = self.tags.part("Table")
        self._row(names, columns, table, head=True)
        for row in rows:
            self._row(row, columns, table)
        self.pdf.ln(self.size * 0.1)

    def _columns(self, rows: Sequence[Sequence[str]], widths: Sequence[float]) -> list[float]:
        """The widths of columns, so that no amount is torn from its unit; the wider give what the narrower lack."""
        self.pdf.set_font(self.font, "", self.size * 0.92)
        needs = [max(map(self._longest, column)) for column in zip(*rows, strict=True)] if rows else widths
        lacks = sum(max(0.0, need - width) for need, width in zip(needs, widths, strict=True))
        spare = sum(max(0.0, width - need) for need, width in zip(needs, widths, strict=True))
        if lacks > spare:
            return list(widths)
        given = lacks / spare if lacks else 0.0
        return [max(need, width - given * (width - need)) for need, width in zip(needs, widths, strict=True)]

    def _longest(self, cell: str) -> float:
        """How wide a column has to be for a cell's longest piece."""
        pieces = _together(self._letters(cell)).split(" ")
        return max(map(self.pdf.get_string_width, pieces)) + 2 * self.pdf.c_margin + _AROUND + _HAIR

    def _broken(self, cell: str, width: float) -> list[str]:
        letters = self._letters(cell)
        held = _together(letters) if self._longest(cell) <= width else letters
        lines = broken(self.pdf, held, width - _AROUND, wide=self.wide) or [""]
        return [line.replace(_NO_BREAK, " ") for line in lines]

    def _row(self, cells: Sequence[str], columns: Sequence[float], table: Any, *, head: bool = False) -> None:
        """A row whose cells are broken into as many lines as they need."""
        pdf, high = self.pdf, self.size * 0.45
        pdf.set_font(self.font, "B" if head else "", self.size * 0.92)
        lines_of = [self._broken(cell, width) for cell, width in zip(cells, columns, strict=True)]
        many = max(map(len, lines_of))
        if pdf.will_page_break(high * many):
            pdf.add_page()
        parts = self.tags.row(table, [self._letters(cell) for cell in cells], lines_of, head=head)
        for nth in range(many):
            left, top = pdf.l_margin, pdf.get_y()
            for part, lines, width in zip(parts, lines_of, columns, strict=True):
                if nth < len(lines):
                    with self.tags.marked(part):
                        pdf.text(left + pdf.c_margin, top + high * 0.75, lines[nth])
                left += width
            pdf.set_xy(pdf.l_margin, top + high)


def _together(text: str) -> str:
    """The same with each amount held to its unit."""
    return _UNIT.sub(_NO_BREAK, text)
