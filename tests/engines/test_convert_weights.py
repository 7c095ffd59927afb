"""The conversion of the weights, as far as it goes without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "engines" / "convert_weights.py"


def model(folder: Path) -> Path:
    fused = {"num_args": {"i": "2"}, "T": {"type": "DT_FLOAT"}}
    nodes = [
        {"op": "_FusedConv2D", "name": "a", "attr": fused},
        {"op": "_FusedConv2D", "name": "b", "attr": {**fused, "TArgs": {"list": {}}}},
        {"op": "Const", "name": "c"},
    ]
    file = folder / "model.json"
    content = {"modelTopology": {"node": nodes}, "weightsManifest": [{"paths": ["w.bin"]}]}
    file.write_text(json.dumps(content), "utf-8")
    (folder / "w.bin").write_bytes(b"\0" * 8)
    return file


def test_missing_type_arguments_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import convert_weights

    target = tmp_path / "whole"
    target.mkdir()
    whole = json.loads(convert_weights.with_type_arguments(model(tmp_path), target).read_text())
    first, second, third = whole["modelTopology"]["node"]
    assert first["attr"]["TArgs"] == {"list": {"type": ["DT_FLOAT"] * 2}}
    assert second["attr"]["TArgs"] == {"list": {}}
    assert "attr" not in third
    assert (target / "w.bin").read_bytes() == b"\0" * 8


@pytest.mark.parametrize(("there", "said"), [(True, "tf2onnx"), (False, "There is no model")])
def test_what_is_missing_is_told_in_a_sentence(tmp_path: Path, there: bool, said: str) -> None:
    file = model(tmp_path) if there else tmp_path / "absent.json"
    # -S and -I: an installed tf2onnx, if there is one, is not found.
    command = [sys.executable, "-I", "-S", SCRIPT, file, tmp_path / "out.onnx"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert said in done.stderr or "numpy is missing" in done.stderr
    assert not (tmp_path / "out.onnx").exists()
