"""Staff who sign in with the shop's own identity provider: whose account it is, and what role it has."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill.basics.errors import BadInput, Conflict
from goodwill.shop.staff import Begun, Staff
from goodwill.staff import store
from goodwill.staff.accounts import address_of, called
from goodwill.staff.refusals import NotRecognised
from goodwill.staff.roles import name_of
from goodwill.staff.store import AccountRow
from goodwill.storage.audit import Actor
from goodwill.storage.engine import STAFF, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop
    from goodwill.staff.oidc import Arrived, Oidc

_BACK = "/staff/back"
_NOBODY = "The provider knows you, and this shop does not yet. Ask an owner for an account with your address."


@dataclass(frozen=True)
class Elsewhere:
    """The identity provider of one shop."""

    shop: "Shop"
    oidc: "Oidc"

    @property
    def name(self) -> str:
        return self.oidc.provider.name

    @property
    def origin(self) -> str:
        """Where its sign-in page is; "" where it does not answer."""
        try:
            return self.oidc.origin
        except Conflict:
            return ""

    def leave(self) -> tuple[str, str]:
        """Where to send a browser, and what it keeps meanwhile, sealed."""
        leaving = self.oidc.leave(self._back)
        return leaving.url, urlsafe_b64encode(self.shop.staff.box.seal(leaving.kept, "oidc")).decode()

    def arrive(self, kept: str, said: Mapping[str, str], *, device: str = "") -> Begun:
        """Sign somebody in who came back.

        Raises:
            NotRecognised: something about it is not right, or she has no account here.
        """
        with self.shop.acting(Actor("somebody signing in")).change("staff.sign-in-elsewhere") as change:
            arrived = self.oidc.arrive(self._opened(kept), self._back, said)
            staff, connection = self.shop.staff, change.connection
            one_at_a_time(connection, STAFF)
            row = self._account(connection, arrived)
            change.entry.detail.update(account=row.id, strong=arrived.strong)
            if row.disabled_at is not None:
                raise NotRecognised(_NOBODY)
            if arrived.role is not None and arrived.role != row.role:
                if store.owners(connection) == [row.id]:
                    raise Conflict(f"{name_of(row.id)} is the shop's only owner, and the provider says otherwise.")
                change.entry.detail.update(old_role=row.role, given_role=str(arrived.role))
                store.set_role(connection, row.id, arrived.role)
                row = replace(row, role=str(arrived.role))
            return staff.begin(connection, row, device, strong=arrived.strong)

    @property
    def _back(self) -> str:
        return f"{self.shop.settings.reached_at}{_BACK}"

    def _opened(self, kept: str) -> str:
        try:
            return self.shop.staff.box.open(urlsafe_b64decode(kept.encode()), "oidc")
        except (BadInput, ValueError):
            raise NotRecognised("This sign-in was not begun in this browser. Begin anew.") from None

    def _account(self, connection: Connection, arrived: "Arrived") -> AccountRow:
        """Whose account it is: by what the provider calls her for ever, else by her verified address."""
        staff = self.shop.staff
        subject = hashlib.sha256(f"{self.oidc.provider.issuer}\n{arrived.subject}".encode()).hexdigest()
        if (known := store.account_by_subject(connection, subject)) is not None:
            return known
        if not arrived.email:
            raise NotRecognised("The provider does not say that your address is verified.")
        try:
            address = address_of(arrived.email)
        except BadInput:
            raise NotRecognised(_NOBODY) from None
        row = store.account_of(connection, staff.box.mark("staff", address))
        if row is None:
            row = self._new(connection, staff, address, arrived)
        if not store.bind_subject(connection, row.id, subject):
            raise NotRecognised("This address belongs to somebody else at the provider. Ask an owner.")
        return row

    def _new(self, connection: Connection, staff: Staff, address: str, arrived: "Arrived") -> AccountRow:
        role = self.oidc.provider.new
        if role is None:
            raise NotRecognised(_NOBODY)
        number = staff.add(connection, address, called(arrived.name or address.partition("@")[0]), arrived.role or role)
        found = store.account(connection, number)
        if found is None:
            raise Conflict("The account was closed meanwhile.")
        return found
