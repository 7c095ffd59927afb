"""Setting a password by a one-time link: the first one, or a new one (TRUST 17, 21)."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from webapp.database import IDENTITY, transaction
from webapp.identity.browser import Visitor
from webapp.identity.endings import end_sign_ins
from webapp.identity.guard import forget_tries
from webapp.identity.links import redeem_link
from webapp.identity.models import Account, Event, MailChange, OneTimeLink
from webapp.identity.outbox import write_letter
from webapp.identity.parts import Parts
from webapp.identity.passwords import check_password
from webapp.mail.letters import Letter

PASSWORD = "password"  # noqa: S105 - a kind of event


async def set_password(
    parts: Parts, link: OneTimeLink, password: str, visitor: Visitor, at: datetime
) -> bool:
    """Redeem the link and set the password; False when somebody else was quicker.

    1. The password is checked; ``UserError`` keeps the link good.
    2. It is hashed, which takes a while, before anything is locked.
    3. In one transaction: the link is used up, the password set, every sign-in ended, the
       lock lifted, and the owner's letter written.

    Nobody is signed in by it: whoever holds the link proves the password at the login.
    """
    account = link.account
    check_password(password, account.mail, account.name)
    hashed = await parts.passwords.hash(password)
    async with transaction(IDENTITY):
        # The account comes first wherever more than one row is held.
        await Account.select_for_update().get_or_none(id=account.id)
        if not await redeem_link(link, at):
            return False
        await Account.filter(id=account.id).update(password_hash=hashed, password_changed_at=at)
        # Another one that is still good would open the door a second time.
        await OneTimeLink.filter(account=account, used_at=None).delete()
        # So would a new mail address that was asked for with the old password.
        await MailChange.filter(account=account).delete()
        await end_sign_ins(account, at)
        await forget_tries(account.mail)
        await _tell(parts, link, visitor, at)
    parts.wake()
    return True


async def _tell(parts: Parts, link: OneTimeLink, visitor: Visitor, at: datetime) -> None:
    """Write the event, and the letter by which the owner would notice a stranger."""
    account = link.account
    await Event.create(
        account=account,
        kind=PASSWORD,
        at=at,
        address=visitor.address[:45],
        browser=visitor.browser,
        details={"by": link.purpose.value},
    )
    values = {
        "name": account.name,
        "at": at.astimezone(UTC).isoformat(),
        "address": visitor.address,
    }
    letter = Letter(
        "password_changed", account.mail, account.language, values, time_zone=account.time_zone
    )
    await write_letter(letter, parts.sealer, f"password:{secrets.token_urlsafe(16)}", at)
