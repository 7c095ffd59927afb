"""A still of a camera that speaks ONVIF: the addresses are found by asking the device.

The source: ``{"url": …, "user": …, "password": …, "profile": …, "any_certificate": bool}``;
the address is that of the device (its path may be missing). What the camera's answers name
passes the same guard as any address, and learns the password only when it is the same host.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nigiwai_connector_api import ConnectorInfo, Deadline, Field, Kind, hookimpl

from webapp.connectors import CameraUnreachable, Connector, Phase, Still, Surroundings
from webapp.connectors.addresses import HTTP, Target, read_target
from webapp.connectors.http_client import HttpClient
from webapp.connectors.http_snapshot import ANY_CERTIFICATE, PASSWORD, USER, take_still
from webapp.connectors.rtsp import SCHEMES as RTSP
from webapp.connectors.rtsp import take_key_frame
from webapp.connectors.safe_xml import Node
from webapp.connectors.soap import DEVICE, MEDIA, SCHEMA, call, clock_of, element, text

NAME = "onvif"
DEVICE_PATH = "/onvif/device_service"
# What was found is good for a while: five questions a minute would be a burden.
KEPT_FOR = timedelta(minutes=30)
KEPT = 2_000
# After these a stream may still give what the snapshot does not.
_TRY_THE_STREAM = (Phase.ANSWER, Phase.CONNECT, Phase.ADDRESS)


@hookimpl
def connector_info() -> ConnectorInfo:
    """Addresses by ONVIF, pictures by HTTP or RTSP."""
    return ConnectorInfo(
        name=NAME,
        titles={"ja": "ONVIF", "en": "ONVIF"},
        descriptions={
            "ja": "ONVIFでカメラに問い合わせ、静止画または映像のURLを自動で見つけます。",
            "en": "Asks the camera by ONVIF where its still or its stream is.",
        },
        version="1",
        fields=(
            Field(
                "url",
                Kind.ADDRESS,
                {"ja": "カメラのURL", "en": "Address of the camera"},
                {"ja": "例: http://192.168.1.20", "en": "http://192.168.1.20"},
                required=True,
                schemes=HTTP,
            ),
            USER,
            PASSWORD,
            Field("profile", Kind.TEXT, {"ja": "プロファイル", "en": "Profile"}),
            ANY_CERTIFICATE,
        ),
    )


@hookimpl
def create_connector(
    name: str,
    options: Mapping[str, object],  # noqa: ARG001 -- there are none
    surroundings: Surroundings,
) -> Connector | None:
    """Build it under its own name."""
    return OnvifConnector(surroundings) if name == NAME else None


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """Where a camera's pictures are (empty: nowhere), by its own word at ``at``.

    ``ahead`` is how far the camera's clock is ahead of ours.
    """

    profile: str
    snapshot: str
    stream: str
    ahead: timedelta
    at: datetime


class OnvifConnector:
    """Finds the still (or else the stream) of a camera, and takes a picture from there."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._network = surroundings.network
        self._limits = surroundings.limits
        self._client = HttpClient(surroundings.network)
        self._found: OrderedDict[str, Found] = OrderedDict()

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- one deadline over all steps
    ) -> Still:
        """One still as the camera gives it now; its time is ``at``."""
        target = read_target(source)
        if target.url.path in {"", "/"}:
            target = target.at_path(DEVICE_PATH)
        key = _key(source)
        async with Deadline(timeout) as deadline:
            found = self._kept(key, at)
            if found is None:
                wanted = source.get("profile") or ""
                found = await self._discover(target, str(wanted), at, deadline)
                self._keep(key, found)
            try:
                data, facts = await self._take(target, found, deadline)
            except BaseException:
                self._found.pop(key, None)  # the camera may have moved
                raise
        facts = {**facts, "profile": found.profile, "clock_behind": f"{_seconds(-found.ahead)}"}
        return Still(data, at, facts, deadline.seconds)

    async def _discover(
        self, target: Target, wanted: str, at: datetime, deadline: Deadline
    ) -> Found:
        """Find the addresses.

        1. The camera's clock, unsigned: signatures are good for seconds by that clock.
        2. Where its media service is: GetCapabilities, or GetServices.
        3. The profile that was asked for, or the first one with video.
        4. The addresses of its still and of its stream.
        """
        ahead = await self._clock(target, at, deadline)
        when = at + ahead
        media = target.elsewhere(await self._media(target, when, deadline), HTTP)
        profiles = await call(self._client, media, element("GetProfiles", MEDIA), when, deadline)
        profile = _choose(profiles, wanted)
        token = element("ProfileToken", MEDIA, text(profile))
        setup = element(
            "StreamSetup",
            MEDIA,
            element("Stream", SCHEMA, "RTP-Unicast")
            + element("Transport", SCHEMA, element("Protocol", SCHEMA, "RTSP")),
        )
        snapshot = await self._uri(media, "GetSnapshotUri", token, when, deadline)
        stream = await self._uri(media, "GetStreamUri", setup + token, when, deadline)
        if not snapshot and not stream:
            raise _answer("The camera names no address of a still or a stream (ONVIF).")
        return Found(profile, snapshot, stream, ahead, at)

    async def _clock(self, target: Target, at: datetime, deadline: Deadline) -> timedelta:
        question = element("GetSystemDateAndTime", DEVICE)
        try:
            answer = await call(self._client, target, question, None, deadline)
        except CameraUnreachable as error:
            if error.phase in {Phase.ANSWER, Phase.SIGN_IN}:
                return timedelta()  # some want a signature even here; then ours must do
            raise
        theirs = clock_of(answer)
        return timedelta() if theirs is None else theirs - at.replace(microsecond=0)

    async def _media(self, target: Target, when: datetime, deadline: Deadline) -> str:
        question = element("GetCapabilities", DEVICE, element("Category", DEVICE, "Media"))
        try:
            answer = await call(self._client, target, question, when, deadline)
            address = answer.value("Capabilities", "Media", "XAddr")
        except CameraUnreachable as error:
            if error.phase is not Phase.ANSWER:
                raise
            address = ""
        if address:
            return address
        question = element("GetServices", DEVICE, element("IncludeCapability", DEVICE, "false"))
        answer = await call(self._client, target, question, when, deadline)
        for service in answer.all("Service"):
            if service.value("Namespace") == MEDIA:
                return service.value("XAddr")
        raise _answer("The camera has no media service (ONVIF).")

    async def _uri(
        self, media: Target, name: str, content: str, when: datetime, deadline: Deadline
    ) -> str:
        try:
            question = element(name, MEDIA, content)
            answer = await call(self._client, media, question, when, deadline)
        except CameraUnreachable as error:
            if error.phase is Phase.ANSWER:
                return ""  # a camera need not have both
            raise
        return answer.value("MediaUri", "Uri")

    async def _take(
        self, target: Target, found: Found, deadline: Deadline
    ) -> tuple[bytes, Mapping[str, str]]:
        if found.snapshot:
            try:
                place = target.elsewhere(found.snapshot, HTTP)
                reply = await take_still(self._client, place, self._limits.max_bytes, deadline)
            except CameraUnreachable as error:
                if not found.stream or error.phase not in _TRY_THE_STREAM:
                    raise
            else:
                return reply.data, {"by": "http", "sign_in": reply.sign_in}
        place = target.elsewhere(found.stream, RTSP)
        data, facts = await take_key_frame(self._network, place, self._limits, deadline)
        return data, {"by": "rtsp", **facts}

    def _kept(self, key: str, at: datetime) -> Found | None:
        found = self._found.get(key)
        return found if found and abs(at - found.at) < KEPT_FOR else None

    def _keep(self, key: str, found: Found) -> None:
        self._found[key] = found
        self._found.move_to_end(key)
        while len(self._found) > KEPT:
            self._found.popitem(last=False)


def _choose(profiles: Node, wanted: str) -> str:
    """The token of the profile of that token or name; without one, the first with video."""
    found = [profile for profile in profiles.all("Profiles") if profile.attributes.get("token")]
    for profile in found:
        if wanted and wanted in {profile.attributes["token"], profile.value("Name")}:
            return profile.attributes["token"]
    if wanted:
        raise CameraUnreachable(Phase.SETTINGS, "The camera has no profile of this name (ONVIF).")
    with_video = [profile for profile in found if profile.find("VideoEncoderConfiguration")]
    for profile in [*with_video, *found]:
        return profile.attributes["token"]
    raise _answer("The camera has no profile (ONVIF).")


def _key(source: Mapping[str, Any]) -> str:
    """A name for the source that gives nothing of it away."""
    content = json.dumps(dict(source), sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())


def _answer(message: str) -> CameraUnreachable:
    return CameraUnreachable(Phase.ANSWER, message)
