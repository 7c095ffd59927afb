"""``nigiwai assets``: copies the front-end packages' files to where they are served from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

from webapp.errors import StartRefused
from webapp.settings import ROOT

MODULES = ROOT / "node_modules"
VENDOR = ROOT / "webapp" / "static" / "vendor"

# By folder below vendor/: the package, and which of its files go where.
ASSETS: dict[str, tuple[str, dict[str, str]]] = {
    "htmx": ("htmx.org", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE"}),
    "tabler": (
        "@tabler/core",
        {"dist/css/tabler.min.css": "tabler.min.css", "package.json": "package.json"},
    ),
    "noto-sans-jp": (
        "@fontsource-variable/noto-sans-jp",
        {"index.css": "index.css", "files/*-wght-normal.woff2": "files", "LICENSE": "LICENSE"},
    ),
    # Whole fonts, for pictures and papers that are drawn here: browsers get the parts above.
    "noto-sans-jp-whole": (
        "@expo-google-fonts/noto-sans-jp",
        {
            "400Regular/NotoSansJP_400Regular.ttf": "NotoSansJP-Regular.ttf",
            "700Bold/NotoSansJP_700Bold.ttf": "NotoSansJP-Bold.ttf",
            "LICENSE_FONT": "LICENSE",
        },
    ),
    "uplot": (
        "uplot",
        {
            "dist/uPlot.iife.min.js": "uplot.min.js",
            "dist/uPlot.min.css": "uplot.min.css",
            "LICENSE": "LICENSE",
        },
    ),
    "design-tokens": (
        "@digital-go-jp/design-tokens",
        {"dist/tokens.css": "tokens.css", "LICENSE": "LICENSE"},
    ),
}


@click.command()
def assets() -> None:
    """Copy the front-end packages' files into the app, with their licences."""
    copy_assets(MODULES, VENDOR)
    click.echo(f"{len(ASSETS)} packages are in {VENDOR.relative_to(ROOT)}.")


def copy_assets(modules: Path, vendor: Path) -> None:
    """Copy what ``ASSETS`` names; ``StartRefused`` says which package is not installed."""
    for folder, (package, files) in ASSETS.items():
        source, target = modules / package, vendor / folder
        if not source.is_dir():
            raise StartRefused(f"The package {package} is not installed; run `make install`.")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for pattern, name in files.items():
            _copy(source, pattern, target / name)
        version = json.loads((source / "package.json").read_text(encoding="utf-8"))["version"]
        (target / "VERSION").write_text(f"{package} {version}\n", encoding="utf-8")


def _copy(source: Path, pattern: str, target: Path) -> None:
    if "*" not in pattern:
        shutil.copyfile(source / pattern, target)
        return
    target.mkdir()
    for file in sorted(source.glob(pattern)):
        shutil.copyfile(file, target / file.name)
