"""Somebody who lost every second factor is let in again by an admin (I4, I8)."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.applications import Starlette

from tests.identity.people import Visitor, said, sign_in, visitor
from webapp.identity.models import (
    Account,
    Device,
    Event,
    Outbox,
    RecoveryCode,
    SecondFactor,
    SecondFactorMethod,
    Session,
)
from webapp.identity.parts import Parts
from webapp.identity.provisioning import FACTOR_RESET, MEMBER_FACTOR_RESET
from webapp.identity.second_factor import recovery
from webapp.mail.letters import unseal


async def lost(parts: Parts, account: Account) -> None:
    """The account asks for an authenticator, which is gone."""
    await recovery.make_codes(account)
    now = datetime.now(UTC)
    await Device.create(account=account, token_hash="x" * 64, first_seen_at=now, last_seen_at=now)
    await Account.filter(id=account.id).update(
        totp_sealed=parts.sealer.seal({"secret": "A" * 32}),
        second_factor=SecondFactor.ALWAYS,
        second_factor_method=SecondFactorMethod.TOTP,
    )


async def test_the_reset_takes_what_was_lost_and_tells_its_person(
    identity: Starlette, parts: Parts, someone: Visitor, bob: Account
) -> None:
    await lost(parts, bob)
    async with visitor(identity) as elsewhere:
        await sign_in(elsewhere, identity, bob)
    path = f"/group/{bob.public_id}/second-factor"
    assert (
        f"/group/{bob.public_id}/second-factor"
        in (await someone.get(f"/group/{bob.public_id}/edit")).text
    )
    assert "本人からのものか" in said(await someone.get(path))
    done = await someone.send_form(path)
    assert done.headers["location"] == "/group?done=factor_reset"
    after = await Account.get(id=bob.id)
    assert after.totp_sealed == ""
    assert after.second_factor_method is SecondFactorMethod.MAIL
    assert after.second_factor is SecondFactor.ALWAYS, "it is asked for as before, by mail"
    for kept in (RecoveryCode, Device, Session):
        assert not await kept.exists(account=bob)
    letters = [unseal(row.payload, parts.sealer) for row in await Outbox.filter(kind="mail.send")]
    assert [(letter.to, letter.values["says"]) for letter in letters] == [
        (bob.mail, [FACTOR_RESET])
    ]
    assert await Event.exists(kind=MEMBER_FACTOR_RESET)


async def test_nobody_resets_their_own_there(
    parts: Parts, someone: Visitor, account: Account
) -> None:
    await lost(parts, account)
    answer = await someone.send_form(f"/group/{account.public_id}/second-factor")
    assert answer.status_code == 422
    assert "セキュリティ設定" in said(answer)
    assert (await Account.get(id=account.id)).totp_sealed
