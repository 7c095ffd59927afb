from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from jobs.benchmarks import pipeline
from jobs.commands import bench
from nigiwai import cli


def test_the_pipeline_is_measured_per_engine_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "ROUNDS", 3)
    monkeypatch.setattr(pipeline, "WARM_UP", 1)
    monkeypatch.setattr(pipeline, "SIZES", ((96, 72),))
    result = CliRunner().invoke(cli, ["bench", "pipeline", "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    figures = json.loads(result.stdout)["pipeline"]["standard"]["96x72"]
    assert set(figures) == {
        "ms_end_to_end",
        "ms_model",
        "ratio",
        "frames_per_core_minute",
        "peak_mb",
    }
    assert figures["ms_end_to_end"] > figures["ms_model"] > 0
    assert figures["peak_mb"] > 0


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> dict[str, object]:
        return {"a": {"b": 1.5}, "c": 2}

    monkeypatch.setitem(sys.modules, "fake_benchmark", SimpleNamespace(run=run))
    monkeypatch.setattr(bench, "BENCHMARKS", {"fake": "fake_benchmark"})


def test_everything_is_measured_when_nothing_is_named(fake: None) -> None:
    lines = CliRunner().invoke(cli, ["bench"]).stdout.splitlines()
    assert [line.split() for line in lines] == [["fake", "a", "b", "1.5"], ["fake", "c", "2"]]
    assert json.loads(CliRunner().invoke(cli, ["bench", "--json"]).stdout) == {
        "fake": {"a": {"b": 1.5}, "c": 2}
    }


def test_an_unknown_benchmark_is_told() -> None:
    result = CliRunner().invoke(cli, ["bench", "nope"])
    assert result.exit_code == 2
    assert "pipeline" in result.stderr
