"""A still over HTTP or HTTPS, as most network cameras offer it.

The source: ``{"url": …, "user": …, "password": …, "any_certificate": bool}``; all but the
address may be missing. The last one is for cameras that sign their own certificate.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import httpx

from webapp.connectors import CameraUnreachable, Phase, Still
from webapp.connectors.network import GuardedBackend, GuardedTransport, literal
from webapp.settings import Settings

MAX_REDIRECTS = 3
MAX_URL_LENGTH = 2000
HEADERS = {
    "Accept": "image/jpeg, image/png",
    "Accept-Encoding": "identity",
    "User-Agent": "Nigiwai",
}
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """Where to ask, and who asks. It has no repr: it must not get into a log."""

    url: httpx.URL
    user: str = ""
    password: str = ""
    any_certificate: bool = False

    def moved(self, location: str) -> Target:
        """Follow a redirect; another origin learns neither name nor password."""
        try:
            url = parse_url(str(self.url.join(location)))
        except httpx.InvalidURL:
            raise _answer("The camera redirects to an address that makes no sense.") from None
        url = url.copy_with(userinfo=b"", fragment=None)
        if _may_keep_credentials(self.url, url):
            return replace(self, url=url)
        return replace(self, url=url, user="", password="")


class HttpSnapshotConnector:
    """Asks a camera for one still; every failure is a ``CameraUnreachable`` with its phase."""

    def __init__(self, settings: Settings, backend: GuardedBackend | None = None) -> None:
        self._max_bytes = settings.max_upload_bytes
        self._backend = backend or GuardedBackend(settings.camera_networks)
        # These two write addresses and, in detail, the Authorization header into the log.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- one deadline over all phases
    ) -> Still:
        """One still as the camera gives it now; its time is ``at``."""
        target = read_source(source)
        try:
            async with asyncio.timeout(timeout):
                return Still(await self._follow(target, timeout), at)
        except (TimeoutError, httpx.TimeoutException):
            message = "The camera did not answer in time."
            raise CameraUnreachable(Phase.TIMEOUT, message) from None
        except httpx.ConnectError as error:
            raise CameraUnreachable(Phase.CONNECT, _why_no_connection(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError):
            raise _answer("The camera broke off in the middle of its answer.") from None

    async def _follow(self, target: Target, seconds: float) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            transport = GuardedTransport(self._backend, self._certificates(target))
            client = httpx.AsyncClient(transport=transport, timeout=seconds, trust_env=False)
            try:
                async with client:
                    answer = await self._ask(client, target)
            finally:
                await transport.hang_up()
            if isinstance(answer, bytes):
                return answer
            target = answer
        raise _answer("The camera redirects too often.")

    async def _ask(self, client: httpx.AsyncClient, target: Target) -> bytes | Target:
        """One request, with a second one when the camera wants to know who asks."""
        request = httpx.Request("GET", target.url, headers=HEADERS)
        response = await client.send(request, stream=True)
        try:
            if response.status_code == httpx.codes.UNAUTHORIZED:
                await response.aclose()
                signed = _signed(request, response, target)
                response = await client.send(signed, stream=True)
            if response.has_redirect_location:
                return target.moved(response.headers["location"])
            _check_answer(response)
            return await self._read(response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        length = response.headers.get("content-length", "0")
        parts: list[bytes] = []
        size = int(length) if length.isdecimal() else 0
        if size <= self._max_bytes:
            size = 0
            async for part in response.aiter_raw():
                parts.append(part)
                size += len(part)
                if size > self._max_bytes:
                    break
        if size > self._max_bytes:
            raise _answer("The camera's answer is larger than pictures may be.")
        data = b"".join(parts)
        _check_picture(data)
        return data

    def _certificates(self, target: Target) -> ssl.SSLContext:
        return self._unverified if target.any_certificate else self._verified

    @cached_property
    def _verified(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    @cached_property
    def _unverified(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


def read_source(source: Mapping[str, Any]) -> Target:
    """Read the source; a name and password inside the address are taken out of it."""
    user, password = source.get("user") or "", source.get("password") or ""
    if not isinstance(user, str) or not isinstance(password, str):
        raise CameraUnreachable(Phase.SETTINGS, "The user name or password makes no sense.")
    url = parse_url(source.get("url"))
    if url.userinfo and not user:
        user, password = url.username, url.password
    url = url.copy_with(userinfo=b"", fragment=None)
    return Target(url, user, password, source.get("any_certificate") is True)


def parse_url(value: object) -> httpx.URL:
    """Read an http(s) address; ``CameraUnreachable`` (settings) when it is none."""
    if not isinstance(value, str) or len(value) > MAX_URL_LENGTH or not value.isprintable():
        raise CameraUnreachable(Phase.SETTINGS, "The address of the camera makes no sense.")
    if "\\" in value or " " in value:
        raise CameraUnreachable(Phase.SETTINGS, "The address of the camera makes no sense.")
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        message = "The address of the camera makes no sense."
        raise CameraUnreachable(Phase.SETTINGS, message) from None
    if url.scheme not in DEFAULT_PORTS or not url.host or not _has_port(url):
        message = "The address of a camera begins with http:// or https:// and names a host."
        raise CameraUnreachable(Phase.SETTINGS, message)
    literal(url.raw_host.decode("ascii"))
    return url


def _has_port(url: httpx.URL) -> bool:
    return url.port is None or 1 <= url.port <= 65535


def _may_keep_credentials(before: httpx.URL, after: httpx.URL) -> bool:
    """Tell whether it is the same origin, or the same host on the usual ports, now encrypted."""
    if before.host != after.host:
        return False
    ports = [url.port or DEFAULT_PORTS[url.scheme] for url in (before, after)]
    if before.scheme == after.scheme:
        return ports[0] == ports[1]
    return after.scheme == "https" and ports == [80, 443]


def _signed(request: httpx.Request, response: httpx.Response, target: Target) -> httpx.Request:
    """Make the request again with the answer to the challenge: Digest before Basic."""
    if not target.user:
        raise CameraUnreachable(Phase.SIGN_IN, "The camera asks for a user name and a password.")
    schemes = [
        challenge.split(" ", 1)[0].lower()
        for challenge in response.headers.get_list("www-authenticate")
    ]
    try:
        if "digest" in schemes:
            flow = httpx.DigestAuth(target.user, target.password).auth_flow(request)
            next(flow)
            return flow.send(response)
        if "basic" in schemes:
            return next(httpx.BasicAuth(target.user, target.password).auth_flow(request))
    except (httpx.ProtocolError, KeyError, NotImplementedError, StopIteration):
        pass
    message = "The camera asks for a kind of sign-in that is not known here."
    raise CameraUnreachable(Phase.SIGN_IN, message)


def _check_answer(response: httpx.Response) -> None:
    status = response.status_code
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise CameraUnreachable(Phase.SIGN_IN, "The camera refuses this user name and password.")
    if status == httpx.codes.NOT_FOUND:
        raise _answer("The camera has nothing at this address.")
    if status != httpx.codes.OK:
        raise _answer(f"The camera answered with the error {status}.")
    if response.headers.get("content-type", "").lower().startswith("multipart/"):
        raise _answer("The camera answered with a video stream; give the address of its still.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise _answer("The camera answered in an encoding that was not asked for.")


def _check_picture(data: bytes) -> None:
    if not data:
        raise _answer("The camera's answer is empty.")
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise _answer("The camera answered with a page, not a picture.")
    raise _answer("The camera's answer is neither a JPEG nor a PNG.")


def _why_no_connection(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "The camera's certificate is not trusted."
        if isinstance(cause, ssl.SSLError):
            return "The camera answers, but not in HTTPS."
        cause = cause.__cause__ or cause.__context__
    return "Nothing answers at the camera's address."


def _answer(message: str) -> CameraUnreachable:
    return CameraUnreachable(Phase.ANSWER, message)
