"""Recovery codes: for when the authenticator or the passkey is lost, each good once."""

from __future__ import annotations

import secrets
from datetime import datetime

from webapp.database import IDENTITY, transaction
from webapp.identity.models import Account, RecoveryCode
from webapp.identity.second_factor.digits import letters_of
from webapp.tokens import token_hash

HOW_MANY = 10
# Without the letters that are taken for digits. 16 of these 31 are 79 bits: the hash alone,
# in a stolen database, does not give them away.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH = 16
GROUP = 4


async def make_codes(account: Account) -> list[str]:
    """Make ten new codes, to be shown once; earlier ones are void from then on."""
    codes = [_new_code() for _ in range(HOW_MANY)]
    async with transaction(IDENTITY):
        await RecoveryCode.filter(account=account).delete()
        await RecoveryCode.bulk_create(
            RecoveryCode(account=account, code_hash=_hash(account, code)) for code in codes
        )
    return codes


async def remaining(account: Account) -> int:
    """How many codes are still good."""
    return await RecoveryCode.filter(account=account, used_at=None).count()


async def forget(account: Account) -> None:
    """Void every code, for an account that has no authenticator and no passkey any more."""
    await RecoveryCode.filter(account=account).delete()


async def use(account: Account, code: str, at: datetime) -> bool:
    """Use up a code; False when it is none or was used. One of twenty at once gets True."""
    good = RecoveryCode.filter(account=account, code_hash=_hash(account, code), used_at=None)
    return await good.update(used_at=at) == 1


def _new_code() -> str:
    letters = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    return "-".join(letters[n : n + GROUP] for n in range(0, LENGTH, GROUP))


def _hash(account: Account, code: str) -> str:
    return token_hash(f"recovery {account.id} {letters_of(code)}")
