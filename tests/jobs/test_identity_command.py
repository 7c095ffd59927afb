"""``nigiwai identity`` as a process on PostgreSQL: what it needs, what it serves, how it ends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tests.jobs.test_commands import free_port, nigiwai
from tests.mail.smtp import Post, running
from tests.mail.test_render import VALUES
from webapp.database import IDENTITY, close_database, open_database
from webapp.identity.models import Client, Outbox
from webapp.identity.outbox import write_letter
from webapp.identity.parts import build_parts
from webapp.mail import folder
from webapp.mail.letters import Letter
from webapp.settings import Settings

SECRET = "s" * 40


def start(settings: Settings, mail_url: str, port: int) -> subprocess.Popen[str]:
    return nigiwai(
        "identity",
        data_dir=settings.data_dir,
        database_url=settings.database_url,
        secret_key=SECRET,
        mail_url=mail_url,
        identity_origin=f"http://localhost:{port}",
        identity_listen_port=port,
    )


def wait_for(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    begun = time.monotonic()
    while not true():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() - begun < 120
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        with httpx.Client(trust_env=False) as client:
            return client.get(f"http://localhost:{port}/login").status_code == 200
    except httpx.TransportError:
        return False


async def write_letters(settings: Settings, count: int) -> None:
    await open_database(settings, (IDENTITY,))
    parts = build_parts(settings.model_copy(update={"secret_key": SecretStr(SECRET)}))
    letter = Letter("password_changed", "hanako@example.jp", "ja", VALUES["password_changed"])
    for number in range(count):
        await write_letter(letter, parts.sealer, str(number), datetime.now(UTC))
    await close_database()


async def end_leases(settings: Settings) -> None:
    """Let the leases be over of whoever died."""
    await open_database(settings, (IDENTITY,))
    await Outbox.filter(done_at=None).update(lease_until=datetime.now(UTC))
    await close_database()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_keeps_and_ends_on_a_signal(postgres_settings: Settings, number: int) -> None:
    port = free_port()
    with running() as post:
        process = start(postgres_settings, post.url, port)
        try:
            wait_for(lambda: answers(port), process)
            asyncio.run(write_letters(postgres_settings, 1))
            wait_for(lambda: len(post.mails) == 1, process)
        finally:
            begun = time.monotonic()
            process.send_signal(number)
            text, _ = process.communicate(timeout=60)
    assert time.monotonic() - begun < 10
    assert process.returncode == 0, text
    assert "Traceback" not in text
    assert asyncio.run(_clients(postgres_settings)) == ["nigiwai"], "it knows the app"


async def _clients(settings: Settings) -> list[str]:
    await open_database(settings, (IDENTITY,))
    known = await Client.all().values_list("client_id", flat=True)
    await close_database()
    return [str(client) for client in known]


def test_killed_between_sending_and_writing_it_down_it_sends_the_very_same_mail(
    postgres_settings: Settings,
) -> None:
    asyncio.run(write_letters(postgres_settings, 1))
    port = free_port()
    with running() as post:
        post.on_data = lambda: first.kill()  # before it hears that the mail was taken
        first = start(postgres_settings, post.url, port)
        first.communicate(timeout=120)
        assert len(post.mails) == 1
        post.on_data = None
        asyncio.run(end_leases(postgres_settings))
        second = start(postgres_settings, post.url, port)
        try:
            wait_for(lambda: len(post.mails) == 2, second)
        finally:
            second.terminate()
            second.communicate(timeout=60)
    assert post.mails[0]["Message-ID"] == post.mails[1]["Message-ID"]
    assert post.mails[0].as_bytes() == post.mails[1].as_bytes()


def test_killed_many_times_the_mailbox_has_each_mail_once(postgres_settings: Settings) -> None:
    """TRUST 1: 0 duplicate mails."""
    letters, kills = 60, 5
    asyncio.run(write_letters(postgres_settings, letters))
    mailbox = postgres_settings.model_copy(update={"mail_url": folder.MAILBOX})

    def count() -> int:
        return len(folder.names(mailbox))

    for kill in range(kills):
        process = start(mailbox, folder.MAILBOX, free_port())
        wait_for(lambda: count() > kill * letters // (kills * 2), process)  # noqa: B023
        process.kill()
        process.communicate(timeout=60)
        asyncio.run(end_leases(postgres_settings))
    process = start(mailbox, folder.MAILBOX, free_port())
    try:
        wait_for(lambda: asyncio.run(_waiting(postgres_settings)) == 0, process)
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert count() == letters
    messages = {folder.get(name, mailbox)["Message-ID"] for name in folder.names(mailbox)}  # type: ignore[index]
    assert len(messages) == letters


async def _waiting(settings: Settings) -> int:
    await open_database(settings, (IDENTITY,))
    try:
        return await Outbox.filter(done_at=None).count()
    finally:
        await close_database()


def test_a_mail_server_that_puts_off_is_asked_again(postgres_settings: Settings) -> None:
    post = Post(rcpt_answers=["450 4.2.0 later"])
    asyncio.run(write_letters(postgres_settings, 1))
    with running(post):
        process = start(postgres_settings, post.url, free_port())
        try:
            wait_for(lambda: len(post.mails) == 1, process)  # ten seconds later
        finally:
            process.terminate()
            process.communicate(timeout=60)
    assert post.rcpt_answers == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "SQLite is for one process"),
        ({"database_url": "postgres://nobody@127.0.0.1:1/x"}, "NIGIWAI_SECRET_KEY"),
        (
            {"database_url": "postgres://nobody@127.0.0.1:1/x", "secret_key": SECRET},
            "NIGIWAI_MAIL_URL is not set",
        ),
        (
            {
                "database_url": "postgres://nobody@127.0.0.1:1/x",
                "secret_key": SECRET,
                "mail_url": "smtp://mail:x",
            },
            "NIGIWAI_MAIL_URL is no mail server",
        ),
        (
            {
                "database_url": "postgres://nobody@127.0.0.1:1/x",
                "secret_key": SECRET,
                "mail_url": "smtp://mail",
                "mail_no_reply": "nobody",
            },
            "NIGIWAI_MAIL_NO_REPLY",
        ),
        (
            {
                "database_url": "postgres://nobody@127.0.0.1:1/x",
                "secret_key": SECRET,
                "mail_url": folder.MAILBOX,
                "identity_origin": "https://id.example.jp",
            },
            "this machine alone",
        ),
        ({"oidc_issuer": "https://login.example.jp"}, "NIGIWAI_OIDC_ISSUER"),
    ],
)
def test_it_says_what_it_lacks(tmp_path: Path, values: dict[str, str], sentence: str) -> None:
    process = nigiwai("identity", data_dir=tmp_path, **values)
    text, _ = process.communicate(timeout=90)
    assert process.returncode == 1
    assert sentence in text
    assert "Traceback" not in text


def test_the_app_alone_shows_no_mails_to_the_world(tmp_path: Path) -> None:
    process = nigiwai(
        "web",
        data_dir=tmp_path,
        database_url="postgres://nobody@127.0.0.1:1/x",
        redis_url="redis://127.0.0.1:1",
        store_url=f"file://{tmp_path}/store",
        secret_key=SECRET,
        mail_url=folder.MAILBOX,
        origin="https://nigiwai.example.jp",
    )
    text, _ = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "this machine alone" in text
    assert "Traceback" not in text
