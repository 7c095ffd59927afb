"""The embedded Valkey: private, tied to its parent, started again when it dies."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from jobs.valkey import EmbeddedValkey
from webapp.queue import close_queue, open_queue
from webapp.settings import Settings


async def answers(url: str) -> bool:
    pool = open_queue(url)
    try:
        return bool(await pool.ping())
    finally:
        await close_queue(pool)


def test_it_answers_on_a_socket_of_its_own_user_only(settings: Settings) -> None:
    valkey = EmbeddedValkey(settings)
    valkey.start()
    try:
        assert asyncio.run(answers(valkey.url))
        path = Path(valkey.url.removeprefix("unix://"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        valkey.close()


@pytest.mark.parametrize("name", ["x" * 100, "a folder with spaces"])
async def test_a_folder_whose_path_will_not_do(tmp_path: Path, name: str) -> None:
    valkey = EmbeddedValkey(Settings(data_dir=tmp_path / name))
    valkey.start()
    try:
        assert await answers(valkey.url)
    finally:
        valkey.close()
    assert not Path(valkey.url.removeprefix("unix://")).parent.exists()


async def test_killed_it_is_started_again(settings: Settings) -> None:
    valkey, stop = EmbeddedValkey(settings), asyncio.Event()
    valkey.start()
    keeper = asyncio.create_task(valkey.keep_running(stop))
    try:
        first = valkey.pid
        assert first
        os.kill(first, signal.SIGKILL)
        for _ in range(300):
            await asyncio.sleep(0.1)
            if valkey.pid not in (None, first):
                break
        assert await answers(valkey.url)
    finally:
        stop.set()
        await keeper
        valkey.close()


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from jobs.valkey import EmbeddedValkey
        from webapp.settings import Settings
        valkey = EmbeddedValkey(Settings(data_dir=Path(sys.argv[1])))
        valkey.start()
        print(valkey.pid, flush=True)
        time.sleep(150)
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.3)
    assert _lives(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while _lives(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_a_wake_up_that_cannot_be_sent_is_no_error() -> None:
    from webapp.queue import Queue

    queue = Queue("unix:///nowhere/valkey.sock")
    await queue.enqueue_observe("2026-03-02T12:00")
    await queue.close()
