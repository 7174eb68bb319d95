"""The keys that seal what customers told the shop: renewing them, so that older copies forget."""

from goodwill.cli import out
from goodwill.cli.shell import SET_UP, Shell, command, group

protect = group("protect", "The keys that seal what customers told the shop.", panel=SET_UP)


@command(protect, "rotate-keys")
def rotate_keys(shell: Shell) -> None:
    """Begin a new epoch of the keys now: older copies of the key store open nothing any more.

    A server does this by itself within a day of an erasure. Take a new copy of the keys afterwards: the one that you
    have opens nothing either.

    Example: goodwill protect rotate-keys
    """
    with shell.shop() as shop:
        with shell.working("Locking every key anew"):
            done = shop.erasure.rotate()
        document = {
            "epoch": done.epoch,
            "people": done.people,
            "ids": done.ids,
            "seconds": round(done.seconds, 3),
            "pending": list(done.pending),
        }
        keys = shop.folder / "keys"
        shell.answer(
            document,
            f"Epoch {done.epoch} has begun: the keys of {out.number(done.people, 'people')} were locked anew, and "
            f"{out.number(done.ids, 'ids')} are found by new hashes.",
            watermark=shop.settings.watermark,
        )
        for one in done.pending:
            shell.note(f"Not gone from the disk yet: {one}. The next rotation does the rest.")
        shell.note(f"Copy {keys / 'keys.db'} and {keys / f'epoch-{done.epoch}.key'} anew; older copies open nothing.")
