"""What is written down of a change, and the letter by which the owner would notice a stranger."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from webapp.identity.browser import Visitor
from webapp.identity.models import Account, Event
from webapp.identity.outbox import write_letter
from webapp.identity.parts import Parts
from webapp.mail.letters import Letter


async def note(account: Account, kind: str, visitor: Visitor, at: datetime, **details: Any) -> None:
    """Write an event of the account. Inside the transaction of the change."""
    await Event.create(
        account=account,
        kind=kind,
        at=at,
        address=visitor.address[:45],
        browser=visitor.browser,
        details=details,
    )


async def tell(
    parts: Parts,
    letter: str,
    account: Account,
    visitor: Visitor,
    at: datetime,
    to: Iterable[str] = (),
    **values: Any,
) -> None:
    """Write a letter about the account, to its mail address or to the given ones.

    Inside the transaction of the change; call ``parts.wake()`` after it.
    """
    values = {
        "name": account.name,
        "at": at.astimezone(UTC).isoformat(),
        "address": visitor.address,
        **values,
    }
    for mail in to or (account.mail,):
        key = f"{letter}:{secrets.token_urlsafe(16)}"
        written = Letter(letter, mail, account.language, values, time_zone=account.time_zone)
        await write_letter(written, parts.sealer, key, at)
