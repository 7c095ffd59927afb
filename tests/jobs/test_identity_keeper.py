"""The provider's keeper: outbox, tidying and keys, whatever goes wrong around it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from jobs.deliver import BATCH
from jobs.identity_keeper import IdentityKeeper
from tests.mail.smtp import Post, running
from tests.mail.test_render import VALUES
from webapp.database import IDENTITY, transaction
from webapp.identity import retention
from webapp.identity.endings import end_sign_ins
from webapp.identity.models import (
    AccessToken,
    Account,
    AuthorizationCode,
    Client,
    Event,
    Guard,
    LinkPurpose,
    OneTimeLink,
    Organisation,
    Outbox,
    RefreshToken,
    Session,
    SigningKey,
    TokenFamily,
)
from webapp.identity.oauth.keys import signing_key
from webapp.identity.outbox import RESET_REQUESTED, write, write_letter
from webapp.identity.parts import Parts, build_parts
from webapp.mail import folder
from webapp.mail.letters import Letter
from webapp.settings import Settings

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Kept:
    """A keeper at work, and the parts whose bell it hears."""

    parts: Parts
    keeper: IdentityKeeper
    task: asyncio.Task[None]


@asynccontextmanager
async def keeping(settings: Settings, mail_url: str = "mailbox:") -> AsyncIterator[Kept]:
    bell = asyncio.Event()
    settings = settings.model_copy(update={"mail_url": mail_url})
    parts = build_parts(settings, bell.set)
    keeper = IdentityKeeper(parts, bell)
    task = asyncio.create_task(keeper.run())
    try:
        yield Kept(parts, keeper, task)
    finally:
        keeper.stop.set()
        await task


async def until(
    true: Callable[[], Awaitable[object]] | Callable[[], object], within: float
) -> float:
    """Wait for it; tell how long it took."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while True:
        value = true()
        if await value if isinstance(value, Awaitable) else value:
            return clock() - begun
        assert clock() - begun < within, "it did not happen in time"
        await asyncio.sleep(0.01)


@dataclass
class Application:
    """An application that hears of logouts; a ``silent`` one never answers."""

    silent: bool = False
    heard: list[bytes] = field(default_factory=list)
    _open: list[asyncio.StreamWriter] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.append(writer)
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        if not self.silent:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/backchannel-logout"
        finally:
            server.close()
            for writer in self._open:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()


async def make_account(mail: str = "hanako@example.jp") -> Account:
    organisation = await Organisation.create(name="駅前商店街")
    return await Account.create(
        organisation=organisation, name="山田 花子", mail=mail, password_hash="set"
    )


async def make_family(
    account: Account, address: str = "", sid: str = "s", **how: Any
) -> TokenFamily:
    client = await Client.create(
        client_id=f"client-{await Client.all().count()}",
        name="にぎわい",
        backchannel_logout_uri=address,
    )
    values = {"scope": "openid", "auth_time": datetime.now(UTC), **how}
    return await TokenFamily.create(client=client, account=account, sid=sid, **values)


async def end_everything(parts: Parts, account: Account) -> None:
    async with transaction(IDENTITY):
        await end_sign_ins(account, datetime.now(UTC))
    parts.wake()


async def write_letters(parts: Parts, count: int) -> None:
    letter = Letter("password_changed", "hanako@example.jp", "ja", VALUES["password_changed"])
    for number in range(count):
        await write_letter(letter, parts.sealer, str(number), datetime.now(UTC))
    parts.wake()


async def test_applications_hear_of_an_ending_within_a_second(any_database: Settings) -> None:
    """TRUST 17: though the mail server hangs, with more mails than go at once."""
    silent: list[asyncio.StreamWriter] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.append(writer)

    application, account = Application(), await make_account()
    mail_server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"smtp://127.0.0.1:{mail_server.sockets[0].getsockname()[1]}"
    try:
        async with application.serving() as address, keeping(any_database, url) as kept:
            await signing_key(kept.parts, datetime.now(UTC))  # as since the first sign-in
            await make_family(account, address)
            await write_letters(kept.parts, BATCH + 5)
            await until(lambda: len(silent) == BATCH, within=60)
            await end_everything(kept.parts, account)
            took = await until(lambda: application.heard, within=1.0)
            assert took < 1.0
            await until(lambda: Outbox.filter(done_at__isnull=False).exists(), within=60)
            for writer in silent:
                writer.close()
    finally:
        mail_server.close()
    assert len(application.heard) == 1
    assert application.heard[0].startswith(b"POST /backchannel-logout")


