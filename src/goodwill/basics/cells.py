"""Cells of a table that a spreadsheet opens: none of them may be taken for a formula (OWASP, CSV injection)."""

import re

# Also the full-width forms, which spreadsheets of some languages read alike.
_BEGINS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def safe_cell(value: object) -> str:
    """A cell as text; what could begin a formula gets the mark by which spreadsheets know text, a leading ``'``.

    A plain number stays one. The importer takes the mark off again.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in _BEGINS and not _NUMBER.fullmatch(text) else text
