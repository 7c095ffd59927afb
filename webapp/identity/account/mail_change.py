"""A new mail address: taken when the old and the new one have both confirmed it (TRUST 17, 19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from webapp.database import IDENTITY, transaction
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.account.step_up import held
from webapp.identity.account.telling import note, tell
from webapp.identity.browser import Visitor
from webapp.identity.endings import end_sign_ins
from webapp.identity.flows.login import clean_mail
from webapp.identity.guard import TooMany, take
from webapp.identity.models import Account, MailChange, OneTimeLink, Session
from webapp.identity.parts import Parts
from webapp.identity.provisioning import check_mail
from webapp.tokens import new_token, token_hash

ASKED = "mail_change_asked"
STOPPED = "mail_change_stopped"
CHANGED = "mail"

LIVES = timedelta(hours=24)
MOST = 5
WITHIN = timedelta(hours=1)

SAME = N_("現在と同じメールアドレスです。")


class Side(StrEnum):
    """Which of the two addresses a link was sent to."""

    OLD = "old"
    NEW = "new"


class Outcome(StrEnum):
    """What became of a confirmation."""

    WAITING = "waiting"  # the other address is still to confirm
    DONE = "done"
    TAKEN = "taken"  # somebody else has the address by now
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A change that waits, seen from one of its two links."""

    change: MailChange
    side: Side

    @property
    def is_given(self) -> bool:
        """Whether this side has confirmed already."""
        return self._given(self.side)

    @property
    def other_is_given(self) -> bool:
        """Whether the other side has."""
        return self._given(Side.NEW if self.side is Side.OLD else Side.OLD)

    def _given(self, side: Side) -> bool:
        return getattr(self.change, f"{side}_confirmed_at") is not None


async def ask_for_change(
    parts: Parts, account: Account, mail: str, visitor: Visitor, at: datetime
) -> None:
    """Write to both addresses; an earlier change that waits is void.

    An address that somebody has already gets a letter too, without a link: the same happens
    whether it is taken or not. Raises ``UserError`` for the field, and ``TooMany``.
    """
    mail = check_mail(clean_mail(mail))
    if mail == account.mail:
        raise UserError(SAME, field="mail")
    for whose in (f"mail change of {account.id}", f"mail change to {mail}"):
        if not await take(whose, MOST, WITHIN, at):
            raise TooMany
    old, new = new_token(), new_token()
    async with transaction(IDENTITY):
        account = await held(account)
        taken = await Account.exists(mail=mail)
        await MailChange.filter(account=account).delete()
        await MailChange.create(
            account=account,
            mail=mail,
            old_token_hash=token_hash(old),
            new_token_hash=token_hash(new),
            created_at=at,
            expires_at=at + LIVES,
        )
        told: dict[str, Any] = {"new": mail, "hours": LIVES // timedelta(hours=1)}
        origin = f"{parts.settings.identity_origin}/account/mail/confirm"
        await tell(parts, "mail_change_old", account, visitor, at, url=f"{origin}/{old}", **told)
        url = "" if taken else f"{origin}/{new}"
        await tell(parts, "mail_change_new", account, visitor, at, to=[mail], url=url, **told)
        await note(account, ASKED, visitor, at, to=mail)
    parts.wake()


async def waiting_change(account: Account, at: datetime) -> MailChange | None:
    """The change of this account that waits, if there is one."""
    return await MailChange.filter(account=account, expires_at__gt=at).order_by("-id").first()


async def stop_change(account: Account, visitor: Visitor, at: datetime) -> bool:
    """Give the change up; both links are void. False when none was waiting."""
    async with transaction(IDENTITY):
        await Account.select_for_update().get_or_none(id=account.id)
        if not await MailChange.filter(account=account).delete():
            return False
        await note(account, STOPPED, visitor, at)
    return True


async def find_confirmation(token: str, at: datetime) -> Confirmation | None:
    """The change that this link belongs to, if it is still good."""
    hashed = token_hash(token)
    change = await MailChange.get_or_none(
        Q(old_token_hash=hashed) | Q(new_token_hash=hashed),
        expires_at__gt=at,
        account__organisation__suspended_at=None,
    ).select_related("account__organisation")
    if change is None:
        return None
    return Confirmation(change, Side.OLD if change.old_token_hash == hashed else Side.NEW)


async def confirm(
    parts: Parts, token: str, here: Session | None, visitor: Visitor, at: datetime
) -> Outcome:
    """Confirm from one side; from the second one on, the address is changed.

    1. The account is held, as by everybody who changes it, and the side is marked: of two
       links at once the later one sees both marks.
    2. With both marks, whoever deletes the row changes the address, once.
    3. Links to the old address are void, every sign-in but the one ``here`` ends, and both
       addresses are told.
    """
    found = await find_confirmation(token, at)
    if found is None:
        return Outcome.SPENT
    try:
        async with transaction(IDENTITY):
            outcome = await _confirm(parts, found, here, visitor, at)
    except IntegrityError:
        # The address was free when it was asked for. Nothing of the above happened.
        await MailChange.filter(id=found.change.id).delete()
        return Outcome.TAKEN
    parts.wake()
    return outcome


async def _confirm(
    parts: Parts, found: Confirmation, here: Session | None, visitor: Visitor, at: datetime
) -> Outcome:
    account = await Account.select_for_update().get_or_none(id=found.change.account_id)
    if account is None:
        return Outcome.SPENT
    mark = f"{found.side}_confirmed_at"
    row = MailChange.filter(id=found.change.id)
    await row.filter(**{mark: None}).update(**{mark: at})
    if not await row.exists():
        return Outcome.SPENT
    if not await row.filter(
        old_confirmed_at__isnull=False, new_confirmed_at__isnull=False
    ).delete():
        return Outcome.WAITING
    old, new = account.mail, found.change.mail
    await Account.filter(id=account.id).update(mail=new)
    # Whoever reads the old mailbox is not to come in by what was sent there.
    await OneTimeLink.filter(account=account, used_at=None).delete()
    await MailChange.filter(account=account).delete()
    keep = here if here is not None and here.account_id == account.id else None
    await end_sign_ins(account, at, keep)
    await note(account, CHANGED, visitor, at, was=old, now=new)
    await tell(parts, "mail_changed", account, visitor, at, to=[old, new], old=old, new=new)
    return Outcome.DONE
