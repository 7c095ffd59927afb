"""Settings are read once; nonsense stops the start with a sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.conftest import ALONE
from webapp.errors import StartRefused
from webapp.settings import Settings, check_shared, private_settings, read_settings


def test_every_setting_has_a_help_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert (field.description or "").endswith("."), name


def test_every_setting_is_in_the_readme() -> None:
    readme = Path("README.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"NIGIWAI_{name.upper()}" in readme, name


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NIGIWAI_CAPTURE_INTERVAL", "soon"),
        ("NIGIWAI_CAPTURE_INTERVAL", "0"),
        ("NIGIWAI_ORIGIN", "ftp://x"),
        ("NIGIWAI_ORIGIN", "https://x/path"),
        ("NIGIWAI_DATABASE_URL", "mysql://x"),
        ("NIGIWAI_SECRET_KEY", "short"),
        ("NIGIWAI_CAMERA_NETWORKS", "everywhere"),
        ("NIGIWAI_LISTEN_PORT", "123456"),
        ("NIGIWAI_ORIGIN", "http://localhost:99999"),
        ("NIGIWAI_ORIGIN", "http://u@h"),
        ("NIGIWAI_ORIGIN", "http://h?x=1"),
        ("NIGIWAI_REDIS_URL", "foo"),
        ("NIGIWAI_STORE_URL", "foo"),
        ("NIGIWAI_STORE_URL", "http://x/y"),
        ("NIGIWAI_FOOTAGE_DIR", "/nowhere"),
        ("NIGIWAI_CAMERA_CLOUD_URL", "cloud.example"),
        ("NIGIWAI_CAMERA_CLOUD_URL", "https://u:p@cloud.example"),
        ("NIGIWAI_CAMERA_CLOUD_NETWORKS", "everywhere"),
        ("NIGIWAI_SECRET_KEY_OLD", "short"),
    ],
)
def test_nonsense_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(StartRefused, match=variable):
        read_settings()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://Nigiwai.Example.JP", "https://nigiwai.example.jp"),
        ("http://localhost:80/", "http://localhost"),
        ("https://x.jp:443", "https://x.jp"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_brought_to_the_form_of_browsers(given: str, meant: str) -> None:
    assert Settings(origin=given).origin == meant


def test_an_unknown_variable_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGIWAI_CAPTURE_INTERVALL", "60")
    with pytest.raises(StartRefused, match="NIGIWAI_CAPTURE_INTERVALL"):
        read_settings()


def test_a_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40 + "\n")
    monkeypatch.setenv("NIGIWAI_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert read_settings().secret() == b"k" * 40


def test_a_secret_file_that_is_missing_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGIWAI_SECRET_KEY_FILE", "/nowhere/key")
    with pytest.raises(StartRefused, match="/nowhere/key"):
        read_settings()


def test_an_empty_secret_file_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGIWAI_SECRET_KEY_FILE", "/dev/null")
    with pytest.raises(StartRefused, match="empty"):
        read_settings()


def test_a_kept_secret_that_is_damaged_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(StartRefused, match="damaged"):
        Settings(data_dir=tmp_path).secret()


def test_private_settings_touch_nothing_of_the_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NIGIWAI_DATABASE_URL", "postgres://production/nigiwai")
    monkeypatch.setenv("NIGIWAI_STORE_URL", "s3://production")
    monkeypatch.setenv("NIGIWAI_REDIS_URL", "redis://production")
    settings = private_settings(tmp_path)
    assert settings.is_sqlite
    assert (settings.store_url, settings.redis_url) == ("", "")


@pytest.mark.parametrize("missing", ["database_url", "redis_url", "store_url", "secret_key"])
def test_several_processes_need_what_they_share(missing: str) -> None:
    shared = {
        "database_url": "postgres://h/d",
        "redis_url": "redis://h",
        "store_url": "s3://pictures",
        "secret_key": "s" * 40,
    }
    check_shared(Settings(**shared))  # type: ignore[arg-type]
    with pytest.raises(StartRefused):
        check_shared(Settings(**(shared | {missing: ""})))  # type: ignore[arg-type]


def test_a_secret_given_twice_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("k" * 40)
    monkeypatch.setenv("NIGIWAI_SECRET_KEY", "j" * 40)
    monkeypatch.setenv("NIGIWAI_SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(StartRefused, match="both set"):
        read_settings()


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    assert settings.secret() == settings.secret()
    assert len(settings.secret()) >= 32
    assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600


def test_a_secret_is_shown_nowhere(settings: Settings) -> None:
    assert "s" * 40 not in repr(settings)


def test_files_that_run_alone_exist() -> None:
    folder = Path(__file__).parent
    assert [name for name in ALONE if not (folder / name).is_file()] == []
