"""Passkeys (WebAuthn): asked for after the password, so that presence is what they must prove."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlsplit

from tortoise.exceptions import IntegrityError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from webapp.database import IDENTITY, transaction
from webapp.errors import UserError
from webapp.i18n import N_
from webapp.identity.models import Account, Passkey
from webapp.identity.public_id import is_id
from webapp.settings import Settings

MOST_PASSKEYS = 10
LONGEST_NAME = 60
LONGEST_RESPONSE = 20_000
LONGEST_ID = 700

NAME_WRONG = N_("パスキーの名前は1〜%(most)s文字で、改行や制御文字を含めずに入力してください。")
TOO_MANY = N_("パスキーは%(most)s個まで登録できます。使わないものを削除してください。")
NOT_REGISTERED = N_("パスキーを登録できませんでした。もう一度お試しください。")

# What nonsense from a browser raises in the libraries that read it.
_NONSENSE = (
    WebAuthnException,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
)


async def passkeys_of(account: Account) -> list[Passkey]:
    """The passkeys of an account, oldest first."""
    return await Passkey.filter(account=account).order_by("id")


async def is_set_up(account: Account) -> bool:
    """Whether the account has a passkey."""
    return await Passkey.filter(account=account).exists()


async def registration_options(account: Account, settings: Settings) -> tuple[str, str]:
    """What ``navigator.credentials.create`` takes, as JSON, and the challenge to keep with it."""
    options = generate_registration_options(
        rp_id=_rp_id(settings),
        rp_name="Nigiwai ID",
        user_id=account.public_id.encode(),
        user_name=account.mail,
        user_display_name=account.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_described(await passkeys_of(account)),
    )
    return options_to_json(options), bytes_to_base64url(options.challenge)


async def register(
    account: Account,
    name: str,
    response_json: str,
    challenge: str,
    at: datetime,
    settings: Settings,
) -> Passkey:
    """Keep the passkey that a browser made for this challenge. Raises ``UserError``.

    The caller forgets the challenge before: it is good for one answer.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UserError(NAME_WRONG, field="name", most=LONGEST_NAME)
    if not challenge or len(response_json) > LONGEST_RESPONSE:
        raise UserError(NOT_REGISTERED)
    try:
        made = verify_registration_response(
            credential=response_json,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_rp_id(settings),
            expected_origin=settings.identity_origin,
        )
        transports = _transports(response_json)
    except _NONSENSE:
        raise UserError(NOT_REGISTERED) from None
    credential_id = bytes_to_base64url(made.credential_id)
    if len(credential_id) > LONGEST_ID:
        raise UserError(NOT_REGISTERED)
    async with transaction(IDENTITY):
        # The lock keeps two at once from passing the limit; SQLite has one writer anyway.
        await Account.filter(id=account.id).select_for_update().first()
        if await Passkey.filter(account=account).count() >= MOST_PASSKEYS:
            raise UserError(TOO_MANY, most=MOST_PASSKEYS)
        try:
            return await Passkey.create(
                account=account,
                credential_id=credential_id,
                public_key=bytes_to_base64url(made.credential_public_key),
                sign_count=made.sign_count,
                transports=transports,
                name=name,
                created_at=at,
            )
        except IntegrityError:
            raise UserError(NOT_REGISTERED) from None


async def remove(account: Account, public_id: str) -> bool:
    """Delete a passkey of this account; False when it has none like that."""
    return await Passkey.filter(account=account, public_id=public_id).delete() == 1


async def login_options(account: Account, settings: Settings) -> tuple[str, str]:
    """What ``navigator.credentials.get`` takes, as JSON, and the challenge to keep with it."""
    options = generate_authentication_options(
        rp_id=_rp_id(settings),
        allow_credentials=_described(await passkeys_of(account)),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json(options), bytes_to_base64url(options.challenge)


async def check(
    account: Account, response_json: str, challenge: str, at: datetime, settings: Settings
) -> bool:
    """Whether a passkey of this account answered this challenge.

    The caller forgets the challenge before. A sign count that does not grow is that of a copy,
    and of two answers at once with the same count one is taken.
    """
    if not challenge or len(response_json) > LONGEST_RESPONSE:
        return False
    try:
        credential_id = str(json.loads(response_json)["id"])
        if not is_id(credential_id, LONGEST_ID):
            return False
        passkey = await Passkey.get_or_none(account=account, credential_id=credential_id)
        if passkey is None:
            return False
        proved = verify_authentication_response(
            credential=response_json,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_rp_id(settings),
            expected_origin=settings.identity_origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
        )
    except _NONSENSE:
        return False
    same = Passkey.filter(id=passkey.id, sign_count=passkey.sign_count)
    return await same.update(sign_count=proved.new_sign_count, last_used_at=at) == 1


def _rp_id(settings: Settings) -> str:
    return urlsplit(settings.identity_origin).hostname or ""


def _described(passkeys: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(passkey.credential_id),
            transports=[AuthenticatorTransport(word) for word in passkey.transports],
        )
        for passkey in passkeys
    ]


def _transports(response_json: str) -> list[str]:
    """How the browser says it reaches the passkey, as far as the words are known."""
    given = json.loads(response_json)["response"].get("transports", [])
    known = {transport.value for transport in AuthenticatorTransport}
    words = given if isinstance(given, list) else []
    return [word for word in words if isinstance(word, str) and word in known]