async def test_an_application_that_hangs_holds_up_no_other(any_database: Settings) -> None:
    hanging, application, account = Application(silent=True), Application(), await make_account()
    async with (
        hanging.serving() as slow,
        application.serving() as quick,
        keeping(any_database) as kept,
    ):
        await signing_key(kept.parts, datetime.now(UTC))
        for number in range(BATCH - 1):
            await make_family(account, slow, f"slow {number}")
        await make_family(account, quick, "quick")
        await end_everything(kept.parts, account)
        # The hanging ones have five seconds each.
        await until(lambda: application.heard, within=4)
        assert await Outbox.filter(done_at=None, attempts=1).count() >= BATCH - 1


async def test_what_nobody_rang_for_is_found_within_two_seconds(any_database: Settings) -> None:
    application, account = Application(), await make_account()
    async with application.serving() as address, keeping(any_database) as kept:
        await signing_key(kept.parts, datetime.now(UTC))
        await make_family(account, address)
        async with transaction(IDENTITY):
            await end_sign_ins(account, datetime.now(UTC))
        await until(lambda: application.heard, within=2)


async def test_who_asks_for_a_new_password_gets_a_mail(any_database: Settings) -> None:
    await make_account()
    async with keeping(any_database) as kept:
        for mail in ("hanako@example.jp", "nobody@example.jp"):
            asked = {"mail": mail, "language": "ja", "asked": f"x{mail}"}
            payload = {"sealed": kept.parts.sealer.seal(asked)}
            await write(RESET_REQUESTED, payload, f"reset:{mail}", datetime.now(UTC))
        kept.parts.wake()
        await until(lambda: folder.names(kept.parts.settings), within=60)
        await until(lambda: _are_done(3), within=60)
        (name,) = folder.names(kept.parts.settings)
    mail = folder.get(name, kept.parts.settings)
    assert mail is not None
    assert (mail["To"], mail["Subject"]) == (
        "hanako@example.jp",
        "[Nigiwai ID] パスワードリセット",
    )
    assert set(map(str, await Outbox.all().values_list("payload", flat=True))) == {"{}"}


async def _are_done(count: int) -> bool:
    return await Outbox.filter(done_at__isnull=False).count() == count


async def test_more_mails_than_go_at_once_all_go(any_database: Settings) -> None:
    async with keeping(any_database) as kept:
        await write_letters(kept.parts, BATCH * 2 + 3)
        await until(lambda: _are_done(BATCH * 2 + 3), within=60)
        assert len(folder.names(kept.parts.settings)) == BATCH * 2 + 3


async def test_a_mail_under_way_is_finished_at_the_end(any_database: Settings) -> None:
    class Slow(Post):
        begun = False

        async def handle_RCPT(self, *args: Any) -> str:  # noqa: N802 - aiosmtpd's name
            self.begun = True
            await asyncio.sleep(0.5)
            return await super().handle_RCPT(*args)

    with running(Slow()) as post:
        async with keeping(any_database, post.url) as kept:
            await write_letters(kept.parts, 1)
            await until(lambda: post.begun, within=60)
        assert len(post.mails) == 1
    assert await _are_done(1)


async def test_a_database_that_goes_away_ends_nothing(postgres: Settings) -> None:
    async with keeping(postgres) as kept:
        await write_letters(kept.parts, 1)
        await until(lambda: _are_done(1), within=60)
        for _ in range(3):
            await _cut_connections(postgres)
            await asyncio.sleep(0.2)
        await write_letters(kept.parts, 2)
        await until(lambda: _are_done(2), within=60)
        assert not kept.task.done()


async def _cut_connections(settings: Settings) -> None:
    other = await asyncpg.connect(settings.database_url)
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await other.close()


