"""A socket of the running process through which the command line has things done (0700).

On SQLite only one process may use the database. What an administrator types while it
runs is carried out by that process: one JSON line there, one JSON line back.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from webapp.errors import NigiwaiError, TemporaryFailure
from webapp.settings import Settings

Handler = Callable[..., Awaitable[Any]]
Handlers = Mapping[str, Handler]

MAX_LINE = 64 * 1024
ANSWER_WITHIN = 30.0  # seconds
# The kernel takes 108 bytes with the final zero; other systems take 104.
MAX_PATH = 100

log = structlog.get_logger(__name__)


@asynccontextmanager
async def serve_control(settings: Settings, handlers: Handlers) -> AsyncIterator[None]:
    """Answer commands on the control socket of the data folder while the block runs.

    ``handlers`` are async functions by command; they take the arguments by name and
    return what JSON can hold. A ``NigiwaiError`` reaches the caller as its sentence.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            reply = await _answer(reader, handlers)
            writer.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        except ConnectionError:
            pass  # whoever asked has gone
        finally:
            writer.close()

    path, folder = _bind_path(settings)
    listener = _listen(path)
    try:
        async with await asyncio.start_unix_server(answer, sock=listener, limit=MAX_LINE):
            yield
    finally:
        path.unlink(missing_ok=True)
        if folder is not None:
            (settings.data_dir / "control.sock").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)


def call(settings: Settings, command: str, arguments: Mapping[str, Any]) -> Any:
    """Have the running process carry out a command; returns its result.

    Raises ``NigiwaiError`` with the sentence of what went wrong there, and
    ``TemporaryFailure`` when nobody answers.
    """
    path = settings.data_dir / "control.sock"
    path = path.readlink() if path.is_symlink() else path
    request = json.dumps({"command": command, "arguments": dict(arguments)}).encode()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(ANSWER_WITHIN)
            client.connect(str(path))
            client.sendall(request + b"\n")
            with client.makefile("rb") as file:
                reply = json.loads(file.readline())
    except (OSError, ValueError):
        raise TemporaryFailure("The running process does not answer on its socket.") from None
    if "error" in reply:
        raise NigiwaiError(reply["error"])
    return reply["result"]


async def _answer(reader: asyncio.StreamReader, handlers: Handlers) -> dict[str, Any]:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            request = json.loads(await reader.readline())
        command, arguments = request["command"], dict(request["arguments"])
        handler = handlers[command]
    except (TimeoutError, ValueError, KeyError, TypeError):
        return {"error": "The running process does not know this command."}
    try:
        return {"result": await handler(**arguments)}
    except NigiwaiError as error:
        return {"error": str(error)}
    except Exception:  # one command that fails must not end the process
        log.exception("a command failed", command=command)
        return {"error": "The command failed; the log of the running process says why."}


def _bind_path(settings: Settings) -> tuple[Path, Path | None]:
    """Choose where the socket lies, and the folder made for it when its usual path is too long.

    A link in the data folder then leads to it.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.data_dir / "control.sock"
    # The process lock is held: whatever lies here was left by a process that is gone.
    path.unlink(missing_ok=True)
    if len(os.fsencode(path)) <= MAX_PATH:
        return path, None
    folder = Path(tempfile.mkdtemp(prefix="nigiwai-"))
    path.symlink_to(folder / "control.sock")
    return folder / "control.sock", folder


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Before bind, so that there is no moment in which others could connect.
    os.fchmod(listener.fileno(), 0o700)
    listener.bind(str(path))
    path.chmod(0o700)
    return listener
