"""What the shop writes to people: put into the outbox with the change that it tells of, sent by a job."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill.access.addresses import Reach, reach
from goodwill.basics.errors import NotFound, Refused
from goodwill.basics.ids import PersonId
from goodwill.purposes import EMAIL_MARKETING
from goodwill.reach import outbox, store
from goodwill.reach.letters import Kind, Letter, language_of
from goodwill.reach.outbox import Delivered, Sender
from goodwill.shop.who import Who

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop


@dataclass(frozen=True, slots=True)
class Post:
    """The shop's letters."""

    shop: "Shop"

    def send(
        self,
        connection: Connection,
        *,
        letter: Letter,
        person: PersonId | None = None,
        address: str | None = None,
        language: str | None = None,
        about: int | None = None,
        until: int | None = None,
    ) -> int:
        """Put a letter into the outbox, inside the caller's transaction; it goes once that is committed.

        Args:
            person: whose letter it is: her key seals it, and without an address it goes to the one on file.
            address: where to, for somebody who is not known or for another of her addresses.
            about: the request that it belongs to.
            until: after which it would say nothing any more.

        Raises:
            NotFound: no address is known.
            Refused: it is marketing, and she does not allow it, or the address is on the list of those left alone.
            BadInput: the address is none, or the letter cannot be put into words.
        """
        if letter.kind is Kind.MARKETING and (person is None or not self._wanted(person)):
            raise Refused("Marketing goes only to people who allow it. Ask them first.")
        if person is not None and (address is None or language is None):
            known = self.reach(connection, person)
            language = language or known.language
            address = address or next((one.text for one in known.addresses if one.kind == "email"), None)
        if address is None:
            raise NotFound("No e-mail address is known to send this letter to.")
        return outbox.put(
            connection,
            self.shop.cipher,
            letter,
            to=address,
            language=language_of(language, self.shop.settings.language),
            now=self.shop.clock(),
            person=person,
            about=about,
            until=until,
        )

    def reach(self, connection: Connection, person: PersonId) -> Reach:
        """Her addresses, for a letter about her own request; the read log tells of it."""
        return reach(connection, self.shop.cipher, person, now=self.shop.clock(), zone=self.shop.settings.zone)

    def deliver(self, *, limit: int = 500) -> Delivered:
        """Send what waits. Without a mail server in the settings everything goes on waiting."""
        shop = self.shop
        if shop.channel is None:
            return Delivered(reason="no mail server is set: smtp_host is empty")
        with shop.database.reading() as connection:
            if not store.is_any_due(connection, now=shop.clock()):
                return Delivered()
        return outbox.deliver(shop.database.transaction, shop.channel, self._sender(), limit=limit)

    def counts(self) -> dict[str, int]:
        """How many letters wait, are being sent, were sent, may have arrived, or were given up."""
        with self.shop.database.reading() as connection:
            return store.counts(connection)

    def failures(self, limit: int = 20) -> list[store.Row]:
        """Letters that could not be delivered yet, or were given up, latest first."""
        with self.shop.database.reading() as connection:
            return store.failures(connection, limit)

    def _sender(self) -> Sender:
        shop = self.shop
        return Sender(shop.settings.name, shop.settings.mail_from, shop.cipher, shop.clock, self._wanted)

    def _wanted(self, person: PersonId) -> bool:
        return self.shop.can(Who(id=person), EMAIL_MARKETING).allowed
