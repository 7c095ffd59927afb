"""Settings are read once; nonsense stops the start with a sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from webapp.errors import StartRefused
from webapp.settings import Settings, read_settings


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
    ],
)
def test_nonsense_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(StartRefused, match=variable):
        read_settings()


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
