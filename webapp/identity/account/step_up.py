"""The current password once more, before what protects an account is changed.

A proof is good for the very next step: that one carries a sealed permission, bound to the
sign-in, to the step, and to the second factors as they are.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import FormData

from webapp.errors import PermanentFailure, UserError
from webapp.i18n import N_
from webapp.identity.guard import begin_try, forget_tries
from webapp.identity.models import Account, Passkey, Session
from webapp.identity.parts import Parts
from webapp.sealing import Sealer
from webapp.tokens import token_hash

FIELD = "current"
PERMISSION_LIVES = timedelta(minutes=15)

MISSING = N_("現在のパスワードを入力してください。")
WRONG = N_(
    "現在のパスワードが違うか、一時的にロックされています。5分ほどおいてもう一度お試しください。"
)


async def prove_password(parts: Parts, account: Account, password: str, at: datetime) -> None:
    """Raise ``UserError`` unless it is the account's password.

    The tries count like those at the login: whoever found an open browser guesses no longer
    than anybody else.
    """
    if not password:
        raise UserError(MISSING, field=FIELD)
    may_try = await begin_try(account.mail, at)
    right = await parts.passwords.verify(password, account.password_hash)
    if not (may_try and right):
        raise UserError(WRONG, field=FIELD)
    await forget_tries(account.mail)


async def held(account: Account) -> Account:
    """The account as it is now; on PostgreSQL nobody else changes it until the transaction ends.

    Raises ``UserError`` when its password is no longer the one that was proved.
    """
    current = await Account.select_for_update().get_or_none(id=account.id)
    if current is None or current.password_hash != account.password_hash:
        raise UserError(WRONG, field=FIELD)
    return current


def secret_field(form: FormData, name: str = FIELD) -> str:
    """A password as it was typed, blanks included."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


async def permit(parts: Parts, session: Session, step: str, at: datetime, **values: Any) -> str:
    """Seal the permission for a step, with what the step needs to know."""
    until = (at + PERMISSION_LIVES).timestamp()
    stamp = await _stamp(session)
    return _sealer(parts).seal({"step": step, "until": until, "stamp": stamp, "values": values})


async def permitted(
    parts: Parts, session: Session, step: str, sealed: str, at: datetime
) -> dict[str, Any] | None:
    """What was sealed with the permission; None when it is none, too old, or not for this."""
    try:
        given = _sealer(parts).unseal(sealed)
    except PermanentFailure:
        return None
    if given["step"] != step or given["until"] <= at.timestamp():
        return None
    values: dict[str, Any] = given["values"]
    return values if given["stamp"] == await _stamp(session) else None


async def _stamp(session: Session) -> str:
    """Changes with every factor that is added or removed: a permission is good once."""
    account = session.account
    passkeys = await Passkey.filter(account=account).order_by("id").values_list("id", flat=True)
    state = [session.sid, account.id, account.password_hash, account.totp_sealed, list(passkeys)]
    return token_hash(json.dumps(state))


def _sealer(parts: Parts) -> Sealer:
    return Sealer(parts.settings.secret(), "permissions of the account manager")
