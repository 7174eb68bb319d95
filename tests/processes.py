"""Processes that have loaded all of goodwill: to load it takes longer than most of what a test wants one for.

One process loads it and waits. Whoever wants one, to serve a shop or to be killed while it writes, gets one that was
forked from it: with its own memory, connections, environment and end. It is a child of the test's process, as one that
was started in the usual way; a system that cannot hand a child over starts it in the usual way.
"""

import atexit
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

# It forks twice, so that the child belongs to whoever asked as soon as the one between is gone. DuckDB is not loaded:
# it has threads of its own, and a process that was forked would wait for them at its end.
_WAITING = """
import gc, json, os, signal, socket, sys
import ibis.backends.sql.compilers, scipy.linalg, scipy.sparse
import goodwill.app, goodwill.web.serve
import goodwill.access.expressions

signal.signal(signal.SIGINT, signal.SIG_IGN)
asking = socket.socket(fileno=int(sys.argv[1]))
gc.freeze()
while True:
    words, fds, _, _ = socket.recv_fds(asking, 1 << 20, 3)
    if not words:
        os._exit(0)
    between = os.fork()
    if between == 0:
        child = os.fork()
        if child == 0:
            break
        asking.send(str(child).encode())
        os._exit(0)
    for fd in fds:
        os.close(fd)
    os.waitpid(between, 0)
    asking.send(b"handed over")
asking.close()
for number, fd in enumerate(fds):
    os.dup2(fd, number)
    os.close(fd)
signal.signal(signal.SIGINT, signal.default_int_handler)
script, sys.argv, folder, environment = json.loads(words)
os.chdir(folder)
os.environ.clear()
os.environ.update(environment)
exec(compile(script, "<string>", "exec"), {"__name__": "__main__"})
"""
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER: a child whose parent is gone becomes ours

_one_at_a_time = threading.Lock()
_line: list[socket.socket] = []  # to the one that waits; it ends when this end is closed, as it is however we end


class Loaded:
    """A process that runs a script as ``python -c`` does, and has loaded goodwill already.

    Attributes:
        stdout: what it says, as text.
    """

    def __init__(self, pid: int, stdout: IO[str], complaints: IO[str]) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._complaints = complaints
        self._looking = threading.Lock()

    @property
    def complained(self) -> str:
        """What it wrote to standard error until now."""
        self._complaints.seek(0)
        return self._complaints.read()

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._look(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it did.

        Raises:
            TimeoutError: it did not in so many seconds.
        """
        end = time.monotonic() + (timeout or 0)
        while (code := self._look(os.WNOHANG if timeout else 0)) is None:
            if time.monotonic() > end:
                raise TimeoutError(f"process {self.pid} did not end within {timeout} s")
            time.sleep(0.005)
        return code

    def _look(self, how: int) -> int | None:
        with self._looking:  # who ended can be asked once
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, how)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def send_signal(self, sign: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sign)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stdout.close()
        self.wait()
        self._complaints.close()


def loaded(script: str, *words: object) -> Loaded:
    """Start a process that runs a script.

    Args:
        words: what the script finds in ``sys.argv`` behind its own name.
    """
    arguments = ["-c", *map(str, words)]
    ours, said = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (the process that is given keeps it)
    try:
        pid = _fork(script, arguments, [nothing, said, complaints.fileno()])
    finally:
        os.close(said)
        os.close(nothing)
    return Loaded(pid, os.fdopen(ours, encoding="utf-8"), complaints)


def ended(script: str, *words: object) -> tuple[int, str]:
    """Let a process run a script to its end: how it ended, and what it complained of."""
    with loaded(script, *words) as process:
        return process.wait(), process.complained


def _fork(script: str, arguments: list[str], fds: list[int]) -> int:
    with _one_at_a_time:
        line = _waiting()
        if line is None:
            moved = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(fds)]
            command = [sys.executable, "-c", script, *arguments[1:]]
            return os.posix_spawn(sys.executable, command, os.environ, file_actions=moved)
        socket.send_fds(line, [json.dumps([script, arguments, str(Path.cwd()), dict(os.environ)]).encode()], fds)
        pid = int(line.recv(64))
        assert line.recv(64) == b"handed over"
        return pid


def _waiting() -> socket.socket | None:
    if not _line and _adopts():
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        waits = subprocess.Popen([sys.executable, "-c", _WAITING, str(its.fileno())], pass_fds=[its.fileno()])
        its.close()
        _line.append(ours)
        atexit.register(_over, ours, waits)
    return _line[0] if _line else None


def _over(line: socket.socket, waits: subprocess.Popen[bytes]) -> None:
    line.close()
    waits.wait()


def _adopts() -> bool:
    with contextlib.suppress(AttributeError, OSError):
        return bool(ctypes.CDLL(None).prctl(_ADOPT, 1, 0, 0, 0) == 0)
    return False
