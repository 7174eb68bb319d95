"""Mail by SMTP (RFC 5321), through the shop's own mail server or provider, over TLS that is checked.

What matters here is to know what became of a letter. Until the server has been given its last line nothing was sent,
and it may be tried again; after that, silence means that nobody knows, and that is said as such.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Timer

from goodwill.basics.errors import BadInput
from goodwill.reach.mail import Mail
from goodwill.reach.outcome import Later, Outcome, Refused, Sent, Unknown, Unreachable

SECURITY = ("starttls", "tls", "none")
_OWN = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server, and how to reach it.

    Attributes:
        security: ``starttls`` (it must be offered, else nothing is sent), ``tls`` from the first byte, or ``none``.
        timeout: seconds that the server may be silent; whole: seconds that one letter may take in all.
        trust: what its certificate is checked against; by default what this machine trusts.
    """

    host: str
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = "starttls"
    timeout: float = 30.0
    whole: float = 120.0
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.security not in SECURITY:
            raise BadInput(f"smtp_security must be one of {', '.join(SECURITY)}, not '{self.security}'.")
        if self.security == "none" and self.user and self.host not in _OWN:
            raise BadInput(
                "smtp_security = none would send the password of the mail server in clear. Set it to starttls or tls."
            )

    @contextmanager
    def line(self) -> Iterator["Line"]:
        """A connection, signed in, for as many letters as it holds.

        Raises:
            Unreachable: there is none to be had; the reason names no address and no password.
        """
        try:
            with _no_longer_than(self.whole) as watched:
                server = self._connected(watched)
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(_why(error)) from error
        try:
            yield Line(server, self.whole)
        finally:
            with suppress(OSError, smtplib.SMTPException), _no_longer_than(self.timeout) as watched:
                watched(server.sock)
                server.quit()
            server.close()

    def _connected(self, watched: "_Watched") -> smtplib.SMTP:
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(timeout=self.timeout, context=self._trusted())
        else:
            server = smtplib.SMTP(timeout=self.timeout)
        server._host = self.host  # type: ignore[attr-defined] # noqa: SLF001 - smtplib checks the certificate by it
        try:
            server.sock = server._get_socket(self.host, self.port, self.timeout)  # type: ignore[attr-defined] # noqa: SLF001
            watched(server.sock)
            server.file = None
            _welcome(*server.getreply())
            server.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                server.starttls(context=self._trusted())
                watched(server.sock)
                server.ehlo_or_helo_if_needed()
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _trusted(self) -> ssl.SSLContext:
        return self.trust or ssl.create_default_context()


@dataclass(slots=True)
class Line:
    """One connection; ``broken`` once no further letter can go over it."""

    server: smtplib.SMTP
    whole: float
    broken: bool = False

    def send(self, mail: Mail) -> Outcome:
        """Deliver one letter, and say what became of it."""
        try:
            with _no_longer_than(self.whole) as watched:
                watched(self.server.sock)
                outcome = self._handed_over(mail)
        except (OSError, smtplib.SMTPException) as error:  # before the letter's last line: it was not taken
            self.broken = True
            return Later(_why(error))
        if not isinstance(outcome, Sent | Unknown):
            self._begin_anew(outcome)
        return outcome

    def _handed_over(self, mail: Mail) -> Outcome:
        for verb, address in ((self.server.mail, mail.sender), (self.server.rcpt, mail.to)):
            code, said = verb(address)
            if code not in (250, 251):
                return _no(code, said)
        code, said = self.server.docmd("DATA")
        if code != 354:
            return _no(code, said)
        return self._given_the_last_line(mail.as_bytes())

    def _given_the_last_line(self, content: bytes) -> Outcome:
        quoted = smtplib._quote_periods(content)  # type: ignore[attr-defined] # noqa: SLF001 - RFC 5321, 4.5.2
        end = b".\r\n" if quoted.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            self.server.send(quoted + end)
            code, said = self.server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.broken = True
            return Unknown(_why(error))
        return Sent() if code == 250 else _no(code, said)

    def _begin_anew(self, outcome: Outcome) -> None:
        """Forget the letter that was not taken; a server that is closing down takes no other."""
        try:
            code, _ = self.server.docmd("RSET")
        except (OSError, smtplib.SMTPException):
            code = 421
        self.broken = self.broken or code != 250 or (isinstance(outcome, Later) and outcome.reason.startswith("421"))


def _welcome(code: int, said: bytes) -> None:
    if code != 220:
        raise smtplib.SMTPConnectError(code, said)


def _no(code: int, said: bytes) -> Outcome:
    del said  # servers repeat the address in it
    if code == -1:
        raise smtplib.SMTPServerDisconnected("the mail server answered with something else than SMTP")
    return Refused(str(code)) if 500 <= code < 600 else Later(str(code))


def _why(error: Exception) -> str:
    """What went wrong, in words that hold no address, no password and nothing that a server chose to say."""
    match error:
        case smtplib.SMTPNotSupportedError():
            return "the mail server offers no STARTTLS, or no way to sign in"
        case smtplib.SMTPAuthenticationError():
            return f"the mail server did not take the user and password ({error.smtp_code})"
        case smtplib.SMTPResponseException():
            return f"{error.smtp_code} {type(error).__name__}"
        case ssl.SSLCertVerificationError():
            return "the mail server's certificate cannot be trusted"
        case TimeoutError():
            return "the mail server did not answer in time"
        case socket.gaierror():
            return "the mail server's name is not known"
        case _:
            return f"the connection to the mail server broke ({type(error).__name__})"


class _Watched:
    """Closes a connection when time is up, however slowly the other side keeps talking."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self.is_over = False

    def __call__(self, sock: socket.socket | None) -> None:
        self._socket = sock
        if self.is_over:
            self.end()

    def end(self) -> None:
        self.is_over = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[_Watched]:
    watched = _Watched()
    timer = Timer(seconds, watched.end)
    timer.daemon = True
    timer.start()
    try:
        yield watched
    finally:
        timer.cancel()
