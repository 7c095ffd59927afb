"""Addresses of cameras: read with suspicion, and kept apart from names and passwords."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx

from webapp.connectors import CameraUnreachable, Phase
from webapp.connectors.network import literal

MAX_URL_LENGTH = 2000
DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554}
HTTP = ("http", "https")


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """Where to ask, and who asks. It has no repr: it must not get into a log."""

    url: httpx.URL
    user: str = ""
    password: str = ""
    any_certificate: bool = False

    @property
    def port(self) -> int:
        """The port of the address, the usual one when it names none."""
        return self.url.port or DEFAULT_PORTS[self.url.scheme]

    @property
    def host(self) -> str:
        """The host as it is connected to: ASCII, without brackets."""
        return self.url.raw_host.decode("ascii")

    def at_path(self, path: str) -> Target:
        """Another path on the same camera."""
        return replace(self, url=self.url.copy_with(path=path))

    def moved(self, location: str) -> Target:
        """Follow a redirect; another origin learns neither name nor password."""
        try:
            url = parse_url(str(self.url.join(location)))
            url = url.copy_with(userinfo=b"", fragment=None)
        except (httpx.InvalidURL, ValueError):
            message = "The camera redirects to an address that makes no sense."
            raise CameraUnreachable(Phase.ANSWER, message) from None
        if _may_keep_credentials(self.url, url):
            return replace(self, url=url)
        return replace(self, url=url, user="", password="")

    def elsewhere(self, address: str, schemes: Collection[str]) -> Target:
        """The address that the camera's own answer names; only its own host learns who asks.

        Nor does that host where the new address gives up the encryption.
        """
        try:
            url = parse_url(address, schemes).copy_with(userinfo=b"", fragment=None)
        except (CameraUnreachable, httpx.InvalidURL, ValueError):
            message = "The camera names an address that makes no sense."
            raise CameraUnreachable(Phase.ANSWER, message) from None
        is_bared = self.url.scheme == "https" and url.scheme == "http"
        if url.host == self.url.host and not is_bared:
            return replace(self, url=url)
        return replace(self, url=url, user="", password="")


def read_target(source: Mapping[str, Any], schemes: Collection[str] = HTTP) -> Target:
    """Read the source; a name and password inside the address are taken out of it."""
    user, password = source.get("user") or "", source.get("password") or ""
    if not isinstance(user, str) or not isinstance(password, str):
        raise CameraUnreachable(Phase.SETTINGS, "The user name or password makes no sense.")
    url = parse_url(source.get("url"), schemes)
    if url.userinfo and not user:
        user, password = url.username, url.password
    url = url.copy_with(userinfo=b"", fragment=None)
    return Target(url, user, password, source.get("any_certificate") is True)


def parse_url(value: object, schemes: Collection[str] = HTTP) -> httpx.URL:
    """Read an address of one of the schemes; ``CameraUnreachable`` (settings) when it is none."""
    if not isinstance(value, str) or len(value) > MAX_URL_LENGTH or not value.isprintable():
        raise CameraUnreachable(Phase.SETTINGS, "The address of the camera makes no sense.")
    if "\\" in value or " " in value:
        raise CameraUnreachable(Phase.SETTINGS, "The address of the camera makes no sense.")
    try:
        url = httpx.URL(value)
        host = url.host  # decoded here: not every xn-- name can be
    except (httpx.InvalidURL, ValueError):
        message = "The address of the camera makes no sense."
        raise CameraUnreachable(Phase.SETTINGS, message) from None
    if url.scheme not in schemes or not host or not _has_port(url):
        begins = " or ".join(f"{scheme}://" for scheme in schemes)
        message = f"The address of a camera begins with {begins} and names a host."
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
