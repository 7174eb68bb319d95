"""Who works here: inviting, signing in and out, second factors, roles; each change with its line in the audit log.

A password is checked outside any transaction: it takes a core for hundredths of a second, and nobody who writes may
wait for that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from goodwill.basics.clock import SECOND, Micros
from goodwill.basics.codes import hashed, new_token
from goodwill.basics.errors import BadInput, Conflict, NotFound
from goodwill.protect import Box
from goodwill.shop.approvals import Approvals
from goodwill.staff import factor, sessions, store
from goodwill.staff.accounts import INVITE_FOR, Account, account_of, address_of, called, role_of
from goodwill.staff.refusals import CodeNeeded, NotAllowed, NotRecognised, TooManyTries
from goodwill.staff.roles import About, Act, Role, acts_of, may, name_of, needs_second_factor
from goodwill.staff.sessions import CODE, ENROL, WHOLE, Session
from goodwill.staff.store import AccountRow, SessionRow
from goodwill.staff.weak import why_weak
from goodwill.storage import audit
from goodwill.storage.audit import Actor, Entry
from goodwill.storage.engine import STAFF, one_at_a_time

if TYPE_CHECKING:
    from goodwill.shop.shop import Shop

# Tries that fit at once, and microseconds until the bucket is empty again.
_FOR_ONE, _FROM_ONE_PLACE, _WINDOW = 10, 30, 15 * 60 * SECOND
_NOT_RIGHT = "That address, password or code is not right, or the account is closed."


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who may now choose a password; the token is told this once."""

    account: Account
    token: str
    until: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that just began, or got a new secret; the token goes into a cookie and nowhere else."""

    session: Session
    token: str


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor that is being set up.

    Attributes:
        secret: for typing into an app; uri: the same as a link; picture: the same as a QR code in SVG.
    """

    secret: str
    uri: str
    picture: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """A second factor that was set up: the session goes on under a new secret, and the codes are told this once."""

    begun: Begun
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Staff:
    """The staff of one shop."""

    shop: "Shop"

    @property
    def approvals(self) -> Approvals:
        """The second pair of eyes."""
        return Approvals(self.shop, self.box)

    @cached_property
    def box(self) -> Box:
        return self.shop.cipher.box("staff")

    def demand(self, act: Act, about: About | None = None) -> None:
        """Go on only if whoever acts may do this.

        Raises:
            CodeNeeded: she may, once she gives a code of her second factor.
            NotAllowed: she may not.
        """
        actor = self.shop.actor
        if may(actor, act, about):
            return
        role = Role(actor.role) if actor.role in set(Role) else None
        if role is not None and may(_freshly(actor, role), act, about):
            raise CodeNeeded("This needs a code of your second factor from the last ten minutes.")
        who = f"The role '{actor.role}'" if actor.role else "This key"
        raise NotAllowed(f"{who} may not do this ('{act}'), or not to this account or request.")

    # ---- accounts --------------------------------------------------------------------------------------------------

    def accounts(self) -> list[Account]:
        """All accounts, oldest first, the disabled ones too."""
        with self.shop.database.reading() as connection:
            return [account_of(row, self.box) for row in store.all_accounts(connection)]

    def account(self, who: int | str) -> Account:
        """One account, by its number or its address.

        Raises:
            NotFound: there is none.
        """
        with self.shop.database.reading() as connection:
            return account_of(self._row(connection, who), self.box)

    def invite(self, email: str, name: str, role: str) -> Invited:
        """Make an account for somebody, who sets a password with the token that comes back.

        Raises:
            Conflict: this address has an account.
            BadInput: no address, no name or no role.
        """
        with self.shop.change("staff.invite") as change:
            self.demand(Act.STAFF)
            address, given, chosen = address_of(email), called(name), role_of(role)
            connection = change.connection
            one_at_a_time(connection, STAFF)
            lookup = self.box.mark("staff", address)
            if (found := store.account_of(connection, lookup)) is not None:
                raise Conflict(f"This address has an account already: number {found.id}.")
            number = self.add(connection, address, given, chosen)
            change.entry.detail.update(account=number, given_role=str(chosen))
            return self._invited(connection, number)

    def reset(self, who: int | str) -> Invited:
        """Let somebody choose a new password; the old one and all sessions end at once."""
        with self._changing("staff.reset", who) as (connection, row):
            if row.disabled_at is not None:
                raise Conflict(f"Account {row.id} is disabled. Enable it first: goodwill staff enable {row.id}")
            store.end_sessions(connection, row.id)
            store.forget_tries(connection, [self._key_of(row)])
            return self._invited(connection, row.id)

    def drop_second_factor(self, who: int | str) -> Account:
        """Let somebody who lost phone and recovery codes set up a second factor anew; her sessions end at once."""
        with self._changing("staff.drop-second-factor", who) as (connection, row):
            store.drop_second_factor(connection, row.id)
            store.end_sessions(connection, row.id)
            return self._again(connection, row.id)

    def set_role(self, who: int | str, role: str) -> Account:
        """Give somebody another role; it holds from the next request on, everywhere.

        Raises:
            Conflict: nobody would own the shop any more.
        """
        chosen = role_of(role)
        with self._changing("staff.role", who, before=("role", chosen)) as (connection, row):
            if chosen is not Role.OWNER:
                _keep_an_owner(connection, row)
            store.set_role(connection, row.id, chosen)
            return self._again(connection, row.id)

    def disable(self, who: int | str) -> Account:
        """Close an account: its sessions end at once, and nobody signs in to it.

        Raises:
            Conflict: nobody would own the shop any more.
        """
        with self._changing("staff.disable", who) as (connection, row):
            _keep_an_owner(connection, row)
            if row.disabled_at is None:
                store.set_disabled(connection, row.id, self._now)
            store.end_sessions(connection, row.id)
            return self._again(connection, row.id)

    def enable(self, who: int | str) -> Account:
        """Open an account again; a password that it had works as before."""
        with self._changing("staff.enable", who) as (connection, row):
            store.set_disabled(connection, row.id, None)
            return self._again(connection, row.id)

    # ---- passwords -------------------------------------------------------------------------------------------------

    def set_up(self, token: str, password: str, *, address: str = "", device: str = "") -> Begun:
        """Choose a password with a one-time token, and be signed in.

        Raises:
            NotRecognised: the token was used, is too old, or never was.
            BadInput: the password is one that is guessed first.
        """
        invite, now = hashed(token.strip()), self._now
        self._reserve_keys(self._place(address))
        with self.shop.database.reading() as connection:
            row = store.account_invited(connection, invite, now=now)
        if row is None:
            self._failed("staff.set-up", None)
            raise NotRecognised("This token was used already, is more than three days old, or was never given out.")
        account = account_of(row, self.box)
        self._check(password, account)
        chosen = self.shop.passwords.hash(password)
        with self._as(account).change("staff.set-up") as change:
            if not store.use_invite(change.connection, row.id, invite, chosen, now=now):
                raise NotRecognised("This token was used already.")
            store.forget_tries(change.connection, [self._key_of(row)])
            return self.begin(change.connection, row, device, strong=False)

    def change_password(self, token: str, old: str, new: str, *, address: str = "") -> Begun:
        """Choose another password; all other sessions end, and this one goes on under a new secret.

        Raises:
            NotRecognised: the old password is not right, or nobody is signed in.
            BadInput: the new one is one that is guessed first.
        """
        kept, row, session = self._signed_in(token)
        self._check(new, session.account)
        self._reserve(row, address)
        if not self.shop.passwords.fits(row.password, old):
            self._failed("staff.change-password", session.account)
            raise NotRecognised("The old password is not right.")
        chosen = self.shop.passwords.hash(new)
        with self._as(session.account).change("staff.change-password") as change:
            if not store.set_password(change.connection, row.id, chosen, before=row.password, now=self._now):
                raise Conflict("The password was changed by somebody else meanwhile.")
            store.forget_tries(change.connection, [self._key_of(row)])
            store.end_sessions(change.connection, row.id, but=kept.hash)
            return self._renewed(change.connection, kept, row)

    # ---- signing in ------------------------------------------------------------------------------------------------

    def sign_in(self, email: str, password: str, *, address: str = "", device: str = "") -> Begun:
        """Begin a session with a password; where the account has a second factor, it waits for a code.

        An address without an account costs the same work and gets the same answer.

        Args:
            address: where the request came from.
            device: as `sessions.device_of` tells it.

        Raises:
            NotRecognised: the address or the password is not right, or the account is closed.
            TooManyTries: for this account, or from this place.
        """
        with self.shop.database.reading() as connection:
            lookup = self._lookup(email)
            row = store.account_of(connection, lookup)
        self._reserve_keys({self._for_tries(lookup): _FOR_ONE, **self._place(address)})
        is_open = row is not None and row.disabled_at is None
        if not self.shop.passwords.fits(row.password if row is not None and is_open else None, password):
            self._failed("staff.sign-in", None if row is None else account_of(row, self.box))
            raise NotRecognised(_NOT_RIGHT)
        assert row is not None  # noqa: S101 - a password fits only an account
        account = account_of(row, self.box)
        fresh = (
            self.shop.passwords.hash(password) if row.password and self.shop.passwords.is_stale(row.password) else ""
        )
        with self._as(account).change("staff.sign-in") as change:
            if fresh:
                store.set_password(change.connection, row.id, fresh, before=row.password, now=self._now)
            begun = self.begin(change.connection, row, device, strong=False)
            change.entry.detail["step"] = begun.session.step
            return begun

    def answer(self, token: str, code: str, *, address: str = "") -> Begun:
        """Give a code of the second factor, or a recovery code: to finish signing in, or before something risky.

        Raises:
            NotRecognised: the code is not right or was used before; or there is no such session.
            TooManyTries: for this account, or from this place.
        """
        kept, row, session = self._signed_in(token, CODE, WHOLE)
        if row.secret is None:
            raise BadInput("This account has no second factor yet. Set one up on the page of your account.")
        self._reserve(row, address)
        taken = self._code_that_fits(row, code)
        with self._as(session.account).change("staff.second-factor") as change:
            if not self._use(change.connection, row, taken, code):
                raise NotRecognised("This code is not right, or was used before. Wait for the next one.")
            change.entry.detail["by"] = "app" if taken is not None else "recovery code"
            store.forget_tries(change.connection, [self._key_of(row)])
            return self._renewed(change.connection, kept, row, strong=True)

    def session(self, token: str) -> Session | None:
        """The session that a secret opens, with what its account may do at this moment; None if it opens nothing."""
        with self.shop.database.reading() as connection:
            found = store.session(connection, hashed(token))
        if found is None:
            return None
        row, account = found
        if sessions.is_over(row, now=self._now) or account.disabled_at is not None:
            return None
        return sessions.of_row(row, account_of(account, self.box), now=self._now)

    def seen(self, token: str) -> None:
        """Note that a session was used; asked at most once a minute for each."""
        with self.shop.database.transaction() as connection:
            store.note_seen(connection, hashed(token), now=self._now)

    def sign_out(self, token: str) -> None:
        """End a session; one that has ended already stays so."""
        session = self.session(token)
        if session is None:
            return
        with self._as(session.account).change("staff.sign-out") as change:
            store.end_session(change.connection, hashed(token))

    def sign_out_everywhere(self, token: str) -> int:
        """End all sessions of whoever is signed in, this one too; how many there were."""
        _, row, session = self._signed_in(token)
        with self._as(session.account).change("staff.sign-out-everywhere") as change:
            ended = store.end_sessions(change.connection, row.id)
            change.entry.detail["sessions"] = ended
            return ended

    def sessions(self, account: int) -> list[Session]:
        """The sessions of an account that still open something, the latest first."""
        with self.shop.database.reading() as connection:
            row = self._row(connection, account)
            kept = store.sessions_of(connection, row.id)
        owner, now = account_of(row, self.box), self._now
        return [sessions.of_row(one, owner, now=now) for one in kept if not sessions.is_over(one, now=now)]

    # ---- the second factor -----------------------------------------------------------------------------------------

    def begin_second_factor(self, token: str) -> Factor:
        """Show a new secret; it counts once a code of it is given.

        Raises:
            CodeNeeded: there is a second factor already, and no fresh code of it was given.
        """
        _, row, session = self._signed_in(token, ENROL, WHOLE)
        if row.secret is not None and not session.fresh:
            raise CodeNeeded("Give a code of the second factor that you have, before you set up another.")
        secret = factor.new_secret()
        with self._as(session.account).change("staff.show-second-factor") as change:
            store.set_next_secret(change.connection, row.id, self.box.seal(secret, "staff", row.id, "secret"))
        return self._factor(secret, session.account)

    def shown_second_factor(self, token: str) -> Factor | None:
        """The secret that was shown and waits for its first code, once more."""
        _, row, session = self._signed_in(token, ENROL, WHOLE)
        if row.next_secret is None or (row.secret is not None and not session.fresh):
            return None
        return self._factor(self.box.open(row.next_secret, "staff", row.id, "secret"), session.account)

    def confirm_second_factor(self, token: str, code: str, *, address: str = "") -> Recovered:
        """Let the secret that was shown count, because a code of it was given.

        Raises:
            NotRecognised: the code is not right.
        """
        kept, row, session = self._signed_in(token, ENROL, WHOLE)
        if row.next_secret is None or (row.secret is not None and not session.fresh):
            raise CodeNeeded("Begin anew: no second factor is being set up here.")
        self._reserve(row, address)
        secret = self.box.open(row.next_secret, "staff", row.id, "secret")
        step = factor.step_of(secret, code, now=self._now)
        with self._as(session.account).change("staff.confirm-second-factor") as change:
            connection = change.connection
            if step is None or not store.confirm_secret(connection, row.id, row.next_secret, step):
                raise NotRecognised("This code is not right. Wait for the next one, and look at your phone's clock.")
            codes = factor.new_recovery_codes()
            store.keep_recovery(connection, row.id, [hashed(factor.plain(one)) for one in codes])
            store.forget_tries(connection, [self._key_of(row)])
            store.end_sessions(connection, row.id, but=kept.hash)
            return Recovered(self._renewed(connection, kept, row, strong=True), tuple(codes))

    def new_recovery_codes(self, token: str) -> tuple[str, ...]:
        """Ten new recovery codes; the old ones open nothing any more.

        Raises:
            CodeNeeded: no fresh code of the second factor was given.
        """
        _, row, session = self._signed_in(token)
        if not session.fresh or row.secret is None:
            raise CodeNeeded("This needs a code of your second factor from the last ten minutes.")
        codes = factor.new_recovery_codes()
        with self._as(session.account).change("staff.recovery-codes") as change:
            store.keep_recovery(change.connection, row.id, [hashed(factor.plain(one)) for one in codes])
        return tuple(codes)

    def recovery_left(self, account: int) -> int:
        """How many recovery codes somebody has left."""
        with self.shop.database.reading() as connection:
            return store.recovery_left(connection, account)

    def tidy(self) -> None:
        """Let go of sessions that have ended, tries that count no more, and the parameters of late approvals."""
        now = self._now
        with self.shop.database.transaction() as connection:
            store.drop_old_sessions(connection, made_before=now - sessions.LONGEST, seen_before=now - sessions.IDLE)
            store.drop_old_tries(connection, now=now)
            store.empty_old_approvals(connection, now=now)

    # ---- inside ----------------------------------------------------------------------------------------------------

    @property
    def _now(self) -> Micros:
        return self.shop.clock()

    def _as(self, account: Account) -> "Shop":
        return self.shop.acting(Actor(account.actor, role=str(account.role)))

    def _row(self, connection: Connection, who: int | str) -> AccountRow:
        if isinstance(who, str) and who.isdecimal() and len(who) < 18:
            who = int(who)
        found = (
            store.account(connection, who) if isinstance(who, int) else store.account_of(connection, self._lookup(who))
        )
        if found is None:
            raise NotFound("There is no such account. Those there are: goodwill staff list")
        return found

    @contextmanager
    def _changing(
        self, action: str, who: int | str, *, before: tuple[str, str] | None = None
    ) -> Iterator[tuple[Connection, AccountRow]]:
        """Change an account: somebody who may, one change at a time, entered with whose account it was."""
        with self.shop.change(action) as change:
            self.demand(Act.STAFF)
            one_at_a_time(change.connection, STAFF)
            row = self._row(change.connection, who)
            change.entry.detail["account"] = row.id
            if before is not None:
                change.entry.detail.update(old_role=row.role, given_role=before[1])
            self.demand(Act.STAFF, About(account=row.id))
            yield change.connection, row

    def _again(self, connection: Connection, number: int) -> Account:
        return account_of(self._row(connection, number), self.box)

    def _invited(self, connection: Connection, number: int) -> Invited:
        token, until = new_token(), self._now + INVITE_FOR
        store.set_invite(connection, number, hashed(token), until)
        return Invited(self._again(connection, number), token, until)

    def _check(self, password: str, account: Account) -> None:
        if weak := why_weak(password, (self.shop.settings.name, account.name, account.email)):
            raise BadInput(weak)

    def _factor(self, secret: str, account: Account) -> Factor:
        link = factor.uri(secret, account.email, self.shop.settings.name)
        return Factor(secret, link, factor.picture(link))

    # ---- sessions

    def _signed_in(self, token: str, *steps: str) -> tuple[SessionRow, AccountRow, Session]:
        """The session of a secret, if it is that far (whole unless said)."""
        session = self.session(token)
        if session is None or session.step not in (steps or (WHOLE,)):
            raise NotRecognised("You are not signed in, or no longer. Sign in again.")
        with self.shop.database.reading() as connection:
            found = store.session(connection, hashed(token))
        if found is None:
            raise NotRecognised("You are not signed in, or no longer. Sign in again.")
        return *found, session

    def add(self, connection: Connection, address: str, name: str, role: Role) -> int:
        """A new account, in somebody's unit of work; its number."""
        number = store.add(connection, self.box.mark("staff", address), role, now=self._now)
        mailbox = self.box.seal(address, "staff", number, "email")
        store.describe(connection, number, mailbox, self.box.seal(name, "staff", number, "name"))
        return number

    def begin(self, connection: Connection, row: AccountRow, device: str, *, strong: bool) -> Begun:
        """A new session: whole at once only where no second factor stands in between."""
        token = new_token()
        step = WHOLE if strong else CODE if row.secret is not None else ENROL if _must_enrol(row) else WHOLE
        kept = sessions.begun(token, row.id, step, device, now=self._now, strong=strong)
        store.add_session(connection, kept)
        if step == WHOLE:
            self._arrived(connection, row)
        return Begun(sessions.of_row(kept, self._again(connection, row.id), now=self._now), token)

    def _renewed(self, connection: Connection, old: SessionRow, row: AccountRow, *, strong: bool = False) -> Begun:
        """The same session under a new secret: whatever somebody knew of it before opens nothing now."""
        if not store.end_session(connection, old.hash):
            raise NotRecognised("You are not signed in, or no longer. Sign in again.")
        token, now = new_token(), self._now
        begins = now if old.step != WHOLE else old.created_at
        kept = SessionRow(hashed(token), row.id, WHOLE, old.device, begins, now, now if strong else old.strong_at)
        store.add_session(connection, kept)
        if old.step != WHOLE:
            self._arrived(connection, row)
        return Begun(sessions.of_row(kept, self._again(connection, row.id), now=now), token)

    def _arrived(self, connection: Connection, row: AccountRow) -> None:
        store.note_signed_in(connection, row.id, now=self._now)
        store.forget_tries(connection, [self._key_of(row)])

    def _code_that_fits(self, row: AccountRow, code: str) -> int | None:
        assert row.secret is not None  # noqa: S101 - asked before
        return factor.step_of(self.box.open(row.secret, "staff", row.id, "secret"), code, now=self._now)

    def _use(self, connection: Connection, row: AccountRow, step: int | None, code: str) -> bool:
        """Use a code up: of the app by its step, of the recovery codes by taking it out."""
        if step is not None:
            return store.take_step(connection, row.id, step)
        return factor.looks_like_recovery(code) and store.use_recovery(connection, row.id, hashed(factor.plain(code)))

    # ---- tries

    def _lookup(self, email: str) -> bytes:
        """Where an account of this address would be; whatever was typed in its place is somewhere too."""
        try:
            return self.box.mark("staff", address_of(email))
        except BadInput:
            return self.box.mark("no address", email[:400].encode("utf-8", "replace").decode())

    def _for_tries(self, lookup: bytes) -> bytes:
        return self.box.mark("tries", lookup.hex())

    def _key_of(self, row: AccountRow) -> bytes:
        return self._for_tries(self.box.mark("staff", self.box.open(row.mailbox, "staff", row.id, "email")))

    def _place(self, address: str) -> dict[bytes, int]:
        """How much may be tried from one place; a program that calls us from inside comes from none."""
        return {self.box.mark("tries from", address): _FROM_ONE_PLACE} if address else {}

    def _reserve(self, row: AccountRow, address: str) -> None:
        self._reserve_keys({self._key_of(row): _FOR_ONE, **self._place(address)})

    def _reserve_keys(self, quotas: dict[bytes, int]) -> None:
        """Count a try before it is made, so that many at once cannot outrun the count.

        While somebody is locked out, nothing is written: the first refusal of a lock-out leaves a line, the rest are
        only refused.

        Raises:
            TooManyTries: one of the buckets is full.
        """
        now = self._now
        with self.shop.database.reading() as connection:
            before = store.tried(connection, list(quotas))
        full = [key for key, quota in quotas.items() if _wait(before.get(key), quota, now)]
        if not full or not all(before[key].told for key in full):
            with self.shop.database.transaction() as connection:
                one_at_a_time(connection, STAFF)
                before = store.tried(connection, list(quotas))
                full = [key for key, quota in quotas.items() if _wait(before.get(key), quota, now)]
                for key in full:
                    store.set_tried(connection, key, before[key].full_at, told=True)
                if full:
                    audit.note(connection, _STRANGER, Entry("staff.sign-in"), now=now, outcome=TooManyTries.__name__)
                else:
                    for key, quota in quotas.items():
                        start = min(max(before[key].full_at if key in before else now, now), now + _WINDOW)
                        store.set_tried(connection, key, start + _WINDOW // quota, told=False)
        if full:
            raise TooManyTries(max(_wait(before[key], quotas[key], now) for key in full))

    def _failed(self, action: str, account: Account | None) -> None:
        """Enter a try that failed; whose account it was, if there is one."""
        actor = _STRANGER
        entry = Entry(action, detail={} if account is None else {"account": account.id})
        with self.shop.database.transaction() as connection:
            audit.note(connection, actor, entry, now=self._now, outcome=NotRecognised.__name__)


_STRANGER = Actor("somebody signing in")


def _freshly(actor: Actor, role: Role) -> Actor:
    return replace(actor, acts=frozenset(map(str, acts_of(role, fresh=True))))


def _must_enrol(row: AccountRow) -> bool:
    return row.secret is None and needs_second_factor(Role(row.role))


def _wait(tried: store.Tried | None, quota: int, now: int) -> int:
    """Seconds until one more try fits; 0 when it does."""
    if tried is None:
        return 0
    over = min(tried.full_at, now + _WINDOW) + _WINDOW // quota - now - _WINDOW
    return 0 if over <= 0 else -(-over // SECOND)


def _keep_an_owner(connection: Connection, row: AccountRow) -> None:
    if store.owners(connection) == [row.id]:
        raise Conflict(f"{name_of(row.id).capitalize()} is the shop's only owner. Make somebody else an owner first.")
