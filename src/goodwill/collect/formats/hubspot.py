"""HubSpot: contacts. An opt-out is a no; a legal basis that somebody chose there is no answer of the person."""

from collections.abc import Sequence

from goodwill.collect.views import Format, Heads, Piece, View

_OPT_OUTS = ("Unsubscribed from all email", "Opted out of all email", "Opted out of email")


def _number(piece: Piece) -> Sequence[str]:
    """HubSpot counts from 1, as shops do: its numbers must not be taken for theirs."""
    cells = piece.cells("Record ID", "Record ID - Contact", "Contact ID")
    return [f"hubspot:{cell.strip()}" if cell.strip() else "" for cell in cells]


def _opted_out(piece: Piece) -> Sequence[str]:
    """Whoever opted out said no; whoever did not has said nothing."""
    return [
        "unsubscribed" if cell.strip().casefold() in ("true", "yes", "1") else "" for cell in piece.cells(*_OPT_OUTS)
    ]


def _contacts(heads: Heads) -> Sequence[View]:
    who = {
        "customer": ("Record ID", "Record ID - Contact", "Contact ID"),
        "email": ("Email",),
        "phone": ("Phone Number", "Mobile Phone Number"),
    }
    cells = dict.fromkeys(who["customer"], _number) | dict.fromkeys(_OPT_OUTS, _opted_out)
    facts = {
        "first-name": ("First Name",),
        "last-name": ("Last Name",),
        "company": ("Company Name", "Associated Company"),
        "street": ("Street Address",),
        "postcode": ("Postal Code",),
        "city": ("City",),
        "region": ("State/Region",),
        "country": ("Country/Region", "Country"),
        "language": ("Preferred language",),
    }
    customers = View("customers", {**who, **facts}, cells=cells)
    if heads.first(*_OPT_OUTS) is None:
        return (customers,)
    constants = {"purpose": "email-marketing", "asked-how": "HubSpot"}
    return customers, View("consents", {**who, "answer": _OPT_OUTS}, constants, cells=cells)


_RATED, _NO_ANSWER = "what a sales team thinks of people is not taken in", "it is no answer of the person"

FORMATS = (
    Format(
        "hubspot-contacts",
        "HubSpot's export of contacts",
        ("First Name", "Last Name", "Email", "Lifecycle Stage"),
        _contacts,
        {
            "lifecycle stage": _RATED,
            "lead status": _RATED,
            "contact owner": _RATED,
            "hubspot score": _RATED,
            "original source": "where people came from is not taken in",
            "legal basis": _NO_ANSWER,
            "marketing contact status": _NO_ANSWER,
            "notes": "free notes about people are not taken in",
        },
    ),
)
