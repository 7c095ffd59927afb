"""The camera cloud as it is asked: OAuth 2 and the REST contract of ``docs/camera-cloud.md``.

Authlib prepares what the protocol wants; every question goes through the guarded network, in
bounded time, and no answer is believed before it was looked at.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from nigiwai_connector_api import Deadline, Network

from webapp.connectors import CameraUnreachable, Phase
from webapp.connectors.addresses import Target, parse_url
from webapp.connectors.http_client import HttpClient, Question, Reply
from webapp.errors import TemporaryFailure

AUTHORIZE, TOKEN, REVOKE = "/oauth/authorize", "/oauth/token", "/oauth/revoke"
CAMERAS = "/api/v1/cameras"
SCOPE = "cameras:read"

MAX_ANSWER = 400_000  # bytes of an answer that is no picture
MAX_CAMERAS = 1_000
MAX_NAME, MAX_ID, MAX_TOKEN = 100, 100, 4_000
# What a cloud that says nothing of it is taken to mean, and the most that is believed.
USUAL_LIFE, LONGEST_LIFE = 300, 86_400  # seconds
# A cloud whose clock is wrong may date a still anywhere; nothing is older than this.
OLDEST = timedelta(days=3650)


class CloudUnreachable(TemporaryFailure):
    """The cloud did not answer, or not in a way that can be understood: try again later."""


class Refused(StrEnum):
    """Why the cloud refused, as far as somebody can do something about it."""

    CONSENT = "consent"  # the token or the consent is over
    OPTION = "option"
    GONE = "gone"
    NOT_RECORDING = "not_recording"
    CLIENT = "client"  # the cloud does not know this installation by its id and secret
    OTHER = "other"


class CloudRefused(Exception):
    """The cloud answered, and said no."""

    def __init__(self, why: Refused, said: str = "") -> None:
        super().__init__(f"The camera cloud refuses ({why.value}{': ' if said else ''}{said}).")
        self.why = why


class Recording(StrEnum):
    """Whether a camera of the cloud is at work."""

    RECORDING = "recording"
    STOPPED = "stopped"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, repr=False)
class CloudTokens:
    """What a consent came to. ``until`` is by our clock: the cloud's may be wrong."""

    access: str
    refresh: str
    until: datetime

    def as_json(self) -> dict[str, Any]:
        """As it is sealed."""
        return {"access": self.access, "refresh": self.refresh, "until": self.until.timestamp()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> CloudTokens:
        """As it was sealed."""
        return cls(kept["access"], kept["refresh"], datetime.fromtimestamp(kept["until"], UTC))


@dataclass(frozen=True, slots=True)
class CloudCamera:
    """A camera as the cloud describes it."""

    id: str
    name: str
    model: str
    has_option: bool
    recording: Recording


@dataclass(frozen=True, slots=True)
class OwnersCameras:
    """Whose consent it is, and the cameras behind it."""

    owner_id: str
    owner_name: str
    cameras: tuple[CloudCamera, ...]


@dataclass(frozen=True, slots=True)
class CloudStill:
    """A picture and the moment at which it was taken, by our clock as far as can be told."""

    data: bytes
    captured_at: datetime


class CloudClient:
    """Asks one camera cloud, the one that the operator named.

    Every question raises ``CloudUnreachable`` when there is no answer that makes sense, and
    ``CloudRefused`` when the answer is no.
    """

    def __init__(self, base: str, client_id: str, secret: str, network: Network) -> None:
        self._target = Target(parse_url(base))
        self._base = base.rstrip("/")
        self._client_id = client_id
        self._secret = secret
        self._http = HttpClient(network)

    def way_to_consent(self, state: str, verifier: str, redirect_uri: str, language: str) -> str:
        """Where the owner's browser goes to say yes."""
        uri: str = prepare_grant_uri(
            self._base + AUTHORIZE,
            client_id=self._client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=SCOPE,
            state=state,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            ui_locales=language,
        )
        return uri

    async def redeem(
        self, code: str, verifier: str, redirect_uri: str, at: datetime, within: float
    ) -> CloudTokens:
        """Tokens for the code that came back. Without a refresh token they are refused."""
        body = prepare_token_request(
            "authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=verifier
        )
        answer = await self._post(TOKEN, body, within)
        return _tokens(answer, at, refresh="")

    async def refresh(self, refresh_token: str, at: datetime, within: float) -> CloudTokens:
        """New tokens; a cloud that rotates gives another refresh token, one that does not none."""
        body = prepare_token_request("refresh_token", refresh_token=refresh_token)
        return _tokens(await self._post(TOKEN, body, within), at, refresh=refresh_token)

    async def revoke(self, refresh_token: str, within: float) -> None:
        """Give the consent up."""
        body = f"token={quote_plus(refresh_token)}&token_type_hint=refresh_token"
        await self._post(REVOKE, body, within)

    async def cameras(self, access: str, within: float) -> OwnersCameras:
        """The owner's cameras, those without the option among them."""
        reply = await self._get(CAMERAS, access, MAX_ANSWER, within)
        return _owners_cameras(_json(reply))

    async def still(
        self, access: str, camera: str, at: datetime, max_bytes: int, within: float
    ) -> CloudStill:
        """The newest picture of a camera."""
        path = f"{CAMERAS}/{quote(camera, safe='')}/still"
        reply = await self._get(path, access, max_bytes, within)
        return CloudStill(reply.data, _captured_at(reply, at))

    async def _post(self, path: str, body: str, within: float) -> Mapping[str, Any]:
        pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        reply = await self._ask("POST", path, headers, body.encode(), MAX_ANSWER, within)
        if reply.status == httpx.codes.OK:
            return _json(reply) if path == TOKEN else {}
        raise CloudRefused(_why_no_token(reply), _error_of(reply))

    async def _get(self, path: str, access: str, max_bytes: int, within: float) -> Reply:
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json, image/jpeg"}
        reply = await self._ask("GET", path, headers, None, max_bytes, within)
        if reply.status != httpx.codes.OK:
            raise CloudRefused(_why(reply), _error_of(reply))
        return reply

    async def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        max_bytes: int,
        within: float,
    ) -> Reply:
        target = Target(self._target.url.copy_with(raw_path=self._path(path)))
        question = Question(
            method,
            {**headers, "Accept-Encoding": "identity", "User-Agent": "Nigiwai"},
            max_bytes,
            _check,
            body,
            follows_redirects=False,
            signs_in=False,
        )
        try:
            async with Deadline(within) as deadline:
                return await self._http.ask(target, question, deadline)
        except CameraUnreachable as error:
            raise CloudUnreachable(f"The camera cloud does not answer ({error.phase}).") from None

    def _path(self, path: str) -> bytes:
        return (self._target.url.raw_path.rstrip(b"/") + path.encode("ascii")).replace(b"//", b"/")


