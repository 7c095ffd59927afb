"""The operator's commands and `nigiwai migrate`, alone and beside a running process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner, Result

from nigiwai import cli
from webapp.database import close_database, open_database
from webapp.errors import NigiwaiError
from webapp.identity.parts import build_parts
from webapp.operator.actions import handlers
from webapp.operator.control import serve_control
from webapp.operator.process_lock import hold
from webapp.settings import Settings

Run = Callable[..., Result]
CREATE = ("org", "create", "駅前", "--admin-mail", "a@b.jp", "--admin-name", "花")


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NIGIWAI_DATA_DIR", str(settings.data_dir))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    return invoke


@contextmanager
def running(settings: Settings) -> Iterator[threading.Event]:
    """Another "process": it holds the lock and the database and answers on its socket.

    The event is set when somebody wakes whoever empties its outbox.
    """
    ready, stop, woken = threading.Event(), threading.Event(), threading.Event()

    async def serve() -> None:
        await open_database(settings)
        parts = build_parts(settings, woken.set)
        async with serve_control(settings, handlers(settings, parts)):
            ready.set()
            await asyncio.to_thread(stop.wait)
        await close_database()

    with hold(settings):
        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        try:
            assert ready.wait(60)
            yield woken
        finally:
            stop.set()
            thread.join(60)


def test_from_nothing_to_a_link(run: Run) -> None:
    early = run("operator", "login-link")
    assert isinstance(early.exception, NigiwaiError)
    assert "nigiwai migrate" in str(early.exception)
    assert run("migrate").exit_code == 0
    assert "no organisation yet" in run("org", "list").output
    made = run(*CREATE)
    assert made.exit_code == 0, made.output
    identifier = made.output.split()[0]
    assert run("member", "invite", identifier, "b@b.jp", "太郎", "--role", "general").exit_code == 0
    listed = run("member", "list", identifier).output
    assert listed.count("@b.jp") == 2
    assert listed.count("invited") == 2
    assert "2 people" in run("org", "list").output
    link = run("operator", "login-link", "--mail", "b@b.jp")
    assert link.stdout.startswith("http://localhost:8000/login-link/")
    assert "太郎" in link.stderr
    assert isinstance(run("operator", "login-link", "--mail", "x@b.jp").exception, NigiwaiError)


def test_people_come_change_and_go(run: Run) -> None:
    run("migrate")
    identifier = run(*CREATE).output.split()[0]
    run("member", "invite", identifier, "b@b.jp", "太郎", "--role", "general", "--language", "en")
    assert "admin" in run("member", "role", "b@b.jp", "admin").output
    assert run("member", "resend", "b@b.jp").exit_code == 0
    assert run("member", "reset-second-factor", "b@b.jp").exit_code == 1, "it asks first"
    assert "b@b.jp" in run("member", "reset-second-factor", "b@b.jp", "--yes").output
    assert run("member", "remove", "b@b.jp").exit_code == 1, "it asks first"
    assert run("member", "remove", "b@b.jp", "--yes").exit_code == 0
    assert "b@b.jp" not in run("member", "list", identifier).output
    last = run("member", "role", "a@b.jp", "general")
    assert isinstance(last.exception, NigiwaiError)
    assert "operator" in run("operator", "invite", "op@b.jp", "次郎").output
    assert "suspended" in run("org", "suspend", identifier).output
    assert "active" in run("org", "resume", identifier).output


def test_it_is_said_that_no_mail_can_go_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("migrate")
    made = run(*CREATE)
    identifier = made.stdout.split()[0]
    invite = ("member", "invite", identifier, "b@b.jp", "太郎", "--role", "general")
    said = [
        (made, "a@b.jp"),
        (run(*invite), "b@b.jp"),
        (run("member", "resend", "b@b.jp"), "b@b.jp"),
        (run("operator", "invite", "op@b.jp", "次郎"), "op@b.jp"),
    ]
    for result, mail in said:
        assert result.exit_code == 0
        assert "NIGIWAI_MAIL_URL" in result.stderr
        assert f"`nigiwai operator login-link --mail {mail}`" in result.stderr
    assert "/login-link/" in run("operator", "login-link", "--mail", "ＯＰ@b.jp").stdout
    monkeypatch.setenv("NIGIWAI_MAIL_URL", "mailbox:")
    assert not run("member", "resend", "b@b.jp").stderr


def test_the_last_admin_and_the_last_operator_stay(run: Run) -> None:
    run("migrate")
    identifier = run(*CREATE).stdout.split()[0]
    run("operator", "invite", "op@b.jp", "次郎")
    for mail in ("a@b.jp", "op@b.jp"):
        kept = run("member", "remove", mail, "--yes")
        assert isinstance(kept.exception, NigiwaiError)
        assert "admin" in str(kept.exception)
    assert "a@b.jp" in run("member", "list", identifier).output


def test_applications_are_registered_and_their_secret_is_shown_once(run: Run) -> None:
    run("migrate")
    made = run("client", "add", "Portal", "--redirect", "https://portal.example/callback")
    assert made.exit_code == 0, made.output
    identifier = made.stdout.split()[1]
    secret = made.stdout.split()[3]
    listed = run("client", "list").output
    assert "https://portal.example/callback" in listed
    assert secret not in listed
    assert secret not in run("client", "secret", identifier).stdout
    assert run("client", "remove", identifier, "--yes").exit_code == 0
    assert identifier not in run("client", "list").output
    assert "signs from" in run("keys", "rotate").output


def test_beside_a_running_process(run: Run, settings: Settings) -> None:
    run("migrate")
    with running(settings) as woken:
        assert run(*CREATE).exit_code == 0
        assert woken.wait(60), "the invitation is to be sent at once"
        assert "駅前" in run("org", "list").output
        assert "/login-link/" in run("operator", "login-link").stdout
        refused = run("migrate")
        assert "SQLite is for one process" in str(refused.exception)
        twice = run("operator", "login-link", "--mail", "nobody@b.jp")
        assert isinstance(twice.exception, NigiwaiError)
        assert str(twice.exception).isascii(), "commands speak English"
    assert "駅前" in run("org", "list").output


def test_beside_a_process_that_does_not_answer(run: Run, settings: Settings) -> None:
    run("migrate")
    with hold(settings):
        result = run("org", "list")
    assert "does not answer" in str(result.exception)


def test_with_another_provider_the_claim_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGIWAI_OIDC_ISSUER", "https://id.example")
    monkeypatch.setenv("NIGIWAI_OIDC_CLAIM_ORGANISATION", "tenant")
    assert run("migrate").exit_code == 0
    made = run("org", "create", "駅前")
    assert made.exit_code == 0, made.output
    assert f'{made.stdout.split()[0]} in the claim "tenant"' in made.stderr
    refused = run("operator", "invite", "a@b.jp", "次郎")
    assert "https://id.example" in str(refused.exception)


def test_on_postgresql_directly(
    run: Run, postgres_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGIWAI_DATABASE_URL", postgres_settings.database_url)
    assert run("migrate").exit_code == 0
    assert run(*CREATE).exit_code == 0
    assert "駅前" in run("org", "list").output
