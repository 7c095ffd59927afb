"""The demo's mail server: a folder of mails, shown on a page of the app (``mailbox:``)."""

from __future__ import annotations

import os
import re
import tempfile
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from ipaddress import ip_address
from pathlib import Path

from webapp.settings import Settings

MAILBOX = "mailbox:"
KEPT = 200  # mails; older ones go

_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{32}")
_UNFINISHED = ".arriving-"


def has_mailbox(settings: Settings) -> bool:
    """Whether mails stay in this folder instead of being sent."""
    return settings.mail_url.startswith(MAILBOX)


def is_loopback(host: str) -> bool:
    """Whether this is a name or an address of this very machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def put(message: EmailMessage, settings: Settings) -> None:
    """Write a mail whole or not at all; one that was put there before stays as it is."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"{_name_of(message)}.eml"
    if target.exists():
        return
    handle, unfinished = tempfile.mkstemp(dir=folder, prefix=_UNFINISHED)
    with os.fdopen(handle, "wb") as file:
        file.write(message.as_bytes())
    Path(unfinished).replace(target)
    _prune(folder)


def names(settings: Settings) -> list[str]:
    """The names of the mails, the newest first."""
    found = (path.stem for path in _folder(settings).glob("*.eml"))
    return sorted((name for name in found if _NAME.fullmatch(name)), reverse=True)


def get(name: str, settings: Settings) -> EmailMessage | None:
    """One mail, or None when there is none of that name."""
    if not _NAME.fullmatch(name):
        return None
    try:
        data = (_folder(settings) / f"{name}.eml").read_bytes()
    except FileNotFoundError:
        return None
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(data)


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "mailbox"


def _name_of(message: EmailMessage) -> str:
    """When it was written, and its own sign: the same for a mail that comes a second time."""
    sign = str(message["Message-ID"]).strip("<>").partition("@")[0]
    return f"{message['Date'].datetime:%Y%m%dT%H%M%SZ}-{sign}"


def _prune(folder: Path) -> None:
    """Remove the mails beyond the newest, and what a process that died left half-written."""
    for path in sorted(folder.glob("*.eml"), reverse=True)[KEPT:]:
        path.unlink(missing_ok=True)
    for path in sorted(folder.glob(f"{_UNFINISHED}*"))[KEPT:]:
        path.unlink(missing_ok=True)
