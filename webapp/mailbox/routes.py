"""The mailbox of the demo: mails that would have been sent, for whoever sits at this machine.

The links in them sign people in. So the pages are there only while ``NIGIWAI_MAIL_URL`` is
``mailbox:``, and only for a browser on this machine that comes straight and by no proxy.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from webapp.errors import StartRefused
from webapp.http import page, services_of
from webapp.mail import folder
from webapp.middleware import CONTENT_SECURITY_POLICY
from webapp.settings import Settings

_STYLES = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_NONE = "'none'"
# Proxies say by these for whom they ask.
_BY_PROXY = ("x-forwarded-for", "x-forwarded-host", "forwarded", "via")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the pages show it."""

    name: str
    subject: str
    sender: str
    to: str
    at: datetime
    text: str
    html: str


def check_mailbox(settings: Settings) -> None:
    """Refuse to start with a mailbox that others could read."""
    hosts = [settings.listen_host, urlsplit(settings.origin).hostname or ""]
    if settings.has_own_identity:
        hosts += [settings.identity_listen_host, urlsplit(settings.identity_origin).hostname or ""]
    if folder.has_mailbox(settings) and not all(folder.is_loopback(host) for host in hosts):
        raise StartRefused(
            "NIGIWAI_MAIL_URL is mailbox:, which shows every mail to whoever reaches the app: "
            "it is for this machine alone. Listen on 127.0.0.1 with a localhost origin, "
            "or name a mail server (smtp://…)."
        )


async def mailbox_page(request: Request) -> Response:
    """List the mails, the newest first."""
    settings = _settings_for(request)
    mails = await anyio.to_thread.run_sync(_all, settings)
    return page(request, "mailbox/list.html", mails=mails)


async def message(request: Request) -> Response:
    """Show one mail: its headers, its text, and its HTML in a frame."""
    mail = await _mail(request)
    response = page(request, "mailbox/message.html", mail=mail)
    response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
    return response


async def message_html(request: Request) -> Response:
    """Answer the HTML of a mail as it is: without scripts, and with no styles but its own."""
    mail = await _mail(request)
    return HTMLResponse(mail.html, headers={"Content-Security-Policy": _policy_for(mail.html)})


def _settings_for(request: Request) -> Settings:
    """The settings, for a visitor who may see the mails; 404 for all others."""
    settings = services_of(request).settings
    straight = not any(name in request.headers for name in _BY_PROXY)
    here = folder.is_loopback(request.state.address)
    if not (folder.has_mailbox(settings) and straight and here):
        raise HTTPException(404)
    return settings


async def _mail(request: Request) -> Mail:
    settings, name = _settings_for(request), request.path_params["name"]
    mail = await anyio.to_thread.run_sync(_read, name, settings)
    if mail is None:
        raise HTTPException(404)
    return mail


def _all(settings: Settings) -> list[Mail]:
    mails = (_read(name, settings) for name in folder.names(settings))
    return [mail for mail in mails if mail is not None]


def _read(name: str, settings: Settings) -> Mail | None:
    message = folder.get(name, settings)
    if message is None:
        return None
    return Mail(
        name=name,
        subject=str(message["Subject"]),
        sender=str(message["From"]),
        to=str(message["To"]),
        at=message["Date"].datetime,
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _policy_for(html: str) -> str:
    """A policy under which the mail's own styles hold, and nothing is loaded or run."""
    hashes = [hashlib.sha256(style.encode()).digest() for style in _STYLES.findall(html)]
    styles = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in hashes) or _NONE
    return (
        "sandbox allow-popups allow-popups-to-escape-sandbox; "
        f"default-src 'none'; style-src {styles}; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
