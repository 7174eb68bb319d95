"""A PostgreSQL server for a benchmark, with the durability that a shop would have."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server() -> Iterator[str]:
    """The address of an empty database on a server of its own, gone with the block."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    folder = Path(tempfile.mkdtemp(prefix="goodwill-bench-", dir="/tmp"))
    who = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    shutil.chown(folder, who.pw_uid, who.pw_gid)

    def run(*command: object) -> None:
        user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run([str(word) for word in command], cwd=folder, check=True, stdout=subprocess.DEVNULL, **user)

    data = folder / "data"
    run(programs / "initdb", "-D", data, "-U", "goodwill", "-A", "trust", "-E", "UTF8", "--locale=C")
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c shared_buffers=1GB -c max_wal_size=4GB"
    run(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", settings, "start")
    try:
        yield f"postgresql://goodwill@/postgres?host={folder}"
    finally:
        run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
