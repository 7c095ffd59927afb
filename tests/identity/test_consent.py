"""許可: what is listed, what an answer does, and that nobody's answer but one's own counts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest

from tests.html import one, parsed
from tests.identity.people import Visitor, said
from webapp.identity.flows.consent import allow
from webapp.identity.models import Account, Client, Consent, Organisation
from webapp.identity.oauth.clients import create_client
from webapp.identity.parts import Parts
from webapp.settings import Settings

CALLBACK = "https://app.test/callback"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).decode().rstrip("=")


@pytest.fixture
async def client(parts: Parts) -> Client:
    return (await create_client("混雑マップ", [CALLBACK]))[0]


def request_of(client: Client, **changes: str) -> str:
    values = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": CALLBACK,
        "scope": "openid profile email nigiwai",
        "state": "s/1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return f"/authorize?{urlencode(values)}"


def consent_of(target: str) -> str:
    return f"/consent?next={quote(target, safe='')}"


async def followed(person: Visitor, path: str) -> httpx.Response:
    """Go on within the provider, as a browser does."""
    response = await person.get(path)
    while response.status_code == 303 and response.headers["location"].startswith("/"):
        response = await person.get(response.headers["location"])
    return response


async def test_a_first_login_lists_what_is_read_and_goes_back_with_a_code(
    stranger: Visitor, account: Account, client: Client
) -> None:
    login = await followed(stranger, request_of(client))
    assert "ログインすると混雑マップに進みます。" in said(login)
    policy = login.headers["content-security-policy"]
    assert "form-action 'self' https://app.test;" in policy
    path = f"{login.url.path}?{login.url.query.decode()}"
    done = await stranger.log_in(account.mail, path=path)
    page = await followed(stranger, done.headers["location"])
    assert page.url.path == "/consent"
    assert said(page).startswith("混雑マップに情報の利用を許可しますか？")
    listed = [" ".join(item.get_text(" ").split()) for item in parsed(page).select(".reads li")]
    assert listed == [
        "アカウントの識別番号",
        "氏名と表示言語 Alice / 日本語",
        "メールアドレス alice@nigiwai.test",
        "組織と役割 みなと商店街 / 管理ユーザ",
    ]
    assert "form-action 'self' https://app.test;" in page.headers["content-security-policy"]
    answered = await stranger.send_form(f"/consent?{page.url.query.decode()}", answer="allow")
    assert answered.status_code == 303
    back = await followed(stranger, answered.headers["location"])
    assert back.headers["location"].startswith(f"{CALLBACK}?code=")
    again = await stranger.get(request_of(client))
    assert again.headers["location"].startswith(f"{CALLBACK}?code="), "it was asked once"


async def test_only_what_is_asked_for_is_listed(someone: Visitor, client: Client) -> None:
    page = await someone.get(consent_of(request_of(client, scope="openid email")))
    assert len(parsed(page).select(".reads li")) == 2
    assert "みなと商店街" not in page.text


@pytest.mark.parametrize("answer", ["deny", "", "ALLOW", "yes"])
async def test_a_refusal_is_told_to_the_application(
    answer: str, someone: Visitor, client: Client
) -> None:
    response = await someone.send_form(consent_of(request_of(client)), answer=answer)
    assert response.status_code == 303
    location = urlsplit(response.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
    values = parse_qs(location.query)
    assert values["error"] == ["access_denied"]
    assert values["state"] == ["s/1"]
    assert values["iss"] == ["https://id.nigiwai.test"]
    assert not await Consent.exists()


async def test_more_is_asked_for_anew_and_added(
    someone: Visitor, account: Account, client: Client
) -> None:
    await someone.send_form(consent_of(request_of(client, scope="openid email")), answer="allow")
    more = await someone.get(request_of(client, scope="openid profile"))
    assert more.headers["location"].startswith("/consent?")
    await someone.send_form(consent_of(request_of(client, scope="openid profile")), answer="allow")
    consent = await Consent.get(account=account, client=client)
    assert consent.scope == "openid profile email"


async def test_an_answer_given_ten_times_at_once_is_kept_once(
    someone: Visitor, client: Client
) -> None:
    target = consent_of(request_of(client))
    answers = await asyncio.gather(*(someone.send_form(target, answer="allow") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {303}
    assert await Consent.all().count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.test/callback"},
        {"redirect_uri": CALLBACK + "/"},
        {"client_id": "nobody"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"scope": "profile"},
        {"response_type": "token"},
    ],
    ids=lambda changes: next(iter(changes.items())),
)
async def test_a_request_that_is_no_good_is_not_allowed(
    changes: dict[str, str], someone: Visitor, client: Client
) -> None:
    """What the page shows was checked again, whoever wrote its address."""
    target = request_of(client, **changes)
    for answer in ("allow", "deny"):
        response = await someone.send_form(consent_of(target), answer=answer)
        assert (response.status_code, response.headers["location"]) == (303, target)
        assert "evil.test" not in (await someone.get(target)).headers.get("location", "")
    assert not await Consent.exists()


async def test_an_answer_needs_the_token_of_its_session(
    someone: Visitor, stranger: Visitor, account: Account, client: Client
) -> None:
    target = consent_of(request_of(client))
    csrf, someone.csrf = someone.csrf, "x" * 43
    assert (await someone.send_form(target, answer="allow")).status_code == 403
    someone.csrf = csrf
    nobody = await stranger.send_form(target, answer="allow")
    assert nobody.headers["location"].startswith("/login?next=")
    await stranger.log_in(account.mail)
    stranger.csrf = csrf
    assert (await stranger.send_form(target, answer="allow")).status_code == 403
    assert not await Consent.exists()


async def test_somebody_else_can_log_in_from_there(someone: Visitor, client: Client) -> None:
    page = await someone.get(consent_of(request_of(client)))
    login = await someone.get(str(one(page, ".after a")["href"]))
    assert login.status_code == 200
    assert "ログインすると混雑マップに進みます。" in said(login)


async def test_a_name_of_an_application_is_text(parts: Parts, someone: Visitor) -> None:
    hostile, _ = await create_client("<b>&\"'%(app)s{{7*7}}", [CALLBACK])
    page = await someone.get(consent_of(request_of(hostile)))
    assert page.status_code == 200
    assert "<b>" not in page.text
    assert "<b>&\"'%(app)s{{7*7}}" in said(page)


async def test_what_was_allowed_on_either_database(any_database: Settings) -> None:
    organisation = await Organisation.create(name="みなと商店街")
    account = await Account.create(organisation=organisation, name="A", mail="a@nigiwai.test")
    client, _ = await create_client("混雑マップ", [CALLBACK])
    now = datetime.now(UTC)
    await allow(account, client, "openid email", now)
    await allow(account, client, "openid nigiwai", now)
    assert (await Consent.get()).scope == "openid email nigiwai"
