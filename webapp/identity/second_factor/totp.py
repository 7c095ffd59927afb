"""Codes of an authenticator (RFC 6238): six digits, a new one each 30 seconds, each good once."""

from __future__ import annotations

from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError

from webapp.identity.models import Account
from webapp.identity.second_factor.digits import digits_of
from webapp.sealing import Sealer

ISSUER = "Nigiwai ID"
# A clock may be half a minute ahead or behind; more would only make guessing easier.
DRIFT = 1


def new_secret() -> str:
    """160 random bits as authenticators take them."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, mail: str) -> str:
    """What the QR code says to an authenticator."""
    return pyotp.TOTP(secret).provisioning_uri(name=mail, issuer_name=ISSUER)


def is_set_up(account: Account) -> bool:
    """Whether the account has an authenticator."""
    return bool(account.totp_sealed)


async def turn_on(account: Account, secret: str, code: str, at: datetime, sealer: Sealer) -> bool:
    """Keep the secret, once a code shows that the authenticator has it; False for a wrong code.

    That code is used up: it is good for no login.
    """
    step = _step_of(secret, code, at)
    if step is None:
        return False
    account.totp_sealed, account.totp_step = sealer.seal({"totp": secret}), step
    await account.save(update_fields=["totp_sealed", "totp_step"])
    return True


async def turn_off(account: Account) -> None:
    """Forget the authenticator."""
    account.totp_sealed, account.totp_step = "", 0
    await account.save(update_fields=["totp_sealed", "totp_step"])


async def check(account: Account, code: str, at: datetime, sealer: Sealer) -> bool:
    """Whether this is a code of the authenticator that was not used yet; it is used up by this.

    Of twenty who bring the same code at once, the database lets one through: the step of time
    only grows.
    """
    if not account.totp_sealed:
        return False
    step = _step_of(sealer.unseal(account.totp_sealed)["totp"], code, at)
    if step is None:
        return False
    unused = Account.filter(id=account.id, totp_sealed=account.totp_sealed, totp_step__lt=step)
    return await unused.update(totp_step=step) == 1


def _step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step of time that this code belongs to, compared in constant time; None for none."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(
            digits_of(code), for_time=at, valid_window=DRIFT
        )
    except OTPVerificationError:
        return None
