"""Sending to a real SMTP server: encryption, sign-in, what is tried again and what is not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mail.smtp import Login, Post, certificate, running
from tests.mail.test_render import NOON, VALUES, html_of, text_of
from webapp.errors import PermanentFailure, StartRefused, TemporaryFailure
from webapp.mail import transport
from webapp.mail.letters import Letter
from webapp.mail.render import render
from webapp.mail.transport import Encryption, Server, check_mail, read_server, send
from webapp.settings import Settings

PASSWORD = "p@ss/w:rd#?"
QUOTED = "p%40ss%2Fw%3Ard%23%3F"


@pytest.fixture
def post() -> Iterator[Post]:
    with running() as post:
        yield post


def with_url(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"mail_url": url})


async def send_reset(settings: Settings, language: str = "ja", key: str = "key") -> None:
    letter = Letter("password_reset", "hanako@example.jp", language, VALUES["password_reset"])
    await send(render(letter, settings, key, NOON), settings)


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("ja", "[Nigiwai ID] パスワードリセット", "このURLは60分間、一度だけ使えます。"),
        ("en", "[Nigiwai ID] Reset your password", "It works once, for 60 minutes"),
    ],
)
async def test_what_was_meant_arrives(
    settings: Settings, post: Post, language: str, subject: str, words: str
) -> None:
    await send_reset(with_url(settings, post.url), language)
    (mail,) = post.mails
    assert mail["Subject"] == subject
    assert words in text_of(mail)
    assert "山田 花子" in html_of(mail)
    (envelope,) = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@localhost", ["hanako@example.jp"])
    assert post.encrypted == [False]


async def test_a_server_that_offers_encryption_gets_it_and_a_password_after_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    login = Login("us er", PASSWORD)
    how = {"tls_context": context, "require_starttls": True, "authenticator": login}
    with running(**how, auth_required=True) as post:
        url = f"smtp://us%20er:{QUOTED}@127.0.0.1:{post.port}"
        await send_reset(with_url(settings, url))
        assert (len(post.mails), post.encrypted) == (1, [True])
        wrong = f"smtp://us%20er:hush@127.0.0.1:{post.port}"
        with pytest.raises(TemporaryFailure, match="user name or password") as told:
            await send_reset(with_url(settings, wrong))
        assert "hush" not in str(told.value)
        assert len(post.mails) == 1
    with running(tls_context=context) as post:
        await send_reset(with_url(settings, post.url))
        assert post.encrypted == [True], "encrypted because the server offers it"


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    context, _ = certificate(tmp_path)
    with running(tls_context=context) as post:
        with pytest.raises(TemporaryFailure, match="certificate"):
            await send_reset(with_url(settings, post.url))
        assert post.mails == []
        await send_reset(with_url(settings, f"{post.url}/?starttls=never"))
        assert post.encrypted == [False], "a server on this machine may be asked so"


async def test_a_password_never_goes_in_the_clear(settings: Settings) -> None:
    how = {"authenticator": Login("user", PASSWORD), "auth_require_tls": False}
    with running(**how) as post:
        with pytest.raises(TemporaryFailure, match="STARTTLS"):
            await send_reset(with_url(settings, f"smtp://user:{QUOTED}@127.0.0.1:{post.port}"))
        assert post.mails == []


async def test_encryption_from_the_start(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running(ssl_context=context) as post:
        await send_reset(with_url(settings, f"smtps://127.0.0.1:{post.port}"))
        assert len(post.mails) == 1


@pytest.mark.parametrize("answer", ["450 4.2.0 greylisted", "421 4.3.2 too many", "452 4.2.2 full"])
async def test_what_passes_is_tried_again(settings: Settings, post: Post, answer: str) -> None:
    post.rcpt_answers = [answer]
    with pytest.raises(TemporaryFailure):
        await send_reset(with_url(settings, post.url))
    post.data_answers = [answer]
    with pytest.raises(TemporaryFailure):
        await send_reset(with_url(settings, post.url))
    await send_reset(with_url(settings, post.url))
    assert len(post.mails) == 1


async def test_what_stays_refused_is_given_up_without_the_servers_words(
    settings: Settings, post: Post
) -> None:
    secret = VALUES["password_reset"]["url"]
    post.rcpt_answers = [f"550 5.1.1 no hanako@example.jp here, {secret}"]
    with pytest.raises(PermanentFailure) as told:
        await send_reset(with_url(settings, post.url))
    assert str(told.value) == "The mail server refuses the recipient (550)."
    post.data_answers = [f"554 5.7.1 spam: {secret}"]
    with pytest.raises(PermanentFailure) as told:
        await send_reset(with_url(settings, post.url))
    assert str(told.value) == "The mail server refuses the mail (554)."


async def test_a_server_that_is_away_is_tried_again(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(TemporaryFailure, match=f"127.0.0.1 port {port} cannot be reached"):
        await send_reset(with_url(settings, f"smtp://127.0.0.1:{port}"))


async def test_a_server_that_turns_everybody_away_is_tried_again(settings: Settings) -> None:
    async def turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 no service here\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(turn_away, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(TemporaryFailure, match=r"127\.0\.0\.1 port"):
            await send_reset(with_url(settings, f"smtp://127.0.0.1:{port}"))


async def test_a_server_that_says_nothing_is_waited_for_only_so_long(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[asyncio.StreamWriter] = []

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    async with await asyncio.start_server(keep_silent, "127.0.0.1", 0) as server:
        url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(TemporaryFailure, match="Timeout"):
            async with transport.connected(with_url(settings, url), timeout=0.2):
                pytest.fail("there was no greeting")
        for writer in held:
            writer.close()


async def test_a_farewell_that_fails_does_not_send_the_mail_again(settings: Settings) -> None:
    class Rude(Post):
        async def handle_QUIT(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
            return "421 go away"

    with running(Rude()) as post:
        await send_reset(with_url(settings, post.url))
        assert len(post.mails) == 1


async def test_without_a_server_the_failure_says_which_setting(settings: Settings) -> None:
    with pytest.raises(TemporaryFailure, match="NIGIWAI_MAIL_URL is not set"):
        await send_reset(settings)
    with pytest.raises(StartRefused, match="NIGIWAI_MAIL_URL is not set"):
        check_mail(settings)
    check_mail(with_url(settings, "mailbox:"))
    check_mail(with_url(settings, "smtp://mail.example.jp"))


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail", Server("mail", 25)),
        ("smtp://mail:2525", Server("mail", 2525)),
        ("smtp://u:p@mail", Server("mail", 587, "u", "p", Encryption.STARTTLS)),
        (
            f"smtps://u%40e.jp:{QUOTED}@mail",
            Server("mail", 465, "u@e.jp", PASSWORD, Encryption.FROM_START),
        ),
        ("smtp://[::1]:25/", Server("::1", 25)),
        ("smtp://localhost?starttls=never", Server("localhost", 25, "", "", Encryption.NEVER)),
    ],
)
def test_addresses_of_servers(url: str, server: Server) -> None:
    assert read_server(url) == server
    assert "p@ss" not in repr(read_server(url))


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "smtp://:25",
        "smtp://mail:x",
        "smtp://mail:99999",
        "smtp://u:p#hush@mail",
        "smtp://u:p/hush@mail",
        "smtp://u:1?hush@mail",
        "smtp://mail/inbox",
        "smtp://mail?starttls=never",
        "smtp://mail?tls=no",
        "smtp://mail#x",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StartRefused, match="NIGIWAI_MAIL_URL") as told:
        read_server(url)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("https://nigiwai.example.jp", "nigiwai.example.jp"),
        ("http://192.0.2.7:8000", "[192.0.2.7]"),
        ("http://[2001:db8::7]", "[IPv6:2001:db8::7]"),
        ("https://例え.jp", "xn--r8jz45g.jp"),
    ],
)
def test_we_introduce_ourselves_as_servers_do(settings: Settings, origin: str, name: str) -> None:
    assert transport._own_name(settings.model_copy(update={"origin": origin})) == name
