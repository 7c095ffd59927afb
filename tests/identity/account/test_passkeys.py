"""パスキー in the Account Manager: added, renamed, removed; never somebody else's."""

from __future__ import annotations

import json

import httpx
import pytest
from starlette.applications import Starlette

from tests.html import error_of, one, parsed
from tests.identity.account import key
from tests.identity.account.forms import fields, notice
from tests.identity.account.test_security import KEPT, WRONG
from tests.identity.people import (
    ORIGIN,
    PASSWORD,
    Visitor,
    letters,
    make_account,
    said,
    sign_in,
    visitor,
)
from webapp.identity.models import (
    Account,
    Event,
    Organisation,
    Passkey,
    RecoveryCode,
    SecondFactorMethod,
)
from webapp.identity.parts import Parts
from webapp.identity.second_factor.passkeys import MOST_PASSKEYS

NEW, REGISTER = "/account/security/passkeys/new", "/account/security/passkeys"


async def begin(person: Visitor) -> httpx.Response:
    page = await person.send_form(NEW, current=PASSWORD)
    assert page.status_code == 200
    return page


async def register(
    person: Visitor, page: httpx.Response, name: str = "机のパソコン", origin: str = ORIGIN
) -> httpx.Response:
    options = str(one(page, "form[data-options]")["data-options"])
    sent = {**fields(page, REGISTER), "name": name, "code": key.made(options, origin)}
    return await person.send_form(REGISTER, **sent)


async def test_a_passkey_is_added(someone: Visitor, account: Account, parts: Parts) -> None:
    page = await begin(someone)
    options = json.loads(str(one(page, "form[data-options]")["data-options"]))
    assert options["rp"] == {"name": "Nigiwai ID", "id": "id.nigiwai.test"}
    assert options["user"]["name"] == account.mail
    done = await register(someone, page)
    assert notice(done) == "パスキーを追加しました。"
    assert len(parsed(done).select(".codes li")) == 10
    passkey = await Passkey.get(account=account)
    assert passkey.name == "机のパソコン"
    kept = await Account.get(id=account.id)
    assert kept.second_factor_method is SecondFactorMethod.MAIL
    listed = said(await someone.get("/account/security"))
    assert "机のパソコン 作成: 20" in listed
    assert "まだ使われていません。" in listed
    event = await Event.get(account=account)
    assert event.details == {"changes": ["passkey_added"]}
    assert [letter.event for letter in await letters(parts)] == ["second_factor_changed"]
    second = await register(someone, await begin(someone), "電話")
    assert second.headers["location"] == "/account/security?done=passkey"
    assert await RecoveryCode.filter(account=account).count() == 10


async def test_choosing_it_leads_to_it(someone: Visitor, account: Account) -> None:
    page = await someone.send_form(
        "/account/security", **{**KEPT, "method": "passkey", "current": PASSWORD}
    )
    assert page.status_code == 200
    assert (await Account.get(id=account.id)).second_factor_method is SecondFactorMethod.MAIL
    await register(someone, page)
    assert (await Account.get(id=account.id)).second_factor_method is SecondFactorMethod.PASSKEY
    chosen = await someone.send_form("/account/security", **{**KEPT, "current": PASSWORD})
    assert chosen.status_code == 303
    back = await someone.send_form(
        "/account/security", **{**KEPT, "method": "passkey", "current": PASSWORD}
    )
    assert back.headers["location"] == "/account/security?done=settings", "it is set up already"
    assert (await Account.get(id=account.id)).second_factor_method is SecondFactorMethod.PASSKEY


@pytest.mark.parametrize("origin", ["https://evil.test", "http://id.nigiwai.test", "null"])
async def test_one_that_was_made_elsewhere_is_refused(
    origin: str, someone: Visitor, parts: Parts
) -> None:
    page = await register(someone, await begin(someone), origin=origin)
    assert page.status_code == 422
    assert notice(page) == "パスキーを登録できませんでした。もう一度お試しください。"
    assert not await Passkey.exists()
    assert await letters(parts) == []


@pytest.mark.parametrize("answer", ["", "{}", "[]", "nonsense", '{"id": 1}', "x" * 30000])
async def test_nonsense_is_refused(answer: str, someone: Visitor) -> None:
    page = await begin(someone)
    sent = {**fields(page, REGISTER), "name": "x", "code": answer}
    assert (await someone.send_form(REGISTER, **sent)).status_code == 422
    assert not await Passkey.exists()


@pytest.mark.parametrize("name", ["", " ", "あ" * 61, "a\nb"])
async def test_a_name_is_needed(name: str, someone: Visitor) -> None:
    page = await register(someone, await begin(someone), name)
    assert page.status_code == 422
    assert "パスキーの名前は1〜60文字" in error_of(page, "name")
    assert not await Passkey.exists()
    assert (await register(someone, page)).status_code == 200, "the new challenge is good"


