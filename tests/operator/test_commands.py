"""`nigiwai operator` and `nigiwai migrate`, alone and beside a running process."""

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
from webapp.operator.actions import handlers
from webapp.operator.control import serve_control
from webapp.operator.process_lock import hold
from webapp.settings import Settings

Run = Callable[..., Result]
CREATE = ("operator", "create-organisation", "駅前", "--admin-mail", "a@b.jp", "--admin-name", "花")


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NIGIWAI_DATA_DIR", str(settings.data_dir))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    return invoke


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Another "process": it holds the lock and the database and answers on its socket."""
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        await open_database(settings)
        async with serve_control(settings, handlers(settings)):
            ready.set()
            await asyncio.to_thread(stop.wait)
        await close_database()

    with hold(settings):
        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        ready.wait(5)
        try:
            yield
        finally:
            stop.set()
            thread.join(5)


def test_from_nothing_to_a_link(run: Run) -> None:
    early = run("operator", "login-link")
    assert isinstance(early.exception, NigiwaiError)
    assert "nigiwai migrate" in str(early.exception)
    assert run("migrate").exit_code == 0
    assert "no organisation yet" in run("operator", "organisations").output
    made = run(*CREATE)
    assert made.exit_code == 0
    identifier = made.output.split()[0]
    member = ("operator", "create-member", "--organisation", identifier, "--mail", "b@b.jp")
    assert run(*member, "--name", "太郎").exit_code == 0
    listed = run("operator", "organisations").output
    assert listed.count("@b.jp") == 2
    link = run("operator", "login-link", "--mail", "b@b.jp")
    assert link.stdout.startswith("http://localhost:8000/login-link/")
    assert "太郎" in link.stderr
    assert isinstance(run("operator", "login-link", "--mail", "x@b.jp").exception, NigiwaiError)


def test_beside_a_running_process(run: Run, settings: Settings) -> None:
    run("migrate")
    with running(settings):
        assert run(*CREATE).exit_code == 0
        assert "a@b.jp" in run("operator", "organisations").output
        assert "/login-link/" in run("operator", "login-link").stdout
        refused = run("migrate")
        assert "SQLite is for one process" in str(refused.exception)
        twice = run("operator", "login-link", "--mail", "nobody@b.jp")
        assert str(twice.exception) == "There is no such account."
    assert "a@b.jp" in run("operator", "organisations").output


def test_beside_a_process_that_does_not_answer(run: Run, settings: Settings) -> None:
    run("migrate")
    with hold(settings):
        result = run("operator", "organisations")
    assert "does not answer" in str(result.exception)


def test_on_postgresql_directly(
    run: Run, postgres_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGIWAI_DATABASE_URL", postgres_settings.database_url)
    assert run("migrate").exit_code == 0
    assert run(*CREATE).exit_code == 0
    assert "a@b.jp" in run("operator", "organisations").output
