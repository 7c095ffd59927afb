"""Questions to an ONVIF device: SOAP 1.2, signed with a WS-Security user name token."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import httpx
from nigiwai_connector_api import Deadline

from webapp.connectors import CameraUnreachable, Phase
from webapp.connectors.addresses import Target
from webapp.connectors.http_client import HttpClient, Question, check_status
from webapp.connectors.safe_xml import Node, XmlRefused, read_xml

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
MAX_ANSWER = 400_000  # bytes; a camera of many profiles sends a tenth of it

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_HEADERS = {
    "Content-Type": "application/soap+xml; charset=utf-8",
    "Accept": "application/soap+xml",
    "Accept-Encoding": "identity",
    "User-Agent": "Nigiwai",
}


async def call(
    client: HttpClient, target: Target, body: str, when: datetime | None, deadline: Deadline
) -> Node:
    """Ask one thing; ``when`` (by the camera's clock) signs it, None leaves it unsigned.

    Raises ``CameraUnreachable``: a fault of the device is an answer, or a refused sign-in.
    """
    security = _token(target, when) if when is not None and target.user else ""
    envelope = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        f"<s:Header>{security}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
    question = Question(
        "POST", _HEADERS, MAX_ANSWER, _check, envelope.encode(), follows_redirects=False
    )
    reply = await client.ask(target, question, deadline)
    try:
        root = read_xml(reply.data)
    except XmlRefused:
        message = "The camera's answer is no ONVIF; check the address."
        raise CameraUnreachable(Phase.ANSWER, message) from None
    _check_fault(root)
    return root


def element(name: str, namespace: str, content: str = "") -> str:
    """An element of a question, in its namespace; ``content`` is XML already."""
    return f"<{name} xmlns={quoteattr(namespace)}>{content}</{name}>"


def text(value: str) -> str:
    """Text as it may stand in XML."""
    return escape(value)


def clock_of(root: Node) -> datetime | None:
    """The camera's clock as it says itself; None when it does not or makes no sense."""
    utc = root.find("UTCDateTime")
    if utc is None:
        return None
    parts = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    try:
        year, month, day, hour, minute, second = (int(utc.value(part)) for part in parts)
        if year > 2200:  # so that whatever is counted from it stays a date
            return None
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _token(target: Target, when: datetime) -> str:
    nonce = secrets.token_bytes(16)
    created = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    both = nonce + created.encode() + target.password.encode()
    # SHA-1 is what the standard asks for.
    digest = base64.b64encode(hashlib.sha1(both, usedforsecurity=False).digest()).decode()
    kind = f"{_WSS}username-token-profile-1.0#PasswordDigest"
    encoding = f"{_WSS}soap-message-security-1.0#Base64Binary"
    return (
        f'<Security s:mustUnderstand="1" xmlns="{_WSS}wssecurity-secext-1.0.xsd"><UsernameToken>'
        f'<Username>{escape(target.user)}</Username><Password Type="{kind}">{digest}</Password>'
        f'<Nonce EncodingType="{encoding}">{base64.b64encode(nonce).decode()}</Nonce>'
        f'<Created xmlns="{_WSS}wssecurity-utility-1.0.xsd">{created}</Created>'
        "</UsernameToken></Security>"
    )


def _check(response: httpx.Response) -> None:
    # Faults come with 400 or 500 and say more than the number does.
    if response.status_code not in {200, 400, 500}:
        check_status(response)


def _check_fault(root: Node) -> None:
    fault = root.find("Body", "Fault")
    if fault is None:
        return
    said = " ".join(node.text for node in fault.walk()).lower()
    if "notauthorized" in said.replace(" ", "") or "failedauthentication" in said:
        raise CameraUnreachable(Phase.SIGN_IN, "The camera refuses this user name and password.")
    raise CameraUnreachable(Phase.ANSWER, "The camera refused the question (ONVIF).")
