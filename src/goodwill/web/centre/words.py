"""Which language a visitor reads."""

import re

from goodwill.shop.words import USUAL, catalogues

_RANGE = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9-]{1,30})?(?:\s*;\s*q=([01](?:\.[0-9]{1,3})?))?")


def language_for(asked: str | None, kept: str | None, accepted: str | None, shops: str = USUAL) -> str:
    """The language of a page: as asked for now, as chosen before, as the browser prefers, else the shop's own."""
    there = catalogues()
    for choice in (asked, kept):
        if choice in there:
            return str(choice)
    wanted = (*preferred(accepted or ""), shops)
    return next((language for language in wanted if language in there), USUAL)


def preferred(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, the best first (RFC 9110, 12.5.4)."""
    ranges = [_RANGE.fullmatch(part.strip()) for part in accepted[:1_000].split(",")]
    wanted = [(float(found[2] or 1), found[1].lower()) for found in ranges if found]
    return [language for weight, language in sorted(wanted, key=lambda one: -one[0]) if weight > 0]
