"""The second step of a login: sending a code, and what is shown for it (TRUST 17, 20)."""

from __future__ import annotations

import secrets
from datetime import datetime

from webapp.database import IDENTITY, transaction
from webapp.errors import NigiwaiError, UserError
from webapp.i18n import N_
from webapp.identity.browser import Visitor
from webapp.identity.flows.login import SignedIn, finish
from webapp.identity.models import Account, SecondStep, Session
from webapp.identity.outbox import write_letter
from webapp.identity.parts import Parts
from webapp.identity.second_factor import codes, passkeys, recovery, totp
from webapp.identity.second_factor.digits import digits_of, letters_of
from webapp.identity.second_factor.steps import (
    Way,
    count_try,
    find_step,
    finish_step,
    put_challenge,
    put_code,
    take_challenge,
    ways_of,
)
from webapp.mail.letters import Letter

NO_CODE = N_("6桁の数字を入力してください。")
NO_RECOVERY_CODE = N_("リカバリーコードを入力してください。16文字の英数字です。")
WRONG_CODE = N_("認証コードが違います。")
WRONG_TOTP = N_("認証コードが違うか、すでに使われています。")
WRONG_RECOVERY_CODE = N_("リカバリーコードが違うか、すでに使われています。")
WRONG_PASSKEY = N_("パスキーで確認できませんでした。もう一度お試しください。")
USED_UP = N_("3回まちがえたため、この認証コードは使えません。認証コードを再送信してください。")
OVER = N_("3回まちがえました。もう一度ログインしてください。")
TOO_MANY = N_("入力できる回数を超えました。1時間ほどおいて、もう一度ログインしてください。")
TOO_SOON = N_("認証コードは送信したばかりです。1分ほどおいてお試しください。")
TOO_MANY_LETTERS = N_(
    "認証コードを送信できる回数を超えました。1時間ほどおいて、もう一度ログインしてください。"
)

WRONG = {
    Way.MAIL: WRONG_CODE,
    Way.TOTP: WRONG_TOTP,
    Way.RECOVERY: WRONG_RECOVERY_CODE,
    Way.PASSKEY: WRONG_PASSKEY,
}


class StepOver(NigiwaiError):
    """There is no such step (any more) in this browser: begin with the password again."""


class TooManyTries(UserError):
    """Nothing more is compared or sent for a while: answer 429."""


async def send_code(parts: Parts, token: str, visitor: Visitor, at: datetime) -> None:
    """Send a new code for the step of this browser; an earlier one is void.

    The letter is written in the transaction that keeps the code's hash. Raises ``StepOver``,
    and ``TooManyTries`` when one was sent just now, or too many were.
    """
    step = await find_step(token, at)
    if step is None or Way.MAIL not in await ways_of(step.account):
        raise StepOver
    again = step.code_sent_at is not None
    if step.code_sent_at is not None and step.code_sent_at > at - codes.RESEND_AFTER:
        raise TooManyTries(TOO_SOON)
    if not await codes.may_send(step.account, at, again=again):
        raise TooManyTries(TOO_MANY_LETTERS)
    code = codes.new_code()
    async with transaction(IDENTITY):
        if not await put_code(step, codes.code_hash(code, token), at):
            raise TooManyTries(TOO_SOON)
        await _write_code(parts, step.account, code, visitor, at)
    parts.wake()


async def ask_passkey(parts: Parts, token: str, at: datetime) -> str:
    """What the browser is to ask a passkey, as JSON. Raises ``StepOver``."""
    step = await find_step(token, at)
    if step is None or Way.PASSKEY not in await ways_of(step.account):
        raise StepOver
    options, challenge = await passkeys.login_options(step.account, parts.settings)
    await put_challenge(step, challenge)
    return options


async def show_second_factor(
    parts: Parts,
    token: str,
    way: Way,
    shown: str,
    visitor: Visitor,
    previous: Session | None,
    at: datetime,
) -> SignedIn:
    """Complete the login of this browser by what was shown.

    1. The try is counted, for the code and for the account, before anything is compared.
    2. In one transaction that holds the account: what was shown is compared and used up, the
       step ends, and a new sign-in begins. Of twenty right answers at once one gets it.

    Raises ``StepOver``, ``TooManyTries``, or ``UserError`` for what is wrong.
    """
    step = await find_step(token, at)
    if step is None or way not in await ways_of(step.account):
        raise StepOver
    challenge = await take_challenge(step) if way is Way.PASSKEY else ""
    if way is Way.MAIL and not step.code_hash:
        raise TooManyTries(TOO_MANY_LETTERS)
    if way is not Way.PASSKEY:
        _check_form(way, shown)
        await _count(step, way, at)
    async with transaction(IDENTITY):
        account = await Account.select_for_update().get_or_none(id=step.account_id)
        if account is None:
            raise StepOver
        step.account = account
        if not await _is_right(parts, step, token, way, shown, challenge, at):
            raise UserError(WRONG[way], field="code")
        if not await finish_step(step):
            raise StepOver
        done = await finish(parts, account, visitor, previous, at, way.value)
    parts.wake()
    return done


def _check_form(way: Way, shown: str) -> None:
    """What cannot be right costs no try."""
    if way is Way.RECOVERY:
        if len(letters_of(shown)) != recovery.LENGTH:
            raise UserError(NO_RECOVERY_CODE, field="code")
    elif len(digits_of(shown)) != codes.DIGITS:
        raise UserError(NO_CODE, field="code")


async def _count(step: SecondStep, way: Way, at: datetime) -> None:
    if not await count_try(step):
        raise UserError(USED_UP if way is Way.MAIL else OVER, field="code")
    if not await codes.may_try(step.account, at):
        raise TooManyTries(TOO_MANY)


async def _is_right(
    parts: Parts,
    step: SecondStep,
    token: str,
    way: Way,
    shown: str,
    challenge: str,
    at: datetime,
) -> bool:
    match way:
        case Way.MAIL:
            return codes.is_code(digits_of(shown), token, step.code_hash)
        case Way.TOTP:
            return await totp.check(step.account, shown, at, parts.sealer)
        case Way.RECOVERY:
            return await recovery.use(step.account, shown, at)
        case Way.PASSKEY:
            return await passkeys.check(step.account, shown, challenge, at, parts.settings)


async def _write_code(
    parts: Parts, account: Account, code: str, visitor: Visitor, at: datetime
) -> None:
    values = {
        "name": account.name,
        "code": code,
        "minutes": int(codes.LIVES.total_seconds()) // 60,
        "at": at.isoformat(),
        "address": visitor.address,
        "browser": visitor.browser,
    }
    letter = Letter(
        "second_factor_code", account.mail, account.language, values, time_zone=account.time_zone
    )
    key = f"second factor:{secrets.token_urlsafe(16)}"
    await write_letter(letter, parts.sealer, key, at)
