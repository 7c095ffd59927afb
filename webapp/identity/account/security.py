"""セキュリティ設定: when a second factor is asked for, which one, and who is told (SPEC I4, I5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.database import IDENTITY, transaction
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.account.step_up import held
from webapp.identity.account.telling import note, tell
from webapp.identity.browser import Visitor
from webapp.identity.models import Account, Passkey, SecondFactor, SecondFactorMethod
from webapp.identity.parts import Parts
from webapp.identity.second_factor import passkeys, recovery, totp
from webapp.identity.second_factor.risk import forget_devices

CHANGED = "second_factor"

CODE_WRONG = N_("認証コードが違います。認証アプリに今表示されている6桁の数字を入力してください。")
PASSKEY_NAME_WRONG = passkeys.NAME_WRONG

# What a change says in the letter about it: one sentence each.
SAYS = {
    "always": N_("二段階認証を「有効」にしました。"),
    "risk": N_("二段階認証を「リスクベース」にしました。"),
    "off": N_("二段階認証を「無効」にしました。"),
    "mail": N_("二段階認証方法を「認証コード(メール)」にしました。"),
    "totp": N_("二段階認証方法を「認証アプリ」にしました。"),
    "passkey": N_("二段階認証方法を「パスキー」にしました。"),
    "notice_on": N_("ログイン通知を「有効」にしました。"),
    "notice_off": N_("ログイン通知を「無効」にしました。"),
    "totp_added": N_("認証アプリを設定しました。"),
    "totp_removed": N_("認証アプリを削除しました。"),
    "passkey_added": N_("パスキーを追加しました。"),
    "passkey_renamed": N_("パスキーの名前を変更しました。"),
    "passkey_removed": N_("パスキーを削除しました。"),
    "codes_made": N_("リカバリーコードを新しく作りました。これまでのものは使えません。"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the form of セキュリティ設定 asks."""

    second_factor: SecondFactor
    method: SecondFactorMethod
    login_notice: bool

    @classmethod
    def of(cls, account: Account) -> Settings:
        """As they are kept."""
        return cls(account.second_factor, account.second_factor_method, account.login_notice)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a change: what changed, and recovery codes to be shown once."""

    changes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


async def change_settings(
    parts: Parts, account: Account, wanted: Settings, visitor: Visitor, at: datetime
) -> Made:
    """Keep the settings; a method that is not set up yet is left for its enrolment to choose."""
    async with transaction(IDENTITY):
        account = await held(account)
        changes = []
        if wanted.second_factor is not account.second_factor:
            if account.second_factor is SecondFactor.OFF:
                await forget_devices(account)
            account.second_factor = wanted.second_factor
            changes.append(wanted.second_factor.value)
        is_new = wanted.method is not account.second_factor_method
        if is_new and await is_set_up(account, wanted.method):
            account.second_factor_method = wanted.method
            changes.append(wanted.method.value)
        if wanted.login_notice is not account.login_notice:
            account.login_notice = wanted.login_notice
            changes.append("notice_on" if wanted.login_notice else "notice_off")
        await _keep(parts, account, changes, visitor, at)
    parts.wake()
    return Made(tuple(changes))


async def is_set_up(account: Account, method: SecondFactorMethod) -> bool:
    """Whether this account can prove itself that way. Mail it can always."""
    if method is SecondFactorMethod.TOTP:
        return totp.is_set_up(account)
    if method is SecondFactorMethod.PASSKEY:
        return await passkeys.is_set_up(account)
    return True


async def add_totp(
    parts: Parts,
    account: Account,
    secret: str,
    code: str,
    visitor: Visitor,
    at: datetime,
    *,
    choose: bool,
) -> Made:
    """Keep the authenticator once its code is right. Raises ``UserError`` for a wrong one.

    Whoever has no recovery codes gets them; ``choose`` makes it the method.
    """
    async with transaction(IDENTITY):
        account = await held(account)
        if not await totp.turn_on(account, secret, code, at, parts.sealer):
            raise UserError(CODE_WRONG, field="code")
        made = await _added(account, SecondFactorMethod.TOTP, choose=choose)
        await _keep(parts, account, list(made.changes), visitor, at)
    parts.wake()
    return made


async def remove_totp(parts: Parts, account: Account, visitor: Visitor, at: datetime) -> Made:
    """Forget the authenticator; where it was the method, mail is again."""
    async with transaction(IDENTITY):
        account = await held(account)
        if not totp.is_set_up(account):
            return Made()
        await totp.turn_off(account)
        changes = ["totp_removed", *await _without(account, SecondFactorMethod.TOTP)]
        await _keep(parts, account, changes, visitor, at)
    parts.wake()
    return Made(tuple(changes))


async def add_passkey(
    parts: Parts,
    account: Account,
    name: str,
    response: str,
    challenge: str,
    visitor: Visitor,
    at: datetime,
    *,
    choose: bool,
) -> Made:
    """Keep the passkey that the browser made. Raises ``UserError``."""
    async with transaction(IDENTITY):
        account = await held(account)
        await passkeys.register(account, name, response, challenge, at, parts.settings)
        made = await _added(account, SecondFactorMethod.PASSKEY, choose=choose)
        await _keep(parts, account, list(made.changes), visitor, at)
    parts.wake()
    return made


async def rename_passkey(
    parts: Parts, passkey: Passkey, name: str, visitor: Visitor, at: datetime
) -> Made:
    """Call a passkey otherwise. Raises ``UserError``."""
    name = check_passkey_name(name)
    if name == passkey.name:
        return Made()
    async with transaction(IDENTITY):
        account = await held(passkey.account)
        await Passkey.filter(id=passkey.id).update(name=name)
        await _keep(parts, account, ["passkey_renamed"], visitor, at)
    parts.wake()
    return Made(("passkey_renamed",))


async def remove_passkey(parts: Parts, passkey: Passkey, visitor: Visitor, at: datetime) -> Made:
    """Delete a passkey; where it was the last one and the method, mail is again."""
    async with transaction(IDENTITY):
        account = await held(passkey.account)
        if not await passkeys.remove(account, passkey.public_id):
            return Made()
        changes = ["passkey_removed"]
        if not await passkeys.is_set_up(account):
            changes += await _without(account, SecondFactorMethod.PASSKEY)
        await _keep(parts, account, changes, visitor, at)
    parts.wake()
    return Made(tuple(changes))


async def make_recovery_codes(
    parts: Parts, account: Account, visitor: Visitor, at: datetime
) -> Made:
    """Make new recovery codes; the old ones are void."""
    async with transaction(IDENTITY):
        account = await held(account)
        codes = await recovery.make_codes(account)
        await _keep(parts, account, ["codes_made"], visitor, at)
    parts.wake()
    return Made(("codes_made",), tuple(codes))


async def may_have_codes(account: Account) -> bool:
    """Whether there is anything that recovery codes would stand in for."""
    return totp.is_set_up(account) or await passkeys.is_set_up(account)


def check_passkey_name(name: str) -> str:
    """Accept 1 to 60 printable characters."""
    name = name.strip()
    if not name or len(name) > passkeys.LONGEST_NAME or not name.isprintable():
        raise UserError(PASSKEY_NAME_WRONG, field="name", most=passkeys.LONGEST_NAME)
    return name


async def _added(account: Account, method: SecondFactorMethod, *, choose: bool) -> Made:
    changes = [f"{method.value}_added"]
    if choose and account.second_factor_method is not method:
        account.second_factor_method = method
        changes.append(method.value)
    codes = [] if await recovery.remaining(account) else await recovery.make_codes(account)
    return Made(tuple(changes), tuple(codes))


async def _without(account: Account, method: SecondFactorMethod) -> list[str]:
    """What else changes when a method is gone."""
    if not await may_have_codes(account):
        await recovery.forget(account)
    if account.second_factor_method is not method:
        return []
    account.second_factor_method = SecondFactorMethod.MAIL
    return [SecondFactorMethod.MAIL.value]


async def _keep(
    parts: Parts, account: Account, changes: list[str], visitor: Visitor, at: datetime
) -> None:
    """Save the settings, and write the event and the letter about what changed."""
    if not changes:
        return
    fields = ["second_factor", "second_factor_method", "login_notice"]
    await account.save(update_fields=fields)
    await note(account, CHANGED, visitor, at, changes=changes)
    says = [SAYS[change] for change in changes]
    await tell(parts, "second_factor_changed", account, visitor, at, says=says)