def _check(response: httpx.Response) -> None:
    """Let pass what says something: yes, or no in words of the contract."""
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise CameraUnreachable(Phase.SERVICE, f"It answers with {response.status_code}.")
    if response.status_code in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.REQUEST_TIMEOUT}:
        raise CameraUnreachable(Phase.SERVICE, "It has too much to do.")


def _json(reply: Reply) -> Mapping[str, Any]:
    try:
        said = json.loads(reply.data)
    except (ValueError, RecursionError):
        raise CloudUnreachable("The camera cloud's answer is no JSON.") from None
    if not isinstance(said, dict):
        raise CloudUnreachable("The camera cloud's answer is no JSON object.")
    return said


def _error_of(reply: Reply) -> str:
    """The error's name, if it is one; whatever else stands there gets into no log."""
    try:
        said = _json(reply).get("error")
    except CloudUnreachable:
        return ""
    plain = isinstance(said, str) and said.isascii() and said.replace("_", "").isalnum()
    return said[:40] if isinstance(said, str) and plain else ""


_BY_ERROR = {
    "option_required": Refused.OPTION,
    "camera_not_found": Refused.GONE,
    "not_recording": Refused.NOT_RECORDING,
}


def _why(reply: Reply) -> Refused:
    if reply.status == httpx.codes.UNAUTHORIZED:
        return Refused.CONSENT
    return _BY_ERROR.get(_error_of(reply), Refused.OTHER)


