"""Asking for a new password: the same words and the same time whoever asks (TRUST 19)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.database import IDENTITY, transaction
from webapp.identity.browser import Visitor
from webapp.identity.guard import TooMany, network_of, take
from webapp.identity.links import LIVES, create_link
from webapp.identity.models import Account, LinkPurpose, Organisation, Outbox
from webapp.identity.outbox import RESET_REQUESTED, write, write_letter
from webapp.identity.parts import Parts
from webapp.mail.letters import Letter

# How often one address of the network may ask, and how often one may ask for a mail address.
MOST_OF_NETWORK = 10
MOST_OF_MAIL = 3
WITHIN = timedelta(minutes=15)


async def ask_for_reset(
    parts: Parts, mail: str, language: str, visitor: Visitor, at: datetime
) -> None:
    """Write down that somebody asks; who that is, is looked up only later.

    Too many for one mail address are dropped without a word: its owner has mails already.
    Raises ``TooMany`` when this network asks too often.
    """
    if not await take(f"reset {network_of(visitor.address)}", MOST_OF_NETWORK, WITHIN, at):
        raise TooMany
    if not await take(f"reset of {mail}", MOST_OF_MAIL, WITHIN, at):
        return
    asked = secrets.token_urlsafe(16)
    sealed = parts.sealer.seal({"mail": mail, "language": language, "asked": asked})
    await write(RESET_REQUESTED, {"sealed": sealed}, f"reset:{asked}", at)
    parts.wake()


async def send_reset_link(parts: Parts, payload: Mapping[str, Any]) -> None:
    """Make a link and write its letter, if the mail address belongs to somebody.

    The channel of ``RESET_REQUESTED``. Done twice, it still makes one link and one letter.
    """
    at = datetime.now(UTC)
    asked = parts.sealer.unseal(str(payload["sealed"]))
    key = f"letter of reset:{asked['asked']}"
    async with transaction(IDENTITY):
        account = await Account.select_for_update().get_or_none(mail=asked["mail"])
        # An invitation that nobody took in time is not revived by this: an admin resends it.
        if account is None or not account.password_hash or await Outbox.exists(dedupe_key=key):
            return
        if await Organisation.exists(id=account.organisation_id, suspended_at__not_isnull=True):
            return
        url = await create_link(account, LinkPurpose.RESET, parts.settings, at)
        minutes = LIVES[LinkPurpose.RESET] // timedelta(minutes=1)
        values = {"name": account.name, "url": url, "minutes": minutes}
        letter = Letter(
            "password_reset",
            account.mail,
            asked["language"],
            values,
            time_zone=account.time_zone,
        )
        await write_letter(letter, parts.sealer, key, at)
    parts.wake()
