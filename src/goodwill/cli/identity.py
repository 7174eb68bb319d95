"""Who is who: pairs who are probably one, merging them and taking it back, corrections, and a life in one column."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodwill.cli import out
from goodwill.cli.named import Person, who
from goodwill.cli.people import people
from goodwill.cli.shell import Shell, command, switch

if TYPE_CHECKING:
    from goodwill.people.candidates import Candidate

_LOST = "goodwill people find PERSON"
_Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit log.")]
_Other = Annotated[str, typer.Argument(metavar="OTHER", help="Who turns out to be the same, named as PERSON is.")]
_Number = Annotated[int, typer.Argument(metavar="MERGE", help="Its number, as `people merge` printed it.")]
_Field = Annotated[str, typer.Argument(metavar="FIELD", help="email, phone, user_id, or a field such as city.")]
_Value = Annotated[
    str | None, typer.Argument(metavar="VALUE", help="The right one; left out: take the wrong one away.")
]
_WAS = typer.Option("--was", help="Of several addresses or numbers, the wrong one.")
_CATEGORY = typer.Option("--category", help="The data category of a field that is new here.")
_LIFT = switch("--lift", help="End the restriction.")


@command(people, "candidates")
def candidates(shell: Shell) -> None:
    """List pairs who have shown that the same address or id is theirs, and why; nobody is merged by it."""
    with shell.shop() as shop:
        found = shop.identity.candidates()
        table = out.table(
            ("keep", "other", "sure", "because"),
            ((f"id:{one.keep}", f"id:{one.other}", "yes" if one.sure else "no", one.because) for one in found),
        )
        nothing = "Nobody shares a verified address or id with somebody else."
        shell.answer({"candidates": [_pair(one) for one in found]}, table if found else nothing)


def _pair(one: "Candidate") -> dict[str, Any]:
    return {"keep": one.keep, "other": one.other, "kinds": list(one.kinds), "sure": one.sure, "because": one.because}


@command(people, "merge", lost=_LOST)
def merge(shell: Shell, person: Person, other: _Other, reason: _Reason = "") -> None:
    """Make one person of two: all that is known of OTHER becomes PERSON's, who then allows only what both did.

    Example: goodwill people merge amina anna --reason "she told us at the till"
    """
    shell.make_sure(f"Merge '{other}' into '{person}'? It can be taken back for 90 days.")
    with shell.shop() as shop:
        merged = shop.identity.merge(who(shop, person), who(shop, other), reason)
        document = {
            "merge": merged.id,
            "person": merged.person,
            "other": merged.other,
            "identities": merged.identities,
            "fields": merged.fields,
            "dropped": list(merged.dropped),
            "events": merged.events,
            "rows": merged.rows,
            "narrowed": list(merged.narrowed),
        }
        moved = f"{out.number(merged.identities, 'ids')}, {out.number(merged.fields, 'fields')}"
        events = out.number(merged.events, "events")
        lines = [f"id:{merged.person} and id:{merged.other} are one now: {moved} and {events} moved."]
        if merged.dropped:
            lines.append(f"Both had {', '.join(merged.dropped)}; those of id:{merged.person} count.")
        if merged.narrowed:
            lines.append(
                f"{out.number(len(merged.narrowed), 'answers')} are narrower: only what both allowed is allowed."
            )
        if merged.id:
            lines.append(f"To take it back within 90 days: goodwill people unmerge {merged.id}")
        already = "They are one already." if not merged.id else ""
        shell.answer(document, *([already] if already else lines))


@command(people, "unmerge", lost="goodwill audit show")
def unmerge(shell: Shell, merge: _Number, reason: _Reason = "") -> None:
    """Take a merge back: what OTHER had before is OTHER's again; neither allows more than before, or than now."""
    shell.make_sure(f"Take merge {merge} back?")
    with shell.shop() as shop:
        back = shop.identity.unmerge(merge, reason)
        document = {
            "merge": back.id,
            "person": back.person,
            "other": back.other,
            "identities": back.identities,
            "fields": back.fields,
            "events": back.events,
            "rows": back.rows,
            "narrowed": list(back.narrowed),
        }
        shell.answer(
            document,
            f"id:{back.person} and id:{back.other} are two again: {out.number(back.identities, 'ids')}, "
            f"{out.number(back.fields, 'fields')} and {out.number(back.events, 'events')} went back.",
        )


@command(people, "rectify", lost=_LOST)
def rectify(
    shell: Shell,
    person: Person,
    field: _Field,
    value: _Value = None,
    was: Annotated[str | None, _WAS] = None,
    category: Annotated[str | None, _CATEGORY] = None,
    reason: _Reason = "",
) -> None:
    """Correct a field of somebody's profile, or an id that they are known by; what stood there is gone.

    Example: goodwill people rectify amina email amina@example.org --was amian@example.org
    """
    with shell.shop() as shop:
        changed = shop.identity.rectify(
            who(shop, person), field, value, was=was, category=category, reason=reason
        )  # fmt: skip
        shell.answer({"changed": changed}, f"Corrected '{field}'." if changed else f"'{field}' says so already.")


@command(people, "restrict", lost=_LOST)
def restrict(shell: Shell, person: Person, lift: Annotated[bool, _LIFT] = False, reason: _Reason = "") -> None:
    """Keep what is known of somebody and use nothing of it, until it is lifted."""
    with shell.shop() as shop:
        whom = who(shop, person)
        changed = shop.identity.lift(whom, reason) if lift else shop.identity.restrict(whom, reason)
        now = "used again as they allow" if lift else "kept and used for nothing"
        shell.answer({"restricted": not lift, "changed": changed}, f"Their data are {now}.")


@command(people, "object", lost=_LOST)
def object_(shell: Shell, person: Person) -> None:
    """Write down that somebody objects to everything that rests on the shop's own interests."""
    with shell.shop() as shop:
        receipts = shop.identity.object_to_all(who(shop, person))
        purposes = [str(receipt.purpose) for receipt in receipts]
        shell.answer(
            {"objected": purposes}, f"Objected to: {', '.join(purposes) or 'nothing that is not objected to'}."
        )


@command(people, "timeline", lost=_LOST)
def timeline(shell: Shell, person: Person) -> None:
    """Print what happened to somebody in one column: orders, letters, decisions, consent, what staff changed."""
    from goodwill.basics.clock import iso

    with shell.shop() as shop:
        moments = shop.identity.timeline(who(shop, person), "staff, command line, timeline")
        rows = ((out.said(one.at, shop.settings.zone), one.what, one.about, one.position) for one in moments)
        document = [
            {"at": iso(one.at), "what": one.what, "about": one.about, "position": one.position} for one in moments
        ]
        shell.answer({"timeline": document}, out.table(("when", "what", "about", "position"), rows))
