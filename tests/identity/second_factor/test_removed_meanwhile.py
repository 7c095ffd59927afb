"""A way that is taken off the account while a login waits for it (I4)."""

from __future__ import annotations

from tests.html import one
from tests.identity.people import Visitor, said
from tests.identity.second_factor.logins import (
    careful_account,
    code_for,
    is_asked,
    is_signed_in,
    show,
)
from webapp.identity.models import Account, Organisation, SecondFactor, SecondFactorMethod
from webapp.identity.parts import Parts


async def test_a_waiting_login_is_offered_the_mail_instead(
    stranger: Visitor, parts: Parts, organisation: Organisation
) -> None:
    account = await careful_account(
        parts,
        organisation,
        second_factor=SecondFactor.ALWAYS,
        second_factor_method=SecondFactorMethod.TOTP,
        totp_sealed="sealed",
    )
    assert is_asked(await stranger.log_in(account.mail))
    await Account.filter(id=account.id).update(totp_sealed="", second_factor_method="mail")
    await show(stranger, "123456", "totp")
    page = await stranger.get("/login/code")
    assert "超えました" not in said(page)
    assert one(page, "form.resend button").get_text() == "認証コードを送信する"
    sent = await stranger.send_form("/login/code/resend")
    assert sent.status_code == 303
    await show(stranger, await code_for(parts, account))
    assert is_signed_in(stranger)
