"""Sending a mail to where ``NIGIWAI_MAIL_URL`` says.

Nothing in here tells what a mail says, nor what a server answered in words: servers quote the
mails that they refuse, and links in those open doors.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib
import anyio.to_thread

from webapp.errors import PermanentFailure, StartRefused, TemporaryFailure
from webapp.mail import folder
from webapp.settings import Settings

NOT_SET = "NIGIWAI_MAIL_URL is not set: no mail is sent."
TIMEOUT = 15.0  # seconds for each step of the conversation with a server

_NO_SERVER = (
    "NIGIWAI_MAIL_URL is no mail server: smtp://user:password@host:587 or smtps://…:465, "
    "with %40 for @ and the like in a password."
)
_AWAY = (aiosmtplib.SMTPException, OSError, ValueError)


class Encryption(Enum):
    """How the way to the server is encrypted; the values are those of aiosmtplib."""

    FROM_START = "tls"
    STARTTLS = True
    IF_OFFERED = None
    NEVER = False


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as the settings name it."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    encryption: Encryption = Encryption.IF_OFFERED


def read_server(url: str) -> Server:
    """Understand ``smtp://`` and ``smtps://``; ``StartRefused`` when it makes no sense.

    A password goes over an encrypted connection only. ``?starttls=never`` is for a server on
    this very machine, whose certificate is of its own making.
    """
    try:
        parts = urlsplit(url)
        port, options = parts.port, dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise StartRefused(_NO_SERVER) from None
    host, username = parts.hostname or "", unquote(parts.username or "")
    never = options.pop("starttls", "") == "never"
    if not host or parts.path.strip("/") or parts.fragment or options:
        raise StartRefused(_NO_SERVER)
    if never and not folder.is_loopback(host):
        raise StartRefused("NIGIWAI_MAIL_URL: starttls=never is for a server on this machine.")
    if parts.scheme == "smtps":
        encryption, usual = Encryption.FROM_START, 465
    elif never:
        encryption, usual = Encryption.NEVER, 25
    elif username:
        encryption, usual = Encryption.STARTTLS, 587
    else:
        encryption, usual = Encryption.IF_OFFERED, 25
    return Server(host, port or usual, username, unquote(parts.password or ""), encryption)


def check_mail(settings: Settings) -> None:
    """Refuse a setting under which no mail could ever be sent."""
    if not settings.mail_url:
        raise StartRefused(NOT_SET)
    if not folder.has_mailbox(settings):
        read_server(settings.mail_url)


async def send(message: EmailMessage, settings: Settings) -> None:
    """Send one mail; ``TemporaryFailure`` or ``PermanentFailure`` when that fails."""
    if not settings.mail_url:
        raise TemporaryFailure(NOT_SET)
    if folder.has_mailbox(settings):
        await anyio.to_thread.run_sync(folder.put, message, settings)
        return
    async with connected(settings) as client:
        await _hand_over(client, message)


@contextlib.asynccontextmanager
async def connected(
    settings: Settings,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - of each step
) -> AsyncIterator[aiosmtplib.SMTP]:
    """A connection to the mail server, signed in; ``TemporaryFailure`` when there is none."""
    try:
        server = read_server(settings.mail_url)
    except StartRefused as error:
        raise TemporaryFailure(str(error)) from None
    client = _client(server, settings, timeout)
    try:
        await _connect(client, server)
        yield client
        # The mail is the server's by now; a farewell that fails would only send it twice.
        with contextlib.suppress(*_AWAY):
            await client.quit()
    finally:
        client.close()


def _client(server: Server, settings: Settings, timeout: float) -> aiosmtplib.SMTP:
    from_start = server.encryption is Encryption.FROM_START
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username or None,
        password=server.password if server.username else None,
        use_tls=from_start,
        start_tls=False if from_start else server.encryption.value,
        local_hostname=_own_name(settings),
        timeout=timeout,
    )


async def _connect(client: aiosmtplib.SMTP, server: Server) -> None:
    where = f"{server.host} port {server.port}"
    try:
        await client.connect()
    except aiosmtplib.SMTPAuthenticationError as error:
        raise TemporaryFailure(
            f"The mail server {where} refuses the user name or password ({error.code})."
        ) from None
    except aiosmtplib.SMTPResponseException as error:
        raise TemporaryFailure(f"The mail server {where} turns us away ({error.code}).") from None
    except _AWAY as error:
        raise TemporaryFailure(f"The mail server {where} {_why_not(error)}.") from None


def _why_not(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "has a certificate that is not trusted, or speaks no TLS there"
    if type(error) in {aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported}:
        return "offers no STARTTLS or no sign-in; a password needs both"
    return f"cannot be reached ({type(error).__name__})"


async def _hand_over(client: aiosmtplib.SMTP, message: EmailMessage) -> None:
    """Hand one mail over. Only a refused recipient or mail is given up: the rest may be mended."""
    sender, to = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
    try:
        await client.sendmail(sender, [to], message.as_bytes())
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _refused("the recipient", error.recipients[0].code) from None
    except aiosmtplib.SMTPDataError as error:
        raise _refused("the mail", error.code) from None
    except aiosmtplib.SMTPResponseException as error:
        raise TemporaryFailure(f"The mail server refuses the sender ({error.code}).") from None
    except _AWAY as error:
        raise TemporaryFailure(
            f"The mail server did not answer to the end ({type(error).__name__})."
        ) from None


def _refused(what: str, code: int) -> PermanentFailure | TemporaryFailure:
    words = f"The mail server refuses {what} ({code})."
    return PermanentFailure(words) if code >= 500 else TemporaryFailure(words)


def _own_name(settings: Settings) -> str:
    """How we introduce ourselves: by the name under which users reach us."""
    host = urlsplit(settings.origin).hostname or "localhost"
    try:
        address = ip_address(host)
    except ValueError:
        return host.encode("idna").decode()
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