def _why_no_token(reply: Reply) -> Refused:
    error = _error_of(reply)
    if error == "invalid_grant":
        return Refused.CONSENT
    if error in {"invalid_client", "unauthorized_client"} or reply.status == 401:
        return Refused.CLIENT
    return Refused.OTHER


def _tokens(answer: Mapping[str, Any], at: datetime, refresh: str) -> CloudTokens:
    access = answer.get("access_token")
    given = answer.get("refresh_token", refresh)
    kind = answer.get("token_type", "bearer")
    if not _is_token(access) or not isinstance(kind, str) or kind.lower() != "bearer":
        raise CloudUnreachable("The camera cloud gave no token.")
    if not _is_token(given):
        raise CloudRefused(Refused.OTHER, "no_refresh_token")
    return CloudTokens(str(access), str(given), at + timedelta(seconds=_life(answer)))


def _life(answer: Mapping[str, Any]) -> float:
    """Seconds by the cloud's word, counted on our clock; nonsense is taken for the usual."""
    said = answer.get("expires_in")
    if isinstance(said, str) and said.isdecimal() and len(said) < 10:
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said < 1e9:
        return USUAL_LIFE
    return min(float(said), LONGEST_LIFE)


def _is_token(value: object) -> bool:
    """Whether it is something that may stand in a header."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_TOKEN
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


def _owners_cameras(said: Mapping[str, Any]) -> OwnersCameras:
    owner, listed = said.get("owner"), said.get("cameras")
    if not isinstance(owner, dict) or not isinstance(listed, list):
        raise CloudUnreachable("The camera cloud's list of cameras makes no sense.")
    owner_id = _text(owner.get("id"), MAX_ID)
    if not owner_id:
        raise CloudUnreachable("The camera cloud does not say whose cameras these are.")
    found = [_camera(one) for one in listed[:MAX_CAMERAS] if isinstance(one, dict)]
    cameras = {camera.id: camera for camera in found if camera is not None}
    name = _text(owner.get("name"), MAX_NAME) or owner_id
    return OwnersCameras(owner_id, name, tuple(cameras.values()))


def _camera(said: Mapping[str, Any]) -> CloudCamera | None:
    name = said.get("id")
    if not isinstance(name, str) or not name or len(name) > MAX_ID or not name.isprintable():
        return None  # what has no name cannot be asked for
    recording = said.get("recording")
    known = {one.value for one in Recording}
    return CloudCamera(
        id=name,
        name=_text(said.get("name"), MAX_NAME) or name,
        model=_text(said.get("model"), MAX_NAME),
        has_option=said.get("option") is True,
        recording=Recording(recording if recording in known else "unknown"),
    )


def _text(value: object, longest: int) -> str:
    """A name as it may be shown: one line, without signs that rule the text around them."""
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:longest]


def _captured_at(reply: Reply, at: datetime) -> datetime:
    """When the still was taken, by our clock.

    The cloud's clock may be wrong; what it dates with one clock differs rightly. So the
    still's age is taken from its own answer: when it was taken, when it was sent.
    """
    try:
        taken = datetime.fromisoformat(reply.headers.get("captured-at", ""))
    except ValueError:
        return at
    if taken.tzinfo is None or reply.date is None:
        return at
    age = min(max(reply.date - taken, timedelta(0)), OLDEST)
    return at - age
