"""A small identity provider: real HTTP on this machine, keys of its own, and whatever faults a test wishes."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "goodwill-test", "a made-up secret"


@dataclass
class IdentityProvider:
    """Signs in whoever is set as `person`; `faults` change what its tokens say, and `alg` how they are signed."""

    person: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    signs: str = "RS256"
    now: Any = time.time
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    published: RSAKey | None = None
    issuer_said: str = ""
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def sign_in(self, url: str) -> dict[str, str]:
        """What the browser brings back from the address that it was sent to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form["code"][0], None)
        verifier = form.get("code_verifier", [""])[0]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
            or form["redirect_uri"][0] != asked["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(self.now())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= self.person | self.claims
        token = self.signed({name: value for name, value in claims.items() if value is not None})
        return 200, {"id_token": token, "access_token": "x", "token_type": "Bearer"}

    def signed(self, claims: dict[str, Any]) -> str:
        if self.signs == "none":
            parts = ({"alg": "none"}, claims)
            return ".".join(_b64(json.dumps(part).encode()) for part in parts) + "."
        if self.signs == "HS256":  # with what everybody can read: the old confusion of keys
            said = ".".join(_b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "one"}, claims))
            return f"{said}.{_b64(hmac.digest(self.key.as_pem(private=False), said.encode(), 'sha256'))}"
        return jwt.encode({"alg": self.signs, "kid": self.key.kid}, claims, self.key, algorithms=[self.signs])

    def page(self, path: str) -> dict[str, Any] | None:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer_said or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        if path == "/keys":
            return {"keys": [(self.published or self.key).as_dict(private=False)]}
        return None


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _handler(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/authorize":
                back = provider.sign_in(self.path)
                self.send_response(302)
                self.send_header("Location", f"{dict(parse_qsl(query))['redirect_uri']}?{urlencode(back)}")
                self.end_headers()
                return
            self.answer(200, found) if (found := provider.page(path)) is not None else self.answer(404, {})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {basic}":
                self.answer(401, {"error": "invalid_client"})
                return
            self.answer(*provider.token(form))

        def answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
