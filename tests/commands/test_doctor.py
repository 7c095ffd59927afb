"""`nigiwai doctor` tells every setting and every broken part, and no secret."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from nigiwai import cli
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
    result = run("doctor")
    assert problems(result) == []
    assert result.exit_code == 0
    for name, field in Settings.model_fields.items():
        assert f"{PREFIX}{name.upper()} = " in result.output
        assert field.description is not None
        assert field.description in result.output


def test_before_the_first_migration(run: Run) -> None:
    result = run("doctor")
    assert problems(result) == ["database:"]
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
    )
    assert problems(result) == ["database:", "redis:", "picture", "engines:"]
    assert result.exit_code == 1
    assert "hush" not in result.output
    assert "SECRET_KEY = ********  (set)" in result.output


def test_a_postgresql_without_tables(run: Run, postgres_settings: Settings) -> None:
    ready = run("doctor", database_url=postgres_settings.database_url)
    assert "database:" not in problems(ready)
    gone = run("doctor", database_url=postgres_settings.database_url + "_gone")
    assert "database:" in problems(gone)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://:hush@10.0.0.1:6379/0", "redis://********@10.0.0.1:6379/0"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("postgres://h/d?password=hush", "postgres://h/d?…"),
        ("sqlite:///var/x.db", "sqlite:///var/x.db"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, masked: str) -> None:
    assert mask_url(url) == masked
