"""What shop systems export: how each file is known by its headings, and what it holds."""

from goodwill.basics.errors import BadInput
from goodwill.collect.formats import etsy, hubspot, mailchimp, shopify, shopify_json, square, stripe, woocommerce
from goodwill.collect.kinds import plain
from goodwill.collect.records import Records
from goodwill.collect.tables import Table
from goodwill.collect.unrolled import JsonFormat
from goodwill.collect.views import Format, Heads

FORMATS: tuple[Format, ...] = (
    *shopify.FORMATS,
    *mailchimp.FORMATS,
    *woocommerce.FORMATS,
    *square.FORMATS,
    *etsy.FORMATS,
    *stripe.FORMATS,
    *hubspot.FORMATS,
)
JSON_FORMATS: tuple[JsonFormat, ...] = (*shopify_json.FORMATS, *woocommerce.JSON_FORMATS)


def json_format(records: Records, named: str | None) -> JsonFormat | None:
    """The format of a file of objects: the one that is named, or the one that its first object tells."""
    if named is not None:
        wanted = plain(named).replace(" ", "-")
        return next((one for one in JSON_FORMATS if one.name == wanted), None)
    first = records.first
    return next((one for one in JSON_FORMATS if one.knows(first)), None) if first is not None else None


def format_called(name: str) -> Format | None:
    """The format of that name, as ``--as`` may say it; None if it is none."""
    wanted = plain(name).replace(" ", "-")
    return next((one for one in FORMATS if one.name == wanted), None)


def format_of(table: Table) -> Format | None:
    """The format that a table is known to be of, by its headings."""
    heads = Heads(table)
    return next((one for one in FORMATS if heads.has(*one.needs) and one.views(heads)), None)


def check_is(table: Table, format_: Format) -> None:
    """See that a table can be of a format.

    Raises:
        BadInput: headings are missing.
    """
    heads = Heads(table)
    missing = [f"'{heading}'" for heading in format_.needs if not heads.has(heading)]
    if missing or not format_.views(heads):
        lacks = f" It lacks {', '.join(missing)}." if missing else ""
        raise BadInput(f"{table.name} is not {format_.about}.{lacks} Leave --as out, or say another kind.")
