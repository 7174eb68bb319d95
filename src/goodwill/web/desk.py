"""The desk: every request with a key comes here, is checked in one order, and is answered or refused.

Key, scope, pace, then what was asked; so that nobody without a key learns what a well-formed question would be.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from goodwill.shop import Actor, Shop
from goodwill.web import store
from goodwill.web.bodies import parse, parse_parameters, wrong
from goodwill.web.keys import Keyring, key_text
from goodwill.web.metrics import Metrics
from goodwill.web.pace import Pace
from goodwill.web.problems import CONFLICT, KEY_SCOPE, OTHER_REQUEST, TOO_MANY, Kind, Problem, Wrong, problem_of
from goodwill.web.store import Key, Scope

Ask = TypeVar("Ask", bound=msgspec.Struct)
Headers = Sequence[tuple[bytes, bytes]]

# As many as the database keeps connections open: more would only wait there, and each costs memory.
THREADS = 8
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(slots=True)
class Notes:
    """What is remembered about one request for its answer's headers and its line in the log.

    Attributes:
        request: the request's id, which its answer carries too.
        key: the public id of its key, once known.
        headers: what its answer should say besides.
    """

    request: str
    key: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """A request as it came in."""

    headers: Headers
    notes: Notes
    body: bytes = b""
    query: bytes = b""
    path: Mapping[str, Any] = field(default_factory=dict)

    def header(self, name: bytes) -> str | None:
        """The first header of a name (in small letters)."""
        return next((value.decode("latin-1").strip() for other, value in self.headers if other == name), None)


@dataclass(frozen=True, slots=True)
class Call(Generic[Ask]):
    """A request that may be answered: who asks for what."""

    shop: Shop
    key: Key
    ask: Ask
    letter: Letter
    metrics: Metrics
    path: str


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that goes out in pieces.

    Attributes:
        name: of the file that a browser saves; "" where it is to be shown.
    """

    parts: Iterator[bytes]
    media: str
    name: str = ""


@dataclass(frozen=True)
class Operation:
    """What one address does, for the router, the reference page and the OpenAPI document.

    Attributes:
        path: with the names of its parts in braces.
        scopes: any one of these opens it; none: no key is needed.
        more_with: any one of these shows more of what is open.
        asks: the shape of the body (POST), or of the parameters (GET).
        gives: the shape of the answer, or None where it is not JSON.
        problems: what can go wrong besides what every request shares.
        once: whether an Idempotency-Key is honoured.
        paged: whether there are pages, to be followed by `Link`.
        within: seconds until the caller is told to come back.
        also: other media types that may be asked for.
    """

    method: str
    path: str
    name: str
    summary: str
    about: str
    tag: str
    scopes: tuple[Scope, ...] = ()
    more_with: tuple[Scope, ...] = ()
    asks: type[msgspec.Struct] | None = None
    gives: type[msgspec.Struct] | None = None
    media: str = "application/json"
    problems: tuple[Kind, ...] = ()
    once: bool = False
    paged: bool = False
    within: float = 30
    example: Mapping[str, Any] | None = None
    also: tuple[str, ...] = ()

    @property
    def has_body(self) -> bool:
        return self.method == "POST"


@dataclass(frozen=True)
class Endpoint:
    """An operation with the function that does it and the parser of what it asks."""

    operation: Operation
    do: Callable[[Call[Any]], msgspec.Struct | Streamed]
    decoder: msgspec.json.Decoder[Any]


def endpoint(
    method: str,
    path: str,
    *scopes: Scope,
    tag: str,
    problems: tuple[Kind, ...] = (),
    once: bool = False,
    paged: bool = False,
    within: float = 30,
    example: Mapping[str, Any] | None = None,
    gives: type[msgspec.Struct] | None = None,
    also: tuple[str, ...] = (),
) -> Callable[[Callable[[Call[Any]], msgspec.Struct | Streamed]], Endpoint]:
    """Make a function an operation of the API: its docstring is the reference, its types are the shapes.

    Args:
        gives: the shape of what goes out in pieces.
    """

    def made(do: Callable[[Call[Any]], msgspec.Struct | Streamed]) -> Endpoint:
        hints = get_type_hints(do)
        asks = get_args(hints["call"])[0]
        summary, _, about = (do.__doc__ or "").partition("\n")
        operation = Operation(
            method, path, do.__name__, summary.strip().rstrip("."), _paragraphs(about), tag, scopes,
            asks=asks, gives=gives or hints["return"], problems=problems, once=once, paged=paged,
            within=within, example=example, also=also,
        )  # fmt: skip
        return Endpoint(operation, do, msgspec.json.Decoder(asks))

    return made


