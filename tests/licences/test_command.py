"""``nigiwai licence``: the same as the operator's page, from the command line (L4)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nigiwai import cli
from webapp.errors import NigiwaiError


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "installation"
    data.mkdir()
    for file in ("nigiwai.db", "identity.db"):
        shutil.copy(migrated_sqlite / file, data / file)
    monkeypatch.setenv("NIGIWAI_DATA_DIR", str(data))
    monkeypatch.setenv("NIGIWAI_OIDC_ISSUER", "https://id.example")
    return data


def nigiwai(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_licences_are_set_shown_and_revoked(folder: Path) -> None:
    made = nigiwai("org", "create", "みなと商店街")
    organisation = made.output.split()[0]
    shown = nigiwai("licence", "show", organisation)
    assert "unlimited cameras and calls" in shown.output
    set_ = nigiwai("licence", "set", organisation, "--cameras", "3", "--packs", "1")
    assert "3 cameras (renewed monthly), 1 packs (renewed monthly)" in set_.output
    assert "130,000 left" in set_.output
    later = ("--until", "2900-01-31", "--from", "2899-12-01")
    planned = nigiwai("licence", "set", organisation, *later)
    line = next(line for line in planned.output.splitlines() if "to come" in line)
    assert "3 cameras (2900-01-31), 1 packs" in line
    revoked = nigiwai("licence", "revoke", organisation, line.split()[0])
    assert "revoked" in revoked.output
    begun = next(line for line in revoked.output.splitlines() if "begun" in line)
    refused = nigiwai("licence", "revoke", organisation, begun.split()[0])
    assert isinstance(refused.exception, NigiwaiError)
    assert "cannot be revoked" in str(refused.exception)
    wrong = nigiwai("licence", "set", organisation, "--cameras", "many")
    assert "from 0 to 100,000" in str(wrong.exception)
