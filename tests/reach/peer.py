"""A real mail server for tests (aiosmtpd), which can be told to misbehave, and certificates made on the spot."""

import asyncio
import gc
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from goodwill.reach.channels.smtp import Smtp


@dataclass
class Box:
    """What arrived, and how the server answers.

    Attributes:
        greeting: said instead of 220; then the line is closed.
        rcpt, data: said instead of 250.
        behave: ``drop`` after the last line, be ``silent`` there, or ``drip`` the greeting.
        lines: how many connections were made.
    """

    mails: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    greeting: str = ""
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    behave: list[str] = field(default_factory=list)
    lines: int = 0
    is_ready: bool = False  # the controller itself calls once, to see whether anybody answers

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        del server, session, options
        if self.rcpt:
            return self.rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        del session
        if self.data:
            return self.data.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        self.to += envelope.rcpt_tos
        match self.behave.pop(0) if self.behave else "":
            case "drop":
                server.transport.abort()
            case "silent":
                await asyncio.sleep(20)
        return "250 OK"

    @property
    def texts(self) -> list[str]:
        return [mail.get_body(("plain",)).get_content().replace("\r\n", "\n") for mail in self.mails]  # type: ignore[union-attr]


class _Server(SMTP):
    async def _handle_client(self) -> None:
        box: Box = self.event_handler
        box.lines += box.is_ready
        if not box.is_ready:
            await super()._handle_client()
        elif box.greeting:
            await self.push(box.greeting)
            self.transport.close()  # type: ignore[union-attr]
        elif box.behave and box.behave[0] == "drip":
            for _ in range(100):
                self._writer.write(b"2")
                await asyncio.sleep(0.1)
        else:
            await super()._handle_client()


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr] # the one that the system chose
        super()._trigger_server()


@contextmanager
def peer(box: Box, *, tls: ssl.SSLContext | None = None, user: str = "") -> Iterator[int]:
    """The server's port, for as long as the block lasts."""

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        del server, session, envelope, mechanism
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), b"right")
        return AuthResult(success=good, handled=good)

    options: dict[str, Any] = {"tls_context": tls, "authenticator": authenticate} if tls else {}
    controller = _Controller(box, hostname="127.0.0.1", port=0, **options)
    box.is_ready = False
    controller.start()
    box.is_ready = True
    try:
        yield controller.port
    finally:
        controller.stop()
        with warnings.catch_warnings():  # aiosmtpd leaves what it held for callers who hung up
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


def plainly(port: int, **others: Any) -> Smtp:
    """A channel without TLS, on this machine."""
    return Smtp("127.0.0.1", port, security="none", **{"timeout": 2.0, "whole": 4.0, **others})


@dataclass(frozen=True)
class Certified:
    """A server's side of TLS, and what its clients have to trust."""

    server: ssl.SSLContext
    trust: ssl.SSLContext


def certified(folder: Path, name: str = "127.0.0.1") -> Certified:
    """A certificate for a name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    named: x509.GeneralName = x509.IPAddress(IPv4Address(name)) if name[0].isdigit() else x509.DNSName(name)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([named]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return Certified(server, ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode()))
