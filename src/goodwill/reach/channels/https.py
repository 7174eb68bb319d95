"""Calls another machine by HTTPS, and never one of the house: not itself, its neighbours, or a cloud's own services.

A name is looked up once, every address that it leads to is judged, and the connection goes to an address that was
judged; so nobody can answer a second question otherwise. No redirect is followed.
"""

import ipaddress
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

from goodwill.basics.errors import BadInput
from goodwill.reach.outcome import Later, Outcome, Refused, Sent

_PATIENCE: Final = 5.0  # seconds for each step
_WHOLE: Final = 15.0  # seconds for all of them
_MOST: Final = 16 * 1024  # bytes of an answer that are read, and thrown away
_GONE: Final = 410  # the receiver wants no more of it
_OURS: Final = "100.64.0.0/10", "64:ff9b::/96", "2002::/16", "2001::/32"  # carriers' own, and ways to wrap an address
_WRAPPED: Final = tuple(map(ipaddress.ip_network, _OURS))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forbidden(Exception):
    """An address that nobody is called at."""


@dataclass(frozen=True)
class Https:
    """Posts to other machines.

    Attributes:
        loopback: this very machine may be called, by HTTP too; for trying things out alone.
        trust: whose certificates are believed; the machine's own list unless given.
    """

    loopback: bool = False
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    def check(self, url: str) -> str:
        """The address, if anybody may be called at it at all; its name is looked up anew at each call.

        Raises:
            BadInput: it is no address of HTTPS, holds credentials, or leads into the house.
        """
        try:
            self._judged(url, *self._parts(url))
        except Forbidden as error:
            raise BadInput(f"{error} Give an address such as https://hooks.example/goodwill.") from None
        except OSError:
            pass  # a name that nobody knows yet may be known when it is called
        return url

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send a body; every answer but one of 2xx is a failure."""
        try:
            scheme, host, port, path = self._parts(url)
            address = self._judged(url, scheme, host, port, path)
        except Forbidden as error:
            return Refused(str(error))
        except OSError:
            return Later("its name is not known")
        try:
            status = self._posted(scheme, host, port, path, address, body, headers)
        except ssl.SSLError as error:
            return Later(f"its certificate does not hold ({error.reason or type(error).__name__})")
        except (OSError, HTTPException, ValueError) as error:
            return Later(f"it does not answer ({type(error).__name__})")
        if 200 <= status < 300:
            return Sent()
        if status == _GONE:
            return Refused("answered 410: it wants no more")
        if 300 <= status < 400:
            return Later(f"answered {status}: redirects are not followed")
        return Later(f"answered {status}")

    def _parts(self, url: str) -> tuple[str, str, int, str]:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise Forbidden("That is no address.") from None
        if any(not 32 < ord(sign) < 127 for sign in url):
            raise Forbidden("An address has no spaces or other signs in it.")
        if parts.scheme != "https" and not (parts.scheme == "http" and self.loopback):
            raise Forbidden("Only addresses that begin with https:// are called.")
        if not host or parts.username is not None or parts.password is not None or parts.fragment:
            raise Forbidden("An address has a host, and no name, password or fragment.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path

    def _judged(self, _: str, scheme: str, host: str, port: int, __: str) -> Address:
        """The address that is called; all that a name leads to must be such that anybody may be called there."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        for address in addresses:
            plain = getattr(address, "ipv4_mapped", None) or address
            here = plain.is_loopback and self.loopback
            if scheme == "http" and not plain.is_loopback:
                raise Forbidden("By http:// nobody but this machine is called.")
            if not here and not is_public(plain):
                raise Forbidden("It leads to this machine or its neighbours, and nobody is called there.")
        return addresses[0]

    def _posted(
        self, scheme: str, host: str, port: int, path: str, address: Address, body: bytes, headers: Mapping[str, str]
    ) -> int:
        line = socket.create_connection((str(address), port), timeout=_PATIENCE)
        lines = [line]
        end = Timer(_WHOLE, lambda: _cut(lines[-1]))  # a peer that drips one byte at a time would hold us for ever
        end.daemon = True
        end.start()
        try:
            if scheme == "https":
                line = (self.trust or ssl.create_default_context()).wrap_socket(line, server_hostname=host)
                lines.append(line)
            connection = HTTPConnection(host, port, timeout=_PATIENCE)
            connection.sock = line
            named = host if port in (80, 443) else f"{host}:{port}"
            own = {"host": named, "user-agent": "goodwill", "connection": "close"}
            connection.request("POST", path, body, {**headers, **own})
            answer = connection.getresponse()
            answer.read(_MOST)
            return answer.status
        finally:
            end.cancel()
            line.close()


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, and no way to another that is not."""
    wrapped = any(address in net for net in _WRAPPED if net.version == address.version)
    return address.is_global and not (address.is_multicast or address.is_reserved or wrapped)


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
