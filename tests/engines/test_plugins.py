"""Start-up loads what plugins.toml names, and refuses what is broken in one sentence."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engines.broken_plugins import WORKING, Workbench
from webapp.errors import StartRefused
from webapp.plugins import build_engines, describe_engines

ONE = "[engines.one]\nenabled = true\n"


def refusal(workbench: Workbench, plugins: str = ONE) -> str:
    with pytest.raises(StartRefused) as caught:
        build_engines(workbench.settings(plugins))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_engines_come_in_the_order_of_the_file(workbench: Workbench) -> None:
    for name in ("one", "two", "three"):
        workbench.install(name)
    engines = build_engines(
        workbench.settings(
            "[engines.two]\nenabled = true\n[engines.three]\n[engines.one]\nenabled = true\n"
        )
    )
    assert engines.names == ("two", "one")
    assert engines.info("one").name == "one"
    with pytest.raises(KeyError):
        engines.get("three")
    with pytest.raises(KeyError):
        engines.info("three")


def test_an_installed_engine_that_is_off_is_never_imported(workbench: Workbench) -> None:
    workbench.install("one")
    off = workbench.install("two", "raise SystemError('imported')")
    build_engines(workbench.settings(ONE + "[engines.two]\nenabled = false\n"))
    assert off not in sys.modules


def test_an_engine_is_built_and_warmed_once_for_all_threads(workbench: Workbench) -> None:
    module = workbench.install("one")
    engines = describe_engines(workbench.settings(ONE))
    assert sys.modules[module].WARMED == []
    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(lambda _: engines.get("one"), range(32)))
    assert len({id(engine) for engine in built}) == 1
    assert sys.modules[module].WARMED == [1]


def test_two_configurations_share_nothing(workbench: Workbench) -> None:
    workbench.install("one")
    settings = workbench.settings(ONE)
    assert build_engines(settings).get("one") is not build_engines(settings).get("one")


def test_importing_the_module_loads_no_engine() -> None:
    code = "import sys, webapp.plugins; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
        ("this is no python", "cannot be imported"),
        ("X = 1", "has no hook create_engine"),
        (WORKING + "\n@hookimpl\ndef find_dogs(): pass\n", "wrong hook"),
        (WORKING.replace("create_engine(name, options)", "create_engine(name, x)"), "wrong hook"),
        (WORKING.replace("EngineInfo(NAME", "EngineInfo('other'"), "calls itself other"),
        (WORKING.replace('"ja": "x", ', ""), "no title or description"),
        (WORKING.replace("return EngineInfo(", "return str("), "does not describe itself"),
        (WORKING.replace("return Nobody() if name == NAME else None", "return None"), "nothing"),
        (WORKING.replace("WARMED.append(1)", "raise OSError('no weights\\nat all')"), "no weights"),
    ],
)
def test_a_broken_engine_is_named_with_its_reason(
    workbench: Workbench, source: str, why: str
) -> None:
    workbench.install("one", source)
    sentence = refusal(workbench)
    assert "engine one" in sentence
    assert why in sentence


def test_an_engine_cannot_answer_for_another(workbench: Workbench) -> None:
    workbench.install("greedy", WORKING.replace("if name == NAME else None", ""))
    workbench.install("one", WORKING.replace("return Nobody() if", "return None if"))
    sentence = refusal(workbench, "[engines.greedy]\nenabled = true\n" + ONE)
    assert "engine one" in sentence


@pytest.mark.parametrize(
    ("plugins", "why"),
    [
        ("[engines.absent]\nenabled = true", "absent"),
        ("[engines.one\n", "no valid TOML"),
        ("[engines.one]\nenabled = 'yes'", "true or false"),
        ("[engines.one]\nenabled = true\nspeed = 1", "unknown key speed"),
        ("[engines.one]\nenabled = true\noptions = 3", "no section"),
        ("[engines.one]\nenabled = true\n[engines.one.options]\nsped = 1", "no option sped"),
        ("engines = 3", "must be sections"),
        ("[engines]\none = 3", "must be a section"),
        ("", "no engine that is on"),
    ],
)
def test_a_wrong_plugins_file_is_told(workbench: Workbench, plugins: str, why: str) -> None:
    workbench.install("one")
    assert why in refusal(workbench, plugins)


def test_a_missing_plugins_file_is_told(workbench: Workbench) -> None:
    settings = workbench.settings(ONE)
    settings.plugins_file.unlink()
    with pytest.raises(StartRefused, match="cannot be read"):
        build_engines(settings)


@pytest.mark.parametrize("options", ["threads = 0", "threads = true", "threads = 1.5", "x = 1"])
def test_the_standard_engine_refuses_wrong_options(workbench: Workbench, options: str) -> None:
    plugins = f"[engines.standard]\nenabled = true\n[engines.standard.options]\n{options}\n"
    assert options.split()[0] in refusal(workbench, plugins)
