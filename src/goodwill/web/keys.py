"""API keys: made once, shown once, checked in constant time; only a hash of the secret is kept."""

import hmac
import re
from base64 import b64decode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import Connection

from goodwill.basics.clock import SECOND, Clock
from goodwill.basics.codes import hashed, new_token
from goodwill.basics.errors import BadInput, GoodwillError, NotFound
from goodwill.basics.ids import new_reference, opaque
from goodwill.shop import Shop
from goodwill.staff import Act
from goodwill.storage import Database
from goodwill.web import store
from goodwill.web.problems import AUTHENTICATE, NO_KEY, Problem
from goodwill.web.store import AWAY, Key, Scope

_KEY = re.compile(r"gw_([a-z2-7]{13})_([A-Za-z0-9_-]{43})")
_ORIGIN = re.compile(r"(https?://[a-z0-9.\[\]:-]+?)/?")
_NOTED_EVERY = 60 * SECOND
_REMEMBERED = 10 * SECOND
_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; ``text`` is the whole key, and nobody can see it again."""

    key: Key
    text: str = field(repr=False)


def new_key(
    shop: Shop, name: str, scopes: Iterable[str], *, public: bool = False, origins: Iterable[str] = ()
) -> NewKey:
    """Make a key, and enter who made it and what it may do.

    Raises:
        BadInput: no name, no scope, or one that does not exist or that a key on pages may not have.
    """
    with shop.change("key.create") as change:
        shop.staff.demand(Act.KEYS)
        made = create_key(change.connection, name, scopes, now=shop.clock(), public=public, origins=origins)
        change.entry.detail.update(key=made.key.id, scopes=" ".join(sorted(made.key.scopes)))
        return made


def close_key(shop: Shop, key_id: str) -> Key:
    """Close a key at once and for good, and enter who did.

    Raises:
        NotFound: there is no key of that id.
    """
    with shop.change("key.revoke") as change:
        shop.staff.demand(Act.KEYS)
        closed = revoke_key(change.connection, key_id, now=shop.clock())
        change.entry.detail["key"] = closed.id
        return closed


def create_key(
    connection: Connection,
    name: str,
    scopes: Iterable[str],
    *,
    now: int,
    public: bool = False,
    origins: Iterable[str] = (),
) -> NewKey:
    """Make a key with some scopes.

    Args:
        public: it stands on pages, so that anybody may have it; it may send in what happens on a device, and no more.
        origins: the sites whose pages may use it.

    Raises:
        BadInput: no name, no scope, or one that does not exist or that a key on pages may not have.
    """
    wanted = sorted(set(scopes))
    if not name.strip():
        raise BadInput("Give the key a name, so that you know later what it is for.")
    if not wanted or (unknown := [scope for scope in wanted if scope not in set(Scope)]):
        named = f"'{', '.join(unknown)}' is not a scope. " if wanted else "A key needs at least one scope. "
        raise BadInput(f"{named}There are: {', '.join(Scope)}.")
    if public and wanted != [Scope.COLLECT]:
        raise BadInput(f"A key that stands on pages has the scope '{Scope.COLLECT}' alone: anybody may read it there.")
    sites = tuple(_origin(origin) for origin in origins)
    if sites and not public:
        raise BadInput("Only a key that stands on pages is bound to sites; add --public, or leave --origin out.")
    secret = new_token()
    key = Key(
        opaque(new_reference()),
        name.strip(),
        frozenset(Scope(scope) for scope in wanted),
        now,
        None,
        None,
        public,
        sites,
    )
    store.add_key(connection, key, hashed(secret))
    return NewKey(key, f"gw_{key.id}_{secret}")


def _origin(text: str) -> str:
    found = _ORIGIN.fullmatch(text.strip().lower())
    if found is None:
        raise BadInput(f"'{text}' is not a site such as https://shop.example; leave out the path.")
    return found[1]


def list_keys(connection: Connection) -> list[Key]:
    """All keys, oldest first, without their secrets."""
    return store.keys(connection)


def revoke_key(connection: Connection, key_id: str, *, now: int) -> Key:
    """Close a key at once and for good; closing it again changes nothing.

    Raises:
        NotFound: there is no key of that id.
    """
    store.note_revoked(connection, key_id, now=now)
    found = store.key_and_hash(connection, key_id)
    if found is None:
        raise NotFound(f"There is no key '{key_id}'.")
    return found[0]


class Keyring:
    """Recognises the key of a request, and remembers roughly when each was used."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[str, int] = {}
        self._remembered: dict[str, tuple[int, Key]] = {}
        # A long import may hold the database; a request must not wait for it just to say when a key was used.
        self._later = ThreadPoolExecutor(1, thread_name_prefix="goodwill-keys")

    def recognise(self, text: str) -> Key:
        """The key that a text is.

        Raises:
            Problem: it is none of ours, or was revoked. The answer is the same for both.
        """
        parts = _KEY.fullmatch(text)
        found = None
        if parts:
            with self._database.reading() as connection:
                found = store.key_and_hash(connection, parts[1])
        kept = found[1] if found else "0" * 64
        fits = hmac.compare_digest(hashed(parts[2] if parts else ""), kept)
        if found is None or not fits or found[0].revoked_at is not None:
            raise no_key("This key is not known here, or was revoked.")
        self._note_used(found[0])
        return found[0]

    def recall(self, text: str) -> Key:
        """As `recognise`, from memory where it was asked a moment ago.

        Whoever writes then asks in the same transaction whether the key is still open.
        """
        key = self.remembered(text)
        if key is None:
            now, key = self._clock(), self.recognise(text)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[hashed(text)] = (now, key)
        return key

    def remembered(self, text: str) -> Key | None:
        """The key that a text is, if it was asked a moment ago; nothing is asked of the database."""
        at, key = self._remembered.get(hashed(text), (0, None))
        return key if 0 <= self._clock() - at < _REMEMBERED else None

    def forget(self, key_id: str) -> None:
        """Ask anew the next time that a key is shown."""
        self._remembered = {name: found for name, found in self._remembered.items() if found[1].id != key_id}

    def _note_used(self, key: Key) -> None:
        now = self._clock()
        if now - max(key.used_at or 0, self._noted.get(key.id, 0)) >= _NOTED_EVERY:
            self._noted[key.id] = now
            self._later.submit(self._write_used, key.id, now)

    def _write_used(self, key_id: str, now: int) -> None:
        try:
            with self._database.transaction() as connection:
                store.note_used(connection, key_id, now=now, every=_NOTED_EVERY)
        except (GoodwillError, *AWAY):
            self._noted.pop(key_id, None)  # busy: the next use tries again

    def close(self) -> None:
        """Finish what is still to be written."""
        self._later.shutdown(wait=True)


def key_text(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The key that a request carries: ``Bearer KEY``, or Basic with the key as user.

    Raises:
        Problem: there is none, more than one, or one of another kind.
    """
    carried = [value for name, value in headers if name == b"authorization"]
    if not carried:
        raise no_key("This request carries no key.")
    if len(carried) > 1:
        raise no_key("This request carries several keys; send one.")
    kind, _, value = carried[0].decode("latin-1").strip().partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        return _user_of(value.strip())
    raise no_key("Send the key as `Authorization: Bearer gw_…`.")


def _user_of(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode("ascii").partition(":")[0]
    except ValueError:
        raise no_key("The Basic credentials are not valid base64.") from None


def no_key(detail: str) -> Problem:
    """The answer to a request without a key that opens this."""
    return Problem(NO_KEY, detail, headers=AUTHENTICATE)
