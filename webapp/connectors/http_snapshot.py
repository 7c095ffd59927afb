"""A still over HTTP or HTTPS, as most network cameras offer it.

The source: ``{"url": …, "user": …, "password": …, "any_certificate": bool}``; all but the
address may be missing. The last one is for cameras that sign their own certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
from nigiwai_connector_api import ConnectorInfo, Deadline, Field, Kind, hookimpl

from webapp.connectors import CameraUnreachable, Connector, Phase, Still, Surroundings
from webapp.connectors.addresses import HTTP, Target, parse_url, read_target
from webapp.connectors.http_client import HttpClient, Question, Reply, check_status

__all__ = ["HttpSnapshotConnector", "parse_url", "take_still"]

NAME = "http_snapshot"
HEADERS = {
    "Accept": "image/jpeg, image/png",
    "Accept-Encoding": "identity",
    "User-Agent": "Nigiwai",
}

USER = Field("user", Kind.TEXT, {"ja": "ユーザ名", "en": "User name"})
PASSWORD = Field("password", Kind.PASSWORD, {"ja": "パスワード", "en": "Password"})
ANY_CERTIFICATE = Field(
    "any_certificate",
    Kind.SWITCH,
    {"ja": "自己署名の証明書を許可する", "en": "Accept a self-signed certificate"},
)


@hookimpl
def connector_info() -> ConnectorInfo:
    """A still by HTTP or HTTPS."""
    return ConnectorInfo(
        name=NAME,
        titles={"ja": "HTTPスナップショット", "en": "HTTP snapshot"},
        descriptions={
            "ja": "カメラの静止画のURLから取得します（Basic認証・Digest認証）。",
            "en": "Asks the camera's still at its URL (Basic and Digest sign-in).",
        },
        version="1",
        fields=(
            Field(
                "url",
                Kind.ADDRESS,
                {"ja": "スナップショットのURL", "en": "Snapshot URL"},
                {"ja": "例: http://192.168.1.20/snapshot.jpg", "en": "http://192.168.1.20/still"},
                required=True,
                schemes=HTTP,
            ),
            USER,
            PASSWORD,
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
    return HttpSnapshotConnector(surroundings) if name == NAME else None


class HttpSnapshotConnector:
    """Asks a camera for one still; every failure is a ``CameraUnreachable`` with its phase."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._max_bytes = surroundings.limits.max_bytes
        self._client = HttpClient(surroundings.network)

    async def fetch(
        self,
        source: Mapping[str, Any],
        at: datetime,
        timeout: float,  # noqa: ASYNC109 -- one deadline over all phases
    ) -> Still:
        """One still as the camera gives it now; its time is ``at``."""
        target = read_target(source)
        async with Deadline(timeout) as deadline:
            reply = await take_still(self._client, target, self._max_bytes, deadline)
        return Still(reply.data, at, facts_of(reply, at), deadline.seconds)


def facts_of(reply: Reply, at: datetime) -> Mapping[str, str]:
    """What a person may want to know: the sign-in, and how far the camera's clock is behind.

    The clock says nothing of the picture's age: many cameras were never told the time.
    """
    facts = {"sign_in": reply.sign_in}
    if reply.date is not None:
        facts["clock_behind"] = str(round((at - reply.date).total_seconds()))
    return facts


async def take_still(
    client: HttpClient, target: Target, max_bytes: int, deadline: Deadline
) -> Reply:
    """Ask for a still, and see to it that it is a JPEG or PNG by its first bytes."""
    question = Question("GET", HEADERS, max_bytes, _check_answer)
    reply = await client.ask(target, question, deadline)
    check_picture(reply.data)
    return reply


def _check_answer(response: httpx.Response) -> None:
    check_status(response)
    if response.headers.get("content-type", "").lower().startswith("multipart/"):
        raise _answer("The camera answered with a video stream; give the address of its still.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise _answer("The camera answered in an encoding that was not asked for.")


def check_picture(data: bytes) -> None:
    if not data:
        raise _answer("The camera's answer is empty.")
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return
    if data.startswith(b"--"):
        raise _answer("The camera answered with a video stream; give the address of its still.")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise _answer("The camera answered with a page, not a picture.")
    raise _answer("The camera's answer is neither a JPEG nor a PNG.")


def _answer(message: str) -> CameraUnreachable:
    return CameraUnreachable(Phase.ANSWER, message)
