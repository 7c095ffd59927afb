"""`nigiwai doctor` tells every setting and every broken part, and no secret."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner, Result

from nigiwai import cli
from tests.mail.smtp import Login, running
from webapp.commands.doctor import mask_url
from webapp.settings import PREFIX, Settings

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NIGIWAI_DATA_DIR", str(settings.data_dir))

    def invoke(*arguments: str, **variables: str) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(PREFIX + name.upper(), value)
            return CliRunner().invoke(cli, arguments)

    return invoke


def problems(result: Result) -> list[str]:
    return [line.split()[1] for line in result.output.splitlines() if line.startswith("problem")]


def test_all_in_order(run: Run) -> None:
    assert run("migrate").exit_code == 0
    result = run("doctor", mail_url="mailbox:")
    assert problems(result) == []
    assert result.exit_code == 0
    for name, field in Settings.model_fields.items():
        assert f"{PREFIX}{name.upper()} = " in result.output
        assert field.description is not None
        assert field.description in result.output


def test_before_the_first_migration(run: Run) -> None:
    result = run("doctor")
    assert problems(result) == ["database:", "identity:", "mail:"]
    assert "nigiwai migrate" in result.output
    assert result.exit_code == 1


def test_parts_that_do_not_answer(run: Run) -> None:
    result = run(
        "doctor",
        database_url="postgres://u:hush@127.0.0.1:1/x",
        redis_url="redis://u:hush@127.0.0.1:1/0",
        store_url="file:///proc/nowhere",
        plugins_file="/nowhere/plugins.toml",
        secret_key="hush" * 10,
        mail_url="smtp://u:hush@127.0.0.1:1",
    )
    assert problems(result) == [
        "database:",
        "redis:",
        "picture",
        "engines:",
        "identity:",
        "mail:",
    ]
    assert result.exit_code == 1
    assert "hush" not in result.output
    assert "SECRET_KEY = ********  (set)" in result.output


def test_a_postgresql_without_tables(run: Run, postgres_settings: Settings) -> None:
    ready = run("doctor", database_url=postgres_settings.database_url)
    assert not {"database:", "identity:"} & set(problems(ready))
    gone = run("doctor", database_url=postgres_settings.database_url + "_gone")
    assert {"database:", "identity:"} <= set(problems(gone))


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://:hush@10.0.0.1:6379/0", "redis://********@10.0.0.1:6379/0"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("postgres://h/d?password=hush", "postgres://h/d?…"),
        ("sqlite:///var/x.db", "sqlite:///var/x.db"),
        ("smtp://u:hush@mail:25?starttls=never", "smtp://********@mail:25?…"),
        ("smtp://u:hu#sh@mail", "smtp://********"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, masked: str) -> None:
    assert mask_url(url) == masked


def line_of(result: Result, check: str) -> str:
    (line,) = [line for line in result.output.splitlines() if line[9:].startswith(f"{check}: ")]
    return line


def test_a_mail_server_is_signed_in_to(run: Run) -> None:
    login = Login("user", "right")
    with running(authenticator=login, auth_require_tls=False) as post:
        plain = run("doctor", mail_url=post.url)
        assert line_of(plain, "mail") == (
            "ok       mail: the server lets us in, as no-reply@localhost"
        )
        url = post.url.replace("://", "://user:right@")
        assert "STARTTLS" in line_of(run("doctor", mail_url=url), "mail")
        assert post.mails == []


def test_mail_that_cannot_be_sent_is_a_problem(run: Run) -> None:
    unset = line_of(run("doctor"), "mail")
    assert unset.startswith("problem")
    assert "NIGIWAI_MAIL_URL is not set" in unset
    elsewhere = run("doctor", oidc_issuer="http://127.0.0.1:1", mail_url="")
    assert line_of(elsewhere, "mail").startswith("ok")
    sender = run("doctor", mail_url="mailbox:", mail_no_reply="nobody")
    assert "NIGIWAI_MAIL_NO_REPLY" in line_of(sender, "mail")
    seen = run("doctor", mail_url="mailbox:", listen_host="0.0.0.0")
    assert line_of(seen, "mail").startswith("problem")


def test_a_mail_server_that_says_nothing_is_not_waited_for(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        assert line_of(run("doctor", mail_url=url), "mail").startswith("problem")
        assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"issuer": "{origin}"}, "ok"),
        ({"issuer": "{origin}/"}, "ok"),
        ({"issuer": "https://other.example.jp"}, "problem"),
        ([], "problem"),
        (None, "problem"),
    ],
)
def test_another_provider_is_asked_who_it_is(run: Run, said: object, word: str) -> None:
    with discovery(said) as origin:
        line = line_of(run("doctor", oidc_issuer=origin), "identity")
    assert line.startswith(word)
    assert origin in line


def test_another_provider_that_is_away_is_a_problem(run: Run) -> None:
    line = line_of(run("doctor", oidc_issuer="http://127.0.0.1:1"), "identity")
    assert line.startswith("problem")
    assert "does not answer" in line


@contextmanager
def discovery(said: object) -> Iterator[str]:
    """A provider of which nothing works but its discovery document (404 for None)."""

    class Discovery(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = said is not None and self.path == "/.well-known/openid-configuration"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(said).replace("{origin}", origin).encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Discovery) as server:
        origin = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield origin
        server.shutdown()


def test_a_proxy_that_is_not_believed_is_doubted(run: Run) -> None:
    run("migrate")
    public = {"origin": "https://a.test", "identity_origin": "https://id.a.test"}
    alone = run("doctor", mail_url="mailbox:")
    assert "warning" not in alone.output
    doubted = run("doctor", **public)
    assert "warning  proxies: NIGIWAI_TRUSTED_PROXIES is empty" in doubted.output
    assert "proxies:" not in problems(doubted), "it works"
    believed = run("doctor", trusted_proxies="10.0.0.2/32", **public)
    assert "ok       proxies: X-Forwarded-For is believed of 10.0.0.2/32" in believed.output
