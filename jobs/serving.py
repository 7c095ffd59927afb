"""Serving an app as one part of a process: its socket, its server, its manners."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from webapp.errors import StartRefused

# Seconds that requests under way are given when the process is told to end.
GRACE = 5


class Server(uvicorn.Server):
    """A server that leaves the signals to the process it is only a part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def server_for(app: ASGIApp) -> Server:
    """A server that tells nothing of itself and believes no header about who asks."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # webapp.middleware.ClientAddress knows whom to believe
        lifespan="off",
        timeout_graceful_shutdown=GRACE,
    )
    return Server(config)


def listen(host: str, port: int, prefix: str = "", what: str = "") -> socket.socket:
    """A socket that is listened on; ``StartRefused`` names the settings when it cannot be.

    ``prefix`` stands before LISTEN_HOST and LISTEN_PORT in their names; ``what`` in their place.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        named = what or f"NIGIWAI_{prefix}LISTEN_HOST, NIGIWAI_{prefix}LISTEN_PORT"
        raise StartRefused(
            f"Nigiwai cannot listen on {host} port {port} ({named}): {error.strerror}."
        ) from None
