"""Telling a webhook: one signed POST, by the convention of Standard Webhooks.

The receiver recognises a message that comes a second time by ``webhook-id``, and forgeries by
``webhook-signature``: "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import ssl
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import httpx
from nigiwai_connector_api import CameraUnreachable, Deadline
from nigiwai_connector_api.http import GuardedTransport

from webapp.connectors.addresses import parse_url
from webapp.connectors.network import Network
from webapp.errors import PermanentFailure, TemporaryFailure

TIMEOUT = 10.0
SECRET_PREFIX = "whsec_"  # noqa: S105 - the convention's, no secret
_SECRET_BYTES = 24
# The receiver wants to be asked again, though its answer begins with a 4.
_LATER = frozenset({408, 409, 425, 429})


def make_secret() -> str:
    """A new secret in the form that libraries of the convention take."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, identifier: str, timestamp: int, body: bytes) -> str:
    """The signature of one message; ``PermanentFailure`` for a secret that is none."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise PermanentFailure("The webhook's secret is none.") from None
    message = f"{identifier}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


async def post(
    network: Network,
    url: str,
    secret: str,
    identifier: str,
    message: Mapping[str, Any],
    at: datetime,
) -> None:
    """Post one message; 2xx is success, redirects are not followed.

    Raises ``TemporaryFailure`` or ``PermanentFailure``; neither names the address.
    """
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = int(at.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "Nigiwai",
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, identifier, timestamp, body),
    }
    deadline = Deadline(TIMEOUT)
    try:
        async with deadline:
            status = await _send(network, url, headers, body, deadline)
    except CameraUnreachable as error:
        raise TemporaryFailure(f"The webhook cannot be reached ({error.phase.value}).") from None
    except httpx.TimeoutException:
        raise TemporaryFailure("The webhook cannot be reached (timeout).") from None
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError):
        raise TemporaryFailure("The webhook cannot be reached (connect).") from None
    if 200 <= status < 300:
        return
    words = f"The webhook answered {status}."
    if 300 <= status < 500 and status not in _LATER:
        raise PermanentFailure(words)
    raise TemporaryFailure(words)


async def _send(
    network: Network, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> int:
    transport = GuardedTransport(network, _certificates(), deadline)
    client = httpx.AsyncClient(transport=transport, timeout=TIMEOUT, trust_env=False)
    request = httpx.Request("POST", parse_url(url), headers=dict(headers), content=body)
    try:
        async with client:
            # What the receiver says beyond its status is nobody's business: it is not read.
            response = await client.send(request, stream=True)
            await response.aclose()
            return response.status_code
    finally:
        await transport.hang_up()


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()
