"""A PostgreSQL of a test's own, to be treated as badly as the test likes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def find_postgres() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``: Debian keeps it off the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


@contextmanager
def own_postgres(binaries: Path) -> Iterator[str]:
    """Run a PostgreSQL in a folder of its own; gives its address."""
    folder = Path(tempfile.mkdtemp(prefix="nigiwai-pg-", dir="/tmp"))
    data, log = folder / "data", folder / "log"
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    port = _free_port()
    _run(binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        _run(binaries / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: object, check: bool = True) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=check, capture_output=True, timeout=60, cwd="/")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
