"""What programs and pages send in: what became of it, and the secret with which a shop signs its users."""

from typing import Annotated

import typer

from goodwill.cli import out
from goodwill.cli.shell import WHAT_COMES_IN, Shell, command, group

intake = group("intake", "What programs and pages send in right now.", panel=WHAT_COMES_IN)

Days = Annotated[int, typer.Option("--days", min=1, max=400, help="How many days back, today included.")]


@command(intake, "show")
def show(shell: Shell, days: Days = 7) -> None:
    """Count what came in by event, and tell which rule dropped or refused the rest.

    Example: goodwill intake show --days 1
    """
    import msgspec

    from goodwill.shop.collecting import Collecting
    from goodwill.web.intake import seen
    from goodwill.web.store import closed

    with shell.shop() as shop:
        found = seen(Collecting(shop, closed), days)
        rows = ((one.day, one.name, one.event, one.status, one.messages, one.because) for one in found.counts)
        table = out.table(("day", "came by", "event", "became", "messages", "because"), rows)
        nothing = "Nothing came in. Make a key with: goodwill keys create webshop --scope collect"
        shell.answer(msgspec.to_builtins(found), table if found.counts else nothing, watermark=shop.settings.watermark)


@command(intake, "secret")
def secret(shell: Shell) -> None:
    """Print the secret with which your own server signs who a visitor is.

    A page then sends `context.userSignature`, the HMAC-SHA256 of the user's id under this secret, in hex; without it a
    key that stands on pages speaks for a device alone. Keep it on your server.
    """
    from goodwill.shop.collecting import Collecting
    from goodwill.web.store import closed

    with shell.shop() as shop:
        text = Collecting(shop, closed).secret
        shell.answer({"secret": text}, text)
