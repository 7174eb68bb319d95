"""Set a shop up, and see how it is set up: init, config show, purposes, version."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodwill.cli import out
from goodwill.cli.shell import PEOPLE, SET_UP, Shell, app, command, group

if TYPE_CHECKING:
    from goodwill.app import Origin
    from goodwill.purposes import Entry, Register


@command(app, "init", panel=SET_UP)
def init(
    shell: Shell,
    name: Annotated[str | None, typer.Option(help="The shop's name; 'My shop' unless given.")] = None,
    currency: Annotated[str | None, typer.Option(help="Three capitals, such as USD; EUR unless given.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Time zone, such as Europe/Rome; this machine's unless given.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="postgresql://…; without it a file in the home.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Two capitals, such as IT; reads phone numbers without country code.")
    ] = None,
    items: Annotated[
        str | None, typer.Option(help="What models count: product, type or category; product unless given.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Invite the owner too: their e-mail address.")
    ] = None,
) -> None:
    """Make a new shop: settings, database and key store in one folder.

    Example: goodwill init --home cafe --name "Café Amina" --currency EUR --zone Europe/Rome
    """
    from goodwill.app import create_shop, home_of
    from goodwill.shop import Actor
    from goodwill.staff.accounts import address_of

    if owner is not None:
        address_of(owner)  # before anything is made
    given = {"name": name, "currency": currency, "zone": zone, "database": database, "region": region, "items": items}
    values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    values.setdefault("zone", _zone_of_this_machine())
    if shell.may_ask:
        for key, question, usual in (("name", "Name of the shop", "My shop"), ("currency", "Currency", "EUR")):
            values.setdefault(key, typer.prompt(question, default=usual, err=True))
    with create_shop(shell.home, **values) as shop:
        made = {
            "home": str(shop.folder),
            "name": shop.settings.name,
            "currency": shop.settings.currency,
            "zone": str(shop.settings.zone),
            "database": _without_password(values["database"]) if "database" in values else str(shop.folder / "shop.db"),
            "keys": str(shop.folder / "keys"),
        }
        if owner is not None:
            invited = shop.acting(Actor("command line")).staff.invite(owner, owner.partition("@")[0], "owner")
            made["token"] = invited.token
    shell.answer(made, out.pairs(made.items()))
    where = "" if shop.folder == home_of(None) else f" --home {shell.home}"
    shell.note(
        "Keep the folder keys/ apart from your backups of the data: what is erased must not come back with them."
    )
    if owner is not None:
        shell.note(f"With this token {owner} chooses a password at /staff/set-up; it works once, for three days.")
    shell.note(f"Next: goodwill import FILE…{where}")


def _zone_of_this_machine() -> str:
    """The name of the local time zone, as far as this machine tells; else UTC."""
    local = Path("/etc/localtime")
    named = os.environ.get("TZ", "").lstrip(":")
    if not named and local.is_symlink():
        named = str(local.resolve()).partition("zoneinfo/")[2]
    return named if "/" in named and not named.startswith("/") else "UTC"


_PASSWORD_ASKED = re.compile(r"(?<=[?&]password=)[^&]*")


def _without_password(url: str) -> str:
    user, at, rest = url.rpartition("@")
    scheme, slashes, named = user.partition("://")
    name, colon, _ = named.partition(":")
    hidden = f"{scheme}{slashes}{name}{colon}{'***' if colon else ''}{at}{rest}"
    return _PASSWORD_ASKED.sub("***", hidden)


config = group("config", "The shop's settings.", panel=SET_UP)


@command(config, "show")
def show(shell: Shell) -> None:
    """Print every setting with its value and where the value comes from.

    Example: GOODWILL_PORT=8500 goodwill config show
    """
    from goodwill.app import home_of, origins

    folder = home_of(shell.home)
    found = origins(folder)
    rows = [(one.name, _shown(one), one.origin) for one in found]
    document = {
        "home": str(folder),
        "settings": [{"name": name, "value": value, "origin": origin} for name, value, origin in rows],
    }
    lines = ((name, _written(value), origin) for name, value, origin in rows)
    shell.answer(document, f"Home: {folder}", "", out.table(("setting", "value", "from"), lines))


def _shown(setting: "Origin") -> object:
    if setting.name == "oidc_secret":
        return "***" if setting.value else ""
    return _without_password(str(setting.value)) if setting.name == "database" else setting.value


def _written(value: object) -> str:
    return (", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)) or "–"


_WHY = {
    "consent": "only with a recorded yes",
    "contract": "needed for what was ordered",
    "legal-obligation": "the law asks for it",
    "legitimate-interests": "until the person objects",
}


@command(app, "purposes", panel=PEOPLE)
def purposes(shell: Shell) -> None:
    """List what this shop does with data about people, and why it may.

    Without a shop it lists the register that comes with goodwill.
    """
    register, source = _register(shell)
    entries = list(register)
    document = {
        "register": source,
        "version": register.version,
        "purposes": [_entry(entry) for entry in entries],
        "categories": [
            {"name": kind.name, "sentence": kind.sentence, "sensitive": kind.sensitive}
            for kind in register.kinds.values()
        ],
    }
    plain = (
        (
            entry.name,
            entry.sentence,
            _WHY[entry.basis],
            ", ".join(entry.categories),
            _kept(entry),
            entry.review,
            entry.expiry,
        )
        for entry in entries
    )
    columns = ("purpose", "what for", "allowed", "data", "kept", "review by", "off from")
    shell.answer(document, out.table(columns, plain))
    shell.note(f"Register: {source}, version {register.version}.")


def _register(shell: Shell) -> "tuple[Register, str]":
    from goodwill.app import SETTINGS_FILE, home_of, register_of, settings_of
    from goodwill.purposes import shipped

    folder = home_of(shell.home)
    if not (folder / SETTINGS_FILE).exists():
        return shipped(), "shipped with goodwill"
    settings = settings_of(folder)
    return register_of(settings, folder), settings.purposes or "shipped with goodwill"


def _kept(entry: "Entry") -> str:
    if not entry.keeps:
        return "nothing"  # it sees what is kept for others
    return "by law" if entry.retention_days is None else out.number(entry.retention_days, "days")


def _entry(entry: "Entry") -> dict[str, object]:
    return {
        "name": entry.name,
        "sentence": entry.sentence,
        "basis": entry.basis.value,
        "why_lawful": entry.why_lawful,
        "categories": list(entry.categories),
        "retention_days": entry.retention_days,
        "consent_days": entry.consent_days,
        "minimum_group": entry.minimum_group,
        "owner": entry.owner,
        "review": entry.review.isoformat(),
        "expiry": entry.expiry.isoformat(),
        "reserved": entry.reserved,
        "dpv": entry.dpv,
        "fideslang": entry.fideslang,
    }


@command(app, "version", panel=SET_UP)
def version(shell: Shell) -> None:
    """Print the versions of goodwill, Python and the libraries that matter when something goes wrong."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    found = {"goodwill": version_of("goodwill"), "python": sys.version.split()[0]}
    for package in ("numpy", "sqlalchemy", "duckdb", "litestar", "cryptography"):
        try:
            found[package] = version_of(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    shell.answer(found, out.pairs(found.items()))
