"""``nigiwai camera-cloud``: the simulator of a camera cloud, to try one without having one."""

from __future__ import annotations

import asyncio
import signal
import socket
from urllib.parse import urlsplit

import click
from starlette.types import ASGIApp

from jobs.serving import Server, listen, server_for
from webapp.cloud_secret import cloud_callback, cloud_client_secret
from webapp.cloud_simulator.app import build_simulator
from webapp.cloud_simulator.protocol import Application
from webapp.cloud_simulator.world import OWNERS, Cloud
from webapp.demo.seed import CLOUD_PORT, CLOUD_URL, FOLDER
from webapp.errors import StartRefused
from webapp.log import set_up_logging
from webapp.settings import Settings, read_settings

LOOPBACK = ("localhost", "127.0.0.1")


@click.command("camera-cloud")
@click.option("--port", default=CLOUD_PORT, show_default=True, help="Port on this machine.")
def camera_cloud(port: int) -> None:
    """Simulate a camera cloud: owners, cameras, and switches for all that may go wrong."""
    settings = read_settings()
    set_up_logging(settings)
    url = settings.camera_cloud_url or f"http://localhost:{port}"
    with listen_for_cloud(port) as door:
        click.echo(f"\n  The camera cloud is simulated.   {url}\n\n{accounts()}\n")
        asyncio.run(_serve(simulator(settings, url), door))


def simulator(settings: Settings, url: str) -> ASGIApp:
    """The simulator for the app of these settings, reached at ``url``."""
    application = Application(
        settings.camera_cloud_client_id,
        cloud_client_secret(settings),
        (cloud_callback(settings),),
    )
    cloud = Cloud(settings.data_dir / "camera-cloud.json")
    return build_simulator(cloud, application, FOLDER / "pets09_s2l1.mp4", url)


def listen_for_cloud(port: int) -> socket.socket:
    """Listen on this machine alone: everybody knows the owners' passwords."""
    return listen("127.0.0.1", port, what="--port")


def simulated_port(settings: Settings) -> int | None:
    """The port on which a demonstration simulates its cloud; None when that is another one."""
    parts = urlsplit(settings.camera_cloud_url)
    return parts.port if parts.hostname in LOOPBACK and parts.scheme == "http" else None


def demo_door(settings: Settings) -> tuple[Settings, socket.socket | None]:
    """The door of the demonstration's simulator.

    Where the usual port is taken, the demonstration does without a cloud; where somebody chose
    the port, that is refused.
    """
    port = simulated_port(settings)
    if port is None:
        return settings, None
    try:
        return settings, listen_for_cloud(port)
    except StartRefused:
        if settings.camera_cloud_url != CLOUD_URL:
            raise
        click.echo(f"  Port {port} is taken: this demonstration has no camera cloud.", err=True)
        return settings.model_copy(update={"camera_cloud_url": ""}), None


def accounts() -> str:
    """The owners' accounts, a line each."""
    return "\n".join(f"    {owner.id:<16}  {owner.password}  {owner.name}" for owner in OWNERS)


async def _serve(app: ASGIApp, door: socket.socket) -> None:
    server: Server = server_for(app)

    def end() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await server.serve(sockets=[door])
