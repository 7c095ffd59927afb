"""A third party's engine: installed into a fresh environment, named, and used by the product."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import cv2
import numpy as np
import pytest

ENGINES = Path("engines").resolve()
PLUGINS = """
[engines.example]
enabled = true

[engines.example.options]
least_change = 40

[connectors.file]
enabled = true
"""


@dataclass(frozen=True)
class Elsewhere:
    """An environment that has the product's requirements and the example engine."""

    folder: Path
    python: Path

    def run(self, *words: object, plugins: str = PLUGINS) -> subprocess.CompletedProcess[str]:
        """Run Python there, with a plugins.toml and data of its own."""
        file = self.folder / "plugins.toml"
        file.write_text(plugins, "utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "NIGIWAI_PLUGINS_FILE": str(file),
            "NIGIWAI_DATA_DIR": str(self.folder / "data"),
        }
        return subprocess.run(
            [self.python, *map(str, words)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def nigiwai(self, *words: object, plugins: str = PLUGINS) -> subprocess.CompletedProcess[str]:
        """Run the product's command line there."""
        return self.run("-c", "import nigiwai; nigiwai.main()", *words, plugins=plugins)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """What our environment has is borrowed by a path file; the two packages are installed."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    there = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    ours = sysconfig.get_path("purelib")
    borrowed = f"import site; site.addsitedir({ours!r})\n"
    (Path(there.strip()) / "borrowed.pth").write_text(borrowed, "utf-8")
    for name in ("api", "example"):
        rubbish = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
        shutil.copytree(ENGINES / name, folder / name, ignore=rubbish)
    sources = [folder / "api", folder / "example"]
    options = "--quiet --no-index --no-deps --no-build-isolation --disable-pip-version-check"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", *options.split(), *sources],
        check=True,
        timeout=120,
        capture_output=True,
    )
    return Elsewhere(folder, python)


def test_the_example_is_not_installed_here() -> None:
    assert "example" not in entry_points(group="nigiwai.engines").names


def test_it_stands_beside_the_others(elsewhere: Elsewhere) -> None:
    where = (
        "import nigiwai_engine_example as e, nigiwai_engine_api as a; print(e.__file__, a.__file__)"
    )
    paths = elsewhere.run("-c", where).stdout.split()
    assert [path.startswith(str(elsewhere.folder / "venv")) for path in paths] == [True, True]
    both = PLUGINS + "\n[engines.standard]\nenabled = true\n"
    listed = elsewhere.nigiwai("engines", "--json", plugins=both)
    assert listed.returncode == 0, listed.stderr
    assert [engine["name"] for engine in json.loads(listed.stdout)] == ["example", "standard"]


METADATA = """
import json
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
answer = {"providers": packages_distributions()}
for name in ("nigiwai-engine-api", "nigiwai-engine-example"):
    needs = {}
    for requirement in map(Requirement, distribution(name).requires or ()):
        try:
            found = requirement.specifier.contains(distribution(requirement.name).version)
        except PackageNotFoundError:
            found = False
        extra = requirement.marker is not None and "extra" in str(requirement.marker)
        needs[canonicalize_name(requirement.name)] = {"found": found, "extra": extra}
    answer[name] = needs
print(json.dumps(answer))
"""


def imported(file: Path) -> set[str]:
    """The packages outside the standard library that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names


def test_what_they_import_is_declared_and_there(elsewhere: Elsewhere) -> None:
    asked = elsewhere.run("-c", METADATA)
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    for name, modules in (
        ("nigiwai-engine-api", sorted((ENGINES / "api" / "nigiwai_engine_api").glob("*.py"))),
        ("nigiwai-engine-example", [ENGINES / "example" / "nigiwai_engine_example.py"]),
    ):
        needs = told[name]
        assert needs
        assert [need for need, of in needs.items() if not of["found"]] == []
        always = {need for need, of in needs.items() if not of["extra"]} | {name}
        assert modules
        for module in modules:
            declared = needs.keys() | {name} if module.name == "testing.py" else always
            for package in imported(module):
                providers = {p.lower().replace("_", "-") for p in told["providers"][package]}
                assert providers & declared, f"{module.name} imports {package}"


def test_the_product_lists_it_with_its_options(elsewhere: Elsewhere) -> None:
    listed = elsewhere.nigiwai("engines", "--json")
    assert listed.returncode == 0, listed.stderr
    (engine,) = json.loads(listed.stdout)
    assert engine["titles"] == {"ja": "動き", "en": "Motion"}
    assert engine["options"] == {"least_change": 40}


def test_the_product_counts_and_draws_with_it(elsewhere: Elsewhere) -> None:
    pixels = np.full((240, 320, 3), 150, np.uint8)
    cv2.imwrite(str(elsewhere.folder / "empty.png"), pixels)
    for left in (40, 120, 220):
        cv2.rectangle(pixels, (left, 80), (left + 30, 180), (40, 40, 60), -1)
    cv2.imwrite(str(elsewhere.folder / "busy.png"), pixels)
    done = elsewhere.nigiwai(
        "analyse", "busy.png", "--engine", "example", "--background", "empty.png",
        "--out", "masked", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert (line["engine"], line["count"]) == ("example", 3)
    assert (elsewhere.folder / "masked" / "busy.masked.jpg").stat().st_size > 0


def test_a_wrong_option_stops_the_start_in_one_sentence(elsewhere: Elsewhere) -> None:
    for wrong, why in (("least_change = 0", "from 1 to 255"), ("speed = 1", "no option speed")):
        plugins = PLUGINS.replace("least_change = 40", wrong)
        done = elsewhere.nigiwai("engines", plugins=plugins)
        assert done.returncode != 0
        assert why in done.stderr
        assert "Traceback" not in done.stderr


def test_its_own_tests_pass_there(elsewhere: Elsewhere) -> None:
    done = elsewhere.run(
        "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", elsewhere.folder,
        "-p", "no:cacheprovider", elsewhere.folder / "example" / "test_example.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
