"""The desk: every request with a key comes here, is checked in one order, and is answered or refused.

Key, scope, pace, then what was asked; so that nobody without a key learns what a well-formed question would be.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import BoundedSemaphore
from typing import Any, Generic, TypeVar, get_args, get_type_hints
from urllib.parse import unquote

import msgspec

from goodwill.basics.errors import BadInput, Busy
from goodwill.decide.decision import Decision
from goodwill.shop import Actor, Shop
from goodwill.shop.approvals import fit
from goodwill.shop.today import Contacts
from goodwill.staff import Act, Session
from goodwill.staff.roles import MAY
from goodwill.storage import audit
from goodwill.storage.audit import Entry
from goodwill.web import store
from goodwill.web.bodies import parse, parse_parameters, wrong
from goodwill.web.charts import Pictures
from goodwill.web.jobs import Jobs
from goodwill.web.keys import Keyring, key_text
from goodwill.web.logs import Log
from goodwill.web.metrics import Metrics
from goodwill.web.pace import Pace
from goodwill.web.problems import (
    AWAY_NOW,
    CONFLICT,
    KEY_SCOPE,
    LATER,
    OTHER_REQUEST,
    ROLE,
    SECOND_FACTOR,
    TOO_MANY,
    Kind,
    Problem,
    Wrong,
    problem_of,
)
from goodwill.web.sessions import TOKEN_HEADER, Doorkeeper
from goodwill.web.store import Key, Scope
from goodwill.web.together import Asking, Gathering

Ask = TypeVar("Ask", bound=msgspec.Struct)
Gives = TypeVar("Gives", bound=msgspec.Struct)
Headers = Sequence[tuple[bytes, bytes]]

# As many as the database keeps connections open: more would only wait there, and each costs memory.
THREADS = 8
# Passwords are checked in threads of their own, and only so many may wait there: whoever guesses keeps nobody else out.
DOORMEN, MOST_AT_THE_DOOR = 2, 32
_STEPS = {
    "enrol": "Set up your second factor first, at /staff/second-factor.",
    "code": "Give the code of your second factor first, at /staff/code.",
    "whole": "This needs a code of your second factor from the last ten minutes.",
}
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
    """A request as it came in.

    Attributes:
        address: where it came from.
    """

    headers: Headers
    notes: Notes
    body: bytes = b""
    query: bytes = b""
    path: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""

    def header(self, name: bytes) -> str | None:
        """The first header of a name (in small letters)."""
        return next((value.decode("latin-1").strip() for other, value in self.headers if other == name), None)


@dataclass(frozen=True, slots=True)
class Call(Generic[Ask]):
    """A request that may be answered: who asks for what.

    Attributes:
        shop: as whoever asks may use it.
        key: that was shown; for a session, and where none is needed, one that opens nothing.
        session: of the member of staff who asks; None where a program does.
    """

    shop: Shop
    key: Key
    ask: Ask
    letter: Letter
    metrics: Metrics
    path: str
    door: Doorkeeper
    session: Session | None = None

    @property
    def by(self) -> str:
        """Who asks, as the logs name them."""
        return self.shop.actor.name


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that goes out in pieces.

    Attributes:
        name: of the file that a browser saves; "" where it is to be shown.
    """

    parts: Iterator[bytes]
    media: str
    name: str = ""


