"""ログイン履歴, ログイン中の端末 and 許可済みアプリ: one's own, and nobody else's (SPEC I6)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from starlette.applications import Starlette

from tests.html import one, parsed, text_of
from tests.identity.people import (
    Visitor,
    kinds_of_events,
    make_account,
    said,
    sign_in,
    visitor,
)
from webapp.identity.models import (
    Account,
    Client,
    Consent,
    Event,
    Organisation,
    Outbox,
    Session,
    TokenFamily,
)
from webapp.identity.outbox import BACKCHANNEL_LOGOUT
from webapp.identity.parts import Parts
from webapp.identity.retention import sweep
from webapp.identity.sessions import start_session

NOW = datetime(2025, 4, 1, 16, 30, tzinfo=UTC)


async def logged_in(account: Account, at: datetime, **fields: Any) -> Event:
    values = {"kind": "login", "address": "203.0.113.7", "browser": "Chrome / Windows", **fields}
    return await Event.create(account=account, at=at, **values)


def rows(page: Any) -> list[list[str]]:
    return [
        [" ".join(cell.get_text(" ").split()) for cell in row.select("td")]
        for row in parsed(page).select("tbody tr")
    ]


@pytest.fixture
async def bob(parts: Parts, organisation: Organisation) -> Account:
    return await make_account(parts, organisation, "Bob")


@pytest.fixture
async def elsewhere(identity: Starlette, account: Account) -> AsyncIterator[Visitor]:
    """Alice again, on her telephone."""
    async with visitor(identity, "192.0.2.9") as person:
        settings = identity.state.parts.settings
        token = await start_session(
            account, settings, datetime.now(UTC), "192.0.2.9", "Safari / iPhone"
        )
        person.bring_cookie(token)
        yield person


async def test_the_history_is_ones_own_and_newest_first(
    someone: Visitor, account: Account, bob: Account
) -> None:
    now = datetime.now(UTC)
    await logged_in(account, now - timedelta(hours=2))
    await logged_in(account, now - timedelta(hours=1), browser="", address="2001:db8::1")
    await logged_in(account, now, kind="password")
    await logged_in(bob, now, address="192.0.2.66")
    page = await someone.get("/account/history")
    head = [cell.get_text() for cell in parsed(page).select("thead th")]
    assert head == ["ログイン日時", "IPアドレス", "機種端末"]
    assert [row[1:] for row in rows(page)] == [
        ["2001:db8::1", ""],
        ["203.0.113.7", "Chrome / Windows"],
    ]
    assert "192.0.2.66" not in page.text


async def test_times_are_those_of_the_account(someone: Visitor, account: Account) -> None:
    with time_machine.travel(NOW, tick=False):
        await Session.all().update(expires_at=NOW + timedelta(hours=1))
        await logged_in(account, NOW)
        page = await someone.get("/account/history")
        assert rows(page)[0][0] == "2025-04-02 01:30:00"
        assert "東京 (UTC+09:00)" in said(page)
        await Account.filter(id=account.id).update(time_zone="America/New_York")
        assert rows(await someone.get("/account/history"))[0][0] == "2025-04-01 12:30:00"


async def test_it_is_hidden_after_ninety_days_before_it_is_swept(
    someone: Visitor, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        await logged_in(account, NOW)
        for days, seen in ((timedelta(days=90, seconds=-1), 1), (timedelta(days=90), 0)):
            clock.move_to(NOW + days)
            await Session.all().update(expires_at=NOW + days + timedelta(hours=1))
            assert len(rows(await someone.get("/account/history"))) == seen
        assert await Event.filter(account=account).count() == 1
        assert "過去90日間のログインはありません。" in said(await someone.get("/account/history"))
        await sweep(NOW + timedelta(days=90))
    assert not await Event.filter(account=account).exists()


async def test_it_comes_in_pages(someone: Visitor, account: Account) -> None:
    now = datetime.now(UTC)
    for minutes in range(45):
        await logged_in(account, now - timedelta(minutes=minutes), address=f"203.0.113.{minutes}")
    seen = []
    path = "/account/history"
    for number in (1, 2, 3):
        page = await someone.get(path)
        assert f"{number} / 3 ページ" in said(page)
        seen += [row[1] for row in rows(page)]
        following = parsed(page).select("a[rel=next]")
        assert bool(following) is (number < 3)
        if following:
            path = str(following[0]["href"])
    assert seen == [f"203.0.113.{minutes}" for minutes in range(45)]
    for asked, shown in (("0", 1), ("99", 3), ("-1", 1), ("x", 1), ("９", 1), ("9" * 30, 1)):
        page = await someone.get("/account/history", params={"page": asked})
        assert f"{shown} / 3 ページ" in said(page)


async def test_the_devices_say_which_is_this_one(
    someone: Visitor, elsewhere: Visitor, bob: Account, parts: Parts
) -> None:
    await start_session(bob, parts.settings, datetime.now(UTC), "192.0.2.66", "Edge / Windows")
    page = await someone.get("/account/devices")
    things = [" ".join(thing.get_text(" ").split()) for thing in parsed(page).select(".things li")]
    assert len(things) == 2
    assert things[0].startswith("Safari / iPhone")
    assert "192.0.2.9" in things[0]
    assert "この端末" not in things[0]
    assert things[1].startswith("不明なブラウザ この端末")
    assert "192.0.2.66" not in page.text
    assert (await elsewhere.get("/account/devices")).status_code == 200


async def test_one_is_signed_out_here_and_in_its_applications(
    someone: Visitor, elsewhere: Visitor, account: Account
) -> None:
    client = await Client.create(
        client_id="app", name="App", backchannel_logout_uri="https://app.test/out"
    )
    page = await someone.get("/account/devices")
    sid = str(one(page, 'input[name="sid"]')["value"])
    for one_sid in (sid, (await Session.get(account=account, sid__not=sid)).sid):
        await TokenFamily.create(
            client=client, account=account, sid=one_sid, scope="openid", auth_time=NOW
        )
    done = await someone.send_form("/account/devices/end", sid=sid)
    assert done.headers["location"] == "/account/devices?done=device"
    assert (await elsewhere.get("/account")).status_code == 303
    assert (await someone.get("/account")).status_code == 200
    (told,) = await Outbox.filter(kind=BACKCHANNEL_LOGOUT)
    assert told.payload == {"client": "app", "sub": account.public_id, "sid": sid}
    event = await Event.get(account=account)
    assert (event.kind, event.details) == ("devices", {"ended": ["Safari / iPhone"]})
    assert (await someone.send_form("/account/devices/end", sid=sid)).status_code == 404


async def test_all_others_are_signed_out(
    someone: Visitor, elsewhere: Visitor, identity: Starlette, account: Account, bob: Account
) -> None:
    async with visitor(identity) as other:
        await sign_in(other, identity, bob)
        await someone.send_form("/account/devices/end-others")
        assert (await elsewhere.get("/account")).status_code == 303
        assert (await other.get("/account")).status_code == 200
    page = await someone.get("/account/devices")
    assert "この端末だけです" in said(page)
    assert await kinds_of_events(account) == ["devices"]
    await someone.send_form("/account/devices/end-others")
    assert await kinds_of_events(account) == ["devices"], "nothing was ended: nothing happened"


async def test_a_sign_in_of_somebody_else_is_not_found(
    someone: Visitor, identity: Starlette, bob: Account
) -> None:
    async with visitor(identity) as other:
        await sign_in(other, identity, bob)
        sid = (await Session.get(account=bob)).sid
        for given in (sid, "", "x", "1"):
            answer = await someone.send_form("/account/devices/end", sid=given)
            assert answer.status_code == 404
        assert (await other.get("/account")).status_code == 200


@pytest.fixture
async def allowed(account: Account) -> Consent:
    """Alice allowed an application something, and it holds tokens of hers."""
    client = await Client.create(
        client_id="app", name="混雑マップ", backchannel_logout_uri="https://app.test/out"
    )
    await TokenFamily.create(
        client=client, account=account, sid="s" * 22, scope="openid", auth_time=NOW
    )
    return await Consent.create(account=account, client=client, scope="openid email", given_at=NOW)


async def test_the_apps_say_what_they_read(
    someone: Visitor, allowed: Consent, bob: Account
) -> None:
    await Consent.create(
        account=bob,
        client=await Client.create(client_id="other", name="よその"),
        scope="openid",
        given_at=NOW,
    )
    page = await someone.get("/account/apps")
    text = text_of(page, ".things li")
    assert text.startswith("混雑マップ 読み取れる情報: アカウントの識別番号、メールアドレス")
    assert "2025-04-02 01:30:00" in text
    assert "よその" not in page.text


async def test_a_permission_is_taken_back(
    someone: Visitor, allowed: Consent, account: Account
) -> None:
    page = await someone.get("/account/apps/app")
    assert "混雑マップへの許可を取り消しますか？" in said(page)
    assert await Consent.exists(id=allowed.id), "looking changes nothing"
    done = await someone.send_form("/account/apps/app")
    assert done.headers["location"] == "/account/apps?done=app"
    assert not await Consent.exists(id=allowed.id)
    assert (await TokenFamily.get(account=account)).revoked_at is not None
    (told,) = await Outbox.filter(kind=BACKCHANNEL_LOGOUT)
    assert told.payload == {"client": "app", "sub": account.public_id, "sid": "s" * 22}
    event = await Event.get(account=account)
    assert (event.kind, event.details) == ("app_revoked", {"app": "混雑マップ"})
    assert (await someone.get("/account")).status_code == 200, "the sign-in here stays"
    assert (await someone.get("/account/apps/app")).status_code == 404
    assert "許可しているアプリはありません。" in said(await someone.get("/account/apps"))


async def test_only_that_application_and_that_account_lose_anything(
    someone: Visitor, allowed: Consent, account: Account, bob: Account
) -> None:
    other = await Client.create(client_id="other", name="よその")
    kept = [
        await TokenFamily.create(
            client=other, account=account, sid="t" * 22, scope="openid", auth_time=NOW
        ),
        await TokenFamily.create(
            client=allowed.client, account=bob, sid="u" * 22, scope="openid", auth_time=NOW
        ),
    ]
    for client in (other, allowed.client):
        await Consent.create(account=bob, client=client, scope="openid", given_at=NOW)
    await someone.send_form("/account/apps/app")
    assert await Consent.filter(account=bob).count() == 2
    for family in kept:
        assert (await TokenFamily.get(id=family.id)).revoked_at is None
    assert await Outbox.filter(kind=BACKCHANNEL_LOGOUT).count() == 1


async def test_what_somebody_else_allowed_is_not_found(
    someone: Visitor, identity: Starlette, allowed: Consent, bob: Account
) -> None:
    async with visitor(identity) as other:
        await sign_in(other, identity, bob)
        assert (await other.get("/account/apps/app")).status_code == 404
        assert (await other.send_form("/account/apps/app")).status_code == 404
    assert await Consent.exists(id=allowed.id)