async def test_a_challenge_is_for_one_passkey_and_one_sign_in(
    someone: Visitor, identity: Starlette, account: Account
) -> None:
    page = await begin(someone)
    async with visitor(identity) as elsewhere:
        await sign_in(elsewhere, identity, account)
        refused = await register(elsewhere, page)
        assert refused.headers["location"] == f"{NEW}?done=too-late"
    assert (await register(someone, page)).status_code == 200
    again = await register(someone, page)
    assert again.headers["location"] == f"{NEW}?done=too-late"
    assert await Passkey.all().count() == 1


async def test_there_are_at_most_ten(someone: Visitor, account: Account) -> None:
    page = await begin(someone)
    for number in range(MOST_PASSKEYS):
        page = await begin(someone)
        assert (await register(someone, page, f"{number}")).status_code in {200, 303}
    text = said(await someone.get("/account/security"))
    assert "10個まで登録できます" in text
    assert "パスキーを追加" not in text
    refused = await register(someone, await begin(someone))
    assert refused.status_code == 422
    assert "パスキーは10個まで登録できます。" in notice(refused)
    assert await Passkey.filter(account=account).count() == MOST_PASSKEYS


async def test_it_is_renamed_after_the_current_password(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    await register(someone, await begin(someone))
    passkey = await Passkey.get(account=account)
    path = f"{REGISTER}/{passkey.public_id}"
    sent = {"answer": "rename", "name": "会社のパソコン"}
    refused = await someone.send_form(path, **sent, current="not this one")
    assert error_of(refused, "current") == WRONG
    wrong = await someone.send_form(path, answer="rename", name="", current=PASSWORD)
    assert error_of(wrong, "name")
    assert (await Passkey.get(id=passkey.id)).name == "机のパソコン"
    done = await someone.send_form(path, **sent, current=PASSWORD)
    assert done.headers["location"] == "/account/security?done=passkey-renamed"
    assert (await Passkey.get(id=passkey.id)).name == "会社のパソコン"
    assert (await letters(parts))[-1].values["says"] == ["パスキーの名前を変更しました。"]
    same = await someone.send_form(path, **sent, current=PASSWORD)
    assert same.headers["location"] == "/account/security?done=nothing"


async def test_removing_the_last_one_gives_way_to_mail_and_says_so(
    someone: Visitor, account: Account, parts: Parts
) -> None:
    for name in ("机のパソコン", "電話"):
        await register(someone, await begin(someone), name)
    await Account.filter(id=account.id).update(second_factor_method=SecondFactorMethod.PASSKEY)
    first, last = await Passkey.filter(account=account).order_by("id")
    for passkey, done, method in (
        (first, "passkey-gone", SecondFactorMethod.PASSKEY),
        (last, "passkey-gone-mail", SecondFactorMethod.MAIL),
    ):
        path = f"{REGISTER}/{passkey.public_id}"
        refused = await someone.send_form(path, answer="remove", name="x", current="")
        assert refused.status_code == 422
        response = await someone.send_form(path, answer="remove", name="", current=PASSWORD)
        assert response.headers["location"] == f"/account/security?done={done}"
        assert (await Account.get(id=account.id)).second_factor_method is method
    assert not await Passkey.exists()
    assert not await RecoveryCode.exists()
    assert (await letters(parts))[-1].values["says"] == [
        "パスキーを削除しました。",
        "二段階認証方法を「認証コード(メール)」にしました。",
    ]


async def test_somebody_elses_is_not_found(
    someone: Visitor,
    identity: Starlette,
    account: Account,
    parts: Parts,
    organisation: Organisation,
) -> None:
    await register(someone, await begin(someone))
    passkey = await Passkey.get(account=account)
    path = f"{REGISTER}/{passkey.public_id}"
    async with visitor(identity) as other:
        await sign_in(other, identity, await make_account(parts, organisation, "Bob"))
        assert (await other.get(path)).status_code == 404
        for answer in ("rename", "remove"):
            sent = {"answer": answer, "name": "mine", "current": PASSWORD}
            assert (await other.send_form(path, **sent)).status_code == 404
        assert "机のパソコン" not in (await other.get("/account/security")).text
    assert (await Passkey.get(id=passkey.id)).name == "机のパソコン"
    assert (await someone.get(f"{REGISTER}/xxxx")).status_code == 404


async def test_the_pages_between_lead_to_the_beginning(someone: Visitor) -> None:
    assert (await someone.get(REGISTER)).headers["location"] == NEW
