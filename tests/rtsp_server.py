"""A real RTSP server (GStreamer's) on this machine, run by the system's own Python.

Each client has a thread and a pipeline of its own: one that GStreamer is slow to take down
(seen with shared ones, whose last client had just gone) keeps nobody else waiting.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import missing

SYSTEM_PYTHON = "/usr/bin/python3"
NEEDED = "GStreamer's RTSP server (gir1.2-gst-rtsp-server-1.0 and its plugins)"
VIDEO = "video/x-raw,format=I420,width=320,height=240,framerate=10/1"

# Serves each stream under /<name>; with a kind of sign-in, to viewer with the password alone.
PROGRAM = """
import sys, gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
Gst.init(None)
password, kind, *streams = sys.argv[1:]
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1"); server.set_service("0")
server.get_thread_pool().set_max_threads(-1)
for stream in streams:
    name, _, launch = stream.partition("=")
    for part in launch.split(" ! "):
        if Gst.ElementFactory.find(part.split()[0]) is None and "/" not in part.split()[0]:
            sys.exit("no " + part)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( " + launch + " )"); factory.set_shared(False)
    if kind:
        allowed = GstRtspServer.RTSPPermissions()
        allowed.add_role("viewer")
        allowed.add_permission_for_role("viewer", "media.factory.access", True)
        allowed.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(allowed)
    server.get_mount_points().add_factory("/" + name, factory)
if kind:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if kind == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("viewer", password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", password), token)
    server.set_auth(auth)
if server.attach(None) == 0:
    sys.exit("no port")
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


def source(encoder: str) -> str:
    """A moving test picture through an encoder and its payloader."""
    return f"videotestsrc is-live=true ! {VIDEO} ! {encoder}"


JPEG = source("jpegenc ! rtpjpegpay name=pay0 pt=26")
H264 = source("openh264enc gop-size=5 ! h264parse ! rtph264pay name=pay0 pt=96")
H265 = source("x265enc key-int-max=5 tune=zerolatency ! h265parse ! rtph265pay name=pay0 pt=96")
VP8 = source("vp8enc deadline=1 ! rtpvp8pay name=pay0 pt=96")


@contextmanager
def rtsp_server(kind: str = "", password: str = "", **streams: str) -> Iterator[int]:
    """Serve the streams while the block runs; gives the port."""
    if not shutil.which(SYSTEM_PYTHON):
        missing(NEEDED)
    arguments = [f"{name}={launch}" for name, launch in streams.items()]
    server = subprocess.Popen(
        [SYSTEM_PYTHON, "-c", PROGRAM, password, kind, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        if not line:
            missing(NEEDED)
        yield int(line)
    finally:
        server.kill()
        server.wait(10)
        assert server.stdout is not None
        server.stdout.close()
