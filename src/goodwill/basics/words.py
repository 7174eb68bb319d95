"""Numbers as people read them, the same on every face."""

_ONE = {"people": "person"}


def number(value: float, unit: str = "") -> str:
    """``1234567`` → ``1,234,567``; of one thing the unit is named in the singular: ``1 row``."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    if value == 1 and isinstance(value, int):
        unit = _ONE.get(unit, unit.removesuffix("s"))
    return f"{text} {unit}".rstrip()
