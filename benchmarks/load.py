"""Many connections that send written requests and read their answers, in one thread that waits for all of them."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Load:
    """What a run came to.

    Attributes:
        rate: answers a second; p50, p99: milliseconds from sending to the last byte of the answer.
        cpu: microseconds of the server's processes for each request, of user and system together.
    """

    rate: float
    p50: float
    p99: float
    cpu: float


@dataclass(slots=True)
class _Line:
    socket: socket.socket
    sent: float = 0.0
    got: bytearray = field(default_factory=bytearray)
    length: int = -1  # of the whole answer, once its head is there


def run(address: str, requests: Sequence[bytes], *, connections: int, processes: Sequence[int]) -> Load:
    """Send all requests, each as soon as a connection is free.

    Args:
        processes: numbers of the server's.

    Raises:
        RuntimeError: an answer is not 200.
    """
    name, _, port = address.removeprefix("http://").partition(":")
    left, took = iter(requests), list[float]()
    before, start = cpu_of(processes), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            line = _Line(socket.create_connection((name, int(port))))
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if _send_next(line, left):
                selector.register(line.socket, selectors.EVENT_READ, line)
        while selector.get_map():
            for key, _ in selector.select():
                if _answered(key.data):
                    took.append(time.perf_counter() - key.data.sent)
                    if not _send_next(key.data, left):
                        selector.unregister(key.data.socket)
                        key.data.socket.close()
    seconds = time.perf_counter() - start
    p50, p99 = np.quantile(took, (0.5, 0.99)) * 1_000
    return Load(len(took) / seconds, float(p50), float(p99), (cpu_of(processes) - before) * 1e6 / len(took))


def _send_next(line: _Line, left: Iterator[bytes]) -> bool:
    request = next(left, None)
    if request is None:
        return False
    line.got.clear()
    line.length, line.sent = -1, time.perf_counter()
    line.socket.sendall(request)
    return True


def _answered(line: _Line) -> bool:
    """Read what is there, and tell whether the answer is whole."""
    some = line.socket.recv(262_144)
    if not some:
        raise RuntimeError("the server hung up")
    line.got += some
    if line.length < 0 and (end := line.got.find(b"\r\n\r\n")) >= 0:
        head = bytes(line.got[:end]).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"answered with {bytes(line.got[:600])!r}")
        line.length = end + 4 + int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    return len(line.got) == line.length


def cpu_of(processes: Sequence[int]) -> float:
    """Seconds of processor time that some processes have used, of their own and of the system for them."""
    ticks = 0
    for number in processes:
        fields = (Path("/proc") / str(number) / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100
