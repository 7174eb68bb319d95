"""A shop with a mail server beside it: what tests of requests share. Letters are read as their readers read them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.conftest import FakeClock
from tests.reach.peer import Box, peer, plainly

from goodwill import people
from goodwill.app import create_shop
from goodwill.shop import Actor, Shop
from goodwill.shop.rights import Ticket
from goodwill.storage import Database

CODE = re.compile(r"^ {4}([A-Z0-9]{4}-[A-Z0-9]{4})$", re.MULTILINE)
CANCEL = re.compile(r"/privacy/requests/(\S+)/cancel")


@dataclass
class Desk:
    """The shop, its letters, and a way to read them."""

    shop: Shop
    box: Box

    def read(self, address: str) -> list[str]:
        """All letters that an address got so far, oldest first, as text."""
        self.shop.post.deliver()
        return [words for to, words in zip(self.box.to, self.box.texts, strict=True) if to.lower() == address]

    def said(self, address: str) -> str:
        """All that an address was told, in one line."""
        return " ".join(" ".join(self.read(address)).split())

    def code(self, address: str) -> str:
        """The code in the newest letter that has one."""
        return [found[1] for words in self.read(address) if (found := CODE.search(words))][-1]

    def cancel_link(self, address: str) -> str:
        return [found[1] for words in self.read(address) if (found := CANCEL.search(words))][-1]

    def verified(self, right: str, address: str = "amina@example.com", **more: object) -> Ticket:
        """A request that was opened by address and shown to be hers."""
        ticket = self.shop.rights.open(right, address=address, **more)  # type: ignore[arg-type]
        self.shop.rights.verify(ticket.token, self.code(address))
        return ticket


@contextmanager
def desk(database: Database, folder: Path, clock: FakeClock, **settings: object) -> Iterator[Desk]:
    """Amina has a verified address and an older one, Bruno one that was never verified; both in Italy."""
    where = database.url or f"sqlite:///{database.file}"
    made = create_shop(
        folder / "home", clock=clock, database=where, name="Bakery", smtp_from="hello@bakery.example", region="IT",
        **settings,
    )  # fmt: skip
    box = Box()
    with made.database.transaction() as connection:
        for ids, verified in (
            ({"user_id": "amina", "email": "Amina@example.com"}, True),
            ({"user_id": "amina", "email": "amina@work.example"}, True),
            ({"user_id": "bruno", "email": "bruno@example.com"}, False),
        ):
            people.identify(connection, made.cipher, ids, now=clock(), verified=verified)
    clock.turn(days=100)
    with peer(box) as port:
        yield Desk(replace(made, channel=plainly(port), actor=Actor("staff 3")), box)
    made.close()
