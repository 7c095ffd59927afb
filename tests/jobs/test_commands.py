"""``nigiwai serve`` and ``nigiwai worker`` as processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def nigiwai(*words: str, **settings: object) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if "NIGIWAI" not in name}
    environment |= {f"NIGIWAI_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-c", "import nigiwai; nigiwai.main()", *words]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_shows_the_demo_and_ends_on_a_signal(tmp_path: Path, number: int) -> None:
    port = free_port()
    origin = f"http://localhost:{port}"
    identity_port = free_port()
    identity_origin = f"http://localhost:{identity_port}"
    process = nigiwai(
        "serve",
        "--demo",
        data_dir=tmp_path,
        listen_port=port,
        origin=origin,
        identity_listen_port=identity_port,
        identity_origin=identity_origin,
        capture_interval=5,
    )
    try:
        assert process.stdout is not None
        text = ""
        while "/mailbox" not in text:
            line = process.stdout.readline()
            assert line, text
            text += line
        assert origin in text
        # One organisation is set up, one is new.
        for mail in ("admin@demo.example", "new@demo.example"):
            assert re.search(rf"{mail} +\S{{10,}}", text)
        assert _provider(origin) == identity_origin
        begun = time.monotonic()
        while _counted(origin) < 3:
            assert time.monotonic() - begun < 90
            time.sleep(0.3)
    finally:
        begun = time.monotonic()
        process.send_signal(number)
        rest, _ = process.communicate(timeout=60)
    assert time.monotonic() - begun < 15
    assert process.returncode == 0, rest
    assert "Traceback" not in rest


def _provider(origin: str) -> str:
    """Where the app sends somebody who is not signed in, once redirects are followed."""
    with urllib.request.urlopen(f"{origin}/cameras", timeout=30) as answer:
        assert 'name="password"' in answer.read().decode()
        return str(answer.url).partition("/login")[0]


def _counted(origin: str) -> int:
    with urllib.request.urlopen(f"{origin}/healthz", timeout=30) as answer:
        return answer.read().decode().count('"state":"ok"')


def test_a_second_serve_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    first = nigiwai(
        "serve", data_dir=tmp_path, listen_port=free_port(), identity_listen_port=free_port()
    )
    try:
        assert first.stdout is not None
        while "running" not in first.stdout.readline():
            assert first.poll() is None
        second = nigiwai(
            "serve", data_dir=tmp_path, listen_port=free_port(), identity_listen_port=free_port()
        )
        text, _ = second.communicate(timeout=90)
        assert second.returncode == 1
        assert text.startswith("nigiwai: Another process already works on")
    finally:
        first.terminate()
        first.communicate(timeout=60)


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = nigiwai(
            "serve",
            data_dir=tmp_path,
            listen_port=taken.getsockname()[1],
            identity_listen_port=free_port(),
        )
        text, _ = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "cannot listen on 127.0.0.1 port" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "SQLite is for one process"),
        ({"database_url": "postgres://nobody@127.0.0.1:1/x"}, "NIGIWAI_REDIS_URL"),
    ],
)
def test_a_worker_of_its_own_needs_what_can_be_shared(
    tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    process = nigiwai("worker", data_dir=tmp_path, **settings)
    text, _ = process.communicate(timeout=90)
    assert process.returncode == 1
    assert sentence in text
    assert "Traceback" not in text