class Told(Exception):
    """The answer to an error, as it was put together elsewhere and goes over the wire."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        super().__init__(status)
        self.answer = status, headers, body


class Unchanged(Exception):
    """What was asked for is as whoever asks knows it: 304, with the headers of the notes."""


@dataclass(frozen=True)
class Operation:
    """What one address does, for the router, the reference page and the OpenAPI document.

    Attributes:
        path: with the names of its parts in braces.
        scopes: any one of these opens it to a key.
        may: what a member of staff must be allowed to do; without it staff need a key as well.
        free: neither a key nor a session is needed.
        more_with: any one of these shows more of what is open.
        asks: the shape of the body (POST), or of the parameters (GET).
        gives: the shape of the answer, or None where it is not JSON.
        problems: what can go wrong besides what every request shares.
        once: whether an Idempotency-Key is honoured.
        paged: whether there are pages, to be followed by `Link`.
        within: seconds until the caller is told to come back.
        also: other media types that may be asked for.
        apart: whether it checks passwords or codes, and so has to wait apart from the rest.
    """

    method: str
    path: str
    name: str
    summary: str
    about: str
    tag: str
    scopes: tuple[Scope, ...] = ()
    may: Act | None = None
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
    apart: bool = False

    @property
    def free(self) -> bool:
        return not self.scopes and self.may is None

    @property
    def has_body(self) -> bool:
        return self.method == "POST"


@dataclass(frozen=True)
class Endpoint:
    """An operation with the function that does it and the parser of what it asks.

    Attributes:
        asking: where decisions are asked for, what is to be chosen: those who ask at once are answered together.
        fault: makes of a problem with what was sent the one that another protocol wants to read.
    """

    operation: Operation
    do: Callable[[Call[Any]], msgspec.Struct | Streamed]
    decoder: msgspec.json.Decoder[Any]
    asking: Callable[[Call[Any]], Asking] | None = None
    fault: Callable[[Letter, Problem], Problem] | None = None


def endpoint(
    method: str,
    path: str,
    *scopes: Scope,
    tag: str,
    may: Act | None = None,
    problems: tuple[Kind, ...] = (),
    once: bool = False,
    paged: bool = False,
    within: float = 30,
    example: Mapping[str, Any] | None = None,
    gives: type[msgspec.Struct] | None = None,
    also: tuple[str, ...] = (),
    apart: bool = False,
    asking: Callable[[Call[Any]], Asking] | None = None,
    fault: Callable[[Letter, Problem], Problem] | None = None,
) -> Callable[[Callable[[Call[Any]], msgspec.Struct | Streamed]], Endpoint]:
    """Make a function an operation of the API: its docstring is the reference, its types are the shapes.

    Args:
        gives: the shape of what goes out in pieces.
        asking, fault: see `Endpoint`.
    """

    def made(do: Callable[[Call[Any]], msgspec.Struct | Streamed]) -> Endpoint:
        hints = get_type_hints(do)
        asks = get_args(hints["call"])[0]
        summary, _, about = (do.__doc__ or "").partition("\n")
        operation = Operation(
            method, path, do.__name__, summary.strip().rstrip("."), _paragraphs(about), tag, scopes,
            may=may, asks=asks, gives=gives or hints["return"], problems=problems, once=once, paged=paged,
            within=within, example=example, apart=apart, also=also,
        )  # fmt: skip
        return Endpoint(operation, do, msgspec.json.Decoder(asks), asking, fault)

    return made


def _paragraphs(text: str) -> str:
    """A docstring's body with one line per paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _missed(metrics: Metrics, log: Log | None, number: int) -> None:
    """Let whoever runs the shop know that a process ended that worked something out; the next work begins another."""
    metrics.note_aside_gone()
    if log is not None:
        log.error("aside gone", process=number)


