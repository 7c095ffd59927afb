"""The demo's mailbox: mails as pages, for whoever sits at this machine and nobody else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.html import one, parsed, text_of
from tests.mail.test_render import NOON, VALUES
from tests.people import *  # noqa: F403 - fixtures
from tests.people import ORIGIN
from webapp.app import build_app
from webapp.errors import StartRefused
from webapp.mail import folder
from webapp.mail.letters import Letter
from webapp.mail.render import render
from webapp.mail.transport import send
from webapp.mailbox.routes import check_mailbox
from webapp.services import Services
from webapp.settings import Settings

URL = VALUES["password_reset"]["url"]


@pytest.fixture
def mailbox(services: Services) -> Services:
    """Services that keep their mails in the mailbox."""
    return replace(services, settings=services.settings.model_copy(update={"mail_url": "mailbox:"}))


@pytest.fixture
async def visitor(mailbox: Services) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at this machine, not signed in."""
    async with visitor_from(mailbox, "127.0.0.1") as client:
        yield client


def visitor_from(services: Services, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(build_app(services), client=(address, 50000))
    headers = {"Accept-Language": "ja"}
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)


async def put(services: Services, event: str = "password_reset", **values: Any) -> str:
    letter = Letter(event, "hanako@example.jp", "ja", {**VALUES[event], **values})
    await send(render(letter, services.settings, event, NOON), services.settings)
    return folder.names(services.settings)[0]


async def test_an_empty_mailbox_says_how_a_mail_comes(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get("/mailbox")
    assert page.status_code == 200
    assert "メールはまだありません" in text_of(page, ".empty-state")


async def test_mails_are_listed_and_opened(visitor: httpx.AsyncClient, mailbox: Services) -> None:
    name = await put(mailbox)
    await put(mailbox, "password_changed")
    page = await visitor.get("/mailbox")
    assert len(parsed(page).select("tbody tr")) == 2
    link = one(page, f'a[href="/mailbox/{name}"]')
    assert link.get_text() == "[Nigiwai ID] パスワードリセット"
    message = await visitor.get(f"/mailbox/{name}")
    assert text_of(message, "h1") == "[Nigiwai ID] パスワードリセット"
    assert "hanako@example.jp" in text_of(message, ".mail-facts")
    assert one(message, f'.mail-text a[href="{URL}"]').get_text() == URL
    frame = one(message, "iframe")
    assert frame["src"] == f"/mailbox/{name}/html"
    assert set(frame["sandbox"]) == {
        "allow-popups",
        "allow-popups-to-escape-sandbox",
    }
    html = await visitor.get(f"/mailbox/{name}/html")
    assert one(html, f'.button a[href="{URL}"]')


async def test_the_html_runs_and_loads_nothing(
    visitor: httpx.AsyncClient, mailbox: Services
) -> None:
    name = await put(mailbox, name="<script>alert(1)</script>")
    html = await visitor.get(f"/mailbox/{name}/html")
    policy = html.headers["content-security-policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'self'"
    assert "allow-scripts" not in directives["sandbox"]
    assert "allow-same-origin" not in directives["sandbox"]
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", directives["style-src"])
    assert "unsafe" not in policy
    assert "script-src" not in directives
    assert not parsed(html).select("script")
    message = await visitor.get(f"/mailbox/{name}")
    assert "frame-src 'self'" in message.headers["content-security-policy"]
    assert not [tag for tag in parsed(message).select("script") if not tag.get("src")]


@pytest.mark.parametrize("path", ["", "/{name}", "/{name}/html"])
async def test_only_this_machine_sees_them(mailbox: Services, path: str) -> None:
    path = "/mailbox" + path.format(name=await put(mailbox))
    for address in ("127.0.0.1", "127.0.0.9", "::1"):
        async with visitor_from(mailbox, address) as here:
            assert (await here.get(path)).status_code == 200
            for header in ("X-Forwarded-For", "Forwarded", "Via"):
                by_proxy = await here.get(path, headers={header: "127.0.0.1"})
                assert by_proxy.status_code == 404
    for address in ("192.168.0.7", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1"):
        async with visitor_from(mailbox, address) as elsewhere:
            answer = await elsewhere.get(path, headers={"X-Forwarded-For": "127.0.0.1"})
            assert answer.status_code == 404
            assert (await elsewhere.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["", "/{name}", "/{name}/html"])
async def test_where_mails_are_sent_there_is_no_mailbox(
    services: Services, mailbox: Services, path: str
) -> None:
    path = "/mailbox" + path.format(name=await put(mailbox))
    sending = services.settings.model_copy(update={"mail_url": "smtp://mail.example.jp"})
    for other in (services, replace(services, settings=sending)):
        async with visitor_from(other, "127.0.0.1") as visitor:
            assert (await visitor.get(path)).status_code == 404


@pytest.mark.parametrize(
    "name", ["..%2f..%2fsecret_key", "%2e%2e", "x", "%00", "20260302T030000Z-" + "0" * 32]
)
async def test_only_mails_have_pages(
    visitor: httpx.AsyncClient, mailbox: Services, name: str
) -> None:
    await put(mailbox)
    for path in (f"/mailbox/{name}", f"/mailbox/{name}/html"):
        assert (await visitor.get(path, follow_redirects=False)).status_code == 404


async def test_looking_at_mails_changes_nothing(
    visitor: httpx.AsyncClient, mailbox: Services
) -> None:
    name = await put(mailbox)
    place = mailbox.settings.data_dir / "mailbox"
    before = {path: path.read_bytes() for path in place.iterdir()}
    for path in ("/mailbox", f"/mailbox/{name}", f"/mailbox/{name}/html"):
        assert (await visitor.get(path)).status_code == 200
    assert {path: path.read_bytes() for path in place.iterdir()} == before


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, False),
        ({"listen_host": "::1"}, False),
        ({"listen_host": "0.0.0.0"}, True),
        ({"listen_host": "192.168.0.7"}, True),
        ({"origin": "https://nigiwai.example.jp"}, True),
        ({"identity_listen_host": "0.0.0.0"}, True),
        ({"identity_origin": "https://id.example.jp"}, True),
        ({"identity_origin": "https://id.example.jp", "oidc_issuer": "https://sso.test"}, False),
        ({"listen_host": "0.0.0.0", "mail_url": "smtp://mail"}, False),
        ({"listen_host": "0.0.0.0", "mail_url": ""}, False),
    ],
)
def test_a_mailbox_that_others_reach_stops_the_start(
    settings: Settings, values: dict[str, str], refused: bool
) -> None:
    settings = settings.model_copy(update={"mail_url": "mailbox:", **values})
    if refused:
        with pytest.raises(StartRefused, match="this machine alone"):
            check_mailbox(settings)
    else:
        check_mailbox(settings)
