"""What is set on paper: a font that every reader has, and DejaVu where letters need it and this machine has it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fpdf import FPDF

_FONT_FOLDERS = (
    "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/dejavu-sans-fonts", "/usr/share/fonts/TTF",
    "/usr/local/share/fonts/dejavu", "/opt/homebrew/share/fonts", "/Library/Fonts",
)  # fmt: skip


def font_for(pdf: "FPDF", texts: Iterable[str]) -> tuple[str, bool]:
    """The font for some texts, and whether it has letters beyond those of the plain one."""
    folder = next((Path(name) for name in _FONT_FOLDERS if (Path(name) / "DejaVuSans.ttf").exists()), None)
    if folder is None or all(map(is_plain, texts)):
        return "Helvetica", False
    pdf.add_font("DejaVu", "", folder / "DejaVuSans.ttf")
    bold = folder / "DejaVuSans-Bold.ttf"
    pdf.add_font("DejaVu", "B", bold if bold.exists() else folder / "DejaVuSans.ttf")
    return "DejaVu", True


def is_plain(text: str) -> bool:
    """Whether the plain font has all letters of a text."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def broken(pdf: "FPDF", text: str, width: float, *, wide: bool) -> list[str]:
    """A text in lines that fit into a width."""
    lines: Any = pdf.multi_cell(width, 1, text, dry_run=True, output="LINES") if text else []
    # fpdf2 gives lines in the plain font back as bytes of cp1252, a letter for each; a dash would be none any more.
    return [line if wide else line.encode("latin-1").decode("cp1252") for line in lines]