class Desk:
    """Answers the requests of one shop.

    Args:
        per_minute: how many requests one key may make in a minute.
        aside: starts a process that works out what takes long, with a home after it, or draws; without, this one does.
        log: where it is told that such a process ended by itself.
    """

    def __init__(
        self, shop: Shop, *, per_minute: int, metrics: Metrics | None = None, aside: Sequence[str] = (),
        log: Log | None = None,
    ) -> None:  # fmt: skip
        self.shop = shop
        self.metrics = metrics or Metrics()
        self.keyring = Keyring(shop.database, shop.clock)
        self.door = Doorkeeper(shop)
        self.pace = Pace(per_minute, 60, shop.clock)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="goodwill-web")
        self.doormen = ThreadPoolExecutor(DOORMEN, thread_name_prefix="goodwill-door")
        self.reader = ThreadPoolExecutor(1, thread_name_prefix="goodwill-reader")
        self.at_the_door = BoundedSemaphore(MOST_AT_THE_DOOR)
        self.gathering = Gathering(self.answer_together)
        gone = partial(_missed, self.metrics, log)
        self.pictures = Pictures(aside=aside, gone=gone)
        self.jobs = Jobs(shop, [*aside, str(shop.folder.absolute())] if aside else (), gone)
        self.contacts = Contacts(shop)
        # What else is to be finished when the desk closes.
        self.ends: list[Callable[[], None]] = [self.pictures.close, self.jobs.close]
        self._encode = msgspec.json.Encoder().encode

    def share(self, *answers: Callable[[Sequence[Any]], Sequence[Any]]) -> None:
        """Let requests for decisions be answered in as many threads, each in its way, instead of in one."""
        self.gathering.close()
        self.gathering = Gathering(*answers)

    def admit(self, letter: Letter, scopes: Sequence[Scope]) -> Key:
        """The key of a request that may go on.

        Raises:
            Problem: no key, one that may not do this, or one that asks too fast.
        """
        key = self.keyring.recognise(key_text(letter.headers))
        letter.notes.key = key.id
        if not key.scopes.intersection(scopes):
            self.metrics.note_refusal(KEY_SCOPE.slug)
            if not scopes:
                raise Problem(KEY_SCOPE, "This is for staff who are signed in, and no key opens it: /staff/sign-in.")
            needed = " or ".join(f"'{scope}'" for scope in scopes)
            raise Problem(KEY_SCOPE, f"This needs a key with the scope {needed}; '{key.id}' has {_listed(key.scopes)}.")
        self._slow_down(key.id, letter)
        return key

    def _slow_down(self, name: str, letter: Letter) -> None:
        left = self.pace.take(name)
        letter.notes.headers.update(self.pace.headers(left))
        if not left.allowed:
            raise Problem(TOO_MANY, f"This may be asked {self.pace.quota} times a minute.")

    @contextmanager
    def place_at_the_door(self) -> Iterator[None]:
        """A place among those who wait for their password to be checked.

        Raises:
            Problem: too many wait.
        """
        if not self.at_the_door.acquire(blocking=False):
            raise Problem(AWAY_NOW, "Too many are signing in at once; try again in a moment.", headers=LATER)
        try:
            yield
        finally:
            self.at_the_door.release()

    def glance(self, operation: Operation, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Whether a request carries anything that could open this; nobody else makes us read a body.

        Raises:
            Problem: it does not.
        """
        if operation.free or (operation.may is not None and self._by_session(headers)):
            return
        key_text(headers)

    def _by_session(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        return self.door.carries_session(headers) and not any(name == b"authorization" for name, _ in headers)

    def let_in(self, operation: Operation, letter: Letter) -> "Admitted":
        """Who asks, if they may.

        Raises:
            Problem: they may not, or not yet, or ask too fast.
        """
        if operation.free:
            return Admitted(_NO_KEY, Actor("anybody", acts=frozenset()), None)
        if operation.may is not None and self._by_session(letter.headers):
            return self._let_staff_in(operation, operation.may, letter)
        key = self.admit(letter, operation.scopes)
        return Admitted(key, actor_of(key), None)

    def _let_staff_in(self, operation: Operation, act: Act, letter: Letter) -> "Admitted":
        session = self.door.recognise(letter.headers)
        actor = session.actor(_reason(letter))
        letter.notes.key = actor.name
        token = letter.header(TOKEN_HEADER.encode())
        self.door.check(operation.method, letter.headers, self.door.token(letter.headers), token)
        if act not in session.acts:
            if act in MAY[session.account.role]:
                raise Problem(SECOND_FACTOR, _STEPS[session.step])
            self.metrics.note_refusal(ROLE.slug)
            self._note_refused(actor, operation)
            raise Problem(ROLE, f"This is for roles that may '{act}'; yours is '{session.account.role}'.")
        self._slow_down(actor.name, letter)
        return Admitted(Key(actor.name, "", frozenset(), 0, None, None), actor, session)

    def _note_refused(self, actor: Actor, operation: Operation) -> None:
        """A member of staff who tried what she may not do stands in the audit log."""
        with self.shop.database.transaction() as connection:
            entry = Entry(f"api.{operation.name.replace('_', '-')}")
            audit.note(connection, actor, entry, now=self.shop.clock(), outcome="NotAllowed")

    def _call(self, endpoint: Endpoint, letter: Letter, admitted: "Admitted", shop: Shop) -> Call[Any]:
        if endpoint.operation.has_body:
            ask = _read(endpoint, letter)
        else:
            ask = parse_parameters(letter.query, letter.path, endpoint.decoder.type)
        return Call(shop, admitted.key, ask, letter, self.metrics, endpoint.operation.path, self.door, admitted.session)

    def answer(self, endpoint: Endpoint, letter: Letter) -> bytes | Streamed:
        """Work a request out; runs in a thread, because the database makes it wait."""
        admitted = self.let_in(endpoint.operation, letter)
        call = self._call(endpoint, letter, admitted, self.shop.acting(admitted.actor))
        name = letter.header(b"idempotency-key") if endpoint.operation.once else None
        try:
            if name is not None:
                return self._once(endpoint, call, name)
            given = endpoint.do(call)
            return given if isinstance(given, Streamed) else self._encode(given)
        except Exception as error:
            self._note_problem(error)
            raise

    def _note_problem(self, error: Exception) -> None:
        if (problem := problem_of(error)).kind.status == 403:
            self.metrics.note_refusal(problem.kind.slug)

    # ---- several at once -------------------------------------------------------------------------------------------

    def answer_together(
        self,
        brought: Sequence[tuple[Endpoint, Letter]],
        work: "Callable[[Sequence[tuple[Endpoint, Letter, Admitted]]], list[bytes | Exception]] | None" = None,
    ) -> list[bytes | Exception]:
        """Work requests for decisions out, each as `answer` would, with what they share done once.

        Args:
            work: works out what those ask who may; here unless given.
        """
        known: dict[str, Admitted] = {}
        admitted: list[Admitted | Exception] = []
        for endpoint, letter in brought:
            try:
                admitted.append(self._let_in_once(endpoint.operation, letter, known))
            except Exception as error:  # noqa: BLE001 (whoever asked is told; nobody else suffers by it)
                self._note_problem(error)
                admitted.append(error)
        good = [(*one, who) for one, who in zip(brought, admitted, strict=True) if isinstance(who, Admitted)]
        answers = iter((work or self.worked_out)(good) if good else ())
        return [next(answers) if isinstance(who, Admitted) else who for who in admitted]

    def worked_out(self, brought: "Sequence[tuple[Endpoint, Letter, Admitted]]") -> list[bytes | Exception]:
        """The answers to requests for decisions of those who were let in."""
        shops: dict[str, Shop] = {}
        asked: list[Asking | Exception] = []
        for endpoint, letter, admitted in brought:
            name = admitted.actor.name if admitted.session is None else letter.notes.request
            try:
                shop = shops.get(name) or shops.setdefault(name, self.shop.acting(admitted.actor))
                asked.append(_asking(endpoint)(self._call(endpoint, letter, admitted, shop)))
            except Exception as error:  # noqa: BLE001 (as above)
                asked.append(error)
        good = [one for one in asked if isinstance(one, Asking)]
        made = iter(self._decided(good))
        answers = [self._told(one, next(made)) if isinstance(one, Asking) else one for one in asked]
        for one in answers:
            if isinstance(one, Exception):
                self._note_problem(one)
        return answers

    def _let_in_once(self, operation: Operation, letter: Letter, known: dict[str, "Admitted"]) -> "Admitted":
        """Who asks; a key that came with an earlier request of the same group need not be looked up again."""
        if self._by_session(letter.headers):
            return self.let_in(operation, letter)
        text = f"{operation.name} {key_text(letter.headers)}"
        if (found := known.get(text)) is not None:
            letter.notes.key = found.key.id
            self._slow_down(found.key.id, letter)
            return found
        known[text] = self.let_in(operation, letter)
        return known[text]

    def _decided(self, asked: Sequence[Asking]) -> list[list[Decision | BadInput] | Exception]:
        """What was chosen for each; where it fails for all together it is tried for each alone."""
        try:
            made = iter(self.shop.deciding.decide([question for one in asked for question in one.questions]))
            return [[next(made) for _ in one.questions] for one in asked]
        except Exception as error:  # noqa: BLE001 (as above)
            if len(asked) > 1 and not isinstance(error, Busy):
                return [self._decided([one])[0] for one in asked]
            return [error for _ in asked]

    def _told(self, asked: Asking, made: list[Decision | BadInput] | Exception) -> bytes | Exception:
        if isinstance(made, Exception):
            return made
        decisions = [one for one in made if isinstance(one, Decision)]
        if wrong := next((one for one in made if isinstance(one, BadInput)), None):
            return wrong
        try:
            return self._encode(asked.tell(decisions))
        except Exception as error:  # noqa: BLE001 (as above)
            return error

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
        self.gathering.close()
        for end in self.ends:
            end()
        self.threads.shutdown(wait=True)
        self.doormen.shutdown(wait=True)
        self.reader.shutdown(wait=True)
        self.keyring.close()
        self.door.close()


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who got in: with which key, or in which session."""

    key: Key
    actor: Actor
    session: Session | None


def decided(call: Call[Any], asked: Asking, gives: type[Gives]) -> Gives:
    """The answer to a request for decisions that is worked out by itself."""
    made = call.shop.deciding.decide(asked.questions)
    if wrong := next((one for one in made if isinstance(one, BadInput)), None):
        raise wrong
    answer = asked.tell([one for one in made if isinstance(one, Decision)])
    if not isinstance(answer, gives):
        raise TypeError(f"{type(answer).__name__} is no {gives.__name__}")
    return answer


def _read(endpoint: Endpoint, letter: Letter) -> Any:
    try:
        return parse(letter.body, endpoint.decoder)
    except Problem as problem:
        if endpoint.fault is None:
            raise
        raise endpoint.fault(letter, problem) from None


def _asking(endpoint: Endpoint) -> Callable[[Call[Any]], Asking]:
    if endpoint.asking is None:
        raise TypeError(f"{endpoint.operation.name} asks for no decision")
    return endpoint.asking


_NO_KEY = Key("", "", frozenset(), 0, None, None)
_ACTS = {
    Scope.DECIDE: {Act.SUGGEST, Act.ASK},
    Scope.CONSENT: {Act.ASK, Act.READ_CONSENT, Act.WRITE_CONSENT},
    Scope.READ: {Act.ASK, Act.READ, Act.READ_CONSENT},
    Scope.EXPORT: {Act.EXPORT},
    Scope.PEOPLE: {Act.WHO_IS_WHO},
    Scope.ERASE: {Act.ERASE},
    Scope.SEGMENTS: {Act.PLAN},
}


def actor_of(key: Key) -> Actor:
    """A program, as the logs name it, with what its key lets it do."""
    return Actor(f"key {key.id}", acts=_acts_of(key))


def _acts_of(key: Key) -> frozenset[str]:
    """What the scopes of a key let a program do, in the words that also hold for staff."""
    return frozenset(str(act) for scope in key.scopes for act in _ACTS.get(scope, ()))


def _reason(letter: Letter) -> str:
    """Why somebody asks, as a request may say: UTF-8, percent-encoded, because headers hold ASCII only."""
    return fit(unquote(letter.header(b"goodwill-reason") or ""))


def _listed(scopes: frozenset[Scope]) -> str:
    return ", ".join(f"'{scope}'" for scope in sorted(scopes))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