async def test_several_keepers_send_each_mail_once(postgres: Settings) -> None:
    with running() as post:
        async with (
            keeping(postgres, post.url) as kept,
            keeping(postgres, post.url),
            keeping(postgres, post.url),
        ):
            await write_letters(kept.parts, 30)
            await until(lambda: _are_done(30), within=60)
    assert len(post.mails) == 30
    assert len({mail["Message-ID"] for mail in post.mails}) == 30


async def test_keys_follow_each_other_without_being_asked(any_database: Settings) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=200)
    await SigningKey.create(kid="old", sealed="x", signs_from=long_ago)
    async with keeping(any_database):
        await until(lambda: SigningKey.filter(kid__not="old").exists(), within=60)
    assert await SigningKey.all().count() == 2


async def test_tidying_deletes_what_is_over_and_nothing_else(any_database: Settings) -> None:
    account = await make_account()
    await _fill(account)
    everything = await _counts()
    await retention.sweep(NOON)
    assert await _counts() == everything, "all of it is still good, or young enough"
    tick = timedelta(seconds=1)
    for later, gone in (
        (timedelta(minutes=1), {"Guard": 1}),  # the window and the lock are over
        (timedelta(minutes=10), {"AccessToken": 1}),
        (timedelta(hours=12), {"Session": 1}),
        # A revoked family takes its refresh token along.
        (retention.REVOKED_KEPT, {"TokenFamily": 1, "RefreshToken": 1, "AuthorizationCode": 1}),
        (retention.LINKS_KEPT, {"OneTimeLink": 1, "Outbox": 1}),
        (retention.GIVEN_UP_KEPT, {"Outbox": 1, "RefreshToken": 1}),
        (retention.FAMILIES_KEPT, {"TokenFamily": 1}),
        (retention.EVENTS_KEPT, {"Event": 1}),
    ):
        await retention.sweep(NOON + later - tick)
        before = await _counts()
        await retention.sweep(NOON + later)
        after = await _counts()
        assert {k: before[k] - after[k] for k in before if before[k] != after[k]} == gone, later
    assert (await _counts())["Outbox"] == 1, "what waits is kept"


async def _counts() -> dict[str, int]:
    models = (
        AccessToken,
        AuthorizationCode,
        Event,
        Guard,
        OneTimeLink,
        Outbox,
        RefreshToken,
        Session,
        TokenFamily,
    )
    return {model.__name__: await model.all().count() for model in models}


async def _fill(account: Account) -> None:
    """One of each that is over at noon or some time after, and a row that waits."""
    minutes = timedelta(minutes=1)
    living = await make_family(account, sid="a", auth_time=NOON)
    revoked = await make_family(account, sid="b", auth_time=NOON, revoked_at=NOON)
    await AuthorizationCode.create(
        family=living,
        code_hash="c",
        redirect_uri="x",
        code_challenge="x",
        expires_at=NOON,
        used_at=NOON,
    )
    await AccessToken.create(
        family=living, token_hash="a", scope="openid", expires_at=NOON + 10 * minutes
    )
    month = NOON + retention.GIVEN_UP_KEPT
    await RefreshToken.create(family=living, token_hash="r", expires_at=month, used_at=NOON)
    await RefreshToken.create(family=revoked, token_hash="s", expires_at=month)
    await OneTimeLink.create(
        account=account,
        purpose=LinkPurpose.RESET,
        token_hash="l",
        created_at=NOON,
        expires_at=NOON,
    )
    await Session.create(
        account=account,
        token_hash="t",
        csrf_token="c",
        sid="a",
        signed_in_at=NOON,
        expires_at=NOON + timedelta(hours=12),
    )
    await Guard.create(key="g", window_until=NOON - minutes, locked_until=NOON + minutes)
    row: dict[str, Any] = {"kind": "x", "payload": {}, "due_at": NOON}
    await Outbox.create(dedupe_key="done", done_at=NOON, **row)
    await Outbox.create(dedupe_key="given up", given_up_at=NOON, **row)
    await Outbox.create(dedupe_key="waits", **row)
    await Event.create(account=account, kind="login", at=NOON)
