"""What went wrong, as the problem documents of RFC 9457: the one place where an error gets a status code.

Each kind of problem has an address of its own, and a page there that explains it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from goodwill.basics.errors import (
    BadInput,
    Broken,
    Busy,
    Conflict,
    KeyDestroyed,
    KeyMissing,
    NoConsent,
    NotFound,
    Overflow,
    Refused,
    TooFew,
)
from goodwill.staff.refusals import CodeNeeded, NotAllowed, NotRecognised, TooManyTries
from goodwill.web.store import AWAY

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its short name, status and title, and what helps."""

    slug: str
    status: int
    title: str
    help: str

    @property
    def path(self) -> str:
        """Where it is explained; its last part is its name and never changes."""
        return f"/api/problems/{self.slug}"


MALFORMED = Kind("malformed", 400, "Not valid JSON", "Send one JSON value in UTF-8, with each name once per object.")
NO_KEY = Kind("no-key", 401, "A key is needed", "Send `Authorization: Bearer gw_…` with a key that is not revoked.")
KEY_SCOPE = Kind(
    "key-scope", 403, "The key may not do this", "Use a key with one of the scopes that the operation lists."
)
NOT_SIGNED_IN = Kind("not-signed-in", 401, "Not signed in", "Sign in at `/staff/sign-in`, or send a key.")
ROLE = Kind(
    "role", 403, "Your role may not do this", "Ask an owner of the shop; `docs/staff.md` has the table of roles."
)
SECOND_FACTOR = Kind(
    "second-factor", 403, "A code is needed first", "Give a code of your second factor, then send the same again."
)
FORGED = Kind(
    "forged", 403, "Not from our own pages", "Send the token of `GET /api/v1/staff/session` as `X-Goodwill-Form`."
)
NO_CONSENT = Kind("no-consent", 403, "The person does not allow this", "Offer what everyone gets.")
TOO_FEW = Kind("too-few", 403, "Too few people", "Ask for a longer period or a wider group.")
REFUSED = Kind("refused", 403, "Refused", "The detail says what would have to change first.")
NOT_FOUND = Kind("not-found", 404, "Not found", "Check the address, and write ids as your shop does.")
METHOD = Kind("method-not-allowed", 405, "Not with this method", "The Allow header lists the methods that work here.")
CONFLICT = Kind("conflict", 409, "In conflict", "Look at the present state and try again.")
OTHER_REQUEST = Kind(
    "idempotency-key-reused",
    409,
    "The Idempotency-Key belongs to another request",
    "Use a fresh key for each new request.",
)
GONE = Kind("gone", 410, "Gone for good", "What was asked for was erased and cannot be brought back.")
TOO_LARGE = Kind("too-large", 413, "Too large", "Send less at once; the limit is in the detail.")
MEDIA = Kind("media-type", 415, "Not in this format", "Send `Content-Type: application/json`, not compressed.")
BAD_INPUT = Kind(
    "bad-input", 422, "Not understood", "The list `errors` names each part, what was expected and what was found."
)
TOO_MANY = Kind("too-many", 429, "Too many requests", "Wait for the seconds that Retry-After gives.")
INTERNAL = Kind("internal", 500, "Something broke here", "Give the request id to whoever runs this shop.")
AWAY_NOW = Kind(
    "unavailable",
    503,
    "Not available now",
    "Send the same again after the seconds that Retry-After gives; `/readyz` says what is missing.",
)

ALL = (
    MALFORMED, NO_KEY, NOT_SIGNED_IN, KEY_SCOPE, ROLE, SECOND_FACTOR, FORGED,
    NO_CONSENT, TOO_FEW, REFUSED, NOT_FOUND, METHOD, CONFLICT, OTHER_REQUEST, GONE,
    TOO_LARGE, MEDIA, BAD_INPUT, TOO_MANY, INTERNAL, AWAY_NOW,
)  # fmt: skip

