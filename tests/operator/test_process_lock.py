"""SQLite is for one process; a second one is refused in words (TRUST 9)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from webapp.errors import StartRefused
from webapp.operator.process_lock import hold
from webapp.settings import Settings

HOLD = """
import sys
from pathlib import Path
from webapp.operator.process_lock import hold
from webapp.settings import Settings
with hold(Settings(data_dir=Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def other_process(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_the_second_is_refused_and_the_first_leaves_nothing_behind(settings: Settings) -> None:
    process = other_process(settings.data_dir)
    try:
        with pytest.raises(StartRefused, match="SQLite is for one process"), hold(settings):
            pass
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    with hold(settings):
        pass
    with hold(settings):
        pass


def test_postgresql_is_for_many(settings: Settings) -> None:
    many = settings.model_copy(update={"database_url": "postgres://localhost/x"})
    with hold(many), hold(many):
        assert not list(many.data_dir.glob("*.lock"))