def _paragraphs(text: str) -> str:
    """A docstring's body with one line per paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


class Desk:
    """Answers the requests of one shop.

    Args:
        per_minute: how many requests one key may make in a minute.
    """

    def __init__(self, shop: Shop, *, per_minute: int) -> None:
        self.shop = shop
        self.metrics = Metrics()
        self.keyring = Keyring(shop.database, shop.clock)
        self.pace = Pace(per_minute, 60, shop.clock)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="goodwill-web")
        self._encode = msgspec.json.Encoder().encode

    def admit(self, letter: Letter, scopes: Sequence[Scope]) -> Key:
        """The key of a request that may go on.

        Raises:
            Problem: no key, one that may not do this, or one that asks too fast.
        """
        key = self.keyring.recognise(key_text(letter.headers))
        letter.notes.key = key.id
        if not key.scopes.intersection(scopes):
            self.metrics.note_refusal(KEY_SCOPE.slug)
            needed = " or ".join(f"'{scope}'" for scope in scopes)
            raise Problem(KEY_SCOPE, f"This needs a key with the scope {needed}; '{key.id}' has {_listed(key.scopes)}.")
        left = self.pace.take(key.id)
        letter.notes.headers.update(self.pace.headers(left))
        if not left.allowed:
            raise Problem(TOO_MANY, f"This key may ask {self.pace.quota} times a minute.")
        return key

    def answer(self, endpoint: Endpoint, letter: Letter) -> bytes | Streamed:
        """Work a request out; runs in a thread, because the database makes it wait."""
        key = self.admit(letter, endpoint.operation.scopes)
        if endpoint.operation.has_body:
            ask = parse(letter.body, endpoint.decoder)
        else:
            ask = parse_parameters(letter.query, letter.path, endpoint.decoder.type)
        call = Call(self.shop.acting(Actor(f"key {key.id}")), key, ask, letter, self.metrics, endpoint.operation.path)
        name = letter.header(b"idempotency-key") if endpoint.operation.once else None
        try:
            if name is not None:
                return self._once(endpoint, call, name)
            given = endpoint.do(call)
            return given if isinstance(given, Streamed) else self._encode(given)
        except Exception as error:
            if (problem := problem_of(error)).kind.status == 403:
                self.metrics.note_refusal(problem.kind.slug)
            raise

    def _once(self, endpoint: Endpoint, call: Call[Any], name: str) -> bytes:
        """Do it unless it was done: the same request under the same Idempotency-Key gets the same answer."""
        if not _IDEMPOTENCY_KEY.fullmatch(name):
            raise wrong(
                Wrong(detail="Idempotency-Key has 1 to 255 visible ASCII characters.", parameter="Idempotency-Key")
            )
        name, request = _hash(name.encode()), _hash(endpoint.operation.path.encode() + b"\n" + self._encode(call.ask))
        database = self.shop.database
        with database.transaction() as connection:
            claim = store.claim(connection, call.key.id, name, request, now=self.shop.clock())
        if not claim.is_same:
            raise Problem(OTHER_REQUEST, "This Idempotency-Key came with another request before; use a fresh one.")
        if claim.answer is not None:
            call.letter.notes.headers["Idempotent-Replayed"] = "true"
            return claim.answer.encode()
        if not claim.is_new:
            raise Problem(CONFLICT, "The same request is being worked on right now.", headers={"Retry-After": "1"})
        try:
            answer = self._encode(endpoint.do(call))
        except BaseException:
            with database.transaction() as connection:
                store.drop_claim(connection, call.key.id, name)
            raise
        with database.transaction() as connection:
            store.keep_answer(connection, call.key.id, name, answer.decode())
        return answer

    def close(self) -> None:
        """Finish what was begun."""
        self.threads.shutdown(wait=True)
        self.keyring.close()


def _listed(scopes: frozenset[Scope]) -> str:
    return ", ".join(f"'{scope}'" for scope in sorted(scopes))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
