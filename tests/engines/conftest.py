from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.broken_plugins import Workbench


@pytest.fixture
def workbench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    return Workbench(tmp_path, monkeypatch)
