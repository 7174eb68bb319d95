"""The structure of a paper: what is a heading, a paragraph, a cell of which table, for whoever has it read aloud.

A tagged PDF (ISO 32000-1, 14.7 and 14.8) has a tree beside its pages: each piece of a page is marked with a number, and
the tree says what the pieces are. fpdf2 makes such a tree of pictures alone, and flat; here it gets what was written.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from fpdf import FPDF

_HEAD: Final = "<</O /Table /Scope /Column>>"


class _Tree(list[Any]):
    """The parts of a document: walked through, all of them, with what they hold; written, the outermost alone."""

    def __iter__(self) -> Iterator[Any]:
        for part in super().__iter__():
            yield from _with_parts(part)

    def serialize(self, **_: object) -> str:
        return f"[{' '.join(part.ref for part in list.__iter__(self))}]"


def _with_parts(part: Any) -> Iterator[Any]:
    yield part
    for one in part.k:
        if not isinstance(one, int):
            yield from _with_parts(one)


class Tags:
    """Says what is what on the pages of a document."""

    def __init__(self, pdf: "FPDF") -> None:
        self._pdf = pdf
        self._builder: Any = pdf.struct_builder
        self._document: Any = self._builder.doc_struct_elem
        self._document.k = cast("Any", _Tree())
        self._now: Any = None

    def part(self, kind: str, of: Any = None, *, says: str = "") -> Any:
        """A part of the document that begins on this page, or of another part.

        Args:
            kind: H1, H2, P, Table, TR, TH (which heads its column), TD.
            says: its whole text, where it is broken into lines: a word's end and the next one's beginning are two
                words only for who sees them.
        """
        whole = self._document if of is None else of
        made = type(self._document)(f"/{kind}", whole, [], self._pdf.page, alt=says or None)
        vars(made)["actual_text"], made.alt = made.alt, None
        if kind == "TH":
            vars(made)["a"] = _HEAD
        whole.k.append(made)
        return made

    def row(self, table: Any, cells: Sequence[str], lines: Sequence[Sequence[str]], *, head: bool = False) -> list[Any]:
        """The cells of the next row of a table.

        Args:
            cells: what they say. lines: into what each is broken.
        """
        row, kind = self.part("TR", table), "TH" if head else "TD"
        return [
            self.part(kind, row, says=cell if len(some) > 1 else "") for cell, some in zip(cells, lines, strict=True)
        ]

    @contextmanager
    def marked(self, part: Any) -> Iterator[None]:
        """What is set meanwhile is, or belongs to, a part; also where it goes on on the next page."""
        self._begin(part)
        yield
        self._end()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """While a page ends and another one begins: what is open is closed, and goes on after it."""
        part = self._now
        if part is not None:
            self._end()
        yield
        if part is not None:
            self._begin(part)

    @contextmanager
    def beside(self) -> Iterator[None]:
        """What is set meanwhile is no part of the document: the foot of each page."""
        self._write("/Artifact BMC")
        yield
        self._write("EMC")

    def _begin(self, part: Any) -> None:
        here, numbers = self._pdf.page, self._builder.spid_per_page_number
        place = numbers.setdefault(here, len(numbers))
        self._pdf.pages[here].struct_parents = place
        marked: list[Any] = self._builder.struct_tree_root.parent_tree.nums[place]
        piece = part if part.page_number() == here else self.part("Span", part)
        piece.k.append(len(marked))
        self._write(f"{piece.s} <</MCID {len(marked)}>> BDC")
        marked.append(piece)
        self._now = part

    def _end(self) -> None:
        self._write("EMC")
        self._now = None

    def _write(self, operator: str) -> None:
        contents: Any = self._pdf.pages[self._pdf.page].contents
        contents += f"{operator}\n".encode()
