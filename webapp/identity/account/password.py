"""A new password by whoever knows the current one (TRUST 17)."""

from __future__ import annotations

from datetime import datetime

from webapp.database import IDENTITY, transaction
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.account.step_up import prove_password
from webapp.identity.account.telling import note, tell
from webapp.identity.browser import Visitor
from webapp.identity.endings import end_sign_ins
from webapp.identity.flows.new_password import PASSWORD
from webapp.identity.models import Account, MailChange, OneTimeLink, Session
from webapp.identity.parts import Parts
from webapp.identity.passwords import check_password, normal
from webapp.identity.sessions import renew_session

MISSING = N_("新しいパスワードを入力してください。")
NOT_AGAIN = N_("確認のための入力が、新しいパスワードと一致しません。")
SAME = N_("現在と同じパスワードです。別のパスワードにしてください。")
CHANGED_MEANWHILE = N_(
    "別の画面でパスワードが変更されました。新しい現在のパスワードで、もう一度お試しください。"
)


async def change_password(
    parts: Parts,
    session: Session,
    current: str,
    password: str,
    again: str,
    visitor: Visitor,
    at: datetime,
) -> str:
    """Change the password and return the new token of this sign-in. Raises ``UserError``.

    1. The current one is compared, and the new one is checked and hashed, before anything is
       locked.
    2. In one transaction: the password is set if it is still the one that was compared, links
       for another password or mail address are void, every other sign-in ends, this one has
       a new token, and the owner's letter is written.
    """
    account = session.account
    await prove_password(parts, account, current, at)
    if not password:
        raise UserError(MISSING, field="password")
    check_password(password, account.mail, account.name)
    if normal(password) == normal(current):
        raise UserError(SAME, field="password")
    if normal(password) != normal(again):
        raise UserError(NOT_AGAIN, field="again")
    hashed = await parts.passwords.hash(password)
    async with transaction(IDENTITY):
        same = Account.filter(id=account.id, password_hash=account.password_hash)
        if not await same.update(password_hash=hashed, password_changed_at=at):
            raise UserError(CHANGED_MEANWHILE, field="current")
        await OneTimeLink.filter(account=account, used_at=None).delete()
        await MailChange.filter(account=account).delete()
        await end_sign_ins(account, at, keep=session)
        token = await renew_session(session)
        await note(account, PASSWORD, visitor, at, by="account")
        await tell(parts, "password_changed", account, visitor, at)
    parts.wake()
    return token