_KIND_OF: dict[type[Exception], Kind] = {
    BadInput: BAD_INPUT,
    NoConsent: NO_CONSENT,
    TooFew: TOO_FEW,
    Refused: REFUSED,
    NotRecognised: NOT_SIGNED_IN,
    CodeNeeded: SECOND_FACTOR,
    NotAllowed: ROLE,
    TooManyTries: TOO_MANY,
    NotFound: NOT_FOUND,
    Conflict: CONFLICT,
    Broken: CONFLICT,
    Busy: AWAY_NOW,
    KeyDestroyed: GONE,
    KeyMissing: AWAY_NOW,
    Overflow: INTERNAL,
    **dict.fromkeys(AWAY, AWAY_NOW),
}
_KIND_OF_STATUS = {404: NOT_FOUND, 405: METHOD, 413: TOO_LARGE, 415: MEDIA, 400: MALFORMED}
_IN_OTHER_WORDS = {
    NOT_FOUND: "There is nothing at this address.",
    METHOD: "This address answers to other methods.",
    MALFORMED: "The request could not be read.",
}


_AWAY = "The database does not answer."
LATER = {"Retry-After": "5"}  # seconds
AUTHENTICATE = {"WWW-Authenticate": 'Bearer realm="goodwill"'}


class Wrong(msgspec.Struct, omit_defaults=True, frozen=True):
    """One part of a request that is wrong: a place in its body, or the name of a parameter.

    Attributes:
        pointer: the place, as a JSON Pointer in a fragment (RFC 6901): ``#/person/user_id``.
        expected, found: in words; values as JSON.
    """

    detail: str
    pointer: str = ""
    parameter: str = ""
    expected: str = ""
    found: str = ""


class ProblemDocument(msgspec.Struct, omit_defaults=True, frozen=True, rename={"kind": "type"}):
    """A problem as it is sent (RFC 9457)."""

    kind: str
    title: str
    status: int
    detail: str
    instance: str
    help: str
    errors: list[Wrong] = []


class Problem(Exception):
    """A request that cannot be answered as asked, with what its answer should say."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        errors: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
        helps: str = "",
    ) -> None:
        super().__init__(detail)
        self.helps = helps or kind.help  # here, if it is not what helps elsewhere
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.more = dict(more or {})  # members of another format, for those who read that one
        self.headers = {**(AUTHENTICATE if kind.status == 401 else {}), **(headers or {})}

    def document(self, request: str, base_url: str) -> bytes:
        """The body of the answer.

        Args:
            request: the request's id.
            base_url: where this shop is reached; the addresses of the kinds of problem start with it.
        """
        document = ProblemDocument(
            f"{base_url}{self.kind.path}",
            self.kind.title,
            self.kind.status,
            self.detail,
            request,
            self.helps,
            list(self.errors),
        )
        return msgspec.json.encode({**msgspec.to_builtins(document), **self.more} if self.more else document)


def problem_of(error: Exception) -> Problem:
    """The problem that an error is; one that nobody foresaw tells nothing of its inside."""
    if isinstance(error, Problem):
        return error
    kind = next((_KIND_OF[kind] for kind in type(error).__mro__ if kind in _KIND_OF), INTERNAL)
    if kind is INTERNAL:
        return Problem(INTERNAL, "Something broke while this was worked out. Nothing was half done.")
    # Which database it is, and what it said, concerns only whoever runs the shop.
    said = error.sentence if isinstance(error, Busy) else _AWAY if isinstance(error, AWAY) else str(error)
    return Problem(kind, said, headers=_headers(kind, error))


def _headers(kind: Kind, error: Exception) -> Mapping[str, str] | None:
    if isinstance(error, TooManyTries):
        return {"Retry-After": str(error.wait)}
    if kind is NOT_SIGNED_IN:
        return AUTHENTICATE
    return LATER if kind is AWAY_NOW else None


def problem_of_status(status: int, headers: Mapping[str, str]) -> Problem:
    """The problem behind a status that the web framework itself answers with."""
    kind = _KIND_OF_STATUS.get(status, INTERNAL)
    return Problem(kind, _IN_OTHER_WORDS.get(kind, kind.help), headers=headers)
