"""Signing in with the shop's own identity provider: OpenID Connect, authorisation code with PKCE.

The only module outside connectors and channels that calls another machine: the one provider that the settings name,
over https. Nothing that comes back counts before its signature, issuer, audience, nonce and time are checked.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from goodwill.basics.clock import SECOND, Clock
from goodwill.basics.errors import BadInput, Conflict
from goodwill.staff.refusals import NotRecognised
from goodwill.staff.roles import Role

TRIP = 10 * 60 * SECOND  # how long somebody may be away at the provider
_KEPT_FOR = 60 * 60 * SECOND
_AGAIN_AFTER = 60 * SECOND
_LARGEST = 256 * 1024
_LEEWAY = 60  # seconds that the provider's clock may be off
_ALGORITHMS = ["RS256", "PS256", "ES256"]  # never none, and nothing that the client's own secret could sign
_HERE = ("localhost", "127.0.0.1", "::1")
_NO = "The sign-in at the provider cannot be taken: {}. Begin anew."


@dataclass(frozen=True, slots=True)
class Provider:
    """The identity provider that the settings name.

    Attributes:
        issuer: its address, to the letter as its tokens say.
        name: as it stands on the button.
        claim: the claim that tells groups or roles; "" where roles are given here.
        roles: what the values of that claim mean here.
        new: the role of somebody who has no account yet; None where nobody new is let in.
    """

    issuer: str
    client: str
    secret: str = field(repr=False)
    name: str
    claim: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)
    new: Role | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """The way to the provider, and what has to wait here for the way back."""

    url: str
    kept: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Whom the provider sent back.

    Attributes:
        subject: names her for ever at this issuer.
        email: only if the provider says that it is verified.
        role: as its claims say; None where they say nothing of it.
        strong: whether she showed a second factor there.
    """

    subject: str
    email: str
    name: str
    role: Role | None
    strong: bool


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorise: str
    token: str
    keys: str
    at: int


