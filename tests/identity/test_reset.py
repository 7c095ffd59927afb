"""パスワードリセット: asking, the letter, the link, and what a new password ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from starlette.applications import Starlette

from tests.html import error_of, one
from tests.identity.people import (
    ORIGIN,
    PASSWORD,
    Visitor,
    kinds_of_events,
    letters,
    make_account,
    parts_on,
    path_of,
    requests_for_reset,
    said,
    sign_in,
    visitor,
)
from webapp.identity.app import build_identity
from webapp.identity.browser import Visitor as From
from webapp.identity.flows.new_password import set_password
from webapp.identity.flows.reset import send_reset_link
from webapp.identity.links import create_link, find_link
from webapp.identity.models import (
    Account,
    Client,
    LinkPurpose,
    OneTimeLink,
    Organisation,
    Outbox,
    Session,
    TokenFamily,
)
from webapp.identity.outbox import BACKCHANNEL_LOGOUT
from webapp.identity.parts import Parts
from webapp.identity.passwords import Passwords
from webapp.identity.sessions import COOKIE
from webapp.settings import Settings

NOW = datetime(2025, 4, 1, 4, 0, tzinfo=UTC)
NEW = "海辺の 自転車 と 古い時計"


async def asked_for(stranger: Visitor, parts: Parts, mail: str) -> str:
    """Ask for a reset as the screens do; returns the path of the link in the letter."""
    await stranger.send_form("/reset", mail=mail, answer="send")
    for payload in await requests_for_reset():
        await send_reset_link(parts, payload)
    return path_of((await letters(parts))[-1].values["url"])


async def test_a_password_is_reset_by_mail(
    stranger: Visitor, account: Account, parts: Parts
) -> None:
    confirm = await stranger.send_form("/reset", mail=account.mail)
    assert said(confirm).startswith("メールを送信しますか？")
    assert account.mail in said(confirm)
    assert not await Outbox.exists(), "nothing happened yet"
    sent = await stranger.send_form("/reset", mail=account.mail, answer="send")
    assert (sent.status_code, sent.headers["location"]) == (303, "/reset/sent")
    assert said(await stranger.get("/reset/sent")).startswith("メールを送信しました")
    [payload] = await requests_for_reset()
    assert account.mail not in str(payload)
    await send_reset_link(parts, payload)
    [letter] = await letters(parts)
    assert (letter.event, letter.to, letter.language) == ("password_reset", account.mail, "ja")
    assert letter.values["name"] == "Alice"
    assert letter.values["minutes"] == 60

    link = path_of(letter.values["url"])
    shown = await stranger.get(link)
    assert shown.status_code == 200
    assert one(shown, "#password")["autocomplete"] == "new-password"
    assert one(shown, "#mail")["value"] == account.mail
    done = await stranger.send_form(link, password=NEW)
    assert (done.status_code, done.headers["location"]) == (303, "/password-changed")
    changed = await stranger.get("/password-changed")
    assert said(changed).startswith("パスワードを変更しました")
    assert one(changed, "a.button")["href"] == "/login"
    assert COOKIE not in stranger.cookies, "nobody is signed in by a link"

    assert (await stranger.log_in(account.mail)).status_code == 422
    assert (await stranger.log_in(account.mail, NEW)).status_code == 303
    assert [letter.event for letter in await letters(parts)] == [
        "password_reset",
        "password_changed",
    ]
    told = (await letters(parts))[-1]
    assert told.to == account.mail
    assert told.values["address"] == "203.0.113.7"
    assert datetime.fromisoformat(told.values["at"]).tzinfo is not None
    assert await kinds_of_events(account) == ["password", "login"]


@pytest.mark.parametrize("mail", ["alice@nigiwai.test", "alien@nigiwai.test"])
async def test_the_answer_is_the_same_whoever_is_asked_for(
    mail: str, stranger: Visitor, account: Account, parts: Parts
) -> None:
    confirm = await stranger.send_form("/reset", mail=mail)
    sent = await stranger.send_form("/reset", mail=mail, answer="send")
    after = await stranger.get("/reset/sent")
    assert confirm.text.count(mail) == 2
    assert (sent.status_code, sent.text, len(after.text)) == (303, "", len(after.text))
    assert sorted(sent.headers) == [
        "cache-control",
        "content-length",
        "content-security-policy",
        "cross-origin-opener-policy",
        "location",
        "permissions-policy",
        "referrer-policy",
        "strict-transport-security",
        "x-content-type-options",
    ]
    assert len(await requests_for_reset()) == 1
    for payload in await requests_for_reset():
        await send_reset_link(parts, payload)
    assert len(await letters(parts)) == (mail == account.mail)


async def test_a_request_that_is_carried_out_twice_makes_one_link(
    any_database: Settings,
) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    organisation = await Organisation.create(name="みなと商店街")
    account = await make_account(parts, organisation)
    async with visitor(build_identity(parts)) as stranger:
        await stranger.send_form("/reset", mail=account.mail, answer="send")
        [payload] = await requests_for_reset()
        await asyncio.gather(*(send_reset_link(parts, payload) for _ in range(5)))
        [letter] = await letters(parts)
        assert await OneTimeLink.all().count() == 1
        assert (await stranger.get(path_of(letter.values["url"]))).status_code == 200


async def test_nobody_of_a_suspended_organisation_gets_a_letter(
    stranger: Visitor, account: Account, parts: Parts
) -> None:
    await Organisation.all().update(suspended_at=NOW)
    await stranger.send_form("/reset", mail=account.mail, answer="send")
    [payload] = await requests_for_reset()
    await send_reset_link(parts, payload)
    assert await letters(parts) == []


async def test_a_letter_speaks_the_language_of_the_page(
    stranger: Visitor, account: Account, parts: Parts
) -> None:
    stranger.headers["accept-language"] = "en"
    await asked_for(stranger, parts, account.mail)
    assert (await letters(parts))[0].language == "en"


async def test_one_may_be_asked_for_three_times_and_a_network_may_ask_ten_times(
    identity: Starlette, stranger: Visitor, account: Account
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(4):
            answer = await stranger.send_form("/reset", mail=account.mail, answer="send")
            assert answer.headers["location"] == "/reset/sent", "not a word about it"
        assert len(await requests_for_reset()) == 3
        for n in range(6):
            await stranger.send_form("/reset", mail=f"other{n}@nigiwai.test", answer="send")
        assert len(await requests_for_reset()) == 9
        refused = await stranger.post(
            "/reset",
            data={"mail": "one.more@nigiwai.test", "answer": "send"},
            headers={"X-Forwarded-For": "192.0.2.200"},
        )
        assert refused.status_code == 429
        assert "このネットワークからの操作が多すぎます。" in error_of(refused, "mail")
        async with visitor(identity, "192.0.2.10") as neighbour:
            sent = await neighbour.send_form("/reset", mail="x@nigiwai.test", answer="send")
            assert sent.status_code == 303
        clock.shift(15 * 60)
        await stranger.send_form("/reset", mail=account.mail, answer="send")
        assert len(await requests_for_reset()) == 11


@pytest.mark.parametrize(
    ("mail", "problem"),
    [
        ("", "メールアドレスを入力してください。"),
        ("alice", "メールアドレスの形になっていません。「@」の前後を確認してください。"),
        ("@nigiwai.test", "メールアドレスの形になっていません。「@」の前後を確認してください。"),
    ],
)
async def test_what_is_no_mail_address_is_said_at_the_field(
    mail: str, problem: str, stranger: Visitor
) -> None:
    response = await stranger.send_form("/reset", mail=mail, answer="send")
    assert response.status_code == 422
    assert error_of(response, "mail") == problem
    assert one(response, "#mail")["value"] == mail
    back = await stranger.send_form("/reset", mail="alice@nigiwai.test", answer="back")
    assert one(back, "#mail")["value"] == "alice@nigiwai.test"


async def test_a_new_password_ends_every_sign_in_and_tells_the_applications(
    identity: Starlette, parts: Parts, account: Account, someone: Visitor
) -> None:
    session = await Session.get(account=account)
    client = await Client.create(
        client_id="app", name="App", backchannel_logout_uri="https://app.test/logout"
    )
    family = await TokenFamily.create(
        client=client, account=account, sid=session.sid, scope="openid", auth_time=NOW
    )
    woken: list[bool] = []
    told = Parts(parts.settings, parts.sealer, lambda: woken.append(True), parts.passwords)
    async with visitor(build_identity(told), "192.0.2.1") as elsewhere:
        await sign_in(elsewhere, identity, account)
        link = path_of(
            await create_link(account, LinkPurpose.RESET, parts.settings, datetime.now(UTC))
        )
        old_cookie = elsewhere.cookies[COOKIE]
        await elsewhere.send_form(link, password=NEW)
        assert COOKIE not in elsewhere.cookies, "its cookie is taken back"
        assert woken
        elsewhere.bring_cookie(old_cookie)
        assert (await elsewhere.get("/")).headers["location"] == "/login"
    assert (await someone.get("/")).headers["location"] == "/login"
    assert not await Session.exists()
    await family.refresh_from_db()
    assert family.revoked_at is not None
    row = await Outbox.get(kind=BACKCHANNEL_LOGOUT)
    assert row.payload == {"client": "app", "sub": account.public_id, "sid": session.sid}


async def test_a_new_password_lifts_the_lock(
    stranger: Visitor, account: Account, parts: Parts
) -> None:
    for _ in range(6):
        await stranger.log_in(account.mail, "no idea at all")
    link = await asked_for(stranger, parts, account.mail)
    assert (await stranger.send_form(link, password=NEW)).status_code == 303
    assert (await stranger.log_in(account.mail, NEW)).status_code == 303


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", "パスワードを入力してください。"),
        ("短すぎる言葉です", "パスワードは10文字以上で入力してください。"),
        ("長" * 129, "パスワードは128文字以内で入力してください。"),
        ("Alice@nigiwai.test", "メールアドレスや名前と同じパスワードは使えません。"),
        (
            "password1234",
            "推測されやすいパスワードです。関係のない言葉をいくつか組み合わせてください。",
        ),
    ],
)
async def test_a_password_that_will_not_do_keeps_the_link(
    password: str, problem: str, stranger: Visitor, account: Account, parts: Parts
) -> None:
    link = await asked_for(stranger, parts, account.mail)
    response = await stranger.send_form(link, password=password)
    assert response.status_code == 422
    assert error_of(response, "password") == problem
    assert not one(response, "#password").get("value")
    assert (await stranger.send_form(link, password=NEW)).status_code == 303


@pytest.mark.parametrize(
    "password",
    [
        " ten spaces around ",
        "海辺の自転車と古い時計",
        "🦊🦝🦡🦔🐿️🦇🦉🦢🦜🦩",
        "長い" * 5 + "x" * 118,
    ],
)
async def test_any_characters_will_do(
    password: str, stranger: Visitor, account: Account, parts: Parts
) -> None:
    link = await asked_for(stranger, parts, account.mail)
    assert (await stranger.send_form(link, password=password)).status_code == 303
    assert (await stranger.log_in(account.mail, password)).status_code == 303


async def test_the_same_password_may_be_composed_in_another_way(
    stranger: Visitor, account: Account, parts: Parts
) -> None:
    link = await asked_for(stranger, parts, account.mail)
    await stranger.send_form(link, password="ガラスのバラ１２３ｘ")
    assert (await stranger.log_in(account.mail, "カ\u3099ラスのハ\u3099ラ123x")).status_code == 303


async def test_a_link_works_once_however_many_race(any_database: Settings) -> None:
    parts = parts_on(any_database, Passwords(64, 1))
    account = await make_account(parts, await Organisation.create(name="みなと商店街"))
    url = await create_link(account, LinkPurpose.RESET, parts.settings, datetime.now(UTC))
    async with visitor(build_identity(parts)) as stranger:
        answers = await asyncio.gather(
            *(stranger.send_form(path_of(url), password=f"{NEW} {n}") for n in range(20))
        )
        assert sorted(answer.status_code for answer in answers) == [303] + [410] * 19
        winner = next(n for n, answer in enumerate(answers) if answer.status_code == 303)
        assert (await stranger.log_in(account.mail, f"{NEW} {winner}")).status_code == 303
        assert [letter.event for letter in await letters(parts)] == ["password_changed"]
        spent = await stranger.get(path_of(url))
        assert spent.status_code == 410
        assert said(spent).startswith("このURLは使えません")
        assert one(spent, "a.button")["href"] == "/reset"
        assert (await stranger.send_form(path_of(url), password=NEW)).status_code == 410


async def test_of_two_links_of_one_account_one_works(
    database: Settings, parts: Parts, account: Account
) -> None:
    """Both were found good when both were submitted; the first leaves nothing for the second."""
    now = datetime.now(UTC)
    first = await create_link(account, LinkPurpose.FIRST_PASSWORD, parts.settings, now)
    second = await create_link(account, LinkPurpose.RESET, parts.settings, now)
    links = [await find_link(url.rpartition("/")[2], now) for url in (first, second)]
    done = await asyncio.gather(
        *(
            set_password(parts, link, f"{NEW} {n}", From("192.0.2.1", ""), now)
            for n, link in enumerate(links)
            if link is not None
        )
    )
    assert sorted(done) == [False, True]


async def test_a_link_that_was_asked_for_again_is_void(
    stranger: Visitor, account: Account, parts: Parts
) -> None:
    first = await asked_for(stranger, parts, account.mail)
    await Outbox.all().delete()
    second = await asked_for(stranger, parts, account.mail)
    assert (await stranger.get(first)).status_code == 410
    assert (await stranger.get(second)).status_code == 200


@pytest.mark.parametrize(
    ("purpose", "good", "gone"),
    [
        (LinkPurpose.RESET, timedelta(minutes=59, seconds=59), timedelta(minutes=60)),
        (
            LinkPurpose.FIRST_PASSWORD,
            timedelta(hours=71, minutes=59),
            timedelta(hours=72, minutes=1),
        ),
    ],
)
async def test_how_long_a_link_is_good(
    purpose: LinkPurpose,
    good: timedelta,
    gone: timedelta,
    stranger: Visitor,
    parts: Parts,
    organisation: Organisation,
) -> None:
    account = await make_account(parts, organisation, password="")
    link = path_of(await create_link(account, purpose, parts.settings, NOW))
    with time_machine.travel(NOW + gone, tick=False):
        assert (await stranger.get(link)).status_code == 410
        assert (await stranger.send_form(link, password=NEW)).status_code == 410
    with time_machine.travel(NOW + good, tick=False):
        shown = await stranger.get(link)
        assert shown.status_code == 200
        is_first = purpose is LinkPurpose.FIRST_PASSWORD
        assert said(shown).startswith(
            "パスワード初期設定" if is_first else "新しいパスワードの設定"
        )
        assert (await stranger.send_form(link, password=NEW)).status_code == 303
        assert (await stranger.log_in(account.mail, NEW)).status_code == 303


@pytest.mark.parametrize("host", ["evil.test", "id.nigiwai.test.evil.test", "id.nigiwai.test:444"])
async def test_a_link_leads_to_the_configured_origin(
    host: str, stranger: Visitor, account: Account, parts: Parts
) -> None:
    forged = {"Host": host, "X-Forwarded-Host": host}
    answer = await stranger.post(
        "/reset", data={"mail": account.mail, "answer": "send"}, headers=forged
    )
    assert answer.status_code == 400
    assert await requests_for_reset() == []
    await stranger.post(
        "/reset",
        data={"mail": account.mail, "answer": "send"},
        headers={"X-Forwarded-Host": host, "Forwarded": f"host={host}"},
    )
    await send_reset_link(parts, (await requests_for_reset())[0])
    url = (await letters(parts))[0].values["url"]
    assert url.startswith(f"{ORIGIN}/password/")
    token = url.rpartition("/")[2]
    assert len(token) == 43, "256 random bits"
    assert not await OneTimeLink.filter(token_hash=token).exists(), "only its hash is kept"


@pytest.mark.parametrize("token", ["x", "x" * 43, "../login", "%00", "あ"])
async def test_a_token_of_nobody_opens_nothing(token: str, stranger: Visitor) -> None:
    response = await stranger.get(f"/password/{token}")
    assert response.status_code in {404, 410, 200}
    if response.status_code == 200:
        assert said(response).startswith("ログイン"), "the browser itself went to /login"


async def test_a_signed_in_browser_keeps_its_own_sign_in_when_it_opens_anothers_link(
    someone: Visitor, account: Account, parts: Parts, organisation: Organisation
) -> None:
    other = await make_account(parts, organisation, "Bob")
    link = path_of(await create_link(other, LinkPurpose.RESET, parts.settings, datetime.now(UTC)))
    csrf, someone.csrf = someone.csrf, "x"
    assert (await someone.send_form(link, password=NEW)).status_code == 403
    someone.csrf = csrf
    assert (await someone.send_form(link, password=NEW)).status_code == 303
    assert (await someone.get("/account")).status_code == 200
    assert PASSWORD != NEW
