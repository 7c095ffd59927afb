"""An ONVIF camera on this machine: SOAP with signatures checked by its own clock, and a still."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.connectors.fake_camera import Request, reply

USER, PASSWORD = "admin", "hush & <hush> 9"
STRICT = timedelta(seconds=30)
ENVELOPE = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:t="http://www.onvif.org/ver10/schema" xmlns:m="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:d="http://www.onvif.org/ver10/device/wsdl"><s:Body>{}</s:Body></s:Envelope>'
)
NOT_AUTHORIZED = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value>"
    "</s:Subcode></s:Code><s:Reason><s:Text>Sender not Authorized</s:Text></s:Reason></s:Fault>"
)
FAULT = "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code></s:Fault>"


@dataclass
class OnvifCamera:
    """What it answers; ``raw`` replaces whole answers by the name of the question."""

    still: bytes
    snapshot: str = "http://{host}/still.jpg"
    stream: str = ""
    media: str = "http://{host}/onvif/media"
    clock: timedelta = timedelta()
    has_capabilities: bool = True
    profiles: tuple[str, ...] = ("main", "sub")
    raw: dict[str, bytes] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)
    port: int = 0
    asked: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of the device, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, name: str) -> str:
        """The body of the answer to a question."""
        host = f"127.0.0.1:{self.port}"
        now = datetime.now(UTC) + self.clock
        media = self.media.format(host=host)
        uri = "<m:{0}Response><m:MediaUri><t:Uri>{1}</t:Uri></m:MediaUri></m:{0}Response>"
        answers = {
            "GetSystemDateAndTime": "<d:R><d:SystemDateAndTime><t:UTCDateTime><t:Time>"
            f"<t:Hour>{now.hour}</t:Hour><t:Minute>{now.minute}</t:Minute>"
            f"<t:Second>{now.second}</t:Second></t:Time><t:Date><t:Year>{now.year}</t:Year>"
            f"<t:Month>{now.month}</t:Month><t:Day>{now.day}</t:Day></t:Date></t:UTCDateTime>"
            "</d:SystemDateAndTime></d:R>",
            "GetCapabilities": f"<d:R><d:Capabilities><t:Media><t:XAddr>{media}</t:XAddr>"
            "</t:Media></d:Capabilities></d:R>" if self.has_capabilities else FAULT,
            "GetServices": "<d:R><d:Service><d:Namespace>http://www.onvif.org/ver10/media/wsdl"
            f"</d:Namespace><d:XAddr>{media}</d:XAddr></d:Service></d:R>",
            "GetProfiles": "<m:R>" + "".join(
                f'<m:Profiles token="{token}"><t:Name>{token} stream</t:Name>'
                "<t:VideoEncoderConfiguration/></m:Profiles>" for token in self.profiles
            ) + "</m:R>",
            "GetSnapshotUri": uri.format("GetSnapshotUri", self.snapshot.format(host=host)),
            "GetStreamUri": uri.format("GetStreamUri", self.stream.format(host=host)),
        }  # fmt: skip
        return FAULT if name in self.faults else answers[name]

    def is_signed(self, body: str) -> bool:
        """Check the WS-Security token: user, digest, and a time near the camera's own."""
        found = {
            name: match[1] if (match := re.search(rf"<{name}[^>]*>([^<]*)</{name}>", body)) else ""
            for name in ("Username", "Password", "Nonce", "Created")
        }
        if found["Username"] != USER:
            return False
        created = datetime.strptime(found["Created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(created - (datetime.now(UTC) + self.clock)) > STRICT:
            return False
        both = base64.b64decode(found["Nonce"]) + found["Created"].encode() + PASSWORD.encode()
        return base64.b64encode(hashlib.sha1(both).digest()).decode() == found["Password"]


@asynccontextmanager
async def onvif_camera(camera: OnvifCamera) -> AsyncIterator[OnvifCamera]:
    """Serve on loopback while the block runs."""
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {k.lower(): v for k, v in (x.split(": ", 1) for x in head[1:] if x)}
            request = Request(head[0].split(" ")[1], headers)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            writer.write(_respond(camera, request, body.decode(), basic))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        server.close()
        await server.wait_closed()


def _respond(camera: OnvifCamera, request: Request, body: str, basic: str) -> bytes:
    if not request.path.startswith("/onvif/"):
        camera.asked.append(request.path)
        if request.headers.get("authorization") != f"Basic {basic}":
            return reply(b"", "401 Unauthorized", WWW_Authenticate='Basic realm="cam"')
        return reply(camera.still)
    name = (re.search(r"<s:Body><(\w+)", body) or [""])[1]
    camera.asked.append(name)
    if name in camera.raw:
        return reply(camera.raw[name], kind="application/soap+xml")
    if name != "GetSystemDateAndTime" and not camera.is_signed(body):
        answer = ENVELOPE.format(NOT_AUTHORIZED).encode()
        return reply(answer, "400 Bad Request", kind="application/soap+xml")
    answer = ENVELOPE.format(camera.answer(name)).encode()
    status = "500 Internal Server Error" if b"Fault" in answer else "200 OK"
    return reply(answer, status, kind="application/soap+xml")
