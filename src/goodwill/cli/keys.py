"""Keys with which a shop's own programs may ask over HTTP."""

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from goodwill.cli import out
from goodwill.cli.shell import OUTSIDE, Shell, command, group

if TYPE_CHECKING:
    from goodwill.web.store import Key

keys = group("keys", "Keys with which your own programs may ask over HTTP.", panel=OUTSIDE)


@command(keys, "create")
def create(
    shell: Shell,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for, such as webshop.")],
    scope: Annotated[
        list[str],
        typer.Option("--scope", help="What it may do; may be given more than once."),
    ],
    public: Annotated[
        bool, typer.Option("--public", help="It will stand on web pages: it may only send in what happens there.")
    ] = False,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", metavar="SITE", help="A site whose pages may use it; may be given more than once."),
    ] = None,
) -> None:
    """Make a key and print its secret, this once and never again.

    Scopes: collect (send in what happens), decide (suggestions), consent (answers), read (what was allowed and
    decided), export (the own copy), erase (for good), requests (what customers ask for).

    Example: goodwill keys create webshop --scope decide --scope consent

    Example: goodwill keys create pages --scope collect --public --origin https://shop.example
    """
    from goodwill.web.keys import new_key

    scopes = [part for given in scope for part in given.replace(",", " ").split()]
    with shell.shop() as shop:
        made = new_key(shop, name, scopes, public=public, origins=origin or ())
        document = {**_document(made.key), "key": made.text}
        shell.answer(document, made.text)
        shell.note(
            f"Key '{made.key.id}' for {name}: {', '.join(sorted(made.key.scopes))}. Keep it now; it is not shown again."
        )
        at = shop.settings.reached_at
        if made.key.public:
            shell.note(f'Use, in your pages: <script src="{at}/goodwill.js" data-key="gw_…" defer></script>')
        elif "collect" in made.key.scopes:
            shell.note(f"Use: as write key of Segment's or RudderStack's library, which sends to {at}/v1/…")
        if made.key.scopes - {"collect"}:
            shell.note(f"Use: curl -H 'Authorization: Bearer gw_…' {at}/api/v1/…")


@command(keys, "list")
def list_(shell: Shell) -> None:
    """List all keys without their secrets."""
    from goodwill.web.keys import list_keys

    with shell.shop() as shop:
        with shop.database.reading() as connection:
            found = list_keys(connection)
        zone = shop.settings.zone
        rows = (_line(key, zone) for key in found)
        table = out.table(("key", "name", "may", "made", "last used", "state"), rows)
        nothing = "No key yet. Make one with: goodwill keys create webshop --scope decide"
        shell.answer({"keys": [_document(key) for key in found]}, table if found else nothing)


@command(keys, "revoke", lost="goodwill keys list")
def revoke(
    shell: Shell, key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `goodwill keys list` shows it.")]
) -> None:
    """Close a key at once and for good."""
    from goodwill.web.keys import close_key

    shell.make_sure(f"Close the key '{key}'? Programs that use it stop working at once.")
    with shell.shop() as shop:
        closed = close_key(shop, key)
        shell.answer(
            _document(closed),
            f"Closed '{closed.id}' ({closed.name}) at {out.when(closed.revoked_at, shop.settings.zone)}.",
        )


def _line(key: "Key", zone: ZoneInfo) -> tuple[str, ...]:
    state = f"revoked {out.when(key.revoked_at, zone)}" if key.revoked_at else "open"
    may = ", ".join(sorted(key.scopes)) + (" (on pages)" if key.public else "")
    return key.id, key.name, may, out.when(key.created_at, zone), out.when(key.used_at, zone), state


def _document(key: "Key") -> dict[str, object]:
    from goodwill.basics.clock import iso

    def at(moment: int | None) -> str | None:
        return None if moment is None else iso(moment)

    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "public": key.public,
        "origins": list(key.origins),
        "created_at": at(key.created_at),
        "used_at": at(key.used_at),
        "revoked_at": at(key.revoked_at),
    }
