"""Mailchimp: the ZIP of an audience. Whether somebody subscribed is in no column: the file that she is in says it."""

from collections.abc import Mapping, Sequence

from goodwill.collect.kinds import plain
from goodwill.collect.views import Cells, Format, Heads, Piece, View

# How the name of a file begins, and what it says of everybody in it; the longer words first.
_STATES = (
    ("nonsubscribed", "non-subscribed"),
    ("non subscribed", "non-subscribed"),
    ("transactional", "non-subscribed"),
    ("unsubscribed", "unsubscribed"),
    ("subscribed", "subscribed"),
    ("cleaned", "cleaned"),
)


def _state(heads: Heads) -> str | None:
    """What the file says of everybody in it; None where neither its name nor its columns tell."""
    name = plain(heads.table.name.replace("\\", "/").rpartition(": ")[2].rpartition("/")[2])
    for word, state in _STATES:
        if name.startswith(word) or f" {word} " in f" {name} ":
            return state
    return "unsubscribed" if heads.has("UNSUB_TIME") else "cleaned" if heads.has("CLEAN_TIME") else None


def _audience(heads: Heads) -> Sequence[View]:
    who = {"email": ("Email Address",)}
    facts = {"first-name": ("First Name",), "last-name": ("Last Name",), "country": ("CC",), "language": ("Language",)}
    customers = View("customers", {**who, "phone": ("Phone Number", "Phone"), **facts})
    state = _state(heads)
    if state is None:
        return (customers,)
    times: Mapping[str, Mapping[str, tuple[str, ...]]] = {
        "subscribed": {"time": ("OPTIN_TIME", "CONFIRM_TIME"), "confirmed": ("CONFIRM_TIME",)},
        "unsubscribed": {"time": ("UNSUB_TIME",)},
        "cleaned": {"time": ("CLEAN_TIME",)},
    }
    cells: dict[str, Cells] = {"UNSUB_TIME": _in_utc("UNSUB_TIME"), "CLEAN_TIME": _in_utc("CLEAN_TIME")}
    if state == "subscribed":
        # The yes is as old as its confirmation; where the address was never confirmed, as the form.
        cells = {"OPTIN_TIME": _in_utc("CONFIRM_TIME", "OPTIN_TIME"), "CONFIRM_TIME": _in_utc("CONFIRM_TIME")}
    constants = {"answer": state, "purpose": "email-marketing", "asked-how": "Mailchimp"}
    return customers, View("consents", {**who, **times.get(state, {})}, constants, cells=cells)


def _in_utc(*headings: str) -> Cells:
    """Times as Mailchimp writes them: without a zone, and in UTC; the first of some columns that says one."""

    def cells(piece: Piece) -> Sequence[str]:
        columns = [piece.cells(heading) for heading in headings]
        return [
            f"{said.strip()}Z" if said.strip()[-3:-2] == ":" else said
            for said in (next((cell for cell in row if cell.strip()), "") for row in zip(*columns, strict=True))
        ]

    return cells


_PLACE, _MACHINE = "exact places are not taken in", "addresses of machines are not taken in"
_RATED = "what Mailchimp worked out about people is not taken in"

FORMATS = (
    Format(
        "mailchimp-audience",
        "a file of Mailchimp's export of an audience",
        ("Email Address", "LAST_CHANGED"),
        _audience,
        {
            "latitude": _PLACE,
            "longitude": _PLACE,
            "gmtoff": _PLACE,
            "dstoff": _PLACE,
            "region": _PLACE,
            "timezone": _PLACE,
            "optin ip": _MACHINE,
            "confirm ip": _MACHINE,
            "member rating": _RATED,
            "tags": "words of yours about people may hold anything, so they are not taken in",
            "notes": "free notes about people are not taken in",
            "unsub reason": "free notes about people are not taken in",
            "address": "it stands in one cell; addresses come with a shop's export of customers",
        },
        reads=("OPTIN_TIME",),
        notes=(
            "Times of Mailchimp carry no zone; they are read in UTC, as Mailchimp writes them.",
            "Whether somebody subscribed, the name of the file says: keep the names in the ZIP as they are.",
        ),
    ),
)
