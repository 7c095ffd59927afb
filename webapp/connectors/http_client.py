"""Asking a camera over HTTP: sign-in as it wants it, bounded redirects, bounded answers."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property

import httpx
from nigiwai_connector_api import Deadline
from nigiwai_connector_api.http import GuardedTransport

from webapp.connectors import CameraUnreachable, Network, Phase, Step
from webapp.connectors.addresses import Target

MAX_REDIRECTS = 3
MAX_PARTS = 2_000  # of an answer, and one more for each KiB of it
SIGN_IN_NONE, SIGN_IN_BASIC, SIGN_IN_DIGEST = "none", "basic", "digest"


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask: a method, headers, a body, and how large the answer may be.

    ``check`` raises ``CameraUnreachable`` for a response whose body need not be read.
    ``signs_in`` answers a challenge with name and password; without, the refusal is the answer.
    """

    method: str
    headers: Mapping[str, str]
    max_bytes: int
    check: Callable[[httpx.Response], None]
    body: bytes | None = None
    follows_redirects: bool = True
    signs_in: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes of an answer, the sign-in that the camera asked for, and its own clock.

    ``status`` and ``headers`` are for whoever did not refuse all but 200 in ``check``.
    """

    data: bytes
    sign_in: str
    date: datetime | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpClient:
    """Asks cameras; one for all, with a transport of its own for each request."""

    def __init__(self, network: Network) -> None:
        self._network = network
        # These two write addresses and, in detail, the Authorization header into the log.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    async def ask(self, target: Target, question: Question, deadline: Deadline) -> Reply:
        """Ask, and follow redirects; raises ``CameraUnreachable`` with its phase."""
        try:
            return await self._follow(target, question, deadline)
        except httpx.TimeoutException:
            raise deadline.missed() from None
        except httpx.ConnectError as error:
            raise CameraUnreachable(
                Phase.CONNECT, _why_no_connection(error), deadline.step
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError):
            message = "The camera broke off in the middle of its answer."
            raise CameraUnreachable(Phase.ANSWER, message, deadline.step) from None
        except ValueError:  # httpx reads a redirect's address as soon as it comes
            message = "The camera's answer makes no sense."
            raise CameraUnreachable(Phase.ANSWER, message, deadline.step) from None

    async def _follow(self, target: Target, question: Question, deadline: Deadline) -> Reply:
        for _ in range(MAX_REDIRECTS + 1):
            certificates = self._unverified if target.any_certificate else self._verified
            transport = GuardedTransport(self._network, certificates, deadline)
            client = httpx.AsyncClient(
                transport=transport, timeout=deadline.timeout, trust_env=False
            )
            try:
                async with client:
                    answer = await _ask_once(client, target, question, deadline)
            finally:
                await transport.hang_up()
            if isinstance(answer, Reply):
                return answer
            target = answer
        raise _answer("The camera redirects too often.")

    @cached_property
    def _verified(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    @cached_property
    def _unverified(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


async def _ask_once(
    client: httpx.AsyncClient, target: Target, question: Question, deadline: Deadline
) -> Reply | Target:
    """One request, with a second one when the camera wants to know who asks."""
    request = httpx.Request(
        question.method, target.url, headers=dict(question.headers), content=question.body
    )
    sign_in = SIGN_IN_NONE
    response = await client.send(request, stream=True)
    try:
        if question.signs_in and response.status_code == httpx.codes.UNAUTHORIZED:
            await response.aclose()
            signed, sign_in = _signed(request, response, target)
            response = await client.send(signed, stream=True)
        if response.has_redirect_location:
            if not question.follows_redirects:
                raise _answer("The camera sends on to another address; enter that one.")
            return target.moved(response.headers["location"])
        question.check(response)
        deadline.enter(Step.BODY)
        data = await _read(response, question.max_bytes)
        return Reply(data, sign_in, _date(response), response.status_code, response.headers)
    finally:
        await response.aclose()


def _date(response: httpx.Response) -> datetime | None:
    """When the camera says it is; None when it says nothing that makes sense."""
    try:
        date = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    length = response.headers.get("content-length", "0")
    parts: list[bytes] = []
    size = int(length) if length.isdecimal() and len(length) < 20 else 0
    if size <= max_bytes:
        size = 0
        async for part in response.aiter_raw():
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                break
            if len(parts) > MAX_PARTS + size // 1024:
                raise _answer("The camera sends its answer in too many pieces.")
    if size > max_bytes:
        raise _answer("The camera's answer is larger than pictures may be.")
    return b"".join(parts)


def _signed(
    request: httpx.Request, response: httpx.Response, target: Target
) -> tuple[httpx.Request, str]:
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
            return flow.send(response), SIGN_IN_DIGEST
        if "basic" in schemes:
            basic = httpx.BasicAuth(target.user, target.password)
            return next(basic.auth_flow(request)), SIGN_IN_BASIC
    except (httpx.ProtocolError, KeyError, NotImplementedError, StopIteration, ValueError):
        pass
    message = "The camera asks for a kind of sign-in that is not known here."
    raise CameraUnreachable(Phase.SIGN_IN, message)


def check_status(response: httpx.Response) -> None:
    """Accept 200 alone; say in words what another status means."""
    status = response.status_code
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise CameraUnreachable(Phase.SIGN_IN, "The camera refuses this user name and password.")
    if status == httpx.codes.NOT_FOUND:
        raise _answer("The camera has nothing at this address.")
    if status != httpx.codes.OK:
        raise _answer(f"The camera answered with the error {status}.")


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