class Oidc:
    """Talks with one provider.

    Args:
        clock: for the age of what is kept, and of what comes back.
    """

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self.provider = provider
        self._clock = clock
        self._http = httpx.Client(timeout=5, follow_redirects=False, trust_env=False)
        self._lock = Lock()
        self._found: _Endpoints | None = None
        self._lost_at = -_AGAIN_AFTER
        self._keys: tuple[KeySet, int] | None = None
        _check_address(provider.issuer, "oidc_issuer")

    def close(self) -> None:
        self._http.close()

    @property
    def origin(self) -> str:
        """Where its sign-in page is.

        Raises:
            Conflict: it does not answer.
        """
        parts = urlsplit(self._endpoints().authorise)
        return f"{parts.scheme}://{parts.netloc}"

    def leave(self, back: str) -> Leaving:
        """Begin: where to send a browser, and what to keep in it.

        Args:
            back: our own address to which the provider sends it.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = {
            "response_type": "code",
            "client_id": self.provider.client,
            "redirect_uri": back,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "at": self._clock()}
        page = self._endpoints().authorise
        return Leaving(f"{page}{'&' if '?' in page else '?'}{urlencode(asked)}", json.dumps(kept))

    def arrive(self, kept: str, back: str, said: Mapping[str, str]) -> Arrived:
        """Finish: what a browser brought back, beside what was kept in it.

        Raises:
            NotRecognised: something about it is not right.
            Conflict: the provider does not answer.
        """
        waiting = json.loads(kept)
        if not 0 <= self._clock() - int(waiting["at"]) < TRIP:
            raise NotRecognised(_NO.format("it took too long"))
        if not hmac.compare_digest(said.get("state", "").encode(), waiting["state"].encode()):
            raise NotRecognised(_NO.format("it was not begun in this browser"))
        if said.get("iss", self.provider.issuer) != self.provider.issuer:  # RFC 9207
            raise NotRecognised(_NO.format("another provider answered"))
        if "error" in said or not said.get("code"):
            raise NotRecognised(_NO.format("the provider said no"))
        answer = self._token(said["code"], waiting["verifier"], back)
        return self._whom(self._checked(answer, waiting["nonce"]))

    # ---- what the provider says --------------------------------------------------------------------------------------

    def _token(self, code: str, verifier: str, back: str) -> Mapping[str, Any]:
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        who = (self.provider.client, self.provider.secret)
        status, answer = self._ask("POST", self._endpoints().token, body, who)
        if status != 200 or not isinstance(answer.get("id_token"), str):
            raise NotRecognised(_NO.format("the provider gave nothing for the code"))
        return answer

    def _checked(self, answer: Mapping[str, Any], nonce: str) -> CodeIDToken:
        """The claims of an ID token whose signature, issuer, audience, nonce and time are right."""
        token, now = answer["id_token"], self._clock() // SECOND
        try:
            decoded = self._decoded(token)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client},
                    "sub": {"essential": True},
                },
                {"nonce": nonce, "client_id": self.provider.client, "access_token": answer.get("access_token")},
            )
            claims.validate(now, _LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise NotRecognised(_NO.format(f"its token is not right ({type(error).__name__})")) from None
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotRecognised(_NO.format("its token belongs to another sign-in"))
        return claims

    def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._key_set(), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            known = {key.kid for key in self._key_set().keys}
            if jws.extract_compact(token.encode()).headers().get("kid") in known:
                raise
            return jwt.decode(token, self._key_set(anew=True), algorithms=_ALGORITHMS)  # it may have changed its keys

    def _whom(self, claims: CodeIDToken) -> Arrived:
        verified = claims.get("email_verified") is True
        methods = claims.get("amr") or []
        return Arrived(
            subject=str(claims["sub"]),
            email=str(claims.get("email", "")) if verified else "",
            name=str(claims.get("name") or claims.get("preferred_username") or "")[:100],
            role=self._role(claims.get(self.provider.claim)) if self.provider.claim else None,
            strong="mfa" in methods,
        )

    def _role(self, said: object) -> Role:
        """What a claim means here; of several values, the first in the order of the setting.

        Raises:
            NotRecognised: nothing; then nobody is let in.
        """
        values = said if isinstance(said, list) else [said]
        for value, role in self.provider.roles.items():
            if value in values:
                return role
        raise NotRecognised("The provider gives you no role in this shop. Ask an owner.")

    # ---- over the wire -----------------------------------------------------------------------------------------------

    def _endpoints(self) -> _Endpoints:
        now = self._clock()
        with self._lock:
            if self._found is not None and 0 <= now - self._found.at < _KEPT_FOR:
                return self._found
            if 0 <= now - self._lost_at < _AGAIN_AFTER:
                raise Conflict("The identity provider does not answer; try again in a minute.")
            try:
                self._found = self._discovered(now)
            except Conflict:
                self._lost_at = now
                raise
            return self._found

    def _discovered(self, now: int) -> _Endpoints:
        status, said = self._ask("GET", f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if status != 200 or said.get("issuer") != self.provider.issuer:
            raise Conflict("The identity provider calls itself otherwise than the setting oidc_issuer does.")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        for name in names:
            _check_address(str(said.get(name, "")), name)
        authorise, token, keys = (str(said[name]) for name in names)
        return _Endpoints(authorise, token, keys, now)

    def _key_set(self, *, anew: bool = False) -> KeySet:
        now = self._clock()
        with self._lock:
            kept = self._keys
        if kept is not None and 0 <= now - kept[1] < (_AGAIN_AFTER if anew else _KEPT_FOR):
            return kept[0]
        status, said = self._ask("GET", self._endpoints().keys)
        if status != 200:
            raise Conflict("The identity provider does not give its keys.")
        found = KeySet.import_key_set({"keys": list(said.get("keys", ()))})
        with self._lock:
            self._keys = found, now
        return found

    def _ask(
        self, method: str, url: str, body: Mapping[str, str] | None = None, who: tuple[str, str] | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        try:
            with self._http.stream(method, url, data=body, auth=who, headers={"Accept": "application/json"}) as answer:
                raw = b""
                for part in answer.iter_bytes():
                    raw += part
                    if len(raw) > _LARGEST:
                        raise Conflict("The identity provider's answer is too long.")
                said = json.loads(raw)
        except (httpx.HTTPError, ValueError) as error:
            raise Conflict(f"The identity provider does not answer as it should ({type(error).__name__}).") from None
        return answer.status_code, said if isinstance(said, dict) else {}


def _check_address(url: str, what: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise BadInput(f"{what} must be an https address (or one of this machine), not '{url[:100]}'.")
