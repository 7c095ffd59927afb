"""The demo's mail server: a folder that takes each mail once and keeps the newest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.mail.test_render import NOON, VALUES
from webapp.mail import folder
from webapp.mail.folder import KEPT
from webapp.mail.letters import Letter
from webapp.mail.render import render
from webapp.mail.transport import send
from webapp.settings import Settings


@pytest.fixture
def mailbox(settings: Settings) -> Settings:
    return settings.model_copy(update={"mail_url": "mailbox:"})


async def put(settings: Settings, key: str, seconds: int = 0) -> None:
    letter = Letter("password_reset", "hanako@example.jp", "ja", VALUES["password_reset"])
    at = NOON + timedelta(seconds=seconds)
    await send(render(letter, settings, key, at), settings)


async def test_a_mail_that_comes_twice_is_there_once(mailbox: Settings) -> None:
    await put(mailbox, "a")
    await put(mailbox, "a")
    await put(mailbox, "b")
    assert len(folder.names(mailbox)) == 2


async def test_the_newest_come_first_and_the_oldest_go(mailbox: Settings) -> None:
    for number in range(KEPT + 3):
        await put(mailbox, str(number), number)
    names = folder.names(mailbox)
    assert len(names) == KEPT
    assert names == sorted(names, reverse=True)
    oldest = folder.get(names[-1], mailbox)
    assert oldest is not None
    assert oldest["Date"].datetime == NOON + timedelta(seconds=3)


async def test_nobody_else_on_the_machine_reads_them(mailbox: Settings) -> None:
    await put(mailbox, "a")
    place = mailbox.data_dir / "mailbox"
    assert place.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}


async def test_only_mails_are_mails(mailbox: Settings) -> None:
    assert folder.names(mailbox) == []
    await put(mailbox, "a")
    (name,) = folder.names(mailbox)
    place = mailbox.data_dir / "mailbox"
    (place / "notes.eml").write_text("x")
    (mailbox.data_dir / f"{name}.eml").write_text("x")
    assert folder.names(mailbox) == [name]
    assert folder.get(name, mailbox) is not None
    for other in ("notes", f"../{name}", f"{name}.eml", name.replace("-", "/"), f"{name}\n", ""):
        assert folder.get(other, mailbox) is None


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("localhost.evil.test", False),
        ("", False),
    ],
)
def test_what_is_this_very_machine(host: str, here: bool) -> None:
    assert folder.is_loopback(host) is here
