"""engines/README.md tells every hook, field, option and test there is, and its code works."""

from __future__ import annotations

import dataclasses
import inspect
import re
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nigiwai_engine_api as api
import pytest
from nigiwai_engine_api import checks, errors, hookspecs, testing
from nigiwai_engine_onnx.options import DEFAULTS, HEADS, OPTIONS

from webapp.settings import Settings

GUIDE = Path("engines/README.md").read_text("utf-8")
PROSE = re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL)
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, re.DOTALL)


def code(text: str) -> bool:
    """Whether the guide has this word as code."""
    return any(
        re.search(rf"\b{re.escape(text)}\b", span) for span in re.findall(r"`([^`]+)`", PROSE)
    )


def classes_of(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
    ]


@pytest.mark.parametrize("kind", [api.EngineInfo, api.Frame, api.Context, api.People])
def test_every_field_is_told(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    missing = [field.name for field in dataclasses.fields(kind) if not code(field.name)]
    assert not missing


def test_every_hook_with_its_parameters_is_told() -> None:
    hooks = {
        name: list(inspect.signature(value).parameters)
        for name, value in vars(hookspecs).items()
        if inspect.isfunction(value)
    }
    assert set(hooks) == {"engine_info", "create_engine"}
    for name, parameters in hooks.items():
        assert f"`{name}({', '.join(parameters)})`" in GUIDE


def test_every_method_of_an_engine_is_told() -> None:
    methods = [name for name in vars(api.Engine) if not name.startswith("_")]
    assert methods == ["warm_up", "find_people"]
    assert all(code(name) for name in methods)


def test_every_public_name_is_told() -> None:
    told_otherwise = {"ENTRY_POINT_GROUP", "PROJECT_NAME", "Engine", "hookimpl"}
    assert [name for name in api.__all__ if name not in told_otherwise and not code(name)] == []
    assert [name for name in classes_of(errors) if not code(name)] == []
    assert api.ENTRY_POINT_GROUP in GUIDE
    assert [style.name for style in api.PictogramStyle if not code(style.name)] == []


def test_all_of_the_kit_is_told() -> None:
    kit = testing.EngineConformance
    settings = [name for name in vars(kit) if not name.startswith(("_", "test_"))]
    assert {"plugin", "deadline", "frames", "engine"} <= set(settings)
    assert [name for name in settings if not code(name)] == []
    assert code(checks.NotConformant.__name__)
    for name, words in (
        ("deadline", "(10)"),
        ("warm_up_within", "(60)"),
        ("memory_frames", "(30)"),
    ):
        assert f"({getattr(kit, name):g})" == words
        assert words in next(line for line in GUIDE.splitlines() if line.startswith(f"| `{name}`"))
    assert kit.memory_growth == 12 << 20


def test_what_it_installs_is_there() -> None:
    """None of it is in a package index, so every command names a folder."""
    commands = re.findall(r"pip install ([^`\n]+)`", GUIDE)
    assert commands == ['"<checkout>/engines/api[testing]"', "./my-engine"]
    assert Path("engines/api/pyproject.toml").is_file()
    assert code("engines/convert_weights.py")
    assert Path("engines/convert_weights.py").is_file()


def test_every_option_of_the_onnx_engine_is_told_with_its_default() -> None:
    rows = [line for line in GUIDE.splitlines() if line.startswith("| `")]
    for name, option in OPTIONS.items():
        (row,) = (row for row in rows if f"`{name}`" in row.split("|")[1] and "what" not in row[:9]
                  and len(row.split("|")) == 5)  # fmt: skip
        if option.default is not None:
            assert str(option.default) in row
        elif name in DEFAULTS["yolox"] and name not in ("mean", "deviation"):
            assert f"by head: {', '.join(str(DEFAULTS[head][name]) for head in HEADS)}" in row


def test_the_code_of_the_guide_works() -> None:
    hooks = next(text for kind, text in BLOCKS if kind == "python" and "@hookimpl" in text)
    names: dict[str, object] = {}
    exec(compile(hooks, "engines/README.md", "exec"), names)
    engine = testing.create(SimpleNamespace(**names), "example", {})
    assert len(engine.find_people(checks.scene(), api.Context())) == 0
    for kind, text in BLOCKS:
        if kind == "python":
            compile(text, "engines/README.md", "exec")
        else:
            assert tomllib.loads(text)


def test_the_setting_it_names_is_one() -> None:
    (name,) = set(re.findall(r"NIGIWAI_\w+", GUIDE))
    default = Settings.model_fields[name.removeprefix("NIGIWAI_").lower()].default
    assert f"`{name}` ({default:g} s)" in GUIDE
