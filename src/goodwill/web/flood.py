"""How many requests may be opened from one neighbourhood of the net, and for one address, in an hour.

Whether anybody is known by the address is not looked at, so the answer is the same either way. Counted in this process;
what holds on every worker is that no more than five requests wait for codes at one address.
"""

from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from goodwill.basics.clock import Clock
from goodwill.people import canonical
from goodwill.web.pace import Pace

FROM_ONE_PLACE, FOR_ONE_ADDRESS, WINDOW = 20, 5, 3_600


class Flood:
    """Counts requests that are opened."""

    def __init__(self, clock: Clock) -> None:
        self._places = Pace(FROM_ONE_PLACE, WINDOW, clock)
        self._addresses = Pace(FOR_ONE_ADDRESS, WINDOW, clock)

    def wait(self, *, client: str | None, address: str | None) -> int:
        """Seconds until another may be opened; 0 when this one may.

        Args:
            client: where it comes from; None for a shop's own program, whose key has a pace of its own.
            address: where its code would go; None for whoever is signed in.
        """
        waits = [0]
        if client is not None:
            waits.append(self._places.take(place_of(client)).wait)
        if address is not None:
            written = canonical("email", address) or address
            waits.append(self._addresses.take(sha256(written.encode("utf-8", "replace")).hexdigest()).wait)
        return max(waits)


def place_of(client: str) -> str:
    """The neighbourhood of an address of the net: somebody has many next to each other (an IPv4 /24, an IPv6 /48)."""
    try:
        found = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    kept = 6 if isinstance(found, IPv6Address) else 3
    return f"{found.version}:{found.packed[:kept].hex()}"
